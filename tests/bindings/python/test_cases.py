"""Tests the cases of tests/bindings/cases.txt, in that order, which every binding must pass."""

import contextlib
import math
import os
import re
import signal
import stat
import struct
import subprocess
import sys
import threading
import time

import pytest

from shareable.shared_memory import ShareableList, SharedMemory, unlink

MIXED = ["howdy", b"HoWdY", -273.154, 100, None, True, 42]


def same(values, others):
    """Return whether the values are equal and have the same types: True differs from 1."""
    return list(values) == list(others) and [type(v) for v in values] == [type(o) for o in others]


def test_memory_is_created_and_attached_by_name(name):
    with SharedMemory(name, create=True, size=100) as memory, SharedMemory(name) as other:
        assert memory.name == other.name == name
        assert memory.size == other.size == 100
        assert bytes(other.buf) == bytes(100)


def test_memory_without_a_name_gets_a_random_psm_name():
    with SharedMemory(create=True, size=1) as memory, SharedMemory(create=True, size=1) as other:
        memory.unlink()
        other.unlink()
        assert re.fullmatch("psm_[0-9a-f]{8}", memory.name)
        assert memory.name != other.name


def test_memory_refuses_a_name_that_exists(memory):
    memory.buf[0] = 7
    with pytest.raises(FileExistsError, match=memory.name) as caught:
        SharedMemory(memory.name, create=True, size=1)
    assert caught.value.filename == "/" + memory.name
    assert memory.buf[0] == 7


def test_memory_refuses_to_attach_to_a_missing_block(name):
    with pytest.raises(FileNotFoundError, match=name) as caught:
        SharedMemory(name)
    assert caught.value.filename == "/" + name
    with pytest.raises(ValueError, match="name"):
        SharedMemory()


@pytest.mark.parametrize("bad", ["", "/", ".", "..", "a/b", "//a", "a\0b", "a" * 256, "é" * 128])
def test_memory_refuses_a_bad_name(bad):
    for attempt in (
        lambda: SharedMemory(bad, create=True, size=1),
        lambda: SharedMemory(bad),
        lambda: ShareableList([1], name=bad),
        lambda: ShareableList(name=bad),
        lambda: unlink(bad),
    ):
        with pytest.raises(ValueError, match="not a valid name"):
            attempt()


def test_memory_refuses_a_size_of_zero(name):
    for size in (0, -1):
        with pytest.raises(ValueError, match="'size' must be a positive"):
            SharedMemory(name, create=True, size=size)
    for size in (1.5, "1"):
        with pytest.raises(TypeError):
            SharedMemory(name, create=True, size=size)
    with pytest.raises(FileNotFoundError):
        SharedMemory(name)


def test_memory_that_does_not_fit_is_refused_with_sizes_in_the_message(name):
    with pytest.raises(OSError, match=rf"{1 << 50} bytes.*{name}"):
        SharedMemory(name, create=True, size=1 << 50)
    with pytest.raises((ValueError, OSError)):
        SharedMemory(name, create=True, size=1 << 63)
    with pytest.raises(ValueError, match="size"):
        SharedMemory(name, create=True, size=1 << 64)
    with pytest.raises(FileNotFoundError):
        SharedMemory(name)


def test_memory_shares_its_bytes(memory):
    with SharedMemory(memory.name) as other:
        memory.buf[:4] = bytearray([22, 33, 44, 55])
        memory.buf[4] = 100
        assert list(other.buf[:5]) == [22, 33, 44, 55, 100]
        other.buf[:5] = b"howdy"
        assert bytes(memory.buf[:5]) == b"howdy"


def test_memory_refuses_bytes_outside_of_the_block(memory):
    with pytest.raises(IndexError):
        memory.buf[16]
    with pytest.raises(IndexError):
        memory.buf[-17] = 1
    with pytest.raises(ValueError):
        memory.buf[14:] = b"abc"
    assert bytes(memory.buf) == bytes(16)


def test_memory_attached_read_only_refuses_writes(memory):
    memory.buf[0] = 5
    with SharedMemory(memory.name, read_only=True) as other:
        assert other.read_only and not memory.read_only
        assert other.buf.readonly and other.buf[0] == 5
        with pytest.raises(TypeError):
            other.buf[0] = 1
    assert memory.buf[0] == 5


def test_memory_has_the_requested_mode(name):
    umask = os.umask(0o022)
    try:
        for mode, expected in ((0o600, 0o600), (0o640, 0o640), (0o666, 0o644)):
            SharedMemory(name, create=True, size=1, mode=mode).close()
            assert stat.S_IMODE(os.stat(f"/dev/shm/{name}").st_mode) == expected
            unlink(name)
    finally:
        os.umask(umask)
    for mode in (0o1000, 0o4755, -1):
        with pytest.raises(ValueError, match="mode"):
            SharedMemory(name, create=True, size=1, mode=mode)


def test_memory_can_be_closed_twice_and_then_refuses_use(memory):
    view = memory.buf
    memory.close()
    memory.close()
    assert memory.buf is None
    with pytest.raises(TypeError):
        memory.buf[0]
    view[0] = 9
    assert view[0] == 9


def test_memory_keeps_its_name_and_size_when_closed(memory, name):
    memory.close()
    assert memory.name == name
    assert memory.size == 16
    assert memory.read_only is False


def test_memory_is_unlinked_once_and_then_not_found(memory, name):
    with SharedMemory(name) as other:
        memory.close()
        memory.unlink()
        other.buf[0] = 3
        assert other.buf[0] == 3
    for gone in (memory, other):
        with pytest.raises(FileNotFoundError, match="already gone"):
            gone.unlink()
    with pytest.raises(FileNotFoundError):
        SharedMemory(name)


def test_memory_does_not_unlink_another_block_of_its_name(memory, name):
    memory.unlink()
    with SharedMemory(name, create=True, size=4) as newer:
        with pytest.raises(FileNotFoundError, match="another block"):
            memory.unlink()
        with SharedMemory(name) as other:
            assert other.size == newer.size == 4


def test_memory_can_be_unlinked_by_name(memory, name):
    unlink(name)
    with pytest.raises(FileNotFoundError, match=name):
        unlink(name)
    ShareableList([1], name=name)
    unlink("/" + name)
    with pytest.raises(FileNotFoundError):
        ShareableList(name=name)


def test_memory_prints_its_name_and_size(memory, name):
    assert repr(memory) == str(memory) == f"SharedMemory('{name}', size=16)"
    memory.close()
    assert repr(memory) == f"SharedMemory('{name}', size=16)"


def test_list_holds_every_type(mixed):
    assert same(mixed, MIXED)
    assert same([mixed[i] for i in range(7)], MIXED)


def test_list_shows_writes_of_one_handle_through_another(mixed, name):
    with ShareableList(name=name) as other:
        assert same(other, MIXED)
        other[3] = -999
        assert mixed[3] == -999
        mixed[0] = "hello"
        assert other[0] == "hello"


def test_list_is_indexed_from_either_end(mixed):
    assert len(mixed) == 7
    assert mixed[-1] == 42 and mixed[-7] == "howdy"
    mixed[-1] = 43
    assert mixed[6] == 43


def test_list_refuses_an_index_past_either_end(mixed):
    for index in (7, -8, 2**63, -(2**63), 10**30, -(10**30)):
        with pytest.raises(IndexError):
            mixed[index]
        with pytest.raises(IndexError):
            mixed[index] = 1
        with pytest.raises(IndexError):
            mixed.capacity(7)
    with pytest.raises(IndexError, match=f"^index out of range: list '{mixed.shm.name}' has 7 items"):
        mixed[7]
    with pytest.raises(IndexError, match="^assignment index out of range"):
        mixed[7] = 1
    assert same(mixed, MIXED)


def test_list_changes_the_type_of_an_item(mixed):
    for value in ("dry ice", b"bytes", 1, 1.5, None, False, "", b""):
        mixed[2] = value
        assert same([mixed[2]], [value])
    assert same(mixed[:2] + mixed[3:], MIXED[:2] + MIXED[3:])


def test_list_keeps_the_limits_of_int64(make_list):
    ends = [2**63 - 1, -(2**63), 0, -1]
    shared = make_list(ends)
    assert same(shared, ends)
    shared[:] = ends[::-1]
    assert same(shared, ends[::-1])


def test_list_refuses_an_int_beyond_64_bits_and_keeps_the_item(mixed, name):
    for index in range(7):
        for beyond in (2**63, -(2**63) - 1, 10**40):
            with pytest.raises(OverflowError, match=f"item {index}: .*64 bits"):
                mixed[index] = beyond
    assert same(mixed, MIXED)
    assert mixed.format == "8s8sdqxxxxxx?xxxxxxxx?q"
    unlink(name)
    with pytest.raises(OverflowError, match="item 1:"):
        ShareableList([1, 2**63], name=name)


def test_list_keeps_every_bit_of_a_float(make_list):
    bits = [0x8000000000000000, 0x7FF0000000000000, 0xFFF8000000000001, 0x7FF8000000000ABC, 1, 0x3FF0000000000001]
    floats = [struct.unpack("d", struct.pack("Q", each))[0] for each in bits]
    shared = make_list(floats)
    assert [struct.unpack("Q", struct.pack("d", each))[0] for each in shared] == bits
    shared[:] = floats[::-1]
    assert [struct.unpack("Q", struct.pack("d", each))[0] for each in shared] == bits[::-1]


def test_list_keeps_trailing_nuls_of_str_and_bytes(make_list):
    values = ["?\0", b"\x03\x02\x01\0\0\0", "\0", b"\0" * 8, "a\0b", b""]
    shared = make_list(values)
    assert same(shared, values)
    shared[0], shared[1] = "\0" * 8, b"ab\0"
    assert same(shared[:2], ["\0" * 8, b"ab\0"])


def test_list_sizes_a_slot_by_utf8_bytes(make_list):
    values = ["é" * 12, "€" * 5, "𝄞𝄞", "plain"]
    shared = make_list(values)
    assert same(shared, values)
    assert [shared.capacity(i) for i in range(4)] == [32, 16, 8, 8]
    shared[0] = "é" * 16
    assert shared[0] == "é" * 16


def test_list_refuses_a_text_longer_than_its_slot_and_keeps_the_item(mixed, name):
    for value in ("nine char", "é" * 5, b"nine byte", bytearray(9)):
        for index in (0, 1, 2, 4):
            with pytest.raises(ValueError, match=f"item {index} of list '{name}' exceeds available storage.* 8 bytes"):
                mixed[index] = value
    assert same(mixed, MIXED)


def test_list_reserves_extra_capacity_for_a_text(make_list, name):
    shared = make_list(["a", 1, None], capacity=100)
    assert [shared.capacity(i) for i in range(3)] == [104, 104, 104]
    shared[1] = "x" * 104
    assert same(shared, ["a", "x" * 104, None])
    unlink(name)
    other = make_list(["a" * 20, 1, b"b"], capacity=[0, 9, 1])
    assert [other.capacity(i) for i in range(3)] == [24, 16, 8]
    unlink(name)
    for capacity, problem in ((-1, ValueError), (2**31, ValueError), ([1], ValueError), (1.5, TypeError)):
        with pytest.raises(problem):
            make_list([1, 2], capacity=capacity)


def test_list_refuses_a_str_that_is_not_utf8(make_list, name):
    shared = make_list(["text"])
    with pytest.raises(UnicodeEncodeError):
        shared[0] = "\ud800"
    assert shared[0] == "text"
    with SharedMemory(name) as memory:
        memory.buf[24:28] = b"a\xff\xfeb"
    with pytest.raises(UnicodeDecodeError) as caught:
        shared[0]
    assert caught.value.start == 1
    unlink(name)
    with pytest.raises(UnicodeEncodeError):
        make_list([1, "\udfff"])


def test_list_refuses_a_text_longer_than_any_slot(make_list, name):
    longest = b"x" * 9_999_991
    shared = make_list([longest])
    assert shared[0] == longest
    unlink(name)
    for value in (longest + b"x", (longest + b"x").decode(), bytes(1_000_000)):
        with pytest.raises(ValueError, match=f"item 1: a text of {len(value)} bytes; the maximum is"):
            make_list([None, value])


def test_list_refuses_a_type_that_cannot_be_stored(mixed, name):
    for value in ([], {}, 1j, object(), int, ...):
        with pytest.raises(TypeError, match=f"item 3: a value must be an int.*, not {type(value).__name__}"):
            mixed[3] = value
    assert same(mixed, MIXED)
    unlink(name)
    with pytest.raises(TypeError, match="item 1: .*not set"):
        ShareableList([1, {2}], name=name)


def test_list_can_be_empty(make_list, name):
    shared = make_list([])
    assert len(shared) == 0 and list(shared) == [] and shared.format == "" and shared[:] == []
    assert None not in shared and shared.count(None) == 0
    with pytest.raises(IndexError):
        shared[0]
    with ShareableList(name=name) as other:
        assert len(other) == 0


def test_list_counts_and_finds_by_python_equality(make_list):
    values = [1, 1.0, True, 0, "1", b"1", None, math.nan, 2**53 + 1, 2.0**53, -0.0, "", False, 2.0**70]
    shared = make_list(values)
    for value in [*values, 2, 2**53, b"", "None", 2**70, 2**70 + 1, -(2**63), 1j, 1 + 0j, "\ud800"]:
        expected = sum(value == each for each in values)
        assert shared.count(value) == expected, value
        assert (value in shared) == (expected > 0), value
        if expected:
            assert shared.index(value) == next(i for i, each in enumerate(values) if value == each), value


def test_list_does_not_find_an_absent_value(mixed, name):
    for value in (43, "HoWdY", b"howdy", math.nan, 2**64, [], "\ud800"):
        with pytest.raises(ValueError, match=f"not in this container: list '{name}'"):
            mixed.index(value)
        assert value not in mixed and mixed.count(value) == 0


def test_list_returns_its_format(mixed):
    assert mixed.format == "8s8sdqxxxxxx?xxxxxxxx?q"
    mixed[4] = "some"
    mixed[0] = None
    assert mixed.format == "xxxxxx?x8sdq8sxxxxxxx?q"


def test_list_returns_its_block(mixed, name):
    assert isinstance(mixed.shm, SharedMemory) and mixed.shm is mixed.shm
    assert mixed.shm.name == name and mixed.shm.size >= 191
    assert struct.unpack_from("q", mixed.shm.buf) == (7,)
    mixed.shm.close()
    with pytest.raises(ValueError, match="closed"):
        mixed[0]


def test_list_without_sync_area_has_the_size_that_cpython_uses(make_list):
    unsynced = make_list(MIXED, no_sync=True)
    assert unsynced.shm.size == 191
    unsynced[3] = "text"
    assert unsynced[3] == "text"


def test_list_reads_and_writes_ranges_of_ints_and_floats(make_list):
    shared = make_list(list(range(100)))
    assert shared[10:20] == list(range(10, 20)) and shared[::-7] == list(range(100))[::-7]
    shared[10:20] = [i / 4 for i in range(10)]
    assert shared[9:21] == [9, *(i / 4 for i in range(10)), 20]
    shared[::2] = range(1000, 1050)
    assert shared[:3] == [1000, 1, 1001] and shared[-2:] == [1049, 99]
    shared[50:50] = []
    for wrong in ([1], [1, 2, 3]):
        with pytest.raises(ValueError, match=f"sequence of size {len(wrong)} to slice of size 2"):
            shared[:2] = wrong
    before = shared.tolist()
    for bad, problem in (([1, 2**63], OverflowError), ([1, []], TypeError), ([1, "x" * 9], ValueError)):
        with pytest.raises(problem):
            shared[:2] = bad
    assert same(shared, before)


def test_list_iterates_over_its_items(mixed):
    assert same([each for each in mixed], MIXED)
    assert same(list(reversed(mixed)), MIXED[::-1])
    iterator = iter(mixed)
    assert next(iterator) == "howdy"
    mixed[1] = 5
    assert next(iterator) == 5
    assert len(list(iterator)) == 5
    with pytest.raises(StopIteration):
        next(iterator)


def test_list_prints_its_values_and_name(mixed, name):
    assert repr(mixed) == str(mixed) == f"ShareableList({MIXED!r}, name='{name}')"
    mixed.close()
    assert repr(mixed) == f"ShareableList(<list '{name}' is closed: open it again>, name='{name}')"


def test_list_attached_read_only_refuses_writes(mixed, name):
    with ShareableList(name=name, read_only=True) as other:
        assert same(other, MIXED)
        for attempt in (
            lambda: other.__setitem__(3, 1),
            lambda: other.__setitem__(slice(0, 2), [1, 2]),
            lambda: other.__setitem__(0, "longer than the slot"),
        ):
            with pytest.raises(TypeError, match=f"'{name}' is attached read-only"):
                attempt()
        assert other.shm.read_only
    assert same(mixed, MIXED)


def test_list_refuses_a_block_that_holds_no_list(memory, name):
    for length in (-1, 1, 2**62, 2**63 - 1):
        memory.buf[:8] = struct.pack("q", length)
        with pytest.raises(ValueError, match=f"'{name}' of 16 bytes does not contain a list"):
            ShareableList(name=name)
    with pytest.raises(FileNotFoundError):
        ShareableList(name=name + "-not")


def test_list_returns_an_error_for_a_corrupt_item_only(mixed, name):
    data = 8 * (7 + 2)
    formats = data + 7 * 8
    mixed.shm.buf[formats + 8 : formats + 16] = b"corrupt!"
    with pytest.raises(ValueError, match=f"item 1 of list '{name}': the item is corrupt"):
        mixed[1]
    assert same([mixed[i] for i in range(7) if i != 1], MIXED[:1] + MIXED[2:])
    for attempt in (
        lambda: mixed[:],
        lambda: mixed.format,
        lambda: mixed.count(5),
        lambda: mixed.index(42),
        lambda: 42 in mixed,
        lambda: 42j in mixed,
        lambda: list(mixed),
    ):
        with pytest.raises(ValueError, match="item 1 of list"):
            attempt()
    assert "item 1 of list" in repr(mixed)
    mixed[1] = b"repaired"
    assert mixed[1] == b"repaired" and mixed.index(42) == 6


def test_list_that_cpython_is_still_creating_is_not_ready(name):
    # CPython writes N and the offsets, the slots, the formats and the codes, in this order.
    with SharedMemory(name, create=True, size=16 + 3 * 17 + 24) as block:
        with pytest.raises(ValueError, match="try again"):
            ShareableList(name=name)
        struct.pack_into("5qqd4s", block.buf, 0, 3, 0, 8, 16, 24, 1, 2.5, b"four")
        with ShareableList(name=name) as made:

            def unwritten(i):
                for attempt in (
                    lambda: made[i],
                    lambda: made[:],
                    lambda: list(made),
                    lambda: made.__setitem__(i, "new"),
                    lambda: made.format,
                    lambda: made.count("none such"),
                    lambda: made.index("none such"),
                    lambda: "none such" in made,
                ):
                    with pytest.raises(ValueError, match=f"item {i} of list '{name}' is not ready"):
                        attempt()
                with pytest.raises(ValueError, match="not ready"):
                    made.hash()

            unwritten(0)
            struct.pack_into("8s8s8s", block.buf, 64, b"q", b"d", b"8s")
            unwritten(2)
            block.buf[90] = 1
            assert made[:] == [1, 2.5, "four"]
            made[2] = "new"
        block.unlink()


def test_list_locks_and_unlocks(mixed, name):
    with ShareableList(name=name) as other:
        with mixed.lock() as lock:
            assert not lock.owner_died
            with pytest.raises(TimeoutError):
                other.lock().acquire(timeout=0)
        with other.lock(timeout=0) as lock:
            assert not lock.owner_died
        with pytest.raises(KeyError), mixed.lock():
            raise KeyError
        lock = other.lock(timeout=5)
        assert lock.acquire() is True and lock.owner_died is False
        mixed[3] = 5
        assert other[3] == 5
        lock.release()
        assert mixed.lock().acquire(timeout=0) is True
        mixed.lock().release()


def test_list_lock_times_out_while_another_holds_it(mixed, name):
    with ShareableList(name=name) as other, other.lock():
        for timeout in (0, 0.0, 1e-9, 0.02, 0.2):
            start = time.monotonic()
            with pytest.raises(TimeoutError, match=f"the list was not unlocked, or did not change, before the timeout: '/{name}'") as caught:
                mixed.lock().acquire(timeout=timeout)
            assert timeout <= time.monotonic() - start < timeout + 5
            assert caught.value.filename == "/" + name
        with pytest.raises(TimeoutError), mixed.lock(timeout=0.01):
            pytest.fail("the lock was taken")
        for timeout in (-1, -0.5, math.nan, -math.inf):
            with pytest.raises(ValueError, match="'timeout' must be"):
                mixed.lock(timeout=timeout).acquire()
    with mixed.lock(timeout=math.inf), pytest.raises(TimeoutError):
        mixed.lock().acquire(timeout=0)


DIE_LOCKED = """
import sys, time
from shareable.shared_memory import ShareableList
shared = ShareableList(name=sys.argv[1])
shared.lock().acquire()
print("locked", flush=True)
time.sleep(60)
"""


def test_list_lock_of_a_dead_owner_is_reported(mixed, name):
    command = [sys.executable, "-c", DIE_LOCKED, name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        try:
            assert owner.stdout.readline() == "locked\n"
            with pytest.raises(TimeoutError):
                mixed.lock().acquire(timeout=0.1)
        finally:
            os.kill(owner.pid, signal.SIGKILL)
    with mixed.lock(timeout=5) as lock:
        assert lock.owner_died is True
        with ShareableList(name=name) as other, pytest.raises(TimeoutError):
            other.lock().acquire(timeout=0)
    with lock:
        assert lock.owner_died is False


def test_list_unlock_without_the_lock_is_refused(mixed, name):
    with ShareableList(name=name) as other:
        for shared in (mixed, other):
            with pytest.raises(ValueError, match=f"^list '{name}': .*not locked through this handle"):
                shared.lock().release()
        with mixed.lock() as lock:
            with pytest.raises(ValueError, match="not locked"):
                other.lock().release()
            with pytest.raises(TimeoutError):
                other.lock().acquire(timeout=0)
            lock.release()
            with pytest.raises(ValueError, match="not locked"):
                lock.release()
            lock.acquire(timeout=0)


@contextlib.contextmanager
def held_item(name):
    """Hold the last item of the list, as a writer does that is stopped while it writes (layout.md, "Sync area")."""
    with ShareableList(name=name) as writer, open(f"/dev/shm/{name}", "r+b", buffering=0) as block:
        writer[0] = writer[0]  # registers the writer, whose id is in the first hazard
        content = block.read()
        hazards = content.find(b"shr.sync") + 256
        (writer_id,) = struct.unpack_from("I", content, hazards)
        word = hazards + 8 * 64 + 4 * 512 + 8 * (len(writer) - 1)
        os.pwrite(block.fileno(), struct.pack("Q", writer_id << 32 | 1), word)
        yield
        os.pwrite(block.fileno(), content[word : word + 8], word)


def test_list_is_busy_while_another_writer_holds_an_item(make_list, name):
    shared = make_list([1, 2])
    with held_item(name):
        for operation in (lambda: shared[1], lambda: shared.wait(1, 2, timeout=0)):
            start = time.monotonic()
            with pytest.raises(TimeoutError, match=f"item 1 of the list is held by another writer: '/{name}'"):
                operation()
            assert 0.9 < time.monotonic() - start < 5
        assert shared[0] == 1
    assert shared[1] == 2


def test_list_adds_exchanges_and_compares_ints(make_list):
    class Three:
        def __index__(self):
            return 3

    ends = [2**63 - 1, -(2**63)]
    shared = make_list([5, *ends])
    assert shared.add(0, 2) == 7 and shared.add(-3, -9) == -2 and shared.add(0, Three()) == 1
    assert shared.add(1, -1) == 2**63 - 2 and shared.add(1, 1) == ends[0] and shared.add(2, ends[0]) == -1
    assert shared.exchange(0, ends[1]) == 1 and shared.exchange(0, Three()) == ends[1]
    assert shared.compare_exchange(0, 4, 5) is False and shared[0] == 3
    assert shared.compare_exchange(-3, Three(), ends[1]) is True
    assert same(shared, [ends[1], ends[0], -1])


def test_list_refuses_to_add_to_another_type_or_beyond_64_bits(mixed, name):
    values = [*MIXED[:5], True, 2**63 - 1]
    mixed[6] = 2**63 - 1
    for index in (0, 1, 2, 4, 5):
        for attempt in (
            lambda: mixed.add(index, 1),
            lambda: mixed.exchange(index, 1),
            lambda: mixed.compare_exchange(index, 1, 1),
        ):
            with pytest.raises(TypeError, match=f"item {index} of list '{name}' is "):
                attempt()
    with pytest.raises(OverflowError, match=f"item 6 of list '{name}': .*64 bits"):
        mixed.add(6, 1)
    for beyond in (2**63, -(2**63) - 1, 10**40):
        for attempt in (
            lambda: mixed.add(3, beyond),
            lambda: mixed.exchange(3, beyond),
            lambda: mixed.compare_exchange(3, beyond, 1),
            lambda: mixed.compare_exchange(3, 100, beyond),
        ):
            with pytest.raises(OverflowError, match="64 bits"):
                attempt()
    for other in (1.0, "1", None):
        with pytest.raises(TypeError, match="must be an int"):
            mixed.add(3, other)
    for index in (7, -8):
        with pytest.raises(IndexError, match="^index out of range"):
            mixed.add(index, 1)
    with ShareableList(name=name, read_only=True) as reader:
        for attempt in (lambda: reader.add(3, 1), lambda: reader.exchange(3, 1), lambda: reader.lock().acquire()):
            with pytest.raises(TypeError, match="attached read-only"):
                attempt()
    assert same(mixed, values)


def test_list_without_sync_area_has_atomics_but_no_lock(make_list, name):
    unsynced = make_list([1, "text"], no_sync=True)
    with ShareableList(name=name) as other:
        assert unsynced.add(0, 2) == 3 and other.exchange(0, 7) == 3
        assert other.compare_exchange(0, 7, 8) is True and unsynced.compare_exchange(0, 7, 9) is False
        with pytest.raises(TypeError, match="is a str"):
            unsynced.add(1, 1)
        for shared in (unsynced, other):
            for attempt in (
                lambda: shared.lock().acquire(),
                lambda: shared.lock(timeout=0).acquire(),
                lambda: shared.lock().release(),
            ):
                with pytest.raises(ValueError, match=f"list '{name}': .*no sync area"):
                    attempt()
        assert same(other, [8, "text"])


CHANGE_SOON = """
import sys, time
from shareable.shared_memory import ShareableList
with ShareableList(name=sys.argv[1]) as shared:
    for value in (5, "text", None, 2.5):
        sys.stdin.readline()
        time.sleep(0.02)
        shared[3] = value
"""


def test_list_waits_until_an_item_differs(mixed, name):
    assert mixed.wait(3, 99) == 100 and mixed.wait(-7, b"howdy", timeout=0) == "howdy"
    assert mixed.wait(1, "HoWdY", timeout=5) == b"HoWdY"
    command = [sys.executable, "-c", CHANGE_SOON, name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, bufsize=1) as other:
        value = 100
        for expected in (5, "text", None, 2.5):
            other.stdin.write("now\n")
            value = mixed.wait(3, value, timeout=30)
            assert same([value], [expected])


def test_list_wait_times_out(mixed, name):
    mixed[4] = math.nan
    assert math.isnan(mixed.wait(4, math.nan, timeout=0))
    for timeout in (0, 0.0, 1e-9, 0.02, 0.2):
        for index, value in ((3, 100), (-4, 100.0), (5, 1), (0, "howdy")):
            start = time.monotonic()
            with pytest.raises(TimeoutError, match=f"item {index} of the list did not change before the timeout: '/{name}'"):
                mixed.wait(index, value, timeout=timeout)
            assert timeout <= time.monotonic() - start < timeout + 5
    for index in (7, -8):
        with pytest.raises(IndexError, match="^index out of range"):
            mixed.wait(index, 0)
    with pytest.raises(TypeError, match="a value must be an int"):
        mixed.wait(3, [])
    with pytest.raises(OverflowError, match="64 bits"):
        mixed.wait(3, 2**63)
    for timeout in (-1, -0.5, math.nan, -math.inf):
        with pytest.raises(ValueError, match="'timeout' must be"):
            mixed.wait(3, 100, timeout=timeout)


def test_list_waits_until_any_item_changes(mixed, name):
    first = mixed.wait_any(0)
    assert first == mixed.hash() != 0
    with pytest.raises(TimeoutError, match=f"the list was not unlocked, or did not change, before the timeout: '/{name}'"):
        mixed.wait_any(first, timeout=0.1)
    with pytest.raises(TimeoutError):
        mixed.wait_any(timeout=0)
    mixed[0] = "HOWDY"
    second = mixed.wait_any(first, timeout=30)
    assert second != first
    mixed[0] = "howdy"
    assert mixed.wait_any(second, timeout=30) == first
    seen = {first}
    with subprocess.Popen([sys.executable, "-c", CHANGE_SOON, name], stdin=subprocess.PIPE, text=True, bufsize=1) as other:
        for expected in (5, "text", None, 2.5):
            last = mixed.hash()
            other.stdin.write("now\n")
            while mixed[3] != expected:  # a change of type is more than one store
                last = mixed.wait_any(last, timeout=30)
            seen.add(mixed.hash())
    assert len(seen) == 5


def test_list_can_be_waited_on_without_sync_area_or_read_only(make_list, name):
    for unsynced, read_only in ((True, False), (True, True), (False, True)):
        writer = make_list([1, "text"], no_sync=unsynced)
        with ShareableList(name=name, read_only=read_only) as shared:
            last = shared.hash()
            thread = threading.Timer(0.05, writer.add, (0, 1))
            thread.start()
            assert shared.wait(0, 1, timeout=30) == 2
            assert shared.wait_any(last, timeout=30) == writer.hash() != last
            thread.join()
            with pytest.raises(TimeoutError):
                shared.wait(1, "text", timeout=0.02)
        writer.unlink()


def test_list_refuses_use_after_close(mixed, name):
    mixed.close()
    mixed.close()
    for attempt in (
        lambda: mixed[0],
        lambda: mixed[0:0],
        lambda: mixed.__setitem__(0, 1),
        lambda: mixed.__setitem__(slice(0, 0), []),
        lambda: list(mixed),
        lambda: mixed.count(1),
        lambda: mixed.index(1),
        lambda: 1 in mixed,
        lambda: mixed.format,
        lambda: mixed.tolist(),
        lambda: mixed.capacity(0),
        lambda: mixed.add(3, 1),
        lambda: mixed.exchange(3, 1),
        lambda: mixed.compare_exchange(3, 100, 1),
        lambda: mixed.lock().acquire(),
        lambda: mixed.lock(timeout=0).acquire(),
        lambda: mixed.lock().release(),
        lambda: mixed.wait(3, 100),
        lambda: mixed.wait_any(0),
        lambda: mixed.wait_any(),
        lambda: mixed.hash(),
    ):
        with pytest.raises(ValueError, match=f"list '{name}' is closed"):
            attempt()
    assert len(mixed) == 7
    mixed.unlink()
    with pytest.raises(FileNotFoundError):
        mixed.unlink()


def test_list_that_cannot_be_created_leaves_nothing_behind(name):
    def failing():
        yield 1
        raise KeyError("from the iterable")

    for sequence, problem in (
        ([1, 2**63], OverflowError),
        ([1, object()], TypeError),
        (["\ud800"], UnicodeEncodeError),
        ([b"x" * 10_000_000], ValueError),
        (failing(), KeyError),
        (5, TypeError),
    ):
        with pytest.raises(problem):
            ShareableList(sequence, name=name)
        assert not os.path.exists(f"/dev/shm/{name}")
    with ShareableList([1], name=name) as shared:
        with pytest.raises(FileExistsError):
            ShareableList([2], name=name)
        assert same(shared, [1])
