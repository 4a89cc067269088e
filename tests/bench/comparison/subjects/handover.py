"""The task of a hand-over to another process and back in Python. What is handed over is an int in a
list, a message of eight bytes, or a small dict as JSON or as a pickle.

  handover.py ours | connection | queue | pipe-FORMAT | socket-FORMAT | sysv | redis

FORMAT is raw, json or pickle.
"""

import json
import multiprocessing
import os
import pickle
import socket
import sys
import time
from contextlib import contextmanager

from subject import TEXT, main, partner_processor, place, processor

context = multiprocessing.get_context("fork")
MESSAGE = {"id": 7, "name": TEXT, "value": 2.5}
RAW = b"8 bytes!"


class Ours:
    """A list of ints. Item 0 goes to the partner, and item 72 comes back; they are in different
    cache lines, and do not share wake-ups.
    """

    def __init__(self):
        from shareable.shared_memory import ShareableList

        self.items, self.last = ShareableList([0] * 73), 0

    def answer(self):
        items, value = type(self.items)(name=self.items.shm.name), 0
        while True:
            value = items.wait(0, value)
            items[72] = value

    def exchange(self):
        before = self.last
        self.last += 1
        self.items[0] = self.last
        self.items.wait(72, before)

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
    """Messages of eight bytes, by file descriptors."""

    def __init__(self, there, back):
        self.there, self.back = there, back

    def send(self, file):
        os.write(file, RAW)

    def receive(self, file):
        return os.read(file, 8)


class Files:
    """Messages of any length, by Python file objects."""

    def __init__(self, there, back):
        self.there = open(there[0], "rb", closefd=False), open(there[1], "wb", closefd=False)
        self.back = open(back[0], "rb", closefd=False), open(back[1], "wb", closefd=False)


class Json(Files):
    """A line of JSON for each message."""

    def send(self, file):
        file.write(json.dumps(MESSAGE).encode() + b"\n")
        file.flush()

    def receive(self, file):
        return json.loads(file.readline())


class Pickle(Files):
    """A pickle for each message."""

    def send(self, file):
        pickle.dump(MESSAGE, file)
        file.flush()

    def receive(self, file):
        return pickle.load(file)


class Descriptors:
    """Two pipes, or the two ends of a Unix socket."""

    def __init__(self, kind, form):
        if kind == "pipe":
            there, back = os.pipe(), os.pipe()
        else:
            self.ends = socket.socketpair()
            a, b = (end.fileno() for end in self.ends)
            there, back = (b, a), (a, b)
        self.form = {"raw": Raw, "json": Json, "pickle": Pickle}[form](there, back)
        self.descriptors = there + back if kind == "pipe" else ()

    def answer(self):
        while True:
            self.form.receive(self.form.there[0])
            self.form.send(self.form.back[1])

    def exchange(self):
        self.form.send(self.form.there[1])
        self.form.receive(self.form.back[0])

    def close(self):
        for descriptor in self.descriptors:
            os.close(descriptor)


class Sysv:
    """System V message queues: Debian has no Python package for POSIX message queues."""

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
    """A Redis list for each direction. The receiver pops from it."""

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


METHODS = {"ours": Ours, "connection": Connection, "queue": Queue, "sysv": Sysv, "redis": Redis}


def make(method):
    return METHODS[method]() if method in METHODS else Descriptors(*method.split("-"))


@contextmanager
def exchanging(placement):
    """Exchange values with a partner. exchange.h describes the placements."""
    method, pause = make(sys.argv[1]), 0.001 if placement == "asleep" else 0
    partner = context.Process(target=method.answer, daemon=True)
    partner.start()
    method.exchange()
    place("self", {processor})
    place(partner.pid, {processor if placement == "together" else partner_processor})
    yield lambda times: [timed(method.exchange, pause) for _ in range(times)]
    partner.kill()
    partner.join()
    method.close()


def timed(exchange, pause):
    if pause:
        time.sleep(pause)
    start = time.perf_counter_ns()
    exchange()
    return time.perf_counter_ns() - start


main({"handover": exchanging})
