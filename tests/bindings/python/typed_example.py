"""A typed program that mypy --strict accepts: typed_example.py NAME"""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType
from typing import Any

import shareable
from shareable import shared_memory
from shareable.shared_memory import AsyncListLock, ListChanges, ListLock, ShareableDict, ShareableList, SharedMemory, unlink


class Counter:
    """An int that processes share, and the name of the process that changed it last."""

    values: ShareableList[Any]

    def __init__(self, name: str | None, *, create: bool) -> None:
        self.values = ShareableList([0, "none"] if create else None, name=name, capacity=32 if create else 0)

    def __enter__(self) -> Counter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.values.close()

    def increment(self, caller: str) -> int:
        lock: ListLock
        with self.values.lock(timeout=5) as lock:
            if lock.owner_died:
                self.values[1] = "none"
            count: int = self.values.add(0, 1)
            self.values[1] = caller
        return count


async def follow(shared: ShareableList[Any], value: int) -> list[int]:
    lock: AsyncListLock
    changes: ListChanges = shared.changes()
    async with shared.lock_async(timeout=5) as lock:
        assert lock.owner_died is False
        shared[0] = value
    now: int = await shared.wait_async(0, None, timeout=5)
    async for i in changes:
        return [i, now]
    return []


async def count(shared: ShareableDict[str, Any]) -> int:
    shared.set("wait", 1, ttl=60)
    value: Any = await shared.wait_async("wait", 2, timeout=5)
    assert value == 1
    return len(shared)


def settings() -> dict[str, Any]:
    shared: ShareableDict[str, Any] = ShareableDict(10, key_size=16, value_size=32, evict=True)
    with shared, ShareableDict[str, Any](name=shared.shm.name) as other:
        shared["rate"] = 100
        rate: int = shared.add("rate") + shared.add("rate", 2, initial=5, ttl=1.5)
        real: float = shared.add("real", 0.5) + shared.add("real", initial=0.5)
        is_new: bool = shared.set_if_absent("mode", "fast") and not other.set_if_present("none", 1)
        found: Any = other.get("absent", 5) or other.setdefault("more", None) or other.pop("absent", None)
        left: float | None = shared.ttl("rate")
        assert (rate, real, is_new, found, left) == (204, 2.0, True, 5, None)
        shared.expire("rate", None)
        shared.update({"rate": 1}, burst=2)
        shared |= {"burst": 3}
        key: str = next(iter(shared.keys()))
        pairs: list[tuple[str, Any]] = list(other.items())
        assert key == pairs[0][0] and asyncio.run(count(shared)) == len(pairs) + 1
        items: ShareableList[Any] = shared.list
        assert len(items) == 2 * shared.places and shared.delete_expired() == 0
        shared.unlink()
        merged: dict[str, Any] = shared | {"burst": 4}
        return merged


def first(memory: SharedMemory, count: int) -> bytes:
    view: memoryview = memory.buf
    return bytes(view[:count])


def main(name: str) -> None:
    version: str = shareable.__version__
    assert version.count(".") == 2
    with Counter(name, create=True) as counter, Counter(name, create=False) as other:
        assert [counter.increment("one"), other.increment("two")] == [1, 2]
        items: list[Any] = counter.values.tolist()
        assert items == [2, "two"] == counter.values[:] == list(other.values)
        assert "two" in other.values and other.values.index("two") == other.values.count(2) == len(other.values) - 1
        other.values[0:2] = (10, None)
        changed: bool = other.values.compare_exchange(0, 10, 11)
        before: int = other.values.exchange(0, 12)
        assert changed and before == 11 and counter.values.wait(0, 11, timeout=1) == 12
        last: int = counter.values.wait_any(0, timeout=0)
        assert last == other.values.hash()
        followed: list[int] = asyncio.run(follow(counter.values, 13))
        assert followed == [0, 13]
        rooms: list[int] = [counter.values.capacity(i) for i in range(2)]
        form: str = counter.values.format
        assert rooms == [32, 32] and form == "qxxxxxx?x"
        try:
            counter.values[1] = "x" * 33
        except ValueError as error:
            assert "exceeds available storage" in str(error)
        block: SharedMemory = counter.values.shm
        assert (block.name, block.read_only) == (name, False) and block.size > 0
        assert first(block, 1) == b"\2"
        with shared_memory.SharedMemory(name, read_only=True, track=False) as reader:
            assert reader.buf.readonly
    unlink(name)
    assert settings()["burst"] == 4
    print("typed")


if __name__ == "__main__":
    main(sys.argv[1])
