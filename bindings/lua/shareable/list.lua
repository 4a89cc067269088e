--- Lists in shared memory: CPython's `ShareableList`.
--
-- A list is used as a table is: `l[i]`, `l[i] = v`, `#l`, `ipairs(l)` and `pairs(l)`, which Lua 5.1 and LuaJIT have for
-- tables alone: `l:ipairs()` is there in any. Its length never changes. An index
-- counts from 1, or from -1 at the end. Reading past either end is nil, as of a table; assigning there is an error.
-- An item that is damaged, or that a text does not fit into, is an error in `l[i]`; `l:get` and `l:set` return it.
--
-- What a list is asked by name: `l.name` (a string), `l.memory` (its block; closing that closes the list), `l.format`
-- (the items' formats, as CPython's `struct` names them), `l.read_only` and `l.closed` (booleans). `l == k` where both
-- are of one block. `tostring(l)` shows it as it would be made.
--
-- A list is closed by `l:close()`, at the end of a `local l <close>`, or by the garbage collector, whichever is first;
-- it stays in the system until somebody unlinks it.

local raw = require "shareable.raw"
local options = require "shareable.options"

local metatable = raw.metatables.list
local methods, getters = metatable.methods, metatable.getters

getters.memory = raw.list_memory
getters.format = raw.list_format
getters.name = raw.memory_name
getters.read_only = raw.memory_is_read_only
getters.closed = raw.memory_is_closed

--- Reads an item.
-- @function methods:get
-- @tparam integer index
-- @return its value, never nil; or nil, message, code: "E_CORRUPT" where it is damaged, "E_UTF8" where a text is none
methods.get = raw.list_get

--- Reads an item as `methods:get` does, also an integer that a number of this Lua cannot be: see `shareable.integer`.
-- @function methods:exact
-- @tparam integer index
-- @return its value; or nil, message, code
methods.exact = raw.list_exact

--- Writes an item, whatever type it had.
-- @function methods:set
-- @tparam integer index
-- @param value an integer, float, boolean, string of UTF-8, shareable.bytes or shareable.none
-- @treturn boolean true; or nil, message, code, and the item is as it was: "E_SLOT" where the text is longer than
-- `l:capacity(index)`, "E_UTF8" where it is none, "E_LENGTH" where it ends in a NUL and is past 999,999 bytes,
-- "E_CORRUPT" where the item is lost
methods.set = raw.list_set

--- Tells an item's type.
-- @function methods:type
-- @tparam integer index
-- @treturn string "integer", "float", "boolean", "string", "bytes" or "none"; or nil, message, code
methods.type = raw.list_type

--- Tells how long a text an item has room for. It never changes.
-- @function methods:capacity
-- @tparam integer index
-- @treturn integer bytes, at least 8; or nil, message, code
methods.capacity = raw.list_capacity

--- Counts the items that equal a value, compared as Python does: 1 equals 1.0 and true, text never equals bytes.
-- @function methods:count
-- @param value as for `methods:set`
-- @treturn integer; or nil, message, code where an item is damaged
methods.count = raw.list_count

--- Finds the first item that equals a value, compared as by `methods:count`.
-- @function methods:index
-- @param value as for `methods:set`
-- @treturn integer its index; or nil alone where there is none; or nil, message, code where an item before is damaged
methods.index = raw.list_index

--- Copies items into a new table. The range is that of string.sub: negative from the end, cut to what there is.
-- @function methods:totable
-- @tparam[opt=1] integer first
-- @tparam[opt=-1] integer last
-- @treturn table a sequence; or nil, message, code where an item is damaged
methods.totable = raw.list_table

--- Copies items that are all integers into a new table, faster than `methods:totable`.
-- @function methods:integers
-- @tparam[opt=1] integer first as for `methods:totable`
-- @tparam[opt=-1] integer last
-- @treturn table a sequence; or nil, message, code: "E_TYPE" where an item is of another type
methods.integers = raw.list_integers

--- The same of floats.
-- @function methods:floats
-- @tparam[opt=1] integer first
-- @tparam[opt=-1] integer last
-- @treturn table a sequence; or nil, message, code
methods.floats = raw.list_floats

--- Writes a sequence of integers, whatever types the items had. One that does not fit into the list, or holds
-- anything else, is an error, and nothing is written.
-- @function methods:setintegers
-- @tparam integer first the index of the first item to write
-- @tparam table numbers a sequence
-- @treturn boolean true; or nil, message, code where an item is lost: those before it are written
methods.setintegers = raw.list_set_integers

--- The same of numbers, each written as a float.
-- @function methods:setfloats
-- @tparam integer first
-- @tparam table numbers
-- @treturn boolean true; or nil, message, code
methods.setfloats = raw.list_set_floats

--- Adds to an integer by one atomic operation: none is lost among all who change it so, in any language.
-- @function methods:add
-- @tparam integer index
-- @tparam integer n what to add
-- @treturn integer the new value; or nil, message, code: "E_TYPE" where the item is no integer. A sum that does not fit
-- 64 bits is an error, and the item is as it was
methods.add = raw.list_add

--- Writes an integer over an integer, as atomically as `methods:add` works.
-- @function methods:exchange
-- @tparam integer index
-- @tparam integer value
-- @treturn integer what was there; or nil, message, code
methods.exchange = raw.list_exchange

--- Writes an integer if another one is there, as atomically as `methods:add` works.
-- @function methods:compare_exchange
-- @tparam integer index
-- @tparam integer expected what is to be there
-- @tparam integer desired what to write then
-- @treturn boolean whether it was written; or nil, message, code
-- @treturn integer what was there
methods.compare_exchange = raw.list_compare_exchange

local unpack = table.unpack or unpack -- luacheck: ignore

local function pack(...)
  return {n = select("#", ...), ...}
end

-- For a Lua in which C cannot end a scope. An error that is caught and raised again does not tell xpcall where it came
-- from.
local function with_lock(self, body, timeout)
  if type(body) ~= "function" then
    local found = body == nil and "no value" or type(body)
    error(("bad argument #1 to 'with_lock' (function expected, got %s)"):format(found), 2)
  end
  local taken, told, code = options.call(raw.list_lock, self, timeout)
  if not taken then
    return nil, told, code
  end
  local results = pack(pcall(body, told == "owner died"))
  if not results[1] then
    pcall(raw.list_unlock, self)
    error(results[2], 0)
  end
  local unlocked, message, refusal = options.call(raw.list_unlock, self)
  if not unlocked then
    return nil, message, refusal
  end
  return unpack(results, 2, results.n)
end

--- Calls a function with the list locked, and unlocks it however that ends: an error goes on to the caller. The lock
-- guards what its users agree on, among processes and handles of any language; reads and writes of items do not ask
-- for it. It belongs to the handle and is not recursive: to take it twice through one handle is to wait for oneself.
--
--     l:with_lock(function(owner_died)
--       if owner_died then l[2] = -l[1] end
--       l[1], l[2] = l[1] + 5, l[2] - 5
--     end)
--
-- @function methods:with_lock
-- @tparam function body called with true where whoever had the lock died with it, so that what it guards may be half
-- done; else with false
-- @tparam[opt] number timeout in seconds, how long to wait for the lock: 0 only tries; as long as it takes if not given
-- It may yield, but for Lua 5.1's.
--
-- @return what `body` returns; or nil, message, code, and it was not called: "E_TIMED_OUT" where somebody else has the
-- lock, "E_NO_SYNC" where stock Python made the list, or it is plain
methods.with_lock = raw.list_with_lock or with_lock

--- Locks the list until `methods:unlock`.
-- @function methods:lock
-- @tparam[opt] number timeout as for `methods:with_lock`
-- @treturn boolean true; or nil, message, code
-- @treturn ?string "owner died" where whoever had the lock died with it: it is taken all the same
methods.lock = raw.list_lock

--- Unlocks the list. Where this handle does not have the lock, it is an error.
-- @function methods:unlock
-- @treturn boolean true; or nil, message, code: "E_NO_SYNC"
methods.unlock = raw.list_unlock

--- Waits until an item is something else than a value, compared as by `methods:count`: 1.0 is nothing else than 1, and
-- a NaN is something else than itself. Where it is already, that is no waiting.
--
--     local seen = l[1]
--     while true do
--       seen = assert(l:wait(1, seen))
--       show(seen)
--     end
--
-- Whoever writes by this library, in any process and language, wakes those who wait; no processor is kept busy
-- meanwhile. What is written past it, by stock Python or to the block's bytes, wakes nobody, and is found within 50
-- milliseconds. Through a handle that is read-only, and on a list that stock Python made, or a plain one, nobody can be
-- woken: there it looks again after 0.1 milliseconds, then less and less often, down to every 10. An item that changes
-- and changes back between two looks has not changed.
--
-- @function methods:wait
-- @tparam integer index
-- @param value as for `methods:set`
-- @tparam[opt] number timeout in seconds, how long to wait: 0 only looks; as long as it takes if not given
-- @return what the item is when it is read after that, never nil; or nil, message, code: "E_UNCHANGED" where the time
-- is over first, else as `methods:get`
methods.wait = raw.list_wait

--- Gives a number for all that the list holds: another one as soon as any item is another, in type or worth. It is the
-- same through every handle and in every language, and never 0.
-- @function methods:digest
-- @treturn integer any 64 bits, so it may be negative
methods.digest = raw.list_digest

--- Waits, as `methods:wait` does, until the list's digest is another than a given one: until any item has changed.
-- Nothing is missed between two calls, and a loop that begins with 0 begins with what there is:
--
--     local digest = 0
--     while true do
--       digest = assert(l:wait_any(digest))
--       show(l)
--     end
--
-- @function methods:wait_any
-- @tparam[opt] integer digest what this function or `methods:digest` answered before: what has changed since then
-- counts; 0 returns at once; what changes from the call on counts if not given
-- @tparam[opt] number timeout as for `methods:wait`
-- @treturn integer the new digest; or nil, message, code: "E_UNCHANGED" where the time is over first
methods.wait_any = raw.list_wait_any

--- Ends this handle's use of the list. A second time, it does nothing.
-- @function methods:close
methods.close = raw.list_close

--- Removes the name of the list's block, closed or not, as `memory:unlink` does.
-- @function methods:unlink
-- @treturn boolean true; or nil, message, code
methods.unlink = raw.list_unlink

--- Steps through the items, for a `for` loop: `for i, v in l:ipairs() do`.
-- @function methods:ipairs
-- @return what `ipairs` returns
function methods:ipairs()
  return raw.list_next, self, 0
end

metatable.__pairs = methods.ipairs
metatable.__ipairs = methods.ipairs -- of 5.2; later ones read the items

-- So many items are shown.
local SHOWN = 20

local function show(self, index)
  local value, _, code = self:exact(index)
  if code then
    return "?"
  end
  local kind = self:type(index)
  if kind == "string" then
    return ("%q"):format(value)
  elseif kind == "bytes" then
    return ("shareable.bytes %q"):format(value:string())
  elseif kind == "none" then
    return "shareable.none"
  elseif type(value) == "userdata" then
    return ("shareable.integer %q"):format(tostring(value))
  elseif kind == "float" and not math.type and value % 1 == 0 then
    return ("shareable.float(%.14g)"):format(value)
  end
  return tostring(value)
end

function metatable:__tostring()
  local items = {}
  for index = 1, self.closed and 0 or math.min(#self, SHOWN) do
    items[index] = show(self, index)
  end
  if #items < #self then
    items[#items + 1] = ("... %d items"):format(#self)
  end
  local closed = self.closed and " (closed)" or ""
  return ("shareable.list({%s}, {name = %q})%s"):format(table.concat(items, ", "), self.name or "", closed)
end

local to_create = {name = true, mode = true, lazy = true, plain = true, capacity = true}
local to_attach = {name = true, read_only = true}

--- Makes a new list, or attaches to one that is there.
--
--     shareable.list({1, 2.5, "text"}, {name = "demo"})   -- makes
--     shareable.list{name = "demo"}                       -- attaches
--
-- @tparam table values what to make a list of: a sequence, or as many as its field `n` says. A table that
-- has a field `name` and is the only argument is the options of attaching instead.
-- @tparam[opt] table given options:
--
-- - `name` of the list; made up, as "psm_" and eight digits, where a new one is given none
-- - `mode` permission bits of a new one, less the umask; 384 (octal 600) if not given
-- - `lazy` true takes its pages at first use and does not reserve them now
-- - `plain` true makes a block of exactly CPython's size, without the area past the list that keeps reads whole
-- - `capacity` the bytes of text that each item of a new one is to have room for at least, or a table of such by index
-- - `read_only` true attaches without the right to write
--
-- @return the list; or nil, message, code
local function list(values, given)
  local made, message, code
  if type(values) ~= "table" then
    error(("shareable.list: a table of values expected, got %s"):format(type(values)), 2)
  end
  if given == nil and values.name ~= nil then
    options.check(values, "attaching to a list", to_attach)
    made, message, code = options.call(raw.list_open, values.name, values.read_only and raw.READ_ONLY or 0)
  else
    given = given == nil and {} or given
    if type(given) ~= "table" then
      error(("shareable.list: a table of options expected, got %s"):format(type(given)), 2)
    end
    options.check(given, "a new list", to_create)
    made, message, code = options.call(raw.list_create, given.name, {values, given.capacity},
      (given.lazy and raw.LAZY or 0) + (given.plain and raw.PLAIN or 0), given.mode or 0)
  end
  if made then
    return made
  end
  return nil, message, code
end

return list
