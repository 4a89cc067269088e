"""The cost of a manager: this library's, in C, and the standard library's, in this interpreter.

They take turns, so that both run under the same conditions. The ratio is the median of the ratios
of the rounds.

  manager.py PROGRAM    PROGRAM is tests/bench/limits/manager
"""

import platform
import statistics
import subprocess
import sys
import time
from multiprocessing.managers import SharedMemoryManager

ROUNDS = 7
BLOCKS = 1000


class Shareable:
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


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


class Stock:
    def start(self):
        self.manager = SharedMemoryManager()
        return timed(self.manager.start)

    def create(self, count):
        def make():
            for _ in range(count):
                self.manager.SharedMemory(4096).close()

        return timed(make)

    def shutdown(self):
        return timed(self.manager.shutdown)


def round_of(side):
    yield "start", side.start()
    yield "SharedMemory(4096)", side.create(BLOCKS) / BLOCKS
    yield f"shutdown, {BLOCKS} blocks", side.shutdown()


LIMITS = {"start": 1, "SharedMemory(4096)": 8, f"shutdown, {BLOCKS} blocks": 3}


def main(program):
    ours, stock = Shareable(program), Stock()
    rounds = [(dict(round_of(ours)), dict(round_of(stock))) for _ in range(ROUNDS + 1)][1:]
    ours.process.stdin.close()
    ours.process.wait()
    print(f"{'a manager':24}{'shareable, C':>12}{'CPython ' + platform.python_version():>16}{'faster':>9}{'at least':>10}")
    slow = False
    for operation, least in LIMITS.items():
        mine, theirs = ([side[operation] for side in sides] for sides in zip(*rounds))
        ratio = statistics.median(b / a for a, b in zip(mine, theirs))
        slow |= ratio < least
        print(f"{operation:24}{statistics.median(mine) * 1e6:9.0f} us{statistics.median(theirs) * 1e6:13.0f} us"
              f"{ratio:8.1f}x{least:9}x")
    return slow


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
