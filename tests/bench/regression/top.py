"""Measures the processor time of `shareable top` on a terminal of 80 columns, at one sample a second.

  top.py PROGRAM [BLOCKS...]    PROGRAM is tools/cli/shareable

For each number of blocks, a process has that many lists of 100 ints mapped, and adds 1 to an item of each of them
every 100 milliseconds. Fails if top takes more than LIMIT hundredths of a processor.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from multiprocessing import resource_tracker, shared_memory

LIMIT = 2.0
SECONDS = 30
WARM_UP_SECONDS = 3

WRITER = """
import sys, time
from multiprocessing import resource_tracker, shared_memory
lists = []
for name in sys.stdin.read().split():
    lists.append(shared_memory.ShareableList(name=name))
    resource_tracker.unregister(lists[-1].shm._name, "shared_memory")
print("ready", flush=True)
while True:
    for each in lists:
        each[0] += 1
    time.sleep(0.1)
"""


def create(name):
    created = shared_memory.ShareableList(range(100), name=name)
    resource_tracker.unregister(created.shm._name, "shared_memory")
    created.shm.close()
    return name


def processor_time(pid):
    """Return the seconds that a processor has run the process, which has one thread."""
    with open(f"/proc/{pid}/schedstat") as stat:
        return int(stat.read().split()[0]) / 1e9


def drain(terminal, seconds):
    """Read what top prints, as a terminal does, and return the number of bytes."""
    end = time.monotonic() + seconds
    count = 0
    while (rest := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], rest)[0]:
            count += len(os.read(terminal, 65536))
    return count


def measure(program):
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.execve(program, [program, "top"], {**os.environ, "TERM": "xterm-256color"})
    drain(terminal, WARM_UP_SECONDS)
    start, began = processor_time(pid), time.monotonic()
    count = drain(terminal, SECONDS)
    percent = 100 * (processor_time(pid) - start) / (time.monotonic() - began)
    os.close(terminal)  # hangs up: top exits
    os.waitpid(pid, 0)
    return percent, count / SECONDS


def main(program, *counts):
    failed = False
    for count in map(int, counts or ("100", "1000")):
        names = []
        writer = None
        try:
            for i in range(count):
                names.append(create(f"bench-top-{os.getpid()}-{i}"))
            writer = subprocess.Popen([sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            writer.stdin.write("\n".join(names))
            writer.stdin.close()
            assert writer.stdout.readline() == "ready\n"
            percent, rate = measure(program)
        finally:
            if writer is not None:
                writer.kill()
                writer.wait()
            for name in names:
                os.unlink(f"/dev/shm/{name}")
        failed = failed or percent > LIMIT
        print(f"top with {count:6,} blocks: {percent:.2f} % of a processor (limit {LIMIT} %), {rate:,.0f} bytes a second to the terminal")
    return 1 if failed else 0


if __name__ == "__main__":
    # The handler raises SystemExit, so that the lists are removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))
    sys.exit(main(*sys.argv[1:]))
