"""litmus.py - checks the memory order of readers and writers on arm64, in every order of their accesses.

Spin's models execute the steps of a process in program order. An arm64 processor does not: it may execute
two accesses of a thread in either order, unless a rule of the architecture forbids that. This program
executes the accesses of each litmus test in every order that the rules permit. A test lists an outcome that
must not occur. A broken variant of a test lacks one of the rules that the real code relies on: there, the
outcome must occur.

The rules are those of the arm64 memory model for the instructions that C's and Go's atomic operations become.
A store becomes visible to all other threads at once, so one memory and a partial order of each thread's
accesses are sufficient. Two accesses of a thread, the first one earlier in the program, stay in order if

- both access the same word;
- the first is an acquire load (LDAR), or the second is a release store (STLR);
- the first is a release store and the second an acquire load (LDAR, not LDAPR);
- a full barrier (DMB ISH) is between them, or a load barrier (DMB ISHLD) and the first is a load;
- they are the load and the store of one compare-and-swap.

Dependencies between accesses keep more of them in order. The tests do not rely on that.
"""

import sys
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    kind: str  # "load", "store" or "barrier"
    word: str = ""
    value: int = 0  # that a store writes
    ordered: bool = False  # an acquire load, or a release store
    loads_only: bool = False  # of a barrier
    register: str = ""  # that receives the value of a load
    pair: str = ""  # the same for the load and the store of a compare-and-swap


def ldr(word, register):
    return Step("load", word, register=register)


def ldar(word, register):
    return Step("load", word, ordered=True, register=register)


def store(word, value):
    return Step("store", word, value)


def stlr(word, value):
    return Step("store", word, value, ordered=True)


def casal(word, value):
    """The load and the store of a compare-and-swap that succeeds."""
    return Step("load", word, ordered=True, pair=word), Step("store", word, value, ordered=True, pair=word)


DMB_ISH = Step("barrier")
DMB_ISHLD = Step("barrier", loads_only=True)


def stay_in_order(thread, i, j):
    """Return whether the access i of the thread is always executed before its access j."""
    first, second = thread[i], thread[j]
    return (
        first.word == second.word
        or (first.kind == "load" and first.ordered)
        or (second.kind == "store" and second.ordered)
        or (first.kind == "store" and first.ordered and second.kind == "load" and second.ordered)
        or any(s.kind == "barrier" and (not s.loads_only or first.kind == "load") for s in thread[i:j])
    )


def predecessors(thread):
    """Return, for each access of the thread, the indexes of the accesses that are executed before it."""
    accesses = [i for i, step in enumerate(thread) if step.kind != "barrier"]
    return {j: {i for i in accesses if i < j and stay_in_order(thread, i, j)} for j in accesses}


def is_enabled(thread, before, done, j):
    step = thread[j]
    return j not in done and before[j] <= done and not (step.kind == "barrier")


def outcomes(threads):
    """Return the values of all registers at the end of every execution, as a set of frozensets of pairs."""
    orders = [predecessors(thread) for thread in threads]
    found, seen = set(), set()
    stack = [(tuple(frozenset() for _ in threads), frozenset(), frozenset())]
    while stack:
        state = stack.pop()
        if state in seen:
            continue
        seen.add(state)
        done, memory, registers = state
        is_final = True
        for t, thread in enumerate(threads):
            for j in orders[t]:
                if not is_enabled(thread, orders[t], done[t], j):
                    continue
                is_final = False
                step, words, values = thread[j], dict(memory), dict(registers)
                if step.kind == "store":
                    words[step.word] = step.value
                elif step.register:
                    values[step.register] = words.get(step.word, 0)
                now = done[:t] + (done[t] | {j},) + done[t + 1 :]
                stack.append((now, frozenset(words.items()), frozenset(values.items())))
        if is_final:
            found.add(registers)
    return found


@dataclass
class Test:
    name: str
    threads: list
    outcome: object  # a function of the registers, which must never return true
    broken: dict = field(default_factory=dict)  # the threads of variants in which it must be able to


LOCKED, UNLOCKED = 1, 2  # version words; the first one is 0

# Writers change two words of an item, for example data and format, from 0 to 1.
WRITER_IN_C = [*casal("version", LOCKED), DMB_ISH, store("data", 1), store("format", 1), stlr("version", UNLOCKED)]
WRITER_IN_GO = [*casal("version", LOCKED), stlr("data", 1), stlr("format", 1), stlr("version", UNLOCKED)]
# An exclusive pair with a release store: a later plain store may become visible before it.
WRITER_WITHOUT_FENCE = [*casal("version", LOCKED), store("data", 1), store("format", 1), stlr("version", UNLOCKED)]
WRITER_WITH_PLAIN_UNLOCK = [*WRITER_IN_C[:-1], store("version", UNLOCKED)]

READER_IN_C = [ldar("version", "v1"), ldr("data", "d"), ldr("format", "f"), DMB_ISHLD, ldr("version", "v2")]
READER_IN_GO = [ldar("version", "v1"), ldar("data", "d"), ldar("format", "f"), ldar("version", "v2")]
READER_WITH_PLAIN_DATA = [ldar("version", "v1"), ldr("data", "d"), ldr("format", "f"), ldar("version", "v2")]
READER_WITH_PLAIN_VERSION = [ldr("version", "v1"), *READER_IN_C[1:]]


def is_torn(registers):
    accepted = registers["v1"] == registers["v2"] != LOCKED
    return accepted and not registers["d"] == registers["f"] == (registers["v1"] == UNLOCKED)


# A writer unlocks an item and then reads the waiters flag; a waiter sets the flag and then reads the item.
WAKER_IN_C = [stlr("version", UNLOCKED), DMB_ISH, ldr("flag", "flag")]
WAKER_IN_GO = [stlr("version", UNLOCKED), ldar("flag", "flag")]
WAKER_WITHOUT_BARRIER = [stlr("version", UNLOCKED), ldr("flag", "flag")]
WAITER_IN_C = [*casal("flag", 1), DMB_ISH, ldar("version", "seen")]
WAITER_WITHOUT_BARRIER = [*casal("flag", 1), ldr("version", "seen")]


def is_missed(registers):
    return registers["flag"] == 0 and registers["seen"] != UNLOCKED


def tests():
    writers = {"C": WRITER_IN_C, "Go": WRITER_IN_GO}
    readers = {"C": READER_IN_C, "Go": READER_IN_GO}
    for w, writer in writers.items():
        for r, reader in readers.items():
            broken = {
                "plain loads of the item": [writer, READER_WITH_PLAIN_DATA],
                "a plain first load of the version": [writer, READER_WITH_PLAIN_VERSION],
                "a plain unlock": [WRITER_WITH_PLAIN_UNLOCK, reader],
                "plain stores without a fence after the lock": [WRITER_WITHOUT_FENCE, reader],
            }
            yield Test(f"{r} reads what {w} writes", [writer, reader], is_torn, broken)
    for w, waker in {"C": WAKER_IN_C, "Go": WAKER_IN_GO}.items():
        broken = {
            "no barrier before the load of the flag": [WAKER_WITHOUT_BARRIER, WAITER_IN_C],
            "no barrier after the store of the flag": [waker, WAITER_WITHOUT_BARRIER],
        }
        yield Test(f"{w} wakes a waiter", [waker, WAITER_IN_C], is_missed, broken)


def can_occur(test, threads):
    return any(test.outcome(dict(registers)) for registers in outcomes(threads))


def main():
    failures = 0
    for test in tests():
        if can_occur(test, test.threads):
            print(f"litmus: {test.name}: the forbidden outcome occurs", file=sys.stderr)
            failures += 1
        for variant, threads in test.broken.items():
            if not can_occur(test, threads):
                print(f"litmus: {test.name}, broken by {variant}: the outcome does not occur", file=sys.stderr)
                failures += 1
        print(f"litmus {test.name}: ok, and {len(test.broken)} broken variants")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
