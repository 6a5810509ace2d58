package io.quipu.server.recipient;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.MemberReceipt;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.journal.Cursors;
import io.quipu.server.journal.ListPage;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.Receipts;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/** A journal in memory, for one reader with any number of devices, who sees everything. */
final class MemoryLog implements MessageLog, Cursors, Receipts {
  final Map<ConversationId, List<Message>> log = new LinkedHashMap<>();
  final Map<Long, Map<ConversationId, Long>> cursors = new HashMap<>();
  final Map<ConversationId, Long> readMarks = new HashMap<>();

  /** Tails that the last look has returned: its mark. */
  private final Map<ConversationId, Long> looked = new HashMap<>();

  private long transactions = 1;
  private final Map<ConversationId, Long> lastActive = new HashMap<>();

  /** Who hears of a cursor, if he sent something of it, and of every read mark. */
  List<UserId> audience = List.of();

  /** What every reader has missed. */
  List<Watermarks> news = List.of();

  long receiptsMark;

  boolean down;
  int reads;
  int writes;

  Message append(ConversationId conversation, UserId sender) {
    return append(conversation, sender, "m");
  }

  Message append(ConversationId conversation, UserId sender, String text) {
    List<Message> messages = log.computeIfAbsent(conversation, c -> new ArrayList<>());
    Message message =
        new Message(
            messages.size() + 1,
            sender,
            new UUID(conversation.hashCode(), messages.size()),
            1,
            Content.Text.of(text));
    messages.add(message);
    lastActive.put(conversation, ++transactions);
    return message;
  }

  long tail(ConversationId conversation) {
    return log.getOrDefault(conversation, List.of()).size();
  }

  long cursor(long deviceKey, ConversationId conversation) {
    return cursors.getOrDefault(deviceKey, Map.of()).getOrDefault(conversation, 0L);
  }

  MessageRange range(ConversationId conversation, long fromSeq, long toSeq) {
    List<Message> messages = log.get(conversation).subList((int) fromSeq - 1, (int) toSeq);
    return new MessageRange(conversation, fromSeq, toSeq, messages, List.of());
  }

  List<MessageRange> readNow(List<RangeRequest> ranges, int maxMessages, int maxBytes) {
    reads++;
    List<MessageRange> answers = new ArrayList<>();
    int messages = 0;
    int bytes = 0;
    for (RangeRequest request : ranges) {
      long to = Math.min(request.toSeq(), tail(request.conversation()));
      long last = request.fromSeq() - 1;
      for (long seq = request.fromSeq(); seq <= to; seq++) {
        int size = Sizes.bytes(range(request.conversation(), seq, seq));
        if (messages > 0 && (messages >= maxMessages || bytes + size > maxBytes)) {
          break;
        }
        messages++;
        bytes += size;
        last = seq;
      }
      if (last >= request.fromSeq()) {
        answers.add(range(request.conversation(), request.fromSeq(), last));
      }
    }
    return answers;
  }

  List<Behind> behindNow(
      long deviceKey, Collection<Cursor> claimed, boolean onlyClaimed, Part part) {
    reads++;
    Map<ConversationId, Long> claims = new HashMap<>();
    claimed.forEach(c -> claims.put(c.conversation(), c.seq()));
    List<Behind> behind = new ArrayList<>();
    for (ConversationId conversation : log.keySet()) {
      Long claim = claims.get(conversation);
      if (onlyClaimed && claim == null) {
        continue;
      }
      long stored = cursor(deviceKey, conversation);
      long tail = tail(conversation);
      long cursor = claim == null ? stored : Math.max(stored, claim);
      if (claim != null && (onlyClaimed || claim == 0)) {
        cursor = claim;
      }
      boolean rolledBack = claim != null && claim > tail;
      if (rolledBack || cursor < tail) {
        behind.add(new Behind(conversation, Math.min(cursor, tail), stored, tail, rolledBack));
      }
    }
    Comparator<Behind> byId = Comparator.comparing(b -> b.conversation().value());
    Comparator<Behind> recent =
        Comparator.comparing(Behind::rolledBack)
            .thenComparing(b -> lastActive.get(b.conversation()))
            .reversed();
    behind.sort(part.above().isPresent() ? byId : recent);
    return behind.stream()
        .filter(b -> b.conversation().value().compareTo(part.above().orElse("")) > 0)
        .limit(part.most())
        .toList();
  }

  List<Boolean> storeNow(List<CursorWrite> cursorWrites) {
    writes++;
    return cursorWrites.stream()
        .map(
            write -> {
              if (write.seq() > tail(write.conversation())) {
                return false;
              }
              cursors
                  .computeIfAbsent(write.deviceKey(), k -> new HashMap<>())
                  .merge(write.conversation(), write.seq(), Math::max);
              return true;
            })
        .toList();
  }

  /** Each commit is seen by one look only. */
  List<DeviceBehind> lookNow(Collection<Long> deviceKeys) {
    List<DeviceBehind> behind = new ArrayList<>();
    for (ConversationId conversation : log.keySet()) {
      long tail = tail(conversation);
      if (tail > looked.getOrDefault(conversation, 0L)) {
        looked.put(conversation, tail);
        for (long key : deviceKeys) {
          if (cursor(key, conversation) < tail) {
            behind.add(new DeviceBehind(key, conversation, cursor(key, conversation), tail));
          }
        }
      }
    }
    return behind;
  }

  private <T> Future<T> unlessDown(Supplier<T> answer) {
    return down
        ? Future.failedFuture(new QuipuException(ErrorCode.STORE_DOWN, "down"))
        : Future.succeededFuture(answer.get());
  }

  @Override
  public Future<List<MessageRange>> read(
      UserId reader, List<RangeRequest> ranges, int maxMessages, int maxBytes) {
    return unlessDown(() -> readNow(ranges, maxMessages, maxBytes));
  }

  @Override
  public Future<HistorySlice> history(
      UserId reader,
      ConversationId conversation,
      long beforeSeq,
      long afterSeq,
      int maxMessages,
      int maxBytes) {
    if (!log.containsKey(conversation)) {
      return Future.failedFuture(new QuipuException(ErrorCode.CONVERSATION_UNKNOWN, "unknown"));
    }
    long to = beforeSeq == 0 ? tail(conversation) : beforeSeq - 1;
    long from = Math.max(1, to - maxMessages + 1);
    return unlessDown(() -> new HistorySlice(range(conversation, from, to), from > 1));
  }

  @Override
  public Future<List<Behind>> behind(
      UserId user, long deviceKey, Collection<Cursor> claimed, boolean onlyClaimed, Part part) {
    return unlessDown(() -> behindNow(deviceKey, claimed, onlyClaimed, part));
  }

  @Override
  public Future<RecentCommits> recentCommits(long mark, Collection<Long> deviceKeys) {
    return unlessDown(
        () -> {
          List<DeviceBehind> behind = lookNow(deviceKeys);
          return new RecentCommits(transactions, mark == 0 ? List.of() : behind);
        });
  }

  @Override
  public Future<Stored> store(List<CursorWrite> cursorWrites) {
    return unlessDown(
        () -> {
          List<List<UserId>> senders =
              cursorWrites.stream()
                  .map(write -> senders(write, cursor(write.deviceKey(), write.conversation())))
                  .toList();
          List<Boolean> counts = storeNow(cursorWrites);
          List<Receipt> receipts = new ArrayList<>();
          for (int i = 0; i < counts.size(); i++) {
            if (counts.get(i) && cursorWrites.get(i).covers() && !senders.get(i).isEmpty()) {
              receipts.add(new Receipt(i, cursorWrites.get(i).seq(), senders.get(i)));
            }
          }
          return new Stored(counts, receipts);
        });
  }

  private List<UserId> senders(CursorWrite write, long before) {
    return log.getOrDefault(write.conversation(), List.of()).stream()
        .filter(message -> message.seq() > before && message.seq() <= write.seq())
        .map(Message::sender)
        .filter(audience::contains)
        .distinct()
        .toList();
  }

  @Override
  public Future<Stored> storeReadMarks(List<ReadMarkWrite> marks) {
    return unlessDown(
        () -> {
          List<Boolean> counts = new ArrayList<>();
          List<Receipt> receipts = new ArrayList<>();
          for (ReadMarkWrite mark : marks) {
            boolean there = mark.seq() <= tail(mark.conversation());
            if (there) {
              readMarks.merge(mark.conversation(), mark.seq(), Math::max);
              if (!audience.isEmpty()) {
                receipts.add(new Receipt(counts.size(), mark.seq(), audience));
              }
            }
            counts.add(there);
          }
          return new Stored(counts, receipts);
        });
  }

  @Override
  public Future<News> since(UserId reader, long since, Position after, int most) {
    return unlessDown(
        () -> {
          if (since == 0) {
            return new News(List.of(), receiptsMark, Optional.empty());
          }
          int from = (int) after.tx();
          int to = Math.min(news.size(), from + most);
          return new News(
              news.subList(from, to),
              receiptsMark + to,
              to < news.size() ? Optional.of(new Position(to, 0, 0)) : Optional.empty());
        });
  }

  @Override
  public Future<ListPage<MemberReceipt>> page(
      Optional<UserId> reader, ConversationId conversation, String page, int limit) {
    return unlessDown(() -> new ListPage<>(List.of(), ListPage.NONE));
  }
}
