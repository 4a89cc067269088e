"""Compares this library with its alternatives: `make bench`. The working directory is the build
tree.

  bench.py measure full | small    writes tests/bench/measured/results/*.csv and run.json
  bench.py report                  writes tests/bench/measured/RESULTS.md and results/*.svg
  bench.py publish DIRECTORY       copies RESULTS.md and results/*.svg of a full run to DIRECTORY
"""

import csv
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import machine
import metrics
import plots
import report
import rounds

OUT = "tests/bench/measured"
FILES = os.path.join(OUT, "results")
UNITS = {"time": "ns", "rate": "1/s", "bandwidth": "B/s", "each": "ns", "amount": "B"}
# The percentiles of the exchanges of one measurement, as shares.
SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1}


def values_of(kind, answer):
    """Return the values of an answer, by the suffix of the case's name."""
    if kind == "each":
        samples = sorted(map(int, answer[1:]))
        return {f" {name}": samples[min(int(len(samples) * share), len(samples) - 1)] for name, share in SHARES.items()}
    amount, count = map(float, answer)
    return {
        "": {
            "time": lambda: count / amount,
            "rate": lambda: amount / count * 1e9,
            "bandwidth": lambda: amount / count * 1e9,
            "amount": lambda: amount / count,
        }[kind]()
    }


def start_redis(stack, directory):
    """Start a server on a socket in the directory. It saves nothing, and dies with the run."""
    if not shutil.which("redis-server"):
        return
    path = os.path.join(directory, "redis.socket")
    settings = {"port": "0", "unixsocket": path, "dir": directory, "save": "", "appendonly": "no", "daemonize": "no"}
    arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
    server = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "redis-server", *arguments], stdout=subprocess.DEVNULL)
    stack.callback(server.wait)
    stack.callback(server.terminate)
    deadline = time.monotonic() + 20
    while not os.path.exists(path):
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit("bench: redis-server did not start within 20 seconds")
        time.sleep(0.01)
    os.environ["BENCH_REDIS"] = path


class Run:
    """One run: the subjects that are left out, the failures, and the number of teams."""

    def __init__(self, scale):
        self.scale, self.left_out, self.failed, self.teams = metrics.SCALES[scale], {}, {}, 0

    def subjects_of(self, metric, case, stack):
        """Return the subjects of a case, each with its task. A team is closed with the stack."""
        found = {}
        for label, task in metric.cases[case].items():
            subject = metric.subjects[label]
            if subject.missing:
                self.left_out[label] = subject.missing
            elif (metric.name, label) not in self.failed:
                found[label] = (self.start(metric, case, label, stack), task)
        return {label: (started, task) for label, (started, task) in found.items() if started}

    def start(self, metric, case, label, stack):
        """Return the processes of a subject. Return None if they do not start."""
        try:
            if label in metric.hosts:
                team = self.team(*metric.hosts[label], metric.members[case])
                stack.callback(team.close)
                return team
            if label not in self.solos:
                self.solos[label] = rounds.Solo(metric.subjects[label].command)
            return self.solos[label]
        except (rounds.Failure, OSError) as failure:
            self.failed[metric.name, label] = str(failure)
            return None

    def team(self, host, members, count):
        self.teams += 1
        name = f"bench-{os.getpid()}-{os.getpid() * 100 + self.teams}"
        return rounds.Team(host, [members[number % len(members)] for number in range(count)], name)

    def measure(self, metric, write):
        self.solos = {}
        try:
            for case in metric.cases:
                print(f"bench: {metric.name}, {case}", flush=True)
                self.measure_case(metric, case, write)
        finally:
            for solo in self.solos.values():
                solo.close()

    def measure_case(self, metric, case, write):
        with ExitStack() as stack:

            def on_answer(label, number, answer):
                for suffix, value in values_of(metric.kind, answer).items():
                    write([metric.name, label, case + suffix, number, f"{value:.5g}", UNITS[metric.kind]])

            count = metric.rounds.get(case, self.scale.rounds)
            nanoseconds = int(metric.nanoseconds * self.scale.share)
            for label, reason in rounds.measure(self.subjects_of(metric, case, stack), count, nanoseconds, on_answer).items():
                self.failed[metric.name, label] = reason


def measure(scale):
    """Measure all metrics. Return whether no subject failed."""
    shutil.rmtree(FILES, ignore_errors=True)
    os.makedirs(FILES)
    facts, start = machine.describe(os.environ), time.monotonic()
    if float(facts["load before the run"]) > 1:
        print(f"bench: this machine is busy (load {facts['load before the run']}): the results will vary")
    with ExitStack() as stack:
        directory = f"/dev/shm/bench-{os.getpid()}"
        os.mkdir(directory, 0o700)
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        os.environ["BENCH_DIR"] = directory
        start_redis(stack, directory)
        run, all_metrics = Run(scale), metrics.all_of(scale)
        for metric in all_metrics:
            with open(os.path.join(FILES, metric.name + ".csv"), "w", newline="") as file:
                rows = csv.writer(file, lineterminator="\n")
                rows.writerow(report.COLUMNS)
                run.measure(metric, rows.writerow)
    record = {
        "scale": scale,
        "machine": facts,
        "versions": machine.versions(),
        "minutes": round((time.monotonic() - start) / 60, 1),
        "rounds": run.scale.rounds,
        "left out": run.left_out,
        "notes": {metric.name: metric.notes for metric in all_metrics},
        "failed": {f"{metric}: {label}": reason for (metric, label), reason in run.failed.items()},
    }
    with open(os.path.join(FILES, "run.json"), "w") as file:
        json.dump(record, file, indent=1, ensure_ascii=False)
        file.write("\n")
    for label, reason in run.left_out.items():
        print(f"bench: {label} is left out: {reason}")
    for (metric, label), reason in run.failed.items():
        print(f"bench: {metric}: {label} failed: {reason}", file=sys.stderr)
    return not run.failed


def write_report():
    data = report.Data(FILES)
    drawn = plots.draw(data, FILES)
    with open(os.path.join(OUT, "RESULTS.md"), "w") as file:
        file.write(report.page(data, drawn))
    print(f"bench: {OUT}/RESULTS.md" + ("" if drawn else ", without pictures: python3-matplotlib is not installed"))
    return True


def publish(directory):
    with open(os.path.join(FILES, "run.json")) as file:
        run = json.load(file)
    if run["scale"] != "full" or run["failed"]:
        sys.exit("bench: nothing to publish: the last run was not complete, or a subject failed")
    pictures = os.path.join(directory, "results")
    shutil.rmtree(pictures, ignore_errors=True)
    os.makedirs(pictures)
    for picture in glob.glob(os.path.join(FILES, "*.svg")):
        shutil.copy(picture, pictures)
    shutil.copy(os.path.join(OUT, "RESULTS.md"), directory)
    return True


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))  # the exit handlers remove the files
    sys.exit(not {"measure": measure, "report": write_report, "publish": publish}[sys.argv[1]](*sys.argv[2:]))
