"""What test_space.py has done in Python.

usage: actor.py make NAME SIZE [lazy] [owned] | ints NAME COUNT [lazy] | wide NAME CAPACITY [lazy]
       actor.py fill NAME | set NAME LENGTH | hold NAME | look NAME
"""
import errno
import sys

from shareable import shared_memory

what, name, *rest = sys.argv[1:]
flags = {"lazy": "lazy" in rest, "track": "owned" in rest}


def act():
    if what == "make":
        shared_memory.SharedMemory(name, create=True, size=int(rest[0]), **flags)
    elif what == "ints":
        shared_memory.ShareableList(range(int(rest[0])), name=name, **flags)
    elif what == "wide":
        shared_memory.ShareableList([""], name=name, capacity=int(rest[0]), **flags)
    elif what == "fill":
        block = shared_memory.SharedMemory(name)
        for at in range(0, block.size, 4096):
            block.buf[at] = 1
    elif what == "set":
        shared_memory.ShareableList(name=name)[0] = "x" * int(rest[0])
    else:
        values = shared_memory.ShareableList(name=name)
        if what == "hold":
            print("holds it", flush=True)
            sys.stdin.readline()
        print("last is", values[-1])


try:
    act()
    print("done")
except OSError as error:
    print("full:" if error.errno == errno.ENOSPC else "failed:", error.strerror)
except ValueError as error:
    print("failed:", error)
