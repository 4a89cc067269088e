-- actor.lua - the actions of test_disk_full.py in Lua; see actor.py for the usage.
local shareable = require "shareable"

local action, name, size = arg[1], arg[2], tonumber(arg[3])
local flags = {}
for i = 4, #arg do
  flags[arg[i]] = true
end

local function must(made, message, code)
  if made == nil then
    print((code == "E_NO_SPACE" and "full: " or "failed: ") .. message)
    os.exit(0)
  end
  return made
end

local function numbers(count)
  local values = {}
  for i = 1, count do
    values[i] = i - 1
  end
  return values
end

if action == "make" then
  must(shareable.memory{name = name, size = size, lazy = flags.lazy, owned = flags.owned})
elseif action == "ints" then
  must(shareable.list(numbers(size), {name = name, lazy = flags.lazy}))
elseif action == "wide" then
  must(shareable.list({""}, {name = name, capacity = size, lazy = flags.lazy}))
elseif action == "fill" then
  local block = must(shareable.memory{name = name})
  for i = 0, block.size - 1, 4096 do
    block:write(i, "\1")
  end
elseif action == "set" then
  must(shareable.list{name = name})[1] = ("x"):rep(size)
else
  local list = must(shareable.list{name = name})
  if action == "hold" then
    io.write("open\n"):flush()
    io.read()
  end
  local good, last = pcall(function() return list[#list] end)
  if not good then
    print("failed: " .. last)
    return
  end
  print("last is " .. tostring(last))
end
print "done"
