-- Receipts that outlive the absence of those who wait for them. What the version before writes goes on to work on this schema; of
-- what is acked on its nodes the receipts are told as it did, live only.

-- How far the messages of others have come with a user, in conversations that have receipts (direct ones, small groups): written by
-- the statement that stores his cursor or read mark, if it covers messages of somebody who is there to hear of it.
create table receipts (
  conversation  bigint not null,
  user_id       bigint not null,
  delivered_seq bigint not null default 0, -- the highest cursor of his devices
  read_seq      bigint not null default 0,
  -- The transaction that has risen one of them last, for who asks what is new.
  tx            bigint not null default pg_current_xact_id()::text::bigint,
  primary key (conversation, user_id)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.1);
