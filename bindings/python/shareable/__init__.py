"""Lists, dicts, arrays and blocks of memory that programs in Python, C, Lua and Go share.

``from shareable import shared_memory`` replaces ``from multiprocessing import shared_memory``. It
has the same classes over the same bytes, so programs in C, Lua, Go and stock Python share their
blocks and lists. ``from shareable.managers import SharedMemoryManager`` replaces the standard
library's manager. array() and asarray() put NumPy's arrays in blocks that contain their type and
their shape. A ShareableDict is a dict, with atomic operations and keys that expire. garbage() finds
blocks that no process uses and that were not removed.

Only the main interpreter of a process can import this package. A subinterpreter gets an ImportError.
"""

from typing import TYPE_CHECKING, Any

from . import _raw, shared_memory
from . import _executor as _executor  # C calls it
from ._array import _import_numpy, array, asarray
from ._garbage import GarbageResult, garbage
from .shared_memory import ShareableDict

if TYPE_CHECKING:
    from ._ndarray import SharedArray as SharedArray

__all__ = ["GarbageResult", "ShareableDict", "array", "asarray", "garbage", "shared_memory"]

__version__: str = _raw.version()

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "SharedArray" and (numpy := _import_numpy()) is not None:
            return numpy.SharedArray
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
