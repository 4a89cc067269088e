"""Compares dicts with ngx.shared.DICT inside the workers of an nginx: one worker, and four workers on one key."""

import itertools
import os
import statistics
import sys
import time

import nginx_server

NAME = f"nginx-bench-{os.getpid()}"
WORKERS = 4
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
COUNT = int(os.environ.get("BENCH_COUNT", "1000000"))
ALONE = ("get", "set", "incr")
TOGETHER = ("get", "incr")

HTTP = f"""
  lua_shared_dict shared 1m;
  lua_shared_dict gate 1m;
  init_by_lua_block {{
    shareable = require "shareable"
    loops = require "nginx_loops"
    one = assert(shareable.dict{{name = "{NAME}", places = 1100}})
    one:unlink()
  }}
  init_worker_by_lua_block {{
    own = assert(shareable.dict{{places = 10}})
    own:unlink()
    local gate = ngx.shared.gate
    loops.serve({{shared = ngx.shared.shared, one = one, own = own}}, {COUNT}, gate, {WORKERS})
  }}
"""

SERVER = f"""
  location /alone {{
    content_by_lua_block {{
      local dict = ngx.var.arg_dict == "shared" and ngx.shared.shared or one
      ngx.print(loops.alone(dict, ngx.var.arg_operation, {COUNT}))
    }}
  }}
  location /start {{
    content_by_lua_block {{
      loops.start(ngx.shared.gate, ("%d %s %s"):format(ngx.var.arg_number, ngx.var.arg_dict, ngx.var.arg_operation))
    }}
  }}
  location /done {{
    content_by_lua_block {{ ngx.print(table.concat({{loops.done(ngx.shared.gate, {WORKERS})}}, " ")) }}
  }}
"""


def alone(server, dict_, operation):
    return float(server.get(f"/alone?dict={dict_}&operation={operation}", 600))


def together(server, dict_, operation, numbers=itertools.count()):
    """Returns the elapsed time of all workers together and that of the processor, in nanoseconds for each operation."""
    server.get(f"/start?number={next(numbers)}&dict={dict_}&operation={operation}")
    done = 0
    while done < WORKERS:
        time.sleep(0.01)
        done, *seconds = (float(text) for text in server.get("/done", 600).split())
    return [each / WORKERS / COUNT * 1e9 for each in seconds]


def show(title, *columns):
    print(f"{title:32}" + "".join(f"{column:>24}" for column in columns))


def speed(times):
    nanoseconds = statistics.median(times)
    return f"{1000 / nanoseconds:.1f} M/s ({nanoseconds:.0f} ns)"


def speed_and_clock(times):
    return f"{speed([time for time, _ in times])}, {statistics.median(clock for _, clock in times):.0f}"


def measure(measured, server, cases):
    """Measures the cases in turn, so that a change of the machine's speed is the same for all of them."""
    times = {case: [] for case in cases}
    for _ in range(ROUNDS):
        for case in cases:
            times[case].append(measured(server, *case))
    return times


def main():
    found = nginx_server.find()
    if isinstance(found, str):
        print(f"skipped: {found}")
        sys.exit(77)
    print(f"{os.cpu_count()} processors; medians of {ROUNDS} rounds of {COUNT:,} operations, keys of 16 bytes")
    print("one worker: time of the processor; workers together: elapsed time, and that of the processor\n")
    with nginx_server.Server(HTTP, SERVER, 1) as server:
        times = measure(alone, server, [(dict_, operation) for operation in ALONE for dict_ in ("shared", "one")])
    show("one worker, 1,000 keys", "ngx.shared.DICT", "shareable.dict")
    for operation in ALONE:
        show(operation, *(speed(times[dict_, operation]) for dict_ in ("shared", "one")))
    print()
    with nginx_server.Server(HTTP, SERVER, WORKERS) as server:
        times = measure(together, server,
                        [(dict_, operation) for operation in TOGETHER for dict_ in ("shared", "one", "own")])
    show(f"{WORKERS} workers, one key, all together", "ngx.shared.DICT", "one dict", "a dict for each")
    for operation in TOGETHER:
        show(operation, *(speed_and_clock(times[dict_, operation]) for dict_ in ("shared", "one", "own")))


if __name__ == "__main__":
    main()
