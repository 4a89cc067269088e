"""The texts of RESULTS.md: how each figure is measured, and why a peer is faster."""

INTRODUCTION = """# Results

These are the measurements of `make bench`. `./bootstrap bench bench-publish` writes this page and its pictures. No part of it
is written by hand.

All contenders of a figure are measured in one run. Each contender is a process on a processor of its own. Its partner runs on
another processor, and the kernel places its server. The contenders take turns in {rounds} rounds, in alternating order, after one
round that warms up and is not counted (5 rounds for large sizes, 7 for teams). A turn lasts 40 ms or more, and the clock is
read about 64 times in it. The tables contain the **median** of the rounds, and the quartiles in parentheses. The run took {minutes}
minutes.

The contenders of the standard Python are `ShareableList`, `SharedMemory`, `Manager`, `Queue`, `Pipe` and `Value`; and `list`,
`dict` and `array`, which are not shared and show the limit. Debian has no package of `posix_ipc`; `sysv_ipc`, by the same
author, does the same through the kernel's System V interface. SQLite has its file on the file system of shared memory, mapped
(`mmap_size`), with a write-ahead log and `synchronous = OFF`. LMDB has its file there too, with `MDB_WRITEMAP` and
`MDB_NOSYNC`. So neither waits for a disk. Redis listens on a Unix socket and saves nothing. Boost.Interprocess has a `vector`
of `std::variant`, and locks its mutex for each access, because otherwise a reader could see a value half written.
"""

AHEAD = """The table lists the peers that are better in the same language, by more than 3 % and by more than the variation of either. For
memory, it compares all languages. The factor is how many times faster, or smaller, the peer is.
"""

HUGE = """
### Huge pages

After `madvise(MADV_HUGEPAGE)`, the kernel put {given} of a block of 64 MiB in huge pages. Its setting for shared memory
(`/sys/kernel/mm/transparent_hugepage/shmem_enabled`) is `{setting}`. With `advise` the kernel uses huge pages on request, with
`never` it does not.
"""

# The names of the figures in the table of faster peers.
FIGURES = {
    "access": "one item",
    "handover": "hand-over",
    "sizes": "building and attaching",
    "together": "several processes",
    "memory": "memory",
    "copies": "copying",
    "creation": "creation",
    "huge": "huge pages",
}

TITLES = {
    "access": "Reads and writes per second, by type and language",
    "handover": "Hand-over to another process and back",
    "sizes": "Building and attaching, by length",
    "together": "Several processes, several languages, one item",
    "memory": "Memory per item",
    "copies": "Copies to and from a block",
    "creation": "Creation of a block",
}

METHODS = {
    "access": """\
Accesses per second of one process to one item of a list of 1,000. The item keeps its type. A str or bytes has 16 bytes, and
each write changes it. `shareable by type` uses Go's `GetInt`, `SetInt` …, which make no value of type `any`.
""",
    "handover": """\
The time from the store or the send in one process until it sees the answer of the other process. This library uses an int in
a list and `wait()`. The others use eight bytes, or `{"id": 7, "name": "sixteen bytes ok", "value": 2.5}` as JSON or a pickle.
*Apart*: each process has a processor. *Together*: both share one processor. *Asleep*: apart, with a pause of a millisecond before
each exchange, so that the other process sleeps. The columns are the median, the 90th and 99th percentile, and the maximum of up
to 4,000 exchanges in each turn.
""",
    "sizes": """\
*Attach*: attach to a list of ints by its name, and close it. *Build*: make a list of the ints of an array (C) or a list
(Python), close it, and unlink it.
""",
    "together": """\
Operations per second of several processes together that read the same item, write it, or count in it without losing a count, on
all available processors. *Mixed*: C, Python, Lua and Go in turn, on one list. *Under its lock*: lock, read, write and unlock.
Otherwise a count is one atomic `add()`, a transaction, or the equivalent of the contender.
""",
    "memory": """\
The size of the block, of the file, or of the memory that a server uses (for a manager: its proportional set size), for 100,000
different items, divided by their number. A str or bytes has 16 bytes.
""",
    "copies": """\
Copies from private memory to a block, and back. In Python, by assigning a slice of `buf`.
""",
    "creation": """\
The time to make, map, close and unlink a block. *Lazy*: the kernel allocates memory at the first use, and may run out of memory
then. *Reserved*: all memory is allocated at the creation, or the creation fails. *Used*: lazy, and one byte of every page is
written.
""",
}

# Why a peer is faster, by figure and name of the peer without the language.
WHY = {
    ("access", "bare memory"): (
        "It is the limit: one instruction, without an index, a type or a check, and without protection from half-written texts."
    ),
    ("access", "list"): (
        "It is not shared. A Python list returns the object that it contains; a shared list contains bytes, and makes an object of them."
    ),
    ("access", "dict"): "It is not shared, like a Python list.",
    ("access", "array"): "It is not shared, and has one type, which it does not check. No other process can write it at the same time.",
    ("access", "table"): "It is not shared, and Lua instructions read it without a C call.",
    ("access", "slice of any"): (
        "It is not shared, and Go instructions read it. A shared list needs a C call, which takes some tens of nanoseconds in Go, and "
        "a value of type any for the result."
    ),
    ("access", "SharedMemory and struct"): "It checks nothing, and a reader may see a text of 16 bytes half written.",
    ("access", "Boost.Interprocess"): (
        "Its mutex does not detect that its owner died: after a kill, all other processes wait for ever. This library locks the item "
        "so that the next process can recover it. Boost copies the bytes of a text. This library also formats the length of a text as "
        "CPython does, and checks that the text is UTF-8."
    ),
    ("handover", "futex"): "It is the limit: one word, without a list or types, and with at most one waiter.",
    ("handover", "pipe"): (
        "On one processor the kernel switches directly to the reader. A wait on an item spins, then yields the processor and checks "
        "again for up to ten microseconds, and only then sleeps. If other processes want the processor too, they run first. After a "
        "long pause, the spinning is wasted."
    ),
    ("handover", "Unix socket"): "As a pipe.",
    ("handover", "pipe with JSON"): "As a pipe.",
    ("handover", "pipe with pickle"): "As a pipe.",
    ("handover", "Unix socket with JSON"): "As a pipe.",
    ("handover", "Unix socket with pickle"): "As a pipe.",
    ("handover", "multiprocessing.Pipe"): "As a pipe.",
    ("handover", "multiprocessing.Queue"): "As a pipe, which it contains.",
    ("handover", "System V by sysv_ipc"): "As a pipe: the kernel wakes and runs the waiter.",
    ("handover", "Boost.Interprocess"): (
        "It sleeps immediately. A wait on an item spins, then yields the processor and checks again for up to ten microseconds, and "
        "only then sleeps. On a processor that other processes want too, or after a long pause, the spinning is wasted."
    ),
    ("sizes", "Boost.Interprocess"): (
        "Its memory is not reserved, so a full file system causes a SIGBUS later. Its values are not checked to be UTF-8, and do not "
        "have CPython's layout."
    ),
    ("sizes", "ShareableList"): (
        "Its block is lazy: no memory is reserved. It starts no process that removes the block after a kill. This library is faster "
        "from some hundred items on."
    ),
    ("together", "bare atomics"): "They are the limit: one processor instruction, without an index, a type or a check.",
    ("together", "Boost.Interprocess"): "Its mutex does not detect that its owner died.",
    ("together", "Value and its Lock"): (
        "Its semaphore does not detect that its owner died. It is one number, whose type needs no check."
    ),
    ("together", "LMDB"): "It has one writer at a time, without contention.",
    ("memory", "Manager().list()"): (
        "It is in one process, and all other processes send messages to it. For None and bools, a list contains a pointer to the only "
        "object."
    ),
    ("memory", "array"): "It is not shared, and has one type: eight bytes for each number.",
    ("memory", "list"): (
        "It is not shared. For None and bools it contains a pointer to the only object. For other values, the size includes the object."
    ),
    ("memory", "ShareableList"): (
        "It is the same list without the sync area, which makes reads consistent and lets processes wait. The area takes 8 bytes for "
        "each item and 2.8 KiB. `plain=True` omits it."
    ),
    ("memory", "SQLite"): (
        "It stores a small int in two bytes, and a text in its length and a few bytes, sorted by key. That is a file format, which is "
        "read through an index and a parser."
    ),
    ("memory", "Boost.Interprocess"): (
        "It stores a text of 16 bytes in the variant, which has 40 bytes for every type. Here the text has a slot of 24 bytes, as in "
        "CPython, and an offset, a format, a code and a version word."
    ),
    ("copies", "memcpy in private memory"): (
        "Anonymous memory may be in huge pages, which shared memory has only if the system is configured so. It is the same memcpy."
    ),
    ("copies", "SharedMemory"): "It is the same memcpy of the same memory. The physical order of the pages differs between blocks.",
    ("creation", "shm_open and mmap"): (
        "It is the limit: five system calls. This library checks the name, makes a file without a name, links it when it is complete, "
        "and takes the usage lock."
    ),
    ("creation", "posix_fallocate and mmap"): (
        "It is the limit for reserved memory. This library links the name when the block is complete, and takes the usage lock."
    ),
    ("creation", "mmap, MAP_POPULATE"): (
        "One call maps all pages, while an access to each page takes a fault. A program can do the same with a block of this library: "
        "madvise(MADV_POPULATE_WRITE) on its address."
    ),
    ("creation", "mmap, MFD_HUGETLB"): (
        "It uses huge pages that an administrator has reserved. They have no name in the file system of shared memory."
    ),
    ("creation", "SharedMemory"): (
        "Its block has no owner: no process removes it when its creator is killed. This library records the block for that in Python, "
        "unless it is made with track=False."
    ),
}


def why(figure, label):
    name = label.rsplit(", ", 1)[0]
    return WHY.get((figure, name), "The reason is not known yet.")
