"""The page RESULTS.md, made from the CSV files of a run."""

import csv
import json
import os
import statistics
from dataclasses import dataclass

import notes

OWN = "shareable"
NATIVE = {"C++": "C"}
HIGHER_IS_BETTER = {"1/s", "B/s"}
# The columns of a CSV file.
COLUMNS = ("metric", "subject", "case", "round", "value", "unit")


@dataclass(frozen=True)
class Spread:
    """A median and its quartiles."""

    median: float
    low: float
    high: float
    unit: str

    @classmethod
    def of(cls, values, unit):
        low, median, high = statistics.quantiles(values, method="inclusive") if len(values) > 1 else values * 3
        return cls(median, low, high, unit)

    def is_better_than(self, other):
        """Return whether it is better by more than 3 %, and the quartiles do not overlap."""
        if self.unit in HIGHER_IS_BETTER:
            return self.low > other.high and self.median > 1.03 * other.median
        return self.high < other.low and 1.03 * self.median < other.median

    def times(self, other):
        """Return the factor by which it is better than the other."""
        ratio = self.median / other.median if other.median else float("inf")
        return ratio if self.unit in HIGHER_IS_BETTER else 1 / ratio if ratio else float("inf")


class Data:
    """The values of a run: data["access"]["read int"]["shareable, C"] is a Spread."""

    def __init__(self, directory):
        with open(os.path.join(directory, "run.json")) as file:
            self.run = json.load(file)
        self.metrics = {}
        for name in self.run["notes"]:
            with open(os.path.join(directory, name + ".csv")) as file:
                self.metrics[name] = read(file)

    def __getitem__(self, name):
        return self.metrics[name]

    def find(self, metric, case, label):
        return self.metrics[metric].get(case, {}).get(label)


def read(file):
    values, units = {}, {}
    for row in csv.DictReader(file):
        values.setdefault(row["case"], {}).setdefault(row["subject"], []).append(float(row["value"]))
        units[row["case"]] = row["unit"]
    return {case: {label: Spread.of(measured, units[case]) for label, measured in by_label.items()} for case, by_label in values.items()}


# Functions that format numbers.

SCALES = {
    "ns": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")),
    "1/s": ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")),
    "B/s": ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1, "B/s")),
    "B": ((1 << 30, "GiB"), (1 << 20, "MiB"), (1, "B")),
}


def digits(number):
    return f"{number:,.0f}" if number >= 99.5 else f"{number:.0f}" if number >= 10 and number == int(number) else f"{number:.3g}"


def scaled(number, unit, like=None):
    factor, name = next((step for step in SCALES[unit] if (like or number) >= step[0]), SCALES[unit][-1])
    return digits(number / factor), name


def shown(number, unit):
    return " ".join(scaled(number, unit)).strip()


def cell(spread):
    if spread is None:
        return ""
    middle, name = scaled(spread.median, spread.unit)
    if spread.low == spread.high:
        return f"{middle} {name}".strip()
    low, high = (scaled(end, spread.unit, like=spread.median)[0] for end in (spread.low, spread.high))
    return f"**{middle}** {name} ({low} – {high})".replace("  ", " ")


def size(number):
    number = int(number)
    for factor, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if number >= factor:
            return f"{number // factor} {name}"
    return f"{number} B"


def table(head, rows):
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def grid(data, metric, cases, names):
    """Return a table with a row for each subject, this library first, and a column for each case.
    """
    labels = list(dict.fromkeys(label for case in cases for label in data[metric].get(case, ())))
    labels.sort(key=lambda label: not label.startswith(OWN))
    if not labels:
        return "This was not measured.\n"
    return table(["subject", *names], ([label, *(cell(data.find(metric, case, label)) for case in cases)] for label in labels))


def cases_of(data, metric, word):
    """Return the cases that begin with a word, and the rest of their names."""
    cases = [case for case in data[metric] if case.rsplit(" ", 1)[0] == word]
    return cases, [case.rsplit(" ", 1)[1] for case in cases]


# The faster alternatives.


def language(label):
    name = label.rsplit(", ", 1)[1]
    return NATIVE.get(name, name)


def pairs(data, metric):
    """Yield the pairs to compare: in the same language, or in all languages for memory."""
    for case, by_label in data[metric].items():
        if metric == "handover" and case.rsplit(" ", 1)[1] not in ("p50", "p99"):
            continue
        for own in filter(lambda label: label.startswith(OWN), by_label):
            for other in by_label:
                if not other.startswith(OWN) and (metric == "memory" or language(own) == language(other)):
                    yield case, own, other


def faster(data):
    """Return the factor of each case by metric, subject of this library, and faster alternative."""
    found = {}
    for metric in data.metrics:
        for case, own, other in pairs(data, metric):
            ours, theirs = data[metric][case][own], data[metric][case][other]
            if theirs.is_better_than(ours):
                found.setdefault((metric, own, other), {})[case] = theirs.times(ours)
    return found


def format_factors(factors):
    low, high = (f"{end:.2f}" if end < 10 else digits(end) for end in (min(factors), max(factors)))
    return f"{low} ×" if low == high else f"{low} to {high} ×"


def format_cases(cases):
    """Format cases, and group the cases that begin with the same word."""
    groups = {}
    for case in cases:
        word, _, rest = case.rpartition(" ")
        groups.setdefault(word, []).append(size(rest) if rest.isdigit() and int(rest) >= 4096 and int(rest) % 1024 == 0 else rest)
    return "; ".join(f"{word} {', '.join(rest)}".strip() for word, rest in groups.items())


def faster_table(data):
    rows = [
        (notes.NAMES[metric], own, other, format_cases(cases), format_factors(cases.values()), notes.note(metric, other))
        for (metric, own, other), cases in faster(data).items()
    ]
    if not rows:
        return "No alternative is better by more than 3 % with quartiles that do not overlap.\n"
    return table(["metric", "this library", "alternative", "cases", "factor", "note"], rows)


IN_C, IN_PYTHON = f"{OWN}, C", f"{OWN}, Python"
DATABASES = ("LMDB, C", "SQLite, C", "Redis, C")
DATABASES_IN_PYTHON = ("LMDB, Python", "SQLite, Python", "Redis, Python")
BOOST, STOCK = "Boost.Interprocess, C++", "ShareableList, Python"
MESSAGES = ("pipe, C", "Unix socket, C")
MESSAGES_IN_PYTHON = ("multiprocessing.Pipe, Python", "multiprocessing.Queue, Python", "Unix socket with JSON, Python", "Redis, Python")
# For each row of the summary: text, metric, case, subject of this library, alternatives.
SUMMARY = (
    ("read an int, in Python", "access", "read int", IN_PYTHON, (STOCK, "Manager().list(), Python", *DATABASES_IN_PYTHON, "list, Python")),
    ("read an int, in C", "access", "read int", IN_C, (BOOST, *DATABASES, "bare memory, C")),
    ("write a text of 16 bytes, in C", "access", "write str", IN_C, (BOOST, *DATABASES)),
    ("get an int of a dict, in C", "dicts", "get", IN_C, ("Boost unordered_map, C++", "LMDB, C")),
    ("hand over and back, in Python", "handover", "apart p50", IN_PYTHON, MESSAGES_IN_PYTHON),
    ("the same on one processor", "handover", "together p50", IN_PYTHON, MESSAGES_IN_PYTHON),
    ("hand over and back, in C", "handover", "apart p50", IN_C, (BOOST, *MESSAGES, "futex, C")),
    ("the same on one processor", "handover", "together p50", IN_C, (BOOST, *MESSAGES, "futex, C")),
    ("attach to a million ints, in Python", "sizes", "attach 1000000", IN_PYTHON, (STOCK,)),
    ("build a list of a million ints, in Python", "sizes", "build 1000000", IN_PYTHON, (STOCK,)),
    (
        "count in 2 processes, C and Python",
        "together",
        "count 2",
        f"{OWN}, mixed",
        (BOOST, *DATABASES, "Manager().list() and Lock(), Python"),
    ),
)


def summary_table(data):
    """Return the factor by which this library is faster than each alternative."""
    rows = []
    for text, metric, case, own, others in SUMMARY:
        ours = data.find(metric, case, own)
        found = [(other, data.find(metric, case, other)) for other in others]
        if ours and any(theirs for _, theirs in found):
            factors = ", ".join(f"{other.rsplit(', ', 1)[0]} {digits(ours.times(theirs))} ×" for other, theirs in found if theirs)
            rows.append((text, shown(ours.median, ours.unit) + ("/s" if ours.unit == "1/s" else ""), factors))
    return table(["", OWN, "times as fast as"], rows)


# The page.


def facts(data):
    rows = [*data.run["machine"].items(), *((f"package {name}", version) for name, version in data.run["versions"].items())]
    return table(["", ""], rows)


def section(data, drawn, metric, *parts):
    remarks = "".join(f"\n{remark}\n" for remark in data.run["notes"].get(metric, ()))
    pictures = "".join(f"\n![{title}](results/{name}.svg)\n" for name, title in drawn.get(metric, ()))
    body = "\n".join(f"\n### {title}\n\n{text}" if title else f"\n{text}" for title, text in parts)
    file = f"The values of all rounds are in `{metric}.csv`."
    return f"\n## {notes.TITLES[metric]}\n\n{notes.METHODS[metric]}\n{file}\n{remarks}{pictures}{body}"


def grids(data, metric, *words, name=str):
    """Yield a title and a grid for each first word of the cases."""
    for word in words:
        cases, rest = cases_of(data, metric, word)
        yield word[0].upper() + word[1:], grid(data, metric, cases, map(name, rest))


def page(data, drawn):
    left_out = ["".join(f"- {label}: {reason}.\n" for label, reason in data.run["left out"].items()) or "No subject is left out.\n"]
    memory_cases = list(data["memory"])
    huge = data.find("huge", "of 64 MiB", f"{OWN}, C")
    parts = [
        notes.INTRODUCTION.format(**data.run),
        "\n## Summary\n\n",
        summary_table(data),
        "\n## Faster alternatives\n\n",
        notes.FASTER,
        "\n",
        faster_table(data),
        section(data, drawn, "access", *grids(data, "access", "read", "write")),
        section(data, drawn, "handover", *grids(data, "handover", *dict.fromkeys(case.rsplit(" ", 1)[0] for case in data["handover"]))),
        section(data, drawn, "sizes", *grids(data, "sizes", "attach", "build", name=lambda count: f"{int(count):,}")),
        section(
            data,
            drawn,
            "together",
            *grids(data, "together", "read", "write", "count", name=lambda count: f"{count} process{'es' if count != '1' else ''}"),
        ),
        section(data, drawn, "dicts", (None, grid(data, "dicts", list(data["dicts"]), list(data["dicts"])))),
        section(data, drawn, "memory", (None, grid(data, "memory", memory_cases, memory_cases))),
        section(data, drawn, "copies", *grids(data, "copies", "into", "out of", name=size)),
        section(data, drawn, "creation", *grids(data, "creation", "lazy", "reserved", "used", name=size)),
        notes.HUGE.format(
            given=shown(huge.median, "B") if huge else "nothing", setting=data.run["machine"]["huge pages of shared memory"]
        ),
        "\n## Machine and versions\n\n",
        facts(data),
        "\n## Subjects that are left out\n\n",
        *left_out,
        *("".join(f"- {subject} failed: {reason}\n" for subject, reason in data.run["failed"].items())),
    ]
    return "".join(parts)
