"""Tests that only one interpreter of a process can import the package: the first main interpreter."""

import importlib.util
import itertools
import pathlib
import shlex
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
PROGRAM = HERE / "subinterpreters.py"
HAS_SUBINTERPRETERS = any(map(importlib.util.find_spec, ["_interpreters", "_xxsubinterpreters"]))
ORDERS = ["-".join(order) for order in itertools.product(["isolated", "legacy", "main"], repeat=3) if "main" in order]


@pytest.mark.skipif(not HAS_SUBINTERPRETERS, reason="this Python has no subinterpreters")
@pytest.mark.parametrize("order", ORDERS)
def test_subinterpreters_cannot_import_and_the_main_interpreter_can(order, name):
    command = [sys.executable, "-W", "error", str(PROGRAM), name, *order.split("-")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.stderr, ended.returncode) == ("", 0)


def flags_of_embedding():
    """Return the flags for a C program that contains the interpreter, from its python3.N-config."""
    config = pathlib.Path(sys.executable).with_name("python%d.%d-config" % sys.version_info[:2])
    if not config.exists() or shutil.which("cc") is None:
        pytest.skip(f"there is no {config} or no C compiler")
    return shlex.split(subprocess.check_output([config, "--embed", "--includes", "--ldflags"], text=True))


def test_interpreter_that_a_program_starts_again_cannot_import(tmp_path):
    program = tmp_path / "restarted"
    subprocess.run(["cc", HERE / "restarted.c", "-o", program, "-rdynamic", *flags_of_embedding()], check=True)
    ended = subprocess.run([program], capture_output=True, text=True, timeout=60)
    assert (ended.stderr, ended.returncode) == ("", 0)
    assert ended.stdout == "[5, 'text']\nshareable cannot be imported again after Py_Finalize()\n"
