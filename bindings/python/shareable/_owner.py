"""What becomes of the blocks that a worker of multiprocessing owns."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from . import _raw

_left_by = 0  # the process that has arranged for it, as a fork's child has not


def leave_to_parent() -> None:
    """Arrange for a worker of multiprocessing to leave what it owns to its parent, if it ends by itself: others may have the names."""
    global _left_by
    process = sys.modules.get("multiprocessing.process")
    parent = process and process.parent_process()
    if parent is None or _left_by == os.getpid():
        return
    _left_by = os.getpid()
    from multiprocessing.util import Finalize

    def leave(pid: int) -> None:
        with suppress(ValueError):  # it has ended before
            _raw.hand_over(pid)

    Finalize(None, leave, (parent.pid,), exitpriority=0)
