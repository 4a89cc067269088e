--- Runs an operation of the library in Lua: lua.lua OPERATION TIMES.

local shareable = require "shareable"

local TEXT = "sixteen bytes, x"
local list = assert(shareable.list {7, 2.5, TEXT, shareable.none})
list:unlink()

local function reading(index)
  return function(times)
    for _ = 1, times do
      local _ = list[index]
    end
  end
end

local function writing(index, value)
  return function(times)
    for _ = 1, times do
      list[index] = value
    end
  end
end

local operations = {
  ["nothing"] = function(times)
    for _ = 1, times do
    end
  end,
  ["read int"] = reading(1), ["read float"] = reading(2), ["read str"] = reading(3),
  ["write int"] = writing(1, 9), ["write float"] = writing(2, 0.5), ["write str"] = writing(3, TEXT),
  ["write none"] = writing(4, shareable.none),
  ["add"] = function(times)
    for _ = 1, times do
      list:add(1, 1)
    end
  end,
  ["lock"] = function(times)
    for _ = 1, times do
      list:lock()
      list:unlock()
    end
  end,
}

operations[arg[1]](tonumber(arg[2]))
list:close()
