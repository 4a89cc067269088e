"""Test what watch does when its list is removed, or made anew."""

import json
import os
import subprocess
import time

import pytest
from command import COMMAND, run


def start(*arguments):
    return subprocess.Popen([COMMAND, "watch", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("options", [["-F"], ["--follow=name"], ["--follow", "name"]])
def test_follow_name_goes_on_with_a_new_list(name, options):
    run("create", name, 1, "x")
    with start(*options, "-c", 6, name) as watch:
        time.sleep(0.3)
        run("set", name, 0, 2)
        assert watch.stdout.readline() == "0  int    2\n"
        os.unlink(f"/dev/shm/{name}")
        assert watch.stderr.readline() == f"shareable watch: list '{name}' was removed: waiting for a new one\n"
        time.sleep(0.3)
        run("create", name, 2, 7.5, "new")
        assert watch.stderr.readline() == f"shareable watch: there is a new list called '{name}': watching it\n"
        assert [watch.stdout.readline() for _ in range(3)] == ["0  int    2\n", "1  float  7.5\n", "2  str    new\n"]
        os.unlink(f"/dev/shm/{name}")
        run("create", name, "a", "b")
        assert [watch.stdout.readline() for _ in range(2)] == ["0  str    a\n", "1  str    b\n"]
        assert watch.wait(10) == 0


def test_follow_name_waits_for_the_first_list(name):
    with start("-F", "--json", "-c", 1, name, -1) as watch:
        assert watch.stderr.readline() == f"shareable watch: there is no list called '{name}': waiting for it\n"
        with open(f"/dev/shm/{name}", "wb") as block:
            block.write(b"\xff" * 100)  # not a list
        time.sleep(0.3)
        assert watch.poll() is None
        os.unlink(f"/dev/shm/{name}")
        run("create", name, 1, 2)
        assert json.loads(watch.stdout.readline()) == {"index": -1, "type": "int", "value": 2}
        assert watch.wait(10) == 0


def test_follow_name_times_out(name):
    assert "waiting for it" in run("watch", "-F", "-w", 0.3, name, status=3)
    run("create", name, 1)
    with start("-F", "-w", 1.5, name) as watch:
        time.sleep(0.2)
        os.unlink(f"/dev/shm/{name}")
        assert watch.wait(10) == 3


def test_follow_name_ends_if_the_new_list_has_no_such_item(name):
    run("create", name, 1, 2)
    with start("-F", name, 1) as watch:
        time.sleep(0.2)
        os.unlink(f"/dev/shm/{name}")
        run("create", name, 1)
        assert watch.wait(10) == 1 and "index 1 out of range" in watch.stderr.read()


def test_follow_descriptor_goes_on_with_the_old_list(name):
    run("create", name, 0)
    os.link(f"/dev/shm/{name}", f"/dev/shm/{name}-2")  # another name of the same list
    with start("--follow=descriptor", "-c", 1, name) as watch:
        time.sleep(0.2)
        os.unlink(f"/dev/shm/{name}")
        run("create", name, 5)
        time.sleep(1.2)  # the name was checked
        assert watch.poll() is None
        run("set", name + "-2", 0, 7)
        assert watch.stdout.readline() == "0  int    7\n"
        assert watch.wait(10) == 0 and watch.stderr.read() == ""


def test_an_unknown_way_to_follow_is_refused(name):
    for way in ("x", "", "names"):
        assert "expected name or descriptor" in run("watch", "--follow", way, name, status=2)
