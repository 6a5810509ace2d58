package io.quipu.server.adapter.postgres;

import com.google.protobuf.ByteString;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.server.journal.Devices;
import io.quipu.server.journal.Revocations;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Devices, presence and revocations in PostgreSQL. */
final class PostgresPeople implements Devices, Revocations {
  private static final String DEVICES =
      """
      select devices.name, devices.created_at, devices.last_seen
      from users
      join devices on devices.user_id = users.id
      where users.name = $1
      order by devices.name
      """;

  /** In the order of the key, so that two flushes do not wait for each other in a ring. */
  private static final String SEEN =
      """
      with seen as materialized (
        select devices.id, to_timestamp(seen.ms / 1000.0) as at
        from unnest($1::bigint[], $2::bigint[]) as seen (device, ms)
        join devices on devices.id = seen.device
        order by devices.id
        for update of devices
      )
      update devices set last_seen = seen.at
      from seen
      where devices.id = seen.id and (devices.last_seen is null or devices.last_seen < seen.at)
      """;

  /**
   * $1 viewers, $2 users. From each user's conversations to the viewer: the first that they share
   * will do.
   */
  private static final String ALLOWED =
      """
      select asked.place, extract(epoch from max(devices.last_seen)) * 1000
      from unnest($1::text[], $2::text[]) with ordinality as asked (viewer, name, place)
      cross join lateral (
        select id from users where users.name = asked.viewer limit 1
      ) viewer
      cross join lateral (
        select id from users where users.name = asked.name and erased_at is null limit 1
      ) watched
      cross join lateral (
        (select 1 where viewer.id = watched.id)
        union all
        (select 1
         from members theirs
         where theirs.user_id = watched.id
           and theirs.to_seq is null
           and exists (
               select from members mine
               where mine.conversation = theirs.conversation
                 and mine.user_id = viewer.id
                 and mine.to_seq is null)
           and case (select kind from conversations where conversations.id = theirs.conversation)
                 when 1 then exists (
                     select from messages
                     where messages.conversation = theirs.conversation and messages.seq = 1)
                 else (
                     select count(*) <= %d
                     from (
                       select from members
                       where members.conversation = theirs.conversation and members.to_seq is null
                       limit %d
                     ) counted)
               end
         limit 1)
        limit 1
      ) together
      left join devices on devices.user_id = watched.id
      group by asked.place
      """
          .formatted(MAX_GROUP, MAX_GROUP + 1);

  private static final String REVOKE_ALL =
      """
      with revoked as (
        insert into users (name, tokens_valid_from)
        select $1, now()
        where $1 not like 'erased.%'
          and not exists (select from erased_names where erased_names.name_hash = name_hash($1))
        on conflict (name) do update set tokens_valid_from = now()
        returning id
      ),
      told as (
        insert into revocations (user_id, name_hash, generation, erased)
        select id, name_hash($1), 0, false from revoked
      )
      select 1 from revoked
      """;

  private static final String REVOKE_DEVICE =
      """
      with forgotten as (
        delete from devices using users
        where users.name = $1 and devices.user_id = users.id and devices.name = $2
        returning devices.id, devices.user_id, devices.generation
      ),
      places as (
        delete from cursors using forgotten where cursors.device = forgotten.id
      ),
      told as (
        insert into revocations (user_id, name_hash, device, generation, erased)
        select user_id, name_hash($1), $2, generation, false from forgotten
      )
      select 1 from forgotten
      """;

  private static final String CHECK =
      """
      select
          $1 like 'erased.%' or account.erase_begun_at is not null
              or exists (select from erased_names where name_hash = name_hash($1)),
          account.tokens_valid_from > to_timestamp($2::bigint / 1000.0)
      from (select 1) as always
      left join users account on account.name = $1
      """;

  /**
   * $1 mark. Mark and rows belong to one snapshot; the upper bound leaves out what came with a dump
   * from another cluster, whose transactions count differently.
   */
  private static final String RECENT =
      """
      with horizon as materialized (
        select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as next_mark,
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint as end_mark
      )
      select next_mark, user_id, name_hash, device, ceil(extract(epoch from at) * 1000), erased
      from horizon
      left join revocations on $1::bigint = 0 or tx >= $1::bigint and tx < end_mark
      order by id
      """;

  private static final String FORGET_OLD =
      "delete from revocations where at < now() - make_interval(days => $1)";

  private final Reads reads;
  private final StoreSecret secret;

  PostgresPeople(Reads reads, StoreSecret secret) {
    this.reads = reads;
    this.secret = secret;
  }

  @Override
  public Future<List<KnownDevice>> devices(UserId user) {
    return reads
        .execute(DEVICES, Tuple.of(user.value()))
        .map(
            answer -> {
              List<KnownDevice> devices = new ArrayList<>(answer.size());
              for (Row row : answer) {
                devices.add(
                    new KnownDevice(
                        new DeviceId(row.getString(0)), unixMs(row, 1), unixMs(row, 2)));
              }
              return devices;
            });
  }

  private static long unixMs(Row row, int column) {
    return row.getValue(column) == null ? 0 : Rows.unixMs(row, column);
  }

  @Override
  public Future<Void> seen(Map<Long, Long> lastSeenMsByDeviceKey) {
    return reads
        .execute(
            SEEN,
            Tuple.tuple()
                .addArrayOfLong(lastSeenMsByDeviceKey.keySet().toArray(Long[]::new))
                .addArrayOfLong(lastSeenMsByDeviceKey.values().toArray(Long[]::new)))
        .mapEmpty();
  }

  @Override
  public Future<Map<Look, Long>> allowed(Collection<Look> looks) {
    List<Look> asked = List.copyOf(looks);
    return reads
        .execute(
            ALLOWED,
            Tuple.tuple()
                .addArrayOfString(
                    asked.stream().map(look -> look.viewer().value()).toArray(String[]::new))
                .addArrayOfString(
                    asked.stream().map(look -> look.user().value()).toArray(String[]::new)))
        .map(
            answer -> {
              Map<Look, Long> allowed = new HashMap<>();
              for (Row row : answer) {
                long lastSeenMs = row.getValue(1) == null ? 0 : row.getNumeric(1).longValue();
                allowed.put(asked.get(Math.toIntExact(row.getLong(0)) - 1), lastSeenMs);
              }
              return allowed;
            });
  }

  @Override
  public Future<Boolean> revokeAll(UserId user) {
    return reads.execute(REVOKE_ALL, Tuple.of(user.value())).map(answer -> answer.size() > 0);
  }

  @Override
  public Future<Boolean> revokeDevice(UserId user, DeviceId device) {
    return reads
        .execute(REVOKE_DEVICE, Tuple.of(user.value(), device.value()))
        .map(answer -> answer.size() > 0);
  }

  @Override
  public Future<Void> check(UserId user, long issuedAtMs) {
    return reads
        .execute(CHECK, Tuple.of(user.value(), issuedAtMs))
        .map(
            answer -> {
              Row row = answer.iterator().next();
              if (row.getBoolean(0)) {
                throw PostgresDirectory.erased();
              }
              if (Boolean.TRUE.equals(row.getBoolean(1))) {
                throw PostgresDirectory.revoked();
              }
              return null;
            });
  }

  @Override
  public Future<Recent> recent(long mark) {
    return reads
        .execute(RECENT, Tuple.of(mark))
        .map(
            answer -> {
              long nextMark = mark;
              List<Revocation> revocations = new ArrayList<>(answer.size());
              for (Row row : answer) {
                nextMark = row.getLong(0);
                if (row.getLong(1) != null) {
                  revocations.add(
                      new Revocation(
                          row.getLong(1),
                          Rows.bytes(row.getBuffer(2)),
                          Optional.ofNullable(row.getString(3)).map(DeviceId::new),
                          row.getNumeric(4).longValue(),
                          row.getBoolean(5)));
                }
              }
              return new Recent(nextMark, revocations);
            });
  }

  @Override
  public Future<Void> forgetOld() {
    return reads.execute(FORGET_OLD, Tuple.of(KEPT_DAYS)).mapEmpty();
  }

  @Override
  public Future<ByteString> nameHash(UserId user) {
    return secret.nameHash(user);
  }
}
