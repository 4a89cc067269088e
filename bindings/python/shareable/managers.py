"""A manager process that owns blocks of shared memory for other processes.

``from shareable.managers import SharedMemoryManager`` replaces the import from
``multiprocessing.managers``. The manager is a small C program, ``shareable-manager``, which speaks
CPython's protocol. So the standard library's SharedMemoryManager can connect to it, and this class
can connect to the standard library's manager.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from types import GenericAlias, TracebackType
from typing import Any, ClassVar, Union

from . import _raw, shared_memory

__all__ = ["SharedMemoryManager"]

Address = Union[str, bytes, "tuple[str, int]"]


def _text_of_address(address: Address | None) -> str | None:
    """Return an address in the library's form: an absolute path, "@name" or "host:port"."""
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


def _address_from_text(text: str) -> Address:
    """Return an address in the standard library's form."""
    if text.startswith("@"):
        return b"\0" + os.fsencode(text[1:])
    if "/" in text:
        return text
    host, _, port = text.rpartition(":")
    return host, int(port)


def _own(manager: _raw.Manager, memory: shared_memory.SharedMemory) -> None:
    """Make the manager own a new block. If that fails, remove the block."""
    try:
        _raw.manager_track(manager, memory.name)
    except BaseException:
        memory.close()
        memory.unlink()
        raise


class SharedMemoryManager:
    """A process that owns blocks created through it, and removes them when it is shut down.

    address
        The address at which the manager listens: the path of a Unix socket, a str or bytes with a
        leading NUL for an abstract Unix socket, or a pair of an IPv4 host and a port. If it is
        None, start() creates a Unix socket in a new directory that only this user can access.
    authkey
        The secret key, as bytes, with which both sides authenticate. If it is None, it is that of
        the current process, which child processes of multiprocessing inherit.
    serializer, ctx, shutdown_timeout
        Ignored, for compatibility with the standard library.

    start() or a ``with`` statement starts a manager, and connect() connects to a running one. A
    manager that was started here also ends when the object is deallocated, or when this process
    exits or dies. All threads may use the same object. Raises PermissionError if the manager has
    another key, ConnectionRefusedError if there is no manager at the address, and another OSError
    for other failures.
    """

    # For an object whose __init__() was not called or failed.
    _address_text: str | None = None
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
        self._address_text = _text_of_address(address)
        self._authkey = bytes(authkey)
        self._handle = None
        self._is_started = False

    __class_getitem__: ClassVar[Any] = classmethod(GenericAlias)

    def _open(self, constructor: Callable[[str | None, bytes], _raw.Manager]) -> None:
        if self._handle is not None:
            raise ValueError("the manager is already started or connected")
        self._handle = constructor(self._address_text, self._authkey)
        self._address_text = _raw.manager_address(self._handle)

    def _connected(self) -> _raw.Manager:
        if self._handle is None:
            raise ValueError("the manager is not running: call start() or connect() first")
        return self._handle

    def start(self, initializer: Callable[..., object] | None = None, initargs: Iterable[Any] = ()) -> None:
        """Start the manager process. It ends at shutdown(), or when this process ends.

        Raises TypeError if `initializer` is not None: the manager process does not run Python.
        """
        if initializer is not None:
            raise TypeError("'initializer' must be None: the manager process does not run Python")
        self._open(_raw.manager_start)
        self._is_started = True

    def connect(self) -> None:
        """Connect to a manager of this library or of the standard library at the address."""
        if self._address_text is None:
            raise ValueError("'address' must not be None to connect to a manager")
        self._open(_raw.manager_connect)

    def shutdown(self) -> None:
        """Make the manager remove all its blocks and exit. A second call does nothing.

        Processes that have a block open can continue to use it.
        """
        if self._handle is not None:
            _raw.manager_shutdown(self._handle)

    def join(self, timeout: float | None = None) -> None:
        """Do nothing: shutdown() has already waited for the manager's exit."""

    @property
    def address(self) -> Address | None:
        """The address at which the manager listens. It may be None before start()."""
        return None if self._address_text is None else _address_from_text(self._address_text)

    def SharedMemory(self, size: int) -> shared_memory.SharedMemory:
        """Return a new block of `size` bytes, which the manager owns."""
        manager = self._connected()
        memory = shared_memory.SharedMemory(create=True, size=size, track=False)
        _own(manager, memory)
        return memory

    def ShareableList(self, sequence: Iterable[object]) -> shared_memory.ShareableList[Any]:
        """Return a new list, which the manager owns."""
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
