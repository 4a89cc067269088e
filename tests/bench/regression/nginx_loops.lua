--- Loops over ngx.shared.DICT and a dict, which run inside a worker of nginx.
-- luacheck: globals ngx

local loops = {}

local KEYS = 1000
local keys = {}
for i = 1, KEYS do
  keys[i] = ("key%013d"):format(i)
end

local function now()
  ngx.update_time()
  return ngx.now()
end

-- The operations. Each takes the dict, the number of operations, and the keys.
local operations = {}

function operations.get(dict, count, used)
  local sum = 0
  local number = #used
  for i = 1, count do
    sum = sum + dict:get(used[i % number + 1])
  end
  return sum
end

function operations.set(dict, count, used)
  local number = #used
  for i = 1, count do
    dict:set(used[i % number + 1], i)
  end
end

function operations.incr(dict, count, used)
  local number = #used
  for i = 1, count do
    dict:incr(used[i % number + 1], 1, 0)
  end
end

--- Returns the nanoseconds of the processor for one operation on 1,000 keys of 16 bytes.
function loops.alone(dict, operation, count)
  for i = 1, KEYS do
    dict:set(keys[i], i)
  end
  operations[operation](dict, 1000, keys)
  local began = os.clock()
  operations[operation](dict, count, keys)
  return (os.clock() - began) / count * 1e9
end

-- Operates on one key when all workers have begun to. Returns the times of the beginning and of the end,
-- and the seconds of the processor.
local function together(dict, operation, count, gate, workers)
  dict:set("hot", 0)
  operations[operation](dict, 1000, {"hot"})
  gate:incr("ready", 1, 0)
  while gate:get("ready") < workers do
    ngx.sleep(0.001)
  end
  local began, clock = now(), os.clock()
  operations[operation](dict, count, {"hot"})
  return began, now(), os.clock() - clock
end

--- Makes this worker run each task that the key "task" of the gate names: "NUMBER DICT OPERATION". The worker
--- stores its times in the keys "began" and "ended" with its number, and adds one to the key "done".
function loops.serve(dicts, count, gate, workers)
  local last
  assert(ngx.timer.every(0.01, function()
    local task = gate:get("task")
    if not task or task == last then
      return
    end
    last = task
    local dict, operation = task:match("%d+ (%w+) (%w+)")
    local began, ended, clock = together(dicts[dict], operation, count, gate, workers)
    gate:set("began" .. ngx.worker.id(), began)
    gate:set("ended" .. ngx.worker.id(), ended)
    gate:incr("clock", clock)
    gate:incr("done", 1, 0)
  end))
end

--- Starts a task.
function loops.start(gate, task)
  gate:set("ready", 0)
  gate:set("done", 0)
  gate:set("clock", 0)
  gate:set("task", task)
end

--- Returns the number of workers that have done the task, the seconds from the first beginning to the last end, and
--- those of the processor for all workers.
function loops.done(gate, workers)
  local began, ended = math.huge, 0
  if gate:get("done") < workers then
    return gate:get("done"), 0, 0
  end
  for id = 0, workers - 1 do
    began = math.min(began, gate:get("began" .. id))
    ended = math.max(ended, gate:get("ended" .. id))
  end
  return workers, ended - began, gate:get("clock")
end

return loops
