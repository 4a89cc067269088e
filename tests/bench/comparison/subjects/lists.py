"""The tasks of lists and of similar objects in Python: those of this library, of the standard
library and of other modules, shared and not shared.

  lists.py ours | stock | memory | list | dict | array | manager | value | sysv
"""

import array
import multiprocessing
import os
import struct
import sys
from contextlib import contextmanager
from itertools import repeat
from multiprocessing.managers import SyncManager

from subject import ITEM, ITEMS, NEXT, VALUES, Answer, main, partner_processor, place, processor

context = multiprocessing.get_context("fork")  # a fork server would run this script again


def module(which):
    """Return the module shared_memory of this library or of the standard library."""
    if which == "ours":
        from shareable import shared_memory
    else:
        from multiprocessing import shared_memory
    return shared_memory


# The objects whose items are read and written, each in a context that removes it.


@contextmanager
def shared(which, values):
    made = module(which).ShareableList(values)
    try:
        yield made
    finally:
        made.shm.close()
        made.shm.unlink()


@contextmanager
def kept(made):
    yield made


@contextmanager
def managed(_, values):
    """A list in a manager process. The kernel chooses the processor of the manager."""
    os.sched_setaffinity(0, range(os.cpu_count()))
    with context.Manager() as manager:
        place("self", {processor})
        yield manager.list(values)


class Locked:
    """A multiprocessing.Value with its lock, which behaves like a list of one item."""

    def __init__(self, value):
        self.value = context.Value("d" if isinstance(value, float) else "q", value)

    def __getitem__(self, _):
        return self.value.value

    def __setitem__(self, _, value):
        self.value.value = value


class Packed:
    """Numbers or bytes in a SharedMemory of the standard library, packed by struct. A reader may
    see half-written bytes.
    """

    def __init__(self, values, block):
        self.buffer, self.form = block.buf, form_of(values[0])
        for index, value in enumerate(values):
            self[index] = value

    def __getitem__(self, index):
        (value,) = struct.unpack_from(self.form, self.buffer, index * 16)
        return value

    def __setitem__(self, index, value):
        struct.pack_into(self.form, self.buffer, index * 16, value)


def form_of(value):
    return {int: "q", float: "d", bytes: "16s"}[type(value)]


@contextmanager
def packed(_, values):
    block = module("stock").SharedMemory(create=True, size=16 * len(values))
    made = Packed(values, block)
    yield made
    made.buffer = None
    block.close()
    block.unlink()


class Guarded:
    """Numbers or bytes in System V shared memory, packed by struct, with a semaphore."""

    def __init__(self, key, count=None, create=False):
        import sysv_ipc

        flags = sysv_ipc.IPC_CREX if create else 0
        self.form = "q"
        self.memory = sysv_ipc.SharedMemory(key, flags, size=16 * count if create else 0)
        self.semaphore = sysv_ipc.Semaphore(key, flags, initial_value=1)

    def __getitem__(self, index):
        with self.semaphore:
            data = self.memory.read(16, index * 16)
        (value,) = struct.unpack_from(self.form, data)
        return value

    def __setitem__(self, index, value):
        with self.semaphore:
            self.memory.write(struct.pack(self.form, value), index * 16)

    def add(self, index):
        with self.semaphore:
            (value,) = struct.unpack_from("q", self.memory.read(8, index * 16))
            self.memory.write(struct.pack("q", value + 1), index * 16)

    def remove(self):
        self.memory.detach()
        self.memory.remove()
        self.semaphore.remove()


@contextmanager
def guarded(_, values):
    made = Guarded(os.getpid(), len(values), create=True)
    made.form = form_of(values[0])
    for index, value in enumerate(values):
        made[index] = value
    yield made
    made.remove()


MAKERS = {
    "ours": shared,
    "stock": shared,
    "memory": packed,
    "list": lambda _, values: kept(list(values)),
    "dict": lambda _, values: kept(dict(enumerate(values))),
    "array": lambda _, values: kept(array.array(form_of(values[0]), values)),
    "manager": managed,
    "value": lambda _, values: kept(Locked(values[0])),
    "sysv": guarded,
}


# The tasks.


@contextmanager
def reading(kind):
    with MAKERS[which](which, [VALUES[kind]] * ITEMS) as items:
        yield reader(items)


def reader(items):
    def run(times):
        for _ in repeat(None, times):
            items[ITEM]

    return run


@contextmanager
def writing(kind):
    with MAKERS[which](which, [VALUES[kind]] * ITEMS) as items:
        yield writer(items, *NEXT[kind])


def writer(items, first, second):
    def run(times):
        for _ in repeat(None, times // 2):
            items[ITEM] = second
            items[ITEM] = first
        if times % 2:
            items[ITEM] = second

    return run


def value_number(kind, number):
    """Return a value of a type: if the type allows it, another object for each number."""
    return {
        "none": lambda: None,
        "bool": lambda: number % 2 == 0,
        "int": lambda: number + 1000,
        "float": lambda: number + 0.5,
        "str": lambda: f"{number:016}",
        "bytes": lambda: b"%016d" % number,
    }[kind]()


def own_size(items):
    values = items.values() if isinstance(items, dict) else items
    contents = 0 if isinstance(items, array.array) else sum(map(sys.getsizeof, {id(value): value for value in values}.values()))
    return sys.getsizeof(items) + contents


def proportional_size(process):
    with open(f"/proc/{process}/smaps_rollup") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


def manager_size(values):
    with context.Manager() as manager:
        before = proportional_size(manager._process.pid)
        kept = manager.list(values)
        return proportional_size(manager._process.pid) - before if kept else 0


@contextmanager
def measuring_memory(kind, count):
    """Answer with the bytes of many items. Nothing is timed."""
    values = [value_number(kind, number) for number in range(int(count))]
    if which == "manager":
        raise Answer(manager_size(values), int(count))
    with MAKERS[which](which, values) as items:
        size = items.shm.size if which in ("ours", "stock") else own_size(items)
    raise Answer(size, int(count))
    yield


@contextmanager
def building(count):
    values, make = list(range(int(count))), module(which).ShareableList

    def run(times):
        for _ in repeat(None, times):
            made = make(values)
            made.shm.close()
            made.shm.unlink()

    yield run


@contextmanager
def attaching(count):
    attach = module(which).ShareableList
    with shared(which, range(int(count))) as made:
        name = made.shm.name

        def run(times):
            for _ in repeat(None, times):
                attach(name=name).shm.close()

        yield run


# The tasks of several processes with the same items.


class Family(SyncManager):
    """A manager to which other processes connect."""


def address_of(name):
    return os.path.join(os.environ["BENCH_DIR"], name + ".socket")


def serve(values):
    items = list(values)
    Family.register("items", callable=lambda: items, exposed=["__getitem__", "__setitem__"])
    lock = context.Lock()
    Family.register("lock", callable=lambda: lock, exposed=["acquire", "release"])


def key_of(name):
    return int(name.rsplit("-", 1)[1])


@contextmanager
def hosting(name):
    values = [7] * ITEMS
    if which == "manager":
        serve(values)
        with Family(address_of(name), authkey=b"bench", ctx=context):
            yield None
    elif which == "sysv":
        made = Guarded(key_of(name), ITEMS, create=True)
        made[ITEM] = 7
        yield None
        made.remove()
    else:
        made = module(which).ShareableList(values, name=name)
        yield None
        made.shm.close()
        made.shm.unlink()


def join(name):
    """Return the items, and the lock of a manager's items."""
    if which == "manager":
        Family.register("items", exposed=["__getitem__", "__setitem__"])
        Family.register("lock", exposed=["acquire", "release"])
        family = Family(address_of(name), authkey=b"bench")
        family.connect()
        return family.items(), family.lock()
    if which == "sysv":
        return Guarded(key_of(name)), None
    items = module(which).ShareableList(name=name)
    if which == "stock":
        from multiprocessing import resource_tracker

        resource_tracker.unregister(items.shm._name, "shared_memory")
    return items, None


def subscripted(proxy):
    """Return an object that has [] for a manager's proxy. Python looks [] up in the class of an
    object.
    """

    class Items:
        def __getitem__(self, index):
            return proxy.__getitem__(index)

        def __setitem__(self, index, value):
            proxy.__setitem__(index, value)

    return Items()


@contextmanager
def joint_reading(name):
    items, _ = join(name)
    yield reader(subscripted(items) if which == "manager" else items)


@contextmanager
def joint_writing(name):
    items, _ = join(name)
    yield writer(subscripted(items) if which == "manager" else items, *NEXT["int"])


@contextmanager
def joint_adding(name):
    items, lock = join(name)

    def add_managed(times):
        for _ in repeat(None, times):
            lock.acquire()
            items.__setitem__(ITEM, items.__getitem__(ITEM) + 1)
            lock.release()

    def add(times):
        for _ in repeat(None, times):
            items.add(ITEM)

    def add_ours(times):
        for _ in repeat(None, times):
            items.add(ITEM, 1)

    yield {"manager": add_managed, "sysv": add, "ours": add_ours}[which]


@contextmanager
def joint_locking(name):
    items, _ = join(name)

    def run(times):
        for _ in repeat(None, times):
            with items.lock():
                items[ITEM] += 1

    yield run


def add_to(value, pipe):
    """Run in a child: for each number received, make that number of additions."""
    while times := pipe.recv():
        for _ in repeat(None, times):
            with value.get_lock():
                value.value += 1
        pipe.send(None)


@contextmanager
def adding_in_family(count):
    """Add in several processes. A Value can be passed only to children, so all members are children
    of this process.
    """
    value, pipes, children = context.Value("q", 7), [], []
    for number in range(int(count)):
        mine, theirs = context.Pipe()
        children.append(context.Process(target=add_to, args=(value, theirs), daemon=True))
        children[-1].start()
        pipes.append(mine)
        place(children[-1].pid, {(processor, partner_processor)[number % 2]})

    def run(times):
        for pipe in pipes:
            pipe.send(times)
        for pipe in pipes:
            pipe.recv()

    run.amount = int(count)
    yield run
    for pipe, child in zip(pipes, children):
        pipe.send(0)
        child.join()


which = sys.argv[1]
main(
    {
        "read": reading,
        "write": writing,
        "memory": measuring_memory,
        "build": building,
        "attach": attaching,
        "host": hosting,
        "team-read": joint_reading,
        "team-write": joint_writing,
        "team-add": joint_adding,
        "team-locked": joint_locking,
        "family-add": adding_in_family,
    }
)
