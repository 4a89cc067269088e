-- dict_script.lua - the worker of test_dict_kills.py in Lua, see dict_script.c.
--
-- usage: dict_script.lua NAME FIRST COUNT OPERATION...
local shareable = require "shareable"

local AGE_MAX = 200
local EXCHANGED, NOT_EXCHANGED, NOT_WHOLE = 254, 253, 255

local dict = assert(shareable.dict{name = arg[1]})
local first, count = tonumber(arg[2]), tonumber(arg[3])
local script = {}
for n = 4, #arg do
  local name, key, kind, length, ttl = arg[n]:match("^(%S+) ?(%S*) ?(%S*) ?(%d*) ?(%d*)$")
  script[n - 3] = {name = name, key = key, kind = kind, length = tonumber(length), ttl = tonumber(ttl)}
end

local function value_of(operation, number)
  if operation.kind == "int" then
    return number
  elseif operation.kind == "float" then
    return number + 0.5
  end
  local text = ("%010d;"):format(number):rep(math.floor(operation.length / 11) + 1)
  if operation.kind == "bytes" then
    return "\255" .. text:sub(1, operation.length - 1)
  end
  return text:sub(1, operation.length)
end

-- Returns the number of the operation that has written a value, if it is whole.
local function number_of(value)
  if type(value) == "number" then
    return math.floor(value)
  end
  return tonumber(value:match("^\255?(%d%d%d%d%d%d%d%d%d%d)")) or -1
end

-- Returns whether the operation with this number has written the value of the key.
local function is_value_of(value, number, key)
  local operation = script[number % #script + 1]
  return operation.name == "set" and operation.key == key and value == value_of(operation, number)
end

-- Returns the report about the value of a get or a pop.
local function read(key, number, value, message)
  assert(not message, message)
  if value == nil then
    return 0
  end
  local written = number_of(value)
  if not is_value_of(value, written, key) then
    return NOT_WHOLE
  end
  local age = number - written
  return 1 + ((age >= 0 and age <= AGE_MAX) and age or AGE_MAX)
end

local operations = {}

function operations.get(operation, number)
  return read(operation.key, number, dict:get(operation.key))
end

function operations.pop(operation, number)
  return read(operation.key, number, dict:pop(operation.key))
end

-- Tries once: another worker may win.
function operations.exchange(operation)
  local found = assert(dict:get(operation.key))
  local exchanged, message = dict:compare_exchange(operation.key, found, found + 1)
  assert(exchanged ~= nil, message)
  return exchanged and EXCHANGED or NOT_EXCHANGED
end

function operations.set(operation, number)
  assert(dict:set(operation.key, value_of(operation, number), operation.ttl / 1000))
end

function operations.delete(operation)
  assert(dict:delete(operation.key))
end

function operations.add(operation)
  assert(dict:incr(operation.key, 1, 0))
end

function operations.add_float(operation)
  assert(dict:incr(operation.key, 0.5, 0.0))
end

function operations.delete_expired()
  assert(dict:flush_expired())
end

function operations.reindex()
  assert(dict:reindex())
end

local function report(operation, number)
  io.write(string.char(operations[operation.name](operation, number) or 1))
end

io.stdout:setvbuf("no")
report({name = "delete", key = "none"}, first)
for _, operation in ipairs(script) do
  if operation.name == "get" then
    report(operation, first)
  end
end
local number = first
while count < 0 or number < first + count do
  report(script[number % #script + 1], number)
  number = number + 1
end
