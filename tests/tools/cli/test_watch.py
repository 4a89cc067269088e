"""Test watch: when its list is removed or made anew, its timeout, its reader, and its processor time."""

import json
import os
import signal
import subprocess
import time

import pytest
from command import COMMAND, run


def start(*arguments):
    return subprocess.Popen([COMMAND, "watch", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def processor_time(pid):
    """Return the seconds that the process has used."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
    for timeout in ("-w", "--timeout", "-t"):
        assert "waiting for it" in run("watch", "-F", timeout, 0.3, name, status=3)
    run("create", name, 1)
    with start("-F", "-w", 1.5, name) as watch:
        time.sleep(0.2)
        os.unlink(f"/dev/shm/{name}")
        assert watch.wait(10) == 3


def test_follow_name_goes_on_with_a_shorter_list(name):
    run("create", name, 1, 2)
    with start("-F", "-c", 2, name, 0, 1) as watch:
        time.sleep(0.2)
        os.unlink(f"/dev/shm/{name}")
        run("create", name, 3)
        assert watch.stdout.readline() == "0  int    3\n"
        assert "was removed" in watch.stderr.readline() and "there is a new list" in watch.stderr.readline() + watch.stderr.readline()
        run("set", name, 0, 4)
        assert watch.stdout.readline() == "0  int    4\n" and watch.wait(10) == 0


def test_follow_name_goes_on_after_a_directory(name):
    run("create", name, 1)
    with start("-F", "-c", 1, name) as watch:
        time.sleep(0.2)
        os.unlink(f"/dev/shm/{name}")
        os.mkdir(f"/dev/shm/{name}")
        assert "was removed" in watch.stderr.readline()
        assert watch.stderr.readline() == f"shareable watch: '{name}' is a directory, not a block of shared memory\n"
        os.rmdir(f"/dev/shm/{name}")
        run("create", name, 2)
        assert watch.stdout.readline() == "0  int    2\n" and watch.wait(10) == 0
        assert watch.stderr.read() == f"shareable watch: there is a new list called '{name}': watching it\n"


def test_a_change_of_another_item_does_not_restart_the_timeout(name):
    run("create", name, 0, *[0] * 40)
    with start("-w", 0.5, name, 1) as watch:
        end = time.monotonic() + 10
        while watch.poll() is None and time.monotonic() < end:
            run("add", name, 0)
            run("add", name, 33)  # shares the wake-ups of item 1
        assert watch.poll() == 3 and watch.stdout.read() == ""


def test_watch_ends_when_its_reader_ends(name):
    run("create", name, 1)
    for arguments in (["-i", name], ["-F", name + "-2"]):
        with start(*arguments) as watch:
            time.sleep(0.2)
            watch.stdout.close()
            assert watch.wait(5) == -signal.SIGPIPE


@pytest.mark.parametrize("arguments", [[], [5]])
@pytest.mark.parametrize("options", [[], ["--no-sync"]])
def test_watch_of_a_large_list_uses_little_processor_time(name, options, arguments):
    subprocess.run([COMMAND, "create", "--from-json", "-", *options, name], input=str([0] * 300_000), text=True, check=True)
    with start(name, *arguments) as watch:
        time.sleep(1.5)  # it has read all items
        before = processor_time(watch.pid)
        time.sleep(3)
        assert processor_time(watch.pid) - before < 0.06
        run("set", name, 5, 7)
        assert watch.stdout.readline() == "5  int    7\n"
        watch.terminate()


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
