package io.quipu.server.adapter.postgres;

import io.quipu.model.ConversationId;
import io.quipu.model.MemberReceipt;
import io.quipu.model.UserId;
import io.quipu.server.adapter.postgres.PageTokens.Scope;
import io.quipu.server.journal.ListPage;
import io.quipu.server.journal.Receipts;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How far messages have come, read from cursors, read marks and stored watermarks. */
final class PostgresReceipts implements Receipts {
  /**
   * From the conversations of the reader: one look by index in each, for the rows of its few
   * members. The mark and the rows belong to one snapshot; the upper bound leaves out what came
   * with a dump from another cluster, whose transactions count differently. $1 reader, $2 since,
   * $3, $4 and $5 transaction, conversation and user of the last one before, $6 rows, $7 members of
   * a group.
   */
  private static final String SINCE =
      """
      with horizon as materialized (
        select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as mark,
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint as end_mark
      ),
      mine as materialized (
        select members.conversation, members.user_id
        from users
        join members on members.user_id = users.id
        where users.name = $1 and members.to_seq is null and $2::bigint > 0
      ),
      fresh as materialized (
        select mine.user_id as reader, row_.*
        from mine
        cross join lateral (
          select conversation, user_id, delivered_seq, read_seq, tx from receipts
          where receipts.conversation = mine.conversation
            and receipts.user_id <> mine.user_id
            and receipts.tx >= $2::bigint
            and receipts.tx < (select end_mark from horizon)
            and (receipts.tx, receipts.conversation, receipts.user_id)
                > ($3::bigint, $4::bigint, $5::bigint)
          limit 1000000
        ) row_
        order by row_.tx, row_.conversation, row_.user_id
        limit $6::bigint + 1
      )
      select horizon.mark, fresh.tx, fresh.conversation, fresh.user_id, fresh.delivered_seq,
          fresh.read_seq, place.name, who.name as user_name
      from horizon
      left join fresh on true
      left join lateral (
        select name, kind from conversations where conversations.id = fresh.conversation limit 1
      ) place on true
      left join lateral (
        select users.name from users
        where users.id = fresh.user_id
          and exists (
              select from members
              where members.conversation = fresh.conversation
                and members.user_id = fresh.user_id
                and to_seq is null)
          and (place.kind = 1
              or (
                select count(*)
                from (
                  select from members
                  where members.conversation = fresh.conversation and to_seq is null
                  limit $7::bigint + 1
                ) some_) <= $7::bigint
                and exists (
                  select from (
                    select sender from messages
                    where messages.conversation = fresh.conversation
                      and messages.seq > 0
                      and messages.seq <= greatest(fresh.delivered_seq, fresh.read_seq)
                    order by messages.seq desc
                    limit %d
                  ) covered
                  where covered.sender = fresh.reader))
        limit 1
      ) who on true
      order by fresh.tx, fresh.conversation, fresh.user_id
      """
          .formatted(LOOKED_BACK);

  /**
   * $1 reader or null, $2 conversation, $3 the last name of the page before, $4 items. Who is in a
   * direct conversation and no member now is blocked, or has been by who was erased since.
   */
  private static final String PAGE =
      """
      with place as materialized (
        select id, kind from conversations where name = $2
      ),
      standing as materialized (
        select place.id, users.id as reader,
            case
              when $1::text is null then %2$d
              when count(members.user_id) = 0 then 0
              when bool_or(members.to_seq is null) or place.kind = 1 then %2$d
              else %1$d
            end as standing,
            coalesce(bool_and(members.to_seq is not null), false) as alone
        from place
        left join users on users.name = $1
        left join members on members.conversation = place.id and members.user_id = users.id
        group by place.id, place.kind, users.id
      )
      select standing.standing, one.name is not null as there, one.name,
          coalesce(come.first_seq, 0) as first_seq, coalesce(come.all_seq, 0) as all_seq,
          coalesce(mark.seq, 0) as read_seq
      from standing
      left join lateral (
        select distinct users.name, members.user_id
        from members
        join users on users.id = members.user_id
        where members.conversation = standing.id
          and case
              when standing.alone then members.user_id = standing.reader
              else members.to_seq is null
            end
          and users.name > $3
        order by users.name
        limit $4::bigint + 1
      ) one on standing.standing = %2$d
      left join lateral (
        select max(coalesce(cursor_.seq, 0)) as first_seq, min(coalesce(cursor_.seq, 0)) as all_seq
        from devices
        left join lateral (
          select seq from cursors
          where cursors.device = devices.id and cursors.conversation = standing.id
          limit 1
        ) cursor_ on true
        where devices.user_id = one.user_id
      ) come on true
      left join lateral (
        select seq from read_marks
        where read_marks.user_id = one.user_id and read_marks.conversation = standing.id
        limit 1
      ) mark on true
      order by one.name
      """
          .formatted(ListStatements.WAS_MEMBER, ListStatements.IS_MEMBER);

  private final Reads reads;
  private final StoreSecret secret;
  private final int receiptMembers;

  /**
   * @param receiptMembers of a group, at most, for receipts to be told
   */
  PostgresReceipts(Reads reads, StoreSecret secret, int receiptMembers) {
    this.reads = reads;
    this.secret = secret;
    this.receiptMembers = receiptMembers;
  }

  @Override
  public Future<News> since(UserId reader, long since, Position after, int most) {
    return reads
        .execute(
            SINCE,
            Tuple.of(
                reader.value(),
                since,
                after.tx(),
                after.conversationKey(),
                after.userKey(),
                most,
                receiptMembers))
        .map(answer -> news(answer, most));
  }

  private static News news(RowSet<Row> answer, int most) {
    List<Watermarks> found = new ArrayList<>(answer.size());
    Position last = Position.START;
    long mark = 0;
    int rows = 0;
    for (Row row : answer) {
      mark = row.getLong("mark");
      if (row.getLong("tx") != null && rows++ < most) {
        last = new Position(row.getLong("tx"), row.getLong("conversation"), row.getLong("user_id"));
        if (row.getString("user_name") != null) {
          found.add(
              new Watermarks(
                  new ConversationId(row.getString("name")),
                  new UserId(row.getString("user_name")),
                  row.getLong("delivered_seq"),
                  row.getLong("read_seq")));
        }
      }
    }
    return new News(found, mark, rows > most ? Optional.of(last) : Optional.empty());
  }

  @Override
  public Future<ListPage<MemberReceipt>> page(
      Optional<UserId> reader, ConversationId conversation, String page, int limit) {
    Scope scope = new Scope("receipts", reader.map(UserId::value).orElse(""), conversation.value());
    return secret
        .pageTokens()
        .compose(
            tokens ->
                reads
                    .execute(
                        PAGE,
                        Tuple.of(
                            reader.map(UserId::value).orElse(null),
                            conversation.value(),
                            tokens.text(scope, page),
                            limit))
                    .map(
                        answer -> {
                          PostgresLists.judge(answer, conversation);
                          return PostgresLists.page(
                              answer,
                              limit,
                              PostgresReceipts::receipt,
                              last -> tokens.token(scope, last.getString("name")));
                        }));
  }

  private static MemberReceipt receipt(Row row) {
    return new MemberReceipt(
        new UserId(row.getString("name")),
        row.getLong("first_seq"),
        row.getLong("all_seq"),
        row.getLong("read_seq"));
  }
}
