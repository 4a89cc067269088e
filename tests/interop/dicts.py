"""dicts.py - creates and reads dicts for the tests of dicts, and knows the commands of their workers."""
import os
import subprocess
from multiprocessing import resource_tracker, shared_memory

import peers


def workers(program):
    """Return the command of a test program of workers in each language that was built."""
    found = {"c": [str(peers.BUILD / f"tests/interop/{program}")]}
    if os.environ.get("run_python"):
        found["python"] = [*os.environ["run_python"].split(), str(peers.HERE / f"{program}.py")]
    if os.environ.get("run_lua"):
        found["lua"] = [*os.environ["run_lua"].split(), str(peers.HERE / f"{program}.lua")]
    if os.environ.get("with_go"):
        found["go"] = [str(peers.BUILD / f"tests/interop/{program}_in_go")]
    return found


def shareable(*arguments):
    """Run the command shareable, which must succeed."""
    subprocess.run([*os.environ["run_shareable"].split(), *map(str, arguments)], check=True, timeout=60)


def create(name, places, key_size, value_size):
    shareable("create", "--dict", places, "--key-size", key_size, "--value-size", value_size, name)


def contents(name):
    """Return the keys and values as stock Python reads them, which also reads the values of free places."""
    shared = shared_memory.ShareableList(name=name)
    resource_tracker.unregister(shared.shm._name, "shared_memory")
    items = iter(shared)
    pairs = [(key, value) for key, value in zip(items, items) if key is not None]
    shared.shm.close()
    assert len(pairs) == len(dict(pairs)), "a key has two places"
    return dict(pairs)
