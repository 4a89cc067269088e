"""Fixtures of the tests of the Python binding, and the check that a run leaves nothing behind."""

import gc
import itertools
import os
import signal

import pytest

from shareable import shared_memory

# A shell starts a background job with SIGINT ignored, and programs that the tests start inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

PREFIX = f"test-python-{os.getpid()}-"
_numbers = itertools.count()


def _blocks():
    return {name for name in os.listdir("/dev/shm") if name.startswith(PREFIX)}


def _descriptors():
    gc.collect()
    return {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_open(fd)}


def _is_open(fd):
    return os.path.lexists(f"/proc/self/fd/{fd}")  # the descriptor of the listing itself is not


def mappings():
    """Return the inodes of the blocks that this process has mapped.

    A block that this process created appears in its maps without its name.
    """
    gc.collect()
    with open("/proc/self/maps") as maps:
        return {int(line.split()[4]) for line in maps if " /dev/shm/" in line and "/.shareable-" not in line}


@pytest.fixture(scope="session", autouse=True)
def leaves_nothing():
    descriptors = _descriptors()
    yield
    assert _blocks() == set()
    assert _descriptors() == descriptors
    assert mappings() == set()


@pytest.fixture
def name():
    """A name for this test. The block of that name is removed after the test."""
    name = f"{PREFIX}{next(_numbers)}"
    yield name
    try:
        shared_memory.unlink(name)
    except FileNotFoundError:
        pass


@pytest.fixture
def memory(name):
    """A block of 16 bytes."""
    with shared_memory.SharedMemory(name, create=True, size=16) as memory:
        yield memory


@pytest.fixture
def make_list(name):
    """A function that creates a list with the test's name, which is closed after the test."""
    created = []

    def make(sequence, **options):
        created.append(shared_memory.ShareableList(sequence, name=name, **options))
        return created[-1]

    yield make
    for shared in created:
        shared.close()


@pytest.fixture
def mixed(make_list):
    """The list of values that CPython's documentation uses."""
    return make_list(["howdy", b"HoWdY", -273.154, 100, None, True, 42])
