package io.quipu.fake;

import io.quipu.fake.FakeStore.Conversation;
import io.quipu.fake.FakeStore.Operation;
import io.quipu.fake.FakeStore.Row;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.MemberReceipt;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.Cursors;
import io.quipu.server.journal.ListPage;
import io.quipu.server.journal.Receipts;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Cursors, read marks and their receipts, in memory. */
final class FakeReceipts {
  private final FakeStore store;
  private final Map<Place, Long> cursors = new HashMap<>();
  private final Map<Place, Long> readMarks = new HashMap<>();
  private final Map<Place, Watermark> watermarks = new HashMap<>();

  FakeReceipts(FakeStore store) {
    this.store = store;
  }

  /** A cursor's, a read mark's or a watermark's: whose, and where. */
  private record Place(long ownerKey, long conversationKey) {}

  private static final class Watermark {
    long deliveredSeq;
    long readSeq;
    long tx;
  }

  private enum Kind {
    DELIVERED,
    READ;

    long of(Watermark watermark) {
      return this == DELIVERED ? watermark.deliveredSeq : watermark.readSeq;
    }

    void raise(Watermark watermark, long seq, long tx) {
      if (this == DELIVERED) {
        watermark.deliveredSeq = seq;
      } else {
        watermark.readSeq = seq;
      }
      watermark.tx = tx;
    }
  }

  private record Write(
      Map<Place, Long> places, long ownerKey, long userKey, ConversationId id, long seq) {}

  Optional<Long> cursor(long deviceKey, Conversation conversation) {
    return Optional.ofNullable(cursors.get(new Place(deviceKey, conversation.key)));
  }

  Cursors cursors(int receiptMembers) {
    return new Cursors() {
      @Override
      public Future<Stored> store(List<CursorWrite> writes) {
        List<Write> all = new ArrayList<>();
        writes.forEach(
            one ->
                all.add(
                    new Write(
                        cursors, one.deviceKey(), one.userKey(), one.conversation(), one.seq())));
        List<Boolean> covers = writes.stream().map(CursorWrite::covers).toList();
        return store.call(
            Operation.STORE_CURSORS, () -> flush(all, covers, Kind.DELIVERED, receiptMembers));
      }

      @Override
      public Future<Stored> storeReadMarks(List<ReadMarkWrite> writes) {
        List<Write> all = new ArrayList<>();
        writes.forEach(
            one ->
                all.add(
                    new Write(
                        readMarks, one.userKey(), one.userKey(), one.conversation(), one.seq())));
        List<Boolean> covers = writes.stream().map(one -> true).toList();
        return store.call(
            Operation.STORE_CURSORS, () -> flush(all, covers, Kind.READ, receiptMembers));
      }
    };
  }

  private Cursors.Stored flush(
      List<Write> writes, List<Boolean> covers, Kind kind, int receiptMembers) {
    long tx = store.newTransaction();
    List<Boolean> counts = new ArrayList<>();
    Map<Place, Integer> first = new HashMap<>();
    Map<Place, Long> highest = new HashMap<>();
    for (int i = 0; i < writes.size(); i++) {
      Write write = writes.get(i);
      Optional<Conversation> conversation = store.find(write.id());
      boolean counted =
          conversation.isPresent()
              && write.seq() >= 1
              && write.seq() <= conversation.get().visibleTail(write.userKey());
      counts.add(counted);
      if (counted) {
        long key = conversation.get().key;
        write.places().merge(new Place(write.ownerKey(), key), write.seq(), Math::max);
        if (covers.get(i)) {
          first.putIfAbsent(new Place(write.userKey(), key), i);
          highest.merge(new Place(write.userKey(), key), write.seq(), Math::max);
        }
      }
    }
    List<Cursors.Receipt> receipts = new ArrayList<>();
    first.forEach(
        (place, write) -> {
          Conversation conversation = store.find(writes.get(write).id()).orElseThrow();
          long seq = highest.get(place);
          List<UserId> audience =
              audience(conversation, place.ownerKey(), seq, kind, receiptMembers);
          if (!audience.isEmpty()) {
            kind.raise(watermarks.computeIfAbsent(place, p -> new Watermark()), seq, tx);
            receipts.add(new Cursors.Receipt(write, seq, audience));
          }
        });
    receipts.sort(Comparator.comparing(Cursors.Receipt::place));
    return new Cursors.Stored(counts, receipts);
  }

  private List<UserId> audience(
      Conversation conversation, long userKey, long seq, Kind kind, int receiptMembers) {
    Watermark known =
        watermarks.getOrDefault(new Place(userKey, conversation.key), new Watermark());
    long before = kind.of(known);
    List<Membership> present = present(conversation);
    boolean member = present.stream().anyMatch(one -> one.userKey() == userKey);
    if (!member || before >= seq || !hasReceipts(conversation, receiptMembers)) {
      return List.of();
    }
    List<Row> covered = new ArrayList<>(conversation.log.subMap(before, false, seq, true).values());
    boolean many = covered.size() > Receipts.LOOKED_BACK;
    return present.stream()
        .filter(one -> one.userKey() != userKey)
        .filter(
            one -> many || covered.stream().anyMatch(row -> row.id.senderKey() == one.userKey()))
        .map(Membership::user)
        .toList();
  }

  private static List<Membership> present(Conversation conversation) {
    return conversation.members.stream().filter(Membership::isOpen).toList();
  }

  private static boolean hasReceipts(Conversation conversation, int receiptMembers) {
    return conversation.id.isDirect() || present(conversation).size() <= receiptMembers;
  }

  Receipts receipts(int receiptMembers) {
    return new Receipts() {
      @Override
      public Future<News> since(UserId reader, long since, Position after, int most) {
        return store.call(
            Operation.RECEIPTS, () -> news(reader, since, after, most, receiptMembers));
      }

      @Override
      public Future<ListPage<MemberReceipt>> page(
          Optional<UserId> reader, ConversationId conversation, String page, int limit) {
        return store.call(
            Operation.RECEIPTS, () -> FakeReceipts.this.page(reader, conversation, page, limit));
      }
    };
  }

  private Receipts.News news(
      UserId reader, long since, Receipts.Position after, int most, int receiptMembers) {
    long mark = store.nextTransaction();
    Optional<Long> key = store.knownKey(reader);
    if (since == 0 || key.isEmpty()) {
      return new Receipts.News(List.of(), mark, Optional.empty());
    }
    Comparator<Receipts.Position> order =
        Comparator.comparingLong(Receipts.Position::tx)
            .thenComparingLong(Receipts.Position::conversationKey)
            .thenComparingLong(Receipts.Position::userKey);
    List<Receipts.Position> fresh =
        watermarks.entrySet().stream()
            .filter(one -> one.getValue().tx >= since && one.getValue().tx < mark)
            .map(
                one ->
                    new Receipts.Position(
                        one.getValue().tx, one.getKey().conversationKey(), one.getKey().ownerKey()))
            .filter(one -> order.compare(one, after) > 0 && one.userKey() != key.get())
            .filter(one -> isPresent(store.byKey(one.conversationKey()), key.get()))
            .sorted(order)
            .toList();
    List<Receipts.Position> looked = fresh.subList(0, Math.min(most, fresh.size()));
    List<Receipts.Watermarks> news =
        looked.stream()
            .filter(one -> waitsFor(key.get(), one, receiptMembers))
            .map(
                one -> {
                  Watermark is = watermarks.get(new Place(one.userKey(), one.conversationKey()));
                  return new Receipts.Watermarks(
                      store.byKey(one.conversationKey()).id,
                      store.nameOf(one.userKey()),
                      is.deliveredSeq,
                      is.readSeq);
                })
            .toList();
    return new Receipts.News(
        news, mark, fresh.size() > most ? Optional.of(looked.get(most - 1)) : Optional.empty());
  }

  private static boolean isPresent(Conversation conversation, long userKey) {
    return present(conversation).stream().anyMatch(one -> one.userKey() == userKey);
  }

  private boolean waitsFor(long reader, Receipts.Position of, int receiptMembers) {
    Conversation conversation = store.byKey(of.conversationKey());
    Watermark is = watermarks.get(new Place(of.userKey(), of.conversationKey()));
    long upTo = Math.max(is.deliveredSeq, is.readSeq);
    return isPresent(conversation, of.userKey())
        && hasReceipts(conversation, receiptMembers)
        && (conversation.id.isDirect()
            || conversation.log.headMap(upTo, true).descendingMap().values().stream()
                .limit(Receipts.LOOKED_BACK)
                .anyMatch(row -> row.id.senderKey() == reader));
  }

  private ListPage<MemberReceipt> page(
      Optional<UserId> reader, ConversationId id, String page, int limit) {
    Conversation conversation = store.find(id).orElseThrow(() -> unknown(id));
    Optional<Long> key = reader.flatMap(store::knownKey);
    boolean alone = false;
    if (reader.isPresent()) {
      if (key.isEmpty() || !conversation.wasMember(key.get())) {
        throw unknown(id);
      }
      alone = !isPresent(conversation, key.get());
      if (alone && !id.isDirect()) {
        throw new QuipuException(ErrorCode.NOT_A_MEMBER, "no longer a member of this conversation");
      }
    }
    List<UserId> users =
        (alone
                ? List.of(reader.orElseThrow())
                : present(conversation).stream().map(Membership::user).toList())
            .stream()
                .filter(user -> user.value().compareTo(page) > 0)
                .sorted(Comparator.comparing(UserId::value))
                .toList();
    List<MemberReceipt> items =
        users.stream().limit(limit).map(user -> receipt(conversation, user)).toList();
    return new ListPage<>(
        items, users.size() > limit ? items.get(items.size() - 1).user().value() : ListPage.NONE);
  }

  private MemberReceipt receipt(Conversation conversation, UserId user) {
    long key = store.knownKey(user).orElseThrow();
    List<Long> seqs =
        store.devicesOf(key).stream()
            .map(device -> cursors.getOrDefault(new Place(device, conversation.key), 0L))
            .toList();
    return new MemberReceipt(
        user,
        seqs.stream().mapToLong(seq -> seq).max().orElse(0),
        seqs.stream().mapToLong(seq -> seq).min().orElse(0),
        readMarks.getOrDefault(new Place(key, conversation.key), 0L));
  }

  private static QuipuException unknown(ConversationId id) {
    return new QuipuException(ErrorCode.CONVERSATION_UNKNOWN, "no conversation " + id);
  }
}
