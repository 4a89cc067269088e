--- The cost of lists in Lua, compared with a hand-written and a SWIG-generated module: `make
--- bench-lua`.
--
-- The two sides take turns in each round, in alternating order. Each round gives one ratio; the
-- result is the median of the rounds. Exits with 1 if a limit is missed.

package.cpath = "./?.so;" .. package.cpath
local shareable = require "shareable"

local ROUNDS, READS, MILLION = 41, 200000, 1000000

local plain = require "plain_lua"
local by_hand = plain.array(1000)
local by_swig = require "plain_swig".array(1000)

local function list(values)
  local made = assert(shareable.list(values))
  made:unlink()
  return made
end

local few, many = {}, {}
for i = 1, MILLION do
  many[i] = i
  few[i <= 1000 and i or 1000] = i <= 1000 and i or 1000
end
local ours, long = list(few), list(many)

local function timed(work)
  collectgarbage()
  collectgarbage("stop")
  local start = os.clock()
  work()
  local passed = os.clock() - start
  collectgarbage("restart")
  return passed
end

local function median(figures)
  table.sort(figures)
  return figures[(#figures + 1) / 2]
end

-- Returns the times of both in nanoseconds, and the ratio of the first to the second; all are
-- medians.
local function pair(one, other, count, rounds)
  local ones, others, ratios = {}, {}, {}
  for round = 0, rounds do
    local a, b
    if round % 2 == 0 then
      a = timed(one)
      b = timed(other)
    else
      b = timed(other)
      a = timed(one)
    end
    if round > 0 then
      ones[round], others[round], ratios[round] = a / count * 1e9, b / count * 1e9, a / b
    end
  end
  return median(ones), median(others), median(ratios)
end

local missed = false

-- Prints one line: both times in nanoseconds, their ratio, and the limit.
local function show(title, mine, other, theirs, ratio, mark, is_kept)
  missed = missed or not is_kept
  print(("%-26s %6.1f ns   %-14s %6.1f ns   %5.2f x   %-14s %s")
    :format(title, mine, other, theirs, ratio, mark, is_kept and "ok" or "MISSED"))
end

local function read_ours() for _ = 1, READS do local _ = ours[500] end end
local function read_by_hand() for _ = 1, READS do local _ = by_hand[500] end end
local function read_by_swig() for _ = 1, READS do local _ = by_swig:get(499) end end

local kept
local function to_table() kept = long:totable() end
local function to_table_by_hand() kept = plain.table(MILLION) end

print(("shareable %s, %s, %d rounds, medians"):format(shareable.version, jit and jit.version or _VERSION, ROUNDS))
local mine, theirs, ratio = pair(read_ours, read_by_hand, READS, ROUNDS)
show("l[i], an int", mine, "by hand in C", theirs, ratio, "≤ 1.5 x", ratio <= 1.5)
mine, theirs, ratio = pair(read_ours, read_by_swig, READS, ROUNDS)
show("l[i], an int", mine, "SWIG's method", theirs, ratio, "≤ 0.33 x", ratio <= 1 / 3)
mine, theirs, ratio = pair(to_table, to_table_by_hand, MILLION, 15)
assert(#kept == MILLION)
show("totable, 1,000,000 ints", mine, "a table alone", theirs, ratio, "≤ 15 ns", mine <= 15)
os.exit(missed and 1 or 0)
