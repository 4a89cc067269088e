"""test_matrix.py - tests every writer with every reader, with one table of all edge cases."""
import os
import pathlib

import notation
import peers
import pytest

INT64 = 2**63
TEXT_MAX = 9_999_991

# Values that stock Python can write, and that every peer reads as written.
PLAIN = [
    *[-INT64, INT64 - 1, -1, 0, 1, 2**53 + 1],
    *[0.0, -0.0, 1.5, -273.154, float("inf"), float("-inf"), float("nan"), 5e-324, 1.7976931348623157e308],
    *[True, False, None],
    *["", "7 bytes", "8 bytes!", "9 bytes!!", "16 bytes of text", "a\0b", "\u00e9", "\u20ac", "\U0001f389"],
    *[b"", b"7 bytes", b"8 bytes!", b"9 bytes!!", b"16 bytes, no str", b"a\0b", b"\xff\xfe\x80"],
]
# Values that stock Python truncates when it writes or reads them.
EXACT = [
    *["\u00e9" * 12, "\u20ac uro, na\u00efve and \U0001f389\U0001f389\U0001f389", "end\0", "end\0\0\0", "\0", "\0" * 8],
    *[b"end\0", b"\0", b"\0" * 7, b"\0" * 8, b"\0" * 9, b"16 bytes, one \0\0"],
]
# The longest str and bytes.
LONG = ["x" * TEXT_MAX, b"\xfe" * TEXT_MAX, "\u00e9" * (TEXT_MAX // 2)]
# Written to each item in turn: every change of type.
CHANGES = [7, "text", None, b"8 bytes!", -0.5, True, "", b"\0\0", 2**62, "end\0"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("interop")


@pytest.fixture(scope="module")
def all_peers(folder):
    found = peers.ours(folder) + [peers.stock("debian", "/usr/bin/python3", folder)]
    yield found
    for peer in found:
        peer.end()


@pytest.fixture
def name(request):
    name = f"test-{os.getpid()}"
    yield name
    pathlib.Path("/dev/shm", name).unlink(missing_ok=True)


def as_stock_reads(value):
    if isinstance(value, str):
        return value.rstrip("\0")
    return value.rstrip(b"\0") if isinstance(value, bytes) else value


def check(reader, name, values, is_exact):
    """Check what the reader reads. Trailing NULs are lost if stock Python wrote or reads the values."""
    _, items = reader.read(name)
    wanted = values if is_exact and not reader.is_stock else [as_stock_reads(value) for value in values]
    assert items == [notation.describe(value) for value in wanted], reader.name


@pytest.mark.parametrize("table", ["plain", "exact", "empty"])
def test_every_reader_reads_what_every_writer_wrote(all_peers, name, table):
    values = {"plain": PLAIN, "exact": PLAIN + EXACT, "empty": []}[table]
    for writer in all_peers:
        if writer.is_stock and table == "exact":
            continue  # stock Python cannot write these, see layout.md
        assert writer.create(name, values) == "ok", writer.name
        formats = set()
        for reader in all_peers:
            check(reader, name, values, not writer.is_stock)
            formats.add(reader.read(name)[0])
        assert len(formats) == 1, f"readers disagree on the format that {writer.name} wrote"
        assert all_peers[0].unlink(name) == "ok"


def test_every_reader_reads_the_longest_texts(all_peers, name):
    for writer in all_peers:
        for value in LONG:
            if writer.is_stock and isinstance(value, str) and not value.isascii():
                continue  # stock Python sizes the slot by characters
            assert writer.create(name, [value, 1]) == "ok", writer.name
            for reader in all_peers:
                check(reader, name, [value, 1], True)
            assert all_peers[0].unlink(name) == "ok"


def test_every_writer_rejects_a_text_one_byte_longer(all_peers, name):
    for writer in all_peers:
        for value in ("x" * (TEXT_MAX + 1), b"x" * (TEXT_MAX + 1), "\u00e9" * (TEXT_MAX // 2 + 1)):
            if writer.is_stock and isinstance(value, str) and not value.isascii():
                continue
            assert writer.create(name, [value]).startswith("error"), writer.name
            assert not pathlib.Path("/dev/shm", name).exists(), writer.name


def test_every_writer_changes_every_item_of_every_creator(all_peers, name):
    start = [1, 2.5, None, True, "text of more than eight", b"bytes", "", 3, "end\0", 4]
    for creator in all_peers:
        if creator.is_stock:
            start = [as_stock_reads(value) for value in start]
        assert creator.create(name, start) == "ok"
        values, is_exact = list(start), [not creator.is_stock] * len(start)
        for turn, writer in enumerate(all_peers):
            for i in range(len(values)):
                values[i] = CHANGES[(i + turn) % len(CHANGES)]
                is_exact[i] = not writer.is_stock
                assert writer.set(name, i - (len(values) if turn % 2 else 0), values[i]) == "ok", writer.name
            for reader in all_peers:
                wanted = [v if exact else as_stock_reads(v) for v, exact in zip(values, is_exact)]
                check(reader, name, wanted, True)
        assert all_peers[0].unlink(name) == "ok"


def test_every_writer_rejects_a_text_longer_than_its_slot(all_peers, name):
    for creator in all_peers:
        assert creator.create(name, [1, "12345678", None]) == "ok"
        for writer in all_peers:
            assert writer.set(name, 0, "123456789").startswith("error"), writer.name
            assert writer.set(name, 1, b"x" * 17).startswith("error"), writer.name
            assert writer.set(name, 1, "x" * 16) == "ok", writer.name
            assert writer.set(name, 1, "12345678") == "ok", writer.name
            assert writer.set(name, 2, "12345678") == "ok", writer.name
            for reader in all_peers:
                check(reader, name, [1, "12345678", "12345678"], True)
            assert writer.set(name, 2, None) == "ok", writer.name
        assert all_peers[0].unlink(name) == "ok"


def test_our_writers_reject_an_index_out_of_range(all_peers, name):
    for writer in all_peers:
        if writer.is_stock:
            continue  # stock Python's bug: s[-5] = 9 on a list of 3 overwrites other items
        assert writer.create(name, [1, 2, 3]) == "ok"
        for index in (3, 4, -4, -5, 2**62, -(2**62)):
            assert writer.set(name, index, 9).startswith("error"), (writer.name, index)
        for reader in all_peers:
            check(reader, name, [1, 2, 3], True)
        assert all_peers[0].unlink(name) == "ok"
