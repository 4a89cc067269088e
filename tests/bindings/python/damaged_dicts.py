"""Damages bytes of dicts at random, and uses the dicts: damaged_dicts.py NAME SEED ROUNDS

Any call may raise an exception of the kinds below. None may crash, or take long. Prints "used".
"""

import random
import sys
import time

from shareable.shared_memory import ShareableDict, SharedMemory, unlink

EXPECTED = (KeyError, ValueError, TypeError, OSError, OverflowError)
LONGEST = 5  # seconds; a read waits a second for a writer that does not exist

name, seed, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(seed)


def make():
    sizes = {"key_size": chance.choice([8, 40]), "value_size": chance.choice([8, 64, 1000])}
    shared = ShareableDict(chance.choice([1, 8, 30]), name=name, evict=chance.random() < 0.3, **sizes)
    for i in range(shared.places):
        shared.set(f"k{i}", chance.choice([i, 0.5, None, "x" * 8, b"y"]), ttl=chance.choice([None, 60]))
    return shared


def damage():
    with SharedMemory(name) as memory:
        area = bytes(memory.buf).index(b"shr.dict")
        start, end = chance.choice([(0, memory.size), (area, memory.size), (area, area + 160)])
        for _ in range(chance.choice([1, 3, 30])):
            memory.buf[chance.randrange(start, end)] = chance.choice([0, 1, 0xFF, chance.randrange(256)])


def attempt(do, *arguments, **options):
    start = time.monotonic()
    try:
        do(*arguments, **options)
    except EXPECTED:
        pass
    assert time.monotonic() - start < LONGEST, (do, arguments)


def use(shared):
    for key in ("k0", "k5", "absent", b"k0"):
        for do in (shared.__getitem__, shared.__contains__, shared.ttl, shared.__delitem__):
            attempt(do, key)
        for value in (5, "z" * 40):
            attempt(shared.set, key, value, timeout=0.05)
        attempt(shared.setdefault, key, "x", timeout=0.05)
        attempt(shared.add, key, timeout=0.05)
        attempt(shared.get_stale, key)
        attempt(shared.pop, key, timeout=0.05)
        attempt(shared.wait, key, 3, 0.001)
    for do in (list, len, repr, dict, lambda shared: list(shared.items())):
        attempt(do, shared)
    for do in (shared.delete_expired, shared.popitem, shared.reindex, shared.clear):
        attempt(do, timeout=0.05)


for _ in range(rounds):
    used = [make()]
    damage()
    for options in ({}, {"read_only": True}):
        attempt(lambda: used.append(ShareableDict(name=name, **options)))
    for each in used:
        use(each)
    for each in used:
        each.close()
    unlink(name)
print("used")
