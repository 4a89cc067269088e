"""Builds the package shareable for pip: a PEP 517 backend that uses only the standard library.

The package contains the library, and the programs shareable-reaper and shareable-manager, compiled
from the C sources of the sdist. Compiling needs a C compiler, the headers of Python, nettle and
libunistring, and, for the manager, those of libuv. CC, CPPFLAGS, CFLAGS and LDFLAGS are respected.

Settings (pip install --config-settings NAME=yes; each may also be an environment variable, such as
SHAREABLE_SYSTEM_LIBRARY=yes):

    system-library    use the installed library and its programs, which pkg-config finds
    static            link nettle, libunistring and libuv statically, and add their notices

It also runs as a program, in the folder of an unpacked sdist:

    python shareable_build.py sdist|wheel DIRECTORY [SETTING...]

The syntax of these modules is that of Python 3.6: pip of an older Python runs them before it reports
that the package needs a newer one.
"""

import os
import sys

from sdist_file import build_sdist
from wheel_file import build_wheel, prepare_metadata_for_build_wheel

__all__ = ["build_sdist", "build_wheel", "prepare_metadata_for_build_wheel"]


def main(what, directory, *settings):
    build = {"sdist": build_sdist, "wheel": build_wheel}[what]
    print(os.path.join(directory, build(directory, dict.fromkeys(settings, "yes"))))


if __name__ == "__main__":
    main(*sys.argv[1:])
