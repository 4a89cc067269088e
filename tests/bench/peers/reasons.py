"""What RESULTS.md says in words: how each figure is measured, and why a peer is ahead where it is."""

INTRODUCTION = """# Results

What `make bench` measured; `./bootstrap bench bench-publish` writes all of it anew, pictures too. Nothing here is written by
hand.

All of a figure are measured in one run. Each contender is a process of its own on a processor of its own (its partner on
another one, its server where the kernel puts it), and works when it is its turn: {rounds} rounds, in one order and then the
other, after one that warms up and is not counted (5 rounds for what is large, 7 for teams). A turn lasts 40 ms or more; the
clock is read once in 64th parts of it. Of each case the **median** of the rounds stands here, and in brackets the quartiles.
The run took {minutes} minutes.

In the standard Python: its `ShareableList`, `SharedMemory`, `Manager`, `Queue`, `Pipe`, `Value`, and its own `list`, `dict`
and `array`, which are not shared and stand for the limit. `posix_ipc` is no package of Debian's; `sysv_ipc`, by the same
author, does the same through the kernel's other interface. SQLite has its file on the file system of shared memory, mapped
(`mmap_size`), with a write-ahead log and `synchronous = OFF`; LMDB likewise, with `MDB_WRITEMAP` and `MDB_NOSYNC`: neither
ever waits for a disk. Redis listens at a Unix socket and saves nothing. Boost.Interprocess has a `vector` of `std::variant`
and takes its mutex for each access, as nothing else keeps a value from being seen half written.
"""

AHEAD = """In the same language, by more than 3 % and by more than either varies; memory against everybody. So many times as good: of
what is to be small, how many times as small.
"""

HUGE = """
### Huge pages

Asked by `madvise(MADV_HUGEPAGE)`, the kernel put {given} of a block of 64 MiB in huge pages. Its setting for shared memory
(`/sys/kernel/mm/transparent_hugepage/shmem_enabled`) is `{setting}`: with `advise` it gives what is asked for, with `never`
nothing.
"""

# What a figure is called in the table of who is ahead.
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
    "access": "Reads and writes a second, by type and language",
    "handover": "Handing over to another process, and back",
    "sizes": "Building and attaching, by length",
    "together": "Several processes, several languages, one item",
    "memory": "Memory an item",
    "copies": "Copying into a block, and out of it",
    "creation": "Making a block",
}

METHODS = {
    "access": """\
One process, one item of 1,000, always the same, its type kept; a str or bytes has 16 bytes, and each write changes it. So
many a second. `shareable by type` is Go's `GetInt`, `SetInt` …, which make no value of any type.
""",
    "handover": """\
From the store or the send in one process until the answer of the other has been seen: there and back. An int in a list and
`wait()` here; eight bytes, or `{"id": 7, "name": "sixteen bytes ok", "value": 2.5}` as JSON or a pickle, elsewhere. *Apart*:
each process has a processor. *Together*: both share one. *Asleep*: apart, with a pause of a millisecond before each, so that
the other one sleeps. Of up to 4,000 exchanges a turn: the median, what 90 and 99 of 100 do not exceed, and the longest.
""",
    "sizes": """\
A list of ints: attached to by its name and closed again; or made of what is there as an array (C) or a list (Python), closed
and unlinked.
""",
    "together": """\
So many processes at once read the same item, write it, or count in it so that no count is lost, on as many processors as
there are: so many a second by all of them together. *Mixed* are C, Python, Lua and Go in turn, on one list. *Under its lock*
is to lock, read, write and unlock; otherwise counting is one atomic `add()`, a transaction, or what the contender has.
""",
    "memory": """\
The block, the file, or the memory that a server takes (a manager: its proportional set size), for 100,000 items that differ,
divided by their number. A str or bytes has 16 bytes.
""",
    "copies": """\
From memory of the process's own into a block, and back. In Python a slice of `buf` is assigned.
""",
    "creation": """\
Made, mapped, closed and unlinked. *Lazy*: memory comes as it is used, and may run out then. *Reserved*: it is there from the
start, or the creation fails. *Used*: lazy, and a byte of every page is written.
""",
}

# Why a peer is ahead, by figure and its name without the language.
WHY = {
    ("access", "bare memory"): (
        "It is the limit: one instruction, with no index, no type and no check, and nothing that keeps a text whole."
    ),
    ("access", "list"): (
        "It is not shared. A list of Python's hands out the object that it keeps; a shared one has bytes, and makes an object of them."
    ),
    ("access", "dict"): "It is not shared, as a list of Python's.",
    ("access", "array"): "It is not shared, has one type, and need not look which; nobody else can write it meanwhile.",
    ("access", "table"): "It is not shared, and Lua's own instructions read it: no function of C is called.",
    ("access", "slice of any"): (
        "It is not shared, and Go's own instructions read it; a shared list is reached by a call of C, which takes Go some tens of "
        "nanoseconds, and a value of type any is made for what is read."
    ),
    ("access", "SharedMemory and struct"): "Nothing is checked and nothing keeps a text of 16 bytes from being seen half written.",
    ("access", "Boost.Interprocess"): (
        "A mutex that does not notice when its owner dies: after a kill, everybody else waits for ever. Ours takes the item in a way "
        "that the next one can undo. Of a text, Boost copies the bytes; ours has its length in its format, as CPython writes it, and is "
        "checked to be UTF-8."
    ),
    ("handover", "futex"): "It is the limit: a bare word, with no list, no types, and one waiter at most.",
    ("handover", "pipe"): (
        "On one processor the kernel goes over to who reads, once and at once. A wait on an item looks, then gives the processor "
        "away and looks again for up to ten microseconds, and only then sleeps: when others want that processor too, it is their "
        "turn first. After a long pause, that looking was in vain."
    ),
    ("handover", "Unix socket"): "As a pipe.",
    ("handover", "pipe with JSON"): "As a pipe.",
    ("handover", "pipe with pickle"): "As a pipe.",
    ("handover", "Unix socket with JSON"): "As a pipe.",
    ("handover", "Unix socket with pickle"): "As a pipe.",
    ("handover", "multiprocessing.Pipe"): "As a pipe.",
    ("handover", "multiprocessing.Queue"): "As a pipe, which it has inside.",
    ("handover", "System V by sysv_ipc"): "As a pipe: the kernel wakes and runs who waits.",
    ("handover", "Boost.Interprocess"): (
        "It sleeps at once. A wait on an item looks, then gives the processor away and looks again for up to ten microseconds, "
        "and only then sleeps: on one processor that others want too, or after a long pause, the looking is in vain."
    ),
    ("sizes", "Boost.Interprocess"): (
        "Its memory is not reserved, so that a full file system is a SIGBUS later; its values need not be checked to be UTF-8, nor lie "
        "in CPython's bytes."
    ),
    ("sizes", "ShareableList"): (
        "Stock's block is lazy: nothing is reserved, and nobody waits for or guards what it makes. From some hundred items on that is "
        "outweighed."
    ),
    ("together", "bare atomics"): "They are the limit: one instruction of the processor, with no index, no type and no check.",
    ("together", "Boost.Interprocess"): "A mutex that does not notice when its owner dies.",
    ("together", "Value and its Lock"): (
        "A semaphore that does not notice when its owner dies, and one number, whose type need not be looked up."
    ),
    ("together", "LMDB"): "One writer at a time, who is not disturbed.",
    ("memory", "Manager().list()"): (
        "It lies in one process, which everybody else asks by messages: of None and bools, a list keeps a pointer to the one object "
        "that there is."
    ),
    ("memory", "array"): "It is not shared, and has one type: eight bytes a number and nothing else.",
    ("memory", "list"): (
        "It is not shared. Of None and bools it keeps a pointer to the one object that there is; of others, the object counts too."
    ),
    ("memory", "ShareableList"): (
        "It is the same list, without the sync area past it that keeps reads whole and lets others wait: 8 bytes an item and 2.8 KiB. "
        "`plain=True` leaves that out here."
    ),
    ("memory", "SQLite"): (
        "A small int takes two bytes there, a text its length and a few more, sorted by key: a format for files, that is read through "
        "an index and a parser."
    ),
    ("memory", "Boost.Interprocess"): (
        "A text of 16 bytes lies within the variant, of 40 bytes for every type; here it has a slot of 24 bytes, as CPython gives it, "
        "and offset, format and code beside."
    ),
    ("copies", "memcpy in private memory"): (
        "Anonymous memory of a process may lie in huge pages, which shared memory has only where the system is set so; it is the same "
        "memcpy."
    ),
    ("copies", "SharedMemory"): "It is the same memcpy of the same memory: which pages of it lie side by side differs from block to block.",
    ("creation", "shm_open and mmap"): (
        "It is the limit: five calls of the system. Ours checks the name, makes the file without one and links it once it is complete, "
        "and takes the lock that proves it used."
    ),
    ("creation", "posix_fallocate and mmap"): (
        "It is the limit for memory that is reserved; ours links the name once the block is complete, and takes the lock that proves it "
        "used."
    ),
    ("creation", "mmap, MAP_POPULATE"): (
        "One call maps all pages, where touching them takes a fault for each. A program can do so with a block of ours: "
        "madvise(MADV_POPULATE_WRITE) on its address."
    ),
    ("creation", "mmap, MFD_HUGETLB"): (
        "It takes huge pages that an administrator has set aside, which have no name in the file system of shared memory."
    ),
    ("creation", "SharedMemory"): (
        "Stock's is not owned: nobody removes it when its process is killed. Ours, in Python, is recorded for that, unless it is made "
        "with track=False."
    ),
}


def why(figure, label):
    name = label.rsplit(", ", 1)[0]
    return WHY.get((figure, name), "It is not known yet.")
