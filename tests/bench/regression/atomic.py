"""Compares an atomic addition in Python with a bare atomic addition wrapped by the same SWIG.

Exits with 1 if the ratio exceeds its limit.
"""

import statistics
import sys
import timeit

import plain
import shareable
from measure import alternate, median_ratio, verdict
from shareable import _raw
from shareable.shared_memory import ShareableList

ROUNDS, TIMES, ITEMS, LIMIT = 41, 20000, 1024, 1.5


def side(call, *arguments):
    """Return a function that measures the nanoseconds of a call."""
    return lambda: timeit.timeit(lambda: call(*arguments), number=TIMES) / TIMES * 1e9


def main():
    shared, array = ShareableList(range(ITEMS)), plain.plain_new(ITEMS)
    shared.unlink()
    sides = {
        "bare": side(plain.plain_add, array, 5, 1),
        "add, the wrapped function": side(_raw.list_add, shared, 5, 1),
        "add, the method": side(shared.add, 5, 1),
    }
    times = alternate(sides, ROUNDS, warm_up=False)
    plain.plain_free(array)
    print(f"shareable {shareable.__version__}, Python {sys.version.split()[0]}, {ROUNDS} rounds, medians")
    bare, missed = times.pop("bare"), False
    for title, limit in (("add, the wrapped function", LIMIT), ("add, the method", None)):
        ratio = median_ratio(times[title], bare)
        mark = "" if limit is None else f"limit {limit}   {verdict(ratio <= limit)}"
        print(
            f"{title:30} {statistics.median(times[title]):9.1f} ns   {'bare atomic add, same binding':32} "
            f"{statistics.median(bare):9.1f} ns   {ratio:5.2f} x   {mark}"
        )
        missed |= limit is not None and ratio > limit
    return missed


if __name__ == "__main__":
    sys.exit(main())
