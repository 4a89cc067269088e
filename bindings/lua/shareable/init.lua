--- Shared lists, dicts, arrays and blocks of memory for Lua, compatible with CPython's
--- `multiprocessing.shared_memory`.
--
--     local shareable = require "shareable"
--     local l <close> = shareable.list({"howdy", shareable.bytes "HoWdY", -273.154, 100, true}, {name = "demo"})
--     l[3] = -78.5
--     local again = shareable.list{name = "demo"}   -- here, or in another process, or in another language
--     print(again[3], #again, again:index(100))
--     l:unlink()
--
-- **Errors.** A function returns `nil, message, code` for a run-time failure. The code is a string:
--
-- - "E_NOT_FOUND": there is no such block
-- - "E_EXISTS": a block of that name exists
-- - "E_PERMISSION": permission denied
-- - "E_NO_SPACE", "E_NO_MEMORY": not enough shared memory, or not enough memory
-- - "E_SYSTEM": another failure of a system call
-- - "E_NOT_READY": the creator of the block has not completed it yet
-- - "E_NOT_LIST", "E_NOT_ARRAY", "E_NOT_DICT": the block does not hold a list, an array, or a dict
-- - "E_VERSION": the list is of another version of this library
-- - "E_NO_SYNC": the list has no sync area, so it has no lock
-- - "E_BUSY": another writer has held the item for a second
-- - "E_TIMED_OUT": a lock, a wait or a call of a manager timed out
-- - "E_CORRUPT": the item is corrupt
-- - "E_TYPE": the item has another type
-- - "E_UTF8": a text is not UTF-8
-- - "E_CAPACITY", "E_TOO_LONG": a text is longer than its item's capacity, or than any list can hold
-- - "E_KEY": a dict cannot have that key: it is too long, or empty, or ends in a byte of 0
-- - "E_NO_KEY", "E_KEY_EXISTS": the key is not in the dict, or it is in the dict already
-- - "E_FULL": each place of the dict has a key
-- - "E_KEY_ITEM": the item is a key of a dict, which only the functions of dicts change
-- - "E_OVERFLOW": an integer is beyond 2^53, see below
-- - "E_AUTH", "E_NO_MANAGER", "E_REMOTE", "E_PROTOCOL": a manager has another key, is not there,
--   returned an error, or sent something invalid
--
-- Incorrect use raises an error at the caller's line: a wrong type, an invalid name, an index out
-- of range, a closed or read-only block, a sum beyond 64 bits, an unlock without the lock. `l[i]`,
-- `l[i] = v`, `l.format` and `pairs(l)` cannot return three values, so they raise an error in both
-- cases.
--
-- **Values.** An integer stays an integer, and a float stays a float. A string is text in UTF-8.
-- Bytes have a type of their own, `shareable.bytes`. None is `shareable.none`, because a table
-- cannot contain nil.
--
-- **Lua 5.1, 5.2 and LuaJIT** have only doubles. A number that is whole and at most 2^53 is written
-- as an integer, and any other number as a float. But a number that is written over a float stays a
-- float, as in `l[1] = l[1] + 0.5`. `shareable.integer(2)` and `shareable.float(2)` choose the
-- type.
--
-- LuaJIT compiles the reads and writes of items. An int64_t, or a uint64_t below 2^63, of its FFI is
-- accepted as an integer: `l[1] = 9007199254740993LL`.
--
-- An integer beyond 2^53 is never rounded. `l[i]` raises an error, and `l:get` and similar
-- functions return nil, a message and "E_OVERFLOW". `l:exact(i)` returns a shareable.integer.
-- `tostring` formats it, `==` and `<` compare it, `x:tonumber()` rounds it, and a list can store
-- it. Atomic operations, hashes and `m:unpack` return a shareable.integer if a number would be
-- rounded.
--
-- **fork**, if a library provides it: the child inherits the handles and may use them. Parent and
-- child each close their own handles. Blocks that the parent owns stay owned by the parent.

local raw = require "shareable.raw"

raw.metatables.bytes.methods.string = raw.bytes_string
for _, kind in ipairs{"integer", "float"} do
  if raw.metatables[kind] then
    raw.metatables[kind].methods.tonumber = raw.number_of
  end
end

--- A value that an item can have. In a Lua whose numbers are all doubles, a whole float must be a
--- shareable.float.
---@alias shareable.item integer|number|boolean|string|shareable.bytes|shareable.none|shareable.integer|shareable.float

---@alias shareable.type "integer"|"float"|"boolean"|"string"|"bytes"|"none"

--- The code of a failure, which is the third value that a function returns.
---@alias shareable.code
---| "E_NOT_FOUND" | "E_EXISTS" | "E_PERMISSION" | "E_NO_SPACE" | "E_NO_MEMORY" | "E_SYSTEM" | "E_NOT_READY"
---| "E_NOT_LIST" | "E_NOT_ARRAY" | "E_VERSION" | "E_NO_SYNC" | "E_BUSY" | "E_TIMED_OUT" | "E_CORRUPT" | "E_TYPE"
---| "E_UTF8" | "E_CAPACITY" | "E_TOO_LONG" | "E_OVERFLOW" | "E_AUTH" | "E_NO_MANAGER" | "E_REMOTE" | "E_PROTOCOL"
---| "E_NOT_DICT" | "E_KEY" | "E_NO_KEY" | "E_KEY_EXISTS" | "E_FULL" | "E_KEY_ITEM" | "E_VALUE_TYPE"

---@class shareable.bytes
---@field string fun(self: shareable.bytes): string
---@operator len: integer

---@class shareable.none

---@class shareable.integer
---@field tonumber fun(self: shareable.integer): number

---@class shareable.float
---@field tonumber fun(self: shareable.float): number

return {
  --- Creates a list of values, or attaches to a list: see `shareable.list`.
  list = require "shareable.list",

  --- Creates a dict, or attaches to a dict: see `shareable.dict`.
  dict = require "shareable.dict",

  --- Creates an array of numbers, which NumPy can open, or attaches to one: see `shareable.array`.
  array = require "shareable.array",

  --- Creates a block of memory, or attaches to a block: see `shareable.memory`.
  memory = require "shareable.memory",

  --- Starts a manager, a process that owns blocks for others, or connects to one: see
  --- `shareable.manager`.
  manager = require "shareable.manager",

  --- Returns a value of bytes, which are not text: `shareable.bytes(s)`. `b:string()` and
  --- `tostring(b)` return the string, `#b` its length, and `==` compares the bytes.
  ---@type fun(s: string): shareable.bytes
  bytes = raw.bytes,

  --- Python's None. There is only one such value, so `==` compares it.
  ---@type shareable.none
  none = raw.none,

  --- Returns an integer of 64 bits, from a number or from decimal digits: `shareable.integer
  --- "9007199254740993"`. In Lua 5.3 and later it is a Lua integer. Otherwise it is a value for
  --- lists, with the method `x:tonumber()`.
  ---@type fun(n: number|string): integer|shareable.integer
  integer = raw.integer,

  --- Returns a float, even if it is whole: `shareable.float(2)`. In Lua 5.3 and later it is 2.0.
  --- Otherwise it is a value for lists, with the method `x:tonumber()`.
  ---@type fun(n: number): number|shareable.float
  float = raw.float,

  --- Removes the name of a block or a list without opening it: `shareable.unlink(name)`.
  ---
  --- - returns true; or nil, message, code: "E_NOT_FOUND" if no block has that name
  ---@type fun(name: string): true?, string?, shareable.code?
  unlink = raw.unlink,

  --- Lists all blocks, including those of CPython, and finds those that are garbage. A block is
  --- garbage if the process that owned it has ended, as a kernel lock proves, and no process has it
  --- open or mapped. A block that cannot be proven to be garbage stays, however old it is.
  --- `shareable.garbage(true)` unlinks the garbage. It is needed only if the process that cleans
  --- up, shareable-reaper, was killed together with the owner.
  ---
  --- - returns a sequence of tables with the fields `name`, `garbage`, `removed` and `reason`; or
  --- nil, message, code
  ---@type fun(remove?: boolean): table[]?, string?, shareable.code?
  garbage = raw.garbage,

  --- The version of the C library, "major.minor.patch".
  ---@type string
  version = raw.version(),
}
