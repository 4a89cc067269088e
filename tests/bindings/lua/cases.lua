--- Tests the cases that every binding passes, in the order of tests/bindings/cases.txt.

package.path = arg[0]:match("^.*/") .. "?.lua;" .. package.path

local runner = require "runner"
local shareable = require "shareable"

local test, name, keep = runner.test, runner.name, runner.keep
local equal, same, fails, raises = runner.equal, runner.same, runner.fails, runner.raises
local items, start, wait_for_exit = runner.items, runner.start, runner.wait_for_exit
local max_integer, min_integer, max_exact = runner.max_integer, runner.min_integer, runner.max_exact
local bytes, none, integer, float = shareable.bytes, shareable.none, shareable.integer, shareable.float

local function block(options)
  return keep(shareable.memory(options))
end

local function list(values, options)
  return keep(shareable.list(values, options))
end

-- Returns a list with an item of every type, and a second integer.
local function example(options)
  return list({"howdy", bytes "HoWdY", -273.154, 100, none, true, 42}, options)
end

-- Returns the offset in the block of the data of a list of `count` items.
local function data_at(count)
  return 8 * (count + 2)
end

test("memory_is_created_and_attached_by_name", function()
  local known = name()
  local made = block{name = known, size = 4096}
  local attached = keep(shareable.memory{name = known})
  equal(made.name, known)
  equal(made.size, 4096)
  equal(attached.name, known)
  equal(attached.size, 4096)
  equal(attached, made)
end)

test("memory_without_a_name_gets_a_random_psm_name", function()
  local one, two = block{size = 1}, block{size = 1}
  equal(one.name:match("^psm_%x%x%x%x%x%x%x%x$"), one.name)
  equal(two.name:match("^psm_%x%x%x%x%x%x%x%x$"), two.name)
  equal(one.name == two.name, false)
end)

test("memory_refuses_a_name_that_exists", function()
  local first = block{name = name(), size = 8}
  first:write(0, "kept")
  fails("E_EXISTS", first.name, shareable.memory{name = first.name, size = 8})
  equal(first:read(0, 4), "kept")
end)

test("memory_refuses_to_attach_to_a_missing_block", function()
  local absent = name()
  fails("E_NOT_FOUND", absent, shareable.memory{name = absent})
  same(runner.blocks(), {})
end)

test("memory_refuses_a_bad_name", function()
  for _, bad in ipairs{"", "/", ".", "..", "a/b", "//a", ("n"):rep(256), "a\0b"} do
    raises("name", function() local _ = shareable.memory{name = bad, size = 8} end)
    raises("name", function() local _ = shareable.memory{name = bad} end)
  end
  for _, wrong in ipairs{7, true, {}} do
    raises("'name': a string expected", function() local _ = shareable.memory{name = wrong, size = 8} end)
  end
end)

test("memory_refuses_a_size_of_zero", function()
  local known = name()
  raises("size", function() local _ = shareable.memory{name = known, size = 0} end)
  for _, wrong in ipairs{-1, 1.5, math.huge, "8"} do
    local function make()
      return (shareable.memory{name = known, size = wrong})
    end
    raises("'size': a whole number expected, got " .. wrong, make)
  end
  same(runner.blocks(), {})
end)

test("memory_that_does_not_fit_is_refused_with_sizes_in_the_message", function()
  local known = name()
  local size = 2 ^ 60
  fails("E_NO_SPACE", "1152921504606846976", shareable.memory{name = known, size = size})
  local _, message = shareable.memory{name = known, size = size}
  equal(message:match("only %d+ of its %d+ bytes free") ~= nil, true)
  same(runner.blocks(), {})
end)

test("memory_shares_its_bytes", function()
  local one = block{name = name(), size = 64}
  local two = keep(shareable.memory{name = one.name})
  equal(one:read(), ("\0"):rep(64))
  one:write(0, "howdy\0there")
  equal(two:read(0, 11), "howdy\0there")
  two:write(59, "tail!")
  equal(one:read(59), "tail!")
  equal(one:read(59, 5), "tail!")
end)

test("memory_refuses_bytes_outside_of_the_block", function()
  local m = block{size = 16}
  raises("17 bytes at offset 0 out of range", function() m:read(0, 17) end)
  raises("1 bytes at offset 16 out of range", function() m:read(16, 1) end)
  raises("at offset -1", function() m:read(-1, 1) end)
  raises("-1 bytes at offset 0 out of range", function() m:read(0, -1) end)
  raises("at offset", function() m:read(max_exact, max_exact) end)
  raises("2 bytes at offset 15 out of range", function() m:write(15, "ab") end)
  raises("at offset -1", function() m:write(-1, "") end)
  equal(m:read(16, 0), "")
  equal(m:write(16, ""), true)
  equal(m:read(), ("\0"):rep(16))
end)

test("memory_attached_read_only_refuses_writes", function()
  local made = block{name = name(), size = 16}
  local attached = keep(shareable.memory{name = made.name, read_only = true})
  made:write(0, "kept")
  raises("read-only", function() attached:write(0, "lost") end)
  equal(attached:read(0, 4), "kept")
  equal(attached.read_only, true)
  equal(made.read_only, false)
end)

test("memory_has_the_requested_mode", function()
  local function mode(object)
    local pipe = assert(io.popen("stat -c %a /dev/shm/" .. object.name))
    local found = pipe:read("*l")
    pipe:close()
    return found
  end
  equal(mode(block{size = 8}), "600")
  equal(mode(block{size = 8, mode = tonumber("400", 8)}), "400")
  equal(mode(list({1}, {mode = tonumber("640", 8)})), "640")
  raises("mode", function() local _ = shareable.memory{size = 8, mode = tonumber("1000", 8)} end)
end)

test("memory_can_be_closed_twice_and_then_refuses_use", function()
  local m = block{size = 8}
  equal(m.closed, false)
  m:close()
  m:close()
  equal(m.closed, true)
  raises("is closed: open it again", function() m:read(0, 1) end)
  raises("is closed: open it again", function() m:write(0, "a") end)
end)

test("memory_keeps_its_name_and_size_when_closed", function()
  local m = block{name = name(), size = 4097}
  local known = m.name
  m:close()
  equal(m.name, known)
  equal(m.size, 4097)
end)

test("memory_is_unlinked_once_and_then_not_found", function()
  local m = block{name = name(), size = 8}
  m:write(0, "kept")
  equal(m:unlink(), true)
  fails("E_NOT_FOUND", m.name, m:unlink())
  fails("E_NOT_FOUND", m.name, shareable.memory{name = m.name})
  equal(m:read(0, 4), "kept")
end)

test("memory_does_not_unlink_another_block_of_its_name", function()
  local first = block{name = name(), size = 8}
  first:unlink()
  local second = block{name = first.name, size = 8}
  second:write(0, "second")
  fails("E_NOT_FOUND", first.name, first:unlink())
  equal(keep(shareable.memory{name = first.name}):read(0, 6), "second")
end)

test("memory_can_be_unlinked_by_name", function()
  local m, l = block{name = name(), size = 8}, list({1}, {name = name()})
  equal(shareable.unlink(m.name), true)
  equal(shareable.unlink(l.name), true)
  fails("E_NOT_FOUND", m.name, shareable.unlink(m.name))
  raises("a/b", function() shareable.unlink("a/b") end)
  same(runner.blocks(), {})
end)

test("memory_prints_its_name_and_size", function()
  local m = block{name = name(), size = 4096}
  equal(tostring(m), ('shareable.memory{name = "%s", size = 4096}'):format(m.name))
  m:close()
  equal(tostring(m), ('shareable.memory{name = "%s", size = 4096} (closed)'):format(m.name))
end)

test("list_holds_every_type", function()
  local l = example()
  equal(#l, 7)
  same(l:totable(), {"howdy", bytes "HoWdY", -273.154, 100, none, true, 42})
  local types = {"string", "bytes", "float", "integer", "none", "boolean", "integer"}
  for index, wanted in ipairs(types) do
    equal(l:type(index), wanted)
  end
  equal(list({false})[1], false)
end)

test("list_shows_writes_of_one_handle_through_another", function()
  local one = example{name = name()}
  local two = keep(shareable.list{name = one.name})
  one[3] = -78.5
  two[1] = "hello"
  equal(two[3], -78.5)
  equal(one[1], "hello")
end)

test("list_is_indexed_from_either_end", function()
  local l = example()
  equal(l[1], "howdy")
  equal(l[7], 42)
  equal(l[-1], 42)
  equal(l[-7], "howdy")
  l[-1] = 43
  equal(l[7], 43)
  equal(l:get(-4), 100)
end)

test("list_refuses_an_index_past_either_end", function()
  local l = example{name = name()}
  for _, index in ipairs{8, -8, 0, max_exact, -max_exact} do
    local wanted = ("index %d out of range: list '%s' has 7 items"):format(index, l.name)
    equal(l[index], nil) -- as in a table
    raises(wanted, function() l[index] = 1 end)
    raises(wanted, function() l:get(index) end)
    raises(wanted, function() l:set(index, 1) end)
    raises(wanted, function() l:type(index) end)
    raises(wanted, function() l:capacity(index) end)
  end
  if runner.has_integers then
    local wanted = ("index %d out of range"):format(math.mininteger)
    equal(l[math.mininteger], nil)
    raises(wanted, function() l[math.mininteger] = 1 end)
    raises(wanted, function() l:get(math.mininteger) end)
    raises(wanted, function() l:add(math.mininteger, 1) end)
    raises(wanted, function() l:wait(math.mininteger, 1) end)
    raises(wanted, function() l:setfloats(math.mininteger, {1}) end)
    raises(("index %d out of range"):format(math.maxinteger), function() l:get(math.maxinteger) end)
  end
  raises("integer, not 1.5", function() local _ = l[1.5] end)
  raises("integer, not 1.5", function() l[1.5] = 1 end)
  same(l:totable(), {"howdy", bytes "HoWdY", -273.154, 100, none, true, 42})
end)

test("list_changes_the_type_of_an_item", function()
  local l = list({"howdy"})
  for _, value in ipairs{1, 2.5, false, none, bytes "\255\0\1", "text", 7} do
    l[1] = value
    equal(l[1], value)
  end
end)

test("list_keeps_the_limits_of_int64", function()
  local l = list({min_integer, max_integer, 0}, {name = name()})
  equal(l:exact(1), min_integer)
  equal(l:exact(2), max_integer)
  equal(tostring(l:exact(2)), "9223372036854775807")
  l[3] = min_integer
  equal(l:exact(3), min_integer)
  l[3] = integer "9007199254740993"
  equal(tostring(l:exact(3)), "9007199254740993")
  l[3] = 2 ^ 53 - 1
  equal(l[3], 2 ^ 53 - 1)
  if runner.has_integers then
    l[3] = min_integer
    equal(l[3], min_integer)
    equal(l:get(3), min_integer)
  else -- an integer beyond 2^53 is an error, and is not rounded
    local wanted = ("item 2 of list '%s' is an integer beyond 2^53"):format(l.name)
    raises(wanted, function() local _ = l[2] end)
    fails("E_OVERFLOW", wanted, l:get(2))
    fails("E_OVERFLOW", wanted, l:wait(2, 0))
    fails("E_OVERFLOW", wanted, l:totable(2))
    fails("E_OVERFLOW", wanted, l:integers(2))
    l[1] = 0
    raises(wanted, function() for _ in l:ipairs() do l[1] = 0 end end)
  end
end)

-- Lua has no integer beyond 64 bits. Such a number is a float, which is stored as a float, or
-- refused as an integer.
test("list_refuses_an_int_beyond_64_bits_and_keeps_the_item", function()
  local l = list({5, 6})
  raises("an integer expected, got 9.22337203685", function() l:setintegers(1, {1, 2.0 ^ 63}) end)
  same(l:totable(), {5, 6})
  l[1] = 9223372036854775808
  equal(l[1], 2.0 ^ 63)
  equal(l:type(1), "float")
  raises("an integer of 64 bits expected, got 9223372036854775808", function() integer "9223372036854775808" end)
end)

test("list_keeps_every_bit_of_a_float", function()
  local values = {0.1, -1 / math.huge, math.huge, -math.huge, 5e-324, math.pi, 1.7976931348623157e308}
  local wanted = {"3fb999999999999a", "8000000000000000", "7ff0000000000000", "fff0000000000000", "0000000000000001",
    "400921fb54442d18", "7fefffffffffffff"}
  local l = list(values)
  local function bits(index)
    local high, low = l.memory:unpack("<I4 I4", data_at(7) + 8 * (index - 1))
    return ("%08x%08x"):format(low, high)
  end
  for index, value in ipairs(values) do
    equal(l[index], value)
    equal(bits(index), wanted[index])
    l[index] = l[index]
    equal(bits(index), wanted[index])
  end
  equal(1 / l[2], -math.huge)
  if not jit then -- LuaJIT has a single NaN
    l.memory:pack("<I4 I4", data_at(7), 0x0000beef, 0x7ff8dead)
    l[2] = l[1]
    equal(bits(2), "7ff8dead0000beef")
  end
  l[1] = float(3)
  equal(l[1], 3.0)
  equal(l:type(1), "float")
  l[1] = 3.0
  equal(l:type(1), "float")
end)

test("list_keeps_trailing_nuls_of_str_and_bytes", function()
  local l = list({"ab\0\0\0", bytes "ab\0\0\0", "\0", bytes "\0\0"})
  same(l:totable(), {"ab\0\0\0", bytes "ab\0\0\0", "\0", bytes "\0\0"})
  l[1] = "c\0"
  l[2] = bytes "c\0"
  equal(l[1], "c\0")
  equal(l[2], bytes "c\0")
  l[1] = "in\0ner"
  equal(l[1], "in\0ner")
end)

test("list_sizes_a_slot_by_utf8_bytes", function()
  local text = ("é"):rep(12)
  local l = list({text, "€uro"})
  equal(l[1], text)
  equal(l:capacity(1), 32)
  equal(l[2], "€uro")
end)

test("list_refuses_a_text_longer_than_its_slot_and_keeps_the_item", function()
  local l = list({"howdy", bytes "HoWdY", 100}, {name = name()})
  local wanted = "item %d of list '" .. l.name .. "' exceeds available storage: it has room for 8 bytes of text"
  for index = 1, 3 do
    fails("E_CAPACITY", wanted:format(index), l:set(index, "123456789"))
    fails("E_CAPACITY", wanted:format(index), l:set(index, bytes "123456789"))
    raises(wanted:format(index), function() l[index] = "123456789" end)
  end
  same(l:totable(), {"howdy", bytes "HoWdY", 100})
  equal(l:set(1, "12345678"), true)
  equal(l[1], "12345678")
end)

test("list_reserves_extra_capacity_for_a_text", function()
  local l = list({"a", 1, bytes "b"}, {capacity = {100, [3] = 20}})
  equal(l:capacity(1), 104)
  equal(l:capacity(2), 8)
  equal(l:capacity(3), 24)
  l[1] = ("x"):rep(104)
  equal(l[1], ("x"):rep(104))
  local all = list({"a", 1}, {capacity = 64})
  equal(all:capacity(1), 64)
  equal(all:capacity(2), 64)
  raises("item 1: a capacity", function() local _ = shareable.list({1}, {capacity = {-1}}) end)
  raises("item 1: a capacity", function() local _ = shareable.list({1}, {capacity = {"much"}}) end)
end)

test("list_refuses_a_str_that_is_not_utf8", function()
  local l = list({"howdy", 1}, {name = name()})
  for _, bad in ipairs{"\255", "\195", "\237\160\128", "\245\128\128\128", "\192\128"} do
    fails("E_UTF8", "item 1 of list '" .. l.name .. "'", l:set(1, bad))
    raises("UTF-8", function() l[1] = bad end)
    fails("E_UTF8", "item 2", shareable.list({1, bad}))
    equal(keep(shareable.list({bytes(bad)}))[1], bytes(bad))
  end
  equal(l[1], "howdy")
  -- A string that another process wrote is not returned either if it is not UTF-8.
  l.memory:write(data_at(2), "\255")
  fails("E_UTF8", "item 1", l:get(1))
  raises("item 1", function() local _ = l[1] end)
end)

test("list_refuses_a_text_longer_than_any_slot", function()
  local known = name()
  fails("E_TOO_LONG", "item 2", shareable.list({1, ("x"):rep(9999992)}, {name = known}))
  fails("E_TOO_LONG", "item 1", shareable.list({bytes(("\0"):rep(1000000))}, {name = known}))
  fails("E_TOO_LONG", "item 1", shareable.list({1}, {name = known, capacity = 9999993}))
  same(runner.blocks(), {})
  local l = list({("x"):rep(9999991)})
  equal(#l[1], 9999991)
end)

test("list_refuses_a_type_that_cannot_be_stored", function()
  local l = list({5})
  for _, bad in ipairs{{}, print, io.stdout, coroutine.create(function() end)} do
    local kind = type(bad)
    raises("item 1: a list can hold", function() l[1] = bad end)
    raises(kind, function() l:set(1, bad) end)
    raises(kind, function() l:count(bad) end)
    raises("item 2: a list can hold", function() local _ = shareable.list({1, bad}) end)
  end
  raises("not nil", function() l[1] = nil end)
  raises("item 2: a list can hold", function() local _ = shareable.list({1, nil, 3, n = 3}) end)
  equal(l[1], 5)
end)

test("list_can_be_empty", function()
  local l = list({}, {name = name()})
  local attached = keep(shareable.list{name = l.name})
  equal(#attached, 0)
  equal(attached[1], nil)
  equal(attached[-1], nil)
  equal(#attached:totable(), 0)
  equal(attached.format, "")
  equal(attached:count(1), 0)
  raises("out of range", function() l[1] = 1 end)
end)

test("list_counts_and_finds_by_python_equality", function()
  local big = integer "9007199254740993"
  local l = list({1, float(1), true, 0, false, "1", bytes "1", none, 0 / 0, big})
  equal(l:count(1), 3)
  equal(l:count(true), 3)
  equal(l:index(1.0), 1)
  equal(l:index(false), 4)
  equal(l:index("1"), 6)
  equal(l:index(bytes "1"), 7)
  equal(l:index(none), 8)
  equal(l:count(0 / 0), 0)
  equal(l:count(float(1)), 3)
  equal(l:count(2.0 ^ 53), 0)
  equal(l:index(big), 10)
  local e = example()
  equal(e:index(42), 7)
  equal(e:count(42), 1)
end)

test("list_does_not_find_an_absent_value", function()
  local l = example()
  for _, absent in ipairs{43, "HoWdY", bytes "howdy", false} do
    equal(select("#", l:index(absent)), 1) -- a single nil, because it is not a failure
    equal(l:index(absent), nil)
    equal(l:count(absent), 0)
  end
end)

test("list_returns_its_format", function()
  local l = example()
  equal(l.format, "8s8sdqxxxxxx?xxxxxxxx?q")
  l[4] = 1.5
  equal(l.format, "8s8sddxxxxxx?xxxxxxxx?q")
end)

test("list_returns_its_block", function()
  local l = example{name = name()}
  local m = l.memory
  equal(m.name, l.name)
  equal(m.size >= data_at(7) + 7 * 8 + 9 * 7, true)
  equal((m:unpack("j")), 7)
  equal(m, keep(shareable.memory{name = l.name}))
  m:close()
  equal(l.closed, true)
end)

test("list_without_sync_area_has_the_size_that_cpython_uses", function()
  local l = example{name = name(), no_sync = true}
  equal(l.memory.size, data_at(7) + 7 * 8 + 9 * 7)
  l[4] = "text"
  equal(l[4], "text")
end)

test("list_reads_and_writes_ranges_of_ints_and_floats", function()
  local l = list({1, 2, 3, 4.5, -0.25})
  same(l:integers(1, 3), {1, 2, 3})
  same(l:integers(-5, -3), {1, 2, 3})
  same(l:floats(4), {4.5, -0.25})
  fails("E_TYPE", "item 4", l:integers())
  fails("E_TYPE", "item 1", l:floats())
  equal(l:setintegers(2, {min_integer, max_integer}), true)
  equal(l:setfloats(-2, {7, 0.5}), true)
  same(items(l), {1, min_integer, max_integer, 7.0, 0.5})
  equal(l:type(4), "float")
  raises("index 6 out of range", function() l:setintegers(4, {1, 2, 3}) end)
  raises("index 6 out of range", function() l:setfloats(6, {1}) end)
  raises("index 0 out of range", function() l:setfloats(0, {1}) end)
  raises("number 2 of the table: an integer expected, got 1.5", function() l:setintegers(1, {1, 1.5}) end)
  raises("number 1 of the table: a number expected, got string", function() l:setfloats(1, {"x"}) end)
  same(items(l), {1, min_integer, max_integer, 7.0, 0.5})
end)

test("list_iterates_over_its_items", function()
  local l = example()
  local wanted = {"howdy", bytes "HoWdY", -273.154, 100, none, true, 42}
  for _, step in ipairs(_VERSION == "Lua 5.1" and {l.ipairs} or {l.ipairs, ipairs, pairs}) do
    local count = 0
    for index, value in step(l) do
      count = count + 1
      equal(index, count)
      equal(value, wanted[index])
    end
    equal(count, 7)
  end
end)

test("list_prints_its_values_and_name", function()
  local l = example{name = name()}
  local values = [[{"howdy", shareable.bytes "HoWdY", -273.154, 100, shareable.none, true, 42}]]
  equal(tostring(l), ('shareable.list(%s, {name = "%s"})'):format(values, l.name))
  l:close()
  equal(tostring(l), ('shareable.list({... 7 items}, {name = "%s"}) (closed)'):format(l.name))
end)

test("list_attached_read_only_refuses_writes", function()
  local l = list({1, 2.5}, {name = name()})
  local attached = keep(shareable.list{name = l.name, read_only = true})
  local wanted = "list '" .. l.name .. "' is attached read-only"
  raises(wanted, function() attached[1] = 2 end)
  raises(wanted, function() attached:set(1, 2) end)
  raises(wanted, function() attached:setintegers(1, {2}) end)
  raises(wanted, function() attached:setfloats(1, {2}) end)
  raises(wanted, function() attached:add(1, 1) end)
  raises(wanted, function() attached:exchange(1, 2) end)
  raises(wanted, function() attached:compare_exchange(1, 1, 2) end)
  raises(wanted, function() attached:lock() end)
  raises(wanted, function() attached:with_lock(error) end)
  same(attached:totable(), {1, 2.5})
  equal(attached.read_only, true)
  equal(l.read_only, false)
end)

test("list_refuses_a_block_that_holds_no_list", function()
  local m = block{name = name(), size = 64}
  m:pack("j", 0, -1)
  fails("E_NOT_LIST", m.name, shareable.list{name = m.name})
  m:pack("j", 0, max_integer)
  fails("E_NOT_LIST", m.name, shareable.list{name = m.name})
  local small = block{name = name(), size = 1}
  fails("E_NOT_LIST", small.name, shareable.list{name = small.name})
end)

test("list_returns_an_error_for_a_corrupt_item_only", function()
  local l = list({1, 2, 3}, {name = name()})
  local formats = data_at(3) + 3 * 8
  l.memory:write(formats + 8, "Zjunk!\0\0")
  local wanted = "item 2 of list '" .. l.name .. "'"
  equal(l[1], 1)
  equal(l[3], 3)
  fails("E_CORRUPT", wanted, l:get(2))
  fails("E_CORRUPT", wanted, l:type(2))
  fails("E_CORRUPT", wanted, l:totable())
  fails("E_CORRUPT", wanted, l:integers())
  fails("E_CORRUPT", wanted, l:index(3))
  fails("E_CORRUPT", wanted, l:count(1))
  raises(wanted, function() local _ = l[2] end)
  raises(wanted, function() local _ = l.format end)
  raises(wanted, function() for _ in l:ipairs() do l[1] = 1 end end)
  equal(tostring(l), ('shareable.list({1, ?, 3}, {name = "%s"})'):format(l.name))
  l[2] = 22
  same(l:totable(), {1, 22, 3})
end)

-- CPython creates a block of zeros, and then writes the length and the offsets, the items, the
-- formats and the codes.
test("list_that_cpython_is_still_creating_is_not_ready", function()
  local m = block{name = name(), size = 16 + 3 * 17 + 24}
  fails("E_NOT_READY", m.name, shareable.list{name = m.name})
  m:pack("jjjjj", 0, 3, 0, 8, 16, 24)
  m:pack("jd", 40, 1, 2.5)
  m:write(56, "four")
  local l = assert(shareable.list{name = m.name})
  local function unwritten(i)
    fails("E_NOT_READY", "item " .. i .. " of list", l:get(i))
    fails("E_NOT_READY", "item " .. i .. " of list", l:type(i))
    fails("E_NOT_READY", "item " .. i .. " of list", l:set(i, "new"))
    fails("E_NOT_READY", "item " .. i .. " of list", l:totable())
    fails("E_NOT_READY", "item " .. i .. " of list", l:index("none such"))
    raises("not ready", function() local _ = l[i] end)
    raises("not ready", function() local _ = l.format end)
    raises("not ready", function() for _ in l:ipairs() do l[1] = 1 end end)
  end
  unwritten(1)
  m:write(64, "q" .. ("\0"):rep(7) .. "d" .. ("\0"):rep(7) .. "8s")
  unwritten(3)
  m:write(90, "\1")
  same(l:totable(), {1, 2.5, "four"})
  assert(l:set(3, "new"))
end)

-- Locks the list in another process and kills that process.
local function die_with_lock(known)
  local pipe = start(known, [[
    assert(l:lock(10))
    print(io.open("/proc/self/stat"):read("*n"))
    io.stdout:flush()
    l:lock(10)
  ]])
  runner.succeeds(("kill -KILL %d"):format(pipe:read("*n")))
  equal(pipe:read("*a"), "\n")
  pipe:close()
end

-- Returns the time in seconds.
local function now()
  local file = assert(io.open("/proc/uptime"))
  local seconds = file:read("*n")
  file:close()
  return seconds
end

test("list_locks_and_unlocks", function()
  local l = list({1, 2}, {name = name()})
  local other = keep(shareable.list{name = l.name})
  for _ = 1, 2 do
    equal(select("#", l:lock()), 1)
    fails("E_TIMED_OUT", l.name, other:lock(0))
    equal(other[1], 1) -- reads and writes do not check the lock
    equal(l:unlock(), true)
    equal(other:lock(0), true)
    equal(other:unlock(), true)
  end
  local function count(...)
    return select("#", ...), select(2, ...)
  end
  local results, second = count(l:with_lock(function(...)
    same({...}, {false})
    fails("E_TIMED_OUT", l.name, other:lock(0))
    return nil, "results", nil
  end))
  equal(results, 3)
  equal(second, "results")
  local failure = {}
  local done, raised = pcall(l.with_lock, l, function() error(failure) end)
  equal(done, false)
  equal(raised, failure)
  equal(other:lock(0), true)
  local pipe = start(l.name, "assert(l:lock()) l[1] = l[1] * 2 l:unlock()")
  l[1] = 21
  other:unlock()
  wait_for_exit(pipe)
  equal(l[1], 42)
end)

test("list_lock_times_out_while_another_holds_it", function()
  local l = list({1}, {name = name()})
  local other = keep(shareable.list{name = l.name})
  l:lock()
  local wanted = "list '" .. l.name .. "' was not unlocked, or did not change, before the timeout"
  local begin = now()
  fails("E_TIMED_OUT", wanted, other:lock(0))
  fails("E_TIMED_OUT", wanted, other:lock(0.25))
  local waited = now() - begin
  equal(waited > 0.2 and waited < 5, true)
  fails("E_TIMED_OUT", wanted, other:with_lock(error, 0.01))
  l:unlock()
  equal(other:lock(0.25), true)
  other:unlock()
  for _, bad in ipairs{-1, 0 / 0, -math.huge} do
    raises("a timeout must be 0 seconds or more", function() l:lock(bad) end)
    raises("a timeout must be 0 seconds or more", function() l:with_lock(error, bad) end)
  end
  raises("number expected, got table", function() l:lock({}) end)
end)

test("list_lock_of_a_dead_owner_is_reported", function()
  local l = list({1}, {name = name()})
  die_with_lock(l.name)
  same({l:lock()}, {true, "owner died"})
  fails("E_TIMED_OUT", l.name, keep(shareable.list{name = l.name}):lock(0))
  equal(l:unlock(), true)
  equal(select("#", l:lock()), 1)
  l:unlock()
  die_with_lock(l.name)
  equal(l:with_lock(function(owner_died) return owner_died end, 10), true)
  equal(l:with_lock(function(owner_died) return owner_died end), false)
end)

test("list_unlock_without_the_lock_is_refused", function()
  local l = list({1}, {name = name()})
  local other = keep(shareable.list{name = l.name})
  local wanted = "list '" .. l.name .. "': the list is not locked through this handle"
  raises(wanted, function() l:unlock() end)
  other:lock()
  raises(wanted, function() l:unlock() end)
  fails("E_TIMED_OUT", l.name, l:lock(0))
  other:unlock()
  raises(wanted, function() other:unlock() end)
  raises(wanted, function() l:with_lock(function() l:unlock() end) end)
end)

-- Holds the second item of the list, as a writer does that is stopped while it writes (layout.md,
-- "Sync area"). Returns a function that releases it.
local function hold_item(known)
  local writer = keep(shareable.list{name = known})
  writer[1] = 1 -- registers the writer, whose id is in the first hazard
  local file = assert(io.open("/dev/shm/" .. known, "r+b"))
  local content = file:read("*a")
  local hazards = content:find("shr.sync", 1, true) - 1 + 256
  local id = content:sub(hazards + 1, hazards + 4)
  local word = hazards + 8 * 64 + 4 * 512 + 8
  local is_little = content:byte(1) == 2 -- the length of the list
  local function write(content_of_word)
    file:seek("set", word)
    file:write(content_of_word)
    file:flush()
  end
  write(is_little and "\1\0\0\0" .. id or id .. "\0\0\0\1")
  return function()
    write(content:sub(word + 1, word + 8))
    file:close()
  end
end

-- Checks that the operation waits for a second, once. A loaded machine may delay it, so it is tried again.
local function waits_once(operation)
  local waited
  for _ = 1, 3 do
    local begin = now()
    operation()
    waited = now() - begin
    if waited < 1.9 then
      break
    end
  end
  equal(waited > 0.9 and waited < 1.9, true)
end

test("list_is_busy_while_another_writer_holds_an_item", function()
  local l = list({1, 2}, {name = name()})
  local wanted = "item 2 of list '" .. l.name .. "' is held by another writer"
  local release = hold_item(l.name)
  for _, operation in ipairs{
    function() return l:get(2) end, function() return l:set(2, 5) end, function() return l:set(2, "text") end,
    function() return l:add(2, 1) end, function() return l:totable() end, function() return l:integers() end,
    function() return l:floats(2) end, function() return l:wait(2, 2, 0) end,
  } do
    waits_once(function() fails("E_BUSY", wanted, operation()) end)
  end
  for _, operation in ipairs{
    function() return l[2] end, function() l[2] = 5 end, function() l[2] = true end,
    function() for _ in l:ipairs() do end end, -- luacheck: ignore 542
  } do
    waits_once(function() raises(wanted, operation) end)
  end
  equal(l[1], 1)
  release()
  equal(l[2], 2)
end)

test("list_adds_exchanges_and_compares_ints", function()
  local l = list({5, max_integer, 0}, {name = name()})
  equal(l:add(1, 37), 42)
  equal(l:add(-3, -2), 40)
  equal(l:add(2, min_integer), -1)
  equal(l:exchange(1, min_integer), 40)
  equal(l:add(1, 1), integer "-9223372036854775807")
  same({l:compare_exchange(1, 0, 0)}, {false, integer "-9223372036854775807"})
  equal(l:exchange(1, 7), integer "-9223372036854775807")
  same({l:compare_exchange(1, 7, 8)}, {true, 7})
  same({l:compare_exchange(1, 7, 9)}, {false, 8})
  same(l:totable(), {8, -1, 0})
  local pipes = {}
  for index = 1, 3 do
    pipes[index] = start(l.name, "for _ = 1, 20000 do l:add(3, 1) end")
  end
  for _ = 1, 20000 do
    l:add(3, 1)
  end
  for index = 1, 3 do
    wait_for_exit(pipes[index])
  end
  equal(l[3], 80000)
end)

test("list_refuses_to_add_to_another_type_or_beyond_64_bits", function()
  local l = example{name = name()}
  local kinds = {"a str", "bytes", "a float", [5] = "None", [6] = "a bool"}
  for index, kind in pairs(kinds) do
    local wanted = ("item %d of list '%s' is %s"):format(index, l.name, kind)
    fails("E_TYPE", wanted, l:add(index, 1))
    fails("E_TYPE", wanted, l:exchange(index, 1))
    fails("E_TYPE", wanted, l:compare_exchange(index, 1, 1))
  end
  l[7] = max_integer
  raises(("item 7 of list '%s': an int must fit in 64 bits"):format(l.name), function() l:add(7, 1) end)
  raises("item -1", function() l:add(-1, max_integer) end)
  raises("index 8 out of range", function() l:add(8, 1) end)
  raises("index 0 out of range", function() l:exchange(0, 1) end)
  raises("index -8 out of range", function() l:compare_exchange(-8, 1, 1) end)
  raises(runner.has_integers and "no integer representation" or "beyond 2^53", function() l:add(4, 2.0 ^ 63) end)
  raises("no integer representation", function() l:exchange(4, 1.5) end)
  raises("number expected, got string", function() l:compare_exchange(4, "x", 1) end)
  same(items(l), {"howdy", bytes "HoWdY", -273.154, 100, none, true, max_integer})
end)

test("list_without_sync_area_has_atomics_but_no_lock", function()
  local l = list({1}, {name = name(), no_sync = true})
  local wanted = "list '" .. l.name .. "': the list has no sync area"
  fails("E_NO_SYNC", wanted, l:lock())
  fails("E_NO_SYNC", wanted, l:lock(0))
  fails("E_NO_SYNC", wanted, l:unlock())
  fails("E_NO_SYNC", wanted, l:with_lock(error))
  equal(l:add(1, 2), 3)
  equal(l:exchange(1, 4), 3)
  same({l:compare_exchange(1, 4, 5)}, {true, 4})
  equal(l[1], 5)
end)

-- Writes to item 2, and waits until another process has copied that to item 1, some milliseconds
-- later. It does so `rounds` times; both items must be 0 before. Returns the number of rounds that
-- a wake-up ended: a wait without wake-up takes 50 milliseconds.
local function ping_pong(l, rounds)
  local pipe = start(l.name, ([[
    for round = 1, %d do
      assert(l:wait(2, round - 1, 10) == round)
      assert(not l:wait(1, round - 1, 0.003))
      l[1] = round
    end
  ]]):format(rounds))
  local quick = 0
  for round = 1, rounds do
    local begin = now()
    l[2] = round
    equal(l:wait(1, round - 1, 10), round)
    quick = quick + (now() - begin < 0.035 and 1 or 0)
  end
  wait_for_exit(pipe)
  return quick
end

test("list_waits_until_an_item_differs", function()
  local l = list({0, 0, none, "text", bytes "text"}, {name = name(), capacity = 1000})
  equal(l:wait(1, 1), 0) -- it differs already
  equal(l:wait(1, 1, 0), 0)
  equal(l:wait(-3, "text"), none)
  equal(l:wait(4, bytes "text"), "text")
  equal(l:wait(5, "text"), bytes "text")
  equal(l:wait(5, "\255"), bytes "text")
  l[4] = ("x"):rep(1000)
  equal(l:wait(4, "text", 0), ("x"):rep(1000))
  l[4] = 0 / 0
  local nan = l:wait(4, l[4]) -- a NaN differs from itself
  equal(nan ~= nan, true)

  equal(ping_pong(l, 50) > 25, true)
  l[1] = 0
  local pipe = start(l.name, [[
    assert(not l:wait(2, 50, 0.05)) l[1] = "a text"
    assert(l:wait(2, 50, 10)) l[1] = 2.5
    assert(l:wait(2, -1, 10)) l[1] = shareable.none
    assert(l:wait(2, -2, 10)) l[1] = false
  ]])
  local seen = 0
  for round, wanted in ipairs{"a text", 2.5, none, false} do
    seen = l:wait(1, seen, 10)
    equal(seen, wanted)
    l[2] = -round
  end
  wait_for_exit(pipe)

  raises("index 6 out of range", function() l:wait(6, 1) end)
  raises("index 0 out of range", function() l:wait(0, 1) end)
  raises("shareable.none expected, got no value", function() l:wait(1) end)
  raises("shareable.none expected, got nil", function() l:wait(1, nil, 0) end)
  raises("shareable.none expected, got table", function() l:wait(1, {}) end)
  raises("no integer representation", function() l:wait(1.5, 1) end)
end)

test("list_wait_times_out", function()
  local l = list({1, "text", none}, {name = name()})
  local wanted = " of list '" .. l.name .. "' did not change before the timeout"
  local begin = now()
  fails("E_TIMED_OUT", "item 1" .. wanted, l:wait(1, 1, 0))
  fails("E_TIMED_OUT", "item 1" .. wanted, l:wait(1, true, 0.25))
  local waited = now() - begin
  equal(waited > 0.23 and waited < 5, true) -- the clock has a resolution of 0.01 seconds
  fails("E_TIMED_OUT", "item 1" .. wanted, l:wait(1, 1.0, 0))
  fails("E_TIMED_OUT", "item 2" .. wanted, l:wait(2, "text", 0.01))
  fails("E_TIMED_OUT", "item -1" .. wanted, l:wait(-1, none, 0.01))
  local pipe = start(l.name, [[
    local none = shareable.none
    while not l:wait(3, none, 0.002) do l[2] = "text" end
  ]])
  fails("E_TIMED_OUT", "item 1" .. wanted, l:wait(1, 1, 0.1))
  fails("E_TIMED_OUT", "item 2" .. wanted, l:wait(2, "text", 0.1)) -- written, but not changed
  l[3] = 0
  wait_for_exit(pipe)
  for _, bad in ipairs{-1, 0 / 0, -math.huge} do
    raises("a timeout must be 0 seconds or more", function() l:wait(1, 1, bad) end)
    raises("a timeout must be 0 seconds or more", function() l:wait_any(0, bad) end)
  end
  raises("number expected, got table", function() l:wait(1, 1, {}) end)
end)

test("list_waits_until_any_item_changes", function()
  local l = list({0, "text", none}, {name = name()})
  local other = keep(shareable.list{name = l.name, read_only = true})
  local wanted = "list '" .. l.name .. "' was not unlocked, or did not change, before the timeout"
  local hash = l:wait_any(0)
  equal(tostring(hash):match("^%-?%d+$"), tostring(hash))
  equal(l:hash(), hash)
  equal(other:hash(), hash)
  local begin = now()
  fails("E_TIMED_OUT", wanted, l:wait_any(hash, 0))
  fails("E_TIMED_OUT", wanted, l:wait_any(hash, 0.15))
  fails("E_TIMED_OUT", wanted, l:wait_any(nil, 0.1))
  local waited = now() - begin
  equal(waited > 0.23 and waited < 5, true)

  for index, value in ipairs{float(0), "texts", ""} do -- changes between two waits are not missed
    l[index] = value
    local new = l:wait_any(hash)
    equal(new == hash, false)
    equal(new, l:hash())
    hash = new
  end
  local signs = {}
  local flip = runner.has_integers and load("local hash, bit = ... return hash ~ (1 << bit)")
  for count = 1, 64 do -- each bit of the hash is compared
    l[1] = count
    hash = l:hash()
    fails("E_TIMED_OUT", wanted, l:wait_any(hash, 0))
    equal(l:wait_any(flip and flip(hash, count - 1) or integer(count), 0), hash)
    signs[tostring(hash):sub(1, 1) == "-"] = true
  end
  equal(signs[true] and signs[false], true)

  l = list({"a", "b", "c", 0}, {name = name()})
  hash = l:hash()
  local pipe = start(l.name, [[
    for index = 1, 3 do
      assert(not l:wait(4, index - 1, 0.05))
      l[index] = index
      assert(l:wait(4, index - 1, 10))
    end
  ]])
  for index = 1, 3 do
    while l[index] ~= index do
      hash = assert(l:wait_any(hash, 10))
    end
    l[4] = index
  end
  wait_for_exit(pipe)
  pipe = start(l.name, "while not l:wait(4, 3, 0.02) do l:add(2, 1) end")
  equal(tostring(l:wait_any(nil, 10)):match("^%-?%d+$") ~= nil, true)
  equal(tostring(l:wait_any()):match("^%-?%d+$") ~= nil, true)
  l[4] = 0
  wait_for_exit(pipe)

  raises("no integer representation", function() l:wait_any(1.5) end)
  raises("number expected, got string", function() l:wait_any("x") end)
end)

test("list_can_be_waited_on_without_sync_area_or_read_only", function()
  local l = list({0, 0}, {name = name(), no_sync = true})
  ping_pong(l, 10)
  local hash = l:hash()
  fails("E_TIMED_OUT", "item 1", l:wait(1, 10, 0.05))
  fails("E_TIMED_OUT", l.name, l:wait_any(hash, 0.05))
  local pipe = start(l.name, [[assert(not l:wait(1, 10, 0.05)) l[1] = "text"]])
  equal(l:wait_any(hash, 10), l:hash())
  equal(l[1], "text")
  wait_for_exit(pipe)

  l = list({0, 0}, {name = name()})
  local reader = keep(shareable.list{name = l.name, read_only = true})
  equal(reader:wait(1, 1), 0)
  fails("E_TIMED_OUT", "item 1", reader:wait(1, 0, 0.05))
  fails("E_TIMED_OUT", l.name, reader:wait_any(nil, 0.05))
  hash = reader:hash()
  pipe = start(l.name, [[assert(not l:wait(1, 0, 0.05)) l[1] = "text" assert(l:wait(2, 0, 10)) l[1] = 5]])
  equal(reader:wait(1, 0, 10), "text")
  equal(reader:wait_any(hash, 0), l:hash())
  hash = l:hash()
  l[2] = 1
  equal(reader:wait(1, "text", 10), 5)
  equal(reader:wait_any(hash, 10), l:hash())
  wait_for_exit(pipe)
end)

test("list_refuses_use_after_close", function()
  local l = example{name = name()}
  local known = l.name
  local wanted = "list '" .. known .. "' is closed"
  l:close()
  l:close()
  raises(wanted, function() local _ = l[1] end)
  raises(wanted, function() l[1] = 1 end)
  raises(wanted, function() l:get(1) end)
  raises(wanted, function() l:set(1, 1) end)
  raises(wanted, function() l:type(1) end)
  raises(wanted, function() l:capacity(1) end)
  raises(wanted, function() l:index(1) end)
  raises(wanted, function() l:count(1) end)
  raises(wanted, function() l:totable() end)
  raises(wanted, function() l:integers() end)
  raises(wanted, function() l:floats() end)
  raises(wanted, function() l:setintegers(1, {1}) end)
  raises(wanted, function() l:setfloats(1, {1}) end)
  raises(wanted, function() local _ = l.format end)
  raises(wanted, function() l:lock() end)
  raises(wanted, function() l:lock(0) end)
  raises(wanted, function() l:unlock() end)
  raises(wanted, function() l:with_lock(error) end)
  raises(wanted, function() l:add(4, 1) end)
  raises(wanted, function() l:exchange(4, 1) end)
  raises(wanted, function() l:compare_exchange(4, 100, 1) end)
  raises(wanted, function() l:wait(4, 100) end)
  raises(wanted, function() l:wait(4, 1, 0) end)
  raises(wanted, function() l:hash() end)
  raises(wanted, function() l:wait_any() end)
  raises(wanted, function() l:wait_any(0, 0) end)
  equal(#l, 7)
  equal(l.name, known)
  equal(l.closed, true)
  equal(keep(shareable.list{name = known})[7], 42)
end)

test("list_that_cannot_be_created_leaves_nothing_behind", function()
  local known = name()
  raises("item 2", function() local _ = shareable.list({1, {}}, {name = known}) end)
  fails("E_UTF8", "item 2", shareable.list({1, "\255"}, {name = known}))
  fails("E_TOO_LONG", "item 1", shareable.list({("x"):rep(10000000)}, {name = known}))
  same(runner.blocks(), {})
  local l = list({1}, {name = known})
  fails("E_EXISTS", known, shareable.list({2}, {name = known}))
  same(l:totable(), {1})
end)

runner.finish()
