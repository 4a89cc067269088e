--- Arrays in shared memory: NumPy's `.npy` files.
--
--     local shareable = require "shareable"
--     local image = assert(shareable.array{shape = {1080, 1920}, dtype = "u1", name = "image"})   -- creates
--     image:set(10, 20, 255)
--     local again = assert(shareable.array{name = "image"})   -- here, or in another process or language
--     print(again:get(10, 20), again.shape[1], again.dtype)
--
-- Programs with NumPy alone open an array by `np.load("/dev/shm/image", mmap_mode="r+")`, and a file
-- that `np.save` wrote in /dev/shm opens here. An array is memory: reads and writes are not atomic,
-- and wake no waiters. Programs that need this use a list beside it.
--
-- An index counts from 1, or from -1 at the end, as in a list. There is one index for each dimension.
--
-- **Values.** The dtype is NumPy's short name of the items' type:
--
-- - "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8": an integer. The integers of "u8" from 2^63 on are
--   the negative integers with the same bits, as for `string.unpack "J"`
-- - "f2", "f4", "f8": a number, rounded to the nearest one that the item can hold
-- - "c8", "c16": a complex number, as two numbers, the real part and the imaginary part
-- - "b1": a boolean
-- - any other type, for example a structured one, or numbers in the other byte order: the item's
--   bytes, as a string. Its dtype is "V" and the number of bytes, and `a.descr` describes it.
--   `string.unpack` reads the fields
--
-- In Lua 5.1, 5.2 and LuaJIT, an integer beyond 2^53 is never rounded: see `array:exact`.
--
-- The fields of an array:
--
-- - `a.shape`: a sequence of the length of each dimension, empty if there is none
-- - `a.strides`: a sequence of the distance from an item to the next one in each dimension, in bytes
-- - `a.dtype`, `a.descr` (strings): the short name, and the description in the block's header, which
--   is a Python literal, for example "'<f8'"
-- - `a.size` (the number of items), `a.itemsize` and `a.nbytes` (of one item and of all, in bytes)
-- - `a.name` (a string), `a.memory` (its block, which contains the header too; closing the block
--   closes the array), `a.read_only` and `a.closed` (booleans)
--
-- All of them work after the handle is closed, too. `a == b` is true if both are handles of the same
-- block. `tostring(a)` shows the call that creates such an array.
--
-- A handle is closed by `a:close()`, at the end of the scope of `local a <close>`, or by the garbage
-- collector. The array itself stays until a process unlinks it.

local raw = require "shareable.raw"
local options = require "shareable.options"
local fast = require "shareable.ffi"

local metatable = raw.metatables.array

---@class shareable.array
---@field shape integer[] the length of each dimension
---@field strides integer[] the distance from an item to the next one in each dimension, in bytes
---@field dtype string NumPy's short name of the items' type, for example "f8"
---@field descr string the description of the items' type in the header: a Python literal
---@field size integer the number of items
---@field itemsize integer the size of an item in bytes
---@field nbytes integer the size of all items in bytes
---@field name string the name of its block
---@field memory shareable.memory its block: closing it closes the array
---@field read_only boolean
---@field closed boolean
local methods = metatable.methods
local getters = metatable.getters

getters.shape = raw.array_shape
getters.strides = raw.array_strides
getters.dtype = raw.array_dtype
getters.descr = raw.array_descr
getters.size = raw.array_size
getters.itemsize = raw.array_itemsize
getters.nbytes = raw.array_nbytes
getters.memory = raw.array_memory
getters.name = raw.memory_name
getters.read_only = raw.memory_is_read_only
getters.closed = raw.memory_is_closed

--- Reads an item: `a:get(i, j)`. It raises an error if an index is out of range.
---
--- - `...`: an index for each dimension
--- - returns its value, or the two numbers of a complex number; or nil, message, "E_OVERFLOW" if no
--- number of this Lua can represent the integer
---@type fun(self: shareable.array, ...: integer): integer|number|boolean|string|nil, number|string?, shareable.code?
methods.get = raw.array_get

--- Reads an item as `array:get` does. An integer that no number of this Lua can represent is a
--- `shareable.integer`.
---@type fun(self: shareable.array, ...: integer): integer|number|boolean|string|shareable.integer, number?
methods.exact = raw.array_exact

--- Writes an item: `a:set(i, j, value)`. It raises an error, and writes nothing, if an index is out
--- of range, or if the item cannot hold the value.
---
--- - `...`: an index for each dimension, and then the value: an integer in the range of the type, a
--- number, a boolean, or a string of `a.itemsize` bytes; for a complex number, two numbers
--- - returns true
---@type fun(self: shareable.array, ...: integer|number|boolean|string): true
methods.set = raw.array_set

--- Copies items into a string, as `string.pack` packs them in the byte order of this machine, for
--- example "i4" or "d" for each.
---
---     local row = {string.unpack(("B"):rep(1920), a:read(10, 10))}
---
--- The range is one of the first dimension: of items if the array has one dimension, and of whole
--- rows, with all their items in C order, if it has more. It works as in string.sub: a negative index
--- counts from the end, and the range is limited to the array.
---
--- - `first`: the index of the first row, 1 by default
--- - `last`: the index of the last row, -1 by default
--- - returns a string
---@type fun(self: shareable.array, first?: integer, last?: integer): string
methods.read = raw.array_read

--- Writes the bytes of any number of items, as `array:read` returns them. It raises an error, and
--- writes nothing, if the string is not a whole number of items, or if they do not fit.
---
--- - `first`: the index of the row that the items begin with
--- - `bytes`: a string
--- - returns true
---@type fun(self: shareable.array, first: integer, bytes: string): true
methods.write = raw.array_write

--- Copies items into a new table. The range works as for `array:read`.
---
--- - `first`: the index of the first row, 1 by default
--- - `last`: the index of the last row, -1 by default
--- - returns a sequence of the items' values, two for each complex number; or nil, message,
--- "E_OVERFLOW" if no number of this Lua can represent one of the integers
---@type fun(self: shareable.array, first?: integer, last?: integer): any[]?, string?, shareable.code?
methods.totable = raw.array_table

--- Writes a sequence of values, as `array:totable` returns them. It raises an error, and writes
--- nothing, if the values do not fit, or if an item cannot hold its value.
---
--- - `first`: the index of the row that the values begin with
--- - `values`: a sequence. Its metamethods `__len` and `__index` are used, in every version of Lua
--- - returns true
---@type fun(self: shareable.array, first: integer, values: any[]): true
methods.settable = raw.array_set_table

--- Only in LuaJIT: returns a pointer of the FFI to the first item, with the items' type. Loops over
--- it are compiled to single loads and stores.
---
---     local p = a:cdata()        -- uint8_t * for the dtype "u1"
---     p[9 * 1920 + 19] = 255     -- counted from 0: the same item as a:set(10, 20, 255)
---
--- The pointer is to `a.size` items, and the FFI does not check that an index is below that. If the
--- array is in Fortran order, use `a.strides`. A pointer to items of a read-only array is to
--- constants. The types are `bool`, `int8_t` to `uint64_t`, `float`, `double`, `complex float` and
--- `complex double`; `uint16_t` for "f2", of which the FFI has no type; otherwise `uint8_t`.
---
--- The array keeps the memory: the pointer is valid until the array is closed or collected, so keep
--- `a` as long as the pointer. An access after that ends the process.
---@type fun(self: shareable.array): ffi.cdata*
methods.cdata = fast.array_cdata

--- Closes this handle. Closing it again does nothing.
---@type fun(self: shareable.array)
methods.close = raw.memory_close

--- Removes the name of the array's block, as `memory:unlink` does. The handle may be closed.
---
--- - returns true; or nil, message, code
---@type fun(self: shareable.array): true?, string?, shareable.code?
methods.unlink = raw.memory_unlink

function metatable:__tostring()
  local dtype = self.dtype
  if dtype:sub(1, 1) == "V" then
    dtype = self.descr
  end
  local closed = self.closed and " (closed)" or ""
  return ("shareable.array{shape = {%s}, dtype = %q, name = %q}%s")
    :format(table.concat(self.shape, ", "), dtype or "", self.name or "", closed)
end

local create_options = {shape = true, dtype = true, items = true, name = true, mode = true, lazy = true, owned = true}
local attach_options = {name = true, read_only = true}

---@class shareable.array.options
---@field shape? integer[] the length of each dimension of a new array, at most 64; without it, attach to `name`
---@field dtype? string the type of the items: a short name, "f8" by default, or the Python literal of a descr
---@field items? string all items in C order, as `array:read` returns them: the name appears when they are copied
---@field name? string the name of the array; a new one without a name gets "psm_" and eight random hexadecimal digits
---@field mode? integer permission bits of a new array, less the umask; 384 (octal 600) by default
---@field lazy? boolean true: allocate pages at first use instead of reserving them now
---@field owned? boolean true: unlink the array within a second after this process ends, even by a signal
---@field read_only? boolean true: attach without write access

--- Creates an array in C order (the last index varies fastest), of zeros or of given items, or attaches
--- to an array that exists, in C order or in Fortran order.
---
---     shareable.array{shape = {100, 3}, dtype = "f4", name = "points"}            -- creates
---     shareable.array{shape = {10}, dtype = "[('x', '<f4'), ('id', '<i8')]"}      -- of a structured type
---     shareable.array{name = "points"}                                            -- attaches
---
---@param given shareable.array.options
---@return shareable.array? array
---@return string? message
---@return shareable.code? code "E_NOT_ARRAY" if the block is not a .npy file, or contains Python objects
local function array(given)
  local made, message, code
  if type(given) ~= "table" then
    error(("shareable.array: a table of options expected, got %s"):format(type(given)), 2)
  end
  if given.shape ~= nil then
    options.check(given, "a new array", create_options)
    made, message, code = options.call(raw.array_create, given.name, given.dtype or "f8", given.shape,
      given.items, (given.lazy and raw.LAZY or 0) + (given.owned and raw.OWNED or 0), given.mode or 0)
  elseif given.name ~= nil then
    options.check(given, "attaching to an array", attach_options)
    made, message, code = options.call(raw.array_open, given.name, given.read_only and raw.READ_ONLY or 0)
  else
    error("shareable.array: give the shape of a new array, or the name of an array to attach to", 2)
  end
  if made then
    return made
  end
  return nil, message, code
end

return array
