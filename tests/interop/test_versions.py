"""test_versions.py - compares random lists and writes with each installed CPython, 3.9 to 3.15."""
import os
import pathlib
import random

import notation
import peers
import pytest

INTERPRETERS = peers.stock_interpreters()
LISTS = int(os.environ.get("INTEROP_LISTS", "25"))
WRITES = 40


def text(chance, size):
    """Return a text of at most `size` bytes that stock Python stores whole: no trailing NULs."""
    length = chance.choice([0, 1, 7, 8, 9, 15, 16, 17, chance.randrange(size + 1)])
    data = bytes(chance.choice(b"ab\0 z") for _ in range(min(length, size))).rstrip(b"\0")
    return data.decode() if chance.random() < 0.5 else data


def value(chance, size):
    kind = chance.randrange(6)
    if kind == 0:
        return chance.choice([0, -1, 2**63 - 1, -(2**63), chance.randrange(-(2**63), 2**63)])
    if kind == 1:
        return chance.choice([0.0, -0.0, float("inf"), float("nan"), chance.uniform(-1e300, 1e300)])
    if kind == 2:
        return chance.random() < 0.5
    if kind == 3:
        return None
    return text(chance, size)


def slot_size(item):
    """Return the size in bytes of the slot that an item gets when its list is made."""
    return 8 * (len(item) // 8 + 1) if isinstance(item, (str, bytes)) else 8


ALPHABETS = ["abc xyz", "a\u00e9\u00fc", "\u20ac\u4e2d", "\U0001f600", "a\u00e9\u20ac\U0001f600"]


def text_of_any_script(chance):
    length = chance.choice([0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, chance.randrange(60)])
    return "".join(chance.choices(chance.choice(ALPHABETS), k=length))


def is_whole(item):
    """Return whether stock Python stores all bytes of the text. It sizes a slot by characters."""
    return len(item.encode()) <= slot_size(item)


@pytest.mark.parametrize("version, interpreter", INTERPRETERS, ids=[version for version, _ in INTERPRETERS])
def test_texts_that_stock_stores_whole_have_its_bytes(version, interpreter, tmp_path):
    chance = random.Random(17)
    stock, ours = peers.stock(version, interpreter, tmp_path), peers.ours(tmp_path)
    name = f"test-{os.getpid()}-{version}-bytes"
    block = pathlib.Path("/dev/shm", name)
    texts = [text_of_any_script(chance) for _ in range(600)]
    whole, cut = [text for text in texts if is_whole(text)], [text for text in texts if not is_whole(text)]
    assert len(whole) > 100 and len(cut) > 100
    whole += [b"8 bytes!", b"\xc3\xa9" * 4, 1, None, True, 2.5]
    try:
        for values in (whole[i : i + 20] for i in range(0, len(whole), 20)):
            written = {}
            for side in [stock, *ours]:
                assert side.create(name, values) == "ok", side.name
                written[side.name] = block.read_bytes()
                assert side.read(name)[1] == [notation.describe(value) for value in values], side.name
                assert ours[0].unlink(name) == "ok"
            wanted = written.pop(stock.name)
            assert [key for key, data in written.items() if data[: len(wanted)] != wanted] == []
        for side in ours:  # stock Python reads whole what it would have truncated
            assert side.create(name, cut[:20]) == "ok"
            for reader in [stock, *ours]:
                assert reader.read(name)[1] == [notation.describe(value) for value in cut[:20]], reader.name
            assert ours[0].unlink(name) == "ok"
    finally:
        block.unlink(missing_ok=True)
        for side in [stock, *ours]:
            side.end()


@pytest.mark.parametrize("version, interpreter", INTERPRETERS, ids=[version for version, _ in INTERPRETERS])
def test_random_lists_and_writes_agree(version, interpreter, tmp_path):
    seed = int(os.environ.get("INTEROP_SEED", random.randrange(2**32)))
    print(f"INTEROP_SEED={seed} repeats this run")
    chance = random.Random(seed)
    sides = [peers.stock(version, interpreter, tmp_path), *peers.ours(tmp_path)]
    name = f"test-{os.getpid()}-{version}"
    try:
        for _ in range(LISTS):
            values = [value(chance, 40) for _ in range(chance.randrange(12))]
            sizes = [slot_size(item) for item in values]
            assert chance.choice(sides).create(name, values) == "ok"
            for _ in range(WRITES if values else 0):
                i = chance.randrange(len(values))
                values[i] = value(chance, sizes[i])
                writer = chance.choice(sides)
                assert writer.set(name, i - chance.choice([0, len(values)]), values[i]) == "ok", writer.name
            wanted = [notation.describe(item) for item in values]
            answers = {side.name: side.read(name) for side in sides}
            assert {key: items for key, (_, items) in answers.items()} == {side.name: wanted for side in sides}
            assert len({form for form, _ in answers.values()}) == 1
            assert sides[1].unlink(name) == "ok"
    finally:
        pathlib.Path("/dev/shm", name).unlink(missing_ok=True)
        for side in sides:
            side.end()
