--- Lists in shared memory: CPython's `ShareableList`.
--
-- A list is used like a table: `l[i]`, `l[i] = v`, `#l`, `ipairs(l)` and `pairs(l)`. In Lua 5.1 and
-- LuaJIT, `ipairs` and `pairs` work for tables only; `l:ipairs()` works in every Lua. The length of
-- a list never changes. An index counts from 1, or from -1 at the end. Reading outside the list
-- returns nil, as in a table; assigning there raises an error. If an item is corrupt, or a text
-- does not fit, `l[i]` raises an error, and `l:get` and `l:set` return it.
--
-- The fields of a list: `l.name` (a string), `l.memory` (its block; closing the block closes the
-- list), `l.format` (the items' formats, in the notation of CPython's `struct`), `l.read_only` and
-- `l.closed` (booleans). `l == k` is true if both are handles of the same block. `tostring(l)`
-- shows the call that creates such a list.
--
-- A handle is closed by `l:close()`, at the end of the scope of `local l <close>`, or by the
-- garbage collector. The list itself stays until a process unlinks it.

local raw = require "shareable.raw"
local options = require "shareable.options"
local fast = require "shareable.ffi"
require "shareable.watch"

local metatable = raw.metatables.list

---@class shareable.list
---@field name string the name of its block
---@field memory shareable.memory its block: closing it closes the list
---@field format string the items' formats, in the notation of CPython's `struct`
---@field read_only boolean
---@field closed boolean
---@field [integer] shareable.item counted from 1, or from -1 at the end
---@operator len: integer
local methods = metatable.methods
local getters = metatable.getters

metatable.__index = fast.index or metatable.__index
metatable.__newindex = fast.assign or metatable.__newindex
metatable.__len = fast.length or metatable.__len

getters.memory = raw.list_memory
getters.format = raw.list_format
getters.name = raw.memory_name
getters.read_only = raw.memory_is_read_only
getters.closed = raw.memory_is_closed

--- Reads an item.
---
--- - returns its value, never nil; or nil, message, code: "E_CORRUPT" if it is corrupt, "E_UTF8" if
--- it is a string that is not UTF-8
---@type fun(self: shareable.list, index: integer): shareable.item?, string?, shareable.code?
methods.get = fast.list_get or raw.list_get

--- Reads an item as `list:get` does. An integer that no number of this Lua can represent is a
--- `shareable.integer`.
---
--- - returns its value; or nil, message, code
---@type fun(self: shareable.list, index: integer): shareable.item?, string?, shareable.code?
methods.exact = raw.list_exact

--- Writes an item. The new value may have another type than the old one.
---
--- - `value`: an integer, float, boolean, string of UTF-8, shareable.bytes or shareable.none
--- - returns true; or nil, message, code, and the item is unchanged: "E_CAPACITY" if the text is
--- longer than `l:capacity(index)`, "E_UTF8" if it is not UTF-8, "E_TOO_LONG" if it ends in a NUL
--- and is longer than 999,999 bytes, "E_CORRUPT" if the item is corrupt and cannot be written
---@type fun(self: shareable.list, index: integer, value: shareable.item): true?, string?, shareable.code?
methods.set = fast.list_set or raw.list_set

--- Returns the type of an item.
---
--- - returns "integer", "float", "boolean", "string", "bytes" or "none"; or nil, message, code
---@type fun(self: shareable.list, index: integer): shareable.type?, string?, shareable.code?
methods.type = raw.list_type

--- Returns the capacity of an item: the length of the longest text that it can hold. It never
--- changes.
---
--- - returns a number of bytes, at least 8; or nil, message, code
---@type fun(self: shareable.list, index: integer): integer?, string?, shareable.code?
methods.capacity = raw.list_capacity

--- Counts the items that equal a value by Python's `==`: 1 equals 1.0 and true, and text never
--- equals bytes.
---
--- - `value`: as for `list:set`
--- - returns an integer; or nil, message, code if an item is corrupt
---@type fun(self: shareable.list, value: shareable.item): integer?, string?, shareable.code?
methods.count = raw.list_count

--- Finds the first item that equals a value, as `list:count` compares.
---
--- - `value`: as for `list:set`
--- - returns its index; or a single nil if no item equals the value; or nil, message, code if an
--- earlier item is corrupt
---@type fun(self: shareable.list, value: shareable.item): integer?, string?, shareable.code?
methods.index = raw.list_index

--- Copies items into a new table. The range works as in string.sub: a negative index counts from
--- the end, and the range is limited to the list.
---
--- - `first`: the index of the first item, 1 by default
--- - `last`: the index of the last item, -1 by default
--- - returns a sequence; or nil, message, code if an item is corrupt
---@type fun(self: shareable.list, first?: integer, last?: integer): shareable.item[]?, string?, shareable.code?
methods.totable = fast.list_table or raw.list_table

--- Copies items that are all integers into a new table, faster than `list:totable`.
---
--- - `first`, `last`: as for `list:totable`
--- - returns a sequence; or nil, message, code: "E_TYPE" if an item has another type
---@type fun(self: shareable.list, first?: integer, last?: integer): integer[]?, string?, shareable.code?
methods.integers = fast.list_integers or raw.list_integers

--- Copies items that are all floats into a new table, as `list:integers` does.
---
--- - `first`, `last`: as for `list:totable`
--- - returns a sequence; or nil, message, code: "E_TYPE" if an item has another type
---@type fun(self: shareable.list, first?: integer, last?: integer): number[]?, string?, shareable.code?
methods.floats = fast.list_floats or raw.list_floats

--- Writes a sequence of integers. The items may have had any types. If the sequence does not fit
--- into the list, or contains another value, the function raises an error and writes nothing.
---
--- - `first`: the index of the first item to write
--- - `numbers`: a sequence. Its metamethods `__len` and `__index` are used, in every version of Lua
--- - returns true; or nil, message, code if an item cannot be written: the items before it are
--- written
---@type fun(self: shareable.list, first: integer, numbers: integer[]): true?, string?, shareable.code?
methods.setintegers = raw.list_set_integers

--- Writes a sequence of numbers, each as a float, as `list:setintegers` does.
---
--- - returns true; or nil, message, code
---@type fun(self: shareable.list, first: integer, numbers: number[]): true?, string?, shareable.code?
methods.setfloats = raw.list_set_floats

--- Adds to an integer atomically. Concurrent atomic operations, in any process and language, lose
--- no update.
---
--- - `n`: the number to add
--- - returns the new value; or nil, message, code: "E_TYPE" if the item is not an integer. If the
--- sum does not fit in 64 bits, the function raises an error, and the item is unchanged
---@type fun(self: shareable.list, index: integer, n: integer): integer?, string?, shareable.code?
methods.add = fast.list_add or raw.list_add

--- Replaces an integer by another one, atomically as `list:add`.
---
--- - returns the old value; or nil, message, code
---@type fun(self: shareable.list, index: integer, value: integer): integer?, string?, shareable.code?
methods.exchange = raw.list_exchange

--- Replaces an integer by another one if it has the expected value, atomically as `list:add`.
---
--- - `expected`: the value that the item must have
--- - `desired`: the value to write in that case
--- - returns true if the item was written, otherwise false, and then the old value; or nil,
--- message, code
---@type fun(self, index: integer, expected: integer, desired: integer): boolean?, integer|string, shareable.code?
methods.compare_exchange = raw.list_compare_exchange

local unpack = table.unpack or unpack -- luacheck: ignore

local function pack(...)
  return {n = select("#", ...), ...}
end

-- For a Lua without to-be-closed variables. An error is caught and raised again, so that the
-- traceback of xpcall does not show where it was raised first.
local function with_lock(self, body, timeout)
  if type(body) ~= "function" then
    local found = body == nil and "no value" or type(body)
    error(("bad argument #1 to 'with_lock' (function expected, got %s)"):format(found), 2)
  end
  local guard, reason, code = options.call(raw.list_guard, self, timeout)
  if not guard then
    return nil, reason, code
  end
  local results = pack(pcall(body, reason == "owner died"))
  if not results[1] then
    pcall(raw.guard_unlock, guard)
    error(results[2], 0)
  end
  local unlocked, message, unlock_code = options.call(raw.guard_unlock, guard)
  if not unlocked then
    return nil, message, unlock_code
  end
  return unpack(results, 2, results.n)
end

--- Locks the list, calls a function, and unlocks the list when the function ends. An error of the
--- function is raised again. The lock works among processes and handles of any language, and guards
--- whatever its users agree on: reads and writes of items do not check it. It belongs to the handle
--- and is not recursive: a second lock through the same handle waits for the first unlock.
---
---     l:with_lock(function(owner_died)
---       if owner_died then l[2] = -l[1] end
---       l[1], l[2] = l[1] + 5, l[2] - 5
---     end)
---
--- The body may yield, except in Lua 5.1. If its coroutine is then closed or collected, the list is
--- unlocked.
---
--- - `body`: a function. Its argument is true if the previous holder of the lock died while it held
--- it, so that a change may be incomplete; otherwise false
--- - `timeout`: the seconds to wait for the lock: 0 does not wait, and nil waits without limit
--- - returns the results of `body`; or nil, message, code, and `body` was not called: "E_TIMED_OUT"
--- if another handle holds the lock, "E_NO_SYNC" if the list has no sync area (CPython made it, or
--- the option `no_sync`)
---@type fun(self: shareable.list, body: (fun(owner_died: boolean): any), timeout?: number): any
methods.with_lock = raw.list_with_lock or with_lock

--- Locks the list until `list:unlock`.
---
--- - `timeout`: as for `list:with_lock`
--- - returns true; or nil, message, code. If the previous holder died while it held the lock, the
--- list is locked, and the function returns true and "owner died"
---@type fun(self: shareable.list, timeout?: number): true?, string?, shareable.code?
methods.lock = raw.list_lock

--- Unlocks the list. It raises an error if this handle does not hold the lock.
---
--- - returns true; or nil, message, code: "E_NO_SYNC"
---@type fun(self: shareable.list): true?, string?, shareable.code?
methods.unlock = raw.list_unlock

--- Waits until an item differs from a value, as `list:count` compares: 1.0 does not differ from 1,
--- and a NaN differs from itself. If the item already differs, the function returns at once.
---
---     local seen = l[1]
---     while true do
---       seen = assert(l:wait(1, seen))
---       show(seen)
---     end
---
--- A write by this library, in any process and language, wakes the waiters, which sleep until then.
--- Writes by CPython, or to the bytes of the block, wake no waiter: the wait finds them within 50
--- milliseconds. A handle that is read-only, and a list without sync area (CPython made it, or the
--- option `no_sync`), get no wake-ups: the wait checks the item after 0.1 milliseconds, and then at
--- growing intervals of up to 10 milliseconds. A wait may miss an item that changes and changes
--- back between two checks.
---
--- - `value`: as for `list:set`
--- - `timeout`: the seconds to wait: 0 only checks, and nil waits without limit
--- - returns the item, read again after the wait, never nil; or nil, message, code: "E_TIMED_OUT"
--- if the wait timed out, otherwise as `list:get`
---@type fun(self, index: integer, value: shareable.item, timeout?: number): shareable.item?, string?, shareable.code?
methods.wait = raw.list_wait

--- Returns a hash of all items. It changes if the type or the value of any item changes. It is the
--- same through every handle and in every language, and never 0.
---
--- - returns an integer of 64 bits, which may be negative
---@type fun(self: shareable.list): integer
methods.hash = raw.list_hash

--- Waits, as `list:wait` does, until the list's hash differs from a given one: until any item has
--- changed. No change between two calls is missed. A loop that begins with 0 begins with the
--- current items:
---
---     local hash = 0
---     while true do
---       hash = assert(l:wait_any(hash))
---       show(l)
---     end
---
--- - `hash`: an earlier result of this function or of `list:hash`: the wait finds every change
--- since then. 0 returns at once, and nil waits for changes from now on
--- - `timeout`: as for `list:wait`
--- - returns the new hash; or nil, message, code: "E_TIMED_OUT" if the wait timed out
---@type fun(self: shareable.list, hash?: integer, timeout?: number): integer?, string?, shareable.code?
methods.wait_any = raw.list_wait_any

--- Watches items, the whole list or its lock, for a program that waits in an event loop: see
--- `shareable.watch`. A change after this call is reported, so read the items after it.
---
---     local w = assert(l:watch(1, 2))
---
--- - `...`: each is the index of an item, "list" for any item of the list, or "lock" for its lock;
--- without an argument, "list"
--- - returns a watch; or nil, message, code: "E_CORRUPT" if an item is corrupt, "E_NO_SYNC" if the
--- list has no lock, "E_NO_MEMORY" or "E_SYSTEM" if there is no descriptor or no thread. It raises an
--- error if an index is out of range, or for the lock of a read-only list
---@type fun(self: shareable.list, ...: integer|"list"|"lock"): shareable.watch?, string?, shareable.code?
methods.watch = raw.list_watch

--- Closes this handle. Closing it again does nothing.
---@type fun(self: shareable.list)
methods.close = raw.list_close

--- Removes the name of the list's block, as `memory:unlink` does. The handle may be closed.
---
--- - returns true; or nil, message, code
---@type fun(self: shareable.list): true?, string?, shareable.code?
methods.unlink = raw.list_unlink

local next_item = fast.list_next or raw.list_next

--- Iterates over the items: `for i, v in l:ipairs() do`.
---@return fun(list: shareable.list, index: integer): integer?, shareable.item?
---@return shareable.list
---@return integer
function methods:ipairs()
  return next_item, self, 0
end

metatable.__pairs = methods.ipairs
metatable.__ipairs = methods.ipairs -- for 5.2; in later versions ipairs indexes the list

-- tostring() shows at most this many items.
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

local create_options = {name = true, mode = true, lazy = true, owned = true, no_sync = true, capacity = true}
local attach_options = {name = true, read_only = true}

---@class shareable.list.options
---@field name? string the name of the list; a new one without a name gets "psm_" and eight random hexadecimal digits
---@field mode? integer permission bits of a new list, less the umask; 384 (octal 600) by default
---@field lazy? boolean true: allocate pages at first use instead of reserving them now
---@field owned? boolean true: unlink the list within a second after this process ends, even by a signal
---@field no_sync? boolean true: no sync area, so exactly CPython's size; reads beside writes may be torn
---@field capacity? integer|integer[] the minimum capacity of each new item in bytes, or one for each index
---@field read_only? boolean true: attach without write access

--- Creates a list, or attaches to a list that exists.
---
---     shareable.list({1, 2.5, "text"}, {name = "demo"})   -- creates
---     shareable.list{name = "demo"}                       -- attaches
---
---@param values shareable.item[]|shareable.list.options the values of a new list: a sequence, or a table with its
--- length in the field `n`. A table that has a field `name` and is the only argument contains
--- options to attach
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
    options.check(values, "attaching to a list", attach_options)
    made, message, code = options.call(raw.list_open, values.name, values.read_only and raw.READ_ONLY or 0)
  else
    given = given == nil and {} or given
    if type(given) ~= "table" then
      error(("shareable.list: a table of options expected, got %s"):format(type(given)), 2)
    end
    options.check(given, "a new list", create_options)
    made, message, code = options.call(raw.list_create, given.name, {values, given.capacity},
      (given.lazy and raw.LAZY or 0) + (given.owned and raw.OWNED or 0) + (given.no_sync and raw.NO_SYNC or 0),
      given.mode or 0)
  end
  if made then
    return made
  end
  return nil, message, code
end

return list
