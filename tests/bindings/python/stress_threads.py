"""Uses the same few objects from many threads and forks at once: stress_threads.py [SECONDS]

Every exception must be one that the documentation describes, and every value that is read must have
been written. At the end no block, descriptor, mapping or memory may be left. In a free-threaded
CPython, the threads must run without the GIL.
STRESS_THREADS_SEED=NUMBER chooses the same actions again, but not the same timing.
"""

import collections
import contextlib
import copy
import faulthandler
import gc
import operator
import os
import pickle
import random
import re
import signal
import sys
import sysconfig
import threading
import time
import traceback
import warnings

from allocations import allocations

from shareable import garbage
from shareable.shared_memory import ListLock, ShareableDict, ShareableList, SharedMemory, unlink

try:
    import numpy
except ImportError:
    numpy = None
if hasattr(sys, "gettotalrefcount"):
    numpy = None  # most builds of NumPy do not count references, so the count would be wrong

NAME = f"test-python-{os.getpid()}-stress"
THREADS = 8
ROUNDS = 4  # the allocations after each are compared
ITEMS = 8
SIZE = 4096

# The values that are written to the lists of mixed values. "x" * 100 is too long for a slot.
TEXT = 48
NUMBERS = [0, 1, -1, 2**62, 0.5, -1e300, True, False, None]
VALUES = NUMBERS + ["", "howdy", "ä€😀" * 5, "x" * TEXT, b"", b"\xff\0", b"b" * TEXT]
REFUSED = ["x" * 100, 2**64, 1j, [], "\ud800"]
PLACE = range(-ITEMS, ITEMS)
# More keys than the dicts have places.
PLACES = 6
KEYS = [f"k{i}" for i in range(PLACES + 2)]

# The documented exceptions: closed objects, timeouts, names and wrong arguments.
DOCUMENTED = [
    (ValueError, r"(list|block|dict) .* is closed"),
    (ValueError, r"not in this container"),
    (ValueError, r"longer than|has room for|exceeds the storage"),
    (ValueError, r"not locked through this"),
    (ValueError, r"attempt to assign"),
    (ValueError, r"releas"),  # a memoryview that another thread released
    (UnicodeEncodeError, r"surrogates not allowed"),
    (OverflowError, r"64 bits"),
    (TypeError, r"read-only|cannot modify"),
    (TypeError, r"item -?\d+ of list .* is "),
    (TypeError, r"item -?\d+: |^a value must be"),
    (TypeError, r"the value of key .* is "),
    (KeyError, r"^'(k\d|popitem.*)'$"),
    (OSError, r"all \d places have a key"),
    (TimeoutError, r"did not change(,)? before the timeout|timed out"),
    (FileNotFoundError, r"test-python-"),
    (FileExistsError, r"test-python-"),
    (IndexError, r"^(pop|list assignment) index out of range"),  # of the list that threads change
    (IndexError, r"^pop from empty list"),
]


FREE_THREADED = not getattr(sys, "_is_gil_enabled", lambda: True)()


class Unexpected(Exception):
    """A read value was never written, or a call succeeded that must fail."""


def check(value):
    if value not in VALUES and type(value) is not int:  # add() can make any int
        raise Unexpected(repr(value))


def open_list(kind, chance, into=None):
    """Attach to a list, or create it if it does not exist.

    Return a new object, or call __init__() of the object `into`, which other threads may be using.
    """
    make = ShareableList if into is None else into.__init__
    name = f"{NAME}-{kind}"
    try:
        return make(name=name, read_only=chance.random() < 0.1)
    except FileNotFoundError:
        if kind == "numbers":
            return make(range(ITEMS), name=name)
        return make([0] * ITEMS, name=name, capacity=TEXT)


def open_memory(chance, into=None):
    make = SharedMemory if into is None else into.__init__
    try:
        return make(f"{NAME}-memory", read_only=chance.random() < 0.2)
    except FileNotFoundError:
        pass
    try:
        return make(f"{NAME}-memory", create=True, size=SIZE)
    except FileExistsError:  # another process has created it
        return make(f"{NAME}-memory")


def open_dict(chance, into=None):
    make = ShareableDict if into is None else into.__init__
    try:
        return make(name=f"{NAME}-dict", read_only=chance.random() < 0.1)
    except FileNotFoundError:
        return make(PLACES, value_size=TEXT, name=f"{NAME}-dict")


class Stress:
    """The shared objects, and a method for each action on them. A fork's child has a copy."""

    def __init__(self):
        chance = random.Random(1)
        self.mixed = [open_list("mixed", chance) for _ in range(3)]
        self.numbers = [open_list("numbers", chance) for _ in range(2)]
        self.dicts = [open_dict(chance) for _ in range(2)]
        self.memories = [open_memory(chance) for _ in range(2)]
        # A free-threaded CPython does not protect a memoryview that several threads slice or
        # release: it may release the buffer twice, or while a slice uses it.
        self.memoryviews = threading.Lock() if FREE_THREADED else contextlib.nullcontext()
        # The values of new lists. Any thread may change it.
        self.source = list(range(ITEMS))
        # Views, iterators, locks and objects. Any thread may drop them.
        self.kept = []
        self.failures = []
        self.end = 0

    def lists(self):
        return self.mixed + self.numbers

    def keep(self, item):
        self.kept.append(item)
        del self.kept[:-30]

    def close(self):
        self.kept.clear()
        for each in self.lists() + self.dicts + self.memories:
            each.close()

    # Actions on the lists of mixed values.

    def do_read(self, chance):
        check(chance.choice(self.mixed)[chance.choice(PLACE)])

    def do_write(self, chance):
        chance.choice(self.mixed)[chance.choice(PLACE)] = chance.choice(VALUES)

    def do_write_refused_value(self, chance):
        chance.choice(self.mixed)[chance.choice(PLACE)] = chance.choice(REFUSED)
        raise Unexpected("written")

    def do_slice(self, chance):
        for value in chance.choice(self.mixed)[chance.choice(PLACE) :: chance.choice((1, 2, -1))]:
            check(value)

    def do_write_slice(self, chance):
        chance.choice(self.mixed)[1:4] = [chance.choice(VALUES) for _ in range(3)]

    def do_write_slice_by_closing(self, chance):
        shared = chance.choice(self.mixed)

        def values():
            yield 1
            shared.close()
            yield 2
            open_list("mixed", chance, into=shared)

        shared[1:3] = values()

    def do_iterate(self, chance):
        iterator = iter(chance.choice(self.mixed))
        for _ in range(chance.randrange(ITEMS)):
            check(next(iterator))
        self.keep(iterator)

    def do_continue_iterators(self, chance):
        for each in self.kept[:]:
            if hasattr(each, "__length_hint__"):
                assert 0 <= operator.length_hint(each) <= ITEMS
                for value in each:
                    if type(value) is not float:  # a float may come from a list of numbers
                        check(value)

    def do_count(self, chance):
        chance.choice(self.lists()).count(chance.choice(VALUES + [1j, 2**64]))

    def do_index(self, chance):
        chance.choice(self.lists()).index(chance.choice(VALUES + [1j, 2**64]))

    def do_contains(self, chance):
        chance.choice(VALUES + [1j, 2**64]) in chance.choice(self.lists())

    def do_repr(self, chance):
        repr(chance.choice(self.lists() + self.dicts + self.memories))

    def do_inspect(self, chance):
        shared = chance.choice(self.lists())
        assert len(shared) == ITEMS and shared.hash() != 0
        assert len(shared.format) >= ITEMS
        assert shared.capacity(chance.choice(PLACE)) in (8, TEXT)
        assert shared.shm.name.startswith(NAME) and shared.shm.size >= 8 * ITEMS

    def do_inspect_memory(self, chance):
        memory = chance.choice(self.memories)
        assert memory.name == f"{NAME}-memory" and memory.size == SIZE and type(memory.read_only) is bool

    # Actions on all lists.

    def do_add(self, chance):
        chance.choice(self.lists()).add(chance.choice(PLACE), chance.randrange(-5, 5))

    def do_exchange(self, chance):
        chance.choice(self.lists()).exchange(chance.choice(PLACE), chance.randrange(5))

    def do_compare_exchange(self, chance):
        chance.choice(self.lists()).compare_exchange(chance.choice(PLACE), chance.randrange(5), chance.randrange(5))

    def do_lock(self, chance):
        with chance.choice(self.lists()).lock(timeout=chance.choice((0, 0.001, 0.02))) as lock:
            assert type(lock.owner_died) is bool

    def do_release(self, chance):
        chance.choice(self.lists()).lock().release()

    def do_share_lock(self, chance):
        self.keep(chance.choice(self.lists()).lock(timeout=0.001))
        for each in self.kept[:]:
            if isinstance(each, ListLock):
                each.acquire()
                each.release()

    def do_wait(self, chance):
        shared = chance.choice(self.mixed)
        check(shared.wait(chance.choice(PLACE), chance.choice(VALUES), timeout=chance.choice((0, 0.001, 0.02))))

    def do_wait_any(self, chance):
        shared = chance.choice(self.lists())
        shared.wait_any(chance.choice((None, 0, shared.hash())), timeout=chance.choice((0, 0.001, 0.02)))

    # Actions on dicts.

    def do_dict_read(self, chance):
        shared, key = chance.choice(self.dicts), chance.choice(KEYS)
        if shared.get(key) is not None:
            check(shared[key])
        assert len(shared) <= PLACES and (key in shared) in (True, False)

    def do_dict_write(self, chance):
        chance.choice(self.dicts).set(chance.choice(KEYS), chance.choice(VALUES), ttl=chance.choice((None, 0.001, 60)))

    def do_dict_write_refused_value(self, chance):
        chance.choice(self.dicts)[chance.choice(KEYS)] = chance.choice(REFUSED)
        raise Unexpected("written")

    def do_dict_insert(self, chance):
        shared, key = chance.choice(self.dicts), chance.choice(KEYS)
        check(shared.setdefault(key, chance.choice(VALUES)))
        shared.set_if_absent(key, 1), shared.set_if_present(key, 2)

    def do_dict_add(self, chance):
        shared, key = chance.choice(self.dicts), chance.choice(KEYS)
        shared.add(key), shared.compare_exchange(key, 1, 5)

    def do_dict_remove(self, chance):
        shared, key = chance.choice(self.dicts), chance.choice(KEYS)
        chance.choice([lambda: shared.pop(key, None), shared.popitem, lambda: shared.__delitem__(key), shared.delete_expired])()

    def do_dict_iterate(self, chance):
        shared = chance.choice(self.dicts)
        for key, value in shared.items():
            assert key in KEYS
            check(value)
        self.keep(iter(shared.values()))
        self.keep(shared.list)

    def do_dict_wait(self, chance):
        check(chance.choice(self.dicts).wait(chance.choice(KEYS), chance.choice(VALUES), chance.choice((0, 0.001, 0.02))))

    def do_dict_rarely(self, chance):
        shared = chance.choice(self.dicts)
        if chance.random() < 0.1:
            chance.choice([shared.clear, shared.reindex, lambda: shared.copy_to(chance.choice(self.dicts))])()

    def do_dict_open(self, chance):
        open_dict(chance, into=chance.choice(self.dicts))
        self.dicts[chance.randrange(len(self.dicts))] = open_dict(chance)
        for each in self.dicts:
            open_dict(chance, into=each)

    # Actions on memory in place.

    def do_view(self, chance):
        view = chance.choice(self.numbers).view()
        assert len(view) == ITEMS and view.nbytes == 8 * ITEMS
        view[chance.choice(PLACE)] = chance.randrange(100)
        self.keep(view)

    def do_view_mixed_list(self, chance):
        chance.choice(self.mixed).view()
        raise Unexpected("viewed")

    def do_array(self, chance):
        if numpy is not None:
            array = numpy.asarray(chance.choice(self.numbers).view())
            if array.flags.writeable:
                array += 1
            self.keep(array)

    def do_use_kept_views(self, chance):
        for each in self.kept[:]:
            if isinstance(each, memoryview):
                with self.memoryviews:
                    each.tobytes()
                    if not each.readonly:
                        each[0] = 1
            elif hasattr(each, "sum"):
                each.sum()

    def do_release_view(self, chance):
        for each in self.kept[:]:
            if isinstance(each, memoryview):
                with self.memoryviews:
                    each.release()
                break

    def do_buf(self, chance):
        buf = chance.choice(self.memories).buf
        if buf is not None:
            with self.memoryviews:
                if not buf.readonly:
                    buf[chance.randrange(SIZE)] = chance.randrange(256)
                bytes(buf)
                self.keep(buf if FREE_THREADED else buf[chance.randrange(SIZE) :])

    def do_release_buf(self, chance):
        buf = chance.choice(self.memories + [each.shm for each in self.lists()]).buf
        if buf is not None:
            with self.memoryviews:
                buf.release()

    # Actions that open and close.

    def do_close(self, chance):
        chance.choice(self.lists() + self.dicts + self.memories + [each.shm for each in self.lists()]).close()

    def do_initialize_mixed(self, chance):
        open_list("mixed", chance, into=chance.choice(self.mixed))

    def do_initialize_numbers(self, chance):
        open_list("numbers", chance, into=chance.choice(self.numbers))

    def do_initialize_memory(self, chance):
        open_memory(chance, into=chance.choice(self.memories))

    def do_replace(self, chance):
        self.mixed[chance.randrange(len(self.mixed))] = open_list("mixed", chance)
        self.numbers[chance.randrange(len(self.numbers))] = open_list("numbers", chance)
        self.memories[chance.randrange(len(self.memories))] = open_memory(chance)

    def do_initialize_each(self, chance):
        for each in self.mixed:
            open_list("mixed", chance, into=each)
        for each in self.numbers:
            open_list("numbers", chance, into=each)
        for each in self.memories:
            open_memory(chance, into=each)

    def do_create_existing(self, chance):
        ShareableList([1] * ITEMS, name=f"{NAME}-{chance.choice(('mixed', 'numbers'))}", capacity=0).close()

    def do_create_and_unlink(self, chance):
        shared = ShareableList([1, "howdy", bytearray(b"\xff\0")], no_sync=chance.random() < 0.5)
        self.keep(iter(shared))
        shared.unlink()

    def do_create_from_changing_list(self, chance):
        shared = ShareableList(self.source)
        shared.unlink()
        assert len(shared) < 3 * ITEMS
        for value in shared:
            assert value in VALUES or type(value) is int

    def do_change_list(self, chance):
        if len(self.source) < 2 * ITEMS:
            self.source.append(chance.randrange(10))
        if chance.random() < 0.7:
            self.source.pop(chance.randrange(2))
        self.source[0] = chance.choice((1, 2**62, 2**40, 0.5, "howdy"))

    def do_garbage(self, chance):
        if chance.random() < 0.01:
            assert all(not result.removed for result in garbage())

    def do_unlink(self, chance):
        if chance.random() < 0.02:
            unlink(f"{NAME}-memory")

    def do_pickle(self, chance):
        self.keep(pickle.loads(pickle.dumps(chance.choice(self.lists() + self.dicts + self.memories))))

    def do_copy(self, chance):
        copy.copy(chance.choice(self.lists())).close()

    def do_drop(self, chance):
        self.keep(None)
        if chance.random() < 0.05:
            self.kept.clear()

    def do_collect(self, chance):
        cycle = [open_list("numbers", chance)]
        cycle.append(cycle)
        del cycle
        if chance.random() < 0.1:
            gc.collect()


METHODS = {name[3:]: getattr(Stress, name) for name in dir(Stress) if name.startswith("do_")}
# The lists are opened more often than they are closed, so that most actions meet an open list.
WEIGHTED = list(METHODS) + ["read", "write", "initialize_each", "initialize_each", "dict_open"]


def is_documented(error):
    if isinstance(error, StopIteration):
        return True
    return any(type(error) is kind and re.search(pattern, str(error)) for kind, pattern in DOCUMENTED)


def act(stress, chance, counts, raised, names=WEIGHTED):
    name = chance.choice(names)
    counts[name] += 1
    try:
        METHODS[name](stress, chance)
    except Exception as error:
        if is_documented(error):
            raised[type(error).__name__] += 1
        else:
            stress.failures.append(f"{name}: {traceback.format_exc()}")


def work(stress, seed, counts, raised):
    chance = random.Random(seed)
    while time.monotonic() < stress.end and not stress.failures:
        act(stress, chance, counts, raised)


def in_child(stress, seed):
    """Act in a fork's child, which has the objects as they were at the fork, but one thread.

    In a free-threaded CPython, an object may be locked for a thread that the child does not have: so
    the child opens the lists and memories again.
    """
    chance = random.Random(seed)
    signal.alarm(200)
    stress = Stress() if FREE_THREADED else stress
    counts, raised = collections.Counter(), collections.Counter()
    for _ in range(chance.randrange(100)):
        act(stress, chance, counts, raised)
    if chance.random() < 0.2:
        os.kill(os.getpid(), signal.SIGKILL)
    stress.close()
    gc.collect()
    for failure in stress.failures:
        os.write(2, f"in a child: {failure}\n".encode())
    os._exit(1 if stress.failures else 0)


def fork(stress, seed):
    child = os.fork()
    if child == 0:
        try:
            in_child(stress, seed)
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, -signal.SIGKILL):
        stress.failures.append(f"a child ended with {code}")


def one_round(stress, seconds, seed):
    """Return counters of the actions and of the exceptions, and the number of forks."""
    results = [(collections.Counter(), collections.Counter()) for _ in range(THREADS)]
    stress.end = time.monotonic() + seconds
    threads = [
        threading.Thread(target=work, args=(stress, seed + 1 + i, *result)) for i, result in enumerate(results)
    ]
    forks = 0
    for thread in threads:
        thread.start()
    while time.monotonic() < stress.end and not stress.failures:
        fork(stress, seed + 1000 + forks)
        forks += 1
        time.sleep(0.005)
    for thread in threads:
        thread.join()
    done, raised = (sum(each, collections.Counter()) for each in zip(*results))
    return done, raised, forks


def descriptors():
    numbers = os.listdir("/proc/self/fd")
    # The descriptor of the listing itself is closed already.
    return [os.readlink(f"/proc/self/fd/{fd}") for fd in numbers if os.path.lexists(f"/proc/self/fd/{fd}")]


def mappings():
    with open("/proc/self/maps") as maps:
        return [line for line in maps if " /dev/shm/" in line and "/.shareable-" not in line]


def main(seconds):
    if sysconfig.get_config_var("Py_GIL_DISABLED") and sys._is_gil_enabled():
        sys.exit("the import has switched the GIL on")
    faulthandler.enable()
    faulthandler.dump_traceback_later(seconds + 300, exit=True)
    warnings.simplefilter("ignore", DeprecationWarning)  # about forks of a process with threads
    sys.setswitchinterval(0.0005)
    seed = int(os.environ.get("STRESS_THREADS_SEED", random.randrange(2**32)))
    print(f"{seconds} s, STRESS_THREADS_SEED={seed}", flush=True)
    before, allocated = descriptors(), []
    done, raised, forks = collections.Counter(), collections.Counter(), 0
    stress = Stress()
    for i in range(ROUNDS):
        one = one_round(stress, seconds / ROUNDS, seed + 1000 * i)
        done, raised, forks = done + one[0], raised + one[1], forks + one[2]
        stress.close()
        allocated.append((*allocations(), sum(done.values())))
        # The objects still exist, but are closed: they must hold nothing.
        if mappings() or descriptors() != before:
            stress.failures.append(f"left: {mappings()}, {descriptors()}")
    for kind in ("mixed", "numbers", "dict", "memory"):
        with contextlib.suppress(FileNotFoundError):  # unlinked, or owned by a child that ended
            unlink(f"{NAME}-{kind}")
    left = [name for name in os.listdir("/dev/shm") if name.startswith(NAME)]
    if left:
        stress.failures.append(f"left: {left}")
    blocks, words, references, actions = (last - second for last, second in zip(allocated[-1], allocated[1]))
    print("done:", ", ".join(f"{name} {count}" for name, count in done.most_common()))
    print("raised:", ", ".join(f"{name} {count}" for name, count in raised.most_common()))
    print(f"{sum(done.values())} actions, {sum(raised.values())} exceptions, {forks} forks")
    print(f"the last {actions} actions left {blocks} blocks, {words} words, {references} references", flush=True)
    # Each kind is about one action in forty, so a leak of one object per action is detected.
    if max(blocks, words / 10, references) > actions / 100 + 1000:
        stress.failures.append("memory has leaked")
    for failure in stress.failures[:5]:
        print(failure, file=sys.stderr)
    return 1 if stress.failures else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 3))
