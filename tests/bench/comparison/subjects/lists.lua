--- The contenders in Lua (see subject.h for the protocol): this library, and a Lua table.
--
-- lists.lua ours | table

local shareable = require "shareable"

local ITEMS, ITEM = 1000, 501
local TEXT, OTHER = "sixteen bytes ok", "sixteen more, ok"

-- os.clock returns processor time, which stops while the program sleeps, so it is the second
-- choice.
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

local works = {}

local function reading(items)
  return function(times)
    for _ = 1, times do
      local _ = items[ITEM]
    end
  end
end

function works.read(kind)
  return reading(items_of(kind))
end

function works.write(kind)
  local items = items_of(kind)
  local one, other = values_of(kind)
  return function(times)
    for _ = 1, times, 2 do
      items[ITEM] = other
      items[ITEM] = one
    end
  end
end

works["team-read"] = function(name)
  return reading(assert(shareable.list{name = name}))
end

works["team-write"] = function(name)
  local items = assert(shareable.list{name = name})
  return function(times)
    for i = 1, times do
      items[ITEM] = i
    end
  end
end

works["team-add"] = function(name)
  local items = assert(shareable.list{name = name})
  return function(times)
    for _ = 1, times do
      items:add(ITEM, 1)
    end
  end
end

works["team-locked"] = function(name)
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

-- Runs the work in batches that grow until the cost of reading the clock does not matter.
local function work_for(seconds, run)
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

local before, run
for line in io.lines() do
  local nanoseconds, asked = line:match("^(%d+) (.*)$")
  if asked ~= before then
    local name, word = asked:match("^(%S+) (%S+)$")
    before, run = asked, works[name](word)
  end
  print(("%d %.0f"):format(work_for(nanoseconds / 1e9, run)))
  io.stdout:flush()
end
