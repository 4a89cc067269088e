--- Tests what is special to arrays in Lua: the conversion of values, rows, options, and the pointers of LuaJIT.

package.path = arg[0]:match("^.*/") .. "?.lua;" .. package.path

local runner = require "runner"
local shareable = require "shareable"

local test, name, keep = runner.test, runner.name, runner.keep
local equal, same, fails, raises = runner.equal, runner.same, runner.fails, runner.raises
local array, integer = shareable.array, shareable.integer
local max_integer, min_integer = runner.max_integer, runner.min_integer
local is_little = runner.is_little

-- Writes a file in /dev/shm as numpy.save() does. Returns the name of the block.
local function save(descr, is_fortran_order, shape, items)
  local known = name()
  local header = ("{'descr': %s, 'fortran_order': %s, 'shape': (%s), }"):format(descr, is_fortran_order, shape)
  header = header .. (" "):rep((-(10 + #header + 1)) % 64) .. "\n"
  local file = assert(io.open("/dev/shm/" .. known, "wb"))
  file:write("\147NUMPY\1\0", string.char(#header % 256, math.floor(#header / 256)), header, items)
  file:close()
  return known
end

test("array_has_a_shape_and_zeros", function()
  local a = keep(array{shape = {2, 3, 4}, dtype = "i4", name = name()})
  same(a.shape, {2, 3, 4})
  same(a.strides, {48, 16, 4})
  equal(a.dtype, "i4")
  equal(a.descr, is_little and "'<i4'" or "'>i4'")
  equal(a.size, 24)
  equal(a.itemsize, 4)
  equal(a.nbytes, 96)
  equal(a.closed, false)
  equal(a.read_only, false)
  equal(a.memory.name, a.name)
  equal(a.memory:read(1, 5), "NUMPY")
  equal(a:read(), ("\0"):rep(96))
  equal(tostring(a), ('shareable.array{shape = {2, 3, 4}, dtype = "i4", name = "%s"}'):format(a.name))
  equal(keep(array{shape = {1}}).dtype, "f8")
end)

-- The least and the greatest integer of each type.
local limits = {
  i1 = {-128, 127}, i2 = {-32768, 32767}, i4 = {-2147483648, 2147483647}, i8 = {min_integer, max_integer},
  u1 = {0, 255}, u2 = {0, 65535}, u4 = {0, 4294967295},
}

test("integers_of_every_type_are_exact", function()
  for dtype, limit in pairs(limits) do
    local a = keep(array{shape = {3}, dtype = dtype})
    a:set(1, limit[1])
    a:set(2, limit[2])
    a:set(3, 5)
    for index, wanted in ipairs{limit[1], limit[2], 5} do
      equal(tostring(a:exact(index)), tostring(wanted))
    end
    if dtype ~= "i8" then
      raises("an integer from", function() a:set(1, limit[1] - 1) end)
      raises("an integer from", function() a:set(1, limit[2] + 1) end)
    end
    equal(tostring(a:exact(1)), tostring(limit[1]))
    for _, value in ipairs{2.5, "5", true, {}, 0 / 0, math.huge} do
      raises("expected, got", function() a:set(1, value) end)
    end
  end
  local u8 = keep(array{shape = {1}, dtype = "u8"})
  u8:set(1, -1)
  equal(u8:read(), ("\255"):rep(8))
  equal(u8:get(1), -1)
end)

test("integers_beyond_2_to_53_are_not_rounded", function()
  local a = keep(array{shape = {2}, dtype = "i8"})
  a:set(1, integer "9007199254740993")
  equal(tostring(a:exact(1)), "9007199254740993")
  if runner.has_integers then
    equal(a:get(1), 9007199254740993)
    same(a:totable(), {9007199254740993, 0})
  else
    fails("E_OVERFLOW", "read it with exact()", a:get(1))
    fails("E_OVERFLOW", a.name, a:totable())
    raises("shareable.integer", function() a:set(1, 2 ^ 60) end)
  end
  a:settable(1, {integer "-9007199254740993", 1})
  equal(tostring(a:exact(1)), "-9007199254740993")
end)

test("floats_are_rounded_to_their_type", function()
  for dtype, rounded in pairs{f2 = 0.0999755859375, f4 = 0.10000000149011612, f8 = 0.1} do
    local a = keep(array{shape = {4}, dtype = dtype})
    a:settable(1, {0.1, -math.huge, 0 / 0, 2})
    equal(a:get(1), rounded)
    equal(a:get(2), -math.huge)
    equal(a:get(3) ~= a:get(3), true)
    equal(a:get(4) == 2, true)
    raises("a number expected, got string", function() a:set(1, "0.1") end)
  end
end)

-- The bits are those that NumPy 1.24 stores.
test("halves_are_rounded_as_numpy_does", function()
  local a = keep(array{shape = {1}, dtype = "f2"})
  local function bits(value)
    a:set(1, value)
    local first, second = a:read():byte(1, 2)
    return is_little and second * 256 + first or first * 256 + second
  end
  for value, wanted in pairs{
    [1] = 0x3c00, [-2] = 0xc000, [0.1] = 0x2e66, [65504] = 0x7bff, [65519.99] = 0x7bff, [65520] = 0x7c00,
    [1e300] = 0x7c00, [-1e300] = 0xfc00, [2 ^ -14] = 0x0400, [2 ^ -14 - 2 ^ -26] = 0x0400, [2 ^ -24] = 0x0001,
    [2 ^ -25] = 0x0000, [2 ^ -25 * 1.01] = 0x0001, [3 * 2 ^ -25] = 0x0002, [2049] = 0x6800, [2051] = 0x6802,
    [4095] = 0x6c00, [-1e-9] = 0x8000,
  } do
    equal(bits(value), wanted)
  end
  for half = 0, 0x7bff, 7 do
    local low, high = half % 256, math.floor(half / 256)
    a:write(1, is_little and string.char(low, high) or string.char(high, low))
    equal(bits(a:get(1)), half)
  end
end)

test("complex_numbers_are_two_numbers", function()
  for _, dtype in ipairs{"c8", "c16"} do
    local a = keep(array{shape = {2, 2}, dtype = dtype})
    equal(a:set(2, 1, 2.5, -0.5), true)
    local real, imaginary = a:get(2, 1)
    equal(real, 2.5)
    equal(imaginary, -0.5)
    a:settable(1, {1.5, 2.5, 3.5, 4.5})
    same(a:totable(), {1.5, 2.5, 3.5, 4.5, 2.5, -0.5, 0.0, 0.0})
    raises("2 indexes and 2 values expected", function() a:set(1, 1, 2.5) end)
    raises("a number expected", function() a:set(1, 1, 2.5, "i") end)
    raises("whole number of items", function() a:settable(1, {1, 2, 3}) end)
    raises("value 4 of the table: a number expected", function() a:settable(1, {1, 2, 3, false}) end)
  end
end)

test("booleans_are_booleans", function()
  local a = keep(array{shape = {3}, dtype = "b1"})
  a:set(2, true)
  same(a:totable(), {false, true, false})
  a:set(2, false)
  equal(a:read(), "\0\0\0")
  raises("a boolean expected, got 1", function() a:set(1, 1) end)
end)

test("indexes_count_from_1_or_from_the_end", function()
  local a = keep(array{shape = {2, 3}, dtype = "u1", name = name()})
  a:settable(1, {1, 2, 3, 4, 5, 6})
  equal(a:get(1, 1), 1)
  equal(a:get(2, 1), 4)
  equal(a:get(-1, -1), 6)
  equal(a:get(-2, -3), 1)
  for _, index in ipairs{0, 3, -3, 2 ^ 31, -2 ^ 31, max_integer, min_integer} do
    raises("out of range: dimension 1", function() a:get(index, 1) end)
    raises("out of range: dimension 1", function() a:set(index, 1, 0) end)
  end
  raises("index 4 out of range: dimension 2 of array '" .. a.name, function() a:get(1, 4) end)
  raises("2 indexes and 0 values expected, got 1", function() a:get(1) end)
  raises("2 indexes and 0 values expected, got 3", function() a:get(1, 1, 1) end)
  raises("2 indexes and 1 values expected, got 2", function() a:set(1, 1) end)
  raises("number expected", function() a:get(1, {}) end)
  raises("no integer representation", function() a:get(1, 1.5) end)
  same(a:totable(), {1, 2, 3, 4, 5, 6})
end)

test("rows_are_read_and_written_as_strings", function()
  local a = keep(array{shape = {4, 3}, dtype = "u1"})
  a:write(1, "abcdefghijkl")
  local text = "1234"
  for _, first in ipairs{-6, -4, -1, 0, 1, 3, 4, 5} do
    for _, last in ipairs{-6, -4, -1, 0, 1, 3, 4, 5} do
      local rows = text:sub(first, last):gsub(".", {["1"] = "abc", ["2"] = "def", ["3"] = "ghi", ["4"] = "jkl"})
      equal(a:read(first, last), rows)
      equal(string.char((unpack or table.unpack)(a:totable(first, last))), rows) -- luacheck: ignore 113
    end
  end
  equal(a:write(-1, "JKL"), true)
  equal(a:write(2, "XYZU"), true)
  equal(a:write(5, ""), true)
  equal(a:read(), "abcXYZUhiJKL")
  raises("4 items do not fit", function() a:write(4, "1234") end)
  raises("row 6 out of range", function() a:write(6, "") end)
  raises("row 0 out of range", function() a:write(0, "1") end)
  raises("string expected", function() a:write(1, 5) end)
  equal(a:read(), "abcXYZUhiJKL")
  local wide = keep(array{shape = {2}, dtype = "i4"})
  raises("not a whole number of items: an item has 4", function() wide:write(1, "12345") end)
  if string.pack then
    wide:write(1, string.pack("i4i4", -7, 8))
    same(wide:totable(), {-7, 8})
    equal((string.unpack("i4", wide:read(2, 2))), 8)
  end
end)

test("tables_are_written_whole_or_not_at_all", function()
  local a = keep(array{shape = {5000}, dtype = "i2"})
  local values = {}
  for i = 1, 5000 do
    values[i] = i * 6
  end
  equal(a:settable(1, values), true)
  same(a:totable(), values)
  same(a:totable(4999), {29994, 30000})
  values[5000] = 32768
  raises("value 5000 of the table: an integer from -32768 to 32767 expected, got 32768",
    function() a:settable(1, values) end)
  raises("5000 items do not fit: the array has 4999 from row 2 on", function() a:settable(2, values) end)
  raises("table expected", function() a:settable(1, "x") end)
  equal(a:get(1), 6)
  equal(a:settable(-1, {-1}), true)
  equal(a:get(5000), -1)
end)

-- Returns an empty table whose metamethods represent the sequence.
local function proxy_of(sequence)
  return setmetatable({}, {__len = function() return #sequence end, __index = function(_, i) return sequence[i] end})
end

test("tables_are_read_by_their_metamethods", function()
  local a = keep(array{shape = proxy_of{2, 2}, dtype = "i4"})
  same(a.shape, {2, 2})
  equal(a:settable(1, proxy_of{1, 2, 3, 4}), true)
  same(a:totable(), {1, 2, 3, 4})
  raises("5 items do not fit", function() a:settable(1, proxy_of{1, 2, 3, 4, 5}) end)
  raises("value 2 of the table: an integer from", function() a:settable(1, proxy_of{7, "x"}) end)
  raises("dimension 2 of the shape", function() array{shape = proxy_of{1, -1}} end)
  for _, length in ipairs{-1, 1.5, "x", {}} do
    local wrong = setmetatable({}, {__len = function() return length end})
    raises("__len must return an integer of 0 or more", function() a:settable(1, wrong) end)
    raises("__len must return an integer of 0 or more", function() array{shape = wrong} end)
  end
  raises("its reason", function()
    a:settable(1, setmetatable({}, {__len = function() return 1 end, __index = function() error("its reason") end}))
  end)
  same(a:totable(), {1, 2, 3, 4})
  local methods = setmetatable({5, 6}, {__index = {sum = 1}})
  equal(a:settable(2, methods), true)
  same(a:totable(), {1, 2, 5, 6})
  raises("is closed", function()
    a:settable(1, setmetatable({}, {__len = function() return 1 end, __index = function() a:close() return 1 end}))
  end)
  local l = keep(shareable.list({0, 0, 0}))
  equal(l:setintegers(2, proxy_of{-7, 8}), true)
  same(l:totable(), {0, -7, 8})
  equal(l:setfloats(1, proxy_of{1.5}), true)
  equal(l[1], 1.5)
end)

test("array_in_fortran_order_is_used_by_its_indexes", function()
  local a = keep(array{name = save("'|u1'", "True", "2, 3", "adbecf")})
  same(a.strides, {1, 2})
  equal(a:get(1, 2), ("b"):byte())
  equal(a:read(), "abcdef")
  equal(a:read(2, 2), "def")
  a:write(2, "XYZ")
  a:set(1, 3, 33)
  a:settable(1, {65})
  equal(a.memory:read(a.memory.size - 6, 6), "AXbY!Z")
end)

test("items_without_a_number_are_strings", function()
  local foreign = keep(array{name = save(is_little and "'>i4'" or "'<i4'", "False", "2,", "\0\0\0\1\0\0\0\2")})
  equal(foreign.dtype, "V4")
  equal(foreign:get(2), "\0\0\0\2")
  local descr = "[('x', '<f4'), ('id', '|u1', (2,))]"
  local a = keep(array{shape = {2}, dtype = descr, name = name()})
  equal(a.dtype, "V6")
  equal(a.descr, descr)
  equal(a.itemsize, 6)
  equal(a:set(2, "abcdef"), true)
  same(a:totable(), {("\0"):rep(6), "abcdef"})
  a:settable(1, {"ABCDEF"})
  equal(a:read(), "ABCDEFabcdef")
  equal(keep(array{name = a.name}):get(-1), "abcdef")
  raises("a string of 6 bytes expected, got 5 bytes", function() a:set(1, "abcde") end)
  raises("a string of 6 bytes expected, got 5", function() a:set(1, 5) end)
  local large = keep(array{shape = {2}, dtype = "'|V20000'"})
  large:set(2, ("x"):rep(20000))
  equal(large:get(2), ("x"):rep(20000))
  equal(#large:totable()[1], 20000)
  large:settable(1, {large:get(2)})
  equal(large:read(), ("x"):rep(40000))
end)

test("array_may_have_no_items_or_no_dimensions", function()
  local none = keep(array{shape = {0, 3}, dtype = "f4", name = name()})
  equal(none.size, 0)
  equal(none:read(), "")
  same(none:totable(), {})
  equal(none:settable(1, {}), true)
  raises("out of range", function() none:get(1, 1) end)
  raises("do not fit", function() none:settable(1, {1}) end)
  same(keep(array{name = none.name}).shape, {0, 3})
  equal(keep(array{shape = {3, 0}}):read(2, 3), "")
  local scalar = keep(array{shape = {}, dtype = "i4", name = name()})
  same(scalar.shape, {})
  equal(scalar.size, 1)
  scalar:set(5)
  equal(scalar:get(), 5)
  same(scalar:totable(), {5})
  equal(scalar:settable(1, {6}), true)
  equal(keep(array{name = scalar.name}):get(), 6)
  raises("0 indexes and 0 values expected, got 1", function() scalar:get(1) end)
end)

local scope = (loadstring or load)("local object = ... do local held <close> = object end return object.closed")
local scope_test = scope and test or runner.skip -- luacheck: ignore 113
scope_test("end_of_a_scope_closes_it", scope and function()
  equal(scope(keep(array{shape = {1}})), true)
end or "this Lua has no <close>")

test("options_are_checked", function()
  raises("table of options expected", function() array("x") end)
  raises("give the shape", function() array{dtype = "u1"} end)
  raises("option 'shape'", function() array{shape = 5} end)
  raises("dimension 2 of the shape", function() array{shape = {1, -1}} end)
  raises("dimension 1 of the shape", function() array{shape = {1.5}} end)
  for key, shape in pairs{x = {x = 1}, y = {2, 3, y = 4}, ["0"] = {[0] = 2}, ["1.5"] = {2, [1.5] = 3},
      ["7"] = {2, [7] = 3}, boolean = {[true] = 1}} do
    raises("the shape must be a sequence from 1 on without gaps: it has the key " .. key,
      function() array{shape = shape} end)
  end
  raises("dimension 1 of the shape", function() array{shape = {"1"}} end)
  raises("option 'dtype'", function() array{shape = {1}, dtype = 8} end)
  raises("unknown option 'order'", function() array{shape = {1}, order = "F"} end)
  raises("unknown option 'owned'", function() array{name = "x", owned = true} end)
  raises('no array has the description "u3"', function() array{shape = {1}, dtype = "u3"} end)
  raises("must not contain a NUL", function() array{shape = {1}, dtype = "u1\0"} end)
  raises("Python objects", function() array{shape = {1}, dtype = "'|O'"} end)
  raises("NUL", function() array{shape = {1}, name = "a\0b"} end)
  raises("a/b", function() array{shape = {1}, name = "a/b"} end)
  raises("a/b", function() array{name = "a/b"} end)
  raises("no array has that shape", function() array{shape = {integer "4611686018427387904", 64}} end)
  local long = {}
  for i = 1, 65 do
    long[i] = 1
  end
  raises("65 dimensions", function() array{shape = long} end)
  raises("cannot be assigned", function() keep(array{shape = {1}}).dtype = "u1" end)
  raises("shareable.array expected, got userdata", function()
    local l = keep(shareable.list({1}))
    keep(array{shape = {1}}).get(l, 1)
  end)
end)

local pointer_test = jit and test or runner.skip -- luacheck: ignore 113
local no_ffi = "only LuaJIT has pointers"

pointer_test("pointer_has_the_type_of_the_items", jit and function()
  local ffi = require "ffi"
  for dtype, ctype in pairs{
    b1 = "bool", i1 = "int8_t", i2 = "int16_t", i4 = "int32_t", i8 = "int64_t", u1 = "uint8_t", u2 = "uint16_t",
    u4 = "uint32_t", u8 = "uint64_t", f2 = "uint16_t", f4 = "float", f8 = "double", c8 = "complex float",
    c16 = "complex double", ["'|V3'"] = "uint8_t",
  } do
    local a = keep(array{shape = {2}, dtype = dtype, name = name()})
    equal(tostring(ffi.typeof(a:cdata())), tostring(ffi.typeof(ctype .. " *")))
    local reader = keep(array{name = a.name, read_only = true})
    equal(tostring(ffi.typeof(reader:cdata())), tostring(ffi.typeof("const " .. ctype .. " *")))
    equal(pcall(function() reader:cdata()[0] = a:cdata()[0] end), false)
  end
end or no_ffi)

pointer_test("pointer_reads_and_writes_the_items", jit and function()
  local ffi = require "ffi"
  local a = keep(array{shape = {100, 10}, dtype = "i4"})
  local items = a:cdata()
  for i = 0, a.size - 1 do
    items[i] = 3 * i
  end
  equal(a:get(1, 2), 3)
  equal(a:get(-1, -1), 2997)
  a:set(2, 1, -5)
  equal(items[10], -5)
  local large = keep(array{shape = {1}, dtype = "i8"})
  large:cdata()[0] = ffi.cast("int64_t", 2 ^ 53) + 1
  equal(tostring(large:exact(1)), "9007199254740993")
  large:set(1, -large:cdata()[0])
  equal(tostring(large:exact(1)), "-9007199254740993")
end or no_ffi)

pointer_test("pointer_of_a_closed_array_is_refused", jit and function()
  local a = keep(array{shape = {1}})
  a:close()
  raises("is closed", function() a:cdata() end)
  raises("shareable.array expected", function() a.cdata(5) end)
end or no_ffi)

runner.finish()
