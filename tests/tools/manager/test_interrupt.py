"""Tests which managers Ctrl-C ends: those in the foreground of a terminal, and not those of a program."""

import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from manager import INTERPRETERS, KEY, PROGRAM, TIMEOUT, Manager, exists, name, pipe_with, stock

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts a background job with SIGINT ignored


def until(condition):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def owns(running, block):
    """Makes the manager track a new block."""
    with open(f"/dev/shm/{block}", "xb") as file:
        file.write(b"x" * 100)
    script = ("import sys; from multiprocessing.connection import Client\n"
              "peer = Client(sys.argv[1], authkey=bytes.fromhex(sys.argv[2]))\n"
              "peer.send((None, 'track_segment', (sys.argv[3],), {})); assert peer.recv() == ('#RETURN', None)")
    subprocess.run(["/usr/bin/python3", "-c", script, running, KEY.hex(), block], check=True, timeout=TIMEOUT)


def test_ctrl_c_in_a_terminal_ends_it_and_removes_its_blocks(tmp_path):
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    try:
        child, terminal = pty.fork()
    except OSError as error:
        pytest.skip(f"no terminal can be created: {error}")
    if child == 0:
        os.execv(PROGRAM, [str(PROGRAM), "-k", str(tmp_path / "key"), "-a", str(tmp_path / "socket")])
    until((tmp_path / "socket").exists)
    owns(str(tmp_path / "socket"), name())
    os.write(terminal, b"\x03")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert not exists(name())
    assert not (tmp_path / "socket").exists()


def test_sigint_ends_a_manager_that_no_program_started():
    running = Manager()
    owns(running.address, name())
    running.process.send_signal(signal.SIGINT)
    assert running.wait() == 0
    assert not exists(name())


@pytest.mark.parametrize("options", [["--owner", str(os.getpid())], ["--lifeline-fd", "LIFELINE"]])
def test_a_manager_of_a_program_ignores_sigint(options):
    lifeline, end = os.pipe()
    given = [str(lifeline) if option == "LIFELINE" else option for option in options]
    running = Manager(*given, pass_fds=[lifeline])
    running.process.send_signal(signal.SIGINT)
    stock("debian", "share", running.address, KEY.hex(), name())
    running.process.terminate()
    assert running.wait() == 0
    os.close(lifeline)
    os.close(end)


def test_a_manager_in_the_background_of_a_script_ignores_sigint():
    running = Manager(before=["/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh"])
    running.process.send_signal(signal.SIGINT)
    stock("debian", "share", running.address, KEY.hex(), name())
    running.process.terminate()
    assert running.wait() == 0


@pytest.mark.parametrize("version", INTERPRETERS)
def test_stock_managers_ignore_sigint_too(version):
    """The reason for which a manager of a program ignores it."""
    script = ("import os, signal, sys\n"
              "from multiprocessing.managers import SharedMemoryManager\n"
              "if __name__ == '__main__':\n"
              "    with SharedMemoryManager() as manager:\n"
              "        os.kill(manager._process.pid, signal.SIGINT)\n"
              "        manager.SharedMemory(10).close()\n"
              "        print('served')\n")
    done = subprocess.run([INTERPRETERS[version], "-E", "-s", "-B", "-c", script], capture_output=True, text=True,
                          timeout=TIMEOUT)
    assert done.stdout == "served\n", done.stderr
