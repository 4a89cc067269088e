"""Test how ls shows the processes and users of a block."""

import os
import re
import subprocess

import pytest
from command import blocks, run
from machine import in_machine, needs_root

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


# Makes a private block of another user that a process has open. The arguments are the command that runs that process.
HOLD = """
hold() {
  shareable create x 1; chown 65533 /dev/shm/x
  (exec "$@" sh -c 'exec </dev/shm/x; : >/dev/shm/ready; exec sleep 100') & until test -e /dev/shm/ready; do sleep 0.02; done
}
"""


@needs_root
@pytest.mark.parametrize("dropped", ["-lease,-sys_ptrace", "-lease,-sys_ptrace,-perfmon,-sys_admin"])
@pytest.mark.parametrize("holder", ["setpriv --reuid 65533", "env"])
def test_a_private_block_that_an_unreadable_descriptor_may_hold_is_unknown(tmp_path, dropped, holder):
    """With fewer capabilities, the maps of the process cannot be read either. The process of root has all capabilities."""
    show = f'without {dropped} "$run_shareable" ls --noheadings --output STATE,REASON x'
    found = in_machine(f"{HOLD} hold {holder}\n{show}", tmp_path)
    assert re.fullmatch(r"unknown process \d+ \(\w+\) cannot be inspected, and may use it: run this with CAP_SYS_PTRACE\n", found)


@needs_root
def test_a_block_that_may_be_in_use_is_removed_only_by_force(tmp_path):
    remove = 'without -lease,-sys_ptrace "$run_shareable" rm x'
    found = in_machine(f"{HOLD} hold env\n{remove} 2>&1 || test -e /dev/shm/x\n{remove} --force\ntest ! -e /dev/shm/x", tmp_path)
    assert re.fullmatch(r"shareable rm: it is unknown whether block 'x' is in use \(process \d+ \(\w+\) cannot be inspected, and may use it: .*\): --force removes it\n", found)


@needs_root
def test_the_advice_for_a_process_that_cannot_be_looked_into_is_what_is_missing(tmp_path):
    found = in_machine('without -sys_ptrace "$run_shareable" ls --pid 1 2>&1 || true', tmp_path)
    assert found == "shareable ls: cannot look into process 1: Permission denied: run this with CAP_SYS_PTRACE\n"
    found = in_machine('needs_other "$run_shareable"; as_other "$run_shareable" ls --pid 1 2>&1 || true', tmp_path)
    assert found == "shareable ls: cannot look into process 1: Permission denied: run this as root\n"
