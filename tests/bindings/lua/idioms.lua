--- What only Lua has: its globals, its collector, its metamethods.

local globals = {}
for key in pairs(_G) do
  globals[key] = true
end

package.path = arg[0]:match("^.*/") .. "?.lua;" .. package.path

local runner = require "runner"
local shareable = require "shareable"

local test, name, keep = runner.test, runner.name, runner.keep
local equal, same, answers, raises = runner.equal, runner.same, runner.answers, runner.raises
local bytes, none = shareable.bytes, shareable.none

test("module_sets_no_globals", function()
  for key in pairs(_G) do
    equal(globals[key] and key, key)
  end
end)

test("module_gives_back_the_globals_that_swig_takes", function()
  local command = ("%s -e 'swig_type = 5 swig_equals = false require \"shareable\" os.exit(swig_type == 5 and %s)'")
    :format(arg[-1], "swig_equals == false")
  equal(os.execute(command), true)
end)

test("module_tells_its_version", function()
  equal(shareable.version:match("^%d+%.%d+%.%d+$"), shareable.version)
end)

test("bytes_are_values", function()
  local b = bytes "a\0\xff"
  equal(#b, 3)
  equal(b:string(), "a\0\xff")
  equal(tostring(b), "a\0\xff")
  equal(b == bytes "a\0\xff", true)
  equal(b == bytes "a\0\xfe", false)
  equal(b == bytes "a\0", false)
  equal(b == "a\0\xff", false)
  equal(bytes "" == bytes "", true)
  raises("string expected", function() bytes(5) end)
  raises("can be assigned to", function() b.x = 1 end)
end)

test("none_is_one", function()
  local l = keep(shareable.list({none}))
  equal(rawequal(l[1], none), true)
  equal(tostring(none), "none")
  equal(none == bytes "", false)
end)

test("close_ends_a_scope", function()
  local scope = assert(load([[
    local make, object = ...
    do local held <close> = object end
    return object.closed
  ]]))
  local m, l = keep(shareable.memory{size = 8}), keep(shareable.list({1}))
  equal(scope(nil, m), true)
  equal(scope(nil, l), true)
end)

test("collector_closes_what_is_forgotten", function()
  local function mapped()
    local count = 0
    for line in io.lines("/proc/self/maps") do
      count = count + (line:find("/dev/shm/", 1, true) and 1 or 0)
    end
    return count
  end
  local kept = keep(shareable.list({1})).memory
  local known = name()
  collectgarbage()
  local before = mapped()
  assert(shareable.memory{name = known, size = 8})
  equal(mapped(), before + 1)
  collectgarbage()
  equal(mapped(), before)
  equal(#kept:read(0, 8), 8)
  shareable.unlink(known)
end)

test("block_of_a_list_outlives_it", function()
  local m = shareable.list({7}, {name = name()}).memory
  collectgarbage()
  equal(string.unpack("=i8", m:read(0, 8)), 1)
  m:unlink()
end)

test("equal_are_two_of_one_block", function()
  local l = keep(shareable.list({1}, {name = name()}))
  local again, other = keep(shareable.list{name = l.name}), keep(shareable.list({1}))
  equal(l == again, true)
  equal(l == other, false)
  equal(l.memory == again.memory, true)
  equal(l == l.memory, false)
  equal(l == none, false)
  l:unlink()
  local heir = keep(shareable.list({1}, {name = l.name}))
  equal(l == heir, false)
end)

test("ranges_are_those_of_string_sub", function()
  local l = keep(shareable.list({1, 2, 3, 4, 5}))
  local text = "12345"
  for _, first in ipairs{math.mininteger, -6, -5, -1, 0, 1, 3, 5, 6, math.maxinteger} do
    for _, last in ipairs{math.mininteger, -6, -5, -1, 0, 1, 3, 5, 6, math.maxinteger} do
      equal(table.concat(l:totable(first, last)), text:sub(first, last))
      equal(table.concat(l:integers(first, last)), text:sub(first, last))
    end
  end
end)

test("texts_of_every_length_are_read", function()
  local l = keep(shareable.list({"", bytes ""}, {capacity = 2048}))
  for _, length in ipairs{0, 1, 7, 8, 511, 512, 513, 2047, 2048} do
    l[1] = ("x"):rep(length)
    l[2] = bytes(("\xff"):rep(length))
    equal(l[1], ("x"):rep(length))
    equal(l[2], bytes(("\xff"):rep(length)))
  end
end)

test("long_list_is_shown_in_part", function()
  local l = keep(shareable.list({n = 21, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21}))
  equal(tostring(l):find("19, 20, ... 21 items}", 1, true) ~= nil, true)
end)

test("lock_is_given_back_however_its_function_ends", function()
  local l = keep(shareable.list({0}, {name = name()}))
  local other = keep(shareable.list{name = l.name})
  local function is_free()
    return other:lock(0) and other:unlock() or false
  end
  local thread = coroutine.create(function() return l:with_lock(coroutine.yield) end)
  same({coroutine.resume(thread)}, {true, false})
  equal(is_free(), false)
  same({coroutine.resume(thread, 7, 8)}, {true, 7, 8})
  equal(is_free(), true)
  thread = coroutine.create(function() l:with_lock(coroutine.yield) end)
  coroutine.resume(thread)
  equal(is_free(), false)
  equal(coroutine.close(thread), true)
  equal(is_free(), true)
  local _, trace = xpcall(l.with_lock, debug.traceback, l, function() local _ = l.name.x.y end)
  equal(trace:match("^%C*idioms%.lua:%d+: attempt to index a nil value") ~= nil, true)
  equal(select(2, trace:gsub("idioms%.lua:", "")) > 2, true) -- the function that raised is in it
  equal(is_free(), true)
  raises("function expected, got table", function() l:with_lock({}) end)
  raises("function expected, got no value", function() l:with_lock() end)
  equal(is_free(), true)
  raises("is closed", function() l:with_lock(function() l:close() end) end)
end)

test("lock_is_had_by_one_at_a_time", function()
  local l = keep(shareable.list({0, 0}, {name = name()}))
  local program = ([[
    local l = assert(require "shareable".list{name = "%s"})
    for _ = 1, 500 do
      l:with_lock(function() l[1] = l[1] + 1 l[2] = l[2] - 1 end)
    end
  ]]):format(l.name)
  local pipes = {}
  for index = 1, 3 do
    pipes[index] = assert(io.popen(("%s -e '%s'"):format(arg[-1], program)))
  end
  for index = 1, 3 do
    equal(pipes[index]:close(), true)
  end
  same(l:totable(), {1500, -1500})
end)

test("options_are_checked", function()
  raises("no option 'nmae'", function() local _ = shareable.list({1}, {nmae = "x"}) end)
  raises("no option 'read_only'", function() local _ = shareable.list({1}, {read_only = true}) end)
  raises("no option '1'", function() local _ = shareable.list{1, name = "x"} end)
  raises("no option 'read_only'", function() local _ = shareable.memory{size = 8, read_only = true} end)
  raises("'lazy': a boolean expected, got 1", function() local _ = shareable.memory{size = 8, lazy = 1} end)
  raises("table of options expected, got string", function() local _ = shareable.list({1}, "x") end)
  raises("table of values expected, got nil", function() local _ = shareable.list() end)
  raises("table of options expected, got nil", function() local _ = shareable.memory() end)
  raises("neither the size", function() local _ = shareable.memory{} end)
  equal(#keep(shareable.list({1, 2}, {lazy = true})), 2)
end)

test("strangers_are_refused", function()
  local l, m = keep(shareable.list({1})), keep(shareable.memory{size = 8})
  for _, stranger in ipairs{io.stdout, {}, "x", 7, m, none, bytes "xxxxxxxxxxxxxxxxxxxxxx"} do
    raises("shareable.list expected", function() l.get(stranger, 1) end)
    raises("shareable.list expected", function() l.set(stranger, 1, 1) end)
    raises("shareable.list expected", function() l.totable(stranger) end)
    raises("shareable.list expected", function() l.close(stranger) end)
    raises("shareable.list expected", function() l.lock(stranger) end)
    raises("shareable.list expected", function() l.unlock(stranger) end)
    raises("shareable.list expected", function() l.with_lock(stranger, error) end)
    raises("shareable.list expected", function() l.add(stranger, 1, 1) end)
    raises("shareable.list expected", function() l.wait(stranger, 1, 1) end)
    raises("shareable.list expected", function() l.digest(stranger) end)
    raises("shareable.list expected", function() l.wait_any(stranger) end)
  end
  for _, stranger in ipairs{io.stdout, {}, "x", 7, none} do
    raises("shareable.memory expected", function() m.read(stranger) end)
    raises("shareable.memory expected", function() m.close(stranger) end)
  end
  raises("args", function() l.close() end)
  equal(getmetatable(l), "shareable.list")
  equal(getmetatable(m), "shareable.memory")
  equal(l.nothing, nil)
  equal(m[1], nil)
end)

test("finalized_object_is_closed", function()
  local found
  local l = shareable.list({1}, {name = name()})
  setmetatable({l}, {__gc = function(self) found = self[1] end})
  l:unlink()
  l = nil -- luacheck: ignore 311
  collectgarbage()
  collectgarbage()
  equal(#found, 0)
  equal(found.closed, true)
  equal(found.name, nil)
  raises("is closed", function() local _ = found[1] end)
  answers("E_NOT_FOUND", "gone", shareable.unlink(runner.name()))
  same(runner.blocks(), {})
end)

runner.finish()
