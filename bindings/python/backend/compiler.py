"""The C compiler: its command, its flags, and the headers and libraries that it finds."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor

from settings import fail, words_of

# The flags of the release's build. configure checks each of those that an older compiler may lack.
COMPILE_FLAGS = ["-std=gnu11", "-O2", "-fPIC", "-pthread", "-w", "-fvisibility=hidden", "-fno-strict-aliasing"]
COMPILE_FLAGS += ["-ffunction-sections", "-fdata-sections"]
OPTIONAL_COMPILE_FLAGS = ["-fstack-protector-strong", "-fstack-clash-protection", "-fcf-protection", "-fno-plt"]
LINK_FLAGS = ["-pthread", "-Wl,--gc-sections", "-Wl,--as-needed", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"]
DEFINITIONS = ["-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64"]
FORTIFY = ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]

# The header that a library is recognized by, and the Debian package that contains it.
DEBIAN_PACKAGES = {
    "stdio.h": "libc6-dev",
    "Python.h": "python3-dev",
    "nettle/hmac.h": "nettle-dev",
    "unistr.h": "libunistring-dev",
    "uv.h": "libuv1-dev",
}


class Compiler:
    """A C compiler, with the flags of the environment."""

    def __init__(self):
        self.command = self._find()
        self.user_compile = words_of("CPPFLAGS") + words_of("CFLAGS")
        self.user_link = words_of("CFLAGS") + words_of("LDFLAGS")
        self.flags = list(COMPILE_FLAGS)

    @staticmethod
    def _find():
        """Return the command: $CC, or the compiler that built Python, or the system's."""
        chosen = words_of("CC")
        if chosen and not shutil.which(chosen[0]):
            fail("there is no C compiler '%s': set CC to another one, or unset it" % chosen[0])
        for command in (chosen, shlex.split(sysconfig.get_config_var("CC") or ""), ["cc"], ["gcc"]):
            if command and shutil.which(command[0]):
                return command
        fail("there is no C compiler: install one (on Debian: gcc and libc6-dev), or set CC")

    def _include(self, header, flags):
        """Run the preprocessor on a file that includes the header. Return the result, with its messages."""
        command = self.command + self.user_compile + list(flags) + ["-E", "-x", "c", "-o", os.devnull, "-"]
        source = "#include <%s>\n" % header
        return subprocess.run(command, input=source.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def has_header(self, header, *flags):
        """Return whether the preprocessor finds the header."""
        return self._include(header, flags).returncode == 0

    def need_header(self, header, *flags):
        result = self._include(header, flags)
        if result.returncode != 0:
            sys.stderr.write(result.stderr.decode(errors="replace"))
            package = DEBIAN_PACKAGES[header]
            fail(
                "the C compiler '%s' does not find the header %s: install it (on Debian: %s), or set CPPFLAGS to -I and its directory"
                % (" ".join(self.command), header, package)
            )

    def add_optional_flags(self):
        """Add the flags that the compiler knows. clang reports an unknown one only with -Werror."""

        def works(flag):
            command = self.command + ["-Werror", flag, "-c", "-x", "c", "-o", os.devnull, os.devnull]
            return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0

        with ThreadPoolExecutor(processors()) as pool:
            known = list(pool.map(works, OPTIONAL_COMPILE_FLAGS))
        self.flags += [flag for flag, is_known in zip(OPTIONAL_COMPILE_FLAGS, known) if is_known]
        if "-O0" not in self.user_compile and not any("_FORTIFY_SOURCE" in flag for flag in self.user_compile):
            self.flags += FORTIFY

    def compile(self, source, output, includes):
        run(self.command + self.flags + DEFINITIONS + includes + self.user_compile + ["-c", source, "-o", output])

    def link(self, output, objects, *flags):
        os.makedirs(os.path.dirname(output), exist_ok=True)
        run(self.command + self.user_link + LINK_FLAGS + ["-o", output] + objects + list(flags))

    def find_file(self, name):
        """Return the path of a file in the directories of libraries, or None."""
        for flag in self.user_link:
            if flag.startswith("-L") and os.path.exists(os.path.join(flag[2:], name)):
                return os.path.join(flag[2:], name)
        printed = subprocess.run(self.command + ["-print-file-name=" + name], stdout=subprocess.PIPE).stdout
        path = printed.decode().strip()
        return path if os.path.isabs(path) else None


def run(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode != 0:
        sys.stderr.write(" ".join(map(shlex.quote, command)) + "\n" + result.stdout.decode(errors="replace"))
        fail("'%s' failed: its output is above" % command[0])


def processors():
    return len(os.sched_getaffinity(0))
