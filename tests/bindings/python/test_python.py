"""Tests what only Python has: the stock interface, buffers, pickling, classes, and gc."""

import abc
import array
import copy
import ctypes
import gc
import inspect
import math
import os
import pickle
import pydoc
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import weakref

import pytest
from conftest import mappings

import shareable
from shareable import _raw, shared_memory
from shareable.shared_memory import ListLock, ShareableList, SharedMemory, unlink


def inode(name):
    return os.stat(f"/dev/shm/{name}").st_ino


def test_importing_does_not_import_multiprocessing():
    code = "import sys, shareable.shared_memory; sys.exit('multiprocessing' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_package_has_the_version_of_the_library():
    assert shareable.__version__ == _raw.version()
    assert shareable.shared_memory is shared_memory


def test_array_of_cpythons_documentation(name):
    np = pytest.importorskip("numpy")
    a = np.array([1, 1, 2, 3, 5, 8])
    shm = shared_memory.SharedMemory(name, create=True, size=a.nbytes)
    b = np.ndarray(a.shape, dtype=a.dtype, buffer=shm.buf)
    b[:] = a[:]
    existing = shared_memory.SharedMemory(name=shm.name)
    c = np.ndarray((6,), dtype=np.int64, buffer=existing.buf)
    c[-1] = 888
    assert b.tolist() == [1, 1, 2, 3, 5, 888]
    existing.close()  # not an error, although c still exists
    shm.close()
    block = inode(name)
    shm.unlink()
    assert c.tolist() == b.tolist() and block in mappings()
    del b, c
    assert block not in mappings()


def test_pickle_attaches_to_the_same_list():
    sl = shared_memory.ShareableList(range(10))
    other = pickle.loads(pickle.dumps(sl))
    sl[0], other[1] = -1, -2
    assert list(sl) == list(other) == [-1, -2, 2, 3, 4, 5, 6, 7, 8, 9]
    other.close()
    assert sl[0] == -1
    sl.shm.close()
    sl.shm.unlink()
    with pytest.raises(FileNotFoundError):
        pickle.loads(pickle.dumps(sl))


@pytest.mark.parametrize("through", [copy.copy, lambda shared: pickle.loads(pickle.dumps(shared))])
def test_pickle_keeps_class_and_read_only(memory, through):
    class_, arguments = memory.__reduce__()
    assert (class_, arguments) == (SharedMemory, (memory.name, False, 16))
    with through(memory) as other, SharedMemory(memory.name, read_only=True) as reader, through(reader) as again:
        assert other.name == memory.name and not other.read_only
        assert again.read_only


def test_pickle_of_a_read_only_list_is_read_only(mixed, name):
    with ShareableList(name=name, read_only=True) as reader, copy.copy(reader) as again:
        assert again.shm.read_only and again.tolist() == mixed.tolist()


def test_stock_python_reads_and_writes_the_same_list(mixed, name):
    # In another process, because the tracker of stock Python lives as long as its process.
    code = """if True:
        import sys
        from multiprocessing import resource_tracker, shared_memory
        theirs = shared_memory.ShareableList(name=sys.argv[1])
        resource_tracker.unregister(theirs.shm._name, "shared_memory")
        print(list(theirs), theirs.format)
        theirs[0], theirs[3] = "stock", 1.5
        theirs.shm.close()
    """
    expected = f"{mixed.tolist()} {mixed.format}\n"
    assert subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True).stdout == expected
    assert mixed[:4] == ["stock", b"HoWdY", -273.154, 1.5]


def test_arguments_are_accepted_like_the_standard_librarys(name):
    memory = SharedMemory(name, True, 4)
    assert memory.size == 4
    SharedMemory(name, False, 1000, track=False).close()
    memory.close()
    memory.unlink()
    with pytest.raises(TypeError):
        SharedMemory(name, True, 4, False)
    with pytest.raises(TypeError):
        ShareableList([1], name)
    with pytest.raises(ValueError, match="read_only"):
        SharedMemory(name, create=True, size=4, read_only=True)
    empty = ShareableList()
    empty.unlink()
    assert len(empty) == 0


def test_lazy_block_can_be_read_and_written(name):
    with SharedMemory(name, create=True, size=1 << 20, lazy=True) as memory:
        memory.buf[-1] = 1
        assert memory.buf[-1] == 1 and memory.buf[0] == 0


@pytest.mark.parametrize("wrong", [5, b"bytes", ["list"]])
def test_name_must_be_a_str(wrong):
    for attempt in (lambda: SharedMemory(wrong), lambda: ShareableList([], name=wrong), lambda: unlink(wrong)):
        with pytest.raises(TypeError, match=f"'name' must be a str or None, not {type(wrong).__name__}"):
            attempt()


def test_name_may_be_any_bytes(name):
    for suffix in ("é", "\udcff"):
        with SharedMemory(name + suffix, create=True, size=1) as memory, SharedMemory(name + suffix) as other:
            memory.unlink()
            assert memory.name == other.name == name + suffix
        with pytest.raises(FileNotFoundError) as caught:
            SharedMemory(name + suffix)
        assert caught.value.filename == "/" + name + suffix


def test_view_keeps_the_memory_mapped_until_it_is_deallocated(memory, name):
    views = [memory.buf, memory.buf[4:8], memory.buf.toreadonly()]
    block = inode(name)
    memory.close()
    memory.unlink()
    views[0][4:8] = b"kept"
    assert bytes(views[1]) == b"kept"
    while views:
        assert block in mappings()
        views.pop()
    assert block not in mappings()


def test_view_survives_its_object(name):
    view = SharedMemory(name, create=True, size=4).buf
    gc.collect()
    view[:] = b"here"
    assert bytes(view) == b"here" and inode(name) in mappings()
    view.release()
    assert inode(name) not in mappings()


def test_view_of_a_read_only_block_is_read_only(memory):
    with SharedMemory(memory.name, read_only=True) as reader:
        with pytest.raises(TypeError, match="not writable"):
            ctypes.c_char.from_buffer(reader.buf)
        assert bytes((ctypes.c_char * 16).from_buffer(memory.buf)) == bytes(reader.buf) == bytes(16)


def test_buf_is_the_same_view_until_it_is_released(memory):
    view = memory.buf
    assert memory.buf is view and memory._buf is view
    view.release()
    fresh = memory.buf
    assert fresh is not view and memory.buf is fresh and len(fresh) == 16
    with memory.buf as again:
        assert again is fresh
    memory.buf[0] = 7
    assert memory.buf[0] == 7


def test_buf_may_be_replaced_through_its_private_name(memory):
    assert SharedMemory._buf is None
    memory._buf = memory.buf[:4]
    assert len(memory.buf) == 4 and memory.buf is memory._buf
    memory._buf = None
    assert memory.buf is None


def test_size_follows_the_private_size_that_a_program_sets(memory, name):
    memory._size = 5
    assert memory.size == memory._size == 5 and repr(memory).endswith("size=5)")
    memory.__init__(name)
    assert memory.size == memory._size == 16
    memory._size = 5
    del memory._size
    assert memory.size == 16


def test_attributes_of_a_block_are_read_only_and_documented(memory):
    for attribute in ("buf", "name", "size"):
        with pytest.raises(AttributeError):
            setattr(memory, attribute, None)
        assert inspect.getdoc(getattr(SharedMemory, attribute))
        with pytest.raises(TypeError):
            getattr(SharedMemory, attribute).__get__(5)
    with pytest.raises(TypeError, match="'memory' must be a shareable._raw.Memory, not int"):
        _raw.memory_kept_view(5)


def test_buf_is_none_after_close_and_other_views_remain_valid(memory, name):
    view, slice_, block = memory.buf, memory.buf[4:], inode(name)
    memory.close()
    assert memory.buf is None and memory._buf is None
    view[4] = 5
    assert slice_[0] == 5
    view.release()
    assert block in mappings()
    slice_.release()
    assert block not in mappings()
    memory.close()
    assert SharedMemory.__new__(SharedMemory).buf is None


def test_close_during_access_to_buf_leaves_the_block_closed(name):
    class ClosedDuringView(SharedMemory):
        closes_next = False

        def _view(self):
            view = super()._view()
            if self.closes_next:
                self.closes_next = False
                thread = threading.Thread(target=self.close)
                thread.start()
                thread.join()
            return view

    memory = ClosedDuringView(name, create=True, size=16)
    memory.buf.release()
    memory.closes_next = True
    assert memory.buf is None and inode(name) not in mappings()
    memory.closes_next = True
    memory.__init__(name)
    assert memory.buf is None and inode(name) not in mappings()


def test_error_names_the_searched_list_if_repr_frees_it(make_list, name):
    class Own(str):
        def __repr__(self):
            _raw.List.__init__(shared, other)
            return "own"

    shared, other = make_list([1]), ShareableList()
    other.unlink()
    shared.shm.close()
    shared.__init__(name=name)
    del shared.shm
    with pytest.raises(ValueError, match=f"^own not in this container: list '{name}'$"):
        _raw.list_index(shared, Own("absent"))
    other.close()


@pytest.mark.parametrize("close", [lambda shared: shared.close(), lambda shared: shared.shm.close()])
def test_buf_of_a_list_is_none_after_closing_the_list_or_its_block(mixed, name, close):
    view = mixed.shm.buf
    assert mixed.shm.buf is view and mixed.shm._buf is view
    del view
    close(mixed)
    assert mixed.shm.buf is None and inode(name) not in mappings()


def test_buf_creates_no_reference_cycle(name):
    memory = SharedMemory(name, create=True, size=4)
    memory.buf[0] = 1
    reference = weakref.ref(memory)
    gc.disable()
    try:
        del memory
        with open("/proc/self/maps") as maps:
            assert reference() is None and f"/dev/shm/{name}" not in maps.read()
    finally:
        gc.enable()


def test_buf_belongs_to_the_new_block_after_another_init(memory, name):
    old = memory.buf
    memory.__init__(name + "-again", create=True, size=8)
    memory.unlink()
    assert len(memory.buf) == 8 and len(old) == 16
    with pytest.raises(FileExistsError):
        memory.__init__(name, create=True, size=4)
    assert len(memory.buf) == 8


def test_private_attributes_are_those_of_the_standard_library(memory):
    with SharedMemory(memory.name) as other, SharedMemory(memory.name, read_only=True) as reader:
        for each, flags in ((memory, os.O_CREAT | os.O_EXCL | os.O_RDWR), (other, os.O_RDWR), (reader, os.O_RDONLY)):
            assert each._name == "/" + memory.name and each._size == 16 and each._flags == flags and each._mode == 0o600
            assert each._fd > 2 and each._mmap.size() == 16 and each._prepend_leading_slash is True
            assert each._track is True
            assert repr(each) == f"SharedMemory('{memory.name}', size=16)"
    memory.close()
    assert memory._name == "/" + memory.name and memory._size == 16
    assert memory._fd == -1 and memory._mmap is None and memory._buf is None
    assert SharedMemory._fd == -1 and SharedMemory._mmap is None and SharedMemory._name is None
    made = shared_memory._make_filename()
    assert re.fullmatch("/psm_[0-9a-f]{8}", made) and made != shared_memory._make_filename()
    assert len(made) <= shared_memory._SHM_SAFE_NAME_LENGTH and made.startswith(shared_memory._SHM_NAME_PREFIX)
    assert shared_memory._USE_POSIX and shared_memory._O_CREX == os.O_CREAT | os.O_EXCL


def test_format_of_one_item_is_available_as_in_the_standard_library(mixed):
    forms = [mixed._get_packing_format(i) for i in range(mixed._list_len)]
    assert forms == ["8s", "8s", "d", "q", "xxxxxx?x", "xxxxxxx?", "q"] and "".join(forms) == mixed.format
    assert mixed._get_packing_format(-7) == "8s"
    for wrong in (7, -8):
        with pytest.raises(IndexError):
            mixed._get_packing_format(wrong)


@pytest.mark.parametrize("end", [2**40, 2**63 - 1, -(2**63)])
def test_format_of_one_item_raises_value_error_if_the_offsets_are_corrupt(mixed, end):
    mixed.shm.buf[8 * 8 : 8 * 9] = end.to_bytes(8, sys.byteorder, signed=True)
    with pytest.raises(ValueError, match="corrupt"):
        mixed._get_packing_format(0)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(), "'name' can only be None if create=True"),
        (dict(name="a", size=-1), "'size' must be a positive integer"),
        (dict(name="a", create=True), "'size' must be a positive number different from zero"),
        (dict(create=True, size=-1), "'size' must be a positive integer"),
    ],
)
def test_wrong_arguments_raise_the_standard_librarys_messages(arguments, message):
    from multiprocessing import shared_memory as stock

    for class_ in (SharedMemory, stock.SharedMemory):
        with pytest.raises(ValueError) as caught:
            class_(**arguments)
        assert str(caught.value) == message


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda shared: SharedMemory(create=True, size="5"), TypeError, "'size' must be an int, not str"),
        (lambda shared: SharedMemory("x", size=None), TypeError, "'size' must be an int, not NoneType"),
        (lambda shared: SharedMemory("a\ud800"), UnicodeEncodeError, "position 1: 'name' must not contain this surrogate"),
        (lambda shared: ShareableList(name="\ud800"), UnicodeEncodeError, "'name' must not contain this surrogate"),
        (lambda shared: SharedMemory("a\0b"), ValueError, "not a valid name"),
        (lambda shared: SharedMemory(5), TypeError, "'name' must be a str or None, not int"),
        (lambda shared: SharedMemory(create=True, size=1, mode="a"), TypeError, "'mode' must be an int, not str"),
        (lambda shared: SharedMemory(create=True, size=1, mode=-1), ValueError, "'mode' must be between 0 and 4294967295, not -1"),
        (lambda shared: ShareableList([1], capacity=1.5), TypeError, "'capacity' must be an int or a sequence of ints, not float"),
        (lambda shared: ShareableList([1], capacity=["a"]), TypeError, "'capacity' must be an int, not str"),
        (lambda shared: ShareableList([1], capacity=-1), ValueError, "'capacity' must be between 0 and 4294967295, not -1"),
        (lambda shared: shared.capacity("a"), TypeError, "'position' must be an int, not str"),
        (lambda shared: shared.add("a", 1), TypeError, "'position' must be an int, not str"),
        (lambda shared: shared.add(0, "a"), TypeError, "'amount' must be an int, not str"),
        (lambda shared: shared.add(0, 1 << 63), OverflowError, "'amount' must fit in 64 bits, sign included"),
        (lambda shared: shared.compare_exchange(0, "a", 1), TypeError, "'expected' must be an int, not str"),
        (lambda shared: shared.compare_exchange(0, 1, "a"), TypeError, "'desired' must be an int, not str"),
        (lambda shared: shared.wait("a", 1), TypeError, "'position' must be an int, not str"),
        (lambda shared: shared.wait_any("a"), TypeError, "'last_hash' must be an int, not str"),
        (lambda shared: unlink(5), TypeError, "'name' must be a str or None, not int"),
        (lambda shared: ListLock(5).acquire(), TypeError, "'list' must be a shareable._raw.List, not int"),
        (lambda shared: shared.wait(0, 1, timeout="a"), TypeError, "'timeout' must be None or a number of seconds, not str"),
        (lambda shared: shared.wait_any(timeout=[]), TypeError, "'timeout' must be None or a number of seconds, not list"),
        (lambda shared: shared.lock(timeout="a"), TypeError, "'timeout' must be None or a number of seconds, not str"),
        (lambda shared: shared.lock(timeout=math.nan), ValueError, "'timeout' must be None or 0 seconds or more, not nan"),
        (lambda shared: shared.lock(-1), ValueError, "'timeout' must be None or 0 seconds or more, not -1"),
        (lambda shared: shared.lock().acquire("a"), TypeError, "'timeout' must be None or a number of seconds, not str"),
    ],
)
def test_wrong_argument_raises_an_error_that_names_it(make_list, call, error, message):
    with pytest.raises(error) as caught:
        call(make_list([1]))
    assert message in str(caught.value)


@pytest.mark.parametrize("class_", [SharedMemory, ShareableList])
def test_help_shows_the_mode_in_octal(class_, name):
    # CPython 3.14.10 shows annotations without quotation marks.
    assert re.search("mode: '?int'? = 0o600", pydoc.plain(pydoc.render_doc(class_)))
    with class_(name=name, **({"create": True, "size": 1} if class_ is SharedMemory else {"sequence": [1]})):
        assert os.stat(f"/dev/shm/{name}").st_mode & 0o777 == 0o600


def test_repr_works_without_init():
    assert repr(SharedMemory.__new__(SharedMemory)) == "SharedMemory(None, size=0)"
    assert re.fullmatch(r"ShareableList\(<.*__init__.*>\)", repr(ShareableList.__new__(ShareableList)))


def test_parameters_have_the_standard_librarys_names_and_order():
    from multiprocessing import shared_memory as stock

    for ours, theirs in ((SharedMemory, stock.SharedMemory), (ShareableList, stock.ShareableList)):
        mine = inspect.signature(ours).parameters
        for name, parameter in inspect.signature(theirs).parameters.items():
            assert (mine[name].kind, mine[name].default) == (parameter.kind, parameter.default)
    assert inspect.signature(SharedMemory).parameters["track"].kind is inspect.Parameter.KEYWORD_ONLY
    assert set(stock.__all__) <= set(shared_memory.__all__)


def test_all_attributes_of_the_standard_library_exist():
    from multiprocessing import shared_memory as stock

    for ours, theirs in ((SharedMemory, stock.SharedMemory), (ShareableList, stock.ShareableList)):
        assert {each for each in vars(theirs) if not each.startswith("_")} <= set(dir(ours))
    assert {each for each in vars(stock.SharedMemory) if each.startswith("_")} <= set(dir(SharedMemory))


def test_list_accepts_objects_with_index_or_a_buffer(make_list):
    class Index:
        def __index__(self):
            return 7

    class Int(int):
        pass

    shared = make_list([Index(), Int(8), bytearray(b"ab"), memoryview(b"cdef")[::2], True])
    assert [type(each) for each in shared] == [int, int, bytes, bytes, bool]
    assert shared[:] == [7, 8, b"ab", b"ce", True]
    shared[Int(0)], shared[2] = Int(9), memoryview(b"xy")
    assert shared[0] == 9 and shared[2] == b"xy"
    shared[0], shared[1] = array.array("h", [1, 2]), (ctypes.c_char * 3)(*b"abc")
    assert shared[:2] == [struct.pack("hh", 1, 2), b"abc"]
    with pytest.raises(IndexError):
        shared[Index()]


def test_list_accepts_numpy_numbers(make_list):
    np = pytest.importorskip("numpy")
    shared = make_list([np.int64(5), np.float64(1.5), *np.arange(3), np.uint64(2**63 - 1)])
    assert shared[:] == [5, 1.5, 0, 1, 2, 2**63 - 1]
    assert np.int64(5) in shared and shared.count(np.float64(5.0)) == 1 and shared.index(np.int8(2)) == 4
    shared[:4] = [np.float32(0.5), np.float16(-2), np.bool_(True), np.array([1, 2], dtype=np.int32)]
    assert [type(each) for each in shared[:4]] == [float, float, bool, bytes]
    assert shared[:4] == [0.5, -2.0, True, struct.pack("ii", 1, 2)]
    for wrong in (np.complex64(1), np.datetime64("now"), np.longdouble(1)):
        with pytest.raises(TypeError, match="a value must be an int"):
            shared[0] = wrong
    with pytest.raises(OverflowError):
        shared[0] = np.uint64(2**63)


def test_list_is_created_from_ranges_arrays_and_other_sequences():
    ends = [2**63 - 1, -(2**63)]
    for values in (
        range(5),
        range(9, -9, -4),
        range(ends[1], ends[0], ends[0]),
        range(0),
        array.array("q", ends),
        array.array("l", [1, 2]),
        array.array("d", [0.5, -0.0, math.inf]),
        array.array("i", [1, -2]),
        array.array("f", [0.5]),
        memoryview(array.array("q", [7, 8]))[::-1],
        b"bytes",
        {3: "a", "key": 1},
        ends,
        (0.5, -0.0, math.inf, math.nan),
        [1, 2.0],
        [1.0, 2],
        [1, True],
        (True, 1),
        (1, type("Int", (int,), {})(2), None),
        (1.0, "x" * 99, b""),
    ):
        for capacity in (0, 20):
            with ShareableList(values, capacity=capacity) as shared:
                shared.unlink()
                assert repr(shared.tolist()) == repr(list(values))
                assert shared.capacity(0) >= max(8, capacity) if len(shared) else True
    for beyond in (range(2**63 - 2, 2**63 + 2), range(-(2**63) - 1, 0, 2**62), range(0, 2**64, 2**63)):
        with pytest.raises(OverflowError, match="64 bits"):
            ShareableList(beyond)
    with pytest.raises(OverflowError, match="item 1: .*64 bits"):
        ShareableList((1, 2**63))


def test_view_of_a_list_shows_its_numbers(make_list, name):
    shared = make_list(range(5))
    view = shared.view()
    assert (view.format, view.itemsize, view.shape, view.readonly) == ("q", 8, (5,), False)
    assert view.tolist() == [0, 1, 2, 3, 4] and view[1:4:2].tolist() == [1, 3]
    view[0], shared[4] = -7, 2**62
    assert shared[0] == -7 and view[4] == 2**62
    with ShareableList(name=name, read_only=True) as reader:
        seen = reader.view()
        assert seen.readonly and seen == view
        with pytest.raises(TypeError):
            seen[0] = 1
    shared.close()
    view[2] = 22
    assert view[2] == seen[2] == 22 and bytes(view[2:3]) == struct.pack("q", 22)
    with pytest.raises(ValueError, match=f"list '{name}' is closed"):
        shared.view()


def test_view_requires_contiguous_numbers_of_one_type(make_list, name):
    with ShareableList([0.5, -0.0]) as floats, ShareableList([]) as none:
        floats.unlink()
        none.unlink()
        assert floats.view().format == "d" and floats.view().tolist() == [0.5, -0.0] and len(none.view()) == 0
    shared = make_list([1, 2.5, 3])
    with pytest.raises(TypeError, match=f"item 1 of list '{name}' is a float"):
        shared.view()
    shared[1] = 2
    assert shared.view().tolist() == [1, 2, 3]
    shared[0] = "text"
    with pytest.raises(TypeError, match=f"item 0 of list '{name}' is a str"):
        shared.view()
    with ShareableList([1, 2], capacity=16) as wide:
        wide.unlink()
        with pytest.raises(ValueError, match="item 0 .* the items are not contiguous"):
            wide.view()


def test_view_of_a_list_becomes_a_numpy_array(make_list):
    np = pytest.importorskip("numpy")
    shared = make_list([0.5] * 1000)
    items = np.asarray(shared.view())
    items *= 4
    assert items.dtype == np.float64 and items.sum() == 2000 and shared[999] == 2.0
    shared.close()
    del shared
    gc.collect()
    assert items[0] == 2.0


def test_list_is_created_from_a_numpy_array():
    np = pytest.importorskip("numpy")
    for values in (np.arange(5), np.array([0.5, -1.0]), np.arange(10)[::2], np.array([], dtype=np.int64)):
        with ShareableList(values) as shared:
            shared.unlink()
            assert shared.tolist() == values.tolist()
            assert [type(item) for item in shared] == [type(item) for item in values.tolist()]


def test_list_reads_long_texts(make_list):
    texts = ["x" * n for n in (511, 512, 513, 100_000)] + ["é" * 300, b"b" * 513]
    shared = make_list(texts)
    assert shared[:] == texts


def test_list_rejects_other_keys_and_deletion(mixed):
    for key in ("a", 1.0, None, (1,)):
        with pytest.raises(TypeError, match="list indices must be integers or slices"):
            mixed[key]
        with pytest.raises(TypeError, match="list indices must be integers or slices"):
            mixed[key] = 1
    for key in (0, slice(0, 2)):
        with pytest.raises(TypeError, match="'ShareableList' object doesn't support item deletion"):
            del mixed[key]
    with pytest.raises(ValueError, match="zero"):
        mixed[::0]
    with pytest.raises(TypeError):
        mixed[0:2] = 5


def test_list_is_copied_from_a_list_and_onto_itself(mixed):
    with ShareableList(mixed) as other:
        other.unlink()
        assert other[:] == mixed[:] and other.format == mixed.format
    mixed[3:] = mixed[:2:-1]
    assert mixed[3:] == [42, True, None, 100]


def test_writing_fails_if_the_conversion_closes_the_list(mixed):
    class Closing:
        def __index__(self):
            mixed.close()
            return 1

    with pytest.raises(ValueError, match="closed"):
        mixed[:2] = [0, Closing()]
    with pytest.raises(ValueError, match="closed"):
        mixed[0] = Closing()


def test_writing_uses_the_new_list_if_the_conversion_calls_init(name):
    class Moving:
        def __index__(self):
            ShareableList.__init__(shared, [10, 20], name=name)
            return 1

    shared = ShareableList([0, 0])
    shared.unlink()
    shared[1] = Moving()
    assert shared.shm.name == name and shared[:] == [10, 1]
    shared.close()  # the class refers to the list, and a free-threaded CPython 3.13 keeps every class


def test_calls_use_the_new_list_if_the_conversion_calls_init(name):
    class Moving:
        def __init__(self, value):
            self.value = value

        def __index__(self):
            ShareableList.__init__(shared, [10, 20], name=name)
            unlink(name)
            return self.value

    shared = ShareableList([0, 0])
    shared.unlink()
    assert shared.add(Moving(1), 5) == 25 and shared.exchange(1, Moving(6)) == 20 and shared[:] == [10, 6]
    assert shared.compare_exchange(Moving(0), 10, Moving(7)) and shared.capacity(Moving(1)) == 8
    assert shared.wait(1, Moving(6)) == 20 and shared.shm.name == name
    shared.close()


def test_searching_fails_if_the_comparison_closes_the_list(mixed):
    class Closing:
        def __eq__(self, other):
            mixed.close()
            return False

    for attempt in (lambda: Closing() in mixed, lambda: mixed.count(Closing()), lambda: mixed.index(Closing())):
        with pytest.raises(ValueError, match="closed"):
            attempt()


def test_another_init_opens_the_new_block_and_releases_the_old_one(name):
    memory = SharedMemory(create=True, size=4)
    old, view = inode(memory.name), memory.buf
    memory.unlink()
    memory.__init__(name, create=True, size=8)
    assert (memory.name, memory.size) == (name, 8) and old in mappings()
    view[:] = b"kept"
    del view
    assert old not in mappings()
    memory.close()


def test_close_closes_both_blocks_of_calls_of_init_at_the_same_time(name):
    class Interrupted(SharedMemory):
        is_interrupted = False

        def __setattr__(self, attribute, value):
            if not self.is_interrupted and _raw.memory_name(self) is not None:
                object.__setattr__(self, "is_interrupted", True)
                self.__init__(name)  # as another thread does
            super().__setattr__(attribute, value)

    memory = SharedMemory(name, create=True, size=8)
    interrupted = Interrupted(name)
    assert interrupted.is_interrupted and bytes(interrupted.buf) == bytes(8)
    memory.close()
    interrupted.close()
    assert inode(name) not in mappings()
    memory.unlink()


@pytest.mark.parametrize("class_", [SharedMemory, ShareableList, _raw.Memory, _raw.List])
def test_object_without_init_is_closed(class_):
    bare = class_.__new__(class_)
    if issubclass(class_, _raw.List):
        uses = [lambda: bare[0], lambda: bare[:], lambda: bare.__setitem__(0, 1), lambda: 1 in bare, lambda: list(bare)]
        uses += [lambda: _raw.list_format(bare), lambda: _raw.list_unlink(bare), lambda: _raw.list_count(bare, 1)]
        assert len(bare) == 0 and _raw.list_memory(bare) is None
        _raw.list_close(bare)
    else:
        uses = [lambda: _raw.memory_address(bare), lambda: _raw.memory_unlink(bare)]
        assert _raw.memory_size(bare) == 0 and _raw.memory_name(bare) is None
        assert _raw.memory_same_block(bare, bare) is False
        _raw.memory_close(bare)
    for use in uses:
        with pytest.raises(ValueError):
            use()


def test_classes_can_be_subclassed_patched_and_subscripted(name, monkeypatch):
    class Named(ShareableList, abc.ABC):
        def label(self):
            return self.shm.name

    with Named([1, 2], name=name) as shared:
        assert shared.label() == name and repr(shared).startswith("Named([1, 2]")
        shared.attribute = 5
        assert vars(shared)["attribute"] == 5
    monkeypatch.setattr(ShareableList, "count", lambda self, value: -1)
    assert ShareableList.count(None, 1) == -1
    assert type(ShareableList) is type and str(ShareableList[int]).endswith("ShareableList[int]")


def test_classes_have_no_attributes_of_swig(mixed):
    memory = mixed.shm
    public = {each for each in dir(mixed) if not each.startswith("_")}
    values = {"capacity", "count", "format", "index", "shm", "tolist"}
    methods = {"add", "close", "compare_exchange", "hash", "exchange", "lock", "unlink", "view", "wait", "wait_any"}
    assert public == values | methods | {"changes", "lock_async", "wait_async"}
    public = {each for each in dir(memory) if not each.startswith("_")}
    assert public == {"buf", "close", "fileno", "name", "read_only", "size", "unlink"}
    for shared in (mixed, memory):
        with pytest.raises(TypeError):
            int(shared)
        assert shared == shared and shared != 5 and hash(shared) == hash(shared)
    with ShareableList(name=mixed.shm.name) as other:
        assert other != mixed


def test_iteration_uses_the_getitem_of_a_subclass(make_list, name):
    class Doubling(ShareableList):
        def __getitem__(self, position):
            return 2 * super().__getitem__(position)

    make_list([1, 2])
    with Doubling(name=name) as shared:
        assert shared[1] == 4 and list(shared) == [2, 4]


def test_cycle_with_a_list_is_collected_and_clears_weak_references(name):
    shared = ShareableList([1], name=name)
    shared.itself = shared
    reference, shm = weakref.ref(shared), weakref.ref(shared.shm)
    del shared
    gc.collect()
    assert reference() is None and shm() is None and inode(name) not in mappings()


def test_block_of_a_list_outlives_the_list(name):
    shm = ShareableList([5], name=name).shm
    gc.collect()
    assert shm.buf[24] == 5
    shm.close()


def test_iterator_outlives_the_list(name):
    iterator = iter(ShareableList([5, 6], name=name))
    gc.collect()
    assert list(iterator) == [5, 6]
    del iterator
    assert inode(name) not in mappings()


def test_raw_functions_reject_wrong_arguments(mixed):
    memory = mixed.shm
    for attempt in (
        lambda: _raw.memory_size(mixed),
        lambda: _raw.list_format(memory),
        lambda: _raw.list_close(None),
        lambda: _raw.memory_close(5),
        lambda: _raw.Memory(mixed),
        lambda: _raw.List(None),
        lambda: _raw.List(),
        lambda: _raw.memory_open("a", "b"),
        lambda: _raw.list_create(None, 5, 0, 0),
        lambda: _raw.list_capacity(mixed, "a"),
    ):
        with pytest.raises(TypeError):
            attempt()
    with pytest.raises(ValueError, match="flags"):
        _raw.memory_open(memory.name, 2**32)
    with pytest.raises(ValueError, match="flags"):
        _raw.memory_open(memory.name, 1 << 7)


def test_class_cannot_derive_from_both_block_and_list(mixed):
    for bases in ((ShareableList, SharedMemory), (SharedMemory, ShareableList), (_raw.List, _raw.Memory)):
        with pytest.raises(TypeError, match="lay-?out"):
            type("Both", bases, {})
    with pytest.raises(TypeError, match="layout"):
        mixed.__class__ = SharedMemory
    mixed.__class__ = type("Own", (ShareableList,), {})  # a subclass has the same layout
    assert mixed[3] == 100


def test_threads_can_use_the_same_object(make_list):
    shared = make_list([0] * 8)

    def count(index):
        for i in range(2000):
            shared[index] = i
            assert shared[index] == i

    threads = [threading.Thread(target=count, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared[:] == [1999] * 8


def must_fail(attempt):
    try:
        attempt()
    except Exception:
        return
    pytest.fail("no exception")


def test_nothing_leaks(name):
    def once():
        with ShareableList(["text", b"bytes" * 200, 1.5, 2**62, None, True], name=name, capacity=8) as shared:
            list(shared), shared[:], repr(shared), shared.format, shared.count(1), 2**70 in shared, 1j in shared
            shared[:2] = [bytearray(b"x"), memoryview(b"y")]
            pickle.loads(pickle.dumps(shared)).close()
            for attempt in (
                lambda: shared[9],
                lambda: shared["a"],
                lambda: shared.index(5),
                lambda: shared.__setitem__(0, "x" * 100),
                lambda: shared.__setitem__(0, 2**64),
                lambda: shared.__setitem__(slice(0, 2), [bytearray(1), {}]),
                lambda: shared.__setitem__(slice(0, 2), [1]),
                lambda: ShareableList([bytearray(5), 2**64]),
                lambda: ShareableList([1], capacity=[1, 2]),
                lambda: ShareableList([1], name=name),
                lambda: ShareableList([1], name="a/b"),
                lambda: ShareableList(name=name + "-not"),
                lambda: SharedMemory(name, create=True, size=1),
                lambda: SharedMemory(5),
                lambda: SharedMemory("a\0b"),
                lambda: _raw.List(5),
            ):
                must_fail(attempt)
            shared.shm.buf[0]
            shared.__init__(name=name)
        unlink(name)

    tracemalloc.start()
    try:
        for _ in range(500):  # until the interpreter's free lists are full
            once()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(2000):
            once()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 2000 * 16  # an object is 16 bytes or more
    finally:
        tracemalloc.stop()


def test_lock_excludes_other_threads_which_run_during_the_wait(make_list, name):
    shared = make_list([0, 0])

    def work():
        with ShareableList(name=name) as mine:
            for _ in range(500):
                with mine.lock(timeout=30):
                    mine[0] = mine[0] + 1
                mine.add(1, 1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    with shared.lock():
        for thread in threads:
            thread.start()
        assert shared[0] == 0
    for thread in threads:
        thread.join(60)
    assert shared.tolist() == [2000, 2000]


def test_thread_waits_for_the_lock_that_its_own_list_holds(make_list):
    shared = make_list([0])
    lock, taken = shared.lock(), threading.Event()
    thread = threading.Thread(target=lambda: lock.acquire(timeout=30) and taken.set())
    with shared.lock():
        thread.start()
        assert not taken.wait(0.2)
    thread.join(30)
    assert taken.is_set()
    lock.release()


class Alarm(Exception):
    """The exception of the SIGALRM handler."""


@pytest.fixture
def alarm():
    """A function that sends SIGALRM, whose handler raises Alarm, after a tenth of a second."""

    def ring(number, frame):
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_waiting_for_the_lock_is_interrupted_by_a_signal(make_list, name, alarm):
    shared = make_list([0])
    with ShareableList(name=name) as other, other.lock():
        start = time.monotonic()
        alarm()
        with pytest.raises(Alarm):
            shared.lock().acquire(timeout=30)
        assert time.monotonic() - start < 10
    with shared.lock(timeout=0) as lock:
        assert not lock.owner_died


@pytest.mark.parametrize("close", [lambda shared: shared.close(), lambda shared: shared.shm.close()])
@pytest.mark.parametrize("released_at_once", [False, True])
def test_waiting_for_the_lock_fails_when_the_list_is_closed(make_list, name, close, released_at_once):
    shared, raised = make_list([0]), []

    def wait():
        try:
            shared.lock().acquire(timeout=30)
        except ValueError as error:
            raised.append(str(error))

    with ShareableList(name=name) as other:
        lock = other.lock(timeout=5)
        lock.acquire()
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.1)
        close(shared)
        if released_at_once:
            lock.release()  # the wait may take the lock, and must release it
        thread.join(30)
        if not released_at_once:
            lock.release()
        assert raised == [f"list '{name}' is closed: open it again"]
        lock.acquire()
        lock.release()


@pytest.mark.parametrize("wait", [lambda shared: shared.wait(0, 0), lambda shared: shared.wait_any()])
def test_wait_is_interrupted_by_a_signal_and_ended_by_closing(make_list, name, alarm, wait):
    shared = make_list([0])
    start = time.monotonic()
    alarm()
    with pytest.raises(Alarm):
        wait(shared)
    assert time.monotonic() - start < 10
    thread = threading.Timer(0.1, shared.close)
    thread.start()
    with pytest.raises(ValueError, match=f"list '{name}' is closed"):
        wait(shared)
    thread.join()


def test_one_write_wakes_all_waiting_threads(make_list):
    shared, ended = make_list([0, 0]), []
    waits = (lambda: shared.wait(0, 0, timeout=30), lambda: shared.wait_any(timeout=30))
    threads = [threading.Thread(target=lambda wait=wait: ended.append(wait())) for wait in waits * 8]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    assert ended == []
    shared[0] = 5
    for thread in threads:
        thread.join(30)
    assert sorted(ended) == sorted([5] * 8 + [shared.hash()] * 8)


def test_lock_reports_an_owner_that_was_closed_or_collected(make_list, name):
    shared = make_list([0])
    with ShareableList(name=name) as other:
        assert other.lock().acquire()
    with shared.lock(timeout=5) as lock:
        assert lock.owner_died
    other = ShareableList(name=name)
    assert other.lock().acquire()
    del other
    gc.collect()
    with shared.lock(timeout=5) as lock:
        assert lock.owner_died


def test_lock_object_requires_an_initialized_list(make_list):
    shared = make_list([0])
    lock = shared.lock(timeout=1)
    with lock as same:
        assert same is lock and type(lock) is shared_memory.ListLock
    with pytest.raises(TypeError):
        shared.lock(timeout="1").acquire()
    with pytest.raises(TypeError, match="must be a shareable._raw.List"):
        shared_memory.ListLock([]).acquire()
    with pytest.raises(ValueError, match="__init__"):
        shared_memory.ListLock(ShareableList.__new__(ShareableList)).acquire()


def test_other_threads_can_close_a_list_while_long_texts_are_copied(name):
    text, data = "é" * 2_000_000, b"x" * 4_000_000
    with ShareableList(["", b""], name=name, capacity=4_000_000) as shared:
        shared.unlink()
        errors, turns = [], []

        def work(item, value):
            try:
                while True:
                    shared[item] = value
                    assert shared[item] == value
                    turns.append(item)
            except ValueError as error:
                errors.append(str(error))

        threads = [threading.Thread(target=work, args=each) for each in ((0, text), (1, data))]
        for thread in threads:
            thread.start()
        while len(set(turns)) < 2:
            time.sleep(0.01)
        shared.close()
        for thread in threads:
            thread.join()
        assert errors == [f"list '{name}' is closed: open it again"] * 2


def test_other_threads_can_close_a_long_list_while_it_is_searched_or_stored(name):
    count = 100_000
    with ShareableList(range(count), name=name) as shared:
        shared.unlink()
        errors, turns = [], []
        zeros = [0] * count

        def work(turn, do):
            try:
                while True:
                    do()
                    turns.append(turn)
            except ValueError as error:
                errors.append(str(error))

        def store():
            shared[:] = zeros

        def search():
            assert -1 not in shared and shared.count(-1) == 0
            with pytest.raises(ValueError, match="^-1 not in this container|is closed"):
                shared.index(-1)

        threads = [threading.Thread(target=work, args=each) for each in enumerate((store, search, search))]
        for thread in threads:
            thread.start()
        while len(set(turns)) < 3:
            time.sleep(0.01)
        shared.close()
        for thread in threads:
            thread.join()
        assert len(errors) == 3 and all(f"list '{name}' is closed" in error for error in errors)


def test_other_threads_run_while_a_long_list_is_searched(make_list):
    shared = make_list(range(2_000_000))

    def search():
        for _ in range(20):
            shared.count(-1)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # the interpreter does not switch threads by itself
    try:
        thread = threading.Thread(target=search)
        thread.start()
        time.sleep(0)
        turns = 0
        while thread.is_alive():
            turns += 1
            time.sleep(0)
    finally:
        sys.setswitchinterval(before)
    assert turns > 100
