-- Roles, settings, blocks, edits, recalls, reactions, quotas. What the version before writes goes on to work on this schema.

alter table messages
  -- The latest edit of this message, whose content stands in body; null = as it was sent.
  add column edited_by bigint,
  -- The recall of this message; then body is null. The digest is always that of what was sent first.
  add column recalled_by bigint;

-- The edits of a message, so that a recall finds their bodies.
create table amendments (
  conversation bigint not null,
  target       bigint not null, -- seq of the message
  seq          bigint not null, -- of the edit
  primary key (conversation, target, seq)
);

create table reactions (
  conversation bigint not null,
  target       bigint not null, -- seq of the message
  user_id      bigint not null,
  key          text collate "C" not null,
  primary key (conversation, target, user_id, key)
);

alter table conversations
  add column history    smallint not null default 1 check (history in (1, 2)),  -- 1 from join, 2 all
  add column who_adds   smallint not null default 1 check (who_adds in (1, 2)), -- 1 owners and admins, 2 members
  add column created_by bigint, -- who sent the first entry; null in what the version before made
  add column created_at timestamptz not null default now();

-- For the quota of new direct conversations.
create index conversations_begun on conversations (created_by, created_at) where kind = 1;

-- members.role: 0 member, 1 owner, 2 admin.
alter table members
  -- Null in an interval of membership, which begins with the entry by which he joined. Else this is a closed interval of what was
  -- written before that entry, this one, and which he may see since.
  add column since_seq bigint,
  -- An interval may be empty: who is blocked before anything was written was a member all the same.
  drop constraint members_check,
  add constraint members_check check (to_seq >= from_seq - 1);

-- For the quota of owned groups.
create index members_owning on members (user_id) where role = 1 and to_seq is null;

-- Who has blocked the other one of a direct conversation.
create table blocks (
  conversation bigint not null,
  user_id      bigint not null, -- who has blocked
  seq          bigint not null, -- the entry
  primary key (conversation, user_id)
);
