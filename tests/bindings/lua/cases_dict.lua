--- Tests the cases of tests/bindings/cases.txt about dicts, in that order, which every binding passes.

package.path = arg[0]:match("^.*/") .. "?.lua;" .. package.path

local runner = require "runner"
local shareable = require "shareable"

local test, name, keep = runner.test, runner.name, runner.keep
local equal, same, fails, raises = runner.equal, runner.same, runner.fails, runner.raises
local dict, bytes, none, integer = shareable.dict, shareable.bytes, shareable.none, shareable.integer
local max_integer = runner.max_integer

-- Creates a dict with a name of this test, which is unlinked at the end of the test.
local function new(options)
  options = options or {}
  options.places = options.places or 10
  options.name = options.name or name()
  return keep(dict(options))
end

local function attach(d, options)
  options = options or {}
  options.name = d:list().name
  local attached = assert(dict(options))
  return keep(attached)
end

-- Waits that number of seconds.
local function sleep(seconds)
  local l = assert(shareable.list{0})
  l:wait(1, 0, seconds)
  l:unlink()
  l:close()
end

-- Returns a sequence of "key=value", sorted.
local function content(d)
  local found = {}
  for key, value in d:pairs() do
    found[#found + 1] = ("%s=%s"):format(tostring(key), tostring(value))
  end
  table.sort(found)
  return found
end

test("dict_is_created_and_opened_by_name", function()
  local d = new{places = 5, key_size = 20, value_size = 100}
  d.color = "blue"
  local e = attach(d)
  for _, each in ipairs{d, e} do
    equal(each:places(), 5)
    equal(each:key_size(), 24)
    equal(each:value_size(), 104)
    equal(each:evicts(), false)
    equal(#each, 1)
    equal(each.color, "blue")
  end
  equal(d == e, true)
  equal(d == new(), false)
  local defaults = new()
  equal(defaults:key_size(), 32)
  equal(defaults:value_size(), 64)
  local l = keep(shareable.list({0}, {name = name()}))
  runner.wait_for_exit(runner.start(l.name, ([[
    local d = assert(shareable.dict{name = "%s"})
    assert(d.color == "blue")
    d.color = "red"
    d.n = 7
  ]]):format(d:list().name)))
  equal(d.color, "red")
  equal(e.n, 7)
end)

test("dict_without_a_name_gets_a_random_psm_name", function()
  local a, b = keep(dict{places = 1}), keep(dict{places = 1})
  equal(a:list().name:match("^psm_%x%x%x%x%x%x%x%x$"), a:list().name)
  equal(a:list().name == b:list().name, false)
end)

test("dict_holds_every_type_of_values", function()
  local d = new{places = 20}
  local long = ("long "):rep(12)
  for key, value in pairs{i = 5, negative = -7, f = 2.5, yes = true, no = false, s = "grün", empty = "", l = long,
    big = runner.max_exact, zero = 0} do
    d[key] = value
    equal(d[key], value)
    equal(d:get(key), value)
    equal(d:exact(key), value)
  end
  d.none = none
  equal(d.none, none)
  d.bytes = bytes "grün"
  equal(d.bytes, "grün")
  equal(d:exact("bytes"), bytes "grün")
  d.binary = "a\255\0"
  equal(d.binary, "a\255\0")
  equal(d:exact("binary"), bytes "a\255\0")
  d.max = max_integer
  equal(d:exact("max"), max_integer)
  d.float = shareable.float(2)
  equal(tostring(d:exact("float")):match("^2"), "2")
end)

test("dict_distinguishes_str_from_bytes_keys", function()
  local d = new()
  d["a"], d[bytes "a"] = 1, 2
  equal(d.a, 1)
  equal(d[bytes "a"], 2)
  equal(#d, 2)
  d["\255"] = 3 -- not UTF-8: bytes
  equal(d["\255"], 3)
  equal(d[bytes "\255"], 3)
  local found = {}
  for key, value in d:pairs() do
    equal(d[key], value)
    found[value] = type(key)
  end
  same(found, {"string", "userdata", "string"})
  equal(d:pop("a"), 1)
  equal(d[bytes "a"], 2)
end)

test("dict_refuses_other_keys", function()
  local d = new()
  for _, key in ipairs{true, {}, print, none} do
    raises("a key must be a string, a number or shareable.bytes", function() d[key] = 1 end)
    raises("a key must be a string, a number or shareable.bytes", function() return d[key] end)
    raises("a key must be a string, a number or shareable.bytes", function() d:get(key) end)
    raises("a key must be a string, a number or shareable.bytes", function() d:set(key, 1) end)
  end
  d[1] = "one" -- a number is its text
  equal(d["1"], "one")
  equal(d[1], "one")
  equal(d[nil], nil)
  raises("a key of dict", function() d[""] = 1 end)
  raises("a key of dict", function() d["a\0"] = 1 end)
  equal(d[""], nil)
  equal(d["a\0"], nil)
  equal(#d, 1)
end)

test("dict_refuses_a_key_that_is_too_long", function()
  local d = new{key_size = 8}
  d[("k"):rep(8)] = 1
  raises("a key of 9 bytes is too long for dict '" .. d:list().name .. "', whose keys have at most 8 bytes",
    function() d[("k"):rep(9)] = 1 end)
  equal(d[("k"):rep(9)], nil)
  fails("E_KEY", "key too long", d:get(("k"):rep(9)))
  equal(select(4, d:set(("k"):rep(9), 1)), "E_KEY")
  equal(#d, 1)
end)

test("dict_replaces_a_value_of_another_type", function()
  local d = new()
  for _, value in ipairs{1, "text", 2.5, true, "\255", none, 7} do
    d.k = value
    equal(d.k, value)
    equal(#d, 1)
  end
end)

test("dict_gets_a_default_for_an_absent_key", function()
  local d = new()
  equal(d.absent or 5, 5)
  equal(d:get("absent") or "other", "other")
  equal(select("#", d:get("absent")), 1)
  equal(#d, 0)
end)

test("dict_reports_an_absent_key", function()
  local d = new()
  equal(d.absent, nil)
  equal(d:pop("absent"), nil)
  fails("E_NO_KEY", "not found", d:ttl("absent"))
  fails("E_NO_KEY", "not found", d:expire("absent", 1))
  fails("E_NO_KEY", "not found", d:compare_exchange("absent", 1, 2))
  local value, message, forcible, code = d:incr("absent", 1)
  same({value == nil, message, forcible == nil, code}, {true, "not found", true, "E_NO_KEY"})
  d.absent = nil
  equal(d:delete("absent"), true)
end)

test("dict_sets_only_absent_keys", function()
  local d = new()
  same({d:add("k", 1)}, {true, nil, false})
  local done, message, forcible, code = d:add("k", 2)
  same({done, message, forcible, code}, {false, "exists", false, "E_KEY_EXISTS"})
  equal(d.k, 1)
end)

test("dict_sets_only_present_keys", function()
  local d = new()
  local done, message, forcible, code = d:replace("k", 1)
  same({done, message, forcible, code}, {false, "not found", false, "E_NO_KEY"})
  equal(#d, 0)
  d.k = 1
  equal(d:replace("k", "two"), true)
  equal(d.k, "two")
end)

test("dict_adds_to_an_int_with_an_initial_value", function()
  local d = new()
  equal(d:incr("n", 5, 10), 15)
  equal(d:incr("n", 5, 10), 20)
  equal(d:incr("n", -30), -10)
  equal(d.n, -10)
  d.big = max_integer
  equal(d:incr("big", -1), integer "9223372036854775806")
  local l = keep(shareable.list({0}, {name = name()}))
  local program = ([[
    local d = assert(shareable.dict{name = "%s"})
    for _ = 1, 20000 do
      d:incr("shared", 1, 0)
    end
  ]]):format(d:list().name)
  local started = {runner.start(l.name, program), runner.start(l.name, program)}
  for _ = 1, 20000 do
    d:incr("shared", 1, 0)
  end
  for _, each in ipairs(started) do
    runner.wait_for_exit(each)
  end
  equal(d.shared, 60000)
end)

test("dict_adds_to_a_float", function()
  local d = new()
  equal(d:incr("f", 0.5, 1), 1.5)
  equal(d:incr("f", 0.25), 1.75)
  equal(tostring(d:incr("f", 1)), "2.75") -- an integer may be added to a float
  d.i = 3
  equal(d:incr("i", 0.5), 3.5)
  equal(d:ttl("i"), runner.has_integers and 0.0 or 0)
end)

test("dict_refuses_to_add_to_another_type", function()
  local d = new()
  for _, value in ipairs{"text", true, none, "\255"} do
    d.k = value
    for _, n in ipairs{1, 0.5} do
      local sum, message, forcible, code = d:incr("k", n, 0)
      same({sum == nil, message, forcible == nil, code}, {true, "not a number", true, "E_TYPE"})
    end
    equal(d.k, value)
  end
end)

test("dict_add_past_64_bits_changes_nothing", function()
  local d = new()
  d.k = max_integer
  raises("dict '" .. d:list().name .. "'", function() d:incr("k", 1) end)
  raises("dict '" .. d:list().name .. "'", function() d:incr("k", 1, 0) end)
  equal(d:exact("k"), max_integer)
end)

test("dict_compares_and_exchanges_ints", function()
  local d = new()
  d.k = 5
  same({d:compare_exchange("k", 4, 9)}, {false, 5})
  same({d:compare_exchange("k", 5, 9)}, {true, 5})
  equal(d.k, 9)
  d.text = "5"
  fails("E_TYPE", "the value of key 'text' of dict", d:compare_exchange("text", 5, 9))
  d.float = 5.5
  fails("E_TYPE", "is a float", d:compare_exchange("float", 5, 9))
end)

test("dict_deletes_a_key", function()
  local d = new{places = 2}
  d.a, d.b = 1, 2
  same({d:delete("a")}, {true, nil, false})
  equal(d.a, nil)
  equal(#d, 1)
  d.c = 3 -- the place is free
  d.c = nil
  d:set("b", nil)
  equal(#d, 0)
end)

test("dict_pops_a_key_with_its_value", function()
  local d = new{value_size = 1000}
  d.a, d.long, d.big, d.binary = 1, ("x"):rep(1000), max_integer, "\255"
  equal(d:pop("a"), 1)
  equal(d:pop("long"), ("x"):rep(1000))
  equal(d:pop("big"), max_integer)
  equal(d:pop("binary"), "\255")
  equal(#d, 0)
  equal(select("#", d:pop("a")), 1)
end)

test("dict_visits_each_key_once", function()
  local d = new{places = 100}
  same(content(d), {})
  for i = 1, 100 do
    d["k" .. i] = i
  end
  local seen = {}
  for key, value in d:pairs() do
    equal(key, "k" .. value)
    equal(seen[value], nil)
    seen[value] = true
  end
  equal(#seen, 100)
  equal(#d:get_keys(), 100)
  if pcall(pairs, d) then
    local count = 0
    for _ in pairs(d) do
      count = count + 1
    end
    equal(count, 100)
  end
end)

test("dict_can_be_visited_while_it_changes", function()
  local d = new{places = 100}
  for i = 1, 50 do
    d["k" .. i] = i
  end
  local seen = 0
  for key in d:pairs() do
    seen = seen + 1
    d[key] = nil
    d["new" .. seen] = seen
    if seen > 1000 then
      break
    end
  end
  equal(seen >= 50, true)
  equal(#d, 50)
end)

test("dict_counts_its_keys", function()
  local d = new()
  equal(#d, 0)
  for i = 1, 5 do
    d[i] = i
    d[i] = i
    equal(#d, i)
  end
  d[1] = nil
  equal(#d, 4)
end)

test("dict_that_is_full_names_its_places", function()
  local d = new{places = 3}
  d.a, d.b, d.c = 1, 2, 3
  raises(("dict '%s' is full: all 3 places have a key"):format(d:list().name), function() d.d = 4 end)
  local done, message, forcible, code = d:set("d", 4)
  same({done, message, forcible, code}, {false, "no memory", false, "E_FULL"})
  d.a = 7
  same(content(d), {"a=7", "b=2", "c=3"})
end)

test("dict_evicts_a_key_that_was_not_used", function()
  local d = new{places = 3, evict = true}
  equal(d:evicts(), true)
  d.a, d.b, d.c = 1, 2, 3
  equal(d.a, 1)
  equal(d.c, 3)
  same({d:set("d", 4)}, {true, nil, true})
  equal(d.b, nil)
  equal(#d, 3)
  equal(d:evicted(), 1)
  local done, message, forcible, code = d:safe_set("e", 5)
  same({done, message, forcible, code}, {false, "no memory", false, "E_FULL"})
  equal(attach(d):evicts(), true)
end)

test("dict_forgets_a_key_when_its_ttl_is_over", function()
  local d = new()
  d:set("k", 1, 0.5)
  d:set("never", 2, 0)
  equal(d.k, 1)
  sleep(0.6)
  equal(d.k, nil)
  equal(d.never, 2)
  same(content(d), {"never=2"})
  equal(d:get_stale("k"), 1)
  equal(d:add("k", 5), true)
  equal(d.k, 5)
end)

test("dict_add_keeps_the_ttl_of_a_key", function()
  local d = new()
  equal(d:incr("k", 1, 0, 100), 1)
  equal(d:incr("k", 1, 0, 1000), 2)
  local ttl = d:ttl("k")
  equal(ttl > 99 and ttl <= 100, true)
  d:compare_exchange("k", 2, 7)
  equal(d:ttl("k") <= 100, true)
  equal(d:incr("k", 0.5), 7.5) -- also if the integer becomes a float
  equal(d:ttl("k") > 99 and d:ttl("k") <= 100, true)
  d.k = 1 -- a set replaces it
  equal(d:ttl("k") == 0, true)
end)

test("dict_changes_the_ttl_of_a_key", function()
  local d = new()
  d.k = 1
  equal(d:expire("k", 50), true)
  equal(d:ttl("k") > 49 and d:ttl("k") <= 50, true)
  equal(d:expire("k", 0), true)
  equal(d:ttl("k") == 0, true)
  equal(d:expire("k", 0.01), true)
  sleep(0.03)
  equal(d.k, nil)
  fails("E_NO_KEY", "not found", d:expire("k", 1))
  raises("0 seconds or more", function() d:expire("k", -1) end)
  raises("0 seconds or more", function() d:set("k", 1, -1) end)
end)

test("dict_deletes_expired_keys", function()
  local d = new{places = 20}
  for i = 1, 10 do
    d:set(i, i, 0.01)
  end
  d.never = 1
  sleep(0.03)
  equal(#d, 1)
  equal(d:flush_expired(3), 3)
  equal(d:flush_expired(), 7)
  equal(d:flush_expired(0), 0)
  equal(#d, 1)
end)

test("dict_is_cleared", function()
  local d = new()
  d.a, d.b = 1, "two"
  equal(d:clear(), true)
  equal(#d, 0)
  equal(d.a, nil)
  same(content(d), {})
  d.a = 3
  equal(d.a, 3)
  equal(d:clear(1), true)
end)

test("dict_makes_its_index_again", function()
  local d = new()
  d.a, d.b, d[bytes "a"] = 1, 2, 3
  equal(d:reindex(), true)
  equal(d:reindex(0), true)
  equal(#d, 3)
  same({d.a, d.b, d[bytes "a"]}, {1, 2, 3})
end)

test("dict_is_copied_to_a_larger_one", function()
  local d = new{places = 3}
  d.a, d[bytes "a"] = 1, "two"
  d:set("ttl", 5, 100)
  local larger = new{places = 20}
  larger.a = 9
  equal(d:copy(larger), true)
  equal(larger.a, 1)
  equal(larger[bytes "a"], "two")
  equal(larger:ttl("ttl") > 90, true)
  local smaller = new{places = 2}
  fails("E_FULL", smaller:list().name, d:copy(smaller))
  raises("shareable.dict expected", function() d:copy({}) end)
end)

test("dict_waits_until_a_value_differs", function()
  local d = new()
  d.k = 1
  equal(d:wait("k", 2), 1)
  local l = keep(shareable.list({0}, {name = name()}))
  local other = runner.start(l.name, ([[
    local d = assert(shareable.dict{name = "%s"})
    l:wait(1, 0)
    d.k = "changed"
  ]]):format(d:list().name))
  l[1] = 1
  equal(d:wait("k", 1, 20), "changed")
  runner.wait_for_exit(other)
end)

test("dict_waits_until_a_key_appears_or_is_deleted", function()
  local d = new()
  local l = keep(shareable.list({0}, {name = name()}))
  local other = runner.start(l.name, ([[
    local d = assert(shareable.dict{name = "%s"})
    l:wait(1, 0)
    d.k = 5
    l:wait(1, 1)
    d.k = nil
  ]]):format(d:list().name))
  l[1] = 1
  equal(d:wait("k", nil, 20), 5)
  l[1] = 2
  equal(d:wait("k", 5, 20), nil)
  runner.wait_for_exit(other)
  d:set("k", 5, 0.05)
  equal(d:wait("k", 5, 20), nil)
end)

test("dict_wait_times_out", function()
  local d = new()
  d.k = 1
  fails("E_TIMED_OUT", d:list().name, d:wait("k", 1, 0))
  fails("E_TIMED_OUT", d:list().name, d:wait("k", 1, 0.02))
  fails("E_TIMED_OUT", d:list().name, d:wait("absent", nil, 0.02))
end)

test("dict_is_a_list_of_keys_and_values", function()
  local d = new{places = 3}
  d.a = 1
  local l = d:list()
  equal(#l, 6)
  local found
  for i = 1, #l, 2 do
    if l[i] ~= none then
      equal(l[i], "a")
      equal(l[i + 1], 1)
      found = i
    end
  end
  l[found + 1] = 5
  equal(d.a, 5)
  equal(keep(shareable.list{name = l.name})[found], "a")
end)

test("dict_refuses_writes_to_keys_as_items_of_the_list", function()
  local d = new{places = 2}
  d.a = 1
  local l = d:list()
  local key = l:index("a")
  fails("E_KEY_ITEM", "key", l:set(key, "b"))
  raises("key", function() l[key] = none end)
  equal(d.a, 1)
end)

test("dict_opens_a_list_of_stock_python_read_only", function()
  local l = keep(shareable.list({"a", 1, none, 5, bytes "b", "two", "c", none, ("l"):rep(473), true},
    {name = name(), no_sync = true}))
  local d = keep(dict{name = l.name, read_only = true})
  equal(d.a, 1)
  equal(d[bytes "b"], "two")
  equal(d.c, none)
  equal(d.b, nil)
  equal(#d, 4)
  same(content(d), {"a=1", "b=two", "c=none", ("l"):rep(473) .. "=true"}) -- no key of a dict is so long
  l[2] = 7
  equal(d.a, 7)
  raises("read-only", function() d.a = 2 end)
end)

test("dict_refuses_a_list_that_is_not_a_dict", function()
  local l = keep(shareable.list({"a", 1}, {name = name()}))
  fails("E_NOT_DICT", l.name, dict{name = l.name})
  local odd = keep(shareable.list({"a", 1, "b"}, {name = name()}))
  fails("E_NOT_DICT", odd.name, dict{name = odd.name, read_only = true})
  local numbers = keep(shareable.list({1, 2}, {name = name()}))
  fails("E_NOT_DICT", numbers.name, dict{name = numbers.name, read_only = true})
  local array = keep(shareable.array{shape = {3}, name = name()})
  fails("E_NOT_LIST", array.name, dict{name = array.name})
  local absent = name()
  fails("E_NOT_FOUND", absent, dict{name = absent})
end)

test("dict_attached_read_only_refuses_writes", function()
  local d = new()
  d.k = 1
  local reader = attach(d, {read_only = true})
  equal(reader.k, 1)
  equal(reader:list().read_only, true)
  equal(d:list().read_only, false)
  for _, call in ipairs{
    function() reader.k = 2 end, function() reader.k = nil end, function() reader:set("k", 2) end,
    function() reader:add("other", 2) end, function() reader:replace("k", 2) end, function() reader:incr("k", 1) end,
    function() reader:incr("k", 1, 0) end, function() reader:delete("k") end, function() reader:pop("k") end,
    function() reader:expire("k", 1) end, function() reader:flush_all() end, function() reader:flush_expired() end,
    function() reader:compare_exchange("k", 1, 2) end, function() reader:clear() end, function() reader:reindex() end,
    function() d:copy(reader) end,
  } do
    raises("dict '" .. d:list().name .. "' is attached read-only", call)
  end
  d.k = 3
  equal(reader.k, 3)
end)

test("dict_refuses_a_name_that_exists", function()
  local d = new()
  d.k = 1
  fails("E_EXISTS", d:list().name, dict{places = 1, name = d:list().name})
  equal(d.k, 1)
  for _, bad in ipairs{"", "/", ".", "..", "a/b", "a\0b", ("n"):rep(256)} do
    raises("name", function() dict{places = 1, name = bad} end)
    raises("name", function() dict{name = bad} end)
  end
end)

test("dict_refuses_sizes_that_no_dict_can_have", function()
  for _, options in ipairs{{places = 0}, {places = 2 ^ 40}, {places = 1, key_size = 0}, {places = 1, key_size = 473},
    {places = 1, value_size = 0}, {places = 1, value_size = 2 ^ 40}} do
    local known = name()
    options.name = known
    local done, message, code = pcall(dict, options)
    equal(not done or message == nil and code ~= nil, true)
    fails("E_NOT_FOUND", known, dict{name = known})
  end
  raises("option 'places': a whole number expected", function() dict{places = "x"} end)
  raises("option 'places': a whole number expected", function() dict{places = -1} end)
  raises("option 'timeout': a number expected", function() dict{places = 1, timeout = "x"} end)
  raises("a timeout must be 0 seconds or more", function() dict{places = 1, timeout = -1} end)
  raises("unknown option 'size'", function() dict{places = 1, size = 3} end)
  raises("unknown option 'evict'", function() dict{name = "x", evict = true} end)
  raises("give the places", function() dict{} end)
  raises("table of options expected", function() dict("x") end)
end)

test("dict_refuses_a_value_that_does_not_fit", function()
  local d = new{value_size = 16}
  d.k = ("x"):rep(16)
  raises("at most 16 bytes", function() d.k = ("x"):rep(17) end)
  local done, message, forcible, code = d:set("k", ("x"):rep(17))
  same({done, message, forcible, code}, {false, "no memory", false, "E_CAPACITY"})
  equal(d.k, ("x"):rep(16))
  raises("a dict can hold an integer", function() d.k = {} end)
  done, message, forcible, code = d:set("k", {})
  same({done == nil, message, forcible, code}, {true, "bad value type", false, "E_VALUE_TYPE"})
end)

test("dict_refuses_use_after_close", function()
  local d = new()
  d.k = 1
  local target = new()
  local known = d:list().name
  d:close()
  d:close()
  equal(d:list().closed, true)
  equal(d:list().name, known)
  equal(d:places(), 10)
  equal(tostring(d):find("(closed)", 1, true) ~= nil, true)
  for _, call in ipairs{
    function() return d.k end, function() d.k = 2 end, function() d.k = nil end, function() return #d end,
    function() d:get("k") end, function() d:exact("k") end, function() d:get_stale("k") end,
    function() d:set("k", 1) end, function() d:add("k", 1) end, function() d:incr("k", 1) end,
    function() d:incr("k", 1, 0) end, function() d:delete("k") end, function() d:pop("k") end,
    function() d:ttl("k") end, function() d:expire("k", 1) end, function() d:flush_all() end,
    function() d:flush_expired() end, function() d:get_keys() end, function() d:free_space() end,
    function() d:pairs()() end,
    function() d:wait("k", 1) end, function() d:clear() end, function() d:reindex() end,
    function() d:copy(target) end, function() target:copy(d) end, function() d:compare_exchange("k", 1, 2) end,
  } do
    raises("dict '" .. known .. "' is closed: open it again", call)
  end
  equal(keep(dict{name = known}).k, 1)
  target:list():close()
  equal(target:list().closed, true)
end)

test("dict_is_unlinked_when_its_owner_exits", function()
  local l = keep(shareable.list({0}, {name = name()}))
  local owned, kept = name(), name()
  runner.wait_for_exit(runner.start(l.name, ([[
    assert(shareable.dict{places = 1, name = "%s", owned = true})
    assert(shareable.dict{places = 1, name = "%s"})
  ]]):format(owned, kept)))
  for _ = 1, 1000 do
    if select(3, dict{name = owned}) == "E_NOT_FOUND" then
      break
    end
    l:wait(1, 0, 0.01)
  end
  fails("E_NOT_FOUND", owned, dict{name = owned})
  equal(keep(dict{name = kept}):list().name, kept)
end)

test("dict_is_unlinked_once_and_then_not_found", function()
  local d = new()
  equal(d:unlink(), true)
  fails("E_NOT_FOUND", d:list().name, d:unlink())
  fails("E_NOT_FOUND", d:list().name, dict{name = d:list().name})
  d.k = 1 -- other users continue to use it
  equal(d.k, 1)
end)

runner.finish()
