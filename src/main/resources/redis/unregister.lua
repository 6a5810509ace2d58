-- Removes exactly this session, not its successor.
-- ARGV: channel, ttl in ms, user, device, generation, loop, session, node
-- Returns 1 if it was there.
local before, version = read()
local after = living(before)
local there = after[ARGV[4]]
local found = 0
if there and there.place == ARGV[5] .. ' ' .. ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. ARGV[8] then
  after[ARGV[4]] = nil
  found = 1
end
change(before, after, version, tonumber(ARGV[2]), ARGV[1], ARGV[3])
return found
