"""The side of the tests that uses only the standard library, for CPython from 3.8 on.

  stock.py client ADDRESS KEY PREFIX   uses all methods of a manager, with blocks named PREFIX-…, and shuts it down
  stock.py serve ADDRESS KEY           runs a manager until the end of standard input; prints its address first
  stock.py share ADDRESS KEY PREFIX    creates and releases blocks, concurrently with other clients
  stock.py refused ADDRESS KEY         checks that the manager refuses this client
  stock.py forge ADDRESS KEY PATH      sends requests that contain code

KEY is hexadecimal.
"""

import sys
from multiprocessing import AuthenticationError, resource_tracker, shared_memory
from multiprocessing.connection import Client
from multiprocessing.managers import RemoteError, SharedMemoryManager, Token, dispatch


def address_from(text):
    if text.startswith("@"):
        return "\0" + text[1:]
    if "/" in text:
        return text
    host, port = text.rsplit(":", 1)
    return host, int(port)


def address_to(address):
    if isinstance(address, tuple):
        return "%s:%d" % address
    if isinstance(address, bytes):
        address = address.decode()
    return address.replace("\0", "@")


def fails(exception, part, call, *arguments):
    try:
        call(*arguments)
    except exception as error:
        assert part in str(error), str(error)
    else:
        raise AssertionError("the call did not fail")


class Peer:
    def __init__(self, address, key):
        self.address, self.key = address, key

    def ask(self, method, *args, **kwds):
        connection = Client(self.address, authkey=self.key)
        try:
            return dispatch(connection, None, method, args, kwds)
        finally:
            connection.close()


def own(block):
    """Unregisters a block from the tracker of this process, because a manager will remove it."""
    resource_tracker.unregister("/" + block.name.lstrip("/"), "shared_memory")
    return block


def make(name, size=8):
    block = own(shared_memory.SharedMemory(name, create=True, size=size))
    block.close()
    return name


def client(address, key, prefix):
    peer = Peer(address, key)
    manager = SharedMemoryManager(address=address, authkey=key)
    manager.connect()
    block = own(manager.SharedMemory(4096))
    block.buf[:5] = b"howdy"
    values = manager.ShareableList(["howdy", b"HoWdY", -273.154, 100, None, True, 42])
    own(values.shm)
    assert peer.ask("list_segments") == [block.name, values.shm.name]
    assert values[3] == 100
    block.close()
    values.shm.close()

    peer.ask("release_segment", block.name)
    fails(FileNotFoundError, "", shared_memory.SharedMemory, block.name)
    fails(RemoteError, "ValueError: list.remove(x): x not in list", peer.ask, "release_segment", block.name)
    assert peer.ask("list_segments") == [values.shm.name]
    peer.ask("release_segment", values.shm.name)

    peer.ask("track_segment", segment_name=make(prefix + "-keyword"))
    peer.ask("track_segment", "/" + make(prefix + "-slash"))
    peer.ask("track_segment", prefix + "-keyword")
    peer.ask("track_segment", prefix + "-gone")
    peer.ask("track_segment", prefix + "-\u00e9\U0001f40d")
    assert peer.ask("list_segments") == [
        prefix + end for end in ("-keyword", "-slash", "-keyword", "-gone", "-\u00e9\U0001f40d")
    ]
    fails(RemoteError, "FileNotFoundError: [Errno 2] No such file or directory", peer.ask, "release_segment", prefix + "-gone")
    for no_name in ("", "a/b", "..", "x" * 256, "nul\0nul"):
        fails(RemoteError, "ValueError", peer.ask, "track_segment", no_name)
    fails(RemoteError, "TypeError", peer.ask, "track_segment")
    fails(RemoteError, "TypeError", peer.ask, "track_segment", "one", "two")
    fails(RemoteError, "TypeError", peer.ask, "track_segment", 5)

    assert peer.ask("number_of_objects") == manager._number_of_objects() == 0
    assert peer.ask("debug_info") == ""
    fails(RemoteError, "AssertionError: 'bogus' unrecognized", peer.ask, "bogus")
    fails(RemoteError, "AssertionError: '__init__' unrecognized", peer.ask, "__init__")
    fails(RemoteError, "KeyError: 'Thing'", peer.ask, "create", "Thing", 5)
    fails(RemoteError, "KeyError: 'abc'", peer.ask, "incref", "abc")
    fails(RemoteError, "UnpicklingError", peer.ask, "get_methods", Token("Thing", address, "abc"))
    fails(AuthenticationError, "", SharedMemoryManager(address=address, authkey=key + b"!").connect)

    connection = Client(address, authkey=key)
    dispatch(connection, None, "accept_connection", ("a thread",))
    for _ in range(3):
        fails(RemoteError, "KeyError: 'abc'", dispatch, connection, "abc", "get")
    connection.close()

    many = [prefix + "-many-%d" % i for i in range(3000)]
    connection = Client(address, authkey=key)
    for name in many:
        dispatch(connection, None, "track_segment", (name,))
    connection.close()
    assert peer.ask("list_segments")[4:] == many
    peer.ask("shutdown")
    fails(FileNotFoundError, "", shared_memory.SharedMemory, prefix + "-keyword")
    fails(FileNotFoundError, "", shared_memory.SharedMemory, prefix + "-slash")


def share(address, key, prefix):
    peer = Peer(address, key)
    for turn in range(50):
        name = make("%s-%d" % (prefix, turn))
        peer.ask("track_segment", name)
        assert name in peer.ask("list_segments")
        peer.ask("release_segment", name)
        assert name not in peer.ask("list_segments")


def refused(address, key):
    fails(AuthenticationError, "", SharedMemoryManager(address=address, authkey=key).connect)


def serve(address, key):
    with SharedMemoryManager(address=address, authkey=key) as manager:
        print(address_to(manager.address), flush=True)
        sys.stdin.read()


class Forged:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def forge(address, key, path):
    peer = Peer(address, key)
    for argument in (Forged(path), [Forged(path)], {"x": Forged(path)}, print, Forged, 1j):
        fails(RemoteError, "UnpicklingError", peer.ask, "track_segment", argument)


if __name__ == "__main__":
    mode, address, key, *more = sys.argv[1:]
    {"client": client, "share": share, "refused": refused, "serve": serve, "forge": forge}[mode](address_from(address), bytes.fromhex(key), *more)
