"""Tests the program as a service: options, key, signals, and that it leaves no files and blocks."""

import contextlib
import ctypes
import os
import pathlib
import signal
import socket
import stat
import struct
import subprocess
import time
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client

import pytest

from manager import BUILD, KEY, PROGRAM, TIMEOUT, Manager, exists, manager, name, pipe_with, stock

OTHER_USER = 65533
IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a file to another user")


def fails(*options, status=1, **more):
    """Returns the error message of a program that must fail to start."""
    done = subprocess.run([PROGRAM, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT, **more)
    assert done.returncode == status and done.stdout == "", done
    return done.stderr


def service(folder, *options):
    """Starts the program as the systemd unit does: files in a directory, no inherited descriptors."""
    return subprocess.Popen(
        [PROGRAM, "--address", folder / "socket", "--authkey-file", folder / "key", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )


def connected(running):
    return Client(running.address, authkey=KEY)


def ask(connection, method, *args):
    """Sends one of several requests and returns the reply."""
    connection.send((None, method, args, {}))
    return connection.recv()


def ended(running, number=signal.SIGTERM):
    running.send_signal(number)
    running.stdout.close()
    return running.wait(TIMEOUT)


def test_creates_a_private_key_file_once(tmp_path):
    keys = []
    for _ in range(2):
        running = service(tmp_path)
        assert running.stdout.readline().strip() == str(tmp_path / "socket")
        keys.append((tmp_path / "key").read_bytes())
        stock("debian", "share", str(tmp_path / "socket"), keys[-1].hex(), f"test-service-{os.getpid()}")
        assert ended(running) == 0
    assert keys[0] == keys[1] and len(keys[0]) == 32
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_refuses_a_key_file_that_others_can_read(tmp_path):
    (tmp_path / "key").write_bytes(b"secret")
    (tmp_path / "key").chmod(0o640)
    assert "can be read or written by other users (its mode is 0640): run chmod 600 on it" in fails("--authkey-file", str(tmp_path / "key"))
    (tmp_path / "key").chmod(0o602)
    assert "(its mode is 0602)" in fails("--authkey-file", str(tmp_path / "key"))
    assert "No such file" in fails("--authkey-file", str(tmp_path / "nowhere" / "key"))
    assert "exactly one key is required" in fails(status=2)
    assert "exactly one key is required" in fails("--authkey-file", "x", "--authkey-fd", "0", status=2)


def test_key_is_not_in_arguments_or_environment():
    with manager() as running:
        for file in ("cmdline", "environ"):
            with open(f"/proc/{running.process.pid}/{file}", "rb") as text:
                assert KEY not in text.read()


def test_socket_is_private(tmp_path):
    with manager(address=str(tmp_path / "socket")):
        assert stat.S_IMODE((tmp_path / "socket").stat().st_mode) == 0o700


def test_does_not_replace_an_existing_file(tmp_path):
    place = tmp_path / "socket"
    place.write_text("mine")
    reader = pipe_with(KEY)
    assert "the file there is not a socket" in fails("--authkey-fd", str(reader), "--address", str(place),
                                                           pass_fds=[reader])
    assert place.read_text() == "mine"
    os.close(reader)


def test_does_not_remove_a_file_that_replaced_its_socket(tmp_path):
    place = tmp_path / "socket"
    with manager(address=str(place)) as running:
        place.unlink()
        place.write_text("mine")
        running.process.terminate()
        running.wait()
    assert place.read_text() == "mine"


def test_names_bad_options():
    reader = pipe_with(KEY)
    assert "'nowhere' is not an address" in fails("--authkey-fd", str(reader), "--address", "nowhere", pass_fds=[reader], status=2)
    os.close(reader)
    assert "'x' is not a descriptor or process id: give a number from 0 to 2147483647" in fails("--authkey-fd", "x", status=2)
    assert "--authkey-fd: descriptor 77 is not open" in fails("--authkey-fd", "77")
    assert "--owner: 0 is not a process" in fails("--authkey-fd", "0", "--owner", "0", status=2)
    for option in ("--tracker-fd", "--lifeline-fd", "--address-fd"):
        assert f"{option}: descriptor 77 is not open" in fails("--authkey-fd", "0", option, "77")
    assert "--help" in fails("--bogus", status=2)
    assert "unexpected argument 'more': only options are accepted" in fails("--authkey-fd", "0", "more", status=2)
    assert "unknown or ambiguous option '--bogus'" in fails("--no-md5", "--bogus", status=2)
    assert "unknown or ambiguous option '--a'" in fails("--a", "0", status=2)
    assert "option '--no-md5=1' does not take an argument" in fails("--no-md5=1", status=2)
    assert "option '--address' requires an argument" in fails("--address", status=2)
    assert "option '-k' requires an argument" in fails("-k", status=2)
    assert "unknown option '-x'" in fails("-xV", status=2)
    help_text = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=True).stdout
    for option in ("--address", "--authkey-file", "--authkey-fd", "--no-md5", "--address-fd", "--tracker-fd",
                   "--lifeline-fd", "--owner", "--log-level", "--help", "--version"):
        assert option in help_text
    assert subprocess.run([PROGRAM, "-V"], capture_output=True, check=True).stdout.startswith(b"shareable-manager ")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGPIPE])
def test_ignores_signals_other_than_sigterm_and_sigint(number, tmp_path):
    running = service(tmp_path)
    running.stdout.readline()
    running.send_signal(number)
    stock("debian", "share", str(tmp_path / "socket"), (tmp_path / "key").read_bytes().hex(),
          f"test-service-{os.getpid()}")
    assert ended(running) == 0


def test_exits_when_the_lifeline_is_closed():
    reader, writer = os.pipe()
    running = Manager("--lifeline-fd", str(reader), pass_fds=[reader])
    os.close(reader)
    os.write(writer, b"ignored")
    stock("debian", "share", running.address, KEY.hex(), f"test-service-{os.getpid()}")
    os.close(writer)
    assert running.wait() == 0
    assert not os.path.exists(os.path.dirname(running.address))


def test_fails_if_the_lifeline_cannot_be_watched():
    reader = pipe_with(KEY)
    assert "cannot watch descriptor 0" in fails("--authkey-fd", str(reader), "--lifeline-fd", "0", pass_fds=[reader])
    os.close(reader)


def test_exits_if_the_owner_has_ended_already():
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    reader, writer = os.pipe()
    running = Manager("--owner", str(gone.pid), "--lifeline-fd", str(reader), pass_fds=[reader])
    assert running.wait() == 0
    os.close(reader)
    os.close(writer)


def test_refuses_an_owner_that_does_not_exist():
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    assert fails("--authkey-fd", "0", "--owner", str(gone.pid)) == f"shareable-manager: --owner: there is no process {gone.pid}\n"


def test_systemd_unit_uses_valid_options(tmp_path):
    unit = BUILD / "tools" / "manager" / "shareable-manager.service"
    lines = unit.read_text().splitlines()
    assert not [line for line in lines if "@" in line.replace("=@", "=").replace("=~@", "=")]
    [command] = [line.partition("=")[2].split() for line in lines if line.startswith("ExecStart=")]
    assert command[0].startswith("/") and command[0].endswith("/bin/shareable-manager")
    places = {"%t": "run", "%S": "state"}
    for place in places.values():
        (tmp_path / place / "shareable").mkdir(parents=True, mode=0o700)
    options = [option.replace(option[:2], str(tmp_path / places[option[:2]])) if option[:2] in places else option
               for option in command[1:]]
    running = subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline().strip() == str(tmp_path / "run" / "shareable" / "manager")
    assert ended(running) == 0


def test_refuses_an_empty_key(tmp_path):
    (tmp_path / "key").touch(0o600)
    assert "is empty: a key must have at least 1 byte" in fails("--authkey-file", str(tmp_path / "key"))
    assert "is empty: a key must have at least 1 byte" in fails("--authkey-fd", "0")


class Watch:
    """The events in a directory, in order, as inotify reports them."""

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self.fd, os.fsencode(folder), IN_MODIFY | IN_MOVED_TO | IN_CREATE) >= 0

    def events(self, file):
        data, offset, found = os.read(self.fd, 65536), 0, []
        while offset < len(data):
            _, mask, _, length = struct.unpack_from("iIII", data, offset)
            if data[offset + 16 : offset + 16 + length].rstrip(b"\0").decode() == file:
                found.append(mask)
            offset += 16 + length
        os.close(self.fd)
        return found


def test_key_file_is_complete_when_it_appears(tmp_path):
    watch = Watch(tmp_path)
    running = service(tmp_path)
    running.stdout.readline()
    assert ended(running) == 0
    assert watch.events("key") in ([IN_CREATE], [IN_MOVED_TO]), "the key file was written after it had its name"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_managers_that_start_together_use_one_key(tmp_path):
    for turn in range(10):
        folder = tmp_path / str(turn)
        folder.mkdir()
        managers = [
            subprocess.Popen([PROGRAM, "--address", folder / f"socket-{number}", "--authkey-file", folder / "key"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
            for number in range(4)
        ]
        addresses = [each.stdout.readline().strip() for each in managers]
        key = (folder / "key").read_bytes()
        assert len(key) == 32
        if turn == 0:
            for number, address in enumerate(addresses):
                stock("debian", "share", address, key.hex(), name(number))
        assert [ended(each) for each in managers] == [0, 0, 0, 0]
        assert [path.name for path in folder.iterdir()] == ["key"]


def test_refuses_a_key_file_that_is_not_regular(tmp_path):
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("fifo")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "listener"))
    start = time.monotonic()
    for path in (tmp_path / "fifo", tmp_path / "folder", tmp_path / "link", tmp_path / "listener", "/dev/null",
                 "/dev/zero"):
        output = fails("--authkey-file", str(path))
        assert f"the key file {path} is not a regular file" in output
    assert time.monotonic() - start < 5
    listener.close()


def test_follows_own_links_to_a_key_but_not_dangling_links(tmp_path):
    (tmp_path / "real").write_bytes(KEY)
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "key").symlink_to("real")
    running = service(tmp_path)
    stock("debian", "share", running.stdout.readline().strip(), KEY.hex(), name())
    assert ended(running) == 0
    (tmp_path / "dangling").symlink_to("nowhere")
    assert "No such file" in fails("--authkey-file", str(tmp_path / "dangling"))
    assert not (tmp_path / "nowhere").exists()


@needs_root
def test_refuses_key_files_and_links_of_other_users(tmp_path):
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "link").symlink_to("key")
    os.chown(tmp_path / "link", OTHER_USER, OTHER_USER, follow_symlinks=False)
    assert f"is a symbolic link of user {OTHER_USER}" in fails("--authkey-file", str(tmp_path / "link"))
    (tmp_path / "to-here").symlink_to(".")
    (tmp_path / "by-theirs").symlink_to("theirs/to-here")
    (tmp_path / "theirs").symlink_to(tmp_path)
    os.chown(tmp_path / "theirs", OTHER_USER, OTHER_USER, follow_symlinks=False)
    for path in ("theirs/key", "to-here/theirs/key", "by-theirs/key", "by-theirs/new", "theirs/new"):
        output = fails("--authkey-file", str(tmp_path / path))
        assert f"theirs is a symbolic link of user {OTHER_USER}" in output, path
    assert not (tmp_path / "new").exists()
    own = subprocess.Popen([PROGRAM, "-k", tmp_path / "to-here" / "to-here" / "key", "-a", tmp_path / "socket"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert own.stdout.readline().strip() == str(tmp_path / "socket"), "links of this user are followed"
    assert ended(own) == 0
    os.chown(tmp_path / "key", OTHER_USER, OTHER_USER)
    assert f"belongs to user {OTHER_USER}" in fails("--authkey-file", str(tmp_path / "key"))


def stale_socket(folder):
    """Returns the path of a socket that no process listens on."""
    running = service(folder)
    running.stdout.readline()
    assert ended(running, signal.SIGKILL) == -signal.SIGKILL
    assert stat.S_ISSOCK((folder / "socket").stat().st_mode)


def test_replaces_the_socket_of_a_killed_manager(tmp_path):
    stale_socket(tmp_path)
    running = service(tmp_path)
    assert running.stdout.readline().strip() == str(tmp_path / "socket")
    stock("debian", "share", str(tmp_path / "socket"), (tmp_path / "key").read_bytes().hex(), name())
    assert ended(running) == 0
    assert not (tmp_path / "socket").exists()


def test_does_not_replace_the_socket_of_a_running_or_stopped_manager(tmp_path):
    running = service(tmp_path)
    running.stdout.readline()
    inode = (tmp_path / "socket").stat().st_ino
    options = ["--authkey-file", str(tmp_path / "key"), "--address", str(tmp_path / "socket")]
    assert "another program listens there" in fails(*options)
    running.send_signal(signal.SIGSTOP)
    assert "another program listens there" in fails(*options)
    running.send_signal(signal.SIGCONT)
    assert (tmp_path / "socket").stat().st_ino == inode
    assert ended(running) == 0


def test_one_of_several_managers_replaces_a_stale_socket(tmp_path):
    for turn in range(5):
        folder = tmp_path / str(turn)
        folder.mkdir()
        stale_socket(folder)
        managers = [
            subprocess.Popen([PROGRAM, "--address", folder / "socket", "--authkey-file", folder / "key"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for _ in range(6)
        ]
        first_lines = [each.stdout.readline() for each in managers]
        serving = [each for each, line in zip(managers, first_lines) if line]
        assert len(serving) == 1
        stock("debian", "share", str(folder / "socket"), (folder / "key").read_bytes().hex(), name(turn))
        for each in managers:
            assert ended(each) == (0 if each in serving else 1)
        assert [path.name for path in folder.iterdir()] == ["key"]


@needs_root
def test_does_not_replace_a_stale_socket_of_another_user(tmp_path):
    stale_socket(tmp_path)
    os.chown(tmp_path / "socket", OTHER_USER, OTHER_USER)
    output = fails("--authkey-file", str(tmp_path / "key"), "--address", str(tmp_path / "socket"))
    assert f"belongs to user {OTHER_USER}" in output
    assert (tmp_path / "socket").exists()


def test_removes_a_socket_with_a_relative_path(tmp_path):
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    running = subprocess.Popen([PROGRAM, "--address", "./socket", "--authkey-file", "key"], cwd=tmp_path,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    running.stdout.readline()
    start = time.monotonic()
    while os.readlink(f"/proc/{running.pid}/cwd") != "/":
        assert time.monotonic() - start < TIMEOUT
    assert ended(running) == 0
    assert not (tmp_path / "socket").exists()


def full_pipe():
    """Returns a full pipe."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"\n" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    return reader, writer


def make(block):
    pathlib.Path("/dev/shm", block).write_bytes(b"x" * 8)


def test_a_stalled_tracker_does_not_delay_removals():
    reader, writer = full_pipe()
    with manager("--tracker-fd", str(writer), pass_fds=[writer]) as running:
        connection = connected(running)
        blocks = [name(number) for number in range(20)]
        for block in blocks:
            make(block)
            assert ask(connection, "track_segment", block) == ("#RETURN", None)
        start = time.monotonic()
        for block in blocks[:10]:
            assert ask(connection, "release_segment", block) == ("#RETURN", None)
        assert time.monotonic() - start < 0.5
        running.process.terminate()
        while time.monotonic() < start + TIMEOUT and any(map(exists, blocks)):
            time.sleep(0.01)
        assert time.monotonic() - start < 1
        running.process.wait(3)
        connection.close()
    assert os.get_blocking(writer), "the pipe is shared: its flags are others' too"
    os.close(reader)
    os.close(writer)


def test_a_slow_tracker_gets_all_messages():
    reader, writer = full_pipe()
    with manager("--tracker-fd", str(writer), pass_fds=[writer]) as running:
        connection = connected(running)
        for number in range(50):
            assert ask(connection, "track_segment", name(number)) == ("#RETURN", None)
            ask(connection, "release_segment", name(number))
        connection.close()
        os.close(writer)
        output = b""
        while output.count(b"UNREGISTER:") < 50:
            output += os.read(reader, 65536)
    lines = output.replace(b"\n\n", b"").split()
    wanted = [f"{what}:/{name(number)}:shared_memory".encode() for number in range(50)
              for what in ("REGISTER", "UNREGISTER")]
    assert lines[-100:] == wanted
    os.close(reader)


def test_logs_start_and_stop_only_as_a_service(tmp_path):
    with open(tmp_path / "log", "w+") as log:
        with manager(address=str(tmp_path / "socket"), stderr=log):
            pass
        log.seek(0)
        assert log.read().splitlines() == [f"shareable-manager: listening at {tmp_path}/socket",
                                           "shareable-manager: stopped: SIGTERM"]
        log.truncate(0)
        with manager("--owner", str(os.getpid()), stderr=log):
            pass
        assert os.fstat(log.fileno()).st_size == 0


@pytest.mark.parametrize(("address", "is_warned"), [("127.0.0.1:0", False), ("localhost:0", False), ("0.0.0.0:0", True)])
def test_warns_if_other_machines_can_connect(address, is_warned, tmp_path):
    with open(tmp_path / "log", "w+") as log:
        with manager(address=address, stderr=log):
            pass
        log.seek(0)
        assert ("is not a loopback address" in log.read()) == is_warned


def test_does_not_reuse_closed_standard_streams(tmp_path):
    script = 'exec "$@" <&- >&- 2>&-'
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    running = subprocess.Popen(["/bin/sh", "-c", script, "sh", PROGRAM, "--address", tmp_path / "socket",
                                "--authkey-file", tmp_path / "key"])
    start = time.monotonic()
    while not (tmp_path / "socket").exists() and time.monotonic() - start < TIMEOUT:
        time.sleep(0.01)
    stock("debian", "share", str(tmp_path / "socket"), KEY.hex(), name())
    assert {os.readlink(f"/proc/{running.pid}/fd/{fd}") for fd in range(3)} == {"/dev/null"}
    running.terminate()
    assert running.wait(TIMEOUT) == 0


def test_a_full_log_pipe_does_not_block():
    reader, writer = full_pipe()
    with manager(stderr=writer) as running:
        for _ in range(10):
            with pytest.raises(AuthenticationError):
                Client(running.address, authkey=b"wrong")
        assert ask(connected(running), "dummy") == ("#RETURN", None)
    os.close(reader)
    os.close(writer)


def wait_until(condition):
    start = time.monotonic()
    while not condition() and time.monotonic() - start < 10:
        time.sleep(0.01)
    return condition()


def ownership_logs(running):
    """Returns the ownership logs that the process has mapped; there may be none yet."""
    maps = pathlib.Path(f"/proc/{running.process.pid}/maps").read_text().splitlines()
    inodes = {int(line.split()[4]) for line in maps if "/dev/shm/" in line}
    logs = pathlib.Path("/dev/shm").glob(f".shareable-{os.geteuid()}*/*")
    return [str(path) for path in logs if inode_or_none(path) in inodes]


def owning(running, *blocks):
    """Creates blocks, lets the manager track them, and returns them and the manager's reaper."""
    with connected(running) as connection:
        connection.send((None, "keep_connection", (), {}))
        connection.recv()
        for block in blocks:
            make(block)
            assert ask(connection, "track_segment", block) == ("#RETURN", None)
    [log] = ownership_logs(running)
    commands = {path.parent.name: path for path in pathlib.Path("/proc").glob("[0-9]*/cmdline")}
    return log, [int(pid) for pid, path in commands.items() if os.path.basename(log).encode() in read_or_nothing(path).split(b"\0")]


def inode_or_none(path):
    try:
        return path.stat().st_ino
    except OSError:
        return None


def read_or_nothing(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def command(*arguments):
    program = BUILD / "tools" / "cli" / "shareable"
    if not program.exists():
        pytest.skip("the command is not built")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True, timeout=TIMEOUT).stdout


def gc_reason(block):
    [line] = [line for line in command("gc", "-n", "-r", "-o", "NAME,REASON").splitlines() if line.split()[0] == block]
    return line.split()[1].replace("\\x20", " ")


def kill(running, *others):
    for pid in others:
        os.kill(pid, signal.SIGKILL)
    running.process.kill()
    assert running.wait() == -signal.SIGKILL
    with contextlib.suppress(FileNotFoundError):  # the reaper may have removed them
        os.unlink(running.address)
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(os.path.dirname(running.address))


def test_ls_and_gc_show_it_as_owner_of_its_blocks():
    block = name()
    with manager() as running:
        log, _ = owning(running, block)
        assert command("ls", "-n", "-r", "-o", "STATE", block).strip() == "used"
        assert command("ls", "-n", "-r", "-o", "OWNER", block).split()[0] == str(running.process.pid)
        assert gc_reason(block) == "its owner, a manager, is alive"
    assert not exists(block)
    assert wait_until(lambda: not os.path.exists(log))


def test_released_blocks_are_no_longer_recorded():
    block, other = name(1), name(2)
    with manager() as running:
        log, _ = owning(running, block, other)
        with connected(running) as connection:
            assert ask(connection, "release_segment", block) == ("#RETURN", None)
        recorded = pathlib.Path(log).read_bytes()[512:]
        records = [recorded[start : start + 512] for start in range(0, len(recorded), 512)]
        names = [each[16:].split(b"\0")[0].decode() for each in records if each[:8] != bytes(8)]
        assert names == [other]


def test_records_blocks_later_if_there_is_a_tracker():
    reader, writer = os.pipe()
    blocks = [name(number) for number in range(3)]
    with manager("--tracker-fd", str(writer), pass_fds=[writer]) as running, connected(running) as connection:
        for block in blocks:
            make(block)
            assert ask(connection, "track_segment", block) == ("#RETURN", None)
        assert ownership_logs(running) == []
        assert ask(connection, "release_segment", blocks[1]) == ("#RETURN", None)
        assert wait_until(lambda: ownership_logs(running) != [])
        log = pathlib.Path(ownership_logs(running)[0])  # the log exists before its entries
        assert wait_until(lambda: blocks[2].encode() in log.read_bytes())
        assert [block for block in blocks if block.encode() in log.read_bytes()] == [blocks[0], blocks[2]]
    assert not any(map(exists, blocks))
    os.close(reader)
    os.close(writer)


def test_does_not_record_a_symbolic_link():
    block, link = name(1), name(2)
    os.symlink("/nowhere", f"/dev/shm/{link}")
    with manager() as running:
        log, _ = owning(running, block)
        with connected(running) as connection:
            assert ask(connection, "track_segment", link) == ("#RETURN", None)
        assert link.encode() not in pathlib.Path(log).read_bytes()


def test_the_reaper_removes_its_blocks_when_it_is_killed():
    blocks = [name(number) for number in range(100)]
    running = Manager()
    owning(running, *blocks)
    kill(running)
    assert wait_until(lambda: not any(map(exists, blocks)))


def test_its_blocks_are_garbage_when_it_and_its_reaper_are_killed():
    block = name()
    running = Manager()
    log, reapers = owning(running, block)
    if not reapers:
        kill(running)
        pytest.skip("the manager has no reaper of its own: one reaper serves all owners, and this test must not kill it")
    kill(running, *reapers)
    assert command("ls", "-n", "-r", "-o", "STATE", block).strip() in ("orphaned", "unknown")  # depends on what /proc shows
    assert gc_reason(block).startswith("its owner has ended")
    with manager() as another:  # its reaper checks the logs of dead processes
        owning(another, name(1))
        assert wait_until(lambda: not exists(block) and not os.path.exists(log))


def replaced(block):
    """Creates the block again, as another program would: another file with the same name."""
    os.unlink(f"/dev/shm/{block}")
    make(block)


def tracker_options(has_tracker):
    """Yields the options for a resource tracker that reads, or for none."""
    if not has_tracker:
        return [], {}
    writer = os.open("/dev/null", os.O_WRONLY)
    return ["--tracker-fd", str(writer)], {"pass_fds": [writer]}


@pytest.mark.parametrize("has_tracker", [False, True])
def test_keeps_another_block_that_has_taken_a_tracked_name(has_tracker):
    blocks = [name(number) for number in range(3)]
    options, more = tracker_options(has_tracker)
    try:
        with manager(*options, **more) as running, connected(running) as connection:
            connection.send((None, "keep_connection", (), {}))
            connection.recv()
            for block in blocks:
                make(block)
                assert ask(connection, "track_segment", block) == ("#RETURN", None)
            replaced(blocks[0])
            replaced(blocks[1])
            assert ask(connection, "release_segment", blocks[0]) == (
                "#TRACEBACK", f"FileNotFoundError: [Errno 2] No such file or directory: '/{blocks[0]}'\n")
            assert exists(blocks[0])
            assert ask(connection, "list_segments") == ("#RETURN", blocks[1:])
            if has_tracker:  # also after the names are recorded, which is later
                wait_until(lambda: ownership_logs(running) != [])
                assert all(blocks[1].encode() not in pathlib.Path(log).read_bytes() for log in ownership_logs(running))
        assert [exists(block) for block in blocks] == [True, True, False]
    finally:
        for block in filter(exists, blocks):
            os.unlink(f"/dev/shm/{block}")
        for writer in more.get("pass_fds", []):
            os.close(writer)


def test_a_name_tracked_early_or_again_means_the_new_block():
    early, again, last = blocks = [name(number) for number in range(3)]
    with manager() as running, connected(running) as connection:
        connection.send((None, "keep_connection", (), {}))
        connection.recv()
        assert ask(connection, "track_segment", early) == ("#RETURN", None)
        make(early)
        make(again)
        make(last)
        for block in (again, last):
            assert ask(connection, "track_segment", block) == ("#RETURN", None)
            replaced(block)
            assert ask(connection, "track_segment", block) == ("#RETURN", None)
        assert ask(connection, "release_segment", again) == ("#RETURN", None)
        assert not exists(again)
        assert ask(connection, "release_segment", again)[1].startswith("FileNotFoundError")
        assert ask(connection, "release_segment", again)[1].startswith("ValueError: list.remove(x)")
    assert not any(map(exists, blocks))


def test_replies_quote_control_characters_of_names():
    with manager() as running, connected(running) as connection:
        connection.send((None, "keep_connection", (), {}))
        connection.recv()
        strange = name("x\x1b[31m\n\x9b\u202e\u2028y")
        for method, *args in (["track_segment", strange], ["release_segment", strange], ["release_segment", strange],
                              [strange], ["create", strange], ["track_segment", "a/" + strange]):
            kind, text = ask(connection, method, *args)
            assert kind == "#RETURN" or text.rstrip("\n").isprintable(), text
        assert ask(connection, "track_segment", strange) == ("#RETURN", None)
        assert ask(connection, "release_segment", strange)[1].startswith("FileNotFoundError: [Errno 2] No such file")


HOSTILE_TEXT = "\x1b[31m\x07\n\r\x7f\x9b31m\u202e\u2028\u00e9"


def test_messages_quote_control_characters_of_arguments(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(KEY)
    key.chmod(0o600)
    bad = [[f"--{HOSTILE_TEXT}"], [f"-{HOSTILE_TEXT}"], [HOSTILE_TEXT], ["-k", str(key), HOSTILE_TEXT],
           [f"--help={HOSTILE_TEXT}"], ["-k", f"/tmp/{HOSTILE_TEXT}/key"], ["-k", str(key), "-a", HOSTILE_TEXT],
           ["-k", str(key), "-a", f"{tmp_path}/{HOSTILE_TEXT}/x"]]
    bad += [[option, HOSTILE_TEXT] for option in ("--authkey-fd", "--address-fd", "--tracker-fd", "--lifeline-fd", "--owner")]
    for options in bad + [[b"-\x9b"], [b"--\xff"]]:
        output = fails(*options, status=1 if "/x" in str(options[-1]) or "/key" in str(options[-1]) else 2)
        assert output.isascii() and output.replace("\n", "").isprintable(), (options, output)
        assert all(line.startswith("shareable-manager: ") for line in output.splitlines()), output


def test_quotes_the_address_for_a_terminal(tmp_path):
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    address = f"@{name()}{HOSTILE_TEXT}"
    try:
        shown, terminal = os.openpty()
    except OSError as error:
        pytest.skip(f"no terminal can be created: {error}")  # /dev/pts is not mounted, as in some chroots
    running = subprocess.Popen([PROGRAM, "-k", tmp_path / "key", "-a", address], stdin=subprocess.DEVNULL,
                               stdout=terminal, stderr=subprocess.DEVNULL)
    os.close(terminal)
    line = os.read(shown, 4096)
    running.terminate()
    assert running.wait(TIMEOUT) == 0
    os.close(shown)
    assert line.decode().rstrip("\r\n").isprintable() and b"\\x1b[31m" in line
    with manager(address=address.replace("\n", "").replace("\r", "")) as another:
        assert another.address == address.replace("\n", "").replace("\r", ""), "a program gets it as it is"


def test_a_failed_print_is_an_error_with_a_reason(tmp_path):
    key = ["-k", str(tmp_path / "key"), "-a", str(tmp_path / "socket")]
    for options, output in (["--version"], "standard output: No space left on device"), \
                         (["--help"], "standard output: No space left on device"), \
                         (key, "cannot report the address: No space left on device"):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, *options], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=TIMEOUT)
        assert done.returncode == 1 and output in done.stderr, (options, done)
    assert not (tmp_path / "socket").exists()
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, *key, "--address-fd", str(full.fileno())], stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, pass_fds=[full.fileno()], text=True, timeout=TIMEOUT)
    assert (done.returncode, done.stderr) == (1, "shareable-manager: cannot report the address: No space left on device\n")


def test_reports_a_directory_as_address(tmp_path):
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    for address in ("/", f"{tmp_path}/"):
        output = fails("--authkey-file", str(tmp_path / "key"), "--address", address)
        assert f"cannot listen at {address}: it is a directory" in output
