"""The main loop of a contender in Python: see subject.h for the protocol."""

import gc
import os
import sys
import time

ITEMS, ITEM = 1000, 500
TEXT, OTHER = "sixteen bytes ok", "sixteen more, ok"
EXCHANGES = 4000

VALUES = {"none": None, "bool": True, "int": 7, "float": 2.5, "str": TEXT, "bytes": TEXT.encode()}
# The values that are written in turn; each differs from the one before.
NEXT = {
    "none": (None, None),
    "bool": (True, False),
    "int": (7, 8),
    "float": (2.5, 3.5),
    "str": (TEXT, OTHER),
    "bytes": (TEXT.encode(), OTHER.encode()),
}

here, there = (int(os.environ.get(name, 0)) for name in ("BENCH_HERE", "BENCH_THERE"))


class Answer(Exception):
    """A work answers without a run: an amount and a count."""


def place(process, processors):
    """Make all threads of a process run on these processors."""
    for thread in os.listdir(f"/proc/{process}/task"):
        os.sched_setaffinity(int(thread), processors)


def work_for(nanoseconds, run, worth):
    """Run the work in batches that grow until the cost of reading the clock does not matter."""
    start = last = time.perf_counter_ns()
    times, done, exchanges = 1, 0, []
    while True:
        exchanges += run(times) or ()
        done += times
        now = time.perf_counter_ns()
        if now - last < nanoseconds / 64:
            times *= 2
        last = now
        if last - start >= nanoseconds or len(exchanges) >= EXCHANGES:
            break
    return " ".join(map(str, ["each", *exchanges[:EXCHANGES]])) if exchanges else f"{done * worth} {last - start}"


def take_all(works):
    """Handle requests until the end of the input. A work takes words and returns a context of run(times)."""
    gc.disable()
    asked = context = None
    for line in sys.stdin:
        nanoseconds, name, *words = line.split()
        try:
            if (name, words) != asked:
                leave(context)
                asked = context = None
                entering = works[name](*words)
                run = entering.__enter__()
                asked, context = (name, words), entering
            answer = work_for(int(nanoseconds), run, getattr(run, "worth", 1)) if run else "0 1"
        except Answer as given:
            answer = "{} {}".format(*given.args)
        print(answer, flush=True)
    leave(context)


def leave(context):
    if context:
        context.__exit__(None, None, None)
