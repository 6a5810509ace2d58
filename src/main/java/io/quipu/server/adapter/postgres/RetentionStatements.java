package io.quipu.server.adapter.postgres;

/**
 * The statements of {@link PostgresAgedBodies}. Pages are named as {@code tid}s, in text: {@code
 * (12,0)} is before the first row of page 12.
 */
final class RetentionStatements {
  /** Pages of one row of retention_segments: 8 MB, some 40,000 messages of 100 bytes. */
  static final int SEGMENT_PAGES = 1_024;

  /**
   * Transactions whose rows one statement takes into the segments. With a hundred rows in each it
   * takes half a second.
   */
  static final int WINDOW = 20_000;

  /** Behind by more, all segments are looked at instead: a look costs less than a reckoning. */
  static final int MAX_WINDOWS = 50;

  /** Rows of a conversation whose segments one statement looks up. */
  static final int CHANGED_ROWS = 5_000;

  /**
   * A pass takes rows whose number is below 2, 4, 8: a quarter, a quarter, a half. Each fits into
   * what the fill factor leaves free and the pass before has freed.
   */
  static final int[] PASSES = {2, 4, 8};

  /** Leaves room for the first pass over a page of messages of 100 bytes. */
  static final String MAKE_ROOM = "alter table messages set (fillfactor = 84)";

  /** Two numbers that nobody else takes: "quipu", "aged". */
  private static final String LOCK = "(1903520109, 1634166116)";

  static final String TAKE_TURN = "select pg_try_advisory_lock" + LOCK;

  /** Takes the place of the log's own setting, for who may: cold pages come into the WAL whole. */
  static final String NO_WAL_COMPRESSION = "set wal_compression = off";

  /** Text, bytes, and edits: a Change whose first field is number 8. */
  private static final String HAS_BODY =
      """
      body is not null
          and (kind in (1, 2) or kind = 3 and substring(body from 1 for 1) = '\\x42'::bytea)
      """;

  private static final String HORIZON = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

  private static final String LAST_SEGMENT =
      "pg_relation_size('messages') / current_setting('block_size')::int / " + SEGMENT_PAGES;

  private static final String SEGMENT_OF_ROW = "width_bucket(ctid, (select starts from segments))";

  /** To {@link #SEGMENT_OF_ROW}. */
  private static final String SEGMENTS =
      """
      segments as materialized (
        select array_agg(('(' || number * %d || ',0)')::tid order by number) as starts
        from generate_series(1, 1 + %s) as number
      )
      """
          .formatted(SEGMENT_PAGES, LAST_SEGMENT);

  /** In days; null if no rule has an end. $1 default, $2 min, $3 max, as in RetentionRules. */
  private static final String SHORTEST =
      """
      shortest as materialized (
        select least(nullif($1::int, 0), own.days) as days
        from (
          select case
                when min(retention_days) is null then null
                when $3::int = 0 then greatest(min(retention_days), $2::int)
                else least(greatest(min(retention_days), $2::int), $3::int)
              end as days
          from conversations
          where retention_days > 0
        ) own
      )
      """;

  /** Whether any rule has an end, and the table has free room. $1 default. */
  static final String STANDING =
      """
      select $1::int > 0 or exists (select from conversations where retention_days > 0),
          coalesce(
              (select reloptions::text like '%fillfactor%' from pg_class
               where oid = 'messages'::regclass),
              false)
      """;

  /**
   * All of the table is due to be looked at, if the segments say nothing of it: at first, with
   * other rules, when it lies elsewhere (a restore, VACUUM FULL), when transactions went back, or
   * when too much was written meanwhile. $1 rules. Answers whether, and from where to where rows
   * are not in the segments.
   */
  static final String BEGIN =
      """
      with here as materialized (
        select pg_relation_filepath('messages') || ' in '
                || (select system_identifier from pg_control_system()) as place,
            %1$s as horizon
      ),
      known as materialized (
        select retention.mark
        from retention, here
        where retention.place = here.place
          and retention.rules = $1
          and retention.mark between here.horizon - %2$d and here.horizon
      ),
      due as (
        insert into retention_segments (segment, due_at)
        select number, now()
        from generate_series(0, %3$s) as number
        where not exists (select from known)
        on conflict (segment) do update
            set due_at = now(), changes = retention_segments.changes + 1
      ),
      begun as (
        insert into retention (place, rules, mark)
        select place, $1, horizon from here
        where not exists (select from known)
        on conflict (the_only_row) do update
            set place = excluded.place, rules = excluded.rules, mark = excluded.mark
      )
      select not exists (select from known),
          coalesce((select mark from known), here.horizon), here.horizon
      from here
      """
          .formatted(HORIZON, (long) WINDOW * MAX_WINDOWS, LAST_SEGMENT);

  /**
   * Rows of transactions from $4 on, below $5, are due when the shortest rule of all says so: a
   * look tells it better. So are messages that were edited, where they lie now.
   */
  static final String RECKON =
      """
      with %1$s,
      %2$s,
      written as (
        select %3$s as segment, min(stored_at) as oldest
        from messages
        where tx >= $4::bigint and tx < $5::bigint
        group by 1
        union all
        select width_bucket(target.ctid, (select starts from segments)), min(target.stored_at)
        from amendments
        cross join lateral (
          select messages.ctid, stored_at from messages
          where messages.conversation = amendments.conversation
            and messages.seq = amendments.target
          limit 1
        ) target
        where amendments.tx >= $4::bigint and amendments.tx < $5::bigint
        group by 1
      ),
      learnt as (
        insert into retention_segments (segment, due_at)
        select segment, min(oldest) + make_interval(days => (select days from shortest))
        from written
        where (select days from shortest) is not null
        group by segment
        order by segment
        on conflict (segment) do update
            set due_at = least(retention_segments.due_at, excluded.due_at),
                changes = retention_segments.changes + 1
      )
      update retention set mark = greatest(mark, $5::bigint)
      """
          .formatted(SHORTEST, SEGMENTS, SEGMENT_OF_ROW);

  /** A conversation whose rule has changed: key, next seq, changes, its own days or null. */
  static final String CHANGED =
      """
      select conversation, next_seq, changes, conversations.retention_days
      from retention_changes
      left join conversations on conversations.id = conversation
      order by conversation
      limit 1
      """;

  /** $1 conversation, $2 next seq, $3 changes, $4 days by its rule, 0 = for ever. */
  static final String LEARN_CHANGE =
      """
      with %s,
      stretch as materialized (
        select messages.ctid, seq, stored_at
        from messages
        where conversation = $1::bigint and seq >= $2::bigint and $4::int > 0
        order by seq
        limit %d
      ),
      learnt as (
        insert into retention_segments (segment, due_at)
        select %s as segment, min(stored_at) + make_interval(days => $4::int)
        from stretch
        group by 1
        order by 1
        on conflict (segment) do update
            set due_at = least(retention_segments.due_at, excluded.due_at),
                changes = retention_segments.changes + 1
      ),
      further as (
        update retention_changes set next_seq = (select max(seq) + 1 from stretch)
        where conversation = $1::bigint and changes = $3::bigint
          and exists (select from stretch)
      )
      delete from retention_changes
      where conversation = $1::bigint and changes = $3::bigint
        and not exists (select from stretch)
      """
          .formatted(SEGMENTS, CHANGED_ROWS, SEGMENT_OF_ROW);

  /** And whether any conversation has a rule of its own. */
  static final String DUE =
      """
      select segment, changes,
          exists (select from conversations where retention_days is not null)
      from retention_segments
      where due_at <= now()
      order by due_at, segment
      limit 1
      """;

  private static final String OF_PAGES = "ctid >= $1::text::tid and ctid < $2::text::tid";

  /** PostgreSQL's time, and the conversations of these pages that have a rule of their own. */
  static final String OWN_RULES =
      """
      select now(), null::bigint, null::int
      union all
      select now(), own.id, own.retention_days
      from (select distinct conversation from messages where %s and body is not null) here
      cross join lateral (
        select id, retention_days from conversations
        where id = here.conversation and retention_days is not null
        limit 1
      ) own
      order by 2 nulls first
      """
          .formatted(OF_PAGES);

  /** The same where no conversation has a rule of its own. */
  static final String NO_RULES = "select now(), null::bigint, null::int";

  /** $3 cut-off; or with own rules: $3 conversations, rising, $4 their cut-offs, $5 the others'. */
  private static final String CUT_OFF = "$3::timestamptz";

  private static final String OWN_CUT_OFF =
      """
      case ($3::bigint[])[width_bucket(conversation, $3::bigint[])]
          when conversation then ($4::timestamptz[])[width_bucket(conversation, $3::bigint[])]
          else $5::timestamptz
      end
      """;

  /** How many bodies are too old, and how long the oldest other one may stay, in seconds. */
  private static final String LOOK =
      """
      select count(*) filter (where stored_at < cut_off),
          extract(epoch from min(stored_at - cut_off) filter (where stored_at >= cut_off))::float8
      from (select stored_at, %s as cut_off from messages where %s and %s) here
      """;

  static final String LOOK_AT_PAGES = LOOK.formatted(CUT_OFF, OF_PAGES, HAS_BODY);
  static final String LOOK_AT_MIXED_PAGES = LOOK.formatted(OWN_CUT_OFF, OF_PAGES, HAS_BODY);

  /** Rows that other rows do not depend on: in any order, and none is locked for long. */
  private static final String ERASE =
      """
      update messages set body = null, digest = coalesce(digest, %s)
      where %s and (conversation + seq) & 7 < %s and %s and stored_at < %s
      """;

  static final String ERASE_PAGES =
      ERASE.formatted(PostgresJournal.DIGEST_OF_BODY, OF_PAGES, "$4::int", HAS_BODY, CUT_OFF);
  static final String ERASE_MIXED_PAGES =
      ERASE.formatted(PostgresJournal.DIGEST_OF_BODY, OF_PAGES, "$6::int", HAS_BODY, OWN_CUT_OFF);

  /** $1 segment, $2 changes, $3 when something in it is due next. */
  static final String DONE_UNTIL =
      "update retention_segments set due_at = $3::timestamptz where segment = $1 and changes = $2";

  /** The same, if nothing ever is. */
  static final String DONE = "delete from retention_segments where segment = $1 and changes = $2";

  static final String LAG =
      """
      select coalesce(
          greatest(0, extract(epoch from now() - min(due_at)) * 1000)::bigint, 0)
      from retention_segments
      """;

  private RetentionStatements() {}
}
