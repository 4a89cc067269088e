"""Transfers the blocks of a multiprocessing worker to its parent when the worker exits."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from . import _raw

_registered_pid = 0  # the process that registered the transfer; a fork's child must register again


def transfer_to_parent() -> None:
    """Register a finalizer that transfers the blocks of a multiprocessing worker to its parent.

    The finalizer runs if the worker exits by itself: other processes may still open its blocks by
    name. In a process that is not a worker, this function does nothing.
    """
    global _registered_pid
    process = sys.modules.get("multiprocessing.process")
    parent = process and process.parent_process()
    if parent is None or _registered_pid == os.getpid():
        return
    _registered_pid = os.getpid()
    from multiprocessing.util import Finalize

    def transfer(pid: int) -> None:
        with suppress(ValueError):  # the parent has already ended
            _raw.transfer_ownership(pid)

    Finalize(None, transfer, (parent.pid,), exitpriority=0)
