--- Checks the option tables of the constructors, and calls raw functions so that errors name the
--- caller's line.
-- Private to `shareable`.

local raw = require "shareable.raw"

local options = {}

-- The type of each option, for messages.
local kinds = {
  name = "a string",
  address = "a string",
  authkey = "a string",
  connect = "a string",
  size = "a whole number",
  mode = "a whole number",
  lazy = "a boolean",
  owned = "a boolean",
  no_sync = "a boolean",
  read_only = "a boolean",
  capacity = "a whole number or a table",
  shape = "a table",
  dtype = "a string",
  items = "a string",
  places = "a whole number",
  key_size = "a whole number",
  value_size = "a whole number",
  evict = "a boolean",
  timeout = "a number",
}

local function is_whole(value)
  if type(value) == "cdata" then -- of LuaJIT's FFI
    return pcall(raw.integer, value) and value >= 0
  end
  return type(value) == "number" and value >= 0 and value < 2 ^ 63 and value % 1 == 0
end

local function fits(value, kind)
  return kind == "a " .. type(value) or (kind:find("whole number", 1, true) and is_whole(value))
    or (kind:find("table", 1, true) and type(value) == "table")
end

--- Checks a table of options. Raises an error, at the line that calls the constructor, if an option
--- is unknown or has the wrong type.
-- @tparam table given the options
-- @tparam string purpose the action that they are for, for the message
-- @tparam table known the names of the options that this action takes: `{name = true, …}`
function options.check(given, purpose, known)
  for key, value in pairs(given) do
    if not known[key] then
      error(("%s: unknown option '%s'"):format(purpose, tostring(key)), 3)
    end
    if not fits(value, kinds[key]) then
      error(("%s: option '%s': %s expected, got %s"):format(purpose, key, kinds[key], tostring(value)), 3)
    end
  end
end

--- Calls a raw function for a public function. An error is raised again at the line that calls the
--- public function.
-- @return the results of the raw function, up to three values
function options.call(call, ...)
  local done, result, message, code = pcall(call, ...)
  if not done then
    error(result, 3)
  end
  return result, message, code
end

return options
