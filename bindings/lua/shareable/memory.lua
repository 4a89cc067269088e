--- Blocks of shared memory: CPython's `SharedMemory`.
--
-- What a block is asked by name: `m.name` (a string), `m.size` (in bytes), `m.read_only` and `m.closed` (booleans); all
-- of them also once it is closed. `m == n` where both are of one block. `tostring(m)` shows it as it would be
-- made.
--
-- A block is closed by `m:close()`, at the end of a `local m <close>`, or by the garbage collector, whichever is first;
-- it stays in the system until somebody unlinks it.

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

--- Reads bytes. Any that are outside of the block, or a closed block: an error.
---
--- - `offset`, 0 if not given: of the first byte, from 0
--- - `length`: in bytes; all that follow if not given
---@type fun(self: shareable.memory, offset?: integer, length?: integer): string
methods.read = raw.memory_read

--- Writes bytes. Any that are outside of the block, a closed or a read-only block: an error, and nothing is written.
---
--- - `offset`: of the first byte, from 0
--- - returns true
---@type fun(self: shareable.memory, offset: integer, bytes: string): true
methods.write = raw.memory_write

--- Writes numbers by a format of `string.pack`, of those that have a fixed size: `b B h H i[n] I[n] l L j J T f d n`,
--- `x` for a zero byte, and `< > =` for the byte order. Each of 1, 2, 4 or 8 bytes that lies at a multiple of its size
--- is written in one piece: nobody reads half of it. Any that are outside of the block, or do not fit: an error, and
--- nothing is written.
---
---     m:pack("<i4 d", 16, 7, 2.5)
---
--- - `offset`: of the first byte, from 0
--- - `...`: the numbers
--- - returns the offset past the last byte
---@type fun(self: shareable.memory, format: string, offset: integer, ...: number): integer
methods.pack = raw.memory_pack

--- Reads numbers by a format, as `memory:pack` writes them.
---
--- - `offset`, 0 if not given: of the first byte
--- - returns the numbers, and the offset past the last byte
---@type fun(self: shareable.memory, format: string, offset?: integer): ...
methods.unpack = raw.memory_unpack

--- Ends this handle's use of the block. A second time, it does nothing.
---@type fun(self: shareable.memory)
methods.close = raw.memory_close

--- Removes the block's name, closed or not: who has it open keeps it, nobody finds it any more.
--- - returns true; or nil, message, code: "E_NOT_FOUND" where it is gone, also where another block has its name
---@type fun(self: shareable.memory): true?, string?, shareable.code?
methods.unlink = raw.memory_unlink

function metatable:__tostring()
  local closed = self.closed and " (closed)" or ""
  return ("shareable.memory{name = %q, size = %d}%s"):format(self.name or "", self.size, closed)
end

local to_create = {name = true, size = true, mode = true, lazy = true, owned = true}
local to_attach = {name = true, read_only = true}

---@class shareable.memory.options
---@field size? integer in bytes, at least 1: makes a block; without, attaches to the one called `name`
---@field name? string of the block; made up, as "psm_" and eight digits, where a new one is given none
---@field mode? integer permission bits of a new one, less the umask; 384 (octal 600) if not given
---@field lazy? boolean true takes its pages at first use and does not reserve them now
---@field owned? boolean true has its name go when this process ends, however it ends, within a second
---@field read_only? boolean true attaches without the right to write

--- Makes a new block, all zero, or attaches to one that is there.
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
    options.check(given, "a new block", to_create)
    block, message, code = options.call(raw.memory_create, given.name, given.size,
      (given.lazy and raw.LAZY or 0) + (given.owned and raw.OWNED or 0), given.mode or 0)
  elseif given.name ~= nil then
    options.check(given, "attaching to a block", to_attach)
    block, message, code = options.call(raw.memory_open, given.name, given.read_only and raw.READ_ONLY or 0)
  else
    error("shareable.memory: neither the size of a new block nor the name of one to attach to", 2)
  end
  if block then
    return block
  end
  return nil, message, code
end

return memory
