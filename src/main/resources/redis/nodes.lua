-- On which nodes a user is: {version, node, node ...}. Of who is on none the version is that of now.
local sessions, version = read()
local list = nodes(living(sessions))
if version == 0 then
  version = micros
end
table.insert(list, 1, string.format('%.0f', version))
return list
