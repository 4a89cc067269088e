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
-- @module shareable

local raw = require "shareable.raw"

raw.metatables.bytes.methods.string = raw.bytes_string

return {
  --- Makes a list of values, or attaches to one: see `shareable.list`.
  list = require "shareable.list",

  --- Makes a block of memory, or attaches to one: see `shareable.memory`.
  memory = require "shareable.memory",

  --- A string that is bytes, not text: `shareable.bytes(s)`. `b:string()` and `tostring(b)` give the string, `#b` its
  -- length, and `==` compares.
  bytes = raw.bytes,

  --- What stands for Python's None. There is one; `==` tells it.
  none = raw.none,

  --- Removes the name of a block or a list without opening it: `shareable.unlink(name)`.
  -- True; or nil, message, code: "E_NOT_FOUND" where it is gone.
  unlink = raw.unlink,

  --- The version of the C library, "major.minor.patch".
  version = raw.version(),
}
