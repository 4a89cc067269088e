"""Tests the cases of tests/bindings/cases.txt about arrays, in that order, which every binding must pass."""

import os
import re
import subprocess
import sys
import time

import pytest

import shareable
from shareable.shared_memory import ShareableList, SharedMemory, unlink

np = pytest.importorskip("numpy")

NUMBERS = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
OTHERS = ["f16", "S5", "U3", "V7", "M8[ns]", "m8[25s]", [("x", "f4"), ("y", "i2", (2, 3))], [("ä", "U2"), ("", "V4")]]
FOREIGN = [">" + number for number in NUMBERS if number[-1] not in "?1"]
TYPES = NUMBERS + FOREIGN + OTHERS
SHAPES = [(3, 4, 2), (5,), (), (0, 3)]


def path(name):
    return "/dev/shm/" + name


def filled(dtype, shape, order="C"):
    """Return an array whose items differ."""
    array = np.zeros(shape, dtype, order)
    size = array.size * array.itemsize
    data = np.resize(np.arange(251, dtype="u1"), size)
    if array.dtype.kind in "bU":
        data = np.resize(np.array([1, 0, 0, 0], "u1"), size)
    if array.dtype.names == ("ä",):
        data[:] = 0
    return data.view(array.dtype).reshape(shape, order=order)


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def write(name, header, items=b""):
    """Write a block as a program without this library does."""
    with open(path(name), "wb") as file:
        file.write(b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode() + items)


def header(descr, order="False", shape="(2,)"):
    """Return a header whose items begin at a multiple of 64."""
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    return text + " " * (-(len(text) + 11) % 64) + "\n"


def test_array_is_created_and_opened_by_name(name):
    a = shareable.array((3, 4), "i4", name=name)
    b = shareable.array(name=name)
    assert isinstance(a, shareable.SharedArray) and isinstance(a, np.ndarray)
    assert (a.shape, a.dtype, a.strides, a.name) == ((3, 4), np.dtype("i4"), (16, 4), name)
    assert (b.shape, b.dtype, b.strides, b.name) == ((3, 4), np.dtype("i4"), (16, 4), name)
    assert not a.any()
    a[1, 2] = 42
    assert b[1, 2] == 42


def test_array_without_a_name_gets_a_random_psm_name():
    array, other = shareable.array(3), shareable.array(3)
    array.unlink()
    other.unlink()
    assert re.fullmatch("psm_[0-9a-f]{8}", array.name) and array.dtype == np.dtype("f8")
    assert array.name != other.name


def test_array_is_created_from_items(name):
    items = np.arange(6, dtype="i2").reshape(2, 3)
    array = shareable.asarray(items, name=name)
    assert same(array, items)
    items[:] = 0  # they were copied
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]] == shareable.array(name=name).tolist()
    with pytest.raises(ValueError):
        shareable.asarray([[1, 2], [3]], name=name + "-bad")
    assert not os.path.exists(path(name + "-bad"))


@pytest.mark.parametrize("dtype", NUMBERS)
def test_array_holds_every_type_of_numbers(name, dtype):
    kind = np.dtype(dtype)
    items = np.array([0, 1, 1], dtype)
    if kind.kind in "iu":
        items[1:] = np.iinfo(dtype).min, np.iinfo(dtype).max
    elif kind.kind in "fc":
        items[1:] = np.finfo(dtype).tiny, -np.inf
    array = shareable.array(3, dtype, name=name)
    again = shareable.array(name=name)
    for i in range(3):
        array[i] = items[i]
    assert same(array, items) and same(again, items)


@pytest.mark.parametrize("dtype", FOREIGN + OTHERS, ids=str)
def test_array_holds_fields_and_the_other_byte_order(name, dtype):
    items = filled(dtype, (2, 3))
    array = shareable.array((2, 3), dtype, name=name)
    array[:] = items
    assert same(shareable.array(name=name), items)


def test_array_refuses_another_type(name):
    array = shareable.array(2, "i2", name=name)
    with pytest.raises(ValueError, match="'dtype' is only for a new array"):
        shareable.array(name=name, dtype="f4")
    for value, error in (("text", ValueError), ([1, 2], (TypeError, ValueError)), (object(), TypeError)):
        with pytest.raises(error):
            array[0] = value
    assert array.tolist() == [0, 0]


@pytest.mark.parametrize("dtype", ["no such type", "f3", "", 7, [("x",)], [("x", "f4"), ("x", "f4")]], ids=str)
def test_array_refuses_an_unknown_type(name, dtype):
    with pytest.raises((TypeError, ValueError)):
        shareable.array(2, dtype, name=name)
    assert not os.path.exists(path(name))


def test_array_refuses_python_objects(name):
    for dtype in ("O", [("a", "O")], object):
        with pytest.raises(TypeError, match="Python objects"):
            shareable.array(3, dtype, name=name)
    with pytest.raises(TypeError, match="Python objects"):
        shareable.asarray([object()], name=name)
    assert not os.path.exists(path(name))
    for items in (np.array([object()]), np.zeros(2, [("a", "O")])):
        with open(path(name), "wb") as file:
            np.save(file, items)
        with pytest.raises(ValueError, match="Python objects") as caught:
            shareable.array(name=name)
        assert name in str(caught.value)


def test_array_is_aligned_to_64_bytes(name):
    for dimensions in range(1, 33):
        array = shareable.array((1,) * dimensions, "c16", name=name)
        assert array.ctypes.data % 64 == 0 and shareable.array(name=name).shape == (1,) * dimensions
        unlink(name)


def test_array_may_be_empty_or_have_no_dimensions(name):
    for shape in ((0,), (3, 0, 2), (1 << 28, 0)):
        array = shareable.array(shape, "u2", name=name)
        again = shareable.array(name=name)
        assert array.shape == again.shape == shape and again.size == 0 and again.tobytes() == b""
        with pytest.raises(IndexError):
            again[(0,) * len(shape)]
        unlink(name)
    array = shareable.array((), "i8", name=name)
    array[()] = 7
    again = shareable.array(name=name)
    assert again.shape == () and again.size == 1 and again[()] == 7


def test_array_in_fortran_order_is_read_and_written(name):
    write(name, header("'|u1'", "True", "(2, 3)"), bytes([0, 10, 1, 11, 2, 12]))
    array = shareable.array(name=name)
    assert array.strides == (1, 2) and array.flags.f_contiguous
    assert array.tolist() == [[0, 1, 2], [10, 11, 12]]
    array[1, 0] = 99
    with open(path(name), "rb") as file:
        assert file.read()[-6:] == bytes([0, 99, 1, 11, 2, 12])


def test_array_is_indexed_from_either_end(name):
    array = shareable.asarray(np.arange(6, dtype="i4").reshape(2, 3), name=name)
    for i in range(-2, 2):
        for j in range(-3, 3):
            assert array[i, j] == (i + 2) % 2 * 3 + (j + 3) % 3
    array[-1, -3] = 100
    assert shareable.array(name=name)[1, 0] == 100


def test_array_refuses_an_index_past_either_end(name):
    array = shareable.array((2, 3), "i4", name=name)
    for index in ((2, 0), (-3, 0), (0, 3), (0, -4), (2**62, 0), (0, -(2**62)), (0, 0, 0)):
        with pytest.raises(IndexError):
            array[index]
        with pytest.raises(IndexError):
            array[index] = 1
    assert not array.any()


def test_array_refuses_a_shape_that_no_array_can_have(name):
    for shape, error, message in (
        ((-1,), ValueError, "not -1"),
        ((3, -1), ValueError, "not -1"),
        (1 << 70, ValueError, "must be between"),
        ((1 << 40, 1 << 40), ValueError, "too large"),
        ((1,) * 65, ValueError, "64"),
        ("3", TypeError, "'shape' must be an int"),
        (3.5, TypeError, "'shape' must be an int"),
        ((3, 4.5), TypeError, "int"),
    ):
        with pytest.raises(error, match=message):
            shareable.array(shape, "f8", name=name)
    assert not os.path.exists(path(name))


def test_array_that_does_not_fit_is_refused_with_sizes_in_the_message(name):
    with pytest.raises(OSError, match=f"{2**50 + 128} bytes.* free.*{name}"):
        shareable.array(2**50, "u1", name=name)
    assert not os.path.exists(path(name))


def test_array_refuses_a_name_that_exists(name):
    array = shareable.asarray([1, 2, 3], name=name)
    with pytest.raises(FileExistsError, match=name):
        shareable.array(3, name=name)
    with pytest.raises(FileExistsError, match=name):
        shareable.asarray([4], name=name)
    assert array.tolist() == [1, 2, 3]


@pytest.mark.parametrize("bad", ["", "/", ".", "..", "a/b", "a\0b", "a" * 256])
def test_array_refuses_a_bad_name(bad):
    for attempt in (
        lambda: shareable.array(3, name=bad),
        lambda: shareable.array(name=bad),
        lambda: shareable.asarray([1], name=bad),
    ):
        with pytest.raises(ValueError, match="not a valid name"):
            attempt()


def test_array_refuses_to_open_a_missing_block(name):
    with pytest.raises(FileNotFoundError, match=name) as caught:
        shareable.array(name=name)
    assert caught.value.filename == "/" + name
    with pytest.raises(ValueError, match="name"):
        shareable.array()


def test_array_refuses_blocks_that_are_not_arrays(name):
    largest = "9223372036854775807"
    for content, message in (
        (b"x" * 64, "does not begin as a .npy file"),
        (b"\x93NUMPY\4\0" + bytes(100), "version"),
        (b"\x93NUMPY\1\0\x20\0" + b"__import__('os').system('false')", "not a dict"),
        (b"\x93NUMPY\1\0" + (60000).to_bytes(2, "little") + b"[" * 60000, "not a dict"),
    ):
        with open(path(name), "wb") as file:
            file.write(content)
        with pytest.raises(ValueError, match=message) as caught:
            shareable.array(name=name)
        assert name in str(caught.value)
    for text, message in (
        ("{}", "keys"),
        (header("'<f8'", "Maybe"), "fortran_order"),
        (header("'<f8'", "False", "(-1,)"), "shape"),
        (header("'<f8'", "False", "(2)"), "shape"),
        (header("'<f8'", "False", f"({largest}, {largest})"), "too large"),
        (header("'<f8'", "False", "(" + "1," * 65 + ")"), "shape"),
        (header("'<f99999999999999999999'"), ""),
        (header("[" * 5000), ""),
    ):
        write(name, text, bytes(16))
        with pytest.raises(ValueError, match=message) as caught:
            shareable.array(name=name)
        assert name in str(caught.value)
    unlink(name)
    with ShareableList([1], name=name), pytest.raises(ValueError, match=name):
        shareable.array(name=name)
    unlink(name)
    shareable.array(3, name=name)
    with pytest.raises(ValueError):
        ShareableList(name=name)


def test_array_that_is_not_complete_is_not_ready(name):
    for shape, items in (("(2,)", 15), ("(2,)", 0), ("(9223372036854775,)", 100)):
        write(name, header("'<f8'", "False", shape), bytes(items))
        with pytest.raises(ValueError, match=f"is not ready: .* the block has {128 + items}") as caught:
            shareable.array(name=name)
        assert name in str(caught.value)


def test_array_ignores_later_changes_of_the_header(name):
    array = shareable.asarray(np.array([1, 2, 3], "i4"), name=name)
    with SharedMemory(name) as memory:
        memory.buf[:128] = b"\xff" * 128
    assert array.shape == (3,) and array.tolist() == [1, 2, 3] and array[1:].tolist() == [2, 3]
    with pytest.raises(ValueError, match="does not begin as a .npy file"):
        shareable.array(name=name)


def test_array_attached_read_only_refuses_writes(name):
    made = shareable.asarray([1, 2], name=name)
    array = shareable.array(name=name, read_only=True)
    assert not array.flags.writeable and array.block.read_only
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 7
    made[1] = 5
    assert array.tolist() == [1, 5]
    with pytest.raises(ValueError, match="'read_only' is only for attaching"):
        shareable.array(3, name=name, read_only=True)


def test_array_has_the_requested_mode_and_is_lazy(name):
    array = shareable.array((1 << 20, 1 << 10), "u1", name=name, mode=0o640, lazy=True)
    status = os.stat(path(name))
    assert status.st_mode & 0o777 & ~0o040 == 0o600  # the umask may remove a bit
    assert status.st_blocks <= 8
    array[-1, -1] = 1
    assert os.stat(path(name)).st_blocks <= 16


def test_array_returns_its_block(name):
    array = shareable.array(3, "u1", name=name)
    assert isinstance(array.block, SharedMemory) and array.block.name == name and array.block.size == 128 + 3
    with SharedMemory(name) as memory:
        memory.buf[128] = 9
    assert array[0] == 9


def test_array_is_unlinked_when_its_owner_exits():
    program = "import shareable; print(shareable.array(3, 'u1').name, shareable.array(3, 'u1', track=False).name)"
    tracked, kept = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    for _ in range(100):
        if not os.path.exists(path(tracked)):
            break
        time.sleep(0.1)
    assert not os.path.exists(path(tracked)) and os.path.exists(path(kept))
    unlink(kept)


def test_array_can_be_closed_twice_and_keeps_its_name_and_shape(name):
    """In Python, closing the block does not end the array: its memory lives as long as a view."""
    array = shareable.array((2, 3), "i4", name=name)
    array.block.close()
    array.block.close()
    assert array.block.buf is None
    assert (array.name, array.shape, array.dtype) == (name, (2, 3), np.dtype("i4"))
    array[1, 2] = 5
    assert shareable.array(name=name)[1, 2] == 5


def test_array_is_unlinked_once_and_then_not_found(name):
    array = shareable.array(3, "i1", name=name)
    array.unlink()
    for call in (array.unlink, lambda: shareable.array(name=name)):
        with pytest.raises(FileNotFoundError, match=name):
            call()
    array[0] = 1  # other users continue to use it


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_array_opens_what_numpy_saves(name, dtype, shape, order):
    saved = filled(dtype, shape, order)
    with open(path(name), "wb") as file:
        np.save(file, saved)
    array = shareable.array(name=name)
    assert same(array, saved) and (array.size == 0 or array.strides == saved.strides)


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_array_is_read_and_written_by_numpy(name, dtype, shape):
    source = filled(dtype, shape)
    array = shareable.asarray(source, name=name)
    assert same(array, source) and same(np.load(path(name)), source)
    if source.size == 0:
        return  # mmap(2) has no empty maps
    mapped = np.load(path(name), mmap_mode="r+")
    assert same(mapped, source)
    mapped[...] = np.zeros(shape, dtype)
    assert same(array, np.zeros(shape, dtype))
