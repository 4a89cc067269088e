"""The main loop of the subjects in Python. subject.h describes the protocol."""

import gc
import os
import sys
import time

ITEMS, ITEM = 1000, 500
TEXT, OTHER = "sixteen bytes ok", "sixteen more, ok"
EXCHANGES = 4000

VALUES = {"none": None, "bool": True, "int": 7, "float": 2.5, "str": TEXT, "bytes": TEXT.encode()}
# Two values for each type. A task writes them alternately, so that each write changes the item.
NEXT = {
    "none": (None, None),
    "bool": (True, False),
    "int": (7, 8),
    "float": (2.5, 3.5),
    "str": (TEXT, OTHER),
    "bytes": (TEXT.encode(), OTHER.encode()),
}

# The processors of the subject and of its partner.
processor, partner_processor = (int(os.environ.get(name, 0)) for name in ("BENCH_PROCESSOR", "BENCH_PARTNER_PROCESSOR"))


class Answer(Exception):
    """Raised by a task that answers without a run: an amount and a count."""


def place(process, processors):
    """Restrict all threads of a process to these processors."""
    for thread in os.listdir(f"/proc/{process}/task"):
        os.sched_setaffinity(int(thread), processors)


def run_for(nanoseconds, run, amount):
    """Run the task in batches, which grow until the cost of reading the clock is negligible."""
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
    return " ".join(map(str, ["each", *exchanges[:EXCHANGES]])) if exchanges else f"{done * amount} {last - start}"


def main(tasks):
    """Answer requests until the end of the input.

    A task takes the arguments of the request, and returns a context manager of a function
    run(times). If run has an attribute amount, one repetition adds that amount to the answer
    instead of 1.
    """
    gc.disable()
    current = context = None
    for line in sys.stdin:
        nanoseconds, name, *arguments = line.split()
        try:
            if (name, arguments) != current:
                leave(context)
                current = context = None
                entered = tasks[name](*arguments)
                run = entered.__enter__()
                current, context = (name, arguments), entered
            answer = run_for(int(nanoseconds), run, getattr(run, "amount", 1)) if run else "0 1"
        except Answer as given:
            answer = "{} {}".format(*given.args)
        print(answer, flush=True)
    leave(context)


def leave(context):
    if context:
        context.__exit__(None, None, None)
