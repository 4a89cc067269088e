"""Arrays of NumPy in blocks of shared memory. Only this module imports NumPy."""

from __future__ import annotations

from ast import literal_eval
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy
from numpy.lib import format as npy_untyped

from . import _raw
from .shared_memory import SharedMemory

npy: Any = npy_untyped
_IS_NUMPY_1 = numpy.__version__.startswith("1.")

if TYPE_CHECKING:
    _Base = numpy.ndarray[Any, Any]
else:
    _Base = numpy.ndarray  # old versions have no parameters


class SharedArray(_Base):
    """A numpy.ndarray in a block of shared memory. array() and asarray() return one.

    Views of the array, such as slices, are in the block too, and keep it mapped. A pickle of such
    an array contains the name of its block and the position in it, not the items: the process that
    loads it attaches to the same items. Results of arithmetic, and copies, are not in a block: they
    are pickled with their items. The pickle of a view that cannot be written is loaded as one that
    cannot be written. If the block was unlinked, and another has its name, the pickle is loaded with
    the bytes of the other block. pandas takes an array that has a name for one column: a DataFrame
    needs ``numpy.asarray(array)``, whose items are in the block too.
    """

    block: SharedMemory | None = None
    """The block that contains the array, a whole .npy file. None for a copy, which is in no block."""

    @property
    def name(self) -> str | None:
        """The name of the block that contains the array, or None for a copy."""
        return None if self.block is None else self.block.name

    def unlink(self) -> None:
        """Remove the name of the array's block. Processes that have the array continue to use it.

        Must be called once among all processes. Raises FileNotFoundError if the name is already
        removed, or belongs to another block, and ValueError if the array is a copy.
        """
        if self.block is None:
            raise ValueError("the array is a copy, which is not in a block of shared memory")
        self.block.unlink()

    def __array_finalize__(self, parent: Any) -> None:
        block = getattr(parent, "block", None)
        if block is not None and _is_of_buffer(self):
            self.block = block

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        if array is self:  # it is the output of the operation
            return array
        return array[()] if return_scalar or (_IS_NUMPY_1 and array.ndim == 0) else array.view(numpy.ndarray)

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.block is None:
            return self.view(numpy.ndarray).__reduce_ex__(protocol)
        offset = _address(self) - _address(numpy.frombuffer(_raw.memory_address(self.block), numpy.uint8))
        return _load, (self.block.name, not self.flags.writeable, self.dtype, offset, self.shape, self.strides)


def _is_of_buffer(array: Any) -> bool:
    """Return whether the array is a view of something that is no array, so not a copy."""
    base = array.base
    while isinstance(base, numpy.ndarray):
        base = base.base
    return base is not None


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def _place(block: SharedMemory, shape: Any, dtype: Any, **position: Any) -> SharedArray:
    # This view keeps the block mapped: close() does not end it, as it would end that of block.buf.
    array = SharedArray(shape, dtype, _raw.memory_address(block), **position)
    array.block = block
    return array


def _load(name: str, read_only: bool, dtype: Any, offset: int, shape: Any, strides: Any) -> SharedArray:
    return _place(SharedMemory(name, read_only=read_only), shape, dtype, offset=offset, strides=strides)


@lru_cache(maxsize=256)
def _dtype_of(descr: str) -> Any:
    try:
        return npy.descr_to_dtype(literal_eval(descr))
    except (SyntaxError, TypeError, ValueError) as error:
        raise ValueError(f"NumPy has no type {descr}, which the header of the block has: {error}") from error


def attach(found: tuple[Any, ...], dtype: Any = None) -> SharedArray:
    """Return the array that the raw module has created or opened. `dtype` is known for a new array."""
    memory, offset, shape, is_fortran_order, descr, _, item_size = found
    dtype = _dtype_of(descr) if dtype is None else dtype
    if dtype.itemsize != item_size:
        raise ValueError(f"NumPy has no type for items of {item_size} bytes")
    return _place(SharedMemory._of(memory), shape, dtype, offset=offset, order="F" if is_fortran_order else "C")


def normalize(shape: Any, dtype: Any) -> tuple[Any, Any]:
    """Return a shape and a type as numpy.zeros() uses them: an array of arrays has more dimensions."""
    dtype = numpy.dtype(dtype)
    if isinstance(shape, numpy.ndarray):
        shape = shape.tolist()
    if dtype.subdtype is None:
        return shape, dtype
    base, lengths = dtype.subdtype
    return ((shape,) if hasattr(shape, "__index__") else tuple(shape)) + lengths, base


def describe(dtype: Any) -> str:
    """Return the description of a type as numpy.save() writes it in a header."""
    if dtype.hasobject:
        raise TypeError(f"an array of type {dtype} contains Python objects, which have no meaning in another process")
    return repr(npy.dtype_to_descr(dtype))


def items(a: Any) -> tuple[Any, str, Any]:
    """Return an array in C order, the description of its type, and its bytes, or None if it has none."""
    array = numpy.asarray(a, order="C")
    descr = describe(array.dtype)
    return array, descr, array.reshape(-1).view(numpy.uint8) if array.nbytes > 0 else None
