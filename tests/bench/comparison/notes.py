"""The texts of RESULTS.md: how each metric is measured, and why an alternative is faster."""

INTRODUCTION = """# Results

`make bench` measures this library and its alternatives. `./bootstrap bench bench-publish` writes this page and its pictures. Do
not edit them.

The CSV files with the values of all rounds are not in the source tree. `./bootstrap bench` writes them to
`build/tests/bench/measured/results/`: one file for each metric, with the columns `metric`, `subject`, `case`, `round`, `value` and
`unit`. `run.json` in the same directory describes the machine. `make -C build bench-report` makes this page from these files.

A subject is this library in one language, or an alternative. All subjects of a metric are measured in one run. Each subject is a
process on a processor of its own. Its partner runs on another processor, and the kernel chooses the processor of its server.
There are {rounds} rounds (5 for large sizes, 7 for several processes), after one that warms up and is not counted. In each round,
each subject is measured once; the order alternates. A measurement lasts 40 ms or more, and reads the clock about 64 times. The
tables contain the **median** of the rounds, and the quartiles in parentheses. The run took {minutes} minutes.

The subjects of Python's standard library are `ShareableList`, `SharedMemory`, `Manager`, `Queue`, `Pipe` and `Value`. Python's
`list`, `dict` and `array` are not shared, and show the limit. Debian has no package of `posix_ipc`; `sysv_ipc`, by the same author,
uses the kernel's System V interface instead. SQLite and LMDB have their files on the file system of shared memory, and do not
wait for a disk. SQLite maps its file (`mmap_size`), and uses a write-ahead log and `synchronous = OFF`. LMDB uses `MDB_WRITEMAP`
and `MDB_NOSYNC`. Redis listens on a Unix socket and saves nothing. Boost.Interprocess has a `vector` of `std::variant`. It locks its
mutex for each access, because otherwise a reader could see a half-written value.
"""

FASTER = """The table lists the alternatives that are better than this library in the same language, by more than 3 %, and with quartiles that
do not overlap. For memory, it compares all languages. The factor is how many times faster, or smaller, the alternative is.
"""

HUGE = """
### Huge pages

After `madvise(MADV_HUGEPAGE)`, the kernel used huge pages for {given} of a block of 64 MiB. Its setting for shared memory
(`/sys/kernel/mm/transparent_hugepage/shmem_enabled`) is `{setting}`. With `advise`, the kernel uses huge pages on request. With
`never`, it does not use them. The mount option `huge=` of `/dev/shm` overrides the setting. With `huge=within_size`, a list of a
million ints was built in 4 ms instead of 15 ms.
"""

# The names of the metrics in the table of faster alternatives.
NAMES = {
    "access": "one item",
    "handover": "hand-over",
    "sizes": "building and attaching",
    "together": "several processes",
    "dicts": "dicts",
    "memory": "memory",
    "copies": "copying",
    "creation": "creation",
    "huge": "huge pages",
}

TITLES = {
    "access": "Reads and writes per second, by type and language",
    "handover": "Hand-over to another process and back",
    "sizes": "Building and attaching, by length",
    "together": "Several processes and languages on one item",
    "dicts": "Keys of a dict",
    "memory": "Memory per item",
    "copies": "Copies to and from a block",
    "creation": "Creation of a block",
}

METHODS = {
    "access": """\
The number of accesses per second of one process to one item of a list of 1,000 items. The item keeps its type. A str or bytes has
16 bytes, and each write changes it. `shareable by type` uses Go's `GetInt`, `SetInt` …, which create no value of type `any`.
""",
    "handover": """\
The time from a store or a send in one process until the process sees the answer of the other process. This library uses an int in
a list and `wait()`. The alternatives use eight bytes, or `{"id": 7, "name": "sixteen bytes ok", "value": 2.5}` as JSON or as a
pickle. *Apart*: each process has a processor of its own. *Together*: both processes share one processor. *Asleep*: apart, with a
pause of a millisecond before each exchange, so that the other process sleeps. The columns are the median, the 90th and the 99th
percentile, and the maximum of up to 4,000 exchanges of each measurement.
""",
    "sizes": """\
*Attach*: attach to a list of ints by its name, and close it. *Build*: create a list from the ints of an array (C) or of a list
(Python), close it, and unlink it.
""",
    "together": """\
The number of operations per second of several processes together, on all available processors. The processes read the same item,
write it, or count in it without losing a count. *Mixed*: processes in C, Python, Lua and Go in turn use one list. *Under its lock*:
lock, read, write and unlock. Otherwise a count is one atomic `add()`, one transaction, or the equivalent of the subject.
""",
    "dicts": """\
The number of operations per second of one process on a dict of 1,000 keys of 16 bytes with ints, in random order. LMDB renews one
read transaction for each get, or begins a new one, and each write is a transaction. Boost's `unordered_map` is in a segment of shared
memory, and each operation locks the segment's mutex. The keys of a C++ map have a fixed length, so that a lookup allocates nothing.
""",
    "memory": """\
The size of the block, of the file, or of the memory that a server uses (for a manager, its proportional set size), for 100,000
different items, divided by their number. A str or bytes has 16 bytes.
""",
    "copies": """\
Copies from private memory to a block, and back. Python assigns a slice of `buf`.
""",
    "creation": """\
The time to create, map, close and unlink a block. *Lazy*: the kernel allocates memory at the first use, and may run out of memory
then. *Reserved*: all memory is allocated at the creation, or the creation fails. *Used*: the block is lazy, and one byte of every
page is written.
""",
}

LIKE_A_PIPE = "Like a pipe."

# Why an alternative is faster, by metric and by name of the alternative without its language.
NOTES = {
    ("access", "bare memory"): (
        "It is the limit: one instruction, without an index, a type or a check, and without protection from half-written texts."
    ),
    ("access", "list"): (
        "It is not shared. A Python list returns the object that it contains. A shared list contains bytes, and creates an object from "
        "them."
    ),
    ("access", "dict"): "It is not shared, like a Python list.",
    ("access", "array"): "It is not shared, and has one type, which it does not check. No other process can write it at the same time.",
    ("access", "table"): "It is not shared, and Lua instructions read it without a C call.",
    ("access", "slice of any"): (
        "It is not shared, and Go instructions read it. A read of a shared list checks the item's version before and after, and converts "
        "the item to a value of type any. Writes of None, a str or bytes call C."
    ),
    ("access", "SharedMemory and struct"): "It checks nothing, and a reader may see a half-written text of 16 bytes.",
    ("access", "Boost.Interprocess"): (
        "Its mutex does not detect that its owner died: after a kill, all other processes wait for ever. This library locks the item "
        "so that the next process can recover it. Boost only copies the bytes of a text. This library also formats the length of a text "
        "as CPython does, and checks that the text is UTF-8."
    ),
    ("dicts", "Boost unordered_map"): (
        "Its mutex is not released if its owner is killed, and a change that was not completed remains. Its keys and values have one "
        "type in C++, which it does not check."
    ),
    ("handover", "futex"): "It is the limit: one word, without a list or types, and with at most one waiter.",
    ("handover", "pipe"): (
        "On one processor, the kernel switches directly to the reader. A wait on an item spins, then yields the processor and checks "
        "again for up to ten microseconds, and then sleeps. If other processes want the processor too, they run first. After a "
        "long pause, the spinning is wasted."
    ),
    ("handover", "Unix socket"): LIKE_A_PIPE,
    ("handover", "pipe with JSON"): LIKE_A_PIPE,
    ("handover", "pipe with pickle"): LIKE_A_PIPE,
    ("handover", "Unix socket with JSON"): LIKE_A_PIPE,
    ("handover", "Unix socket with pickle"): LIKE_A_PIPE,
    ("handover", "multiprocessing.Pipe"): LIKE_A_PIPE,
    ("handover", "multiprocessing.Queue"): "Like the pipe that it contains.",
    ("handover", "System V by sysv_ipc"): "Like a pipe: the kernel wakes and runs the waiter.",
    ("handover", "Boost.Interprocess"): (
        "It sleeps immediately. A wait on an item spins, then yields the processor and checks again for up to ten microseconds, and "
        "then sleeps. The spinning is wasted if other processes want the processor too, and after a long pause."
    ),
    ("sizes", "Boost.Interprocess"): (
        "It does not reserve its memory, so a full file system causes a SIGBUS later. It does not check that texts are UTF-8, and does "
        "not use CPython's layout. This library registers as a writer when it opens a list, so that the list remains writable after "
        "setuid or chroot, and reads the header by system calls, which cannot raise SIGBUS: 15 of the 23 system calls of an attach."
    ),
    ("sizes", "ShareableList"): (
        "Its block is lazy: no memory is reserved. It starts no process that removes the block after a kill. This library is faster "
        "for lists of some hundred items and more."
    ),
    ("together", "bare atomics"): "They are the limit: one processor instruction, without an index, a type or a check.",
    ("together", "Boost.Interprocess"): "Its mutex does not detect that its owner died.",
    ("together", "Value and its Lock"): (
        "Its semaphore does not detect that its owner died. It is one number, and its type needs no check."
    ),
    ("together", "LMDB"): "It has one writer at a time, without contention.",
    ("memory", "Manager().list()"): (
        "It is in one process, and all other processes send messages to it. For None and bools, a list contains a pointer to the only "
        "object."
    ),
    ("memory", "array"): "It is not shared, and has one type: eight bytes for each number.",
    ("memory", "list"): (
        "It is not shared. For None and bools, it contains a pointer to the only object. For other values, the size includes the object."
    ),
    ("memory", "ShareableList"): (
        "It is the same list without the sync area. The area prevents torn reads and lets processes wait. It takes 8 bytes for each item "
        "and 2.8 KiB. `no_sync=True` omits it."
    ),
    ("memory", "SQLite"): (
        "It stores a small int in two bytes, and a text in its length and a few bytes, sorted by key. That is a file format, which is "
        "read through an index and a parser."
    ),
    ("memory", "Boost.Interprocess"): (
        "It stores a text of 16 bytes in the variant, which has 40 bytes for every type. In a list of this library, the text has a slot of "
        "24 bytes, as in CPython, and an offset, a format, a code and a version word."
    ),
    ("copies", "memcpy in private memory"): (
        "It is the same memcpy. Anonymous memory may be in huge pages; shared memory is in huge pages only if the system is configured so."
    ),
    ("copies", "SharedMemory"): "It is the same memcpy of the same memory. The physical order of the pages differs between blocks.",
    ("creation", "shm_open and mmap"): (
        "It is the limit: six system calls. This library creates a file without a name, links it when it is complete, and takes the "
        "usage lock. It moves the block before it unlinks it, so that it never unlinks another block that has taken the name."
    ),
    ("creation", "posix_fallocate and mmap"): (
        "It is the limit for reserved memory. This library links the name when the block is complete, and takes the usage lock."
    ),
    ("creation", "mmap, MAP_POPULATE"): (
        "One call maps all pages. Otherwise the first access to each page causes a page fault. A program can do the same with a block of "
        "this library: madvise(MADV_POPULATE_WRITE) on its address."
    ),
    ("creation", "mmap, MFD_HUGETLB"): (
        "It uses huge pages that an administrator has reserved. They have no name in the file system of shared memory."
    ),
    ("creation", "SharedMemory"): (
        "Its block has no owner: if its creator is killed, no process removes it. In Python, this library records the block so that it "
        "is removed, unless it is created with track=False."
    ),
}


def note(metric, label):
    """Return why an alternative is faster."""
    name = label.rsplit(", ", 1)[0]
    return NOTES.get((metric, name), "The reason is not known yet.")
