--- Tests the cases of tests/bindings/cases.txt about arrays, in that order, which every binding passes.

package.path = arg[0]:match("^.*/") .. "?.lua;" .. package.path

local runner = require "runner"
local shareable = require "shareable"

local test, name, keep = runner.test, runner.name, runner.keep
local equal, same, fails, raises = runner.equal, runner.same, runner.fails, runner.raises
local array, integer = shareable.array, shareable.integer
local max_integer, min_integer = runner.max_integer, runner.min_integer
local is_little = runner.is_little
local numbers = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"}

-- Writes the file of a block, as a program without this library does. It is unlinked at the end of the test.
local function write_file(content)
  local known = name()
  local file = assert(io.open("/dev/shm/" .. known, "wb"))
  file:write(content)
  file:close()
  keep(shareable.memory{name = known})
  return known
end

-- Returns a .npy file with that header.
local function npy(header, items)
  return "\147NUMPY\1\0" .. string.char(#header % 256, math.floor(#header / 256)) .. header .. items
end

-- Writes a file in /dev/shm as numpy.save() does. Returns the name of the block.
local function save(descr, is_fortran_order, shape, items)
  local header = ("{'descr': %s, 'fortran_order': %s, 'shape': %s, }"):format(descr, is_fortran_order, shape)
  return write_file(npy(header .. (" "):rep((-(10 + #header + 1)) % 64) .. "\n", items))
end

-- Runs a shell command, and returns what it prints.
local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

test("array_is_created_and_opened_by_name", function()
  local a = keep(array{shape = {3, 4}, dtype = "i4", name = name()})
  local b = keep(array{name = a.name})
  for _, each in ipairs{a, b} do
    same(each.shape, {3, 4})
    same(each.strides, {16, 4})
    equal(each.dtype, "i4")
    equal(each.name, a.name)
    equal(each:read(), ("\0"):rep(48))
  end
  equal(a == b, true)
  equal(a == keep(array{shape = {3, 4}, dtype = "i4"}), false)
  a:set(2, 3, 42)
  equal(b:get(2, 3), 42)
  local l = keep(shareable.list({0}, {name = name()}))
  runner.wait_for_exit(runner.start(l.name, ([[
    local a = assert(shareable.array{name = "%s"})
    assert(a:get(2, 3) == 42 and a.shape[2] == 4)
    a:set(1, 1, 200)
  ]]):format(a.name)))
  equal(a:get(1, 1), 200)
end)

test("array_without_a_name_gets_a_random_psm_name", function()
  local one, two = keep(array{shape = {3}}), keep(array{shape = {3}})
  equal(one.name:match("^psm_%x%x%x%x%x%x%x%x$"), one.name)
  equal(one.name == two.name, false)
  equal(one.dtype, "f8")
end)

test("array_is_created_from_items", function()
  local a = keep(array{shape = {2, 3}, dtype = "u1", items = "abcdef", name = name()})
  equal(a:get(2, 1), ("d"):byte())
  equal(keep(array{shape = {2, 3}, dtype = a.descr, items = a:read(), name = name()}):read(), "abcdef")
  equal(keep(array{shape = {0}, items = ""}).size, 0)
  for _, items in ipairs{"abcde", "abcdefg", ""} do
    raises("bytes of items: the array has 6", function() array{shape = {2, 3}, dtype = "u1", items = items} end)
  end
  raises("option 'items'", function() array{shape = {1}, items = {1}} end)
end)

-- The least and the greatest value of each type.
local limits = {
  b1 = {false, true},
  i1 = {-128, 127}, i2 = {-32768, 32767}, i4 = {-2147483648, 2147483647}, i8 = {min_integer, max_integer},
  u1 = {0, 255}, u2 = {0, 65535}, u4 = {0, 4294967295}, u8 = {0, -1},
  f2 = {2 ^ -24, -math.huge}, f4 = {2 ^ -149, -math.huge}, f8 = {2 ^ -1074, -math.huge},
}

test("array_holds_every_type_of_numbers", function()
  for _, dtype in ipairs(numbers) do
    local a = keep(array{shape = {2}, dtype = dtype, name = name()})
    local again = keep(array{name = a.name})
    equal(again.dtype, dtype)
    if dtype:sub(1, 1) == "c" then
      a:set(2, 2.5, -math.huge)
      local real, imaginary = again:get(2)
      equal(real, 2.5)
      equal(imaginary, -math.huge)
    else
      for i, value in ipairs(limits[dtype]) do
        a:set(i, value)
      end
      for i, value in ipairs(limits[dtype]) do
        equal(tostring(again:exact(i)), tostring(value))
      end
    end
  end
end)

test("array_holds_fields_and_the_other_byte_order", function()
  local descr = "[('x', '<f4'), ('id', '|u1', (2,))]"
  local a = keep(array{shape = {2}, dtype = descr, name = name()})
  a:set(2, "abcdef")
  local again = keep(array{name = a.name})
  equal(again.dtype, "V6")
  equal(again.descr, descr)
  equal(again.itemsize, 6)
  equal(again:get(-1), "abcdef")
  local foreign = is_little and "'>i4'" or "'<i4'"
  local other = keep(array{shape = {2}, dtype = foreign, items = "\0\0\0\1\0\0\0\2", name = name()})
  again = keep(array{name = other.name})
  equal(again.dtype, "V4")
  equal(again.descr, foreign)
  equal(again:get(2), "\0\0\0\2")
end)

test("array_refuses_another_type", function()
  local a = keep(array{shape = {2}, dtype = "i2", name = name()})
  raises("unknown option 'dtype'", function() array{name = a.name, dtype = "f4"} end)
  for _, value in ipairs{"text", true, {}, 2.5, 32768} do
    raises("an integer from -32768 to 32767 expected, got", function() a:set(1, value) end)
  end
  raises("a boolean expected, got 1", function() keep(array{shape = {1}, dtype = "b1"}):set(1, 1) end)
  raises("a number expected, got string", function() keep(array{shape = {1}}):set(1, "0.1") end)
  same(a:totable(), {0, 0})
end)

test("array_refuses_an_unknown_type", function()
  local known = name()
  for _, dtype in ipairs{"no such type", "f3", "u3", "", "'<q9'", "'<f8', 1", "u1\0"} do
    raises("", function() array{shape = {2}, dtype = dtype, name = known} end)
  end
  raises("option 'dtype'", function() array{shape = {1}, dtype = 8, name = known} end)
  same(runner.blocks(), {})
end)

test("array_refuses_python_objects", function()
  for _, descr in ipairs{"'|O'", "[('a', '|O')]"} do
    raises("Python objects", function() array{shape = {1}, dtype = descr, name = name()} end)
    fails("E_NOT_ARRAY", "Python objects", array{name = save(descr, "False", "(2,)", ("x"):rep(16))})
  end
end)

test("array_is_aligned_to_64_bytes", function()
  local shape = {}
  for dimensions = 1, 64 do
    shape[dimensions] = 1
    local a = keep(array{shape = shape, dtype = "c16", name = name()})
    equal((a.memory.size - a.nbytes) % 64 == 0, true)
    same(keep(array{name = a.name}).shape, shape)
    a:close()
    a:unlink()
  end
end)

test("array_may_be_empty_or_have_no_dimensions", function()
  for _, shape in ipairs{{0}, {3, 0, 2}, {2 ^ 28, 0}} do
    local a = keep(array{name = keep(array{shape = shape, dtype = "u2", name = name()}).name})
    equal(a.size, 0)
    equal(#a.shape, #shape)
    equal(a:read(), "")
    same(a:totable(), {})
    raises("out of range", function() a:get((unpack or table.unpack)(shape)) end) -- luacheck: ignore 113
  end
  local scalar = keep(array{shape = {}, dtype = "i8", name = name()})
  scalar:set(7)
  local again = keep(array{name = scalar.name})
  same(again.shape, {})
  equal(again.size, 1)
  equal(again:get(), 7)
end)

test("array_in_fortran_order_is_read_and_written", function()
  local a = keep(array{name = save("'|u1'", "True", "(2, 3)", "\0\10\1\11\2\12")})
  same(a.shape, {2, 3})
  same(a.strides, {1, 2})
  same(a:totable(), {0, 1, 2, 10, 11, 12})
  a:set(2, 1, 99)
  equal(a.memory:read(a.memory.size - 6, 6), "\0\99\1\11\2\12")
end)

test("array_is_indexed_from_either_end", function()
  local a = keep(array{shape = {2, 3}, dtype = "i4", name = name()})
  a:settable(1, {0, 1, 2, 3, 4, 5})
  for i = 1, 2 do
    for j = 1, 3 do
      local wanted = (i - 1) * 3 + j - 1
      equal(a:get(i, j), wanted)
      equal(a:get(i - 3, j - 4), wanted)
    end
  end
  a:set(-1, -3, 100)
  equal(keep(array{name = a.name}):get(2, 1), 100)
end)

test("array_refuses_an_index_past_either_end", function()
  local a = keep(array{shape = {2, 3}, dtype = "i4", name = name()})
  for _, index in ipairs{0, 3, -3, 2 ^ 31, max_integer, min_integer} do
    raises("out of range: dimension 1 of array '" .. a.name, function() a:get(index, 1) end)
    raises("out of range: dimension 1 of array '" .. a.name, function() a:set(index, 1, 5) end)
  end
  raises("index 4 out of range: dimension 2", function() a:get(1, 4) end)
  raises("2 indexes and 0 values expected, got 1", function() a:get(1) end)
  raises("2 indexes and 0 values expected, got 3", function() a:get(1, 1, 1) end)
  equal(a:read(), ("\0"):rep(24))
end)

test("array_refuses_a_shape_that_no_array_can_have", function()
  local known, long = name(), {}
  for i = 1, 65 do
    long[i] = 1
  end
  raises("option 'shape'", function() array{shape = 5, name = known} end)
  raises("dimension 2 of the shape", function() array{shape = {1, -1}, name = known} end)
  raises("dimension 1 of the shape", function() array{shape = {1.5}, name = known} end)
  raises("dimension 1 of the shape", function() array{shape = {"1"}, name = known} end)
  raises("no array has that shape", function() array{shape = {integer "4611686018427387904", 64}, name = known} end)
  raises("65 dimensions", function() array{shape = long, name = known} end)
  same(runner.blocks(), {})
end)

test("array_that_does_not_fit_is_refused_with_sizes_in_the_message", function()
  local known = name()
  local _, message = array{shape = {2 ^ 50}, dtype = "u1", name = known}
  equal(message:match("needs 1125899906842752 bytes, .* only %d+ of its %d+ bytes free") ~= nil, true)
  fails("E_NO_SPACE", known, array{shape = {2 ^ 50}, dtype = "u1", name = known})
  same(runner.blocks(), {})
end)

test("array_refuses_a_name_that_exists", function()
  local a = keep(array{shape = {3}, dtype = "u1", items = "abc", name = name()})
  fails("E_EXISTS", a.name, array{shape = {1}, name = a.name})
  fails("E_EXISTS", a.name, array{shape = {1}, dtype = "u1", items = "x", name = a.name})
  equal(a:read(), "abc")
end)

test("array_refuses_a_bad_name", function()
  for _, bad in ipairs{"", "/", ".", "..", "a/b", "a\0b", ("n"):rep(256)} do
    raises("name", function() array{shape = {1}, name = bad} end)
    raises("name", function() array{name = bad} end)
  end
  raises("'name': a string expected", function() array{name = 7} end)
end)

test("array_refuses_to_open_a_missing_block", function()
  local absent = name()
  fails("E_NOT_FOUND", absent, array{name = absent})
  raises("give the shape", function() array{dtype = "u1"} end)
  raises("table of options expected", function() array("x") end)
  same(runner.blocks(), {})
end)

test("array_refuses_blocks_that_are_not_arrays", function()
  local largest = "9223372036854775807"
  for _, case in ipairs{
    {("x"):rep(64), "does not begin as a .npy file"}, {"\147NUMPY\4\0" .. ("\0"):rep(100), "version"},
    {npy("__import__('os').system('true')", ("x"):rep(16)), "not a dict"},
    {npy(("["):rep(60000), ("x"):rep(16)), "not a dict"}, {npy("{}", ("x"):rep(16)), "keys"},
  } do
    local known = write_file(case[1])
    fails("E_NOT_ARRAY", known, array{name = known})
    fails("E_NOT_ARRAY", case[2], array{name = known})
  end
  for _, case in ipairs{
    {"'<f8'", "Maybe", "(1,)", "fortran_order"}, {"'<f8'", "False", "(-1,)", "shape"},
    {"'<f8'", "False", "(2)", "shape"},
    {"'<f8'", "False", ("(%s, %s)"):format(largest, largest), "too large"},
    {"'<f8'", "False", "(" .. ("1,"):rep(65) .. ")", "shape"}, {"'<f8'", "False", "(1, 'x')", "shape"},
    {"'<f99999999999999999999'", "False", "(1,)", ""}, {("["):rep(5000), "False", "(1,)", ""},
  } do
    local known = save(case[1], case[2], case[3], ("x"):rep(16))
    fails("E_NOT_ARRAY", known, array{name = known})
    fails("E_NOT_ARRAY", case[4], array{name = known})
  end
  local l = keep(shareable.list({1}, {name = name()}))
  fails("E_NOT_ARRAY", l.name, array{name = l.name})
  local a = keep(array{shape = {3}, name = name()})
  fails("E_NOT_LIST", a.name, shareable.list{name = a.name})
end)

test("array_that_is_not_complete_is_not_ready", function()
  for _, case in ipairs{{"(2,)", 15}, {"(2,)", 0}, {"(9223372036854775,)", 100}} do
    local known = save("'<f8'", "False", case[1], ("x"):rep(case[2]))
    fails("E_NOT_READY", known, array{name = known})
    fails("E_NOT_READY", ("the block has %d"):format(128 + case[2]), array{name = known})
  end
end)

test("array_ignores_later_changes_of_the_header", function()
  local a = keep(array{shape = {3}, dtype = "u1", items = "abc", name = name()})
  a.memory:write(0, ("\255"):rep(128))
  same(a.shape, {3})
  equal(a:read(), "abc")
  equal(a:get(3), ("c"):byte())
  fails("E_NOT_ARRAY", "does not begin as a .npy file", array{name = a.name})
end)

test("array_attached_read_only_refuses_writes", function()
  local a = keep(array{shape = {2}, dtype = "u1", items = "ab", name = name()})
  local reader = keep(array{name = a.name, read_only = true})
  equal(reader.read_only, true)
  equal(a.read_only, false)
  raises("read-only", function() reader:set(1, 5) end)
  raises("read-only", function() reader:write(1, "x") end)
  raises("read-only", function() reader:settable(1, {5}) end)
  a:set(2, 99)
  equal(reader:read(), "ac")
  raises("unknown option 'read_only'", function() array{shape = {1}, name = name(), read_only = true} end)
end)

test("array_has_the_requested_mode_and_is_lazy", function()
  local mode = tonumber("640", 8)
  local a = keep(array{shape = {2 ^ 20, 2 ^ 10}, dtype = "u1", mode = mode, lazy = true, name = name()})
  local permissions, blocks = output("stat -c '%a %b' /dev/shm/" .. a.name):match("(%d+) (%d+)")
  equal(permissions == "640" or permissions == "600", true) -- the umask may remove a bit
  equal(tonumber(blocks) <= 8, true)
  a:set(-1, -1, 1)
  equal(tonumber(output("stat -c %b /dev/shm/" .. a.name)) <= 16, true)
end)

test("array_returns_its_block", function()
  local a = keep(array{shape = {3}, dtype = "u1", name = name()})
  equal(a.memory.name, a.name)
  equal(a.memory.size, 128 + 3)
  equal(a.memory:read(1, 5), "NUMPY")
  keep(shareable.memory{name = a.name}):write(128, "\9")
  equal(a:get(1), 9)
end)

test("array_is_unlinked_when_its_owner_exits", function()
  local l = keep(shareable.list({0}, {name = name()}))
  local owned, kept = name(), name()
  runner.wait_for_exit(runner.start(l.name, ([[
    assert(shareable.array{shape = {1}, name = "%s", owned = true})
    assert(shareable.array{shape = {1}, name = "%s"})
  ]]):format(owned, kept)))
  for _ = 1, 1000 do
    if select(3, array{name = owned}) == "E_NOT_FOUND" then
      break
    end
    l:wait(1, 0, 0.01)
  end
  fails("E_NOT_FOUND", owned, array{name = owned})
  equal(keep(array{name = kept}).name, kept)
end)

test("array_can_be_closed_twice_and_keeps_its_name_and_shape", function()
  local a = keep(array{shape = {2, 3}, dtype = "i4", name = name()})
  local known = a.name
  a:close()
  a:close()
  equal(a.closed, true)
  equal(a.name, known)
  same(a.shape, {2, 3})
  equal(a.dtype, "i4")
  equal(a.nbytes, 24)
  equal(tostring(a):find("(closed)", 1, true) ~= nil, true)
  for _, call in ipairs{
    function() a:get(1, 1) end, function() a:exact(1, 1) end, function() a:set(1, 1, 1) end, function() a:read() end,
    function() a:write(1, "x") end, function() a:totable() end, function() a:settable(1, {1}) end,
  } do
    raises("is closed: open it again", call)
  end
  equal(keep(array{name = known}):get(1, 1), 0)
  local b = keep(array{shape = {1}})
  b.memory:close()
  equal(b.closed, true)
end)

test("array_is_unlinked_once_and_then_not_found", function()
  local a = keep(array{shape = {3}, dtype = "i1", name = name()})
  equal(a:unlink(), true)
  fails("E_NOT_FOUND", a.name, a:unlink())
  fails("E_NOT_FOUND", a.name, array{name = a.name})
  a:set(1, 1) -- other users continue to use it
  equal(a:get(1), 1)
end)

-- Python, if it has NumPy.
local python
for _, command in ipairs{"python3", "/usr/bin/python3"} do
  local status = os.execute(command .. " -c 'import numpy' 2>/dev/null")
  python = python or (status == true or status == 0) and command
end

-- Runs a program with NumPy alone, whose `block` is the path of that block.
local function run_numpy(program, known)
  runner.succeeds(("%s -c 'import numpy; block = \"/dev/shm/%s\"; %s'"):format(python, known, program))
end

test("array_opens_what_numpy_saves", python and function()
  for _, dtype in ipairs(numbers) do
    for _, order in ipairs{"C", "F"} do
      local known = name()
      run_numpy(([[a = numpy.arange(6).reshape(2, 3).astype("%s", order="%s"); ]]
        .. [[numpy.save(open(block, "wb"), a)]]):format(dtype, order), known)
      local a = keep(array{name = known})
      same(a.shape, {2, 3})
      equal(a.dtype, dtype)
      equal(a:get(1, 1) == 0 or a:get(1, 1) == false, true)
      equal(a:get(2, 3) == 5 or a:get(2, 3) == true, true)
      equal(a:get(2, 1) == 3 or a:get(2, 1) == true, true)
    end
  end
  local known = name()
  run_numpy([[a = numpy.zeros(3, dtype=[("x", "<f4"), ("id", "<i8")]); a["id"][1] = 7; ]]
    .. [[numpy.save(open(block, "wb"), a)]], known)
  local a = keep(array{name = known})
  equal(a.dtype, "V12")
  equal(a:get(2), "\0\0\0\0\7" .. ("\0"):rep(7))
end or function() print "# not tested: there is no NumPy for python3" end)

test("array_is_read_and_written_by_numpy", python and function()
  for _, dtype in ipairs(numbers) do
    local a = keep(array{shape = {2, 3}, dtype = dtype, name = name()})
    if dtype == "b1" then
      a:set(1, 2, true)
    elseif dtype:sub(1, 1) == "c" then
      a:set(1, 2, 1, 0)
    else
      a:set(1, 2, 1)
    end
    run_numpy(([[a = numpy.load(block, mmap_mode="r+"); assert a.dtype == "%s" and a.shape == (2, 3); ]]
      .. "assert a[0, 1] == 1 and a[1, 2] == 0; a[1, 2] = 1; a[0, 1] = 0"):format(dtype), a.name)
    equal(tostring(a:get(2, 3)):match("^[1t]") ~= nil, true)
    equal(tostring(a:get(1, 2)):match("^[0f]") ~= nil, true)
  end
  for _, shape in ipairs{{}, {0}, {3, 0, 2}} do
    local a = keep(array{shape = shape, name = name()})
    run_numpy(("assert list(numpy.load(block).shape) == [%s]"):format(table.concat(shape, ", ")), a.name)
  end
end or function() print "# not tested: there is no NumPy for python3" end)

runner.finish()
