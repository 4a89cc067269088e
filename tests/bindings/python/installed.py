"""Tests the package that pip installed into this virtual environment: installed.py NAME

NAME is the beginning of the names of the blocks. The programs of the package must be those in its
folder.
"""

import importlib.metadata
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from multiprocessing import shared_memory as stock

import plain_tests
import shareable
from shareable import _raw
from shareable.managers import SharedMemoryManager
from shareable.shared_memory import ShareableList, SharedMemory

NAME = sys.argv[1]
FOLDER = pathlib.Path(shareable.__file__).parent
VALUES = ["text", "é" * 50, b"bytes", 1, -(2**63), 2.5, True, False, None]


def exists(name):
    return os.path.exists(f"/dev/shm/{name}")


IS_SERVED = exists(f".shareable-{os.geteuid()}")  # perhaps by the reaper of another package


def is_removed(name, seconds=10):
    end = time.monotonic() + seconds
    while exists(name) and time.monotonic() < end:
        time.sleep(0.005)
    return not exists(name)


def test_package_is_the_installed_one():
    assert sys.prefix != sys.base_prefix and str(FOLDER).startswith(sys.prefix), FOLDER
    assert shareable.__version__ == _raw.version() == importlib.metadata.version("shareable")
    assert importlib.metadata.metadata("shareable")["Requires-Python"] == ">=3.9"
    assert (FOLDER / "py.typed").exists()
    assert not any(name.startswith("SHAREABLE_") for name in os.environ)


def test_programs_of_the_package_have_its_version():
    for program in "shareable-reaper", "shareable-manager":
        assert os.access(FOLDER / "bin" / program, os.X_OK), program
    printed = subprocess.check_output([FOLDER / "bin" / "shareable-manager", "--version"], text=True)
    assert printed.split()[-1] == shareable.__version__, printed


def test_list_has_every_type_and_a_lock():
    with ShareableList(VALUES, name=NAME) as shared:
        assert list(shared) == VALUES
        with shared.lock(timeout=5):
            assert shared.add(3, 1) == 2
        assert shared.wait(3, 1, timeout=5) == 2
        shared.shm.unlink()


def test_standard_library_shares_the_list():
    with ShareableList(VALUES, name=NAME) as shared:
        other = stock.ShareableList(name=NAME)
        assert list(other) == VALUES
        other[0] = "new"
        assert shared[0] == "new"
        other.shm.close()
        other.shm.unlink()


OWNER = """
import os, sys
sys.path.insert(0, sys.argv[2])
import shareable
os.chdir("/")
from shareable.shared_memory import ShareableList
shared = ShareableList([1], name=sys.argv[1])
print(shareable.__file__, flush=True)
sys.stdin.read()
"""


def is_removed_after_kill(path, folder):
    command = [sys.executable, "-I", "-S", "-c", OWNER, NAME, path]
    owner = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert pathlib.Path(folder, owner.stdout.readline().strip()).samefile(shareable.__file__)
    assert exists(NAME)
    reapers = programs_that_run()
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert IS_SERVED or str(FOLDER / "bin" / "shareable-reaper") in reapers, reapers
    return is_removed(NAME)


def programs_that_run():
    """Return the files of the programs that this user runs."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found.add(os.readlink(f"/proc/{pid}/exe"))
        except OSError:
            pass
    return found


def test_block_is_removed_when_its_owner_is_killed():
    assert is_removed_after_kill(str(FOLDER.parent), "/")


def test_block_is_removed_if_the_path_was_relative_and_the_owner_has_changed_its_directory():
    assert is_removed_after_kill("site-packages", FOLDER.parent.parent)
    assert is_removed_after_kill(".", FOLDER.parent)


def test_manager_removes_its_blocks():
    with SharedMemoryManager() as manager:
        block, shared = manager.SharedMemory(5), manager.ShareableList([1])
        names = block.name, shared.shm.name
        assert all(map(exists, names))
        block.close()
        shared.shm.close()
    assert not any(map(exists, names))


MANAGER = """
import sys, time
from shareable.managers import SharedMemoryManager
manager = SharedMemoryManager()
manager.start()
print(manager.SharedMemory(5).name, flush=True)
sys.stdin.read()
"""


def test_blocks_of_a_killed_manager_are_removed():
    """The manager finds the reaper beside it."""
    starter = subprocess.Popen([sys.executable, "-c", MANAGER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    name = starter.stdout.readline().strip()
    children = pathlib.Path(f"/proc/{starter.pid}/task/{starter.pid}/children").read_text().split()
    managers = [pid for pid in children if os.readlink(f"/proc/{pid}/exe").endswith("shareable-manager")]
    assert exists(name) and len(managers) == 1, (name, children)
    os.kill(int(managers[0]), signal.SIGKILL)
    assert is_removed(name)
    starter.kill()
    starter.communicate()


def test_example_of_the_description_works():
    text = importlib.metadata.metadata("shareable").get_payload()
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], {})


if __name__ == "__main__":
    plain_tests.run(globals(), NAME)
