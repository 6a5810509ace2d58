-- Mutes, devices that can be looked at and revoked, users who can be erased. What the version before writes goes on to work on this
-- schema.

-- Known to no client: with it the store signs the pages of lists, and hides the names of the erased.
alter table store add column secret bytea not null
    default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');

alter table users
  -- A token that was issued before is refused; null = none is.
  add column tokens_valid_from timestamptz,
  -- From here on the name is refused; the rest of the work may still be under way.
  add column erase_begun_at timestamptz,
  -- All of it is done: the name is a pseudonym.
  add column erased_at timestamptz;
create index users_being_erased on users (id) where erase_begun_at is not null and erased_at is null;

alter table devices
  add column created_at timestamptz, -- null = before this version
  add column last_seen timestamptz; -- when its last session began or ended
alter table devices alter column created_at set default now();

create table mutes (
  user_id      bigint not null,
  conversation bigint not null,
  until_ms     bigint not null, -- Unix time; no row = not muted
  primary key (user_id, conversation)
);

-- Who may no longer be here with a token issued before `at`. Every node reads what is new, and closes sessions.
create table revocations (
  id         bigint generated always as identity primary key,
  user_id    bigint not null,
  name_hash  bytea not null, -- name_hash(users.name)
  device     text collate "C", -- only this device; null = all
  generation bigint not null, -- of that device's last session: its generations go on from here
  erased     boolean not null, -- the user is erased: no token will do
  at         timestamptz not null default now(),
  tx         bigint not null default pg_current_xact_id()::text::bigint
);
create index revocations_tx on revocations (tx);
create index revocations_of_device on revocations (user_id, device);

create table erased_names (
  name_hash bytea primary key,
  user_id   bigint not null
);

create function name_hash(name text) returns bytea stable parallel safe language sql as
$$ select sha256(secret || convert_to(name, 'UTF8')) from store $$;

-- The last word on names that must not come again: of erased users, and of their pseudonyms before they are given.
create function refuse_erased_name() returns trigger language plpgsql as
$$
begin
  if new.name like 'erased.%' or exists (select from erased_names where name_hash = name_hash(new.name)) then
    raise exception 'this user has been erased, or the name is kept for such';
  end if;
  return new;
end
$$;
create trigger users_erased_name before insert on users for each row execute function refuse_erased_name();

-- The conversations that a user has blocked.
create index blocks_of_user on blocks (user_id, conversation);
