"""Test the subcommands of `shareable manager`: list, status, stop and run.

Other programs of this user may run managers at the same time. So a test looks only at those that it started.
"""

import contextlib
import glob
import json
import os
import pathlib
import pwd
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from multiprocessing.connection import Client

import pytest
from command import COMMAND, exists, on_terminal, run
from machine import in_machine

KEY = b"a key of the tests"
MAGIC = 0x016C746372687301
OTHER_USER = 65533
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to run processes of another user")
BY_OWNER = "import os, sys; os.setgroups([]); os.setgid({0}); os.setuid({0}); os.execv(sys.argv[1], sys.argv[1:])".format(OTHER_USER)


def until(condition, message=None):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, message
        time.sleep(0.02)


class Manager:
    """A manager that the command runs."""

    def __init__(self, *options, before=(), **more):
        reader, writer = os.pipe()
        os.write(writer, KEY)
        os.close(writer)
        command = [*before, COMMAND, "manager", "run", "--authkey-fd", str(reader), *options]
        self.process = subprocess.Popen(command, pass_fds=[reader], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **more)
        os.close(reader)
        self.address = self.process.stdout.readline().rstrip("\n")
        self.pid = self.process.pid

    def track(self, *names, size=1000):
        """Create blocks, of which the manager becomes the owner."""
        with Client(self.address, authkey=KEY) as peer:
            peer.send((None, "keep_connection", (), {}))
            assert peer.recv() == ("#RETURN", None)
            for each in names:
                with open(f"/dev/shm/{each}", "xb") as file:
                    file.write(b"x" * size)
                peer.send((None, "track_segment", (each,), {}))
                assert peer.recv() == ("#RETURN", None)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        self.process.stdout.close()
        self.process.wait(20)


@pytest.fixture
def manager():
    """Return a function that starts a manager. All that it started are ended."""
    started = []

    def start(*options, **more):
        started.append(Manager(*options, **more))
        return started[-1]

    yield start
    for each in started:
        each.end()


def listed(*arguments):
    """Return the managers in the JSON list by pid."""
    found = json.loads(run("manager", "list", "--json", "-o", "PID,USER,STATE,BLOCKS,BYTES,CLIENTS,AGE,ADDRESS", *arguments))["managers"]
    return {each["pid"]: each for each in found}


def status(which):
    [found] = json.loads(run("manager", "status", "--json", which))["managers"]
    return found


def sockets_of(user, pid):
    patterns = (f"/run/user/{user}/shareable-managers", "/run/shareable-managers", f"/dev/shm/.shareable-{user}*")
    return [pathlib.Path(each) for pattern in patterns for each in glob.glob(f"{pattern}/manager-{pid}-*")]


def sockets():
    return sockets_of(os.geteuid(), "*")


def socket_of(pid, user=os.geteuid()):
    [found] = sockets_of(user, pid)
    return found


def user_name():
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(os.geteuid()).pw_name
    return str(os.geteuid())


def test_list_shows_several_managers_with_their_blocks(manager, name):
    first, second, third = manager(), manager(), manager("--address", "127.0.0.1:0")
    first.track(f"{name}-1", f"{name}-2")
    found = listed()
    assert found[first.pid] | {"age": 0} == {
        "pid": first.pid, "user": user_name(), "state": "running", "blocks": 2, "bytes": 2000, "clients": 0, "age": 0, "address": first.address,
    }  # fmt: skip
    assert [found[each.pid]["blocks"] for each in (second, third)] == [0, 0]
    assert found[third.pid]["address"] == third.address and third.address.startswith("127.0.0.1:")
    lines = [line.split() for line in run("manager", "list", "-o", "PID,STATE,BLOCKS,BYTES").splitlines()]
    assert lines[0] == ["PID", "STATE", "BLOCKS", "BYTES"]
    assert [str(first.pid), "running", "2", "2.0K"] in lines


def test_the_table_has_a_user_column_for_root(manager):
    running = manager()
    head, *lines = [line.split() for line in run("manager", "list").splitlines()]
    assert head == ["PID", *(["USER"] if os.geteuid() == 0 else []), "STATE", "BLOCKS", "BYTES", "CLIENTS", "AGE", "ADDRESS"]
    assert [line for line in lines if line[0] == str(running.pid)][0][-1] == running.address


def test_list_fits_a_terminal(manager, tmp_path):
    manager("--address", str(tmp_path / ("s" * (100 - len(str(tmp_path))))))
    for columns in (80, 120):
        assert [line for line in on_terminal("manager", "list", columns=columns).splitlines() if len(line) > columns] == []


def test_status_counts_clients_and_refusals(manager, name):
    running = manager("--log-level", "debug")
    running.track(name)
    with pytest.raises(Exception):
        Client(running.address, authkey=b"wrong")
    kept = Client(running.address, authkey=KEY)
    kept.send((None, "keep_connection", (), {}))
    kept.recv()
    found = status(running.pid)
    assert found["clients"] == 1 and found["clients_total"] == 2 and found["refused_keys"] == 1 and found["refused_peers"] == 0
    assert found["names"] == found["blocks"] == 1 and found["bytes"] == 1000 and found["used"] == 4096
    assert found["log_level"] == "debug" and found["address"] == running.address and found["owner"] is None
    assert 0 <= found["age"] < 60
    kept.close()
    until(lambda: status(running.address)["clients"] == 0)
    text = run("manager", "status", running.address)
    for line in (f"PID              {running.pid}", "STATE            running", "REFUSED_KEYS     1", "LOG_LEVEL        debug"):
        assert line in text.splitlines()


@needs_root
def test_status_counts_refused_users(manager, tmp_path):
    running = manager("--address", f"@test-cli-{os.getpid()}-refused")
    script = f"import os, socket; os.setuid({OTHER_USER}); s = socket.socket(socket.AF_UNIX); s.connect('\\0' + '{running.address[1:]}'); s.recv(1)"
    subprocess.run([sys.executable, "-c", script], timeout=20)
    assert status(running.pid)["refused_peers"] == 1


def test_a_block_counts_once_and_only_if_it_is_removed_at_the_end(manager, name):
    running = manager()
    running.track(f"{name}-1", f"{name}-2")
    os.link(f"/dev/shm/{name}-1", f"/dev/shm/{name}-3")
    with Client(running.address, authkey=KEY) as peer:
        peer.send((None, "track_segment", (f"{name}-3",), {}))
        peer.recv()
    os.unlink(f"/dev/shm/{name}-2")
    with open(f"/dev/shm/{name}-2", "xb") as file:  # another block, which the manager keeps
        file.truncate(5000)
    found = status(running.pid)
    assert (found["names"], found["blocks"], found["bytes"]) == (3, 1, 1000)


def test_stop_removes_the_blocks_and_waits_for_the_end(manager, name):
    running, other = manager(), manager()
    names = [f"{name}-{i}" for i in range(1000)]
    running.track(*names)
    assert status(running.pid)["blocks"] == 1000
    assert run("manager", "stop", running.pid) == f"stopped manager {running.pid} ({running.address}): removed 1000 blocks (977K)\n"
    assert running.process.poll() is None or running.process.returncode == 0  # it has ended; its parent may not have reaped it
    assert running.process.wait(1) == 0
    assert not any(map(exists, names)) and not os.path.exists(running.address)
    assert running.pid not in listed() and other.pid in listed()
    assert not sockets_of("*", running.pid)


def test_stop_by_address(manager):
    running = manager("--address", f"@test-cli-{os.getpid()}")
    assert json.loads(run("manager", "status", running.address, "--json"))["managers"][0]["pid"] == running.pid
    assert "it had no blocks" in run("manager", "stop", running.address, "--timeout", "20")
    assert running.process.wait(1) == 0


def test_managers_with_the_same_relative_path_are_distinct(manager, tmp_path):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    first, second = (manager("--address", "./s", cwd=tmp_path / folder) for folder in ("first", "second"))
    assert [first.address, second.address] == [f"{tmp_path.resolve()}/{folder}/s" for folder in ("first", "second")]
    assert [listed()[each.pid]["address"] for each in (first, second)] == [first.address, second.address]
    assert "is not the PID or the address" in run("manager", "stop", "./s", status=1, cwd=tmp_path)
    assert run("manager", "stop", "./s", cwd=tmp_path / "second") == f"stopped manager {second.pid} ({second.address}): it had no blocks\n"
    assert second.process.wait(5) == 0 and first.process.poll() is None
    assert run("manager", "stop", "first/s", cwd=tmp_path).startswith(f"stopped manager {first.pid} ")
    assert first.process.wait(5) == 0


def test_a_relative_path_whose_absolute_path_is_too_long_is_kept(manager, tmp_path):
    folder = tmp_path / ("d" * 108)
    folder.mkdir()
    running = manager("--address", "./s", cwd=folder)
    assert running.address == "./s" and listed()[running.pid]["address"] == "./s"


def test_a_short_list_of_a_thousand_blocks_takes_a_moment(manager, name):
    running = manager()
    running.track(*(f"{name}-{i}" for i in range(1000)))
    start = time.monotonic()
    assert listed()[running.pid]["blocks"] == 1000
    assert time.monotonic() - start < 1


def test_names_what_is_not_a_manager(manager):
    running = manager()
    sleeper = subprocess.Popen(["sleep", "60"])
    for which in (sleeper.pid, os.getpid(), 1, 0, -1, 2**40, running.address + "x", "nowhere/\x1b[31m"):
        for command in ("stop", "status"):
            error = run("manager", command, "--", which, status=1)
            assert "is not the PID or the address of a running manager" in error and "\x1b" not in error
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()
    assert running.process.poll() is None


def test_usage_errors():
    assert "expected one PID or ADDRESS, or --all" in run("manager", "stop", status=2)
    assert "expected one PID or ADDRESS, or --all" in run("manager", "stop", "1", "2", status=2)
    assert "expected one PID or ADDRESS, or --all" in run("manager", "stop", "--all", "1", status=2)
    assert "'x' is not a valid timeout" in run("manager", "stop", "--timeout", "x", "1", status=2)
    assert "expected one PID or ADDRESS" in run("manager", "status", "1", "2", status=2)
    assert "unexpected argument '1'" in run("manager", "list", "1", status=2)
    assert "unknown column 'nothing'" in run("manager", "list", "-o", "nothing", status=2)
    assert "unknown subcommand 'frobnicate': expected run, list, status or stop" in run("manager", "frobnicate", status=2)
    assert "a subcommand is missing" in run("manager", status=2)
    assert "unknown or ambiguous option '--bogus'" in run("manager", "run", "--bogus", status=2)
    assert "'nowhere' is not an address" in run("manager", "run", "-a", "nowhere", status=2)
    assert "exactly one key is required" in run("manager", "run", status=2)


def test_run_refuses_an_owner_that_does_not_exist():
    assert "there is no process 99999999" in run("manager", "run", "--authkey-fd", "0", "--owner", 99999999, status=1, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("command", ["list", "status", "stop"])
def test_help_of_each_subcommand_fits_80_columns(command):
    output = run("manager", command, "--help")
    assert output.startswith(f"Usage: shareable manager {command} ")
    assert [line for line in output.splitlines() if len(line) > 80] == []
    assert f"Try 'shareable manager {command} --help'" in run("manager", command, "--frobnicate", status=2)


def test_run_and_options_alone_run_the_program():
    for arguments in (["run", "--version"], ["--version"], ["-V"]):
        assert run("manager", *arguments).startswith("shareable-manager ")
    assert run("manager", "run", "--help").startswith("Usage: shareable-manager ")
    for arguments in (["--help"], ["-h"]):
        assert run("manager", *arguments).startswith("Usage: shareable manager ")


def test_a_killed_manager_is_not_listed_and_the_next_one_removes_its_socket(manager):
    killed = manager()
    left = socket_of(killed.pid)
    assert killed.pid in listed()
    killed.process.kill()
    killed.process.wait()
    assert killed.pid not in listed()
    assert "is not the PID" in run("manager", "stop", killed.pid, status=1)
    assert left.exists() and os.path.exists(killed.address)
    running = manager()
    assert not left.exists() and socket_of(running.pid).exists()
    assert not os.path.exists(os.path.dirname(killed.address)) and os.path.exists(running.address)


def test_the_reaper_removes_the_socket_of_a_killed_manager_with_blocks(manager, name):
    killed, other = manager(), manager()
    killed.track(name)
    left = socket_of(killed.pid)
    killed.process.kill()
    killed.process.wait()
    until(lambda: not exists(name) and not left.exists())
    assert not os.path.exists(os.path.dirname(killed.address)) and os.path.exists(other.address)
    assert other.pid in listed()


def test_gc_removes_the_socket_and_the_folder_of_a_killed_manager(manager):
    killed, other = manager(), manager()
    left = socket_of(killed.pid)
    killed.process.kill()
    killed.process.wait()
    run("gc")
    assert left.exists() and os.path.exists(killed.address)
    run("gc", "--remove")
    assert not left.exists() and not os.path.exists(os.path.dirname(killed.address))
    assert os.path.exists(other.address) and other.pid in listed()


def replaced_folder(folder, kind, tmp_path):
    """Put something else in place of the folder of a killed manager, and return what must stay."""
    shutil.rmtree(folder)
    if kind == "link":
        (tmp_path / "target").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "target")
        return [folder, tmp_path / "target"]
    folder.mkdir(mode=0o755 if kind == "mode" else 0o700)
    if kind == "file":
        (folder / "manager").write_text("mine")
        return [folder, folder / "manager"]
    if kind == "more":
        (folder / "other").write_text("mine")
        return [folder, folder / "other"]
    return [folder]


@pytest.mark.parametrize("kind", ["link", "mode", "file", "more"])
def test_gc_keeps_what_is_not_the_folder_of_a_killed_manager(manager, kind, tmp_path):
    killed = manager()
    left, folder = socket_of(killed.pid), pathlib.Path(killed.address).parent
    killed.process.kill()
    killed.process.wait()
    kept = replaced_folder(folder, kind, tmp_path)
    try:
        run("gc", "--remove")
        assert not left.exists() and [each for each in kept if not each.exists()] == []
    finally:
        folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)


def test_gc_keeps_the_folder_if_a_process_listens_there(manager):
    killed = manager()
    left, folder = socket_of(killed.pid), pathlib.Path(killed.address).parent
    killed.process.kill()
    killed.process.wait()
    os.unlink(killed.address)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(killed.address)
        listener.listen()
        run("gc", "--remove")
        assert not left.exists() and os.path.exists(killed.address)
    shutil.rmtree(folder)


def test_a_manager_removes_only_sockets_that_no_process_listens_on(manager):
    folder = socket_of(manager().pid).parent
    dead = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True).stdout.strip()
    made = {name: socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for name in (
        f"manager-{dead}-00000001", f"manager-{dead}-00000002", f"manager-{os.getpid()}-00000001", "starting-00000001", "starting-00000002", "starting-00000003",
    )}  # fmt: skip
    for each, listener in made.items():
        listener.bind(str(folder / each))
        if each.endswith("2"):
            listener.listen()
        if each != "starting-00000003":
            os.utime(folder / each, (1, 1))
    file = folder / f"manager-{dead}-file"
    file.write_text("mine")
    manager()
    left = {each for each in made if (folder / each).exists()}
    try:
        assert left == {f"manager-{dead}-00000002", f"manager-{os.getpid()}-00000001", "starting-00000002", "starting-00000003"}
        assert file.exists()
    finally:
        for each in left:
            (folder / each).unlink()
        file.unlink()


def test_a_stopped_process_is_listed_as_not_responding(manager):
    suspended, running = manager(), manager()
    suspended.process.send_signal(signal.SIGSTOP)
    start = time.monotonic()
    found = listed()
    assert time.monotonic() - start < 10
    assert found[suspended.pid]["state"] == "not responding" and found[suspended.pid]["blocks"] is None
    assert found[running.pid]["state"] == "running"
    assert f"'kill -CONT {suspended.pid}' continues it" in run("manager", "status", suspended.pid)
    assert f"'kill -CONT {suspended.pid}' continues it" in run("manager", "stop", suspended.pid, status=3)
    for command in ("stop", "status"):
        assert "The address of one that does not respond is unknown: give its PID" in run("manager", command, suspended.address, status=1)
    start = time.monotonic()
    run("manager", "stop", "-w", 0.5, suspended.pid, status=3)
    assert time.monotonic() - start < 1.5
    suspended.process.send_signal(signal.SIGCONT)
    until(lambda: listed()[suspended.pid]["state"] == "running")
    assert suspended.process.poll() is None


def test_a_peer_that_sends_garbage_is_counted(manager):
    running = manager()
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(running.address)
        peer.sendall(b"\x7f\xff\xff\xff" + b"x" * 100)
        until(lambda: status(running.pid)["refused_peers"] == 1)


def test_stop_times_out_if_the_manager_does_not_end(name):
    """A tracker that does not read delays the end of the manager by a second."""
    tracker, end = os.pipe()
    os.set_blocking(end, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(end, b"x" * 4096)
    reader, writer = os.pipe()
    os.write(writer, KEY)
    os.close(writer)
    process = subprocess.Popen(
        [COMMAND, "manager", "--authkey-fd", str(reader), "--tracker-fd", str(end)],
        pass_fds=[reader, end], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    os.close(reader)
    address = process.stdout.readline().strip()
    with open(f"/dev/shm/{name}", "xb"), Client(address, authkey=KEY) as peer:
        peer.send((None, "track_segment", (name,), {}))
        assert peer.recv() == ("#RETURN", None)
    assert f"manager {process.pid} ({address}) has not ended within 0.2 seconds" in run("manager", "stop", "-w", "0.2", process.pid, status=3)
    process.stdout.close()
    assert process.wait(20) == 0
    os.close(tracker)
    os.close(end)


REPLIES = {
    "short": (b"x", "unknown"),
    "without the magic number": (b"x" * 240, "unknown"),
    "of another version": (struct.pack("Q", MAGIC + 1) + bytes(232), "unknown"),
    "long": (struct.pack("Q", MAGIC) + b"\xff" * 2000, "unknown"),
    "impossible numbers": (struct.pack("Q", MAGIC) + b"\xff" * 232, "running"),
    "escape sequences": (struct.pack("Q", MAGIC) + bytes(120) + b"\x1b[31m\n\x07" * 16, "running"),
}


@pytest.fixture
def fake(manager):
    """Return a function that starts a process of this user which answers as a manager, and returns its pid."""
    started = []

    def start(reply):
        path = socket_of(manager().pid).parent / "manager-1-00000000"
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                listener.bind(str(path))
                listener.listen()
                while True:
                    peer, _ = listener.accept()
                    peer.recv(100)
                    peer.send(reply)
            os._exit(0)
        started.append((child, path))
        until(path.exists)
        return child

    yield start
    for child, path in started:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        path.unlink()


def test_an_address_of_several_managers_is_refused(manager, fake):
    running = manager("--address", f"@test-cli-{os.getpid()}-several")
    pid = fake(struct.pack("Q", MAGIC) + bytes(120) + running.address.encode().ljust(112, b"\0"))
    until(lambda: pid in listed())
    pids = ", ".join(map(str, sorted([running.pid, pid])))
    for command in ("stop", "status"):
        assert f"several managers: give one of their PIDs: {pids}\n" in run("manager", command, running.address, status=1)
    assert running.process.poll() is None
    assert status(running.pid)["address"] == running.address


@pytest.mark.parametrize("kind", REPLIES)
def test_a_wrong_reply_does_no_harm(fake, kind):
    reply, state = REPLIES[kind]
    pid = fake(reply)
    until(lambda: pid in listed())
    assert listed()[pid]["state"] == state
    for text in (run("manager", "status", pid), run("manager", "list"), run("manager", "list", "--json"), on_terminal("manager", "list")):
        assert str(pid) in text
        assert "\x1b[31m\n" not in text and "\x07" not in text
    expected = ("cannot be stopped", 1) if state == "unknown" else ("has not ended within 0.5 seconds", 3)
    assert expected[0] in run("manager", "stop", "-w", "0.5", pid, status=expected[1])


def test_other_files_with_the_name_of_a_socket_are_ignored(manager, tmp_path):
    running = manager()
    folder = socket_of(running.pid).parent
    made = [folder / f"manager-1-{kind}" for kind in ("file", "link", "folder", "fifo", "stream", "self")]
    made[0].write_text("x")
    made[1].symlink_to(socket_of(running.pid))
    made[2].mkdir()
    os.mkfifo(made[3])
    stream = socket.socket(socket.AF_UNIX)
    stream.bind(str(made[4]))
    stream.listen()
    made[5].symlink_to(made[5])
    try:
        found = json.loads(run("manager", "list", "--json"))["managers"]
        assert [each["pid"] for each in found].count(running.pid) == 1
        assert os.getpid() not in [each["pid"] for each in found]
    finally:
        made[2].rmdir()
        for each in (*made[:2], *made[3:]):
            each.unlink()
        stream.close()


@needs_root
def test_root_sees_the_managers_of_all_users_and_a_user_only_its_own(manager):
    own, other = manager(), manager(before=[sys.executable, "-c", BY_OWNER])
    found = listed()
    assert found[own.pid]["user"] == user_name() and found[other.pid]["user"] == str(OTHER_USER)
    seen = subprocess.run(
        [sys.executable, "-c", BY_OWNER, COMMAND, "manager", "list", "--json"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert [each["pid"] for each in json.loads(seen)["managers"]] == [other.pid]
    refused = subprocess.run([sys.executable, "-c", BY_OWNER, COMMAND, "manager", "stop", str(own.pid)], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1 and "running manager of this user" in refused.stderr
    assert own.process.poll() is None
    assert run("manager", "stop", other.pid).startswith(f"stopped manager {other.pid} ")
    assert other.process.wait(5) == 0


@needs_root
def test_another_user_cannot_fake_a_manager_or_block_the_list(manager, tmp_path):
    """Another user takes the name of a directory, puts files and silent sockets into its own, and points at root's sockets."""
    user = OTHER_USER - 7
    own = manager()
    made = pathlib.Path(f"/dev/shm/.shareable-{user}")
    taken = pathlib.Path(f"/dev/shm/.shareable-{os.geteuid()}.fake{os.getpid()}")
    script = f"""
import os, socket, sys
os.setgroups([]); os.setgid({user}); os.setuid({user})
os.mkdir("{made}", 0o700); os.mkdir("{taken}", 0o700)
silent = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
silent.bind("{made}/manager-{own.pid}-00000000"); silent.listen(5)
for i in range(400):
    each = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); each.bind("{made}/manager-1-%08x" % i)
other = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
other.bind("{taken}/manager-1-00000000"); other.listen(5)
os.symlink("{socket_of(own.pid)}", "{made}/manager-2-00000000")
print("ready", flush=True); sys.stdin.read()
"""
    attacker = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert attacker.stdout.readline() == "ready\n"
        start = time.monotonic()
        shown = subprocess.run([COMMAND, "manager", "list", "--json"], capture_output=True, text=True, timeout=60, check=True)
        assert time.monotonic() - start < 10
        found = json.loads(shown.stdout)["managers"]
        assert [each["state"] for each in found if each["pid"] == own.pid] == ["running"]
        assert all(each["user"] == str(user) and each["state"] == "not responding" for each in found if each["pid"] == attacker.pid)
        assert f"/dev/shm/.shareable-{user} has more than 256 sockets" in shown.stderr
        assert run("manager", "stop", own.pid).startswith(f"stopped manager {own.pid} ")
        assert own.process.wait(5) == 0
    finally:
        attacker.stdin.close()
        attacker.stdout.close()
        attacker.wait(10)
        shutil.rmtree(made)
        shutil.rmtree(taken)


# Starts a manager, whose key is "key", with the given words in front of the command, and waits for its address.
SERVE = """
mount -t tmpfs -o mode=1777 none /mnt; export TMPDIR=/mnt
serve() {
  "$@" sh -c "umask 077; printf key >key"; : >address
  "$@" "$run_shareable" manager run --authkey-file key >address & until grep -q / address; do kill -0 $!; sleep 0.02; done
}
sockets() { ls -d /run/shareable-managers/manager-* /run/user/*/shareable-managers/manager-* /dev/shm/.share*/manager-* 2>/dev/null || :; }
count() { shareable manager list --json | grep -c '"state": "running"' || :; }
"""


@needs_root
@pytest.mark.parametrize("prepare, place", [
    ("mount -t tmpfs -o mode=755 none /run", "/run/shareable-managers"),
    ("mount -t tmpfs -o mode=755 none /run; mkdir -p -m 700 /run/user/0", "/run/user/0/shareable-managers"),
    ("mount -t tmpfs -o mode=755 none /run; mkdir -p -m 777 /run/user/0", "/run/shareable-managers"),
    ("mount -t tmpfs -o mode=1777 none /run", "/dev/shm/.shareable-0"),
    ("mount -t tmpfs -o mode=755,ro none /run", "/dev/shm/.shareable-0"),
    ("mount -t tmpfs -o mode=755 none /run; mkdir -m 700 /run/shareable-managers; mount -o remount,ro none /run", "/dev/shm/.shareable-0"),
    ("mount -t tmpfs -o mode=755 none /run; mkdir -m 750 /run/shareable-managers", "/dev/shm/.shareable-0"),
    ("mount -t tmpfs -o mode=755 none /run; ln -s /tmp /run/shareable-managers", "/dev/shm/.shareable-0"),
    ("mount -t tmpfs -o mode=755 none /run; mkdir -m 700 /run/shareable-managers; chown 65533 /run/shareable-managers", "/dev/shm/.shareable-0"),
])  # fmt: skip
def test_the_socket_is_in_the_first_directory_that_the_manager_can_write(tmp_path, prepare, place):
    output = in_machine(f"{prepare}; {SERVE} umask 0777; serve; umask 022; sockets; count; ls -A /dev/shm; kill $!; wait $!; sockets", tmp_path)
    found, count, *rest = output.splitlines()
    assert os.path.dirname(found) == place and count == "1"
    assert rest == ([".shareable-0"] if place.startswith("/dev") else [])


@needs_root
def test_root_finds_the_managers_of_all_users(tmp_path):
    output = in_machine(f"""
        mount -t tmpfs -o mode=755 none /run; mkdir -p /run/user/65533; chown 65533 /run/user/65533; chmod 700 /run/user/65533
        {SERVE} needs_other "$run_shareable"; serve; mkdir other; chmod 777 other .; cd other; serve as_other; sockets; count
        as_other "$run_shareable" manager list --json >list; grep -c running list; cd ..""", tmp_path)
    first, second, *counts = output.splitlines()
    assert first.startswith("/run/shareable-managers/") and second.startswith("/run/user/65533/shareable-managers/") and counts == ["2", "1"]


@needs_root
def test_gc_and_the_next_manager_remove_the_socket_of_a_killed_manager(tmp_path):
    output = in_machine(f"""
        {SERVE} mount -t tmpfs -o mode=755 none /run; serve; kill -KILL $!; wait $! || :; sockets | wc -l; shareable gc --remove >removed; sockets | wc -l
        ls /run; serve; kill -KILL $!; wait $! || :; serve; sockets | wc -l; count; kill $!""", tmp_path)
    assert output.split() == ["1", "0", "1", "1"]


@needs_root
def test_a_manager_is_listed_if_another_user_has_taken_its_directory(manager):
    user = OTHER_USER - 8
    taken = pathlib.Path(f"/dev/shm/.shareable-{user}")
    taken.write_text("mine")
    try:
        other = manager(before=[sys.executable, "-c", BY_OWNER.replace(str(OTHER_USER), str(user))])
        assert listed()[other.pid]["state"] == "running"
        assert socket_of(other.pid, user).parent != taken
        other.end()
    finally:
        taken.unlink()


@needs_root
def test_a_manager_in_another_pid_namespace_has_an_unknown_pid(name):
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    inside = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if subprocess.run([*inside, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("no pid namespace can be created")
    outside = Manager()
    script = f"{COMMAND} manager list --json; {COMMAND} manager stop {outside.address}; {COMMAND} manager stop {outside.pid}"
    outside.track(name)
    shown = subprocess.run([*inside, "sh", "-c", script], capture_output=True, text=True, timeout=60)
    found, _, rest = shown.stdout.partition("\n}\n")
    [each] = [each for each in json.loads(found + "}")["managers"] if each["address"] == outside.address]
    assert each["pid"] is None and each["state"] == "running" and each["blocks"] == 1
    assert rest == f"stopped manager in another pid namespace ({outside.address}): removed 1 block (1000B)\n"
    assert outside.process.wait(5) == 0
    outside.end()


def test_warns_if_there_are_more_managers_than_descriptors(manager):
    running = [manager() for _ in range(6)]
    code = f"ulimit -n 9; exec {COMMAND} manager list --json"
    shown = subprocess.run(["sh", "-c", code], capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0 and len(json.loads(shown.stdout)["managers"]) < len(running)
    assert shown.stderr.count("some managers are not listed: Too many open files: raise the limit of open files (ulimit -n)") == 1


def test_many_managers_and_many_connections_of_the_command(manager):
    """Few connections at a time are served: one more must not lose a request."""
    running = [manager() for _ in range(3)]
    idle = []
    for _ in range(10):
        idle.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        idle[-1].connect(str(socket_of(running[0].pid)))
    lists = [subprocess.Popen([COMMAND, "manager", "list", "--json"], stdout=subprocess.PIPE, text=True) for _ in range(10)]
    for each in lists:
        states = {found["pid"]: found["state"] for found in json.loads(each.communicate(timeout=60)[0])["managers"]}
        assert [states[one.pid] for one in running] == ["running"] * 3
    stops = [subprocess.Popen([COMMAND, "manager", "stop", str(running[0].pid)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for _ in range(4)]
    assert any(each.communicate(timeout=60)[0] for each in stops)
    assert running[0].process.wait(5) == 0
    for each in idle:
        each.close()


def test_the_command_finds_managers_without_free_descriptors_of_their_own(manager):
    """A flood of clients takes all connections of a manager, and not those of the command."""
    running = manager(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
    flood = []
    for _ in range(60):
        flood.append(socket.socket(socket.AF_UNIX))
        flood[-1].connect(running.address)
    found = status(running.pid)
    assert found["state"] == "running" and found["refused_limits"] > 0
    for each in flood:
        each.close()


STARTER = """
import sys
from shareable.managers import SharedMemoryManager
with SharedMemoryManager() as server:
    block = server.SharedMemory(size=5000)
    print(server._process.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not os.environ.get("run_python"), reason="the Python binding, which starts a manager here, is not built")
def test_a_manager_that_the_library_has_started_for_python_is_listed():
    with subprocess.Popen([os.environ["run_python"], "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        pid = int(owner.stdout.readline())
        found = status(pid)
        assert (found["owner"], found["blocks"], found["bytes"], found["state"]) == (owner.pid, 1, 5000, "running")
        owner.stdin.close()
        assert owner.wait(20) == 0
    assert pid not in listed()


def test_stop_all_ends_the_managers_of_this_user():
    """In a /run and a /dev/shm of its own, because others may run managers, and this test would end them."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare, for a /run and a /dev/shm without managers")
    script = f"""
mount -t tmpfs shm /dev/shm && chmod 1777 /dev/shm && mount -t tmpfs -o mode=755 run /run || exit 77
echo key | {COMMAND} manager --authkey-fd 0 >/dev/null 2>&1 &
echo key | {COMMAND} manager --authkey-fd 0 >/dev/null 2>&1 &
echo key | {sys.executable} -c '{BY_OWNER}' {COMMAND} manager --authkey-fd 0 >/dev/null 2>&1 & other=$!
while [ "$({COMMAND} manager list -n 2>/dev/null | wc -l)" != 3 ]; do sleep 0.1; done
{COMMAND} manager stop --all | wc -l
{COMMAND} manager list -no USER
{COMMAND} manager stop --all
{COMMAND} manager stop $other >/dev/null
{COMMAND} manager status
{COMMAND} manager list && {COMMAND} manager list --json >/dev/null && echo listed
ls -A /dev/shm
"""
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=60)
    if done.returncode == 77 or done.stderr.startswith("unshare:"):
        pytest.skip(done.stderr.strip())  # in a chroot, unshare itself fails, with status 1
    assert done.stdout.split() == ["2", str(OTHER_USER), "listed"]
    assert done.stderr.splitlines() == [
        "shareable manager stop: no manager of this user is running",
        "shareable manager status: no manager is running",
        "shareable manager list: no manager is running",
    ]
