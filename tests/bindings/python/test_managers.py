"""Tests the manager: the transcripts of CPython's documentation, and beyond."""

import multiprocessing
import multiprocessing.connection
import multiprocessing.forkserver
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from multiprocessing import managers as stock
from multiprocessing import resource_tracker

import pytest

from shareable import _raw, shared_memory
from shareable.managers import SharedMemoryManager

KEY = b"test-authkey"


def exists(name):
    return os.path.exists(f"/dev/shm/{name}")


def is_removed(path, seconds=1):
    """Return whether the path disappears within a second, or another time."""
    end = time.monotonic() + seconds
    while os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.005)
    return not os.path.exists(path)


@pytest.fixture(scope="module", autouse=True)
def no_tracker_is_left():
    """Stop the helpers that the standard library's classes start: they keep pipes open."""
    yield
    multiprocessing.forkserver._forkserver._stop()
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
        with pytest.raises(PermissionError, match="has another key") as caught:
            SharedMemoryManager(manager.address, b"wrong").connect()
        assert isinstance(caught.value, multiprocessing.AuthenticationError)  # as the standard library's error
        SharedMemoryManager(manager.address, bytearray(KEY)).connect()
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


def test_start_works_only_once_but_shutdown_may_be_repeated():
    manager = SharedMemoryManager()
    assert manager.address is None
    with pytest.raises(ValueError, match="is not running"):
        manager.SharedMemory(5)
    manager.shutdown()
    with manager as same:
        assert same is manager and repr(manager) == f"SharedMemoryManager(address={manager.address!r})"
        for begin in (manager.start, manager.get_server):  # errors as the standard library's
            with pytest.raises(multiprocessing.ProcessError, match="lready started"):
                begin()
        manager.connect()  # another connection, as with the standard library's manager
        assert exists(manager.SharedMemory(5).name)
        with pytest.raises(KeyError), manager:
            raise KeyError
    manager.shutdown()
    manager.join()
    with pytest.raises(multiprocessing.ProcessError), manager:
        pass
    with pytest.raises(ValueError, match="was shut down"):
        manager.ShareableList([1])
    assert is_removed(os.path.dirname(manager.address))


def test_block_that_cannot_be_tracked_is_removed(monkeypatch):
    tried = []

    def adopt(manager, memory):
        tried.append(memory.name)
        assert exists(memory.name)
        raise OSError("not today")

    with SharedMemoryManager() as manager:
        with pytest.raises(TypeError):
            manager.ShareableList([{}])
        with pytest.raises(ValueError):
            manager.SharedMemory(0)
        monkeypatch.setattr(_raw, "manager_adopt", adopt)
        for make in (lambda: manager.ShareableList([1]), lambda: manager.SharedMemory(5)):
            with pytest.raises(OSError, match="not today"):
                make()
    assert len(tried) == 2 and not any(map(exists, tried))


CREATOR = """
import sys
from shareable import _raw
from shareable.managers import SharedMemoryManager

def print_and_wait(manager, memory):
    print(memory.name, flush=True)
    sys.stdin.read()

_raw.manager_adopt = print_and_wait
manager = SharedMemoryManager(sys.argv[1], sys.argv[2].encode())
manager.connect()
manager.SharedMemory(5)
"""


def test_creator_that_is_killed_before_the_manager_has_the_block_leaves_nothing():
    with SharedMemoryManager(authkey=KEY) as manager:
        command = [sys.executable, "-c", CREATOR, manager.address, KEY.decode()]
        creator = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        name = creator.stdout.readline().strip()
        assert exists(name)
        creator.kill()
        creator.communicate()
        assert is_removed(f"/dev/shm/{name}", 5)


def create_and_exit(manager, names):
    names.send(manager.SharedMemory(5).name)


def test_block_outlives_its_creator():
    context = multiprocessing.get_context("fork")
    with SharedMemoryManager() as manager:
        receiver, sender = context.Pipe(duplex=False)
        with closing(receiver), closing(sender):
            worker = context.Process(target=create_and_exit, args=(manager, sender))
            worker.start()
            name = receiver.recv()
            worker.kill()
            worker.join()
        time.sleep(1.5)
        assert exists(name)
    assert not exists(name)


def name_from_a_manager():
    """A pool's workers are daemonic: they may not start processes of multiprocessing."""
    with SharedMemoryManager() as manager:
        name = manager.SharedMemory(5).name
        assert exists(name)
    return name


def test_worker_of_a_pool_can_start_a_manager():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert not exists(pool.apply(name_from_a_manager))


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


class Tally:
    """A type that the tests register."""

    def __init__(self, **counts):
        self._counter = Counter(counts)

    def add(self, word):
        self._counter[word] += 1
        return self._counter[word]


class TallyManager(SharedMemoryManager):
    """A manager with a type, so that it runs Python."""


TallyManager.register("Tally", Tally)


class EverythingManager(SharedMemoryManager, stock.SyncManager):
    """A manager that also has the types of the standard library, as programs combine them."""


class StockTallyManager(stock.SharedMemoryManager):
    """The standard library's manager with the same type."""


StockTallyManager.register("Tally", Tally)

KINDS = [SharedMemoryManager, TallyManager]
contexts = pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
kinds = pytest.mark.parametrize("kind", KINDS)


def tally_and_create(tally, manager, names):
    """Work of a process that gets a proxy and a manager."""
    tally.add("worker")
    names.send(manager.SharedMemory(5).name)


@contexts
def test_registered_type_is_served_to_processes(method):
    context = multiprocessing.get_context(method)
    with TallyManager(ctx=context) as manager:
        assert isinstance(manager, stock.BaseManager) and isinstance(manager._process, context.Process)
        tally, shared = manager.Tally(main=5), manager.ShareableList([1, "a"])
        receiver, sender = context.Pipe(duplex=False)
        with closing(receiver), closing(sender):
            worker = context.Process(target=tally_and_create, args=(tally, manager, sender))
            worker.start()
            name = receiver.recv()
            worker.join()
        assert worker.exitcode == 0 and tally.add("worker") == 2 and tally.add("main") == 6
        assert manager._number_of_objects() == 1 and "refcount" in manager._debug_info()
        assert shared[1] == "a" and exists(name)  # the block lives as the manager, not as its creator
        tally_address = manager.address
    assert not exists(name) and not exists(shared.shm.name) and not os.path.exists(tally_address)


@pytest.mark.parametrize("bases", [(SharedMemoryManager, stock.SyncManager), (stock.SyncManager, SharedMemoryManager)])
def test_class_may_also_be_a_sync_manager(bases):
    class Both(*bases):
        pass

    with Both(ctx=multiprocessing.get_context("fork")) as manager:
        numbers, lock, shared = manager.dict(one=1), manager.Lock(), manager.ShareableList([5])
        with lock:
            numbers["two"] = 2
        assert numbers.copy() == {"one": 1, "two": 2} and manager.list([shared])[0][0] == 5


def test_types_of_a_subclass_are_not_those_of_its_parent():
    assert "Tally" in TallyManager._registry and not hasattr(SharedMemoryManager, "Tally")
    with SharedMemoryManager() as plain, TallyManager() as typed:
        assert not isinstance(plain._process, type(typed._process))
        assert plain._number_of_objects() == 0 and plain._debug_info() == ""
        with pytest.raises(stock.RemoteError, match="KeyError: 'Tally'"):
            plain._create("Tally")


def remember(path, text):
    """An initializer: it writes the text and the pid of the server to the file."""
    with open(path, "w") as file:
        file.write(f"{text} {os.getpid()}")


@contexts
def test_initializer_runs_in_the_process_of_the_manager(method, tmp_path):
    manager = SharedMemoryManager(ctx=multiprocessing.get_context(method))
    with pytest.raises(TypeError, match="initializer"):
        manager.start("not callable")
    manager.start(remember, (tmp_path / "file", "hello"))
    assert (tmp_path / "file").read_text() == f"hello {manager._process.pid}"
    name = manager.SharedMemory(5).name
    manager.shutdown()
    assert not exists(name)


def test_xmlrpc_is_a_format_of_the_messages():
    with TallyManager(serializer="xmlrpclib") as manager:
        name = manager.ShareableList([1]).shm.name
        assert manager.Tally().add("a") == 1 and exists(name)
        other = SharedMemoryManager(manager.address, serializer="xmlrpclib")
        other.connect()
        other.shutdown()
        assert not exists(name)


@kinds
def test_process_is_that_of_the_manager(kind):
    manager = kind()
    assert manager._process is None
    manager.join()
    manager.start()
    process = manager._process
    assert isinstance(process, multiprocessing.process.BaseProcess) and process.name.startswith(kind.__name__)
    assert process.is_alive() and process.exitcode is None and process.pid not in (None, os.getpid())
    assert str(process.pid) in repr(process)
    manager.join(0.05)
    process.join(0.05)
    assert process.is_alive() and not multiprocessing.connection.wait([process.sentinel], 0)
    manager.shutdown()
    assert not process.is_alive() and process.exitcode == 0 and not os.path.exists(f"/proc/{process.pid}")
    assert multiprocessing.connection.wait([process.sentinel], 0)
    manager.join()
    assert manager._process is None
    process.close()


@kinds
@pytest.mark.parametrize("method", ["terminate", "kill"])
def test_process_can_be_ended(kind, method):
    manager = kind()
    manager.start()
    name, process = manager.SharedMemory(5).name, manager._process
    getattr(process, method)()
    manager.join(10)
    assert manager._process is None and not process.is_alive()
    assert process.exitcode in ([-signal.SIGKILL] if method == "kill" else [0, -signal.SIGTERM])
    assert is_removed(f"/dev/shm/{name}", 5)
    with pytest.raises(OSError):
        manager.SharedMemory(5)
    manager.shutdown()


def test_join_handles_signals():
    with SharedMemoryManager() as manager:
        before = signal.signal(signal.SIGALRM, lambda *_: 1 / 0)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(ZeroDivisionError):
                manager.join(10)
        finally:
            signal.signal(signal.SIGALRM, before)


@kinds
def test_manager_ignores_sigint(kind):
    with kind() as manager:
        os.kill(manager._process.pid, signal.SIGINT)
        time.sleep(0.05)
        assert exists(manager.SharedMemory(5).name)


@kinds
def test_names_and_options_of_blocks(kind, name):
    with kind() as manager:
        block = manager.SharedMemory(100, name=name, mode=0o400, lazy=True)
        assert block.name == name and os.stat(f"/dev/shm/{name}").st_mode & 0o777 == 0o400
        with pytest.raises(FileExistsError):
            manager.SharedMemory(size=100, name=name)
        shared = manager.ShareableList(["a"], name=name + "-list", capacity=50, no_sync=True)
        assert shared.shm.name == name + "-list" and shared.capacity(0) >= 50
        assert len(manager.ShareableList(None)) == 0
        with pytest.raises(TypeError):
            manager.ShareableList()
    assert not exists(name) and not exists(name + "-list")


def ask(manager, method, *args):
    with manager._Client(manager.address, authkey=KEY) as connection:
        return stock.dispatch(connection, None, method, args)


@kinds
def test_clients_of_both_libraries_track_and_release_blocks(kind):
    with kind(authkey=KEY) as manager:
        theirs, ours = StockTallyManager(manager.address, KEY), TallyManager(manager.address, KEY)
        theirs.connect()
        ours.connect()
        blocks = theirs.SharedMemory(16), ours.SharedMemory(16), ours.ShareableList([1]).shm
        names = [block.name for block in blocks]
        assert ask(manager, "list_segments") == names
        ask(manager, "release_segment", names[1])
        assert not exists(names[1]) and ask(manager, "list_segments") == [names[0], names[2]]
        with pytest.raises(stock.RemoteError, match=r"ValueError: list.remove\(x\): x not in list"):
            ask(manager, "release_segment", names[1])
        shared_memory.unlink(names[2])
        with pytest.raises(stock.RemoteError, match="FileNotFoundError"):
            ask(manager, "release_segment", names[2])
        assert ask(manager, "list_segments") == names[:1]
        for method in ("no_method", "__init__"):
            with pytest.raises(stock.RemoteError, match=f"AssertionError: '{method}' unrecognized"):
                ask(manager, method)
        if kind is TallyManager:
            assert theirs.Tally().add("a") == ours.Tally().add("a") == 1
        blocks[0].close()
    assert not any(map(exists, names))
    resource_tracker.unregister("/" + names[0], "shared_memory")  # our manager unlinked the block


STOCK_TALLY = f"""
import sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
import multiprocessing
from test_managers import KEY, StockTallyManager

if __name__ == "__main__":
    with StockTallyManager(authkey=KEY, ctx=multiprocessing.get_context("fork")) as manager:
        print(manager.address, flush=True)
        sys.stdin.read()
"""


def test_types_of_a_stock_manager_can_be_used():
    theirs = subprocess.Popen(
        [sys.executable, "-c", STOCK_TALLY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    ours = TallyManager(theirs.stdout.readline().strip(), KEY)
    ours.connect()
    name = ours.SharedMemory(5).name
    assert ours.Tally(a=1).add("a") == 2 and exists(name)
    theirs.communicate(timeout=30)
    assert not exists(name)


@kinds
def test_connection_is_kept(kind):
    """The library's clients ask this, to avoid a handshake for each call."""
    with kind(authkey=KEY) as manager, manager._Client(manager.address, authkey=KEY) as connection:
        for method in ("keep_connection", "dummy", "track_segment", "dummy"):
            args = ("test-python-none",) if method == "track_segment" else ()
            assert stock.dispatch(connection, None, method, args) is None
        with pytest.raises(stock.RemoteError, match="'no_method' unrecognized"):
            stock.dispatch(connection, None, "no_method")
        assert stock.dispatch(connection, None, "list_segments") == ["test-python-none"]


@pytest.mark.parametrize("kind", [SharedMemoryManager, TallyManager, stock.SharedMemoryManager])
def test_connected_manager_can_shut_another_one_down(kind):
    with kind(authkey=KEY) as manager:
        ours = SharedMemoryManager(manager.address, KEY)
        ours.connect()
        name = ours.SharedMemory(5).name
        ours.shutdown()
        ours.shutdown()
        with pytest.raises(ValueError, match="was shut down"):
            ours.SharedMemory(5)
        assert not exists(name)
        manager.join(10)
        assert manager._process is None


def test_manager_is_pickled_only_for_a_new_process():
    for kind in KINDS:
        with kind() as manager:
            with pytest.raises(TypeError, match="AuthenticationString"):
                pickle.dumps(manager)


def test_host_name_is_resolved():
    try:
        socket.getaddrinfo("localhost", None, socket.AF_INET)
    except socket.gaierror:
        pytest.skip("this machine does not resolve localhost")
    with SharedMemoryManager(("localhost", 0), KEY) as manager:
        assert manager.address[0] == "127.0.0.1"
        ours = TallyManager(("localhost", manager.address[1]), KEY)
        ours.connect()
        assert exists(ours.SharedMemory(5).name)
    with pytest.raises(socket.gaierror):
        SharedMemoryManager(("no.such.host.invalid", 1), KEY).connect()


def test_subclass_with_another_server_runs_it():
    class Server(SharedMemoryManager._Server):
        def dummy(self, c):
            return "mine"

    class Mine(SharedMemoryManager):
        _Server = Server

    with Mine(authkey=KEY, ctx=multiprocessing.get_context("fork")) as manager:
        assert ask(manager, "dummy") == "mine" and exists(manager.SharedMemory(5).name)


SERVER_IN_THREAD = """
import os, threading
from collections import Counter
from shareable.managers import SharedMemoryManager

SharedMemoryManager.register("Counter", Counter, exposed=["update", "most_common"])
server = SharedMemoryManager(authkey=b"key").get_server()
ends = []

def serve():
    try:
        server.serve_forever()
    except SystemExit as end:
        ends.append(end.code)

thread = threading.Thread(target=serve)
thread.start()
ours = SharedMemoryManager(server.address, b"key")
ours.connect()
name = ours.SharedMemory(5).name
words = ours.Counter()
words.update("aab")
print(os.path.exists("/dev/shm/" + name), words.most_common(1))
ours.shutdown()
thread.join(10)
print(thread.is_alive(), ends, os.path.exists("/dev/shm/" + name))
"""


def test_server_runs_in_a_thread_of_a_program():
    """The standard library does not end the thread that accepts connections: so it is another process's."""
    ended = subprocess.run([sys.executable, "-c", SERVER_IN_THREAD], capture_output=True, text=True, timeout=60)
    assert (ended.stdout, ended.stderr) == ("True [('a', 2)]\nFalse [0] False\n", "")


SERVER = """
import sys
from shareable.managers import SharedMemoryManager
server = SharedMemoryManager(sys.argv[1], b"key").get_server()
print(server.address, flush=True)
server.serve_forever()
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_server_of_a_program_leaves_nothing(end, tmp_path):
    program = subprocess.Popen([sys.executable, "-c", SERVER, tmp_path / "socket"], stdout=subprocess.PIPE, text=True)
    manager = SharedMemoryManager(program.stdout.readline().strip(), b"key")
    manager.connect()
    name = manager.SharedMemory(5).name
    assert exists(name)
    program.send_signal(end)
    assert program.wait(10) == (0 if end == signal.SIGINT else -end)
    program.stdout.close()
    assert is_removed(f"/dev/shm/{name}", 5)


TYPED_OWNER = f"""
import os, sys, time
sys.path.insert(0, {os.path.dirname(__file__)!r})
import multiprocessing
from test_managers import EverythingManager, TallyManager

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    manager = TallyManager(ctx=context)
    manager.start()
    print(manager.address, manager.ShareableList([1]).shm.name, manager._process.pid, flush=True)
    if os.fork() == 0:  # it keeps all descriptors of its parent open
        time.sleep(3)
        os._exit(0)
    exec(sys.argv[2])
"""


def runs(pid):
    """Return whether the process runs. It may be a zombie if the container's first process does not wait."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):  # before or after open()
        return False


@contexts
@pytest.mark.parametrize("end", ["time.sleep(60)", "del manager; time.sleep(60)", "pass", "os._exit(5)"])
def test_typed_manager_ends_with_its_starter_or_its_object(method, end, tmp_path):
    owner = subprocess.Popen(
        [sys.executable, "-c", TYPED_OWNER, method, end],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    address, name, pid = owner.stdout.readline().split()
    if end == "time.sleep(60)":
        assert exists(name)
        owner.kill()
    if end != "del manager; time.sleep(60)":
        owner.wait(10)
    assert is_removed(f"/dev/shm/{name}", 5) and is_removed(address, 5)
    limit = time.monotonic() + 5
    while runs(pid) and time.monotonic() < limit:
        time.sleep(0.01)
    assert not runs(pid)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    # An owner that is killed after its manager's end leaves its directory. So does a forkserver.
    if end != "del manager; time.sleep(60)" and (end == "pass" or method != "forkserver"):
        assert all(is_removed(path, 5) for path in tmp_path.iterdir())


@contexts
def test_killed_typed_manager_leaves_nothing(method, tmp_path):
    program = TYPED_OWNER.replace("if os.fork() == 0:", "manager._process.kill(); manager.shutdown()\n    if 0:")
    owner = subprocess.run(
        [sys.executable, "-c", program, method, "pass"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        timeout=30,
    )
    _, name, pid = owner.stdout.split()
    assert owner.returncode == 0 and is_removed(f"/dev/shm/{name}", 5) and not runs(pid)
    assert all(is_removed(path, 5) for path in tmp_path.iterdir())
