"""A manager process that owns blocks of shared memory for other processes.

``from shareable.managers import SharedMemoryManager`` replaces the import from
``multiprocessing.managers``. The manager is a small C program, ``shareable-manager``, which speaks
CPython's protocol. So the standard library's SharedMemoryManager can connect to it, and this class
can connect to the standard library's manager. If the manager has registered types or an
initializer, it is a process of ``multiprocessing`` that runs Python.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import ProcessError, managers
from multiprocessing.context import BaseContext
from multiprocessing.managers import BaseManager, Server
from multiprocessing.process import BaseProcess
from multiprocessing.util import get_temp_dir
from types import GenericAlias, TracebackType
from typing import Any, ClassVar

from . import _executor, _raw, shared_memory
from ._address import Address, text_of_address
from ._dict import _KEY_SIZE, _VALUE_SIZE
from ._manager_process import ManagerProcess, ProgramContext
from ._manager_server import SharedMemoryServer, initialize
from .shared_memory import _DEFAULT_MODE

__all__ = ["SharedMemoryManager"]

_internals: Any = managers  # the stubs for type checkers lack State and dispatch()
State = _internals.State


def _is_own(cls: type, name: str) -> bool:
    """Return whether no subclass of SharedMemoryManager defines the name."""
    return next(base for base in cls.__mro__ if name in vars(base)) is SharedMemoryManager


class AuthenticationError(PermissionError, multiprocessing.AuthenticationError):
    """The manager has another key, or belongs to another user."""


class SharedMemoryManager(BaseManager):
    """A process that owns blocks created through it, and removes them when it is shut down.

    address
        The address at which the manager listens: the path of a Unix socket, a str or bytes with a
        leading NUL for an abstract Unix socket, or a pair of a host and a port (IPv4). If it is
        None, start() creates a Unix socket in a new directory that only this user can access.
    authkey
        The secret key, as bytes, with which both sides authenticate. If it is None, it is that of
        the current process, which child processes of multiprocessing inherit.
    serializer
        "pickle" or "xmlrpclib": the format of the messages.
    ctx
        The context of multiprocessing that starts the process.
    shutdown_timeout
        The seconds that a process that runs Python has to exit at shutdown() before it is
        terminated. The program ``shareable-manager`` has one second.

    start() or a ``with`` statement starts a manager, and connect() connects to a running one. A
    manager that was started here also ends when the object is deallocated, or when this process
    exits or dies. Its blocks are removed even if it is killed. All threads may use the same object.
    A pickled manager is connected to the same process; only a process of multiprocessing that is
    being started can receive one, because it contains the key.

    A call waits until the manager has replied, usually for about 0.1 milliseconds, and for at most
    ten seconds. A coroutine passes it to a thread, so that its event loop runs on:

        block = await asyncio.to_thread(manager.SharedMemory, 4096)

    This also applies to start(), connect() and shutdown(). If the task is cancelled before the
    manager has replied, the block is removed.

    register() adds types, as in the standard library's managers:

        class WordManager(SharedMemoryManager):
            pass

        WordManager.register("Counter", collections.Counter)

    The process runs the program ``shareable-manager`` if no types are registered, start() gets no
    initializer, and `serializer` and `ctx` have their default values. Otherwise it runs Python.

    Raises PermissionError, which is also a multiprocessing.AuthenticationError, if the manager has
    another key; ConnectionRefusedError if there is no manager at the address; another OSError for
    other failures; and multiprocessing.ProcessError if the manager is already started.
    """

    _Server = SharedMemoryServer
    # For an object whose __init__() was not called or failed, and before start() or connect().
    _address: Any = None
    _process: BaseProcess | None = None
    _handle: _raw.Manager | None = None
    # Attributes of BaseManager.
    _authkey: bytes
    _ctx: Any
    _registry: dict[str, Any]
    _serializer: str
    _state: Any

    def __init__(
        self,
        address: Address | None = None,
        authkey: bytes | None = None,
        serializer: str = "pickle",
        ctx: BaseContext | None = None,
        *,
        shutdown_timeout: float = 1.0,
    ) -> None:
        if not isinstance(authkey, (bytes, bytearray, type(None))):
            raise TypeError(f"'authkey' must be bytes, not {type(authkey).__name__}")
        base_address: Any = address or None  # the types of some versions of mypy lack bytes
        if sys.version_info >= (3, 11):
            super().__init__(base_address, authkey, serializer, ctx, shutdown_timeout=shutdown_timeout)
        else:
            super().__init__(base_address, authkey, serializer, ctx)
        self._has_context = ctx is not None

    __class_getitem__: ClassVar[Any] = classmethod(GenericAlias)

    def _runs_program(self) -> bool:
        """Return whether start() without an initializer starts the program shareable-manager."""
        has_options = self._registry or self._serializer != "pickle" or self._has_context
        return not has_options and all(_is_own(type(self), name) for name in ("_Server", "_run_server"))

    def start(self, initializer: Callable[..., object] | None = None, initargs: Iterable[Any] = ()) -> None:
        """Start the manager process. It ends at shutdown(), or when this process ends.

        If `initializer` is not None, the process runs Python, and calls ``initializer(*initargs)``.
        """
        if initializer is None and self._runs_program():
            context, self._ctx = self._ctx, ProgramContext()
            try:
                super().start()
            finally:
                self._ctx = context
            return
        if self._address is None:
            get_temp_dir()  # of this process, which removes it even if the manager is killed
        super().start(initializer, initargs)

    @classmethod
    def _run_server(
        cls,
        registry: dict[str, Any],
        address: Address | None,
        authkey: bytes,
        serializer: str,
        writer: Any,
        initializer: Callable[..., object] | None = None,
        initargs: Iterable[Any] = (),
    ) -> None:
        parent: Any = super()
        parent._run_server(registry, address, authkey, serializer, writer, initialize, (initializer, initargs))

    @staticmethod
    def _finalize_manager(process: BaseProcess, address: Any, authkey: bytes, state: Any, *args: Any) -> None:
        if not isinstance(process, ManagerProcess):
            _internals.BaseManager._finalize_manager(process, address, authkey, state, *args)
            return
        state.value = State.SHUTDOWN
        _raw.manager_shutdown(process.handle)

    def get_server(self) -> Server:
        """Return a server for this process. Its serve_forever() serves until it is shut down.

        The server's `address` is the address at which others can connect.
        """
        if self._state.value != State.INITIAL:
            raise ProcessError("the manager is already started, connected or shut down")
        return self._Server(self._registry, self._address, self._authkey, self._serializer)

    def connect(self) -> None:
        """Connect to a manager of this library or of the standard library at the address."""
        if self._address is None:
            raise ValueError("'address' must not be None to connect to a manager")
        if self._serializer == "pickle":
            self._handle = self._new_connection()
            self._state.value = State.STARTED
        else:
            super().connect()

    def _new_connection(self) -> _raw.Manager:
        try:
            return _raw.manager_connect(text_of_address(self._address), self._authkey)
        except PermissionError as error:
            raise AuthenticationError(error.errno, error.strerror, error.filename) from None

    def _connected(self) -> _raw.Manager:
        """Return a handle of the running manager. Connect if there is none."""
        if self._handle is None:
            if isinstance(self._process, ManagerProcess):
                self._handle = self._process.handle
            else:
                self._handle = self._new_connection()
        return self._handle

    def _check_running(self) -> None:
        if self._state.value == State.INITIAL:
            raise ValueError("the manager is not running: call start() or connect() first")
        if self._state.value == State.SHUTDOWN:
            raise ValueError(f"the manager at {self._address!r} was shut down")

    # For mypy 2, the standard library's shutdown is an object that start() assigns.
    def shutdown(self) -> None:  # type: ignore[override]
        """Make the manager remove all its blocks and exit. A second call does nothing.

        Processes that have a block open can continue to use it.
        """
        # start() replaces this method in the object: the manager that it started ends with it.
        if self._state.value != State.STARTED:
            return
        if self._serializer == "pickle":
            _raw.manager_shutdown(self._connected())
        else:
            self._dispatch("shutdown")
        self._state.value = State.SHUTDOWN

    def _dispatch(self, method: str, *args: str) -> None:
        """Call a method of the manager in a format that the library does not have."""
        connection = self._Client(self._address, authkey=self._authkey)  # type: ignore[attr-defined]
        try:
            _internals.dispatch(connection, None, method, args)
        finally:
            connection.close()

    def _own(self, memory: shared_memory.SharedMemory) -> None:
        """Make the manager own a new block instead of this process. If that fails, remove the block.

        It also fails if a task that awaited the block in a thread was cancelled: nothing else has it.
        """
        try:
            if self._serializer == "pickle":
                _raw.manager_adopt(self._connected(), memory)
            else:
                self._dispatch("track_segment", memory.name)
            _executor.check()
        except BaseException:
            memory.close()
            memory.unlink()
            raise

    def SharedMemory(
        self, size: int, name: str | None = None, *, mode: int = _DEFAULT_MODE, lazy: bool = False
    ) -> shared_memory.SharedMemory:
        """Return a new block of `size` bytes, which the manager owns.

        See shared_memory.SharedMemory for the parameters.
        """
        self._check_running()
        track = self._serializer == "pickle"  # then this process owns the block until the manager does
        memory = shared_memory.SharedMemory(name, create=True, size=size, track=track, mode=mode, lazy=lazy)
        self._own(memory)
        return memory

    def ShareableList(
        self,
        sequence: Iterable[object] | None,
        *,
        name: str | None = None,
        capacity: int | Sequence[int] = 0,
        mode: int = _DEFAULT_MODE,
        lazy: bool = False,
        no_sync: bool = False,
    ) -> shared_memory.ShareableList[Any]:
        """Return a new list, which the manager owns.

        See shared_memory.ShareableList for the parameters.
        """
        self._check_running()
        values = () if sequence is None else sequence
        track = self._serializer == "pickle"
        shared = shared_memory.ShareableList(
            values, name=name, capacity=capacity, track=track, mode=mode, lazy=lazy, no_sync=no_sync
        )
        self._own(shared.shm)
        return shared

    def ShareableDict(
        self,
        places: int,
        *,
        key_size: int = _KEY_SIZE,
        value_size: int = _VALUE_SIZE,
        name: str | None = None,
        evict: bool = False,
        mode: int = _DEFAULT_MODE,
        lazy: bool = False,
    ) -> shared_memory.ShareableDict[Any, Any]:
        """Return a new dict, which the manager owns.

        See shared_memory.ShareableDict for the parameters.
        """
        self._check_running()
        if places is None:
            raise TypeError("'places' must be an int, not NoneType")
        track = self._serializer == "pickle"
        shared: shared_memory.ShareableDict[Any, Any] = shared_memory.ShareableDict(
            places, key_size=key_size, value_size=value_size, name=name, evict=evict, track=track, mode=mode, lazy=lazy
        )
        self._own(shared.shm)
        return shared

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Shut the manager down if it was started here. The end of a connection does not stop it."""
        if self._process is not None:
            self.shutdown()

    def __getstate__(self) -> dict[str, Any]:
        private = ("_handle", "_process", "shutdown")
        return {name: value for name, value in self.__dict__.items() if name not in private}

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(address={self.address!r})"
