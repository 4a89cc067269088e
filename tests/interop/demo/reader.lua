-- reader.lua - the demonstration's reader in Lua.
--
-- usage: reader.lua NAME [TURN]        see publish.c
local shareable = require "shareable"

local function show(value, kind)
  if kind == "float" then
    return ("%.2f"):format(value)
  elseif kind == "bytes" then
    return ("%02x %02x %02x %02x …"):format(value:string():byte(1, 4))
  end
  return tostring(value)
end

local function hex(text)
  return (text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

-- Returns the bytes of a float.
local function packed(value)
  local scratch = assert(shareable.memory{size = 8})
  scratch:unlink()
  scratch:pack(">d", 0, value)
  return scratch:read()
end

local function describe(value, kind)
  if kind == "none" then
    return "none"
  elseif kind == "boolean" then
    return "bool " .. (value and 1 or 0)
  elseif kind == "integer" then
    return "int " .. (type(value) == "number" and ("%d"):format(value) or tostring(value))
  elseif kind == "float" then
    return "float " .. hex(packed(value))
  elseif kind == "string" then
    return "str " .. hex(value)
  end
  return "bytes " .. hex(value:string())
end

local figures = assert(shareable.list{name = arg[1]})
for index = 1, #figures do
  local value, kind = figures:exact(index), figures:type(index)
  print(arg[2] and show(value, kind) or describe(value, kind))
end
if arg[2] then
  local mine = 11 + 2 * tonumber(arg[2])
  figures[mine] = _VERSION .. " read tick " .. figures[10]
  figures[mine + 1] = math.floor(figures[6] / 1024)
end
