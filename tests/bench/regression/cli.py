"""Compares the command with other programs: ls(1), which prints less, and CPython, which prints the
items of a list. The result is the median of the ratios of the rounds.

  cli.py PROGRAM    PROGRAM is tools/cli/shareable
"""

import os
import signal
import statistics
import subprocess
import sys
from multiprocessing import resource_tracker, shared_memory

from measure import alternate, median_ratio, timed

ROUNDS = 5
BLOCKS = 10_000
ITEMS = 1_000_000

# Prints the items of a list in CPython.
STOCK = """
import sys
from multiprocessing import resource_tracker, shared_memory
items = shared_memory.ShareableList(name=sys.argv[1])
resource_tracker.unregister(items.shm._name, "shared_memory")
for index, item in enumerate(items):
    print(index, type(item).__name__, item)
"""


def create(name, items):
    """Create a list that remains after this process, and return its name."""
    created = shared_memory.ShareableList(items, name=name)
    resource_tracker.unregister(created.shm._name, "shared_memory")
    created.shm.close()
    return name


def run(command):
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def compare(name, subject, other, other_name):
    times = alternate({"ours": lambda: timed(run, subject), "theirs": lambda: timed(run, other)}, ROUNDS, warm_up=False)
    ours = times["ours"]
    print(
        f"{name:32} {statistics.median(ours):8.3f} s  ± {(max(ours) - min(ours)) / 2:.3f}   "
        f"{other_name} takes {median_ratio(times['theirs'], ours):5.2f} times as long"
    )


def main(program):
    prefix = f"bench-cli-{os.getpid()}"
    names = []
    try:
        for i in range(BLOCKS):
            names.append(create(f"{prefix}-{i}", [1, 2.5, "text"]))
        compare(f"ls of {BLOCKS:,} blocks", [program, "ls"], ["ls", "-l", "/dev/shm"], "ls -l")
        compare(f"ls --json of {BLOCKS:,} blocks", [program, "ls", "--json"], ["ls", "-l", "/dev/shm"], "ls -l")
        kinds = {
            "ints": range(ITEMS),
            "short floats": [i / 8 for i in range(ITEMS)],
            "long floats": [i / 7 for i in range(ITEMS)],
            "strs": [f"howdy {i}" for i in range(ITEMS)],
        }
        for kind, items in kinds.items():
            names.append(create(f"{prefix}-{kind.replace(' ', '-')}", items))
            stock = [sys.executable, "-c", STOCK, names[-1]]
            compare(f"dump of {ITEMS:,} {kind}", [program, "dump", names[-1]], stock, "CPython")
    finally:
        for name in names:
            os.unlink(f"/dev/shm/{name}")


if __name__ == "__main__":
    # The handler raises SystemExit, so that the lists are removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))
    main(*sys.argv[1:])
