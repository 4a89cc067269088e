--- The subjects in Lua: this library, and a Lua table. subject.h describes the protocol.
--
-- lists.lua ours | table

local shareable = require "shareable"

local ITEMS, ITEM = 1000, 501
local TEXT, OTHER = "sixteen bytes ok", "sixteen more, ok"

-- os.clock() returns processor time, which stops while the program sleeps. It is used only without
-- the package socket.
local has_socket, socket = pcall(require, "socket")
local clock = has_socket and socket.gettime or os.clock

local is_ours = arg[1] == "ours"

-- Returns two different values of a type.
local function values_of(kind)
  local bytes = is_ours and shareable.bytes or function(text) return text end
  local values = {
    none = {shareable.none, shareable.none},
    bool = {true, false},
    int = {7, 8},
    float = {2.5, 3.5},
    str = {TEXT, OTHER},
    bytes = {bytes(TEXT), bytes(OTHER)},
  }
  return values[kind][1], values[kind][2]
end

local function items_of(kind)
  local value, items = values_of(kind), {}
  for i = 1, ITEMS do
    items[i] = value
  end
  if not is_ours then
    return items
  end
  local list = assert(shareable.list(items))
  list:unlink()
  return list
end

local tasks = {}

local function reading(items)
  return function(times)
    for _ = 1, times do
      local _ = items[ITEM]
    end
  end
end

function tasks.read(kind)
  return reading(items_of(kind))
end

function tasks.write(kind)
  local items = items_of(kind)
  local first, second = values_of(kind)
  return function(times)
    for _ = 1, times, 2 do
      items[ITEM] = second
      items[ITEM] = first
    end
  end
end

tasks["team-read"] = function(name)
  return reading(assert(shareable.list{name = name}))
end

tasks["team-write"] = function(name)
  local items = assert(shareable.list{name = name})
  return function(times)
    for i = 1, times do
      items[ITEM] = i
    end
  end
end

tasks["team-add"] = function(name)
  local items = assert(shareable.list{name = name})
  return function(times)
    for _ = 1, times do
      items:add(ITEM, 1)
    end
  end
end

tasks["team-locked"] = function(name)
  local items = assert(shareable.list{name = name})
  local function add()
    items[ITEM] = items[ITEM] + 1
  end
  return function(times)
    for _ = 1, times do
      items:with_lock(add)
    end
  end
end

-- Runs the task in batches, which grow until the cost of reading the clock is negligible.
local function run_for(seconds, run)
  local start, times, done = clock(), 2, 0
  local last = start
  repeat
    run(times)
    done = done + times
    local now = clock()
    if now - last < seconds / 64 then
      times = times * 2
    end
    last = now
  until last - start >= seconds
  return done, (last - start) * 1e9
end

local current, run
for line in io.lines() do
  local nanoseconds, request = line:match("^(%d+) (.*)$")
  if request ~= current then
    local name, argument = request:match("^(%S+) (%S+)$")
    current, run = request, tasks[name](argument)
  end
  print(("%d %.0f"):format(run_for(nanoseconds / 1e9, run)))
  io.stdout:flush()
end
