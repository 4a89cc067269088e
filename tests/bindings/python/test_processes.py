"""Tests blocks and lists in several processes: pickled, forked, and open at exit."""

import copy
import os
import pathlib
import pickle
import subprocess
import sys
import threading
import traceback

import pytest

from shareable.shared_memory import ShareableList, SharedMemory

HERE = pathlib.Path(__file__).parent


@pytest.fixture
def memory(name):
    """A block of 16 bytes, in addition to the list of the same test."""
    with SharedMemory(name + "-memory", create=True, size=16) as memory:
        yield memory
        memory.unlink()


def run(*arguments):
    """Run an interpreter, which must succeed and print no errors. Return its output."""
    ended = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def in_child(function):
    """Run a function in a fork of this process, where it must succeed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            function()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_passes_blocks_and_lists(method):
    assert run(str(HERE / "passing.py"), method) == "passed\n"


def test_the_first_use_imports_nothing(name):
    # A child would wait for ever for an import that a thread of its parent had begun before the fork.
    code = """
import sys
from shareable.shared_memory import ShareableList, SharedMemory
imported = set(sys.modules)
with SharedMemory(sys.argv[1], create=True, size=16) as memory:
    memory.buf[0] = 1
    memory.unlink()
shared = ShareableList([1, 0.5, "howdy", None], name=sys.argv[1])
shared[0] += shared.shm.buf[0]
with shared.lock():
    pass
shared.wait(0, 1, timeout=0), shared.wait_any(0, timeout=0), repr(shared), shared.format, shared[1:], list(shared)
shared.shm.close()
shared.shm.unlink()
print(sorted(set(sys.modules) - imported))
"""
    assert run("-c", code, name) == "[]\n"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_of_each_protocol_attaches(memory, mixed, protocol):
    with SharedMemory(mixed.shm.name, read_only=True) as reader:
        packed = pickle.dumps([mixed, mixed.shm, reader], protocol)
    shared, block, reader = pickle.loads(packed)
    assert shared.tolist() == mixed.tolist() and block.size == mixed.shm.size
    assert (shared.shm.read_only, block.read_only, reader.read_only) == (False, False, True)
    shared[3] = protocol
    assert mixed[3] == protocol
    for each in (shared, block, reader):
        each.close()
    assert mixed[3] == protocol


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copy_is_another_object_for_the_same_list(mixed, copied):
    with copied(mixed) as other, copied(mixed.shm) as memory:
        assert type(other) is ShareableList and other is not mixed and memory is not mixed.shm
        other[0] = "copy"
        memory.buf[-1:] = mixed.shm.buf[-1:]
    assert mixed[0] == "copy"


OPEN_AT_EXIT = """if True:
    import gc, sys
    from shareable.shared_memory import ShareableList, SharedMemory, unlink

    class Closing(SharedMemory):
        def __del__(self):
            self.close()

    class Node:
        pass

    def cycle(thing):
        node = Node()
        node.itself, node.thing = node, thing

    memory = SharedMemory(create=True, size=4096)
    view, slice_ = memory.buf, memory.buf[8:]
    shared = ShareableList(["text", 1])
    iterator, lock = iter(shared), shared.lock(timeout=1)
    lock.acquire()
    closing = Closing(memory.name)
    reader = SharedMemory(memory.name, read_only=True)
    gc.disable()
    cycle(Closing(memory.name)), cycle(ShareableList(name=shared.shm.name)), cycle(SharedMemory(memory.name).buf)
    looped = ShareableList(name=shared.shm.name)
    looped.itself = looped
    sys.modules["kept"] = looped
    memory.unlink(), shared.unlink()
    try:
        import numpy
        array = numpy.frombuffer(memory.buf, dtype="u1")
    except ImportError:
        pass
    """


@pytest.mark.parametrize("end", ["", "sys.exit(0)", "raise SystemExit", "memory.close(), shared.close()", "del memory, shared"])
def test_interpreter_exits_silently_with_open_objects(end):
    assert run("-X", "dev", "-c", OPEN_AT_EXIT + end) == ""


def test_unregistering_a_block_from_the_tracker_keeps_the_block(memory):
    # The tracker process prints a KeyError, because it does not know the name.
    code = """if True:
        import sys
        from multiprocessing import resource_tracker
        from shareable.shared_memory import SharedMemory
        memory = SharedMemory(sys.argv[1])
        resource_tracker.unregister(memory._name, "shared_memory")
        memory.buf[0] = 5
    """
    ended = subprocess.run([sys.executable, "-c", code, memory.name], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "") and f"KeyError: '/{memory.name}'" in ended.stderr
    with SharedMemory(memory.name) as other:
        assert other.buf[0] == 5


def test_threads_and_forks_use_the_same_objects():
    assert " actions, " in run(str(HERE / "stress_threads.py"), "3")


def test_parent_keeps_its_objects_when_the_child_closes_them(memory, mixed):
    view = memory.buf

    def child():
        assert memory.buf is view and mixed[0] == "howdy"
        memory.close()
        mixed.close()
        assert memory.buf is None and mixed.shm.buf is None
        view[1] = 5  # the child's view is still valid

    in_child(child)
    assert memory.buf is view and memory.buf[1] == 5 and mixed[0] == "howdy"


def test_parent_reads_what_the_child_wrote(memory, mixed):
    def child():
        memory.buf[:5] = b"child"
        mixed[0] = "child"
        mixed[3] = 2.5
        assert mixed.add(6, 1) == 43
        with mixed.lock(timeout=10):
            mixed[1] = b"locked"

    with mixed.lock():
        mixed[5] = "parent"
    in_child(child)
    assert bytes(memory.buf[:5]) == b"child" and mixed.tolist() == ["child", b"locked", -273.154, 2.5, None, "parent", 43]
    with mixed.lock(timeout=0):
        pass


def test_child_that_exits_normally_keeps_the_block(memory, mixed):
    child = os.fork()
    if child == 0:
        memory.buf[0] = 1
        os.execv(sys.executable, [sys.executable, "-c", ""])
    assert os.waitpid(child, 0)[1] == 0
    code = """if True:
        import os, sys
        from shareable.shared_memory import ShareableList, SharedMemory
        memory, shared = SharedMemory(sys.argv[1]), ShareableList(name=sys.argv[2])
        child = os.fork()
        memory.buf[1 if child else 2] = 7
        if child:
            assert os.waitpid(child, 0)[1] == 0
        shared[0] = "parent" if child else "child"
    """
    assert run("-c", code, memory.name, mixed.shm.name) == ""
    assert list(memory.buf[:3]) == [1, 7, 7] and mixed[0] == "parent"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of os.fork() beside a thread, since 3.12
def test_child_can_write_while_a_thread_of_the_parent_waits(make_list, name):
    shared, ended = make_list([0]), []
    thread = threading.Thread(target=lambda: ended.append(shared.wait(0, 0, timeout=30)))
    thread.start()

    def child():
        assert shared[0] == 0
        shared[0] = 8

    in_child(child)
    thread.join(30)
    assert ended == [8]
