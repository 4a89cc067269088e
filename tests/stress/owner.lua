--- A process that makes owned blocks, in Lua, until it is killed: see owners.py and owner.c.

local shareable = require "shareable"

local prefix, live = arg[1], assert(shareable.list{name = arg[2]})
local held, number = {}, 0
while true do
  if #held == 8 then
    local oldest = table.remove(held, 1)
    oldest:unlink()
    oldest:close()
  end
  local name = ("%s-%d"):format(prefix, number)
  local made = assert(shareable.list({number, "some text", shareable.none}, {name = name, owned = true}))
  held[#held + 1] = made
  live:add(3, 1)
  local again = assert(shareable.list{name = name})
  made:with_lock(function() again[2] = "another" end)
  again:close()
  number = number + 1
end
