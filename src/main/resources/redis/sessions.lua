-- The sessions of one user, as the scripts that begin with this file see them. KEYS[1] is a hash:
--   device -> "deadline generation loop session node", the deadline in ms of Redis' own clock
--   ''     -> the version: rises with each change of the nodes, also when the key was gone meanwhile
-- One key per script, so that each runs in one slot of a Redis cluster.
local key = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local micros = time[1] * 1000000 + time[2]

local function read()
  local sessions, version = {}, 0
  local flat = redis.call('HGETALL', key)
  for i = 1, #flat, 2 do
    if flat[i] == '' then
      version = tonumber(flat[i + 1])
    else
      local deadline, generation, loop, session, node =
        string.match(flat[i + 1], '^(%d+) (%d+) (%d+) (%d+) (%S+)$')
      sessions[flat[i]] = {
        deadline = tonumber(deadline),
        generation = tonumber(generation),
        place = generation .. ' ' .. loop .. ' ' .. session .. ' ' .. node,
        node = node,
      }
    end
  end
  return sessions, version
end

-- The nodes, each once, in the order of their names.
local function nodes(sessions)
  local seen, list = {}, {}
  for _, session in pairs(sessions) do
    if not seen[session.node] then
      seen[session.node] = true
      list[#list + 1] = session.node
    end
  end
  table.sort(list)
  return list
end

-- Those whose node has not confirmed them in time are gone.
local function living(sessions)
  local alive = {}
  for device, session in pairs(sessions) do
    if session.deadline > now then
      alive[device] = session
    end
  end
  return alive
end

-- Stores what has changed between the two, and tells all nodes if it is the list of nodes.
-- Returns the version.
local function change(before, after, version, ttl, channel, user)
  for device, _ in pairs(before) do
    if not after[device] then
      redis.call('HDEL', key, device)
    end
  end
  local list = nodes(after)
  local text = table.concat(list, ' ')
  if table.concat(nodes(before), ' ') ~= text then
    version = math.max(version + 1, micros)
    local number = string.format('%.0f', version)
    redis.call('HSET', key, '', number)
    redis.call('PUBLISH', channel, number .. ' ' .. user .. ' ' .. text)
  end
  if #list == 0 then
    redis.call('DEL', key)
  else
    redis.call('PEXPIRE', key, ttl)
  end
end
