--- Tests that finalizers may do anything, at any allocation of a function of the binding.
--
-- The collector runs at every allocation, and a finalizer runs in each of its cycles. A function is called again
-- and again: during call n, the n-th finalizer closes the handle, or empties the table, that the function uses.
-- The function must return its result, or fail as if that had happened before the call.

package.path = arg[0]:match("^.*/") .. "?.lua;" .. package.path

local runner = require "runner"
local shareable = require "shareable"

local test, keep, equal = runner.test, runner.keep, runner.equal
local bytes, none = shareable.bytes, shareable.none

-- The count of finalizers since the call began, and the function that the finalizer number `target` calls.
local count, target, action = 0, 0, nil

local function when_collected(call)
  if newproxy then -- luacheck: ignore 113
    getmetatable(newproxy(true)).__gc = call -- luacheck: ignore 113
  else
    setmetatable({}, {__gc = call})
  end
end

local function finalizer()
  when_collected(finalizer)
  count = count + 1
  if count == target and action then
    action()
  end
end

when_collected(finalizer)

-- Makes the collector run at every allocation, or as usual.
local function collect_always(always)
  if _VERSION >= "Lua 5.4" then
    collectgarbage("incremental")
  end
  if not pcall(collectgarbage, "setpause", always and 0 or 200) then -- Lua 5.5
    collectgarbage("param", "pause", always and 0 or 200)
    collectgarbage("param", "stepmul", always and 10000 or 200)
    return
  end
  collectgarbage("setstepmul", always and (_VERSION >= "Lua 5.4" and 1000 or 1000000) or 200)
end

local function pack(...)
  return {n = select("#", ...), ...}
end

-- Each call of `prepare` returns the function to call, what the finalizer does, and a check of the results.
local function test_collected(name, prepare)
  test(name, function()
    local acted = 0
    for n = 1, 200 do
      local call, act, check = prepare()
      collect_always(true)
      collectgarbage() -- the new pause counts from here
      count, target, action = 0, n, act
      local results = pack(pcall(call))
      action = nil
      collect_always(false)
      if results[1] and results[2] ~= nil then
        check(unpack and unpack(results, 2, results.n) or table.unpack(results, 2, results.n)) -- luacheck: ignore
      elseif not results[1] and not tostring(results[2]):find("closed", 1, true) then
        error(results[2])
      end
      if count < n then
        break
      end
      acted = acted + 1
    end
    if newproxy then -- luacheck: ignore 113
      equal(acted > 0, true) -- later versions do not run the collector at every allocation
    end
  end)
end

-- 16,000 bytes. The table is not kept, because it would make each cycle longer.
local pattern
do
  local numbers = {}
  for i = 1, 2000 do
    numbers[i] = ("%07d,"):format(i)
  end
  pattern = table.concat(numbers)
end

-- Returns the preparation of a call with a block of that pattern, which the finalizer closes.
local function with_block(call, wanted)
  return function()
    local block = keep(shareable.memory{size = #pattern})
    block:write(0, pattern)
    return function()
      return call(block)
    end, function()
      block:close()
    end, function(found)
      equal(found, wanted)
    end
  end
end

local blob, long = "\0\255" .. ("b"):rep(300), ("long "):rep(400)

-- Returns the preparation of a call with a list, which the finalizer closes.
local function with_list(call, wanted)
  return function()
    local list = keep(shareable.list({1, 2.5, "text", bytes(blob), none, true, long,
      shareable.integer "9007199254740993"}))
    return function()
      return call(list)
    end, function()
      list:close()
    end, function(found)
      equal(tostring(found), tostring(wanted))
    end
  end
end

test_collected("read_of_few_bytes", with_block(function(m) return m:read(8, 16) end, pattern:sub(9, 24)))
test_collected("read_of_many_bytes", with_block(function(m) return m:read(0, 8000) end, pattern:sub(1, 8000)))
test_collected("read_of_all_bytes", with_block(function(m) return m:read() end, pattern))
test_collected("write", with_block(function(m) return m:write(8, m:read(8, 16)) end, true))
test_collected("tostring_of_a_block", with_block(function(m) return tostring(m):match("size = %d+") end,
  "size = " .. #pattern))
test_collected("unpack", with_block(function(m) return (m:unpack(("B"):rep(40), 0)) end, 48))
test_collected("unpack_of_many", with_block(function(m) return (m:unpack(("<i8"):rep(200), 0)) end,
  shareable.integer "3184379395052679216"))
test_collected("pack", with_block(function(m) return m:pack("<i8 d", 0, shareable.integer "9007199254740993", 2) end,
  16))

test_collected("item", with_list(function(l) return l[1] end, 1))
test_collected("item_of_text", with_list(function(l) return l[3] end, "text"))
test_collected("item_of_bytes", with_list(function(l) return l[4] end, blob))
test_collected("item_of_a_long_text", with_list(function(l) return l[7] end, long))
test_collected("item_beyond_2_to_53", with_list(function(l) return l:exact(8) end, "9007199254740993"))
test_collected("get", with_list(function(l) return l:get(2) end, 2.5))
test_collected("set", with_list(function(l) return l:set(7, ("x"):rep(100)) end, true))
test_collected("set_beyond_2_to_53", with_list(function(l) return l:set(1, shareable.integer "9007199254740993") end,
  true))
test_collected("add", with_list(function(l) return l:add(1, 2) end, 3))
test_collected("add_beyond_2_to_53", with_list(function(l) return l:add(8, 1) end, "9007199254740994"))
test_collected("compare_exchange", with_list(function(l) return l:compare_exchange(1, 1, 2) end, true))
test_collected("format", with_list(function(l) return (l.format:gsub("%d+s", "s")) end, "qdssxxxxxx?xxxxxxxx?sq"))
test_collected("name", with_list(function(l) return l.name:sub(1, 4) end, "psm_"))
test_collected("block_of_a_list", with_list(function(l) return l.memory.name:sub(1, 4) end, "psm_"))
test_collected("totable", with_list(function(l) return l:totable(1, 7)[7] end, long))
test_collected("setintegers", with_list(function(l) return l:setintegers(1, {7, 8}) end, true))
test_collected("setfloats", with_list(function(l) return l:setfloats(1, {7, 8}) end, true))
test_collected("count", with_list(function(l) return l:count(long .. "") end, 1))
test_collected("index", with_list(function(l) return l:index(bytes(blob)) end, 4))
test_collected("wait", with_list(function(l) return l:wait(3, "other", 1) end, "text"))
test_collected("hash", with_list(function(l) return l:hash() ~= 0 end, true))
test_collected("with_lock", with_list(function(l) return l:with_lock(function() return {} and "done" end) end, "done"))
test_collected("tostring_of_a_list", with_list(function(l) return tostring(l):sub(1, 16) end, "shareable.list({"))
test_collected("ipairs", with_list(function(l)
  for i, value in l:ipairs() do
    if i == 7 then
      return value
    end
  end
end, long))

-- Returns the preparation of a call with an array of 4 rows with 3 integers, which the finalizer closes.
local function with_array(call, wanted, dtype)
  return function()
    local array = keep(shareable.array{shape = {4, 3}, dtype = dtype or "i8"})
    array:write(-1, (dtype and ("z"):rep(5000 * 3)) or ("\0"):rep(24))
    return function()
      return call(array)
    end, function()
      array:close()
    end, function(found)
      equal(tostring(found), tostring(wanted))
    end
  end
end

test_collected("item_of_an_array", with_array(function(a) return a:get(4, 3) end, 0))
test_collected("exact_item_of_an_array", with_array(function(a) return a:exact(-1, -1) end, 0))
test_collected("large_item_of_an_array", with_array(function(a) return a:get(4, 3) end, ("z"):rep(5000), "'|V5000'"))
test_collected("large_item_is_set", with_array(function(a) return a:set(4, 3, ("y"):rep(5000)) end, true, "'|V5000'"))
test_collected("item_of_an_array_is_set", with_array(function(a) return a:set(1, 2, 5) end, true))
test_collected("rows_of_an_array", with_array(function(a) return a:read(3) end, ("\0"):rep(48)))
test_collected("rows_of_large_items", with_array(function(a) return #a:read() end, 60000, "'|V5000'"))
test_collected("rows_are_written", with_array(function(a) return a:write(2, ("x"):rep(24)) end, true))
test_collected("table_of_an_array", with_array(function(a) return #a:totable() end, 12))
test_collected("table_of_large_items", with_array(function(a) return #a:totable() end, 12, "'|V5000'"))
test_collected("table_is_written_to_an_array", with_array(function(a) return a:settable(2, {1, 2, 3, 4}) end, true))
test_collected("proxy_is_written_to_an_array", with_array(function(a)
  local metatable = {__len = function() return 4 end, __index = function(_, i) return ("x"):rep(4999) .. i end}
  return a:settable(2, setmetatable({}, metatable))
end, true, "'|V5000'"))
test_collected("fields_of_an_array", with_array(function(a) return a.shape[2] + a.strides[1] + #a.descr end, 32))
test_collected("tostring_of_an_array", with_array(function(a) return tostring(a):match("shape = [^,]*") end,
  "shape = {4"))

-- Returns the preparation of a call with a dict, which the finalizer closes.
local function with_dict(call, wanted)
  return function()
    local dict = keep(shareable.dict{places = 20, value_size = 2000})
    dict.n, dict.text, dict.long, dict.binary = 1, "text", long, blob
    dict[bytes "key"] = shareable.integer "9007199254740993"
    return function()
      return call(dict)
    end, function()
      dict:close()
    end, function(found)
      equal(tostring(found), tostring(wanted))
    end
  end
end

test_collected("value", with_dict(function(d) return d.n end, 1))
test_collected("value_of_text", with_dict(function(d) return d["te" .. "xt"] end, "text"))
test_collected("value_of_a_long_text", with_dict(function(d) return d:get("long") end, long))
test_collected("value_of_bytes", with_dict(function(d) return d:exact("binary") end, blob))
test_collected("value_beyond_2_to_53", with_dict(function(d) return d:exact(bytes "key") end, "9007199254740993"))
test_collected("stale_value", with_dict(function(d) return (d:get_stale("long")) end, long))
test_collected("value_is_set", with_dict(function(d) return (d:set("k" .. 5, ("x"):rep(500))) end, true))
test_collected("value_is_popped", with_dict(function(d) return d:pop("long") end, long))
test_collected("value_is_added_to", with_dict(function(d) return (d:incr("n", 1, 0)) end, 2))
test_collected("value_is_exchanged", with_dict(function(d) return (d:compare_exchange("n", 1, 5)) end, true))
test_collected("keys_of_a_dict", with_dict(function(d) return #d:get_keys() end, 5))
test_collected("pairs_of_a_dict", with_dict(function(d)
  for key, value in d:pairs() do
    if key == "long" then
      return value
    end
  end
end, long))
test_collected("list_of_a_dict", with_dict(function(d) return #d:list() end, 40))
test_collected("wait_for_a_value", with_dict(function(d) return d:wait("text", "other", 1) end, "text"))
test_collected("tostring_of_a_dict", with_dict(function(d) return tostring(d):sub(1, 16) end, "shareable.dict{p"))

test_collected("watch", with_list(function(l)
  local w = l:watch(1, 3, "list", "lock")
  l[1] = 5
  local changed = w and w:changed()
  if w then
    w:close()
  end
  return changed and #changed < 5
end, true))

test_collected("watch_of_keys", with_dict(function(d)
  local w = d:watch("text", 7, "n")
  d.text = "changed"
  local changed = w and w:changed()
  if w then
    w:close()
  end
  return changed and #changed < 4
end, true))

-- The finalizer closes the watch.
test_collected("changes_of_a_watch", function()
  local list = keep(shareable.list({1, 2}))
  local watch = assert(list:watch(1, 2, "list"))
  list[1] = 3
  return function()
    return #watch:changed() < 4 and tostring(watch):sub(1, 15)
  end, function()
    watch:close()
  end, function(found)
    watch:close()
    equal(found, "shareable.watch")
  end
end)

test_collected("values_of_a_new_list", function()
  local values, wanted = {n = 40}, {}
  for i = 1, 40 do
    wanted[i] = ("t"):rep(100) .. i
    values[i] = i % 2 == 0 and ("t"):rep(100) .. i or bytes(("t"):rep(100) .. i)
  end
  return function()
    return assert(keep(shareable.list(values)))
  end, function()
    for i = 1, 40 do
      values[i] = none
    end
    collectgarbage()
    collectgarbage()
  end, function(list)
    for i, value in list:ipairs() do
      equal(value == none or tostring(value) == wanted[i], true)
    end
  end
end)

test_collected("texts_of_a_manager", function()
  local manager = assert(shareable.manager())
  local address, key = manager.address, manager.authkey
  return function()
    return {manager.address or address, manager.authkey or key}
  end, function()
    manager:close()
  end, function(found)
    manager:close()
    equal(found[1], address)
    equal(found[2], key)
  end
end)

runner.finish()
