--- Watches of lists and of keys of dicts, for programs that wait in an event loop.
--
-- A watch has a descriptor that becomes readable when something that it watches has changed. The
-- program waits for it together with its other descriptors, by poll(2), luv or cqueues, and then
-- calls `w:changed()`:
--
--     local w <close> = assert(l:watch(1, 2))
--     show(l[1], l[2])
--     while true do
--       poll.rpoll(w.fd, -1) -- require "posix.poll", of luaposix
--       for _, index in ipairs(assert(w:changed())) do
--         show(index, l[index])
--       end
--     end
--
-- A report means that the item may have changed: the program reads it again. An item is also
-- reported when an equal value is written to it, and sometimes when another item is written or another
-- process ends a wait. Several changes before a call of `w:changed()` are reported once, and the last
-- change is never missed.
--
-- A change by this library is reported at once. A write by CPython, or to the bytes of the block, is
-- reported within 50 milliseconds, and within 10 milliseconds if the handle is read-only or the list
-- has no sync area; in lists or items of more than 16 KiB later.
--
-- The threads of the library that detect changes are common to all watches of the process, never run
-- Lua code, and sleep while nothing changes. A watch keeps its list: the list is not collected
-- before it. If the list is closed, the watch reports everything that it watches once more, and then
-- nothing. In the child of a fork, the descriptor is the child's own and everything is reported once;
-- an epoll instance of an event loop still contains that of the parent.
--
-- A watch of keys of a dict reports keys: `d:watch("rate")`. It reports a number as its text. It does not
-- report that a key has expired: a program that needs this uses a timer, with the time of `d:ttl(key)`.
-- Through a read-only handle, it reports its keys when any key changes.
--
-- The lock: a watch of "lock" reports when the lock may be free. The program tries to take it, and
-- closes the watch when it has the lock or no longer wants it:
--
--     local w = assert(l:watch "lock")
--     while not l:lock(0) do
--       poll.rpoll(w.fd, -1)
--       w:changed()
--     end
--     w:close()
--
-- While the lock is free, the descriptor is readable again after each `w:changed()`. If the program
-- has the lock and keeps the watch open, another process that waits for the lock may wake up late.
--
-- The fields of a watch: `w.fd` (the descriptor, or nil after the watch is closed) and `w.closed` (a
-- boolean). A watch is closed by `w:close()`, at the end of the scope of `local w <close>`, or by the
-- garbage collector.

local raw = require "shareable.raw"

local metatable = raw.metatables.watch

---@class shareable.watch
---@field fd integer? the descriptor, for poll(2); do not read or close it. Nil after the watch is closed
---@field closed boolean
local methods = metatable.methods
local getters = metatable.getters

getters.fd = raw.watch_fd
getters.closed = raw.watch_is_closed

--- Returns what has changed since the last call, and watches it further. It does not wait. After the
--- call, the descriptor is not readable until the next change. It raises an error if the watch is
--- closed.
---
--- - returns a sequence of indexes, "list" and "lock", or of keys, empty if nothing has changed; or nil,
--- message, code: "E_NO_MEMORY", "E_SYSTEM" or, for keys, "E_BUSY". Then some changes may be lost: read
--- everything again
---@type fun(self: shareable.watch): (integer|"list"|"lock"|shareable.key)[]?, string?, shareable.code?
methods.changed = raw.watch_changed

--- Closes the watch and its descriptor. An event loop must stop using the descriptor first. Closing
--- it again does nothing.
---@type fun(self: shareable.watch)
methods.close = raw.watch_close

function metatable:__tostring()
  local fd = self.fd
  return fd and ("shareable.watch (fd %d)"):format(fd) or "shareable.watch (closed)"
end
