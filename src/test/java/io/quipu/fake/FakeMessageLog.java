package io.quipu.fake;

import io.quipu.fake.FakeStore.Conversation;
import io.quipu.fake.FakeStore.Device;
import io.quipu.fake.FakeStore.Operation;
import io.quipu.fake.FakeStore.Row;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.StoredContent;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The readers' half of {@link FakeStore}. */
final class FakeMessageLog implements MessageLog {
  private final FakeStore store;

  FakeMessageLog(FakeStore store) {
    this.store = store;
  }

  /** What still fits into an answer. */
  private static final class Room {
    private final int maxMessages;
    private final int maxBytes;
    private int messages;
    private int bytes;
    private boolean full;

    private Room(int maxMessages, int maxBytes) {
      this.maxMessages = maxMessages;
      this.maxBytes = maxBytes;
    }

    boolean takes(Row row) {
      int size =
          row.content instanceof Content.Erased ? 0 : StoredContent.of(row.content).bytes().size();
      if (full || (messages > 0 && (messages == maxMessages || bytes + size > maxBytes))) {
        full = true;
        return false;
      }
      messages++;
      bytes += size;
      return true;
    }
  }

  @Override
  public Future<List<MessageRange>> read(
      UserId reader, List<RangeRequest> ranges, int maxMessages, int maxBytes) {
    return store.call(
        Operation.READ,
        () -> {
          Room room = new Room(maxMessages, maxBytes);
          List<MessageRange> answer = new ArrayList<>();
          for (RangeRequest range : ranges) {
            visible(reader, range.conversation())
                .ifPresent(
                    conversation ->
                        answer.add(
                            forward(conversation, reader, range.fromSeq(), range.toSeq(), room)));
          }
          return answer;
        });
  }

  private MessageRange forward(
      Conversation conversation, UserId reader, long fromSeq, long toSeq, Room room) {
    long userKey = store.knownKey(reader).orElseThrow();
    long end = Math.min(toSeq, conversation.visibleTail(userKey));
    if (room.full) {
      end = fromSeq - 1;
    }
    long lastMessage = fromSeq - 1;
    for (long seq = fromSeq; seq <= end; seq++) {
      if (conversation.maySee(userKey, seq)) {
        if (!room.takes(conversation.log.get(seq))) {
          end = lastMessage;
          break;
        }
        lastMessage = seq;
      }
    }
    return stretch(conversation, userKey, fromSeq, Math.max(end, fromSeq - 1));
  }

  private MessageRange stretch(Conversation conversation, long userKey, long fromSeq, long toSeq) {
    List<Message> messages = new ArrayList<>();
    List<Gap> gaps = new ArrayList<>();
    long gapFrom = 0;
    for (long seq = fromSeq; seq <= toSeq; seq++) {
      if (conversation.maySee(userKey, seq)) {
        messages.add(message(conversation, userKey, conversation.log.get(seq)));
      } else if (gapFrom == 0) {
        gapFrom = seq;
      }
      boolean gapEnds = seq == toSeq || conversation.maySee(userKey, seq + 1);
      if (gapFrom != 0 && gapEnds) {
        gaps.add(new Gap(gapFrom, seq, Gap.Reason.NOT_VISIBLE));
        gapFrom = 0;
      }
    }
    return new MessageRange(conversation.id, fromSeq, toSeq, messages, gaps);
  }

  private Message message(Conversation conversation, long userKey, Row row) {
    long amendedBy = row.recalledBy != 0 ? row.recalledBy : row.editedBy;
    boolean told = amendedBy != 0 && conversation.maySee(userKey, amendedBy);
    Content content = row.content;
    if (row.recalledBy != 0) {
      content = new Content.Recalled();
    } else if (row.editedBy != 0 && !told) {
      content = new Content.Erased();
    }
    return new Message(
        row.seq,
        store.nameOf(row.id.senderKey()),
        FakeStore.idOf(row),
        row.storedAtMs,
        content,
        told ? amendedBy : 0);
  }

  @Override
  public Future<HistorySlice> history(
      UserId reader,
      ConversationId id,
      long beforeSeq,
      long afterSeq,
      int maxMessages,
      int maxBytes) {
    return store.call(
        Operation.READ,
        () -> {
          Conversation conversation =
              visible(reader, id)
                  .orElseThrow(
                      () ->
                          new QuipuException(
                              ErrorCode.CONVERSATION_UNKNOWN, "no conversation " + id));
          Room room = new Room(maxMessages, maxBytes);
          MessageRange range =
              afterSeq != 0
                  ? forward(conversation, reader, afterSeq + 1, Long.MAX_VALUE, room)
                  : backward(conversation, reader, beforeSeq, room);
          return new HistorySlice(range, room.full);
        });
  }

  private MessageRange backward(
      Conversation conversation, UserId reader, long beforeSeq, Room room) {
    long userKey = store.knownKey(reader).orElseThrow();
    long end =
        Math.min(
            beforeSeq == 0 ? Long.MAX_VALUE : beforeSeq - 1, conversation.visibleTail(userKey));
    long from = 1;
    long lastMessage = end + 1;
    for (long seq = end; seq >= 1; seq--) {
      if (conversation.maySee(userKey, seq)) {
        if (!room.takes(conversation.log.get(seq))) {
          from = lastMessage;
          break;
        }
        lastMessage = seq;
      }
    }
    return stretch(conversation, userKey, from, end);
  }

  private Optional<Conversation> visible(UserId reader, ConversationId id) {
    Optional<Long> userKey = store.knownKey(reader);
    return store.find(id).filter(found -> userKey.isPresent() && found.wasMember(userKey.get()));
  }

  @Override
  public Future<List<Behind>> behind(
      UserId user, long deviceKey, Collection<Cursor> claimed, boolean onlyClaimed, Part part) {
    Map<ConversationId, Long> claims = new HashMap<>();
    claimed.forEach(cursor -> claims.merge(cursor.conversation(), cursor.seq(), Math::max));
    return store.call(
        Operation.BEHIND,
        () -> {
          List<Conversation> mine = new ArrayList<>();
          for (Conversation conversation : store.all()) {
            if (visible(user, conversation.id).isPresent()
                && (!onlyClaimed || claims.containsKey(conversation.id))) {
              mine.add(conversation);
            }
          }
          mine.removeIf(one -> one.id.value().compareTo(part.above().orElse("")) <= 0);
          mine.sort(
              part.above().isPresent()
                  ? Comparator.comparing(one -> one.id.value())
                  : Comparator.comparing(
                          (Conversation one) -> claims.getOrDefault(one.id, 0L) > one.tail())
                      .thenComparing(FakeMessageLog::lastTransaction)
                      .reversed()
                      .thenComparingLong(one -> one.key));
          return mine.stream()
              .map(
                  conversation ->
                      behind(
                          conversation,
                          store.knownKey(user).orElseThrow(),
                          deviceKey,
                          Optional.ofNullable(claims.get(conversation.id)),
                          onlyClaimed))
              .filter(behind -> behind.cursor() < behind.tail() || behind.rolledBack())
              .limit(part.most())
              .toList();
        });
  }

  private static long lastTransaction(Conversation conversation) {
    return conversation.log.isEmpty() ? 0 : conversation.log.lastEntry().getValue().transaction;
  }

  private Behind behind(
      Conversation conversation,
      long userKey,
      long deviceKey,
      Optional<Long> claim,
      boolean onlyClaimed) {
    long stored = store.storedCursor(deviceKey, conversation);
    long tail = conversation.visibleTail(userKey);
    boolean rolledBack = claim.isPresent() && claim.get() > conversation.tail();
    long cursor;
    if (claim.isEmpty()) {
      cursor = stored;
    } else if (rolledBack) {
      cursor = tail;
    } else if (claim.get() == 0 || onlyClaimed) {
      cursor = claim.get();
    } else {
      cursor = Math.max(claim.get(), stored);
    }
    boolean fromZero = claim.isPresent() && claim.get() == 0;
    long older = fromZero || rolledBack ? 0 : conversation.older(userKey, cursor);
    return new Behind(conversation.id, cursor, stored, tail, rolledBack, older);
  }

  @Override
  public Future<RecentCommits> recentCommits(long mark, Collection<Long> deviceKeys) {
    List<Long> asked = List.copyOf(deviceKeys);
    return store.call(
        Operation.LOOK,
        () -> {
          List<DeviceBehind> behind = new ArrayList<>();
          for (Conversation conversation : store.all()) {
            boolean recent =
                mark != 0
                    && conversation.log.values().stream().anyMatch(row -> row.transaction >= mark);
            for (long deviceKey : recent ? asked : List.<Long>of()) {
              Optional<Device> device = store.device(deviceKey);
              if (device.isPresent() && conversation.wasMember(device.get().userKey)) {
                long cursor = store.storedCursor(deviceKey, conversation);
                long tail = conversation.visibleTail(device.get().userKey);
                if (cursor < tail) {
                  long older = conversation.older(device.get().userKey, cursor);
                  behind.add(new DeviceBehind(deviceKey, conversation.id, cursor, tail, older));
                }
              }
            }
          }
          return new RecentCommits(store.nextTransaction(), behind);
        });
  }
}
