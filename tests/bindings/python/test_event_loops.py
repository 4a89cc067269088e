"""Tests of the waits and the lock in event loops: asyncio's, and uvloop's if it is installed."""

import asyncio
import gc
import math
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from shareable import _raw
from shareable.managers import SharedMemoryManager
from shareable.shared_memory import ShareableList

try:
    import uvloop
except ImportError:
    uvloop = None
else:
    uvloop.new_event_loop().close()  # the first loop opens descriptors that libuv keeps

# The number of changes of the test that counts wake-ups, for example 1000000.
CHANGES = int(os.environ.get("SHAREABLE_CHANGES", "20000"))


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """A function that runs a coroutine in a new event loop, which is closed afterwards."""
    new_loop = asyncio.new_event_loop
    if request.param == "uvloop":
        if uvloop is None:
            pytest.skip("uvloop is not installed: only asyncio's own loop is tested")
        new_loop = uvloop.new_event_loop

    def run(main):
        loop = new_loop()
        try:
            return loop.run_until_complete(asyncio.wait_for(main, max(30, CHANGES / 1000)))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    return run


@pytest.fixture
def pair(make_list, name):
    """Two objects of a list of 100 zeros, the second as another process would have it."""
    shared = make_list([0] * 100)
    with ShareableList(name=name) as other:
        yield shared, other


def threads():
    return len(os.listdir("/proc/self/task"))


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def later(seconds, do, *arguments):
    asyncio.get_running_loop().call_later(seconds, do, *arguments)


def start(program, *arguments):
    """Start a program, and return it when it has printed a line."""
    head = "import os, sys, time\nfrom shareable.shared_memory import ShareableList\nshared = ShareableList(name=sys.argv[1])\n"
    process = subprocess.Popen([sys.executable, "-c", head + program, *arguments], stdout=-1, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


async def nothing_happens(awaitable, seconds=0.1):
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(awaitable, seconds)


def test_import_of_the_package_does_not_import_asyncio():
    program = "import sys, shareable; print('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], stdout=-1).stdout == b"False\n"


def test_wait_returns_the_new_value(run, pair):
    shared, other = pair

    async def main():
        assert await shared.wait_async(0, 1) == 0  # it differs already
        for i, value in enumerate([1, 2.5, None, "text", b"text", True]):
            before = shared[-1]
            later(0.02, other.__setitem__, -1, value)
            start = time.monotonic()
            assert await shared.wait_async((-1, 99)[i % 2], before, timeout=10) == value == shared[99]
            assert time.monotonic() - start >= 0.015
        other[0] = math.nan
        assert math.isnan(await shared.wait_async(0, math.nan))

    run(main())


def test_wait_refuses_bad_arguments(run, pair):
    shared, _ = pair

    async def main():
        for arguments, error in {
            (100, 0): IndexError,
            ("0", 0): TypeError,
            (0, object()): TypeError,
            (0, 2**64): OverflowError,
            (0, 0, -1): ValueError,
            (0, 0, "1"): TypeError,
        }.items():
            with pytest.raises(error) as expected:
                shared.wait(*arguments)
            with pytest.raises(error) as found:
                await shared.wait_async(*arguments)
            assert str(found.value) == str(expected.value)
        never_open = ShareableList.__new__(ShareableList)
        for wait in (lambda: never_open.wait_async(0, 0), lambda: never_open.lock_async().acquire()):
            with pytest.raises(ValueError, match="closed"):
                await wait()
        with pytest.raises(ValueError, match="closed"):
            never_open.changes()

    run(main())


def test_raw_watch_refuses_other_types(pair):
    shared, _ = pair
    watch = _raw.watch_create()
    for call in (
        lambda: _raw.watch_fd(None),
        lambda: _raw.watch_changed(shared),
        lambda: _raw.watch_disarm(0, 0),
        lambda: _raw.watch_arm(None, shared, 0, 0),
        lambda: _raw.watch_add_item(watch, watch, 0),
        lambda: _raw.watch_add_list(0, shared, 0),
        lambda: _raw.watch_add_lock(shared, shared),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(IndexError):
        _raw.watch_add_item(watch, shared, 100)
    with pytest.raises(ValueError, match="not valid"):
        _raw.watch_arm(watch, shared, 12345, 0)
    _raw.watch_remove(watch, 12345)
    assert _raw.watch_changed(watch) == []


def test_wait_times_out(run, pair):
    shared, other = pair

    async def main():
        for seconds in (0, 0.01, 0.15):
            begin = time.monotonic()
            with pytest.raises(TimeoutError, match="item 0 of the list did not change"):
                await shared.wait_async(0, 0, timeout=seconds)
            assert seconds - 0.002 <= time.monotonic() - begin < seconds + 5  # uvloop counts milliseconds
        later(0.01, other.__setitem__, 32, 1)  # wakes waiters of item 0 too
        with pytest.raises(TimeoutError):
            await shared.wait_async(0, 0, timeout=0.1)

    run(main())


def test_cancelled_wait_ends_and_later_waits_work(run, pair):
    shared, other = pair

    async def main():
        for _ in range(3):
            await nothing_happens(shared.wait_async(0, 0), 0.02)
        waits = [asyncio.ensure_future(shared.wait_async(0, 0)) for _ in range(20)]
        await asyncio.sleep(0.02)
        for wait in waits[::2]:
            wait.cancel()
        await asyncio.sleep(0)
        other[0] = 7
        assert await asyncio.gather(*waits[1::2]) == [7] * 10
        assert all(wait.cancelled() for wait in waits[::2])

    run(main())


def test_wait_detects_writes_that_wake_no_waiter(run, pair, name):
    shared, other = pair

    async def main():
        later(0.02, other.view().__setitem__, 0, 5)
        assert await shared.wait_async(0, 0, timeout=10) == 5
        with ShareableList(name=name, read_only=True) as reader:
            later(0.02, other.__setitem__, 0, 6)
            assert await reader.wait_async(0, 5, timeout=10) == 6
            with pytest.raises(TypeError):
                await reader.lock_async().acquire()
        with ShareableList([1, 2], no_sync=True) as plain:  # as the standard library makes it
            plain.unlink()
            later(0.02, plain.__setitem__, 1, 3)
            assert await plain.wait_async(1, 2, timeout=10) == 3
            with pytest.raises(ValueError):
                await plain.lock_async().acquire()

    run(main())


@pytest.mark.parametrize("close", [lambda shared: shared.close(), lambda shared: shared.shm.close()])
def test_wait_ends_when_the_list_is_closed(run, pair, close):
    shared, other = pair

    async def main():
        changes = shared.changes()
        other.lock().acquire()
        calls = [shared.wait_async(0, 0), changes.__anext__(), shared.lock_async().acquire()]
        waits = [asyncio.ensure_future(call) for call in calls]
        await asyncio.sleep(0.05)
        close(shared)
        for wait in waits:
            with pytest.raises(ValueError, match="closed"):
                await wait

    run(main())


def test_list_object_can_be_opened_again(run, pair, name):
    shared, other = pair

    async def main():
        for i in range(5):
            await nothing_happens(shared.wait_async(0, i), 0.02)
            shared.__init__(name=name)
            later(0.02, other.__setitem__, 0, i + 1)
            assert await shared.wait_async(0, i, timeout=10) == i + 1

    run(main())


def test_changes_are_the_indexes_of_items_that_differ(run, pair):
    shared, other = pair

    async def main():
        other[:3] = 0.0, math.nan, 1
        changes = shared.changes()
        other[50], other[5], other[99] = 1, "text", None
        assert [await changes.__anext__() for _ in range(3)] == [5, 50, 99]
        other[0], other[1], other[2], other[5] = -0.0, math.nan, True, "text"
        assert [await changes.__anext__() for _ in range(2)] == [0, 2]
        other[7] = 1
        other[7] = 0
        await nothing_happens(changes.__anext__())  # and an iterator goes on after a cancellation
        other[8] = 1
        assert await changes.__anext__() == 8
        later(0.02, other.__setitem__, 9, 1)
        async for i in changes:
            assert i == 9
            break
        later(0.02, other.__setitem__, 10, 2)
        assert await changes.__anext__() == 10

    run(main())


def test_changes_lose_nothing_between_two_iterations(run, pair, name):
    shared, _ = pair

    async def main():
        changes, seen = shared.changes(), [0] * 100
        program = "print('ready', flush=True)\nfor k in range(1, 3001):\n    shared[k % 100] = k\nshared[0] = -1\n"
        writer = start(program, name)
        async for i in changes:
            value = shared[i]
            seen[i] = value
            if i % 7 == 0:
                await asyncio.sleep(0)
            if seen[0] == -1 and seen == shared.tolist():
                break
        writer.communicate()

    run(main())


def test_several_iterators_get_all_changes(run, pair):
    shared, other = pair

    async def main():
        async def collect():
            changes = shared.changes()
            return [await changes.__anext__() for _ in range(10)]

        tasks = [asyncio.ensure_future(collect()) for _ in range(5)]
        await asyncio.sleep(0.02)
        for i in range(10):
            other[i] = 1
            await asyncio.sleep(0.002)
        assert await asyncio.gather(*tasks) == [list(range(10))] * 5

    run(main())


def test_lock_excludes_coroutines_and_processes(run, pair, name):
    shared, _ = pair
    program = """
print("ready", flush=True)
for _ in range(500):
    with shared.lock():
        shared[0] = shared[0] + 1
"""

    async def main():
        async def add(shared):
            for _ in range(50):
                async with shared.lock_async(timeout=20) as lock:
                    assert not lock.owner_died
                    value = shared[0]
                    await asyncio.sleep(0)
                    shared[0] = value + 1

        process = start(program, name)
        lists = [ShareableList(name=name) for _ in range(5)]
        await asyncio.gather(*map(add, lists + [shared] * 5))
        await asyncio.get_running_loop().run_in_executor(None, process.communicate)
        for each in lists:
            each.close()
        assert shared[0] == 1000

    run(main())


def test_lock_times_out(run, pair):
    shared, other = pair

    async def main():
        with other.lock():
            with pytest.raises(TimeoutError, match="not unlocked"):
                await shared.lock_async(timeout=0.05).acquire()
            with pytest.raises(TimeoutError, match="not unlocked"):
                await shared.lock_async().acquire(timeout=0)
        async with shared.lock_async(timeout=0):
            with pytest.raises(TimeoutError):
                other.lock(timeout=0).acquire()
        with pytest.raises(ValueError):
            shared.lock_async().release()

    run(main())


def test_lock_is_passed_on_in_the_order_of_the_waiters(run, pair, name):
    """A coroutine that takes the lock again at once does not keep others waiting."""
    shared, other = pair
    order = []

    async def hog():
        while True:
            async with shared.lock_async(timeout=10):
                await asyncio.sleep(0.001)

    async def wait(number):
        async with (shared, other)[number % 2].lock_async(timeout=10):
            order.append(number)
            await asyncio.sleep(0.001)

    async def main():
        task = asyncio.ensure_future(hog())
        await asyncio.sleep(0.01)
        await asyncio.wait_for(asyncio.gather(*map(wait, range(20))), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert order == list(range(20))
        async with shared.lock_async(timeout=0):
            waiter = asyncio.ensure_future(other.lock_async(timeout=0.1).acquire())
            with pytest.raises(TimeoutError):
                await waiter
        async with other.lock_async(timeout=0.1):  # no other coroutine waits any more
            pass

    run(main())


def test_each_waiter_gets_the_error_of_a_list_that_was_opened_again(run, pair, name):
    """No waiter sleeps on if the item cannot be watched again."""
    shared, other = pair

    async def main():
        tasks = [asyncio.ensure_future(shared.wait_async(0, 0, timeout=5)) for _ in range(3)]
        await asyncio.sleep(0.05)
        shared.__init__(name=name)
        await asyncio.sleep(0.05)  # the waiters find that the item has not changed, and cannot watch it any more
        other[0] = 7
        start = time.monotonic()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert time.monotonic() - start < 2
        assert all(each == 7 or (isinstance(each, ValueError) and not isinstance(each, TimeoutError)) for each in found), found

    run(main())


def test_lock_reports_that_its_owner_has_died(run, pair, name):
    shared, _ = pair

    async def main():
        process = start("shared.lock().acquire()\nprint('ready', flush=True)\ntime.sleep(60)", name)
        later(0.05, process.send_signal, signal.SIGKILL)
        async with shared.lock_async(timeout=20) as lock:
            assert lock.owner_died
        process.communicate()
        async with shared.lock_async(timeout=20) as lock:
            assert not lock.owner_died

    run(main())


def test_cancelled_task_never_keeps_the_lock(run, pair):
    shared, other = pair

    async def main():
        async def hold():
            async with shared.lock_async():
                await asyncio.sleep(0)

        for k in range(200):
            other.lock().acquire()
            tasks = [asyncio.ensure_future(hold()) for _ in range(3)]
            await asyncio.sleep(0.001)
            if k % 2:
                other.lock().release()
                await asyncio.sleep(0.0001 * (k % 5))
            tasks[0].cancel()
            tasks[1].cancel()
            if not k % 2:
                other.lock().release()
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
            assert not tasks[2].cancelled()
            assert other.lock(timeout=0).acquire()
            other.lock().release()

    run(main())


def test_cancelled_wait_for_the_lock_wakes_another_process(run, pair, name):
    shared, other = pair

    async def main():
        other.lock().acquire()
        task = asyncio.ensure_future(shared.lock_async().acquire())
        await asyncio.sleep(0.02)
        process = start("print('ready', flush=True)\nshared.lock(timeout=20).acquire()\nprint('locked')", name)
        await asyncio.sleep(0.05)
        other.lock().release()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        begin = time.monotonic()
        output, _ = await asyncio.get_running_loop().run_in_executor(None, process.communicate)
        assert output == "locked\n" and time.monotonic() - begin < 10

    run(main())


def test_no_wake_up_is_lost(run, pair, name):
    """Each change wakes the coroutine. The check of each item after 50 milliseconds would replace a lost wake-up."""
    shared, _ = pair
    program = """
print("ready", flush=True)
for k in range(1, int(sys.argv[2]) + 1):
    shared[0] = k
    shared.wait(40, k - 1)
"""

    async def main():
        writer = start(program, name, str(CHANGES))
        value = slow = 0
        while value < CHANGES:
            begin = time.monotonic()
            new = await shared.wait_async(0, value)
            assert new == value + 1
            slow += time.monotonic() - begin > 0.04
            value = new
            shared[40] = value
        writer.communicate()
        assert slow <= max(5, CHANGES / 1000), f"{slow} of {CHANGES} changes were detected late"

    run(main())


def test_many_coroutines_use_one_descriptor_and_few_threads(run, name):
    async def main():
        with ShareableList([0] * 1000, name=name) as shared, ShareableList(name=name) as other:
            before = threads(), descriptors()
            waits = [asyncio.ensure_future(shared.wait_async(i, 0)) for i in range(1000)]
            await asyncio.sleep(0.1)
            # One that sleeps until a writer wakes it, and one that detects writes that wake no waiter.
            assert (threads() - before[0], descriptors() - before[1]) == (2, 1)
            other[:] = range(1, 1001)
            assert await asyncio.gather(*waits) == list(range(1, 1001))
        lists = [ShareableList([0], track=False) for _ in range(200)]
        before = threads()
        waits = [asyncio.ensure_future(shared.wait_async(0, 0)) for shared in lists * 5]
        await asyncio.sleep(0.1)
        assert threads() - before <= 6
        for shared in lists:
            shared[0] = 1
            shared.unlink()
        assert await asyncio.gather(*waits) == [1] * 1000
        for shared in lists:
            shared.close()

    run(main())


def test_closed_loop_leaves_no_descriptor_and_no_thread(run, pair):
    shared, other = pair

    async def main(is_awaited):
        wait = asyncio.ensure_future(shared.wait_async(0, 0))
        await asyncio.sleep(0.02)
        if is_awaited:
            wait.cancel()
            await asyncio.gather(wait, return_exceptions=True)

    before = threads(), descriptors()
    for k in range(10):
        run(main(k % 2 == 0))
        gc.collect()  # a task that has not ended refers to itself
        assert (threads(), descriptors()) == before
    other[0] = 1
    assert shared.wait(0, 0) == 1


@pytest.mark.parametrize("end", ["", "loop.close()", "del shared", "import gc; gc.disable(); sys.exit()", "os.kill(os.getpid(), 9)"])
def test_program_ends_while_a_coroutine_waits(end, name):
    program = f"""
import asyncio, os, sys
from shareable.shared_memory import ShareableList
shared = ShareableList([0], name=sys.argv[1])
loop = asyncio.new_event_loop()
tasks = [loop.create_task(shared.wait_async(0, 0)), loop.create_task(shared.changes().__anext__())]
loop.run_until_complete(asyncio.sleep(0.05))
{end}
"""
    ended = subprocess.run([sys.executable, "-c", program, name], stderr=-1, timeout=20)
    assert ended.returncode == (-9 if "kill" in end else 0), ended.stderr


def test_loops_in_several_threads_wait_for_the_same_list(pair):
    shared, other = pair
    results = []

    def work():
        results.append(asyncio.run(shared.wait_async(0, 0, timeout=20)))

    before = descriptors()
    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    time.sleep(0.1)
    other[0] = 3
    for worker in workers:
        worker.join()
    assert results == [3] * 8 and descriptors() == before


def test_child_of_a_fork_waits_in_a_loop_of_its_own(pair):
    shared, other = pair

    def child(inherited):
        before = descriptors()
        assert before < inherited and threads() == 1  # the descriptor of the parent's watch is closed

        async def main():
            later(0.05, other.__setitem__, 1, 1)
            assert await shared.wait_async(1, 0, timeout=10) == 1
            async with shared.lock_async(timeout=10):
                pass

        asyncio.run(main())
        assert (threads(), descriptors()) == (1, before)

    async def main():
        waits = [asyncio.ensure_future(shared.wait_async(0, 0)), asyncio.ensure_future(shared.changes().__anext__())]
        await asyncio.sleep(0.05)
        open_now = descriptors()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                asyncio._set_running_loop(None)
                signal.alarm(20)
                child(open_now)
                status = 0
            except BaseException as error:
                os.write(2, f"{error!r}\n".encode())
            finally:
                os._exit(status)
        _, status = await asyncio.get_running_loop().run_in_executor(None, os.waitpid, pid, 0)
        assert status == 0
        other[0] = 2
        assert await asyncio.wait_for(waits[0], 10) == 2
        assert await asyncio.wait_for(waits[1], 10) in (0, 1)

    asyncio.run(main())


class Gaps:
    """Measures the longest time in which the event loop did not run, in a `with` statement of a coroutine."""

    def __enter__(self):
        self.longest, self.task = 0, asyncio.ensure_future(self.measure())
        return self

    async def measure(self):
        while True:
            begin = time.monotonic()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.monotonic() - begin)

    def __exit__(self, *error):
        self.task.cancel()


def test_stopped_manager_does_not_block_the_loop(run, name):
    async def main():
        in_thread = asyncio.get_running_loop().run_in_executor  # asyncio.to_thread(), in 3.9 and with uvloop
        manager = SharedMemoryManager()
        with Gaps() as gaps:
            await in_thread(None, manager.start)
            lists = await asyncio.gather(*(in_thread(None, manager.ShareableList, [n]) for n in range(20)))
            assert [each[0] for each in lists] == list(range(20))
            os.kill(manager._process.pid, signal.SIGSTOP)
            late = in_thread(None, manager.SharedMemory, 16, name)
            calls = [asyncio.wait_for(in_thread(None, manager.SharedMemory, 16), 1) for _ in range(3)]
            calls = [asyncio.ensure_future(call) for call in calls]
            for call in calls:
                with pytest.raises(asyncio.TimeoutError):
                    await call
            os.kill(manager._process.pid, signal.SIGCONT)
            assert (await late).name == name and os.path.exists(f"/dev/shm/{name}")
            await in_thread(None, manager.shutdown)
        assert gaps.longest < 0.5, f"the loop was blocked for {gaps.longest:.3f} seconds"
        assert not os.path.exists(f"/dev/shm/{name}")

    run(main())


def test_block_of_a_cancelled_task_is_removed(run, name):
    async def main():
        in_thread = asyncio.get_running_loop().run_in_executor
        names = [f"{name}-{i}" for i in range(2)]
        with SharedMemoryManager() as manager:
            os.kill(manager._process.pid, signal.SIGSTOP)
            makers = (lambda: manager.SharedMemory(16, names[0]), lambda: manager.ShareableList([1], name=names[1]))
            calls = [in_thread(None, make) for make in makers]
            for each in names:
                while not os.path.exists(f"/dev/shm/{each}"):
                    await asyncio.sleep(0.01)
            for call in calls:
                call.cancel()
            os.kill(manager._process.pid, signal.SIGCONT)
            for each in names:
                while os.path.exists(f"/dev/shm/{each}"):
                    await asyncio.sleep(0.01)

    run(main())
