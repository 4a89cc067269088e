"""Tests that programs print nothing unexpected in Python's development mode, with warnings as errors, and without docstrings."""

import subprocess
import sys
import textwrap

import pytest

MODES = [["-X", "dev"], ["-W", "error"], ["-OO"], ["-X", "dev", "-W", "error", "-bb", "-OO"]]

# Each prints "done". The standard library's classes do not print a ResourceWarning either for objects
# that are not closed.
PROGRAMS = {
    "objects that stay open": """
        from shareable.shared_memory import ShareableList, SharedMemory

        shared, block = ShareableList([1, 2.5, "text", b"bytes", None, True]), SharedMemory(create=True, size=100)
        again, view, items = SharedMemory(block.name), block.buf[:50], ShareableList([1, 2]).view()
        lock = shared.lock()
        lock.acquire()
        print("done")
    """,
    "objects that are closed and used": """
        from shareable.shared_memory import ShareableList, SharedMemory

        with ShareableList(["text", 1]) as shared, SharedMemory(create=True, size=100) as block:
            shared[0], block.buf[0] = "other", 5
            assert shared.count(1) == 1 and shared.tolist() == ["other", 1], "not with -O"
            shared.unlink()
            block.unlink()
        for attempt in (lambda: shared[0], block.unlink, lambda: SharedMemory("")):
            try:
                attempt()
            except (ValueError, OSError):
                pass
        print("done")
    """,
    "a pool of workers": """
        import multiprocessing
        from shareable.shared_memory import ShareableList

        def count(_):
            ShareableList(name=name).add(0, 1)

        if __name__ == "__main__":
            shared = ShareableList([0])
            name = shared.shm.name
            with multiprocessing.get_context("fork").Pool(2) as pool:
                pool.map(count, range(10))
                pool.close()
                pool.join()
            print("done" if shared[0] == 10 else shared)
    """,
    "a manager": """
        from shareable.managers import SharedMemoryManager

        with SharedMemoryManager() as manager:
            shared, block = manager.ShareableList([1]), manager.SharedMemory(size=10)
        print("done")
    """,
    "a task that is cancelled": """
        import asyncio
        from shareable.shared_memory import ShareableList

        async def main():
            asyncio.get_running_loop().slow_callback_duration = 60  # no report of a busy machine
            try:
                await asyncio.wait_for(asyncio.to_thread(ShareableList([0]).wait, 0, 0), 0.1)
            except asyncio.TimeoutError:
                print("done")

        asyncio.run(main())
    """,
    "garbage": """
        import shareable

        shareable.garbage()
        print("done")
    """,
}


@pytest.mark.parametrize("mode", MODES, ids=" ".join)
@pytest.mark.parametrize("program", PROGRAMS)
def test_program_is_clean(program, mode):
    command = [sys.executable, *mode, "-c", textwrap.dedent(PROGRAMS[program])]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("done\n", "", 0)
