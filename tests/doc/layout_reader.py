"""Tests that core/doc/reader.pl, which was written from layout.md, reads lists like this library."""

import itertools
import os
import pathlib
import re
import struct
import subprocess
import sys
import threading
import time

from shareable import shared_memory

TOP = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(TOP / "tests/interop"))
import notation  # noqa: E402

NAME = f"layout-reader-test-{os.getpid()}"
BLOCK = pathlib.Path("/dev/shm") / NAME
FULL = [
    "howdy", b"HoWdY", -273.154, 100, None, True, False, "end\0\0", b"\0\0", "naïve €😀", "", b"", 'a "\\" and a\ttab',
    bytes(range(256)), -(2**63), 2**63 - 1, float("inf"), float("nan"), -0.0, 5e-324, 0.1, "x" * 39, "x" * 40, "x" * 5000,
]  # fmt: skip


def perl(*arguments):
    return subprocess.run(
        ["perl", "-w", TOP / "core/doc/reader.pl", *map(str, arguments)], capture_output=True, text=True, timeout=60
    )


def perl_bytes(*arguments):
    command = ["perl", "-w", TOP / "core/doc/reader.pl", *arguments]
    return subprocess.run(command, capture_output=True, timeout=60)


def escape(text):
    return re.sub(rb"[^ -\[\]-~]", lambda found: b"\\x%02x" % found.group()[0], text).decode()


def line(values, i):
    """Return an item as reader.pl prints it."""
    try:
        return line_of(values[i])
    except ValueError as error:
        return "not ready" if "not ready" in str(error) else "corrupt"


def line_of(value):
    """Return a value as reader.pl prints it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"bool {int(value)}"
    if isinstance(value, int):
        return f"int {value}"
    if isinstance(value, float):
        return f"float {value:.17g}".replace("inf", "Inf").replace("nan", "NaN")
    if isinstance(value, str):
        return f'str "{escape(value.encode())}"'
    return f'bytes "{escape(value)}"'


def compare(case):
    """Compare the items that both read.

    reader.pl reads first, because the library completes the writes of dead writers.
    """
    found = perl(NAME)
    try:
        with shared_memory.ShareableList(name=NAME) as values:
            wanted = [line(values, i) for i in range(len(values))]
    except ValueError as error:
        assert found.returncode != 0 and "Use of" not in found.stderr, (case, found, error)
        return
    assert found.stdout.splitlines() == wanted and found.stderr == "", (case, found, wanted)


def all_types():
    with shared_memory.ShareableList(FULL, name=NAME) as values:
        compare("all types")
        for i in range(len(FULL)):
            values[i] = FULL[(i + 1) % 8]
        compare("changed to other types")
        for i in range(len(FULL)):
            values[i] = 7
        compare("all ints")
        values.unlink()
    for no_sync in False, True:
        with shared_memory.ShareableList(FULL, name=NAME, no_sync=no_sync, capacity=6000) as values:
            compare(f"with room, {no_sync=}")
            values.unlink()
        with shared_memory.ShareableList([], name=NAME, no_sync=no_sync) as values:
            compare(f"empty, {no_sync=}")
            values.unlink()
    print(f"{len(FULL)} items of all types: ok")


def vectors():
    count = 0
    for path in sorted((TOP / "tests/vectors").glob("*valid/*.bin")):
        BLOCK.write_bytes(path.read_bytes())
        compare(path.name)
        count += 1
    assert count > 60, count
    being_created()
    BLOCK.unlink()
    print(f"{count} lists of CPython and corrupt lists: ok")


def being_created():
    """Test a list in each state that it has while stock Python creates it."""
    formats = struct.pack("8s8s8s", b"q", b"8s", b"xxxxxx?x")
    parts = [struct.pack("5q", 3, 0, 8, 16, 24), struct.pack("q8sq", 1, b"text", 0), formats, bytes([0, 1, 3])]
    size = sum(map(len, parts))
    expected = [1, ["not ready"] * 3, ["not ready"] * 3, ["int 1"] + ["not ready"] * 2, ["int 1", 'str "text"', "none"]]
    for step, wanted in enumerate(expected):
        BLOCK.write_bytes(b"".join(parts[:step]).ljust(size, b"\0"))
        compare(f"being created, step {step}")
        found = perl(NAME)
        assert found.returncode if wanted == 1 else found.stdout.splitlines() == wanted, (step, found)


def put(offset, form, *numbers):
    with open(BLOCK, "r+b") as file:
        file.seek(offset)
        file.write(struct.pack(form, *numbers))


def sync_area():
    """Test the states that a dead writer can leave, and sync areas that are not valid."""
    writer_id, count = 0x3FFFFFF1, 0
    for case, flags, has_record in [
        ("killed before it committed its redo record", 1, False),
        ("killed after it committed its redo record", 1, True),
        ("killed while it wrote a long text", 1 | 8, False),
        ("killed after slow_stores was set", 1 | 2, True),
        ("corrupt and not written again", 4, False),
    ]:
        with shared_memory.ShareableList([1, "a text", 2.5], name=NAME) as values:
            (end,) = struct.unpack_from("q", values.shm.buf, 8 + 8 * 3)
            area = (16 + 17 * 3 + end + 63) // 64 * 64
            assert bytes(values.shm.buf[area : area + 8]) == b"shr.sync"
            put(area + 2816 + 8, "=Q", (writer_id if flags & 1 else 0) << 32 | 3 << 4 | flags)
            if has_record:
                put(area + 768 + 512, "=IIQ8sQQ8s", writer_id, 1, 1, b"3s ", 3, 2, b"ab\0")
            found = perl(NAME).stdout.splitlines()[1]
            wanted = 'bytes "ab\\x00"' if has_record else "corrupt" if flags & 12 else 'str "a text"'
            assert found == wanted, (case, found)
            compare(case)
            values.unlink()
            count += 1
    for case, offset, number in ("newer", 8, 2), ("another N", 16, 4), ("another size", 24, 2832), ("none", 0, 0):
        with shared_memory.ShareableList([1, "a text", 2.5], name=NAME) as values:
            put(area + offset, "=I", number)
            compare(case)
            values.unlink()
            count += 1
    print(f"{count} states of the sync area: ok")


def beside_a_writer():
    with shared_memory.ShareableList([0], name=NAME, capacity=256) as values:
        choice = [17, 2.5, "ab" * 100, b"cd" * 128, None, True]
        wanted = set()
        for value in choice:
            values[0] = value
            wanted.add(line(values, 0))
        stop = threading.Event()

        def write():
            for i, value in enumerate(itertools.cycle(choice)):
                values[0] = value
                if i % 5 == 4:
                    time.sleep(0.00005)  # without a pause, a slow reader would never succeed
                    if stop.is_set():
                        return

        writer = threading.Thread(target=write)
        writer.start()
        try:
            seen = {perl(NAME).stdout.strip() for _ in range(60)}
        finally:
            stop.set()
            writer.join()
            values.unlink()
        assert seen <= wanted and len(seen) > 1, seen
    print(f"beside a writer, {len(seen)} values: ok")


def writing():
    with shared_memory.ShareableList([1, "text", 2.5], name=NAME) as values:
        before = values.hash()
        assert perl(NAME, 0, -(2**63)).returncode == 0 and values[0] == -(2**63)
        assert perl(NAME, -3, 42).returncode == 0 and values[0] == 42
        assert values.wait_any(before, timeout=5) == values.hash()
        for refused in (1, 5), (2, 5), (3, 5), (-4, 5):
            assert perl(NAME, *refused).returncode != 0, refused
        assert values.tolist() == [42, "text", 2.5]
        values.unlink()
    print("an int written: ok")


def dicts():
    """Read dicts, and each key by the index; and check the index."""
    count = 0
    for path in sorted((TOP / "tests/vectors/dicts").glob("*.bin")):
        BLOCK.write_bytes(path.read_bytes())
        found = perl("--dict", NAME)
        assert "Use of" not in found.stderr, (path, found)
        if path.name.startswith("refused"):
            assert found.returncode != 0 and found.stdout == "", (path, found)
            continue
        lines = path.with_suffix(".items").read_text().splitlines()
        keys = [[notation.parse(word) for word in line.split("\t")] for line in lines]
        assert found.stdout.splitlines() == [f"{line_of(key)}: {line_of(value)}" for key, value in keys], (path, found)
        is_sound = path.name.startswith("made")
        assert found.stderr == "" if is_sound else found.returncode == 0 or path.name.startswith("impossible"), (path, found)
        for key, value in keys if not path.name.startswith("impossible") else []:
            text = key.encode() if isinstance(key, str) else key
            if b"\0" not in text:
                found = perl_bytes("--dict", NAME, type(key).__name__, text)
                assert found.stdout.decode().strip() == line_of(value), (path, key, found)
        found = perl("--dict", NAME, "str", "no such key")
        assert found.returncode != 0 and "no such key" in found.stderr, (path, found)
        count += 1
    assert count >= 36, count
    with shared_memory.ShareableList(["a", 1, None, 2, b"a", "x"], name=NAME + "-plain") as values:
        found = perl("--dict", values.shm.name)
        assert found.stdout == 'str "a": int 1\nbytes "a": str "x"\n', found
        assert perl("--dict", values.shm.name, "bytes", "a").stdout == 'str "x"\n'
        values.unlink()
    BLOCK.unlink()
    print(f"{count} dicts: ok")


try:
    for check in all_types, vectors, sync_area, beside_a_writer, writing, dicts:
        check()
finally:
    BLOCK.unlink(missing_ok=True)
