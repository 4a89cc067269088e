"""Iterates over the changes of a list in an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _raw
from ._watch import ANY, wait_until

if TYPE_CHECKING:
    from .shared_memory import ShareableList


def _differs(a: object, b: object) -> bool:
    if type(a) is not type(b):
        return True
    if isinstance(a, float) and isinstance(b, float):
        return a.hex() != b.hex()  # a NaN does not equal itself, and 0.0 equals -0.0
    return a != b


class ListChanges:
    """The changes of a ShareableList, as returned by its changes() method.

    It is an asynchronous iterator, which never ends. One coroutine at a time may use it. If its
    ``__anext__()`` is cancelled, no change is lost: the next call returns it.
    """

    def __init__(self, shared: ShareableList[Any]) -> None:
        self._list = shared
        self._hash = shared.hash()
        self._values = shared[:]
        self._indexes: list[int] = []  # of items that have changed, in reverse order

    def _find(self) -> bool:
        """Return whether items have changed, and store their indexes."""
        now = _raw.list_hash(self._list)  # before the values: what changes in between is found the next time
        if now == self._hash:
            return False
        values = self._list[:]
        pairs = enumerate(zip(self._values, values))
        self._indexes = [i for i, (old, new) in pairs if old is not new and _differs(old, new)][::-1]
        self._hash, self._values = now, values
        return bool(self._indexes)

    def __aiter__(self) -> ListChanges:
        return self

    async def __anext__(self) -> int:
        if not self._indexes:
            await wait_until(self._find, self._list, ANY, -1)
        return self._indexes.pop()
