package io.quipu.server.adapter.postgres;

import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.ConversationId;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.protocol.ChangeCodec;
import io.quipu.server.journal.Erasures;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What erasing a user changes in PostgreSQL, apart from the log's own entries. */
final class PostgresErasures implements Erasures {
  private static final String BEGIN =
      """
      with account as materialized (
        select id, erase_begun_at is not null as begun from users where name = $1
      ),
      marked as (
        update users set erase_begun_at = now(), tokens_valid_from = now()
        from account
        where users.id = account.id and not begun
      ),
      noted as (
        insert into erased_names (name_hash, user_id)
        select name_hash($1), id from account
        on conflict do nothing
      ),
      told as (
        insert into revocations (user_id, name_hash, generation, erased)
        select id, name_hash($1), 0, true from account where not begun
      )
      select id, $1, false from account
      union all
      select users.id, users.name, users.erased_at is not null
      from erased_names
      join users on users.id = erased_names.user_id
      where name_hash = name_hash($1) and not exists (select from account)
      """;

  private static final String UNFINISHED =
      """
      select id, name, false from users
      where erase_begun_at is not null and erased_at is null
      order by id
      limit $1
      """;

  /** $1 user, $2 after, $3 limit, $4 name. */
  private static final String TO_LEAVE =
      """
      select place.id, place.name, 0::bigint
      from (
        select conversation, bool_or(to_seq is null) as present
        from members
        where user_id = $1 and conversation > $2
        group by conversation
      ) mine
      join conversations place on place.id = mine.conversation
      where present
        or place.kind = 1 and ($4 = split_part(place.name, '~', 2) or $4 = split_part(place.name, '~', 3))
      order by place.id
      limit $3
      """;

  /** $1 user, $2 after, $3 limit. */
  private static final String PLACES =
      """
      select place.id, place.name, coalesce(newest.seq, 0)
      from (
        select distinct conversation from members
        where user_id = $1 and conversation > $2
        order by conversation
        limit $3
      ) mine
      join conversations place on place.id = mine.conversation
      left join lateral (
        select seq from messages
        where messages.conversation = place.id and seq > 0
        order by seq desc limit 1
      ) newest on true
      order by place.id
      """;

  private static final String DIGEST =
      "coalesce(digest, sha256(set_byte('\\x00'::bytea, 0, kind) || body))";

  /** $1 conversation, $2 and $3 seqs, $4 sender. Answers with the changes of that stretch. */
  private static final String ERASE_BODIES =
      """
      with erased as (
        update messages set digest = %s, body = null
        where conversation = $1 and seq between $2 and $3
          and sender = $4 and kind in (1, 2) and body is not null
      )
      select seq, sender, body from messages
      where conversation = $1 and seq between $2 and $3 and kind = 3 and body is not null
      """
          .formatted(DIGEST);

  /** $1 conversation, $2 seqs, $3 bodies, null for what is erased. */
  private static final String REWRITE =
      """
      update messages set digest = %s, body = rewritten.body
      from unnest($2::bigint[], $3::bytea[]) as rewritten (seq, body)
      where conversation = $1 and messages.seq = rewritten.seq and messages.body is not null
      """
          .formatted(DIGEST.replace("body)", "messages.body)"));

  /** $1 user, $2 pseudonym. */
  private static final String FINISH =
      """
      with gone as (
        delete from devices where user_id = $1 returning id
      ),
      cursors_gone as (
        delete from cursors using gone where cursors.device = gone.id
      ),
      marks_gone as (
        delete from read_marks where user_id = $1
      ),
      receipts_gone as (
        delete from receipts using members
        where members.user_id = $1
          and receipts.conversation = members.conversation
          and receipts.user_id = $1
      ),
      mutes_gone as (
        delete from mutes where user_id = $1
      ),
      devices_gone as (
        delete from revocations where user_id = $1 and device is not null
      )
      update users set name = $2, erased_at = now() where id = $1 and erased_at is null
      """;

  private final Reads reads;

  PostgresErasures(Reads reads) {
    this.reads = reads;
  }

  @Override
  public Future<Optional<Erasure>> begin(UserId user) {
    return reads
        .execute(BEGIN, Tuple.of(user.value()))
        .map(answer -> erasures(answer).stream().findFirst());
  }

  @Override
  public Future<List<Erasure>> unfinished(int limit) {
    return reads.execute(UNFINISHED, Tuple.of(limit)).map(PostgresErasures::erasures);
  }

  private static List<Erasure> erasures(RowSet<Row> answer) {
    List<Erasure> erasures = new ArrayList<>(answer.size());
    for (Row row : answer) {
      long key = row.getLong(0);
      erasures.add(
          new Erasure(key, new UserId(row.getString(1)), UserId.erased(key), row.getBoolean(2)));
    }
    return erasures;
  }

  @Override
  public Future<List<Place>> toLeave(Erasure erasure, long afterKey, int limit) {
    return reads
        .execute(TO_LEAVE, Tuple.of(erasure.userKey(), afterKey, limit, erasure.user().value()))
        .map(PostgresErasures::places);
  }

  @Override
  public Future<List<Place>> places(Erasure erasure, long afterKey, int limit) {
    return reads
        .execute(PLACES, Tuple.of(erasure.userKey(), afterKey, limit))
        .map(PostgresErasures::places);
  }

  private static List<Place> places(RowSet<Row> answer) {
    List<Place> places = new ArrayList<>(answer.size());
    for (Row row : answer) {
      places.add(new Place(row.getLong(0), new ConversationId(row.getString(1)), row.getLong(2)));
    }
    return places;
  }

  @Override
  public Future<Void> eraseStretch(Erasure erasure, long placeKey, long fromSeq, long toSeq) {
    return reads
        .execute(ERASE_BODIES, Tuple.of(placeKey, fromSeq, toSeq, erasure.userKey()))
        .compose(
            answer -> {
              List<Long> seqs = new ArrayList<>();
              List<Buffer> bodies = new ArrayList<>();
              for (Row row : answer) {
                ByteString old = Rows.bytes(row.getBuffer(2));
                ByteString without = without(old, row.getLong(1) == erasure.userKey(), erasure);
                if (!without.equals(old)) {
                  seqs.add(row.getLong(0));
                  bodies.add(without.isEmpty() ? null : Buffer.buffer(without.toByteArray()));
                }
              }
              return seqs.isEmpty()
                  ? Future.succeededFuture()
                  : reads
                      .execute(
                          REWRITE,
                          Tuple.of(
                              placeKey, seqs.toArray(Long[]::new), bodies.toArray(Buffer[]::new)))
                      .mapEmpty();
            });
  }

  /**
   * @return empty if all of it is to be erased
   */
  private static ByteString without(ByteString stored, boolean his, Erasure erasure) {
    Change change;
    try {
      change = ChangeCodec.decode(stored);
    } catch (QuipuException e) {
      return stored; // of a newer version, which knows where names are in it
    }
    if (change instanceof Change.Edit) {
      return his ? ByteString.EMPTY : stored;
    }
    if (change instanceof Change.Create create && create.members().contains(erasure.user())) {
      return ChangeCodec.encode(
          new Change.Create(create.title(), renamed(create.members(), erasure), create.settings()));
    }
    if (change instanceof Change.Add add && add.members().contains(erasure.user())) {
      return ChangeCodec.encode(new Change.Add(renamed(add.members(), erasure)));
    }
    if (change instanceof Change.Remove remove && remove.members().contains(erasure.user())) {
      return ChangeCodec.encode(new Change.Remove(renamed(remove.members(), erasure)));
    }
    if (change instanceof Change.SetRole set && set.user().equals(erasure.user())) {
      return ChangeCodec.encode(new Change.SetRole(erasure.pseudonym(), set.role()));
    }
    return stored;
  }

  private static List<UserId> renamed(List<UserId> users, Erasure erasure) {
    return users.stream()
        .map(user -> user.equals(erasure.user()) ? erasure.pseudonym() : user)
        .toList();
  }

  @Override
  public Future<Void> finish(Erasure erasure) {
    return reads
        .execute(FINISH, Tuple.of(erasure.userKey(), erasure.pseudonym().value()))
        .mapEmpty();
  }
}
