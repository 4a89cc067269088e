"""Tests of arrays that are special to Python: views, pickles and protocols of NumPy, and no NumPy at all."""

import copy
import gc
import os
import pathlib
import pickle
import subprocess
import sys

import pytest

import shareable
from shareable.shared_memory import unlink

np = pytest.importorskip("numpy")

HERE = pathlib.Path(__file__).parent
IS_NUMPY_1 = np.__version__.startswith("1.")


def path(name):
    return "/dev/shm/" + name


def run(*arguments):
    """Run an interpreter, which must succeed and print no errors. Return its output."""
    ended = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def test_the_bytes_are_those_of_numpy_save(name, tmp_path):
    source = np.linspace(0, 1, 12).reshape(3, 4)
    shareable.asarray(source, name=name)
    np.save(tmp_path / "saved.npy", source)
    with open(path(name), "rb") as file:
        assert file.read() == (tmp_path / "saved.npy").read_bytes()


def test_asarray_copies(name):
    source = np.arange(12, dtype="f8").reshape(3, 4)
    array = shareable.asarray(source[::2, ::-1].T, name=name)
    assert array.tolist() == source[::2, ::-1].T.tolist() and array.flags.c_contiguous
    source[:] = 0
    assert array[0, 0] == 3
    again = shareable.asarray([[1, 2], [3, 4]])
    again.unlink()
    assert again.dtype == np.dtype(int) and again.name != name


def test_memory_lives_as_long_as_a_view(name):
    array = shareable.array((100, 100), "u2", name=name)
    array[50] = 7
    row = array[50]
    block = array.block
    del array
    block.close()
    unlink(name)
    gc.collect()
    assert row.sum() == 700
    row[0] = 8


def test_results_and_copies_are_not_in_the_block(name):
    array = shareable.array((2, 2), "i4", name=name)
    for result in (array + 1, array == 0, np.sqrt(array), array.sum(axis=0)):
        assert type(result) is np.ndarray
    assert isinstance(array.sum(), np.integer) and isinstance(array.max(), np.integer)
    for copied in (array.copy(), array[array == 0], copy.deepcopy(array), array.astype("f4"), array.flatten()):
        assert getattr(copied, "name", None) is None
    out = np.add(array, 5, out=array)
    assert out is array and out.name == name and array[1, 1] == 5
    with pytest.raises(ValueError, match="a copy"):
        array.copy().unlink()


def test_pickle_of_a_view_attaches_to_the_same_items(name):
    array = shareable.array((4, 6), "i4", name=name)
    array[:] = np.arange(24).reshape(4, 6)
    for view in (array, array[1:], array[:, ::2], array[::-1, ::-1], array.T, array[2], array[1:2]):
        loaded = pickle.loads(pickle.dumps(view))
        assert same(loaded, view) and loaded.strides == view.strides and loaded.name == name
        assert np.shares_memory(loaded, loaded) and not np.shares_memory(loaded, view)  # another mapping
    loaded = pickle.loads(pickle.dumps(array[2:, 1:]))
    array[3, 5] = 99
    assert loaded[1, 4] == 99
    assert len(pickle.dumps(shareable.array(1 << 20, "u1", name=name + "-large")[1:])) < 500
    unlink(name + "-large")


def test_pickle_of_a_copy_contains_its_items(name):
    array = shareable.array(3, "i4", name=name)
    loaded = pickle.loads(pickle.dumps(array.copy()))
    array[0] = 1
    assert type(loaded) is np.ndarray and loaded.tolist() == [0, 0, 0]


def test_pickle_keeps_fields_and_read_only(name):
    shareable.array(3, [("x", "f4"), ("y", "i2")], name=name)["y"] = 7
    array = shareable.array(name=name, read_only=True)
    loaded = pickle.loads(pickle.dumps(array["y"]))
    assert loaded.tolist() == [7, 7, 7] and not loaded.flags.writeable


def test_pickle_of_a_view_that_cannot_be_written_stays_so(name):
    array = shareable.array((2, 3), "i4", name=name)
    row = array[0]
    row.flags.writeable = False
    for view in (row, np.broadcast_to(array[1], (1000, 3), subok=True)):
        loaded = pickle.loads(pickle.dumps(view))
        assert loaded.shape == view.shape and not loaded.flags.writeable
    array[0, 0] = 9
    assert pickle.loads(pickle.dumps(row))[0] == 9 and array.flags.writeable


def test_unpickled_array_must_fit_in_the_block(name):
    pickled = pickle.dumps(shareable.array(1000, "f8", name=name))
    unlink(name)
    with pytest.raises(FileNotFoundError):
        pickle.loads(pickled)
    shareable.array(10, "f8", name=name)
    with pytest.raises((TypeError, ValueError), match="buffer"):
        pickle.loads(pickled)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pool_changes_slices_in_place(method):
    assert run(str(HERE / "passing_arrays.py"), method) == "passed\n"


def test_an_array_of_arrays_has_more_dimensions(name):
    array = shareable.array(5, ("f4", (2, 3)), name=name)
    assert array.shape == (5, 2, 3) == shareable.array(name=name).shape


def test_dlpack_and_the_buffer_protocol(name):
    array = shareable.array((2, 3), "f4", name=name)
    view = memoryview(array)
    assert (view.format, view.shape) == ("f", (2, 3))
    if hasattr(np, "from_dlpack"):
        other = np.from_dlpack(array)
        array[1, 2] = 5
        assert other[1, 2] == 5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (((3,), "O"), TypeError, "Python objects"),
        (((3,), [("a", "O")]), TypeError, "Python objects"),
        ((-1,), ValueError, "not -1"),
        (((3, -1),), ValueError, "not -1"),
        ((1 << 70,), ValueError, "must be between"),
        (((1 << 40, 1 << 40),), ValueError, "too large"),
        (("3",), TypeError, "'shape' must be an int"),
        ((3.5,), TypeError, "'shape' must be an int or a tuple of ints, not float"),
        (((3, 4.5),), TypeError, "int"),
        (((1,) * 65,), ValueError, "64"),
        pytest.param(
            ((1,) * 33,), ValueError, "32", marks=pytest.mark.skipif(not IS_NUMPY_1, reason="NumPy 2 has 64 dimensions")
        ),
        ((3, "no such type"), TypeError, "no such type"),
        ((3, {"names": ["a", "b"], "formats": ["i4", "i4"], "offsets": [0, 2]}), ValueError, "overlapping"),
    ],
)
def test_bad_arguments_create_nothing(name, arguments, error, message):
    with pytest.raises(error, match=message):
        shareable.array(*arguments, name=name)
    assert not os.path.exists(path(name))


@pytest.mark.parametrize("shape", [np.array([2, 3]), np.array(6), [2, 3], np.int16(6)])
def test_shape_may_be_an_array_or_a_list(name, shape):
    array = shareable.array(shape, "u1", name=name)
    assert same(array, np.zeros(shape, "u1"))
    assert shareable.array(shape, "(2,)u1").shape == array.shape + (2,)


@pytest.mark.parametrize("descr", [r"[('\x0', '<f4')]", r"[('\N{foo}', '<f4')]", "'<f12'", "'<M8[zz]'", "'|V4294967297'"])
def test_type_that_numpy_does_not_have_is_refused(name, descr):
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (2,), }}".ljust(118 - 1) + "\n"
    with open(path(name), "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
        file.truncate(2 * 4294967297 + 1000)
    with pytest.raises(ValueError):
        shareable.array(name=name)


def test_arguments_of_the_wrong_use_are_refused(name):
    for options in ({}, {"name": name, "dtype": "f4"}, {"shape": 3, "name": name, "read_only": True}):
        with pytest.raises(ValueError):
            shareable.array(**options)
    with pytest.raises(FileNotFoundError, match=name):
        shareable.array(name=name)
    shareable.array(3, name=name)
    with pytest.raises(FileExistsError, match=name):
        shareable.array(3, name=name)
    with pytest.raises(ValueError, match="not a valid name"):
        shareable.array(3, name="a/b")
    with pytest.raises(ValueError, match="^.Errno 22. the block: not a valid name: .*, not '.' or '..': '/..'$"):
        shareable.array(name="..")
    with pytest.raises(TypeError, match="Python objects"):
        shareable.asarray([object()])


WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None  # as if it were not installed
import shareable
from shareable import *
name = sys.argv[1]
view = shareable.array(name=name)
assert (view.format, view.shape, view.strides, view[1, 2]) == ("i", (2, 3), (4, 8), 6), view
view[1, 2] = 60
assert not view.c_contiguous and view.f_contiguous and view.tolist() == [[1, 3, 5], [2, 4, 60]]
made = shareable.array((3, 4), "f4", name=name + "-made")
assert (made.format, made.shape, made.strides) == ("f", (3, 4), (16, 4))
made[2, 3] = 1.5
for dtype, format in (("c8", "Zf"), ("=i8", "q"), (">i8", "8s"), ([("a", "<f4"), ("b", "|u1")], "5s")):
    shareable.shared_memory.unlink(name + "-made")
    made = shareable.array((2, 0), dtype, name=name + "-made")
    assert (made.format, made.shape, made.nbytes) == (format, (2, 0), 0)
shareable.shared_memory.unlink(name + "-made")
empty = shareable.array((), "u1", name=name + "-made")
empty[()] = 9
shareable.shared_memory.unlink(name + "-made")
assert empty[()] == 9
for call, error in (
    (lambda: shareable.array(3), ValueError),
    (lambda: shareable.array(3, "x9", name=name + "-made"), ValueError),
    (lambda: shareable.array(3, "|O", name=name + "-made"), ValueError),
    (lambda: shareable.asarray([1]), ModuleNotFoundError),
    (lambda: shareable.SharedArray, AttributeError),
):
    try:
        call()
    except error:
        continue
    raise AssertionError(call)
read_only = shareable.array(name=name, read_only=True)
assert read_only.readonly and read_only[1, 2] == 60
"""


def test_without_numpy_an_array_is_a_memoryview(name):
    with open(path(name), "wb") as file:
        np.save(file, np.array([[1, 3, 5], [2, 4, 6]], "i4", order="F"))
    assert run("-c", WITHOUT_NUMPY, name) == ""
    assert np.load(path(name))[1, 2] == 60


def test_import_of_shareable_does_not_import_numpy():
    assert run("-c", "import sys, shareable; print('numpy' in sys.modules)") == "False\n"
