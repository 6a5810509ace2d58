-- Bodies are erased after an age; the envelopes stay. What the version before writes goes on to work on this schema.

alter table conversations
  -- So long are bodies of this conversation kept; null = as the server says, 0 = for ever.
  add column retention_days integer check (retention_days >= 0);
create index conversations_kept on conversations (retention_days) where retention_days is not null;

-- An edit brings a body into an older row, and may move it: the walk below must hear of it.
alter table amendments add column tx bigint;
alter table amendments alter column tx set default pg_current_xact_id()::text::bigint;
create index amendments_tx on amendments (tx);

-- The walk of retention goes through the table of messages as it lies on the disk: all rows of a page are done together, and
-- mostly stay on it, so that no index is touched (HOT). One row.
create table retention (
  the_only_row boolean primary key default true check (the_only_row),
  place        text not null, -- of the table on the disk: with another one, the segments say nothing
  rules        text not null, -- by which due times were reckoned
  mark         bigint not null -- rows of older transactions are in the segments
);

-- 1,024 pages of messages each. No row: nothing in it will ever be due.
create table retention_segments (
  segment bigint primary key,
  -- Nothing in it is due before.
  due_at  timestamptz not null,
  -- Counts what was learnt of it, so that who ends a look does not forget what came meanwhile.
  changes bigint not null default 0
) with (fillfactor = 70);
create index retention_segments_due on retention_segments (due_at);

-- Conversations whose rule has changed, until the segments of their rows know it.
create table retention_changes (
  conversation bigint primary key,
  next_seq     bigint not null,
  changes      bigint not null default 0
);
