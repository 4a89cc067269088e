"""Compares this library's manager, with a client in C, with the manager of the standard library in
this interpreter.

The result is the median of the ratios of the rounds. Exits with 1 if a ratio is below its limit.

  manager.py PROGRAM    PROGRAM is tests/bench/regression/manager
"""

import platform
import statistics
import subprocess
import sys
from multiprocessing.managers import SharedMemoryManager

from measure import alternate, median_ratio, timed, verdict

ROUNDS = 7
BLOCKS = 1000


class Shareable:
    """This library's manager: a program runs the commands."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()) / 1e9

    def start(self):
        return self.run("start")

    def create(self, count):
        return self.run(f"create {count}")

    def shutdown(self):
        return self.run("shutdown")


class Stock:
    """The manager of the standard library."""

    def start(self):
        self.manager = SharedMemoryManager()
        return timed(self.manager.start)

    def create(self, count):
        def create_all():
            for _ in range(count):
                self.manager.SharedMemory(4096).close()

        return timed(create_all)

    def shutdown(self):
        return timed(self.manager.shutdown)


def measure(side):
    """Return the seconds of each operation."""
    return {
        "start": side.start(),
        "SharedMemory(4096)": side.create(BLOCKS) / BLOCKS,
        f"shutdown, {BLOCKS} blocks": side.shutdown(),
    }


# How many times faster each operation of this library must be.
LIMITS = {"start": 1, "SharedMemory(4096)": 8, f"shutdown, {BLOCKS} blocks": 3}


def main(program):
    ours, stock = Shareable(program), Stock()
    results = alternate({"ours": lambda: measure(ours), "stock": lambda: measure(stock)}, ROUNDS)
    ours.process.stdin.close()
    ours.process.wait()
    print(f"{'a manager':24}{'shareable, C':>12}{'CPython ' + platform.python_version():>16}{'faster':>9}{'at least':>10}")
    missed = False
    for operation, least in LIMITS.items():
        our_times, stock_times = ([times[operation] for times in results[side]] for side in ("ours", "stock"))
        ratio = median_ratio(stock_times, our_times)
        missed |= ratio < least
        print(
            f"{operation:24}{statistics.median(our_times) * 1e6:9.0f} us{statistics.median(stock_times) * 1e6:13.0f} us"
            f"{ratio:8.1f}x{least:9}x  {verdict(ratio >= least)}"
        )
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
