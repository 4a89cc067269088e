"""Test that all commands report a missing block in the same words, with the same exit status."""

import subprocess

import pytest
from command import COMMAND, exists, run

COMMANDS = {
    "ls": [], "info": [], "dump": [], "get": [0], "set": [0, 1], "add": [0], "cas": [0, 1, 2], "watch": [], "wait": [0, 1], "lock": ["true"],
    "layout": [], "copy": ["{}-2"], "cat": [], "write": [], "rm": [],
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_block_is_reported_alike(name, command):
    arguments = [str(each).format(name) for each in COMMANDS[command]]
    for each in (name, "/" + name):
        ended = subprocess.run([COMMAND, command, each, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20)
        assert (ended.returncode, ended.stderr) == (1, f"shareable {command}: there is no block called '{name}'\n")
    assert not exists(name) and not exists(name + "-2")


@pytest.mark.parametrize("command", ["ls", "info", "rm"])
def test_a_path_is_refused_with_a_hint(name, command):
    run("create", name, 1)
    answer = run(command, f"/dev/shm/{name}", status=1)
    assert answer == f"shareable {command}: '/dev/shm/{name}' is a path, not a name: leave out /dev/shm/\n" and exists(name)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_that_no_block_can_have_is_refused_by_name(name, command):
    arguments = [str(each).format(name) for each in COMMANDS[command]]
    for each, shown in (("x/y", "'x/y'"), ("a" * 256, "'aaaa"), ("..", "'..'"), ("\x1b[31m/x", "x1b[31m/x'")):
        answer = run(command, each, *arguments, status=1, stdin=subprocess.DEVNULL)
        assert len(answer.splitlines()) == 1 and "\x1b" not in answer and shown in answer, answer
