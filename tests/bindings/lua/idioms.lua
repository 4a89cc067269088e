--- Tests the features that only Lua has: globals, garbage collection, metamethods, numbers.

local globals = {}
for key in pairs(_G) do
  globals[key] = true
end

package.path = arg[0]:match("^.*/") .. "?.lua;" .. package.path

local runner = require "runner"
local shareable = require "shareable"

local test, name, keep = runner.test, runner.name, runner.keep
local equal, same, fails, raises = runner.equal, runner.same, runner.fails, runner.raises
local bytes, none, integer, float = shareable.bytes, shareable.none, shareable.integer, shareable.float

test("module_sets_no_globals", function()
  for key in pairs(_G) do
    equal(globals[key] and key, key)
  end
end)

test("module_restores_the_globals_that_swig_sets", function()
  local program = [[
    swig_type = 5 swig_equals = false
    require "shareable"
    assert(swig_type == 5 and swig_equals == false)
  ]]
  runner.succeeds(("%s -e '%s'"):format(arg[-1], program))
end)

test("module_has_a_version", function()
  equal(shareable.version:match("^%d+%.%d+%.%d+$"), shareable.version)
end)

test("bytes_are_values", function()
  local b = bytes "a\0\255"
  equal(#b, 3)
  equal(b:string(), "a\0\255")
  equal(tostring(b), "a\0\255")
  equal(b == bytes "a\0\255", true)
  equal(b == bytes "a\0\254", false)
  equal(b == bytes "a\0", false)
  equal(b == "a\0\255", false)
  equal(bytes "" == bytes "", true)
  raises("string expected", function() bytes(5) end)
  raises("cannot be assigned", function() b.x = 1 end)
end)

test("none_is_a_single_value", function()
  local l = keep(shareable.list({none}))
  equal(rawequal(l[1], none), true)
  equal(tostring(none), "none")
  equal(none == bytes "", false)
end)

local scope = (loadstring or load)([[
  local make, object = ...
  do local held <close> = object end
  return object.closed
]]) -- luacheck: ignore 113
local scope_test = scope and test or runner.skip
scope_test("end_of_a_scope_closes_the_handle", scope and function()
  local m, l = keep(shareable.memory{size = 8}), keep(shareable.list({1}))
  equal(scope(nil, m), true)
  equal(scope(nil, l), true)
end or "this Lua has no <close>")

test("collector_closes_unreachable_handles", function()
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
  local block = assert(shareable.memory{name = known, size = 8})
  equal(mapped(), before + 1)
  equal(block.closed, false)
  block = nil -- luacheck: ignore 311
  collectgarbage()
  equal(mapped(), before)
  equal(#kept:read(0, 8), 8)
  shareable.unlink(known)
end)

test("block_of_a_list_outlives_it", function()
  local m = shareable.list({7}, {name = name()}).memory
  collectgarbage()
  equal((m:unpack("j")), 1)
  m:unlink()
end)

test("handles_of_one_block_are_equal", function()
  local l = keep(shareable.list({1}, {name = name()}))
  local again, other = keep(shareable.list{name = l.name}), keep(shareable.list({1}))
  equal(l == again, true)
  equal(l == other, false)
  equal(l.memory == again.memory, true)
  equal(l == l.memory, false)
  equal(l == none, false)
  l:unlink()
  local new = keep(shareable.list({1}, {name = l.name}))
  equal(l == new, false)
end)

test("ranges_work_as_in_string_sub", function()
  local l = keep(shareable.list({1, 2, 3, 4, 5}))
  local text = "12345"
  for _, first in ipairs{-2147483647, -6, -5, -1, 0, 1, 3, 5, 6, 2147483647} do
    for _, last in ipairs{-2147483647, -6, -5, -1, 0, 1, 3, 5, 6, 2147483647} do
      equal(table.concat(l:totable(first, last)), text:sub(first, last))
      equal(table.concat(l:integers(first, last)), text:sub(first, last))
    end
  end
end)

test("texts_of_any_length_are_read", function()
  local l = keep(shareable.list({"", bytes ""}, {capacity = 2048}))
  for _, length in ipairs{0, 1, 7, 8, 511, 512, 513, 2047, 2048} do
    l[1] = ("x"):rep(length)
    l[2] = bytes(("\255"):rep(length))
    equal(l[1], ("x"):rep(length))
    equal(l[2], bytes(("\255"):rep(length)))
  end
end)

test("tostring_abbreviates_a_long_list", function()
  local l = keep(shareable.list({n = 21, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21}))
  equal(tostring(l):find("19, 20, ... 21 items}", 1, true) ~= nil, true)
end)

test("with_lock_unlocks_when_the_function_returns_raises_or_is_closed", function()
  local l = keep(shareable.list({0}, {name = name()}))
  local other = keep(shareable.list{name = l.name})
  local function is_free()
    return other:lock(0) and other:unlock() or false
  end
  local done, message = pcall(l.with_lock, l, function() local _ = l.name.x.y end)
  equal(done, false)
  equal(message:match("^%C*idioms%.lua:%d+: attempt to index") ~= nil, true)
  equal(is_free(), true)
  local thread
  if _VERSION ~= "Lua 5.1" or jit then -- Lua 5.1 cannot yield across pcall
    thread = coroutine.create(function() return l:with_lock(coroutine.yield) end)
    same({coroutine.resume(thread)}, {true, false})
    equal(is_free(), false)
    same({coroutine.resume(thread, 7, 8)}, {true, 7, 8})
    equal(is_free(), true)
  end
  if coroutine.close then
    thread = coroutine.create(function() l:with_lock(coroutine.yield) end)
    coroutine.resume(thread)
    equal(is_free(), false)
    equal(coroutine.close(thread), true)
    equal(is_free(), true)
    local _, trace = xpcall(l.with_lock, debug.traceback, l, function() local _ = l.name.x.y end)
    equal(trace:match("^%C*idioms%.lua:%d+: attempt to index a nil value") ~= nil, true)
    equal(select(2, trace:gsub("idioms%.lua:", "")) > 2, true) -- the trace includes the function that raised
    equal(is_free(), true)
  end
  raises("function expected, got table", function() l:with_lock({}) end)
  raises("function expected, got no value", function() l:with_lock() end)
  equal(is_free(), true)
  raises("is closed", function() l:with_lock(function() l:close() end) end)
end)

test("lock_excludes_other_processes", function()
  local l = keep(shareable.list({0, 0}, {name = name()}))
  local pipes = {}
  for index = 1, 3 do
    pipes[index] = runner.start(l.name, [[
      for _ = 1, 500 do
        l:with_lock(function() l[1] = l[1] + 1 l[2] = l[2] - 1 end)
      end
    ]])
  end
  for index = 1, 3 do
    runner.wait_for_exit(pipes[index])
  end
  same(l:totable(), {1500, -1500})
end)

local function exists(known)
  local file = io.open("/dev/shm/" .. known)
  return file and file:close() and true or false
end

test("owned_block_is_unlinked_when_its_process_is_killed", function()
  local owned, kept = name(), name()
  local l = keep(shareable.list({1}, {name = name()}))
  local pipe = runner.start(l.name, ([[
    assert(shareable.list({1}, {name = "%s", owned = true}))
    assert(shareable.memory{name = "%s", size = 8})
    print(io.open("/proc/self/stat"):read("*n"))
    io.stdout:flush()
    l:wait(1, 1)
  ]]):format(owned, kept))
  local process = pipe:read("*n")
  equal(exists(owned), true)
  runner.succeeds(("kill -KILL %d"):format(process))
  pipe:close()
  for _ = 1, 100 do
    l:wait(1, 1, exists(owned) and 0.01 or 0)
  end
  equal(exists(owned), false)
  equal(exists(kept), true)
  shareable.unlink(kept)
end)

-- Lua has no fork. The library lua-posix has it, for some of the Lua versions in Debian.
local has_fork, unistd = pcall(require, "posix.unistd")
local fork_test = has_fork and test or runner.skip

fork_test("child_of_a_fork_uses_inherited_handles_and_owns_nothing", has_fork and function()
  local l = keep(shareable.list({1}, {name = name(), owned = true}))
  io.stdout:flush()
  if unistd.fork() == 0 then
    l[1] = 2
    l:close()
    l = nil -- luacheck: ignore 311
    collectgarbage()
    os.exit(0, true)
  end
  equal(l:wait(1, 1), 2)
  require("posix.sys.wait").wait()
  local unchanged = keep(shareable.list{0})
  unchanged:wait(1, 0, 0.3) -- longer than unlinking an owned block takes
  equal(exists(l.name), true)
end or "there is no posix.unistd (lua-posix) for this Lua")

test("garbage_returns_a_reason_for_each_block", function()
  local l = keep(shareable.list({1}, {name = name()}))
  for _, entry in ipairs(shareable.garbage()) do
    if entry.name == l.name then
      equal(entry.garbage, false)
      equal(entry.removed, false)
      equal(entry.reason, "no ownership log records it: it exists until a process unlinks it")
      l:unlink()
    end
  end
  fails("E_NOT_FOUND", l.name, l:unlink()) -- the loop found and unlinked it
end)

test("manager_owns_the_blocks_that_it_creates", function()
  for _, address in ipairs{false, "@" .. name(), "127.0.0.1:0"} do
    local manager = assert(shareable.manager{address = address or nil})
    local other = assert(shareable.manager{connect = manager.address, authkey = manager.authkey})
    local m, l = assert(manager:memory(16)), assert(other:list({1, "two"}, {capacity = 20}))
    equal(m.size, 16)
    equal(tostring(other), ("shareable.manager{connect = %q}"):format(manager.address))
    other:close() -- closing a client's handle does not shut the manager down
    equal(exists(m.name) and exists(l.name), true)
    equal(manager:shutdown(), true)
    equal(manager:shutdown(), true)
    equal(exists(m.name) or exists(l.name), false)
    equal(l[2], "two") -- an open handle can still be used
    raises("was shut down", function() local _ = manager:memory(16) end)
    manager:close()
    raises("the manager is closed", function() local _ = manager:memory(16) end)
    equal(manager.address, nil)
    m:close()
    l:close()
  end
  local manager = assert(shareable.manager())
  fails("E_AUTH", "another key", shareable.manager{connect = manager.address, authkey = "another"})
  raises("the key is empty", function() local _ = shareable.manager{authkey = ""} end)
  fails("E_NO_MANAGER", "/tmp/no-such", shareable.manager{connect = "/tmp/no-such/socket", authkey = "key"})
  raises("unknown option 'adress'", function() local _ = shareable.manager{adress = "x"} end)
  raises("'authkey': a string expected", function() local _ = shareable.manager{authkey = 5} end)
  raises("a table of options expected", function() local _ = shareable.manager("x") end)
  raises("'size': a whole number expected", function() local _ = manager:memory("x") end)
  raises("table", function() local _ = manager:list({{}}) end)
  local l = assert(manager:list({1}))
  manager = nil -- luacheck: ignore 311
  collectgarbage()
  collectgarbage()
  equal(exists(l.name), false) -- this process started the manager, so the collector shut it down
  l:close()
end)

test("members_are_annotated_for_editors", function()
  local metatables = require "shareable.raw".metatables
  for _, noun in ipairs{"list", "memory", "manager"} do
    local path
    for template in package.path:gmatch("[^;]+") do
      path = path or template:find("?.lua", 1, true) and template:gsub("%?", "shareable/" .. noun)
      local file = path and io.open(path)
      path = file and file:close() and path
    end
    local lines, annotated = {}, {}
    for line in io.lines(path) do
      local method = line:match("^methods%.([%w_]+) =") or line:match("^function methods:([%w_]+)")
      if method and lines[#lines]:find("^%-%-%-@%a+ ") then
        annotated[method] = true
      end
      annotated[line:match("^%-%-%-@field ([%w_]+) ") or 0] = true
      lines[#lines + 1] = line
    end
    for _, kind in ipairs{"methods", "getters"} do
      for member in pairs(metatables[noun][kind]) do
        equal(annotated[member] and member, member)
      end
    end
  end
end)

test("options_are_checked", function()
  raises("unknown option 'nmae'", function() local _ = shareable.list({1}, {nmae = "x"}) end)
  raises("unknown option 'read_only'", function() local _ = shareable.list({1}, {read_only = true}) end)
  raises("unknown option '1'", function() local _ = shareable.list{1, name = "x"} end)
  raises("unknown option 'read_only'", function() local _ = shareable.memory{size = 8, read_only = true} end)
  raises("'lazy': a boolean expected, got 1", function() local _ = shareable.memory{size = 8, lazy = 1} end)
  raises("table of options expected, got string", function() local _ = shareable.list({1}, "x") end)
  raises("table of values expected, got nil", function() local _ = shareable.list() end)
  raises("table of options expected, got nil", function() local _ = shareable.memory() end)
  raises("give the size of a new block", function() local _ = shareable.memory{} end)
  equal(#keep(shareable.list({1, 2}, {lazy = true})), 2)
end)

test("methods_refuse_other_objects", function()
  local l, m = keep(shareable.list({1})), keep(shareable.memory{size = 8})
  for _, other in ipairs{io.stdout, {}, "x", 7, m, none, bytes "xxxxxxxxxxxxxxxxxxxxxx"} do
    raises("shareable.list expected", function() l.get(other, 1) end)
    raises("shareable.list expected", function() l.set(other, 1, 1) end)
    raises("shareable.list expected", function() l.totable(other) end)
    raises("shareable.list expected", function() l.close(other) end)
    raises("shareable.list expected", function() l.lock(other) end)
    raises("shareable.list expected", function() l.unlock(other) end)
    raises("shareable.list expected", function() l.with_lock(other, error) end)
    raises("shareable.list expected", function() l.add(other, 1, 1) end)
    raises("shareable.list expected", function() l.wait(other, 1, 1) end)
    raises("shareable.list expected", function() l.hash(other) end)
    raises("shareable.list expected", function() l.wait_any(other) end)
  end
  for _, other in ipairs{io.stdout, {}, "x", 7, none} do
    raises("shareable.memory expected", function() m.read(other) end)
    raises("shareable.memory expected", function() m.close(other) end)
  end
  raises("args", function() l.close() end)
  equal(getmetatable(l), "shareable.list")
  equal(getmetatable(m), "shareable.memory")
  equal(l.nothing, nil)
  equal(m[1], nil)
end)

-- Calls finalize(kept) from a finalizer in Lua: of a table from 5.2 on, of a userdata from
-- newproxy() in 5.1.
local function at_end(kept, finalize)
  if newproxy then -- luacheck: ignore 113
    local proxy = newproxy(true) -- luacheck: ignore 113
    getmetatable(proxy).__gc = function() finalize(kept) end
  else
    setmetatable({}, {__gc = function() finalize(kept) end})
  end
end

test("resurrected_object_is_closed", function()
  local found
  local l = shareable.list({1}, {name = name()})
  at_end(l, function(kept) found = kept end)
  l:unlink()
  l = nil -- luacheck: ignore 311
  collectgarbage()
  collectgarbage()
  if #found > 0 then -- Lua will finalize it in a later cycle
    found:close()
  end
  equal(found.closed, true)
  raises("is closed", function() local _ = found[1] end)
  fails("E_NOT_FOUND", "gone", shareable.unlink(runner.name()))
  same(runner.blocks(), {})
end)

test("numbers_are_packed_as_string_pack_does", function()
  local m = keep(shareable.memory{size = 64})
  equal(m:pack("<i4 >I2 b x d", 1, -2, 0xabcd, -1, 0.1), 17)
  same({m:unpack("<i4 >I2 b x d", 1)}, {-2, 0xabcd, -1, 0.1, 17})
  equal(m:read(1, 8), "\254\255\255\255\171\205\255\0")
  equal(m:pack("f I3 i7 =H h B l L T", 0, 0.5, 0xffffff, -5, 65535, -32768, 255, -7, 7, 9), 43)
  same({m:unpack("f I3 i7 =H h B l L T")}, {0.5, 0xffffff, -5, 65535, -32768, 255, -7, 7, 9, 43})
  equal(m:pack("j j n", 40, runner.max_integer, runner.min_integer, 2.5), 64)
  same({m:unpack("j j n", 40)}, {runner.max_integer, runner.min_integer, 2.5, 64})
  same({m:unpack(">j", 40)}, {-129, 48})
  if string.pack then
    for _, each in ipairs{"<i4", ">i4", "=i8", "<I3", ">i7", "<d", ">f", "b", "H"} do
      m:pack(each, 3, 77)
      equal(m:read(3, string.packsize(each)), string.pack(each, 77))
      equal(m:unpack(each, 3) == 77, true)
    end
  end
  local before = m:read()
  raises("integer overflow", function() m:pack("i4 b", 0, 1, 128) end)
  raises("integer overflow", function() m:pack("I2", 0, -1) end)
  raises("number expected, got string", function() m:pack("i4 d", 0, 1, "x") end)
  raises("number expected, got no value", function() m:pack("i4 d", 0, 1) end)
  raises("9 bytes at offset 56 out of range", function() m:pack("d b", 56, 1, 1) end)
  raises("8 bytes at offset 57 out of range", function() m:unpack("j", 57) end)
  raises("invalid format option 's'", function() m:unpack("s") end)
  raises("integral size (9) out of limits [1,8]", function() m:unpack("i9") end)
  raises("integral size (0) out of limits [1,8]", function() m:pack("I0", 0, 1) end)
  equal(m:read(), before)
  local reader = keep(shareable.memory{name = m.name, read_only = true})
  raises("read-only", function() reader:pack("b", 0, 1) end)
  same({reader:unpack("")}, {0})
  m:close()
  raises("is closed: open it again", function() m:unpack("b") end)
end)

test("integers_and_floats_are_distinguished", function()
  local l = keep(shareable.list({integer(5), float(5), 5, 2.5}))
  equal(l.format, "qdqd")
  equal(l:type(2), "float")
  equal(tostring(l):match("{(.*)}, {"), runner.has_integers and "5, 5.0, 5, 2.5" or "5, shareable.float(5), 5, 2.5")
  equal(tostring(float(5)), "5.0")
  equal(tostring(integer "-77"), "-77")
  equal(integer(77) == integer "77", true)
  equal(integer(77) < integer(78), true)
  equal(integer(78) <= integer(77), false)
  raises("an integer of 64 bits expected, got 1.5", function() integer(1.5) end)
  raises("an integer of 64 bits expected, got 5x", function() integer "5x" end)
  raises("an integer of 64 bits expected, got table", function() integer({}) end)
  raises("number expected, got table", function() float({}) end)
  if runner.has_integers then
    equal(integer(5), 5)
    equal(float(5), 5.0)
    return
  end
  l[4] = l[4] + 0.5 -- a float stays one
  equal(l.format, "qdqd")
  l:set(4, 7)
  equal(l:type(4), "float")
  l[4] = integer(3)
  equal(l:type(4), "integer")
  l[4] = -1 / math.huge
  equal(l:type(4), "float")
  l[3] = 2 ^ 53 + 2
  equal(l:type(3), "float")
  equal(l[3], 2 ^ 53 + 2)
  equal(integer(7):tonumber(), 7)
  equal(runner.max_integer:tonumber(), 2 ^ 63)
  equal(float(7):tonumber(), 7)
  raises("beyond 2^53 may be rounded", function() l:add(1, 2 ^ 54) end)
  raises("attempt to compare", function() local _ = integer(5) < float(5.5) end)
end)

-- The functions below are those of shareable.raw that LuaJIT has in a second form.
local functions = {
  list_get = "get", list_set = "set", list_add = "add", list_table = "totable", list_integers = "integers",
  list_floats = "floats",
}

test("fast_functions_do_what_the_functions_of_c_do", function()
  local raw = require "shareable.raw"
  local wrong = {none, bytes "b", integer(1), float(1.5), "1", "x", true, {}, 0, -0.0, 1, -1, 3, 7, 8, -7, -8, 1.5,
    2 ^ 31, -2 ^ 31, 2 ^ 53, 2 ^ 63, -2 ^ 63, math.huge, -math.huge, 0 / 0, n = 26}
  local function example()
    return keep(shareable.list({1, 2.5, "text", true, none, bytes "b", integer "9007199254740991"}))
  end
  local l, k, closed = example(), example(), example()
  closed:close()
  local read_only = keep(shareable.list{name = l.name, read_only = true})
  local function results(call, ...)
    local found = {pcall(call, ...)}
    for index = 1, 4 do
      local text = tostring(found[index]):gsub("psm_%x+", "psm"):gsub("0x%x+", "0x")
      found[index] = text
    end
    if type(found[2]) == "table" then
      found[2] = table.concat(found[2], " ")
    end
    return table.concat(found, ", ")
  end
  local function compare(first, second, ...)
    equal(results(first, l, ...), results(second, k, ...))
    equal(results(first, closed, ...), results(second, closed, ...))
    equal(results(first, read_only, ...), results(second, read_only, ...))
    equal(results(first, none, ...), results(second, none, ...))
    for index = 1, #l do
      equal(tostring(l:exact(index)), tostring(k:exact(index)))
      equal(l:type(index), k:type(index))
    end
  end
  for known, method in pairs(functions) do
    local second = raw[known]
    equal(results(l[method]), results(second))
    equal(results(l[method], l), results(second, l))
    for i = 1, wrong.n do
      compare(l[method], second, wrong[i])
      for j = 1, wrong.n do
        compare(l[method], second, wrong[i], wrong[j])
      end
    end
  end
end)

test("items_are_read_after_a_change_of_type", function()
  local l = keep(shareable.list({1, 2, 3}))
  local values = {7, 2.5, true, false, none, "text", bytes "b", -1, 0.5}
  for round = 1, 200 do
    local value = values[round % #values + 1]
    l[2] = value
    equal(l[2], value)
    equal(l:get(-2), value)
    equal(l[4], nil)
    equal(l[0], nil)
    equal(#l, 3)
  end
end)

test("abandoned_body_of_with_lock_unlocks_the_list", function()
  local l = keep(shareable.list({1}))
  local other = keep(shareable.list{name = l.name})
  local function abandon()
    local body = coroutine.create(function() l:with_lock(coroutine.yield) end)
    coroutine.resume(body)
    return body
  end
  local body = abandon()
  if coroutine.status(body) == "suspended" then -- in Lua 5.1 it cannot yield
    fails("E_TIMED_OUT", "lock", other:lock(0))
  end
  body = nil -- luacheck: ignore 311
  for _ = 1, 3 do collectgarbage() end
  equal(other:lock(0), true)
  other:unlock()
  body = abandon()
  if coroutine.status(body) == "suspended" then
    l:unlock()
  end
  equal(l:lock(0), true) -- another lock of the same handle
  body = nil -- luacheck: ignore 311
  for _ = 1, 3 do collectgarbage() end
  fails("E_TIMED_OUT", "lock", other:lock(0))
  l:unlock()
end)

local has_ffi, ffi = pcall(require, "ffi")

-- Checks that every operation of a list refuses the value, also when LuaJIT has compiled it.
local function refuses(value, kind)
  local wanted = "shareable.list expected, got " .. kind
  local l = keep(shareable.list({1, 2}))
  for _ = 1, 100 do
    raises(wanted, function() l.get(value, 1) end)
    raises(wanted, function() l.set(value, 1, 2) end)
    raises(wanted, function() l.add(value, 1, 2) end)
    raises(wanted, function() l.totable(value) end)
    raises(wanted, function() l.integers(value) end)
    raises(wanted, function() l.floats(value) end)
    raises(wanted, function() l.close(value) end)
  end
end

-- Does the same with a value that has the metatable of a list until then.
local function refuses_with_metatable(value, kind)
  local original = debug.getmetatable(value)
  debug.setmetatable(value, debug.getmetatable(keep(shareable.list({1}))))
  local wanted = "shareable.list expected, got " .. kind
  for _ = 1, 100 do
    raises(wanted, function() return value[1] end)
    raises(wanted, function() value[1] = 1 end)
    if kind == "userdata" then
      raises(wanted, function() return #value end)
    end
  end
  refuses(value, kind)
  debug.setmetatable(value, original)
end

test("nil_is_not_a_list_after_the_last_list_was_collected", function()
  local get = keep(shareable.list({1})).get;
  (function()
    local l = shareable.list({1})
    equal(get(l, 1), 1)
    l:unlink()
  end)()
  for _ = 1, 3 do collectgarbage() end
  raises("shareable.list expected, got nil", function() get(nil, 1) end)
end)

test("other_values_with_the_metatable_of_a_list_are_not_lists", function()
  local file = io.tmpfile()
  refuses_with_metatable(file, "userdata")
  file:close()
  refuses_with_metatable(keep(shareable.memory{size = 8}), "userdata")
  refuses_with_metatable({}, "table")
  if newproxy then -- luacheck: ignore 113
    refuses_with_metatable(newproxy(), "userdata") -- luacheck: ignore 113
  end
end)

-- Returns light userdata of an address, or nil if this Lua cannot make it.
local function light(address)
  if not has_ffi then
    return debug.upvalueid and debug.upvalueid(light, 1)
  end
  ffi.cdef [[
    void lua_pushlightuserdata(void *L, void *address);
    void lua_setfield(void *L, int index, const char *name);
  ]]
  local thread = coroutine.create(print)
  local state = ffi.cast("void *", tonumber(tostring(thread):match "0x%x+"))
  ffi.C.lua_pushlightuserdata(state, ffi.cast("void *", address))
  ffi.C.lua_setfield(state, -10000, "shareable.light") -- in the registry
  return debug.getregistry()["shareable.light"]
end

test("light_userdata_with_the_metatable_of_a_list_is_no_list", function()
  local value = light(16) -- no memory is there
  if value then
    equal(type(value), "userdata")
    local l = keep(shareable.list({1, 2}))
    refuses(value, "userdata")
    refuses_with_metatable(value, "userdata")
    equal(l[2], 2)
  end
end)

test("a_list_is_a_list_in_every_coroutine", function()
  local l = keep(shareable.list({1, 2}))
  local function count(list)
    for _ = 1, 100 do
      list[1] = list[1] + #list
    end
    return list:add(1, 1)
  end
  equal(coroutine.wrap(count)(l), 202)
  local other = coroutine.wrap(function() return shareable.list({1, 2}) end)()
  equal(count(other), 202)
  other:unlink()
  other:close()
  refuses(coroutine.create(count), "thread")
  raises("closed", function() return other[1] end)
end)

local ffi_test = has_ffi and test or runner.skip
ffi_test("integers_of_the_ffi_are_integers", has_ffi and function()
  local int64, uint64 = ffi.typeof "int64_t", ffi.typeof "uint64_t"
  local big = int64(2) ^ 53 + 1
  local l = keep(shareable.list({big, uint64(5), 1.5}, {mode = int64(384), capacity = int64(16)}))
  equal(l:exact(1), integer "9007199254740993")
  equal(l[int64(2)], 5)
  equal(l:capacity(uint64(2)), 16)
  l[int64(3)] = int64(7)
  equal(l:type(3), "integer")
  equal(l:set(int64(-1), uint64(8)), true)
  equal(l:add(3, int64(2)), 10)
  equal(l:index(big), 1)
  equal(l:count(int64(5)), 1)
  equal(select(2, l:compare_exchange(3, int64(10), int64(11))), 10)
  equal(l:setintegers(int64(2), {int64(1), uint64(2)}), true)
  same(l:totable(int64(2), int64(3)), {1, 2})
  equal(integer(big), integer "9007199254740993")
  local m = keep(shareable.memory{size = int64(64)})
  equal(m:pack("<i8", int64(8), big), 16)
  equal((m:unpack("<i8", int64(8))), integer "9007199254740993")
  equal(#m:read(int64(0), uint64(8)), 8)
  local array = ffi.new("union { int64_t i[1]; uint64_t u[1]; }", {{-7}})
  l[3] = ffi.cast("int64_t &", array.i)
  equal(l[3], -7)
  raises("not cdata", function() l[3] = ffi.cast("uint64_t &", array.u) end)
  array.u[0] = 8
  l[3] = ffi.cast("uint64_t &", array.u)
  equal(l[3], 8)
  raises("not cdata", function() l[1] = ffi.cast("int32_t &", array.i) end)
  raises("not cdata", function() l[1] = ffi.cast("int64_t *", array.i) end)
  raises("not cdata", function() l[1] = uint64(2) ^ 63 end)
  refuses(ffi.cast("void *", 16), "cdata")
  raises("not cdata", function() l[1] = ffi.new "int[2]" end)
  raises("got cdata", function() l:add(1, ffi.new "struct { int x; }") end)
  raises("'size': a whole number expected", function() local _ = shareable.memory{size = int64(-1)} end)
end or "this Lua has no FFI")

runner.finish()
