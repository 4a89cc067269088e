"""Tests that bindings/python/attributes.md names each attribute of the standard library's modules and of this package."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

import shareable.managers
from shareable import shared_memory

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
import interpreters  # noqa: E402

PAGE = pathlib.Path(__file__).parents[3] / "bindings" / "python" / "attributes.md"
VERSIONS = [(3, minor) for minor in range(9, 16)]

# Prints the names of the standard library's objects that the sections describe.
PROGRAM = """
import json, sys
from multiprocessing import managers, shared_memory

def is_about_memory(name):
    return "hared" in name or name in (*managers.__all__, "Server")

block, shared = shared_memory.SharedMemory(create=True, size=8), shared_memory.ShareableList([1])
manager = managers.SharedMemoryManager()
names = {
    "The module `shared_memory`": dir(shared_memory),
    "`SharedMemory`": dir(block),
    "`ShareableList`": dir(shared),
    "The module `managers`": list(filter(is_about_memory, dir(managers))),
    "`SharedMemoryManager`": dir(manager) + ["_process", "shutdown"],  # from start() on
    "`SharedMemoryServer`": dir(managers.SharedMemoryServer),
    "`_SharedMemoryTracker`": dir(managers._SharedMemoryTracker("name")),
}
for each in block, shared.shm:
    each.close()
    each.unlink()
json.dump([sys.version_info[:2], names], sys.stdout)
"""

# Names that Python gives to every class or module, or that every object has.
GENERAL = {*dir(object()), *dir(type("Class", (), {})), "__annotations__", "__firstlineno__", "__static_attributes__"}
GENERAL |= {"__getstate__", "__orig_bases__", "__parameters__", *dir(pathlib)}


class Row:
    def __init__(self, names, versions, here):
        self.names = [name.rstrip("()") for name in re.findall(r"`([^`]+)`", names)]
        self.here = re.match(r"\w*", here)[0]
        first, last = re.fullmatch(r"all|none|(\d\.\d+) on|to (\d\.\d+)", versions).groups()
        numbers = [tuple(map(int, text.split("."))) if text else None for text in (first, last)]
        self.first, self.last = numbers[0] or VERSIONS[0], numbers[1] or VERSIONS[-1]
        self.is_stock = versions != "none"

    def is_in(self, version):
        return self.is_stock and self.first <= version <= self.last


def read_page():
    """Return the rows of each section."""
    sections = {}
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            rows = sections[line[3:]] = []
        elif line.startswith("| `"):
            rows.append(Row(*re.fullmatch(r"\| (.*?) \| (.*?) \| (.*) \|", line).groups()))
    return sections


INTERPRETERS = interpreters.find("%d.%d" % version for version in VERSIONS)
INTERPRETERS["%d.%d" % sys.version_info[:2]] = sys.executable


@pytest.mark.parametrize("version", INTERPRETERS)
def test_page_names_each_attribute_of_the_standard_library(version):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [INTERPRETERS[version], "-c", PROGRAM]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    number, names = json.loads(ended.stdout)
    for section, rows in read_page().items():
        listed = {name for row in rows if row.is_in(tuple(number)) for name in row.names}
        found = set(names[section])
        assert found - GENERAL <= listed, section
        assert listed <= found, section


def ours():
    """Return the object of this package that each section describes."""
    from shareable import _manager_server

    block, shared = shared_memory.SharedMemory(create=True, size=8), shared_memory.ShareableList([1])
    shared.unlink()
    block.unlink()
    return {
        "The module `shared_memory`": shared_memory,
        "`SharedMemory`": block,
        "`ShareableList`": shared,
        "The module `managers`": shareable.managers,
        "`SharedMemoryManager`": shareable.managers.SharedMemoryManager(),
        "`SharedMemoryServer`": _manager_server.SharedMemoryServer,
        "`_SharedMemoryTracker`": _manager_server._Blocks("name"),
    }


def test_page_describes_this_package():
    sections = read_page()
    assert sections.keys() == ours().keys()
    for section, each in ours().items():
        for row in sections[section]:
            assert row.here in ("same", "differs", "absent", "new") and (row.here == "new") == (not row.is_stock), row.names
            if row.is_in(sys.version_info[:2]) or row.here == "new":
                exists = {name: hasattr(each, name) for name in row.names}
                assert set(exists.values()) <= {row.here != "absent"}, (section, exists)


def test_page_names_each_public_attribute_of_this_package():
    sections = read_page()
    for section, each in ours().items():
        if section.startswith("The module"):
            names = set(each.__all__)
        else:
            names = {name for name in dir(each) if name not in GENERAL and (name[0] != "_" or name[:2] == "__")}
        listed = {name for row in sections[section] for name in row.names}
        assert names <= listed, section
