--- Dicts in shared memory: keys with values, which C, Python, Lua and Go share.
--
--     local shareable = require "shareable"
--     local d = assert(shareable.dict{places = 1000, name = "settings"})   -- creates
--     d.color = "blue"
--     d["size"] = 3
--     local again = assert(shareable.dict{name = "settings"})   -- here, or in another process or language
--     print(again.color, again:incr("size", 1), #again)
--
-- `d.key` and `d[key]` read a value, which is nil if the key is not in the dict. `d[key] = v` writes it,
-- and deletes the key if v is nil. The methods below hide keys of the same names from `d.key`: programs
-- that do not choose their keys use `d:get(key)` and `d:set(key, v)`. `#d` is the number of keys that have
-- not expired. `pairs(d)` visits all keys; in Lua 5.1 and LuaJIT, `d:pairs()` does.
--
-- A dict is a list of keys and values in turn: `d:list()` returns it, with its fields `name`, `memory`,
-- `read_only` and `closed`. `d == e` is true if both are handles of the same dict. `tostring(d)` shows
-- the call that creates such a dict.
--
-- **Keys** are strings: a str if it is valid UTF-8, and bytes otherwise. A number is the same key as its
-- text: `d[1]` is `d["1"]`. `shareable.bytes "a"` is a key of bytes that are UTF-8, for example one that
-- Python wrote as b"a". A key has at least one byte and at most `d:key_size()`, and its last byte is not
-- 0. Reading a key that the dict cannot have finds nothing; writing one is an error.
--
-- **Values** are integers, floats, booleans and strings. A string is stored as a str if it is valid
-- UTF-8, and as bytes otherwise. Both are read as strings; `d:exact(key)` returns bytes as a
-- `shareable.bytes`. Numbers, None and integers beyond 2^53 are as in a list.
--
-- **Methods of ngx.shared.DICT.** `get`, `get_stale`, `set`, `safe_set`, `add`, `safe_add`, `replace`,
-- `incr`, `delete`, `flush_all`, `flush_expired`, `get_keys`, `ttl`, `expire`, `capacity` and
-- `free_space` take the same arguments and return the same results, with the same texts of errors, so
-- that an nginx or OpenResty program uses a dict instead:
--
--     local cache = ngx.shared.cache
--     local cache = require "shareable".dict{name = "cache"}
--
-- The differences:
--
-- - A dict has a number of places for keys, not a number of bytes, and each key and value must fit in
--   `d:key_size()` and `d:value_size()`; a value that does not fit is "no memory"
-- - Other keys are evicted only if the dict was created with `evict = true`. Otherwise, a full dict is
--   "no memory"
-- - Flags and lists (`lpush` and so on) do not exist. A flag other than 0 is an error
-- - Another failure has the code as one more result: after "no memory", "E_FULL" or "E_CAPACITY"
-- - A time to live has a resolution of nanoseconds, not milliseconds
-- - `incr` of an integer by a number that is not whole makes it a float. Each `incr` is one
--   atomic operation
-- - `flush_all` and `get_keys` visit the keys without a lock, so that other processes are not blocked,
--   and may change keys meanwhile
-- - A dict outlives the server until it is unlinked, and other programs may use it
--
-- A call waits at most 10 seconds, or `timeout`, for another process that changes keys: see the option.
--
-- A handle is closed by `d:close()`, at the end of the scope of `local d <close>`, or by the garbage
-- collector. The dict itself stays until a process unlinks it.

local raw = require "shareable.raw"
local options = require "shareable.options"
local fast = require "shareable.ffi"
require "shareable.watch"

local metatable = raw.metatables.dict

---@alias shareable.key string|number|shareable.bytes

---@class shareable.dict
---@field [shareable.key] shareable.item
---@operator len: integer
local methods = metatable.methods

metatable.__index = fast.dict_index or metatable.__index
metatable.__newindex = fast.dict_assign or metatable.__newindex

--- Reads the value of a key.
---
--- - returns the value; or a single nil if the key is not in the dict or has expired; or nil, message,
--- code: "E_KEY" if the dict cannot have that key, "E_OVERFLOW" if no number of this Lua can represent
--- the integer, "E_CORRUPT" or "E_BUSY" as for a list
---@type fun(self: shareable.dict, key: shareable.key): shareable.item?, string?, shareable.code?
methods.get = fast.dict_get or raw.dict_get

--- Reads a value as `dict:get` does. Bytes are a `shareable.bytes`, and an integer that no number of
--- this Lua can represent is a `shareable.integer`.
---@type fun(self: shareable.dict, key: shareable.key): shareable.item?, string?, shareable.code?
methods.exact = raw.dict_exact

--- Reads a value as `dict:get` does, also if the key has expired and its place was not used again.
---
--- - returns the value, nil, and whether it has expired; or a single nil; or nil, message, nil, code
---@type fun(self, key: shareable.key): shareable.item?, string?, boolean?, shareable.code?
methods.get_stale = raw.dict_get_stale

--- Writes the value of a key, and inserts the key if it is not in the dict.
---
--- - `value`: nil deletes the key
--- - `exptime`: the key expires in this number of seconds; 0 or nil: never. It replaces the time to live
--- that the key had
--- - returns true, nil, and whether the call evicted another key; or false, message, whether the call
--- evicted another key, code: "no memory" and "E_FULL" if all places have a key, "no memory" and
--- "E_CAPACITY" if the value is too long, "E_TIMED_OUT"; or nil, message, false, code for a key or a value
--- that no dict can have: "E_KEY", "E_VALUE_TYPE"
---@type fun(self, key: shareable.key, value: any, exptime?: number): boolean?, string?, boolean, shareable.code?
methods.set = fast.dict_set or raw.dict_set

--- Does the same as `dict:set`, and never evicts a key.
---@type fun(self, key: shareable.key, value: any, exptime?: number): boolean?, string?, boolean, shareable.code?
methods.safe_set = raw.dict_safe_set

--- Does the same as `dict:set` if the key is not in the dict; otherwise the message is "exists" and the
--- code "E_KEY_EXISTS".
---@type fun(self, key: shareable.key, value: any, exptime?: number): boolean?, string?, boolean, shareable.code?
methods.add = raw.dict_add

--- Does the same as `dict:add`, and never evicts a key.
---@type fun(self, key: shareable.key, value: any, exptime?: number): boolean?, string?, boolean, shareable.code?
methods.safe_add = raw.dict_safe_add

--- Does the same as `dict:set` if the key is in the dict; otherwise the message is "not found" and the
--- code "E_NO_KEY".
---@type fun(self, key: shareable.key, value: any, exptime?: number): boolean?, string?, boolean, shareable.code?
methods.replace = raw.dict_replace

--- Deletes a key.
---
--- - returns true, nil, false, also if the key is not in the dict; or as `dict:set`
---@type fun(self: shareable.dict, key: shareable.key): boolean?, string?, boolean, shareable.code?
methods.delete = raw.dict_delete

--- Reads the value of a key and deletes the key, as one atomic operation.
---
--- - returns the value; or a single nil if the key is not in the dict; or nil, message, code. An integer
--- that no number of this Lua can represent is a `shareable.integer`
---@type fun(self: shareable.dict, key: shareable.key): shareable.item?, string?, shareable.code?
methods.pop = raw.dict_pop

--- Adds to a number, as one operation that is atomic among all languages, processes and threads. A
--- counter of a rate limit is one call: `d:incr(client, 1, 0, window)`.
---
--- - `n`: the number to add
--- - `init`: the value before the addition if the key is not in the dict; nil: then the message is "not
--- found"
--- - `init_ttl`: the time to live in seconds of a key that is inserted; a key that is there keeps its own
--- - returns the new value, and if `init` is given, nil and whether the call evicted another key; or nil,
--- message, nil, code: "not a number" and "E_TYPE", and as `dict:set`. It raises an error if the sum does
--- not fit in 64 bits
---@type fun(self, key: shareable.key, n: number, init?: number, init_ttl?: number): number?, string?, boolean?, string?
methods.incr = fast.dict_incr or raw.dict_incr

--- Replaces an integer by another one if it has the expected value, as one atomic operation. The time to
--- live remains.
---
--- - returns whether it was replaced, and the integer that was found; or nil, message, code: "not found"
--- and "E_NO_KEY"; "E_TYPE" if the value is not an integer
---@type fun(self, key: shareable.key, expected: integer, desired: integer): boolean?, integer|string, shareable.code?
methods.compare_exchange = raw.dict_compare_exchange

--- Returns the time to live of a key.
---
--- - returns seconds, 0 if it does not expire; or nil, message, code: "not found" and "E_NO_KEY"
---@type fun(self: shareable.dict, key: shareable.key): number?, string?, shareable.code?
methods.ttl = raw.dict_ttl

--- Changes the time to live of a key.
---
--- - `exptime`: seconds from now on; 0: the key never expires
--- - returns true; or nil, message, code: "not found" and "E_NO_KEY"
---@type fun(self: shareable.dict, key: shareable.key, exptime: number): true?, string?, shareable.code?
methods.expire = raw.dict_expire

--- Makes all keys expire now: `dict:get_stale` still reads their values.
---
--- - returns true; or nil, message, code
---@type fun(self: shareable.dict): true?, string?, shareable.code?
methods.flush_all = raw.dict_flush_all

--- Deletes expired keys, which otherwise have their place until a new key needs it.
---
--- - `max`: the most keys to delete; 0 or nil: all
--- - returns the number of keys that it has deleted; or nil, message, code
---@type fun(self: shareable.dict, max?: integer): integer?, string?, shareable.code?
methods.flush_expired = raw.dict_flush_expired

--- Copies the keys into a new table, without those that have expired.
---
--- - `max`: the most keys, 1024 by default; 0: all
--- - returns a sequence; or nil, message, code
---@type fun(self: shareable.dict, max?: integer): shareable.key[]?, string?, shareable.code?
methods.get_keys = raw.dict_get_keys

--- Returns the size of the dict's block in bytes.
---@type fun(self: shareable.dict): integer
methods.capacity = raw.dict_capacity

--- Returns the bytes of the places that have no key.
---@type fun(self: shareable.dict): integer
methods.free_space = raw.dict_free_space

--- Waits until the value of a key differs from a given one, as `list:wait` does, or the key is deleted or
--- expires. If it already differs, the function returns at once.
---
--- - `value`: the value to compare with; nil: waits until the key is in the dict
--- - `timeout`: the seconds to wait: 0 only checks, and nil waits without limit
--- - returns the value, read again after the wait; or a single nil if the key is not in the dict; or nil,
--- message, code: "E_TIMED_OUT" if the wait timed out
---@type fun(self, key: shareable.key, value: any, timeout?: number): shareable.item?, string?, shareable.code?
methods.wait = raw.dict_wait

--- Watches keys, for a program that waits in an event loop: see `shareable.watch`. A key is reported when
--- its value may have changed, or when it may have been inserted or deleted. A change after this call is
--- reported, so read the keys after it.
---
---     local w = assert(d:watch("rate", "banner"))
---
--- - `...`: keys, which need not be in the dict. `d:list():watch()` is for any key
--- - returns a watch, whose `changed()` returns keys; or nil, message, code: "E_KEY" if the dict cannot have
--- such a key, "E_NO_MEMORY" or "E_SYSTEM" if there is no descriptor or no thread
---@type fun(self: shareable.dict, ...: shareable.key): shareable.watch?, string?, shareable.code?
methods.watch = raw.dict_watch

--- Deletes all keys, one after the other.
---
--- - `timeout`: the seconds to wait for the lock of the dict, those of the handle by default
--- - returns true; or nil, message, code
---@type fun(self: shareable.dict, timeout?: number): true?, string?, shareable.code?
methods.clear = raw.dict_clear

--- Makes the index of the dict again from its keys. That changes nothing, unless another program has
--- damaged it.
---
--- - `timeout`: as for `dict:clear`
--- - returns true; or nil, message, code
---@type fun(self: shareable.dict, timeout?: number): true?, string?, shareable.code?
methods.reindex = raw.dict_reindex

--- Copies all keys, with their values and times to live, to another dict, for example one with more
--- places.
---
--- - `target`: a dict. Its keys that are in both get the values of this one
--- - `timeout`: as for `dict:clear`
--- - returns true; or nil, message, code: "E_FULL", "E_KEY" or "E_CAPACITY" if a key does not fit: then
--- some keys have been copied
---@type fun(self, target: shareable.dict, timeout?: number): true?, string?, shareable.code?
methods.copy = raw.dict_copy

--- Iterates over the keys and values: `for key, value in d:pairs() do`. It blocks no other process. A key
--- that is in the dict during the whole loop is visited once. An integer that no number of this Lua can
--- represent is a `shareable.integer`.
---@type fun(self: shareable.dict): (fun(): shareable.key?, shareable.item?), shareable.dict
methods.pairs = raw.dict_pairs

metatable.__pairs = raw.dict_pairs

--- Returns the list that the dict is: the key of each place, or `shareable.none`, and then its value.
--- Closing it closes the dict.
---@type fun(self: shareable.dict): shareable.list
methods.list = raw.dict_list

--- Return the number of places, and the longest key and value in bytes.
---@type fun(self: shareable.dict): integer
methods.places = raw.dict_places
---@type fun(self: shareable.dict): integer
methods.key_size = raw.dict_key_size
---@type fun(self: shareable.dict): integer
methods.value_size = raw.dict_value_size

--- Returns whether an insert into the full dict evicts a key that was not used recently.
---@type fun(self: shareable.dict): boolean
methods.evicts = raw.dict_evicts

--- Returns the number of keys that calls through this handle have evicted.
---@type fun(self: shareable.dict): integer
methods.evicted = raw.dict_evicted

--- Closes this handle. Closing it again does nothing.
---@type fun(self: shareable.dict)
methods.close = raw.dict_close

--- Removes the name of the dict's block, as `memory:unlink` does. The handle may be closed.
---
--- - returns true; or nil, message, code
---@type fun(self: shareable.dict): true?, string?, shareable.code?
methods.unlink = raw.dict_unlink

function metatable:__tostring()
  local list = self:list()
  return ("shareable.dict{places = %d, key_size = %d, value_size = %d, name = %q%s}%s"):format(self:places(),
    self:key_size(), self:value_size(), list.name or "", self:evicts() and ", evict = true" or "",
    list.closed and " (closed)" or "")
end

local create_options = {
  places = true, key_size = true, value_size = true, evict = true, name = true, mode = true, lazy = true,
  owned = true, timeout = true,
}
local attach_options = {name = true, read_only = true, timeout = true}

---@class shareable.dict.options
---@field places? integer the most keys of a new dict; without it, attach to `name`
---@field key_size? integer the longest key in bytes, 1 to 472; 32 by default
---@field value_size? integer the longest string as a value in bytes; 64 by default
---@field evict? boolean true: an insert into the full dict evicts a key that was not used recently
---@field name? string the name of the dict; a new one without a name gets "psm_" and eight random hexadecimal digits
---@field mode? integer permission bits of a new dict, less the umask; 384 (octal 600) by default
---@field lazy? boolean true: allocate pages at first use instead of reserving them now
---@field owned? boolean true: unlink the dict within a second after this process ends, even by a signal
---@field read_only? boolean true: attach without write access; opens lists of stock Python of that form, too
---@field timeout? number the seconds that each call waits for another process that changes keys: 10 by default, 0 does
--- not wait, math.huge has no limit. A call that has waited for that time fails with "E_TIMED_OUT"

--- Creates a dict, or attaches to a dict that exists.
---
---     shareable.dict{places = 1000, name = "settings"}                                 -- creates
---     shareable.dict{places = 1000, value_size = 1000, evict = true, name = "cache"}   -- for longer strings
---     shareable.dict{name = "settings"}                                                -- attaches
---
---@param given shareable.dict.options
---@return shareable.dict? dict
---@return string? message
---@return shareable.code? code "E_NOT_DICT" if the block is not a dict
local function dict(given)
  local made, message, code
  if type(given) ~= "table" then
    error(("shareable.dict: a table of options expected, got %s"):format(type(given)), 2)
  end
  if given.places ~= nil then
    options.check(given, "a new dict", create_options)
    made, message, code = options.call(raw.dict_create, given.name, given.places, given.key_size or 32,
      given.value_size or 64, (given.lazy and raw.LAZY or 0) + (given.owned and raw.OWNED or 0)
      + (given.evict and raw.EVICT or 0), given.mode or 0, given.timeout)
  elseif given.name ~= nil then
    options.check(given, "attaching to a dict", attach_options)
    made, message, code = options.call(raw.dict_open, given.name, given.read_only and raw.READ_ONLY or 0, given.timeout)
  else
    error("shareable.dict: give the places of a new dict, or the name of a dict to attach to", 2)
  end
  if made then
    return made
  end
  return nil, message, code
end

return dict
