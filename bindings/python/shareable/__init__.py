"""Lists and blocks of memory that programs in Python, C, Lua and Go share.

``from shareable import shared_memory`` replaces ``from multiprocessing import shared_memory``. It
has the same classes over the same bytes, so programs in C, Lua, Go and stock Python share their
blocks and lists. ``from shareable.managers import SharedMemoryManager`` replaces the standard
library's manager. garbage() finds blocks that no process uses and that were not removed.

Only the main interpreter of a process can import this package. A subinterpreter gets an ImportError.
"""

from . import _raw, shared_memory
from ._garbage import GarbageResult, garbage

__all__ = ["GarbageResult", "garbage", "shared_memory"]

__version__: str = _raw.version()
