"""Tests the manager: the transcripts of CPython's documentation, and beyond."""

import multiprocessing
import os
import re
import subprocess
import sys
import time
from multiprocessing import managers as stock
from multiprocessing import resource_tracker

import pytest

from shareable import _raw
from shareable.managers import SharedMemoryManager

KEY = b"test-authkey"


def exists(name):
    return os.path.exists(f"/dev/shm/{name}")


def is_removed(path):
    """Return whether the path disappears within a second."""
    end = time.monotonic() + 1
    while os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.005)
    return not os.path.exists(path)


@pytest.fixture(scope="module", autouse=True)
def no_tracker_is_left():
    """Stop the tracker that the standard library's classes start: it keeps a pipe open."""
    yield
    resource_tracker._resource_tracker._stop()


def do_work(shared_list, start, stop):
    """Work on a part of the list, as in CPython's documentation."""
    for i in range(start, stop):
        shared_list[i] = 2 * i


def test_transcript_of_the_documentation():
    smm = SharedMemoryManager()
    smm.start()
    sl = smm.ShareableList(range(4))
    assert re.fullmatch(r"ShareableList\(\[0, 1, 2, 3\], name='psm_[0-9a-f]{8}'\)", repr(sl))
    raw_shm = smm.SharedMemory(size=128)
    another_sl = smm.ShareableList("alpha")
    assert re.fullmatch(r"ShareableList\(\['a', 'l', 'p', 'h', 'a'\], name='psm_[0-9a-f]{8}'\)", repr(another_sl))
    names = [sl.shm.name, raw_shm.name, another_sl.shm.name]
    assert raw_shm.size == 128 and all(map(exists, names))
    smm.shutdown()  # Calls unlink() on sl, raw_shm, and another_sl
    assert not any(map(exists, names))
    assert sl[3] == 3  # the open list can still be used


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_two_processes_share_the_work_as_in_the_documentation(method):
    context = multiprocessing.get_context(method)
    with SharedMemoryManager() as smm:
        sl = smm.ShareableList(range(2000))
        p1 = context.Process(target=do_work, args=(sl, 0, 1000))
        p2 = context.Process(target=do_work, args=(sl, 1000, 2000))
        p1.start()
        p2.start()
        p1.join()
        p2.join()
        total_result = sum(sl)
        name = sl.shm.name
    assert total_result == 2 * sum(range(2000)) and not exists(name)


@pytest.mark.parametrize("address", [None, "path", "\0abstract", b"\0bytes", ("127.0.0.1", 0)])
def test_stock_manager_class_connects_at_any_address(address, tmp_path, name):
    if isinstance(address, str):
        address = "\0" + name if address[0] == "\0" else str(tmp_path / address)
    elif isinstance(address, bytes):
        address = b"\0" + name.encode()
    with SharedMemoryManager(address, KEY) as manager:
        if isinstance(address, tuple):
            assert manager.address[0] == "127.0.0.1" and manager.address[1] > 0
        elif address is not None:
            assert os.fsencode(manager.address) == os.fsencode(address)
        theirs = stock.SharedMemoryManager(manager.address, KEY)
        theirs.connect()
        block, ours = theirs.SharedMemory(16), SharedMemoryManager(manager.address, KEY)
        ours.connect()
        mine = ours.ShareableList(["mine"])
        assert exists(block.name) and exists(mine.shm.name)
        block.close()
        with ours:
            pass  # the end of a connection does not stop the manager
        assert exists(mine.shm.name)
    assert not exists(block.name) and not exists(mine.shm.name)
    resource_tracker.unregister(block._name, "shared_memory")  # our manager unlinked the block


STOCK = f"""
import sys
from multiprocessing.managers import SharedMemoryManager

if __name__ == "__main__":
    with SharedMemoryManager(authkey={KEY!r}) as manager:
        print(manager.address, flush=True)
        sys.stdin.read()
"""


def test_manager_class_connects_to_a_stock_manager():
    theirs = subprocess.Popen([sys.executable, "-c", STOCK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ours = SharedMemoryManager(theirs.stdout.readline().strip(), KEY)
    ours.connect()
    names = [ours.SharedMemory(5).name, ours.ShareableList([1, "two"]).shm.name]
    assert all(map(exists, names))
    theirs.communicate(timeout=30)
    assert not any(map(exists, names))
    with pytest.raises(OSError):
        ours.SharedMemory(5)


def test_another_key_raises_permission_error():
    with SharedMemoryManager(authkey=KEY) as manager:
        with pytest.raises(PermissionError, match="has another key"):
            SharedMemoryManager(manager.address, b"wrong").connect()
    with pytest.raises(ValueError, match="the key is empty"):
        SharedMemoryManager(authkey=b"").start()
    with pytest.raises(TypeError, match="'authkey' must be bytes, not str"):
        SharedMemoryManager(authkey="text")


@pytest.mark.parametrize(
    "address, error, message",
    [
        (5, TypeError, "'address' must be a str, bytes, a pair of a host and a port, or None, not int"),
        (["a", 1], TypeError, "'address' must be a str, bytes, a pair of a host and a port, or None, not list"),
        (("a",), ValueError, "'address' must be a pair of a host and a port"),
        ("/tmp/a\0b", ValueError, "an address must not contain a NUL, except as its first character"),
        ("/tmp/\ud800", UnicodeEncodeError, "'address' must not contain this surrogate"),
    ],
)
def test_wrong_address_raises_an_error_that_names_it(address, error, message):
    with pytest.raises(error) as caught:
        SharedMemoryManager(address, KEY).connect()
    assert message in str(caught.value) and "valid name" not in str(caught.value)


def test_repr_works_without_init():
    assert repr(SharedMemoryManager.__new__(SharedMemoryManager)) == "SharedMemoryManager(address=None)"


def test_connecting_without_a_manager_fails(tmp_path):
    with pytest.raises(OSError):
        SharedMemoryManager(str(tmp_path / "none"), KEY).connect()
    with pytest.raises(ValueError, match="'address' must not be None"):
        SharedMemoryManager().connect()


def test_start_and_connect_work_only_once_but_shutdown_may_be_repeated():
    manager = SharedMemoryManager()
    assert manager.address is None
    with pytest.raises(ValueError, match="is not running"):
        manager.SharedMemory(5)
    manager.shutdown()
    with pytest.raises(TypeError, match="'initializer' must be None"):
        manager.start(print)
    with manager as same:
        assert same is manager and repr(manager) == f"SharedMemoryManager(address={manager.address!r})"
        for begin in (manager.start, manager.connect):
            with pytest.raises(ValueError, match="already"):
                begin()
        with pytest.raises(KeyError), manager:
            raise KeyError
    manager.shutdown()
    manager.join()
    with pytest.raises(ValueError, match="was shut down"):
        manager.ShareableList([1])
    assert is_removed(os.path.dirname(manager.address))


def test_block_that_cannot_be_tracked_is_removed(monkeypatch):
    tried = []

    def track(manager, name):
        tried.append(name)
        assert exists(name)
        raise OSError("not today")

    with SharedMemoryManager() as manager:
        with pytest.raises(TypeError):
            manager.ShareableList([{}])
        with pytest.raises(ValueError):
            manager.SharedMemory(0)
        monkeypatch.setattr(_raw, "manager_track", track)
        for make in (lambda: manager.ShareableList([1]), lambda: manager.SharedMemory(5)):
            with pytest.raises(OSError, match="not today"):
                make()
    assert len(tried) == 2 and not any(map(exists, tried))


OWNER = """
import sys, time
from shareable.managers import SharedMemoryManager
manager = SharedMemoryManager()
manager.start()
print(manager.address, manager.ShareableList([1]).shm.name, flush=True)
exec(sys.argv[1])
"""


@pytest.mark.parametrize("end", ["time.sleep(60)", "del manager; time.sleep(60)", "pass"])
def test_manager_ends_with_its_starter_or_its_last_handle(end):
    owner = subprocess.Popen([sys.executable, "-c", OWNER, end], stdout=subprocess.PIPE, text=True)
    address, name = owner.stdout.readline().split()
    if end == "time.sleep(60)":
        assert exists(name)
        owner.kill()
    assert is_removed(f"/dev/shm/{name}") and is_removed(os.path.dirname(address))
    owner.kill()
    owner.wait()
    owner.stdout.close()


def test_child_of_a_fork_does_not_stop_the_manager():
    with SharedMemoryManager() as manager:
        shared = manager.ShareableList([1])
        child = os.fork()
        if child == 0:
            del manager
            os._exit(0)
        os.waitpid(child, 0)
        time.sleep(0.2)
        assert exists(shared.shm.name)
        manager.SharedMemory(5)
