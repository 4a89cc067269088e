"""Makes the page RESULTS.md from the files of a run."""

import csv
import json
import os
import statistics
from dataclasses import dataclass

import notes as reasons

OWN = "shareable"
NATIVE = {"C++": "C"}
HIGHER_IS_BETTER = {"1/s", "B/s"}


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

    def is_ahead_of(self, other):
        """Whether it is better by more than the variation of either."""
        if self.unit in HIGHER_IS_BETTER:
            return self.low > other.high and self.median > 1.03 * other.median
        return self.high < other.low and 1.03 * self.median < other.median

    def times(self, other):
        """The factor by which it is better than the other."""
        ratio = self.median / other.median if other.median else float("inf")
        return ratio if self.unit in HIGHER_IS_BETTER else 1 / ratio if ratio else float("inf")


class Data:
    """The figures of a run: data["access"]["read int"]["shareable, C"] is a Spread."""

    def __init__(self, folder):
        with open(os.path.join(folder, "run.json")) as file:
            self.run = json.load(file)
        self.figures = {}
        for name in self.run["notes"]:
            with open(os.path.join(folder, name + ".csv")) as file:
                self.figures[name] = read(file)

    def __getitem__(self, name):
        return self.figures[name]

    def find(self, figure, case, label):
        return self.figures[figure].get(case, {}).get(label)


def read(file):
    values, units = {}, {}
    for row in csv.DictReader(file):
        values.setdefault(row["parameter"], {}).setdefault(row["contender"], []).append(float(row["value"]))
        units[row["parameter"]] = row["unit"]
    return {case: {label: Spread.of(these, units[case]) for label, these in of.items()} for case, of in values.items()}


# Formats numbers.

SCALES = {
    "ns": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")),
    "1/s": ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")),
    "B/s": ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1, "B/s")),
    "B": ((1 << 30, "GiB"), (1 << 20, "MiB"), (1, "B")),
}


def digits(number):
    return f"{number:,.0f}" if number >= 99.5 else f"{number:.0f}" if number >= 10 and number == int(number) else f"{number:.3g}"


def scaled(number, unit, like=None):
    factor, name = next((one for one in SCALES[unit] if (like or number) >= one[0]), SCALES[unit][-1])
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


def grid(data, figure, cases, names, corner="contender"):
    """A row for each contender, this library first, and a column for each case."""
    labels = list(dict.fromkeys(label for case in cases for label in data[figure].get(case, ())))
    labels.sort(key=lambda label: not label.startswith(OWN))
    if not labels:
        return "This was not measured.\n"
    return table([corner, *names], ([label, *(cell(data.find(figure, case, label)) for case in cases)] for label in labels))


def cases_of(data, figure, word):
    """The cases that begin with a word, and the rest of their names."""
    cases = [case for case in data[figure] if case.rsplit(" ", 1)[0] == word]
    return cases, [case.rsplit(" ", 1)[1] for case in cases]


# Faster peers.


def language(label):
    its = label.rsplit(", ", 1)[1]
    return NATIVE.get(its, its)


def rivals(data, figure):
    """Pairs to compare: in the same language, or, for memory, in any language."""
    for case, of in data[figure].items():
        if figure == "handover" and case.rsplit(" ", 1)[1] not in ("p50", "p99"):
            continue
        for own in filter(lambda label: label.startswith(OWN), of):
            for peer in of:
                if not peer.startswith(OWN) and (figure == "memory" or language(own) == language(peer)):
                    yield case, own, peer


def ahead(data):
    """The faster peers, by figure, contender of this library and peer: the cases, each with its factor."""
    found = {}
    for figure in data.figures:
        for case, own, peer in rivals(data, figure):
            ours, theirs = data[figure][case][own], data[figure][case][peer]
            if theirs.is_ahead_of(ours):
                found.setdefault((figure, own, peer), {})[case] = theirs.times(ours)
    return found


def times(factors):
    low, high = (f"{end:.2f}" if end < 10 else digits(end) for end in (min(factors), max(factors)))
    return f"{low} ×" if low == high else f"{low} to {high} ×"


def in_words(cases):
    """Formats cases; those that begin with the same word are grouped."""
    by = {}
    for case in cases:
        word, _, rest = case.rpartition(" ")
        by.setdefault(word, []).append(size(rest) if rest.isdigit() and int(rest) >= 4096 and int(rest) % 1024 == 0 else rest)
    return "; ".join(f"{word} {', '.join(rest)}".strip() for word, rest in by.items())


def ahead_table(data):
    rows = [
        (reasons.FIGURES[figure], own, peer, in_words(cases), times(cases.values()), reasons.why(figure, peer))
        for (figure, own, peer), cases in ahead(data).items()
    ]
    if not rows:
        return "No peer is faster by more than the variation of the figures.\n"
    return table(["figure", "this library", "peer", "cases", "factor", "reason"], rows)


IN_C, IN_PYTHON = f"{OWN}, C", f"{OWN}, Python"
TABLES = ("LMDB, C", "SQLite, C", "Redis, C")
TABLES_IN_PYTHON = ("LMDB, Python", "SQLite, Python", "Redis, Python")
BOOST, STOCK = "Boost.Interprocess, C++", "ShareableList, Python"
MESSAGES = ("pipe, C", "Unix socket, C")
MESSAGES_IN_PYTHON = ("multiprocessing.Pipe, Python", "multiprocessing.Queue, Python", "Unix socket with JSON, Python", "Redis, Python")
# For each row of the summary: text, figure, case, contender of this library, peers.
SHORT = (
    ("read an int, in Python", "access", "read int", IN_PYTHON, (STOCK, "Manager().list(), Python", *TABLES_IN_PYTHON, "list, Python")),
    ("read an int, in C", "access", "read int", IN_C, (BOOST, *TABLES, "bare memory, C")),
    ("write a text of 16 bytes, in C", "access", "write str", IN_C, (BOOST, *TABLES)),
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
        (BOOST, *TABLES, "Manager().list() and Lock(), Python"),
    ),
)


def short_table(data):
    """The summary: the factor by which this library is faster than each peer."""
    rows = []
    for text, figure, case, own, peers in SHORT:
        ours = data.find(figure, case, own)
        held = [(peer, data.find(figure, case, peer)) for peer in peers]
        if ours and any(theirs for _, theirs in held):
            against = ", ".join(f"{peer.rsplit(', ', 1)[0]} {digits(ours.times(theirs))} ×" for peer, theirs in held if theirs)
            rows.append((text, shown(ours.median, ours.unit) + ("/s" if ours.unit == "1/s" else ""), against))
    return table(["", OWN, "times as fast as"], rows)


# The page.


def facts(data):
    rows = [*data.run["machine"].items(), *((f"package {name}", version) for name, version in data.run["versions"].items())]
    return table(["", ""], rows)


def section(data, drawn, figure, *parts):
    notes = "".join(f"\n{note}\n" for note in data.run["notes"].get(figure, ()))
    pictures = "".join(f"\n![{title}](results/{name}.svg)\n" for name, title in drawn.get(figure, ()))
    body = "\n".join(f"\n### {title}\n\n{text}" if title else f"\n{text}" for title, text in parts)
    raw = f"All rounds: [{figure}.csv](results/{figure}.csv)."
    return f"\n## {reasons.TITLES[figure]}\n\n{reasons.METHODS[figure]}\n{raw}\n{notes}{pictures}{body}"


def kinds(data, figure, *words, name=str):
    """A grid for each first word of the cases."""
    for word in words:
        cases, rest = cases_of(data, figure, word)
        yield word[0].upper() + word[1:], grid(data, figure, cases, map(name, rest))


def page(data, drawn):
    out = ["".join(f"- {label}: {why}.\n" for label, why in data.run["left out"].items()) or "No contender is left out.\n"]
    memory_cases = list(data["memory"])
    huge = data.find("huge", "of 64 MiB", f"{OWN}, C")
    parts = [
        reasons.INTRODUCTION.format(**data.run),
        "\n## Summary\n\n",
        short_table(data),
        "\n## Faster peers\n\n",
        reasons.AHEAD,
        "\n",
        ahead_table(data),
        section(data, drawn, "access", *kinds(data, "access", "read", "write")),
        section(data, drawn, "handover", *kinds(data, "handover", *dict.fromkeys(case.rsplit(" ", 1)[0] for case in data["handover"]))),
        section(data, drawn, "sizes", *kinds(data, "sizes", "attach", "build", name=lambda count: f"{int(count):,}")),
        section(
            data,
            drawn,
            "together",
            *kinds(data, "together", "read", "write", "count", name=lambda count: f"{count} process{'es' if count != '1' else ''}"),
        ),
        section(data, drawn, "memory", (None, grid(data, "memory", memory_cases, memory_cases))),
        section(data, drawn, "copies", *kinds(data, "copies", "into", "out of", name=size)),
        section(data, drawn, "creation", *kinds(data, "creation", "lazy", "reserved", "used", name=size)),
        reasons.HUGE.format(
            given=shown(huge.median, "B") if huge else "nothing", setting=data.run["machine"]["huge pages of shared memory"]
        ),
        "\n## Machine and versions\n\n",
        facts(data),
        "\n## Contenders that are left out\n\n",
        *out,
        *("".join(f"- {who} failed: {why}\n" for who, why in data.run["failed"].items())),
    ]
    return "".join(parts)
