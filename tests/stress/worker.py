"""worker.py - a worker of the stress test, in Python: see stress.h. It works until it is killed."""

import random
import struct
import sys
import time

from shareable.shared_memory import ShareableList

VALUES, ADDED, LOCKED, TICK, TOCK = 12, 12, 13, 14, 15
SWAPPED, NUMBERS, NUMBER_COUNT, CALLS, ANSWERS, BURST = 18, 19, 4, 23, 27, 64
READS, WRITES, WAITS, NOTED_ADDED, NOTED_LOCKED, OWNER_DIED, TORN, STUCK, DAMAGED, OTHERS = range(10)
LOST, NOTED_SWAPPED = 10, 11
COLUMNS, RECORD_TEXT_MAX = 16, 472
LIMIT = 2  # seconds

(role, _, number), name = sys.argv[1].partition("-"), sys.argv[2]
row, seed = COLUMNS * int(sys.argv[3]), int(sys.argv[4])
shared, tally = ShareableList(name=name), ShareableList(name=name + "-tally")
dice = random.Random(seed)


def count(column):
    tally.add(row + column, 1)


def check_duration(start, operation):
    passed = time.monotonic() - start
    if passed > LIMIT:
        count(STUCK)
        print(f"stress: Python: {operation} took {passed:.3f} s", file=sys.stderr)


def with_checksum(number, kind):
    low = number & 0xFFFFFFFE | kind
    return (low * 0x9E3779B1 & 0xFFFFF) << 32 | low


def letter(length, base):
    return chr(ord(base) + length % 26)


def is_whole(value):
    if type(value) is int:
        return value == with_checksum(value, 0)
    if type(value) is float:
        (bits,) = struct.unpack("q", struct.pack("d", value))
        # LuaJIT writes an integer as a float if the item is a float.
        return bits == with_checksum(bits, 1) or (value >= 1 and value.is_integer() and is_whole(int(value)))
    if type(value) is str:
        return value == letter(len(value), "a") * len(value)
    if type(value) is bytes:
        return value == (letter(len(value), "A") * len(value)).encode()
    return value is True or value is None


def some_value(room):
    kind = dice.randrange(10)
    if kind < 4:
        return with_checksum(dice.getrandbits(32), 0)
    if kind < 6:
        return struct.unpack("d", struct.pack("q", with_checksum(dice.getrandbits(32), 1)))[0]
    if kind < 8:
        return True if kind == 6 else None
    length = dice.randrange(room + 1)
    return letter(length, "a") * length if kind == 8 else (letter(length, "A") * length).encode()


def count_locked_up():
    """Count an item up under the lock, each time with another type."""
    value = int(shared[LOCKED]) + 1
    shared[LOCKED] = (int, float, str)[value % 3](value)


def swap_up():
    while True:
        value = shared[SWAPPED]
        if shared.compare_exchange(SWAPPED, value, value + 1):
            break
    count(NOTED_SWAPPED)


def count_up():
    start = time.monotonic()
    shared.add(ADDED, 1)
    count(NOTED_ADDED)
    swap_up()
    with shared.lock(timeout=2 * LIMIT) as lock:
        if lock.owner_died:
            count(OWNER_DIED)
        count_locked_up()
        count(NOTED_LOCKED)
    check_duration(start, "counting")


def some_number(kind):
    if kind is bool:
        return True
    value = with_checksum(dice.getrandbits(32), int(kind is float))
    return struct.unpack("d", struct.pack("q", value))[0] if kind is float else value


def write_numbers():
    """Write a number many times. In one of four calls, change its type first."""
    i = NUMBERS + dice.randrange(NUMBER_COUNT)
    kind = type(shared[i])
    if dice.randrange(4) == 0:
        kind = dice.choice((int, float, bool))
    for _ in range(BURST):
        shared[i] = some_number(kind)


def read_numbers():
    i = NUMBERS + dice.randrange(NUMBER_COUNT)
    for _ in range(BURST):
        if not is_whole(shared[i]):
            count(TORN)


def pause():
    """Let other processes run.

    A killed process keeps its locks until it has run once more, which takes long if many processes are busy.
    """
    time.sleep(dice.random() * 0.0001)


def write():
    i = dice.randrange(VALUES)
    value = some_value(shared.capacity(i))
    start = time.monotonic()
    shared[i] = value
    check_duration(start, "a write")
    count(WRITES)
    if dice.randrange(8) == 0:
        count_up()
    start = time.monotonic()
    write_numbers()
    check_duration(start, "writing numbers")
    pause()


def read():
    i = dice.randrange(VALUES)
    start = time.monotonic()
    count(READS)
    try:
        if not is_whole(shared[i]):
            count(TORN)
    except UnicodeDecodeError:
        count(TORN)
    except ValueError:
        count(DAMAGED if shared.capacity(i) > RECORD_TEXT_MAX else OTHERS)
    except OSError:
        count(OTHERS)
    check_duration(start, "a read")
    start = time.monotonic()
    read_numbers()
    check_duration(start, "reading numbers")
    pause()


called = 0


def write_call():
    """Count an int up, by each method in turn."""
    global called
    i, called = CALLS + int(number), called + 1
    if called % 3 == 0:
        shared[i] = called
    elif called % 3 == 1:
        shared.add(i, 1)
    else:
        shared.compare_exchange(i, called - 1, called)


def call():
    """Write an int, which must wake a process in C. That process writes an answer."""
    i = ANSWERS + int(number)
    before = shared[i]
    write_call()
    try:
        # The other process may not have started before the first call.
        shared.wait(i, before, timeout=None if called == 1 else LIMIT)
    except TimeoutError:
        count(LOST)
    count(WAITS)
    pause()


last_hash = 0


def wait():
    global last_hash
    kind = dice.randrange(4)
    try:
        if kind == 3:
            with shared.lock(timeout=2 * LIMIT) as lock:
                if lock.owner_died:
                    count(OWNER_DIED)
                shared.wait(TICK, shared[TICK], timeout=LIMIT)
        elif kind == 2:
            last_hash = shared.wait_any(last_hash, timeout=LIMIT)
        else:
            i = TICK if kind == 1 else TOCK
            shared.wait(i, shared[i], timeout=LIMIT)
        count(WAITS)
    except TimeoutError as error:
        count(STUCK)
        print(f"stress: Python: {error}", file=sys.stderr)


work = {"writer": write, "reader": read, "watcher": wait, "caller": call}[role]
while True:
    work()
