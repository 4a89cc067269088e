"""notation.py - formats an item as a line, as the test programs in every language write it.

"none", "int -5", "bool 1", "float 3ff8000000000000" (the bits), "str" or "bytes" and the bytes in hexadecimal, or
"str @PATH" if the bytes are in a file.
"""
import pathlib
import struct


def describe(value):
    """Return the line of a value."""
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
    """Return the value of a line."""
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
    """Return the line of a value. Write a long text to the file."""
    if isinstance(value, (str, bytes)) and len(value) > 4096:
        path.write_bytes(value.encode() if isinstance(value, str) else value)
        return f"{'str' if isinstance(value, str) else 'bytes'} @{path}"
    return describe(value)


def inline(line):
    """Return the line with the bytes of the file in place of its path."""
    kind, _, rest = line.partition(" ")
    if rest.startswith("@"):
        return f"{kind} {pathlib.Path(rest[1:]).read_bytes().hex()}"
    return line
