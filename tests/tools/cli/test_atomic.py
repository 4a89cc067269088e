"""Test add and cas: scripts change items atomically."""

import subprocess

from command import COMMAND, run, stock

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
