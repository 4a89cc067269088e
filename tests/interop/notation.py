"""notation.py - an item as a line, as the tests' programs in every language write it.

"none", "int -5", "bool 1", "float 3ff8000000000000" (the bits), "str" or "bytes" and the bytes in hexadecimal, or
"str @PATH" where the bytes are those of a file.
"""
import pathlib
import struct


def describe(value):
    """The line of a value."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"bool {int(value)}"
    if isinstance(value, int):
        return f"int {value}"
    if isinstance(value, float):
        return "float " + struct.pack(">d", value).hex()
    if isinstance(value, str):
        return f"str {value.encode().hex()}"
    return f"bytes {value.hex()}"


def parse(line):
    """The value of a line."""
    kind, _, rest = line.partition(" ")
    if kind == "none":
        return None
    if kind == "int":
        return int(rest)
    if kind == "bool":
        return rest == "1"
    if kind == "float":
        return struct.unpack(">d", bytes.fromhex(rest))[0]
    data = pathlib.Path(rest[1:]).read_bytes() if rest.startswith("@") else bytes.fromhex(rest)
    return data.decode() if kind == "str" else data


def describe_long(value, path):
    """The line of a value, whose bytes go to the file where they are many."""
    if isinstance(value, (str, bytes)) and len(value) > 4096:
        path.write_bytes(value.encode() if isinstance(value, str) else value)
        return f"{'str' if isinstance(value, str) else 'bytes'} @{path}"
    return describe(value)


def inline(line):
    """The line with the file's bytes in place of its path."""
    kind, _, rest = line.partition(" ")
    if rest.startswith("@"):
        return f"{kind} {pathlib.Path(rest[1:]).read_bytes().hex()}"
    return line
