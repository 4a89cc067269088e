"""Tests what the manager logs at each level."""

import os
import subprocess
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client

import pytest

from manager import KEY, PROGRAM, TIMEOUT, manager, name

LEVELS = ["error", "warning", "info", "debug"]


def use(address):
    """Makes one request, with one failed authentication before it."""
    with pytest.raises(AuthenticationError):
        Client(address, authkey=b"wrong")
    with Client(address, authkey=KEY) as peer:
        peer.send((None, "track_segment", (name(),), {}))
        assert peer.recv() == ("#RETURN", None)


def logged(tmp_path, *options):
    with open(tmp_path / "log", "w+") as log:
        with manager(*options, address=str(tmp_path / "socket"), stderr=log) as running:
            use(running.address)
        log.seek(0)
        return log.read()


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_includes_the_levels_before_it(level, tmp_path):
    text, rank = logged(tmp_path, "--log-level", level), LEVELS.index(level)
    assert ("failed to authenticate: its response does not match the key" in text) == (rank >= 1)
    assert (f"listening at {tmp_path}/socket" in text) == (rank >= 2)
    assert ("stopped: SIGTERM" in text) == (rank >= 2)
    me = f"process {os.getpid()} of user {os.geteuid()}"
    for line in (f"{me} is connected", f"{me} is authenticated", f"request 'track_segment' '{name()}'", f"{me} is disconnected"):
        assert (line in text) == (rank >= 3), line
    assert "secret" not in text and KEY.hex() not in text
    assert all(line.startswith("shareable-manager: ") for line in text.splitlines())


def test_the_default_level_is_info(tmp_path):
    assert logged(tmp_path) == logged(tmp_path, "--log-level=info")


def test_debug_quotes_what_a_client_sends(tmp_path):
    with open(tmp_path / "log", "w+") as log:
        with manager("--log-level", "debug", stderr=log) as running:
            with Client(running.address, authkey=KEY) as peer:
                peer.send((None, "odd\n\x1b[31m", ("x\ny",), {}))
                assert peer.recv()[0] == "#TRACEBACK"
        log.seek(0)
        [line] = [line for line in log if "request" in line]
    assert "\\x0a" in line and "\x1b" not in line and "AssertionError" in line


@pytest.mark.parametrize("level", ["", "verbose", "Info", "infos", "3", "\x1b[31m"])
def test_refuses_another_level(level):
    done = subprocess.run([PROGRAM, "--authkey-fd", "0", "--log-level", level], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 2 and "\x1b" not in done.stderr
    assert "is not a level of the log: use error, warning, info or debug" in done.stderr


def test_error_still_reports_why_it_does_not_start(tmp_path):
    (tmp_path / "file").write_text("mine")
    done = subprocess.run([PROGRAM, "--log-level", "error", "-k", tmp_path / "key", "-a", tmp_path / "file"],
                          capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 1 and "the file there is not a socket" in done.stderr
