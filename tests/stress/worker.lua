-- worker.lua - a worker of the stress test, in Lua: see stress.h. It works until it is killed.
local shareable = require "shareable"

local VALUES, ADDED, LOCKED, TICK, TOCK = 12, 13, 14, 15, 16
local READS, WRITES, WAITS, NOTED_ADDED, NOTED_LOCKED, OWNER_DIED = 1, 2, 3, 4, 5, 6
local TORN, STUCK, DAMAGED, OTHERS = 7, 8, 9, 10
local COLUMNS, RECORD_TEXT_MAX = 16, 472

local role, name, row, seed = arg[1], arg[2], COLUMNS * math.tointeger(arg[3]), math.tointeger(arg[4])
local list = assert(shareable.list{name = name})
local tally = assert(shareable.list{name = name .. "-tally"})
math.randomseed(seed)

local function count(column)
  assert(tally:add(row + column, 1))
end

-- Lua's clocks are too coarse, so this uses the time that the metronome writes.
local function check_duration(start, operation)
  local passed = (list[TICK] - start) / 1e9
  if start > 0 and passed > 1 then
    count(STUCK)
    io.stderr:write(("stress: Lua: %s took %.3f s\n"):format(operation, passed))
  end
end

local function with_checksum(number, kind)
  local low = number & 0xfffffffe | kind
  return (low * 0x9e3779b1 & 0x3fffffff) << 32 | low
end

local function letter(length, base)
  return string.char(base:byte() + length % 26)
end

local function is_whole(value)
  if math.type(value) == "integer" then
    return value == with_checksum(value, 0)
  elseif math.type(value) == "float" then
    local bits = string.unpack("i8", string.pack("d", value))
    return bits == with_checksum(bits, 1)
  elseif type(value) == "string" then
    return value == letter(#value, "a"):rep(#value)
  elseif value == shareable.none or value == true then
    return true
  end
  local text = value:string()
  return text == letter(#text, "A"):rep(#text)
end

local function some_value(room)
  local kind = math.random(0, 9)
  if kind < 4 then
    return with_checksum(math.random(0, 0xffffffff), 0)
  elseif kind < 6 then
    return (string.unpack("d", string.pack("i8", with_checksum(math.random(0, 0xffffffff), 1))))
  elseif kind < 8 then
    return kind == 6 or shareable.none
  end
  local length = math.random(0, room)
  return kind == 8 and letter(length, "a"):rep(length) or shareable.bytes(letter(length, "A"):rep(length))
end

local function count_up()
  local start = list[TICK]
  assert(list:add(ADDED, 1))
  count(NOTED_ADDED)
  assert(list:with_lock(function(owner_died)
    if owner_died then
      count(OWNER_DIED)
    end
    assert(list:set(LOCKED, list[LOCKED] + 1))
    count(NOTED_LOCKED)
    return true
  end, 2))
  check_duration(start, "counting")
end

local work = {}

function work.writer()
  local i = math.random(VALUES)
  local value = some_value(list:capacity(i))
  local start = list[TICK]
  assert(list:set(i, value))
  check_duration(start, "a write")
  count(WRITES)
  if math.random(8) == 1 then
    count_up()
  end
end

function work.reader()
  local i = math.random(VALUES)
  local start = list[TICK]
  local value, _, code = list:get(i)
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

local hash = 0

local function wait_for(kind)
  if kind == 3 then
    return list:with_lock(function(owner_died)
      if owner_died then
        count(OWNER_DIED)
      end
      return list:wait(TICK, list[TICK], 1)
    end, 2)
  elseif kind == 2 then
    local now, message, code = list:wait_any(hash, 1)
    hash = now or hash
    return now, message, code
  end
  local i = kind == 1 and TICK or TOCK
  return list:wait(i, list[i], 1)
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

while true do
  work[role]()
end
