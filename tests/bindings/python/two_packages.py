"""Tests two copies of the package in one interpreter: two_packages.py FOLDER OTHER-FOLDER NAME

Each folder contains a copy. NAME is the beginning of the names of the blocks.
"""

import importlib
import pathlib
import sys

import plain_tests

FOLDER, OTHER_FOLDER, NAME = sys.argv[1:]


def load(folder):
    """Import the package from the folder, in addition to those that were imported before."""
    for name in [name for name in sys.modules if name.split(".")[0] == "shareable"]:
        del sys.modules[name]
    sys.path.insert(0, folder)
    package = importlib.import_module("shareable")
    importlib.import_module("shareable.shared_memory")
    assert pathlib.Path(package._raw.__file__).parent.parent.samefile(folder), package._raw.__file__
    return package


first = load(FOLDER)
early = first.shared_memory.ShareableList([1, "text"], name=NAME)
second = load(OTHER_FOLDER)
ORDERS = (first, second), (second, first)


def test_object_of_the_first_copy_is_used_after_the_second_is_loaded():
    assert list(early) == [1, "text"]
    early[0] = 2
    with early.lock(timeout=5):
        assert early.add(0, 1) == 3
    assert list(second.shared_memory.ShareableList(name=NAME)) == [3, "text"]
    early.shm.unlink()
    early.shm.close()


def test_each_copy_reads_what_the_other_writes():
    for writer, reader in ORDERS:
        with writer.shared_memory.ShareableList([1, 2.5], name=NAME) as written:
            with reader.shared_memory.ShareableList(name=NAME) as read:
                written[0] = 7
                assert list(read) == [7, 2.5]
                assert type(written.shm) is writer.shared_memory.SharedMemory
                assert type(read.shm) is reader.shared_memory.SharedMemory
            written.shm.unlink()
        with writer.shared_memory.SharedMemory(NAME, create=True, size=5) as written:
            with reader.shared_memory.SharedMemory(NAME) as read:
                written.buf[0] = 9
                assert read.buf[0] == 9
            written.unlink()


def test_copy_refuses_a_handle_of_the_other():
    for package, other in ORDERS:
        with other.shared_memory.SharedMemory(NAME, create=True, size=5) as block:
            assert package._raw.Memory is not other._raw.Memory
            try:
                package._raw.memory_address(block)
            except TypeError as error:
                assert str(error) == "'memory' must be a shareable._raw.Memory, not SharedMemory", error
            else:
                raise AssertionError("a handle of another copy is accepted")
            block.unlink()


if __name__ == "__main__":
    plain_tests.run(globals(), NAME, "two packages: ")
