"""The contenders, each a process that waits for its turn, and the order of the turns.

In each round, each contender of a case has one turn. The order alternates between rounds, so that all
run under the same conditions. A first round warms up and is not counted. While one contender works,
the others wait in read(2). A contender has a processor of its own, its partner has another one, and
the kernel places servers.
"""

import os
import selectors
import signal
import subprocess
import tempfile

PROCESSORS = sorted(os.sched_getaffinity(0))
HERE, THERE = PROCESSORS[0], PROCESSORS[-1]
TURN_TIMEOUT = 180  # in seconds, for one turn and its preparation


class Failure(Exception):
    """A contender has exited, or does not answer; the text is the reason."""


class Process:
    """One process of a contender."""

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

    def send(self, nanoseconds, words):
        try:
            self.process.stdin.write(f"{nanoseconds} {words}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure(self.why()) from None

    def receive(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(TURN_TIMEOUT):
                raise Failure(f"no answer in {TURN_TIMEOUT} seconds")
        line = self.process.stdout.readline()
        if not line:
            raise Failure(self.why())
        return line.split()

    def why(self):
        self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        return lines[-1] if lines else f"it exited with {self.process.returncode}"

    def close(self):
        """Close its input, at which it exits and removes its files; or kill its process group."""
        self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


class Solo:
    """A contender with one process, which runs all cases of a figure."""

    def __init__(self, command):
        self.process = Process(command)

    def turn(self, nanoseconds, words):
        self.process.send(nanoseconds, words)
        return self.process.receive()

    def close(self):
        self.process.close()


class Team:
    """Several processes that work at the same time on the data of a host, which only waits."""

    def __init__(self, host, members, name):
        self.name, self.processes = name, []
        try:
            self.processes.append(Process(host))
            self.processes[0].send(0, f"host {name}")
            self.processes[0].receive()
            self.processes += [Process(member, PROCESSORS[number % len(PROCESSORS)]) for number, member in enumerate(members)]
        except Failure:
            self.close()
            raise

    def turn(self, nanoseconds, words):
        """The operations per nanosecond of all processes together."""
        for process in self.processes[1:]:
            process.send(nanoseconds, f"{words} {self.name}")
        answers = [process.receive() for process in self.processes[1:]]
        return [str(sum(float(amount) / float(took) for amount, took in answers)), "1"]

    def close(self):
        for process in reversed(self.processes):
            process.close()


def take(contenders, rounds, nanoseconds, give):
    """Run the turns of all contenders, each an object with turn() and its words.

    give(contender, round, answer) gets the answers. Returns the contenders that failed, and the reasons.
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
