"""Runs CPython's own tests of shared memory, unmodified, on this package: cpython_suite.py

The tests are those of the interpreter that runs this script (test/_test_multiprocessing.py). In each
process, a sitecustomize puts the package's modules in the place of the standard library's, and
changes nothing else. All tests must pass for fork, spawn and forkserver. A test that is skipped is a
failure, unless it is skipped for the standard library's modules too.

Some of the tests start a Python that ignores its environment (-E, -I). That process uses the standard
library's modules, as a peer of the test. Exits with 77 if the tests are not installed.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import sysconfig
import tempfile

# A shell starts a background job with SIGINT ignored, and programs that this script starts inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

VERSION = sys.version_info[:2]
METHODS = ("fork", "spawn", "forkserver")
# How many tests there are in a version. A later version has at least as many as the last one here.
EXPECTED = {(3, 9): 8, (3, 10): 13, (3, 11): 13, (3, 12): 13, (3, 13): 16}

# In each process.
SITECUSTOMIZE = """
import multiprocessing.managers
import sys

import shareable.managers
import shareable.shared_memory

sys.modules["multiprocessing.shared_memory"] = multiprocessing.shared_memory = shareable.shared_memory
multiprocessing.managers.shared_memory = shareable.shared_memory
multiprocessing.managers.SharedMemoryManager = shareable.managers.SharedMemoryManager
"""

# A module with the tests, which the processes that a test starts import too.
SUITE = """
import os
from test import _test_multiprocessing as tests

tests.install_tests_in_module_dict(globals(), os.environ["SUITE_METHOD"])
"""

RUNNER = """
import json
import sys
import unittest

if __name__ == "__main__":
    import suite

    is_swapped = suite.tests.shared_memory.__name__ == "shareable.shared_memory"
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(suite.WithProcessesTestSharedMemory)
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    wrong = result.failures + result.errors + [(test, "") for test in result.unexpectedSuccesses]
    with open(sys.argv[1], "w") as file:
        json.dump(
            {
                "is_swapped": is_swapped,
                "count": result.testsRun,
                "wrong": [str(test).split()[0] for test, _ in wrong],
                "skipped": [str(test).split()[0] for test, _ in result.skipped],
            },
            file,
        )
"""


def run(method, paths):
    """Run the tests in a process with these directories in its path. Return the results and the output."""
    with tempfile.TemporaryDirectory() as directory:
        for name, code in (("suite", SUITE), ("runner", RUNNER)):
            pathlib.Path(directory, name + ".py").write_text(code)
        results = pathlib.Path(directory, "results")
        environment = {**os.environ, "SUITE_METHOD": method, "PYTHONPATH": os.pathsep.join([directory, *paths])}
        command = [sys.executable, str(pathlib.Path(directory, "runner.py")), str(results)]
        ended = subprocess.run(
            command,
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=600,
        )
        if not results.exists():
            return {"is_swapped": None, "count": 0, "wrong": ["no test ran"], "skipped": []}, ended.stdout
        return json.loads(results.read_text()), ended.stdout


def faults(method, results):
    """Return what is wrong with the results of a run of the package."""
    found = list(results["wrong"])
    if not results["is_swapped"]:
        found.append("the modules are not those of the package")
    expected = EXPECTED.get(VERSION, max(EXPECTED.values()))
    if results["count"] < expected:
        found.append(f"fewer than {expected} tests")
    if results["skipped"]:
        skipped_by_stock = run(method, [])[0]["skipped"]
        found += [f"{test} is skipped" for test in results["skipped"] if test not in skipped_by_stock]
    return found


def main():
    if not pathlib.Path(sysconfig.get_path("stdlib"), "test", "_test_multiprocessing.py").exists():
        version = "{}.{}".format(*VERSION)
        print(f"skipped: the tests of CPython {version} are not installed (on Debian: libpython{version}-testsuite)")
        return 77
    import shareable

    package = str(pathlib.Path(shareable.__file__).parent.parent)
    status = 0
    with tempfile.TemporaryDirectory() as directory:
        pathlib.Path(directory, "sitecustomize.py").write_text(SITECUSTOMIZE)
        for method in METHODS:
            results, output = run(method, [directory, package])
            wrong = faults(method, results)
            passed = results["count"] - len(set(results["wrong"])) - len(results["skipped"])
            print(
                f"CPython {sys.version.split()[0]}, {method}: {passed} of {results['count']} tests pass"
                + "".join(f"; {each}" for each in [f"skipped: {test}" for test in results["skipped"]] + wrong),
                flush=True,
            )
            if wrong:
                print(output, flush=True)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
