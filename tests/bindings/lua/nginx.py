"""Tests dicts in two workers of nginx, across a reload, and beside ngx.shared.DICT."""

import os
import sys

from nginx_server import Server

NAME = f"nginx-test-{os.getpid()}"

# The master creates the dict, or finds it again after a reload. The workers inherit the handle.
HTTP = f"""
  lua_shared_dict shared 1m;
  init_by_lua_block {{
    local shareable = require "shareable"
    hits = shareable.dict{{name = "{NAME}"}} or assert(shareable.dict{{name = "{NAME}", places = 100}})
  }}
"""

SERVER = """
  location /hit {
    content_by_lua_block { ngx.print(ngx.worker.pid(), " ", (hits:incr("count", 1, 0))) }
  }
  location /set {
    content_by_lua_block { ngx.print(tostring(hits:set(ngx.var.arg_key, ngx.var.arg_value))) }
  }
  location /get {
    content_by_lua_block { ngx.print(tostring(hits:get(ngx.var.arg_key))) }
  }
  location /compare {
    content_by_lua_block { ngx.print(require "nginx_calls"(ngx.shared.shared)) }
  }
"""


def expect(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: found {found!r}, not {wanted!r}")
    print(f"{what}: ok")


def hit(server, number):
    """Returns the pids of the workers that answered, and the counts that they returned."""
    answers = [server.get("/hit").split() for _ in range(number)]
    return {int(pid) for pid, _ in answers}, [int(count) for _, count in answers]


def hit_in_both(server, done=0, unwanted=frozenset()):
    """Counts until two workers that are not among `unwanted` have answered. Returns them and the count."""
    pids = set()

    def both():
        nonlocal done
        found, counts = hit(server, 20)
        expect_counts(counts, done)
        done += 20
        pids.update(found - unwanted)
        return len(pids) >= 2

    server.wait_for(both, "has not answered by two workers")
    return pids, done


def expect_counts(counts, before):
    wanted = list(range(before + 1, before + len(counts) + 1))
    if counts != wanted:
        sys.exit(f"counts of two workers: found {counts}, not {wanted}")


def main():
    with Server(HTTP, SERVER) as server:
        old, done = hit_in_both(server)
        print("two workers add to one counter: ok")
        server.get("/set?key=color&value=blue")
        expect(server.get("/get?key=color"), "blue", "a value of a worker is read by any worker")
        expect(server.get("/get?key=absent"), "nil", "an absent key is nil")

        server.reload()
        new, done = hit_in_both(server, done, old)
        expect(bool(new & old), False, "new workers count on after a reload")
        expect(server.get("/get?key=color"), "blue", "a value remains after a reload")
        expect(server.get("/compare"), "", "a dict returns what ngx.shared.DICT returns")
        errors = [line for line in server.log().splitlines() if "[warn]" not in line]
        expect(errors, [], "nginx logs no error")
    expect(os.path.exists(f"/dev/shm/{NAME}"), True, "the dict outlives the server")


if __name__ == "__main__":
    try:
        main()
    finally:
        if os.path.exists(f"/dev/shm/{NAME}"):
            os.unlink(f"/dev/shm/{NAME}")
