package io.quipu.server.adapter.postgres;

import io.quipu.model.UserId;
import io.quipu.server.journal.Cursors;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Cursors and read marks in PostgreSQL, a batch and its receipts in one statement. */
final class PostgresCursors implements Cursors {
  /**
   * $1 users, $2 conversations, $3 seqs; counts what is committed and within some interval of the
   * user or before its end. A cursor may so stand in a gap, but never beyond the last seq that he
   * may see.
   */
  private static final String COUNTING =
      """
      asked as materialized (
        select * from unnest($1::bigint[], $2::text[], $3::bigint[]) with ordinality
            as asked (user_id, name, seq, place)
      ),
      counting as materialized (
        select asked.place, asked.user_id, asked.seq, conversation.id as conversation,
            conversation.kind
        from asked
        cross join lateral (
          select id, kind from conversations where name = asked.name limit 1
        ) conversation
        cross join lateral (
          select 1 from members
          where members.conversation = conversation.id
            and members.user_id = asked.user_id
            and (members.to_seq >= asked.seq and members.to_seq >= members.from_seq
                or members.to_seq is null
                  and (members.from_seq <= asked.seq
                      or exists (
                          select from messages
                          where messages.conversation = conversation.id
                            and messages.seq = members.from_seq)))
          limit 1
        ) member
        cross join lateral (
          select 1 from messages
          where messages.conversation = conversation.id and messages.seq = asked.seq
          limit 1
        ) message
        where asked.seq > 0
      )
      """;

  /**
   * What has risen with its user, where there are receipts and he is a member now; and who of the
   * other members now has sent something of that: everybody, if it is more than is looked through.
   * Nothing is written where nobody is to hear of it. The watermark before may be an older one than
   * it is when two statements run at once: then more is looked through, and a watermark that has
   * risen meanwhile stays as it is. %1$s the watermark's column, %2$s a condition on the write,
   * %3$s members of a group.
   */
  private static final String RECEIPTS =
      """
      reached as materialized (
        select conversation, kind, user_id, max(seq) as seq, min(place) as place
        from counting
        where %2$s
        group by 1, 2, 3
      ),
      risen as materialized (
        select reached.*, coalesce(known.seq, 0) as before
        from reached
        cross join lateral (
          select count(*) as members
          from (
            select from members
            where members.conversation = reached.conversation and to_seq is null
            limit %3$s::bigint + 1
          ) some_
          where reached.kind = 2
        ) size
        cross join lateral (
          select from members
          where members.conversation = reached.conversation
            and members.user_id = reached.user_id
            and to_seq is null
          limit 1
        ) present
        left join lateral (
          select receipts.%1$s as seq from receipts
          where receipts.conversation = reached.conversation
            and receipts.user_id = reached.user_id
          limit 1
        ) known on true
        where (reached.kind = 1 or size.members <= %3$s::bigint)
          and coalesce(known.seq, 0) < reached.seq
      ),
      heard as materialized (
        select risen.conversation, risen.user_id, risen.seq, risen.place, other.user_id as hears
        from risen
        cross join lateral (
          select array_agg(distinct sender) as senders, count(*) as messages
          from (
            select sender from messages
            where messages.conversation = risen.conversation
              and messages.seq > risen.before
              and messages.seq <= risen.seq
            order by messages.seq desc
            limit %4$d + 1
          ) covered
        ) covered
        cross join lateral (
          select user_id from members
          where members.conversation = risen.conversation
            and to_seq is null
            and members.user_id <> risen.user_id
            and (covered.messages > %4$d or members.user_id = any (covered.senders))
          limit 1000000
        ) other
      ),
      told as (
        insert into receipts (conversation, user_id, %1$s)
        select distinct conversation, user_id, seq from heard
        order by 1, 2
        on conflict (conversation, user_id) do update set %1$s = excluded.%1$s, tx = excluded.tx
            where receipts.%1$s < excluded.%1$s
        returning conversation, user_id
      )
      select place, null::bigint as seq, null::text as hears from counting
      union all
      select heard.place, heard.seq, who.name
      from told
      join heard using (conversation, user_id)
      cross join lateral (
        select name from users where users.id = heard.hears limit 1
      ) who
      """;

  /** Messages of what one flush covers among which senders are looked for. */
  private static final int LOOKED_THROUGH = 64;

  /**
   * $4 devices, $5 may cover something of others, $6 members of a group with receipts. Rows in the
   * order of the key, so that two flushes do not wait for each other in a ring; lower ones are not
   * written at all.
   */
  private static final String STORE =
      """
      with %s,
      stored as (
        insert into cursors (device, conversation, seq)
        select device.id, counting.conversation, max(counting.seq)
        from counting
        join unnest($4::bigint[]) with ordinality as device (id, place) using (place)
        group by 1, 2
        order by 1, 2
        on conflict (device, conversation) do update set seq = excluded.seq
            where cursors.seq < excluded.seq
      ),
      %s
      """
          .formatted(
              COUNTING,
              RECEIPTS.formatted("delivered_seq", "($5::boolean[])[place]", "$6", LOOKED_THROUGH));

  /** $4 members of a group with receipts. */
  private static final String STORE_READ_MARKS =
      """
      with %s,
      stored as (
        insert into read_marks (user_id, conversation, seq)
        select user_id, conversation, max(seq)
        from counting
        group by 1, 2
        order by 1, 2
        on conflict (user_id, conversation) do update set seq = excluded.seq
            where read_marks.seq < excluded.seq
      ),
      %s
      """
          .formatted(COUNTING, RECEIPTS.formatted("read_seq", "true", "$4", LOOKED_THROUGH));

  private final Reads reads;
  private final int receiptMembers;

  /**
   * @param receiptMembers of a group, at most, for receipts to be told
   */
  PostgresCursors(Reads reads, int receiptMembers) {
    this.reads = reads;
    this.receiptMembers = receiptMembers;
  }

  @Override
  public Future<Stored> store(List<CursorWrite> writes) {
    return stored(
        STORE,
        Tuple.of(
            writes.stream().map(CursorWrite::userKey).toArray(Long[]::new),
            writes.stream().map(write -> write.conversation().value()).toArray(String[]::new),
            writes.stream().map(CursorWrite::seq).toArray(Long[]::new),
            writes.stream().map(CursorWrite::deviceKey).toArray(Long[]::new),
            writes.stream().map(CursorWrite::covers).toArray(Boolean[]::new),
            receiptMembers),
        writes.size());
  }

  @Override
  public Future<Stored> storeReadMarks(List<ReadMarkWrite> writes) {
    return stored(
        STORE_READ_MARKS,
        Tuple.of(
            writes.stream().map(ReadMarkWrite::userKey).toArray(Long[]::new),
            writes.stream().map(write -> write.conversation().value()).toArray(String[]::new),
            writes.stream().map(ReadMarkWrite::seq).toArray(Long[]::new),
            receiptMembers),
        writes.size());
  }

  private Future<Stored> stored(String sql, Tuple values, int size) {
    return size == 0
        ? Future.succeededFuture(new Stored(List.of(), List.of()))
        : reads.execute(sql, values).map(answer -> stored(answer, size));
  }

  private static Stored stored(RowSet<Row> answer, int size) {
    List<Boolean> counts = new ArrayList<>(Collections.nCopies(size, false));
    Map<Integer, Long> seqs = new LinkedHashMap<>();
    Map<Integer, List<UserId>> audiences = new LinkedHashMap<>();
    for (Row row : answer) {
      int place = Math.toIntExact(row.getLong(0)) - 1;
      String hears = row.getString(2);
      if (hears == null) {
        counts.set(place, true);
      } else {
        seqs.put(place, row.getLong(1));
        audiences.computeIfAbsent(place, p -> new ArrayList<>()).add(new UserId(hears));
      }
    }
    List<Receipt> receipts = new ArrayList<>(seqs.size());
    seqs.forEach((place, seq) -> receipts.add(new Receipt(place, seq, audiences.get(place))));
    return new Stored(counts, receipts);
  }
}
