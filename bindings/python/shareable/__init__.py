"""One list, one block of memory, every language.

``from shareable import shared_memory`` stands in for ``from multiprocessing import shared_memory``: the same classes over
the same bytes, so that C, Lua, Go and stock Python programs share their blocks and lists. ``from shareable.managers import
SharedMemoryManager`` does so for the manager, and garbage() finds what nobody cleaned up.
"""

from . import _raw, shared_memory
from ._garbage import Finding, garbage

__all__ = ["Finding", "garbage", "shared_memory"]

__version__: str = _raw.version()
