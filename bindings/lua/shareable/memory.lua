--- Blocks of shared memory: CPython's `SharedMemory`.
--
-- The fields of a block: `m.name` (a string), `m.size` (in bytes), `m.read_only` and `m.closed`
-- (booleans). All of them work after the handle is closed, too. `m == n` is true if both are
-- handles of the same block. `tostring(m)` shows the call that creates such a block.
--
-- A handle is closed by `m:close()`, at the end of the scope of `local m <close>`, or by the
-- garbage collector. The block itself stays until a process unlinks it.

local raw = require "shareable.raw"
local options = require "shareable.options"

local metatable = raw.metatables.memory

---@class shareable.memory
---@field name string
---@field size integer in bytes
---@field read_only boolean
---@field closed boolean
local methods = metatable.methods
local getters = metatable.getters

getters.name = raw.memory_name
getters.size = raw.memory_size
getters.read_only = raw.memory_is_read_only
getters.closed = raw.memory_is_closed

--- Reads bytes. It raises an error if they are not all in the block, or if the handle is closed.
---
--- - `offset`: the offset of the first byte, 0 by default
--- - `length`: the number of bytes; by default, all bytes up to the end of the block
---@type fun(self: shareable.memory, offset?: integer, length?: integer): string
methods.read = raw.memory_read

--- Writes bytes. It raises an error, and writes nothing, if they are not all in the block, or if
--- the handle is closed or read-only.
---
--- - `offset`: the offset of the first byte, counted from 0
--- - returns true
---@type fun(self: shareable.memory, offset: integer, bytes: string): true
methods.write = raw.memory_write

--- Writes numbers by a format of `string.pack`. It supports the options of a fixed size: `b B h H
--- i[n] I[n] l L j J T f d n`, `x` for a zero byte, and `< > =` for the byte order. A number of 1,
--- 2, 4 or 8 bytes at a multiple of its size is written atomically. The function raises an error,
--- and writes nothing, if the numbers are not all in the block, or if one does not fit into its
--- option.
---
---     m:pack("<i4 d", 16, 7, 2.5)
---
--- - `offset`: the offset of the first byte, counted from 0
--- - `...`: the numbers
--- - returns the offset after the last byte
---@type fun(self: shareable.memory, format: string, offset: integer, ...: number): integer
methods.pack = raw.memory_pack

--- Reads numbers by a format, as `memory:pack` writes them.
---
--- - `offset`: the offset of the first byte, 0 by default
--- - returns the numbers, and the offset after the last byte
---@type fun(self: shareable.memory, format: string, offset?: integer): ...
methods.unpack = raw.memory_unpack

--- Closes this handle. Closing it again does nothing.
---@type fun(self: shareable.memory)
methods.close = raw.memory_close

--- Removes the block's name. Processes that have the block open keep using it; no process can
--- attach to it any more. The handle may be closed.
---
--- - returns true; or nil, message, code: "E_NOT_FOUND" if the name is gone or belongs to another
--- block
---@type fun(self: shareable.memory): true?, string?, shareable.code?
methods.unlink = raw.memory_unlink

function metatable:__tostring()
  local closed = self.closed and " (closed)" or ""
  return ("shareable.memory{name = %q, size = %d}%s"):format(self.name or "", self.size, closed)
end

local create_options = {name = true, size = true, mode = true, lazy = true, owned = true}
local attach_options = {name = true, read_only = true}

---@class shareable.memory.options
---@field size? integer the size of a new block in bytes, at least 1; without it, attach to the block called `name`
---@field name? string the name of the block; a new one without a name gets "psm_" and eight random hexadecimal digits
---@field mode? integer permission bits of a new block, less the umask; 384 (octal 600) by default
---@field lazy? boolean true: allocate pages at first use instead of reserving them now
---@field owned? boolean true: unlink the block within a second after this process ends, even by a signal
---@field read_only? boolean true: attach without write access

--- Creates a block of zeros, or attaches to a block that exists.
---@param given shareable.memory.options
---@return shareable.memory? block
---@return string? message
---@return shareable.code? code
local function memory(given)
  local block, message, code
  if type(given) ~= "table" then
    error(("shareable.memory: a table of options expected, got %s"):format(type(given)), 2)
  end
  if given.size ~= nil then
    options.check(given, "a new block", create_options)
    block, message, code = options.call(raw.memory_create, given.name, given.size,
      (given.lazy and raw.LAZY or 0) + (given.owned and raw.OWNED or 0), given.mode or 0)
  elseif given.name ~= nil then
    options.check(given, "attaching to a block", attach_options)
    block, message, code = options.call(raw.memory_open, given.name, given.read_only and raw.READ_ONLY or 0)
  else
    error("shareable.memory: give the size of a new block, or the name of a block to attach to", 2)
  end
  if block then
    return block
  end
  return nil, message, code
end

return memory
