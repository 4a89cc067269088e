"""Test rm: what is in use is not removed by mistake."""

import os
import re
import shutil
import socket
import subprocess
import sys

import pytest
from command import COMMAND, exists, run
from machine import in_machine, needs_root

# Opens a block, or maps it and closes it, and waits.
USER = """
import mmap, os, sys
fd = os.open("/dev/shm/" + sys.argv[1], os.O_RDWR)
kept = sys.argv[2] == "map" and mmap.mmap(fd, 0)
if kept:
    os.close(fd)
print("ready", flush=True)
sys.stdin.read()
"""


def user(name, how="map"):
    child = subprocess.Popen([sys.executable, "-c", USER, name, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    return child


@pytest.mark.parametrize("how", ["map", "open"])
def test_a_block_in_use_is_removed_only_by_force(name, how):
    run("create", name, 1)
    with user(name, how) as child:
        for each in (name, "/" + name):
            assert run("rm", each, status=1) == f"shareable rm: block '{name}' is in use by {child.pid} (python3): --force removes it\n"
        assert exists(name)
        run("rm", "--force", name)
        assert not exists(name)
        child.stdin.close()


def test_the_others_are_removed(name):
    for each in (name, name + "-2", name + "-3"):
        run("create", each, 1)
    with user(name) as child:
        answer = run("rm", name + "-2", name, name + "-4", "x/y", name + "-3", status=1)
        assert "is in use by" in answer and f"no block called '{name}-4'" in answer and "'x/y'" in answer
        assert len(answer.splitlines()) == 3
        assert [exists(each) for each in (name, name + "-2", name + "-3")] == [True, False, False]
        child.stdin.close()
        child.wait()
    run("rm", name)


def test_the_advice_for_a_pattern_works(name):
    for end in ("-1", "-2", " 3", "?-kept"):
        run("create", name + end, 1)
    advice = run("rm", name + "[- ]*", status=1)
    assert advice.startswith(f"shareable rm: there is no block called '{name}[- ]*', and rm takes no patterns: try ")
    commands = advice.split(": try ")[1].replace("PATTERN", name + "[- ]*").replace("shareable ", f"'{COMMAND}' ")
    assert subprocess.run(["sh", "-c", commands], capture_output=True).returncode == 0
    assert [exists(name + end) for end in ("-1", "-2", " 3", "?-kept")] == [False, False, False, True]
    assert subprocess.run(["sh", "-c", commands], capture_output=True).stdout == b""  # nothing matches
    run("rm", name + "?-kept")


@pytest.mark.parametrize("count, others", [(6, "1 other process"), (7, "2 other processes")])
def test_at_most_five_users_are_named(name, count, others):
    run("create", name, 1)
    children = [user(name) for _ in range(count)]
    answer = run("rm", name, status=1)
    assert answer.count("(python3)") == 5 and f"and {others}: --force" in answer
    for child in children:
        child.stdin.close()
        child.wait()


def test_a_hostile_command_name_is_escaped(name):
    run("create", name, 1)
    script = 'import sys\nwith open("/proc/self/comm", "w") as file: file.write("\\x1b[31m")\n' + USER
    with subprocess.Popen([sys.executable, "-c", script, name, "map"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        assert f"in use by {child.pid} (\\x1b[31m)" in run("rm", name, status=1)
        child.stdin.close()


@pytest.mark.skipif(not os.environ.get("run_python"), reason="the Python binding, which owns a block here, is not built")
def test_a_block_of_a_living_owner_is_in_use(name):
    script = "import sys; from shareable.shared_memory import ShareableList\nShareableList([1], name=sys.argv[1]).shm.close()\nprint('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen([os.environ["run_python"], "-c", script, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout.readline() == "ready\n"
        assert f"in use by {owner.pid} (python3)" in run("rm", name, status=1) and exists(name)
        owner.stdin.close()


@pytest.mark.parametrize("kind", ["fifo", "socket"])
def test_another_file_in_use_is_removed_only_by_force(name, kind):
    path = f"/dev/shm/{name}"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        socket.socket(socket.AF_UNIX).bind(path)
    kept = os.open(path, os.O_RDONLY | os.O_NONBLOCK if kind == "fifo" else os.O_PATH)
    assert run("rm", name, status=1) == f"shareable rm: {kind} '{name}' is in use by {os.getpid()} (python3): --force removes it\n"
    os.close(kept)
    if kind == "socket":
        assert run("rm", name, status=1) == f"shareable rm: it is unknown whether socket '{name}' is in use (the users of a socket cannot be found): --force removes it\n"
    assert exists(name)
    run("rm", "--force", name)
    assert not exists(name)


def test_a_directory_is_not_removed(name):
    os.mkdir(f"/dev/shm/{name}")
    with open(f"/dev/shm/{name}/file", "w"):
        assert "directory" in run("rm", name, status=1) and "--force" not in run("rm", name, status=1)
    shutil.rmtree(f"/dev/shm/{name}")


# As in Docker's containers, root has neither CAP_SYS_PTRACE nor CAP_LEASE.
@needs_root
def test_a_block_of_an_unknown_state_is_removed_only_by_force(tmp_path):
    printed = in_machine(
        """
needs_other "$run_shareable"
docker="setpriv --inh-caps -all --bounding-set -all,+dac_override,+fowner"
as_other "$run_shareable" create other 1
shareable create mine 1
as_other sh -c "echo; exec sleep 100" >started & until test -s started; do sleep 0.02; done
$docker "$run_shareable" rm other 2>&1 || echo "status $?"
$docker "$run_shareable" rm mine && shareable ls -z | tr '\\0' '\\n'
$docker "$run_shareable" rm -f other && shareable ls -z
""",
        tmp_path,
    )
    error, *others = printed.splitlines()
    assert re.fullmatch(r"shareable rm: it is unknown whether block 'other' is in use \(process \d+ \(\w+\) cannot be inspected, .*\): --force removes it", error)
    assert others == ["status 1", "other"]


@needs_root
def test_a_user_removes_its_blocks_though_other_processes_cannot_be_seen(tmp_path):
    printed = in_machine(
        """
needs_other "$run_shareable"
shareable create ours 1; as_other "$run_shareable" create theirs 1
chmod 666 /dev/shm/theirs
as_other "$run_shareable" rm ours theirs 2>&1 || echo "status $?"
as_other "$run_shareable" create theirs 1
mount -t proc -o hidepid=2 none /proc
as_other "$run_shareable" rm theirs
shareable ls -z | tr '\\0' '\\n'
""",
        tmp_path,
    )
    error, *others = printed.splitlines()
    assert "'ours'" in error and "--force" not in error and others == ["status 1", "ours"]


def test_an_unused_link_is_removed_and_not_its_target(name):
    os.symlink("/etc/passwd", f"/dev/shm/{name}")
    run("rm", name)
    assert not os.path.lexists(f"/dev/shm/{name}")
    assert os.path.exists("/etc/passwd")
