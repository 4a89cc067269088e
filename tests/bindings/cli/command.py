"""What the tests of the command share: running it, on a terminal too, and lists that stock Python makes."""

import json
import os
import pty
import subprocess
from multiprocessing import resource_tracker, shared_memory

import pytest

COMMAND = os.environ["run_shareable"]


def run(*arguments, status=0, **options):
    """What it prints; to standard error, where it fails."""
    ended = subprocess.run(
        [COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True, **options
    )
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
    """What it prints on a terminal."""
    try:
        child, terminal = pty.fork()
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")  # /dev/pts is not mounted, as in some chroots
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
