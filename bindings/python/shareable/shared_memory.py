"""Blocks of memory and lists that processes share, whatever language they are written in.

This module does what the standard library's ``multiprocessing.shared_memory`` does, in the same bytes, and is used in its
place by changing the import. What differs:

- A block has its name only once it is complete, and a creation that fails leaves nothing behind.
- What a process creates goes when it ends, however it ends, unless ``track=False``: but by nothing that watches over attaching,
  which never registers and never removes anything. What a worker of ``multiprocessing`` creates and leaves when it ends by
  itself goes with its parent.
- No program needs ``resource_tracker.unregister(shm._name, "shared_memory")`` after it has attached: delete that line. It
  would do nothing but have the tracker's process print that it knows no such name.
- ``close()`` never fails. A memoryview, or an array over it, keeps its memory until it goes itself.
- A ShareableList keeps trailing NULs, gives a str room for all of its UTF-8 bytes, checks every index, and changes an item wholly
  or not at all.

No read is ever torn between programs that use shareable, whatever the type and however it changes, and a program that is
killed while it writes leaves the old value or the new one (of a text of more than 472 bytes perhaps neither: then a read
raises ValueError until the item is written anew). In a list of the standard library's, or a plain one, that holds for an
int or a float that stays one.

What takes more than one read or write is guarded by ``lock()``, or done by ``add()``, ``exchange()`` and
``compare_exchange()``, which are each one atomic operation, among programs in all languages. ``wait()`` and ``wait_any()``
sleep until somebody has written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from math import ceil
from struct import error as struct_error
from struct import unpack_from
from types import GenericAlias, TracebackType
from typing import Any, ClassVar

from . import _raw
from ._owner import leave_to_parent

__all__ = ["SharedMemory", "ShareableList", "ListLock", "unlink"]

# What items are read as: their == is known to C.
_PLAIN = frozenset((int, float, bool, str, bytes, type(None)))

# What the standard library's module has besides, for programs that look at it: how it opens a new block, and how it names one.
_USE_POSIX = True
_O_CREX = os.O_CREAT | os.O_EXCL
_SHM_SAFE_NAME_LENGTH = 14
_SHM_NAME_PREFIX = "/psm_"


def _make_filename() -> str:
    """A name as the library makes up for a new block, with the "/" of the system. Nobody else may have it, but somebody might."""
    return _SHM_NAME_PREFIX + os.urandom(4).hex()


def _flags(create: bool, read_only: bool, track: bool, lazy: bool, plain: bool = False) -> int:
    if create and read_only:
        raise ValueError("'read_only' is for attaching: what is created must be written")
    if create:
        return (_raw.LAZY if lazy else 0) | (_raw.PLAIN if plain else 0) | (_raw.OWNED if track else 0)
    return _raw.READ_ONLY if read_only else 0


def _nanoseconds(timeout: float | None) -> int:
    """As C takes a timeout: less than 0 for any time, and 146 years for anything longer."""
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


class SharedMemory(_raw.Memory):
    """A block of shared memory: a new one, or one that exists.

    name
        1 to 255 bytes of UTF-8 without a "/". None makes up a new one.
    create
        True for a new block, which must not exist yet; False to attach to the one of that name.
    size
        Of a new block, in bytes; 1 or more. Attaching ignores it: a block has the size that it was made with.
    track
        Of a new block: True has its name go when this process ends, however it ends, within a second. Attaching ignores it.
    mode
        The permission bits of a new block, less the process's umask.
    read_only
        True to attach without the right to write: needs only the permission to read.
    lazy
        True to take a new block's memory page by page as it is used, not all at once. Should it run out then, the process
        gets SIGBUS.

    FileExistsError, FileNotFoundError, PermissionError and other OSErrors say what the system refused; ValueError, what is
    wrong with an argument. A block that is not tracked outlives every process until its name is removed with unlink(). The
    object is a context manager that closes it.
    """

    # What the standard library's class has besides. There is neither a descriptor nor an mmap object to have here.
    _buf: memoryview | None = None
    _fd = -1
    _mmap = None
    _flags = os.O_RDWR
    _mode = 0o600
    _prepend_leading_slash = True
    _track = False

    def __init__(
        self,
        name: str | None = None,
        create: bool = False,
        size: int = 0,
        *,
        track: bool = True,
        mode: int = 0o600,
        read_only: bool = False,
        lazy: bool = False,
    ) -> None:
        _check_size(size, create)
        if name is None and not create:
            raise ValueError("'name' can only be None if create=True")
        flags = _flags(create, read_only, track, lazy)
        if create:
            if track:
                leave_to_parent()
            super().__init__(_raw.memory_create(name, size, flags, mode))
            self._flags, self._mode, self._track = _O_CREX | os.O_RDWR, mode, track
        else:
            super().__init__(_raw.memory_open(name, flags))
            self._flags = os.O_RDONLY if read_only else os.O_RDWR
        self._keep_view()

    @classmethod
    def _of(cls, handle: _raw.Memory) -> SharedMemory:
        """The block that a handle, which it shares, is open on."""
        memory = cls.__new__(cls)
        _raw.Memory.__init__(memory, handle)
        if memory.read_only:
            memory._flags = os.O_RDONLY
        memory._keep_view()
        return memory

    def _view(self) -> memoryview | None:
        try:
            return _raw.memory_address(self)
        except ValueError:  # closed, or never open
            return None

    def _keep_view(self) -> None:
        self._buf = self._view()
        # Another thread may have closed the block between the two: then it would stay mapped as long as this object lives.
        if self._buf is not None and self._view() is None:
            self._buf = None

    def __enter__(self) -> SharedMemory:
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

    @property
    def buf(self) -> memoryview:
        """A memoryview of the block's bytes: the same each time, until somebody releases it. None once closed.

        Whoever has it when the block is closed keeps it: it stays good.
        """
        view = self._buf
        if view is not None:
            try:
                len(view)
            except ValueError:  # released
                self._keep_view()
                view = self._buf
        return view  # type: ignore[return-value]  # as the standard library's is declared: who closes it knows

    @property
    def name(self) -> str:
        """The name that other processes attach by, also when closed."""
        return _raw.memory_name(self)

    @property
    def size(self) -> int:
        """The size in bytes, also when closed."""
        return _raw.memory_size(self)

    @property
    def _name(self) -> str:
        return "/" + self.name

    @property
    def _size(self) -> int:
        return self.size

    @property
    def read_only(self) -> bool:
        """Whether it was attached without the right to write."""
        return _raw.memory_is_read_only(self)

    def close(self) -> None:
        """End this object's access to the block, which itself stays. `buf` is None then; views that others have stay good.

        Never raises. Closing again does nothing.
        """
        _raw.memory_close(self)
        self._buf = None

    def unlink(self) -> None:
        """Remove the block's name, whether or not this object is closed. Who has the block open keeps it.

        To be called once among all processes: when the name is gone already, or belongs to another block by now (which
        stays), it raises FileNotFoundError.
        """
        _raw.memory_unlink(self)


class ShareableList(_raw.List):
    """A list in a block of shared memory. Its length never changes, and an item's room for text does not either.

    sequence
        The items of a new list: any iterable of int (of 64 bits, sign included), float, bool, str, bytes and None. An object
        with ``__index__()`` is stored as an int, NumPy's numbers as what they are, anything else that has a buffer, as a
        bytearray or an array, as bytes. None attaches to the list called `name`; without a name either, the new list is
        empty.
    name
        The block's name. None makes up a new one.
    capacity
        Room that each item of a new list is to have for text, in bytes, whatever it holds at first; or a sequence of such
        numbers, one an item. Otherwise a str of n characters or bytes of length n has room for n // 8 * 8 + 8 bytes, as in
        the standard library, or for more if the bytes of a str in UTF-8 need it; anything else has room for 8.
    plain
        True for a block of exactly the standard library's size, without the area past the list that keeps reads whole.
    track, mode, read_only, lazy
        As for SharedMemory.

    Items are read and written as those of a list: ``sl[-1]``, ``sl[2:5]`` (a list of them), ``sl[::2] = values`` (as many as
    the slice has; all or none is written). ValueError says that a text is longer than the item's room, that the item is
    damaged, or that the list is closed; OverflowError, that an int does not fit; TypeError, that a value cannot be
    stored or the list is read-only. Then the item is as it was. The object is a context manager that closes the list.

    Threads may use one object. The others run while one copies a text of more than 64 KiB, and while it searches or assigns to
    more than 4,096 items.
    """

    shm: SharedMemory
    """The block that the list is in. Closing it closes the list."""

    def __init__(
        self,
        sequence: Iterable[object] | None = None,
        *,
        name: str | None = None,
        capacity: int | Sequence[int] = 0,
        track: bool = True,
        mode: int = 0o600,
        read_only: bool = False,
        lazy: bool = False,
        plain: bool = False,
    ) -> None:
        create = name is None or sequence is not None
        flags = _flags(create, read_only, track, lazy, plain)
        if create:
            if track:
                leave_to_parent()
            values = () if sequence is None else sequence
            super().__init__(_raw.list_create(name, (values, capacity), flags, mode))
        else:
            super().__init__(_raw.list_open(name, flags))
        self.shm = SharedMemory._of(_raw.list_memory(self))

    __class_getitem__: ClassVar[Any] = classmethod(GenericAlias)

    def __enter__(self) -> ShareableList:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., ShareableList], tuple[()]]:
        if self.shm.read_only:
            return partial(self.__class__, name=self.shm.name, read_only=True), ()
        return partial(self.__class__, name=self.shm.name), ()

    def __repr__(self) -> str:
        try:
            items = repr(self.tolist())
        except ValueError as error:  # closed or damaged: said, not raised
            items = f"<{error}>"
        name = f", name={self.shm.name!r}" if hasattr(self, "shm") else ""  # __init__() was not called, or refused
        return f"{self.__class__.__name__}({items}{name})"

    @property
    def _list_len(self) -> int:
        return len(self)

    def _get_packing_format(self, position: int) -> str:
        """The struct format of one item as it is now."""
        count = len(self)
        if not -count <= position < count:
            raise IndexError(f"list {self.shm.name!r} has {count} items: no item {position}")
        (end,) = unpack_from("q", self.shm.buf, 8 + 8 * count)
        try:
            (form,) = unpack_from("8s", self.shm.buf, 16 + 8 * count + end + 8 * (position % count))
        except (struct_error, OverflowError):  # what was there when the list was opened has been damaged since
            raise ValueError(f"list {self.shm.name!r} is damaged: its data end at byte {end}") from None
        return str(form.rstrip(b"\0"), "ascii")

    @property
    def format(self) -> str:
        """The struct formats of all items as they are now, one after the other."""
        return _raw.list_format(self)

    def capacity(self, position: int) -> int:
        """The number of bytes that an item has room for: the longest text that can be written to it, in UTF-8."""
        return _raw.list_capacity(self, position)

    def tolist(self) -> list[Any]:
        """The items as a list of this process's own."""
        return self[:]

    def view(self) -> memoryview:
        """The items themselves as a memoryview of ints ("q"), or of floats ("d"): nothing is copied.

        ``numpy.asarray(shared.view())`` is the list. All items have to be ints, or all floats, and made with room for no
        text: TypeError or ValueError says which item is not. Reading and writing there is as fast as memory, each
        number whole; but it wakes nobody who waits, and if somebody gives an item another type, what lies there is no
        longer a number. The memory stays as long as the view does.
        """
        return _raw.list_view(self)

    def count(self, value: object) -> int:
        """How many items equal the value."""
        if type(value) in _PLAIN:
            with suppress(OverflowError, UnicodeEncodeError):  # no item, but it may equal one: a large int, a float
                return _raw.list_count(self, value)
        return sum(value == entry for entry in self)

    def index(self, value: object) -> int:
        """The position of the first item that equals the value. ValueError where none does."""
        if type(value) in _PLAIN:
            with suppress(OverflowError, UnicodeEncodeError):
                return _raw.list_index(self, value)
        for position, entry in enumerate(self):
            if value == entry:
                return position
        raise ValueError(f"{value!r} not in this container: list {self.shm.name!r}")

    def add(self, position: int, amount: int) -> int:
        """Add to an item that is an int, by one atomic operation, and return the new value.

        TypeError where the item is no int; OverflowError where the sum does not fit: then it is as it was.
        """
        return _raw.list_add(self, position, amount)

    def exchange(self, position: int, value: int) -> int:
        """Write an int over an int, by one atomic operation, and return the one that was there."""
        return _raw.list_exchange(self, position, value)

    def compare_exchange(self, position: int, expected: int, desired: int) -> bool:
        """Write `desired` if the item is the int `expected`, by one atomic operation, and return whether it was."""
        return _raw.list_compare_exchange(self, position, expected, desired)

    def wait(self, position: int, value: object, timeout: float | None = None) -> Any:
        """Wait until an item is something else than the value, by ``==``, and return what it is then.

        Where it is already, that is no waiting; a NaN is something else than itself. TimeoutError when `timeout` seconds are
        over first: 0 only looks, None waits for as long as it takes. Other threads run meanwhile, and signals are handled.

        A program that writes through this library, in any language, ends the wait at once. What the standard library
        writes, or goes through a memoryview, is found within 50 milliseconds; where the list is read-only, plain, or the
        standard library's, anything is found within 10. To close the list ends the wait too: ValueError.
        """
        _raw.list_wait(self, position, value, _nanoseconds(timeout))
        return self[position]

    def digest(self) -> int:
        """A number, not 0, for all that the list holds: another one as soon as any item is another, in type or worth.

        It is the same through every object and in every language, takes time as the list has bytes, and protects from no
        forgery.
        """
        return _raw.list_digest(self)

    def wait_any(self, digest: int | None = None, timeout: float | None = None) -> int:
        """Wait until the list's digest is another than that one, or than it was when None is given, and return it.

        So a loop misses nothing between two waits, and with 0 it begins with what there is:

            digest = 0
            while True:
                digest = shared.wait_any(digest)
                print(shared.tolist())

        All else is as for wait().
        """
        return _raw.list_wait_any(self, self.digest() if digest is None else digest, _nanoseconds(timeout))

    def lock(self, timeout: float | None = None) -> ListLock:
        """The lock of the list, for a with statement to take: for at most `timeout` seconds, or None for any time."""
        return ListLock(self, timeout)

    def close(self) -> None:
        """End this object's access to the list, as SharedMemory.close() does, of `shm` too."""
        _raw.list_close(self)
        if hasattr(self, "shm"):  # else __init__() was not called, or refused
            self.shm.close()

    def unlink(self) -> None:
        """Remove the name of the list's block, as SharedMemory.unlink() does."""
        _raw.list_unlink(self)


class ListLock:
    """The lock of a ShareableList, as its lock() gives it: for whatever all who use the list agree that it guards.

    Reads and writes of items do not ask for it. It works among processes and threads of all languages, belongs to the
    ShareableList object (whichever thread took it), and is not recursive: to take it twice through one is to wait for
    oneself. Who has it gives it up when the list is closed, too, or the process ends: then whoever takes it next is told.
    A list that is plain, or the standard library's, has none: ValueError.

        with shared.lock(timeout=1.5) as lock:
            if lock.owner_died:
                ...  # what the lock guards may be half done: mend it
    """

    owner_died: bool
    """Whether the last acquire() took the lock from somebody who ended without a release."""

    def __init__(self, shared: ShareableList, timeout: float | None = None) -> None:
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
        """Take the lock, and return True. TimeoutError when it is not free within `timeout` seconds: 0 only tries.

        None is the timeout that lock() was given. Other threads run meanwhile, and signals are handled.
        """
        duration = self._duration if timeout is None else _nanoseconds(timeout)
        self.owner_died = _raw.list_lock(self._list, duration)
        return True

    def release(self) -> None:
        """Give the lock back. ValueError where the list is not locked through this ShareableList."""
        _raw.list_unlock(self._list)


def unlink(name: str) -> None:
    """Remove the name of a block or a list without attaching to it. FileNotFoundError where there is none."""
    _raw.unlink(name)
