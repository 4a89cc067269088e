"""Kill owners of blocks in every language at random times, and check that the blocks are removed.

usage: owners.py COUNT LANGUAGE PROGRAM [LANGUAGE PROGRAM…]

A second after an owner has died, none of its blocks may be left. Blocks of other owners, and blocks
without an owner, must stay.
Exits with 1 if a block is left or missing.
"""

import glob
import os
import random
import signal
import subprocess
import sys
import time

from shareable.shared_memory import ShareableList, SharedMemory

BATCH = 12
# The longest life of an owner in seconds. Languages that start slowly get more.
LIFE = {"C": 0.04, "Lua": 0.06, "Go": 0.1, "Python": 0.3}


def names(prefix):
    """Return the blocks of that prefix, also those that a killed process moved to unlink them."""
    found = [name for name in os.listdir("/dev/shm") if name.startswith(prefix)]
    for directory in glob.glob(f"/dev/shm/.shareable-{os.geteuid()}*/"):
        try:
            found += [os.path.join(directory, name)[len("/dev/shm/") :] for name in os.listdir(directory) if f"-{prefix}" in name]
        except FileNotFoundError:
            pass  # the directory was removed with its last log
    return found


def kill_a_batch(prefix, programs, live):
    """Start owners, and kill each at a random time, half of them with their group.

    Return the seconds from the last death until all of their blocks were removed.
    """
    ends = []
    for number in range(BATCH):
        language, program = random.choice(programs)
        process = subprocess.Popen([*program.split(), f"{prefix}{number}", live], start_new_session=True)
        ends.append((time.monotonic() + random.uniform(0, LIFE[language]), process))
    for end, process in sorted(ends, key=lambda each: each[0]):
        time.sleep(max(0, end - time.monotonic()))
        random.choice((process.kill, lambda: os.killpg(process.pid, signal.SIGKILL)))()
        process.wait()
    start = time.monotonic()
    while names(prefix) and time.monotonic() < start + 1:
        time.sleep(0.002)
    return time.monotonic() - start


def main():
    count, programs = int(sys.argv[1]), list(zip(sys.argv[2::2], sys.argv[3::2]))
    own = f"stress-test-{os.getpid()}-"
    live = ShareableList([0, 0, 0, 0], name=own + "live", track=False)
    mine, kept = SharedMemory(own + "mine", create=True, size=8), SharedMemory(own + "kept", create=True, size=8, track=False)
    before = {name: os.stat(f"/dev/shm/{name}").st_ino for name in names(own)}
    killed, slowest, left, touched = 0, 0.0, 0, 0
    while killed < count:
        slowest = max(slowest, kill_a_batch(own + "owned-", programs, live.shm.name))
        killed += BATCH
        remaining = names(own + "owned-")
        left += len(remaining)
        for name in remaining:
            print("left:", name)
            os.unlink(f"/dev/shm/{name}")
        touched += {name: os.stat(f"/dev/shm/{name}").st_ino for name in names(own)} != before
    made = sum(live)
    for block in (live.shm, mine, kept):
        block.close()
        block.unlink()
    print(f"{killed} owners killed, {made} blocks made: {left} left after a second, {touched} times a live block was touched;")
    print(f"the blocks of the slowest batch were removed {1000 * slowest:.0f} ms after its last death")
    return 1 if left or touched or not made else 0


sys.exit(main())
