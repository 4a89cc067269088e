"""Tests that programs written for the standard library's module can use this one in its place.

They read private attributes, replace functions of the module, and override methods in subclasses.
Tests with the parameter `module` run the same code on both modules.
"""

import contextlib
import copy
import errno
import fcntl
import mmap
import multiprocessing.shared_memory as stock
import os
import pickle
import resource
import subprocess
import sys
import threading
import time
from multiprocessing import resource_tracker
from unittest import mock

import pytest

from shareable import shared_memory
from shareable.shared_memory import ShareableList, SharedMemory, unlink


@pytest.fixture(params=[stock, shared_memory], ids=["stock", "shareable"])
def module(request):
    return request.param


@pytest.fixture(autouse=True)
def no_tracker():
    """Start no process of the standard library that tracks blocks: each test removes its blocks."""
    with mock.patch.multiple(resource_tracker, register=mock.Mock(), unregister=mock.Mock()):
        yield


def opened(module, *arguments, **options):
    """Return a context manager that closes a block of either module."""
    return contextlib.closing(module.SharedMemory(*arguments, **options))


def run(code, *arguments):
    """Run a program in a process of its own. It must print nothing. Return nothing."""
    ended = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("", "", 0)


def exists(name):
    return os.path.exists("/dev/shm/" + name)


def is_of(fd, name):
    """Return whether a descriptor is open on the block that has the name."""
    status, named = os.fstat(fd), os.stat("/dev/shm/" + name)
    return (status.st_dev, status.st_ino) == (named.st_dev, named.st_ino)


# Descriptors and maps.


@pytest.mark.parametrize("make", [SharedMemory, lambda name: ShareableList(name=name).shm])
def test_descriptor_is_of_the_block_after_unlink_and_reuse_of_the_name(name, make):
    with ShareableList([1], name=name, track=False) as shared, ShareableList(name=name) as other:
        blocks = [shared.shm, other.shm, make(name)]
        assert all(is_of(block._fd, name) for block in blocks)
        unlink(name)
        with ShareableList([2, 3], name=name) as second:
            assert is_of(second.shm._fd, name)
            for block in blocks:
                assert not is_of(block._fd, name) and os.pread(block._fd, 8, 0) == bytes(block.buf[:8])
                assert block._mmap[:8] == bytes(block.buf[:8]) != bytes(second.shm.buf[:8])


def test_descriptor_and_map_end_with_the_block(memory):
    fd, map_ = memory._fd, memory._mmap
    assert memory.fileno() == fd and memory._mmap is map_ and not os.get_inheritable(fd)
    memory.close()
    assert memory._fd == -1 and memory._mmap is None and not map_.closed  # a reference remains valid
    with pytest.raises(OSError):
        os.fstat(fd)
    with pytest.raises(ValueError, match="closed"):
        memory.fileno()


def test_close_keeps_the_map_of_a_view(memory):
    view = memoryview(memory._mmap)
    memory.close()
    view[0] = 5
    assert view[0] == 5 and memory._mmap is None
    memory.__init__(memory.name)
    assert memory._mmap[0] == 5


def test_map_of_a_list_ends_when_the_list_is_closed(mixed):
    assert mixed.shm._mmap is mixed.shm.buf.obj
    mixed.close()
    assert mixed.shm._mmap is None and mixed.shm._fd == -1


def test_map_of_a_read_only_block_is_read_only(memory):
    with SharedMemory(memory.name, read_only=True) as reader:
        with pytest.raises(TypeError):
            reader._mmap[0] = 1
        with pytest.raises(PermissionError):
            mmap.mmap(reader._fd, 16)
        memory._mmap[0] = 7
        assert reader._mmap[0] == 7


def test_lost_descriptor_is_replaced_and_the_program_s_file_stays_open(memory, tmp_path):
    with open(tmp_path / "file", "wb") as file:
        fd = memory._fd
        os.dup2(file.fileno(), fd)
        assert memory._fd != fd and is_of(memory._fd, memory.name)
        os.close(memory._fd)
        fresh = memory._fd
        assert is_of(fresh, memory.name)
        os.dup2(file.fileno(), fresh)
        memory.close()
        os.fstat(fresh)
        os.close(fd)
        os.close(fresh)


def test_lost_descriptor_of_an_unlinked_block_is_an_error(memory):
    os.close(memory._fd)
    unlink(memory.name)
    with pytest.raises(FileNotFoundError):
        memory._fd
    with pytest.raises(FileNotFoundError):
        memory._mmap
    with SharedMemory(memory.name, create=True, size=16) as other:
        with pytest.raises(FileNotFoundError):
            memory._fd
        other.unlink()


def test_program_may_close_everything_itself(name, module):
    """As programs do that want close() without a BufferError."""
    memory = module.SharedMemory(name, create=True, size=16)
    memory.unlink()
    memory._buf.release()
    memory._mmap.close()
    memory._buf = memory._mmap = None
    os.close(memory._fd)
    memory._fd = -1
    memory.close()
    assert memory._fd == -1 and memory._mmap is None and memory.buf is None


def test_init_replaces_what_a_program_has_set(name, module):
    memory = module.SharedMemory.__new__(module.SharedMemory)
    memory._name, memory._fd, memory._mmap, memory._buf = "/other", -1, None, None
    memory.__init__(name, create=True, size=8)
    assert is_of(memory._fd, name) and memory._name == "/" + name and memory._mmap.size() == len(memory.buf) == 8
    memory.unlink()
    memory.close()
    assert memory._fd == -1 and memory._mmap is None


def test_unlink_uses_the_name_that_a_program_has_set(name, module):
    with opened(module, name, create=True, size=8) as memory, opened(module, name + "-2", create=True, size=8) as other:
        memory._name = None
        memory.unlink()
        assert exists(name)
        memory._name = other._name
        memory.unlink()
        assert exists(name) and not exists(name + "-2")


def test_unlink_refuses_a_nul_in_the_name_that_a_program_has_set(memory):
    memory._name += "\0a"
    with pytest.raises(ValueError):
        memory.unlink()
    assert exists(memory.name)


def test_map_outlives_an_object_that_drops_it(name, module):
    """As programs do that give the memory to an array, and do not want BufferErrors."""
    memory = module.SharedMemory(name, create=True, size=8)
    view = memoryview(memory._mmap)
    memory.unlink()
    memory._buf = memory._mmap = None
    del memory
    view[0] = 3
    assert view[0] == 3


def test_block_can_be_enlarged(name, module):
    with opened(module, name, create=True, size=8) as memory:
        memory._buf.release()
        os.ftruncate(memory._fd, 8192)
        memory._mmap.resize(8192)
        memory._buf, memory._size = memoryview(memory._mmap), 8192
        memory.buf[8191] = 7
        assert os.pread(memory._fd, 1, 8191) == b"\7" and memory.size == 8192
        memory.unlink()


def test_del_of_a_subclass_may_unlink(name, module):
    class Erasing(module.SharedMemory):
        def __del__(self):
            super().__del__()
            self.unlink()

    memory = Erasing(name, create=True, size=8)
    del memory
    assert not exists(name)


def test_class_of_the_module_can_be_replaced(name, monkeypatch):
    class Recording(SharedMemory):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.recorded = True

    monkeypatch.setattr(shared_memory, "SharedMemory", Recording)
    with shared_memory.SharedMemory(name, create=True, size=8) as memory:
        assert memory.recorded
        memory.unlink()
    with ShareableList([1], name=name) as shared:
        assert type(shared.shm) is SharedMemory


def test_child_of_a_fork_has_the_descriptor(memory):
    os.close(memory._fd)
    fd = memory._fd
    pid = os.fork()
    if pid == 0:
        is_right = memory._fd == fd and is_of(fd, memory.name)
        memory.close()
        os._exit(0 if is_right else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert memory._fd == fd and is_of(fd, memory.name)


def test_descriptors_leave_half_of_the_limit_to_the_program(memory):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    try:
        blocks = [SharedMemory(memory.name) for _ in range(500)]
        files = [open(os.devnull) for _ in range(100)]
        assert is_of(blocks[-1]._fd, memory.name)
        for each in blocks + files:
            each.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_descriptor_can_be_locked_truncated_and_read(module, name):
    with opened(module, name, create=True, size=16) as memory, opened(module, name) as other:
        fcntl.flock(memory._fd, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(memory._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.posix_fallocate(memory._fd, 0, 16)
        memory._mmap.seek(4)
        memory._mmap.write(b"abc")
        assert os.pread(other._fd, 3, 4) == bytes(other.buf[4:7]) == b"abc"
        memory.unlink()


# Names.


def test_names_are_made_by_the_function_of_the_module(name, module):
    made = ["/" + name, "/" + name, "/" + name + "-2"]
    with mock.patch.object(module, "_make_filename", side_effect=made):
        with opened(module, create=True, size=1) as first, opened(module, create=True, size=1) as second:
            assert [first._name, second._name] == [made[0], made[2]]
            first.unlink()
            second.unlink()


def test_list_is_made_from_an_iterator_although_the_first_name_exists(name):
    made = ["/" + name, "/" + name, "/" + name + "-2"]
    with mock.patch.object(shared_memory, "_make_filename", side_effect=made):
        lists = [ShareableList(iter([1, 2])) for _ in range(2)]
    assert [each.tolist() for each in lists] == [[1, 2], [1, 2]]
    assert [each.shm._name for each in lists] == [made[0], made[2]]
    for each in lists:
        each.close()
        each.unlink()


def test_prefix_and_length_of_names_can_be_set(monkeypatch):
    monkeypatch.setattr(shared_memory, "_SHM_NAME_PREFIX", "/test-python-")
    monkeypatch.setattr(shared_memory, "_SHM_SAFE_NAME_LENGTH", 29)
    with SharedMemory(create=True, size=1) as memory:
        memory.unlink()
        assert memory.name.startswith("test-python-") and len(memory._name) == 29


def test_module_has_the_names_of_the_standard_library_s(name):
    names = {each for each in vars(stock) if not each.startswith("__")}
    assert {each for each in names if not hasattr(shared_memory, each)} == set()
    for each in ("_posixshmem", "mmap", "os", "struct", "secrets", "errno", "types"):
        assert getattr(shared_memory, each) is getattr(stock, each)
    assert shared_memory.resource_tracker is resource_tracker  # from 3.10 on in the standard library's
    from shareable.shared_memory import _posixshmem

    fd = _posixshmem.shm_open("/" + name, shared_memory._O_CREX | os.O_RDWR, mode=0o600)
    os.ftruncate(fd, 4)
    os.close(fd)
    with SharedMemory(name) as memory:
        _posixshmem.shm_unlink(memory._name)
        with pytest.raises(FileNotFoundError):
            memory.unlink()
    with pytest.raises(AttributeError, match="nothing"):
        shared_memory.nothing


# Tracking.


class Tracked(SharedMemory):
    """As programs bring `track` to an older Python."""

    def __init__(self, name=None, create=False, size=0, *, track=True):
        self._track = track
        super().__init__(name=name, create=create, size=size)


class Untracked(SharedMemory):
    """As programs prevent tracking with a function that does nothing."""

    def __init__(self, *arguments, **options):
        with mock.patch.object(resource_tracker, "register", lambda *arguments, **options: None):
            super().__init__(*arguments, **options)


class UntrackedClass(SharedMemory):
    _track = False


UNTRACKED = {
    "sets _track": lambda name: Tracked(name, True, 8, track=False),
    "has _track": lambda name: UntrackedClass(name, True, 8),
    "replaces register()": lambda name: Untracked(name, True, 8),
    "argument": lambda name: SharedMemory(name, True, 8, track=False),
}


def create_in_a_process(expression):
    return f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r}); from test_stock import *; {expression}"


@pytest.mark.parametrize("how", UNTRACKED)
def test_untracked_block_outlives_its_creator(name, how):
    run(create_in_a_process(f"UNTRACKED[{how!r}](sys.argv[1])"), name)
    with SharedMemory(name) as memory:
        assert memory.size == 8


def test_tracked_block_ends_with_its_creator(name):
    run(create_in_a_process("Tracked(sys.argv[1], True, 8, track=True)"), name)
    deadline = time.monotonic() + 10
    while exists(name) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not exists(name)


def test_replaced_register_function_keeps_all_blocks(name):
    """remove_shm_from_resource_tracker() of issue 82300 of CPython."""
    code = """
import sys
from multiprocessing import resource_tracker
def fix_register(name, rtype):
    if rtype != "shared_memory":
        resource_tracker._resource_tracker.register(name, rtype)
resource_tracker.register = fix_register
from shareable import shared_memory
shared_memory.SharedMemory(sys.argv[1], create=True, size=8)
shared_memory.ShareableList([1], name=sys.argv[1] + "-list")
"""
    run(code, name)
    assert exists(name) and exists(name + "-list")
    unlink(name + "-list")


def test_tracking_stays_on_for_another_init(name):
    memory = SharedMemory(name, create=True, size=8, track=False)
    memory.unlink()
    memory.__init__(name, create=True, size=8)
    assert memory._track is True
    memory.close()


# Subclasses.


def test_mode_of_a_subclass_is_used(name, module):
    class Open(module.SharedMemory):
        _mode = 0o666

    mask = os.umask(0)
    try:
        with contextlib.closing(Open(name, create=True, size=8)) as memory:
            assert os.stat("/dev/shm/" + name).st_mode & 0o777 == 0o666
            memory.unlink()
    finally:
        os.umask(mask)


def test_explicit_mode_takes_precedence_over_that_of_a_subclass(name):
    class Open(SharedMemory):
        _mode = 0o666

    with Open(name, create=True, size=8, mode=0o600) as memory:
        assert os.stat("/dev/shm/" + name).st_mode & 0o777 == 0o600 == memory._mode


def test_close_of_a_subclass_is_called_when_the_object_is_deallocated(name, module):
    closed = []

    class Closing(module.SharedMemory):
        def close(self):
            closed.append(self.name)
            super().close()

    memory = Closing(name, create=True, size=8)
    memory.unlink()
    del memory
    assert closed == [name]


def test_del_closes(memory, module):
    other = module.SharedMemory(memory.name)
    other.__del__()
    assert other.buf is None and other._fd == -1


@pytest.mark.parametrize("keep", ["sys.kept = memory", "memory.itself = memory", "builtins.kept = memory"])
def test_object_may_live_until_the_interpreter_ends(name, keep):
    run(
        "import builtins, gc, sys; gc.disable(); from shareable.shared_memory import SharedMemory\n"
        f"memory = SharedMemory(sys.argv[1], create=True, size=8); memory._mmap; {keep}",
        name,
    )


def overriding(module):
    class Mapped(module.ShareableList):
        """Stores texts, and shows them as numbers."""

        def __getitem__(self, position):
            return int(super().__getitem__(position))

        def __setitem__(self, position, value):
            super().__setitem__(position, str(value))

        def __len__(self):
            return 2

    return Mapped


def test_methods_read_through_getitem_of_a_subclass(name, module):
    shared = overriding(module)(["1", "2", "3", "2"], name=name)
    shared[0] = 7
    found = {
        "list": list(shared),
        "sum": sum(shared),
        "len": len(shared),
        "in": [7 in shared, 7.0 in shared, "7" in shared, 5 in shared],
        "index": [shared.index(2), shared.index(3.0)],
        "count": [shared.count(2), shared.count("2"), shared.count(7.0)],
        "reversed": list(reversed(shared)),
        "repr": repr(shared),
        "unpacked": (lambda *items: items)(*shared),
        "raw": bytes(shared.shm.buf[48:49]),
        "equal": shared == shared,
    }
    shared.shm.close()
    shared.shm.unlink()
    assert found == {
        "list": [7, 2, 3, 2],
        "sum": 14,
        "len": 2,
        "in": [True, True, False, False],
        "index": [1, 2],
        "count": [2, 0, 1],
        "reversed": [2, 7],
        "repr": f"Mapped([7, 2, 3, 2], name={name!r})",
        "unpacked": (7, 2, 3, 2),
        "raw": b"7",
        "equal": True,
    }


def test_methods_read_through_iter_of_a_subclass(name, module):
    class Backwards(module.ShareableList):
        def __iter__(self):
            return iter([super(Backwards, self).__getitem__(i) + 10 for i in (2, 1, 0)])

    shared = Backwards([1, 2, 3], name=name)
    found = [list(shared), 13 in shared, 1 in shared, shared.index(13), shared.count(3), repr(shared)]
    shared.shm.close()
    shared.shm.unlink()
    assert found == [[13, 12, 11], True, False, 0, 0, f"Backwards([13, 12, 11], name={name!r})"]


def test_tolist_of_a_subclass_is_its_list(name):
    with overriding(shared_memory)(["1", "2"], name=name) as shared:
        assert shared.tolist() == [1, 2]


def test_error_of_a_subclass_s_getitem_passes_through(name, module):
    class Failing(module.ShareableList):
        def __getitem__(self, position):
            raise ZeroDivisionError

    shared = Failing([1], name=name)
    shared.shm.unlink()
    for use in (lambda: 1 in shared, lambda: list(shared), lambda: shared.index(1), lambda: shared.count(1)):
        with pytest.raises(ZeroDivisionError):
            use()
    shared.shm.close()


class Labelled(SharedMemory):
    """Module level, for pickle."""

    label = None


class OtherSignature(SharedMemory):
    def __init__(self, name, create=False, size=0, extra="default"):
        super().__init__(name, create, size)
        self.extra = extra


class LabelledList(ShareableList):
    def __init__(self, sequence=None, *, name=None, label="default"):
        super().__init__(sequence, name=name)
        self.label = label


@pytest.mark.parametrize("through", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_pickle_of_a_subclass_has_its_class_and_not_its_attributes(name, through):
    """As in the standard library, whose __reduce__() names the class, the block and nothing else."""
    with Labelled(name, create=True, size=8) as memory:
        memory.label = "set"
        memory.buf[0] = 3
        with through(memory) as again:
            assert type(again) is Labelled and again.label is None and again.buf[0] == 3
        memory.unlink()
    with OtherSignature(name, True, 8, "set") as memory, through(memory) as again:
        assert (again.extra, again.size) == ("default", 8)
        memory.unlink()
    with LabelledList([1], name=name, label="set") as shared, through(shared) as again:
        assert type(again) is LabelledList and again.label == "default" and again[0] == 1


def test_reduce_is_the_standard_library_s(name):
    theirs, ours = stock.ShareableList([1], name=name), ShareableList(name=name)
    for his, mine in ((theirs.shm, ours.shm), (theirs, ours)):
        (his_class, his_arguments), (my_class, my_arguments) = his.__reduce__(), mine.__reduce__()
        assert his_arguments == my_arguments
        if his is theirs:
            assert his_class.keywords == my_class.keywords and his_class.args == my_class.args == ()
            his_class, my_class = his_class.func, my_class.func
        assert his_class.__name__ == my_class.__name__
    ours.close()
    theirs.shm.close()
    theirs.shm.unlink()


def test_list_has_the_private_offsets_of_the_standard_library_s(name):
    values = [1, "text", b"bytes" * 5, None, 2.5, True]
    theirs = stock.ShareableList(values, name=name)
    ours = ShareableList(name=name)
    for each in ("_alignment", "_types_mapping", "_list_len", "_format_size_metainfo", "_format_packing_metainfo"):
        assert getattr(theirs, each) == getattr(ours, each), each
    for each in ("_format_back_transform_codes", "_offset_data_start", "_offset_packing_formats"):
        assert getattr(theirs, each) == getattr(ours, each), each
    assert theirs._offset_back_transform_codes == ours._offset_back_transform_codes
    assert list(theirs._allocated_offsets) == ours._allocated_offsets
    for i, value in enumerate(values):
        assert theirs._get_packing_format(i) == ours._get_packing_format(i)
    ours.close()
    theirs.shm.close()
    theirs.shm.unlink()


def test_subscripted_class_is_an_alias_that_creates_lists(name):
    alias = ShareableList[int]
    assert type(alias) is type(stock.ShareableList[int])
    assert alias.__origin__ is ShareableList and alias.__args__ == (int,)
    with alias([1], name=name) as shared:
        assert type(shared) is ShareableList and shared[0] == 1


# Errors.


def raised(call):
    with pytest.raises(Exception) as caught:
        call()
    error = caught.value
    return type(error), getattr(error, "errno", None), getattr(error, "filename", None)


def test_errors_are_the_standard_library_s(name, module):
    long = "n" * 300
    memory = module.SharedMemory(name, create=True, size=8)
    shared = module.ShareableList([1, "a"], name=name + "-list")
    found = [
        raised(lambda: module.SharedMemory(name + "-none")),
        raised(lambda: module.ShareableList(name=name + "-none")),
        raised(lambda: module.SharedMemory(name, create=True, size=8)),
        raised(lambda: module.ShareableList([1], name=name)),
        raised(lambda: module.SharedMemory()),
        raised(lambda: module.SharedMemory(name, True)),
        raised(lambda: module.SharedMemory(name, True, -1)),
        raised(lambda: module.SharedMemory(name, size=-1)),
        issubclass(raised(lambda: module.SharedMemory(long, True, 8))[0], (OSError, ValueError)),
        raised(lambda: shared[2]),
        raised(lambda: shared.__setitem__(2, 1)),
        raised(lambda: shared.__setitem__(1, "a" * 9)),
        raised(lambda: shared.index(5)),
    ]
    memory.unlink()
    found.append(raised(memory.unlink))
    shared.shm.unlink()
    shared.shm.close()
    memory.close()
    assert found == [
        (FileNotFoundError, 2, f"/{name}-none"),
        (FileNotFoundError, 2, f"/{name}-none"),
        (FileExistsError, 17, f"/{name}"),
        (FileExistsError, 17, f"/{name}"),
        (ValueError, None, None),
        (ValueError, None, None),
        (ValueError, None, None),
        (ValueError, None, None),
        True,
        (IndexError, None, None),
        (IndexError, None, None),
        (ValueError, None, None),
        (ValueError, None, None),
        (FileNotFoundError, 2, f"/{name}"),
    ]


@pytest.mark.parametrize("suffix", ["", "-\u00e9\u4e2d", "-'quoted'", "-called block"])
def test_error_shows_the_name_once(name, suffix):
    name += suffix
    memory = SharedMemory(name, create=True, size=8)
    with memory, ShareableList([1], name=name + "-list") as shared, shared.lock():
        calls = [
            lambda: SharedMemory(name, create=True, size=8),
            lambda: SharedMemory(name + "-list", create=True, size=1 << 50),
            lambda: shared.wait(0, 1, timeout=0),
            lambda: shared.lock(timeout=0).acquire(),
        ]
        texts = [str(pytest.raises(OSError, call).value) for call in calls]
        unlink(name)
        texts.append(str(pytest.raises(FileNotFoundError, memory.unlink).value))
        texts.append(str(pytest.raises(FileNotFoundError, SharedMemory, name).value))
        texts.append(str(pytest.raises(FileNotFoundError, unlink, "/" + name).value))
        shared.unlink()
    for text in texts:
        assert text.count(name) == 1 and text.startswith("[Errno "), text


def test_threads_get_the_same_map(memory):
    maps = []
    threads = [threading.Thread(target=lambda: maps.append(memory._mmap)) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert all(each is memory._mmap for each in maps)


def test_object_of_the_view_is_the_map_of_the_block(memory, module):
    """Programs, and the bases of NumPy's arrays, are asked for it."""
    map_ = memory.buf.obj
    assert isinstance(map_, mmap.mmap) and map_ is memory._mmap
    map_.seek(3)
    map_.write(b"abc")
    assert bytes(memory.buf[3:6]) == b"abc"


def test_array_that_refers_to_the_map_only_keeps_the_memory(memory):
    map_ = memory.buf.obj
    memory.close()
    map_[0] = 9
    memory.__init__(memory.name)
    assert memory.buf[0] == 9 and memory.buf.obj is not map_


def test_view_is_made_without_a_map_if_descriptors_are_few(name):
    code = f"""
import os, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
from shareable.shared_memory import SharedMemory
blocks = [SharedMemory({name!r} + str(i), create=True, size=8) for i in range(60)]
for i, block in enumerate(blocks):
    block.buf[0] = i
print([block.buf[0] for block in blocks] == list(range(60)), os.dup(0) < 40)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("True True\n", "")


@pytest.mark.parametrize("bad, number", [("a/b", errno.EINVAL), ("", errno.EINVAL), ("n" * 256, errno.ENAMETOOLONG)])
def test_invalid_name_raises_an_oserror_that_is_a_valueerror(bad, number):
    for create in (True, False):
        with pytest.raises(OSError) as raised_by:
            SharedMemory(bad, create, 8)
        assert isinstance(raised_by.value, ValueError) and raised_by.value.errno == number
        assert raised_by.value.filename == "/" + bad


def test_unlink_of_an_object_without_a_block_does_nothing():
    SharedMemory.__new__(SharedMemory).unlink()


def test_subclass_may_set_the_private_attributes_instead_of_calling_init(name):
    class Own(SharedMemory):
        _name = _mmap = _buf = None
        _fd = -1

        def __init__(self, name, size):
            import _posixshmem

            self._fd = _posixshmem.shm_open("/" + name, os.O_CREAT | os.O_RDWR, mode=0o600)
            os.ftruncate(self._fd, size)
            self._name, self._size, self._mmap = "/" + name, size, mmap.mmap(self._fd, size)
            self._buf = memoryview(self._mmap)

    memory = Own(name, 64)
    fd = memory._fd
    assert (memory.name, memory.size, len(memory.buf)) == (name, 64, 64)
    memory.unlink()
    memory.close()
    assert memory.buf is None and not os.path.exists(f"/proc/self/fd/{fd}")


QUIET = """
import multiprocessing, sys
from typing import Union
from shareable.shared_memory import ShareableList, SharedMemory

Shared = Union[str, SharedMemory, ShareableList]  # typing keeps the classes longer than the module keeps its names

class Holder:
    def __init__(self, shared):
        self.shared = shared

    def __del__(self):
        self.shared.close()

def work(*things):
    pass

if __name__ == "__main__":
    memory, shared = SharedMemory(create=True, size=8), ShareableList([1])
    arguments = memory, Holder(memory), shared, Holder(shared)
    worker = multiprocessing.get_context(sys.argv[1]).Process(target=work, args=arguments)
    worker.start()
    worker.join()
    memory.unlink()
    shared.unlink()
    sys.exit(worker.exitcode)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_objects_that_are_deallocated_at_exit_print_nothing(tmp_path, method):
    path = tmp_path / "quiet.py"
    path.write_text(QUIET)
    run = subprocess.run([sys.executable, path, method], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_map_of_a_block_cannot_be_resized(memory):
    with pytest.raises(BufferError):
        memory._mmap.resize(8)
    assert memory.size == os.fstat(memory._fd).st_size == 16


def test_list_has_the_class_s_mode_and_tracking(name, monkeypatch):
    monkeypatch.setattr(SharedMemory, "_mode", 0o640)
    monkeypatch.setattr(SharedMemory, "_track", False)
    shared = ShareableList([1], name=name)
    assert (shared.shm._mode, shared.shm._track, shared.shm._flags) == (0o640, False, os.O_CREAT | os.O_EXCL | os.O_RDWR)
    assert os.stat(f"/dev/shm/{name}").st_mode & 0o777 == 0o640
    shared.unlink()
    tracked = ShareableList([1], name=name, mode=0o600)
    assert tracked.shm._mode == 0o600 and os.stat(f"/dev/shm/{name}").st_mode & 0o777 == 0o600
    tracked.unlink()
