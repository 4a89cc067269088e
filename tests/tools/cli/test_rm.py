"""Test rm: what is in use is not removed by mistake."""

import os
import subprocess
import sys

import pytest
from command import COMMAND, exists, run

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


def test_a_link_and_a_fifo_are_no_blocks(name):
    os.symlink("/etc/passwd", f"/dev/shm/{name}")
    os.mkfifo(f"/dev/shm/{name}-2")
    ended = subprocess.run([COMMAND, "rm", name, name + "-2"], capture_output=True, timeout=20)
    assert ended.returncode in (0, 1)
    assert os.path.exists("/etc/passwd")
