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

---@class shareable.list
---@field name string of its block
---@field memory shareable.memory its block: closing that closes the list
---@field format string the items' formats, as CPython's `struct` names them
---@field read_only boolean
---@field closed boolean
---@field [integer] shareable.item counted from 1, or from -1 at the end
---@operator len: integer
local methods = metatable.methods
local getters = metatable.getters

getters.memory = raw.list_memory
getters.format = raw.list_format
getters.name = raw.memory_name
getters.read_only = raw.memory_is_read_only
getters.closed = raw.memory_is_closed

--- Reads an item.
---
--- - returns its value, never nil; or nil, message, code: "E_CORRUPT" where it is damaged, "E_UTF8" where it is no text
---@type fun(self: shareable.list, index: integer): shareable.item?, string?, shareable.code?
methods.get = raw.list_get

--- Reads an item as `list:get` does, also an integer that a number of this Lua cannot be: see `shareable.integer`.
---
--- - returns its value; or nil, message, code
---@type fun(self: shareable.list, index: integer): shareable.item?, string?, shareable.code?
methods.exact = raw.list_exact

--- Writes an item, whatever type it had.
---
--- - `value`: an integer, float, boolean, string of UTF-8, shareable.bytes or shareable.none
--- - returns true; or nil, message, code, and the item is as it was: "E_SLOT" where the text is longer than
--- `l:capacity(index)`, "E_UTF8" where it is none, "E_LENGTH" where it ends in a NUL and is past 999,999 bytes,
--- "E_CORRUPT" where the item is lost
---@type fun(self: shareable.list, index: integer, value: shareable.item): true?, string?, shareable.code?
methods.set = raw.list_set

--- Tells an item's type.
---
--- - returns "integer", "float", "boolean", "string", "bytes" or "none"; or nil, message, code
---@type fun(self: shareable.list, index: integer): shareable.type?, string?, shareable.code?
methods.type = raw.list_type

--- Tells how long a text an item has room for. It never changes.
---
--- - returns bytes, at least 8; or nil, message, code
---@type fun(self: shareable.list, index: integer): integer?, string?, shareable.code?
methods.capacity = raw.list_capacity

--- Counts the items that equal a value, compared as Python does: 1 equals 1.0 and true, text never equals bytes.
---
--- - `value`: as for `list:set`
--- - returns integer; or nil, message, code where an item is damaged
---@type fun(self: shareable.list, value: shareable.item): integer?, string?, shareable.code?
methods.count = raw.list_count

--- Finds the first item that equals a value, compared as by `list:count`.
---
--- - `value`: as for `list:set`
--- - returns its index; or nil alone where there is none; or nil, message, code where an item before is damaged
---@type fun(self: shareable.list, value: shareable.item): integer?, string?, shareable.code?
methods.index = raw.list_index

--- Copies items into a new table. The range is that of string.sub: negative from the end, cut to what there is.
---
--- - `first`, 1 if not given
--- - `last`, -1 if not given
--- - returns a sequence; or nil, message, code where an item is damaged
---@type fun(self: shareable.list, first?: integer, last?: integer): shareable.item[]?, string?, shareable.code?
methods.totable = raw.list_table

--- Copies items that are all integers into a new table, faster than `list:totable`.
---
--- - `first`, 1 if not given: as for `list:totable`
--- - `last`, -1 if not given
--- - returns a sequence; or nil, message, code: "E_TYPE" where an item is of another type
---@type fun(self: shareable.list, first?: integer, last?: integer): integer[]?, string?, shareable.code?
methods.integers = raw.list_integers

--- The same of floats.
---
--- - `first`, 1 if not given
--- - `last`, -1 if not given
--- - returns a sequence; or nil, message, code
---@type fun(self: shareable.list, first?: integer, last?: integer): number[]?, string?, shareable.code?
methods.floats = raw.list_floats

--- Writes a sequence of integers, whatever types the items had. One that does not fit into the list, or holds
--- anything else, is an error, and nothing is written.
---
--- - `first`: the index of the first item to write
--- - `numbers`: a sequence
--- - returns true; or nil, message, code where an item is lost: those before it are written
---@type fun(self: shareable.list, first: integer, numbers: integer[]): true?, string?, shareable.code?
methods.setintegers = raw.list_set_integers

--- The same of numbers, each written as a float.
---
--- - returns true; or nil, message, code
---@type fun(self: shareable.list, first: integer, numbers: number[]): true?, string?, shareable.code?
methods.setfloats = raw.list_set_floats

--- Adds to an integer by one atomic operation: none is lost among all who change it so, in any language.
---
--- - `n`: what to add
--- - returns the new value; or nil, message, code: "E_TYPE" where the item is no integer. A sum that does not fit
--- 64 bits is an error, and the item is as it was
---@type fun(self: shareable.list, index: integer, n: integer): integer?, string?, shareable.code?
methods.add = raw.list_add

--- Writes an integer over an integer, as atomically as `list:add` works.
---
--- - returns what was there; or nil, message, code
---@type fun(self: shareable.list, index: integer, value: integer): integer?, string?, shareable.code?
methods.exchange = raw.list_exchange

--- Writes an integer if another one is there, as atomically as `list:add` works.
---
--- - `expected`: what is to be there
--- - `desired`: what to write then
--- - returns whether it was written; or nil, message, code
--- - returns what was there
---@type fun(self, index: integer, expected: integer, desired: integer): boolean?, integer|string, shareable.code?
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
--- guards what its users agree on, among processes and handles of any language; reads and writes of items do not ask
--- for it. It belongs to the handle and is not recursive: to take it twice through one handle is to wait for oneself.
---
---     l:with_lock(function(owner_died)
---       if owner_died then l[2] = -l[1] end
---       l[1], l[2] = l[1] + 5, l[2] - 5
---     end)
---
--- The body may yield, but in Lua 5.1.
---
--- - `body`: called with true where whoever had the lock died with it, so that what it guards may be half
--- done; else with false
--- - `timeout`: in seconds, how long to wait for the lock: 0 only tries; as long as it takes if not given
--- - returns what `body` returns; or nil, message, code, and it was not called: "E_TIMED_OUT" where somebody else has
--- the lock, "E_NO_SYNC" where stock Python made the list, or it is plain
---@type fun(self: shareable.list, body: (fun(owner_died: boolean): any), timeout?: number): any
methods.with_lock = raw.list_with_lock or with_lock

--- Locks the list until `list:unlock`.
--- - `timeout`: as for `list:with_lock`
--- - returns true; or nil, message, code
--- - returns "owner died" where whoever had the lock died with it: it is taken all the same
---@type fun(self: shareable.list, timeout?: number): true?, string?, shareable.code?
methods.lock = raw.list_lock

--- Unlocks the list. Where this handle does not have the lock, it is an error.
--- - returns true; or nil, message, code: "E_NO_SYNC"
---@type fun(self: shareable.list): true?, string?, shareable.code?
methods.unlock = raw.list_unlock

--- Waits until an item is something else than a value, compared as by `list:count`: 1.0 is nothing else than 1, and
--- a NaN is something else than itself. Where it is already, that is no waiting.
---
---     local seen = l[1]
---     while true do
---       seen = assert(l:wait(1, seen))
---       show(seen)
---     end
---
--- Whoever writes by this library, in any process and language, wakes those who wait; no processor is kept busy
--- meanwhile. What is written past it, by stock Python or to the block's bytes, wakes nobody, and is found within 50
--- milliseconds. Through a handle that is read-only, and on a list that stock Python made, or a plain one, nobody can
--- be woken: there it looks again after 0.1 milliseconds, then less and less often, down to every 10. An item that
--- changes and changes back between two looks has not changed.
---
--- - `value`: as for `list:set`
--- - `timeout`: in seconds, how long to wait: 0 only looks; as long as it takes if not given
--- - returns what the item is when it is read after that, never nil; or nil, message, code: "E_UNCHANGED" where the
--- time is over first, else as `list:get`
---@type fun(self, index: integer, value: shareable.item, timeout?: number): shareable.item?, string?, shareable.code?
methods.wait = raw.list_wait

--- Gives a number for all that the list holds: another one as soon as any item is another, in type or worth. It is the
--- same through every handle and in every language, and never 0.
--- - returns any 64 bits, so it may be negative
---@type fun(self: shareable.list): integer
methods.digest = raw.list_digest

--- Waits, as `list:wait` does, until the list's digest is another than a given one: until any item has changed.
--- Nothing is missed between two calls, and a loop that begins with 0 begins with what there is:
---
---     local digest = 0
---     while true do
---       digest = assert(l:wait_any(digest))
---       show(l)
---     end
---
--- - `digest`: what this function or `list:digest` answered before: what has changed since then
--- counts; 0 returns at once; what changes from the call on counts if not given
--- - `timeout`: as for `list:wait`
--- - returns the new digest; or nil, message, code: "E_UNCHANGED" where the time is over first
---@type fun(self: shareable.list, digest?: integer, timeout?: number): integer?, string?, shareable.code?
methods.wait_any = raw.list_wait_any

--- Ends this handle's use of the list. A second time, it does nothing.
---@type fun(self: shareable.list)
methods.close = raw.list_close

--- Removes the name of the list's block, closed or not, as `memory:unlink` does.
--- - returns true; or nil, message, code
---@type fun(self: shareable.list): true?, string?, shareable.code?
methods.unlink = raw.list_unlink

--- Steps through the items, for a `for` loop: `for i, v in l:ipairs() do`.
---@return fun(list: shareable.list, index: integer): integer?, shareable.item?
---@return shareable.list
---@return integer
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

local to_create = {name = true, mode = true, lazy = true, owned = true, plain = true, capacity = true}
local to_attach = {name = true, read_only = true}

---@class shareable.list.options
---@field name? string of the list; made up, as "psm_" and eight digits, where a new one is given none
---@field mode? integer permission bits of a new one, less the umask; 384 (octal 600) if not given
---@field lazy? boolean true takes its pages at first use and does not reserve them now
---@field owned? boolean true has its name go when this process ends, however it ends, within a second
---@field plain? boolean true: exactly of CPython's size, without the area past the list that keeps reads whole
---@field capacity? integer|integer[] bytes of text that each new item is to have room for at least, or those by index
---@field read_only? boolean true attaches without the right to write

--- Makes a new list, or attaches to one that is there.
---
---     shareable.list({1, 2.5, "text"}, {name = "demo"})   -- makes
---     shareable.list{name = "demo"}                       -- attaches
---
---@param values shareable.item[]|shareable.list.options what to make a list of: a sequence, or as many as its field `n`
--- says. A table that has a field `name` and is the only argument is the options of attaching instead
---@param given? shareable.list.options
---@return shareable.list? list
---@return string? message
---@return shareable.code? code
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
      (given.lazy and raw.LAZY or 0) + (given.owned and raw.OWNED or 0) + (given.plain and raw.PLAIN or 0),
      given.mode or 0)
  end
  if made then
    return made
  end
  return nil, message, code
end

return list
