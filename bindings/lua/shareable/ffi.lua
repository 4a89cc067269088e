--- Functions of a list, an array or a dict for LuaJIT, which use the FFI, so that hot loops are compiled.
-- Private to `shareable`.
--
-- Each function has the arguments, the results and the errors of the function of `shareable.raw` with the same
-- name. It calls that function for whatever it does not handle itself. After E_BUSY, which took a second, it calls
-- `raise_busy` or `fail_busy` instead, which do not wait again. These are tail calls, so that an error names the
-- caller's line.

local raw = require "shareable.raw"
local options = require "shareable.options"

local found, ffi = pcall(require, "ffi")
if not found or not raw.ffi_open then
  return {}
end

local cast, istype = ffi.cast, ffi.istype
local rawequal = rawequal
local int64, uint64 = ffi.typeof "int64_t", ffi.typeof "uint64_t"

-- Contain each list, or each dict, as a key. The functions of ffi.c use the memory of their argument, so only these may
-- be passed. The type and the metatable of a value prove nothing: debug.setmetatable() may give the metatable to any
-- userdata, also to a light one, which may be any address.
local is_list = setmetatable({}, {__mode = "k"})
local is_dict = setmetatable({}, {__mode = "k"})

-- Contain the list, or the dict, that was used last, because comparing with it is faster than a lookup in the tables
-- above. They do not keep it alive.
local recent = setmetatable({}, {__mode = "v"})
local recent_dict = setmetatable({}, {__mode = "v"})

-- Whether the value is a list, so that it may be passed to the functions of ffi.c.
local function check(value)
  if value and rawequal(recent[1], value) then -- recent[1] is nil if the list was collected
    return true
  elseif is_list[value] then
    recent[1] = value
    return true
  end
  return false
end

-- Whether the value is a dict.
local function check_dict(value)
  if value and rawequal(recent_dict[1], value) then
    return true
  elseif is_dict[value] then
    recent_dict[1] = value
    return true
  end
  return false
end

-- Returns an int64_t, or nil if the value is neither an int64_t nor a uint64_t below 2^63. The value may also be a
-- reference to one, for which istype() returns true.
local function to_int64(value)
  local is_unsigned = istype(uint64, value)
  if is_unsigned or istype(int64, value) then
    local integer = cast(int64, value)
    if integer >= 0 or not is_unsigned then
      return integer
    end
  end
end
raw.ffi_open(to_int64, is_list, is_dict)

local fast = {}

-- The FFI's type of an array's items. Other items are bytes.
local element_types = {
  b1 = "bool", i1 = "int8_t", i2 = "int16_t", i4 = "int32_t", i8 = "int64_t", u1 = "uint8_t", u2 = "uint16_t",
  u4 = "uint32_t", u8 = "uint64_t", f2 = "uint16_t", f4 = "float", f8 = "double", c8 = "complex float",
  c16 = "complex double",
}

local array_data, array_dtype, is_read_only = raw.array_data, raw.array_dtype, raw.memory_is_read_only

function fast.array_cdata(self)
  local data = options.call(array_data, self)
  local pointer = (element_types[array_dtype(self)] or "uint8_t") .. " *"
  return cast(is_read_only(self) and "const " .. pointer or pointer, data)
end

if not jit.status() then
  return fast -- calls by the FFI are slow unless they are compiled
end

-- The functions of ffi.c. Each takes a list that is in is_list. The list stays on the stack during the call, so that it
-- is not collected.
--
-- LuaJIT 2.1.0-beta3 (Debian 12) for arm64 destroys the register d0, which passes the first double to a function, if it
-- checks the type of an unused number after it has loaded d0. So no function uses its first double.
local functions = cast([[
  const struct {
    double (*get)(const void *list, int32_t index);
    int (*get_other)(const void *list, int32_t index, char *buffer, int size);
    bool (*set_number)(const void *list, int32_t index, double unused, double number);
    bool (*set_string)(const void *list, int32_t index, const char *text, size_t length);
    bool (*set_boolean)(const void *list, int32_t index, bool boolean);
    bool (*set_none)(const void *list, int32_t index);
    int64_t (*add)(const void *list, int32_t index, double unused, double delta);
    double (*length)(const void *list);
    int (*get_integers)(const void *list, double unused, double first, int count, double *elements);
    int (*get_floats)(const void *list, double unused, double first, int count, double *elements);
    int (*get_numbers)(const void *list, double unused, double first, int count, double *elements);
    bool (*is_busy)(const void *list);
    double (*dict_get)(const void *dict, const char *key, size_t length);
    int (*dict_get_other)(const void *dict, const char *key, size_t length, char *buffer, int size);
    int (*dict_set_number)(const void *dict, const char *key, size_t length, double unused, double number);
    int (*dict_set_string)(const void *dict, const char *key, size_t length, const char *text, size_t size);
    int (*dict_set_boolean)(const void *dict, const char *key, size_t length, bool boolean);
    double (*dict_add)(const void *dict, const char *key, size_t length, double unused, double delta, double initial,
                       double ttl);
    int (*outcome)(const void *dict);
  } *]], raw.ffi_functions)
local get, get_other, length, add = functions.get, functions.get_other, functions.length, functions.add
local set_number, set_string = functions.set_number, functions.set_string
local set_boolean, set_none, is_busy = functions.set_boolean, functions.set_none, functions.is_busy

local metatable = raw.metatables.list
local raw_index, raw_assign, raw_length = metatable.__index, metatable.__newindex, metatable.__len
local raw_get, raw_set, raw_add, raw_next = raw.list_get, raw.list_set, raw.list_add, raw.list_next
local raise_busy, fail_busy = raw.ffi_raise_busy, raw.ffi_fail_busy
local methods, none, integer = metatable.methods, raw.none, raw.integer
local string = ffi.string
local tobit = require "bit".tobit
local min, select, tonumber, type = math.min, select, tonumber, type
local constants = {none, false, true} -- in the order of get_other()
local BUSY, ABSENT, TEXT = 4, 5, 6

local SIZE = 512
local buffer = ffi.new("char[?]", SIZE)
local uses = 0 -- of the buffer

-- Whether the value is a whole number that an int32_t can hold.
local function is_index(value)
  return type(value) == "number" and tobit(value) == value
end

-- Returns the item; or nil if it is not a number, a boolean, none or a short string, and whether it is busy.
local function read(self, index)
  if not is_index(index) or not check(self) then
    return nil
  end
  local number = get(self, index)
  if number == number then
    return number
  end
  local use = uses + 1
  uses = use
  local result = get_other(self, index, buffer, SIZE)
  if result < TEXT then
    return constants[result], result == BUSY
  end
  local text = string(buffer, result - TEXT)
  if uses == use then -- no finalizer has used the buffer since
    return text
  end
end

function fast.index(self, key)
  local value, busy
  if type(key) == "number" then
    value, busy = read(self, key)
  else
    value = methods[key]
  end
  if value ~= nil then
    return value
  elseif busy then
    return raise_busy(self, key)
  end
  return raw_index(self, key)
end

-- Returns whether it wrote the value. If not, it also returns whether the item is busy.
local function write(self, index, value)
  if not is_index(index) or not check(self) then
    return false
  end
  local kind = type(value)
  local is_written
  if kind == "number" then
    is_written = set_number(self, index, 0, value)
  elseif kind == "string" then
    is_written = set_string(self, index, value, #value)
  elseif kind == "boolean" then
    is_written = set_boolean(self, index, value)
  elseif kind == "userdata" and rawequal(value, none) then
    is_written = set_none(self, index)
  else
    return false
  end
  return is_written, not is_written and is_busy(self)
end

function fast.assign(self, key, value)
  local is_written, busy = write(self, key, value)
  if busy then
    return raise_busy(self, key)
  elseif not is_written then
    return raw_assign(self, key, value)
  end
end

function fast.length(self)
  if check(self) then
    return length(self)
  end
  return raw_length(self)
end

-- The functions below take the arguments as `...`, because a missing argument is not nil in an error.

function fast.list_get(...)
  local value, busy = read(...)
  if value ~= nil then
    return value
  elseif busy then
    return fail_busy(...)
  end
  return raw_get(...)
end

function fast.list_set(...)
  local is_written, busy = write(...)
  if is_written then
    return true
  elseif busy then
    return fail_busy(...)
  end
  return raw_set(...)
end

function fast.list_next(self, last)
  if type(last) == "number" and last >= 0 then
    local value, busy = read(self, last + 1)
    if value ~= nil then
      return last + 1, value
    elseif busy then
      return raise_busy(self, last + 1)
    end
  end
  return raw_next(self, last)
end

-- add_failed() returns the least integer if the delta is positive, and the greatest if it is negative: no sum is one of
-- these. The sums below find them by their overflow, because LuaJIT 2.1.0-beta3 for arm64 compiles a comparison of an
-- int64_t with a constant to code that is sometimes wrong.
function fast.list_add(...)
  local self, index, delta = ...
  if select("#", ...) == 3 and is_index(index) and type(delta) == "number" and check(self) then
    local sum = add(self, index, 0, delta)
    local number = tonumber(sum)
    if number > -2 ^ 53 and number < 2 ^ 53 then
      return number
    elseif delta > 0 and sum - 1 < sum or delta < 0 and sum + 1 > sum then
      return integer(sum)
    elseif is_busy(self) then
      return fail_busy(self, index)
    end
  end
  return raw_add(...)
end

local CHUNK = 1024
local has_new, new_table = pcall(require, "table.new")
local new_elements = ffi.typeof "double[?]"

-- Returns the index of the first item, counted from 0, and the number of items, as string.sub counts.
local function range_of(self, first, last)
  local size = length(self)
  if first < 0 then
    first = first + size + 1
  end
  if last < 0 then
    last = last + size + 1
  end
  if first < 1 then
    first = 1
  end
  return first - 1, min(last, size) - first + 1
end

-- Appends items to the table. Returns their number, which is less than `count` at an item that `copy` cannot copy, and
-- then whether that item is busy.
local function append(items, copy, self, first, count)
  local elements = new_elements(min(count, CHUNK))
  local copied = 0
  while copied < count do
    local wanted = min(count - copied, CHUNK)
    local processed = copy(self, 0, first + copied, wanted, elements)
    for k = 1, processed do
      items[copied + k] = elements[k - 1]
    end
    copied = copied + processed
    if processed == 0 or processed < wanted and is_busy(self) then
      return copied, is_busy(self)
    end
  end
  return copied
end

local function reader(copy, raw_read)
  return function(...)
    local self, first, last = ...
    first, last = first == nil and 1 or first, last == nil and -1 or last
    if is_index(first) and is_index(last) and check(self) then
      local start, count = range_of(self, first, last)
      if count > 0 then
        local items = has_new and new_table(count, 0) or {}
        local copied, busy = append(items, copy, self, start, count)
        if copied == count then
          return items
        elseif busy then
          return fail_busy(self, start + copied + 1)
        end
      end
    end
    return raw_read(...)
  end
end

-- The functions of a dict, whose arguments are a dict and a string.

local dict_get, dict_get_other, dict_add = functions.dict_get, functions.dict_get_other, functions.dict_add
local dict_set_number, dict_set_string = functions.dict_set_number, functions.dict_set_string
local dict_set_boolean, outcome = functions.dict_set_boolean, functions.outcome
local raw_dict_get, raw_dict_set, raw_dict_incr = raw.dict_get, raw.dict_set, raw.dict_incr
local dict_stored, dict_added, raise_dict = raw.dict_stored, raw.dict_added, raw.dict_raise
local dict_metatable = raw.metatables.dict
local raw_dict_index, raw_dict_assign = dict_metatable.__index, dict_metatable.__newindex
local dict_methods = dict_metatable.methods
local DONE, EVICTED, NOTHING = 0, 1, 2 -- what a function that changes a dict has done
local NAN = 0 / 0

-- Returns the value; or nil, and whether the key is absent.
local function read_dict(self, key)
  local number = dict_get(self, key, #key)
  if number == number then
    return number
  end
  local use = uses + 1
  uses = use
  local result = dict_get_other(self, key, #key, buffer, SIZE)
  if result < TEXT then
    return constants[result], result == ABSENT
  end
  local text = string(buffer, result - TEXT)
  if uses == use then -- no finalizer has used the buffer since
    return text
  end
end

function fast.dict_index(self, key)
  if type(key) == "string" then
    local method = dict_methods[key]
    if method ~= nil then
      return method
    elseif check_dict(self) then
      local value, absent = read_dict(self, key)
      if value ~= nil or absent then
        return value
      end
    end
  end
  return raw_dict_index(self, key)
end

function fast.dict_get(...)
  local self, key = ...
  if type(key) == "string" and check_dict(self) then
    local value, absent = read_dict(self, key)
    if value ~= nil or absent then
      return value
    end
  end
  return raw_dict_get(...)
end

-- Returns what the function of ffi.c has done.
local function write_dict(self, key, value)
  local kind = type(value)
  if kind == "number" then
    return dict_set_number(self, key, #key, 0, value)
  elseif kind == "string" then
    return dict_set_string(self, key, #key, value, #value)
  elseif kind == "boolean" then
    return dict_set_boolean(self, key, #key, value)
  end
  return NOTHING
end

function fast.dict_assign(self, key, value)
  if type(key) == "string" and dict_methods[key] == nil and check_dict(self) then
    local done = write_dict(self, key, value)
    if done == DONE or done == EVICTED then
      return
    elseif done ~= NOTHING then
      return raise_dict(self, key)
    end
  end
  return raw_dict_assign(self, key, value)
end

function fast.dict_set(...)
  local self, key, value, exptime, flags = ...
  if exptime == nil and flags == nil and type(key) == "string" and check_dict(self) then
    local done = write_dict(self, key, value)
    if done == DONE then
      return true, nil, false
    elseif done ~= NOTHING then
      return dict_stored(self, key)
    end
  end
  return raw_dict_set(...)
end

-- Whether the arguments of dict_incr() are those that dict_add() of ffi.c handles.
local function are_numbers(delta, init, ttl)
  return type(delta) == "number" and (init == nil or init == init and type(init) == "number")
    and (ttl == nil or init ~= nil and type(ttl) == "number" and ttl >= 0)
end

function fast.dict_incr(...)
  local self, key, delta, init, ttl = ...
  if type(key) == "string" and are_numbers(delta, init, ttl) and check_dict(self) then
    local sum = dict_add(self, key, #key, 0, delta, init or NAN, ttl or 0)
    if sum == sum then
      if init == nil then
        return sum
      end
      return sum, nil, outcome(self) == EVICTED
    elseif outcome(self) ~= NOTHING then
      return dict_added(self, key, init)
    end
  end
  return raw_dict_incr(...)
end

fast.list_table = reader(functions.get_numbers, raw.list_table)
fast.list_integers = reader(functions.get_integers, raw.list_integers)
fast.list_floats = reader(functions.get_floats, raw.list_floats)

return fast
