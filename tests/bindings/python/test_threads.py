"""Tests threads that use the same objects at the same time. stress_threads.py does so at random."""

import os
import subprocess
import sys
import sysconfig
import threading
import time

import pytest

from shareable.shared_memory import ShareableList, SharedMemory

THREADS = 8


def in_threads(function):
    """Call the function in several threads at once. Return the results."""
    barrier, results = threading.Barrier(THREADS), []

    def work():
        barrier.wait()
        results.append(function())

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == THREADS
    return results


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this CPython always has the GIL")
def test_import_does_not_switch_the_gil_on():
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    code = "import shareable.managers, sys; assert not sys._is_gil_enabled()"
    command = [sys.executable, "-W", "error", "-c", code]
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_threads_that_share_an_iterator_read_each_item_once(make_list):
    iterator = iter(make_list(range(20000)))
    assert sorted(sum(in_threads(lambda: list(iterator)), [])) == list(range(20000))
    assert list(iterator) == [] and iterator.__length_hint__() == 0


def test_threads_read_a_list_that_is_closed_and_opened_again(make_list):
    shared = make_list(range(100))
    is_read, is_over = threading.Event(), threading.Event()

    def read():
        while not is_over.is_set():
            try:
                assert shared[99] == 99 and list(shared) == shared[:]
                is_read.set()
            except ValueError as error:
                assert "is closed" in str(error)

    def reopen():
        limit = time.monotonic() + 60
        try:
            is_read.wait(60)
            is_read.clear()
            rounds = 0
            while rounds < 200 or (not is_read.is_set() and time.monotonic() < limit):
                shared.close()
                shared.__init__(name=shared.shm.name)
                time.sleep(0.0001)  # with the GIL, the readers would rarely find the list open
                shared.shm.close()
                shared.__init__(name=shared.shm.name)
                rounds += 1
        finally:
            is_over.set()

    opener = threading.Thread(target=reopen)
    opener.start()
    in_threads(read)
    opener.join()
    assert is_read.is_set()


def test_buf_is_of_the_block_that_the_object_has(name):
    blocks = [SharedMemory(f"{name}-{i}", create=True, size=8) for i in range(3)]
    for i, block in enumerate(blocks):
        block.buf[0] = i
    memory, wrong, found, is_over = SharedMemory(blocks[0].name), [], set(), threading.Event()

    def reopen():
        """Make the numbers of the descriptors change their blocks, between two blocks of the object."""
        while not is_over.is_set():
            memory.close()
            others = [SharedMemory(blocks[2].name) for _ in range(2)]
            for block in blocks[:2]:
                memory.__init__(block.name)
                time.sleep(0)
            for other in others:
                other.close()
            time.sleep(0)
            if memory.buf[0] != 1:
                wrong.append(memory.buf[0])

    opener, interval = threading.Thread(target=reopen), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        opener.start()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            view = memory.buf
            found.add(None if view is None else view[0])
    finally:
        is_over.set()
        opener.join()
        sys.setswitchinterval(interval)
        for block in blocks:
            block.close()
            block.unlink()
    assert wrong == [] and found <= {0, 1, None}


def test_a_closed_block_is_unmapped_although_threads_try_to_use_it(name):
    with SharedMemory(name, create=True, size=4096) as memory:
        in_threads(lambda: [memory.close() for _ in range(10)])
        assert memory.buf is None and memory.size == 4096


def test_a_list_of_numbers_is_made_from_a_list_that_another_thread_changes():
    source, is_over = list(range(1000)), threading.Event()

    def change():
        while not is_over.is_set():
            source.append(2**40)
            source.pop()
            source[5] = 2**41
            source[5] = 5

    changer = threading.Thread(target=change)
    changer.start()
    for _ in range(200):
        shared = ShareableList(source)
        shared.unlink()
        assert shared[:5] == [0, 1, 2, 3, 4] and shared[5] in (5, 2**41) and len(shared) in (1000, 1001)
        shared.close()
    is_over.set()
    changer.join()


def test_interpreter_ends_beside_daemon_threads_that_use_a_list():
    code = """if True:
        import threading, time
        from shareable import _raw
        from shareable.shared_memory import ShareableList
        shared = ShareableList(range(100000))
        other = ShareableList(name=shared.shm.name)
        shared.unlink()
        def use():
            while True:
                shared.count(5)
                shared[3]
                _raw.List.__init__(shared, other)
        for _ in range(4):
            threading.Thread(target=use, daemon=True).start()
        time.sleep(0.1)
    """
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert ended.returncode == 0


def test_child_of_a_fork_uses_lists_although_other_threads_used_them(make_list):
    shared = make_list(range(10))
    is_over = threading.Event()

    def use():
        mine = ShareableList(name=shared.shm.name)
        while not is_over.is_set():
            mine.count(5)
            mine.close()
            mine.__init__(name=shared.shm.name)
        mine.close()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                shared.close()
                with ShareableList(name=shared.shm.name) as own:
                    os._exit(0 if own[:] == list(range(10)) else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
