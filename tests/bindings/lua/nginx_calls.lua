--- Makes the same calls to ngx.shared.DICT and to a dict, in a worker of nginx, and compares what they return.
-- luacheck: globals ngx

local shareable = require "shareable"

local long_key = ("k"):rep(70000)

-- Each is a method and its arguments; "sleep" waits.
local calls = {
  {"get", "foo"}, {"set", "foo", 32}, {"get", "foo"}, {"get_stale", "foo"}, {"set", "foo", 3.14159}, {"get", "foo"},
  {"set", "foo", true}, {"get", "foo"}, {"set", "foo", false}, {"get", "foo"}, {"get_stale", "foo"},
  {"set", "foo", "\0\255binary"}, {"get", "foo"}, {"set", 1234, "number"}, {"get", "1234"}, {"get", 1234},
  {"set", "foo", ""}, {"get", "foo"}, {"set", "foo", nil}, {"get", "foo"}, {"get_stale", "foo"}, {"delete", "foo"},
  {"set", nil, 1}, {"get", nil}, {"get_stale", nil}, {"set", "", 1}, {"get", ""}, {"get_stale", ""}, {"incr", "", 1},
  {"set", long_key, 1}, {"get", long_key}, {"incr", nil, 1}, {"set", "foo", {}}, {"set", "foo", print},
  {"add", "a", 1}, {"add", "a", 2}, {"get", "a"}, {"add", "b", nil}, {"replace", "b", nil}, {"replace", "b", 1},
  {"replace", "a", "text"}, {"get", "a"}, {"safe_set", "s", 1}, {"safe_add", "s", 2}, {"safe_add", "t", 2},
  {"get", "t"},
  {"incr", "n", 1}, {"incr", "n", 1, 5}, {"incr", "n", 1, 5}, {"incr", "n", 0.25}, {"incr", "n", 0},
  {"incr", "n", -7.5},
  {"incr", "n", "3"}, {"get", "n"}, {"set", "text", "5"}, {"incr", "text", 1}, {"incr", "text", 1, 0},
  {"set", "yes", true}, {"incr", "yes", 0.5}, {"incr", "new", 1, nil}, {"incr", "new", 0.5, 0}, {"incr", "new", 1},
  {"ttl", "n"}, {"ttl", "absent"}, {"expire", "absent", 1}, {"expire", "n", 0}, {"ttl", ""}, {"expire", nil, 1},
  {"set", "short", "v", 0.5}, {"get", "short"}, {"incr", "counter", 1, 0, 0.01}, {"sleep"}, {"get", "short"},
  {"get_stale", "short"}, {"incr", "counter", 1}, {"incr", "counter", 1, 5}, {"replace", "short", 1},
  {"add", "short", "again"}, {"get", "short"}, {"set", "n", 7, 0.5}, {"expire", "n", 100}, {"sleep"}, {"get", "n"},
  {"set", "old", 1, 0.01}, {"set", "older", 1, 0.01}, {"sleep"}, {"flush_expired", 1}, {"flush_expired"},
  {"flush_expired"}, {"flush_all"}, {"get", "n"}, {"get_stale", "n"}, {"get_keys"},
  {"set", "k", 1}, {"get_keys"}, {"get_keys", 1}, {"get_keys", 0}, {"set", "k", 1, 0, 0}, {"set", "k", 1, -1},
  {"expire", "k"}, {"incr", "k", 1, nil, 5}, {"incr", "k", 1, 0, -5}, {"incr", "k", 1, {}},
}

local function show(value)
  if type(value) == "table" then
    table.sort(value)
    return "{" .. table.concat(value, " ") .. "}"
  end
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

-- Calls a method. Returns "error" if it raises an error, or else the results that both have as one text. Only a dict
-- returns the code of a failure, and true from flush_all().
local function call(dict, method, ...)
  if method == "sleep" then
    ngx.sleep(0.6)
    return ""
  elseif method == "flush_all" then
    dict:flush_all()
    return ""
  end
  local results = {n = 3, pcall(dict[method], dict, ...)}
  if not results[1] then
    return "error"
  end
  local texts = {}
  local failed = not results[2] and results[3] ~= nil
  for i = 2, failed and 3 or 4 do
    texts[i - 1] = show(results[i])
  end
  return table.concat(texts, " ")
end

return function(theirs)
  local ours = assert(shareable.dict{places = 100})
  ours:unlink()
  local differences = {}
  for _, each in ipairs(calls) do
    local count = table.maxn(each)
    local wanted, found = call(theirs, unpack(each, 1, count)), call(ours, unpack(each, 1, count))
    if found ~= wanted then
      differences[#differences + 1] = ("%s(%s, %s): found %s, not %s\n"):format(each[1], tostring(each[2]):sub(1, 20),
        tostring(each[3]), found, wanted)
    end
  end
  ours:close()
  return table.concat(differences)
end
