"""Runs the tests of a script where pytest may be missing."""

import os


def run(functions, name, label=""):
    """Run the functions that are called test_*, in their order. NAME is the beginning of the names of their blocks."""
    tests = [test for key, test in functions.items() if key.startswith("test_")]
    for test in tests:
        test()
    left = [block for block in os.listdir("/dev/shm") if block.startswith(name)]
    assert not left, left
    print(f"  {label}{len(tests)} tests pass")
