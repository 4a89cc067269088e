-- dict_worker.lua - the worker of test_dicts.py in Lua, see dict_worker.c.
--
-- usage: dict_worker.lua NAME ID OPERATIONS
local shareable = require "shareable"

local OWN_KEYS, SHARED_KEYS = 200, 10

local name, id, operations = arg[1], arg[2], tonumber(arg[3])
local dict = assert(shareable.dict{name = name})
local model, added = {}, {}

-- A block to convert floats to bytes.
local scratch = assert(shareable.memory{size = 8})
scratch:unlink()

math.randomseed(tonumber(id:match("%d+")) or 1)

local function own_key()
  return id .. ":" .. math.random(0, OWN_KEYS - 1)
end

local function shared_key()
  local n = math.random(0, SHARED_KEYS - 1)
  return n, "shared:" .. n
end

local function set_own()
  local key, number = own_key(), math.random(0, 999999)
  local kinds = {number, number + 0.5, ("0"):rep(math.max(number % 500 - #tostring(number), 0)) .. number}
  local value = kinds[math.random(3)]
  assert(dict:set(key, value))
  model[key] = value
end

local function delete_own()
  local key = own_key()
  local value, message = dict:pop(key)
  assert(value == model[key], message or key)
  model[key] = nil
end

local function check_own()
  local key = own_key()
  local value, message = dict:get(key)
  assert(value == model[key] and math.type(value) == math.type(model[key]), message or key)
end

local function add_to_shared()
  local n, key = shared_key()
  local amount = math.random(0, 99)
  assert(dict:incr(key, amount, 0))
  added[n] = added[n] + amount
end

-- Tries once: another worker may win.
local function exchange_shared()
  local n, key = shared_key()
  local found, amount = dict:get(key), math.random(0, 99)
  if found then
    local exchanged, message = dict:compare_exchange(key, found, found + amount)
    assert(exchanged ~= nil, message)
    added[n] = added[n] + (exchanged and amount or 0)
  end
end

local function describe(value)
  if type(value) == "string" then
    return "str " .. value:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
  elseif math.type(value) == "integer" then
    return ("int %d"):format(value)
  end
  scratch:pack(">d", 0, value)
  return "float " .. scratch:read():gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
end

for n = 0, SHARED_KEYS - 1 do
  added[n] = 0
end
local choices = {set_own, delete_own, check_own, check_own, exchange_shared, exchange_shared, add_to_shared,
  add_to_shared}
for _ = 1, operations do
  choices[math.random(#choices)]()
end
for n = 0, SHARED_KEYS - 1 do
  print("shared", n, ("%d"):format(added[n]))
end
for key, value in pairs(model) do
  print("own", key, (describe(value)))
end
