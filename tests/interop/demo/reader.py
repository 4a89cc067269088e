"""reader.py - the demonstration's reader in Python, with the standard library or with shareable.

usage: reader.py stock|shareable NAME [TURN]        see publish.c
"""
import pathlib
import platform
import sys

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).parent.parent))
from notation import describe  # noqa: E402

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
