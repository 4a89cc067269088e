"""A hand-over of an int to another process and back, in Python: by a list, and by multiprocessing.

The methods take turns in each round, in alternating order. Each round gives one ratio for each pair;
the result is the median. Exits with 1 if a ratio is below its limit. The limits apply to processes that
have a processor each. On a shared processor, a hand-over by a pipe or a queue is only two context
switches.
"""

import multiprocessing
import os
import statistics
import sys
import time
from contextlib import ExitStack

import shareable
from shareable.shared_memory import ShareableList

ROUNDS = 15
TIMES = 400

context = multiprocessing.get_context("spawn")


class ByList:
    """Item 0 goes to the partner. The item of the answer has a cache line of its own, for speed."""

    there, back = 0, 64

    def __init__(self):
        self.shared = ShareableList([0] * 65)
        self.value = 0

    def arguments(self):
        return (self.shared,)

    @classmethod
    def answer(cls, shared):
        value = 0
        while value >= 0:
            value = shared.wait(cls.there, value)
            shared[cls.back] = value

    def play(self):
        before = self.value
        self.value += 1
        self.shared[self.there] = self.value
        self.shared.wait(self.back, before)

    def stop(self):
        self.shared[self.there] = -1
        self.shared.unlink()


class ByQueue:
    def __init__(self):
        self.there, self.back = context.Queue(), context.Queue()

    def arguments(self):
        return self.there, self.back

    @staticmethod
    def answer(there, back):
        value = 0
        while value is not None:
            value = there.get()
            back.put(value)

    def play(self):
        self.there.put(1)
        self.back.get()

    def stop(self):
        self.there.put(None)


class ByPipe:
    def __init__(self):
        self.mine, self.theirs = context.Pipe()

    def arguments(self):
        return (self.theirs,)

    @staticmethod
    def answer(pipe):
        value = 0
        while value is not None:
            value = pipe.recv()
            pipe.send(value)

    def play(self):
        self.mine.send(1)
        self.mine.recv()

    def stop(self):
        self.mine.send(None)


LIMITS = {ByQueue: 8, ByPipe: 3}


def place(process, processor):
    for thread in os.listdir(f"/proc/{process}/task"):
        os.sched_setaffinity(int(thread), {processor})


def time_of(way):
    start = time.perf_counter()
    for _ in range(TIMES):
        way.play()
    return (time.perf_counter() - start) / TIMES


def measure(ways):
    times = {type(way): [] for way in ways}
    for turn in range(-1, ROUNDS):  # the first turn warms up
        for way in ways[:: 1 if turn % 2 else -1]:
            figure = time_of(way)
            if turn >= 0:
                times[type(way)].append(figure)
    return times


def report(title, times, limits):
    ours, status = times[ByList], 0
    for way, theirs in times.items():
        if way is ByList:
            continue
        ratio = statistics.median(their / mine for their, mine in zip(theirs, ours))
        least = limits.get(way, 0)
        verdict = f"at least {least}   {'ok' if ratio >= least else 'UNDER'}" if least else ""
        print(
            f"{title:30} {statistics.median(ours) * 1e9:9.0f} ns   {'multiprocessing.' + way.__name__[2:]:32} "
            f"{statistics.median(theirs) * 1e9:9.0f} ns   {ratio:5.1f} x faster   {verdict}"
        )
        status |= ratio < least
    return status


def main():
    print(f"shareable {shareable.__version__}, Python {sys.version.split()[0]}, {ROUNDS} rounds, medians")
    processors, status = sorted(os.sched_getaffinity(0)), 0
    with ExitStack() as stack:
        ways, processes = [ByList(), ByQueue(), ByPipe()], []
        for way in ways:
            processes.append(context.Process(target=way.answer, args=way.arguments()))
            processes[-1].start()
            stack.callback(processes[-1].join)
            stack.callback(way.stop)
            way.play()
        place("self", processors[0])
        for title, there, limits in (("on two processors", processors[-1], LIMITS), ("on one processor", processors[0], {})):
            for process in processes:
                place(process.pid, there)
            status |= report(f"hand over, {title}", measure(ways), limits)
    return status


if __name__ == "__main__":
    sys.exit(main())
