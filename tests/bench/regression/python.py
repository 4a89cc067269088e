"""Compares lists and blocks in Python with the standard library and with Python's own types.

Each round gives one ratio for each pair, and the result is the median of the rounds. Exits with 1
if a ratio misses its limit.
"""

import array
import itertools
import statistics
import sys
from multiprocessing import shared_memory as stock

import shareable
from measure import alternate, median_ratio, timed, verdict
from shareable import shared_memory as ours

MILLION = 1_000_000
TEXT, DATA = "sixteen bytes ok", b"sixteen bytes ok"
ABSENT = -5


class Row:
    """One operation: the function of each side and its number of repetitions, and the limits.

    The sides are "ours", "stock" (the standard library) and "own" (a type of Python). ours must be
    `faster` times as fast as stock, and `faster_than_own` times as fast as own. It may take `limit`
    times as long as own. Only one of the limits for own is given.
    """

    def __init__(self, title, rounds, sides, faster=None, limit=None, faster_than_own=None):
        self.title, self.rounds, self.sides = title, rounds, sides
        self.limits = {"stock": (faster, "≥"), "own": (limit, "≤") if limit else (faster_than_own, "≥")}

    def measure(self):
        sides = {name: lambda work=work, times=times: timed(work) / times for name, (work, times) in self.sides.items()}
        self.seconds = alternate(sides, self.rounds)

    def compare(self, other):
        """Return the columns of a comparison, and whether its limit is kept."""
        limit, sense = self.limits[other]
        if other not in self.seconds:
            return f"{'':42}", True
        ratio = median_ratio(self.seconds[other], self.seconds["ours"])
        if sense == "≤":
            ratio = 1 / ratio
        is_kept = limit is None or (ratio >= limit if sense == "≥" else ratio <= limit)
        mark = "" if limit is None else f"{sense} {limit:g} {verdict(is_kept)}"
        return f"{self.format_median(other)} {ratio:9.2f} x {mark:16}", is_kept

    def format_median(self, name):
        median = statistics.median(self.seconds[name])
        unit, factor = next((unit, factor) for unit, factor in (("ns", 1e9), ("µs", 1e6), ("ms", 1e3)) if median * factor < 10000)
        return f"{median * factor:10.1f} {unit}"

    def show(self):
        """Print the row. Return whether both limits are kept."""
        (stock_columns, is_stock_kept), (own_columns, is_own_kept) = self.compare("stock"), self.compare("own")
        print(f"{self.title:34} {self.format_median('ours')}   stock {stock_columns}   own {own_columns}".rstrip(), flush=True)
        return is_stock_kept and is_own_kept


def reading(sequence, index, times):
    def work():
        for _ in itertools.repeat(None, times):
            sequence[index]

    return work


def writing(sequence, index, value, times):
    def work():
        for _ in itertools.repeat(None, times):
            sequence[index] = value

    return work


def iterating(sequence):
    def work():
        for _ in sequence:
            pass

    return work


def calling(function, *arguments):
    return lambda: function(*arguments)


def finding(sequence):
    def work():
        try:
            sequence.index(ABSENT)
        except ValueError:
            return

    return work


def building(class_, values):
    def work():
        shared = class_(values)
        shared.shm.close()
        shared.shm.unlink()

    return work


def attaching(class_, name, times):
    def work():
        for _ in itertools.repeat(None, times):
            class_(name=name).shm.close()

    return work


def making_blocks(class_, times):
    def work():
        for _ in itertools.repeat(None, times):
            block = class_(create=True, size=4096)
            block.close()
            block.unlink()

    return work


def attaching_blocks(class_, name, times):
    def work():
        for _ in itertools.repeat(None, times):
            class_(name).close()

    return work


def reading_attribute(block, attribute, times):
    """Return a loop that was compiled for the attribute: getattr() would take longer."""
    scope = {"block": block, "times": times, "repeat": itertools.repeat}
    exec(f"def work():\n    for _ in repeat(None, times):\n        block.{attribute}", scope)
    return scope["work"]


def rows_of_blocks():
    theirs, mine = stock.SharedMemory(create=True, size=4096), ours.SharedMemory(create=True, size=4096)
    for attribute in ("buf", "size", "name"):
        sides = {"ours": (reading_attribute(mine, attribute, 50_000), 50_000), "stock": (reading_attribute(theirs, attribute, 50_000), 50_000)}
        yield Row(f"read the attribute {attribute}", 25, sides, faster=1)
    sides = {"ours": (attaching_blocks(ours.SharedMemory, mine.name, 200), 200), "stock": (attaching_blocks(stock.SharedMemory, theirs.name, 200), 200)}
    yield Row("attach to 4 KiB", 15, sides, faster=1)
    for block in (theirs, mine):
        block.close()
        block.unlink()


def rows():
    values = [7, 2.5, TEXT, DATA]
    theirs, mine = stock.ShareableList(values), ours.ShareableList(values)
    ints, reals = array.array("q", [7]), array.array("d", [2.5])
    for kind, index, own, faster in (("int", 0, ints, 35), ("float", 1, reals, 35), ("str of 16", 2, None, 20), ("bytes of 16", 3, None, 20)):
        sides = {"ours": (reading(mine, index, 100_000), 100_000), "stock": (reading(theirs, index, 5_000), 5_000)}
        if own is not None:
            sides["own"] = reading(own, 0, 100_000), 100_000
        yield Row(f"read: {kind}", 15, sides, faster=faster, limit=1.2 if own is not None else None)
    for kind, index, value, faster in (("int", 0, 9, 35), ("str of 16", 2, TEXT, 20)):
        sides = {"ours": (writing(mine, index, value, 100_000), 100_000), "stock": (writing(theirs, index, value, 5_000), 5_000)}
        yield Row(f"write: {kind}", 15, sides, faster=faster)
    for shared in (theirs, mine):
        shared.shm.close()
        shared.shm.unlink()
    yield from rows_of_a_million()
    yield from rows_of_blocks()
    sides = {"ours": (making_blocks(ours.SharedMemory, 200), 200), "stock": (making_blocks(stock.SharedMemory, 200), 200)}
    yield Row("create, close, unlink 4 KiB", 15, sides, faster=1)


def once(**sides):
    """Return the sides of a row, each with one repetition."""
    return {name: (work, 1) for name, work in sides.items()}


def rows_of_a_million():
    numbers = range(MILLION)
    sides = once(ours=building(ours.ShareableList, numbers), stock=building(stock.ShareableList, numbers))
    yield Row("build from range(1,000,000)", 3, sides, faster=40)
    theirs, mine = stock.ShareableList(numbers), ours.ShareableList(numbers)
    own, plain = array.array("q", numbers), list(numbers)
    sides = {"ours": (attaching(ours.ShareableList, mine.shm.name, 100), 100), "stock": (attaching(stock.ShareableList, theirs.shm.name, 1), 1)}
    yield Row("attach to 1,000,000 items", 3, sides, faster=1000)
    sides = once(ours=calling(list, mine), stock=calling(list, theirs), own=calling(list, own))
    yield Row("list(), 1,000,000 ints", 5, sides, faster=80, limit=1.3)
    sides = once(ours=iterating(mine), stock=iterating(theirs), own=iterating(own))
    yield Row("iterate, 1,000,000 ints", 5, sides, faster=60)
    sides = once(ours=calling(mine.count, ABSENT), stock=calling(theirs.count, ABSENT), own=calling(plain.count, ABSENT))
    yield Row("count of an absent int", 5, sides, faster=500, faster_than_own=1)
    sides = once(ours=finding(mine), stock=finding(theirs), own=finding(plain))
    yield Row("index of an absent int", 5, sides, faster=500, faster_than_own=1)
    yield from rows_of_numpy(theirs, mine, own)
    for shared in (theirs, mine):
        shared.shm.close()
        shared.shm.unlink()


def rows_of_numpy(theirs, mine, own):
    try:
        import numpy
    except ImportError:
        print("numpy is not installed: its rows are left out")
        return
    items = numpy.asarray(mine.view())
    sides = once(ours=items.sum, stock=calling(sum, theirs), own=numpy.asarray(own).sum)
    yield Row("sum of 1,000,000 ints, numpy", 5, sides, faster=1000)
    yield Row("view() of 1,000,000 ints", 5, once(ours=mine.view))


def main():
    print(f"shareable {shareable.__version__}, Python {sys.version.split()[0]}, medians; own: array.array, or a list to search")
    is_kept = True
    for row in rows():
        row.measure()
        is_kept &= row.show()
    return not is_kept


if __name__ == "__main__":
    sys.exit(main())
