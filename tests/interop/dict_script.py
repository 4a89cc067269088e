"""dict_script.py - the worker of test_dict_kills.py in Python, see dict_script.c.

usage: dict_script.py NAME FIRST COUNT OPERATION...
"""
import itertools
import os
import sys

from shareable import ShareableDict

AGE_MAX = 200
EXCHANGED, NOT_EXCHANGED, NOT_WHOLE = 254, 253, 255

shared = ShareableDict(name=sys.argv[1])
first, count = map(int, sys.argv[2:4])
script = [operation.split() for operation in sys.argv[4:]]


def value_of(kind, length, number):
    if kind == "int":
        return number
    if kind == "float":
        return number + 0.5
    text = ("%010d;" % number * (length // 11 + 1))[: length - (kind == "bytes")]
    return b"\xff" + text.encode() if kind == "bytes" else text


def number_of(value):
    """Return the number of the operation that has written a value, if it is whole."""
    if isinstance(value, (int, float)):
        return int(value)
    digits = value[1:11] if isinstance(value, bytes) else value[:10]
    return int(digits) if digits.isdigit() else -1


def is_value_of(value, number, key):
    """Return whether the operation with this number has written the value of the key."""
    name, *operands = script[number % len(script)]
    if name != "set" or operands[0] != key:
        return False
    wanted = value_of(operands[1], int(operands[2]), number)
    return value == wanted and type(value) is type(wanted)


def read(value, key, number):
    """Return the report about the value of a get or a pop."""
    if value is None:
        return 0
    written = number_of(value)
    if not is_value_of(value, written, key):
        return NOT_WHOLE
    age = number - written
    return 1 + (age if 0 <= age <= AGE_MAX else AGE_MAX)


def exchange(key):
    """Try once: another worker may win."""
    found = shared[key]
    return EXCHANGED if shared.compare_exchange(key, found, found + 1) else NOT_EXCHANGED


def execute(number, name, key=None, kind=None, length=0, ttl=0):
    """Execute an operation, and return the report about it."""
    if name == "get":
        return read(shared.get(key), key, number)
    if name == "pop":
        return read(shared.pop(key, None), key, number)
    if name == "exchange":
        return exchange(key)
    if name == "set":
        shared.set(key, value_of(kind, int(length), number), ttl=int(ttl) / 1000 or None)
    elif name == "delete":
        shared.pop(key, None)
    elif name == "add":
        shared.add(key, 1)
    elif name == "add_float":
        shared.add(key, 0.5)
    else:
        {"delete_expired": shared.delete_expired, "reindex": shared.reindex}[name]()
    return 1


def main():
    os.write(1, bytes([execute(first, "delete", "none")]))
    for operation in script:
        if operation[0] == "get":
            os.write(1, bytes([execute(first, *operation)]))
    for number in itertools.count(first) if count < 0 else range(first, first + count):
        os.write(1, bytes([execute(number, *script[number % len(script)])]))


main()
