"""Runs an operation of this library, or of the standard library, in Python.

  python.py [--stock] OPERATION TIMES
"""

import itertools
import sys

if "--stock" in sys.argv:
    sys.argv.remove("--stock")
    from multiprocessing.shared_memory import ShareableList
else:
    from shareable.shared_memory import ShareableList

TEXT = "sixteen bytes, x"


def nothing(shared, times):
    for _ in itertools.repeat(None, times):
        pass


def read(index):
    def run(shared, times):
        for _ in itertools.repeat(None, times):
            shared[index]

    return run


def write(index, value):
    def run(shared, times):
        for _ in itertools.repeat(None, times):
            shared[index] = value

    return run


def add(shared, times):
    for _ in itertools.repeat(None, times):
        shared.add(0, 1)


def lock(shared, times):
    for _ in itertools.repeat(None, times):
        with shared.lock():
            pass


OPERATIONS = {
    "nothing": nothing, "read int": read(0), "write int": write(0, 9), "read float": read(1), "write float": write(1, 0.5),
    "read str": read(2), "write str": write(2, TEXT), "write none": write(3, None), "add": add, "lock": lock,
}  # fmt: skip

shared = ShareableList([7, 2.5, TEXT, None])
OPERATIONS[sys.argv[1]](shared, int(sys.argv[2]))
shared.shm.close()
shared.shm.unlink()
