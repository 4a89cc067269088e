"""worker.py - a worker of the stress test, in Python: see stress.h. It works until it is killed."""

import random
import struct
import sys
import time

from shareable.shared_memory import ShareableList

VALUES, ADDED, LOCKED, TICK, TOCK = 12, 12, 13, 14, 15
READS, WRITES, WAITS, NOTED_ADDED, NOTED_LOCKED, OWNER_DIED, TORN, STUCK, DAMAGED, OTHERS = range(10)
COLUMNS, RECORD_TEXT_MAX = 16, 472

role, name, row, seed = sys.argv[1], sys.argv[2], COLUMNS * int(sys.argv[3]), int(sys.argv[4])
shared, tally = ShareableList(name=name), ShareableList(name=name + "-tally")
dice = random.Random(seed)


def count(column):
    tally.add(row + column, 1)


def check_duration(start, operation):
    passed = time.monotonic() - start
    if passed > 1:
        count(STUCK)
        print(f"stress: Python: {operation} took {passed:.3f} s", file=sys.stderr)


def with_checksum(number, kind):
    low = number & 0xFFFFFFFE | kind
    return (low * 0x9E3779B1 & 0x3FFFFFFF) << 32 | low


def letter(length, base):
    return chr(ord(base) + length % 26)


def is_whole(value):
    if type(value) is int:
        return value == with_checksum(value, 0)
    if type(value) is float:
        (bits,) = struct.unpack("q", struct.pack("d", value))
        return bits == with_checksum(bits, 1)
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


def count_up():
    start = time.monotonic()
    shared.add(ADDED, 1)
    count(NOTED_ADDED)
    with shared.lock(timeout=2) as lock:
        if lock.owner_died:
            count(OWNER_DIED)
        shared[LOCKED] = shared[LOCKED] + 1
        count(NOTED_LOCKED)
    check_duration(start, "counting")


def write():
    i = dice.randrange(VALUES)
    value = some_value(shared.capacity(i))
    start = time.monotonic()
    shared[i] = value
    check_duration(start, "a write")
    count(WRITES)
    if dice.randrange(8) == 0:
        count_up()


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


last_hash = 0


def wait():
    global last_hash
    kind = dice.randrange(4)
    try:
        if kind == 3:
            with shared.lock(timeout=2) as lock:
                if lock.owner_died:
                    count(OWNER_DIED)
                shared.wait(TICK, shared[TICK], timeout=1)
        elif kind == 2:
            last_hash = shared.wait_any(last_hash, timeout=1)
        else:
            i = TICK if kind == 1 else TOCK
            shared.wait(i, shared[i], timeout=1)
        count(WAITS)
    except TimeoutError as error:
        count(STUCK)
        print(f"stress: Python: {error}", file=sys.stderr)


work = {"writer": write, "reader": read, "watcher": wait}[role]
while True:
    work()
