--- Runs tests in the order they are written in, in any Lua from 5.1 on, and sees that they leave nothing behind.

local shareable = require "shareable"

local runner = {passed = 0, failed = 0}

--- Whether this Lua tells integers from floats.
runner.has_integers = math.type ~= nil

--- The ends of 64 bits; and the largest integers that are numbers, which in a Lua of doubles are less.
runner.most = shareable.integer "9223372036854775807"
runner.least = shareable.integer "-9223372036854775808"
runner.huge = math.maxinteger or 2 ^ 53

--- What a number, or what stands for one, is.
function runner.kind(value)
  if runner.has_integers then
    return math.type(value)
  end
  return type(value) == "userdata" and tostring(value):match("^%-?%d+$") and "integer" or nil
end

-- Lua knows no process id; the kernel does.
local function process()
  local file = assert(io.open("/proc/self/stat"))
  local id = file:read("*n")
  file:close()
  return id
end

local prefix = ("lua-test-%d-"):format(process())
local named = 0

--- A name that no other process takes.
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

--- The blocks that are there with a name of `runner.name`.
function runner.blocks()
  return lines(("ls /dev/shm | grep -F %s"):format(prefix))
end

-- The least of several counts: popen may still hold the other end of its pipe when the command counts.
local function descriptors()
  local least = math.huge
  for _ = 1, 5 do
    least = math.min(least, #lines(("ls /proc/%d/fd"):format(process())))
  end
  return least
end

local function show(value)
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

--- Fails unless two values are equal and, where they are numbers, of one kind.
function runner.equal(found, wanted)
  if found ~= wanted or runner.kind(found) ~= runner.kind(wanted) then
    error(("found %s, not %s"):format(show(found), show(wanted)), 2)
  end
end

--- Fails unless two tables have equal values at 1 to the length of the longer.
function runner.same(found, wanted)
  for index = 1, math.max(#found, #wanted) do
    if found[index] ~= wanted[index] or runner.kind(found[index]) ~= runner.kind(wanted[index]) then
      error(("at %d: found %s, not %s"):format(index, show(found[index]), show(wanted[index])), 2)
    end
  end
end

--- Fails unless the answer is nil, a message that has `text` in it, and `code`.
function runner.answers(code, text, ...)
  local value, message, found = ...
  if value ~= nil or found ~= code or select("#", ...) ~= 3 or not message:find(text, 1, true) then
    local answer = ("%s, %s, %s"):format(show(value), show(message), show(found))
    error(("answered %s; not nil, '…%s…', %s"):format(answer, text, code), 2)
  end
end

--- Fails unless the function raises an error that has `text` in it, and begins with a line of the file that it is in.
function runner.raises(text, misuse)
  local done, message = pcall(misuse)
  local file = debug.getinfo(misuse, "S").short_src
  if done then
    error(("no error, instead of '…%s…'"):format(text), 2)
  elseif message:sub(1, #file + 1) ~= file .. ":" or not message:find(text, 1, true) then
    error(("raised '%s', not '%s:…%s…'"):format(message, file, text), 2)
  end
end

--- All that a list holds, exactly.
function runner.items(list)
  local items = {}
  for index = 1, #list do
    items[index] = list:exact(index)
  end
  return items
end

-- What a program in another process begins with.
local prologue = [[
  local shareable = require "shareable"
  local integer = shareable.integer
  local l = assert(shareable.list{name = "%s"})
]]

--- Starts a process that has `l`, its own handle on the list called `known`, and runs the program.
function runner.start(known, program)
  local source = prologue:format(known) .. program .. ' print "finished"'
  return assert(io.popen(("exec %s -e '%s'"):format(arg[-1], source)))
end

--- Fails unless that process ends well, having said no more; waits for it.
function runner.finished(pipe)
  local said = pipe:read("*a")
  pipe:close()
  if said ~= "finished\n" then
    error(("a process that was started said %q"):format(said), 2)
  end
end

--- Fails unless a command of the shell succeeds.
function runner.succeeds(command)
  local status = os.execute(command)
  if status ~= true and status ~= 0 then
    error(("%s: %s"):format(command, tostring(status)), 2)
  end
end

local open = descriptors()
local made = {}

--- Keeps a block or a list until the test ends: then it is closed and, if it still has its name, unlinked.
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

--- Names a test that this Lua cannot have, and says why.
function runner.skip(name, reason)
  print(("skipped %s: %s"):format(name, reason))
end

--- Says how it went, and ends the program.
function runner.finish()
  runner.test("nothing_is_left_behind", function()
    runner.same(runner.blocks(), {})
    runner.equal(descriptors(), open)
  end)
  print(("%d passed, %d failed"):format(runner.passed, runner.failed))
  os.exit(runner.failed == 0 and 0 or 1, true)
end

return runner
