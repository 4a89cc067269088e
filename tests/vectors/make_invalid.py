"""make_invalid.py - writes the lists with wrong bytes in invalid/, or those in big-endian/invalid/.

usage: python3 make_invalid.py FOLDER [big]

Each list is [10, "twenty", 30, b"forty"] with one fault. If its name begins with refused-, it cannot
be opened. If its name begins with corrupt-I-, it can be opened, and reading the items I ("1", or
"1+2") returns an error, while the other items are intact.
"""
import pathlib
import struct
import sys

ORDER = ">" if sys.argv[2:] == ["big"] else "<"
N = 4
D = 8 * (N + 2)
F = D + 32


def sound():
    """Return the bytes of a valid list, in the byte order of the machines that read these files."""
    return bytearray(
        struct.pack(ORDER + "6q", N, 0, 8, 16, 24, 32)
        + struct.pack(ORDER + "q8sq8s", 10, b"twenty", 30, b"forty")
        + struct.pack("8s8s8s8s", b"q", b"8s", b"q", b"8s")
        + bytes([0, 1, 0, 2])
    )


def word(offset, number):
    def change(data):
        struct.pack_into(ORDER + "q", data, offset, number)
        return data

    return change


def put(offset, piece):
    def change(data):
        data[offset : offset + len(piece)] = piece
        return data

    return change


def truncate(size):
    return lambda data: data[:size]


def sizes_as_in_3_8(_):
    """Return a list of CPython 3.8, which wrote the sizes of the slots in place of the offsets."""
    return bytearray(
        struct.pack(ORDER + "3q", 2, 8, 8) + struct.pack(ORDER + "2q", 10, 20) + struct.pack("8s8s", b"q", b"q") + bytes([0, 0])
    )


SEGMENTS = {
    "refused-no-bytes": truncate(0),
    "refused-7-bytes": truncate(7),
    "refused-8-bytes": truncate(8),
    "refused-15-bytes": truncate(15),
    "refused-truncated-in-the-offsets": truncate(8 * (N + 1)),
    "refused-truncated-in-the-data": truncate(D + 9),
    "refused-truncated-in-the-formats": truncate(F + 30),
    "refused-truncated-in-the-codes": truncate(F + 8 * N + 3),
    "refused-length-minus-1": word(0, -1),
    "refused-length-min": word(0, -(2**63)),
    "refused-length-max": word(0, 2**63 - 1),
    "refused-length-that-overflows-times-8": word(0, 2**61),
    "refused-length-that-overflows-times-17": word(0, (2**64 // 17 + 1) - 2**63),
    "refused-length-plus-1": word(0, N + 1),
    "refused-first-offset-not-0": word(8, 8),
    "refused-last-offset-minus-8": word(8 * (N + 1), -8),
    "refused-last-offset-min": word(8 * (N + 1), -(2**63)),
    "refused-last-offset-max": word(8 * (N + 1), 2**63 - 1),
    "refused-last-offset-plus-8": word(8 * (N + 1), 40),
    "refused-last-offset-not-a-multiple-of-8": word(8 * (N + 1), 31),
    "refused-sizes-as-in-3.8": sizes_as_in_3_8,
    "refused-zeros-with-a-length": lambda data: put(8, bytes(len(data) - 8))(word(0, 100)(data)),
    "corrupt-0+1-offset-minus-8": word(16, -8),
    "corrupt-0+1-offset-max": word(16, 2**63 - 8),
    "corrupt-0+1-offset-odd": word(16, 9),
    "corrupt-0+1-offset-past-the-data": word(16, 40),
    "corrupt-1-no-slot": word(16, 16),
    "corrupt-2+3-offsets-at-the-end": lambda data: word(24, 32)(word(32, 32)(data)),
    "corrupt-0-format-empty": put(F, b"\0" * 8),
    "corrupt-0-format-unknown": put(F, b"Q\0\0\0\0\0\0\0"),
    "corrupt-0-format-not-text": put(F, b"\xff" * 8),
    "corrupt-0-format-of-8-items": put(F, b"qqqqqqqq"),
    "corrupt-0-format-none-code-0": put(F, b"xxxxxx?x"),
    "corrupt-1-width-9": put(F + 8, b"9s\0\0\0\0\0\0"),
    "corrupt-1-width-9999999": put(F + 8, b"9999999s"),
    "corrupt-1-width-without-s": put(F + 8, b"99999999"),
    "corrupt-1-marker-9": put(F + 8, b"9s \0\0\0\0\0"),
    "corrupt-1-marker-and-excess": put(F + 8, b"8s x\0\0\0\0"),
    "corrupt-1-str-not-utf8": put(D + 8, b"caf\xc3\0\0\0\0"),
    "corrupt-1-str-of-a-surrogate": put(D + 8, b"\xed\xa0\x80\0\0\0\0\0"),
    "corrupt-2-code-str": put(F + 8 * N + 2, b"\x01"),
    "corrupt-2-code-none": put(F + 8 * N + 2, b"\x03"),
    "corrupt-2-code-4": put(F + 8 * N + 2, b"\x04"),
    "corrupt-2-code-minus-1": put(F + 8 * N + 2, b"\xff"),
    "corrupt-3-code-0": put(F + 8 * N + 3, b"\x00"),
    "corrupt-0+1+2+3-formats-and-codes-all-ones": put(F, b"\xff" * (9 * N)),
}


def main(folder):
    for name, change in SEGMENTS.items():
        (folder / f"{name}.bin").write_bytes(bytes(change(sound())))


main(pathlib.Path(sys.argv[1]))
