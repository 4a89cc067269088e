"""The pictures of the results, as SVG. A picture has a title, and labels beside lines and points."""

import math
import os
from contextlib import suppress

from report import OWN, Spread, digits, shown, size

INK, SOFT, FAINT, PAPER = "#1f2328", "#59636e", "#d1d9e0", "#ffffff"
OURS, STOCK, OTHER, LIMIT = "#0969da", "#cf222e", "#818b98", "#1a7f37"
STOCKS = ("ShareableList", "SharedMemory", "Manager()", "multiprocessing.", "Value and")
LIMITS = ("bare", "futex", "memcpy", "list,", "dict,", "array,", "table,", "slice", "shm_open", "posix_fallocate", "mmap")


def color_of(label):
    if label.startswith(OWN):
        return OURS
    if label.startswith(LIMITS):
        return LIMIT
    return STOCK if label.startswith(STOCKS) else OTHER


def start():
    """Set up matplotlib so that the same values give the same SVG, in which text is text.

    Return None if matplotlib is not installed.
    """
    with suppress(ImportError):
        import matplotlib

        matplotlib.use("svg")
        matplotlib.rcParams.update(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": OWN,
                "font.size": 10,
                "font.family": "sans-serif",
                "text.color": INK,
                "axes.labelcolor": SOFT,
                "xtick.color": SOFT,
                "ytick.color": INK,
                "axes.edgecolor": FAINT,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "figure.facecolor": PAPER,
                "axes.facecolor": PAPER,
                "axes.titlelocation": "left",
            }
        )
        import matplotlib.pyplot

        return matplotlib.pyplot
    return None


def head(figure, title, below):
    """Draw the title and the subtitle at the top left."""
    height = figure.get_figheight()
    for text in (
        figure.text(0.015, 1 - 0.22 / height, title, fontsize=12, fontweight="bold", va="center"),
        figure.text(0.015, 1 - 0.48 / height, below, fontsize=9.5, color=SOFT, va="center"),
    ):
        wide = text.get_window_extent().width / (0.97 * figure.bbox.width)
        text.set_fontsize(text.get_fontsize() / max(wide, 1))


def save(pyplot, figure, directory, name):
    figure.savefig(os.path.join(directory, name + ".svg"), metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def set_axis(axes, which, values, unit, suffix=""):
    """Set up an axis for the values: logarithmic for y, and for x if they span a factor of 100."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis, span = getattr(axes, which + "axis"), max(values) / min(values)
    if span >= 100 or which == "y":
        axes.set(**{which + "scale": "log", which + "lim": (min(values) / span**0.04 / 1.2, max(values) * span**0.04 * 1.2)})
        axis.set_major_locator(LogLocator(subs=(1,) if span > 300 else (1, 2, 5)))
    else:
        axes.set(**{which + "lim": (0, max(values) * 1.1)})
    axis.set_major_formatter(FuncFormatter(lambda number, _: "".join((shown(number, unit), suffix))))
    axis.set_minor_locator(NullLocator())


def points(pyplot, directory, name, title, below, rows, unit, suffix="", columns=()):
    """Draw a row for each label, the best on top: a point, the end of a line or None, a hollow
    point or None.

    Without columns, the value is beside the point. With columns, the three values are at the right,
    under the names of the columns.
    """
    figure, axes = pyplot.subplots(figsize=(8.6, 1.1 + 0.245 * len(rows)))
    height = figure.get_figheight()
    figure.subplots_adjust(left=0.30, right=0.72 if columns else 0.90, top=1 - (0.9 if columns else 0.7) / height, bottom=0.36 / height)
    for place, (label, *values) in enumerate(reversed(rows)):
        draw_row(axes, place, color_of(label), *values)
        if not columns:
            axes.annotate(
                shown(values[0], unit) + suffix,
                (values[0], place),
                (8, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=color_of(label),
            )
        for column, value in zip(range(len(columns)), values):
            write_cell(axes, column, place, shown(value, unit) if value else "", color_of(label))
    for column, heading in enumerate(columns):
        write_cell(axes, column, len(rows), heading, SOFT)
    axes.set_yticks(range(len(rows)), [row[0] for row in reversed(rows)])
    for tick, (label, *_) in zip(axes.get_yticklabels(), reversed(rows)):
        tick.set_color(color_of(label))
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.tick_params(length=0)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    set_axis(axes, "x", [value for row in rows for value in row[1:] if value], unit, suffix)
    head(figure, title, below)
    save(pyplot, figure, directory, name)


def draw_row(axes, place, color, value, end, other):
    if end:
        axes.plot([value, end], [place, place], color=color, linewidth=2, alpha=0.45, solid_capstyle="butt")
    if other:
        axes.plot([other], [place], "o", markeredgecolor=color, markerfacecolor=PAPER, markersize=6.5)
    axes.plot([value], [place], "o", color=color, markersize=7)


def write_cell(axes, column, place, text, color):
    axes.annotate(
        text,
        (1.15 + 0.165 * column, place),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="center",
        fontsize=9,
        color=color,
        annotation_clip=False,
    )


def spread_labels(heights, least):
    """Return the heights of the labels, moved so that no label covers another."""
    placed, order = dict(heights), sorted(heights, key=heights.get)
    for _ in range(200):
        for lower, upper in zip(order, order[1:]):
            gap = placed[upper] - placed[lower]
            if gap < least:
                placed[lower] -= (least - gap) / 2
                placed[upper] += (least - gap) / 2
    return placed


def lines(pyplot, directory, name, title, below, panels, unit, suffix="", names=str, room=0.36):
    """Draw panels side by side. A panel has a title, and lines of (size, value) with labels."""
    figure, all_axes = pyplot.subplots(1, len(panels), figsize=(8.6 + 1.2 * (len(panels) - 1), 4.4), sharey=True, squeeze=False)
    figure.subplots_adjust(left=0.085, right=0.985, top=0.80 if panels[0][0] else 0.86, bottom=0.09, wspace=0.06)
    values = [value for _, by in panels for line in by.values() for _, value in line]
    across = sorted({x for _, by in panels for line in by.values() for x, _ in line})
    for axes, (panel, by) in zip(all_axes[0], panels):
        set_axis(axes, "y", values, unit, suffix)
        draw_panel(axes, by, across, room)
        axes.set_xticks(across, [names(x) if x in separated(across, room) else "" for x in across], fontsize=8.5)
        axes.xaxis.set_minor_locator(pyplot.NullLocator())
        axes.grid(axis="y", color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        axes.set_title(panel, fontsize=10, color=SOFT)
    head(figure, title, below)
    save(pyplot, figure, directory, name)


def separated(across, room):
    """Return the positions whose names do not overlap, chosen from the largest position down."""
    kept, least = [across[-1]], math.log(across[-1] / across[0]) * 0.09 / (1 - room) if len(across) > 1 else 0
    for x in reversed(across[:-1]):
        if math.log(kept[-1] / x) >= least:
            kept.append(x)
    return kept


def draw_panel(axes, by, across, room):
    span = across[-1] / across[0] if len(across) > 1 else 10
    low, high = axes.get_ylim()
    placed = spread_labels({label: math.log(line[-1][1]) for label, line in by.items()}, math.log(high / low) * 0.043)
    axes.set_xscale("log")
    axes.set_xlim(across[0] / span**0.05, across[-1] * span ** (room / (1 - room) + 0.1))
    for label, line in by.items():
        axes.plot(*zip(*line), "-o", color=color_of(label), markersize=4, linewidth=1.8)
        axes.annotate(
            label,
            line[-1],
            (across[-1] * span**0.07, math.exp(placed[label])),
            fontsize=8.5,
            color=color_of(label),
            va="center",
            arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 2},
        )


def line_of(data, metric, word, label):
    """Return the points of one subject in the cases "word 10", "word 100" …"""
    line = [
        (int(case.rsplit(" ", 1)[1]), by_label[label].median)
        for case, by_label in data[metric].items()
        if case.rsplit(" ", 1)[0] == word and label in by_label
    ]
    return sorted(line)


def all_lines(data, metric, word):
    labels = dict.fromkeys(label for by_label in data[metric].values() for label in by_label)
    found = {label: line_of(data, metric, word, label) for label in labels}
    return {label: line for label, line in found.items() if line}


def times(data, metric, case, own, other):
    ours, theirs = data.find(metric, case, own), data.find(metric, case, other)
    return ours.times(theirs) if isinstance(ours, Spread) and isinstance(theirs, Spread) else None


def versus(title, data, metric, case, own, *others):
    """Return a title with the factors to the other subjects that were measured."""
    found = [(name, times(data, metric, case, own, label)) for name, label in others]
    factors = [f"{digits(float(f'{factor:.2g}'))} × {name}" for name, factor in found if factor]
    return title + (": " + ", ".join(factors).replace(" × ", " × as fast as ", 1) if factors else "")


def draw_access(pyplot, data, directory):
    by_label = data["access"]["read int"]
    rows = sorted(((label, spread.median, None, None) for label, spread in by_label.items()), key=lambda row: -row[1])
    title = versus(
        "Reading an int, in Python",
        data,
        "access",
        "read int",
        f"{OWN}, Python",
        ("ShareableList", "ShareableList, Python"),
        ("SQLite", "SQLite, Python"),
        ("a Manager's list", "Manager().list(), Python"),
    )
    below = "Reads of one int per second by one process. Blue: shareable. Red: the standard library. Green: not shared, the limit"
    points(pyplot, directory, "access", title, below, rows, "1/s", "/s")
    return [("access", title)]


def draw_handover(pyplot, data, directory):
    apart, slow = data["handover"]["apart p50"], data["handover"]["apart p99"]
    together = data["handover"].get("together p50", {})
    rows = [
        (label, spread.median, slow[label].median, together[label].median if label in together else None) for label, spread in apart.items()
    ]
    rows.sort(key=lambda row: row[1])
    title = versus(
        "Hand-over to a process and back, in Python", data, "handover", "apart p50", f"{OWN}, Python", ("a Pipe", "multiprocessing.Pipe, Python")
    )
    if on_one := times(data, "handover", "together p50", f"{OWN}, Python", "multiprocessing.Pipe, Python"):
        title += f", {digits(float(f'{on_one:.2g}'))} × on one processor"
    below = "Time to the answer. Point: median, a processor for each process; line: to the 99th percentile; hollow: both on one processor"
    points(pyplot, directory, "handover", title, below, rows, "ns", columns=("median", "99th", "on one"))
    return [("handover", title)]


def draw_sizes(pyplot, data, directory):
    drawn = []
    longest = max((int(case.split()[1]) for case in data["sizes"] if "ShareableList, Python" in data["sizes"][case]), default=10)
    for word, verb in (("attach", "Attaching to"), ("build", "Building")):
        case = f"{word} {longest}"
        factor = times(data, "sizes", case, f"{OWN}, Python", "ShareableList, Python")
        ours = data.find("sizes", case, f"{OWN}, Python")
        title = verb + (
            f" {longest:,} ints, in Python: {shown(ours.median, 'ns')}, {digits(float(f'{factor:.2g}'))} × as fast as CPython"
            if factor
            else " a list of ints"
        )
        below = {
            "attach": "Time to attach to a list by name and to close it, by the length of the list",
            "build": "Time to create and remove a list of ints, by the length of the list",
        }[word]
        lines(pyplot, directory, word, title, below, [("", all_lines(data, "sizes", word))], "ns", names=lambda x: f"{x:,}", room=0.22)
        drawn.append((word, title))
    return drawn


def draw_together(pyplot, data, directory):
    panels = [
        (panel, all_lines(data, "together", word))
        for word, panel in (("read", "reads of one item"), ("count", "counts in one item, no count lost"))
    ]
    title = versus(
        "Counting together, in C",
        data,
        "together",
        "count 2",
        f"{OWN}, C",
        ("Boost", "Boost.Interprocess, C++"),
        ("LMDB", "LMDB, C"),
        ("SQLite", "SQLite, C"),
        ("Redis", "Redis, C"),
    )
    below = "Operations per second of 1, 2 and 4 processes together. Mixed: C, Python, Lua and Go on one list"
    lines(pyplot, directory, "together", title, below, panels, "1/s", "/s", room=0.5)
    return [("together", title)]


def draw_memory(pyplot, data, directory):
    rows = sorted(((label, spread.median, None, None) for label, spread in data["memory"]["int"].items()), key=lambda row: row[1])
    own = data.find("memory", "int", f"{OWN}, C")
    title = "Shared memory of an int in a list" + (f": {shown(own.median, 'B')}" if own else "")
    points(pyplot, directory, "memory", title, "Bytes per item, of many different ints", rows, "B")
    return [("memory", title)]


def draw_copies(pyplot, data, directory):
    panels = [(word + " a block", all_lines(data, "copies", word)) for word in ("into", "out of")]
    largest = max((case for case in data["copies"] if case.startswith("into")), key=lambda case: int(case.split()[1]))
    share = times(data, "copies", largest, f"{OWN}, Python", "memcpy in private memory, C")
    title = f"Copying {size(largest.split()[1])} into a block" + (
        f", in Python: at {share * 100:.0f} % of the speed of memcpy" if share else ""
    )
    below = "Bytes per second, by the number of bytes copied at once"
    lines(pyplot, directory, "copies", title, below, panels, "B/s", names=size, room=0.42)
    return [("copies", title)]


def draw_creation(pyplot, data, directory):
    panels = [
        (panel, all_lines(data, "creation", word))
        for word, panel in (("lazy", "lazy"), ("reserved", "reserved"), ("used", "used, every page"))
    ]
    panels = [(panel, by) for panel, by in panels if by]
    lazy = [value for _, value in line_of(data, "creation", "lazy", f"{OWN}, C")]
    title = "Creating a block" + (f": lazy, {shown(min(lazy), 'ns')} to {shown(max(lazy), 'ns')} at any size" if lazy else "")
    lines(
        pyplot,
        directory,
        "creation",
        title,
        "Time to create and remove a block, by its size",
        panels,
        "ns",
        names=lambda x: size(x).replace(" ", "\n"),
        room=0.62,
    )
    return [("creation", title)]


DRAWERS = {
    "access": draw_access,
    "handover": draw_handover,
    "sizes": draw_sizes,
    "together": draw_together,
    "memory": draw_memory,
    "copies": draw_copies,
    "creation": draw_creation,
}


def draw(data, directory):
    """Draw all pictures. Return their names and titles by metric, or {} without matplotlib."""
    pyplot = start()
    return {metric: drawer(pyplot, data, directory) for metric, drawer in DRAWERS.items()} if pyplot else {}
