"""Tests that a wait in a thread of an executor ends when its task is cancelled, or the loop or the program ends."""

import re
import signal
import subprocess
import sys
import textwrap

import pytest

WAITS = ["wait", "wait_any", "lock", "with lock"]

# What each program begins with. work() waits without a limit, and prints how its wait ends.
PRELUDE = """
import asyncio
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from shareable.shared_memory import ShareableList

name, way = sys.argv[1:]
shared, other = ShareableList([0], name=name), ShareableList(name=name)
other.lock().acquire()
waiting = threading.Event()

def hold():
    with shared.lock():
        print("locked")

def work():
    waiting.set()
    try:
        {"wait": lambda: shared.wait(0, 0), "wait_any": shared.wait_any, "lock": shared.lock().acquire, "with lock": hold}[way]()
    except BaseException as error:
        print(type(error).__name__, flush=True)
        raise

"""

# Programs whose task is cancelled, or whose loop ends.
CANCELLED = {
    "wait_for": """
        async def main():
            try:
                await asyncio.wait_for(asyncio.to_thread(work), 0.2)
            except asyncio.TimeoutError:
                shared.unlink()
        asyncio.run(main())
    """,
    "cancel() of a task": """
        async def main():
            task = asyncio.create_task(asyncio.to_thread(work))
            await asyncio.sleep(0.2)
            task.cancel()
        asyncio.run(main())
    """,
    "an executor of the program": """
        async def main():
            future = asyncio.get_running_loop().run_in_executor(executor, work)
            await asyncio.sleep(0.2)
            future.cancel()
        executor = ThreadPoolExecutor()
        asyncio.run(main())
    """,
    "a with statement, after cancel()": """
        async def main():
            with ThreadPoolExecutor() as executor:
                future = asyncio.get_running_loop().run_in_executor(executor, work)
                await asyncio.sleep(0.2)
                future.cancel()
        asyncio.run(main())
    """,
    "the end of run(), which cancels tasks": """
        async def main():
            asyncio.create_task(asyncio.to_thread(work))
            await asyncio.sleep(0.2)
        asyncio.run(main())
    """,
    "the end of run(), with a future that is not awaited": """
        async def main():
            asyncio.get_running_loop().run_in_executor(None, work)
            await asyncio.sleep(0.2)
        asyncio.run(main())
    """,
    "the default executor's shutdown": """
        loop = asyncio.new_event_loop()
        loop.run_in_executor(None, work)
        waiting.wait()
        loop.run_until_complete(loop.shutdown_default_executor())
    """,
    "close()": """
        loop = asyncio.new_event_loop()
        loop.run_in_executor(ThreadPoolExecutor(), work)
        waiting.wait()
        loop.close()
        time.sleep(0.3)
    """,
    "an exception in the main task": """
        async def main():
            asyncio.create_task(asyncio.to_thread(work))
            await asyncio.sleep(0.2)
            sys.exit()
        asyncio.run(main())
    """,
    "an executor's future that asyncio wraps": """
        async def main():
            future = asyncio.wrap_future(ThreadPoolExecutor().submit(work))
            await asyncio.sleep(0.2)
            future.cancel()
        asyncio.run(main())
    """,
}

# Programs that end while an executor still waits.
EXITED = {
    "the end of the program": """
        ThreadPoolExecutor().submit(work)
        waiting.wait()
    """,
    "a result that is not awaited any longer": """
        try:
            ThreadPoolExecutor().submit(work).result(0.2)
        except Exception:
            shared.unlink()
    """,
    "a loop that is not closed": """
        loop = asyncio.new_event_loop()
        loop.run_in_executor(None, work)
        waiting.wait()
    """,
}


def run(name, program, way="wait"):
    """Run a program. Return what it printed, and fail if it does not end."""
    command = [sys.executable, "-c", PRELUDE + textwrap.dedent(program), name, way]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20)
    return ended.stdout, ended.stderr, ended.returncode


@pytest.mark.parametrize("program", CANCELLED)
def test_wait_ends_when_its_task_is_cancelled_or_its_loop_ends(name, program):
    assert run(name, CANCELLED[program]) == ("CancelledError\n", "", 0)


@pytest.mark.parametrize("way", WAITS)
def test_every_kind_of_wait_ends(name, way):
    assert run(name, CANCELLED["wait_for"], way) == ("CancelledError\n", "", 0)


@pytest.mark.parametrize("program", EXITED)
def test_wait_ends_when_the_program_ends(name, program):
    assert run(name, EXITED[program]) == ("SystemExit\n", "", 0)


def test_wait_ends_after_ctrl_c(name):
    program = PRELUDE + textwrap.dedent("""
        async def main():
            print("ready", flush=True)
            await asyncio.to_thread(work)
        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", program, name, "wait"], stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    # The signal may come before the thread waits, or, before 3.11, anywhere in asyncio.
    assert output in ("", "CancelledError\n", "SystemExit\n") and "KeyboardInterrupt" in errors, (output, errors)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout() is new in 3.11")
def test_wait_ends_at_a_timeout_of_asyncio(name):
    program = """
        async def main():
            try:
                async with asyncio.timeout(0.2):
                    await asyncio.to_thread(work)
            except TimeoutError:
                print("TimeoutError")
        asyncio.run(main())
    """
    output, errors, code = run(name, program)
    words = re.findall("CancelledError|TimeoutError", output)  # two threads may print into one line
    assert (sorted(words), errors, code) == (["CancelledError", "TimeoutError"], "", 0)


@pytest.mark.parametrize("pause", [0, 0.02, 0.2])
def test_cancelled_task_leaves_the_lock_free(name, pause):
    """Whether the wait has ended when the lock is released, or gets the lock."""
    program = f"""
        async def main():
            for _ in range(10):
                try:
                    await asyncio.wait_for(asyncio.to_thread(shared.lock().acquire), 0.02)
                except asyncio.TimeoutError:
                    await asyncio.sleep({pause})
                    other.lock().release()
                await asyncio.sleep(0.1)
                other.lock(timeout=5).acquire()
            print("free")
        asyncio.run(main())
    """
    assert run(name, program) == ("free\n", "", 0)


def test_work_with_short_timeouts_ends(name):
    program = """
        def poll():
            while True:
                try:
                    return shared.wait(0, 0, timeout=0.01)
                except TimeoutError:
                    pass

        async def main():
            try:
                await asyncio.wait_for(asyncio.to_thread(poll), 0.2)
            except asyncio.TimeoutError:
                print("given up")
        asyncio.run(main())
    """
    assert run(name, program) == ("given up\n", "", 0)


def test_wait_of_a_living_task_goes_on(name):
    program = """
        async def main():
            awaited = asyncio.create_task(asyncio.to_thread(shared.wait, 0, 0))
            cancelled = asyncio.create_task(asyncio.to_thread(shared.wait, 0, 0))
            await asyncio.sleep(0.2)
            cancelled.cancel()
            await asyncio.sleep(0.2)
            other[0] = 5
            print(await awaited)
        asyncio.run(main())
    """
    assert run(name, program) == ("5\n", "", 0)


def test_executor_waits_for_its_work(name):
    """The end of a with statement is not the end of the program."""
    program = """
        with ThreadPoolExecutor() as executor:
            future = executor.submit(shared.wait, 0, 0)
            threading.Timer(0.3, other.__setitem__, (0, 5)).start()
        print(future.result())
    """
    assert run(name, program) == ("5\n", "", 0)


def test_thread_of_the_program_goes_on_at_its_end(name):
    program = """
        threading.Thread(target=lambda: print(shared.wait(0, 0))).start()
        threading.Timer(0.3, other.__setitem__, (0, 5)).start()
    """
    assert run(name, program) == ("5\n", "", 0)


def test_cancelled_wait_keeps_nothing_alive(name):
    program = """
        import gc
        import weakref

        class Argument:
            pass

        def wait(argument):
            shared.wait(0, 0)

        async def main():
            argument = Argument()
            argument_again = weakref.ref(argument)
            future = asyncio.get_running_loop().run_in_executor(None, wait, argument)
            del argument
            await asyncio.sleep(0.2)
            future.cancel()
            del future
            await asyncio.sleep(0.3)
            print(argument_again())

        gc.disable()
        asyncio.run(main())
    """
    assert run(name, program) == ("None\n", "", 0)
