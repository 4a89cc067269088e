"""interpreters.py - finds the installed CPythons: those of pyenv, and Debian's that are not its default.

usage: interpreters.py VERSION...      prints the path of each version that is installed

A "t" after the version, as in 3.13t, means the free-threaded build, which has no GIL.
"""

import os
import pathlib
import re
import sys

DEFAULT = pathlib.Path("/usr/bin/python3")


def of_pyenv(version):
    """Return the path of pyenv's newest release of a version such as 3.9 or 3.13t, or None."""
    number, build = version.rstrip("t"), "t" if version.endswith("t") else ""
    root = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"), "versions")
    release = re.compile(re.escape(number) + r"\.(\d+)" + build)
    matches = [release.fullmatch(path.parts[-3]) for path in root.glob(f"{number}.*/bin/python3")]
    newest = max((match for match in matches if match), key=lambda match: int(match[1]), default=None)
    return newest and str(root / newest[0] / "bin" / "python3")


def is_default(version):
    return DEFAULT.resolve().name == f"python{version}"


def of_debian(version):
    """Return the path of Debian's interpreter of a version, or None if it is not installed or is the default."""
    path = DEFAULT.with_name(f"python{version}")
    return str(path) if path.exists() and not is_default(version) else None


def find(versions):
    """Return a dictionary with the path of each of these versions that is installed. Report the others."""
    found = {version: of_pyenv(version) or of_debian(version) for version in versions}
    missing = [version for version, path in found.items() if path is None and not is_default(version)]
    if missing:
        print(f"not tested: CPython {', '.join(missing)}, which is not installed", file=sys.stderr)
    return {version: path for version, path in found.items() if path is not None}


if __name__ == "__main__":
    print(*find(sys.argv[1:]).values(), sep="\n")
