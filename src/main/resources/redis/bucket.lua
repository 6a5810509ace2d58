-- Takes from a bucket: the generic cell rate algorithm. KEYS[1] holds the time at which it is full
-- again, in microseconds of Redis' own clock; no key = it is full.
-- ARGV: microseconds for one more, burst, owed (taken in any case), wanted (taken as far as there)
-- Returns {taken of those wanted, milliseconds until there is one more}.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now)) + interval * ARGV[3]
local there = math.floor((now + interval * burst - full) / interval)
local taken = math.max(0, math.min(there, tonumber(ARGV[4])))
full = full + interval * taken
if full > now then
  local ttl = math.ceil((full - now) / 1000)
  redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', string.format('%.0f', ttl))
end
local early = full + interval - interval * burst - now
return {taken, math.max(0, math.ceil(early / 1000))}
