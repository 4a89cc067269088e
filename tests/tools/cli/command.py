"""Run the command, with or without a terminal, create lists with stock Python, and lock items."""

import contextlib
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


# A living writer, stopped or hostile, that has all items locked except the last one.
LOCKER = """
import mmap, os, struct, sys
from shareable.shared_memory import ShareableList
kept = ShareableList(name=sys.argv[1])
kept[0] = 5
mapped = mmap.mmap(os.open("/dev/shm/" + sys.argv[1], os.O_RDWR), 0)
area = mapped.find(b"shr.sync")
writer_id, = struct.unpack_from("I", mapped, area + 64 + 192)
for item in range(len(kept) - 1):
    struct.pack_into("Q", mapped, area + 64 + 192 + 8 * 64 + 4 * 512 + 8 * item, writer_id << 32 | 1)
print("locked", flush=True)
sys.stdin.read()
"""

needs_item_locker = pytest.mark.skipif(not os.environ.get("run_python"), reason="the Python binding, which locks items here, is not built")


@contextlib.contextmanager
def item_locker(name):
    """Lock all items of a list, except the last one, while the body runs."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([os.environ["run_python"], "-c", LOCKER, name], **pipes) as locker:
        assert locker.stdout.readline() == "locked\n"
        yield
        locker.stdin.close()


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
