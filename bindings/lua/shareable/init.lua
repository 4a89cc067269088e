--- One list, one block of memory, every language: what CPython's `multiprocessing.shared_memory` does, for Lua.
--
--     local shareable = require "shareable"
--     local l <close> = shareable.list({"howdy", shareable.bytes "HoWdY", -273.154, 100, true}, {name = "demo"})
--     l[3] = -78.5
--     local again = shareable.list{name = "demo"}   -- here, or in another process, or in another language
--     print(again[3], #again, again:index(100))
--     l:unlink()
--
-- **What goes wrong.** What the world does comes back as `nil, message, code`, where the code is a short string: no
-- such block ("E_NOT_FOUND"), one that exists ("E_EXISTS"), no permission ("E_PERMISSION"), no space ("E_NO_SPACE",
-- "E_NO_MEMORY"), another refusal of the system ("E_SYSTEM"), a block that is not complete ("E_NOT_READY") or holds no
-- list ("E_NOT_LIST") or one of a newer version of this library ("E_VERSION"), a list that has no lock ("E_NO_SYNC"),
-- an item or a lock that somebody else holds ("E_TIMED_OUT"), a wait that is over with nothing changed ("E_UNCHANGED"),
-- an item that is damaged ("E_CORRUPT") or has another type than was asked for ("E_TYPE"). A text is the world's
-- too, for it may come from anywhere: one that is not UTF-8 ("E_UTF8"), or is too long for its item ("E_SLOT") or for
-- any list ("E_LENGTH"). Anything else is misuse, and an error() at the caller's line: a wrong type, a name that cannot
-- be one, an index past the end, a closed or read-only block, a sum past 64 bits, an unlock without the lock.
--
-- Where there is no room for three answers, in `l[i]`, `l[i] = v`, `l.format` and `pairs(l)`, both kinds are errors.
--
-- **Values.** An integer stays an integer and a float a float. A string is text in UTF-8; bytes are a value
-- of their own, and so is None, since a nil cannot lie in a table.
--
-- **Lua 5.1, 5.2 and LuaJIT**, whose numbers are all doubles: one that is whole and not past 2^53 is written as an
-- integer, any other as a float; and one that is written over a float, as `l[1] = l[1] + 0.5`, stays a float.
-- `shareable.float(2)` and `shareable.integer(2)` say which it is to be. An integer past 2^53 is never rounded: `l[i]`
-- raises, `l:get` and its kin answer nil, a message and "E_OVERFLOW", and `l:exact(i)` gives it as a shareable.integer,
-- which `tostring` shows, `==` and `<` compare, `x:tonumber()` rounds, and a list takes. Atomic operations, digests and
-- `m:unpack` answer such a one where they have to.
--
-- **fork**, where a library gives it: the child inherits the handles and may use them, each side closes its own, and
-- what the parent owns stays the parent's.

local raw = require "shareable.raw"

raw.metatables.bytes.methods.string = raw.bytes_string
for _, kind in ipairs{"integer", "float"} do
  if raw.metatables[kind] then
    raw.metatables[kind].methods.tonumber = raw.number_of
  end
end

--- What an item can be. A float that is whole is a shareable.float in a Lua whose numbers are all doubles.
---@alias shareable.item integer|number|boolean|string|shareable.bytes|shareable.none|shareable.integer|shareable.float

---@alias shareable.type "integer"|"float"|"boolean"|"string"|"bytes"|"none"

--- Which failure it is: the third of what comes back.
---@alias shareable.code
---| "E_NOT_FOUND" | "E_EXISTS" | "E_PERMISSION" | "E_NO_SPACE" | "E_NO_MEMORY" | "E_SYSTEM" | "E_NOT_READY"
---| "E_NOT_LIST" | "E_VERSION" | "E_NO_SYNC" | "E_TIMED_OUT" | "E_UNCHANGED" | "E_CORRUPT" | "E_TYPE" | "E_UTF8"
---| "E_SLOT" | "E_LENGTH" | "E_OVERFLOW" | "E_AUTH" | "E_NO_MANAGER" | "E_REMOTE" | "E_PROTOCOL"

---@class shareable.bytes
---@field string fun(self: shareable.bytes): string
---@operator len: integer

---@class shareable.none

---@class shareable.integer
---@field tonumber fun(self: shareable.integer): number

---@class shareable.float
---@field tonumber fun(self: shareable.float): number

return {
  --- Makes a list of values, or attaches to one: see `shareable.list`.
  list = require "shareable.list",

  --- Makes a block of memory, or attaches to one: see `shareable.memory`.
  memory = require "shareable.memory",

  --- Starts a process that owns blocks for others, or connects to one: see `shareable.manager`.
  manager = require "shareable.manager",

  --- A string that is bytes, not text: `shareable.bytes(s)`. `b:string()` and `tostring(b)` give the string, `#b` its
  --- length, and `==` compares.
  ---@type fun(s: string): shareable.bytes
  bytes = raw.bytes,

  --- What stands for Python's None. There is one; `==` tells it.
  ---@type shareable.none
  none = raw.none,

  --- An integer of 64 bits, of a number or of decimal digits: `shareable.integer "9007199254740993"`. In Lua 5.3 and
  --- later that is an integer of Lua's; before, a value for a list to take or to be found in it, with `x:tonumber()`.
  ---@type fun(n: number|string): integer|shareable.integer
  integer = raw.integer,

  --- A float, also where it is whole: `shareable.float(2)`. In Lua 5.3 and later that is 2.0; before, a value as above.
  ---@type fun(n: number): number|shareable.float
  float = raw.float,

  --- Removes the name of a block or a list without opening it: `shareable.unlink(name)`.
  --- True; or nil, message, code: "E_NOT_FOUND" where it is gone.
  ---@type fun(name: string): true?, string?, shareable.code?
  unlink = raw.unlink,

  --- Looks at every block there is, stock Python's too, and tells which are garbage: owned by a process that has
  --- ended, as a lock of the kernel's proves, and mapped by nobody. `shareable.garbage(true)` unlinks those. Whatever
  --- cannot be proven to be garbage stays, however old it is. It is for what is left where what cleans up after a
  --- process was killed together with it. A sequence of tables: `name`, `garbage`, `removed` and `reason`.
  ---@type fun(remove?: boolean): table[]?, string?, shareable.code?
  garbage = raw.garbage,

  --- The version of the C library, "major.minor.patch".
  ---@type string
  version = raw.version(),
}
