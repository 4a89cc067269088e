"""Arrays in blocks of shared memory. The bytes of such a block are a .npy file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from . import _raw
from ._owner import transfer_to_creators
from .shared_memory import _DEFAULT_MODE, SharedMemory, _create, _flags

if TYPE_CHECKING:
    from types import ModuleType


def _import_numpy() -> ModuleType | None:
    """Import what needs NumPy, or return None if NumPy is not installed."""
    try:
        from . import _ndarray
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        return None
    return _ndarray


def _describe(dtype: Any) -> str:
    """Return the description of a type as NumPy writes it in a header, without NumPy."""
    if not isinstance(dtype, str) or dtype[:1] in ("<", ">", "|"):
        return repr(dtype)
    return repr(("<" if sys.byteorder == "little" else ">") + dtype.lstrip("="))


def _create_array(
    name: str | None, descr: str, shape: Any, items: Any, track: bool, mode: int, lazy: bool
) -> tuple[Any, ...]:
    if track:
        transfer_to_creators()
    return _create(_raw.array_create_from, name, descr, shape, items, _flags(True, False, track, lazy), mode)


def _attach_new(numpy: ModuleType, made: tuple[Any, ...], dtype: Any) -> Any:
    """Return a new array. If NumPy cannot have it, which has fewer dimensions than a block, remove the block."""
    try:
        return numpy.attach(made, dtype)
    except BaseException:
        SharedMemory._of(made[0]).unlink()
        raise


def array(
    shape: int | tuple[int, ...] | None = None,
    dtype: Any = None,
    *,
    name: str | None = None,
    track: bool = True,
    mode: int = _DEFAULT_MODE,
    read_only: bool = False,
    lazy: bool = False,
) -> Any:
    """Create an array of zeros in a new block of shared memory, or attach to the array of a block.

    shape
        The length of each dimension of a new array, which may be 0. If it is None, attach to the
        array `name`.
    dtype
        The type of the items of a new array: anything that numpy.dtype() accepts, except Python
        objects. If it is None, float64. Without NumPy, a str such as "u1", "<f8" or "c16", or a
        list of fields as in numpy.dtype.descr.
    name
        The block's name. If it is None, a new block gets a random name.
    track, mode, read_only, lazy
        See SharedMemory.

    Returns a SharedArray, which is a numpy.ndarray. The block stays mapped as long as the array or a
    view of it exists. Without NumPy, returns a memoryview with the type and the shape of the array;
    a new array must then have a name. A memoryview can read and write only ints, floats of 4 and 8
    bytes and bools in the byte order of this machine; of other types, it has only the bytes.

    The block is a .npy file. Programs with NumPy alone open it with
    ``numpy.load("/dev/shm/NAME", mmap_mode="r+")``, and a file that numpy.save() wrote to /dev/shm
    is opened here. New arrays are in C order; arrays in Fortran order can be attached to.

    Raises the exceptions of SharedMemory; ValueError if the block does not contain an array, is not
    complete, or no array can have the shape; and TypeError or ValueError for a wrong type.
    """
    numpy = _import_numpy()
    if shape is None:
        if name is None:
            raise ValueError("'name' can only be None for a new array, which has a shape")
        if dtype is not None:
            raise ValueError("'dtype' is only for a new array, which has a shape: an array that exists has its own")
        found = _raw.array_open(name, _flags(False, read_only, False, False))
        return _view(found) if numpy is None else numpy.attach(found)
    if read_only:
        raise ValueError("'read_only' is only for attaching: a new array must be writable")
    if numpy is not None:
        shape, dtype = numpy.normalize(shape, dtype)
        return _attach_new(numpy, _create_array(name, numpy.describe(dtype), shape, None, track, mode, lazy), dtype)
    if name is None:
        raise ValueError("without NumPy, a new array must have a name: a memoryview has no attribute for it")
    return _view(_create_array(name, _describe("f8" if dtype is None else dtype), shape, None, track, mode, lazy))


def asarray(a: Any, *, name: str | None = None, track: bool = True, mode: int = _DEFAULT_MODE) -> Any:
    """Copy an array into a new block of shared memory.

    a
        An array, or anything that numpy.asarray() accepts. Its items must not be Python objects.
    name, track, mode
        See array().

    The block gets its name when all items have been copied. Returns a SharedArray in C order. This
    function needs NumPy. Raises the exceptions of array(), and TypeError for Python objects.
    """
    numpy = _import_numpy()
    if numpy is None:
        raise ModuleNotFoundError("shareable.asarray() needs NumPy", name="numpy")
    array, descr, items = numpy.items(a)
    made = _create_array(name, descr, array.shape, items, track, mode, False)
    return _attach_new(numpy, made, array.dtype)


def _view(found: tuple[Any, ...]) -> memoryview:
    memory, offset, shape, is_fortran_order, _, format, item_size = found
    return _raw.memory_items(memory, offset, shape, is_fortran_order, format, item_size)
