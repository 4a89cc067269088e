"""Tests that no call leaks: each function and each failure, many times."""

import array
import asyncio
import copy
import gc
import pickle

import pytest
from conftest import PREFIX
from allocations import allocations

from shareable import _raw
from shareable.shared_memory import ListLock, ShareableList, SharedMemory, unlink

TIMES = 500  # calls between two counts
SLACK = 200  # allocations of the interpreter itself; a leak is at least one per call

TOO_LONG = "x" * 10_000_000
ITEMS = ["howdy", b"HoWdY", -273.154, 100, None, True, "x" * 600]


class Index:
    def __init__(self, result):
        self.result = result

    def __index__(self):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Equal:
    def __eq__(self, other):
        raise KeyError(other)


class Text(str):
    def __repr__(self):
        raise KeyError(self)


class Own(ShareableList):
    def __getitem__(self, key):
        return super().__getitem__(key)


class Objects:
    """Objects for the calls: open, read-only, closed, and without __init__()."""

    def __init__(self, name):
        self.name = name
        self.items = ShareableList(ITEMS, name=name)
        self.numbers = ShareableList(range(9), name=name + "-numbers")
        self.floats = ShareableList([0.5] * 9, name=name + "-floats")
        self.long = ShareableList(range(5000), name=name + "-long")
        self.text = ShareableList([""], name=name + "-text", capacity=100_000)
        self.unsynced = ShareableList(ITEMS, name=name + "-unsynced", no_sync=True)
        self.memory = SharedMemory(name + "-memory", create=True, size=64)
        self.reader = ShareableList(name=name, read_only=True)
        self.memory_reader = SharedMemory(name + "-memory", read_only=True)
        self.closed = ShareableList(name=name)
        self.closed.close()
        self.closed_memory = SharedMemory(name + "-memory")
        self.closed_memory.close()
        self.uninitialized = ShareableList.__new__(ShareableList)
        self.loop = asyncio.new_event_loop()
        self.uninitialized_memory = SharedMemory.__new__(SharedMemory)

    def end(self):
        self.loop.close()
        for each in (self.items, self.numbers, self.floats, self.long, self.text, self.unsynced, self.memory):
            each.close()
            each.unlink()
        self.reader.close()
        self.memory_reader.close()


def slices(shared):
    shared[:], shared[1:-1:2], shared[::-1], shared[5:2]
    shared[:2] = [bytearray(b"x"), memoryview(b"y")]
    shared[::2] = ["a", 1.5, None, "x" * 600]
    shared[:] = ITEMS


def iterate(shared, times):
    iterator = iter(shared)
    for _ in range(times):
        next(iterator)
    iterator.__length_hint__()


def lock(shared):
    with shared.lock(timeout=0):
        pass


def watch(shared):
    watch = _raw.watch_create()
    number = _raw.watch_add_item(watch, shared, 3)
    _raw.watch_add_list(watch, shared, 0)
    _raw.watch_add_lock(watch, shared)
    shared[3] = 5
    shared[3] = 6
    _raw.watch_changed(watch)
    _raw.watch_arm(watch, shared, number, 0)
    _raw.watch_disarm(watch, number)
    _raw.watch_remove(watch, number)


def wait_in_loop(on, shared):
    def write():
        shared[3] = 1

    shared[3] = 0
    on.loop.call_soon(write)
    on.loop.run_until_complete(shared.wait_async(3, 0, timeout=5))


def find_changes(on):
    on.items[2:4] = 2.5, 7
    changes = on.items.changes()
    on.loop.call_soon(on.items.__setitem__, slice(2, 4), (1.5, 8))
    on.loop.run_until_complete(changes.__anext__())


async def lock_in_loop(shared):
    async with shared.lock_async(timeout=0.0001):
        await shared.lock_async(timeout=0.0001).acquire()


def lock_twice(shared):
    with shared.lock(timeout=0), shared.lock(timeout=0):
        pass


def release_buf(memory):
    memory.buf.release()
    memory.buf[0]


def unpickle(thing):
    pickle.loads(pickle.dumps(thing)).close()


def reinitialize(thing, **options):
    thing.__init__(**options)


def cycle(thing):
    shared = copy.copy(thing)
    shared.itself = shared  # allocations() collects it


def create(**options):
    shared = ShareableList(**options)
    shared.unlink()


def create_memory(**options):
    memory = SharedMemory(create=True, **options)
    memory.unlink()


def generator():
    yield 1
    raise KeyError


CALLS = {
    # Calls that succeed.
    "get": lambda on: [on.items[i] for i in range(-7, 7)],
    "get by index": lambda on: on.items[Index(3)],
    "set int": lambda on: on.items.__setitem__(3, 2**40),
    "set bool": lambda on: on.items.__setitem__(3, False),
    "set None": lambda on: on.items.__setitem__(3, None),
    "set float": lambda on: on.items.__setitem__(3, 0.5),
    "set str": lambda on: on.items.__setitem__(0, "hä"),
    "set bytes": lambda on: on.items.__setitem__(0, b"hi"),
    "set bytearray": lambda on: on.items.__setitem__(0, bytearray(b"hi")),
    "set memoryview": lambda on: on.items.__setitem__(0, memoryview(b"hi")),
    "set index": lambda on: on.items.__setitem__(3, Index(5)),
    "set subclass": lambda on: on.items.__setitem__(0, Text("hi")),
    "slices": lambda on: slices(on.items),
    "length": lambda on: len(on.items),
    "iterate": lambda on: list(on.items),
    "iterate some": lambda on: iterate(on.items, 3),
    "iterate a subclass with __getitem__": lambda on: list(Own(name=on.name)),
    "reversed": lambda on: list(reversed(on.items)),
    "in": lambda on: (100 in on.items, 5 in on.items, 2**70 in on.items, 1j in on.items, "\ud800" in on.items),
    "count": lambda on: (on.items.count(100), on.items.count("x"), on.items.count(2**70), on.items.count(1j)),
    "search a long list": lambda on: (on.long.count(-1), -1 in on.long, on.long.index(-1)),
    "store to a long list": lambda on: on.long.__setitem__(slice(None), [0] * 5000),
    "long text": lambda on: (on.text.__setitem__(0, "x" * 100_000), on.text[0]),
    "capacity": lambda on: (on.items.capacity(0), on.items.capacity(-1)),
    "index": lambda on: (on.numbers.index(5), on.numbers.index(True), on.numbers.index(5 + 0j)),
    "repr": lambda on: (repr(on.items), repr(on.closed), repr(on.memory), repr(on.closed_memory)),
    "format": lambda on: (on.items.format, on.items._get_packing_format(0), on.items._list_len),
    "hash": lambda on: on.items.hash(),
    "view": lambda on: (on.numbers.view()[0], on.floats.view()[0], on.numbers.view().release()),
    "read-only view": lambda on: ShareableList(name=on.name + "-numbers", read_only=True).view(),
    "add": lambda on: on.numbers.add(1, 2**40),
    "exchange": lambda on: on.numbers.exchange(1, 2**40),
    "compare_exchange": lambda on: (on.numbers.compare_exchange(0, 0, 0), on.numbers.compare_exchange(0, 1, 2**40)),
    "wait": lambda on: (on.items.wait(3, "other"), on.items.wait(3, bytearray(b"other"))),
    "wait_any": lambda on: on.items.wait_any(0),
    "lock": lambda on: lock(on.items),
    "watch": lambda on: watch(on.items),
    "wait_async": lambda on: wait_in_loop(on, on.items),
    "wait_async of a new object": lambda on: wait_in_loop(on, ShareableList(name=on.name)),
    "wait_async in a new loop": lambda on: asyncio.run(on.items.wait_async(3, on.items[3], timeout=0.0001)),
    "changes": lambda on: find_changes(on),
    "open": lambda on: (ShareableList(name=on.name), SharedMemory(on.memory.name)),
    "open and close": lambda on: (ShareableList(name=on.name).close(), SharedMemory(on.memory.name).close()),
    "initialize again": lambda on: (reinitialize(on.items, name=on.name), reinitialize(on.memory, name=on.memory.name)),
    "create": lambda on: create(sequence=ITEMS + [bytearray(1), Index(5)], capacity=Index(16)),
    "create with capacities": lambda on: create(sequence=iter(ITEMS), capacity=range(0, 70, 10)),
    "create from a range": lambda on: create(sequence=range(100, 0, -1)),
    "create from an array": lambda on: create(sequence=array.array("d", [0.5] * 9)),
    "create from bytes": lambda on: create(sequence=b"abc"),
    "create empty": lambda on: create(),
    "create without sync": lambda on: create(sequence=ITEMS, no_sync=True, lazy=True),
    "create memory": lambda on: create_memory(size=5),
    "buf": lambda on: (bytes(on.memory.buf), on.memory.buf[5:9].cast("I"), on.closed_memory.buf, on.uninitialized_memory.buf),
    "release buf": lambda on: release_buf(on.memory),
    "attributes": lambda on: (on.memory.name, on.memory._name, on.memory.size, on.memory._size, on.memory_reader.read_only),
    "attributes when closed": lambda on: (on.closed_memory.name, on.closed_memory.size, on.closed_memory.read_only, len(on.closed)),
    "close again": lambda on: (on.closed.close(), on.closed_memory.close(), on.uninitialized.close(), on.uninitialized_memory.close()),
    "shm": lambda on: _raw.list_memory(on.items),
    "pickle": lambda on: [unpickle(each) for each in (on.items, on.reader, on.memory, on.memory_reader)],
    "copy": lambda on: copy.copy(on.items),
    "cycle": lambda on: cycle(on.numbers),
    "raw": lambda on: (_raw.Memory(on.memory), _raw.List(on.items), _raw.memory_same_block(on.memory, on.closed_memory)),
    "version": lambda on: _raw.version(),
    # Calls that fail.
    "get past the end": lambda on: on.items[7],
    "get by a str": lambda on: on.items["a"],
    "get by a large index": lambda on: on.items[2**70],
    "get by an index that raises": lambda on: on.items[Index(KeyError())],
    "get from closed": lambda on: on.closed[0],
    "get from uninitialized": lambda on: on.uninitialized[0],
    "slice of closed": lambda on: on.closed[:],
    "slice by a str": lambda on: on.items["a":],
    "set past the end": lambda on: on.items.__setitem__(7, 1),
    "set too long": lambda on: on.items.__setitem__(0, "x" * 100),
    "set too long bytearray": lambda on: on.items.__setitem__(0, bytearray(100)),
    "set too large": lambda on: on.items.__setitem__(3, 2**64),
    "set a dict": lambda on: on.items.__setitem__(3, {}),
    "set a surrogate": lambda on: on.items.__setitem__(0, "\ud800"),
    "set index that raises": lambda on: on.items.__setitem__(3, Index(KeyError())),
    "set of closed": lambda on: on.closed.__setitem__(0, bytearray(b"x")),
    "set of read-only": lambda on: on.reader.__setitem__(3, 1),
    "set slice of another size": lambda on: on.items.__setitem__(slice(0, 2), [1]),
    "set slice with too long text": lambda on: on.items.__setitem__(slice(0, 2), ["a", bytearray(100)]),
    "set slice with a dict": lambda on: on.items.__setitem__(slice(0, 2), [bytearray(1), {}]),
    "set slice from a failing generator": lambda on: on.items.__setitem__(slice(0, 2), generator()),
    "set slice from an int": lambda on: on.items.__setitem__(slice(0, 2), 5),
    "set slice of closed": lambda on: on.closed.__setitem__(slice(0, 2), [1, bytearray(1)]),
    "set slice of read-only": lambda on: on.reader.__setitem__(slice(2, 4), [1, 2]),
    "delete": lambda on: on.items.__delitem__(0),
    "iterate closed": lambda on: iter(on.closed),
    "iterate uninitialized": lambda on: iter(on.uninitialized),
    "in closed": lambda on: 1 in on.closed,
    "in with a failing ==": lambda on: Equal() in on.items,
    "count with a failing ==": lambda on: on.items.count(Equal()),
    "count of closed": lambda on: on.closed.count(1),
    "index of absent value": lambda on: on.items.index(5),
    "index of too large int": lambda on: on.items.index(2**70),
    "index of closed": lambda on: on.closed.index(1),
    "raw index with a failing repr": lambda on: _raw.list_index(on.items, Text("none")),
    "raw index of bytearray": lambda on: _raw.list_index(on.items, bytearray(b"none")),
    "raw count of a dict": lambda on: _raw.list_count(on.items, {}),
    "format of closed": lambda on: on.closed.format,
    "hash of closed": lambda on: on.closed.hash(),
    "view of texts": lambda on: on.items.view(),
    "capacity past the end": lambda on: on.items.capacity(7),
    "view of closed": lambda on: on.closed.view(),
    "view of uninitialized": lambda on: on.uninitialized.view(),
    "add to a str": lambda on: on.items.add(0, 1),
    "add a str": lambda on: on.numbers.add(0, "a"),
    "add at a str index": lambda on: on.numbers.add("a", 1),
    "add too much": lambda on: (on.numbers.exchange(0, 2**62), on.numbers.add(0, 2**62)),
    "add to closed": lambda on: on.closed.add(0, 1),
    "add to read-only": lambda on: on.reader.add(3, 1),
    "exchange past the end": lambda on: on.numbers.exchange(9, 1),
    "exchange too large": lambda on: on.numbers.exchange(0, 2**64),
    "compare_exchange with a str": lambda on: on.numbers.compare_exchange(0, "a", 1),
    "compare_exchange of a str": lambda on: on.items.compare_exchange(0, 1, 1),
    "wait without a change": lambda on: on.items.wait(0, on.items[0], timeout=0),
    "wait for a bytearray without a change": lambda on: on.items.wait(1, bytearray(on.items[1]), timeout=0),
    "wait past the end": lambda on: on.items.wait(9, 0),
    "wait for a dict": lambda on: on.items.wait(0, {}),
    "wait with a str as timeout": lambda on: on.items.wait(0, 0, timeout="a"),
    "wait of closed": lambda on: on.closed.wait(0, 0),
    "wait with a negative timeout": lambda on: on.items.wait(0, 0, timeout=-1),
    "wait_async without a change": lambda on: on.loop.run_until_complete(on.items.wait_async(0, on.items[0], timeout=0.0001)),
    "wait_async past the end": lambda on: on.loop.run_until_complete(on.items.wait_async(9, 0)),
    "watch a wrong item": lambda on: _raw.watch_add_item(_raw.watch_create(), on.items, 9),
    "watch with a wrong id": lambda on: _raw.watch_arm(_raw.watch_create(), on.items, 9, 0),
    "watch of another type": lambda on: _raw.watch_fd(on.items),
    "wait_any without a change": lambda on: on.items.wait_any(timeout=0),
    "wait_any of closed": lambda on: on.closed.wait_any(0),
    "wait_any with a wrong hash": lambda on: on.items.wait_any(-1),
    "lock twice": lambda on: lock_twice(on.items),
    "lock_async twice": lambda on: on.loop.run_until_complete(lock_in_loop(on.items)),
    "lock_async of closed": lambda on: on.loop.run_until_complete(lock_in_loop(on.closed)),
    "lock of closed": lambda on: lock(on.closed),
    "lock of unsynced": lambda on: lock(on.unsynced),
    "lock of read-only": lambda on: lock(on.reader),
    "lock of a Python list": lambda on: ListLock([]).acquire(),
    "release a free lock": lambda on: on.items.lock().release(),
    "open absent": lambda on: ShareableList(name=on.name + "-not"),
    "open absent memory": lambda on: SharedMemory(on.name + "-not"),
    "open a block as a list": lambda on: ShareableList(name=on.name + "-memory"),
    "initialize again with an absent name": lambda on: reinitialize(on.items, name=on.name + "-not"),
    "open by an int": lambda on: SharedMemory(5),
    "open by a name with NUL": lambda on: SharedMemory("a\0b"),
    "open by a surrogate": lambda on: SharedMemory("\ud800"),
    "open by a name with a slash": lambda on: SharedMemory("a/b"),
    "create existing": lambda on: ShareableList([1, bytearray(1)], name=on.name),
    "create existing numbers": lambda on: ShareableList(range(9), name=on.name),
    "create existing memory": lambda on: SharedMemory(on.memory.name, create=True, size=1),
    "create with too large int": lambda on: ShareableList([bytearray(5), 2**64]),
    "create from a failing generator": lambda on: ShareableList(generator()),
    "create from an int": lambda on: ShareableList(5),
    "create with too many capacities": lambda on: ShareableList([1], capacity=[1, 2]),
    "create with a str as capacity": lambda on: ShareableList([1], capacity="a"),
    "create with too large capacity": lambda on: ShareableList([1], capacity=2**64),
    "create with a failing capacity": lambda on: ShareableList([1, 2], capacity=[5, Index(KeyError())]),
    "create with a wrong mode": lambda on: ShareableList([1], mode=0o1000),
    "create too large": lambda on: SharedMemory(create=True, size=2**63),
    "create with a failing size": lambda on: SharedMemory(create=True, size=Index(KeyError())),
    "create with too long text": lambda on: ShareableList([TOO_LONG]),
    "write to read-only": lambda on: on.memory_reader.buf.__setitem__(0, 1),
    "raw view of closed": lambda on: _raw.memory_address(on.closed_memory),
    "raw view of uninitialized": lambda on: _raw.memory_address(on.uninitialized_memory),
    "unlink absent": lambda on: unlink(on.name + "-not"),
    "unlink uninitialized": lambda on: on.uninitialized_memory.unlink(),
    "name of uninitialized": lambda on: (on.uninitialized_memory.name, on.uninitialized.shm),
    "raw List of a block": lambda on: _raw.List(on.memory),
    "raw Memory without a handle": lambda on: _raw.Memory(),
    "raw create without a pair": lambda on: _raw.list_create(None, 5, 0, 0),
    "raw open with wrong flags": lambda on: _raw.memory_open(on.name, 2**32),
}


def growth_of(call, on):
    before = allocations()
    for _ in range(TIMES):
        try:
            call(on)
        except Exception:
            pass
    return [now - then for now, then in zip(allocations(), before)]


@pytest.fixture(scope="module")
def on():
    objects = Objects(f"{PREFIX}leaks")
    gc.collect()
    gc.freeze()  # the collections of allocations() then visit only the objects of a test
    yield objects
    gc.unfreeze()
    objects.end()


@pytest.mark.parametrize("name", CALLS)
def test_call_leaks_nothing(name, on):
    call = CALLS[name]
    growth_of(call, on)
    growth = growth_of(call, on)
    if max(growth) > SLACK:  # may be an allocation of the interpreter, which does not repeat
        growth = growth_of(call, on)
    assert max(growth) <= SLACK, f"growth in {TIMES} calls, in blocks, words and references: {growth}"
