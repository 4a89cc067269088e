--- The tables of options that the constructors take, and how functions of this layer fail.
-- Private to `shareable`.

local options = {}

-- What each option takes.
local kinds = {
  name = "a string",
  address = "a string",
  authkey = "a string",
  connect = "a string",
  size = "a whole number",
  mode = "a whole number",
  lazy = "a boolean",
  owned = "a boolean",
  plain = "a boolean",
  read_only = "a boolean",
  capacity = "a whole number or a table",
}

local function is_whole(value)
  return type(value) == "number" and value >= 0 and value < 2 ^ 63 and value % 1 == 0
end

local function fits(value, kind)
  return kind == "a " .. type(value) or (kind:find("whole number", 1, true) and is_whole(value))
    or (kind:find("table", 1, true) and type(value) == "table")
end

--- Checks a table of options; an error of the constructor's caller where one is unknown here or of the wrong type.
-- @tparam table given the options
-- @tparam string purpose what they are for, to say in the error
-- @tparam table known the names of those that are for this: `{name = true, …}`
function options.check(given, purpose, known)
  for key, value in pairs(given) do
    if not known[key] then
      error(("%s: there is no option '%s'"):format(purpose, tostring(key)), 3)
    end
    if not fits(value, kinds[key]) then
      error(("%s: option '%s': %s expected, got %s"):format(purpose, key, kinds[key], tostring(value)), 3)
    end
  end
end

--- Calls a raw function for one of this layer's: what it raises becomes an error of that one's caller.
-- @return what the function does; up to three values
function options.call(raw, ...)
  local done, result, message, code = pcall(raw, ...)
  if not done then
    error(result, 3)
  end
  return result, message, code
end

return options
