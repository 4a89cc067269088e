--- A process that owns blocks for others, and removes them in the end: CPython's `SharedMemoryManager`, whose protocol
--- it speaks, so that either side of a connection may be the standard library's.

local raw = require "shareable.raw"
local options = require "shareable.options"
local list = require "shareable.list"
local memory = require "shareable.memory"

local metatable = raw.metatables.manager

---@class shareable.manager
---@field address string where it listens, as `shareable.manager{connect = address}` takes it; nil once closed
---@field authkey string the key that whoever connects has to have; nil once closed
local methods = metatable.methods
local getters = metatable.getters

getters.address = raw.manager_address
getters.authkey = raw.manager_authkey

-- Gives the manager a block or a list that was made for it, or undoes that.
local function own(self, made, message, code)
  if not made then
    return nil, message, code
  end
  local done, owned, told, why = pcall(raw.manager_track, self, made)
  if done and owned then
    return made
  end
  made:close()
  made:unlink()
  if not done then
    error(owned, 3)
  end
  return nil, told, why
end

--- Makes a block of so many bytes, which the manager owns.
---@type fun(self: shareable.manager, size: integer): shareable.memory?, string?, shareable.code?
function methods:memory(size)
  local made, message, code = own(self, options.call(memory, {size = size}))
  return made, message, code -- no tail call: an error is to name the caller
end

--- Makes a list of values, which the manager owns; options as for `shareable.list`.
---@type fun(self, values: shareable.item[], given?: shareable.list.options): shareable.list?, string?, shareable.code?
function methods:list(values, given)
  local made, message, code = own(self, options.call(list, values, given or {}))
  return made, message, code
end

--- Has the manager remove its blocks and end, and waits for that. Who uses a block keeps it. A second time, it does
--- nothing. One of CPython's that this process is only connected to may refuse: nil, message, "E_REMOTE".
---@type fun(self: shareable.manager): true?, string?, shareable.code?
methods.shutdown = raw.manager_shutdown

--- Drops the handle, as the end of a `local m <close>` and the garbage collector do: a manager that this process
--- started ends, as by `manager:shutdown`.
---@type fun(self: shareable.manager)
methods.close = raw.manager_close

function metatable:__tostring()
  return ("shareable.manager{connect = %q}"):format(self.address or "")
end

local to_start = {address = true, authkey = true}
local to_connect = {connect = true, authkey = true}

---@class shareable.manager.options
---@field address? string where a new one is to listen: a path, "@name" or "host:port"; made up if not given
---@field connect? string the address of one that runs: connects to that
---@field authkey? string the key; made up for a new one if not given

--- Starts a manager, which ends with this process at the latest, or connects to one that runs, this library's or
--- CPython's.
---@param given? shareable.manager.options
---@return shareable.manager? manager
---@return string? message
---@return shareable.code? code "E_AUTH" where the key is another, "E_NO_MANAGER" where none is there
local function manager(given)
  local made, message, code
  given = given == nil and {} or given
  if type(given) ~= "table" then
    error(("shareable.manager: a table of options expected, got %s"):format(type(given)), 2)
  end
  if given.connect ~= nil then
    options.check(given, "connecting to a manager", to_connect)
    made, message, code = options.call(raw.manager_connect, given.connect, given.authkey)
  else
    options.check(given, "a new manager", to_start)
    made, message, code = options.call(raw.manager_start, given.address, given.authkey)
  end
  if made then
    return made
  end
  return nil, message, code
end

return manager
