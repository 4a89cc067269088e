"""Test how ls shows the processes and users of a block."""

import os
import subprocess

from command import blocks, run

HOLDER = """
import mmap, os, sys
mapped = mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 0)
with open("/proc/self/comm", "wb") as comm:
    comm.write(os.fsencode(sys.argv[2]))
print("ready", flush=True)
sys.stdin.read()
"""


def test_the_command_of_a_user_is_shown(name):
    run("create", name, 1)
    holder = ["/usr/bin/python3", "-c", HOLDER, f"/dev/shm/{name}", b"a\n\x1b[31m\xff"]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holding:
        holding.stdout.readline()
        assert run("ls", "-n", "-o", "COMMAND", name) == "a\\x0a\\x1b[31m\\xff\n"
        assert [os.fsencode(each) for each in blocks("-o", "NAME,COMMAND", name)[name]["command"]] == [b"a\n\x1b[31m\xff"]
        holding.stdin.close()
    assert blocks("-o", "NAME,COMMAND", name)[name]["command"] == []
