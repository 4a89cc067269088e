"""Measures `shareable ls` with thousands of blocks, beside another version of the command, which
may be omitted. The rounds of both alternate. The blocks are in a /dev/shm of their own, in a mount
namespace, so the other blocks of the machine do not count; its processes do.

  ls.py PROGRAM [OTHER]    PROGRAM and OTHER are tools/cli/shareable in two build trees
"""

import os
import pty
import statistics
import subprocess
import sys

from measure import alternate, median_ratio, timed, verdict

ROUNDS = 7
LIMITS = {5_000: 0.5, 10_000: 1.0}  # seconds

# Maps all blocks, and waits.
HOLDER = """
import mmap, os, sys
kept = []
for each in os.scandir("/dev/shm"):
    fd = os.open(each.path, os.O_RDWR)
    kept.append(mmap.mmap(fd, 0, trackfd=False) if sys.version_info >= (3, 13) else mmap.mmap(fd, 0))
    os.close(fd)
print("ready", flush=True)
sys.stdin.read()
"""


def in_own_shm(program, *others):
    """Run this program again with a /dev/shm of its own; an ordinary user needs a user namespace."""
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    script = 'mount -t tmpfs -o mode=1777 none /dev/shm && exec "$@"'
    command = [sys.executable, "-E", "-s", "-B", __file__, "--inside", program, *others]
    os.execvp("unshare", ["unshare", *mapped, "--mount", "--propagation", "private", "sh", "-c", script, "sh", *command])


def run(*command):
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def run_on_terminal(*command):
    """Run the command on a terminal of 80 columns, and read what it prints."""
    master, slave = pty.openpty()
    subprocess.run(["stty", "cols", "80"], stdin=slave, check=True)
    child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL)
    os.close(slave)
    try:
        while os.read(master, 1 << 16):
            pass
    except OSError:  # the end of the output of a terminal
        pass
    os.close(master)
    if child.wait() != 0:
        raise SystemExit("ls failed")


def compare(name, limit, how, programs, arguments):
    """Print the time of PROGRAM, and how long the other takes. Return whether the limit is kept."""
    sides = {number: (lambda path=path: timed(how, path, "ls", *arguments)) for number, path in enumerate(programs)}
    times = alternate(sides, ROUNDS)
    ours = statistics.median(times[0])
    line = f"{name:34} {ours:6.3f} s  ± {(max(times[0]) - min(times[0])) / 2:.3f}   limit {limit:.1f} s {verdict(ours < limit):6}"
    for other in list(times)[1:]:
        line += f"   the other takes {statistics.median(times[other]):.3f} s, {median_ratio(times[other], times[0]):.2f} times as long"
    print(line, flush=True)
    return ours < limit


def create(program, first, last):
    """Create copies of a list of three items; each with a sync area."""
    if first == 0:
        run(program, "create", "block-0", "1", "2.5", "text")
    with open("/dev/shm/block-0", "rb") as file:
        block = file.read()
    for number in range(max(first, 1), last):
        with open(f"/dev/shm/block-{number}", "wb") as file:
            file.write(block)


def main(programs):
    are_kept = True
    created = 0
    for count, limit in LIMITS.items():
        create(programs[0], created, count)
        created = count
        are_kept &= compare(f"ls of {count:,} blocks", limit, run, programs, [])
        are_kept &= compare(f"ls --json of {count:,} blocks", limit, run, programs, ["--json"])
        are_kept &= compare(f"ls of {count:,} on a terminal", limit, run_on_terminal, programs, [])
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        are_kept &= compare(f"ls of {created:,} blocks in use", limit, run, programs, [])
        holder.stdin.close()
    return 0 if are_kept else 1


if __name__ == "__main__":
    if sys.argv[1] != "--inside":
        in_own_shm(*map(os.path.abspath, sys.argv[1:]))
    sys.exit(main(sys.argv[2:]))
