"""What this process holds, for tests that look for leaks."""

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


def what_is_held():
    """Blocks of objects; what malloc() has given out, in units of 16 bytes; and references, where they are counted.

    An interpreter that was built with --with-pydebug counts them, also those to what is never freed.
    """
    gc.collect()
    words = library.mallinfo2().uordblks // 16 if has_mallinfo else 0
    return sys.getallocatedblocks(), words, getattr(sys, "gettotalrefcount", int)()
