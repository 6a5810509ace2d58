package io.quipu.server.adapter.postgres;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.Directory;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;

/** Users, devices and members in PostgreSQL. */
final class PostgresDirectory implements Directory {
  /**
   * The id of the user $1, who is made if he is new and his name is not kept for nobody. The upsert
   * locks the row of a competitor, whose commit this statement does not see.
   */
  private static final String USER =
      """
      known as materialized (
        select id, tokens_valid_from, erase_begun_at from users where name = $1
      ),
      refused as materialized (
        select $1 like 'erased.%%'
            or exists (select from known where erase_begun_at is not null)
            or not exists (select from known)
                and exists (select from erased_names where name_hash = name_hash($1)) as refused
      ),
      made as (
        insert into users (name)
        select $1 from refused where not exists (select from known) and not refused
        on conflict (name) do update set name = excluded.name
        returning id
      ),
      account as (
        select id from known, refused where not refused union all select id from made
      )
      """;

  /** No row for a name that must not come again. */
  static final String MAKE_USER = "with %s select id from account".formatted(USER);

  /**
   * The epoch of the store: its own name, and what PostgreSQL changes by itself when it goes back:
   * another cluster (restored from a dump) or another timeline (restored to a point in time, or a
   * standby that took over).
   */
  private static final String EPOCH =
      """
      (select epoch from store)
          || '.' || (select to_hex(system_identifier) from pg_control_system())
          || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
      """;

  /**
   * $1 user, $2 device, $3 most devices, $4 when the token was issued. The limit may be passed by
   * as many as open at the same moment. A device that was revoked and comes again goes on with its
   * generations, so that what is left of its old session is the older one.
   */
  private static final String OPEN_SESSION =
      """
      with %s,
      past as materialized (
        select coalesce(max(generation), 0) as generation, max(at) as at
        from revocations
        where user_id = (select id from known) and device = $2
      ),
      valid as materialized (
        select coalesce(
            greatest((select tokens_valid_from from known), (select at from past))
                <= to_timestamp($4::bigint / 1000.0),
            true) as valid
      ),
      opened as (
        insert into devices (user_id, name, generation, last_seen)
        select account.id, $2, past.generation + 1, now()
        from account, past, valid
        where valid
          and (exists (select from devices where user_id = account.id and name = $2)
               or (select count(*) from devices where user_id = account.id) < $3)
        on conflict (user_id, name) do update
            set generation = devices.generation + 1, last_seen = now()
        returning user_id, id, generation, xmax = 0 as is_new
      )
      select refused, valid, user_id, id, generation, is_new, %s
      from refused
      cross join valid
      left join opened on true
      """
          .formatted(USER, EPOCH);

  private static final String MEMBERS =
      """
      select members.user_id, users.name, members.role, members.from_seq
      from conversations
      join members on members.conversation = conversations.id and members.to_seq is null
      join users on users.id = members.user_id
      where conversations.name = $1
      order by members.from_seq, members.user_id
      """;

  private final Reads reads;

  PostgresDirectory(Reads reads) {
    this.reads = reads;
  }

  @Override
  public Future<DeviceSession> openSession(
      UserId user, DeviceId device, long issuedAtMs, int maxDevices) {
    return reads
        .execute(OPEN_SESSION, Tuple.of(user.value(), device.value(), maxDevices, issuedAtMs))
        .map(
            answer -> {
              Row row = answer.iterator().next();
              if (row.getBoolean(0)) {
                throw erased();
              }
              if (!row.getBoolean(1)) {
                throw revoked();
              }
              if (row.getLong(2) == null) {
                throw new QuipuException(
                    ErrorCode.TOO_MANY_REQUESTS, "a user has at most " + maxDevices + " devices");
              }
              return new DeviceSession(
                  row.getLong(2),
                  row.getLong(3),
                  row.getLong(4),
                  row.getBoolean(5),
                  row.getString(6));
            });
  }

  static QuipuException erased() {
    return new QuipuException(
        ErrorCode.USER_ERASED, "this user has been erased, or the name is kept for such");
  }

  static QuipuException revoked() {
    return new QuipuException(
        ErrorCode.TOKEN_REVOKED,
        Outcome.NOT_APPLIED,
        "tokens that were issued so early have been revoked");
  }

  @Override
  public Future<Long> userKey(UserId user) {
    return reads
        .execute(MAKE_USER, Tuple.of(user.value()))
        .map(
            answer -> {
              if (answer.size() == 0) {
                throw erased();
              }
              return answer.iterator().next().getLong(0);
            });
  }

  @Override
  public Future<List<Membership>> members(ConversationId conversation) {
    return reads
        .execute(MEMBERS, Tuple.of(conversation.value()))
        .map(
            answer -> {
              List<Membership> members = new ArrayList<>(answer.size());
              for (Row row : answer) {
                members.add(
                    new Membership(
                        row.getLong(0),
                        new UserId(row.getString(1)),
                        Roles.of(row.getShort(2)),
                        row.getLong(3),
                        Membership.OPEN));
              }
              return members;
            });
  }

  @Override
  public Future<Void> ping() {
    return reads.execute("select 1", Tuple.tuple()).mapEmpty();
  }
}
