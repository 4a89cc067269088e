"""driver.py - runs every Python operation on each list and dict whose name it reads (see mutate.c).

An operation may raise only documented exceptions. Reading an item must return the value that was
written to it, unless the list is changing.
"""

import copy
import pickle
import sys
import time
import traceback
from contextlib import suppress
from functools import partial
from itertools import islice

from shareable import shared_memory

DOCUMENTED = (ValueError, IndexError, TypeError, OverflowError, OSError)
VALUES = (7, -0.5, True, None, "text", "é\0", b"\xff", "long " * 30, 2**63 - 1)


class ItemHeld(Exception):
    """A writer seems to hold an item.

    Each operation on such an item takes a second, so the driver continues with the next list.
    """


def attempt(function, *arguments, documented=DOCUMENTED, **named):
    """Return the result of the call, or None if it raises a documented exception."""
    start = time.monotonic()
    try:
        return function(*arguments, **named)
    except documented as error:
        if isinstance(error, TimeoutError) and time.monotonic() - start > 0.5:
            raise ItemHeld from error
        return None


def lock(shared):
    with shared.lock(timeout=0.001):
        shared[0] = 1


def slices(shared):
    shared[::2] = list(shared[::2])
    shared[:2] = [1, "two"]


def use_list(shared):
    """Run the operations on a whole list."""
    for value in (*VALUES, 2**70, 1j, [1]):
        attempt(shared.count, value)
        attempt(shared.index, value)
        attempt(shared.__contains__, value)
    for operation in (list, repr, len, slices, lock, reversed, copy.copy):
        attempt(operation, shared)
    for name in ("format", "shm", "_list_len"):
        attempt(getattr, shared, name)
    numbers = attempt(shared.view)
    if numbers is not None:
        attempt(sum, numbers.tolist())
    last = attempt(shared.hash)
    attempt(shared.wait_any, last, 0)
    again = attempt(pickle.loads, pickle.dumps(shared))
    if again is not None:
        again.close()


def use_item(shared, position):
    for operation in (shared.__getitem__, shared.capacity, shared._get_packing_format):
        attempt(operation, position)
    attempt(shared.wait, position, 7, 0)
    attempt(shared.__setitem__, position, 7)


def change_item(shared, position, is_still):
    for value in VALUES:
        with suppress(*DOCUMENTED):
            shared[position] = value
            again = shared[position]
            if is_still and (type(again), again) != (type(value), value):
                raise AssertionError(f"item {position} is {again!r}, not {value!r}")
        attempt(shared.wait, position, value, 0)
        attempt(shared.add, position, 2)
    attempt(shared.exchange, position, 5)
    attempt(shared.compare_exchange, position, 5, 6)


def try_list(name, is_still, read_only):
    shared = attempt(lambda: shared_memory.ShareableList(name=name, read_only=read_only))
    if shared is None:
        return
    try:
        use_list(shared)
        for position in {*range(-2, min(len(shared), 12)), len(shared)}:
            use_item(shared, position)
            if not read_only:
                change_item(shared, position, is_still)
        if not read_only:
            use_list(shared)
    finally:
        shared.close()
    attempt(shared.__getitem__, 0)
    attempt(repr, shared)


def read_dict(shared):
    """Read the whole dict and some keys. Return these keys."""
    try_it = partial(attempt, documented=(*DOCUMENTED, KeyError))
    for operation in (len, bool, repr, dict, copy.copy):
        try_it(operation, shared)
    for name in ("places", "key_size", "value_size", "evicts", "evicted"):
        getattr(shared, name)
    keys = ["one", b"two", "absent", *(try_it(lambda: list(islice(shared, 4))) or ())]
    for key in keys:
        for operation in (shared.get, shared.get_stale, shared.__contains__, shared.ttl):
            try_it(operation, key)
        try_it(shared.wait, key, 7, 0)
    return keys


def change_dict(shared, keys):
    try_it = partial(attempt, documented=(*DOCUMENTED, KeyError))
    for key in keys:
        for value in VALUES:
            try_it(shared.set, key, value, timeout=0)
            try_it(shared.add, key, 2, timeout=0)
        try_it(shared.set_if_absent, key, 5, ttl=1e-9, timeout=0)
        try_it(shared.compare_exchange, key, 5, 6, timeout=0)
        try_it(shared.expire, key, 1, timeout=0)
        try_it(shared.pop, key, timeout=0)
        try_it(shared.setdefault, key, 1, timeout=0)
    with shared_memory.ShareableDict(8) as other:
        other.unlink()
        try_it(shared.copy_to, other, timeout=0)
    for operation in (shared.delete_expired, shared.popitem, shared.reindex, shared.clear):
        try_it(operation, timeout=0)


def try_dict(name, read_only):
    shared = attempt(lambda: shared_memory.ShareableDict(name=name, read_only=read_only))
    if shared is None:
        return
    try:
        keys = read_dict(shared)
        if not read_only:
            change_dict(shared, keys)
            read_dict(shared)
    finally:
        shared.close()
    attempt(shared.get, "one")


def try_block(name):
    block = attempt(lambda: shared_memory.SharedMemory(name=name))
    if block is None:
        return
    assert len(block.buf) == block.size
    block.buf[-1] = block.buf[-1]
    view = block.buf[:]
    again = pickle.loads(pickle.dumps(block))
    assert again.size == block.size
    again.close()
    block.close()
    assert len(bytes(view)) == again.size


def main():
    for line in sys.stdin:
        name, state = line.split()
        try:
            try_block(name)
            try_dict(name, True)
            try_dict(name, False)
            try_list(name, state == "still", True)
            try_list(name, state == "still", False)
            print(".", flush=True)
        except ItemHeld:
            print(".", flush=True)
        except Exception:  # an exception that is not documented
            print(traceback.format_exc().replace("\n", "; "), flush=True)


main()
