"""Measures arrays in Python: attaching, access to items, and passing an array of 64 MiB to another
process, each beside other ways to do the same. Fails if a limit is exceeded.

`passed in place` has the items in shared memory from the start. All other ways start with an
ordinary array, and end when the other process has added up its items. Arrow's IPC is absent, because
Debian 12 has no package of pyarrow.
"""

import mmap
import multiprocessing
import os
import statistics
import sys

# NumPy asks for huge pages for a private array of 4 MiB or more. Shared memory gets them only if
# /sys/kernel/mm/transparent_hugepage/shmem_enabled says so, which is "never" by default. Both sides have
# ordinary pages here.
os.environ["NUMPY_MADVISE_HUGEPAGE"] = "0"

import numpy
from measure import alternate, median_ratio, timed, verdict

import shareable

try:
    import joblib
except ModuleNotFoundError:
    joblib = None

ROUNDS = 9
ATTACH_LIMIT = 50e-6  # seconds
ACCESS_LIMIT = 1 / 0.95  # of the time with a private array
PID = os.getpid()


def repeated(work, count):
    """Return a side: a function that returns the median time of one call."""
    return lambda: statistics.median(timed(work) for _ in range(count))


def report(results, of):
    """Print the median of each side, and its ratio to the first one."""
    first = results[next(iter(results))]
    for name, times in results.items():
        print(f"  {name:36}{statistics.median(times) * 1e6:12.1f} µs  {median_ratio(times, first):8.2f} of {of}")


def attach():
    """An array of 1 GiB, of which nothing is read."""
    array = shareable.array(1 << 27, "f8", lazy=True)
    path = f"/dev/shm/{array.name}"

    def by_mmap():
        with open(path, "r+b") as file:
            return numpy.frombuffer(mmap.mmap(file.fileno(), 0), "f8", offset=128)

    sides = {
        "shareable.array()": lambda: shareable.array(name=array.name),
        "numpy.load()": lambda: numpy.load(path, mmap_mode="r+"),
        "mmap and numpy.frombuffer()": by_mmap,
    }
    results = alternate({name: repeated(side, 500) for name, side in sides.items()}, ROUNDS)
    array.unlink()
    print("attach to 1 GiB")
    report(results, "shareable")
    median = statistics.median(results["shareable.array()"])
    is_kept = median < ATTACH_LIMIT
    print(f"  limit {ATTACH_LIMIT * 1e6:.0f} µs: {verdict(is_kept)}")
    return is_kept


def read_items(array):
    total = 0
    for i in range(100_000):
        total += array[i]
    return total


def access():
    """The same operations on a shared and on a private array."""
    operations = {
        "read items, one by one": read_items,
        "add up": lambda array: array.sum(),
        "add 1.0 in place": lambda array: numpy.add(array, 1.0, out=array),
    }
    is_kept = True
    print("access")
    for size in (1 << 17, 1 << 23):
        private = numpy.arange(size, dtype="f8")
        shared = shareable.asarray(private)
        for name, operation in operations.items():
            sides = {"private": lambda: operation(private), "shared": lambda: operation(shared)}
            results = alternate({side: repeated(work, 5) for side, work in sides.items()}, 2 * ROUNDS + 1)
            ratio = median_ratio(results["shared"], results["private"])
            row = f"  {f'{name}, {size >> 17} MiB':36}{ratio:8.3f} of a private array"
            print(f"{row}, limit {ACCESS_LIMIT:.3f}: {verdict(ratio <= ACCESS_LIMIT)}")
            is_kept &= ratio <= ACCESS_LIMIT
        shared.unlink()
    return is_kept


def add_up(connection, kept):
    """The other process: adds up each array that it gets."""
    while True:
        got = connection.recv()
        if got is None:
            return
        if isinstance(got, str):
            way, _, path = got.partition(" ")
            if way == "kept":
                got = numpy.frombuffer(kept, "f8")
            else:
                got = joblib.load(path, mmap_mode="r") if way == "joblib" else numpy.load(path, mmap_mode="r")
        connection.send(got.sum())


def hand_over():
    """An array of 64 MiB to another process."""
    source = numpy.arange(1 << 23, dtype="f8")
    wanted = source.sum()
    in_place = shareable.asarray(source)
    kept = multiprocessing.RawArray("d", source.size)
    mine, other = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=add_up, args=(other, kept))
    child.start()
    path = f"/dev/shm/bench-arrays-{PID}"

    def ask(message):
        mine.send(message)
        if mine.recv() != wanted:
            raise SystemExit("the other process got other items")

    def copied():
        array = shareable.asarray(source)
        ask(array)
        array.unlink()

    def by_array():
        numpy.frombuffer(kept, "f8")[:] = source
        ask("kept")

    def by_file(way, write):
        write(path)
        ask(f"{way} {path}")
        os.unlink(path)

    def save(path):
        with open(path, "wb") as file:
            numpy.save(file, source)

    sides = {
        "shareable.asarray(), a copy": copied,
        "shareable.array(), passed in place": lambda: ask(in_place),
        "pickled, through a Pipe": lambda: ask(source),
        "multiprocessing.RawArray, kept": by_array,
        "numpy.save() and load() in /dev/shm": lambda: by_file("numpy", save),
    }
    if joblib is None:
        print("joblib is not installed: its row is left out")
    else:
        sides["joblib's memmap in /dev/shm"] = lambda: by_file("joblib", lambda path: joblib.dump(source, path))
    results = alternate({name: lambda side=side: timed(side) for name, side in sides.items()}, ROUNDS)
    mine.send(None)
    child.join()
    in_place.unlink()
    print("pass 64 MiB to another process, which adds them up")
    report(results, "a copy")
    is_kept = median_ratio(results["shareable.asarray(), a copy"], results["pickled, through a Pipe"]) < 1
    print(f"  limit: less than pickled: {verdict(is_kept)}")
    return is_kept


if __name__ == "__main__":
    print(f"NumPy {numpy.__version__}, medians of {ROUNDS} rounds")
    sys.exit(not all([attach(), access(), hand_over()]))
