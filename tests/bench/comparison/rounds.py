"""The processes of the subjects, and the rounds in which they are measured.

Each subject of a case is measured once in each round. The order alternates between rounds, so that
all subjects run under the same conditions. The first round warms up and is not counted. While one
subject works, the others wait in read(2). A subject has a processor of its own, its partner has
another one, and the kernel chooses the processors of servers.
"""

import os
import selectors
import signal
import subprocess
import tempfile
from contextlib import suppress

PROCESSORS = sorted(os.sched_getaffinity(0))
FIRST, LAST = PROCESSORS[0], PROCESSORS[-1]
TIMEOUT = 180  # in seconds, for one measurement and its preparation


class Failure(Exception):
    """A subject exited or did not answer. The text is the reason."""


class Process:
    """One process of a subject."""

    def __init__(self, command, processor=FIRST):
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
            env={
                **os.environ,
                "BENCH_PROCESSOR": str(processor),
                "BENCH_PARTNER_PROCESSOR": str(LAST),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
        )

    def send(self, nanoseconds, task):
        try:
            self.process.stdin.write(f"{nanoseconds} {task}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure(self.error_message()) from None

    def receive(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(TIMEOUT):
                raise Failure(f"no answer in {TIMEOUT} seconds")
        line = self.process.stdout.readline()
        if not line:
            raise Failure(self.error_message())
        return line.split()

    def error_message(self):
        """Wait for the end of the process, and return the last line that it printed on standard
        error.
        """
        self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        return lines[-1] if lines else f"it exited with {self.process.returncode}"

    def close(self):
        """Close its input, so that it removes its files and exits. Kill its process group after 30
        seconds.
        """
        with suppress(BrokenPipeError):  # the process has exited already
            self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


class Solo:
    """A subject with one process, which runs all cases of a metric."""

    def __init__(self, command):
        self.process = Process(command)

    def measure(self, nanoseconds, task):
        self.process.send(nanoseconds, task)
        return self.process.receive()

    def close(self):
        self.process.close()


class Team:
    """Several processes that work at the same time on the data of a host process."""

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

    def measure(self, nanoseconds, task):
        """Return the operations per nanosecond of all processes together."""
        for process in self.processes[1:]:
            process.send(nanoseconds, f"{task} {self.name}")
        answers = [process.receive() for process in self.processes[1:]]
        return [str(sum(float(amount) / float(took) for amount, took in answers)), "1"]

    def close(self):
        for process in reversed(self.processes):
            process.close()


def measure(subjects, rounds, nanoseconds, on_answer):
    """Measure all subjects in each round. By label, a subject is a Solo or a Team, and its task.

    Calls on_answer(label, round, answer) for each answer. Returns the subjects that failed, and the
    reasons.
    """
    failed = {}
    for number in range(-1, rounds):
        for label, (subject, task) in list(subjects.items())[:: -1 if number % 2 else 1]:
            if label in failed:
                continue
            try:
                answer = subject.measure(nanoseconds, task)
            except Failure as failure:
                failed[label] = str(failure)
                continue
            if number >= 0:
                on_answer(label, number, answer)
    return failed
