"""Waits in event loops: one descriptor for each loop, which reports changes of lists.

The library's threads sleep until one of the watched lists changes, and make the descriptor readable.
So any number of coroutines needs no thread of its own. The descriptor is closed when its event loop
is closed. A program that does not use asyncio does not import it.
"""

from __future__ import annotations

import os
import weakref
from collections import Counter
from collections.abc import Callable
from math import inf
from operator import index
from typing import TYPE_CHECKING, Any, Final, Literal, Union

from . import _raw

if TYPE_CHECKING:
    import asyncio

# What coroutines wait for: an item by its index, any item, or the lock.
_Key = Union[int, Literal["any", "lock"]]
ANY: Final = "any"
LOCK: Final = "lock"

_SECONDS_BETWEEN_CHECKS = 0.05  # as in wait()


class _Point:
    """An item of a list, any item, or the lock, in the watch of one event loop."""

    def __init__(self, number: int, is_kept: bool) -> None:
        self.number = number  # by which the watch reports it
        self.is_kept = is_kept  # when no coroutine waits for it
        self.is_armed = True
        self.waiters: set[asyncio.Future[bool]] = set()

    def report(self) -> None:
        self.is_armed = False
        for waiter in self.waiters:
            _end(waiter, True)


def _end(waiter: asyncio.Future[bool], is_reported: bool) -> None:
    if not waiter.done():
        waiter.set_result(is_reported)


class _Reader:
    """The callback for the descriptor of a watch. Only the event loop keeps it, until it is closed.

    A reference from anything else, such as the frame in the traceback of an exception, would keep
    the descriptor.
    """

    def __init__(self) -> None:
        self.watch: _raw.Watch | None = _raw.watch_create()
        self.waited: dict[int, _Point] = {}  # the points for which coroutines wait, by their numbers

    def __call__(self) -> None:
        for number in _raw.watch_changed(self.watch):
            point = self.waited.get(number)
            if point is not None:
                point.report()


class LoopWatch:
    """The watch of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        reader = _Reader()
        self._reader = weakref.ref(reader)
        self._waited = reader.waited
        # The points of the lists, by the id of the list's block. It is another object if __init__() is called again.
        self._of_blocks: dict[int, tuple[weakref.ref[Any], dict[_Key, _Point]]] = {}
        self._lock_waiters: Counter[str] = Counter()  # coroutines that wait for the lock of a list, by its name
        loop.add_reader(_raw.watch_fd(reader.watch), reader)

    @property
    def _watch(self) -> _raw.Watch | None:
        """None if the loop is closed, or belongs to the process of which this is the fork's child."""
        reader = self._reader()
        return None if reader is None else reader.watch

    def _add(self, shared: _raw.List[Any], key: _Key) -> _Point:
        if key == LOCK:  # each waiter has a place in the queue
            return _Point(_raw.watch_add_lock(self._watch, shared), is_kept=False)
        if key == ANY:
            return _Point(_raw.watch_add_list(self._watch, shared, 0), is_kept=True)
        return _Point(_raw.watch_add_item(self._watch, shared, key), is_kept=True)

    def _points_of(self, block: Any) -> dict[_Key, _Point]:
        number = id(block)
        if number not in self._of_blocks:
            this = weakref.ref(self)

            def forget(_: object) -> None:
                watch = this()
                if watch is not None:
                    watch._forget(number)

            self._of_blocks[number] = weakref.ref(block, forget), {}
        return self._of_blocks[number][1]

    def _forget(self, number: int) -> None:
        """Remove the points of a list whose block does not exist any more. Any thread may call it."""
        for point in self._of_blocks.pop(number)[1].values():
            point.is_kept = False
            if not point.waiters:
                self._remove(point)

    def _remove(self, point: _Point) -> None:
        watch = self._watch
        if watch is not None:
            _raw.watch_remove(watch, point.number)

    def _point(self, shared: Any, key: _Key) -> _Point:
        """Return an armed point.

        It is kept for later waits, because adding one wakes a thread of the library.
        """
        if not isinstance(key, str):
            key = index(key)  # an int, which is equal to others
        points: dict[_Key, _Point] = {} if key == LOCK else self._points_of(shared.shm)
        point = points.get(key)
        if point is None:
            point = points[key] = self._add(shared, key)
        else:
            self._arm(point, shared)
        return point

    def _arm(self, point: _Point, shared: Any) -> None:
        _raw.watch_arm(self._watch, shared, point.number, 0)
        point.is_armed = True  # if it fails, each coroutine that waits for the point gets the error

    def _leave(self, point: _Point) -> None:
        """Disarm or remove a point for which no coroutine waits. For a lock, this wakes the next waiter."""
        if point.waiters:
            return
        self._waited.pop(point.number, None)
        watch = self._watch
        if not point.is_kept:
            self._remove(point)
        elif point.is_armed and watch is not None:
            point.is_armed = False
            _raw.watch_disarm(watch, point.number)

    async def _sleep(self, point: _Point, loop: asyncio.AbstractEventLoop, deadline: float | None) -> bool:
        """Sleep until the point is reported, or until the deadline. Return whether it was reported."""
        waiter: asyncio.Future[bool] = loop.create_future()
        timer = None if deadline is None else loop.call_at(deadline, _end, waiter, False)
        point.waiters.add(waiter)
        self._waited[point.number] = point
        try:
            return await waiter
        finally:
            point.waiters.remove(waiter)
            if timer is not None:
                timer.cancel()

    def has_lock_waiters(self, name: str) -> bool:
        return self._lock_waiters[name] > 0

    async def until_locked(
        self, is_done: Callable[[], bool], shared: Any, loop: asyncio.AbstractEventLoop, duration: int
    ) -> bool:
        """Do the same as until() for the lock. Do not call is_done() while others have waited longer.

        The first of them is woken when the lock is free, and the next one when it stops waiting.
        """
        name = shared.shm.name
        has_predecessors = self.has_lock_waiters(name)
        self._lock_waiters[name] += 1
        try:
            return await self.until(is_done, shared, LOCK, loop, duration, has_predecessors)
        finally:
            self._lock_waiters[name] -= 1
            if not self._lock_waiters[name]:
                del self._lock_waiters[name]

    async def until(
        self,
        is_done: Callable[[], bool],
        shared: Any,
        key: _Key,
        loop: asyncio.AbstractEventLoop,
        duration: int,
        sleeps_first: bool = False,
    ) -> bool:
        """Sleep until is_done() returns true, for at most `duration` nanoseconds. Return whether it did."""
        deadline = None if duration < 0 else loop.time() + duration / 1_000_000_000
        point = self._point(shared, key)
        try:
            if sleeps_first and not await self._sleep(point, loop, deadline):
                return False
            while not is_done():
                if not point.is_armed:  # it is checked again after it is armed
                    self._arm(point, shared)
                elif not await self._sleep(point, loop, deadline):
                    return False
            return True
        finally:
            self._leave(point)

    async def until_key(
        self, is_done: Callable[[], bool], shared: Any, key: object, loop: asyncio.AbstractEventLoop, duration: int
    ) -> bool:
        """Do the same as until() for a key of a dict, which may have another place after each change."""
        deadline = loop.time() + (duration / 1_000_000_000 if duration >= 0 else inf)
        while True:
            point = _Point(_raw.watch_add_key(self._watch, shared, key), is_kept=False)
            try:
                if is_done():
                    return True
                if loop.time() >= deadline:
                    return False
                await self._sleep(point, loop, min(deadline, loop.time() + _seconds_to_check(shared, key)))
            finally:
                self._leave(point)

    def end(self) -> None:
        """Close the descriptor."""
        reader = self._reader()
        if reader is not None:
            reader.watch = None


def _seconds_to_check(shared: Any, key: object) -> float:
    """Return the time after which a key must be checked again if nothing is reported.

    That is when it expires. A watch reports a change of the TTL, but no expiry. An absent key is checked
    each second, because a key that is inserted may have another place than the one that is watched. It is
    checked at the intervals of wait() if the handle is read-only, and so is each key of a list without a
    dict area: a watch of these reports only changes of values.
    """
    if not shared._has_area:
        return _SECONDS_BETWEEN_CHECKS
    try:
        ttl: float | None = shared.ttl(key)
    except KeyError:
        return _SECONDS_BETWEEN_CHECKS if shared.shm.read_only else 1.0
    return inf if ttl is None else ttl


_watches: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopWatch] = weakref.WeakKeyDictionary()


def _watch_of(loop: asyncio.AbstractEventLoop) -> LoopWatch:
    watch = _watches.get(loop)
    if watch is None:
        watch = _watches[loop] = LoopWatch(loop)
    return watch


def _has_lock_waiters(shared: Any) -> bool:
    """Return whether coroutines of the running event loop wait for the lock of the list."""
    import asyncio

    watch = _watches.get(asyncio.get_running_loop())
    return watch is not None and watch.has_lock_waiters(shared.shm.name)


def _end_in_child() -> None:
    """End the watches of the parent's event loops, which cannot run in the child of a fork."""
    for watch in list(_watches.values()):
        watch.end()
    _watches.clear()


os.register_at_fork(after_in_child=_end_in_child)


async def wait_until(is_done: Callable[[], bool], shared: Any, key: _Key, duration: int) -> bool:
    """Wait in the running event loop until is_done() returns true. Return whether it did.

    It is called at once, and then after each change of what `key` names, which it must refuse if
    there is no such item. It is not called at once for a lock for which others wait already. A duration
    in nanoseconds less than 0 is no limit, and 0 only checks. Nothing is awaited after is_done() has
    returned true.
    """
    has_turn = key != LOCK or duration == 0 or not _has_lock_waiters(shared)
    if has_turn and is_done():
        return True
    if duration == 0:
        return False
    import asyncio

    loop = asyncio.get_running_loop()
    watch = _watch_of(loop)
    if key == LOCK:
        return await watch.until_locked(is_done, shared, loop, duration)
    return await watch.until(is_done, shared, key, loop, duration)


async def wait_until_key(is_done: Callable[[], bool], shared: Any, key: object, duration: int) -> bool:
    """Do the same as wait_until() for a key of a dict."""
    if is_done():
        return True
    if duration == 0:
        return False
    import asyncio

    loop = asyncio.get_running_loop()
    return await _watch_of(loop).until_key(is_done, shared, key, loop, duration)
