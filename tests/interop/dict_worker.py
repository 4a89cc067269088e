"""dict_worker.py - the worker of test_dicts.py in Python, see dict_worker.c.

usage: dict_worker.py NAME ID OPERATIONS
"""
import random
import sys

import notation

from shareable import ShareableDict

OWN_KEYS = 200
SHARED_KEYS = 10

shared = ShareableDict(name=sys.argv[1])
own_id = sys.argv[2]
random.seed(own_id)
model = {}
added = [0] * SHARED_KEYS


def set_own(key):
    number = random.randrange(1000000)
    value = random.choice((number, number + 0.5, str(number).zfill(number % 500)))
    model[key] = shared[key] = value


def delete_own(key):
    assert (shared.pop(key, None) is not None) == (model.pop(key, None) is not None), key


def check_own(key):
    value = shared.get(key)
    assert value == model.get(key) and type(value) is type(model.get(key)), key


def add_to_shared(n):
    amount = random.randrange(100)
    shared.add(f"shared:{n}", amount)
    added[n] += amount


def exchange_shared(n):
    """Try once: another worker may win."""
    found = shared.get(f"shared:{n}")
    amount = random.randrange(100)
    if found is not None and shared.compare_exchange(f"shared:{n}", found, found + amount):
        added[n] += amount


def main():
    own = [set_own, delete_own, check_own, check_own]
    for _ in range(int(sys.argv[3])):
        operation = random.randrange(8)
        if operation < len(own):
            own[operation](f"{own_id}:{random.randrange(OWN_KEYS)}")
        else:
            (exchange_shared if operation < 6 else add_to_shared)(random.randrange(SHARED_KEYS))
    for n, amount in enumerate(added):
        print("shared", n, amount)
    for key, value in model.items():
        print("own", key, notation.describe(value))


main()
