--- Managers: CPython's `SharedMemoryManager`. A manager is a process that owns blocks for other
--- processes and removes them when it ends. It speaks CPython's protocol, so that either side of a
--- connection may be CPython.

local raw = require "shareable.raw"
local options = require "shareable.options"
local list = require "shareable.list"
local memory = require "shareable.memory"

local metatable = raw.metatables.manager

---@class shareable.manager
---@field address string the address for `shareable.manager{connect = address}`; nil after the handle is closed
---@field authkey string the key that clients need; nil after the handle is closed
local methods = metatable.methods
local getters = metatable.getters

getters.address = raw.manager_address
getters.authkey = raw.manager_authkey

-- Transfers a new block or list to the manager, or removes it if that fails.
local function own(self, made, message, code)
  if not made then
    return nil, message, code
  end
  local done, owned, track_message, track_code = pcall(raw.manager_track, self, made)
  if done and owned then
    return made
  end
  made:close()
  made:unlink()
  if not done then
    error(owned, 3)
  end
  return nil, track_message, track_code
end

--- Creates a block of `size` bytes, which the manager owns.
---@type fun(self: shareable.manager, size: integer): shareable.memory?, string?, shareable.code?
function methods:memory(size)
  local made, message, code = own(self, options.call(memory, {size = size}))
  return made, message, code -- not a tail call, so that an error names the caller's line
end

--- Creates a list of values, which the manager owns. The options are those of `shareable.list`.
---@type fun(self, values: shareable.item[], given?: shareable.list.options): shareable.list?, string?, shareable.code?
function methods:list(values, given)
  local made, message, code = own(self, options.call(list, values, given or {}))
  return made, message, code
end

--- Shuts the manager down: it removes its blocks and exits, and this function waits until then.
--- Processes that have a block open keep using it. Calling it again does nothing. If this process
--- only connected to the manager and the manager is CPython, it may refuse: then the function
--- returns nil, message, "E_REMOTE".
---@type fun(self: shareable.manager): true?, string?, shareable.code?
methods.shutdown = raw.manager_shutdown

--- Closes the handle, as the end of the scope of `local m <close>` and the garbage collector do. A
--- manager that this process started shuts down, as by `manager:shutdown`.
---@type fun(self: shareable.manager)
methods.close = raw.manager_close

function metatable:__tostring()
  return ("shareable.manager{connect = %q}"):format(self.address or "")
end

local start_options = {address = true, authkey = true}
local connect_options = {connect = true, authkey = true}

---@class shareable.manager.options
---@field address? string the address of a new manager: a path, "@name" or "host:port"; a random one by default
---@field connect? string the address of a running manager to connect to
---@field authkey? string the key; a new manager has a random one by default

--- Starts a manager, which exits with this process at the latest, or connects to a running manager
--- of this library or of CPython.
---@param given? shareable.manager.options
---@return shareable.manager? manager
---@return string? message
---@return shareable.code? code "E_AUTH" if the manager has another key, "E_NO_MANAGER" if there is none at the address
local function manager(given)
  local made, message, code
  given = given == nil and {} or given
  if type(given) ~= "table" then
    error(("shareable.manager: a table of options expected, got %s"):format(type(given)), 2)
  end
  if given.connect ~= nil then
    options.check(given, "connecting to a manager", connect_options)
    made, message, code = options.call(raw.manager_connect, given.connect, given.authkey)
  else
    options.check(given, "a new manager", start_options)
    made, message, code = options.call(raw.manager_start, given.address, given.authkey)
  end
  if made then
    return made
  end
  return nil, message, code
end

return manager
