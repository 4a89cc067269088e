"""Compares ShareableDict with other dicts of Python, private and shared, in one run: `make bench-dicts`

Each side gets and sets the values of 1,000 keys of 16 bytes, one after the other. LMDB stores bytes: ints
are packed, and each set is a transaction that is not written to a disk. Redis has a server of this run on a
Unix socket, and saves nothing. A peer that is not installed is not measured.

  dicts.py [SECONDS]     of each measurement, 0.1 by default
"""

import multiprocessing
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "regression"))
from measure import alternate, median_ratio  # noqa: E402

from shareable import ShareableDict  # noqa: E402

ROUNDS = 7
KEYS = [f"{number:016}" for number in range(1000)]
INT, TEXT = 7, "sixteen bytes ok"
OURS, PLAIN = "ShareableDict", "dict, private"


class Mapping:
    """The operations of an object that has the methods of a dict."""

    def __init__(self, items):
        self.items = items

    def get(self, _):
        items = self.items
        for key in KEYS:
            items[key]

    def set(self, value):
        items = self.items
        for key in KEYS:
            items[key] = value

    def add(self):
        items = self.items
        for key in KEYS:
            items[key] += 1


class Shared(Mapping):
    def add(self):
        add = self.items.add
        for key in KEYS:
            add(key)


class Managed(Mapping):
    """A dict in a manager process. An addition needs a lock: it is not measured."""

    add = None


class Lmdb:
    number = struct.Struct("q")

    def __init__(self, environment):
        self.environment = environment
        self.keys = [key.encode() for key in KEYS]

    def get(self, value):
        unpack = self.number.unpack if isinstance(value, int) else bytes.decode
        begin = self.environment.begin
        for key in self.keys:
            with begin() as transaction:
                unpack(transaction.get(key))

    def set(self, value):
        begin, pack = self.environment.begin, self.number.pack if isinstance(value, int) else str.encode
        for key in self.keys:
            with begin(write=True) as transaction:
                transaction.put(key, pack(value))

    def add(self):
        begin, number = self.environment.begin, self.number
        for key in self.keys:
            with begin(write=True) as transaction:
                transaction.put(key, number.pack(number.unpack(transaction.get(key))[0] + 1))


class Redis:
    def __init__(self, client):
        self.client = client

    def get(self, value):
        get, type_ = self.client.get, type(value)
        for key in KEYS:
            type_(get(key))

    def set(self, value):
        set_ = self.client.set
        for key in KEYS:
            set_(key, value)

    def add(self):
        incr = self.client.incr
        for key in KEYS:
            incr(key)


def open_lmdb(folder):
    import lmdb

    environment = lmdb.open(os.path.join(folder, "table"), map_size=1 << 28, writemap=True, sync=False)
    return Lmdb(environment)


def start_redis(folder, stack):
    import redis

    if not shutil.which("redis-server"):
        raise ModuleNotFoundError("redis-server is not installed", name="redis-server")
    path = os.path.join(folder, "socket")
    settings = {"port": "0", "unixsocket": path, "dir": folder, "save": "", "appendonly": "no", "daemonize": "no"}
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]
    server = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
    stack.callback(server.wait)
    stack.callback(server.terminate)
    deadline = time.monotonic() + 20
    while not os.path.exists(path):
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit("bench: redis-server did not start within 20 seconds")
        time.sleep(0.01)
    return Redis(redis.Redis(unix_socket_path=path, decode_responses=True))


def make_sides(stack):
    """Return the sides by their labels. Report those that cannot be measured."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-dicts-"))
    shared = stack.enter_context(ShareableDict(2 * len(KEYS), name=f"bench-dicts-{os.getpid()}"))
    stack.callback(shared.unlink)
    manager = stack.enter_context(multiprocessing.get_context("fork").Manager())
    sides = {PLAIN: Mapping({}), OURS: Shared(shared), "Manager().dict()": Managed(manager.dict())}
    for label, make in (("LMDB", lambda: open_lmdb(folder)), ("Redis", lambda: start_redis(folder, stack))):
        try:
            sides[label] = make()
        except ModuleNotFoundError as missing:
            print(f"{label} is not measured: {missing.name} is not installed")
    return sides


def rate(work, seconds):
    """Return the operations in a second. A call of `work` makes one operation for each key."""
    calls, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        work()
        calls += 1
    return calls * len(KEYS) / elapsed


def compare(title, works, seconds):
    results = alternate({label: lambda work=work: rate(work, seconds) for label, work in works.items()}, ROUNDS)
    print(title)
    for label, rates in results.items():
        of_plain, of_ours = (median_ratio(rates, results[other]) for other in (PLAIN, OURS))
        median = statistics.median(rates) / 1e6
        print(f"  {label:20}{median:10.3f} M/s  {of_plain:8.4f} of a private dict  {of_ours:8.4f} of ours")


def main(seconds):
    with ExitStack() as stack:
        sides = make_sides(stack)
        print(f"{len(KEYS)} keys of 16 bytes, medians of {ROUNDS} rounds")
        for name, value in (("int", INT), ("str of 16 bytes", TEXT)):
            for side in sides.values():
                side.set(value)
            compare(f"get of {name}", {label: lambda side=side: side.get(value) for label, side in sides.items()}, seconds)
            compare(f"set of {name}", {label: lambda side=side: side.set(value) for label, side in sides.items()}, seconds)
        for side in sides.values():
            side.set(INT)
        compare("add 1, atomic if shared", {label: side.add for label, side in sides.items() if side.add}, seconds)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.1)
