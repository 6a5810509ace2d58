package io.quipu.server.adapter.postgres;

/**
 * The statements of {@link PostgresLists}. Laterals with a limit make each look-up one by index,
 * whatever the planner thinks of the tables' sizes. A column {@code there} tells a row of the list
 * from one that is only there to say how the reader stands.
 */
final class ListStatements {
  /** Of one conversation's newest entries so many are looked at for what is unread. */
  static final int MAX_SCANNED = 2_000;

  static final int WAS_MEMBER = 1;
  static final int IS_MEMBER = 2;

  /**
   * What a summary has beside names and last message, as JSON; names are in it twice. Together they
   * are an estimate of what it takes in a frame.
   */
  private static final int SUMMARY_BYTES = 250;

  /** The newest message is looked for in so many entries of each interval: the others change. */
  private static final int MAX_BACK = 1_000;

  private static final String END = "9223372036854775807";

  private static final String MINE =
      """
      with me as materialized (
        select id from users where name = $1
      ),
      mine as materialized (
        select members.conversation,
            bool_or(to_seq is null) as open,
            max(role) filter (where to_seq is null) as role,
            coalesce(
                max(coalesce(to_seq, %s)) filter (where to_seq is null or to_seq >= from_seq),
                0) as end_seq
        from me
        join members on members.user_id = me.id
        %%s
        group by members.conversation
      ),
      placed as (
        select mine.*, coalesce(newest.seq, 0) as tail, coalesce(newest.tx, 0) as tx
        from mine
        left join lateral (
          select seq, tx from messages
          where messages.conversation = mine.conversation and seq between 1 and mine.end_seq
          order by seq desc limit 1
        ) newest on true
      ),
      """
          .formatted(END);

  /**
   * Of what was asked for: first what has a size, then, for what fits, what costs time. {@code
   * asked} is before it.
   */
  private static final String DETAILS =
      """
      sized as (
        select asked.*, place.name, place.kind as conversation_kind, place.title, place.history,
            place.who_adds, place.retention_days, message.*,
            coalesce(mark.seq, 0) as read_seq,
            coalesce(mute.until_ms, 0) as until_ms,
            row_number() over nearer as rank,
            sum(%d + 2 * octet_length(place.name) + coalesce(octet_length(place.title), 0)
                + coalesce(octet_length(message.body), 0)) over nearer as bytes
        from asked
        cross join me
        cross join lateral (
          select name, kind, title, history, who_adds, retention_days from conversations
          where conversations.id = asked.conversation limit 1
        ) place
        left join lateral (
          select of_interval.*
          from members
          cross join lateral (
            select seq, sender, client_message_id, stored_at, kind, body, edited_by, recalled_by
            from (
              select * from messages
              where messages.conversation = asked.conversation
                and seq between members.from_seq and coalesce(members.to_seq, %s)
              order by seq desc limit %d
            ) entries
            where kind in (1, 2)
            order by seq desc limit 1
          ) of_interval
          where members.conversation = asked.conversation and members.user_id = me.id
          order by seq desc limit 1
        ) message on true
        left join lateral (
          select seq from read_marks
          where read_marks.user_id = me.id and read_marks.conversation = asked.conversation
          limit 1
        ) mark on true
        left join lateral (
          select until_ms from mutes
          where mutes.user_id = me.id and mutes.conversation = asked.conversation
          limit 1
        ) mute on true
        window nearer as (
            order by asked.tx desc, asked.conversation desc rows unbounded preceding)
      )
      select true as there, amendment.seen as amended_in_sight, sized.conversation, sized.tx, sized.tail, sized.role, sized.name,
          sized.conversation_kind, sized.title, sized.history, sized.who_adds,
          sized.retention_days, sized.read_seq,
          sized.until_ms, fits.fits, sized.seq, sender.name as sender_name,
          sized.client_message_id, sized.stored_at, sized.kind, sized.edited_by,
          sized.recalled_by, case when fits.fits then sized.body end as body,
          coalesce(unread.scanned, 0) as scanned, coalesce(unread.unread, 0) as unread,
          coalesce(there.members, 0) as members,
          sized.open or conversation_kind = 1 and coalesce(blocks.by_other, false) as present,
          coalesce(blocks.by_me, false) as blocked
      from sized
      cross join me
      cross join lateral (
        select rank = 1 or (rank <= %s and bytes <= %s) as fits
      ) fits
      left join lateral (
        select name from users where users.id = sized.sender limit 1
      ) sender on true
      left join lateral (
        select true as seen from members
        where members.conversation = sized.conversation
          and members.user_id = me.id
          and coalesce(sized.recalled_by, sized.edited_by)
              between members.from_seq and coalesce(members.to_seq, %s)
        limit 1
      ) amendment on true
      left join lateral (
        select count(*) as scanned,
            count(*) filter (
                where kind in (1, 2) and not gone and sender <> me.id) as unread
        from (
          select entry.*
          from members
          cross join lateral (
            select seq, kind, sender, body is null as gone from messages
            where messages.conversation = sized.conversation
              and seq > greatest(members.from_seq - 1, sized.read_seq)
              and seq <= coalesce(members.to_seq, %s)
            order by seq desc limit %d
          ) entry
          where members.conversation = sized.conversation and members.user_id = me.id
          order by entry.seq desc limit %d
        ) entries
      ) unread on fits.fits
      left join lateral (
        select count(*) as members from members
        where members.conversation = sized.conversation
          and members.to_seq is null
          and sized.conversation_kind = 2
        union all
        select count(distinct members.user_id)
        from members
        join users on users.id = members.user_id and users.erased_at is null
        where members.conversation = sized.conversation and sized.conversation_kind = 1
        order by members desc limit 1
      ) there on fits.fits
      left join lateral (
        select bool_or(blocks.user_id = me.id) as by_me,
            bool_or(blocks.user_id <> me.id and users.erased_at is null) as by_other
        from blocks
        join users on users.id = blocks.user_id
        where blocks.conversation = sized.conversation and sized.conversation_kind = 1
      ) blocks on true
      order by sized.tx desc, sized.conversation desc
      """;

  private static String details(String limit, String bytes) {
    return DETAILS.formatted(
        SUMMARY_BYTES, END, MAX_BACK, limit, bytes, END, END, MAX_SCANNED, MAX_SCANNED);
  }

  /**
   * $1 user, $2 and $3 transaction and key of the last conversation of the page before, $4 items,
   * $5 bytes. One more than fit, without its content. A conversation without an entry that he may
   * see is none yet.
   */
  static final String CONVERSATIONS =
      MINE.formatted("")
          + """
            asked as materialized (
              select * from placed
              where tail > 0 and (tx, conversation) < ($2::bigint, $3::bigint)
              order by tx desc, conversation desc
              limit $4::bigint + 1
            ),
            """
          + details("$4::bigint", "$5::bigint");

  /** $1 user, $2 conversation. */
  static final String CONVERSATION =
      MINE.formatted("where members.conversation = (select id from conversations where name = $2)")
          + "asked as materialized (select * from placed),\n"
          + details("1", "0");

  /** $1 reader or null, $2 conversation, $3 the last name of the page before, $4 items. */
  static final String MEMBERS =
      """
      with place as materialized (
        select id, kind from conversations where name = $2
      ),
      standing as materialized (
        select place.id, place.kind,
            case
              when $1::text is null then %2$d
              when count(members.user_id) = 0 then 0
              when bool_or(members.to_seq is null) then %2$d
              when place.kind = 1 and exists (
                  select from blocks where blocks.conversation = place.id) then %2$d
              else %1$d
            end as standing
        from place
        left join users on users.name = $1
        left join members on members.conversation = place.id and members.user_id = users.id
        group by place.id, place.kind
      )
      select standing.standing, one.name is not null as there, one.name, one.role, one.since
      from standing
      left join lateral (
        select distinct on (users.name) users.name, members.role,
            coalesce(members.since_seq, members.from_seq) as since
        from members
        join users on users.id = members.user_id
        where members.conversation = standing.id
          and (members.to_seq is null or standing.kind = 1 and users.erased_at is null)
          and users.name > $3
        order by users.name, members.from_seq
        limit $4::bigint + 1
      ) one on standing.standing = %2$d
      order by one.name
      """
          .formatted(WAS_MEMBER, IS_MEMBER);

  /** $1 reader, $2 conversation, $3 seq, $4 and $5 user and key of the last one, $6 items. */
  static final String REACTIONS =
      """
      with seen as materialized (
        select place.id as conversation,
            bool_or($3::bigint between members.from_seq and coalesce(members.to_seq, %s))
            and exists (
                select from messages
                where messages.conversation = place.id
                  and messages.seq = $3::bigint
                  and messages.kind in (1, 2)) as visible
        from conversations place
        join users on users.name = $1
        join members on members.conversation = place.id and members.user_id = users.id
        where place.name = $2
        group by place.id
      )
      select seen.visible, one.user_id is not null as there, one.user_id, one.key, who.name
      from seen
      left join lateral (
        select user_id, key from reactions
        where reactions.conversation = seen.conversation
          and target = $3::bigint
          and (user_id, key) > ($4::bigint, $5::text)
        order by user_id, key
        limit $6::bigint + 1
      ) one on seen.visible
      left join lateral (
        select name from users where users.id = one.user_id limit 1
      ) who on true
      order by one.user_id, one.key
      """
          .formatted(END);

  /** $1 reader, $2 conversation, $3 and $4 seqs, $5 keys of each message. */
  static final String REACTION_COUNTS =
      """
      with counted as (
        select reactions.target, reactions.key, count(*) as users,
            bool_or(reactions.user_id = me.id) as own
        from users me
        join conversations place on place.name = $2
        join members on members.conversation = place.id and members.user_id = me.id
        join reactions on reactions.conversation = place.id
          and reactions.target between greatest($3::bigint, members.from_seq)
                               and least($4::bigint, coalesce(members.to_seq, %s))
        where me.name = $1
        group by reactions.target, reactions.key
      ),
      ranked as (
        select *, row_number() over (partition by target order by own desc, users desc, key) as rank
        from counted
      )
      select target, key, users, own from ranked where rank <= $5::bigint order by target, rank
      """
          .formatted(END);

  /** $1 user, $2 key of the last conversation of the page before, $3 items. */
  static final String BLOCKS =
      """
      select true as there, blocks.conversation, place.name
      from users me
      join blocks on blocks.user_id = me.id and blocks.conversation > $2::bigint
      join conversations place on place.id = blocks.conversation
      where me.name = $1
      order by blocks.conversation
      limit $3::bigint + 1
      """;

  /** $1 user, $2 conversation, $3 until. Nothing comes back for who was never a member. */
  static final String MUTE =
      """
      with place as materialized (
        select conversations.id as conversation, users.id as user_id
        from conversations
        cross join users
        where conversations.name = $2
          and users.name = $1
          and exists (
              select from members
              where members.conversation = conversations.id and members.user_id = users.id)
      ),
      muted as (
        insert into mutes (user_id, conversation, until_ms)
        select user_id, conversation, $3::bigint from place where $3::bigint > 0
        on conflict (user_id, conversation) do update set until_ms = excluded.until_ms
      ),
      heard as (
        delete from mutes using place
        where $3::bigint = 0
          and mutes.user_id = place.user_id
          and mutes.conversation = place.conversation
      )
      select 1 from place
      """;

  private ListStatements() {}
}
