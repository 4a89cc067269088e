"""The server of a manager that runs Python, because it has types or an initializer."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing import connection, managers, process
from multiprocessing.util import Finalize
from threading import Event, Lock, Thread
from traceback import format_exc
from typing import Any

from . import _raw

_internals: Any = managers  # the stubs for type checkers lack attributes


class _Blocks:
    """The blocks of a server. It has the methods of the standard library's _SharedMemoryTracker.

    A program shareable-manager owns the blocks, and removes them also if the server is killed. The
    first block starts the program.
    """

    def __init__(self, name: str) -> None:
        self.shared_memory_context_name = name
        self._lock = Lock()
        self._program: _raw.Manager | None = None

    def _started(self) -> _raw.Manager:
        with self._lock:
            if self._program is None:
                self._program = _raw.manager_start(None, os.urandom(32))
            return self._program

    @property
    def segment_names(self) -> list[str]:
        program = self._program
        return [] if program is None else _raw.manager_names(program)

    def register_segment(self, segment_name: str) -> None:
        _raw.manager_track(self._started(), segment_name)

    def destroy_segment(self, segment_name: str) -> None:
        if segment_name.lstrip("/") not in self.segment_names:
            raise ValueError("list.remove(x): x not in list")  # a client recognizes this text
        _raw.manager_release(self._started(), segment_name)

    def unlink(self) -> None:
        with self._lock:
            if self._program is not None:
                _raw.manager_shutdown(self._program)
                self._program = None


class SharedMemoryServer(managers.SharedMemoryServer):
    """The standard library's server, with blocks that a program owns instead of this process."""

    public: list[str] = [*_internals.SharedMemoryServer.public, "keep_connection"]
    shared_memory_context: Any
    stop_event: Event

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        managers.Server.__init__(self, *args, **kwargs)
        self.shared_memory_context = _Blocks(f"shm_{self.address!r}_{os.getpid()}")

    def serve_forever(self) -> None:
        """Serve until a client calls ``shutdown``. Then remove the blocks and exit the process."""
        try:
            super().serve_forever()
        finally:
            self.shared_memory_context.unlink()

    def keep_connection(self, c: Any) -> None:
        """Serve requests on the connection until the client closes it."""
        c.send(("#RETURN", None))
        while not self.stop_event.is_set():
            try:
                request = c.recv()
            except (EOFError, OSError):
                sys.exit(0)  # ends this thread
            c.send(self._reply(c, *request))

    def _reply(self, c: Any, ident: str | None, method: str, args: tuple[Any, ...], kwds: dict[str, Any]) -> Any:
        try:
            if method not in self.public:
                raise AssertionError(f"{method!r} unrecognized")
            return "#RETURN", getattr(self, method)(c, *args, **kwds)
        except Exception:
            return "#TRACEBACK", format_exc()


def initialize(initializer: Callable[..., object] | None, initargs: Iterable[Any]) -> None:
    """Call the user's initializer in a new server process, and watch the process's parent."""
    if initializer is not None:
        initializer(*initargs)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the process that started the manager has ended."""
    parent = process.parent_process()
    if parent is None:
        return
    _wait_for_end(parent)
    server = getattr(process.current_process(), "_manager_server", None)
    if server is None:  # it does not serve yet
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        _remove_directory_at_exit()
        server.stop_event.set()


def _wait_for_end(parent: process.BaseProcess) -> None:
    """Wait until the process has ended. Its sentinel is also open in its other children."""
    assert parent.pid is not None
    try:
        sentinel = os.pidfd_open(parent.pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):  # the kernel has no pidfd_open(2)
        sentinel = parent.sentinel
    if parent.is_alive():  # if not, another process may have its pid
        connection.wait([sentinel])


def _remove_directory_at_exit() -> None:
    """Remove the directory of the server's socket after the socket: the parent cannot do it."""
    directory = getattr(process.current_process(), "_config", {}).get("tempdir")
    if directory is not None:
        Finalize(None, _remove_directory, (directory,), exitpriority=-1)


def _remove_directory(path: str) -> None:
    with suppress(OSError):  # it has other files
        os.rmdir(path)
