"""Checks whether ELF files run on each Linux with glibc 2.34: the tag manylinux_2_34.

As a program, manylinux.py FILE... prints the needed libraries and the highest version of glibc's
symbols of each file, and exits with 1 if one of them needs more.
"""

import os
import re
import subprocess
import sys

GLIBC = (2, 34)
LIBRARIES = re.compile(r"libc\.so\.6|libm\.so\.6|ld-linux[a-z0-9_-]*\.so\.\d+|ld64\.so\.\d+")


def dynamic_section(path):
    """Return what objdump prints of the needed libraries and the versions of their symbols."""
    environment = dict(os.environ, LC_ALL="C")
    return subprocess.run(["objdump", "-p", path], check=True, stdout=subprocess.PIPE, env=environment).stdout.decode()


def needed_libraries(text):
    return re.findall(r"^ +NEEDED +(\S+)$", text, re.M)


def symbol_versions(text):
    """Return the versions of symbols that the file needs, such as GLIBC_2.34."""
    references = text.partition("Version References:")[2]
    return re.findall(r"^ +0x[0-9a-f]+ +0x[0-9a-f]+ +\d+ +(\S+)$", references, re.M)


def version_of_glibc(name):
    """Return (2, 34) for GLIBC_2.34, or None for another version, such as GLIBC_PRIVATE."""
    match = re.fullmatch(r"GLIBC_(\d+(?:\.\d+)*)", name)
    return match and tuple(map(int, match.group(1).split(".")))


def highest_version(text):
    return max(filter(None, map(version_of_glibc, symbol_versions(text))), default=(0,))


def reasons_against(paths):
    """Return the reasons why the files do not have the tag, as texts."""
    reasons = []
    for path in paths:
        name, text = os.path.basename(path), dynamic_section(path)
        reasons += ["%s needs %s" % (name, library) for library in needed_libraries(text) if not LIBRARIES.fullmatch(library)]
        reasons += [
            "%s needs the symbol version %s" % (name, version)
            for version in symbol_versions(text)
            if version_of_glibc(version) is None or version_of_glibc(version) > GLIBC
        ]
    return reasons


def main(paths):
    for path in paths:
        text = dynamic_section(path)
        version = ".".join(map(str, highest_version(text)))
        print("%s: GLIBC_%s, %s" % (os.path.basename(path), version, " ".join(needed_libraries(text))))
    reasons = reasons_against(paths)
    print("\n".join(reasons), end="\n" if reasons else "")
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
