"""Keeps the blocks of a multiprocessing worker until its creators have ended too.

A worker's blocks belong to its process tree, as with the standard library: they exist until the
worker, the process that created it, and so on up to the program, have all ended. Each process
stores itself and its creators in the configuration of its process object, of which multiprocessing
gives a copy to each worker. The parent as the operating system sees it is another process under
forkserver: the server.
"""

from __future__ import annotations

import os
from contextlib import suppress
from multiprocessing import process, util

from . import _raw

# A process: its pid, and the time at which it started, which differs if another process gets the pid.
_Process = tuple[int, bytes]

_CREATORS = "shareable_creators"

_registered_pid = 0  # the process that registered its creators; a fork's child must register again


def _identify(pid: int) -> _Process:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        return pid, fields[19]  # field 22 of proc(5); a space in field 2 is before the ")"
    except (OSError, IndexError):
        return pid, b""


def _store_creators(_: object = None) -> tuple[_Process, ...]:
    """Store this process and its creators for its own workers. Return the creators, the parent first."""
    parent = process.parent_process()
    configuration = process.current_process()._config  # type: ignore[attr-defined]
    creators: tuple[_Process, ...] = () if parent is None else configuration.get(_CREATORS, ())
    if creators and creators[0][0] == os.getpid():
        return creators[1:]
    if parent is not None and (not creators or creators[0][0] != parent.pid):  # the parent has not stored itself
        creators = _identify(parent.pid), *creators
    configuration[_CREATORS] = _identify(os.getpid()), *creators
    return creators


def transfer_to_creators() -> None:
    """Transfer the blocks of a multiprocessing worker, also later ones, to its creators up to the program.

    In a process that is not a worker, this function does nothing.
    """
    global _registered_pid
    if _registered_pid == os.getpid():
        return
    for creator in reversed(_store_creators()):  # the program first: a log has a limited number of places
        if creator == _identify(creator[0]):
            with suppress(ValueError, OSError):  # it has just ended, or there is no place
                _raw.transfer_ownership(creator[0])
    _registered_pid = os.getpid()


_store_creators()
util.register_after_fork(_store_creators, _store_creators)  # runs in workers of fork and forkserver
