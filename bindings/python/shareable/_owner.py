"""Keeps the blocks of a multiprocessing worker until its creators have ended too.

A worker's blocks belong to its process tree, as with the standard library: they exist until the
worker, the process that created it, and so on up to the program, have all ended. Each process
stores itself and its creators in the configuration of its process object, of which multiprocessing
gives a copy to each worker. A process that has not imported shareable stores nothing: then the
parents that the operating system knows take its place.

A program that does not use multiprocessing does not import it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress

from . import _raw

# A process: its pid, and the time at which it started. If another process gets the pid, the time
# differs.
_Process = tuple[int, bytes]

_CREATORS = "shareable_creators"

_is_set_up = False  # whether workers that this process forks call _store_creators()
_is_deferred = False  # a worker of spawn or forkserver has created a block before its creators are known
_registered: _Process | None = None  # the last process that created a block: this one, or one that it was forked from


def _read_stat(pid: int) -> list[bytes]:
    """Return the fields of /proc/PID/stat from field 3 on (proc(5)), or an empty list."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()  # field 2 may contain spaces
    except OSError:
        return []


def _identify(pid: int) -> _Process:
    fields = _read_stat(pid)
    return pid, fields[19] if fields else b""


def _is_fork_server(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as words:
            return b"multiprocessing.forkserver" in words.read()
    except OSError:
        return False


def _creators_by_system(pid: int, count: int) -> Iterator[_Process]:
    """Yield up to `count` creators of a worker that has not stored them.

    They are the parents that the operating system knows, without the fork server. A process that
    has got its children from a process that ended is not in the same session, or is process 1.
    """
    session = os.getsid(0)
    while count > 0:
        fields = _read_stat(pid)
        if not fields or int(fields[1]) <= 1 or int(fields[3]) != session:
            return
        pid = int(fields[1])
        if not _is_fork_server(pid):
            yield _identify(pid)
            count -= 1


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
        depth = len(process.current_process()._identity)
        missing = depth - 1 - len(creators)
        creators = _identify(pid), *_creators_by_system(pid, missing), *creators
    configuration[_CREATORS] = _identify(os.getpid()), *creators
    return creators


def _is_being_prepared() -> bool:
    """Return whether this is a worker of spawn or forkserver that still imports the program's main module."""
    from multiprocessing import process

    return getattr(process.current_process(), "_inheriting", False)


def _begin_worker(_: object) -> None:
    _store_creators()
    if _is_deferred:
        transfer_to_creators()


def _set_up() -> None:
    """If the program uses multiprocessing, store the creators of this process and of all that it forks."""
    global _is_set_up
    if _is_set_up or "multiprocessing.process" not in sys.modules:
        return
    _is_set_up = True
    from multiprocessing import util

    util.register_after_fork(_begin_worker, _begin_worker)  # called when a worker begins, before it runs its function
    _store_creators()


def transfer_to_creators() -> None:
    """Transfer the blocks of a multiprocessing worker, also later ones, to its creators up to the program.

    A child of os.fork() also transfers its blocks to the process that it was forked from, if that has
    created blocks. In other processes, this function does nothing.
    """
    global _is_deferred, _registered
    if _registered is not None and _registered[0] == os.getpid():
        return
    creators: tuple[_Process, ...] = ()
    if "multiprocessing.process" in sys.modules:
        _set_up()
        if _is_being_prepared():
            _is_deferred = True
            return
        creators = _store_creators()
    if _registered is not None:
        creators = _registered, *creators
    for creator in reversed(creators):  # the program first: a log has a limited number of places
        if creator == _identify(creator[0]):
            with suppress(ValueError, OSError):  # it has just ended, or there is no place
                _raw.transfer_ownership(creator[0])
    _is_deferred = False
    _registered = _identify(os.getpid())


_set_up()
os.register_at_fork(before=_set_up)
