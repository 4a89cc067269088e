"""Tests the cases of tests/bindings/cases.txt about dicts, in that order, which every binding must pass."""

import math
import os
import re
import subprocess
import sys
import threading
import time

import pytest

from shareable.shared_memory import ShareableDict, ShareableList, SharedMemory, unlink


@pytest.fixture
def make_dict(name):
    """A function that creates a dict with the test's name, which is closed after the test."""
    created = []

    def make(places=20, **options):
        created.append(ShareableDict(places, name=name, **options))
        return created[-1]

    yield make
    for shared in created:
        shared.close()


@pytest.fixture
def shared(make_dict):
    return make_dict()


def path(name):
    return "/dev/shm/" + name


def refuses(error, message, do, *arguments, **options):
    with pytest.raises(error, match=message) as caught:
        do(*arguments, **options)
    return caught.value


def later(seconds, do, *arguments):
    thread = threading.Thread(target=lambda: (time.sleep(seconds), do(*arguments)))
    thread.start()
    return thread


def test_dict_is_created_and_opened_by_name(name):
    with ShareableDict(5, key_size=10, value_size=20, name=name) as shared, ShareableDict(name=name) as other:
        shared["key"] = 1
        other["key"] += 1
        assert shared["key"] == 2 and shared == other == {"key": 2}
        for each in (shared, other):
            assert (each.places, each.key_size, each.value_size) == (5, 16, 24)
            assert (each.evicts, each.evicted, each.shm.name) == (False, 0, name)
    with ShareableDict(1) as shared:
        shared.unlink()
        assert (shared.key_size, shared.value_size) == (32, 64)
    unlink(name)
    refuses(FileNotFoundError, name, ShareableDict, name=name)
    refuses(ValueError, "'name' can only be None for a new dict", ShareableDict)


def test_dict_without_a_name_gets_a_random_psm_name():
    with ShareableDict(1) as shared, ShareableDict(1) as other:
        assert re.fullmatch("psm_[0-9a-f]{8}", shared.shm.name) and shared.shm.name != other.shm.name
        shared.unlink()
        other.unlink()


def test_dict_holds_every_type_of_values(name, shared):
    values = [0, -(2**63), 2**63 - 1, 0.0, -0.0, 1e300, math.inf, True, False, None, "", b"", "naïve 😀", b"\xff\0", "a\0"]
    values += ["x" * 64, b"y" * 64, "é" * 32]
    with ShareableDict(name=name) as other:
        for value in values:
            shared["key"] = value
            assert type(other["key"]) is type(value) and repr(other["key"]) == repr(value)
        shared["key"] = math.nan
        assert math.isnan(other["key"])
        shared["key"] = bytearray(b"buffer")
        assert other["key"] == b"buffer"


def test_dict_distinguishes_str_from_bytes_keys(shared):
    shared["key"], shared[b"key"] = "str", "bytes"
    assert len(shared) == 2 and (shared["key"], shared[b"key"]) == ("str", "bytes")
    del shared["key"]
    assert list(shared.items()) == [(b"key", "bytes")] and "key" not in shared


@pytest.mark.parametrize("key", [1, 1.5, None, True, ("a",), object(), bytearray(b"a")], ids=lambda key: type(key).__name__)
def test_dict_refuses_other_keys(shared, key):
    shared["1"] = 1
    assert key not in shared and (key, 1) not in shared.items() and key not in shared.keys()
    for do in (
        lambda: shared[key],
        lambda: shared.__setitem__(key, 1),
        lambda: shared.__delitem__(key),
        lambda: shared.get(key),
        lambda: shared.set(key, 1),
        lambda: shared.set_if_absent(key, 1),
        lambda: shared.setdefault(key, 1),
        lambda: shared.pop(key, None),
        lambda: shared.add(key),
        lambda: shared.compare_exchange(key, 1, 2),
        lambda: shared.ttl(key),
        lambda: shared.expire(key, 1),
        lambda: shared.wait(key, 1, 0),
        lambda: shared.update([(key, 1)]),
    ):
        refuses(TypeError, f"a key must be a str or bytes, not {type(key).__name__}", do)
    assert shared == {"1": 1}


def test_dict_refuses_a_key_that_is_too_long(name, shared):
    shared["k" * 32] = shared["é" * 16] = 1
    for key in ("k" * 33, "é" * 17, b"b" * 40, "", b"", "nul\0", b"\0", "\ud800"):
        refuses(KeyError, re.escape(repr(key)), shared.__getitem__, key)
        refuses(KeyError, "", shared.__delitem__, key)
        refuses(KeyError, "", shared.pop, key)
        assert shared.get(key) is None and shared.pop(key, 5) == 5 and key not in shared
        refuses(ValueError, "" if key == "\ud800" else name, shared.__setitem__, key, 1)
        refuses(ValueError, "", shared.setdefault, key, 1)
        refuses(ValueError, "", shared.add, key)
    refuses(ValueError, "a key of 33 bytes is too long .* at most 32 bytes", shared.set, "k" * 33, 1)
    refuses(ValueError, "must not be empty or end in a NUL", shared.set, "", 1)
    assert shared == {"k" * 32: 1, "é" * 16: 1}


def test_dict_replaces_a_value_of_another_type(name, shared):
    values = [1, "text" * 16, 2.5, None, b"bytes", True]
    with ShareableDict(name=name) as other:
        for value in values * 3:
            shared["key"] = value
            assert other["key"] == value and type(other["key"]) is type(value) and len(other) == 1


def test_dict_gets_a_default_for_an_absent_key(shared):
    shared["none"] = None
    default = object()
    assert shared.get("absent") is None and shared.get("absent", default) is default
    assert shared.get("none", default) is None
    assert shared.setdefault("absent", 5) == 5 and shared.setdefault("absent", 6) == 5 == shared["absent"]
    assert shared.setdefault("other") is None and shared["other"] is None


def test_dict_reports_an_absent_key(shared):
    shared["key"] = 1
    for do in (shared.__getitem__, shared.__delitem__, shared.pop, shared.ttl):
        assert refuses(KeyError, "^'absent'$", do, "absent").args == ("absent",)
    refuses(KeyError, "absent", shared.compare_exchange, "absent", 1, 2)
    refuses(KeyError, "absent", shared.expire, "absent", 5)
    assert "absent" not in shared and shared == {"key": 1}


def test_dict_sets_only_absent_keys(shared):
    assert shared.set_if_absent("key", 1) is True and shared.set_if_absent("key", 2) is False
    assert shared["key"] == 1
    shared.expire("key", 0.01)
    time.sleep(0.02)
    assert shared.set_if_absent("key", 3, ttl=60) and shared["key"] == 3 and shared.ttl("key") > 59


def test_dict_sets_only_present_keys(shared):
    assert shared.set_if_present("key", 1) is False and "key" not in shared
    shared["key"] = 1
    assert shared.set_if_present("key", "new", ttl=60) is True
    assert shared["key"] == "new" and shared.ttl("key") > 59


def test_dict_adds_to_an_int_with_an_initial_value(shared):
    assert shared.add("key") == 1 and shared.add("key", 5) == 6 and shared.add("key", -10) == -4
    assert shared.add("other", 5, initial=100) == 105 and shared.add("other", 5, initial=100) == 110
    assert shared == {"key": -4, "other": 110}


def test_dict_adds_to_a_float(shared):
    assert shared.add("key", 0.5) == 0.5 and shared.add("key", 0.25) == 0.75
    assert shared.add("other", 1, initial=0.5) == 1.5 and shared.add("other", 1.0, initial=7) == 2.5
    assert shared == {"key": 0.75, "other": 2.5}


def test_dict_refuses_to_add_to_another_type(name, shared):
    shared.update({"int": 1, "float": 1.5, "str": "text", "none": None, "bool": True})
    for key, what in (("float", "a float"), ("str", "a str"), ("none", "None"), ("bool", "a bool")):
        refuses(TypeError, f"the value of key '{key}' of dict '{name}' is {what}", shared.add, key)
    refuses(TypeError, "the value of key 'int' .* is an int", shared.add, "int", 1.5)
    refuses(TypeError, "'amount' must be an int or a float, not str", shared.add, "int", "1")
    refuses(TypeError, "'initial' must be an int or a float, not str", shared.add, "int", initial="1")
    assert shared == {"int": 1, "float": 1.5, "str": "text", "none": None, "bool": True}


def test_dict_add_past_64_bits_changes_nothing(shared):
    shared["key"] = 2**63 - 1
    refuses(OverflowError, "key 'key': an int must fit in 64 bits", shared.add, "key")
    refuses(OverflowError, "64 bits", shared.add, "new", 1, initial=2**63 - 1)
    refuses(OverflowError, "'amount' must fit in 64 bits", shared.add, "key", 2**63)
    refuses(OverflowError, "'initial' must fit in 64 bits", shared.add, "key", initial=-(2**63) - 1)
    refuses(OverflowError, "64 bits", shared.__setitem__, "key", 2**63)
    assert shared == {"key": 2**63 - 1}


def test_dict_compares_and_exchanges_ints(shared):
    shared["key"] = 1
    assert shared.compare_exchange("key", 1, 2) is True and shared.compare_exchange("key", 1, 3) is False
    assert shared["key"] == 2
    shared["key"] = "text"
    refuses(TypeError, "is a str", shared.compare_exchange, "key", 1, 2)


def test_dict_deletes_a_key(shared):
    shared.update(a=1, b=2)
    del shared["a"]
    assert shared == {"b": 2} and len(shared) == 1
    shared["a"] = "again"
    assert shared == {"a": "again", "b": 2}


def test_dict_pops_a_key_with_its_value(make_dict):
    shared = make_dict(value_size=5000)
    shared.update(a=1, b="x" * 5000)
    assert shared.pop("a") == 1 and shared.pop("b") == "x" * 5000 and len(shared) == 0
    assert shared.pop("a", "default") == "default"
    shared.update(a=1, b="y" * 1000)
    assert dict([shared.popitem(), shared.popitem()]) == {"a": 1, "b": "y" * 1000}
    refuses(KeyError, "empty", shared.popitem)


def test_dict_visits_each_key_once(make_dict):
    shared = make_dict(100)
    content = {f"key {i}": i for i in range(100)}
    shared.update(content)
    assert sorted(shared) == sorted(content) and dict(shared.items()) == content
    assert sorted(shared.values()) == list(range(100))
    assert list(zip(shared, shared.values())) == list(shared.items())
    iterator = iter(shared)
    assert iter(iterator) is iterator and len(list(iterator)) == 100 and next(iterator, None) is None


def test_dict_can_be_visited_while_it_changes(make_dict):
    shared = make_dict(100)
    shared.update({f"kept {i}": "kept" for i in range(50)})
    seen = []
    for i, (key, value) in enumerate(shared.items()):
        seen.append(key)
        assert value == key.split()[0]
        if i < 40:
            shared[f"new {i}"] = "new"
            if i >= 5:
                del shared[f"new {i - 5}"]
    kept = [key for key in seen if key.startswith("kept")]
    assert sorted(kept) == sorted(f"kept {i}" for i in range(50))


def test_dict_counts_its_keys(shared):
    assert len(shared) == 0 and not shared
    for i in range(20):
        shared[str(i)] = i
        assert len(shared) == i + 1
    shared["5"] = "changed"
    assert len(shared) == 20 and shared
    del shared["5"]
    assert len(shared) == 19


def test_dict_that_is_full_names_its_places(name, shared):
    shared.update({str(i): i for i in range(20)})
    for do in (shared.__setitem__, shared.set_if_absent, shared.setdefault, shared.add):
        error = refuses(OSError, "the dict is full: all 20 places have a key: delete keys, or copy them to a dict", do, "new", 1)
        assert error.errno == 28 and error.filename == "/" + name
    shared["5"] = "changed"
    assert len(shared) == 20 and "new" not in shared
    del shared["5"]
    shared["new"] = 1
    assert len(shared) == 20


def test_dict_evicts_a_key_that_was_not_used(make_dict):
    shared = make_dict(8, evict=True)
    for i in range(8):
        shared[f"old {i}"] = i
    for i in range(50):
        assert shared["old 3"] == 3
        shared[f"new {i}"] = i
        assert len(shared) <= 8 and shared[f"new {i}"] == i
    assert shared.evicts and shared.evicted == 50 and "old 3" in shared
    for do in (shared.set, shared.set_if_absent, shared.setdefault):
        refuses(OSError, "all 8 places have a key", do, "more", 1, evict=False)
    shared.set("old 3", 4, evict=False)
    assert shared.setdefault("old 3", 5, evict=False) == 4 and shared.evicted == 50
    refuses(TypeError, "unexpected keyword argument 'evict'", shared.set_if_present, "old 3", 5, evict=False)
    shared.set("more", 1, evict=True)
    assert shared.evicted == 51


def test_dict_forgets_a_key_when_its_ttl_is_over(shared):
    shared.set("key", 1, ttl=0.05)
    shared.set("long", 1, ttl=1e12)
    assert shared["key"] == 1 and 0 < shared.ttl("key") <= 0.05 and shared.ttl("long") > 1e9
    time.sleep(0.06)
    assert "key" not in shared and shared.get("key") is None and shared.todict() == {"long": 1}
    for do in (shared.__getitem__, shared.__delitem__, shared.pop, shared.ttl):
        refuses(KeyError, "key", do, "key")
    shared["key"] = 2
    assert shared["key"] == 2 and shared.ttl("key") is None
    for ttl, error in ((0, ValueError), (-1, ValueError), (math.nan, ValueError), ("1", TypeError), ([], TypeError)):
        refuses(error, "'ttl' must be None or", shared.set, "key", 3, ttl=ttl)
    assert shared["key"] == 2


def test_dict_add_keeps_the_ttl_of_a_key(shared):
    assert shared.add("key", ttl=60) == 1 and shared.add("key", ttl=600) == 2
    assert 50 < shared.ttl("key") <= 60
    shared.compare_exchange("key", 2, 3)
    assert 50 < shared.ttl("key") <= 60
    shared["key"] = 4  # a set without a TTL ends it
    assert shared.ttl("key") is None
    shared.add("window", ttl=0.02)
    time.sleep(0.03)
    assert shared.add("window", ttl=60) == 1 and shared.ttl("window") > 50


def test_dict_changes_the_ttl_of_a_key(shared):
    shared["key"] = 1
    assert shared.ttl("key") is None
    shared.expire("key", 100)
    assert 99 < shared.ttl("key") <= 100
    shared.expire("key", None)
    assert shared.ttl("key") is None and shared["key"] == 1
    shared.expire("key", 1e-9)
    time.sleep(0.001)
    refuses(KeyError, "key", shared.expire, "key", 5)


def test_dict_deletes_expired_keys(shared):
    shared["kept"] = 1
    for i in range(6):
        shared.set(str(i), i, ttl=0.001)
    time.sleep(0.01)
    assert len(shared) == 1
    assert shared.delete_expired(2) == 2 and len(shared) == 1
    assert shared.delete_expired(max=100) == 4 and shared.delete_expired() == 0
    assert len(shared) == 1 and shared == {"kept": 1}
    for bad, error in ((0, ValueError), (-1, ValueError), ("1", TypeError)):
        refuses(error, "'max' must be (None or at least 1|an int), not", shared.delete_expired, bad)


def test_dict_is_cleared(shared):
    shared.update({str(i): i for i in range(20)})
    shared.clear()
    assert len(shared) == 0 and list(shared) == []
    shared.update({str(i): -i for i in range(20)})
    assert len(shared) == 20


def test_dict_makes_its_index_again(name, shared):
    shared.update({str(i): i for i in range(15)})
    with SharedMemory(name) as memory:
        memory.buf[bytes(memory.buf).index(b"shr.dict") + 96] = 3
    assert len(shared) == 3
    shared.reindex()
    assert len(shared) == 15 and shared == {str(i): i for i in range(15)}


def test_dict_is_copied_to_a_larger_one(name, shared):
    shared.update({str(i): "x" * i for i in range(20)})
    shared.expire("5", 60)
    with ShareableDict(40, name=name + "-larger") as larger, ShareableDict(5, name=name + "-small") as small:
        larger.unlink(), small.unlink()
        larger.update({"5": "replaced", "more": 1})
        shared.copy_to(larger)
        assert larger == {**shared, "more": 1} and 50 < larger.ttl("5") <= 60 and larger.ttl("6") is None
        refuses(OSError, "all 5 places have a key.*small", shared.copy_to, small)
    with ShareableDict(20, name=name + "-narrow", key_size=8, value_size=8) as narrow:
        narrow.unlink()
        refuses(ValueError, f"a value of dict '{name}' is too long for dict '{name}-narrow', .* at most 8 bytes", shared.copy_to, narrow)
        shared.clear()
        shared["a longer key"] = 1
        refuses(ValueError, "a key of dict .* is too long .* whose keys have at most 8 bytes", shared.copy_to, narrow)
    refuses(TypeError, "'target' must be a", shared.copy_to, {})
    refuses(ValueError, "narrow' is closed", shared.copy_to, narrow)


def test_dict_waits_until_a_value_differs(name, shared):
    shared["key"] = 1
    assert shared.wait("key", 2) == 1 and shared.wait("key", "1") == 1
    with ShareableDict(name=name) as other:
        for value in (2, "text", None, 2.5):
            old = shared["key"]
            thread = later(0.02, other.__setitem__, "key", value)
            started = time.monotonic()
            assert shared.wait("key", old, timeout=10) == value
            thread.join()
            assert time.monotonic() - started < 5


def test_dict_waits_until_a_key_appears_or_is_deleted(name, shared):
    with ShareableDict(name=name) as other:
        thread = later(0.02, other.__setitem__, "key", 1)
        assert shared.wait("key", timeout=10) == 1 == shared.wait("key")
        thread.join()
        thread = later(0.02, other.__delitem__, "key")
        refuses(KeyError, "key", shared.wait, "key", 1, timeout=10)
        thread.join()
        refuses(KeyError, "key", shared.wait, "key", 1)
        other.set("key", 1, ttl=0.05)
        refuses(KeyError, "key", shared.wait, "key", 1, timeout=10)


def test_dict_wait_times_out(name, shared):
    shared["key"] = 1
    for timeout in (0, 0.02):
        refuses(TimeoutError, "key 'key': timed out", shared.wait, "key", 1, timeout)
        refuses(TimeoutError, "timed out", shared.wait, "absent", timeout=timeout)
    for timeout, error in ((-1, ValueError), (math.nan, ValueError), ("1", TypeError)):
        refuses(error, "'timeout' must be None or", shared.wait, "key", 1, timeout)
        refuses(error, "'timeout' must be None or", shared.set, "key", 1, timeout=timeout)


def test_dict_is_a_list_of_keys_and_values(name, shared):
    shared["a"], shared[b"b"] = 1, "text"
    assert isinstance(shared.list, ShareableList) and shared.list.shm is shared.shm
    for each in (shared.list, ShareableList(name=name)):
        items = iter(each)
        assert {key: value for key, value in zip(items, items) if key is not None} == {"a": 1, b"b": "text"}
        assert len(each) == 40
        each[2 * list(shared).index("a") + 1] = 5
        assert shared["a"] == 5
        shared["a"] = 1
    del shared["a"]
    assert "a" not in shared.list


def test_dict_refuses_writes_to_keys_as_items_of_the_list(name, shared):
    shared["a"] = 1
    for each in (shared.list, ShareableList(name=name)):
        refuses(PermissionError, "item 0 of the list is a key of a dict", each.__setitem__, 0, "b")
        refuses(PermissionError, "is a key of a dict", each.__setitem__, -2, None)
        refuses(PermissionError, "is a key of a dict", each.__setitem__, slice(None), each.tolist())
    assert shared == {"a": 1}


STOCK = """
import sys
from multiprocessing import resource_tracker, shared_memory
made = shared_memory.ShareableList(["a", 1, None, 0, b"b", "text", "c", 2.5, "l" * 473, True], name=sys.argv[1])
resource_tracker.unregister(made.shm._name, "shared_memory")
"""


def test_dict_opens_a_list_of_stock_python_read_only(name):
    subprocess.run([sys.executable, "-c", STOCK, name], check=True)
    with ShareableDict(name=name, read_only=True) as shared:
        assert shared == {"a": 1, b"b": "text", "c": 2.5, "l" * 473: True} and shared["a"] == 1 and "d" not in shared
        assert list(shared) == ["a", b"b", "c", "l" * 473]  # no key of a dict is so long
        assert (len(shared), shared.places) == (4, 5) and shared.shm.read_only
        refuses(TypeError, "read-only", shared.__setitem__, "a", 2)
    refuses(ValueError, "contains a list that is not a dict", ShareableDict, name=name)


@pytest.mark.parametrize("items", [[1, 2], ["a", 1, "b"], []], ids=str)
def test_dict_refuses_a_list_that_is_not_a_dict(name, make_list, items):
    make_list(items)
    refuses(ValueError, name, ShareableDict, name=name)
    if items:
        refuses(ValueError, name, ShareableDict, name=name, read_only=True)


def test_dict_attached_read_only_refuses_writes(name, shared):
    shared["key"] = 1
    with ShareableDict(name=name, read_only=True) as reader:
        assert reader["key"] == 1 and list(reader) == ["key"] and reader.shm.read_only
        for do in (
            lambda: reader.__setitem__("key", 2),
            lambda: reader.__setitem__("new", 2),
            lambda: reader.__delitem__("key"),
            lambda: reader.pop("key"),
            lambda: reader.popitem(),
            lambda: reader.add("key"),
            lambda: reader.compare_exchange("key", 1, 2),
            lambda: reader.expire("key", 5),
            lambda: reader.clear(),
            lambda: reader.reindex(),
            lambda: reader.delete_expired(),
            lambda: shared.copy_to(reader),
        ):
            refuses(TypeError, f"dict '{name}' is attached read-only", do)
        later(0.02, shared.__setitem__, "key", 2)
        assert reader.wait("key", 1, timeout=10) == 2
    refuses(ValueError, "'read_only' is only for attaching", ShareableDict, 5, name=name + "-new", read_only=True)


def test_dict_refuses_a_name_that_exists(name, shared):
    shared["key"] = 1
    refuses(FileExistsError, name, ShareableDict, 5, name=name)
    assert shared == {"key": 1}


def test_dict_refuses_sizes_that_no_dict_can_have(name):
    for places, options in (
        (0, {}),
        (2**31 + 1, {}),
        (1, {"key_size": 0}),
        (1, {"key_size": 473}),
        (1, {"value_size": 0}),
        (1, {"value_size": 2**32}),
    ):
        refuses(ValueError, "1 to ", ShareableDict, places, name=name, **options)
    refuses(ValueError, "'places' must be between 0 and", ShareableDict, -1, name=name)
    for bad in ("5", 5.0, {"a": 1}):
        refuses(TypeError, "'places' must be an int", ShareableDict, bad, name=name)
    refuses(TypeError, "'key_size' must be an int", ShareableDict, 1, key_size="8", name=name)
    refuses(OSError, f"bytes.* free.*{name}", ShareableDict, 200_000, value_size=9_999_991, name=name)
    assert not os.path.exists(path(name))


def test_dict_refuses_a_value_that_does_not_fit(name, shared):
    shared["key"] = 1
    for value in ("x" * 65, b"x" * 100, "é" * 33):
        for do in (shared.__setitem__, shared.set, shared.set_if_present):
            refuses(ValueError, f"the value of key 'key' exceeds the storage of dict '{name}', .* at most 64 bytes", do, "key", value)
    for value in ([], {}, object(), 1j):
        refuses(TypeError, "a value must be an int, float, bool, str, bytes or None, not", shared.__setitem__, "key", value)
    refuses(UnicodeEncodeError, "surrogates", shared.__setitem__, "key", "\ud800")
    assert shared == {"key": 1}


def test_dict_refuses_use_after_close(name, shared):
    shared["key"] = 1
    iterator = iter(shared)
    shared.close()
    shared.close()
    for do in (
        lambda: shared["key"],
        lambda: "key" in shared,
        lambda: shared.get("key"),
        lambda: len(shared),
        lambda: shared.__setitem__("key", 1),
        lambda: shared.__delitem__("key"),
        lambda: shared.add("key"),
        lambda: shared.setdefault("key", 1),
        lambda: shared.pop("key", None),
        lambda: shared.popitem(),
        lambda: shared.ttl("key"),
        lambda: shared.clear(),
        lambda: shared.reindex(),
        lambda: shared.wait("key", 1, 0),
        lambda: shared.copy_to(shared),
        lambda: list(shared),
        lambda: list(shared.items()),
        lambda: next(iterator),
        lambda: shared.list[0],
    ):
        refuses(ValueError, f"(dict|list) '{name}' is closed: open it again", do)
    assert (shared.places, shared.key_size, shared.value_size, shared.shm.name) == (20, 32, 64, name)
    assert "is closed" in repr(shared)
    empty = ShareableDict.__new__(ShareableDict)
    refuses(ValueError, "__init__", lambda: empty["key"])
    refuses(ValueError, "__init__", lambda: empty.add("key"))
    refuses(ValueError, "dict is closed.*__init__", empty.unlink)
    assert empty.places == 0 and "__init__" in repr(empty)


def test_dict_is_unlinked_when_its_owner_exits():
    program = (
        "from shareable import ShareableDict\n"
        "print(ShareableDict(3).shm.name, ShareableDict(3, track=False).shm.name)"
    )
    tracked, kept = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    for _ in range(100):
        if not os.path.exists(path(tracked)):
            break
        time.sleep(0.1)
    assert not os.path.exists(path(tracked)) and os.path.exists(path(kept))
    unlink(kept)


def test_dict_is_unlinked_once_and_then_not_found(name, shared):
    shared.unlink()
    for call in (shared.unlink, lambda: ShareableDict(name=name)):
        refuses(FileNotFoundError, name, call)
    shared["key"] = 1  # other users continue to use it
