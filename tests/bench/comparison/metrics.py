"""The figures: for each, its cases, its contenders, and their words (see subjects/subject.h).

The kind of a figure determines the unit of its values: "time", nanoseconds of one operation; "rate",
operations per second; "bandwidth", bytes per second; "each", the time of every exchange; "amount",
bytes of one item.
"""

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass, field

import machine

FOLDER = os.path.dirname(os.path.abspath(__file__))
OWN = "shareable"
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
TYPES = ("none", "bool", "int", "float", "str", "bytes")
NUMBERS = ("int", "float")


@dataclass(frozen=True)
class Scale:
    """The amount of measurements: all, or enough to test the program."""

    rounds: int
    share: float  # of the time of a turn
    sizes: tuple  # of lists
    copies: tuple
    blocks: tuple
    places: tuple
    items: int
    members: tuple


SCALES = {
    "full": Scale(
        rounds=11,
        share=1,
        sizes=tuple(10**n for n in range(1, 8)),
        copies=(4 * KIB, 64 * KIB, MIB, 16 * MIB, 256 * MIB),
        blocks=(MIB, 16 * MIB, 256 * MIB, GIB, 4 * GIB),
        places=("apart", "together", "asleep"),
        items=100_000,
        members=(1, 2, 4),
    ),
    "small": Scale(
        rounds=2,
        share=0.01,
        sizes=(10, 1000),
        copies=(4 * KIB, MIB),
        blocks=(MIB,),
        places=("apart",),
        items=1000,
        members=(1, 2),
    ),
}
# Standard Python takes minutes for lists of more items.
STOCK_MOST = 1_000_000


@dataclass(frozen=True)
class Contender:
    """A contender and its command, or the reason why it is missing."""

    label: str
    command: tuple = ()
    missing: str = ""


@dataclass
class Figure:
    name: str
    kind: str
    nanoseconds: int = 40_000_000
    contenders: dict = field(default_factory=dict)
    cases: dict = field(default_factory=dict)  # by case: label → words
    rounds: dict = field(default_factory=dict)  # by case, if it differs from the scale
    hosts: dict = field(default_factory=dict)  # of teams, by label: the host
    members: dict = field(default_factory=dict)  # of teams, by case: their number
    notes: list = field(default_factory=list)

    def add(self, contender, words):
        self.contenders[contender.label] = contender
        for case, its in words.items():
            self.cases.setdefault(case, {})[contender.label] = its


def compiled(label, program, *words, package=None):
    path = os.path.join("tests/bench/comparison", program)
    return Contender(label, (path, *words), "" if os.path.exists(path) else f"{package or program} is not installed, or not built")


def script(name):
    return os.path.join(FOLDER, "subjects", name)


def stock(label, file, *words, module="sys", package=None):
    """Runs in the standard Python that runs this program."""
    missing = "" if importlib.util.find_spec(module) else f"{package} is not installed"
    return Contender(label, (sys.executable, "-E", "-s", script(file), *words), missing)


def bound(label, interpreter, file, *words):
    """Runs in the Python or Lua that a binding was built for."""
    path = os.environ.get(interpreter)
    return Contender(label, (path, script(file), *words), "" if path else "the binding is not built")


def ours(file, *words):
    return bound(f"{OWN}, Python", "BENCH_PYTHON", file, *words)


def lua(label, *words):
    return bound(label, "BENCH_LUA", "lists.lua", *words)


def redis(contender):
    missing = contender.missing or ("" if shutil.which("redis-server") else "redis-server is not installed")
    return Contender(contender.label, contender.command, missing)


def tables():
    """Small tables that several languages can read and write."""
    yield compiled("LMDB, C", "lmdb", package="liblmdb-dev")
    yield compiled("SQLite, C", "sqlite", package="libsqlite3-dev")
    yield redis(compiled("Redis, C", "redis", package="libhiredis-dev"))


def tables_in_python():
    yield stock("LMDB, Python", "tables.py", "lmdb", module="lmdb", package="python3-lmdb")
    yield stock("SQLite, Python", "tables.py", "sqlite", module="sqlite3", package="python3")
    yield redis(stock("Redis, Python", "tables.py", "redis", module="redis", package="python3-redis"))


def boost():
    return compiled("Boost.Interprocess, C++", "boost", package="libboost-dev")


def system_v(file, *words):
    """Debian has no posix_ipc; sysv_ipc, by the same author, does the same with System V's interface."""
    return stock("System V by sysv_ipc, Python", file, *words, module="sysv_ipc", package="python3-sysv-ipc")


def access(scale):
    """One item of 1,000, read or written, in every type and language."""
    figure = Figure("access", "rate")

    def join(contender, kinds):
        figure.add(contender, {f"{operation} {kind}": f"{operation} {kind}" for operation in ("read", "write") for kind in kinds})

    join(compiled(f"{OWN}, C", "shareable"), TYPES)
    join(ours("lists.py", "ours"), TYPES)
    join(lua(f"{OWN}, Lua", "ours"), TYPES)
    join(compiled(f"{OWN}, Go", "in_go", "ours"), TYPES)
    join(compiled(f"{OWN} by type, Go", "in_go", "typed"), NUMBERS)
    join(stock("ShareableList, Python", "lists.py", "stock"), TYPES)
    join(stock("SharedMemory and struct, Python", "lists.py", "memory"), (*NUMBERS, "bytes"))
    join(system_v("lists.py", "sysv"), (*NUMBERS, "bytes"))
    join(stock("Value and its Lock, Python", "lists.py", "value"), NUMBERS)
    join(stock("Manager().list(), Python", "lists.py", "manager"), TYPES)
    join(boost(), TYPES)
    for table in (*tables(), *tables_in_python()):
        join(table, ("int", "str"))
    join(compiled("bare memory, C", "bare"), (*NUMBERS, "str"))
    join(stock("list, Python", "lists.py", "list"), TYPES)
    join(stock("dict, Python", "lists.py", "dict"), TYPES)
    join(stock("array, Python", "lists.py", "array"), NUMBERS)
    join(lua("table, Lua", "table"), TYPES)
    join(compiled("slice of any, Go", "in_go", "slice"), TYPES)
    return figure


def sizes(scale):
    """A list of ints, made and removed, or attached and closed."""
    figure = Figure("sizes", "time")
    fitting = [size for size in scale.sizes if fits(size * 60)]
    if len(fitting) < len(scale.sizes):
        figure.notes.append(f"No list of more than {max(fitting, default=0):,} items was made: there is not enough memory.")
    figure.notes.append(f"The lists of standard Python and of Boost have at most {STOCK_MOST:,} items: more would take minutes.")

    def join(contender, most):
        figure.add(contender, {f"{operation} {size}": f"{operation} {size}" for operation in ("build", "attach") for size in fitting if size <= most})

    join(compiled(f"{OWN}, C", "shareable"), max(scale.sizes))
    join(ours("lists.py", "ours"), max(scale.sizes))
    join(stock("ShareableList, Python", "lists.py", "stock"), STOCK_MOST)
    join(boost(), STOCK_MOST)
    figure.rounds = {f"{operation} {size}": 5 for operation in ("build", "attach") for size in fitting if size >= STOCK_MOST}
    return figure


def fits(size):
    return size * 1.3 < min(machine.free("/dev/shm"), machine.memory_available())


def handover(scale):
    """A small value handed to another process, and back."""
    figure = Figure("handover", "each", nanoseconds=300_000_000)

    def join(contender, name="handover"):
        figure.add(contender, {place: f"{name} {place}" for place in scale.places})

    join(compiled(f"{OWN}, C", "shareable"))
    join(ours("handover.py", "ours"))
    join(compiled("futex, C", "bare"), "futex")
    join(boost())
    join(compiled("pipe, C", "bare"), "pipe")
    join(compiled("Unix socket, C", "bare"), "socket")
    for label, word in (
        ("multiprocessing.Pipe", "connection"),
        ("multiprocessing.Queue", "queue"),
        ("pipe", "pipe-raw"),
        ("pipe with JSON", "pipe-json"),
        ("pipe with pickle", "pipe-pickle"),
        ("Unix socket", "socket-raw"),
        ("Unix socket with JSON", "socket-json"),
        ("Unix socket with pickle", "socket-pickle"),
    ):
        join(stock(f"{label}, Python", "handover.py", word))
    join(system_v("handover.py", "sysv"))
    join(redis(stock("Redis, Python", "handover.py", "redis", module="redis", package="python3-redis")))
    return figure


def together(scale):
    """Several processes that all read, write or count in the same item; mixed: C, Python, Lua and Go in turn."""
    figure = Figure("together", "rate", nanoseconds=150_000_000)
    native, python = compiled(f"{OWN}, C", "shareable"), ours("lists.py", "ours")
    languages = [one for one in (native, python, lua("", "ours"), compiled("", "in_go", "ours")) if not one.missing]

    def join(contender, host, works, members=()):
        figure.hosts[contender.label] = host.command, [one.command for one in members] or [contender.command]
        counts = [count for count in scale.members if count > 1 or not members]
        figure.add(contender, {f"{operation} {count}": word for operation, word in works.items() for count in counts})

    plain = {"read": "team-read", "write": "team-write"}
    both = {**plain, "count": "team-add"}
    locked = {"count": "team-locked"}
    join(native, native, both)
    join(python, native, both)
    join(Contender(f"{OWN}, mixed", native.command), native, both, languages)
    join(Contender(f"{OWN} under its lock, C", native.command), native, locked)
    join(Contender(f"{OWN} under its lock, Python", python.command, python.missing), native, locked)
    join(Contender(f"{OWN} under its lock, mixed", native.command), native, locked, languages)
    for contender, works in (
        (stock("ShareableList, Python", "lists.py", "stock"), plain),
        (stock("Manager().list() and Lock(), Python", "lists.py", "manager"), both),
        (system_v("lists.py", "sysv"), both),
        (boost(), both),
        *((table, both) for table in tables()),
        (compiled("bare atomics, C", "bare"), both),
    ):
        join(contender, contender, works)
    value = stock("Value and its Lock, Python", "lists.py", "value")
    figure.add(value, {f"count {count}": f"family-add {count}" for count in scale.members})
    figure.members = {f"{operation} {count}": count for operation in both for count in scale.members}
    figure.rounds = dict.fromkeys(figure.cases, min(7, scale.rounds))
    return figure


def memory(scale):
    """The bytes of an item in a list or table of many different items."""
    figure = Figure("memory", "amount")

    def join(contender, kinds):
        figure.add(contender, {kind: f"memory {kind} {scale.items}" for kind in kinds})

    join(compiled(f"{OWN}, C", "shareable"), TYPES)
    join(stock("ShareableList, Python", "lists.py", "stock"), TYPES)
    join(boost(), TYPES)
    for table in tables():
        join(table, ("int", "str"))
    join(stock("Manager().list(), Python", "lists.py", "manager"), TYPES)
    join(stock("list, Python", "lists.py", "list"), TYPES)
    join(stock("dict, Python", "lists.py", "dict"), TYPES)
    join(stock("array, Python", "lists.py", "array"), NUMBERS)
    figure.rounds = dict.fromkeys(figure.cases, 1)
    return figure


def copies(scale):
    """Bytes copied to a block, or from a block."""
    figure = Figure("copies", "bandwidth")

    def join(contender, name=None):
        words = {"into": name or "copy-in", "out of": name or "copy-out"}
        figure.add(contender, {f"{way} {size}": f"{word} {size}" for way, word in words.items() for size in scale.copies})

    join(compiled(f"{OWN}, C", "shareable"))
    join(ours("blocks.py", "ours"))
    join(stock("SharedMemory, Python", "blocks.py", "stock"))
    join(compiled("memcpy in private memory, C", "bare"), "copy")
    return figure


def creation(scale):
    """A block made and removed. lazy: memory is allocated at its first use; reserved: at the creation; used: a
    byte of every page was written."""
    figure = Figure("creation", "time")
    fitting = [size for size in scale.blocks if fits(size)]
    if len(fitting) < len(scale.blocks):
        figure.notes.append(f"No block of more than {max(fitting, default=0) >> 20:,} MiB was made: there is not enough memory.")

    def join(contender, **hows):
        figure.add(contender, {f"{case} {size}": f"create {how} {size}" for case, how in hows.items() for size in fitting})

    join(compiled(f"{OWN}, C", "shareable"), lazy="lazy", reserved="reserved", used="touched")
    join(compiled(f"{OWN}, MADV_HUGEPAGE, C", "shareable"), used="advised")
    join(ours("blocks.py", "ours"), lazy="lazy", reserved="reserved")
    join(stock("SharedMemory, Python", "blocks.py", "stock"), lazy="lazy")
    join(compiled("shm_open and mmap, C", "bare"), lazy="lazy", used="touched")
    join(compiled("posix_fallocate and mmap, C", "bare"), reserved="reserved")
    join(compiled("mmap, MAP_POPULATE, C", "bare"), used="populated")
    pages = machine.read("/proc/sys/vm/nr_hugepages")
    if pages.isdigit() and int(pages) * 2 * MIB >= max(fitting, default=0) > 0:
        join(compiled("mmap, MFD_HUGETLB, C", "bare"), used="hugetlb")
    figure.rounds = {case: min(5, scale.rounds) for case in figure.cases if int(case.split()[1]) >= 256 * MIB}
    return figure


def huge(scale):
    """Not a comparison: how much of a block the kernel puts in huge pages on request."""
    figure = Figure("huge", "amount", rounds={"of 64 MiB": 1})
    figure.add(compiled(f"{OWN}, C", "shareable"), {"of 64 MiB": f"huge {64 * MIB}"} if fits(64 * MIB) else {})
    return figure


def all_of(scale):
    return [make(SCALES[scale]) for make in (access, handover, sizes, together, memory, copies, creation, huge)]
