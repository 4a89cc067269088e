"""The metrics: the cases and the subjects of each, and the tasks that the subjects run.

The kind of a metric determines the unit of its values: "time" is nanoseconds of one operation,
"rate" is operations per second, "bandwidth" is bytes per second, "each" is the time of each
exchange, and "amount" is bytes of one item.
"""

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass, field

import machine

DIRECTORY = os.path.dirname(os.path.abspath(__file__))
OWN = "shareable"
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
TYPES = ("none", "bool", "int", "float", "str", "bytes")
NUMBERS = ("int", "float")


@dataclass(frozen=True)
class Scale:
    """The extent of a run: a full run, or a small one that tests the program."""

    rounds: int
    share: float  # of the time of a measurement
    sizes: tuple  # of lists, in items
    copies: tuple  # sizes in bytes
    blocks: tuple  # sizes in bytes
    placements: tuple
    items: int  # of the metric memory
    members: tuple  # of teams: their numbers


SCALES = {
    "full": Scale(
        rounds=11,
        share=1,
        sizes=tuple(10**n for n in range(1, 8)),
        copies=(4 * KIB, 64 * KIB, MIB, 16 * MIB, 256 * MIB),
        blocks=(MIB, 16 * MIB, 256 * MIB, GIB, 4 * GIB),
        placements=("apart", "together", "asleep"),
        items=100_000,
        members=(1, 2, 4),
    ),
    "small": Scale(
        rounds=2,
        share=0.01,
        sizes=(10, 1000),
        copies=(4 * KIB, MIB),
        blocks=(MIB,),
        placements=("apart",),
        items=1000,
        members=(1, 2),
    ),
}
# The standard library takes minutes for longer lists.
LONGEST_STOCK = 1_000_000


@dataclass(frozen=True)
class Subject:
    """What is measured: a label and a command, or the reason why it is missing."""

    label: str
    command: tuple = ()
    missing: str = ""


@dataclass
class Metric:
    name: str
    kind: str
    nanoseconds: int = 40_000_000
    subjects: dict = field(default_factory=dict)  # by label
    cases: dict = field(default_factory=dict)  # by case: the task of each label
    rounds: dict = field(default_factory=dict)  # by case, if the number differs from the scale
    hosts: dict = field(default_factory=dict)  # of teams, by label: the commands of the host and the members
    members: dict = field(default_factory=dict)  # of teams, by case: their number
    notes: list = field(default_factory=list)

    def add(self, subject, tasks):
        """Add a subject and its task for each case."""
        self.subjects[subject.label] = subject
        for case, task in tasks.items():
            self.cases.setdefault(case, {})[subject.label] = task


def compiled(label, program, *arguments, package=None):
    """Return a subject that is a program of the build tree."""
    path = os.path.join("tests/bench/comparison", program)
    return Subject(label, (path, *arguments), "" if os.path.exists(path) else f"{package or program} is not installed, or not built")


def script(name):
    return os.path.join(DIRECTORY, "subjects", name)


def stock(label, file, *arguments, module="sys", package=None):
    """Return a subject that runs in the Python that runs this program."""
    missing = "" if importlib.util.find_spec(module) else f"{package} is not installed"
    return Subject(label, (sys.executable, "-E", "-s", script(file), *arguments), missing)


def bound(label, interpreter, file, *arguments):
    """Return a subject that runs in the Python or Lua for which the binding was built."""
    path = os.environ.get(interpreter)
    return Subject(label, (path, script(file), *arguments), "" if path else "the binding is not built")


def ours(file, *arguments):
    return bound(f"{OWN}, Python", "BENCH_PYTHON", file, *arguments)


def lua(label, *arguments):
    return bound(label, "BENCH_LUA", "lists.lua", *arguments)


def redis(subject):
    """Return the subject, which is missing without a Redis server."""
    missing = subject.missing or ("" if shutil.which("redis-server") else "redis-server is not installed")
    return Subject(subject.label, subject.command, missing)


def databases():
    """Return the databases that several languages can read and write, in C."""
    yield compiled("LMDB, C", "lmdb", package="liblmdb-dev")
    yield compiled("SQLite, C", "sqlite", package="libsqlite3-dev")
    yield redis(compiled("Redis, C", "redis", package="libhiredis-dev"))


def databases_in_python():
    yield stock("LMDB, Python", "tables.py", "lmdb", module="lmdb", package="python3-lmdb")
    yield stock("SQLite, Python", "tables.py", "sqlite", module="sqlite3", package="python3")
    yield redis(stock("Redis, Python", "tables.py", "redis", module="redis", package="python3-redis"))


def boost():
    return compiled("Boost.Interprocess, C++", "boost", package="libboost-dev")


def system_v(file, *arguments):
    """Debian has no package of posix_ipc. sysv_ipc, by the same author, uses the System V interface
    instead.
    """
    return stock("System V by sysv_ipc, Python", file, *arguments, module="sysv_ipc", package="python3-sysv-ipc")


def access(scale):
    """One item of 1,000, read or written, in every type and language."""
    metric = Metric("access", "rate")

    def join(subject, kinds):
        metric.add(subject, {f"{operation} {kind}": f"{operation} {kind}" for operation in ("read", "write") for kind in kinds})

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
    for database in (*databases(), *databases_in_python()):
        join(database, ("int", "str"))
    join(compiled("bare memory, C", "bare"), (*NUMBERS, "str"))
    join(stock("list, Python", "lists.py", "list"), TYPES)
    join(stock("dict, Python", "lists.py", "dict"), TYPES)
    join(stock("array, Python", "lists.py", "array"), NUMBERS)
    join(lua("table, Lua", "table"), TYPES)
    join(compiled("slice of any, Go", "in_go", "slice"), TYPES)
    return metric


def sizes(scale):
    """A list of ints: build it, or attach to it."""
    metric = Metric("sizes", "time")
    fitting = [size for size in scale.sizes if fits(size * 60)]
    if len(fitting) < len(scale.sizes):
        metric.notes.append(f"No list has more than {max(fitting, default=0):,} items, because there was not enough memory.")
    metric.notes.append(f"The lists of the standard library and of Boost have at most {LONGEST_STOCK:,} items: longer lists would take minutes.")

    def join(subject, longest):
        metric.add(subject, {f"{operation} {size}": f"{operation} {size}" for operation in ("build", "attach") for size in fitting if size <= longest})

    join(compiled(f"{OWN}, C", "shareable"), max(scale.sizes))
    join(ours("lists.py", "ours"), max(scale.sizes))
    join(stock("ShareableList, Python", "lists.py", "stock"), LONGEST_STOCK)
    join(boost(), LONGEST_STOCK)
    metric.rounds = {f"{operation} {size}": 5 for operation in ("build", "attach") for size in fitting if size >= LONGEST_STOCK}
    return metric


def fits(size):
    return size * 1.3 < min(machine.free("/dev/shm"), machine.memory_available())


def handover(scale):
    """A small value that is handed over to another process and back."""
    metric = Metric("handover", "each", nanoseconds=300_000_000)

    def join(subject, name="handover"):
        metric.add(subject, {placement: f"{name} {placement}" for placement in scale.placements})

    join(compiled(f"{OWN}, C", "shareable"))
    join(ours("handover.py", "ours"))
    join(compiled("futex, C", "bare"), "futex")
    join(boost())
    join(compiled("pipe, C", "bare"), "pipe")
    join(compiled("Unix socket, C", "bare"), "socket")
    for label, argument in (
        ("multiprocessing.Pipe", "connection"),
        ("multiprocessing.Queue", "queue"),
        ("pipe", "pipe-raw"),
        ("pipe with JSON", "pipe-json"),
        ("pipe with pickle", "pipe-pickle"),
        ("Unix socket", "socket-raw"),
        ("Unix socket with JSON", "socket-json"),
        ("Unix socket with pickle", "socket-pickle"),
    ):
        join(stock(f"{label}, Python", "handover.py", argument))
    join(system_v("handover.py", "sysv"))
    join(redis(stock("Redis, Python", "handover.py", "redis", module="redis", package="python3-redis")))
    return metric


def together(scale):
    """Several processes that read, write or count in the same item. "mixed" is in all languages."""
    metric = Metric("together", "rate", nanoseconds=150_000_000)
    native, python = compiled(f"{OWN}, C", "shareable"), ours("lists.py", "ours")
    languages = [subject for subject in (native, python, lua("", "ours"), compiled("", "in_go", "ours")) if not subject.missing]

    def join(subject, host, tasks, members=()):
        metric.hosts[subject.label] = host.command, [member.command for member in members] or [subject.command]
        counts = [count for count in scale.members if count > 1 or not members]
        metric.add(subject, {f"{operation} {count}": task for operation, task in tasks.items() for count in counts})

    plain = {"read": "team-read", "write": "team-write"}
    both = {**plain, "count": "team-add"}
    locked = {"count": "team-locked"}
    join(native, native, both)
    join(python, native, both)
    join(Subject(f"{OWN}, mixed", native.command), native, both, languages)
    join(Subject(f"{OWN} under its lock, C", native.command), native, locked)
    join(Subject(f"{OWN} under its lock, Python", python.command, python.missing), native, locked)
    join(Subject(f"{OWN} under its lock, mixed", native.command), native, locked, languages)
    for subject, tasks in (
        (stock("ShareableList, Python", "lists.py", "stock"), plain),
        (stock("Manager().list() and Lock(), Python", "lists.py", "manager"), both),
        (system_v("lists.py", "sysv"), both),
        (boost(), both),
        *((database, both) for database in databases()),
        (compiled("bare atomics, C", "bare"), both),
    ):
        join(subject, subject, tasks)
    value = stock("Value and its Lock, Python", "lists.py", "value")
    metric.add(value, {f"count {count}": f"family-add {count}" for count in scale.members})
    metric.members = {f"{operation} {count}": count for operation in both for count in scale.members}
    metric.rounds = dict.fromkeys(metric.cases, min(7, scale.rounds))
    return metric


def memory(scale):
    """The bytes of one item in a list or table of many different items."""
    metric = Metric("memory", "amount")

    def join(subject, kinds):
        metric.add(subject, {kind: f"memory {kind} {scale.items}" for kind in kinds})

    join(compiled(f"{OWN}, C", "shareable"), TYPES)
    join(stock("ShareableList, Python", "lists.py", "stock"), TYPES)
    join(boost(), TYPES)
    for database in databases():
        join(database, ("int", "str"))
    join(stock("Manager().list(), Python", "lists.py", "manager"), TYPES)
    join(stock("list, Python", "lists.py", "list"), TYPES)
    join(stock("dict, Python", "lists.py", "dict"), TYPES)
    join(stock("array, Python", "lists.py", "array"), NUMBERS)
    metric.rounds = dict.fromkeys(metric.cases, 1)
    return metric


# The cases of dicts, and the tasks of their subjects.
DICT_TASKS = {"get": "get", "set": "set", "add": "add", "delete and insert": "renew"}


def dicts(scale):
    """A key of a dict with 1,000 keys, in random order."""
    metric = Metric("dicts", "rate")
    lmdb = compiled("LMDB, C", "dicts_lmdb", package="liblmdb-dev")
    metric.add(compiled(f"{OWN}, C", "dicts"), DICT_TASKS)
    metric.add(lmdb, DICT_TASKS)
    metric.add(Subject("LMDB with new transactions, C", lmdb.command, lmdb.missing), {"get": "get new"})
    metric.add(compiled("Boost unordered_map, C++", "dicts_boost", package="libboost-dev"), DICT_TASKS)
    return metric


def copies(scale):
    """Bytes copied to a block, or from a block."""
    metric = Metric("copies", "bandwidth")

    def join(subject, name=None):
        tasks = {"into": name or "copy-in", "out of": name or "copy-out"}
        metric.add(subject, {f"{direction} {size}": f"{task} {size}" for direction, task in tasks.items() for size in scale.copies})

    join(compiled(f"{OWN}, C", "shareable"))
    join(ours("blocks.py", "ours"))
    join(stock("SharedMemory, Python", "blocks.py", "stock"))
    join(compiled("memcpy in private memory, C", "bare"), "copy")
    return metric


def creation(scale):
    """A block that is created and removed. Lazy: its memory is allocated at the first use.
    Reserved: its memory is allocated at the creation. Used: a byte of every page is written.
    """
    metric = Metric("creation", "time")
    fitting = [size for size in scale.blocks if fits(size)]
    if len(fitting) < len(scale.blocks):
        metric.notes.append(f"No block has more than {max(fitting, default=0) >> 20:,} MiB, because there was not enough memory.")

    def join(subject, **methods):
        metric.add(subject, {f"{case} {size}": f"create {method} {size}" for case, method in methods.items() for size in fitting})

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
    metric.rounds = {case: min(5, scale.rounds) for case in metric.cases if int(case.split()[1]) >= 256 * MIB}
    return metric


def huge(scale):
    """The bytes of a block in huge pages, if they are requested. This is not a comparison."""
    metric = Metric("huge", "amount", rounds={"of 64 MiB": 1})
    metric.add(compiled(f"{OWN}, C", "shareable"), {"of 64 MiB": f"huge {64 * MIB}"} if fits(64 * MIB) else {})
    return metric


def all_of(scale):
    return [make(SCALES[scale]) for make in (access, handover, sizes, together, dicts, memory, copies, creation, huge)]
