-- The store of Quipu. PostgreSQL 14 or later.
--
-- No foreign keys: on messages each would cost a row lock and an index look-up per row, and none could cross the parts of a
-- distributed table. Whatever must agree is written by one statement.
--
-- messages, members and cursors all carry the conversation, and every statement on messages names it (but for the look at recent
-- commits, which runs per part). So they can be partitioned by hash of the conversation, or distributed by Citus, as they are.

-- One row. Names this store for as long as it lives: a store with another epoch is another store.
create table store (
  the_only_row boolean primary key default true check (the_only_row),
  epoch        uuid not null default gen_random_uuid()
);
insert into store default values;

-- Names are compared by their bytes ("C"), as the order of users in d~a~b is.
create table users (
  id   bigint generated always as identity primary key,
  name text collate "C" not null unique
);

create table devices (
  id         bigint generated always as identity primary key,
  user_id    bigint not null,
  name       text collate "C" not null,
  -- Counts sessions; the newest one wins.
  generation bigint not null,
  unique (user_id, name)
) with (fillfactor = 80); -- room for the generation's updates on the same page, so that no index is touched (HOT)

create table conversations (
  id    bigint generated always as identity primary key,
  name  text collate "C" not null unique,
  kind  smallint not null check (kind in (1, 2)), -- 1 direct, 2 group
  title text
);

-- The intervals of seqs that a user may see; several if he left and came back. Every read of messages is bounded by them.
create table members (
  conversation bigint not null,
  user_id      bigint not null,
  from_seq     bigint not null check (from_seq > 0),
  to_seq       bigint, -- null = still a member
  role         smallint not null, -- 0 member, 1 owner
  primary key (conversation, user_id, from_seq),
  check (to_seq >= from_seq)
);
-- Nobody is a member twice at the same time.
create unique index members_open on members (conversation, user_id) where to_seq is null;
-- The conversations of a user, for sync.
create index members_of_user on members (user_id, conversation, to_seq);

-- The log. Columns stand in the order that wastes no bytes on alignment.
create table messages (
  conversation      bigint not null,
  -- Dense from 1 in each conversation. A void row (the definite end of a send that will never be stored) has a negative one of
  -- void_seqs, kind 0 and no body: it occupies the unique key and no place in the log.
  seq               bigint not null check (seq <> 0),
  sender            bigint not null,
  stored_at         timestamptz not null default now(),
  -- The transaction that wrote the row, for the look at recent commits. Not xid8, which has no BRIN operators.
  tx                bigint not null default pg_current_xact_id()::text::bigint,
  client_message_id uuid not null,
  kind              smallint not null, -- 0 void, 1 text, 2 bytes, 3 change
  body              bytea, -- null when erased; the envelope stays, so that seqs and ids do
  -- sha256(kind as one byte, body), written when the body is erased and not before: until then it is computed when asked for,
  -- which is seldom, and 33 bytes are saved in each row.
  digest            bytea,
  -- The fence: an owner with a stale tail collides here.
  primary key (conversation, seq),
  -- One seq per send, for ever. The id stands first: clients make it rise with time (UUIDv7), so that new entries of all
  -- conversations fall into the same few pages of the index.
  unique (client_message_id, sender, conversation)
) with (
  -- Only inserts come here. Vacuum follows them closely, so that the pages are marked visible while they are still in memory,
  -- and few rows are without a summary in the BRIN index.
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 10000,
  autovacuum_analyze_scale_factor = 0.02
);
-- Rows lie in the order of their transactions, nearly: a BRIN index costs next to nothing per insert. Ranges must be summarized
-- soon, as one without a summary is read whole at each look.
create index messages_tx on messages using brin (tx) with (autosummarize = on);

create sequence void_seqs as bigint increment by -1 maxvalue -1 start with -1;

-- How far a device has everything of a conversation. Written far more often than anything but messages, always the same column of
-- the same rows: free room on each page keeps the updates HOT, and pruning them is all the vacuum that they need.
create table cursors (
  device       bigint not null,
  conversation bigint not null,
  seq          bigint not null,
  primary key (device, conversation)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.1);

create table read_marks (
  user_id      bigint not null,
  conversation bigint not null,
  seq          bigint not null,
  primary key (user_id, conversation)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.1);
