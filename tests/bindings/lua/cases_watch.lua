--- Tests the cases of tests/bindings/cases.txt about watches, in that order, which every binding passes.

package.path = arg[0]:match("^.*/") .. "?.lua;" .. package.path

local runner = require "runner"
local shareable = require "shareable"
local watching = require "watching"

local test, name, keep = runner.test, runner.name, runner.keep
local equal, same, fails, raises = runner.equal, runner.same, runner.fails, runner.raises
local pause, changes, with_watch = watching.pause, watching.changes, watching.with_watch

-- Returns a list of `count` zeros.
local function zeros(count, options)
  local values = {}
  for i = 1, count do
    values[i] = 0
  end
  return keep(shareable.list(values, options or {name = name()}))
end

local function reader_of(list)
  return keep(shareable.list{name = list.name, read_only = true})
end

-- Returns the number of threads of this process.
local function threads()
  local file = assert(io.open("/proc/self/status"))
  local status = file:read("*a")
  file:close()
  return tonumber(status:match("Threads:%s*(%d+)"))
end

test("watch_reports_a_change_of_an_item", function()
  local l = keep(shareable.list({1, 2, "three", 4}))
  with_watch(l:watch(1, -2, 4), function(w)
    equal(w.fd > 2, true)
    equal(w.closed, false)
    equal(tostring(w), ("shareable.watch (fd %d)"):format(w.fd))
    l[3] = "changed"
    same(changes(w), {3})
    l[1], l[4] = 5, 6
    local found = changes(w)
    for _ = 1, 100 do
      if #found == 2 then
        break
      end
      pause(0.01)
      for _, index in ipairs(w:changed()) do
        found[#found + 1] = index
      end
    end
    table.sort(found)
    same(found, {1, 4})
  end)
end)

test("watch_reports_nothing_while_nothing_changes", function()
  local l = zeros(3)
  with_watch(l:watch(1, 3), function(w)
    same(w:changed(), {})
    l[2] = 7 -- is not watched
    pause(0.15)
    same(w:changed(), {})
    l[1] = 1
    same(changes(w), {1})
    pause(0.15)
    same(w:changed(), {})
  end)
end)

test("watch_reports_each_of_many_items", function()
  local l, indexes, seen = zeros(200), {}, {}
  for i = 1, 200 do
    indexes[i] = i
  end
  with_watch(l:watch((unpack or table.unpack)(indexes)), function(w) -- luacheck: ignore 113
    for round = 1, 3 do
      local missing = 200
      for i = 1, 200 do
        l[i] = round
        seen[i] = false
      end
      while missing > 0 do
        for _, index in ipairs(changes(w)) do
          if seen[index] == false then
            seen[index] = l[index]
            missing = missing - 1
          end
        end
      end
      for i = 1, 200 do
        equal(seen[i], round)
      end
      pause(0.06)
      w:changed()
    end
  end)
end)

test("watch_reports_a_change_of_any_item_of_a_list", function()
  local l = zeros(3)
  with_watch(l:watch(), function(w)
    same(w:changed(), {})
    l[2] = 5
    same(changes(w), {"list"})
    pause(0.1)
    same(w:changed(), {})
  end)
  with_watch(l:watch("list", 3), function(w)
    l[1] = 9
    same(changes(w), {"list"})
  end)
end)

test("watch_reports_a_write_of_another_process", function()
  local l = zeros(2)
  with_watch(l:watch(2), function(w)
    local pipe = runner.start(l.name, "l[2] = 8")
    same(changes(w), {2})
    equal(l[2], 8)
    runner.wait_for_exit(pipe)
  end)
end)

-- Returns the offset in the block of the first item, which is 1.5.
local function offset_of_item(l)
  return l.memory:read():find(("").pack and ("").pack("<d", 1.5) or "\0\0\0\0\0\0\248\63", 1, true) - 1
end

test("watch_reports_a_write_to_the_bytes", function()
  local l = keep(shareable.list({1.5}, {name = name()}))
  with_watch(l:watch(1), function(w)
    with_watch(reader_of(l):watch(1), function(other)
      l.memory:pack("<d", offset_of_item(l), 2.5)
      same(changes(w), {1})
      same(changes(other), {1})
      equal(l[1], 2.5)
    end)
  end)
end)

test("watch_works_without_sync_area_or_read_only", function()
  local bare, l = zeros(2, {no_sync = true}), zeros(2)
  for _, pair in ipairs{{bare, bare}, {reader_of(l), l}, {reader_of(bare), bare}} do
    local writer = pair[2]
    with_watch(pair[1]:watch(2), function(w)
      writer[2] = writer[2] + 1
      same(changes(w), {2})
      equal(pair[1][2], writer[2])
    end)
    with_watch(pair[1]:watch(), function(w)
      writer[1] = writer[1] + 1
      same(changes(w), {"list"})
    end)
  end
end)

test("watch_misses_no_change_between_two_reports", function()
  local l = zeros(40)
  with_watch(l:watch(1, 40), function(w)
    local pipe = runner.start(l.name, "for i = 1, 1000 do l[1] = i l[40] = i end")
    local first, last = 0, 0
    while first < 1000 or last < 1000 do
      for _, index in ipairs(changes(w)) do
        if index == 1 then
          first = l[1]
        else
          last = l[40]
        end
      end
    end
    runner.wait_for_exit(pipe)
  end)
end)

test("watch_reports_that_the_lock_is_free", function()
  local l = zeros(1)
  local other = keep(shareable.list{name = l.name})
  assert(other:lock())
  with_watch(l:watch("lock"), function(w)
    pause(0.15)
    same(w:changed(), {})
    equal(select(3, l:lock(0)), "E_TIMED_OUT")
    other:unlock()
    repeat
      same(changes(w), {"lock"})
    until l:lock(0)
  end)
  equal(select(3, other:lock(0)), "E_TIMED_OUT")
  l:unlock()
end)

test("watch_reports_that_the_owner_of_the_lock_died", function()
  local l = zeros(1)
  local pipe = runner.start(l.name, [[
    l:lock()
    print(io.open("/proc/self/stat"):read("*n"))
    io.stdout:flush()
    l:wait(1, 0)
  ]])
  local process = pipe:read("*n")
  with_watch(l:watch("lock"), function(w)
    same(w:changed(), {})
    runner.succeeds(("kill -KILL %d"):format(process))
    pipe:close()
    local locked, state
    repeat
      same(changes(w), {"lock"})
      locked, state = l:lock(0)
    until locked
    equal(state, "owner died")
    l:unlock()
  end)
end)

test("watch_can_be_ended_and_begun_again", function()
  local l = zeros(1)
  for round = 1, 20 do
    local w = assert(l:watch(1))
    w:close()
    w:close()
    equal(w.closed, true)
    equal(w.fd, nil)
    equal(tostring(w), "shareable.watch (closed)")
    raises("the watch is closed", function() w:changed() end)
    with_watch(l:watch(1), function(again)
      l[1] = round
      same(changes(again), {1})
    end)
  end
end)

test("watch_ends_when_its_list_is_closed", function()
  local l = zeros(2)
  with_watch(l:watch(1, "list", "lock"), function(w)
    l:close()
    local found = {}
    for _, what in ipairs(changes(w)) do
      found[what] = true
    end
    equal(found[1] and found.list, true)
    pause(0.1)
    w:changed()
    same(w:changed(), {})
  end)
end)

test("watch_refuses_an_index_out_of_range_and_a_closed_list", function()
  local l = zeros(2)
  for _, index in ipairs{0, 3, -3, runner.max_exact, runner.min_integer} do
    raises("out of range", function() l:watch(1, index) end)
  end
  raises([[an index, "list" or "lock" expected]], function() l:watch("item") end)
  raises("number expected", function() l:watch({}) end)
  raises("shareable.list expected", function() l.watch(l.memory) end)
  l:close()
  raises("list '" .. l.name .. "' is closed", function() l:watch(1) end)
  raises("list '" .. l.name .. "' is closed", function() l:watch() end)
  raises("list '" .. l.name .. "' is closed", function() l:watch("lock") end)
end)

test("watch_of_the_lock_needs_a_sync_area_and_a_writable_list", function()
  local l, bare = zeros(1), zeros(1, {no_sync = true})
  fails("E_NO_SYNC", bare.name, bare:watch("lock"))
  raises("read-only", function() reader_of(l):watch("lock") end)
end)

test("watch_of_many_lists_needs_few_threads", function()
  local lists, watches, before = {}, {}, threads()
  for i = 1, 200 do
    lists[i] = zeros(2, {})
    watches[i] = assert(lists[i]:watch(1, 2))
  end
  equal(threads() - before <= 8, true)
  for i, l in ipairs(lists) do
    l[i % 2 + 1] = i
  end
  for i, w in ipairs(watches) do
    same(changes(w), {i % 2 + 1})
    w:close()
  end
end)

watching.finish()
runner.finish()
