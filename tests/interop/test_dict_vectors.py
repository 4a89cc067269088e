"""test_dict_vectors.py - each installed CPython, with its standard library alone, reads dicts and writes their values."""
import os
import pathlib

import notation
import peers
import pytest

INTERPRETERS = peers.stock_interpreters()
VECTORS = sorted((peers.SOURCE / "tests/vectors/dicts").glob("made-*.bin"))
VALUES = [7, "text", b"bytes", -2.5, True, None]


@pytest.fixture
def name():
    name = f"test-{os.getpid()}-dict-vector"
    yield name
    pathlib.Path("/dev/shm", name).unlink(missing_ok=True)


def items_of(vector):
    """Return the keys, which have not expired, with their values."""
    lines = vector.with_suffix(".items").read_text().splitlines()
    return [tuple(notation.parse(word) for word in line.split("\t")) for line in lines]


def read(peer, name):
    """Return the keys and values, as ``dict(zip(it, it))`` of the list reads them, as lines."""
    it = iter(peer.read(name)[1])
    return {key: value for key, value in zip(it, it) if key != "none"}


def stripped(value):
    """Return a value as stock Python reads it."""
    end = "\0" if isinstance(value, str) else b"\0"
    return value.rstrip(end) if isinstance(value, (str, bytes)) else value


@pytest.mark.parametrize("version, interpreter", INTERPRETERS, ids=[version for version, _ in INTERPRETERS])
def test_stock_python_reads_a_dict_and_writes_values(version, interpreter, name, tmp_path):
    stock, ours = peers.stock(version, interpreter, tmp_path), peers.ours(tmp_path)[:1]
    assert len(VECTORS) >= 8
    try:
        for vector in VECTORS:
            pathlib.Path("/dev/shm", name).write_bytes(vector.read_bytes())
            items, found = items_of(vector), read(stock, name)
            for key, value in items:
                assert found.pop(notation.describe(key)) == notation.describe(stripped(value)), (vector, key)
            assert len(found) == (2 if "expiring" in vector.name or "evicting" in vector.name else 0), found
            keys = stock.read(name)[1][::2]
            for turn, (key, _) in enumerate(items):
                value = VALUES[turn % len(VALUES)]
                assert stock.set(name, 2 * keys.index(notation.describe(key)) + 1, value) == "ok"
                assert ours[0].get_key(name, key) == notation.describe(value), (vector, key)
            assert ours[0].unlink(name) == "ok"
    finally:
        for peer in [stock, *ours]:
            peer.end()
