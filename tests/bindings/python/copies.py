"""Tests two copies of the library: that inside the Python package, and libshareable.so.

copies.py ORDER LIBRARY REAPER NAME

ORDER says when libshareable.so is loaded: "before" or "after" the import of the package, "linked"
if the program that runs this file is linked with it (copies.c), or "apart" if it is in another
process. REAPER is the program of libshareable.so. NAME is the beginning of the names of the blocks.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

ORDER, LIBRARY, REAPER, NAME = sys.argv[1:5]
MODE = sys.argv[5:]  # of a process that a test starts
OWNED = 8
SECOND = 1_000_000_000
ROUNDS = 300


class Value(ctypes.Structure):
    _fields_ = [("type", ctypes.c_uint32), ("capacity", ctypes.c_uint32), ("length", ctypes.c_uint64), ("integer", ctypes.c_int64)]

    def __init__(self, integer):
        super().__init__(type=1, integer=integer)


class Library:
    """The functions of libshareable.so."""

    def __init__(self):
        path = None if ORDER == "linked" else LIBRARY
        self.functions = ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
        self.functions.shareable_status_name.restype = ctypes.c_char_p
        self.functions.shareable_version.restype = ctypes.c_char_p

    def __getattr__(self, name):
        return getattr(self.functions, "shareable_" + name)

    def create(self, name, *integers):
        """Create a list of ints that this process owns. The reaper is that of this copy."""
        handle, values = ctypes.c_void_p(), (Value * len(integers))(*map(Value, integers))
        os.environ["SHAREABLE_REAPER"] = REAPER
        status = self.list_create(ctypes.byref(handle), name.encode(), values, ctypes.c_size_t(len(integers)), OWNED, 0, None)
        del os.environ["SHAREABLE_REAPER"]
        assert status == 0, self.status_name(status)
        return OtherList(self, handle)

    def open(self, name):
        handle = ctypes.c_void_p()
        status = self.list_open(ctypes.byref(handle), name.encode(), 0, None)
        assert status == 0, self.status_name(status)
        return OtherList(self, handle)


class OtherList:
    """A list of ints, through libshareable.so."""

    def __init__(self, library, handle):
        self.library, self.handle = library, handle

    def __getitem__(self, index):
        integer = ctypes.c_int64()
        status = self.library.list_get_int(self.handle, ctypes.c_int64(index), ctypes.byref(integer))
        assert status == 0, self.library.status_name(status)
        return integer.value

    def __setitem__(self, index, integer):
        status = self.library.list_set_int(self.handle, ctypes.c_int64(index), ctypes.c_int64(integer))
        assert status == 0, self.library.status_name(status)

    def set_str(self, index, text):
        assert self.library.list_set_str(self.handle, ctypes.c_int64(index), text.encode(), ctypes.c_size_t(len(text.encode()))) == 0

    def add(self, index, delta):
        integer = ctypes.c_int64()
        assert self.library.list_add(self.handle, ctypes.c_int64(index), ctypes.c_int64(delta), ctypes.byref(integer)) == 0
        return integer.value

    def lock(self, seconds):
        """Return the name of the status."""
        return self.library.status_name(self.library.list_lock(self.handle, ctypes.c_int64(int(seconds * SECOND)))).decode()

    def unlock(self):
        assert self.library.list_unlock(self.handle) == 0

    def wait(self, index, integer, seconds=30):
        value = Value(integer)
        status = self.library.list_wait(self.handle, ctypes.c_int64(index), ctypes.byref(value), ctypes.c_int64(seconds * SECOND))
        assert status == 0, self.library.status_name(status)
        return self[index]

    def unlink(self):
        assert self.library.list_unlink(self.handle, None) == 0

    def close(self):
        self.library.list_unref(self.handle)


def exists(name):
    return os.path.exists(f"/dev/shm/{name}")


def is_removed(name, seconds=10):
    end = time.monotonic() + seconds
    while exists(name) and time.monotonic() < end:
        time.sleep(0.005)
    return not exists(name)


def is_kept(name):
    time.sleep(0.5)
    return exists(name)


def run(*functions):
    """Call the functions in threads. Raise the first exception."""
    failures = []

    def call(function):
        try:
            function()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=call, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a thread does not end"
    if failures:
        raise failures[0]


if ORDER == "before" or MODE == ["other"]:
    other = Library()
if MODE != ["other"]:
    import shareable
    from shareable.shared_memory import ShareableList

    os.environ.pop("SHAREABLE_REAPER", None)
if ORDER in ("after", "linked"):
    other = Library()


def shared_list(*values):
    return ShareableList(values, name=NAME)


# In one process


def test_both_copies_are_loaded_and_each_calls_its_own_functions():
    with open("/proc/self/maps") as maps:
        files = {line.split()[-1] for line in maps if ".so" in line}
    extension, library = shareable._raw.__file__, os.path.realpath(LIBRARY)
    assert {extension, library} <= files, files
    assert shareable.__version__ == other.version().decode()


def test_values():
    with shared_list(1, 2, "a text") as own:
        opened = other.open(NAME)
        opened[0] = 10
        opened.set_str(2, "new")
        own[1] = 20
        assert (list(own), opened[0], opened[1]) == ([10, 20, "new"], 10, 20)
        assert opened.add(0, 1) == 11 and own.add(0, 1) == 12
        opened.close()
        own.shm.unlink()
    created = other.create(NAME, 5, 6)
    with ShareableList(name=NAME) as own:
        own[0] = 50
        assert (created[0], own[1]) == (50, 6)
    created.unlink()
    created.close()


def test_lock_of_one_copy_excludes_the_other():
    with shared_list(0, 0) as own:
        opened = other.open(NAME)
        with own.lock(timeout=5):
            assert opened.lock(0) == "E_TIMED_OUT"
        assert opened.lock(0) == "OK"
        try:
            own.lock(timeout=0.01).__enter__()
        except TimeoutError:
            pass
        else:
            raise AssertionError("both copies have the lock")
        opened.unlock()

        def count_in_own():
            for _ in range(ROUNDS):
                with own.lock(timeout=30):
                    own[0] = own[0] + 1

        def count_in_other():
            for _ in range(ROUNDS):
                assert opened.lock(30) == "OK"
                opened[0] = opened[0] + 1
                opened.unlock()

        run(count_in_own, count_in_other)
        assert own[0] == opened[0] == 2 * ROUNDS
        opened.close()
        own.shm.unlink()


def test_write_in_one_copy_wakes_a_wait_in_the_other():
    with shared_list(0, 0) as own:
        opened = other.open(NAME)

        def answer_in_own():
            for i in range(ROUNDS):
                assert own.wait(0, i, timeout=30) == i + 1
                own[1] = i + 1

        def ask_in_other():
            for i in range(ROUNDS):
                opened[0] = i + 1
                assert opened.wait(1, i) == i + 1

        run(answer_in_own, ask_in_other)

        def wait_long_in_other():
            began = time.monotonic()
            assert opened.wait(0, ROUNDS) == -1
            waited.append(time.monotonic() - began)

        waited = []

        def write_late_in_own():
            time.sleep(0.5)
            own[0] = -1

        run(wait_long_in_other, write_late_in_own)
        assert waited[0] < 5, waited
        opened.close()
        own.shm.unlink()


def start(mode):
    command = [sys.executable, "-B", __file__] if ORDER != "linked" else [os.readlink("/proc/self/exe"), __file__]
    return subprocess.Popen(
        [*command, ORDER, LIBRARY, REAPER, NAME, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def own_blocks():
    kept = ShareableList([1], name=NAME + "-own"), other.create(NAME + "-other", 1)
    print("made", flush=True)
    sys.stdin.read()
    return kept


def test_blocks_of_both_copies_exist_while_the_process_lives_and_are_removed_once():
    names = NAME + "-own", NAME + "-other"
    owner = start("own")
    assert owner.stdout.readline() == "made\n"
    assert all(map(is_kept, names))
    found = {result.name: result for result in shareable.garbage()}
    assert not any(found[name].garbage for name in names if name in found), found
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert all(map(is_removed, names))
    with ShareableList([1], name=names[0]), ShareableList([1], name=names[1]):
        assert all(map(is_kept, names))
        for name in names:
            shareable.shared_memory.unlink(name)


def test_child_of_a_fork_uses_both_copies():
    with shared_list(0, 0) as own:
        opened, kept = other.open(NAME), other.create(NAME + "-other", 1)

        def write_in_child():
            with own.lock(timeout=30):
                own[0] = own[0] + 1
            assert opened.lock(30) == "OK"
            opened[0] = opened[0] + 1
            opened.unlock()
            blocks = ShareableList([1], name=NAME + "-child"), other.create(NAME + "-child-other", 1)
            os._exit(0 if blocks else 1)

        child = os.fork()
        if child == 0:
            try:
                write_in_child()
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert own[0] == opened[0] == 2
        assert is_removed(NAME + "-child-other")
        assert is_kept(NAME + "-child")  # the package transfers it to this process, and libshareable.so does not
        shareable.shared_memory.unlink(NAME + "-child")
        assert exists(NAME) and exists(NAME + "-other") and kept[0] == 1
        kept.unlink()
        kept.close()
        opened.close()
        own.shm.unlink()


def test_fork_while_threads_use_both_copies():
    with shared_list(0, 0) as own:
        opened, is_over = other.open(NAME), threading.Event()

        def use(shared, index, name):
            while not is_over.is_set():
                shared.add(index, 1)
                block = ShareableList([1], name=name) if shared is own else other.create(name, 1)
                (block.shm if shared is own else block).unlink()
                block.close()

        def fork():
            try:
                for _ in range(30):
                    child = os.fork()
                    if child == 0:
                        own.add(0, 1)
                        opened.add(1, 1)
                        os._exit(0)
                    assert os.waitpid(child, 0)[1] == 0
            finally:
                is_over.set()

        run(lambda: use(own, 0, NAME + "-a"), lambda: use(opened, 1, NAME + "-b"), fork)
        assert own[0] >= 30 and opened[1] >= 30
        opened.close()
        own.shm.unlink()


# In two processes


def serve_other():
    """Answer through libshareable.so, without the package. The last line ends it while it has the lock."""
    assert "shareable" not in sys.modules
    opened, created = other.open(NAME), other.create(NAME + "-other", 7)
    print("made", flush=True)
    for i in range(ROUNDS):
        assert opened.wait(0, i) == i + 1
        opened[1] = i + 1
    assert opened.lock(30) == "OK" and created[0] == 7
    print("locked", flush=True)
    sys.stdin.read()


def test_processes_with_one_copy_each():
    with shared_list(0, 0) as own:
        process = start("other")
        assert process.stdout.readline() == "made\n"
        with ShareableList(name=NAME + "-other") as its:
            assert its[0] == 7
        for i in range(ROUNDS):
            own[0] = i + 1
            assert own.wait(1, i, timeout=30) == i + 1
        assert process.stdout.readline() == "locked\n"
        process.kill()
        process.communicate()
        with own.lock(timeout=5) as lock:
            assert lock.owner_died
        assert is_removed(NAME + "-other") and exists(NAME)
        own.shm.unlink()


def test_nothing_is_left_but_the_list_of_the_program():
    left = [name for name in os.listdir("/dev/shm") if name.startswith(NAME) and name != f"{NAME}-c-{os.getpid()}"]
    assert not left, left


def main():
    if MODE:
        {"own": own_blocks, "other": serve_other}[MODE[0]]()
        return
    tests = [function for name, function in globals().items() if name.startswith("test_")]
    if ORDER == "apart":
        tests = [test_processes_with_one_copy_each, test_nothing_is_left_but_the_list_of_the_program]
    for test in tests:
        test()
    print(f"  {ORDER}: {len(tests)} tests pass")


if __name__ == "__main__":
    main()
