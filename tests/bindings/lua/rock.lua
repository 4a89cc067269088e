--- Owns the block NAME-owned, and has a manager that owns NAME-managed. Then prints its process id, and waits to be
--- killed. Usage: lua rock.lua NAME [CHDIR]
--
-- CHDIR is a C library that changes the working directory. The package is then found by paths from the old one, which
-- is a tree of rocks.

local name, chdir = arg[1], arg[2]

if chdir then
  local version = _VERSION:match("[%d.]+$")
  package.path = ("share/lua/%s/?.lua;share/lua/%s/?/init.lua"):format(version, version)
  package.cpath = ("./lib/lua/%s/?.so"):format(version)
end

local shareable = require "shareable"

if chdir then
  assert(package.loadlib(chdir, "change_directory"))()
end

for mapped in io.lines("/proc/self/maps") do
  assert(not mapped:find("libshareable", 1, true), "this module uses another copy of the library")
end
assert(not jit or next(require "shareable.ffi"), "LuaJIT does not use the FFI")

local block = assert(shareable.memory{name = name .. "-owned", size = 8, owned = true})
local manager = assert(shareable.manager())
local list = assert(manager:list({1}, {name = name .. "-managed"}))
print(io.open("/proc/self/stat"):read("*n"))
io.stdout:flush()
list:wait(1, 1, 60)
print(block, manager) -- they stay open until here
