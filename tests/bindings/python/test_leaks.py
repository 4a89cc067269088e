"""Every function and every way to be refused, a thousand times over: the second half leaves nothing."""

import array
import copy
import pickle

import pytest
from conftest import PREFIX
from held import what_is_held

from shareable import _raw
from shareable.shared_memory import ListLock, ShareableList, SharedMemory, unlink

TIMES = 500  # in each half
SLACK = 200  # what the interpreter takes for itself; a leak is one of something each time

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


class Things:
    """One of each, open and closed."""

    def __init__(self, name):
        self.name = name
        self.items = ShareableList(ITEMS, name=name)
        self.numbers = ShareableList(range(9), name=name + "-numbers")
        self.floats = ShareableList([0.5] * 9, name=name + "-floats")
        self.long = ShareableList(range(5000), name=name + "-long")
        self.text = ShareableList([""], name=name + "-text", capacity=100_000)
        self.plain = ShareableList(ITEMS, name=name + "-plain", plain=True)
        self.memory = SharedMemory(name + "-memory", create=True, size=64)
        self.reader = ShareableList(name=name, read_only=True)
        self.reading = SharedMemory(name + "-memory", read_only=True)
        self.closed = ShareableList(name=name)
        self.closed.close()
        self.shut = SharedMemory(name + "-memory")
        self.shut.close()
        self.never = ShareableList.__new__(ShareableList)
        self.none = SharedMemory.__new__(SharedMemory)

    def end(self):
        for each in (self.items, self.numbers, self.floats, self.long, self.text, self.plain, self.memory):
            each.close()
            each.unlink()
        self.reader.close()
        self.reading.close()


def slices(shared):
    shared[:], shared[1:-1:2], shared[::-1], shared[5:2]
    shared[:2] = [bytearray(b"x"), memoryview(b"y")]
    shared[::2] = ["a", 1.5, None, "x" * 600]
    shared[:] = ITEMS


def step(shared, times):
    iterator = iter(shared)
    for _ in range(times):
        next(iterator)
    iterator.__length_hint__()


def lock(shared):
    with shared.lock(timeout=0):
        pass


def lock_twice(shared):
    with shared.lock(timeout=0), shared.lock(timeout=0):
        pass


def release_buf(memory):
    memory.buf.release()
    memory.buf[0]


def by_pickle(thing):
    pickle.loads(pickle.dumps(thing)).close()


def again(thing, **options):
    thing.__init__(**options)


def cycle(thing):
    shared = copy.copy(thing)
    shared.itself = shared  # what_is_held() collects it


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
    # What is done.
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
    "iterate some": lambda on: step(on.items, 3),
    "iterate by a __getitem__ of one's own": lambda on: list(Own(name=on.name)),
    "reversed": lambda on: list(reversed(on.items)),
    "in": lambda on: (100 in on.items, 5 in on.items, 2**70 in on.items, 1j in on.items, "\ud800" in on.items),
    "count": lambda on: (on.items.count(100), on.items.count("x"), on.items.count(2**70), on.items.count(1j)),
    "search what is long": lambda on: (on.long.count(-1), -1 in on.long, on.long.index(-1)),
    "store what is long": lambda on: on.long.__setitem__(slice(None), [0] * 5000),
    "long text": lambda on: (on.text.__setitem__(0, "x" * 100_000), on.text[0]),
    "capacity": lambda on: (on.items.capacity(0), on.items.capacity(-1)),
    "index": lambda on: (on.numbers.index(5), on.numbers.index(True), on.numbers.index(5 + 0j)),
    "repr": lambda on: (repr(on.items), repr(on.closed), repr(on.memory), repr(on.shut)),
    "format": lambda on: (on.items.format, on.items._get_packing_format(0), on.items._list_len),
    "digest": lambda on: on.items.digest(),
    "view": lambda on: (on.numbers.view()[0], on.floats.view()[0], on.numbers.view().release()),
    "read-only view": lambda on: ShareableList(name=on.name + "-numbers", read_only=True).view(),
    "add": lambda on: on.numbers.add(1, 2**40),
    "exchange": lambda on: on.numbers.exchange(1, 2**40),
    "compare_exchange": lambda on: (on.numbers.compare_exchange(0, 0, 0), on.numbers.compare_exchange(0, 1, 2**40)),
    "wait": lambda on: (on.items.wait(3, "other"), on.items.wait(3, bytearray(b"other"))),
    "wait_any": lambda on: on.items.wait_any(0),
    "lock": lambda on: lock(on.items),
    "open": lambda on: (ShareableList(name=on.name), SharedMemory(on.memory.name)),
    "open and close": lambda on: (ShareableList(name=on.name).close(), SharedMemory(on.memory.name).close()),
    "open again": lambda on: (again(on.items, name=on.name), again(on.memory, name=on.memory.name)),
    "create": lambda on: create(sequence=ITEMS + [bytearray(1), Index(5)], capacity=Index(16)),
    "create with capacities": lambda on: create(sequence=iter(ITEMS), capacity=range(0, 70, 10)),
    "create of a range": lambda on: create(sequence=range(100, 0, -1)),
    "create of an array": lambda on: create(sequence=array.array("d", [0.5] * 9)),
    "create of bytes": lambda on: create(sequence=b"abc"),
    "create of nothing": lambda on: create(),
    "create plain": lambda on: create(sequence=ITEMS, plain=True, lazy=True),
    "create memory": lambda on: create_memory(size=5),
    "buf": lambda on: (bytes(on.memory.buf), on.memory.buf[5:9].cast("I"), on.shut.buf, on.none.buf),
    "release buf": lambda on: release_buf(on.memory),
    "attributes": lambda on: (on.memory.name, on.memory._name, on.memory.size, on.memory._size, on.reading.read_only),
    "attributes when closed": lambda on: (on.shut.name, on.shut.size, on.shut.read_only, len(on.closed)),
    "close again": lambda on: (on.closed.close(), on.shut.close(), on.never.close(), on.none.close()),
    "shm": lambda on: _raw.list_memory(on.items),
    "pickle": lambda on: [by_pickle(each) for each in (on.items, on.reader, on.memory, on.reading)],
    "copy": lambda on: copy.copy(on.items),
    "cycle": lambda on: cycle(on.numbers),
    "raw": lambda on: (_raw.Memory(on.memory), _raw.List(on.items), _raw.memory_is_same(on.memory, on.shut)),
    "version": lambda on: _raw.version(),
    # What is refused.
    "get past the end": lambda on: on.items[7],
    "get what is no index": lambda on: on.items["a"],
    "get too large an index": lambda on: on.items[2**70],
    "get by an index that raises": lambda on: on.items[Index(KeyError())],
    "get of closed": lambda on: on.closed[0],
    "get of never opened": lambda on: on.never[0],
    "slice of closed": lambda on: on.closed[:],
    "slice by what is no index": lambda on: on.items["a":],
    "set past the end": lambda on: on.items.__setitem__(7, 1),
    "set too long": lambda on: on.items.__setitem__(0, "x" * 100),
    "set too long a bytearray": lambda on: on.items.__setitem__(0, bytearray(100)),
    "set too large": lambda on: on.items.__setitem__(3, 2**64),
    "set what cannot be stored": lambda on: on.items.__setitem__(3, {}),
    "set surrogate": lambda on: on.items.__setitem__(0, "\ud800"),
    "set index that raises": lambda on: on.items.__setitem__(3, Index(KeyError())),
    "set of closed": lambda on: on.closed.__setitem__(0, bytearray(b"x")),
    "set of read-only": lambda on: on.reader.__setitem__(3, 1),
    "set slice of too many": lambda on: on.items.__setitem__(slice(0, 2), [1]),
    "set slice that has no room": lambda on: on.items.__setitem__(slice(0, 2), ["a", bytearray(100)]),
    "set slice of what cannot be stored": lambda on: on.items.__setitem__(slice(0, 2), [bytearray(1), {}]),
    "set slice by what raises": lambda on: on.items.__setitem__(slice(0, 2), generator()),
    "set slice of what is no iterable": lambda on: on.items.__setitem__(slice(0, 2), 5),
    "set slice of closed": lambda on: on.closed.__setitem__(slice(0, 2), [1, bytearray(1)]),
    "set slice of read-only": lambda on: on.reader.__setitem__(slice(2, 4), [1, 2]),
    "delete": lambda on: on.items.__delitem__(0),
    "iterate closed": lambda on: iter(on.closed),
    "iterate never opened": lambda on: iter(on.never),
    "in closed": lambda on: 1 in on.closed,
    "in by what raises": lambda on: Equal() in on.items,
    "count by what raises": lambda on: on.items.count(Equal()),
    "count of closed": lambda on: on.closed.count(1),
    "index of none": lambda on: on.items.index(5),
    "index of what cannot be": lambda on: on.items.index(2**70),
    "index of closed": lambda on: on.closed.index(1),
    "raw index of what has no repr": lambda on: _raw.list_index(on.items, Text("none")),
    "raw index of bytearray": lambda on: _raw.list_index(on.items, bytearray(b"none")),
    "raw count of what cannot be": lambda on: _raw.list_count(on.items, {}),
    "format of closed": lambda on: on.closed.format,
    "digest of closed": lambda on: on.closed.digest(),
    "view of texts": lambda on: on.items.view(),
    "capacity past the end": lambda on: on.items.capacity(7),
    "view of closed": lambda on: on.closed.view(),
    "view of never opened": lambda on: on.never.view(),
    "add to no int": lambda on: on.items.add(0, 1),
    "add no int": lambda on: on.numbers.add(0, "a"),
    "add at no int": lambda on: on.numbers.add("a", 1),
    "add too much": lambda on: (on.numbers.exchange(0, 2**62), on.numbers.add(0, 2**62)),
    "add to closed": lambda on: on.closed.add(0, 1),
    "add to read-only": lambda on: on.reader.add(3, 1),
    "exchange past the end": lambda on: on.numbers.exchange(9, 1),
    "exchange too large": lambda on: on.numbers.exchange(0, 2**64),
    "compare_exchange no int": lambda on: on.numbers.compare_exchange(0, "a", 1),
    "compare_exchange of no int": lambda on: on.items.compare_exchange(0, 1, 1),
    "wait in vain": lambda on: on.items.wait(0, on.items[0], timeout=0),
    "wait in vain for a bytearray": lambda on: on.items.wait(1, bytearray(on.items[1]), timeout=0),
    "wait past the end": lambda on: on.items.wait(9, 0),
    "wait for what cannot be": lambda on: on.items.wait(0, {}),
    "wait for too long": lambda on: on.items.wait(0, 0, timeout="a"),
    "wait of closed": lambda on: on.closed.wait(0, 0),
    "wait for less than no time": lambda on: on.items.wait(0, 0, timeout=-1),
    "wait_any in vain": lambda on: on.items.wait_any(timeout=0),
    "wait_any of closed": lambda on: on.closed.wait_any(0),
    "wait_any from no digest": lambda on: on.items.wait_any(-1),
    "lock in vain": lambda on: lock_twice(on.items),
    "lock of closed": lambda on: lock(on.closed),
    "lock of plain": lambda on: lock(on.plain),
    "lock of read-only": lambda on: lock(on.reader),
    "lock of no list": lambda on: ListLock([]).acquire(),
    "release what is free": lambda on: on.items.lock().release(),
    "open what is not there": lambda on: ShareableList(name=on.name + "-not"),
    "open memory that is not there": lambda on: SharedMemory(on.name + "-not"),
    "open what is no list": lambda on: ShareableList(name=on.name + "-memory"),
    "open again what is not there": lambda on: again(on.items, name=on.name + "-not"),
    "open no name": lambda on: SharedMemory(5),
    "open NUL": lambda on: SharedMemory("a\0b"),
    "open surrogate": lambda on: SharedMemory("\ud800"),
    "open a slash": lambda on: SharedMemory("a/b"),
    "create what exists": lambda on: ShareableList([1, bytearray(1)], name=on.name),
    "create numbers that exist": lambda on: ShareableList(range(9), name=on.name),
    "create memory that exists": lambda on: SharedMemory(on.memory.name, create=True, size=1),
    "create of what cannot be stored": lambda on: ShareableList([bytearray(5), 2**64]),
    "create by what raises": lambda on: ShareableList(generator()),
    "create of what is no iterable": lambda on: ShareableList(5),
    "create with other capacities": lambda on: ShareableList([1], capacity=[1, 2]),
    "create with no capacity": lambda on: ShareableList([1], capacity="a"),
    "create with too large a capacity": lambda on: ShareableList([1], capacity=2**64),
    "create with a capacity that raises": lambda on: ShareableList([1, 2], capacity=[5, Index(KeyError())]),
    "create with no mode": lambda on: ShareableList([1], mode=0o1000),
    "create too large": lambda on: SharedMemory(create=True, size=2**63),
    "create of no size": lambda on: SharedMemory(create=True, size=Index(KeyError())),
    "create too long": lambda on: ShareableList([TOO_LONG]),
    "write to read-only": lambda on: on.reading.buf.__setitem__(0, 1),
    "raw view of closed": lambda on: _raw.memory_address(on.shut),
    "raw view of never opened": lambda on: _raw.memory_address(on.none),
    "unlink twice": lambda on: unlink(on.name + "-not"),
    "unlink never opened": lambda on: on.none.unlink(),
    "name of never opened": lambda on: (on.none.name, on.never.shm),
    "raw of another": lambda on: _raw.List(on.memory),
    "raw of nothing": lambda on: _raw.Memory(),
    "raw by no name": lambda on: _raw.list_create(None, 5, 0, 0),
    "raw with flags": lambda on: _raw.memory_open(on.name, 2**32),
}


def grown(call, on):
    before = what_is_held()
    for _ in range(TIMES):
        try:
            call(on)
        except Exception:
            pass
    return [now - then for now, then in zip(what_is_held(), before)]


@pytest.fixture(scope="module")
def on():
    things = Things(f"{PREFIX}leaks")
    yield things
    things.end()


@pytest.mark.parametrize("what", CALLS)
def test_nothing_is_left_by(what, on):
    call = CALLS[what]
    grown(call, on)
    growth = grown(call, on)
    if max(growth) > SLACK:  # of the interpreter's own, now and then: not again
        growth = grown(call, on)
    assert max(growth) <= SLACK, f"in {TIMES} times: blocks, words and references {growth}"
