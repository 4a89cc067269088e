--- Tests the idioms of dicts in Lua, and the behavior of the methods of ngx.shared.DICT.
--
-- The tests whose names begin with ngx_ run the same calls on a dict that OpenResty's tests run on ngx.shared.DICT,
-- and expect the same results.

package.path = arg[0]:match("^.*/") .. "?.lua;" .. package.path

local runner = require "runner"
local shareable = require "shareable"

local test, name, keep = runner.test, runner.name, runner.keep
local equal, raises = runner.equal, runner.raises
local bytes = shareable.bytes
local unpack = table.unpack or unpack -- luacheck: ignore

local function new(options)
  options = options or {}
  options.places = options.places or 10
  options.name = name()
  return keep(shareable.dict(options))
end

local function sleep(seconds)
  local l = assert(shareable.list{0})
  l:wait(1, 0, seconds)
  l:unlink()
  l:close()
end

-- Fails unless the results are these: `wanted` is a table with their number in the field n.
local function returns(wanted, ...)
  equal(select("#", ...), wanted.n)
  for i = 1, wanted.n do
    equal((select(i, ...)), wanted[i])
  end
end

local function is(...)
  return {n = select("#", ...), ...}
end

test("ngx_values_keep_their_type", function()
  local d = new()
  for _, value in ipairs{32, 10502, 3.14159, true, false, "hello", "", "\0\1\255", 0, -5} do
    returns(is(true, nil, false), d:set("foo", value))
    returns(is(value), d:get("foo"))
    returns(is(value, nil, false), d:get_stale("foo"))
  end
end)

test("ngx_number_keys_are_texts", function()
  local d = new()
  d:set(1234, "a")
  d:set(0.5, "b")
  returns(is("a"), d:get("1234"))
  returns(is("a"), d:get(1234))
  returns(is("b"), d:get("0.5"))
  returns(is("a", nil, false), d:get_stale(1234))
  returns(is(7, nil, false), d:incr(56, 2, 5))
  returns(is(8), d:incr("56", 1))
  returns(is(true), d:expire(56, 10))
  equal(d:ttl("56") > 9, true)
  returns(is(true, nil, false), d:delete(56))
  returns(is(nil), d:get("56"))
end)

test("ngx_values_of_different_lengths_replace_each_other", function()
  local d = new()
  for _, value in ipairs{"hello", "hello, world", "hello", ("x"):rep(64)} do
    d:set("foo", value)
    equal(d:get("foo"), value)
  end
end)

test("ngx_long_values_are_read_and_written", function()
  local d = new{value_size = 100000}
  local value = ("0123456789"):rep(10000)
  d:set("foo", value)
  returns(is(value), d:get("foo"))
  returns(is(value, nil, false), d:get_stale("foo"))
  returns(is(value), d:pop("foo"))
end)

test("ngx_expired_keys_are_absent", function()
  local d = new()
  d:set("foo", 32, 0.01)
  d:set("bar", 56, 0.001)
  d:set("baz", 78, 100)
  sleep(0.03)
  returns(is(nil), d:get("foo"))
  returns(is(nil), d:get("bar"))
  returns(is(78), d:get("baz"))
  returns(is(32, nil, true), d:get_stale("foo"))
  returns(is(78, nil, false), d:get_stale("baz"))
  returns(is(nil), d:get_stale("never set"))
end)

-- Writes keys until one was evicted, or the dict is full. Returns the number of the last key, and the results of set.
local function fill(d, method)
  for i = 1, 1000 do
    if i == 10 then
      d:get("key_1")
    end
    local results = is(d[method](d, "key_" .. i, (" hello"):rep(10) .. i))
    if not results[1] or results[3] then
      return i, results
    end
  end
end

test("ngx_set_evicts_keys_that_were_not_used", function()
  local d = new{places = 100, value_size = 80, evict = true}
  local last, results = fill(d, "set")
  equal(last, 101)
  returns(is(true, nil, true), unpack(results, 1, results.n))
  equal(d:get("key_101"), (" hello"):rep(10) .. 101)
  equal(d:get("key_1"), (" hello"):rep(10) .. 1) -- it was used
  equal(#d, 100)
  returns(is(true, nil, true), d:add("new", 1))
  returns(is(6, nil, true), d:incr("counter", 1, 5))
  returns(is(7, nil, false), d:incr("counter", 1, 5))
  equal(d:evicted(), 3)
end)

test("ngx_safe_set_and_safe_add_evict_nothing", function()
  for _, evict in ipairs{true, false} do
    local d = new{places = 100, value_size = 80, evict = evict}
    local last, results = fill(d, "safe_set")
    equal(last, 101)
    returns(is(false, "no memory", false, "E_FULL"), unpack(results, 1, results.n))
    returns(is(nil), d:get("key_101"))
    equal(d:get("key_1"), (" hello"):rep(10) .. 1)
    returns(is(false, "no memory", false, "E_FULL"), d:safe_add("key_101", 1))
    returns(is(false, "exists", false, "E_KEY_EXISTS"), d:safe_add("key_1", 1))
    returns(is(true, nil, false), d:safe_set("key_1", 1)) -- it has a place
  end
end)

test("ngx_dicts_are_separate", function()
  local dogs, cats = new(), new()
  dogs:set("foo", 32)
  cats:set("foo", "hello, world")
  equal(dogs:get("foo"), 32)
  equal(cats:get("foo"), "hello, world")
end)

test("ngx_another_self_is_an_error", function()
  local d = new()
  for _, method in ipairs{"get", "get_stale", "set", "add", "replace", "incr", "delete", "ttl", "expire", "flush_all",
    "flush_expired", "get_keys", "capacity", "free_space"} do
    for _, bad in ipairs{"foo", 5, {}, keep(shareable.list{1})} do
      raises("shareable.dict expected", function() d[method](bad, "foo", 3) end)
    end
    raises("shareable.dict expected", function() d[method]() end)
  end
end)

test("ngx_a_value_that_does_not_fit_is_no_memory", function()
  local d = new{evict = true}
  returns(is(false, "no memory", false, "E_CAPACITY"), d:set("foo", ("helloworld"):rep(10000)))
  returns(is(nil), d:get("foo"))
end)

test("ngx_keys_that_are_nil_or_empty_or_too_long_are_reported", function()
  local d = new()
  for key, message in pairs{[""] = "empty key", [("k"):rep(33)] = "key too long"} do
    returns(is(nil, message, "E_KEY"), d:get(key))
    returns(is(nil, message, nil, "E_KEY"), d:get_stale(key))
    returns(is(nil, message, false, "E_KEY"), d:set(key, 32))
    returns(is(nil, message, false, "E_KEY"), d:add(key, 32))
    returns(is(nil, message, false, "E_KEY"), d:delete(key))
    returns(is(nil, message, nil, "E_KEY"), d:incr(key, 1))
    returns(is(nil, message, nil, "E_KEY"), d:incr(key, 1, 0))
    returns(is(nil, message, "E_KEY"), d:ttl(key))
    returns(is(nil, message, "E_KEY"), d:expire(key, 1))
  end
  returns(is(nil, "nil key", "E_KEY"), d:get(nil))
  returns(is(nil, "nil key", nil, "E_KEY"), d:get_stale(nil))
  returns(is(nil, "nil key", false, "E_KEY"), d:set(nil, 32))
  returns(is(nil, "nil key", nil, "E_KEY"), d:incr(nil, 32))
  returns(is(nil, "nil key", "E_KEY"), d:ttl(nil))
  equal(#d, 0)
  equal(d:set(("k"):rep(32), "hello"), true)
  equal(d:get(("k"):rep(32)), "hello")
end)

test("ngx_other_values_are_a_bad_value_type", function()
  local d = new()
  for _, value in ipairs{{}, d, print} do
    returns(is(nil, "bad value type", false, "E_VALUE_TYPE"), d:set("foo", value))
  end
end)

test("ngx_delete_and_set_of_nil_delete_a_key", function()
  for _, delete in ipairs{function(d) return d:delete("foo") end, function(d) return d:set("foo", nil) end,
    function(d) return d:set("foo") end, function(d) return d:safe_set("foo", nil) end} do
    local d = new()
    returns(is(true, nil, false), delete(d))
    d:set("foo", 32)
    returns(is(true, nil, false), delete(d))
    returns(is(nil), d:get("foo"))
    returns(is(nil), d:get_stale("foo"))
    d:set("foo", "hello, world")
    equal(d:get("foo"), "hello, world")
  end
  local d = new()
  for _, method in ipairs{"add", "safe_add", "replace"} do
    returns(is(false, "attempt to add or replace nil values", false, "E_VALUE_TYPE"), d[method](d, "foo", nil))
  end
end)

test("ngx_add_stores_only_absent_or_expired_keys", function()
  local d = new()
  returns(is(true, nil, false), d:add("foo", 32, 0.5))
  returns(is(false, "exists", false, "E_KEY_EXISTS"), d:add("foo", 10502))
  equal(d:get("foo"), 32)
  sleep(0.6)
  returns(is(true, nil, false), d:add("foo", "of another length"))
  equal(d:get("foo"), "of another length")
  returns(is(0.0), d:ttl("foo"))
end)

test("ngx_replace_stores_only_present_keys", function()
  local d = new()
  returns(is(false, "not found", false, "E_NO_KEY"), d:replace("foo", 1))
  d:set("foo", 32, 100)
  returns(is(true, nil, false), d:replace("foo", "hello", 0.5))
  equal(d:get("foo"), "hello")
  sleep(0.6)
  returns(is(false, "not found", false, "E_NO_KEY"), d:replace("foo", 1))
  returns(is(nil), d:get("foo"))
end)

test("ngx_incr_adds_to_numbers", function()
  local d = new()
  returns(is(nil, "not found", nil, "E_NO_KEY"), d:incr("foo", 2))
  returns(is(nil), d:get("foo"))
  d:set("foo", 32)
  returns(is(10534), d:incr("foo", 10502))
  returns(is(10534), d:incr("foo", 0))
  returns(is(10500), d:incr("foo", -34))
  returns(is(10501), d:incr("foo", "1")) -- digits are a number here
  returns(is(10501.25), d:incr("foo", 0.25))
  returns(is(10501.0), d:incr("foo", -0.25))
  returns(is(10503.5), d:incr("foo", 2.5))
  equal(d:get("foo"), 10503.5)
  d:set("foo", true)
  returns(is(nil, "not a number", nil, "E_TYPE"), d:incr("foo", -0.14))
  d:set("foo", "32")
  returns(is(nil, "not a number", nil, "E_TYPE"), d:incr("foo", 1))
  equal(d:get("foo"), "32")
  raises("number expected", function() d:incr("foo", "x") end)
  raises("number expected", function() d:incr("foo") end)
  d:set("foo", 32, 0.01)
  sleep(0.03)
  returns(is(nil, "not found", nil, "E_NO_KEY"), d:incr("foo", 1))
end)

test("ngx_incr_inserts_a_key_with_its_initial_value", function()
  local d = new()
  returns(is(10503, nil, false), d:incr("foo", 10502, 1))
  returns(is(10504, nil, false), d:incr("foo", 1, 1))
  returns(is(0.75, nil, false), d:incr("half", 0.25, 0.5))
  returns(is(2, nil, false), d:incr("short", 1, 1, 0.5))
  equal(d:ttl("short") <= 0.5, true)
  returns(is(3, nil, false), d:incr("short", 1, 1, 500)) -- it keeps its time to live
  sleep(0.6)
  returns(is(2, nil, false), d:incr("short", 1, 1))
  returns(is(0.0), d:ttl("short"))
  raises('must provide "init"', function() d:incr("foo", 1, nil, 5) end)
  raises("number expected, got", function() d:incr("foo", 1, "x") end)
  raises("0 seconds or more", function() d:incr("foo", 1, 0, -1) end)
  local full = new{places = 1}
  full.k = 1
  returns(is(nil, "no memory", nil, "E_FULL"), full:incr("other", 1, 0))
end)

test("ngx_flush_all_makes_keys_stale", function()
  local d = new()
  d:set("foo", 32)
  d:set("bah", "text", 100)
  d:set("\255", true)
  equal(d:flush_all(), true)
  for key, value in pairs{foo = 32, bah = "text", ["\255"] = true} do
    returns(is(nil), d:get(key))
    returns(is(value, nil, true), d:get_stale(key))
  end
  equal(#d, 0)
  equal(#d:get_keys(), 0)
  equal(d:flush_expired(), 3)
  returns(is(nil), d:get_stale("foo"))
end)

test("ngx_flush_expired_deletes_expired_keys_only", function()
  local d = new{places = 200}
  equal(d:flush_expired(), 0)
  d:set("bah", "y", 0)
  d:set("bar", "z", 100)
  equal(d:flush_expired(), 0)
  for i = 1, 100 do
    d:set(tostring(i), "x", 0.01)
  end
  sleep(0.03)
  equal(d:flush_expired(42), 42)
  equal(d:flush_expired(0), 58)
  equal(#d, 2)
end)

test("ngx_get_keys_returns_keys_that_have_not_expired", function()
  local d = new{places = 2000}
  equal(#d:get_keys(), 0)
  equal(#d:get_keys(5), 0)
  d:set("bah", "y")
  d:set("bar", "z", 100)
  d:set("old", 1, 0.001)
  sleep(0.02)
  local keys = d:get_keys()
  table.sort(keys)
  equal(table.concat(keys, " "), "bah bar")
  equal(#d:get_keys(1), 1)
  equal(#d:get_keys(3), 2)
  for i = 1, 1500 do
    d:set(i, i)
  end
  equal(#d:get_keys(), 1024)
  equal(#d:get_keys(0), 1502)
end)

test("ngx_ttl_and_expire_are_in_seconds", function()
  local d = new()
  returns(is(nil, "not found", "E_NO_KEY"), d:ttl("foo"))
  returns(is(nil, "not found", "E_NO_KEY"), d:expire("foo", 1))
  d:set("foo", 1, 50.5)
  equal(d:ttl("foo") > 40 and d:ttl("foo") <= 50.5, true)
  returns(is(true), d:expire("foo", 100))
  equal(d:ttl("foo") > 99, true)
  returns(is(true), d:expire("foo", 0))
  returns(is(0.0), d:ttl("foo"))
  returns(is(true), d:expire("foo", math.huge))
  returns(is(0.0), d:ttl("foo"))
  raises("a number of seconds expected", function() d:expire("foo") end)
  raises("a number of seconds expected", function() d:expire("foo", nil) end)
end)

test("ngx_capacity_and_free_space_are_bytes", function()
  local d = new{places = 100}
  equal(d:capacity(), d:list().memory.size)
  local free = d:free_space()
  equal(free > 0 and free <= d:capacity(), true)
  for i = 1, 100 do
    d:set(i, i)
  end
  equal(d:free_space(), 0)
end)

test("ngx_flags_are_not_stored", function()
  local d = new()
  returns(is(true, nil, false), d:set("foo", 32, 0, 0))
  for _, method in ipairs{"set", "safe_set", "add", "safe_add", "replace"} do
    raises("a dict does not store flags", function() d[method](d, "foo", 32, 0, 199) end)
  end
end)

test("methods_win_over_keys", function()
  local d = new()
  raises("'get' is a method of a dict", function() d.get = 1 end)
  d:set("get", 1)
  equal(type(d.get), "function")
  equal(d:get("get"), 1)
  for _, key in ipairs{"name", "memory", "closed", "__index", "methods"} do
    d[key] = key
    equal(d[key], key)
  end
end)

test("strings_that_are_not_utf8_are_bytes", function()
  local d = new{places = 100}
  local function kind(text)
    d[text] = text
    equal(d[text], text)
    return type(d:exact(text)) == "userdata" and "bytes" or "str"
  end
  for _, text in ipairs{"a", "grün", "€", "\240\159\146\150", ("x"):rep(30) .. "ü", "\244\143\191\191",
    "\237\159\191"} do
    equal(kind(text), "str")
  end
  for _, text in ipairs{"\128", "\255", "a\200", "\192\128", "\237\160\128", "\244\144\128\128", "\245\128\128\128",
    "\224\159\191", "\240\143\191\191", "\226\130", ("x"):rep(20) .. "\255", "\195(", "€\191"} do
    equal(kind(text), "bytes")
  end
end)

test("bytes_that_are_text_have_a_form_of_their_own", function()
  local d = new()
  d[bytes "k"] = 1
  equal(d.k, nil)
  local key = d:get_keys()[1]
  equal(key, bytes "k")
  equal(d:incr(key, 1, 0), 2)
  equal(d:delete(key), true)
  equal(#d, 0)
end)

test("integers_beyond_2_to_53_are_not_rounded", function()
  local d = new()
  d.k = shareable.integer "9007199254740993"
  if runner.has_integers then
    equal(tostring(d.k), "9007199254740993")
  else
    runner.fails("E_OVERFLOW", "read it with exact()", d:get("k"))
    raises("read it with exact()", function() return d.k end)
  end
  equal(d:exact("k"), shareable.integer "9007199254740993")
  equal(d:incr("k", 2), shareable.integer "9007199254740995")
  equal(d:incr("k", 2, 0), shareable.integer "9007199254740997")
  for _, value in d:pairs() do
    equal(value, shareable.integer "9007199254740997")
  end
  equal(d:pop("k"), shareable.integer "9007199254740997")
end)

test("incr_keeps_the_sum_when_an_integer_becomes_a_float", function()
  local d = new()
  local l = keep(shareable.list({0}, {name = name()}))
  local program = ([[
    local d = assert(shareable.dict{name = "%s"})
    for i = 1, 2000 do
      d:incr("sum", i %% 2 == 0 and 1 or 0.5, 0)
    end
  ]]):format(d:list().name)
  local started = {runner.start(l.name, program), runner.start(l.name, program)}
  for _, each in ipairs(started) do
    runner.wait_for_exit(each)
  end
  equal(d.sum, runner.has_integers and 3000.0 or 3000)
end)

-- Calls `try` a number of times, until it returns a failure, while another process repeats `program`.
local function repeat_beside(d, program, count, try)
  d.stop = false
  local other = runner.start(d:list().name, ([[
    local d = assert(shareable.dict{name = "%s"})
    d.stop = "started"
    while d.stop ~= true do
      %s
    end
  ]]):format(d:list().name, program))
  equal(d:wait("stop", false, 10), "started")
  local failure
  for _ = 1, count do
    failure = failure or try()
  end
  d.stop = true
  runner.wait_for_exit(other)
  equal(failure, nil)
end

test("incr_by_a_fraction_keeps_an_integer_in_a_full_dict", function()
  local d = new{places = 2}
  d.counter, d.stop = 5, false
  repeat_beside(d, 'assert(d.counter and not d:safe_set("new", 1))', 20000, function()
    d.counter = 5
    local sum, message = d:incr("counter", 0.5)
    return sum ~= 5.5 and tostring(message) or nil
  end)
  equal(d.counter, 5.5)
end)

test("incr_of_an_absent_key_leaves_nothing", function()
  local d = new{places = 2}
  repeat_beside(d, 'd.k = 1.5 d:delete("k")', 200000, function()
    local sum, message = d:incr("k", 0.5)
    local value, _, stale = d:get_stale("k")
    return (not sum and message ~= "not found" and message) or stale or (value ~= value and "NaN") or nil
  end)
  returns(is(nil, "not found", nil, "E_NO_KEY"), d:incr("k", 0.5))
  equal(#d, 1)
end)

-- Returns the place of the lock of a dict in its block, and what it contains while `other`, another handle, owns it.
local function lock_of(other)
  local memory = other:list().memory
  local before = memory:read()
  assert(other:list():lock())
  local after = memory:read()
  assert(other:list():unlock())
  local first = 1
  while before:byte(first) == after:byte(first) do
    first = first + 1
  end
  first = first - (first - 1) % 4
  return memory, before:find("shr.dict", 1, true) - 1 + 64, after:sub(first, first + 3)
end

test("calls_wait_for_the_lock_as_long_as_the_timeout", function()
  local d = new{timeout = 0.05}
  d.k = 1
  local memory, at, owner = lock_of(keep(shareable.dict{name = d:list().name}))
  memory:write(at, owner)
  local known = d:list().name
  for _, call in ipairs{
    function() return nil, select(2, d:set("other", 1)) end, function() return nil, select(2, d:delete("k")) end,
    function() return nil, select(2, d:incr("other", 1, 0)) end, function() return d:pop("k") end,
    function() return d:clear() end, function() return d:reindex() end, function() return d:reindex(0) end,
  } do
    local done, message = call()
    equal(done, nil)
    equal(message:find(known, 1, true) ~= nil and message:find("timed out", 1, true) ~= nil, true)
  end
  equal(select(4, d:set("other", 1)), "E_TIMED_OUT")
  raises("timed out", function() d.other = 1 end)
  equal(d.k, 1) -- reads do not lock
  equal(d:incr("k", 1), 2)
  memory:write(at, "\0\0\0\0")
  equal(d:set("other", 1), true)
end)

test("a_dict_is_not_a_list_or_a_block", function()
  local d = new()
  raises("shareable.list expected", function() d:list().get(d, 1) end)
  equal(#d:list().memory.read(d), d:capacity()) -- as of a list or an array
  equal(d == d:list(), false)
  equal(tostring(d), ('shareable.dict{places = 10, key_size = 32, value_size = 64, name = "%s"}'):format(d:list().name))
  equal(getmetatable(d), "shareable.dict")
  equal(keep(shareable.list{name = d:list().name}).name, d:list().name)
end)

test("a_hostile_block_is_an_error", function()
  local d = new{places = 4}
  d.k = 1
  local memory = d:list().memory
  local at = memory:read():find("shr.dict", 1, true) - 1
  local known = d:list().name
  memory:write(at + 16, "\255\255\255\255\255\255\255\127") -- the places
  runner.fails("E_NOT_DICT", known, shareable.dict{name = known})
  equal(d.k, 1) -- what was checked before is used
  memory:write(at, "shr.evil")
  runner.fails("E_NOT_DICT", known, shareable.dict{name = known})
end)

test("a_key_that_another_process_makes_longer_is_not_read", function()
  local l = keep(shareable.list({"k", ("v"):rep(5000)}, {name = name(), no_sync = true}))
  local d = keep(shareable.dict{name = l.name, read_only = true})
  equal(l.memory:unpack("=i8i8i8", 8), 0)
  l.memory:pack("=i8i8i8", 8, 0, 4096, 5016) -- the offsets of the items
  l.memory:write(32, ("k"):rep(4096))
  l.memory:write(32 + 5016, "4096s")
  runner.fails("E_CORRUPT", l.name, d:get_keys())
  raises(l.name, function()
    for _ in d:pairs() do
    end
  end)
end)

if jit and jit.status() then
  test("luajit_compiles_reads_and_writes", function()
    local d = new()
    d.n, d.s = 0, "text"
    local sum = 0
    for i = 1, 300 do
      d.n = i
      sum = sum + d:get("n")
      d:incr("m", 1, 0)
      equal(d.s, "text")
      equal(d:get("absent"), nil)
      d:set("t", "v" .. i % 3)
      equal(d.t, "v" .. i % 3)
      d.b = i % 2 == 0
      equal(d.b, i % 2 == 0)
    end
    equal(sum, 45150)
    equal(d.m, 300)
    equal(d:incr("m", shareable.integer "9007199254740693"), shareable.integer "9007199254740993")
  end)
end

runner.finish()
