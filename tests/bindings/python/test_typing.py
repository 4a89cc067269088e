"""Tests that typed_example.py runs, and that mypy --strict and pyright accept it and the package."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import shareable

HERE = pathlib.Path(__file__).parent
EXAMPLE = HERE / "typed_example.py"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """What mypy keeps about the standard library between its runs."""
    return tmp_path_factory.mktemp("mypy")


def mypy(tmp_path, cache, *arguments):
    program = shutil.which("mypy", path="/usr/bin:/bin") or shutil.which("mypy")
    if program is None:
        pytest.skip("mypy is not installed: types are not checked")
    command = [program, "--strict", "--no-error-summary", f"--cache-dir={cache}", *map(str, arguments)]
    (tmp_path / "packages").mkdir()  # mypy refuses a folder in MYPYPATH that it searches by default
    (tmp_path / "packages" / "shareable").symlink_to(pathlib.Path(shareable.__file__).parent)
    environment = {**os.environ, "MYPYPATH": str(tmp_path / "packages")}
    environment.pop("PYTHONPATH", None)  # it may be for another interpreter than mypy's
    return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)


def test_typed_example_runs(name):
    ended = subprocess.run([sys.executable, str(EXAMPLE), name], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("typed\n", "")


@pytest.mark.parametrize("version", ["3.9", "3.11"])
def test_typed_example_is_strictly_typed(tmp_path, cache, version):
    ended = mypy(tmp_path, cache, f"--python-version={version}", EXAMPLE)
    if "not supported" in ended.stderr:
        pytest.skip(f"this mypy does not support Python {version}")
    assert (ended.stdout, ended.returncode) == ("", 0)


def test_package_is_strictly_typed(tmp_path, cache):
    # An override that only some versions of mypy refuse has a comment, which the others do not use.
    ended = mypy(tmp_path, cache, "--no-warn-unused-ignores", "-p", "shareable")
    assert (ended.stdout, ended.returncode) == ("", 0)


def test_wrong_types_are_found(tmp_path, cache):
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from shareable.shared_memory import ShareableDict, ShareableList, SharedMemory\n"
        "SharedMemory(5)\n"
        "SharedMemory('a', size='4')\n"
        "ShareableList(5)\n"
        "ShareableList([1], 'name')\n"
        "ShareableList([1]).add(0, 'a')\n"
        "ShareableList([1]).nothing\n"
        "SharedMemory('a').buf = None\n"
        "ShareableDict('a')\n"
        "ShareableDict[str, int](5)[1] = 5\n"
        "ShareableDict[int, int](5)\n"
        "ShareableDict[str, int](5).add('a', 'b')\n"
    )
    ended = mypy(tmp_path, cache, wrong)
    assert {int(line.split(":")[1]) for line in ended.stdout.splitlines()} == set(range(2, 13)), ended.stdout


def test_package_is_strictly_typed_for_pyright(tmp_path):
    program = shutil.which("pyright")
    if program is None:
        pytest.skip("pyright is not installed: only mypy checks types")
    (tmp_path / "shareable").symlink_to(pathlib.Path(shareable.__file__).parent)
    (tmp_path / "example.py").write_text("# pyright: strict\n" + EXAMPLE.read_text())
    (tmp_path / "pyrightconfig.json").write_text('{"include": ["example.py", "shareable"], "pythonVersion": "3.9"}')
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    checked = subprocess.run([program], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    command = [program, "--verifytypes", "shareable", "--ignoreexternal"]
    verified = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert verified.returncode == 0, verified.stdout
