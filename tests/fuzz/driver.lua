--- Runs every Lua operation on each list and dict whose name it reads (see mutate.c).
--
-- An operation may return only documented results and errors. Reading an item must return the value
-- that was written to it, unless the list is changing.

local shareable = require "shareable"

local bytes, none = shareable.bytes, shareable.none
local values = {7, -0.5, true, none, "text", "é\0", bytes "\255", ("long "):rep(30)}

local codes = {}
for code in ([[E_NOT_FOUND E_NOT_READY E_NOT_LIST E_VERSION E_NO_SYNC E_BUSY E_TIMED_OUT E_CORRUPT E_TYPE E_UTF8
  E_CAPACITY E_TOO_LONG E_OVERFLOW E_SYSTEM E_NOT_DICT E_KEY E_KEY_ITEM
  E_NO_KEY E_KEY_EXISTS E_FULL]]):gmatch("%S+") do
  codes[code] = true
end

local function check(good, ...)
  if not good then
    local message = tostring((...))
    assert(not message:find("attempt to") and not message:find("assertion"), message)
    return nil
  end
  local value, text, code, last = ...
  code = last or code -- methods of ngx.shared.DICT return the code after another result
  assert(value ~= nil or not code or codes[code], text)
  return ...
end

-- Returns the result of the call, or nothing if the call fails with a documented error.
local function attempt(f, ...)
  return check(pcall(f, ...))
end

-- Each operation on an item that a writer seems to hold takes a second. The driver continues with
-- the next list after three seconds.
local function is_timed_out(start)
  return os.difftime(os.time(), start) > 3
end

local function use_list(l)
  for _, value in ipairs(values) do
    attempt(l.count, l, value)
    attempt(l.index, l, value)
  end
  for _, method in ipairs{"totable", "integers", "floats", "hash"} do
    attempt(l[method], l)
    attempt(l[method], l, 2, 3)
  end
  attempt(tostring, l)
  for _, field in ipairs{"name", "format", "memory", "read_only", "closed"} do
    attempt(function() return l[field] end)
  end
  attempt(function() for _ in l:ipairs() do end end)
  attempt(l.setintegers, l, 1, {1, 2})
  attempt(l.setfloats, l, 1, {0.5})
  attempt(l.with_lock, l, function() l[1] = 1 end, 0.001)
  if attempt(l.lock, l, 0) then attempt(l.unlock, l) end
  attempt(l.wait_any, l, attempt(l.hash, l), 0)
end

local function use_item(l, i)
  attempt(l.get, l, i)
  attempt(l.exact, l, i)
  attempt(l.type, l, i)
  attempt(l.capacity, l, i)
  attempt(function() return l[i] end)
  attempt(l.wait, l, i, 7, 0)
  attempt(l.set, l, i, 7)
end

local function change_item(l, i, is_still)
  for _, value in ipairs(values) do
    if attempt(l.set, l, i, value) and is_still and l:get(i) ~= value then
      error(("item %d is %s, not %s"):format(i, tostring(l:get(i)), tostring(value)))
    end
    attempt(function() l[i] = value end)
    attempt(l.wait, l, i, value, 0)
    attempt(l.add, l, i, 2)
  end
  attempt(l.exchange, l, i, 5)
  attempt(l.compare_exchange, l, i, 5, 6)
end

local function try_list(name, is_still, read_only)
  local start = os.time()
  local l = attempt(shareable.list, {name = name, read_only = read_only})
  if not l then return end
  use_list(l)
  for i = -2, math.min(#l, 12) + 1 do
    if is_timed_out(start) then break end
    use_item(l, i)
    if not read_only then change_item(l, i, is_still) end
  end
  l:close()
  attempt(l.get, l, 1)
  attempt(tostring, l)
end

-- Returns some keys of the dict.
local function read_dict(d)
  for _, method in ipairs{"places", "key_size", "value_size", "evicts", "evicted", "capacity", "free_space"} do
    attempt(d[method], d)
  end
  attempt(function() return #d end)
  attempt(d.get_keys, d)
  attempt(tostring, d)
  attempt(function() for _ in d:pairs() do end end)
  local keys = {"one", bytes "two", "absent"}
  for _, key in ipairs(attempt(d.get_keys, d, 4) or {}) do
    keys[#keys + 1] = key
  end
  for _, key in ipairs(keys) do
    for _, method in ipairs{"get", "exact", "get_stale", "ttl"} do
      attempt(d[method], d, key)
    end
    attempt(function() return d[key] end)
    attempt(d.wait, d, key, 7, 0)
    local w = attempt(d.watch, d, key)
    if w then
      attempt(w.changed, w)
      w:close()
    end
  end
  return keys
end

local function change_dict(d, keys)
  for _, key in ipairs(keys) do
    for _, value in ipairs(values) do
      attempt(d.set, d, key, value)
      attempt(d.incr, d, key, 2)
    end
    attempt(d.safe_add, d, key, 5, 0.000001)
    attempt(d.replace, d, key, 5, 1)
    attempt(function() d[key] = 5 end)
    attempt(d.compare_exchange, d, key, 5, 6)
    attempt(d.expire, d, key, 1)
    attempt(d.pop, d, key)
    attempt(d.incr, d, key, 1, 0)
    attempt(d.delete, d, key)
  end
  for _, method in ipairs{"flush_all", "flush_expired", "reindex", "clear"} do
    attempt(d[method], d)
  end
end

local function try_dict(name, read_only)
  local d = attempt(shareable.dict, {name = name, read_only = read_only, timeout = 0})
  if not d then return end
  local keys = read_dict(d)
  if not read_only then change_dict(d, keys) end
  d:close()
  attempt(d.get, d, "one")
  attempt(tostring, d)
end

local function try_block(name)
  local m = attempt(shareable.memory, {name = name})
  if not m then return end
  local all = m:read(0, m.size)
  assert(#all == m.size, "read() did not return all bytes of the block")
  m:write(m.size - 1, all:sub(-1))
  attempt(m.unpack, m, 0, "i8 s2 z")
  attempt(m.pack, m, m.size - 4, "i8", 7)
  m:close()
end

for line in io.lines() do
  local name, state = line:match("(%S+) (%S+)")
  local good, message = pcall(function()
    try_block(name)
    try_dict(name, true)
    try_dict(name, false)
    try_list(name, state == "still", true)
    try_list(name, state == "still", false)
  end)
  print(good and "." or (tostring(message):gsub("\n", " ")))
  io.flush()
  collectgarbage()
end
