--- What the tests of watches have in common.

local shareable = require "shareable"

local watching = {}

local pause_list = assert(shareable.list({0}))
pause_list:unlink()

--- Waits for some seconds.
function watching.pause(seconds)
  pause_list:wait(1, 0, seconds)
end

--- Waits for up to ten seconds until the watch reports something. Returns that.
function watching.changes(watch)
  for _ = 1, 2000 do
    local changed = assert(watch:changed())
    if #changed > 0 then
      return changed
    end
    watching.pause(0.005)
  end
  error("the watch reports nothing")
end

--- Calls a function with a watch, and closes it.
function watching.with_watch(watch, body)
  local done, message = pcall(body, assert(watch))
  watch:close()
  if not done then
    error(message, 0)
  end
end

--- Closes what pause() uses. No function of this module can be called any more.
function watching.finish()
  pause_list:close()
end

return watching
