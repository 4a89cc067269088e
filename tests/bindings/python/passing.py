"""Passes a block and a list to multiprocessing workers: passing.py fork|spawn|forkserver

The argument is the start method. Prints "passed" on success.
"""

import copy
import multiprocessing
import os
import pickle
import sys

from shareable.shared_memory import ShareableList, SharedMemory

NAME = f"test-python-passing-{os.getppid()}"


class Labelled(ShareableList):
    """A user's subclass, which the other process must find by its name."""


def write(memory, shared, position):
    memory.buf[position] = position
    shared[position] = f"by {position}"
    memory.close()  # the parent's objects stay open
    shared.close()
    return position


def write_what_was_packed(packed, position):
    memory, shared = pickle.loads(packed)
    assert type(shared) is Labelled and type(memory) is SharedMemory
    return write(memory, shared, position)


def read(reader):
    assert reader.shm.read_only
    try:
        reader[0] = 1
    except TypeError:
        return reader.tolist()
    raise AssertionError("written through a list that is read-only")


def main(method):
    context = multiprocessing.get_context(method)
    protocols = range(pickle.HIGHEST_PROTOCOL + 1)
    count = 2 + len(protocols) + 4
    memory = SharedMemory(NAME + "-memory", create=True, size=count)
    shared = Labelled([b""] * count, name=NAME + "-list", capacity=16)
    try:
        processes = [context.Process(target=write, args=(memory, shared, i)) for i in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0]
        with context.Pool(2) as pool:
            work = [(pickle.dumps((memory, shared), protocol), 2 + protocol) for protocol in protocols]
            done = pool.starmap(write_what_was_packed, work, chunksize=1)
            done += pool.starmap(write, [(memory, copy.copy(shared), i) for i in range(count - 4, count)], chunksize=1)
            assert done == list(range(2, count))
            with Labelled(name=shared.shm.name, read_only=True) as reader:
                assert pool.apply(read, (reader,)) == shared.tolist()
            pool.close()
            pool.join()
        assert shared.tolist() == [f"by {i}" for i in range(count)]
        assert bytes(memory.buf) == bytes(range(count))
    finally:
        for each in (memory, shared):
            each.close()
            each.unlink()
    print("passed")


if __name__ == "__main__":
    main(sys.argv[1])
