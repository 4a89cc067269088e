"""Keeps the blocks of a multiprocessing worker until its creators have ended too.

A worker's blocks belong to its process tree, as with the standard library: they exist until the
worker, the process that created it, and so on up to the program, have all ended. Each process
stores itself and its creators in the configuration of its process object, of which multiprocessing
gives a copy to each worker. The parent as the operating system sees it is another process under
forkserver: the server.

A program that does not use multiprocessing does not import it.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from . import _raw

# A process: its pid, and the time at which it started. If another process gets the pid, the time
# differs.
_Process = tuple[int, bytes]

_CREATORS = "shareable_creators"

_is_set_up = False  # whether workers that this process forks call _store_creators()
_registered: _Process | None = None  # the last process that created a block: this one, or one that it was forked from


def _identify(pid: int) -> _Process:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        return pid, fields[19]  # field 22 of proc(5); a space in field 2 is before the ")"
    except (OSError, IndexError):
        return pid, b""


def _store_creators(_: object = None) -> tuple[_Process, ...]:
    """Store this process and its creators for its own workers. Return the creators, the parent first."""
    from multiprocessing import process

    parent = process.parent_process()
    pid = None if parent is None else parent.pid
    configuration = process.current_process()._config  # type: ignore[attr-defined]
    creators: tuple[_Process, ...] = () if pid is None else configuration.get(_CREATORS, ())
    if creators and creators[0][0] == os.getpid():
        return creators[1:]
    if pid is not None and (not creators or creators[0][0] != pid):  # the parent has not stored itself
        creators = _identify(pid), *creators
    configuration[_CREATORS] = _identify(os.getpid()), *creators
    return creators


def _set_up() -> None:
    """If the program uses multiprocessing, store the creators of this process and of all that it forks."""
    global _is_set_up
    if _is_set_up or "multiprocessing.process" not in sys.modules:
        return
    _is_set_up = True
    from multiprocessing import util

    util.register_after_fork(_store_creators, _store_creators)  # called in workers of fork and forkserver
    _store_creators()


def transfer_to_creators() -> None:
    """Transfer the blocks of a multiprocessing worker, also later ones, to its creators up to the program.

    A child of os.fork() also transfers its blocks to the process that it was forked from, if that has
    created blocks. In other processes, this function does nothing.
    """
    global _registered
    if _registered is not None and _registered[0] == os.getpid():
        return
    creators: tuple[_Process, ...] = ()
    if "multiprocessing.process" in sys.modules:
        _set_up()
        creators = _store_creators()
    if _registered is not None:
        creators = _registered, *creators
    for creator in reversed(creators):  # the program first: a log has a limited number of places
        if creator == _identify(creator[0]):
            with suppress(ValueError, OSError):  # it has just ended, or there is no place
                _raw.transfer_ownership(creator[0])
    _registered = _identify(os.getpid())


_set_up()
os.register_at_fork(before=_set_up)
