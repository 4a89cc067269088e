--- Runs tests in their order, in any Lua from 5.1 on, and checks that they leave nothing behind.

local shareable = require "shareable"

local runner = {passed = 0, failed = 0}

-- LUA_TEST_COLLECTOR=always makes the collector run a cycle at every allocation, as far as this Lua can do that.
if os.getenv "LUA_TEST_COLLECTOR" == "always" then
  if not pcall(collectgarbage, "setpause", 0) then -- Lua 5.5
    collectgarbage("param", "pause", 0)
  end
  collectgarbage()
end

--- Whether this Lua has integers beside floats.
runner.has_integers = math.type ~= nil

--- Whether this machine is little-endian.
do
  local block = assert(shareable.memory{size = 2})
  block:pack("=i2", 0, 1)
  runner.is_little = block:read(0, 1) == "\1"
  block:unlink()
  block:close()
end

--- The limits of integers of 64 bits, and the largest integer that a number of this Lua can
--- represent.
runner.max_integer = shareable.integer "9223372036854775807"
runner.min_integer = shareable.integer "-9223372036854775808"
runner.max_exact = math.maxinteger or 2 ^ 53

--- Returns the type of a number or of a shareable.integer.
function runner.kind(value)
  if runner.has_integers then
    return math.type(value)
  end
  return type(value) == "userdata" and tostring(value):match("^%-?%d+$") and "integer" or nil
end

-- Returns the id of this process, which Lua itself does not provide.
local function process()
  local file = assert(io.open("/proc/self/stat"))
  local id = file:read("*n")
  file:close()
  return id
end

local prefix = ("lua-test-%d-"):format(process())
local named = 0

--- Returns a name that no other process uses.
function runner.name()
  named = named + 1
  return prefix .. named
end

local function lines(command)
  local found = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do
    found[#found + 1] = line
  end
  pipe:close()
  return found
end

--- Returns the names of the blocks that have a name of `runner.name`.
function runner.blocks()
  return lines(("ls /dev/shm | grep -F %s"):format(prefix))
end

-- Returns the number of open descriptors. It is the least of several counts, because popen may
-- still have the other end of its pipe open when the command counts.
local function descriptors()
  local least = math.huge
  for _ = 1, 5 do
    least = math.min(least, #lines(("sleep 0.02; ls /proc/%d/fd"):format(process())))
  end
  return least
end

local function show(value)
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

--- Fails unless two values are equal and, if they are numbers, have the same type.
function runner.equal(found, wanted)
  if found ~= wanted or runner.kind(found) ~= runner.kind(wanted) then
    error(("found %s, not %s"):format(show(found), show(wanted)), 2)
  end
end

--- Fails unless two sequences are equal.
function runner.same(found, wanted)
  for index = 1, math.max(#found, #wanted) do
    if found[index] ~= wanted[index] or runner.kind(found[index]) ~= runner.kind(wanted[index]) then
      error(("at %d: found %s, not %s"):format(index, show(found[index]), show(wanted[index])), 2)
    end
  end
end

--- Fails unless the results are nil, a message that contains `text`, and `code`.
function runner.fails(code, text, ...)
  local value, message, found = ...
  if value ~= nil or found ~= code or select("#", ...) ~= 3 or not message:find(text, 1, true) then
    local results = ("%s, %s, %s"):format(show(value), show(message), show(found))
    error(("returned %s; not nil, '…%s…', %s"):format(results, text, code), 2)
  end
end

--- Fails unless the function raises an error that contains `text` and begins with a position in the
--- function's file.
function runner.raises(text, call)
  local done, message = pcall(call)
  local file = debug.getinfo(call, "S").short_src
  if done then
    error(("raised no error, not '…%s…'"):format(text), 2)
  elseif message:sub(1, #file + 1) ~= file .. ":" or not message:find(text, 1, true) then
    error(("raised '%s', not '%s:…%s…'"):format(message, file, text), 2)
  end
end

--- Returns the exact values of all items of a list.
function runner.items(list)
  local items = {}
  for index = 1, #list do
    items[index] = list:exact(index)
  end
  return items
end

-- The beginning of a program that runs in another process.
local prologue = [[
  local shareable = require "shareable"
  local integer = shareable.integer
  local l = assert(shareable.list{name = "%s"})
]]

--- Starts a process that runs the program. Its `l` is a handle of its own on the list called
--- `known`.
function runner.start(known, program)
  local source = prologue:format(known) .. program .. ' print "finished"'
  return assert(io.popen(("exec %s -e '%s'"):format(arg[-1], source)))
end

--- Waits until a started process exits. Fails if it failed or printed anything else.
function runner.wait_for_exit(pipe)
  local output = pipe:read("*a")
  pipe:close()
  if output ~= "finished\n" then
    error(("the started process printed %q"):format(output), 2)
  end
end

--- Fails unless a shell command succeeds.
function runner.succeeds(command)
  local status = os.execute(command)
  if status ~= true and status ~= 0 then
    error(("%s: %s"):format(command, tostring(status)), 2)
  end
end

local open = descriptors()
local made = {}

--- Closes and unlinks a block or a list when the test ends. Returns it, or raises `message` if it
--- is nil.
function runner.keep(object, message)
  made[#made + 1] = assert(object, message)
  return object
end

local function clear()
  for _, object in ipairs(made) do
    object:close()
    object:unlink()
  end
  made = {}
  collectgarbage()
end

--- Runs one test.
function runner.test(name, body)
  local done, message = xpcall(body, debug.traceback)
  clear()
  if done then
    runner.passed = runner.passed + 1
    print("ok " .. name)
  else
    runner.failed = runner.failed + 1
    print(("not ok %s\n%s"):format(name, message))
  end
end

--- Prints that a test does not run in this Lua, and why.
function runner.skip(name, reason)
  print(("skipped %s: %s"):format(name, reason))
end

--- Checks that nothing is left behind, prints the results, and exits.
function runner.finish()
  runner.test("nothing_is_left_behind", function()
    runner.same(runner.blocks(), {})
    runner.equal(descriptors(), open)
  end)
  print(("%d passed, %d failed"):format(runner.passed, runner.failed))
  os.exit(runner.failed == 0 and 0 or 1, true)
end

return runner
