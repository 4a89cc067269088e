"""Passes a dict to multiprocessing workers: passing_dicts.py fork|spawn|forkserver

The argument is the start method. Prints "passed" on success.
"""

import copy
import multiprocessing
import os
import pickle
import sys

from shareable.managers import SharedMemoryManager
from shareable.shared_memory import ShareableDict

NAME = f"test-python-passing-{os.getppid()}"


class Labelled(ShareableDict):
    """A user's subclass, which the other process must find by its name."""


def write(shared, number):
    assert type(shared) is Labelled
    shared[f"by {number}"] = number
    count = shared.add("count")
    shared.close()  # the parent's object stays open
    return count


def write_what_was_packed(packed, number):
    return write(pickle.loads(packed), number)


def read(reader):
    assert reader.shm.read_only
    try:
        reader["new"] = 1
    except TypeError:
        return reader.todict()
    raise AssertionError("written through a dict that is read-only")


def count(shared, times):
    for _ in range(times):
        shared.add("managed")


def main(method):
    context = multiprocessing.get_context(method)
    packed = list(range(2, 3 + pickle.HIGHEST_PROTOCOL))
    shared = Labelled(40, name=NAME)
    try:
        processes = [context.Process(target=write, args=(shared, i)) for i in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0] and shared["count"] == 2
        with context.Pool(2) as pool:
            pool.starmap(write_what_was_packed, [(pickle.dumps(shared, i - 2), i) for i in packed], chunksize=1)
            pool.starmap(write, [(copy.copy(shared), i) for i in range(10, 20)], chunksize=1)
            with Labelled(name=NAME, read_only=True) as reader:
                assert pool.apply(read, (reader,)) == shared
            pool.close()
            pool.join()
        numbers = [0, 1, *packed, *range(10, 20)]
        assert shared == {"count": len(numbers), **{f"by {i}": i for i in numbers}}
    finally:
        shared.close()
        shared.unlink()
    with SharedMemoryManager() as manager:
        managed = manager.ShareableDict(5)
        processes = [context.Process(target=count, args=(managed, 1000)) for _ in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert managed == {"managed": 2000}
    print("passed")


if __name__ == "__main__":
    main(sys.argv[1])
