package io.quipu.server.adapter.postgres;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.adapter.postgres.VisibleLog.Interval;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.StoredContent;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The log as readers see it. Laterals with a limit make each look-up one by index, whatever the
 * planner thinks of the tables' sizes.
 */
final class PostgresMessageLog implements MessageLog {
  /**
   * First a row for each interval of the reader (place of the request, from, to), then messages in
   * order, and one more than fit, without its body. An edit or recall that lies outside the
   * reader's intervals is not told, and the body that it brought is not shown. $1 reader, $2
   * conversations, $3 and $4 seqs, $5 messages, $6 bytes.
   */
  private static final String READ =
      """
      with reader as materialized (
        select id from users where name = $1
      ),
      visible as materialized (
        select asked.place, conversation.id as conversation,
            asked.from_seq as asked_from, asked.to_seq as asked_to,
            member.from_seq, least(member.to_seq, coalesce(last.seq, 0)) as to_seq
        from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality
            as asked (name, from_seq, to_seq, place)
        cross join reader
        cross join lateral (
          select id from conversations where name = asked.name limit 1
        ) conversation
        cross join lateral (
          select from_seq, to_seq from members
          where members.conversation = conversation.id and members.user_id = reader.id
          order by from_seq
          limit 1000000
        ) member
        left join lateral (
          select seq from messages
          where messages.conversation = conversation.id and seq > 0
          order by seq desc limit 1
        ) last on true
      ),
      nearest as (
        select visible.place, visible.conversation, message.*
        from (select * from visible order by place, from_seq limit 1000000) visible
        cross join lateral (
          select seq, sender, client_message_id, stored_at, kind, body, recalled_by,
              coalesce(recalled_by, edited_by) as amended_by
          from messages
          where messages.conversation = visible.conversation
            and messages.seq between greatest(visible.from_seq, visible.asked_from)
                             and least(visible.to_seq, visible.asked_to)
          %s
          limit $5 + 1
        ) message
        %s
        limit $5 + 1
      ),
      measured as (
        select *,
            row_number() over nearer as rank,
            sum(coalesce(octet_length(body), 0)) over nearer as bytes
        from nearest
        window nearer as (%s rows unbounded preceding)
      )
      select place, from_seq, to_seq, null::text as sender, null::uuid, null::timestamptz,
          null::smallint, null::bytea, null::boolean as fits, 0::bigint as rank,
          null::boolean as recalled, null::bigint as amended_by
      from visible
      union all
      select place, seq, seq, sender.name, client_message_id, stored_at, kind,
          case when fits.fits and (amended_by is null or amendment.seen) then body end, fits.fits,
          rank, recalled_by is not null, case when amendment.seen then amended_by else 0 end
      from measured
      cross join lateral (
        select rank = 1 or (rank <= $5 and bytes <= $6) as fits
      ) fits
      cross join lateral (
        select name from users where users.id = measured.sender limit 1
      ) sender
      left join lateral (
        select true as seen from members
        where measured.amended_by is not null
          and members.conversation = measured.conversation
          and members.user_id = (select id from reader)
          and measured.amended_by >= members.from_seq
          and measured.amended_by <= coalesce(members.to_seq, 9223372036854775807)
        limit 1
      ) amendment on true
      order by rank, place, from_seq
      """;

  private static final String READ_FORWARD =
      READ.formatted("order by seq", "order by place, seq", "order by place, seq");

  private static final String READ_BACKWARD =
      READ.formatted("order by seq desc", "order by place, seq desc", "order by place, seq desc");

  /**
   * One index look-up per conversation. Of a user's intervals in it count the end of the last
   * closed one that is not empty, the beginning of the open one, and, where he joined with history,
   * the entry by which he did and the last seq that he saw as a member before. $1 user, $2 device,
   * $3 and $4 claimed cursors, $5 only those, $6 so many, $7 only above this id.
   */
  private static final String BEHIND =
      """
      with mine as materialized (
        select conversation,
            coalesce(max(to_seq) filter (where to_seq >= from_seq), 0) as closed_seq,
            min(from_seq) filter (where to_seq is null) as open_seq,
            coalesce(max(since_seq), 0) as since_seq,
            coalesce(max(to_seq) filter (where own_before and to_seq >= from_seq), 0) as seen_seq
        from (
          select members.conversation, from_seq, to_seq, since_seq,
              since_seq is null
                  and to_seq < max(since_seq) over (partition by members.conversation)
                  as own_before
          from users
          join members on members.user_id = users.id
          where users.name = $1
        ) interval_
        group by conversation
      ),
      claims as materialized (
        select conversation.id as conversation, max(claim.seq) as seq
        from unnest($3::text[], $4::bigint[]) as claim (name, seq)
        cross join lateral (
          select id from conversations where name = claim.name limit 1
        ) conversation
        group by conversation.id
      ),
      placed as (
        select mine.conversation,
            coalesce(stored.seq, 0) as stored,
            claims.seq as claimed,
            coalesce(last.seq, 0) as tail,
            case
              when mine.open_seq <= last.seq then last.seq
              else least(coalesce(last.seq, 0), mine.closed_seq)
            end as visible_tail,
            mine.since_seq, mine.seen_seq,
            coalesce(last.tx, 0) as tx
        from mine
        left join claims on claims.conversation = mine.conversation
        left join lateral (
          select seq from cursors
          where cursors.device = $2 and cursors.conversation = mine.conversation
          limit 1
        ) stored on true
        left join lateral (
          select seq, tx from messages
          where messages.conversation = mine.conversation and seq > 0
          order by seq desc limit 1
        ) last on true
        where not $5::boolean or claims.seq is not null
      ),
      judged as (
        select *,
            coalesce(claimed > tail, false) as rolled_back,
            case
              when claimed is null then stored
              when claimed = 0 then 0
              when claimed > tail then visible_tail
              when $5::boolean then claimed
              else greatest(claimed, stored)
            end as cursor
        from placed
      )
      select name.name, judged.cursor, judged.stored, judged.visible_tail, judged.rolled_back,
          case
            when claimed = 0 or rolled_back or cursor <> seen_seq then 0
            else greatest(0, least(since_seq - 1, visible_tail))
          end
      from judged
      cross join lateral (
        select name from conversations where conversations.id = judged.conversation limit 1
      ) name
      where (judged.cursor < judged.visible_tail or judged.rolled_back)
        and name.name > $7
      order by %s
      limit $6
      """;

  private static final String BEHIND_RECENT =
      BEHIND.formatted("judged.rolled_back desc, judged.tx desc, judged.conversation");

  private static final String BEHIND_BY_ID = BEHIND.formatted("name.name");

  /**
   * The mark and the rows belong to one snapshot. The upper bound leaves out what came with a dump
   * from another cluster, whose transactions count differently. From the conversations that have
   * grown to their members: what it costs follows what was written, not how much there is.
   */
  private static final String RECENT_COMMITS =
      """
      with horizon as materialized (
        select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as next_mark,
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint as end_mark
      ),
      grown as materialized (
        select conversation, max(seq) as tail
        from messages
        where tx >= $1 and tx < (select end_mark from horizon) and seq > 0
        group by conversation
      ),
      online as materialized (
        select device.id, device.user_id
        from unnest($2::bigint[]) as asked (id)
        cross join lateral (
          select id, user_id from devices where devices.id = asked.id limit 1
        ) device
      ),
      reached as materialized (
        select online.id as device, grown.conversation,
            case
              when member.open_seq <= grown.tail then grown.tail
              else least(grown.tail, member.closed_seq)
            end as tail,
            member.since_seq,
            case
              when member.since_seq = 0 then 0
              else coalesce((
                select max(own.to_seq)
                from members own
                where own.conversation = grown.conversation
                  and own.user_id = member.user_id
                  and own.since_seq is null
                  and own.to_seq >= own.from_seq
                  and own.to_seq < member.since_seq), 0)
            end as seen_seq
        from grown
        cross join lateral (
          select user_id,
              coalesce(max(to_seq) filter (where to_seq >= from_seq), 0) as closed_seq,
              min(from_seq) filter (where to_seq is null) as open_seq,
              coalesce(max(since_seq), 0) as since_seq
          from members
          where members.conversation = grown.conversation
          group by user_id
        ) member
        join online on online.user_id = member.user_id
      ),
      late as (
        select reached.device, conversations.name, coalesce(stored.seq, 0) as cursor, reached.tail,
            case
              when coalesce(stored.seq, 0) <> reached.seen_seq then 0
              else greatest(0, least(reached.since_seq - 1, reached.tail))
            end as older
        from reached
        left join lateral (
          select seq from cursors
          where cursors.device = reached.device and cursors.conversation = reached.conversation
          limit 1
        ) stored on true
        join conversations on conversations.id = reached.conversation
        where coalesce(stored.seq, 0) < reached.tail
      )
      select horizon.next_mark, late.device, late.name, late.cursor, late.tail, late.older
      from horizon
      left join late on true
      """;

  private static final String MARK = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

  private final Reads reads;

  PostgresMessageLog(Reads reads) {
    this.reads = reads;
  }

  @Override
  public Future<List<MessageRange>> read(
      UserId reader, List<RangeRequest> ranges, int maxMessages, int maxBytes) {
    if (ranges.isEmpty()) {
      return Future.succeededFuture(List.of());
    }
    return reads
        .execute(
            READ_FORWARD,
            Tuple.of(
                reader.value(),
                ranges.stream().map(range -> range.conversation().value()).toArray(String[]::new),
                ranges.stream().map(RangeRequest::fromSeq).toArray(Long[]::new),
                ranges.stream().map(RangeRequest::toSeq).toArray(Long[]::new),
                maxMessages,
                (long) maxBytes))
        .map(
            answer -> {
              Page page = new Page(answer);
              List<MessageRange> result = new ArrayList<>();
              for (int i = 0; i < ranges.size(); i++) {
                RangeRequest range = ranges.get(i);
                if (page.knows(i)) {
                  result.add(page.forward(i, range));
                }
              }
              return result;
            });
  }

  @Override
  public Future<HistorySlice> history(
      UserId reader,
      ConversationId conversation,
      long beforeSeq,
      long afterSeq,
      int maxMessages,
      int maxBytes) {
    boolean forward = afterSeq != 0;
    RangeRequest range =
        forward
            ? new RangeRequest(conversation, afterSeq + 1, Long.MAX_VALUE)
            : new RangeRequest(conversation, 1, beforeSeq == 0 ? Long.MAX_VALUE : beforeSeq - 1);
    return reads
        .execute(
            forward ? READ_FORWARD : READ_BACKWARD,
            Tuple.of(
                reader.value(),
                new String[] {conversation.value()},
                new Long[] {range.fromSeq()},
                new Long[] {range.toSeq()},
                maxMessages,
                (long) maxBytes))
        .map(
            answer -> {
              Page page = new Page(answer);
              if (!page.knows(0)) {
                throw new QuipuException(
                    ErrorCode.CONVERSATION_UNKNOWN, "no conversation " + conversation);
              }
              return new HistorySlice(
                  forward ? page.forward(0, range) : page.backward(range), page.isCut());
            });
  }

  /** The answer of READ, taken apart. */
  private static final class Page {
    private static final int NOWHERE = Integer.MAX_VALUE;

    private final Map<Integer, List<Interval>> intervals = new HashMap<>();
    private final Map<Integer, List<Message>> messages = new HashMap<>();

    /** The place of the first message that does not fit. */
    private int cutPlace = NOWHERE;

    private Page(RowSet<Row> answer) {
      for (Row row : answer) {
        int place = Math.toIntExact(row.getLong(0)) - 1;
        Boolean fits = row.getBoolean(8);
        if (fits == null) {
          intervals
              .computeIfAbsent(place, unused -> new ArrayList<>())
              .add(new Interval(row.getLong(1), row.getLong(2)));
        } else if (fits) {
          messages.computeIfAbsent(place, unused -> new ArrayList<>()).add(message(row));
        } else {
          cutPlace = Math.min(cutPlace, place);
        }
      }
    }

    boolean knows(int place) {
      return intervals.containsKey(place);
    }

    boolean isCut() {
      return cutPlace != NOWHERE;
    }

    /** A stretch that is cut ends with its last message; after it nothing of others is given. */
    MessageRange forward(int place, RangeRequest range) {
      List<Message> seen = messages.getOrDefault(place, List.of());
      long toSeq = range.toSeq();
      if (place >= cutPlace) {
        toSeq = seen.isEmpty() ? range.fromSeq() - 1 : seen.get(seen.size() - 1).seq();
      }
      return log(place, range).stretch(range.fromSeq(), toSeq, seen);
    }

    MessageRange backward(RangeRequest range) {
      List<Message> seen = new ArrayList<>(messages.getOrDefault(0, List.of()));
      Collections.reverse(seen);
      VisibleLog log = log(0, range);
      long toSeq = Math.min(range.toSeq(), log.lastSeq());
      long fromSeq = isCut() && !seen.isEmpty() ? seen.get(0).seq() : 1;
      return log.stretch(fromSeq, toSeq, seen);
    }

    private VisibleLog log(int place, RangeRequest range) {
      return new VisibleLog(range.conversation(), intervals.get(place));
    }

    private static Message message(Row row) {
      Buffer body = row.getBuffer(7);
      Content content;
      if (body != null) {
        content = new StoredContent(row.getShort(6), Rows.bytes(body)).content();
      } else {
        content = row.getBoolean(10) ? new Content.Recalled() : new Content.Erased();
      }
      return new Message(
          row.getLong(1),
          new UserId(row.getString(3)),
          row.getUUID(4),
          Rows.unixMs(row, 5),
          content,
          row.getLong(11));
    }
  }

  @Override
  public Future<List<Behind>> behind(
      UserId user, long deviceKey, Collection<Cursor> claimed, boolean onlyClaimed, Part part) {
    return reads
        .execute(
            part.above().isPresent() ? BEHIND_BY_ID : BEHIND_RECENT,
            Tuple.tuple()
                .addString(user.value())
                .addLong(deviceKey)
                .addArrayOfString(
                    claimed.stream()
                        .map(cursor -> cursor.conversation().value())
                        .toArray(String[]::new))
                .addArrayOfLong(claimed.stream().map(Cursor::seq).toArray(Long[]::new))
                .addBoolean(onlyClaimed)
                .addInteger(part.most())
                .addString(part.above().orElse("")))
        .map(
            answer -> {
              List<Behind> behind = new ArrayList<>(answer.size());
              for (Row row : answer) {
                behind.add(
                    new Behind(
                        new ConversationId(row.getString(0)),
                        row.getLong(1),
                        row.getLong(2),
                        row.getLong(3),
                        row.getBoolean(4),
                        row.getLong(5)));
              }
              return behind;
            });
  }

  @Override
  public Future<RecentCommits> recentCommits(long mark, Collection<Long> deviceKeys) {
    if (mark == 0) {
      return reads
          .execute(MARK, Tuple.tuple())
          .map(answer -> new RecentCommits(answer.iterator().next().getLong(0), List.of()));
    }
    return reads
        .execute(
            RECENT_COMMITS,
            Tuple.tuple().addLong(mark).addArrayOfLong(deviceKeys.toArray(Long[]::new)))
        .map(
            answer -> {
              long nextMark = mark;
              List<DeviceBehind> behind = new ArrayList<>(answer.size());
              for (Row row : answer) {
                nextMark = row.getLong(0);
                if (row.getLong(1) != null) {
                  behind.add(
                      new DeviceBehind(
                          row.getLong(1),
                          new ConversationId(row.getString(2)),
                          row.getLong(3),
                          row.getLong(4),
                          row.getLong(5)));
                }
              }
              return new RecentCommits(nextMark, behind);
            });
  }
}
