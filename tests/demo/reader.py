"""reader.py - the demonstration's reader in Python, with the standard library or with shareable.

usage: reader.py stock|shareable NAME [TURN]        see publish.c
"""
import platform
import struct
import sys

if sys.argv[1] == "stock":
    from multiprocessing import resource_tracker, shared_memory
else:
    from shareable import shared_memory

figures = shared_memory.ShareableList(name=sys.argv[2])
if sys.argv[1] == "stock":
    # Stock Python would unlink the block when this process ends, although it only attached (gh-82300).
    resource_tracker.unregister(figures.shm._name, "shared_memory")


def show(value):
    if isinstance(value, bytes):
        return value[:4].hex(" ") + " …"
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value)


def describe(value):
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"bool {int(value)}"
    if isinstance(value, int):
        return f"int {value}"
    if isinstance(value, float):
        return "float " + struct.pack(">d", value).hex()
    if isinstance(value, str):
        return "str " + value.encode().hex()
    return "bytes " + value.hex()


if len(sys.argv) > 3:
    for value in figures:
        print(show(value))
    mine = 10 + 2 * int(sys.argv[3])
    figures[mine] = f"Python {platform.python_version()} read tick {figures[9]}"
    figures[mine + 1] = True if sys.argv[1] == "stock" else figures[3] * 2
else:
    for value in figures:
        print(describe(value))
figures.shm.close()
