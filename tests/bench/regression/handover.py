"""Compares a hand-over of an int to another process and back in Python: by a list, and by
multiprocessing.

Each round gives one ratio for each pair, and the result is the median of the rounds. Exits with 1
if a ratio is below its limit. The limits apply only if each process has a processor of its own. On
a shared processor, a hand-over by a pipe or a queue is only two context switches.
"""

import multiprocessing
import os
import statistics
import sys
from contextlib import ExitStack

import shareable
from measure import alternate, median_ratio, timed, verdict
from shareable.shared_memory import ShareableList

ROUNDS = 15
TIMES = 400

context = multiprocessing.get_context("spawn")


class ByList:
    """A list. Item 0 goes to the partner, and item 72 comes back; they are in different cache lines,
    and do not share wake-ups.
    """

    there, back = 0, 72

    def __init__(self):
        self.shared = ShareableList([0] * 73)
        self.value = 0

    def arguments(self):
        return (self.shared,)

    @classmethod
    def answer(cls, shared):
        value = 0
        while value >= 0:
            value = shared.wait(cls.there, value)
            shared[cls.back] = value

    def exchange(self):
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

    def exchange(self):
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

    def exchange(self):
        self.mine.send(1)
        self.mine.recv()

    def stop(self):
        self.mine.send(None)


LIMITS = {ByQueue: 8, ByPipe: 3}


def place(process, processor):
    for thread in os.listdir(f"/proc/{process}/task"):
        os.sched_setaffinity(int(thread), {processor})


def repeat(exchange):
    for _ in range(TIMES):
        exchange()


def measure(methods):
    sides = {type(method): lambda method=method: timed(repeat, method.exchange) / TIMES for method in methods}
    return alternate(sides, ROUNDS)


def report(title, times, limits):
    ours, missed = times.pop(ByList), False
    for method, theirs in times.items():
        ratio, least = median_ratio(theirs, ours), limits.get(method, 0)
        mark = f"at least {least}   {verdict(ratio >= least)}" if least else ""
        print(
            f"{title:30} {statistics.median(ours) * 1e9:9.0f} ns   {'multiprocessing.' + method.__name__[2:]:32} "
            f"{statistics.median(theirs) * 1e9:9.0f} ns   {ratio:5.1f} x faster   {mark}"
        )
        missed |= ratio < least
    return missed


def main():
    print(f"shareable {shareable.__version__}, Python {sys.version.split()[0]}, {ROUNDS} rounds, medians")
    processors, missed = sorted(os.sched_getaffinity(0)), False
    with ExitStack() as stack:
        methods, processes = [ByList(), ByQueue(), ByPipe()], []
        for method in methods:
            processes.append(context.Process(target=method.answer, args=method.arguments()))
            processes[-1].start()
            stack.callback(processes[-1].join)
            stack.callback(method.stop)
            method.exchange()
        place("self", processors[0])
        for title, processor, limits in (("on two processors", processors[-1], LIMITS), ("on one processor", processors[0], {})):
            for process in processes:
                place(process.pid, processor)
            missed |= report(f"hand over, {title}", measure(methods), limits)
    return missed


if __name__ == "__main__":
    sys.exit(main())
