"""Tests the cases of tests/bindings/cases.txt about watches, in that order, which every binding must pass.

In Python, coroutines wait for changes. A watch of the library belongs to each event loop.
"""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from shareable.shared_memory import ShareableList

HEAD = "import os, sys, time\nfrom shareable.shared_memory import ShareableList\nshared = ShareableList(name=sys.argv[1])\n"


def run(main):
    asyncio.run(asyncio.wait_for(main, 30))


def start(program, name):
    """Start a program that has the list open as `shared`."""
    return subprocess.Popen([sys.executable, "-c", HEAD + program, name], stdout=subprocess.PIPE, text=True)


async def communicate(process):
    await asyncio.get_running_loop().run_in_executor(None, process.communicate)
    assert process.returncode == 0


def later(do, *arguments):
    asyncio.get_running_loop().call_later(0.02, do, *arguments)


def begin(awaitable):
    return asyncio.ensure_future(awaitable)


def threads():
    return len(os.listdir("/proc/self/task"))


def test_watch_reports_a_change_of_an_item(make_list):
    shared = make_list([1, 2, "three", 4])

    async def main():
        waits = [begin(shared.wait_async(0, 1)), begin(shared.wait_async(-2, "three")), begin(shared.wait_async(3, 4))]
        await asyncio.sleep(0.02)
        shared[2] = "changed"
        assert await waits[1] == "changed" and not waits[0].done() and not waits[2].done()
        shared[0], shared[3] = 5, 6
        assert await asyncio.gather(*waits) == [5, "changed", 6]

    run(main())


def test_watch_reports_nothing_while_nothing_changes(make_list):
    shared = make_list([0, 0, 0])

    async def main():
        wait = begin(shared.wait_async(0, 0))
        later(shared.__setitem__, 1, 7)
        with pytest.raises(TimeoutError, match="item 2 of the list did not change"):
            await shared.wait_async(2, 0, timeout=0.15)
        assert not wait.done()
        shared[0] = 1
        assert await wait == 1
        with pytest.raises(TimeoutError):
            await shared.wait_async(0, 1, timeout=0.15)

    run(main())


def test_watch_reports_each_of_many_items(make_list):
    shared = make_list([0] * 200)

    async def main():
        for value in (1, 2, 3):
            waits = [begin(shared.wait_async(i, value - 1)) for i in range(200)]
            await asyncio.sleep(0.02)
            for i in range(200):
                shared[i] = value
            assert await asyncio.gather(*waits) == [value] * 200

    run(main())


def test_watch_reports_a_change_of_any_item_of_a_list(make_list):
    shared = make_list([0, 0, 0])

    async def main():
        changes = shared.changes()
        for i in (1, 0, 2):
            later(shared.__setitem__, i, 5)
            assert await changes.__anext__() == i
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(changes.__anext__(), 0.1)

    run(main())


def test_watch_reports_a_write_of_another_process(make_list, name):
    shared = make_list([0, 0])

    async def main():
        wait = begin(shared.wait_async(1, 0))
        await asyncio.sleep(0.02)
        process = start("shared[1] = 8", name)
        assert await wait == 8
        await communicate(process)

    run(main())


def test_watch_reports_a_write_to_the_bytes(make_list, name):
    shared = make_list([1.5])

    async def main():
        with ShareableList(name=name, read_only=True) as reader:
            waits = [begin(shared.wait_async(0, 1.5)), begin(reader.wait_async(0, 1.5))]
            later(shared.view().__setitem__, 0, 2.5)
            assert await asyncio.gather(*waits) == [2.5, 2.5]

    run(main())


def test_watch_works_without_sync_area_or_read_only(make_list, name):
    shared = make_list([0, 0])

    async def main():
        with ShareableList([0, 0], no_sync=True) as bare, ShareableList(name=name, read_only=True) as reader:
            with ShareableList(name=bare.shm.name, read_only=True) as bare_reader:
                bare.unlink()
                for waiting, writing in ((bare, bare), (reader, shared), (bare_reader, bare)):
                    old = writing[1]
                    later(writing.__setitem__, 1, old + 1)
                    assert await waiting.wait_async(1, old) == old + 1
                    changes = waiting.changes()
                    later(writing.__setitem__, 0, old + 1)
                    assert await changes.__anext__() == 0

    run(main())


def test_watch_misses_no_change_between_two_reports(make_list, name):
    shared = make_list([0] * 40)

    async def last(i):
        value = 0
        while value < 1000:
            value = await shared.wait_async(i, value)

    async def main():
        waits = asyncio.gather(last(0), last(39))
        process = start("for i in range(1, 1001):\n    shared[0] = shared[39] = i", name)
        await waits
        await communicate(process)

    run(main())


def test_watch_reports_that_the_lock_is_free(make_list, name):
    shared = make_list([0])

    async def main():
        with ShareableList(name=name) as other:
            other.lock().acquire()
            lock = shared.lock_async()
            wait = begin(lock.acquire())
            await asyncio.sleep(0.15)
            assert not wait.done()
            other.lock().release()
            await wait
            with pytest.raises(TimeoutError):
                other.lock(timeout=0).acquire()
            lock.release()

    run(main())


def test_watch_reports_that_the_owner_of_the_lock_died(make_list, name):
    shared = make_list([0])
    process = start("shared.lock().acquire()\nprint('ready', flush=True)\ntime.sleep(60)", name)
    assert process.stdout.readline() == "ready\n"

    async def main():
        later(process.send_signal, signal.SIGKILL)
        async with shared.lock_async() as lock:
            assert lock.owner_died

    run(main())
    process.communicate()


def test_watch_can_be_ended_and_begun_again(make_list):
    shared = make_list([0])

    async def main():
        for value in range(1, 21):
            wait = begin(shared.wait_async(0, value - 1))
            await asyncio.sleep(0)
            wait.cancel()
            with pytest.raises(asyncio.CancelledError):
                await wait
            later(shared.__setitem__, 0, value)
            assert await shared.wait_async(0, value - 1) == value

    run(main())


def test_watch_ends_when_its_list_is_closed(make_list):
    shared = make_list([0, 0])
    other = ShareableList(name=shared.shm.name)

    async def main():
        other.lock().acquire()
        calls = [shared.wait_async(0, 0), shared.changes().__anext__(), shared.lock_async().acquire()]
        waits = [begin(call) for call in calls]
        await asyncio.sleep(0.05)
        shared.close()
        for wait in waits:
            with pytest.raises(ValueError, match="closed"):
                await wait
        other.lock().release()

    run(main())
    other.close()


def test_watch_refuses_an_index_out_of_range_and_a_closed_list(make_list):
    shared = make_list([0, 0])

    async def main():
        for index in (2, -3, 2**62, -(2**62)):
            with pytest.raises(IndexError):
                await shared.wait_async(index, 0)
        for arguments in (("0", 0), (0, object())):
            with pytest.raises(TypeError):
                await shared.wait_async(*arguments)
        shared.close()
        with pytest.raises(ValueError, match="closed"):
            await shared.wait_async(0, 1)
        with pytest.raises(ValueError, match="closed"):
            await shared.changes().__anext__()
        with pytest.raises(ValueError, match="closed"):
            await shared.lock_async().acquire()

    run(main())


def test_watch_of_the_lock_needs_a_sync_area_and_a_writable_list(make_list, name):
    make_list([0])

    async def main():
        with ShareableList([0], no_sync=True) as bare, ShareableList(name=name, read_only=True) as reader:
            bare.unlink()
            with pytest.raises(ValueError, match=bare.shm.name):
                await bare.lock_async().acquire()
            with pytest.raises(TypeError, match="read-only"):
                await reader.lock_async().acquire()

    run(main())


def test_watch_of_many_lists_needs_few_threads():
    async def main():
        lists = [ShareableList([0, 0]) for _ in range(200)]
        before = threads()
        waits = [begin(shared.wait_async(i, 0)) for shared in lists for i in (0, 1)]
        await asyncio.sleep(0.1)
        assert threads() - before <= 8
        for shared in lists:
            shared[0] = shared[1] = 1
        assert await asyncio.gather(*waits) == [1] * 400
        for shared in lists:
            shared.close()
            shared.unlink()

    run(main())
