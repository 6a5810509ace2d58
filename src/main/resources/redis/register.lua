-- Registers one session, unless one of a newer generation is there.
-- ARGV: channel, ttl in ms, user, device, generation, loop, session, node
-- Returns {1, generation and node of the older one that was there, or 0 and ''},
--      or {0, generation and node of the newer one}.
local channel, ttl, user, device = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local generation, node = tonumber(ARGV[5]), ARGV[8]
local before, version = read()
local after = living(before)
local there = after[device]
if there and there.generation > generation then
  change(before, after, version, ttl, channel, user)
  return {0, there.generation, there.node}
end
local place = ARGV[5] .. ' ' .. ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. node
redis.call('HSET', key, device, string.format('%.0f', now + ttl) .. ' ' .. place)
after[device] = {deadline = now + ttl, generation = generation, place = place, node = node}
change(before, after, version, ttl, channel, user)
if there and there.generation < generation then
  return {1, there.generation, there.node}
end
return {1, 0, ''}
