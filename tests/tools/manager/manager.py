"""Helpers of the tests: our manager as a process, and the installed CPythons."""

import contextlib
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))
import interpreters  # noqa: E402

BUILD = pathlib.Path(os.environ["top_builddir"])
PROGRAM = BUILD / "tools" / "manager" / "shareable-manager"
KEY = b"a key with \0 and \xff in it"
KINDS = ["unix", "abstract", "tcp"]
TIMEOUT = 60
VERSIONS = os.environ.get("MANAGER_VERSIONS", "3.8 3.9 3.10 3.11 3.12 3.13 3.14 3.15").split()
INTERPRETERS = {"debian": "/usr/bin/python3", **interpreters.find(VERSIONS)}


def address_of(kind, folder):
    """Returns an address of this kind as text."""
    return {
        "unix": str(folder / "socket"),
        "abstract": f"@shareable-test-{os.getpid()}-{folder.name}",
        "tcp": "127.0.0.1:0",
    }[kind]


def name(number=0):
    """Returns the name of a block that no other test run uses."""
    return f"test-manager-{os.getpid()}-{number}"


def exists(block):
    return os.path.exists(f"/dev/shm/{block}")


def pipe_with(data):
    """Returns the read end of a pipe that contains the bytes and then ends."""
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    return reader


class Manager:
    """Our program, which listens."""

    def __init__(self, *options, address=None, key=KEY, before=(), pass_fds=(), **more):
        reader = pipe_with(key)
        command = [*before, str(PROGRAM), "--authkey-fd", str(reader), *options]
        if address is not None:
            command += ["--address", address]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, pass_fds=[reader, *pass_fds], text=True, **more
        )
        os.close(reader)
        self.address = self.process.stdout.readline().strip()

    def wait(self):
        """Waits for the end of the program and returns its exit status."""
        self.process.stdout.close()
        return self.process.wait(TIMEOUT)


@contextlib.contextmanager
def manager(*options, **more):
    """Runs our program and stops it with SIGTERM if it is still running. It must exit with status 0."""
    running = Manager(*options, **more)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
        status = running.wait()
    assert status == 0


def command_of_stock(version, *arguments):
    return [INTERPRETERS[version], "-E", "-s", "-B", str(HERE / "stock.py"), *arguments]


def stock(version, *arguments):
    """Runs stock.py and returns its output. Fails if stock.py fails or writes to standard error."""
    done = subprocess.run(
        command_of_stock(version, *arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == "", done.stderr
    return done.stdout
