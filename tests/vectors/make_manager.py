"""make_manager.py - prints messages of a manager, with the standard library of the interpreter that runs it.

usage: PYTHON make_manager.py messages|handshakes      with each CPython from 3.8 to 3.15

manager/messages is the output of CPython 3.8 to 3.13, and manager/messages-3.14 that of 3.14 and
3.15. In manager/handshakes, the lines of two versions are of a client and a server.
"""

import sys
import threading
from multiprocessing import connection
from multiprocessing.reduction import ForkingPickler

NAME, OTHER_NAME, IDENT = "psm_deadbeef", "psm_cafebabe", "7f00deadbeef"

MESSAGES = {
    "req dummy": (None, "dummy", (), {}),
    f'req track_segment("{NAME}")': (None, "track_segment", (NAME,), {}),
    f'req track_segment(segment_name="{NAME}")': (None, "track_segment", (), {"segment_name": NAME}),
    f'req release_segment("{NAME}")': (None, "release_segment", (NAME,), {}),
    "req list_segments": (None, "list_segments", (), {}),
    "req number_of_objects": (None, "number_of_objects", (), {}),
    "req debug_info": (None, "debug_info", (), {}),
    "req shutdown": (None, "shutdown", (), {}),
    'req create("Thing", 5)': (None, "create", ("Thing", 5), {}),
    f'req incref("{IDENT}")': (None, "incref", (IDENT,), {}),
    f'req decref("{IDENT}")': (None, "decref", (IDENT,), {}),
    'req accept_connection("MainProcess")': (None, "accept_connection", ("MainProcess",), {}),
    "req proxy call get()": (IDENT, "get", (), {}),
    "rep RETURN None": ("#RETURN", None),
    "rep RETURN 0": ("#RETURN", 0),
    "rep RETURN 300": ("#RETURN", 300),
    'rep RETURN ""': ("#RETURN", ""),
    "rep RETURN []": ("#RETURN", []),
    "rep RETURN [1 name]": ("#RETURN", [NAME]),
    "rep RETURN [2 names]": ("#RETURN", [NAME, OTHER_NAME]),
    "rep create": ("#RETURN", (IDENT, ("get", "set"))),
    "rep TRACEBACK short": ("#TRACEBACK", "ValueError: x\n"),
    "rep TRACEBACK 256 chars": ("#TRACEBACK", "x" * 256),
    "rep UNSERIALIZABLE": ("#UNSERIALIZABLE", "AttributeError: x\n"),
    'rep ERROR ValueError("boom", 7)': ("#ERROR", ValueError("boom", 7)),
    "rep ERROR FileNotFoundError(2,...)": ("#ERROR", FileNotFoundError(2, "No such file or directory", "/psm_x")),
    "start-pipe AF_UNIX address": "/tmp/pymp-abcdefgh/listener-abcdefgh",
    "start-pipe AF_INET address": ("127.0.0.1", 40805),
    "start-pipe abstract address": b"\0shareable-1",
}


def frame(data):
    return (len(data).to_bytes(4, "big") + data).hex()


class Recorded:
    """A connection that keeps what it sends."""

    def __init__(self, inner):
        self.inner, self.sent = inner, []

    def send_bytes(self, data):
        self.sent.append(bytes(data))
        self.inner.send_bytes(data)

    def recv_bytes(self, limit):
        return self.inner.recv_bytes(limit)


def handshake():
    """Return a challenge and the response to it."""
    challenger, answerer = map(Recorded, connection.Pipe())
    thread = threading.Thread(target=connection.answer_challenge, args=(answerer, b"test-authkey"))
    thread.start()
    connection.deliver_challenge(challenger, b"test-authkey")
    thread.join()
    return challenger.sent[0], answerer.sent[0]


if sys.argv[1] == "messages":
    for meaning, value in MESSAGES.items():
        print(frame(bytes(ForkingPickler.dumps(value))), meaning, sep="\t")
else:
    for _ in range(2):
        print(*map(frame, handshake()), "%d.%d.%d" % sys.version_info[:3], sep="\t")
