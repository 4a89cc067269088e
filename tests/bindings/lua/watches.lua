--- Tests what is special to watches in Lua: their lifetime, forks, and the event loops for Lua that Debian has.

package.path = arg[0]:match("^.*/") .. "?.lua;" .. package.path

-- These open descriptors of their own when they are loaded, before the runner counts the descriptors.
local has_luv, luv = pcall(require, "luv")
local has_poll, poll = pcall(require, "posix.poll")
local has_cqueues, cqueues = pcall(require, "cqueues")

local runner = require "runner"
local shareable = require "shareable"
local watching = require "watching"

local test, name, keep = runner.test, runner.name, runner.keep
local equal, same, fails, raises = runner.equal, runner.same, runner.fails, runner.raises
local changes, with_watch = watching.changes, watching.with_watch
local bytes = shareable.bytes

-- Waits until the watch reports the item. It may also report items that have not changed, for example when another
-- process ends a wait for them.
local function wait_for(watch, wanted)
  while true do
    for _, index in ipairs(changes(watch)) do
      if index == wanted then
        return
      end
    end
  end
end

test("watch_keeps_its_list", function()
  local known = name()
  local w
  do
    local l = assert(shareable.list({1}, {name = known}))
    w = assert(l:watch(1))
  end
  collectgarbage()
  collectgarbage()
  local l = keep(shareable.list{name = known})
  l[1] = 2
  same(changes(w), {1})
  w:close()
end)

test("closed_watch_is_refused", function()
  local l = keep(shareable.list({1}))
  local w = assert(l:watch(1))
  w:close()
  w:close()
  equal(w.closed, true)
  equal(w.fd, nil)
  equal(tostring(w), "shareable.watch (closed)")
  raises("the watch is closed", function() w:changed() end)
  raises("shareable.watch expected", function() w.changed(l) end)
  raises("cannot be assigned", function() w.fd = 5 end)
  l[1] = 2
end)

local scope = (loadstring or load)("local object = ... do local held <close> = object end return object.closed")
local scope_test = scope and test or runner.skip -- luacheck: ignore 113
scope_test("end_of_a_scope_closes_it", scope and function()
  equal(scope(assert(keep(shareable.list({1})):watch())), true)
end or "this Lua has no <close>")

test("watches_of_wrong_things_are_refused", function()
  local l = keep(shareable.list({1, 2}, {name = name()}))
  raises("index 3 out of range", function() l:watch(1, 3) end)
  raises("index 0 out of range", function() l:watch(0) end)
  raises("index -3 out of range", function() l:watch(-3) end)
  raises("out of range", function() l:watch(runner.min_integer) end)
  raises([[an index, "list" or "lock" expected]], function() l:watch("item") end)
  raises("number expected", function() l:watch({}) end)
  raises("number expected", function() l:watch(nil) end)
  raises("shareable.list expected", function() l.watch(l.memory) end)
  local bare = keep(shareable.list({1}, {no_sync = true}))
  fails("E_NO_SYNC", bare.name, bare:watch("lock"))
  with_watch(bare:watch(1), function(w)
    bare[1] = 3
    same(changes(w), {1})
  end)
  raises("read-only", function() keep(shareable.list{name = l.name, read_only = true}):watch("lock") end)
end)

-- lua-posix also has fork(), which Lua itself does not have.
local has_fork, unistd = pcall(require, "posix.unistd")
local fork_test = has_fork and test or runner.skip
fork_test("child_of_a_fork_has_a_watch_of_its_own", has_fork and function()
  local l = keep(shareable.list({1, 2}, {name = name()}))
  with_watch(l:watch(1, 2), function(w)
    io.stdout:flush()
    if unistd.fork() == 0 then
      local reported = #changes(w)
      w:changed()
      l[2] = 5
      wait_for(w, 2)
      os.exit(reported == 2 and 0 or 1, true)
    end
    wait_for(w, 2)
    local _, reason, code = require("posix.sys.wait").wait()
    equal(reason, "exited")
    equal(code, 0)
  end)
end or "there is no posix.unistd (lua-posix) for this Lua")

-- Waits until the watch has reported all of these keys, and no other.
local function wait_for_keys(watch, ...)
  local missing = {}
  for _, key in ipairs{...} do
    missing[tostring(key)] = true
  end
  while next(missing) do
    for _, key in ipairs(changes(watch)) do
      missing[tostring(key)] = nil
    end
  end
end

test("watch_reports_keys_of_a_dict", function()
  local d = keep(shareable.dict{places = 100, name = name()})
  d.rate = 1
  with_watch(d:watch("rate", "new", 7, bytes "raw"), function(w)
    same(w:changed(), {})
    d.other = 2 -- is not watched, but may be reported as a new key
    d.rate = 5
    wait_for_keys(w, "rate")
    d.new, d[7] = 1, 2
    wait_for_keys(w, "new", "7")
    d:set(bytes "raw", 3)
    wait_for_keys(w, bytes "raw")
    d.rate = nil
    wait_for_keys(w, "rate")
    d.rate = 6
    wait_for_keys(w, "rate")
    for i = 1, 50 do -- so that the key gets another place
      d:set("filler " .. i, i)
    end
    for i = 1, 20 do
      d:delete "rate"
      d:set("more " .. i, i)
      d.rate = i
      wait_for_keys(w, "rate")
      d:incr("rate", 1)
      wait_for_keys(w, "rate")
    end
    watching.pause(0.1)
    w:changed()
    watching.pause(0.1)
    same(w:changed(), {})
    d:close()
    wait_for_keys(w, "rate", "new", "7", bytes "raw")
    watching.pause(0.1)
    same(w:changed(), {})
  end)
end)

test("watch_of_keys_works_read_only", function()
  local d = keep(shareable.dict{places = 100, name = name()})
  local reader = keep(shareable.dict{name = d:list().name, read_only = true})
  for i = 1, 10 do
    with_watch(reader:watch(i), function(w)
      d:set(i, 1)
      wait_for_keys(w, i)
      d:set(i, 2)
      wait_for_keys(w, i)
      d:delete(i)
      wait_for_keys(w, i)
    end)
    d:set("other " .. i, 1)
  end
end)

test("watch_of_keys_keeps_its_dict_and_keys", function()
  local known = name()
  local w
  do
    local d = assert(shareable.dict{places = 10, name = known})
    w = assert(d:watch("k" .. "ey", 7, bytes("b" .. "ytes")))
  end
  collectgarbage()
  collectgarbage()
  local d = keep(shareable.dict{name = known})
  d.key = 2
  wait_for_keys(w, "key")
  d:set(bytes "bytes", 2)
  wait_for_keys(w, bytes "bytes")
  w:close()
  equal(w.closed, true)
  raises("the watch is closed", function() w:changed() end)
end)

test("watch_of_keys_refuses_other_keys", function()
  local d = keep(shareable.dict{places = 10, name = name()})
  raises("a key expected: d:list():watch() watches all keys", function() d:watch() end)
  raises("a key must be a string, a number or shareable.bytes, not nil", function() d:watch("a", nil, "b") end)
  raises("a key must be a string, a number or shareable.bytes, not a table", function() d:watch("a", {}) end)
  raises("shareable.dict expected", function() d.watch(d:list(), 1) end)
  fails("E_KEY", "key too long", d:watch("a", ("x"):rep(33)))
  fails("E_KEY", "empty key", d:watch "")
  local reader = keep(shareable.dict{name = d:list().name, read_only = true})
  fails("E_KEY", "key too long", reader:watch(("x"):rep(33)))
  d:close()
  raises("is closed", function() d:watch "key" end)
end)

local poll_test = has_poll and test or runner.skip
poll_test("luaposix_polls_the_descriptor", has_poll and function()
  local l = keep(shareable.list({0}, {name = name()}))
  with_watch(l:watch(1), function(w)
    equal(poll.rpoll(w.fd, 0), 0)
    l[1] = 1
    equal(poll.rpoll(w.fd, 10000), 1)
    same(w:changed(), {1})
    equal(poll.rpoll(w.fd, 0), 0)
    local pipe = runner.start(l.name, "for i = 2, 1000 do l[1] = i end")
    while l[1] < 1000 do
      equal(poll.rpoll(w.fd, 10000), 1)
      w:changed()
    end
    runner.wait_for_exit(pipe)
  end)
end or "there is no posix.poll (lua-posix) for this Lua")

local luv_test = has_luv and test or runner.skip

-- Runs the event loop until is_done() is true after a report of the watch, for at most 20 seconds.
local function run_loop_until(w, is_done)
  local handle, timer = luv.new_poll(w.fd), luv.new_timer()
  local function close()
    handle:close()
    timer:close()
  end
  handle:start("r", function(failure)
    equal(failure, nil)
    w:changed()
    if is_done() then
      close()
    end
  end)
  timer:start(20000, 0, close)
  luv.run()
end

luv_test("luv_calls_back_when_a_key_changes", has_luv and function()
  local d = keep(shareable.dict{places = 100, name = name()})
  with_watch(d:watch "count", function(w)
    local pipe = runner.start(d:list().name, [[
      local d = shareable.dict{name = l.name}
      for i = 1, 300 do
        if i % 50 == 0 then
          d.count = nil
          d:set(i, i)
        end
        d.count = i
      end]])
    run_loop_until(w, function() return d.count == 300 end)
    equal(d.count, 300)
    runner.wait_for_exit(pipe)
  end)
end or "there is no luv (lua-luv) for this Lua")

luv_test("luv_calls_back_when_an_item_changes", has_luv and function()
  local l = keep(shareable.list({0, 0}, {name = name()}))
  with_watch(l:watch(2), function(w)
    local pipe = runner.start(l.name, "for i = 1, 1000 do l[2] = i end")
    run_loop_until(w, function() return l[2] == 1000 end)
    equal(l[2], 1000)
    runner.wait_for_exit(pipe)
  end)
end or "there is no luv (lua-luv) for this Lua")

local cqueues_test = has_cqueues and test or runner.skip
cqueues_test("cqueues_resumes_a_coroutine_when_an_item_changes", has_cqueues and function()
  local l = keep(shareable.list({0, 0}, {name = name()}))
  local queue = cqueues.new()
  with_watch(l:watch(2), function(w)
    queue:wrap(function()
      while l[2] < 1000 do
        if not cqueues.poll({pollfd = w.fd, events = "r"}, 20) then
          return
        end
        w:changed()
      end
      cqueues.cancel(w.fd)
    end)
    local pipe = runner.start(l.name, "for i = 1, 1000 do l[2] = i end")
    assert(queue:loop(20))
    equal(l[2], 1000)
    runner.wait_for_exit(pipe)
  end)
  queue:close()
end or "there is no cqueues (lua-cqueues) for this Lua")

watching.finish()
runner.finish()
