"""make_synced.py - writes the lists with a sync area in synced/, or those in big-endian/synced/.

usage: python3 make_synced.py FOLDER [big]

Each list contains [10, "twenty", 30, b"forty"]. The prefix of a name describes the sync area:

- left-: a state that killed writers can leave
- impossible-: a state that no writer of this library leaves
- refused-: not valid, so the list cannot be opened

In the first two states, the next process can write every item. No process has the writer ids.
"""
import pathlib
import struct
import sys

ORDER = ">" if sys.argv[2:] == ["big"] else "<"
N = 4
E = 8 * (N + 2) + 32 + 9 * N
AREA = (E + 63) & ~63
EVENTCOUNTS, HAZARDS, REDO_RECORDS, WORDS = AREA + 64, AREA + 256, AREA + 768, AREA + 2816
DEAD = 0x1EADBEEF
LOCKED, SLOW_STORES, CORRUPT, UNLOGGED = 1, 2, 4, 8


def sound():
    """Return the bytes of a valid list, in the byte order of the machines that read these files."""
    data = bytearray(
        struct.pack(ORDER + "6q", N, 0, 8, 16, 24, 32)
        + struct.pack(ORDER + "q8sq8s", 10, b"twenty", 30, b"forty")
        + struct.pack("8s8s8s8s", b"q", b"8s", b"q", b"8s")
        + bytes([0, 1, 0, 2])
    )
    data += bytes(WORDS + 8 * N - len(data))
    struct.pack_into(ORDER + "8sIIQQ", data, AREA, b"shr.sync", 2, 0, N, 2816 + 8 * N)
    return data


def put(form, offset, *values):
    def change(data):
        struct.pack_into(ORDER + form, data, offset, *values)

    return change


def word(item, flags, writer_id=0, version=5):
    return put("Q", WORDS + 8 * item, writer_id << 32 | (version << 4 & 0xFFFFFFFF) | flags)


def redo_record(number, item, form=b"8s", length=6, code=1, writer_id=DEAD, committed=1, data=b"redone"):
    return put("IIQ8sQQ8s", REDO_RECORDS + 512 * number, writer_id, committed, item, form, length, code, data)


def kept_record(item):
    """A record that its dead writer kept after a write of the item."""
    return redo_record(item, item, committed=4 * item + 2)


def hazard(number, item, writer_id=DEAD):
    return put("IIQ", HAZARDS + 64 * number, writer_id, 0, item + 1)


def every(change, *numbers):
    def change_all(data):
        for number in numbers:
            change(number)(data)

    return change_all


ITEM_LOCKED = word(1, LOCKED, DEAD)
SEGMENTS = {
    "left-unchanged": [],
    "left-slow-stores": [every(lambda i: word(i, SLOW_STORES), *range(N))],
    "left-after-a-billion-writes": [every(lambda i: word(i, 0, 0, 2**28 - 1), *range(N))],
    "left-locked-without-a-redo-record": [ITEM_LOCKED],
    "left-locked-with-a-redo-record-not-committed": [ITEM_LOCKED, redo_record(0, 1, committed=0)],
    "left-locked-with-a-redo-record": [ITEM_LOCKED, redo_record(0, 1)],
    "left-locked-with-a-redo-record-of-an-int": [ITEM_LOCKED, redo_record(2, 1, b"q", 8, 0, data=struct.pack(ORDER + "q", 7))],
    "left-locked-and-unlogged": [word(1, LOCKED | UNLOGGED, DEAD)],
    "left-corrupt": [word(1, CORRUPT)],
    "left-redo-records-not-committed": [every(lambda k: redo_record(k, k, committed=0), *range(4))],
    "left-redo-records-kept": [every(kept_record, *range(4))],
    "left-locked-with-a-kept-redo-record": [ITEM_LOCKED, kept_record(1)],
    "left-list-locked": [put("I", AREA + 32, DEAD)],
    "left-hazards": [every(lambda k: hazard(k, 0, DEAD + k), *range(8))],
    "left-waiters-bits": [put("Q", EVENTCOUNTS, 2**35 - 1)],
    "impossible-redo-records-of-unlocked-items": [every(lambda k: redo_record(k, k), *range(4))],
    "impossible-redo-records-of-missing-items": [every(lambda k: redo_record(k, 2**64 - 1 - k), *range(4))],
    "impossible-redo-records-of-one-item": [ITEM_LOCKED, every(lambda k: redo_record(k, 1, writer_id=DEAD + k), *range(4))],
    "impossible-redo-record-without-a-writer": [ITEM_LOCKED, redo_record(0, 1, writer_id=0)],
    "impossible-redo-record-longer-than-a-record": [ITEM_LOCKED, redo_record(0, 1, length=2**64 - 1)],
    "impossible-redo-record-longer-than-the-slot": [ITEM_LOCKED, redo_record(0, 1, form=b"400s", length=400)],
    "impossible-redo-record-without-a-format": [ITEM_LOCKED, redo_record(0, 1, form=b"\xff" * 8, code=255)],
    "impossible-redo-records-kept-for-missing-items": [every(lambda k: redo_record(k, k, committed=4 * (N + k) + 2), *range(4))],
    "impossible-redo-records-kept-without-a-writer": [every(lambda k: redo_record(k, k, writer_id=0, committed=4 * k + 2), *range(4))],
    "impossible-version-words": [every(lambda i: word(i, 15, DEAD + i), *range(N))],
    "impossible-hazards": [every(lambda k: hazard(k, 2**64 - 2, 0), *range(8))],
    "refused-version-3": [put("I", AREA + 8, 3)],
    "refused-version-1": [put("I", AREA + 8, 1)],
    "refused-version-0": [put("I", AREA + 8, 0)],
    "refused-count": [put("Q", AREA + 16, N - 1)],
    "refused-size": [put("Q", AREA + 24, 2816)],
    "refused-truncated": [lambda data: data.__delitem__(slice(WORDS + 8, None))],
}


def main(folder):
    for name, changes in SEGMENTS.items():
        data = sound()
        for change in changes:
            change(data)
        (folder / f"{name}.bin").write_bytes(bytes(data))


main(pathlib.Path(sys.argv[1]))
