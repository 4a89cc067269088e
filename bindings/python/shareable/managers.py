"""A process that owns blocks of shared memory for others: what the standard library's ``multiprocessing.managers`` has of it.

``from shareable.managers import SharedMemoryManager`` takes the place of the import from ``multiprocessing.managers``. The
manager is a small program in C, ``shareable-manager``, which speaks CPython's own protocol: the standard library's
SharedMemoryManager connects to it, and this one connects to the standard library's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from types import GenericAlias, TracebackType
from typing import Any, ClassVar, Union

from . import _raw, shared_memory

__all__ = ["SharedMemoryManager"]

Address = Union[str, bytes, "tuple[str, int]"]


def _text(address: Address | None) -> str | None:
    """An address as the library takes it: a path with a "/" in it, "@name" or "host:port"."""
    if address is None:
        return None
    if isinstance(address, tuple):
        if len(address) != 2:
            raise ValueError(f"'address' must be a pair of a host and a port, not {address!r}")
        host, port = address
        return f"{host or '0.0.0.0'}:{port}"
    if isinstance(address, bytes):
        address = os.fsdecode(address)
    if not isinstance(address, str):
        raise TypeError(
            f"'address' must be a str, bytes, a pair of a host and a port, or None, not {type(address).__name__}"
        )
    if address.startswith("\0"):
        return "@" + address[1:]
    return os.path.abspath(address)


def _address(text: str) -> Address:
    """The same as the standard library has it."""
    if text.startswith("@"):
        return b"\0" + os.fsencode(text[1:])
    if "/" in text:
        return text
    host, _, port = text.rpartition(":")
    return host, int(port)


def _own(manager: _raw.Manager, memory: shared_memory.SharedMemory) -> None:
    """Have the manager own the new block; where it does not, nobody would remove it later."""
    try:
        _raw.manager_track(manager, memory.name)
    except BaseException:
        memory.close()
        memory.unlink()
        raise


class SharedMemoryManager:
    """A process that owns the blocks that are made through it, and removes them in the end, however this process ends.

    address
        Where it listens, or is to be connected to: the path of a Unix socket; a str or bytes with a NUL in front, of
        Linux' abstract ones; or a pair of an IPv4 host and a port. None makes up a socket in a folder that is this user's alone.
    authkey
        The key that both sides show that they have, bytes. None is that of the current process, which the processes that
        it starts with multiprocessing have too.
    serializer, ctx, shutdown_timeout
        Accepted for the standard library's sake.

    start() or a ``with`` block starts it, connect() connects to one that runs. The object may be used by any thread.
    PermissionError says that the manager has another key; ConnectionRefusedError, that none is there; OSError, what else went
    wrong.
    """

    # Of an object whose __init__() was not called, or refused.
    _place: str | None = None
    _handle: _raw.Manager | None = None

    def __init__(
        self,
        address: Address | None = None,
        authkey: bytes | None = None,
        serializer: str = "pickle",
        ctx: object = None,
        *,
        shutdown_timeout: float = 1.0,
    ) -> None:
        if authkey is None:
            from multiprocessing.process import current_process

            authkey = current_process().authkey
        if not isinstance(authkey, bytes):
            raise TypeError(f"'authkey' must be bytes, not {type(authkey).__name__}")
        self._place = _text(address)
        self._authkey = bytes(authkey)
        self._handle = None
        self._is_started = False

    __class_getitem__: ClassVar[Any] = classmethod(GenericAlias)

    def _begin(self, begin: Callable[[str | None, bytes], _raw.Manager]) -> None:
        if self._handle is not None:
            raise ValueError("the manager was started or connected to already")
        self._handle = begin(self._place, self._authkey)
        self._place = _raw.manager_address(self._handle)

    def _connected(self) -> _raw.Manager:
        if self._handle is None:
            raise ValueError("the manager is not running: start() it, or connect() to one")
        return self._handle

    def start(self, initializer: Callable[..., object] | None = None, initargs: Iterable[Any] = ()) -> None:
        """Start the manager's process. It ends with shutdown(), and by itself when this process has ended.

        There is no Python in it that could run an `initializer`: one that is not None is refused.
        """
        if initializer is not None:
            raise TypeError("the manager's process runs no Python: it takes no initializer")
        self._begin(_raw.manager_start)
        self._is_started = True

    def connect(self) -> None:
        """Connect to the manager at the address, this library's or the standard library's."""
        if self._place is None:
            raise ValueError("there is no address to connect to")
        self._begin(_raw.manager_connect)

    def shutdown(self) -> None:
        """Have the manager remove all its blocks, and end. Who uses one keeps it. A second time, it does nothing."""
        if self._handle is not None:
            _raw.manager_shutdown(self._handle)

    def join(self, timeout: float | None = None) -> None:
        """Accepted for the standard library's sake: shutdown() has waited for the end."""

    @property
    def address(self) -> Address | None:
        """Where the manager listens; None before it was started, if none was given."""
        return None if self._place is None else _address(self._place)

    def SharedMemory(self, size: int) -> shared_memory.SharedMemory:
        """A new block of so many bytes, which the manager owns."""
        manager = self._connected()
        memory = shared_memory.SharedMemory(create=True, size=size, track=False)
        _own(manager, memory)
        return memory

    def ShareableList(self, sequence: Iterable[object]) -> shared_memory.ShareableList:
        """A new list, which the manager owns."""
        manager = self._connected()
        shared = shared_memory.ShareableList(() if sequence is None else sequence, track=False)
        _own(manager, shared.shm)
        return shared

    def __enter__(self) -> SharedMemoryManager:
        if self._handle is None:
            self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_started:
            self.shutdown()

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(address={self.address!r})"
