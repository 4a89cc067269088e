"""Blocks of bytes in Python: copies to and from them, creation and removal.

  blocks.py ours | stock
"""

import sys
from contextlib import contextmanager
from itertools import repeat

from subject import take_all

if sys.argv[1] == "ours":
    from shareable.shared_memory import SharedMemory
else:
    from multiprocessing.shared_memory import SharedMemory


@contextmanager
def block_of(size):
    block = SharedMemory(create=True, size=size)
    try:
        yield block
    finally:
        block.close()
        block.unlink()


@contextmanager
def copying_in(size):
    size = int(size)
    own = b"\1" * size
    with block_of(size) as block:
        buffer = block.buf
        buffer[:size] = own

        def run(times):
            for _ in repeat(None, times):
                buffer[:size] = own

        run.worth = size
        yield run
        del buffer, run


@contextmanager
def copying_out(size):
    size = int(size)
    own = memoryview(bytearray(b"\1" * size))
    with block_of(size) as block:
        buffer = block.buf
        buffer[:size] = own

        def run(times):
            for _ in repeat(None, times):
                own[:] = buffer[:size]

        run.worth = size
        yield run
        del buffer, run


@contextmanager
def creating(how, size):
    size = int(size)
    options = {"lazy": True} if how == "lazy" and sys.argv[1] == "ours" else {}

    def run(times):
        for _ in repeat(None, times):
            block = SharedMemory(create=True, size=size, **options)
            block.close()
            block.unlink()

    yield run


take_all({"copy-in": copying_in, "copy-out": copying_out, "create": creating})
