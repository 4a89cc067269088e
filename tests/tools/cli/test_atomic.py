"""Test add, cas and wait: scripts change items atomically, and wait for values."""

import os
import subprocess
import threading
import time

import pytest
from command import COMMAND, item_locker, needs_item_locker, run, stock

LARGEST = (1 << 63) - 1


def start(*arguments, **options):
    return subprocess.Popen([COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_add_prints_the_sum(name):
    run("create", name, 5, "text", 2.5)
    assert run("add", name, 0) == "6\n"
    assert run("add", name, -3, -10) == "-4\n"
    assert run("add", name, 0, "0x10") == "12\n"
    assert run("add", name, 0, "010") == "22\n"
    assert run("get", name, 0) == "22\n"


def test_add_and_cas_refuse_what_is_not_an_int(name):
    run("create", name, LARGEST, "text", 2.5)
    for arguments, reason in (((1,), "item 1 of list '{}' is a str, not an int"), ((2, 3), "is a float, not an int"), ((7,), "index 7 out of range"), ((0, 1), "64 bits")):
        assert reason.format(name) in run("add", name, *arguments, status=1)
    assert "is a str, not an int: 'shareable set --type int' changes its type" in run("cas", name, 1, 0, 1, status=1)
    for arguments in ((), (0, "1.5"), (0, "x"), (0, "9223372036854775808"), (0, 1, 2), ("x",)):
        run("add", name, *arguments, status=2)
    for arguments in ((0, 1), (0, "a", 1), (0, 1, "a"), (0, 1, 2, 3)):
        run("cas", name, *arguments, status=2)
    assert run("get", name, 0, 1, 2) == f"{LARGEST}\ntext\n2.5\n"


def test_four_shells_that_add_lose_nothing(name):
    run("create", name, 0)
    loop = f'i=0; while [ $i -lt 100 ]; do "{COMMAND}" add {name} 0 >/dev/null || exit 1; i=$((i+1)); done'
    shells = [subprocess.Popen(["sh", "-c", loop]) for _ in range(4)]
    assert [shell.wait(60) for shell in shells] == [0] * 4
    assert run("get", name, 0) == "400\n"


def test_four_shells_that_add_to_a_list_of_stock_python_lose_nothing(name):
    stock(name, [0]).shm.close()
    loop = f'i=0; while [ $i -lt 50 ]; do "{COMMAND}" add {name} 0 2 >/dev/null || exit 1; i=$((i+1)); done'
    shells = [subprocess.Popen(["sh", "-c", loop]) for _ in range(4)]
    assert [shell.wait(60) for shell in shells] == [0] * 4
    assert run("get", name, 0) == "400\n"


def test_cas_replaces_only_the_expected_value(name):
    run("create", name, 5)
    assert run("cas", name, 0, 5, -6) == "5\n"
    different = subprocess.run([COMMAND, "cas", name, "0", "5", "7"], capture_output=True, text=True)
    assert (different.returncode, different.stdout, different.stderr) == (4, "-6\n", "")
    assert run("get", name, 0) == "-6\n"


def test_one_of_four_processes_wins_a_cas(name):
    run("create", name, 0)
    takers = [start("cas", name, 0, 0, number) for number in range(1, 5)]
    assert sorted(taker.wait(20) for taker in takers) == [0, 4, 4, 4]
    winner = [taker.wait() for taker in takers].index(0) + 1
    assert run("get", name, 0) == f"{winner}\n"


@pytest.mark.parametrize("with_area", [True, False])
def test_wait_ends_when_the_item_has_the_value(name, with_area):
    run("create", *([] if with_area else ["--no-sync"]), "--capacity", 20, name, 0, "red")
    with start("wait", name, 1, "green") as waiter:
        time.sleep(0.2)
        run("set", name, 1, "blue")
        time.sleep(0.2)
        assert waiter.poll() is None
        run("set", name, 1, "green")
        assert waiter.wait(10) == 0 and waiter.stdout.read() == waiter.stderr.read() == ""
    assert run("wait", name, -1, "green", "--timeout", 0) == ""


def test_wait_times_out(name):
    run("create", name, 1, "nan")
    for arguments in (("wait", name, 0, 2, "--timeout", 0.3), ("wait", "-w", 0.3, name, 0, -5), ("wait", name, 0, 1, "-w0.3", "-t", "str"), ("wait", name, 1, 1, "-w", ".3")):
        before = time.monotonic()
        assert run(*arguments, status=3) == ""
        assert 0.25 < time.monotonic() - before < 5
    assert run("wait", name, 0, 2, "-w", 0, status=3) == ""


def test_wait_compares_in_the_type_of_the_item(name):
    run("create", name, 5, "5.0", "true", "none", "nan", "-0.0")
    run("set", "--type", "str", name, 3, "none")
    run("create", "--type", "bytes", name + "-2", "00ff")
    for index, value in ((0, "5"), (0, "5.0"), (0, "50e-1"), (0, "0x5"), (0, "005"), (1, "5"), (1, "5.0"), (2, "true"), (3, "none"), (4, "nan"), (5, "0")):
        assert run("wait", name, index, value, "--timeout", 0) == "", (index, value)
    assert run("wait", name + "-2", 0, "00FF", "--timeout", 0) == ""
    for index, value in ((0, "5.5"), (0, "1e300"), (0, "nan"), (0, "-inf"), (4, "5"), (3, "None")):
        assert run("wait", name, index, value, "--timeout", 0, status=3) == "", (index, value)
    for index, value, found in ((0, "five", "int"), (2, "1", "bool"), (1, "true", "float")):
        expected = f"item {index} is now of the type {found}: it cannot have the value '{value}'"
        assert expected in run("wait", name, index, value, "--timeout", 0.2, status=3)
    assert run("wait", name, 0, 5, "--type", "int") == ""
    assert run("wait", name, 0, 5, "--type", "float", "-w", 0, status=3) == ""
    assert "'x' is not a valid int" in run("wait", name, 0, "x", "--type", "int", status=2)


def test_wait_for_an_item_that_is_corrupt_goes_on(name):
    run("create", name, 1, 2)
    with open(f"/dev/shm/{name}", "r+b") as block:
        content = block.read()
        block.seek(content.index(b"q\0\0\0\0\0\0\0"))  # the format of the first item
        block.write(b"?")
    before = time.monotonic()
    assert "item 0" in run("wait", "-w", 0.3, name, 0, 7, status=3) and time.monotonic() - before > 0.25
    with start("wait", name, 0, 7) as waiter:
        assert "item 0" in waiter.stderr.readline()
        run("set", "--type", "int", name, 0, 7)
        assert waiter.wait(10) == 0


@needs_item_locker
def test_wait_for_an_item_that_is_held_goes_on(name):
    run("create", name, 1, 2)
    with item_locker(name):
        before = time.monotonic()
        assert "is held by another writer" in run("wait", "-w", 2, name, 0, 7, status=3)
        assert 1.9 < time.monotonic() - before < 10


def test_wait_for_an_item_that_is_nan_uses_no_processor(name):
    run("create", name, "nan")
    before = os.times().children_user + os.times().children_system
    run("wait", name, 0, 1, "--timeout", 1, status=3)
    assert os.times().children_user + os.times().children_system - before < 0.4


def test_wait_ends_when_the_list_is_removed(name):
    for successor in ([], [7]):
        run("create", name, 1)
        with start("wait", name, 0, 7) as waiter:
            time.sleep(0.2)
            os.unlink(f"/dev/shm/{name}")
            if successor:
                run("create", name, *successor)
            assert waiter.wait(10) == 1
            assert f"list '{name}' was removed" in waiter.stderr.read()


def test_wait_is_woken_soon(name):
    run("create", name, 0)
    with start("wait", name, 0, 1) as waiter:
        time.sleep(0.5)
        threading.Thread(target=run, args=("set", name, 0, 1)).start()
        before = time.monotonic()
        assert waiter.wait(10) == 0 and time.monotonic() - before < 2


def test_wait_needs_valid_arguments(name):
    run("create", name, 0)
    for arguments in ((name, 0), (name, "x", 1), (name, 0, 1, 2), (name, 0, 1, "-w", -1), (name, 0, 1, "-w", "x"), (name, 0, 1, "-t", "x")):
        run("wait", *arguments, status=2)
    assert "index 3 out of range" in run("wait", name, 3, 1, status=1)
    os.truncate(f"/dev/shm/{name}", 0)
    assert f"'{name}'" in run("wait", name, 0, 1, status=1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_user_who_may_only_read_can_wait_but_not_add(name):
    run("create", "--mode", "644", name, 1)
    os.chmod(f"/dev/shm/{name}", 0o644)
    other = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    assert run("wait", name, 0, 1, **other) == ""
    for arguments in (("add", name, 0), ("cas", name, 0, 1, 2), ("lock", name, "true")):
        reason = f"cannot open '{name}' to read and write: it belongs to UID 0, with mode 0644: Permission denied; "
        assert reason in run(*arguments, status=1, **other), arguments
    assert run("get", name, 0) == "1\n"
