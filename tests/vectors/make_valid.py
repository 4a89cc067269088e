"""make_valid.py - writes the lists in valid/, with the standard library of the interpreter that runs it.

usage: PYTHON make_valid.py FOLDER      with each CPython from 3.9 to 3.15

For a list NAME, it writes NAME-VERSION.bin, the bytes of the block, and NAME.items, the items that
stock Python reads, one per line, in the notation of tests/interop/notation.py.

Debian's CPython 3.11 and 3.13 for s390x, in QEMU, wrote the lists in big-endian/. Their items are
the same.
"""
import pathlib
import sys
from multiprocessing import shared_memory

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "interop"))
import notation  # noqa: E402

INT64 = 2**63


def untouched(_):
    pass


def rewritten(stock):
    """Change the type of items in each way, and write texts over texts."""
    stock[0] = "now text"
    stock[1] = 7
    stock[2] = None
    stock[3] = b"8 bytes!"
    stock[4] = -1.5
    stock[5] = "short"
    stock[6] = True
    stock[7] = ""
    stock[7] = 3
    stock[7] = "again, with more"


LISTS = {
    "empty": ([], untouched),
    "types": (["howdy", b"HoWdY", -273.154, 100, None, True, 42, False], untouched),
    "numbers": (
        [-INT64, INT64 - 1, 0, -1, 0.0, -0.0, float("inf"), float("-inf"), float("nan"), 5e-324, 1.7976931348623157e308],
        untouched,
    ),
    "texts": (
        ["", "7 bytes", "8 bytes!", "9 bytes!!", "16 bytes of text", "\u00e9", "\u20ac\u00df", "a\0b", "end\0\0", "\0"]
        + [b"", b"7 bytes", b"8 bytes!", b"\xff\xfe\x80", b"16 bytes, no str", b"a\0b", b"end\0\0", b"\0" * 9],
        untouched,
    ),
    "rewritten": ([1, "text", "text, longer", 4.5, b"bytes", "something of 24 byte", None, "sixteen and more"], rewritten),
}


def main(folder):
    version = "%d.%d" % sys.version_info[:2]
    for name, (values, change) in LISTS.items():
        stock = shared_memory.ShareableList(values)
        change(stock)
        (folder / f"{name}-{version}.bin").write_bytes(bytes(stock.shm.buf))
        (folder / f"{name}.items").write_text("".join(notation.describe(value).strip() + "\n" for value in stock))
        stock.shm.close()
        stock.shm.unlink()


main(pathlib.Path(sys.argv[1]))
