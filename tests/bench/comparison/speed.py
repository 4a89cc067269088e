"""Measures the operations that have a goal, and compares each with similar work of other code:
`make bench-speed`. The working directory is the build tree.

  speed.py [--strict] [--rounds N] [--only TEXT]

All sides of a row are measured once in each round, in alternating order (rounds.py), and the values
are medians. A row has the goal of its first side. If the goal is a ratio, it limits the ratio of the
first side to the second; the ratio is the median of the rounds. Exits with 2 if a measurement
failed. With --strict, exits with 1 if a goal is missed. Goals are for a machine that is not busy.
"""

import argparse
import os
import shutil
import statistics
import sys
from dataclasses import dataclass
from functools import partial
from typing import Optional

import metrics
import rounds

NANOSECONDS = 40_000_000
LUAJIT = "tests/bench/comparison/luajit"


@dataclass(frozen=True)
class Unit:
    name: str
    digits: int
    of_answer: callable  # returns the value of an answer (subject.h)


def operation(answer):
    amount, took = map(float, answer)
    return took / amount


def share(answer):
    amount, took = map(float, answer)
    return amount / took * 100


def exchange(answer):
    """Return the median of the exchanges."""
    return statistics.median(map(int, answer[1:]))


TIME = Unit("ns", 1, operation)
HANDOVER = Unit("ns", 0, exchange)
SHARE = Unit("%", 2, share)
PLACE = Unit("bytes", 1, lambda answer: float(answer[0]) / float(answer[1]))
COUNT = Unit("", 0, lambda answer: float(answer[0]))


@dataclass(frozen=True)
class Row:
    title: str
    unit: Unit
    goal: Optional[float]  # None: this row only informs
    sides: dict  # by label: the subject and its task; the first side has the goal
    is_ratio: bool = False
    nanoseconds: int = NANOSECONDS
    rounds: Optional[int] = None  # at most this number


def go(group):
    """Return this library in Go, with all processors."""
    subject = metrics.compiled("Go", "in_go", group)
    processors = ",".join(map(str, rounds.PROCESSORS))
    return metrics.Subject("Go", ("taskset", "--cpu-list", processors, *subject.command), subject.missing)


def luajit():
    if not os.path.exists(os.path.join(LUAJIT, "shareable/raw.so")):
        return metrics.Subject("LuaJIT", missing="LuaJIT is not installed, or the binding is not built")
    source = os.path.join(metrics.DIRECTORY, "../../../bindings/lua")
    environment = (
        f"LUA_PATH={source}/?.lua;{source}/?/init.lua;;",
        f"LUA_CPATH={LUAJIT}/?.so;;",
        "LD_LIBRARY_PATH=core/.libs",
    )
    return metrics.Subject("LuaJIT", ("env", *environment, shutil.which("luajit"), metrics.script("lists.lua"), "ours"))


def dicts():
    """Return the rows of dicts: 1,000 keys of 16 bytes with ints, in random order."""
    own = metrics.compiled("C", "dicts")
    lmdb = metrics.compiled("LMDB", "dicts_lmdb", package="liblmdb-dev")
    boost = metrics.compiled("Boost", "dicts_boost", package="libboost-dev")

    def beside(title, goal, task):
        others = {"LMDB": (lmdb, task), "Boost unordered_map": (boost, task)}
        if task == "get":
            others["LMDB, new transactions"] = lmdb, "get new"
        return Row(f"C: dict, {title}", TIME, goal, {"C": (own, task), **others})

    def hot(title, goal, operation):
        sides = {"shared": (own, f"hot {operation} shared"), "private": (own, f"hot {operation} private")}
        return Row(f"C: dict, {title}, 4 processes", TIME, goal, sides, is_ratio=True, nanoseconds=200_000_000)

    def memory(goal, places):
        return Row(f"C: dict, memory of a counter of {places:,}", PLACE, goal, {"C": (own, f"memory {places}")}, rounds=1)

    return (
        beside("get an int", 33.3, "get"),
        beside("set an int", None, "set"),
        beside("add to an int", None, "add"),
        beside("delete and insert", None, "renew"),
        Row(
            "C: dict, keys come and go, int and str",
            TIME,
            1.1,
            {"after 9,000,000 operations": (own, "churn 9000000"), "after 20,000": (own, "churn 20000")},
            is_ratio=True,
        ),
        Row(
            "C: dict, open 1,000,000 keys",
            TIME,
            1.5,
            {"dict": (own, "open 1000000"), "list": (own, "open-list 1000000")},
            is_ratio=True,
        ),
        memory(None, 10),
        memory(125, 1000),
        memory(125, 1_000_000),
        hot("get one key", 1.1, "get"),
        hot("add to one key", None, "add"),
    )


def rows():
    core, bare, boost = metrics.compiled("C", "shareable"), metrics.compiled("bare calls", "bare"), metrics.boost()
    typed, called = go("typed"), go("called")

    def in_go(title, goal, subject, task, function):
        return Row(f"Go {title}", TIME, goal, {"Go": (subject, task), "cgo": (called, function), "C": (core, function)})

    def in_luajit(title, goal, task):
        return Row(f"LuaJIT {title}", TIME, goal, {"LuaJIT": (luajit(), task), "Lua": (metrics.lua("Lua", "ours"), task), "C": (core, task)})

    def in_c(title, goal, task):
        return Row(f"C: write {title}", TIME, goal, {"C": (core, task), "Boost": (boost, task)})

    return (
        in_go("GetInt", 8, typed, "read int", "read int"),
        in_go("GetFloat", 8, typed, "read float", "read float"),
        in_go("At[int64]", 8, typed, "at int", "read int"),
        in_go("SetInt", 30, typed, "write int", "write int"),
        in_go("Get (any) of an int", 25, go("ours"), "read int", "read int"),
        Row("Go typed accesses, allocations", COUNT, 0, {"Go": (typed, "allocations -")}),
        Row(
            f"Go GetInt, 10 goroutines, {len(rounds.PROCESSORS)} processors",
            TIME,
            1.1,
            {"10 goroutines": (go("crowd"), "read 10"), "1 goroutine": (go("crowd"), "read 1")},
            is_ratio=True,
        ),
        Row("Go, 1,000 wait on 1 handle", SHARE, 0.5, {"Go": (go("waiting"), "idle one")}),
        Row("Go, 200 wait on 200 handles", SHARE, 0.5, {"Go": (go("waiting"), "idle many")}),
        Row("Go, 200 wait on 200, threads", COUNT, 12, {"Go": (go("waiting"), "threads -")}),
        in_luajit("l[i]", 6, "read int"),
        in_luajit("l[i] = v", 12, "write int"),
        in_c("None", 7, "write none"),
        in_c("a text of 16 bytes", 25, "write str"),
        Row(
            "C: lazy creation",
            TIME,
            1.4,
            {"C": (core, f"create lazy {metrics.MIB}"), "bare calls": (bare, f"create lazy {metrics.MIB}")},
            is_ratio=True,
        ),
        Row(
            "C: hand-over on one processor",
            HANDOVER,
            1,
            {"C": (core, "handover together"), "pipe": (bare, "pipe together")},
            is_ratio=True,
            nanoseconds=100_000_000,
        ),
        *dicts(),
    )


class Result:
    """The values of each side of a row, by label, in the order of the rounds."""

    def __init__(self, row):
        self.row, self.values = row, {label: [] for label in row.sides}

    def add(self, label, _number, answer):
        self.values[label].append(self.row.unit.of_answer(answer))

    def measured(self):
        """Return the value that the goal limits."""
        if not self.row.is_ratio:
            return statistics.median(next(iter(self.values.values())))
        return statistics.median(a / b for a, b in zip(*self.values.values()))

    def is_reached(self):
        return self.row.goal is None or self.measured() <= self.row.goal

    def text(self):
        unit = self.row.unit
        values = {label: f"{statistics.median(values):.{unit.digits}f} {unit.name}" for label, values in self.values.items() if values}
        sides = ", ".join(f"{label} {value}" for label, value in values.items())
        name = "x" if self.row.is_ratio else unit.name
        digits = 2 if self.row.is_ratio else unit.digits
        measured = f"{self.measured():.{digits}f}"
        if self.row.goal is None:
            return f"{self.row.title:42} {f'{measured} {name}':26} {'':8} {sides}"
        goal = f"{measured} of at most {self.row.goal:g} {name}"
        return f"{self.row.title:42} {goal:26} {'reached' if self.is_reached() else 'MISSED':8} {sides}"


def measure(row, number):
    """Measure a row and print it. Return whether its goal is reached, or None if a side failed."""
    solos = {}
    result = Result(row)
    try:
        for label, (subject, task) in row.sides.items():
            if subject.missing:
                print(f"{row.title:42} without {label}: {subject.missing}")
                continue
            solos[label] = rounds.Solo(subject.command), task
        if next(iter(row.sides)) not in solos or (row.is_ratio and len(solos) < 2):
            return True
        failed = rounds.measure(solos, min(number, row.rounds or number), row.nanoseconds, partial(result.add))
    finally:
        for solo, _ in solos.values():
            solo.close()
    for label, reason in failed.items():
        print(f"{row.title:42} {label} failed: {reason}", file=sys.stderr)
    if failed:
        return None
    print(result.text(), flush=True)
    return result.is_reached()


def main():
    parser = argparse.ArgumentParser(description="Measures the operations that have a goal.")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a goal is missed")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", default="", help="measure only the rows whose titles contain this")
    arguments = parser.parse_args()
    print(f"{arguments.rounds} rounds, medians; load {os.getloadavg()[0]:.1f}")
    reached = [measure(row, arguments.rounds) for row in rows() if arguments.only in row.title]
    if None in reached:
        return 2
    return int(arguments.strict and not all(reached))


if __name__ == "__main__":
    sys.exit(main())
