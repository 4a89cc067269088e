"""The cost of an atomic addition in Python, compared with a bare one through the same SWIG.

Exits with 1 if the limit is exceeded.
"""

import statistics
import sys
import timeit

import plain
import shareable
from shareable import _raw
from shareable.shared_memory import ShareableList

ROUNDS, TIMES, ITEMS, LIMIT = 41, 20000, 1024, 1.5


def time_of(call, *arguments):
    return timeit.timeit(lambda: call(*arguments), number=TIMES) / TIMES * 1e9


def main():
    shared, array = ShareableList(range(ITEMS)), plain.plain_new(ITEMS)
    shared.unlink()
    bare, ours, method = [], [], []
    for turn in range(ROUNDS):
        pairs = [
            (bare, plain.plain_add, (array, 5, 1)),
            (ours, _raw.list_add, (shared, 5, 1)),
            (method, shared.add, (5, 1)),
        ]
        for figures, call, arguments in pairs[:: 1 if turn % 2 else -1]:
            figures.append(time_of(call, *arguments))
    plain.plain_free(array)
    print(f"shareable {shareable.__version__}, Python {sys.version.split()[0]}, {ROUNDS} rounds, medians")
    status = 0
    for title, figures, limit in (("add, the wrapped function", ours, LIMIT), ("add, the method", method, None)):
        ratio = statistics.median(mine / theirs for mine, theirs in zip(figures, bare))
        verdict = "" if limit is None else f"limit {limit}   {'ok' if ratio <= limit else 'OVER'}"
        print(
            f"{title:30} {statistics.median(figures):9.1f} ns   {'bare atomic add, same binding':32} "
            f"{statistics.median(bare):9.1f} ns   {ratio:5.2f} x   {verdict}"
        )
        status |= limit is not None and ratio > limit
    return status


if __name__ == "__main__":
    sys.exit(main())
