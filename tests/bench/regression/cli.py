"""The cost of the command, compared with programs that print less: ls(1), and standard Python
printing the items of a list. They take turns, so that both run under the same conditions. The ratio
is the median of the ratios of the rounds.

  cli.py PROGRAM    PROGRAM is tools/cli/shareable
"""

import os
import statistics
import subprocess
import sys
import time
from multiprocessing import resource_tracker, shared_memory

ROUNDS = 5
BLOCKS = 10_000
ITEMS = 1_000_000

STOCK = """
import sys
from multiprocessing import resource_tracker, shared_memory
items = shared_memory.ShareableList(name=sys.argv[1])
resource_tracker.unregister(items.shm._name, "shared_memory")
for index, item in enumerate(items):
    print(index, type(item).__name__, item)
"""


def make(name, items):
    made = shared_memory.ShareableList(items, name=name)
    resource_tracker.unregister(made.shm._name, "shared_memory")
    made.shm.close()
    return name


def timed(command):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def compare(name, subject, other, other_name):
    pairs = [(timed(subject), timed(other)) for _ in range(ROUNDS)]
    seconds = statistics.median(mine for mine, _ in pairs)
    ratio = statistics.median(theirs / mine for mine, theirs in pairs)
    spread = max(mine for mine, _ in pairs) - min(mine for mine, _ in pairs)
    print(f"{name:32} {seconds:8.3f} s  ± {spread / 2:.3f}   {other_name} takes {ratio:5.2f} times as long")


def main(program):
    prefix = f"bench-cli-{os.getpid()}"
    names = []
    try:
        for i in range(BLOCKS):
            names.append(make(f"{prefix}-{i}", [1, 2.5, "text"]))
        compare(f"ls of {BLOCKS:,} blocks", [program, "ls"], ["ls", "-l", "/dev/shm"], "ls -l")
        compare(f"ls --json of {BLOCKS:,} blocks", [program, "ls", "--json"], ["ls", "-l", "/dev/shm"], "ls -l")
        kinds = {
            "ints": range(ITEMS),
            "short floats": [i / 8 for i in range(ITEMS)],
            "long floats": [i / 7 for i in range(ITEMS)],
            "strs": [f"howdy {i}" for i in range(ITEMS)],
        }
        for kind, items in kinds.items():
            names.append(make(f"{prefix}-{kind.replace(' ', '-')}", items))
            stock = [sys.executable, "-c", STOCK, names[-1]]
            compare(f"dump of {ITEMS:,} {kind}", [program, "dump", names[-1]], stock, "CPython")
    finally:
        for name in names:
            os.unlink(f"/dev/shm/{name}")


main(*sys.argv[1:])
