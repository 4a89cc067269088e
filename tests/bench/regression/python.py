"""The cost of lists and blocks in Python, compared with the standard library and with Python's own
types: `make bench-python`.

The sides of a row take turns in each round, in alternating order. Each round gives one ratio for
each pair; the result is the median of the rounds. Exits with 1 if a limit is missed.
"""

import array
import itertools
import statistics
import sys
import time
from multiprocessing import shared_memory as stock

import shareable
from shareable import shared_memory as ours

MILLION = 1_000_000
TEXT, DATA = "sixteen bytes ok", b"sixteen bytes ok"
ABSENT = -5


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Row:
    """One operation: the function of each side, the number of repetitions, and the limits."""

    def __init__(self, title, rounds, times, sides, faster=None, limit=None, ahead=None):
        self.title, self.rounds, self.times, self.sides = title, rounds, times, sides
        self.marks = {"stock": (faster, "≥"), "own": (limit, "≤") if limit else (ahead, "≥")}
        self.figures = {name: [] for name in sides}

    def measure(self):
        for turn in range(-1, self.rounds):
            for name, side in list(self.sides.items())[:: 1 if turn % 2 else -1]:
                figure = timed(side) / self.times
                if turn >= 0:
                    self.figures[name].append(figure)

    def ratio(self, other):
        return statistics.median(their / mine for their, mine in zip(self.figures[other], self.figures["ours"]))

    def against(self, other):
        mark, sense = self.marks[other]
        if other not in self.figures:
            return f"{'':42}", True
        ratio = self.ratio(other) if sense == "≥" else 1 / self.ratio(other)
        kept = mark is None or (ratio >= mark if sense == "≥" else ratio <= mark)
        wanted = "" if mark is None else f"{sense} {mark:g} {'ok' if kept else 'MISSED'}"
        return f"{self.shown(other)} {ratio:9.2f} x {wanted:16}", kept

    def shown(self, name):
        median = statistics.median(self.figures[name])
        unit, factor = next((unit, factor) for unit, factor in (("ns", 1e9), ("µs", 1e6), ("ms", 1e3)) if median * factor < 10000)
        return f"{median * factor:10.1f} {unit}"

    def show(self):
        to_stock, one = self.against("stock")
        to_own, other = self.against("own")
        print(f"{self.title:34} {self.shown('ours')}   stock {to_stock}   own {to_own}".rstrip(), flush=True)
        return one and other


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


def rows():
    values = [7, 2.5, TEXT, DATA]
    theirs, mine = stock.ShareableList(values), ours.ShareableList(values)
    ints, reals = array.array("q", [7]), array.array("d", [2.5])
    for kind, index, own, faster in (("int", 0, ints, 35), ("float", 1, reals, 35), ("str of 16", 2, None, 20), ("bytes of 16", 3, None, 20)):
        sides = {"ours": reading(mine, index, 100_000), "stock": reading(theirs, index, 5_000)}
        times = {"ours": 100_000, "stock": 5_000}
        if own is not None:
            sides["own"], times["own"] = reading(own, 0, 100_000), 100_000
        yield Uneven(f"read: {kind}", 15, times, sides, faster=faster, limit=1.2 if own is not None else None)
    for kind, index, value, faster in (("int", 0, 9, 35), ("str of 16", 2, TEXT, 20)):
        sides = {"ours": writing(mine, index, value, 100_000), "stock": writing(theirs, index, value, 5_000)}
        yield Uneven(f"write: {kind}", 15, {"ours": 100_000, "stock": 5_000}, sides, faster=faster)
    for shared in (theirs, mine):
        shared.shm.close()
        shared.shm.unlink()
    yield from rows_of_a_million()
    sides = {"ours": making_blocks(ours.SharedMemory, 200), "stock": making_blocks(stock.SharedMemory, 200)}
    yield Row("create, close, unlink 4 KiB", 15, 200, sides, faster=1)


class Uneven(Row):
    """A row whose sides have different numbers of repetitions."""

    def __init__(self, title, rounds, times, sides, **marks):
        super().__init__(title, rounds, 1, sides, **marks)
        self.times_of = times

    def measure(self):
        super().measure()
        for name, figures in self.figures.items():
            figures[:] = [figure / self.times_of[name] for figure in figures]


def rows_of_a_million():
    numbers = range(MILLION)
    yield Row("build from range(1,000,000)", 3, 1, {"ours": building(ours.ShareableList, numbers), "stock": building(stock.ShareableList, numbers)}, faster=40)
    theirs, mine = stock.ShareableList(numbers), ours.ShareableList(numbers)
    own, plain = array.array("q", numbers), list(numbers)
    sides = {"ours": attaching(ours.ShareableList, mine.shm.name, 100), "stock": attaching(stock.ShareableList, theirs.shm.name, 1)}
    yield Uneven("attach to 1,000,000 items", 3, {"ours": 100, "stock": 1}, sides, faster=1000)
    sides = {"ours": calling(list, mine), "stock": calling(list, theirs), "own": calling(list, own)}
    yield Row("list(), 1,000,000 ints", 5, 1, sides, faster=80, limit=1.3)
    sides = {"ours": iterating(mine), "stock": iterating(theirs), "own": iterating(own)}
    yield Row("iterate, 1,000,000 ints", 5, 1, sides, faster=60)
    sides = {"ours": calling(mine.count, ABSENT), "stock": calling(theirs.count, ABSENT), "own": calling(plain.count, ABSENT)}
    yield Row("count of an absent int", 5, 1, sides, faster=500, ahead=1)
    sides = {"ours": finding(mine), "stock": finding(theirs), "own": finding(plain)}
    yield Row("index of an absent int", 5, 1, sides, faster=500, ahead=1)
    yield from rows_of_numpy(theirs, mine, own)
    for shared in (theirs, mine):
        shared.shm.close()
        shared.shm.unlink()


def rows_of_numpy(theirs, mine, own):
    try:
        import numpy
    except ImportError:
        print("without numpy: not installed")
        return
    items = numpy.asarray(mine.view())
    sides = {"ours": items.sum, "stock": calling(sum, theirs), "own": numpy.asarray(own).sum}
    yield Row("sum of 1,000,000 ints, numpy", 5, 1, sides, faster=1000)
    yield Row("view() of 1,000,000 ints", 5, 1, {"ours": mine.view})


def main():
    print(f"shareable {shareable.__version__}, Python {sys.version.split()[0]}, medians; own: array.array, or a list to search")
    kept = True
    for row in rows():
        row.measure()
        kept &= row.show()
    return not kept


if __name__ == "__main__":
    sys.exit(main())
