"""Dicts in blocks of shared memory. The bytes of such a block are a list of keys and values."""

from __future__ import annotations

import os
from collections import abc
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, TypeVar, Union, overload

from . import _raw
from ._owner import transfer_to_creators
from ._watch import wait_until_key
from .shared_memory import (
    _DEFAULT_MODE,
    _O_CREX,
    ShareableList,
    SharedMemory,
    _create,
    _flags,
    _is_tracker_replaced,
    _nanoseconds,
)

_K = TypeVar("_K", bound=Union[str, bytes])
_V = TypeVar("_V")
_Self = TypeVar("_Self")

_KEY_SIZE = 32
_VALUE_SIZE = 64


def _overrides_reading(shared: ShareableDict[Any, Any]) -> bool:
    """Return whether a subclass reads values in its own way."""
    return type(shared).__getitem__ is not _raw.Dict.__getitem__


class ItemsView(abc.ItemsView[_K, _V]):
    """The items of a dict. Other processes may change it during an iteration."""

    _mapping: ShareableDict[_K, _V]

    def __contains__(self, item: object) -> bool:
        if not isinstance(item, tuple) or len(item) != 2 or not isinstance(item[0], (str, bytes)):
            return False
        with suppress(KeyError):
            value: object = self._mapping[item[0]]  # type: ignore[index]
            return value is item[1] or value == item[1]
        return False

    def __iter__(self) -> Iterator[tuple[_K, _V]]:
        return _read_items(self._mapping) if _overrides_reading(self._mapping) else _raw.dict_items(self._mapping)


class ValuesView(abc.ValuesView[_V]):
    """The values of a dict. Other processes may change it during an iteration."""

    _mapping: ShareableDict[Any, _V]

    def __contains__(self, value: object) -> bool:
        return any(found is value or found == value for found in self)

    def __iter__(self) -> Iterator[_V]:
        if _overrides_reading(self._mapping):
            return (value for _, value in _read_items(self._mapping))
        return _raw.dict_values(self._mapping)


def _read_items(shared: ShareableDict[_K, _V]) -> Iterator[tuple[_K, _V]]:
    for key in shared:
        with suppress(KeyError):  # deleted meanwhile
            yield key, shared[key]


class ShareableDict(_raw.Dict[_K, _V], MutableMapping[_K, _V]):
    """A dict in a block of shared memory. Its number of places and its sizes never change.

    places
        The most keys that a new dict can have. If it is None, attach to the dict `name`.
    key_size
        The length of the longest key of a new dict, in bytes of UTF-8, 1 to 472. It is rounded up to
        a multiple of 8, as `value_size` is.
    value_size
        The length of the longest str or bytes as a value of a new dict, in bytes of UTF-8. Any other
        value needs 8 bytes.
    name
        The block's name. If it is None, a new dict gets a random name.
    evict
        If true, a new key in a full dict evicts a key that was not used recently. If false, it
        raises OSError.
    track, mode, read_only, lazy
        See SharedMemory.

    A key is a str or bytes of at least 1 byte whose last byte is not NUL. A value is an int (64 bits,
    signed), float, bool, str, bytes or None, and what ShareableList stores as one of these. Programs
    in all languages read and change the same dict. It has the methods of a MutableMapping, ``|`` and
    ``|=``; todict() copies it to a dict. A method that is one operation of a dict, such as
    setdefault() and pop(), is one atomic operation among all processes.
    update(), ``|=``, clear() and copy_to() change one key after the other.

    A read takes no lock, and waits for no process that was killed. Only if a process is stopped in the
    middle of writing a key or its value, a read of that key raises TimeoutError after a second: also
    get() with a default, and ``in``.

    Iteration takes no lock either, and other processes may change the dict meanwhile: a key that is in
    the dict during the whole iteration is visited once. ``dict(shared)`` may raise KeyError then: use
    todict(). len() counts the keys that have not expired. A place uses 74 bytes, `key_size` and
    `value_size`.

    The dict is a ShareableList of keys and values in turn (`list`), with None as the key of a free
    place. Stock Python reads it, and may write values. With read_only, such a list of stock Python
    is opened as a dict.

    Raises KeyError if a key is absent; TypeError if a key or a value has another type, or the dict is
    read-only; ValueError if a key to be written is too long, empty or ends in a NUL, a value is too
    long, or the dict is closed; OverflowError if an int does not fit in 64 bits; OSError with
    errno.ENOSPC if a new key finds no place; and TimeoutError if another process has the lock of the
    dict for more than 10 seconds. Then the dict is unchanged. The object is a context manager that
    closes the dict.
    """

    _close_handle = staticmethod(_raw.dict_close)

    shm: SharedMemory
    """The block that contains the dict. Closing the block closes the dict."""

    def __init__(
        self,
        places: int | None = None,
        *,
        key_size: int = _KEY_SIZE,
        value_size: int = _VALUE_SIZE,
        name: str | None = None,
        evict: bool = False,
        track: bool = True,
        mode: int = _DEFAULT_MODE,
        read_only: bool = False,
        lazy: bool = False,
    ) -> None:
        create = places is not None
        if not create and name is None:
            raise ValueError("'name' can only be None for a new dict, which has 'places'")
        if not create and (evict or (key_size, value_size) != (_KEY_SIZE, _VALUE_SIZE)):
            raise ValueError("'key_size', 'value_size' and 'evict' are only for a new dict: a dict that exists has its own")
        track = track and SharedMemory._track
        mode = SharedMemory._mode if mode is _DEFAULT_MODE else mode
        is_owned = create and track and not _is_tracker_replaced()
        flags = _flags(create, read_only, is_owned, lazy)
        if is_owned:
            transfer_to_creators()
        if create:
            flags |= _raw.EVICT if evict else 0
            super().__init__(_create(_raw.dict_create, name, places, key_size, value_size, flags, mode))
        else:
            super().__init__(_raw.dict_open(name, flags))
        self.shm = SharedMemory._of(_raw.list_memory(_raw.dict_list(self)))
        if create:
            self.shm._flags, self.shm._mode, self.shm._track = _O_CREX | os.O_RDWR, mode, track

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., ShareableDict[_K, _V]], tuple[()]]:
        if self.shm.read_only:
            return partial(self.__class__, name=self.shm.name, read_only=True), ()
        return partial(self.__class__, name=self.shm.name), ()

    def __repr__(self) -> str:
        try:
            items = repr(self.todict())
        except (OSError, ValueError) as error:  # closed, corrupt, or busy
            items = f"<{error}>"
        name = f", name={self.shm.name!r}" if hasattr(self, "shm") else ""  # absent before __init__()
        return f"{self.__class__.__name__}({items}{name})"

    def items(self) -> abc.ItemsView[_K, _V]:
        """Return a view of the keys with their values. Other processes may change the dict meanwhile."""
        return ItemsView(self)

    def values(self) -> abc.ValuesView[_V]:
        """Return a view of the values. Other processes may change the dict meanwhile."""
        return ValuesView(self)

    def todict(self) -> dict[_K, _V]:
        """Return a dict of the keys and values, copied to this process. Each is read as it is then."""
        return dict(self.items())

    @overload  # type: ignore[override]
    def update(self, other: Mapping[_K, _V], /, **values: _V) -> None: ...
    @overload
    def update(self, other: Iterable[tuple[_K, _V]] = (), /, **values: _V) -> None: ...
    def update(self, other: Any = (), /, **values: _V) -> None:
        """Write the keys and values of a mapping, or of an iterable of pairs, and those of the keywords."""
        MutableMapping.update(self, other.items() if isinstance(other, ShareableDict) else other, **values)

    def __or__(self, other: Mapping[_K, _V]) -> dict[_K, _V]:
        return {**self.todict(), **_todict(other)} if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Mapping[_K, _V]) -> dict[_K, _V]:
        return {**_todict(other), **self.todict()} if isinstance(other, Mapping) else NotImplemented

    def __ior__(self: _Self, other: Any) -> _Self:  # type: ignore[misc]
        self.update(other)  # type: ignore[attr-defined]
        return self

    async def wait_async(self, key: _K, old: object = ..., timeout: float | None = None) -> _V:
        """Wait in an event loop until the value of a key differs from `old`. Return the new value.

        The arguments, the result and the errors are those of wait(). See ShareableList.wait_async()
        for the event loops, and for what ends the wait when.
        """

        def is_done() -> bool:
            return self._differs(key, old)

        if not await wait_until_key(is_done, self, key, _nanoseconds(timeout)):
            return self.wait(key, old, 0)  # raises TimeoutError
        return self[key]

    @property
    def list(self) -> ShareableList[Any]:
        """The list that the dict is: item 2p is the key of place p or None, and item 2p + 1 its value.

        Closing the list closes the dict. Assigning to a key's item raises PermissionError.
        """
        return ShareableList._of(_raw.dict_list(self), self.shm)

    def close(self) -> None:
        """End this object's access to the dict, and close `shm`. See SharedMemory.close()."""
        self._close_handle(self)
        if hasattr(self, "shm"):  # not if __init__() was not called or failed
            self.shm.close()

    def unlink(self) -> None:
        """Remove the name of the dict's block. See SharedMemory.unlink()."""
        _raw.dict_unlink(self)


def _todict(mapping: Mapping[_K, _V]) -> dict[_K, _V]:
    return mapping.todict() if isinstance(mapping, ShareableDict) else dict(mapping)
