"""make_synced.py - writes lists with a sync area in synced/, or in big-endian/synced/: in every state that writers can leave it in, and
in some that none can.

usage: python3 make_synced.py FOLDER [big]

Each is [10, "twenty", 30, b"forty"] at first. What begins with refused- is not opened as a list; with left-, is as killed writers
leave it; with impossible-, as no writer of ours does: whoever comes next writes each item all the same. Tokens here are nobody's.
"""
import pathlib
import struct
import sys

ORDER = ">" if sys.argv[2:] == ["big"] else "<"
N = 4
E = 8 * (N + 2) + 32 + 9 * N
AREA = (E + 63) & ~63
BELLS, CELLS, JOURNALS, WORDS = AREA + 64, AREA + 256, AREA + 768, AREA + 2816
DEAD = 0x1EADBEEF
LOCKED, MIXED, DAMAGED, BARE = 1, 2, 4, 8


def sound():
    """In the byte order of the machines that read these files."""
    data = bytearray(
        struct.pack(ORDER + "6q", N, 0, 8, 16, 24, 32)
        + struct.pack(ORDER + "q8sq8s", 10, b"twenty", 30, b"forty")
        + struct.pack("8s8s8s8s", b"q", b"8s", b"q", b"8s")
        + bytes([0, 1, 0, 2])
    )
    data += bytes(WORDS + 8 * N - len(data))
    struct.pack_into(ORDER + "8sIIQQ", data, AREA, b"shr.sync", 2, 0, N, 2816 + 8 * N)
    return data


def put(form, at, *values):
    def change(data):
        struct.pack_into(ORDER + form, data, at, *values)

    return change


def word(item, flags, token=0, sequence=5):
    return put("Q", WORDS + 8 * item, token << 32 | (sequence << 4 & 0xFFFFFFFF) | flags)


def journal(number, item, form=b"8s", length=6, code=1, token=DEAD, ready=1, data=b"mended"):
    return put("IIQ8sQQ8s", JOURNALS + 512 * number, token, ready, item, form, length, code, data)


def cell(number, item, token=DEAD):
    return put("IIQ", CELLS + 64 * number, token, 0, item + 1)


def every(change, *numbers):
    def change_all(data):
        for number in numbers:
            change(number)(data)

    return change_all


HELD = word(1, LOCKED, DEAD)
SEGMENTS = {
    "left-sound": [],
    "left-mixed": [every(lambda i: word(i, MIXED), *range(N))],
    "left-after-a-billion-writes": [every(lambda i: word(i, 0, 0, 2**28 - 1), *range(N))],
    "left-locked-before-the-journal": [HELD],
    "left-locked-with-a-journal-half-filled": [HELD, journal(0, 1, ready=0)],
    "left-locked-with-a-journal": [HELD, journal(0, 1)],
    "left-locked-with-a-journal-of-an-int": [HELD, journal(2, 1, b"q", 8, 0, data=struct.pack(ORDER + "q", 7))],
    "left-locked-and-bare": [word(1, LOCKED | BARE, DEAD)],
    "left-damaged": [word(1, DAMAGED)],
    "left-journals-half-filled": [every(lambda k: journal(k, k, ready=0), *range(4))],
    "left-the-lock": [put("I", AREA + 32, DEAD)],
    "left-cells": [every(lambda k: cell(k, 0, DEAD + k), *range(8))],
    "left-bells-armed": [put("Q", BELLS, 2**35 - 1)],
    "impossible-journals-of-items-that-nobody-holds": [every(lambda k: journal(k, k), *range(4))],
    "impossible-journals-of-items-that-are-not-there": [every(lambda k: journal(k, 2**64 - 1 - k), *range(4))],
    "impossible-journals-of-one-item": [HELD, every(lambda k: journal(k, 1, token=DEAD + k), *range(4))],
    "impossible-journal-of-nobody": [HELD, journal(0, 1, token=0)],
    "impossible-journal-longer-than-itself": [HELD, journal(0, 1, length=2**64 - 1)],
    "impossible-journal-longer-than-its-slot": [HELD, journal(0, 1, form=b"400s", length=400)],
    "impossible-journal-of-no-format": [HELD, journal(0, 1, form=b"\xff" * 8, code=255)],
    "impossible-words": [every(lambda i: word(i, 15, DEAD + i), *range(N))],
    "impossible-cells": [every(lambda k: cell(k, 2**64 - 2, 0), *range(8))],
    "refused-version-3": [put("I", AREA + 8, 3)],
    "refused-version-1": [put("I", AREA + 8, 1)],
    "refused-version-0": [put("I", AREA + 8, 0)],
    "refused-count": [put("Q", AREA + 16, N - 1)],
    "refused-size": [put("Q", AREA + 24, 2816)],
    "refused-cut": [lambda data: data.__delitem__(slice(WORDS + 8, None))],
}


def main(folder):
    for name, changes in SEGMENTS.items():
        data = sound()
        for change in changes:
            change(data)
        (folder / f"{name}.bin").write_bytes(bytes(data))


main(pathlib.Path(sys.argv[1]))
