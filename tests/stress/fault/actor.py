"""Do the actions of test_disk_full.py in Python.

usage: actor.py make NAME SIZE [lazy] [owned] | ints NAME COUNT [lazy] | wide NAME CAPACITY [lazy]
       actor.py fill NAME | set NAME LENGTH | hold NAME | read NAME

hold opens a list, prints a line, waits for a line, and reads the last item.
"""
import errno
import sys

from shareable import shared_memory

action, name, *rest = sys.argv[1:]
flags = {"lazy": "lazy" in rest, "track": "owned" in rest}


def act():
    if action == "make":
        shared_memory.SharedMemory(name, create=True, size=int(rest[0]), **flags)
    elif action == "ints":
        shared_memory.ShareableList(range(int(rest[0])), name=name, **flags)
    elif action == "wide":
        shared_memory.ShareableList([""], name=name, capacity=int(rest[0]), **flags)
    elif action == "fill":
        block = shared_memory.SharedMemory(name)
        for i in range(0, block.size, 4096):
            block.buf[i] = 1
    elif action == "set":
        shared_memory.ShareableList(name=name)[0] = "x" * int(rest[0])
    else:
        values = shared_memory.ShareableList(name=name)
        if action == "hold":
            print("open", flush=True)
            sys.stdin.readline()
        print("last is", values[-1])


try:
    act()
    print("done")
except OSError as error:
    # The text of an OSError has the name at its end, and "the block" before.
    reason = error.strerror.replace("the block", repr(str(error.filename).lstrip("/")), 1)
    print("full:" if error.errno == errno.ENOSPC else "failed:", reason)
except ValueError as error:
    print("failed:", error)
