-- worker.lua - a worker of the stress test, in Lua: see stress.h. It works until it is killed.
--
-- It runs in Lua from 5.3 on and in LuaJIT, whose numbers are all doubles. In LuaJIT, it counts the
-- calls of the functions of shareable.raw, which call C code by Lua's interface. An operation
-- without such a call took the fast path, the FFI. LuaJIT without a compiler, for example on s390x,
-- does not use the FFI, and counts nothing.
local raw = require "shareable.raw"
local found_ffi, ffi = pcall(require, "ffi")

local has_fast_path = jit and jit.status()
local api_calls = 0

local function counted(f)
  return function(...)
    api_calls = api_calls + 1
    return f(...)
  end
end

if has_fast_path then -- before the modules in Lua take the functions
  for name, f in pairs(raw) do
    if type(f) == "function" and name:find "^list_" then
      raw[name] = counted(f)
    end
  end
  local metatable = raw.metatables.list
  metatable.__index, metatable.__newindex = counted(metatable.__index), counted(metatable.__newindex)
end

local shareable = require "shareable"

local VALUES, ADDED, LOCKED, TICK, TOCK = 12, 13, 14, 15, 16
local SWAPPED, NUMBERS, NUMBER_COUNT, CALLS, ANSWERS, BURST = 19, 20, 4, 24, 28, 64
local READS, WRITES, WAITS, NOTED_ADDED, NOTED_LOCKED, OWNER_DIED = 1, 2, 3, 4, 5, 6
local TORN, STUCK, DAMAGED, OTHERS, LOST, NOTED_SWAPPED, MEASURED, FAST = 7, 8, 9, 10, 11, 12, 13, 14
local COLUMNS, RECORD_TEXT_MAX = 16, 472
local VALUE_BURST, LIMIT = 32, 2 -- seconds

local role, number = arg[1]:match "^(%a+)%-?(%d*)$"
local name, row, seed = arg[2], COLUMNS * tonumber(arg[3]), tonumber(arg[4])
local list = assert(shareable.list{name = name})
local tally = assert(shareable.list{name = name .. "-tally"})
math.randomseed(seed)

local sums = {}

-- Only this worker adds to its row, so it knows each sum.
local function count(column, amount)
  amount = amount or 1
  local sum = assert(tally:add(row + column, amount))
  assert(not sums[column] or sum == sums[column] + amount, "a wrong sum")
  sums[column] = sum
end

local measured, fast = 0, 0

-- Counts an operation. `calls` is the number of calls of C code before it.
local function measure(calls)
  measured = measured + 1
  if api_calls == calls then
    fast = fast + 1
  end
end

local function count_measured()
  if has_fast_path then
    count(MEASURED, measured)
    count(FAST, fast)
  end
  measured, fast = 0, 0
end

-- Lua's clocks are too coarse, so this uses the time that the metronome writes.
local function check_duration(start, operation)
  local passed = (list[TICK] - start) / 1e9
  if start > 0 and passed > LIMIT then
    count(STUCK)
    io.stderr:write(("stress: Lua: %s took %.3f s\n"):format(operation, passed))
  end
end

-- The product of the lower 20 bits is exact in a double.
local function with_checksum(random, kind)
  local low = random - random % 2 + kind
  return low % 1048576 * 489905 % 1048576 * 4294967296 + low
end

local bits_of, of_bits

if found_ffi then
  local both = ffi.new "union { double number; int64_t bits; }"

  function bits_of(float)
    both.number = float
    return tonumber(both.bits)
  end

  function of_bits(bits)
    both.bits = bits
    return both.number
  end
else
  function bits_of(float)
    return (string.unpack("i8", string.pack("d", float)))
  end

  function of_bits(bits)
    return (string.unpack("d", string.pack("i8", bits)))
  end
end

local function letter(length, base)
  return string.char(base:byte() + length % 26)
end

-- The bits of a float are those of a number between 0 and 1. But LuaJIT writes an integer as a float
-- if the item is a float.
local function is_whole_number(value)
  if value == 0 or value >= 1 then
    return value == with_checksum(value % 4294967296, 0)
  end
  local bits = bits_of(value)
  return bits == with_checksum(bits % 4294967296, 1)
end

local function is_whole(value)
  if type(value) == "number" then
    return is_whole_number(value)
  elseif type(value) == "string" then
    return value == letter(#value, "a"):rep(#value)
  elseif value == shareable.none or value == true then
    return true
  elseif type(value) ~= "userdata" then
    return false
  end
  local text = value:string()
  return text == letter(#text, "A"):rep(#text)
end

local function some_number(kind)
  if kind == "boolean" then
    return true
  elseif kind == "float" then
    return of_bits(with_checksum(math.random(0, 0x7fffffff), 1))
  end
  return with_checksum(math.random(0, 0x7fffffff), 0)
end

local function some_value(room)
  local kind = math.random(0, 9)
  if kind < 6 then
    return some_number(kind < 4 and "integer" or "float")
  elseif kind < 8 then
    return kind == 6 or shareable.none
  end
  local length = math.random(0, room)
  return kind == 8 and letter(length, "a"):rep(length) or shareable.bytes(letter(length, "A"):rep(length))
end

-- Counts an item up under the lock, each time with another type. LuaJIT has only one type of
-- numbers.
local function count_locked_up()
  local value = tonumber(list[LOCKED])
  value = (math.tointeger and math.tointeger(value) or value) + 1
  if value % 3 == 1 then
    value = value + 0.0
  elseif value % 3 == 2 then
    value = ("%d"):format(value)
  end
  assert(list:set(LOCKED, value))
end

local function swap_up()
  local swapped
  repeat
    local calls = api_calls
    local value = list[SWAPPED]
    measure(calls)
    swapped = list:compare_exchange(SWAPPED, value, value + 1)
  until swapped
  count(NOTED_SWAPPED)
end

local function count_up()
  local start, calls = list[TICK], api_calls
  assert(list:add(ADDED, 1))
  measure(calls)
  count(NOTED_ADDED)
  swap_up()
  assert(list:with_lock(function(owner_died)
    if owner_died then
      count(OWNER_DIED)
    end
    count_locked_up()
    count(NOTED_LOCKED)
    return true
  end, 2 * LIMIT))
  check_duration(start, "counting")
end

-- Writes a number many times. In one of four calls, it changes its type first.
local function write_numbers()
  local i = NUMBERS + math.random(0, NUMBER_COUNT - 1)
  local kind = list:type(i)
  if math.random(4) == 1 then
    kind = ({"integer", "float", "boolean"})[math.random(3)]
  end
  for _ = 1, BURST do
    local value, calls = some_number(kind), api_calls
    list[i] = value
    measure(calls)
  end
end

local function read_numbers()
  local i = NUMBERS + math.random(0, NUMBER_COUNT - 1)
  for _ = 1, BURST do
    local calls = api_calls
    local value = list[i]
    measure(calls)
    if not is_whole(value) then
      count(TORN)
    end
  end
end

-- Lets other processes run. A killed process keeps its locks until it has run once more, which takes
-- long if many processes are busy. Nothing changes the item: no worker uses that column.
local function pause()
  tally:wait(row + COLUMNS, 0, math.random() * 0.0001)
end

local work = {}

function work.writer()
  local i = math.random(VALUES)
  local value = some_value(list:capacity(i))
  local start, calls = list[TICK], api_calls
  assert(list:set(i, value))
  measure(calls)
  check_duration(start, "a write")
  count(WRITES)
  if math.random(8) == 1 then
    count_up()
  end
  start = list[TICK]
  write_numbers()
  check_duration(start, "writing numbers")
  count_measured()
  pause()
end

local function read_value()
  local i = math.random(VALUES)
  local start, calls = list[TICK], api_calls
  local value, _, code = list:get(i)
  measure(calls)
  check_duration(start, "a read")
  count(READS)
  if value ~= nil and not is_whole(value) or code == "E_UTF8" then
    count(TORN)
  elseif code == "E_CORRUPT" and list:capacity(i) > RECORD_TEXT_MAX then
    count(DAMAGED)
  elseif code then
    count(OTHERS)
  end
end

function work.reader()
  for _ = 1, VALUE_BURST do
    read_value()
  end
  local start = list[TICK]
  read_numbers()
  check_duration(start, "reading numbers")
  count_measured()
  pause()
end

local called = 0

-- Counts an int up, by each method in turn.
local function write_call()
  local i = CALLS + number
  called = called + 1
  if called % 3 == 0 then
    list[i] = called
  elseif called % 3 == 1 then
    assert(list:add(i, 1))
  else
    assert(list:compare_exchange(i, called - 1, called))
  end
end

-- Writes an int, which must wake a process in C. That process writes an answer.
function work.caller()
  local i = ANSWERS + number
  local before = list[i]
  write_call()
  -- The other process may not have started before the first call.
  local value, message, code = list:wait(i, before, called > 1 and LIMIT or nil)
  if code == "E_TIMED_OUT" then
    count(LOST)
  else
    assert(value, message)
  end
  count(WAITS)
  pause()
end

local hash = 0

local function wait_for(kind)
  if kind == 3 then
    return list:with_lock(function(owner_died)
      if owner_died then
        count(OWNER_DIED)
      end
      return list:wait(TICK, list[TICK], LIMIT)
    end, 2 * LIMIT)
  elseif kind == 2 then
    local now, message, code = list:wait_any(hash, LIMIT)
    hash = now or hash
    return now, message, code
  end
  local i = kind == 1 and TICK or TOCK
  return list:wait(i, list[i], LIMIT)
end

function work.watcher()
  local value, message, code = wait_for(math.random(0, 3))
  if code == "E_TIMED_OUT" then
    count(STUCK)
    io.stderr:write("stress: Lua: ", message, "\n")
  else
    assert(value, message)
    count(WAITS)
  end
end

number = tonumber(number)
while true do
  work[role]()
end
