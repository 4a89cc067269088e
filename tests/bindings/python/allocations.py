"""Counts what this process has allocated, for tests that look for leaks."""

import ctypes
import gc
import sys


class Mallinfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]


library = ctypes.CDLL(None)
has_mallinfo = hasattr(library, "mallinfo2")
if has_mallinfo:
    library.mallinfo2.restype = Mallinfo


def allocations():
    """Return the number of object blocks, of 16-byte units from malloc(), and of references.

    Only an interpreter that was built with --with-pydebug counts references; others give 0. It also
    counts those to objects that are never freed.
    """
    gc.collect()
    words = library.mallinfo2().uordblks // 16 if has_mallinfo else 0
    return sys.getallocatedblocks(), words, getattr(sys, "gettotalrefcount", int)()
