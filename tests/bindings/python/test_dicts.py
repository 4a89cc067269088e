"""Tests ShareableDict as a mapping of Python's, in threads, processes, managers and event loops."""

import asyncio
import collections.abc
import copy
import gc
import inspect
import os
import pathlib
import pickle
import random
import signal
import struct
import subprocess
import sys
import threading
import time
import weakref

import pytest
from allocations import allocations

import shareable
from shareable import shared_memory
from shareable.managers import SharedMemoryManager
from shareable.shared_memory import ShareableDict, ShareableList

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
import interpreters  # noqa: E402

HERE = pathlib.Path(__file__).parent
STOCK = {**interpreters.find([f"3.{minor}" for minor in range(9, 16)]), "this version": sys.executable}


@pytest.fixture
def shared(name):
    with ShareableDict(50, name=name) as shared:
        yield shared


@pytest.fixture
def program(name):
    """A function that runs a program, which has opened the dict as `shared`."""

    def run(code, interpreter=sys.executable, head="from shareable import ShareableDict\nshared = ShareableDict(name=sys.argv[1])\n"):
        return subprocess.run(
            [interpreter, "-c", "import sys\n" + head + code, name], capture_output=True, text=True, timeout=60
        )

    return run


def test_it_is_a_mutable_mapping(shared):
    assert isinstance(shared, collections.abc.MutableMapping) and not isinstance(shared, dict)
    assert shareable.ShareableDict is shared_memory.ShareableDict and "ShareableDict" in shareable.__all__
    shared.update({"a": 1}, b=2)
    shared.update([("c", 3), (b"d", 4)])
    shared |= {"e": 5}
    shared |= [("f", 6)]
    expected = {"a": 1, "b": 2, "c": 3, b"d": 4, "e": 5, "f": 6}
    assert shared == expected and expected == shared and shared != {} and (shared == 5) is False
    assert dict(shared) == {**shared} == shared.todict() == expected
    assert shared | {"a": 0} == {**expected, "a": 0} and {"a": 0, "g": 7} | shared == {"g": 7, **expected}
    with pytest.raises(TypeError):
        shared | [("a", 1)]
    assert shared.keys() == expected.keys() and shared.keys() & {"a", "z"} == {"a"} and len(shared.keys()) == 6
    assert ("a", 1) in shared.items() and ("a", 2) not in shared.items() and "a" not in shared.items()
    assert ("z", 1) not in shared.items() and shared.items() >= {("a", 1)} and len(shared.items()) == 6
    assert 3 in shared.values() and 9 not in shared.values() and sorted(shared.values()) == [1, 2, 3, 4, 5, 6]
    with pytest.raises(TypeError):
        hash(shared)
    with pytest.raises(TypeError):
        reversed(shared)
    assert f"{shared}" == f"ShareableDict({shared.todict()!r}, name='{shared.shm.name}')"
    assert weakref.ref(shared)() is shared and ShareableDict[str, int] is not None


def test_methods_behave_as_those_of_a_dict(shared):
    """The same calls on a dict, with the same results and exceptions."""
    keys = ["a", "b", "c", b"a", "long key " * 3]
    values = [0, 1, -5, 2.5, "text", b"bytes", None, True, "", "é" * 20]
    chance = random.Random(22)
    plain = {}

    def outcome(do, target):
        try:
            return do(target)
        except (KeyError, TypeError) as error:
            return type(error), str(error) if isinstance(error, KeyError) else None

    for _ in range(5000):
        key, value = chance.choice(keys), chance.choice(values)
        do = chance.choice(
            [
                lambda each: each[key],
                lambda each: each.__setitem__(key, value),
                lambda each: each.__delitem__(key),
                lambda each: each.get(key),
                lambda each: each.get(key, value),
                lambda each: each.setdefault(key, value),
                lambda each: each.setdefault(key),
                lambda each: each.pop(key),
                lambda each: each.pop(key, value),
                lambda each: each.update({key: value}),
                lambda each: (key in each, len(each), bool(each)),
                lambda each: sorted(map(repr, each.items())),
                lambda each: sorted(map(repr, each.values())),
                lambda each: each.clear() if len(each) == len(keys) else None,
                lambda each: each.get(),
                lambda each: each.pop(),
            ]
        )
        assert outcome(do, shared) == outcome(do, plain)
        assert shared == plain


def test_subclasses_may_override_reading(name, shared):
    class Upper(ShareableDict):
        def __getitem__(self, key):
            return super().__getitem__(key).upper()

    shared.update(a="x", b="y")
    with Upper(name=name) as upper:
        assert upper["a"] == "X" and sorted(upper.values()) == ["X", "Y"] and dict(upper) == upper.todict() == {"a": "X", "b": "Y"}
        assert ("a", "X") in upper.items() and type(copy.copy(upper)) is Upper and repr(upper).startswith("Upper({'")


def test_an_expired_value_can_be_read(shared):
    shared.set("key", "x" * 60, ttl=0.02)
    assert shared.get_stale("key") == ("x" * 60, False)
    time.sleep(0.03)
    assert shared.get("key") is None and shared.get_stale("key") == ("x" * 60, True)
    shared["key"] = 1
    assert shared.get_stale("key") == (1, False)
    for key, error in (("absent", KeyError), ("k" * 50, KeyError), (1, TypeError)):
        with pytest.raises(error):
            shared.get_stale(key)
    shared.close()
    with pytest.raises(ValueError, match="is closed"):
        shared.get_stale("key")


def test_str_subclasses_are_keys_and_values(shared):
    class Text(str):
        pass

    shared[Text("key")] = Text("value")
    assert shared == {"key": "value"} and type(next(iter(shared))) is str and shared[Text("key")] == "value"
    shared["naïve 😀"] = 1
    assert shared["naïve 😀"] == 1 and "naïve 😀" in shared


def test_methods_have_documentation_and_signatures():
    for name in dir(ShareableDict):
        if name[0] != "_":
            assert inspect.getdoc(getattr(ShareableDict, name)), name
    signature = inspect.signature(ShareableDict.add)
    assert str(signature) == "(self, /, key, amount=1, *, initial=0, ttl=None, timeout=10.0)"
    assert str(inspect.signature(ShareableDict.wait)).startswith("(self, /, key, old=Ellipsis")


def test_calls_with_wrong_arguments_are_refused(shared):
    for do, message in (
        (lambda: shared.set("a"), r"set\(\) missing required argument: 'value'"),
        (lambda: shared.set("a", 1, 2), r"set\(\) takes at most 2 positional arguments \(3 given\)"),
        (lambda: shared.set("a", 1, tll=2), r"set\(\) got an unexpected keyword argument 'tll'"),
        (lambda: shared.set("a", 1, value=2), r"set\(\) got multiple values for argument 'value'"),
        (lambda: shared.add(), r"add\(\) missing required argument: 'key'"),
        (lambda: shared.clear(1), r"clear\(\) takes at most 0 positional"),
        (lambda: shared.get("a", 1, 2), "get expected 1 or 2 arguments, got 3"),
        (lambda: shared.pop(), r"pop\(\) missing required argument: 'key'"),
    ):
        with pytest.raises(TypeError, match=message):
            do()
    class Name(str):
        pass

    shared.set(**{Name("key"): "a", "value": 1})
    assert shared.add(key="a", amount=2) == 3 and shared.pop(key="a", default=5) == 3


def test_attaching_refuses_the_sizes_of_a_new_dict(name, shared):
    for options in ({"key_size": 8}, {"value_size": 8}, {"evict": True}):
        with pytest.raises(ValueError, match="are only for a new dict"):
            ShareableDict(name=name, **options)


def test_a_dict_has_the_options_of_a_block(name):
    with ShareableDict(5, name=name, mode=0o400, lazy=True) as shared:
        assert os.stat(f"/dev/shm/{name}").st_mode & 0o777 == 0o400
        shared["a"] = 1
    for bad in ("", "a/b", "a\0b", "x" * 256):
        for do in (lambda: ShareableDict(5, name=bad), lambda: ShareableDict(name=bad)):
            with pytest.raises(ValueError, match="not a valid name"):
                do()


def test_closing_the_block_or_the_list_closes_the_dict(name, shared):
    shared["a"] = 1
    with ShareableDict(name=name) as one, ShareableDict(name=name) as other:
        one.shm.close()
        other.list.close()
        for closed in (one, other):
            with pytest.raises(ValueError, match="is closed"):
                closed["a"]
    assert shared["a"] == 1


def test_init_again_gives_the_object_another_dict(name, shared):
    shared["a"] = 1
    with ShareableDict(3, name=name + "-2") as other:
        other["b"] = 2
        iterator = iter(shared)
        shared.__init__(name=name + "-2")
        assert shared == {"b": 2} and shared.places == 3 and list(iterator) == ["a"]
        other.unlink()


def test_copies_of_long_texts_let_other_threads_run(name):
    with ShareableDict(3, value_size=1 << 20, name=name) as shared:
        text = "x" * (1 << 20)
        shared["long"] = text
        shared.set("long", text, timeout=0)
        assert shared["long"] == text and list(shared.values()) == [text] and shared.setdefault("long") == text
        with pytest.raises(ValueError, match="exceeds the storage"):
            shared["long"] = text + "x"
        assert shared.pop("long") == text and "long" not in shared


def test_a_damaged_value_is_reported_and_the_key_remains(name, shared):
    shared.update(a="text", b=1)
    position = list(shared).index("a") * 2 + 1
    with shared_memory.SharedMemory(name) as memory:
        start = bytes(memory.buf).index(b"text")
        memory.buf[start] = 0xFF
    with pytest.raises(UnicodeDecodeError):
        shared["a"]
    assert "a" in shared and sorted(shared) == ["a", "b"] and shared["b"] == 1 and shared.list[position - 1] == "a"
    assert "<" in repr(shared)
    shared["a"] = 2
    assert shared == {"a": 2, "b": 1}


def test_damaged_dicts_never_crash(name):
    seed = int(os.environ.get("FUZZ_SEED", random.randrange(2**32)))
    print(f"FUZZ_SEED={seed} repeats this run")
    command = [sys.executable, str(HERE / "damaged_dicts.py"), name, str(seed), "20"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "used\n", "")


def test_the_number_of_keys_is_at_most_the_places(name, shared):
    shared["a"] = 1
    with shared_memory.SharedMemory(name) as memory:
        area = bytes(memory.buf).index(b"shr.dict")
        memory.buf[area + 96 : area + 104] = b"\xff" * 8
    assert len(shared) == 50 and list(shared) == ["a"]


def test_a_dict_is_true_if_a_key_has_not_expired(name):
    with ShareableDict(50, name=name) as shared, ShareableDict(name=name, read_only=True) as reader:
        assert not shared
        shared.set("session", 1, ttl=0.01)
        assert shared and reader
        shared.update({str(i): i for i in range(40)})
        time.sleep(0.02)
        popped = {}
        while shared:
            assert reader
            key, value = shared.popitem()
            popped[key] = value
        assert popped == {str(i): i for i in range(40)} and list(shared) == []
        assert (bool(shared), bool(reader), len(shared)) == (False, False, 0)
        with pytest.raises(KeyError, match="is empty"):
            shared.popitem()
        shared["session"] = 2
        assert shared and shared.popitem() == ("session", 2)
        assert not shared and len(shared) == 0
    with pytest.raises(ValueError, match="is closed"):
        bool(shared)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_passes_dicts(method):
    ended = subprocess.run([sys.executable, str(HERE / "passing_dicts.py"), method], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("passed\n", "")


def test_a_fork_shares_the_dict(shared):
    shared["count"] = 0
    children = []
    for number in range(4):
        children.append(os.fork())
        if children[-1] == 0:
            for i in range(2000):
                shared.add("count")
                shared[f"child {number}"] = i
            os._exit(0)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert shared == {"count": 8000, **{f"child {number}": 1999 for number in range(4)}}


def random_changes(shared, number, seed, times):
    """Change keys of this process like a dict of Python, and count on keys of all processes. Return what was counted."""
    chance, plain, counted = random.Random(seed + number), {}, 0
    for _ in range(times):
        key, value = f"{number}.{chance.randrange(8)}", chance.choice([number, 0.5, None, "x" * chance.randrange(60), b"y"])
        what = chance.randrange(6)
        if what == 0:
            shared[key] = plain[key] = value
        elif what == 1:
            assert shared.pop(key, None) == plain.pop(key, None)
        elif what == 2:
            assert shared.setdefault(key, value) == plain.setdefault(key, value)
        elif what == 3:
            assert shared.get(key) == plain.get(key) and (key in shared) == (key in plain)
        elif what == 4:
            shared.add(f"sum {chance.randrange(4)}", 2)
            counted += 2
        else:
            key = f"sum {chance.randrange(4)}"
            found = shared[key]
            counted += shared.compare_exchange(key, found, found + 1)
    assert {key: value for key, value in shared.items() if key.startswith(f"{number}.")} == plain
    return counted


def test_processes_agree_with_a_model(shared):
    seed = random.randrange(2**32)
    print(f"the seed is {seed}")
    shared.update({f"sum {i}": 0 for i in range(4)})
    children = []
    for number in range(4):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, str(random_changes(shared, number, seed, 10_000)).encode())
                os._exit(0)
            finally:
                os._exit(1)
        os.close(writer)
        children.append((child, reader))
    total = 0
    for child, reader in children:
        with os.fdopen(reader) as pipe:
            total += int(pipe.read() or 0)
        assert os.waitpid(child, 0)[1] == 0
    assert sum(shared[f"sum {i}"] for i in range(4)) == total
    before = shared.todict()
    shared.reindex()
    assert shared == before and len(shared) == len(before)


def test_threads_use_one_object(name, shared):
    failures = []

    def work(number):
        try:
            for i in range(500):
                shared.add("count")
                shared[f"{number}.{i % 5}"] = i
                shared.setdefault("first", number)
                shared.pop(f"{number}.{i % 5}", None)
                assert all(isinstance(value, int) for value in shared.values())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and shared["count"] == 2000 and set(shared) == {"count", "first"}


def test_one_of_many_threads_inserts_a_default(shared):
    for _ in range(20):
        shared.clear()
        results = []
        threads = [threading.Thread(target=lambda i=i: results.append(shared.setdefault("key", i))) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(results)) == 1 and shared["key"] == results[0]


def test_a_manager_owns_dicts(name):
    with SharedMemoryManager() as manager:
        shared = manager.ShareableDict(5, key_size=8, value_size=8, name=name, evict=True)
        shared["a"] = 1
        assert (shared.shm.name, shared.evicts, shared.key_size) == (name, True, 8)
        with ShareableDict(name=name) as other:
            assert other == {"a": 1}
        with pytest.raises(TypeError):
            manager.ShareableDict(None)
        with pytest.raises(FileExistsError):
            manager.ShareableDict(5, name=name)
    assert not os.path.exists(f"/dev/shm/{name}")


READ = """
from multiprocessing import resource_tracker, shared_memory
resource_tracker.register = lambda *_: None  # before 3.13, attaching registers the block, which then is removed
listed = shared_memory.ShareableList(name=sys.argv[1])
items = iter(listed)
found = {key: value for key, value in zip(items, items) if key is not None}
print(sorted(found.items(), key=repr))
items = list(listed)
listed[items.index("int") + 1] = found["int"] + 1
listed[items.index("text") + 1] = "by stock"
listed.shm.close()
"""


@pytest.mark.parametrize("interpreter", STOCK.values(), ids=STOCK)
def test_stock_python_reads_keys_and_writes_values(interpreter, shared, program):
    shared.update({"int": 1, "text": "ours", b"bytes": b"\1\2", "float": 2.5, "none": None, "bool": True, "gone": 1})
    del shared["gone"]
    ended = program(READ, interpreter, head="")
    assert ended.returncode == 0 and ended.stdout == repr(sorted(shared.items() - {("int", 2), ("text", "by stock")} | {("int", 1), ("text", "ours")}, key=repr)) + "\n", ended.stderr
    assert shared["int"] == 2 and shared["text"] == "by stock" and len(shared) == 6


def test_floats_of_numpy_are_added(shared):
    numpy = pytest.importorskip("numpy")
    for kind in (numpy.float16, numpy.float32, numpy.float64):
        assert shared.add(kind.__name__, kind(0.5), initial=kind(1)) == 1.5 == shared.get(kind.__name__)
    assert shared.add("int", numpy.int32(2)) == 2 and isinstance(shared["int"], int)


def test_errors_and_views_have_public_names(shared):
    for do in (
        lambda: shared.get(key="a"),
        lambda: shared.ttl(),
        lambda: shared.copy_to({}),
        lambda: setattr(shared, "places", 5),
        lambda: ShareableDict.get({}, "a"),
        lambda: shareable._raw.dict_close(5),
    ):
        with pytest.raises((TypeError, AttributeError)) as caught:
            do()
        assert "ShareableDict" in str(caught.value) and "raw" not in str(caught.value)
    shared["a"] = 1
    for kind in ("Keys", "Values", "Items"):
        assert repr(getattr(shared, kind.lower())()) == f"{kind}View({shared!r})"


LONG = """
from multiprocessing import resource_tracker, shared_memory
made = shared_memory.ShareableList(["k" * 473, 1, b"b" * 100000, "v" * 5000, "a", 2], name=sys.argv[1])
resource_tracker.unregister(made.shm._name, "shared_memory")
"""


def test_keys_of_a_list_of_stock_python_may_be_longer_than_those_of_a_dict(name, program):
    assert program(LONG, head="").returncode == 0
    expected = {"k" * 473: 1, b"b" * 100000: "v" * 5000, "a": 2}
    with ShareableDict(name=name, read_only=True) as shared:
        assert list(shared) == list(expected) and list(shared.values()) == list(expected.values())
        assert list(shared.items()) == list(expected.items()) and shared == shared.todict() == expected
        assert shared | {} == expected and repr(expected) in repr(shared)
        assert all(key in shared and shared[key] == shared.get_stale(key)[0] == expected[key] for key in expected)
        for method in (shared.popitem, shared.clear, lambda: shared.pop("k" * 473)):
            with pytest.raises(TypeError, match="read-only"):
                method()
        with ShareableDict(10) as target:
            try:
                with pytest.raises(ValueError, match="too long"):
                    shared.copy_to(target)
            finally:
                target.unlink()
    with pytest.raises(ValueError, match="closed"):
        shared.popitem()


SHORT = """
from multiprocessing import resource_tracker, shared_memory
made = shared_memory.ShareableList(["k", "v" * 5000], name=sys.argv[1])
resource_tracker.unregister(made.shm._name, "shared_memory")
"""


def test_a_key_that_another_process_makes_longer_is_not_read(name, program):
    assert program(SHORT, head="").returncode == 0
    with ShareableDict(name=name, read_only=True) as shared, shared_memory.SharedMemory(name, track=False) as block:
        keys, items = iter(shared), iter(shared.items())
        struct.pack_into("3q4096s", block.buf, 8, 0, 4096, 5016, b"k" * 4096)  # the offsets, and the key
        struct.pack_into("8s", block.buf, 8 + 3 * 8 + 5016, b"4096s")
        for read in (lambda: next(keys), lambda: next(items), lambda: list(shared), lambda: list(shared.values())):
            with pytest.raises(ValueError, match="corrupt"):
                read()


def test_a_signal_ends_a_wait(shared):
    class Interrupt(Exception):
        pass

    def handler(*_):
        raise Interrupt

    shared["key"] = 1
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Interrupt):
            shared.wait("key", 1)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_closing_ends_a_wait(shared):
    shared["key"] = 1
    timer = threading.Timer(0.05, shared.close)
    timer.start()
    with pytest.raises(ValueError, match="is closed"):
        shared.wait("key", 1, timeout=10)
    timer.join()




def run(main):
    return asyncio.run(asyncio.wait_for(main, 30))


def test_coroutines_wait_for_keys(name, shared):
    async def main():
        loop = asyncio.get_running_loop()
        shared.update({f"key {i}": 0 for i in range(20)})
        with ShareableDict(name=name) as other:
            waits = [asyncio.ensure_future(shared.wait_async(f"key {i}", 0)) for i in range(20)]
            appears = asyncio.ensure_future(shared.wait_async("new"))
            await asyncio.sleep(0.02)
            assert not any(wait.done() for wait in [*waits, appears])
            for i in range(20):
                loop.call_later(0.01 * (i % 3), other.__setitem__, f"key {i}", f"changed {i}")
            loop.call_later(0.01, other.__setitem__, "new", 7)
            assert await asyncio.gather(*waits) == [f"changed {i}" for i in range(20)]
            assert await appears == 7
            assert await shared.wait_async("new", 5) == 7 == await shared.wait_async("new")

    run(main())


def test_coroutines_detect_deleted_and_expired_keys(name, shared):
    async def main():
        loop = asyncio.get_running_loop()
        shared.update(a=1, b=1)
        shared.set("c", 1, ttl=0.1)
        with ShareableDict(name=name) as other:
            loop.call_later(0.02, other.__delitem__, "a")
            loop.call_later(0.02, other.expire, "b", 0.05)
            started = time.monotonic()
            for key in ("a", "c", "b"):
                with pytest.raises(KeyError, match=key):
                    await shared.wait_async(key, 1)
            assert time.monotonic() - started < 0.9  # by the watch, and not by a check each second
            loop.call_later(0.02, other.__delitem__, "a") if "a" in other else None
            loop.call_later(0.02, other.set, "a", 2)
            assert await shared.wait_async("a") == 2

    run(main())


@pytest.mark.parametrize("maker", ["stock", "ours"])
def test_coroutines_wait_for_keys_of_a_list_that_is_not_a_dict(name, program, maker):
    async def main(shared, items):
        loop = asyncio.get_running_loop()
        began = time.monotonic()
        for key, old, item, value in (("k", 1, 1, 2), ("new", ..., 2, "new"), ("k", 2, 0, None), ("k", ..., 0, "k")):
            loop.call_later(0.02, items.__setitem__, item, value)
            if value is None:
                with pytest.raises(KeyError, match=key):
                    await shared.wait_async(key, old)
            else:
                assert await shared.wait_async(key, old) == shared[key]
        assert time.monotonic() - began < 0.9  # not by the check of other dicts each second

    if maker == "stock":
        assert program(LONG.replace('b"b" * 100000', '"long key"').replace("473", "1"), head="").returncode == 0
    else:
        ShareableList(["k", 1, "long key", 2], name=name).shm.close()
    with ShareableDict(name=name, read_only=True) as shared, shared_memory.SharedMemory(name, track=False):
        run(main(shared, ShareableList(name=name)))


def test_coroutines_find_a_key_in_another_place(shared):
    async def main():
        loop = asyncio.get_running_loop()
        shared["key"] = 1

        def move():
            del shared["key"]
            shared["other"] = 1
            shared["key"] = 1

        wait = asyncio.ensure_future(shared.wait_async("key", 1))
        for i in range(5):
            loop.call_later(0.01 * i, move)
        await asyncio.sleep(0.2)
        assert not wait.done()
        shared["key"] = 2
        assert await wait == 2

    run(main())


def test_a_wait_of_a_coroutine_times_out_or_is_cancelled(shared):
    async def main():
        shared["key"] = 1
        for timeout in (0, 0.02):
            with pytest.raises(TimeoutError, match="key 'key'"):
                await shared.wait_async("key", 1, timeout)
            with pytest.raises(TimeoutError):
                await shared.wait_async("absent", timeout=timeout)
        wait = asyncio.ensure_future(shared.wait_async("key", 1))
        await asyncio.sleep(0.02)
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
        wait = asyncio.ensure_future(shared.wait_async("key", 1))
        await asyncio.sleep(0.02)
        shared.close()
        with pytest.raises(ValueError, match="is closed"):
            await wait
        with pytest.raises(TypeError, match="a key must be"):
            await shared.wait_async(1, 1)

    run(main())


def test_a_coroutine_waits_for_keys_of_a_read_only_dict(name, shared):
    """A watch through a read-only handle does not report an insert of the key into any place."""

    async def main():
        with ShareableDict(name=name, read_only=True) as reader:
            start = time.monotonic()
            for i in range(8):
                wait = asyncio.ensure_future(reader.wait_async(f"key {i}", timeout=20))
                await asyncio.sleep(0.02)
                shared[f"key {i}"] = i
                assert await wait == i
            assert time.monotonic() - start < 4

    asyncio.run(main())


def test_calls_do_not_leak(name, shared):
    def calls():
        shared["text"] = "x" * 60
        shared["int"], shared[b"float"] = 2**40, 2.5
        shared["text"], shared.get("text"), shared.get("absent"), "text" in shared
        shared.set("ttl", bytearray(b"x"), ttl=60)
        shared.add("count"), shared.add("real", 0.5), shared.add("count", 2, initial=5, ttl=60)
        shared.setdefault("text"), shared.setdefault("new", "y" * 60), shared.pop("new"), shared.pop("new", None)
        list(shared), list(shared.items()), list(shared.values()), repr(shared), shared | {}, shared == {}, bool(shared)
        shared.get_stale("text"), shared.ttl("ttl"), shared.expire("ttl", 5), shared.delete_expired(1), shared.reindex()
        shared.compare_exchange("count", 1, 2), shared.wait("count", "old"), shared.list, shared.places
        shared["pop"] = 1
        shared.popitem()
        for fail in (
            lambda: shared["absent"],
            lambda: shared[1],
            lambda: shared["é" * 40],
            lambda: shared["\ud800"],
            lambda: shared.set("k" * 50, 1),
            lambda: shared.set("k", "x" * 100),
            lambda: shared.set("k", object()),
            lambda: shared.add("text"),
            lambda: shared.add("count", 2**70),
            lambda: shared.set("k", 1, ttl="x"),
            lambda: shared.set("k", 1, bad=1),
            lambda: shared.wait("count", "old", "x"),
            lambda: shared.copy_to(5),
            lambda: ShareableDict(5, name=name),
            lambda: ShareableDict(name=name + "-absent"),
        ):
            try:
                fail()
            except (KeyError, TypeError, ValueError, OverflowError, OSError):
                pass
        with ShareableDict(name=name) as other:
            next(iter(other.items()))
            shared.copy_to(other)
        pickle.dumps(shared)

    for _ in range(20):
        calls()
    gc.collect()
    before = allocations()[0]
    for _ in range(100):
        calls()
    gc.collect()
    assert allocations()[0] - before < 90
