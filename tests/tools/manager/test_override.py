"""Tests SharedMemoryManager of each installed CPython, with our program as its server process."""

import os
import subprocess
import time

import pytest

from manager import HERE, INTERPRETERS, PROGRAM, TIMEOUT, exists


def command(version, *arguments):
    return [INTERPRETERS[version], "-E", "-s", "-B", str(HERE / "override.py"), *arguments, str(PROGRAM)]


@pytest.mark.parametrize("kind", ["default", "tcp", "abstract"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("version", INTERPRETERS)
def test_cpython_starts_and_stops_our_program_as_its_own(version, method, kind):
    done = subprocess.run(command(version, method, kind), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_our_program_exits_when_its_cpython_parent_is_killed(method):
    with subprocess.Popen(command("debian", "orphan", method), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as owner:
        block, address = owner.stdout.readline().split()
        assert exists(block)
        owner.kill()
    until = time.monotonic() + 5
    while time.monotonic() < until and (exists(block) or os.path.exists(os.path.dirname(address))):
        time.sleep(0.01)
    assert not exists(block)
    assert not os.path.exists(os.path.dirname(address))
