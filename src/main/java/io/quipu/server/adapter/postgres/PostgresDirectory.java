package io.quipu.server.adapter.postgres;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
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
   * The id of the user $1, who is made if he is new. The upsert locks the row of a competitor,
   * whose commit this statement does not see.
   */
  private static final String USER =
      """
      known as materialized (
        select id from users where name = $1
      ),
      made as (
        insert into users (name)
        select $1 where not exists (select from known)
        on conflict (name) do update set name = excluded.name
        returning id
      ),
      account as (
        select id from known union all select id from made
      )
      """;

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

  /** The limit may be passed by as many as open at the same moment. */
  private static final String OPEN_SESSION =
      """
      with %s,
      opened as (
        insert into devices (user_id, name, generation)
        select account.id, $2, 1
        from account
        where exists (select from devices where user_id = account.id and name = $2)
           or (select count(*) from devices where user_id = account.id) < $3
        on conflict (user_id, name) do update set generation = devices.generation + 1
        returning user_id, id, generation
      )
      select user_id, id, generation, %s from opened
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
  public Future<DeviceSession> openSession(UserId user, DeviceId device, int maxDevices) {
    return reads
        .execute(OPEN_SESSION, Tuple.of(user.value(), device.value(), maxDevices))
        .map(
            answer -> {
              if (answer.size() == 0) {
                throw new QuipuException(
                    ErrorCode.TOO_MANY_REQUESTS, "a user has at most " + maxDevices + " devices");
              }
              Row row = answer.iterator().next();
              long generation = row.getLong(2);
              return new DeviceSession(
                  row.getLong(0), row.getLong(1), generation, generation == 1, row.getString(3));
            });
  }

  @Override
  public Future<Long> userKey(UserId user) {
    return reads
        .execute(MAKE_USER, Tuple.of(user.value()))
        .map(answer -> answer.iterator().next().getLong(0));
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
