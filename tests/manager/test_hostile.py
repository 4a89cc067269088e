"""Those who mean the manager no good: they are refused, nothing of theirs is run, and it goes on serving others."""

import contextlib
import os
import pickle
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client

import pytest

from manager import BUILD, INTERPRETERS, KEY, address_of, manager, name, stock

VALGRIND = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full", "--track-fds=no"]
REQUEST_MAX = 65536
PATIENCE = 10
PEER = BUILD / "tests" / "manager" / "peer"


@pytest.fixture(params=["as it is", "under valgrind"])
def ours(request):
    """Our manager, which still serves when the test has done its worst; valgrind's complaint would be its status."""
    before = VALGRIND if request.param == "under valgrind" else []
    if before and shutil.which(before[0]) is None:
        pytest.skip("no valgrind here")
    with manager(before=before) as running:
        running.slowness = 10 if before else 1
        yield running
        assert ask(running, track("still-here")) == ("#RETURN", None)
        assert ask(running, plain("list_segments"))[1][-1] == "still-here"


def plain(method, *args):
    return pickle.dumps((None, method, args, {}), 4)


def track(block):
    return plain("track_segment", block)


def connected(running):
    return Client(running.address, authkey=KEY)


def ask(running, message):
    """What the manager answers to the bytes."""
    with connected(running) as connection:
        connection.send_bytes(message)
        return connection.recv()


def raw(running):
    """A connection that nobody has shaken hands on."""
    stranger = socket.socket(socket.AF_UNIX)
    stranger.settimeout(20)
    stranger.connect(running.address)
    return stranger


def frame(message):
    return struct.pack("!i", len(message)) + message


def read_frame(stranger):
    head = stranger.recv(4, socket.MSG_WAITALL)
    return stranger.recv(struct.unpack("!i", head)[0], socket.MSG_WAITALL)


def is_closed(stranger):
    """Whether all that still comes is an end."""
    with contextlib.suppress(ConnectionError):
        while stranger.recv(65536):
            pass
    return True


class Evil:
    """Runs a command where it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_code_in_pickles_is_refused_and_not_run(ours, tmp_path):
    proof = tmp_path / "ran"
    command = f"touch {proof}"
    messages = [pickle.dumps((None, "track_segment", (Evil(command),), {}), protocol) for protocol in range(6)]
    messages += [pickle.dumps(Evil(command), protocol) for protocol in range(6)]
    messages += [
        b"cos\nsystem\n(S'%s'\ntR." % command.encode(),
        b"\x80\x04(S'%s'\nios\nsystem\n." % command.encode(),
        b"\x80\x04cos\nsystem\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"\x80\x04\x8c\x01xQ.",
        b"\x80\x04Px\n.",
        b"\x80\x04\x82\x01.",
        b"\x80\x04NNb.",
    ]
    for message in messages:
        kind, text = ask(ours, message)
        assert (kind, text.startswith("UnpicklingError: byte ")) == ("#TRACEBACK", True), message
    assert not proof.exists()


@pytest.mark.parametrize("version", INTERPRETERS)
def test_a_stock_peer_that_forges_runs_nothing(version, tmp_path):
    with manager() as running:
        stock(version, "forge", running.address, KEY.hex(), str(tmp_path / "ran"))
    assert list(tmp_path.iterdir()) == []


def test_bombs_are_refused(ours):
    room = REQUEST_MAX - 100
    bombs = [
        b"\x80\x04)" + b"\x85" * room + b".",
        b"\x80\x04" + b"]" * room + b".",
        b"\x80\x04" + b"(" * room + b".",
        b"\x80\x04" + b"N" * room + b".",
        b"\x80\x04N" + b"\x94" * room + b".",
        b"\x80\x04]\x94" + b"h\x00a" * (room // 3) + b".",
        b"\x80\x04)\x94" + b"h\x00\x86\x94" * (room // 4) + b".",
        b"\x80\x04\x8d" + b"\xff" * 8 + b"x.",
        b"\x80\x04\x95" + b"\xff" * 8 + b"N.",
        b"\x80\x04\x8a\xff" + b"\x01" * 255 + b".",
        b"\x80\x04X\xff\xff\xff\xffx.",
    ]
    for bomb in bombs:
        kind, text = ask(ours, bomb)
        assert (kind, text.startswith("UnpicklingError: byte ")) == ("#TRACEBACK", True), bomb[:20]


def test_requests_that_are_none_are_refused_and_the_connection_closed(ours):
    for value in (None, 5, "text", (), (None, "dummy", ()), (None, 5, (), {}), (5, "dummy", (), {}),
                  (None, "dummy", [], {}), (None, "dummy", (), []), (None, "dummy", (), {}, 1)):
        with connected(ours) as connection:
            connection.send_bytes(pickle.dumps(value, 4))
            assert connection.recv()[0] == "#TRACEBACK"
            with pytest.raises((EOFError, ConnectionError)):
                connection.send_bytes(track("never"))
                connection.recv_bytes()
    assert ask(ours, b"")[0] == "#TRACEBACK"
    assert ask(ours, plain("list_segments")) == ("#RETURN", [])


def test_frames_that_say_too_much_are_not_waited_for(ours):
    heads = [struct.pack("!i", REQUEST_MAX + 1), b"\x7f\xff\xff\xff", struct.pack("!i", -2), b"\x80\0\0\0",
             b"\xff\xff\xff\xff" + struct.pack("!Q", 1 << 63), b"\xff\xff\xff\xff" + b"\xff" * 8]
    for head in heads:
        with connected(ours) as connection:
            os.write(connection.fileno(), head)
            with pytest.raises((EOFError, ConnectionError)):
                connection.recv_bytes()
    with connected(ours) as connection:
        os.write(connection.fileno(), b"\xff\xff\xff\xff" + struct.pack("!Q", len(track("x"))) + track("x"))
        assert connection.recv() == ("#RETURN", None), "a long head of a short message is one"


def test_half_handshakes_end_in_nothing(ours):
    challenge = b"#CHALLENGE#{sha256}" + b"x" * 40
    for answers in ([b""], [b"#WELCOME#"], [challenge], [b"x" * 16], [b"x" * 32], [b"{sha256}" + b"x" * 32],
                    [b"{md5}" + b"x" * 16], [b"{sha1}" + b"x" * 20], [b"x" * 256]):
        with raw(ours) as stranger:
            assert read_frame(stranger).startswith(b"#CHALLENGE#{sha256}")
            for answer in answers:
                stranger.sendall(frame(answer))
            assert read_frame(stranger) == b"#FAILURE#"
            assert is_closed(stranger)
    for partial in (b"", b"\0", b"\0\0\0", b"\0\0\0\x10", b"\0\0\0\x10xxxx"):
        with raw(ours) as stranger:
            stranger.sendall(partial)
    for head in (257, -2, 0x7FFFFFFF):
        with raw(ours) as stranger:
            read_frame(stranger)
            stranger.sendall(struct.pack("!i", head))
            assert is_closed(stranger)


def test_a_request_before_the_handshake_is_a_wrong_response(ours):
    with raw(ours) as stranger:
        read_frame(stranger)
        stranger.sendall(frame(track("never")) + frame(plain("shutdown")))
        with contextlib.suppress(ConnectionError):
            assert read_frame(stranger) == b"#FAILURE#"
    assert ask(ours, plain("list_segments")) == ("#RETURN", [])


def test_five_hundred_silent_connections_keep_nobody_out(ours):
    silent = []
    for _ in range(500):
        silent.append(raw(ours))
    start = time.monotonic()
    assert ask(ours, track("among-them")) == ("#RETURN", None)
    assert time.monotonic() - start < 1 * ours.slowness
    for each in silent:
        each.close()


def test_requests_come_in_any_pieces_and_any_number_at_once(ours):
    with connected(ours) as connection:
        for byte in frame(track("piece-by-piece")):
            os.write(connection.fileno(), bytes([byte]))
        assert connection.recv() == ("#RETURN", None)
        os.write(connection.fileno(), frame(track("a")) + frame(track("b")) + frame(plain("list_segments"))[:-3])
        os.write(connection.fileno(), frame(plain("list_segments"))[-3:])
        assert [connection.recv() for _ in range(3)] == [
            ("#RETURN", None), ("#RETURN", None), ("#RETURN", ["piece-by-piece", "a", "b"])]


def test_whoever_stands_still_is_let_go_of_after_ten_seconds():
    with manager() as running:
        with connected(running) as connection:
            for number in range(300):
                connection.send_bytes(track(f"{'x' * 200}-{number}"))
                assert connection.recv() == ("#RETURN", None)
        silent, begun, idle, deaf, kept = raw(running), connected(running), connected(running), connected(running), \
            connected(running)
        kept.send_bytes(plain("keep_connection"))
        assert kept.recv() == ("#RETURN", None)
        os.write(begun.fileno(), frame(track("never"))[:-1])
        os.set_blocking(deaf.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            while True:  # it asks and asks, and takes no answer
                os.write(deaf.fileno(), frame(plain("list_segments")) * 100)
        start = time.monotonic()
        assert ask(running, track("meanwhile")) == ("#RETURN", None)
        silent.settimeout(PATIENCE + 5)
        assert is_closed(silent)
        assert PATIENCE - 2 < time.monotonic() - start < PATIENCE + 3
        for each in (begun, idle):
            assert each.poll(3)
            with pytest.raises((EOFError, ConnectionError)):
                each.recv_bytes()
        hung_up = select.poll()
        hung_up.register(deaf.fileno(), 0)
        assert hung_up.poll(3000), "its time began later: what it reads before the end would give it more"
        os.set_blocking(deaf.fileno(), True)
        end = socket.socket(fileno=os.dup(deaf.fileno()))
        end.settimeout(PATIENCE)
        assert is_closed(end)
        kept.send_bytes(track("kept"))
        assert kept.recv() == ("#RETURN", None), "who asked to be kept is"
        for each in (silent, begun, idle, deaf, kept, end):
            each.close()


def test_it_takes_little_memory_whatever_is_said_to_it():
    with manager() as running:
        strangers = [connected(running) for _ in range(50)]
        for each in strangers:
            os.write(each.fileno(), struct.pack("!i", REQUEST_MAX) + b"x" * 1000)
        assert ask(running, track(name())) == ("#RETURN", None)
        with open(f"/proc/{running.process.pid}/status") as status:
            kib = int(next(line for line in status if line.startswith("VmRSS")).split()[1])
        assert kib < 20000
        for each in strangers:
            each.close()


def descriptors_of(running):
    return len(os.listdir(f"/proc/{running.process.pid}/fd"))


def log_of(log):
    """The lines that were written so far. `log` is the manager's own file: to seek in it would move where the manager writes."""
    with open(log.name) as lines:
        return lines.read().splitlines()


def at_most(descriptors):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


@pytest.mark.parametrize("descriptors", [30, 40, 100])
def test_strangers_do_not_shut_the_owner_out_of_one_with_few_descriptors(descriptors):
    with manager(preexec_fn=at_most(descriptors)) as running:
        strangers = [raw(running) for _ in range(150)]
        kept = []
        for _ in range(3):
            start = time.monotonic()
            kept.append(connected(running))
            kept[-1].send_bytes(plain("keep_connection"))
            assert kept[-1].recv() == ("#RETURN", None)
            assert time.monotonic() - start < 2
            strangers += [raw(running) for _ in range(20)]
        for each in kept:
            each.send_bytes(track("kept"))
            assert each.recv() == ("#RETURN", None), "who has shown the key stays"
        for each in strangers + kept:
            each.close()


def test_peers_beyond_the_limit_are_refused_and_not_left_to_wait(tmp_path):
    with open(tmp_path / "log", "w+") as log, manager(preexec_fn=at_most(30), stderr=log) as running:
        kept = []
        with pytest.raises((EOFError, ConnectionError)):
            while len(kept) < 30:
                kept.append(connected(running))
                kept[-1].send_bytes(plain("keep_connection"))
                kept[-1].recv()
        assert len(kept) >= 2
        assert any("connections is reached" in line for line in log_of(log))
        kept.pop().close()
        time.sleep(0.3)
        assert ask(running, plain("dummy")) == ("#RETURN", None)
        for each in kept:
            each.close()


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_connections_that_are_broken_off_leave_no_descriptor(kind, tmp_path):
    with manager(address=address_of(kind, tmp_path)) as running:
        host, _, port = running.address.rpartition(":")
        family, where = (socket.AF_UNIX, running.address) if kind == "unix" else (socket.AF_INET, (host, int(port)))
        before = descriptors_of(running)
        for turn in range(300):
            with socket.socket(family) as stranger:
                stranger.connect(where)
                if turn % 3 == 0:
                    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if turn % 3 == 1:
                    stranger.sendall(frame(b"x" * 16)[: turn % 20])
        start = time.monotonic()
        while descriptors_of(running) > before and time.monotonic() - start < 5:
            time.sleep(0.05)
        assert descriptors_of(running) == before


def test_failed_authentications_are_logged_with_a_limit_and_without_the_key(tmp_path):
    with open(tmp_path / "log", "w+") as log:
        with manager(stderr=log, key=b"a-secret-key") as running:
            for _ in range(40):
                with pytest.raises(AuthenticationError):
                    Client(running.address, authkey=b"a-wrong-guess")
            with raw(running) as stranger:
                read_frame(stranger)
                stranger.sendall(frame(b"\x1b[2J\r\n\x9b5nforged: line"))
                read_frame(stranger)
        lines = log_of(log)
        failed = [line for line in lines if "failed to authenticate" in line]
        assert f"process {os.getpid()} of user {os.getuid()} failed to authenticate" in failed[0]
        assert len(failed) == 5
        assert "shareable-manager: 36 similar messages suppressed (failed authentications)" in lines
        text = "\n".join(lines)
        assert "secret" not in text and "guess" not in text and "forged" not in text
        assert all(line.isprintable() for line in lines)


def test_suppressed_lines_are_counted_while_it_runs(tmp_path):
    with open(tmp_path / "log", "w+") as log, manager(stderr=log) as running:
        for _ in range(20):
            with pytest.raises(AuthenticationError):
                Client(running.address, authkey=b"wrong")
        start = time.monotonic()
        while time.monotonic() - start < PATIENCE + 5 and not any("15 similar" in line for line in log_of(log)):
            time.sleep(0.1)
        assert "shareable-manager: 15 similar messages suppressed (failed authentications)" in log_of(log)


def strangers_most(lines):
    """How many connections without a handshake there may be, as the log of a manager with few descriptors says."""
    [line] = [line for line in lines if "few descriptors are left" in line]
    return int(line.split()[-6])


def test_whoever_completes_no_handshake_is_logged(tmp_path):
    with open(tmp_path / "log", "w+") as log, manager(stderr=log, preexec_fn=at_most(60)) as running:
        most = strangers_most(log_of(log))
        strangers = [raw(running) for _ in range(most + 3)]
        strangers[-1].settimeout(PATIENCE + 5)
        assert is_closed(strangers[0]), "the oldest gives way"
        assert is_closed(strangers[-1])
        time.sleep(0.3)
        lines = log_of(log)
        assert any(f"too many connections without a handshake ({most}): the oldest" in line for line in lines)
        assert any(f"no handshake within {PATIENCE} seconds" in line for line in lines)
        for each in strangers:
            each.close()


FLOOD = """
import os, socket, sys, time
os.setuid(65533)
print("ready", flush=True)
while True:
    with socket.socket(socket.AF_UNIX) as stranger:
        try:
            stranger.connect("\\0" + sys.argv[1][1:])
        except OSError:
            pass
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_another_user_s_flood_takes_nobody_s_place(tmp_path):
    address = address_of("abstract", tmp_path)
    with open(tmp_path / "log", "w+") as log, manager(address=address, stderr=log) as running:
        half = socket.socket(socket.AF_UNIX)
        half.settimeout(5)
        half.connect("\0" + address[1:])
        floods = [subprocess.Popen([sys.executable, "-c", FLOOD, address], stdout=subprocess.PIPE) for _ in range(2)]
        try:
            for flood in floods:
                flood.stdout.readline()
            time.sleep(0.5)
            start = time.monotonic()
            with Client("\0" + address[1:], authkey=KEY) as connection:
                connection.send_bytes(plain("dummy"))
                assert connection.recv() == ("#RETURN", None)
            assert time.monotonic() - start < 5
        finally:
            for flood in floods:
                flood.send_signal(signal.SIGKILL)
                flood.stdout.close()
                flood.wait()
        read_frame(half)
        half.sendall(frame(b"x" * 16))
        assert read_frame(half) == b"#FAILURE#", "a handshake that has begun goes on"
        half.close()
        assert any("of user 65533 was refused: only this user and root" in line for line in log_of(log))


TCP_FLOOD = """
import os, socket, sys
host, port, style = sys.argv[1:]
os.setuid(65533)
print("ready", flush=True)
held = []
while True:
    try:
        held.append(socket.socket())
        held[-1].setblocking(False)
        held[-1].connect_ex((host, int(port)))
    except OSError:
        for each in held:
            each.close()
        held = []
    if style == "close" or len(held) > 500:
        held.pop(0).close()
"""


@contextlib.contextmanager
def tcp_flood(running, style):
    """Two processes of another user, which connect as fast as they can."""
    host, _, port = running.address.rpartition(":")
    command = [sys.executable, "-c", TCP_FLOOD, host, port, style]
    floods = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for flood in floods:
            flood.stdout.readline()
        time.sleep(0.5)
        yield host, int(port)
    finally:
        for flood in floods:
            flood.kill()
            flood.stdout.close()
            flood.wait()


def knows_users_of_tcp():
    """Whether the kernel reports whose the other end of a TCP connection is."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as diag:
        diag.settimeout(1)
        diag.send(struct.pack("=IHHIIBBBBI48x", 72, 20, 1, 0, 0, socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 1))
        diag.recv(4096)
        return True
    return False


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
@pytest.mark.parametrize("descriptors", [None, 40])
@pytest.mark.parametrize("style", ["close", "hold"])
def test_another_user_s_flood_over_tcp_shuts_nobody_out(style, descriptors):
    if descriptors is not None and not knows_users_of_tcp():
        pytest.skip("this kernel does not report the users of TCP connections")
    limit = {} if descriptors is None else {"preexec_fn": at_most(descriptors)}
    with manager(address="127.0.0.1:0", **limit) as running, tcp_flood(running, style) as where:
        for _ in range(20):
            with Client(where, authkey=KEY) as connection:
                connection.send_bytes(plain("dummy"))
                assert connection.recv() == ("#RETURN", None)


def relay(one, other):
    """Passes on what comes from one socket to the other, until it ends."""
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


def cut_off(listener, running, times):
    """Closes so many connections without an answer, and passes on the others to the manager."""
    host, _, port = running.address.rpartition(":")
    with contextlib.suppress(OSError):
        while True:
            client = listener.accept()[0]
            times -= 1
            if times >= 0:
                client.close()
                continue
            server = socket.create_connection((host, int(port)))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=relay, args=pair, daemon=True).start()


def test_our_client_tries_again_when_it_is_cut_off_in_the_handshake():
    with manager(address="127.0.0.1:0") as running, socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=cut_off, args=(listener, running, 5), daemon=True).start()
        done = subprocess.run([PEER, "127.0.0.1:%d" % listener.getsockname()[1], KEY.hex(), name()],
                              capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
        assert running.wait() == 0, "it was told to shut down"


def test_our_client_gives_up_in_time_when_it_is_cut_off_each_time():
    with manager(address="127.0.0.1:0") as running, socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=cut_off, args=(listener, running, 1 << 30), daemon=True).start()
        start = time.monotonic()
        done = subprocess.run([PEER, "127.0.0.1:%d" % listener.getsockname()[1], KEY.hex(), name()],
                              capture_output=True, text=True, timeout=60)
        assert PATIENCE - 1 < time.monotonic() - start < PATIENCE + 3
        assert "closes connections before the handshake is complete: it may have too many" in done.stderr
