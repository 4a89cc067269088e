"""Contenders, each a process of its own that waits for its turn; and how they take turns.

In each round all of a case have one turn each, in one order in even rounds and in the other in odd ones, so that all see the same
machine; a first round warms up and is not counted. While one works, the others wait in read(2). A contender has one processor for
itself, whoever answers it another one; servers run where the kernel puts them.
"""

import os
import selectors
import signal
import subprocess
import tempfile

PROCESSORS = sorted(os.sched_getaffinity(0))
HERE, THERE = PROCESSORS[0], PROCESSORS[-1]
PATIENCE = 180  # seconds for one turn, making ready included


class Failure(Exception):
    """A contender has ended, or does not answer: the sentence says why."""


class Process:
    """One process of a contender's."""

    def __init__(self, command, processor=HERE):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            bufsize=1,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {processor}),
            env={**os.environ, "BENCH_HERE": str(processor), "BENCH_THERE": str(THERE), "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def tell(self, nanoseconds, words):
        try:
            self.process.stdin.write(f"{nanoseconds} {words}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure(self.why()) from None

    def hear(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(PATIENCE):
                raise Failure(f"no answer in {PATIENCE} seconds")
        line = self.process.stdout.readline()
        if not line:
            raise Failure(self.why())
        return line.split()

    def why(self):
        self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().strip().splitlines()
        return said[-1] if said else f"it ended with {self.process.returncode}"

    def close(self):
        """It ends at the end of its input, having removed what it made; or it is ended, with whatever it started."""
        self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


class Solo:
    """A contender of one process, which works through all cases of a figure."""

    def __init__(self, command):
        self.process = Process(command)

    def turn(self, nanoseconds, words):
        self.process.tell(nanoseconds, words)
        return self.process.hear()

    def close(self):
        self.process.close()


class Team:
    """So many processes that work at the same time on what a host, which then only waits, has made."""

    def __init__(self, host, members, name):
        self.name, self.processes = name, []
        try:
            self.processes.append(Process(host))
            self.processes[0].tell(0, f"host {name}")
            self.processes[0].hear()
            self.processes += [Process(member, PROCESSORS[number % len(PROCESSORS)]) for number, member in enumerate(members)]
        except Failure:
            self.close()
            raise

    def turn(self, nanoseconds, words):
        """How many all of them do together in a nanosecond."""
        for process in self.processes[1:]:
            process.tell(nanoseconds, f"{words} {self.name}")
        answers = [process.hear() for process in self.processes[1:]]
        return [str(sum(float(amount) / float(took) for amount, took in answers)), "1"]

    def close(self):
        for process in reversed(self.processes):
            process.close()


def take(contenders, rounds, nanoseconds, give):
    """Turns of all, each of which is words and something with turn(); give(contender, round, answer) gets what they answer. Returns
    those that failed, with the sentences.
    """
    failed = {}
    for turn in range(-1, rounds):
        for name, (player, words) in list(contenders.items())[:: -1 if turn % 2 else 1]:
            if name in failed:
                continue
            try:
                answer = player.turn(nanoseconds, words)
            except Failure as failure:
                failed[name] = str(failure)
                continue
            if turn >= 0:
                give(name, turn, answer)
    return failed
