"""Test that all commands exit with the same status for failures of the same kind."""

import subprocess

import pytest
from command import COMMAND, exists, run

# "{}" is a list of two ints: 7 and 8.
USAGE = [
    "frobnicate", "info", "dump", "get", "set", "add", "cas", "watch", "wait", "lock", "layout", "create", "copy", "cat", "write",
    "rm", "manager", "manager stop", "manager frobnicate", "manager run", "dump {} {}", "get {}", "set {} 0", "add {}",
    "cas {} 0 1", "wait {} 0", "lock {}", "layout {} {}", "copy {}", "cat {} {}", "write {} {}", "gc {}", "doctor {}",
    "dict", "dict frobnicate", "dict get {}", "dict set {} k", "dict add {}", "dict cas {} k 0", "dict pop {}", "dict del {}", "dict ls",
    "dict watch", "dict wait {}", "dict ttl {}", "dict expire {} k", "dict copy {}", "dict clear", "dict reindex {} {}",
]  # fmt: skip
BAD_VALUES = [
    "ls --state x", "ls --kind x", "ls --output x", "ls --sort x", "ls --min-size x", "ls --pid x", "info --pid x {}",
    "top --batch --delay x", "top --batch --count x", "top --batch --sort x", "gc --older-than x", "gc --output x", "get {} x",
    "get {} 0 x", "get {}-missing x", "set {} x 1", "set {} 0 x", "set --type int {} 0 x", "set --type x {} 0 1",
    "set --type x {}-missing 0 1", "add {} x", "add {} 0 x", "cas {} x 0 1", "cas {} 0 x 1", "cas {} 0 1 x", "watch {} x",
    "watch {}-missing x", "watch --count x {}", "watch --timeout x {}", "watch --follow x {}", "wait {} x 1",
    "wait --timeout x {} 0 1", "wait --type x {} 0 1", "wait --type int {} 0 x", "lock --timeout x {} true",
    "lock --conflict-exit-code x {} true", "layout --output x {}", "create --size x {}-2", "create --type x {}-2",
    "create --type int {}-2 x", "create --capacity x {}-2", "create --mode x {}-2", "copy --mode x {} {}-2",
    "dict get --key-type x {} k", "dict get --key-type bytes {} x", "dict set --ttl x {} k 1", "dict set --type x {} k 1",
    "dict set --timeout x {} k 1", "dict add {} k x", "dict cas {} k x 1", "dict expire {} k x", "dict watch --count x {}",
    "dict wait --type int {} k x", "create --dict x {}-2", "create --dict 1 --key-size x {}-2", "create --dict 1 --value-size 0 {}-2",
    "write --offset x {}", "manager list --output x", "manager stop --timeout x 1", "manager run --log-level x",
]  # fmt: skip
OUT_OF_RANGE = [
    "get {} 2", "set {} 2 1", "add {} 2", "cas {} 2 0 1", "watch {} 2", "wait {} 2 1", "get {} -3",
    "write --offset 1099511627776 {}",
]  # fmt: skip
TIMEOUTS = ["watch --timeout 0.1 {}", "wait --timeout 0.1 {} 0 1", "wait --timeout 0 {} 0 1"]
HELD = ["lock --timeout 0.1 {} true", "lock --nonblock {} true", "copy {} {}-2"]


def status_of(arguments, name):
    command = [COMMAND, *arguments.replace("{}", name).split()]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.stderr or ended.returncode == 3, arguments
    return ended.returncode


@pytest.mark.parametrize("kind, status", [(USAGE, 2), (BAD_VALUES, 2), (OUT_OF_RANGE, 1), (TIMEOUTS, 3)])
def test_failures_of_a_kind_have_one_status(name, kind, status):
    run("create", name, 7, 8)
    assert [(arguments, found) for arguments in kind for found in [status_of(arguments, name)] if found != status] == []
    assert run("get", name, 0, 1) == "7\n8\n" and not exists(name + "-2")


def test_a_lock_that_is_held_too_long_is_a_timeout(name):
    run("create", name, 7, 8)
    with subprocess.Popen([COMMAND, "lock", name, "sh", "-c", "echo locked; read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"locked\n"
        assert [(arguments, found) for arguments in HELD for found in [status_of(arguments, name)] if found != 3] == []
        holder.stdin.close()
    assert not exists(name + "-2")


def test_a_value_is_checked_before_the_first_item_is_printed(name):
    run("create", name, 7, 8)
    ended = subprocess.run([COMMAND, "get", name, "0", "x"], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
