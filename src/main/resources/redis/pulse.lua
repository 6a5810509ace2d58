-- Once a second by each node. KEYS[1]: a name that this Redis has until it is emptied.
-- ARGV: the name if there is none, the asking node's own channel, what to say there
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  epoch = ARGV[1]
  redis.call('SET', KEYS[1], epoch)
end
redis.call('PUBLISH', ARGV[2], ARGV[3])
return epoch
