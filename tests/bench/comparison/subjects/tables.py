"""The tasks of LMDB, SQLite and Redis in Python: a small table. Their settings are those of lmdb.c,
sqlite.c and redis.c, which give the reasons.

  tables.py lmdb | sqlite | redis
"""

import os
import struct
import sys
from contextlib import contextmanager
from itertools import repeat

from subject import ITEM, ITEMS, NEXT, VALUES, main

NUMBER = struct.Struct("q")
KEY = NUMBER.pack(ITEM)


def path_of(name):
    return os.path.join(os.environ["BENCH_DIR"], name)


class Lmdb:
    """A table of LMDB, which stores bytes: numbers are packed."""

    def __init__(self, kind):
        import lmdb

        self.table = lmdb.open(path_of("python.lmdb"), subdir=False, map_size=1 << 30, writemap=True, sync=False)
        with self.table.begin(write=True) as transaction:
            for key in range(ITEMS):
                transaction.put(NUMBER.pack(key), self.packed(VALUES[kind]))
        self.unpack = (lambda data: NUMBER.unpack(data)[0]) if kind == "int" else bytes.decode

    @staticmethod
    def packed(value):
        return NUMBER.pack(value) if isinstance(value, int) else value.encode()

    def read(self):
        with self.table.begin() as transaction:
            return self.unpack(transaction.get(KEY))

    def write(self, value):
        with self.table.begin(write=True) as transaction:
            transaction.put(KEY, self.packed(value))

    def close(self):
        self.table.close()


class Sqlite:
    def __init__(self, kind):
        import sqlite3

        self.database = sqlite3.connect(path_of("python.sqlite"), isolation_level=None)
        for statement in ("journal_mode = WAL", "synchronous = OFF", "mmap_size = 1073741824"):
            self.database.execute("PRAGMA " + statement)
        self.database.execute("CREATE TABLE IF NOT EXISTS items (key INTEGER PRIMARY KEY, value)")
        self.database.execute("BEGIN")
        self.database.executemany("INSERT OR REPLACE INTO items VALUES (?, ?)", ((key, VALUES[kind]) for key in range(ITEMS)))
        self.database.execute("COMMIT")

    def read(self):
        return self.database.execute("SELECT value FROM items WHERE key = ?", (ITEM,)).fetchone()[0]

    def write(self, value):
        self.database.execute("UPDATE items SET value = ? WHERE key = ?", (value, ITEM))

    def close(self):
        self.database.close()


class Redis:
    def __init__(self, kind):
        import redis

        self.server = redis.Redis(unix_socket_path=os.environ["BENCH_REDIS"], decode_responses=True)
        self.server.hset("items", mapping={key: VALUES[kind] for key in range(ITEMS)})
        self.type = type(VALUES[kind])

    def read(self):
        return self.type(self.server.hget("items", ITEM))

    def write(self, value):
        self.server.hset("items", ITEM, value)

    def close(self):
        self.server.close()


@contextmanager
def reading(kind):
    table = TABLES[sys.argv[1]](kind)

    def run(times):
        for _ in repeat(None, times):
            table.read()

    yield run
    table.close()


@contextmanager
def writing(kind):
    table, (first, second) = TABLES[sys.argv[1]](kind), NEXT[kind]

    def run(times):
        for number in range(times):
            table.write(second if number % 2 else first)

    yield run
    table.close()


TABLES = {"lmdb": Lmdb, "sqlite": Sqlite, "redis": Redis}
main({"read": reading, "write": writing})
