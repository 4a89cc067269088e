-- reader.lua - the demonstration's reader in Lua.
--
-- usage: reader.lua NAME [TURN]        see publish.c
local shareable = require "shareable"

local function show(value)
  if value == shareable.none then
    return "none"
  elseif math.type(value) == "float" then
    return ("%.2f"):format(value)
  elseif type(value) == "string" or type(value) == "number" or type(value) == "boolean" then
    return tostring(value)
  end
  return ("%02x %02x %02x %02x …"):format(value:string():byte(1, 4))
end

local function hex(text)
  return (text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function describe(value)
  if value == shareable.none then
    return "none"
  elseif type(value) == "boolean" then
    return "bool " .. (value and 1 or 0)
  elseif math.type(value) == "integer" then
    return "int " .. value
  elseif math.type(value) == "float" then
    return "float " .. hex(string.pack(">d", value))
  elseif type(value) == "string" then
    return "str " .. hex(value)
  end
  return "bytes " .. hex(value:string())
end

local figures <close> = assert(shareable.list{name = arg[1]})
for _, value in ipairs(figures) do
  print(arg[2] and show(value) or describe(value))
end
if arg[2] then
  local mine = 11 + 2 * tonumber(arg[2])
  figures[mine] = _VERSION .. " read tick " .. figures[10]
  figures[mine + 1] = figures[6] // 1024
end
