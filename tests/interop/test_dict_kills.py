"""test_dict_kills.py - workers in all languages use one dict, and are killed at random.

Eight workers repeat the script of operations below. The parent process kills a random one every few milliseconds, and
starts another one, in the next language, which continues with the keys of the dead one. A worker reports each operation
by a byte when it has returned. So the parent knows which one a killed worker may have begun and not reported.
dict_script.c describes the operations and the reports.

- Each chain of workers has keys of its own, whose values are known: each read, by any worker, finds the value that was
  reported, or what the interrupted operation has written. No value is a mix, or of another key.
- All workers insert, change and delete the same keys, and add to the same counters, whose sums are what was reported,
  and at most the interrupted additions more.
- In the end all workers are killed at once. Then a set does not wait for a lock, each key is in the dict once, stock
  Python and each language find it, reader.pl finds the index correct, reindex changes nothing, and each place can be
  written.

DICT_KILLS is the number of kills, 500 if it is not set. In the first half no worker calls reindex, which would repair
what a recovery had not.
"""
import itertools
import mmap
import os
import pathlib
import random
import re
import selectors
import struct
import subprocess
import time
from collections import Counter

import dicts
import peers
import pytest

KILLS = int(os.environ.get("DICT_KILLS", "500"))
CHAINS = 8
VALUE_SIZE = 4000
BRIEF = 1  # the TTL of the keys "brief" in milliseconds
ABSENT, AGE_MAX, EXCHANGED, NOT_WHOLE = 0, 200, 254, 255

# {} is the chain: these keys are its own.
SCRIPT = """
set {}:type int 0 0
set {}:come int 0 0
set {}:go str 11 0
add {}:count
delete {}:come
set {}:text str 472 0
pop {}:go
set {}:come bytes 20 0
get {}:type
set {}:brief str 600 1
set {}:long str 4000 0
delete {}:come
set all:come int 0 0
get {}:come
exchange all:exchanged
pop all:come
set {}:come float 0 3600000
set {}:type str 20 3600000
set {}:go int 0 0
get {}:come
delete {}:go
set all:text str 2000 0
get {}:go
pop {}:come
set {}:text str 473 0
add all:total
set {}:come str 15 0
set all:come bytes 30 0
get {}:text
set {}:go bytes 2000 0
delete {}:come
get all:come
set all:text int 0 0
delete {}:go
delete all:come
get {}:long
set {}:come int 0 0
set {}:go float 0 0
set {}:type bytes 11 0
get all:text
pop {}:come
set {}:text bytes 30 0
add_float all:halves
pop {}:go
set all:come str 480 0
get {}:brief
set {}:come str 11 0
set {}:type float 0 0
delete all:come
delete {}:come
set {}:go str 473 0
set {}:long int 0 0
exchange all:exchanged
set {}:come int 0 0
set {}:text bytes 2000 0
delete_expired
pop {}:go
set all:text bytes 472 0
delete {}:come
""".strip()
KEYS = ("type", "text", "long", "come", "go")  # of a chain, whose values are known
AMOUNTS = {"add": 1, "add_float": 0.5}
COUNTERS = {"all:total": 0, "all:exchanged": 0, "all:halves": 0.0}
PLACES = CHAINS * (len(KEYS) + 2) + len(COUNTERS) + 3
# What the owner of the lock of the dict does.
INTENTS = ("nothing", "insert", "delete", "value", "reindex")


def value_of(kind, length, number):
    """Return the value that a set with this number writes."""
    if kind == "int":
        return number
    if kind == "float":
        return number + 0.5
    text = ("%010d;" % number * (length // 11 + 1))[: length - (kind == "bytes")]
    return b"\xff" + text.encode() if kind == "bytes" else text


class Chain:
    """Workers that follow one another, and what is known from their reports.

    states
        For each own key, the number of the operation that has set it, or None if it is absent. After an operation
        was interrupted, what it may have made of the key is the last of two, until a worker reads the key.
    added, perhaps
        What was added to each counter, and what interrupted operations may have added.
    """

    def __init__(self, name, identifier, languages, last_operation):
        self.name, owner = name, f"w{identifier}"
        self.script = [line.replace("{}", owner).split() for line in [*SCRIPT.splitlines(), last_operation]]
        self.number = identifier * 10**9
        self.commands = itertools.cycle(languages[identifier % len(languages) :] + languages[: identifier % len(languages)])
        self.states = {f"{owner}:{key}": [None] for key in KEYS}
        self.added, self.perhaps, self.found = Counter(), Counter(), Counter()
        self.process, self.reports = None, 0
        self.steady = self._steady()

    def _steady(self):
        """Return the pattern of the reports of whole rounds of the script, which follow another one."""
        pattern = b""
        for index, (name, *operands) in enumerate(self.script):
            if name in ("get", "pop") and operands[0] in self.states:
                pattern += re.escape(bytes([self._steady_report(index, operands[0])]))
            else:
                pattern += {"get": b"[^\xff]", "pop": b"[^\xff]", "exchange": b"[\xfd\xfe]"}.get(name, b"\x01")
        return re.compile(b"(?:%b)*" % pattern)

    def _steady_report(self, index, key):
        """Return the report about a key if the operations before have been executed."""
        changes = (age for age in range(1, len(self.script)) if self.script[index - age][1:2] == [key])
        age = next(age for age in changes if self.script[index - age][0] != "get")
        return 1 + age if self.script[index - age][0] == "set" else ABSENT

    def _arguments(self, count):
        return [self.name, str(self.number), str(count), *map(" ".join, self.script)]

    def _begin(self):
        """Expect the reports of a new worker."""
        self.first = self.number
        self.reads = [["delete", "none"], *(operation for operation in self.script if operation[0] == "get")]

    def start(self):
        """Start a worker in the next language."""
        self.language, command = next(self.commands)
        self.process = subprocess.Popen([*command, *self._arguments(-1)], stdout=subprocess.PIPE)
        self.is_ready = False
        self._begin()

    def read(self):
        """Take the reports that are there. Return whether there may be more."""
        data = os.read(self.process.stdout.fileno(), 65536)
        self._take(data)
        self.is_ready = self.is_ready or len(data) > 0
        return len(data) > 0

    def _next(self):
        """Return the name and the key of the operation that the worker reports next."""
        name, *operands = self.reads[0] if self.reads else self.script[self.number % len(self.script)]
        return name, operands[0] if operands else None

    def _take(self, data):
        position = 0
        while position < len(data):
            position += self._take_rounds(data, position) or self._take_one(data[position])
        self.reports += len(data)

    def _take_rounds(self, data, position):
        """Take the reports of whole rounds, if they are as expected. Return the number of reports, which may be 0."""
        if self.reads or self.number % len(self.script) != 0 or self.number - self.first < len(self.script):
            return 0
        end = self.steady.match(data, position).end()
        count = end - position
        self.number += count
        self.states = {key: [state and state + count for state in states] for key, states in self.states.items()}
        for name, *operands in self.script:
            if name in AMOUNTS:
                self.added[operands[0]] += AMOUNTS[name] * (count // len(self.script))
        self.added["all:exchanged"] += data.count(EXCHANGED, position, end)
        return count

    def kill(self):
        """Kill the worker, and note what its last operation may have done."""
        self.process.kill()
        while self.read():
            pass
        self.process.stdout.close()
        assert self.process.wait() == -9, f"a worker in {self.language} ended by itself"
        name, key = self._next()
        self.number += 1
        if name in AMOUNTS or name == "exchange":
            self.perhaps[key] += AMOUNTS.get(name, 1)
        elif key in self.states and name != "get":
            new = self.number - 1 if name == "set" else None
            self.states[key] = [*(state for state in self.states[key] if state != new), new]

    def stop(self):
        """End the worker without a check."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def check_again(self, language, command):
        """Let a worker in this language read each key, and compare the own ones with what is known."""
        self.language = language
        self._begin()
        answer = subprocess.run([*command, *self._arguments(0)], check=True, stdout=subprocess.PIPE, timeout=60)
        self._take(answer.stdout)

    def _take_one(self, report):
        """Take the report of an operation. Return 1."""
        number, (name, key) = self.number, self._next()
        if self.reads:
            self.reads.pop(0)
        else:
            self.number += 1
        if name in ("get", "pop"):
            assert report != NOT_WHOLE, f"{key} had a mixed value at {number}, read by {self.language}"
            if key in self.states:
                self._compare(report, number, key)
        if name in AMOUNTS:
            self.added[key] += AMOUNTS[name]
        elif name == "exchange":
            self.added[key] += report == EXCHANGED
        elif key in self.states and name != "get":
            self.states[key] = [number if name == "set" else None]
        return 1

    def _compare(self, report, number, key):
        """Compare what a worker has read with the known states, of which one remains."""

        def report_of(state):
            return ABSENT if state is None else 1 + min(number - state, AGE_MAX)

        states = self.states[key]
        same = [state for state in states if report_of(state) == report]
        assert same, f"{self.language} reports {report} of {key} at {number}, not {[report_of(state) for state in states]}"
        if len(states) > 1:
            self.found["new" if same[-1] == states[-1] else "old"] += 1
        self.states[key] = same

    def values(self):
        """Return the own keys with their values."""
        known = {}
        for key, (number,) in self.states.items():
            if number is not None:
                _, _, kind, length, _ = self.script[number % len(self.script)]
                known[key] = value_of(kind, int(length), number)
        return known


class Block:
    """The bytes of the dict's block: see layout.md, "The sync area" and "The dict area"."""

    def __init__(self, name):
        path = pathlib.Path("/dev/shm", name)
        with path.open("rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        self.sync, self.area = self.bytes.find(b"shr.sync"), self.bytes.find(b"shr.dict")
        self.inode = path.stat().st_ino

    def writers(self):
        """Return the writer ids of the living writers, each of which holds a lock on a byte of the block's file."""
        locks = [line.split() for line in pathlib.Path("/proc/locks").read_text().splitlines() if f":{self.inode} " in line]
        return {int(start) - 2**62 for *_, start, _ in locks} - {-1}

    def changes(self):
        """Return the changes that are going on, each with the writer id of its writer."""
        owner, intent = struct.unpack_from("II", self.bytes, self.area + 64)
        words = struct.unpack_from(f"{2 * PLACES}Q", self.bytes, self.sync + 2816)
        return {(INTENTS[intent], owner & ~(1 << 30)), *(("item", word >> 32) for word in words)}

    def index(self):
        """Return the count and the entries of the index, in order."""
        (count,) = struct.unpack_from("Q", self.bytes, self.area + 96)
        (value_size,) = struct.unpack_from("I", self.bytes, self.area + 28)
        return count, sorted(struct.unpack_from(f"{2 * PLACES}Q", self.bytes, self.area + 192 + value_size + 8 * PLACES))


class Killer:
    """Lets the workers of the chains run, and kills them.

    killed
        The kills in each language.
    interrupted
        The changes in which workers were killed, and which no other worker had completed a moment later.
    """

    def __init__(self, block, chains):
        self.block, self.chains = block, chains
        self.selector = selectors.DefaultSelector()
        self.killed, self.interrupted = Counter(), set()

    def run(self, kills):
        """Kill so many workers, the last ones at once."""
        try:
            for chain in self.chains:
                self._start(chain)
            for _ in range(kills - len(self.chains)):
                self._take_reports(random.uniform(0, 0.03))
                victim = random.choice(self._ready())
                self._kill(victim)
                self._start(victim)
            for chain in self.chains:
                chain.process.kill()
            for chain in self.chains:
                self._kill(chain)
        finally:
            for chain in self.chains:
                chain.stop()

    def _ready(self):
        """Return the chains whose workers have begun. Wait for the first one."""
        end = time.monotonic() + 60
        while not any(chain.is_ready for chain in self.chains):
            assert time.monotonic() < end, "no worker has begun for a minute"
            self._take_reports(0.01)
        return [chain for chain in self.chains if chain.is_ready]

    def _start(self, chain):
        chain.start()
        self.selector.register(chain.process.stdout, selectors.EVENT_READ, chain)

    def _kill(self, chain):
        self.selector.unregister(chain.process.stdout)
        chain.kill()
        self.killed[chain.language] += 1
        living = self.block.writers() | {0}
        self.interrupted |= {change for change in self.block.changes() if change[1] not in living}

    def _take_reports(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, _ in self.selector.select(max(0, end - time.monotonic())):
                assert key.data.read(), f"a worker in {key.data.language} ended by itself"


@pytest.fixture
def name():
    name = f"test-{os.getpid()}-dict-kills"
    yield name
    pathlib.Path("/dev/shm", name).unlink(missing_ok=True)


def check_index(name):
    """Let reader.pl, which does not use this library, check the index. Return the keys and values that it finds."""
    reader = ["perl", str(peers.SOURCE / "core/doc/reader.pl"), "--dict", name]
    return subprocess.run(reader, check=True, stdout=subprocess.PIPE, timeout=60).stdout


def check_contents(name, chains):
    """Compare what stock Python reads with what was reported."""
    found, added, perhaps = dicts.contents(name), Counter(COUNTERS), Counter()
    for chain in chains:
        added.update(chain.added)
        perhaps.update(chain.perhaps)
    for key in added:
        value = found.pop(key)
        assert 0 <= value - added[key] <= perhaps[key], (key, value, added[key], perhaps[key])
    expected = {key: value for chain in chains for key, value in chain.values().items()}
    shared = {key for key in found if key.startswith("all:")}
    assert shared <= {"all:text", "all:come", "all:end"}, shared  # their values were checked by workers
    assert {key: value for key, value in found.items() if key not in shared} == expected


def check_locks(name):
    """Write a value to each place: none is locked."""
    dicts.shareable("dict", "clear", "--timeout", 0, name)
    for place in range(PLACES):
        dicts.shareable("dict", "set", "--timeout", 0, name, f"place{place}", place)
    assert len(dicts.contents(name)) == PLACES


@pytest.mark.parametrize("last_operation", ["get {}:come", "reindex"], ids=["without-reindex", "with-reindex"])
def test_killed_workers_in_all_languages_leave_each_key_once(name, last_operation):
    dicts.create(name, PLACES, 16, VALUE_SIZE)
    for key, zero in COUNTERS.items():
        dicts.shareable("dict", "set", "--type", type(zero).__name__, name, key, zero)
    languages = dicts.workers("dict_script")
    chains = [Chain(name, n, list(languages.items()), last_operation) for n in range(1, CHAINS + 1)]
    block = Block(name)
    killer = Killer(block, chains)
    killer.run(KILLS // 2)
    dicts.shareable("dict", "set", "--timeout", 0, name, "all:end", 1)
    time.sleep(BRIEF / 1000)
    dicts.shareable("dict", "clear", "--expired", "--timeout", 0, name)
    for chain in chains:
        for language, command in languages.items():
            chain.check_again(language, command)
    lines, entries = check_index(name), block.index()
    check_contents(name, chains)
    dicts.shareable("dict", "reindex", "--timeout", 0, name)
    assert (check_index(name), block.index()) == (lines, entries), "reindex has changed something"
    check_contents(name, chains)
    check_locks(name)
    found = sum((chain.found for chain in chains), Counter())
    print(f"kills: {dict(killer.killed)}; in a change: {dict(Counter(kind for kind, _ in killer.interrupted))}")
    print(f"{sum(chain.reports for chain in chains)} operations reported")
    print(f"interrupted changes of own keys: {found['old']} found old, {found['new']} found new")
    assert [left for left in os.listdir("/dev/shm") if name in left] == [name]
