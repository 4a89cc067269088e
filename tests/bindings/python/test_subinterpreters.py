"""Tests that a subinterpreter cannot import the package, and leaves it usable in the main interpreter."""

import importlib.util
import itertools
import pathlib
import subprocess
import sys

import pytest

PROGRAM = pathlib.Path(__file__).parent / "subinterpreters.py"
HAS_SUBINTERPRETERS = any(map(importlib.util.find_spec, ["_interpreters", "_xxsubinterpreters"]))
ORDERS = ["-".join(order) for order in itertools.product(["isolated", "legacy", "main"], repeat=3) if "main" in order]


@pytest.mark.skipif(not HAS_SUBINTERPRETERS, reason="this Python has no subinterpreters")
@pytest.mark.parametrize("order", ORDERS)
def test_subinterpreters_cannot_import_and_the_main_interpreter_can(order, name):
    command = [sys.executable, "-W", "error", str(PROGRAM), name, *order.split("-")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.stderr, ended.returncode) == ("", 0)
