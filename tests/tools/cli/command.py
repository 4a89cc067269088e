"""Run the command, with or without a terminal, and create lists with stock Python."""

import json
import os
import pty
import subprocess
from multiprocessing import resource_tracker, shared_memory

import pytest

COMMAND = os.environ["run_shareable"]


def run(*arguments, status=0, **options):
    """Run the command and return its standard output, or its standard error if `status` is not 0."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "errors": "surrogateescape"}
    ended = subprocess.run([COMMAND, *map(str, arguments)], timeout=60, **pipes, **options)
    assert ended.returncode == status, ended.stderr
    return ended.stderr if status else ended.stdout


def exists(name):
    return os.path.exists(f"/dev/shm/{name}")


def stock(name, items):
    made = shared_memory.ShareableList(items, name=name)
    resource_tracker.unregister(made.shm._name, "shared_memory")
    return made


def blocks(*arguments):
    return {each["name"]: each for each in json.loads(run("ls", "--json", *arguments))["blocks"]}


def on_terminal(*arguments, columns=80, program=COMMAND, environment={}):
    """Run a program on a terminal and return its output."""
    try:
        child, terminal = pty.fork()
    except OSError as error:
        pytest.skip(f"no terminal can be created: {error}")  # in some chroots, /dev/pts is not mounted
    if child == 0:
        subprocess.run(["stty", "cols", str(columns)])
        os.execvpe(program, [program, *arguments], {**os.environ, **environment})
    printed = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        printed += part
    os.waitpid(child, 0)
    os.close(terminal)
    return printed.decode()
