"""Blocks of memory and lists that processes share, whatever language they are written in.

This module does what the standard library's ``multiprocessing.shared_memory`` does, with the same
bytes. To port a program, change the import. The differences are:

- A block gets its name only when it is complete. A creation that fails leaves nothing behind.
- The memory of a block is allocated when the block is created. If there is not enough, the creation
  raises OSError, and no later use raises SIGBUS. For a large block that is used in part, pass
  ``lazy=True``.
- The name of a block is removed when its process tree has ended, for whatever reason: the process
  that created the block, its forked children and, if it is a worker of ``multiprocessing``, its
  parent and further creators up to the program. A child of os.fork() belongs to the tree of a
  parent that has created blocks. To keep a block for longer, create it with ``track=False``: it
  exists until its name is removed with unlink(). Attaching to a block never registers or removes
  anything.
- A program does not need ``resource_tracker.unregister(shm._name, "shared_memory")`` after it has
  attached: delete that line. The tracker process would print a KeyError, because it does not know
  the name. The KeyError does no harm, and nothing but a replacement of CPython's own functions
  could prevent it. A program that does the same to hand over a new block must pass ``track=False``
  instead.
- ``name`` has no leading "/", also if the argument has one. An invalid name raises an exception that
  is both an OSError and a ValueError.
- ``close()`` never fails. A memoryview, or an array that uses it, keeps its memory mapped until it
  is deallocated itself.
- A ShareableList keeps trailing NULs, gives a str room for all of its UTF-8 bytes, checks every
  index, and changes an item completely or not at all.

Between programs that use shareable, no read of an item is ever torn, even if its type changes. A
program that is killed during a write leaves the old value or the new one. For a text of more than
472 bytes it may leave neither: then a read raises ValueError until the item is written again. In a
list that the standard library made, or that was created with no_sync, this holds only for an int or
a float that keeps its type.

A change that takes more than one read or write must be protected by ``lock()``. ``add()``,
``exchange()`` and ``compare_exchange()`` are each one atomic operation. All of these work between
programs in all languages. ``wait()`` and ``wait_any()`` sleep until a program writes. In coroutines,
``wait_async()``, ``changes()`` and ``lock_async()`` do so without a thread.
"""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from math import ceil
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import _raw
from ._list_changes import ListChanges
from ._list_layout import ListLayout
from ._owner import transfer_to_creators
from ._watch import LOCK, wait_until

__all__ = ["SharedMemory", "ShareableList", "ShareableDict", "ListLock", "AsyncListLock", "ListChanges", "unlink"]

_T = TypeVar("_T")
_Self = TypeVar("_Self")

# The types that items are read as. C compares them as == does.
_EXACT_BUILTINS = frozenset((int, float, bool, str, bytes, type(None)))

# Private names of the standard library's module, for programs that use them or replace them: how it
# opens a new block, and how it names one.
_USE_POSIX = True
_O_CREX = os.O_CREAT | os.O_EXCL
_SHM_SAFE_NAME_LENGTH = 14
_SHM_NAME_PREFIX = "/psm_"
_encoding = "utf8"

if not TYPE_CHECKING:
    # Modules that the standard library's module imports. This one imports them when a program asks. It imports at once
    # what it uses itself: a child of a fork would wait for ever for an import that a thread of its parent had begun.
    _MODULES = {name: name for name in ("_posixshmem", "errno", "secrets", "struct", "types")}
    _MODULES["resource_tracker"] = "multiprocessing.resource_tracker"

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return import_module(_MODULES[name])
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _make_filename() -> str:
    """Return a random name for a new block, with a leading "/". It may be in use already."""
    return _SHM_NAME_PREFIX + os.urandom((_SHM_SAFE_NAME_LENGTH - len(_SHM_NAME_PREFIX)) // 2).hex()


def _create(constructor: Callable[..., _T], name: str | None, *arguments: object) -> _T:
    """Create a block. If it has no name, make up names until one is free."""
    while name is None:
        try:
            return constructor(_make_filename(), *arguments)
        except FileExistsError:
            pass
    return constructor(name, *arguments)


def _is_tracker_replaced() -> bool:
    """Return whether the program has replaced the function that tracks the standard library's blocks.

    Programs do that to keep a block that they create, or a block that they attach to. A block of
    this module is only tracked by its creator.
    """
    module = sys.modules.get("multiprocessing.resource_tracker")
    if module is None:
        return False
    return getattr(module.register, "__func__", None) is not getattr(module.ResourceTracker, "register", None)


def _flags(create: bool, read_only: bool, track: bool, lazy: bool, no_sync: bool = False) -> int:
    if create and read_only:
        raise ValueError("'read_only' is only for attaching: a new block must be writable")
    if create:
        flags = (_raw.LAZY if lazy else 0) | (_raw.NO_SYNC if no_sync else 0) | (_raw.OWNED if track else 0)
    else:
        flags = _raw.READ_ONLY if read_only else 0
    return flags | _raw.KEEP_FD


def _nanoseconds(timeout: float | None) -> int:
    """Return a timeout for C: less than 0 for no limit, and 146 years for a longer time."""
    if timeout is None:
        return -1
    try:
        is_valid = timeout >= 0
    except TypeError:
        raise TypeError(f"'timeout' must be None or a number of seconds, not {type(timeout).__name__}") from None
    if not is_valid:
        raise ValueError(f"'timeout' must be None or 0 seconds or more, not {timeout!r}")
    return ceil(min(timeout * 1_000_000_000, 1 << 62))


def _check_size(size: int, create: bool) -> None:
    try:
        is_valid = size >= 0
    except TypeError:
        raise TypeError(f"'size' must be an int, not {type(size).__name__}") from None
    if not is_valid:
        raise ValueError("'size' must be a positive integer")
    if create and size == 0:
        raise ValueError("'size' must be a positive number different from zero")


class _Mode(int):
    """Permission bits that help() and inspect.signature() show in octal."""

    def __repr__(self) -> str:
        return f"0o{self:o}"


_DEFAULT_MODE: _Mode = _Mode(0o600)

_PRIVATE = frozenset(("_fd", "_mmap", "_name"))


class _Private(Generic[_T]):
    """A private attribute of the standard library's class. It is computed each time that it is read.

    A program may set it on an object, which then has that value.
    """

    def __init__(self, compute: Callable[[Any], _T], class_value: _T) -> None:
        self._compute = compute
        self._class_value = class_value

    def __get__(self, instance: object, owner: object = None) -> _T:
        return self._class_value if instance is None else self._compute(instance)


class _KeptView:
    """The attribute _buf of the standard library's class. In the class, it is None."""

    # Kept here because close() may be called when the names of the module are gone.
    _get = staticmethod(_raw.memory_kept_view)
    _set = staticmethod(_raw.memory_keep_view)

    def __get__(self, memory: _raw.Memory | None, owner: object = None) -> memoryview | None:
        return None if memory is None else self._get(memory)

    def __set__(self, memory: _raw.Memory, view: memoryview | None) -> None:
        self._set(memory, view)


def _new_mmap(handle: _raw.Memory) -> mmap.mmap:
    # Another thread may close the block, and then the number of its descriptor is another file's.
    fd = _raw.memory_duplicate_fd(handle)
    try:
        access = mmap.ACCESS_READ if _raw.memory_is_read_only(handle) else mmap.ACCESS_DEFAULT
        return mmap.mmap(fd, _raw.memory_size(handle), access=access)
    finally:
        os.close(fd)


def _is_alike(handle: _raw.Memory, other: _raw.Memory) -> bool:
    """Return whether a map made from one handle can be that of the other."""
    return _raw.memory_same_block(handle, other) and _raw.memory_is_read_only(handle) == _raw.memory_is_read_only(other)


class SharedMemory(_raw.Memory):
    """A new or existing block of shared memory.

    name
        The block's name, 1 to 255 bytes of UTF-8 without a "/". If it is None, a new block gets a
        random name.
    create
        If true, create a new block, which must not exist yet. If false, attach to the block of
        that name.
    size
        The size of a new block in bytes, at least 1. It is ignored when attaching: the size of a
        block never changes.
    track
        If true, the name of a new block is removed within a second after this process has ended,
        for whatever reason. If this process is a worker of multiprocessing, that is when its parent
        and further creators up to the program have ended too. Children that it forks, such as a
        daemon, also keep the block. A block that is not tracked exists until its name is removed
        with unlink(). It is ignored when attaching.
    mode
        The permission bits of a new block, before the process's umask is applied.
    read_only
        If true, attach without the right to write. This requires only permission to read.
    lazy
        If true, memory of a new block is allocated page by page when it is used, not when the block
        is created. If shared memory is full at that use, the process gets SIGBUS.

    Raises FileExistsError, FileNotFoundError, PermissionError or another OSError if the system
    refuses, and ValueError or TypeError for a wrong argument. The object is a context manager that
    closes itself.
    """

    # Private attributes of the standard library's class; others are below. A subclass may set
    # _track or _mode before it calls __init__(), instead of passing the argument.
    _buf = _KeptView()
    _flags = os.O_RDWR
    _mode = 0o600
    _prepend_leading_slash = True
    _track = True

    _made_mmap: tuple[_raw.Memory, mmap.mmap] | None = None  # with the handle that it was made from
    _is_of_list = False
    _close_handle = staticmethod(_raw.memory_close)  # for a close() when the names of the module are gone

    def __init__(
        self,
        name: str | None = None,
        create: bool = False,
        size: int = 0,
        *,
        track: bool = True,
        mode: int = _DEFAULT_MODE,
        read_only: bool = False,
        lazy: bool = False,
    ) -> None:
        _check_size(size, create)
        if name is None and not create:
            raise ValueError("'name' can only be None if create=True")
        if _raw.memory_name(self) is None:  # not another call of __init__()
            track = track and self._track
            mode = self._mode if mode is _DEFAULT_MODE else mode
        is_owned = create and track and not _is_tracker_replaced()
        flags = _flags(create, read_only, is_owned, lazy)
        if is_owned:
            transfer_to_creators()
        if create:
            handle = _create(_raw.memory_create, name, size, flags, mode)
            self._flags, self._mode = _O_CREX | os.O_RDWR, mode
        else:
            handle = _raw.memory_open(name, flags)
            self._flags = os.O_RDONLY if read_only else os.O_RDWR
        super().__init__(handle)
        self._track = track
        self._forget_private()

    @classmethod
    def _of(cls, handle: _raw.Memory) -> SharedMemory:
        """Return an object for the block of a handle, which it shares."""
        memory = cls.__new__(cls)
        memory._is_of_list = True
        _raw.Memory.__init__(memory, handle)
        if memory.read_only:
            memory._flags = os.O_RDONLY
        return memory

    def __del__(self) -> None:
        # The close() of a subclass must be called. The block of a list is open as long as the list.
        if not self._is_of_list:
            try:
                self.close()
            except OSError:  # not suppress(): the names of the module may be gone
                pass

    def _view(self) -> memoryview | None:
        try:
            return _raw.memory_address(self)
        except ValueError:  # closed, or never open
            return None

    def _new_view(self) -> memoryview | None:
        """Return a view for `buf`, or None if the block is closed. It is called at the first use of `buf`.

        The object of the view is `_mmap`, as in the standard library, unless no descriptor was kept.
        """
        view = self._view()
        if view is not None and _raw.memory_has_fd(self):
            with suppress(OSError, TypeError, ValueError):  # the system refuses, or another thread closes the block
                return memoryview(self._mmap)  # type: ignore[arg-type]
        return view

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., SharedMemory], tuple[str, bool, int]]:
        attach: Callable[..., SharedMemory] = self.__class__
        if self.read_only:
            attach = partial(attach, read_only=True)
        return attach, (self.name, False, self.size)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({self.name!r}, size={self.size})"

    def fileno(self) -> int:
        """Return a file descriptor of the block, for functions of os, fcntl and mmap.

        The object owns the descriptor: close() closes it. It remains the block's if the name is
        removed or used again. Raises ValueError if the object is closed. Raises FileNotFoundError
        if the name is gone, and the descriptor was closed by the program, or was not kept because
        more than half of the descriptors that RLIMIT_NOFILE permits were open.
        """
        return _raw.memory_fd(self)

    def _fd_or_closed(self) -> int:
        try:
            return _raw.memory_fd(self)
        except ValueError:
            return -1

    def _mmap_or_closed(self) -> mmap.mmap | None:
        # Another thread, or the list, may close the block at any moment, and give this object another one.
        handle = _raw.Memory(self)  # the handle that this object has now
        if self._view() is None:
            return None
        made = self._made_mmap
        if made is None or not _is_alike(made[0], handle):
            new = (handle, _new_mmap(handle))
            kept: tuple[_raw.Memory, mmap.mmap] = self.__dict__.setdefault("_made_mmap", new)  # or another thread's
            made = kept if _is_alike(kept[0], handle) else new
            self._made_mmap = made
            _raw.memory_kept_view(self)  # a map that has a view cannot be resized
        if self._view() is not None:
            return made[1]
        self.__dict__.pop("_made_mmap", None)  # closed meanwhile: close() has not seen this map
        return None

    def _forget_private(self) -> None:
        """Drop what a program has set, or has been given, for the previous block of this object."""
        for name in _PRIVATE.intersection(self.__dict__):
            del self.__dict__[name]
        self.__dict__.pop("_made_mmap", None)

    def _name_or_none(self) -> str | None:
        name = _raw.memory_name(self)
        return None if name is None else "/" + name

    _fd = _Private(_fd_or_closed, -1)
    _mmap = _Private(_mmap_or_closed, None)
    _name = _Private(_name_or_none, None)

    @property
    def read_only(self) -> bool:
        """Whether the block was attached without the right to write."""
        return _raw.memory_is_read_only(self)

    def close(self) -> None:
        """End this object's access to the block. The block itself continues to exist.

        Afterwards `buf` is None. Other references to views remain valid. Never raises an exception;
        a second call does nothing.
        """
        self._close_handle(self)
        if "_fd" in self.__dict__:
            self._close_own()
        self._buf = None
        self.__dict__.pop("_made_mmap", None)  # not closed: NumPy's arrays refer to it without a view

    def _close_own(self) -> None:
        """Close what a subclass has opened that sets the private attributes and does not call __init__()."""
        if _raw.memory_name(self) is not None:
            return
        if self._buf is not None:
            self._buf.release()
        if self._mmap is not None:
            self._mmap.close()
        if self._fd >= 0:
            os.close(self._fd)
        self._mmap, self._fd = None, -1

    def unlink(self) -> None:
        """Remove the block's name. Processes that have the block open can continue to use it.

        It may be called before or after close(), and must be called once among all processes.
        Raises FileNotFoundError if the name is already removed, or belongs to another block, which
        is not removed.
        """
        name = self._name
        if name is None:  # __init__() has failed, or a program has set it
            return
        if "_name" in self.__dict__:
            unlink(name)
        else:
            _raw.memory_unlink(self)


_Memory = SharedMemory  # a program may replace the module's name

for _name, _attribute in _raw.memory_attributes().items():  # buf, name, size and _size
    setattr(SharedMemory, _name, _attribute)


class ShareableList(ListLayout[_T]):
    """A list in a block of shared memory. Its length and the capacities of its items never change.

    sequence
        The items of a new list: an iterable of int (64 bits, signed), float, bool, str, bytes and
        None. An object with ``__index__()`` is stored as an int, a NumPy number as the int, float
        or bool that it is, and any other object that has a buffer, such as a bytearray or an array,
        as bytes. If it is None, attach to the list `name`; if `name` is None too, create an empty
        list.
    name
        The block's name. If it is None, a new list gets a random name.
    capacity
        The minimum capacity for text of each item of a new list, in bytes: one int for all items,
        or a sequence with an int for each. Without it, a str of n characters or bytes of length n
        gets n // 8 * 8 + 8 bytes, as in the standard library, or more if the UTF-8 bytes of a str
        need it. Any other item gets 8 bytes.
    no_sync
        If true, the block has exactly the size that the standard library gives it, without the sync
        area that prevents torn reads.
    track, mode, read_only, lazy
        See SharedMemory.

    Items are read and written like those of a list: ``sl[-1]``, ``sl[2:5]``, which returns a list,
    and ``sl[::2] = values``, which needs as many values as the slice has items. An assignment to a
    slice writes all items, or none if a value cannot be stored in its item.

    Raises ValueError if a text is longer than the item's capacity, the item is corrupt, or the list
    is closed; OverflowError if an int does not fit in 64 bits; and TypeError if a value cannot be
    stored, or the list is read-only. Then the item is unchanged. The object is a context manager
    that closes the list.

    Threads may use the same object, and one of them may close it. Other threads run while one thread
    copies a text of more than 64 KiB, or searches or assigns to more than 4,096 items. In a
    free-threaded CPython, they always run.
    """

    _close_handle = staticmethod(_raw.list_close)

    shm: SharedMemory
    """The block that contains the list. Closing the block closes the list."""

    def __init__(
        self,
        sequence: Iterable[_T] | None = None,
        *,
        name: str | None = None,
        capacity: int | Sequence[int] = 0,
        track: bool = True,
        mode: int = _DEFAULT_MODE,
        read_only: bool = False,
        lazy: bool = False,
        no_sync: bool = False,
    ) -> None:
        create = name is None or sequence is not None
        track = track and _Memory._track
        mode = _Memory._mode if mode is _DEFAULT_MODE else mode
        is_owned = create and track and not _is_tracker_replaced()
        flags = _flags(create, read_only, is_owned, lazy, no_sync)
        if is_owned:
            transfer_to_creators()
        if create:
            values = () if sequence is None else sequence
            if name is None and hasattr(values, "__next__"):
                values = list(values)  # for a second try with another name
            super().__init__(_create(_raw.list_create, name, (values, capacity), flags, mode))
        else:
            super().__init__(_raw.list_open(name, flags))
        self.shm = _Memory._of(_raw.list_memory(self))
        if create:
            self.shm._flags, self.shm._mode, self.shm._track = _O_CREX | os.O_RDWR, mode, track

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., ShareableList[_T]], tuple[()]]:
        if self.shm.read_only:
            return partial(self.__class__, name=self.shm.name, read_only=True), ()
        return partial(self.__class__, name=self.shm.name), ()

    def __repr__(self) -> str:
        try:
            items = repr(self.tolist())
        except ValueError as error:  # closed or corrupt
            items = f"<{error}>"
        name = f", name={self.shm.name!r}" if hasattr(self, "shm") else ""  # absent before __init__()
        return f"{self.__class__.__name__}({items}{name})"

    def _overrides_reading(self) -> bool:
        """Return whether a subclass reads items in its own way."""
        class_ = type(self)
        return class_.__getitem__ is not _raw.List.__getitem__ or class_.__iter__ is not _raw.List.__iter__

    @property
    def format(self) -> str:
        """The current struct formats of all items, concatenated."""
        return _raw.list_format(self)

    def capacity(self, position: int) -> int:
        """Return the length of the longest text that can be written to an item, in bytes of UTF-8."""
        return _raw.list_capacity(self, position)

    def tolist(self) -> list[_T]:
        """Return a list of the items, copied to this process."""
        return self[:] if type(self) is ShareableList or not self._overrides_reading() else list(self)

    def view(self) -> memoryview:
        """Return a memoryview of the items in place, as ints ("q") or floats ("d"), without a copy.

        ``numpy.asarray(shared.view())`` makes an array of it. The items must all be ints, or all
        floats, and have no extra capacity for text; otherwise TypeError or ValueError names the
        first item that prevents it. Each number is read and written whole. A store through the view
        wakes no waiter. If another program changes the type of an item, the view no longer shows a
        number there. The memory remains mapped until the view is deallocated.
        """
        return _raw.list_view(self)

    def count(self, value: object) -> int:
        """Return the number of items that equal the value."""
        if type(value) in _EXACT_BUILTINS and (type(self) is ShareableList or not self._overrides_reading()):
            with suppress(OverflowError, UnicodeEncodeError):  # it may still equal an item
                return _raw.list_count(self, value)
        return sum(value == entry for entry in self)

    def index(self, value: object) -> int:
        """Return the index of the first item that equals the value.

        Raises ValueError if there is no such item.
        """
        if type(value) in _EXACT_BUILTINS and (type(self) is ShareableList or not self._overrides_reading()):
            with suppress(OverflowError, UnicodeEncodeError):
                return _raw.list_index(self, value)
        for position, entry in enumerate(self):
            if value == entry:
                return position
        raise ValueError(f"{value!r} not in this container: list {self.shm.name!r}")

    def add(self, position: int, amount: int) -> int:
        """Add to an int item in one atomic operation. Return the new value.

        Raises TypeError if the item is not an int, and OverflowError if the sum does not fit in 64
        bits. Then the item is unchanged.
        """
        return _raw.list_add(self, position, amount)

    def exchange(self, position: int, value: int) -> int:
        """Replace an int item by another int in one atomic operation. Return the previous value.

        Raises TypeError if the item is not an int.
        """
        return _raw.list_exchange(self, position, value)

    def compare_exchange(self, position: int, expected: int, desired: int) -> bool:
        """Replace an int item by `desired` if it equals `expected`, in one atomic operation.

        Return whether it was replaced. Raises TypeError if the item is not an int.
        """
        return _raw.list_compare_exchange(self, position, expected, desired)

    def wait(self, position: int, value: object, timeout: float | None = None) -> _T:
        """Wait until an item differs from the value, as compared by ``==``. Return the new value.

        If the item differs already, return at once. A NaN differs from itself. Raises TimeoutError
        if the item does not change within `timeout` seconds. A timeout of 0 only checks, and None
        is no limit. Other threads run during the wait, and signals are handled.

        A write through this library, in any language, ends the wait at once. A write by the
        standard library or through a memoryview ends it within 50 milliseconds. If the list is
        read-only, has no sync area, or was made by the standard library, every write ends the wait
        within 10 milliseconds. If another thread closes the list, the wait raises ValueError.

        In a thread of asyncio.to_thread() or of another ThreadPoolExecutor, the wait raises
        asyncio.CancelledError within 50 milliseconds if its task is cancelled or its event loop
        ends, and SystemExit if the program ends. The same is true of wait_any() and of lock().
        """
        _raw.list_wait(self, position, value, _nanoseconds(timeout))
        return self[position]

    def hash(self) -> int:
        """Return a hash of all items, which changes when the type or the value of an item changes.

        It is never 0, and it is the same in every program and language. The time is proportional to
        the size of the list. It is not a cryptographic hash.
        """
        return _raw.list_hash(self)

    def wait_any(self, last_hash: int | None = None, timeout: float | None = None) -> int:
        """Wait until the list's hash differs from `last_hash`. Return the new hash.

        If `last_hash` is None, wait until the hash differs from the current one. A loop that passes
        on the hash misses no change between two waits. With 0, the first call returns at once:

            last_hash = 0
            while True:
                last_hash = shared.wait_any(last_hash)
                print(shared.tolist())

        See wait() for the timeout and what ends the wait.
        """
        return _raw.list_wait_any(self, self.hash() if last_hash is None else last_hash, _nanoseconds(timeout))

    def lock(self, timeout: float | None = None) -> ListLock:
        """Return the lock of the list, for use in a ``with`` statement.

        The statement waits for the lock for at most `timeout` seconds, or without a limit if it is
        None.
        """
        return ListLock(self, timeout)

    async def wait_async(self, position: int, value: object, timeout: float | None = None) -> _T:
        """Wait in an event loop until an item differs from the value. Return the new value.

        The arguments, the result and the errors are those of wait(). It works in asyncio and in any
        event loop that has add_reader(), such as uvloop's. All waits of an event loop use one
        descriptor, and few threads of the library, which run while something is waited for. If the
        task is cancelled, the wait ends at once.

        A write through this library, in any language, ends the wait at once, and every other write
        within 50 milliseconds, or within 10 milliseconds if the list is read-only, has no sync area,
        or was made by the standard library. Another write to an item of 16 KiB or more may end the
        wait later: hashing it takes at most 0.5 % of a processor.
        """

        def is_done() -> bool:
            return _raw.list_differs(self, position, value)

        if not await wait_until(is_done, self, position, _nanoseconds(timeout)):
            _raw.list_wait(self, position, value, 0)  # raises TimeoutError
        return self[position]

    def changes(self) -> ListChanges:
        """Return an asynchronous iterator over the indexes of the items that change from now on.

            async for i in shared.changes():
                print(i, shared[i])

        An item has changed if its type or its value differs from the one that the iterator has seen
        last. If several items change, their indexes follow in ascending order. An item that changes
        several times before the program asks for the next index is reported once, and not at all if
        it has its old value again: the last change is never lost. Each change takes time in
        proportion to the length of the list. See wait_async() for the event loops, and for what is
        detected when: for the delay, a list of 16 KiB or more is like an item of that size. If the
        list is closed, the iterator raises ValueError.
        """
        return ListChanges(self)

    def lock_async(self, timeout: float | None = None) -> AsyncListLock:
        """Return the lock of the list, for use in an ``async with`` statement.

        It is the same lock as that of lock(). The statement waits for it in the event loop for at
        most `timeout` seconds, or without a limit if it is None.
        """
        return AsyncListLock(self, timeout)

    def close(self) -> None:
        """End this object's access to the list, and close `shm`. See SharedMemory.close()."""
        self._close_handle(self)
        if hasattr(self, "shm"):  # not if __init__() was not called or failed
            self.shm.close()

    def unlink(self) -> None:
        """Remove the name of the list's block. See SharedMemory.unlink()."""
        _raw.list_unlink(self)


    @classmethod
    def _of(cls, handle: _raw.List[_T], shm: SharedMemory) -> ShareableList[_T]:
        """Return an object for the list of a handle, which it shares."""
        shared = cls.__new__(cls)
        _raw.List.__init__(shared, handle)
        shared.shm = shm
        return shared


class ListLock:
    """The lock of a ShareableList, as returned by its lock() method.

    The programs that use a list agree on what its lock protects: reads and writes of items do not
    check it. It works between processes and threads of all languages. Its owner is the
    ShareableList object, not the thread. It is not recursive: acquiring it again through the same
    object waits like for any other owner. If the owner closes the list, or its process ends, the
    lock is released, and `owner_died` is true for the next owner. A list that has no sync area, or
    was made by the standard library, has no lock: acquire() raises ValueError.

        with shared.lock(timeout=1.5) as lock:
            if lock.owner_died:
                ...  # repair what the previous owner may have left half done
    """

    owner_died: bool
    """Whether the last acquire() took the lock from an owner that did not release it."""

    def __init__(self, shared: ShareableList[Any], timeout: float | None = None) -> None:
        self._list = shared
        self._duration = _nanoseconds(timeout)
        self.owner_died = False

    def __enter__(self) -> ListLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self, timeout: float | None = None) -> bool:
        """Take the lock. Return True.

        Raises TimeoutError if the lock is not free within `timeout` seconds. A timeout of 0 only
        tries, and None uses the timeout that was passed to lock(). Other threads run during the
        wait, and signals are handled.
        """
        duration = self._duration if timeout is None else _nanoseconds(timeout)
        self.owner_died = _raw.list_lock(self._list, duration)
        return True

    def release(self) -> None:
        """Release the lock. Raises ValueError if this ShareableList object does not hold it."""
        _raw.list_unlock(self._list)


class AsyncListLock:
    """The lock of a ShareableList for coroutines, as returned by its lock_async() method.

    It is the same lock as ListLock, with the same owner, the ShareableList object: another coroutine
    that acquires it through the same object waits. Coroutines of an event loop that wait for it get
    it in the order in which they began to wait. A thread or another process that takes the lock again
    at once, whenever it has released it, can keep them waiting for seconds. If a task is cancelled
    while it waits, the lock is not taken.

        async with shared.lock_async(timeout=1.5) as lock:
            if lock.owner_died:
                ...  # repair what the previous owner may have left half done
    """

    owner_died: bool
    """Whether the last acquire() took the lock from an owner that did not release it."""

    def __init__(self, shared: ShareableList[Any], timeout: float | None = None) -> None:
        self._list = shared
        self._duration = _nanoseconds(timeout)
        self.owner_died = False

    async def __aenter__(self) -> AsyncListLock:
        await self.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def _try(self) -> bool:
        try:
            self.owner_died = _raw.list_lock(self._list, 0)
        except TimeoutError:
            return False
        return True

    async def acquire(self, timeout: float | None = None) -> bool:
        """Take the lock. Return True.

        Raises TimeoutError if the lock is not free within `timeout` seconds. A timeout of 0 only
        tries, and None uses the timeout that was passed to lock_async().
        """
        duration = self._duration if timeout is None else _nanoseconds(timeout)
        if not await wait_until(self._try, self._list, LOCK, duration):
            self.owner_died = _raw.list_lock(self._list, 0)  # raises TimeoutError
        return True

    def release(self) -> None:
        """Release the lock. Raises ValueError if the ShareableList object does not hold it."""
        _raw.list_unlock(self._list)


def unlink(name: str) -> None:
    """Remove the name of a block or a list without attaching to it.

    Raises FileNotFoundError if there is no block of that name.
    """
    _raw.unlink(name)


from ._dict import ShareableDict  # noqa: E402  it uses the names above
