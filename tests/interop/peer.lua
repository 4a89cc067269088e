-- peer.lua - the peer of the interop tests in Lua: does with lists what its standard input says. See peers.py.
local shareable = require "shareable"

local function unhex(text)
  return (text:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function hex(text)
  return (text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function contents(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function parse(line)
  local kind, rest = line:match("^(%a+) ?(.*)$")
  if kind == "none" then
    return shareable.none
  elseif kind == "int" then
    return math.tointeger(rest)
  elseif kind == "bool" then
    return rest == "1"
  elseif kind == "float" then
    return (string.unpack(">d", unhex(rest)))
  end
  local data = rest:sub(1, 1) == "@" and contents(rest:sub(2)) or unhex(rest)
  return kind == "str" and data or shareable.bytes(data)
end

local function text(kind, data, path)
  if #data <= 4096 then
    return kind .. " " .. hex(data)
  end
  local file <close> = assert(io.open(path, "wb"))
  file:write(data)
  return kind .. " @" .. path
end

local function describe(value, path)
  if value == shareable.none then
    return "none"
  elseif type(value) == "boolean" then
    return "bool " .. (value and 1 or 0)
  elseif math.type(value) == "integer" then
    return "int " .. value
  elseif math.type(value) == "float" then
    return "float " .. hex(string.pack(">d", value))
  elseif type(value) == "string" then
    return text("str", value, path)
  end
  return text("bytes", value:string(), path)
end

local verbs = {}

function verbs.create(name, count)
  local values = {}
  for i = 1, tonumber(count) do
    values[i] = parse(io.read())
  end
  local _ <close> = assert(shareable.list(values, {name = name}))
  return "ok"
end

function verbs.read(name, folder)
  local list <close> = assert(shareable.list{name = name})
  local lines = {("ok %d %s"):format(#list, list.format)}
  for i = 1, #list do
    local value, message = list:get(i)
    lines[i + 1] = value == nil and "error " .. message or describe(value, folder .. "/lua-" .. i)
  end
  return table.concat(lines, "\n")
end

function verbs.set(name, index)
  local value = parse(io.read())
  local list <close> = assert(shareable.list{name = name})
  index = math.tointeger(index)
  assert(list:set(index < 0 and index or index + 1, value))
  return "ok"
end

function verbs.unlink(name)
  assert(shareable.unlink(name))
  return "ok"
end

for line in io.lines() do
  local verb, name, argument = line:match("^(%a+) (%S+) ?(%S*)")
  local done, answer = pcall(verbs[verb], name, argument)
  print(done and answer or "error " .. tostring(answer):gsub("\n", " "))
  io.flush()
end
