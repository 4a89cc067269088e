"""A process that makes owned blocks, in Python, until it is killed: see owners.py and owner.c."""

import itertools
import sys

from shareable.shared_memory import ShareableList, SharedMemory

prefix, live = sys.argv[1], ShareableList(name=sys.argv[2])
held = []
for number in itertools.count():
    if len(held) == 8:
        oldest = held.pop(0)
        oldest.close()
        oldest.unlink()
    made = ShareableList([number, "some text", None], name=f"{prefix}-{number}")
    held.append(made.shm)
    live.add(1, 1)
    again = ShareableList(name=made.shm.name)
    with made.lock():
        again[1] = "another"
    again.shm.close()
    SharedMemory(made.shm.name).close()
