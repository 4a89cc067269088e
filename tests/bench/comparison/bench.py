"""Compares this library with its alternatives: `make bench`. The working folder is the build tree.

  bench.py measure full | small    writes tests/bench/measured/results/*.csv and run.json
  bench.py report                  writes tests/bench/measured/RESULTS.md and results/*.svg
  bench.py publish FOLDER          copies RESULTS.md and results to FOLDER, if the run was complete
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import metrics
import machine
import plots
import report
import rounds

OUT = "tests/bench/measured"
FILES = os.path.join(OUT, "results")
UNITS = {"time": "ns", "rate": "1/s", "bandwidth": "B/s", "each": "ns", "amount": "B"}
# The shares of the percentiles of the exchanges of a turn.
SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1}


def values_of(kind, answer):
    """The values of an answer, by the suffix of the case's name."""
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


def start_redis(stack, folder):
    """Starts a server on a socket in the folder, which saves nothing, and which dies with the run."""
    if not shutil.which("redis-server"):
        return
    path = os.path.join(folder, "redis.socket")
    settings = {"port": "0", "unixsocket": path, "dir": folder, "save": "", "appendonly": "no", "daemonize": "no"}
    arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
    server = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "redis-server", *arguments], stdout=subprocess.DEVNULL)
    stack.callback(server.wait)
    stack.callback(server.terminate)
    deadline = time.monotonic() + 20
    while not os.path.exists(path):
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit("bench: redis-server does not start")
        time.sleep(0.01)
    os.environ["BENCH_REDIS"] = path


class Run:
    """One run: the contenders that are left out, the failures, and the teams."""

    def __init__(self, scale):
        self.scale, self.left_out, self.failed, self.teams = metrics.SCALES[scale], {}, {}, 0

    def players_of(self, figure, case, stack):
        """The contenders of a case: for each, a process that lives as long as the stack, and its words."""
        there = {}
        for label, words in figure.cases[case].items():
            contender = figure.contenders[label]
            if contender.missing:
                self.left_out[label] = contender.missing
            elif (figure.name, label) not in self.failed:
                there[label] = (self.player(figure, case, label, stack), words)
        return {label: (player, words) for label, (player, words) in there.items() if player}

    def player(self, figure, case, label, stack):
        try:
            if label in figure.hosts:
                player = self.team(*figure.hosts[label], figure.members[case])
                stack.callback(player.close)
            elif label not in self.solos:
                player = self.solos[label] = rounds.Solo(figure.contenders[label].command)
            return player if label in figure.hosts else self.solos[label]
        except (rounds.Failure, OSError) as failure:
            self.failed[figure.name, label] = str(failure)
            return None

    def team(self, host, members, count):
        self.teams += 1
        name = f"bench-{os.getpid()}-{os.getpid() * 100 + self.teams}"
        return rounds.Team(host, [members[number % len(members)] for number in range(count)], name)

    def measure(self, figure, write):
        self.solos = {}
        try:
            for case in figure.cases:
                print(f"bench: {figure.name}, {case}", flush=True)
                self.measure_case(figure, case, write)
        finally:
            for player in self.solos.values():
                player.close()

    def measure_case(self, figure, case, write):
        with ExitStack() as stack:

            def give(label, turn, answer):
                for name, value in values_of(figure.kind, answer).items():
                    write([figure.name, label, case + name, turn, f"{value:.5g}", UNITS[figure.kind]])

            count = figure.rounds.get(case, self.scale.rounds)
            nanoseconds = int(figure.nanoseconds * self.scale.share)
            for label, why in rounds.take(self.players_of(figure, case, stack), count, nanoseconds, give).items():
                self.failed[figure.name, label] = why


def measure(scale):
    """Run all figures. Return whether no contender failed."""
    shutil.rmtree(FILES, ignore_errors=True)
    os.makedirs(FILES)
    facts, start = machine.describe(os.environ), time.monotonic()
    if float(facts["load before the run"]) > 1:
        print(f"bench: this machine is busy (load {facts['load before the run']}): the results will vary")
    with ExitStack() as stack:
        folder = f"/dev/shm/bench-{os.getpid()}"
        os.mkdir(folder, 0o700)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        os.environ["BENCH_DIR"] = folder
        start_redis(stack, folder)
        run, all_figures = Run(scale), metrics.all_of(scale)
        for figure in all_figures:
            with open(os.path.join(FILES, figure.name + ".csv"), "w", newline="") as file:
                rows = csv.writer(file, lineterminator="\n")
                rows.writerow(["bench", "contender", "parameter", "round", "value", "unit"])
                run.measure(figure, rows.writerow)
    record = {
        "scale": scale,
        "machine": facts,
        "versions": machine.versions(),
        "minutes": round((time.monotonic() - start) / 60, 1),
        "rounds": run.scale.rounds,
        "left out": run.left_out,
        "notes": {figure.name: figure.notes for figure in all_figures},
        "failed": {f"{figure}: {label}": why for (figure, label), why in run.failed.items()},
    }
    with open(os.path.join(FILES, "run.json"), "w") as file:
        json.dump(record, file, indent=1, ensure_ascii=False)
        file.write("\n")
    for label, why in run.left_out.items():
        print(f"bench: {label} is left out: {why}")
    for (figure, label), why in run.failed.items():
        print(f"bench: {figure}: {label} failed: {why}", file=sys.stderr)
    return not run.failed


def write_report():
    data = report.Data(FILES)
    drawn = plots.draw(data, FILES)
    with open(os.path.join(OUT, "RESULTS.md"), "w") as file:
        file.write(report.page(data, drawn))
    print(f"bench: {OUT}/RESULTS.md" + ("" if drawn else ", without pictures: python3-matplotlib is not installed"))
    return True


def publish(folder):
    with open(os.path.join(FILES, "run.json")) as file:
        run = json.load(file)
    if run["scale"] != "full" or run["failed"]:
        sys.exit("bench: the last run was not complete, or a contender failed: nothing to publish")
    shutil.rmtree(os.path.join(folder, "results"), ignore_errors=True)
    shutil.copytree(FILES, os.path.join(folder, "results"))
    shutil.copy(os.path.join(OUT, "RESULTS.md"), folder)
    return True


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))  # the exit handlers remove the files
    sys.exit(not {"measure": measure, "report": write_report, "publish": publish}[sys.argv[1]](*sys.argv[2:]))
