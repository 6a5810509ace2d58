package io.quipu.server.adapter.postgres;

import io.quipu.server.journal.Cursors;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Cursors and read marks in PostgreSQL, a batch in one statement. */
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
        select asked.place, asked.user_id, asked.seq, conversation.id as conversation
        from asked
        cross join lateral (
          select id from conversations where name = asked.name limit 1
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
   * Rows in the order of the key, so that two flushes do not wait for each other in a ring; lower
   * ones are not written at all.
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
      )
      select place from counting
      """
          .formatted(COUNTING);

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
      )
      select place from counting
      """
          .formatted(COUNTING);

  private final Reads reads;

  PostgresCursors(Reads reads) {
    this.reads = reads;
  }

  @Override
  public Future<List<Boolean>> store(List<CursorWrite> writes) {
    return count(
        STORE,
        Tuple.of(
            writes.stream().map(CursorWrite::userKey).toArray(Long[]::new),
            writes.stream().map(write -> write.conversation().value()).toArray(String[]::new),
            writes.stream().map(CursorWrite::seq).toArray(Long[]::new),
            writes.stream().map(CursorWrite::deviceKey).toArray(Long[]::new)),
        writes.size());
  }

  @Override
  public Future<List<Boolean>> storeReadMarks(List<ReadMarkWrite> writes) {
    return count(
        STORE_READ_MARKS,
        Tuple.of(
            writes.stream().map(ReadMarkWrite::userKey).toArray(Long[]::new),
            writes.stream().map(write -> write.conversation().value()).toArray(String[]::new),
            writes.stream().map(ReadMarkWrite::seq).toArray(Long[]::new)),
        writes.size());
  }

  private Future<List<Boolean>> count(String sql, Tuple values, int size) {
    if (size == 0) {
      return Future.succeededFuture(List.of());
    }
    return reads
        .execute(sql, values)
        .map(
            answer -> {
              List<Boolean> counts = new ArrayList<>(Collections.nCopies(size, false));
              for (Row row : answer) {
                counts.set(Math.toIntExact(row.getLong(0)) - 1, true);
              }
              return counts;
            });
  }
}
