"""Hand-overs to another process and back, in Python: an int in a list, a message of eight bytes, or a
small dict as JSON or a pickle.

  handover.py ours | connection | queue | pipe-WAY | socket-WAY | sysv | redis    (WAY: raw, json or pickle)
"""

import json
import multiprocessing
import os
import pickle
import socket
import sys
import time
from contextlib import contextmanager

from subject import TEXT, here, place, take_all, there

context = multiprocessing.get_context("fork")
MESSAGE = {"id": 7, "name": TEXT, "value": 2.5}
RAW = b"8 bytes!"


class Ours:
    """Item 0 goes to the partner; the item of the answer has a cache line of its own."""

    def __init__(self):
        from shareable.shared_memory import ShareableList

        self.items, self.ball = ShareableList([0] * 65), 0

    def answer(self):
        items, ball = type(self.items)(name=self.items.shm.name), 0
        while True:
            ball = items.wait(0, ball)
            items[64] = ball

    def exchange(self):
        before = self.ball
        self.ball += 1
        self.items[0] = self.ball
        self.items.wait(64, before)

    def close(self):
        self.items.shm.unlink()
        self.items.shm.close()


class Connection:
    def __init__(self):
        self.mine, self.theirs = context.Pipe()

    def answer(self):
        while True:
            self.theirs.send(self.theirs.recv())

    def exchange(self):
        self.mine.send(MESSAGE)
        self.mine.recv()

    def close(self):
        self.mine.close()
        self.theirs.close()


class Queue:
    def __init__(self):
        self.there, self.back = context.Queue(), context.Queue()

    def answer(self):
        while True:
            self.back.put(self.there.get())

    def exchange(self):
        self.there.put(MESSAGE)
        self.back.get()

    def close(self):
        for queue in (self.there, self.back):
            queue.close()
            queue.join_thread()


class Raw:
    """Bare file descriptors."""

    def __init__(self, there, back):
        self.there, self.back = there, back

    def send(self, file):
        os.write(file, RAW)

    def receive(self, file):
        return os.read(file, 8)


class Files:
    """Descriptors as Python files, for messages of any length: a line of JSON each, or pickles."""

    def __init__(self, there, back):
        self.there = open(there[0], "rb", closefd=False), open(there[1], "wb", closefd=False)
        self.back = open(back[0], "rb", closefd=False), open(back[1], "wb", closefd=False)


class Json(Files):
    def send(self, file):
        file.write(json.dumps(MESSAGE).encode() + b"\n")
        file.flush()

    def receive(self, file):
        return json.loads(file.readline())


class Pickle(Files):
    def send(self, file):
        pickle.dump(MESSAGE, file)
        file.flush()

    def receive(self, file):
        return pickle.load(file)


class Descriptors:
    """Two pipes, or the two ends of a Unix socket."""

    def __init__(self, kind, way):
        if kind == "pipe":
            there, back = os.pipe(), os.pipe()
        else:
            self.ends = socket.socketpair()
            one, other = (end.fileno() for end in self.ends)
            there, back = (other, one), (one, other)
        self.way = {"raw": Raw, "json": Json, "pickle": Pickle}[way](there, back)
        self.descriptors = there + back if kind == "pipe" else ()

    def answer(self):
        while True:
            self.way.receive(self.way.there[0])
            self.way.send(self.way.back[1])

    def exchange(self):
        self.way.send(self.way.there[1])
        self.way.receive(self.way.back[0])

    def close(self):
        for descriptor in self.descriptors:
            os.close(descriptor)


class Sysv:
    """A System V message queue: Debian has no Python package for POSIX message queues."""

    def __init__(self):
        import sysv_ipc

        self.there, self.back = (sysv_ipc.MessageQueue(None, sysv_ipc.IPC_CREX) for _ in range(2))

    def answer(self):
        while True:
            self.back.send(self.there.receive()[0])

    def exchange(self):
        self.there.send(RAW)
        self.back.receive()

    def close(self):
        self.there.remove()
        self.back.remove()


class Redis:
    """A Redis list for each direction; the waiter pops from it."""

    def __init__(self):
        self.server = self.connect()
        self.server.delete("there", "back")

    @staticmethod
    def connect():
        import redis

        return redis.Redis(unix_socket_path=os.environ["BENCH_REDIS"])

    def answer(self):
        server = self.connect()
        while True:
            server.rpush("back", server.blpop("there")[1])

    def exchange(self):
        self.server.rpush("there", RAW)
        self.server.blpop("back")

    def close(self):
        self.server.close()


WAYS = {"ours": Ours, "connection": Connection, "queue": Queue, "sysv": Sysv, "redis": Redis}


def make(which):
    return WAYS[which]() if which in WAYS else Descriptors(*which.split("-"))


@contextmanager
def exchanging(where):
    """ "apart": each has a processor; "together": both share one; "asleep": apart, with a pause before each."""
    way, pause = make(sys.argv[1]), 0.001 if where == "asleep" else 0
    partner = context.Process(target=way.answer, daemon=True)
    partner.start()
    way.exchange()
    place("self", {here})
    place(partner.pid, {here if where == "together" else there})
    yield lambda times: [timed(way.exchange, pause) for _ in range(times)]
    partner.kill()
    partner.join()
    way.close()


def timed(exchange, pause):
    if pause:
        time.sleep(pause)
    start = time.perf_counter_ns()
    exchange()
    return time.perf_counter_ns() - start


take_all({"handover": exchanging})
