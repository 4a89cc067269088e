"""Test what the commands report about files in /dev/shm that are not blocks, and about blocks of other users."""

import os
import socket
import subprocess

import pytest
from command import COMMAND, exists, run
from test_missing import COMMANDS

READERS = sorted(set(COMMANDS) - {"ls", "info", "rm"})  # these show and remove any file


def bind(path):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(path)


KINDS = {
    "symbolic link": lambda path: os.symlink("/etc/passwd", path), "directory": os.mkdir, "FIFO": os.mkfifo, "socket": bind,
}  # fmt: skip


@pytest.fixture(params=KINDS)
def kind(request, name):
    """Make a file that is not a block, and return what it is."""
    KINDS[request.param](f"/dev/shm/{name}")
    yield request.param
    if os.path.isdir(f"/dev/shm/{name}"):
        os.rmdir(f"/dev/shm/{name}")


def arguments_of(command, name):
    return [name, *(str(each).format(name) for each in COMMANDS[command])]


@pytest.mark.parametrize("command", READERS)
def test_another_file_is_named_by_its_kind(kind, name, command):
    expected = f"shareable {command}: '{name}' is a {kind}, not a block of shared memory\n"
    assert run(command, *arguments_of(command, name), status=1, stdin=subprocess.DEVNULL) == expected
    assert not exists(name + "-2")


def test_watch_that_follows_a_name_does_not_wait_for_another_file(kind, name):
    assert run("watch", "--follow", "name", name, status=1) == f"shareable watch: '{name}' is a {kind}, not a block of shared memory\n"


def test_copy_does_not_replace_another_file(kind, name):
    run("create", name + "-2", 1)
    before = os.lstat(f"/dev/shm/{name}")
    assert f"'{name}' is a {kind.split()[-1].lower()}, not a block" in run("copy", "--force", name + "-2", name, status=1)
    assert os.lstat(f"/dev/shm/{name}").st_ino == before.st_ino


def test_copy_does_not_replace_a_semaphore(name):
    run("create", name, 1)
    semaphore = f"/dev/shm/sem.{name}"
    try:
        with open(semaphore, "wb") as file:
            file.write(bytes(32))
        assert f"'sem.{name}' is a semaphore, not a block" in run("copy", "-f", name, f"sem.{name}", status=1)
        assert os.stat(semaphore).st_size == 32
    finally:
        os.unlink(semaphore)


def test_rm_removes_only_the_link_itself_and_no_directory(kind, name):
    if kind == "directory":
        assert run("rm", name, status=1) == f"shareable rm: '{name}' is a directory, not a block of shared memory\n"
        assert run("rm", "-f", name, status=1) and exists(name)
    else:
        forced = ["-f"] if kind in ("FIFO", "socket") else []  # whether a process uses it may be unknown
        run("rm", *forced, name)
        assert not os.path.lexists(f"/dev/shm/{name}") and os.path.exists("/etc/passwd")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"ls", "info"}))
def test_a_block_of_another_user_is_named_with_its_owner(name, command):
    run("create", name, 1)
    other = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    if subprocess.run([COMMAND, "--version"], capture_output=True, **other).returncode != 0:
        pytest.skip("another user may not run the program")
    answer = run(command, *arguments_of(command, name), status=1, stdin=subprocess.DEVNULL, **other)
    assert answer.startswith(f"shareable {command}: cannot ") and f"'{name}'" in answer and "belongs to UID 0" in answer, answer
    assert command == "rm" or answer.endswith("; run this as its owner or root, or let one of them change its mode\n"), answer
    assert exists(name) and not exists(name + "-2")
