"""Tests that the manager refuses malicious peers, runs none of their code, and serves the others."""

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
PEER_TIMEOUT = 10
PEER = BUILD / "tests" / "tools" / "manager" / "peer"


@pytest.fixture(params=["as it is", "under valgrind"])
def running_manager(request):
    """A manager that must still serve after the test. Errors that valgrind finds become its exit status."""
    before = VALGRIND if request.param == "under valgrind" else []
    if before and shutil.which(before[0]) is None:
        pytest.skip("valgrind is not installed")
    with manager(before=before) as running:
        running.slowness = 10 if before else 1
        yield running
        assert ask(running, track("still-here")) == ("#RETURN", None)
        assert ask(running, request_bytes("list_segments"))[1][-1] == "still-here"


def request_bytes(method, *args):
    return pickle.dumps((None, method, args, {}), 4)


def track(block):
    return request_bytes("track_segment", block)


def connected(running):
    return Client(running.address, authkey=KEY)


def ask(running, message):
    """Sends bytes as a message and returns the reply."""
    with connected(running) as connection:
        connection.send_bytes(message)
        return connection.recv()


def raw(running):
    """Returns a connection without a handshake."""
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(20)
    peer.connect(running.address)
    return peer


def frame(message):
    return struct.pack("!i", len(message)) + message


def read_frame(peer):
    header = peer.recv(4, socket.MSG_WAITALL)
    return peer.recv(struct.unpack("!i", header)[0], socket.MSG_WAITALL)


def is_closed(peer):
    """Discards what the peer still sends, and returns True when the connection is closed."""
    with contextlib.suppress(ConnectionError):
        while peer.recv(65536):
            pass
    return True


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_rejects_pickles_with_code_and_does_not_run_it(running_manager, tmp_path):
    marker = tmp_path / "ran"
    command = f"touch {marker}"
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
        kind, text = ask(running_manager, message)
        assert (kind, text.startswith("UnpicklingError: byte ")) == ("#TRACEBACK", True), message
    assert not marker.exists()


@pytest.mark.parametrize("version", INTERPRETERS)
def test_rejects_forged_requests_of_cpython_clients(version, tmp_path):
    with manager() as running:
        stock(version, "forge", running.address, KEY.hex(), str(tmp_path / "ran"))
    assert list(tmp_path.iterdir()) == []


def test_rejects_pickle_bombs(running_manager):
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
        kind, text = ask(running_manager, bomb)
        assert (kind, text.startswith("UnpicklingError: byte ")) == ("#TRACEBACK", True), bomb[:20]


def test_closes_the_connection_after_a_malformed_request(running_manager):
    for value in (None, 5, "text", (), (None, "dummy", ()), (None, 5, (), {}), (5, "dummy", (), {}),
                  (None, "dummy", [], {}), (None, "dummy", (), []), (None, "dummy", (), {}, 1)):
        with connected(running_manager) as connection:
            connection.send_bytes(pickle.dumps(value, 4))
            assert connection.recv()[0] == "#TRACEBACK"
            with pytest.raises((EOFError, ConnectionError)):
                connection.send_bytes(track("never"))
                connection.recv_bytes()
    assert ask(running_manager, b"")[0] == "#TRACEBACK"
    assert ask(running_manager, request_bytes("list_segments")) == ("#RETURN", [])


def test_closes_the_connection_at_a_header_with_an_excessive_length(running_manager):
    headers = [struct.pack("!i", REQUEST_MAX + 1), b"\x7f\xff\xff\xff", struct.pack("!i", -2), b"\x80\0\0\0",
             b"\xff\xff\xff\xff" + struct.pack("!Q", 1 << 63), b"\xff\xff\xff\xff" + b"\xff" * 8]
    for header in headers:
        with connected(running_manager) as connection:
            os.write(connection.fileno(), header)
            with pytest.raises((EOFError, ConnectionError)):
                connection.recv_bytes()
    with connected(running_manager) as connection:
        os.write(connection.fileno(), b"\xff\xff\xff\xff" + struct.pack("!Q", len(track("x"))) + track("x"))
        assert connection.recv() == ("#RETURN", None), "a short message may have a long header"


def test_rejects_incomplete_handshakes(running_manager):
    challenge = b"#CHALLENGE#{sha256}" + b"x" * 40
    for answers in ([b""], [b"#WELCOME#"], [challenge], [b"x" * 16], [b"x" * 32], [b"{sha256}" + b"x" * 32],
                    [b"{md5}" + b"x" * 16], [b"{sha1}" + b"x" * 20], [b"x" * 256]):
        with raw(running_manager) as peer:
            assert read_frame(peer).startswith(b"#CHALLENGE#{sha256}")
            for answer in answers:
                peer.sendall(frame(answer))
            assert read_frame(peer) == b"#FAILURE#"
            assert is_closed(peer)
    for partial in (b"", b"\0", b"\0\0\0", b"\0\0\0\x10", b"\0\0\0\x10xxxx"):
        with raw(running_manager) as peer:
            peer.sendall(partial)
    for header in (257, -2, 0x7FFFFFFF):
        with raw(running_manager) as peer:
            read_frame(peer)
            peer.sendall(struct.pack("!i", header))
            assert is_closed(peer)


def test_rejects_a_request_before_the_handshake(running_manager):
    with raw(running_manager) as peer:
        read_frame(peer)
        peer.sendall(frame(track("never")) + frame(request_bytes("shutdown")))
        with contextlib.suppress(ConnectionError):
            assert read_frame(peer) == b"#FAILURE#"
    assert ask(running_manager, request_bytes("list_segments")) == ("#RETURN", [])


def test_serves_clients_beside_five_hundred_silent_connections(running_manager):
    silent = []
    for _ in range(500):
        silent.append(raw(running_manager))
    start = time.monotonic()
    assert ask(running_manager, track("among-them")) == ("#RETURN", None)
    assert time.monotonic() - start < 1 * running_manager.slowness
    for each in silent:
        each.close()


def test_accepts_requests_in_pieces_and_several_at_once(running_manager):
    with connected(running_manager) as connection:
        for byte in frame(track("piece-by-piece")):
            os.write(connection.fileno(), bytes([byte]))
        assert connection.recv() == ("#RETURN", None)
        os.write(connection.fileno(), frame(track("a")) + frame(track("b")) + frame(request_bytes("list_segments"))[:-3])
        os.write(connection.fileno(), frame(request_bytes("list_segments"))[-3:])
        assert [connection.recv() for _ in range(3)] == [
            ("#RETURN", None), ("#RETURN", None), ("#RETURN", ["piece-by-piece", "a", "b"])]


def test_closes_idle_connections_after_ten_seconds():
    with manager() as running:
        with connected(running) as connection:
            for number in range(300):
                connection.send_bytes(track(f"{'x' * 200}-{number}"))
                assert connection.recv() == ("#RETURN", None)
        silent, begun, idle, deaf, kept = raw(running), connected(running), connected(running), connected(running), \
            connected(running)
        kept.send_bytes(request_bytes("keep_connection"))
        assert kept.recv() == ("#RETURN", None)
        os.write(begun.fileno(), frame(track("never"))[:-1])
        os.set_blocking(deaf.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            while True:  # it sends requests and does not read the replies
                os.write(deaf.fileno(), frame(request_bytes("list_segments")) * 100)
        start = time.monotonic()
        assert ask(running, track("during")) == ("#RETURN", None)
        silent.settimeout(PEER_TIMEOUT + 5)
        assert is_closed(silent)
        assert PEER_TIMEOUT - 2 < time.monotonic() - start < PEER_TIMEOUT + 3
        for each in (begun, idle):
            assert each.poll(3)
            with pytest.raises((EOFError, ConnectionError)):
                each.recv_bytes()
        hung_up = select.poll()
        hung_up.register(deaf.fileno(), 0)
        assert hung_up.poll(3000), "the timeout of a peer must not restart when it sends"
        os.set_blocking(deaf.fileno(), True)
        end = socket.socket(fileno=os.dup(deaf.fileno()))
        end.settimeout(PEER_TIMEOUT)
        assert is_closed(end)
        kept.send_bytes(track("kept"))
        assert kept.recv() == ("#RETURN", None), "a connection with keepalive stays open"
        for each in (silent, begun, idle, deaf, kept, end):
            each.close()


def test_incomplete_requests_take_little_memory():
    with manager() as running:
        clients = [connected(running) for _ in range(50)]
        for each in clients:
            os.write(each.fileno(), struct.pack("!i", REQUEST_MAX) + b"x" * 1000)
        assert ask(running, track(name())) == ("#RETURN", None)
        with open(f"/proc/{running.process.pid}/status") as status:
            kib = int(next(line for line in status if line.startswith("VmRSS")).split()[1])
        assert kib < 20000
        for each in clients:
            each.close()


def descriptors_of(running):
    """Return the number without the connections of programs that ask all managers, such as `manager list`."""
    counts = []
    for _ in range(5):
        counts.append(len(os.listdir(f"/proc/{running.process.pid}/fd")))
        time.sleep(0.01)
    return min(counts)


def log_lines(log):
    """Returns the lines written so far.

    Opens the file again, because a seek in `log` would move the position of the manager.
    """
    with open(log.name) as lines:
        return lines.read().splitlines()


def limit_descriptors(descriptors):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


@pytest.mark.parametrize("descriptors", [30, 40, 100])
def test_unauthenticated_peers_do_not_exhaust_few_descriptors(descriptors):
    with manager(preexec_fn=limit_descriptors(descriptors)) as running:
        unauthenticated = [raw(running) for _ in range(150)]
        kept = []
        for _ in range(3):
            start = time.monotonic()
            kept.append(connected(running))
            kept[-1].send_bytes(request_bytes("keep_connection"))
            assert kept[-1].recv() == ("#RETURN", None)
            assert time.monotonic() - start < 2
            unauthenticated += [raw(running) for _ in range(20)]
        for each in kept:
            each.send_bytes(track("kept"))
            assert each.recv() == ("#RETURN", None), "authenticated connections stay open"
        for each in unauthenticated + kept:
            each.close()


def test_refuses_peers_beyond_the_limit_at_once(tmp_path):
    with open(tmp_path / "log", "w+") as log, manager(preexec_fn=limit_descriptors(30), stderr=log) as running:
        kept = []
        with pytest.raises((EOFError, ConnectionError)):
            while len(kept) < 30:
                kept.append(connected(running))
                kept[-1].send_bytes(request_bytes("keep_connection"))
                kept[-1].recv()
        assert len(kept) >= 2
        assert any("connections is reached" in line for line in log_lines(log))
        kept.pop().close()
        time.sleep(0.3)
        assert ask(running, request_bytes("dummy")) == ("#RETURN", None)
        for each in kept:
            each.close()


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_aborted_connections_leak_no_descriptor(kind, tmp_path):
    with manager(address=address_of(kind, tmp_path)) as running:
        host, _, port = running.address.rpartition(":")
        family, address = (socket.AF_UNIX, running.address) if kind == "unix" else (socket.AF_INET, (host, int(port)))
        before = descriptors_of(running)
        for turn in range(300):
            with socket.socket(family) as peer:
                peer.connect(address)
                if turn % 3 == 0:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if turn % 3 == 1:
                    peer.sendall(frame(b"x" * 16)[: turn % 20])
        start = time.monotonic()
        while descriptors_of(running) > before and time.monotonic() - start < 5:
            time.sleep(0.05)
        assert descriptors_of(running) == before


def test_logs_failed_authentications_with_a_limit_and_without_the_key(tmp_path):
    with open(tmp_path / "log", "w+") as log:
        with manager(stderr=log, key=b"a-secret-key") as running:
            for _ in range(40):
                with pytest.raises(AuthenticationError):
                    Client(running.address, authkey=b"a-wrong-guess")
            with raw(running) as peer:
                read_frame(peer)
                peer.sendall(frame(b"\x1b[2J\r\n\x9b5nforged: line"))
                read_frame(peer)
        lines = log_lines(log)
        failed = [line for line in lines if "failed to authenticate" in line]
        assert f"process {os.getpid()} of user {os.getuid()} failed to authenticate" in failed[0]
        assert len(failed) == 5
        assert "shareable-manager: 36 similar messages suppressed (failed authentications)" in lines
        text = "\n".join(lines)
        assert "secret" not in text and "guess" not in text and "forged" not in text
        assert all(line.isprintable() for line in lines)


def test_reports_suppressed_log_lines_while_running(tmp_path):
    with open(tmp_path / "log", "w+") as log, manager(stderr=log) as running:
        for _ in range(20):
            with pytest.raises(AuthenticationError):
                Client(running.address, authkey=b"wrong")
        start = time.monotonic()
        while time.monotonic() - start < PEER_TIMEOUT + 5 and not any("15 similar" in line for line in log_lines(log)):
            time.sleep(0.1)
        assert "shareable-manager: 15 similar messages suppressed (failed authentications)" in log_lines(log)


def unauthenticated_max(lines):
    """Returns the limit of connections without a handshake, which a manager with few descriptors logs."""
    [line] = [line for line in lines if "few descriptors are left" in line]
    return int(line.split()[-6])


def test_logs_peers_that_do_not_complete_the_handshake(tmp_path):
    with open(tmp_path / "log", "w+") as log, manager(stderr=log, preexec_fn=limit_descriptors(60)) as running:
        most = unauthenticated_max(log_lines(log))
        unauthenticated = [raw(running) for _ in range(most + 3)]
        unauthenticated[-1].settimeout(PEER_TIMEOUT + 5)
        assert is_closed(unauthenticated[0]), "the oldest connection is closed"
        assert is_closed(unauthenticated[-1])
        time.sleep(0.3)
        lines = log_lines(log)
        assert any(f"too many connections without a handshake ({most}): the oldest" in line for line in lines)
        assert any(f"no handshake within {PEER_TIMEOUT} seconds" in line for line in lines)
        for each in unauthenticated:
            each.close()


# The first connection waits until the manager closes it: a peer that closes before it is accepted
# is dropped without a log line.
FLOOD = """
import os, socket, sys
os.setuid(65533)
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect("\\0" + sys.argv[1][1:])
    peer.recv(1)
print("ready", flush=True)
while True:
    with socket.socket(socket.AF_UNIX) as peer:
        try:
            peer.connect("\\0" + sys.argv[1][1:])
        except OSError:
            pass
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_flood_of_another_user_evicts_no_session(tmp_path):
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
                connection.send_bytes(request_bytes("dummy"))
                assert connection.recv() == ("#RETURN", None)
            assert time.monotonic() - start < 5
        finally:
            for flood in floods:
                flood.send_signal(signal.SIGKILL)
                flood.stdout.close()
                flood.wait()
        read_frame(half)
        half.sendall(frame(b"x" * 16))
        assert read_frame(half) == b"#FAILURE#", "a handshake in progress continues"
        half.close()
        assert any("of user 65533 was refused: only this user and root" in line for line in log_lines(log))


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
    """Runs two processes of another user that connect as fast as possible."""
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


def kernel_reports_tcp_users():
    """Returns whether the kernel reports the user of the other end of a TCP connection."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as diag:
        diag.settimeout(1)
        diag.send(struct.pack("=IHHIIBBBBI48x", 72, 20, 1, 0, 0, socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 1))
        diag.recv(4096)
        return True
    return False


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
@pytest.mark.parametrize("descriptors", [None, 40])
@pytest.mark.parametrize("style", ["close", "hold"])
def test_serves_clients_during_a_tcp_flood_of_another_user(style, descriptors):
    if descriptors is not None and not kernel_reports_tcp_users():
        pytest.skip("this kernel does not report the users of TCP connections")
    limit = {} if descriptors is None else {"preexec_fn": limit_descriptors(descriptors)}
    with manager(address="127.0.0.1:0", **limit) as running, tcp_flood(running, style) as tcp_address:
        for _ in range(20):
            with Client(tcp_address, authkey=KEY) as connection:
                connection.send_bytes(request_bytes("dummy"))
                assert connection.recv() == ("#RETURN", None)


def relay(source, target):
    """Copies data from one socket to another until the end of the stream."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def close_early(listener, running, times):
    """Closes the first `times` connections without a reply, and relays the others to the manager."""
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


def test_client_reconnects_if_the_handshake_is_cut_off():
    with manager(address="127.0.0.1:0") as running, socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=close_early, args=(listener, running, 5), daemon=True).start()
        done = subprocess.run([PEER, "127.0.0.1:%d" % listener.getsockname()[1], KEY.hex(), name()],
                              capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
        assert running.wait() == 0, "the client has shut it down"


def test_client_times_out_if_each_handshake_is_cut_off():
    with manager(address="127.0.0.1:0") as running, socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=close_early, args=(listener, running, 1 << 30), daemon=True).start()
        start = time.monotonic()
        done = subprocess.run([PEER, "127.0.0.1:%d" % listener.getsockname()[1], KEY.hex(), name()],
                              capture_output=True, text=True, timeout=60)
        assert PEER_TIMEOUT - 1 < time.monotonic() - start < PEER_TIMEOUT + 3
        assert "closes connections before the handshake is complete: it may have too many" in done.stderr
