"""peers.py - runs the peers of the interop tests, one per language, and speaks their protocol.

A peer reads commands from its standard input and answers on its standard output, one line each:

    create NAME COUNT     then COUNT items          ok
    read NAME FOLDER                                ok COUNT FORMAT, then COUNT items
    set NAME INDEX        then an item              ok
    unlink NAME                                     ok

    get_key NAME          then a key                the item: the value of the key of a dict (in C)

    create_array NAME DTYPE [ORDER]                 ok: an array of zeros with the shape (2, 3)
    read_array NAME                                 ok DTYPE SHAPE, then the bytes of each item in C order, in hex
    set_array NAME INDEX HEX                        ok

notation.py defines the lines of items. A long text is in a file; a peer that reads writes the file to FOLDER. On failure,
"error …" takes the place of the ok or of an item.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import notation

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import interpreters  # noqa: E402

SOURCE = pathlib.Path(os.environ["top_srcdir"])
BUILD = pathlib.Path(os.environ["top_builddir"])
HERE = SOURCE / "tests" / "interop"
STOCK_VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


class Peer:
    """A running peer."""

    def __init__(self, name, command, environment, folder):
        self.name = name
        self.is_stock = name.startswith("stock")
        self.folder = folder
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **environment}, text=True
        )

    def _send(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def _receive(self):
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f"{self.name} ended with {self.process.wait()}")
        return line[:-1]

    def _item(self, value):
        return notation.describe_long(value, self.folder / f"to-{self.name}")

    def create(self, name, values):
        """Make a list. Return "ok" or the error."""
        self._send(f"create {name} {len(values)}")
        for value in values:
            self._send(self._item(value))
        return self._receive()

    def read(self, name):
        """Read a whole list. Return its format and the lines of its items."""
        self._send(f"read {name} {self.folder}")
        answer = self._receive().split(" ", 2)
        if answer[0] != "ok":
            raise RuntimeError(f"{self.name}: {' '.join(answer)}")
        return answer[2], [notation.inline(self._receive()) for _ in range(int(answer[1]))]

    def set(self, name, index, value):
        """Write an item. Return "ok" or the error."""
        self._send(f"set {name} {index}", self._item(value))
        return self._receive()

    def get_key(self, name, key):
        """Return the line of the value of a key of a dict."""
        self._send(f"get_key {name}", self._item(key))
        return self._receive()

    def create_array(self, name, *dtype_and_order):
        """Make an array of zeros with the shape (2, 3). Return "ok" or the error."""
        self._send(f"create_array {name} {' '.join(dtype_and_order)}")
        return self._receive()

    def read_array(self, name):
        """Return the type and the shape of an array, as one str, and the bytes of its items."""
        self._send(f"read_array {name}")
        answer = self._receive().split(" ", 1)
        if answer[0] != "ok":
            raise RuntimeError(f"{self.name}: {' '.join(answer)}")
        return answer[1], [bytes.fromhex(self._receive()) for _ in range(6)]

    def set_array(self, name, index, item):
        """Write an item, from its bytes. Return "ok" or the error."""
        self._send(f"set_array {name} {index} {item.hex()}")
        return self._receive()

    def unlink(self, name):
        self._send(f"unlink {name}")
        return self._receive()

    def end(self):
        self.process.stdin.close()
        if self.process.wait(timeout=60) != 0:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}")


def stock_interpreters():
    """Return (version, path) of Debian's default CPython, and of each other from 3.9 to 3.15 that is installed."""
    return [("debian", "/usr/bin/python3"), *interpreters.find(STOCK_VERSIONS).items()]


def stock(version, path, folder):
    """Return a peer that uses only the standard library, without shareable on its path."""
    return Peer(f"stock-{version}", [path, "-E", "-s", str(HERE / "peer.py"), "stock"], {}, folder)


def luajit(folder):
    """Return a peer for LuaJIT, or None if it is not installed, or its module was not built."""
    module, command = BUILD / "tests/bench/comparison/luajit", shutil.which("luajit")
    if command is None or not (module / "shareable/raw.so").exists():
        return None
    layer = SOURCE / "bindings/lua"
    environment = {
        "LUA_PATH": f"{layer}/?.lua;{layer}/?/init.lua;;",
        "LUA_CPATH": f"{module}/?.so;;",
        "LD_LIBRARY_PATH": str(BUILD / "core/.libs"),
    }
    return Peer("luajit", [command, str(HERE / "peer.lua")], environment, folder)


def ours(folder):
    """Return a peer for each language that was built. tests.am defines the commands that run them."""
    peers = [Peer("c", [str(BUILD / "tests/interop/peer")], {}, folder)]
    if os.environ.get("run_python"):
        command = [*os.environ["run_python"].split(), str(HERE / "peer.py"), "shareable"]
        peers.append(Peer("python", command, {}, folder))
    if os.environ.get("run_lua"):
        peers.append(Peer("lua", [*os.environ["run_lua"].split(), str(HERE / "peer.lua")], {}, folder))
    if os.environ.get("with_go"):
        peers.append(Peer("go", [str(BUILD / "tests/interop/peer_in_go")], {}, folder))
    return peers
