-- peer.lua - the peer of the interop tests in Lua. It executes the commands on its standard input,
-- see peers.py.
local shareable = require "shareable"

-- A block to convert floats to and from bytes.
local scratch = assert(shareable.memory{size = 8})
scratch:unlink()

local function unhex(text)
  return (text:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function hex(text)
  return (text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function contents(path)
  local file = assert(io.open(path, "rb"))
  local data = file:read("*a")
  file:close()
  return data
end

-- Calls the action with a list, and closes the list.
local function with(list, action)
  local result = action(list)
  list:close()
  return result
end

local function parse(line)
  local kind, rest = line:match("^(%a+) ?(.*)$")
  if kind == "none" then
    return shareable.none
  elseif kind == "int" then
    return shareable.integer(rest)
  elseif kind == "bool" then
    return rest == "1"
  elseif kind == "float" then
    scratch:write(0, unhex(rest))
    return shareable.float((scratch:unpack(">d")))
  end
  local data = rest:sub(1, 1) == "@" and contents(rest:sub(2)) or unhex(rest)
  return kind == "str" and data or shareable.bytes(data)
end

local function text(kind, data, path)
  if #data <= 4096 then
    return kind .. " " .. hex(data)
  end
  local file = assert(io.open(path, "wb"))
  file:write(data)
  file:close()
  return kind .. " @" .. path
end

local describe = {
  none = function() return "none" end,
  boolean = function(value) return "bool " .. (value and 1 or 0) end,
  integer = function(value) return "int " .. (type(value) == "number" and ("%d"):format(value) or tostring(value)) end,
  float = function(value)
    scratch:pack(">d", 0, value)
    return "float " .. hex(scratch:read())
  end,
  string = function(value, path) return text("str", value, path) end,
  bytes = function(value, path) return text("bytes", value:string(), path) end,
}

local verbs = {}

function verbs.create(name, count)
  local values = {}
  for i = 1, tonumber(count) do
    values[i] = parse(io.read())
  end
  return with(assert(shareable.list(values, {name = name})), function() return "ok" end)
end

function verbs.read(name, folder)
  return with(assert(shareable.list{name = name}), function(list)
    local lines = {("ok %d %s"):format(#list, list.format)}
    for i = 1, #list do
      local value, message = list:exact(i)
      lines[i + 1] = value == nil and "error " .. message or describe[list:type(i)](value, folder .. "/lua-" .. i)
    end
    return table.concat(lines, "\n")
  end)
end

function verbs.set(name, index)
  local value = parse(io.read())
  return with(assert(shareable.list{name = name}), function(list)
    index = tonumber(index)
    assert(list:set(index < 0 and index or index + 1, value))
    return "ok"
  end)
end

-- A private array of one item of each type, to convert items to and from bytes.
local singles = {}

local function single(dtype)
  if not singles[dtype] then
    singles[dtype] = assert(shareable.array{shape = {1}, dtype = dtype})
    singles[dtype]:unlink()
  end
  return singles[dtype]
end

function verbs.create_array(name, dtype)
  return with(assert(shareable.array{shape = {2, 3}, dtype = dtype, name = name}), function() return "ok" end)
end

-- In LuaJIT, items are read and written by pointers, too.
local function place(array, i)
  return array:cdata() + ((i - i % 3) / 3 * array.strides[1] + i % 3 * array.strides[2]) / array.itemsize
end

function verbs.read_array(name)
  return with(assert(shareable.array{name = name}), function(array)
    local scratch_item = single(array.dtype)
    local lines = {("ok %s %s"):format(array.dtype, table.concat(array.shape, " "))}
    for i = 0, array.size - 1 do
      scratch_item:set(1, array:exact(math.floor(i / 3) + 1, i % 3 + 1))
      lines[i + 2] = hex(scratch_item:read())
      if jit then -- luacheck: ignore 113
        scratch_item:cdata()[0] = place(array, i)[0]
        assert(hex(scratch_item:read()) == lines[i + 2], "the pointer reads another item")
      end
    end
    return table.concat(lines, "\n")
  end)
end

function verbs.set_array(name, index, item)
  return with(assert(shareable.array{name = name}), function(array)
    local scratch_item, i = single(array.dtype), tonumber(index)
    scratch_item:write(1, unhex(item))
    if jit and i % 2 == 1 then -- luacheck: ignore 113
      place(array, i)[0] = scratch_item:cdata()[0]
    else
      local real, imaginary = scratch_item:exact(1)
      if imaginary then
        array:set(math.floor(i / 3) + 1, i % 3 + 1, real, imaginary)
      else
        array:set(math.floor(i / 3) + 1, i % 3 + 1, real)
      end
    end
    return "ok"
  end)
end

function verbs.unlink(name)
  assert(shareable.unlink(name))
  return "ok"
end

for line in io.lines() do
  local verb, name, argument, item = line:match("^([%a_]+) (%S+) ?(%S*) ?(%S*)")
  local done, answer = pcall(verbs[verb], name, argument, item)
  print(done and answer or "error " .. tostring(answer):gsub("\n", " "))
  io.flush()
end
