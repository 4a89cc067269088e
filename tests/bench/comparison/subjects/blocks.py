"""The tasks of blocks in Python: copy to and from a block; create and unlink a block.

  blocks.py ours | stock
"""

import sys
from contextlib import contextmanager
from itertools import repeat

from subject import main

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
    source = b"\1" * size
    with block_of(size) as block:
        buffer = block.buf
        buffer[:size] = source

        def run(times):
            for _ in repeat(None, times):
                buffer[:size] = source

        run.amount = size
        yield run
        del buffer, run


@contextmanager
def copying_out(size):
    size = int(size)
    target = memoryview(bytearray(b"\1" * size))
    with block_of(size) as block:
        buffer = block.buf
        buffer[:size] = target

        def run(times):
            for _ in repeat(None, times):
                target[:] = buffer[:size]

        run.amount = size
        yield run
        del buffer, run


@contextmanager
def creating(method, size):
    size = int(size)
    options = {"lazy": True} if method == "lazy" and sys.argv[1] == "ours" else {}

    def run(times):
        for _ in repeat(None, times):
            block = SharedMemory(create=True, size=size, **options)
            block.close()
            block.unlink()

    yield run


main({"copy-in": copying_in, "copy-out": copying_out, "create": creating})
