"""The version of the package, and its metadata, which are the same in an sdist and in a wheel."""

import pathlib
import re

HEADER = pathlib.Path("core/include/shareable.h")
README = pathlib.Path("bindings/python/pypi.md")
DATE = (1980, 1, 1, 0, 0, 0)  # of each file in an archive, so that equal contents make equal bytes

METADATA = """\
Metadata-Version: 2.1
Name: shareable
Version: {version}
Summary: multiprocessing.shared_memory in its own bytes, shared with programs in C, Lua and Go
License: MIT
Requires-Python: >=3.9
Classifier: License :: OSI Approved :: MIT License
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: C
Classifier: Programming Language :: Python :: 3
Classifier: Programming Language :: Python :: Implementation :: CPython
Classifier: Typing :: Typed
Description-Content-Type: text/markdown

{readme}"""


def package_version():
    header = HEADER.read_text(encoding="utf-8")
    parts = [re.search(r"^#define SHAREABLE_VERSION_%s (\d+)$" % part, header, re.M) for part in ("MAJOR", "MINOR", "PATCH")]
    return ".".join(part.group(1) for part in parts)


def package_metadata():
    return METADATA.format(version=package_version(), readme=README.read_text(encoding="utf-8"))
