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

The syntax is that of Python 3.6: pip of an older Python runs this file before it reports that the
package needs a newer one.
"""

import base64
import calendar
import collections
import glob
import gzip
import hashlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

HEADER = "core/include/shareable.h"
PACKAGE = "bindings/python/shareable"
README = "bindings/python/pypi.md"
PACKAGE_PATTERNS = ("*.py", "*.pyi", "py.typed")
PROGRAMS = ("reaper", "manager")
DATE = (1980, 1, 1, 0, 0, 0)  # of each file in an archive, so that equal contents make equal bytes
TIMESTAMP = calendar.timegm(DATE)

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

# The names under which distributions install a static library.
STATIC_LIBRARIES = {
    "nettle": ["libnettle.a"],
    "unistring": ["libunistring.a"],
    "uv": ["libuv.a", "libuv_a.a"],
}


def fail(text):
    """End with an error that pip prints without a traceback."""
    sys.stdout.flush()
    sys.exit("shareable: " + text)


def read_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def package_version():
    header = read_text(HEADER)
    parts = [re.search(r"^#define SHAREABLE_VERSION_%s (\d+)$" % part, header, re.M) for part in ("MAJOR", "MINOR", "PATCH")]
    return ".".join(part.group(1) for part in parts)


def package_metadata():
    return METADATA.format(version=package_version(), readme=read_text(README))


def setting(settings, name):
    """Return whether a setting is on: one of pip's, or the environment variable."""
    variable = "SHAREABLE_" + name.upper().replace("-", "_")
    value = (settings or {}).get(name, os.environ.get(variable, ""))
    return str(value).lower() not in ("", "0", "no", "false", "off")


def words_of(variable, default=""):
    """Return the words of an environment variable, as a shell splits them."""
    text = os.environ.get(variable, default)
    try:
        return shlex.split(text)
    except ValueError as error:
        fail("%s is not a list of words: %s: %s" % (variable, error, text))


# The compiler


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


# What is compiled and linked

# A source file, and the definitions that it gets in addition.
Unit = collections.namedtuple("Unit", "source definitions")


def units(pattern, definitions=()):
    return [Unit(path, tuple(definitions)) for path in sorted(glob.glob(pattern))]


def library_units(reaper, manager):
    """Return the units of the library, with the programs' paths from the file that contains it."""
    places = ['-DSHAREABLE_REAPER_PROGRAM="%s"' % reaper, '-DSHAREABLE_MANAGER_PROGRAM="%s"' % manager]
    return [
        Unit(unit.source, tuple(places) if unit.source.endswith("/program.c") else ())
        for unit in units("core/src/*/*.c")
    ]


def extension_units():
    return units("bindings/python/generated/raw_wrap.c") + units("bindings/python/*.c")


def python_includes():
    directories = {sysconfig.get_path("include"), sysconfig.get_path("platinclude")}
    return [flag for directory in sorted(directories) for flag in ("-isystem", directory)]


def compile_all(compiler, wanted, includes, folder):
    """Compile all units at the same time. Return the objects by units. The largest file is first."""
    objects = {unit: os.path.join(folder, "%d.o" % i) for i, unit in enumerate(wanted)}

    def compile_one(unit):
        compiler.compile(unit.source, objects[unit], includes + list(unit.definitions))

    with ThreadPoolExecutor(processors()) as pool:
        by_size = sorted(objects, key=lambda unit: os.path.getsize(unit.source), reverse=True)
        list(pool.map(compile_one, by_size))
    return objects


def link_flags(compiler, libraries, static):
    if not static:
        return ["-l" + library for library in libraries]
    return [find_static(compiler, library) for library in libraries]


def find_static(compiler, library):
    paths = [compiler.find_file(name) for name in STATIC_LIBRARIES[library]]
    found = [path for path in paths if path is not None]
    if not found:
        fail("there is no static library %s" % " or ".join(STATIC_LIBRARIES[library]))
    return found[0]


def extension_name():
    return "_raw" + sysconfig.get_config_var("EXT_SUFFIX")


def link_extension(compiler, folder, output, objects, flags):
    """Link the extension so that it exports only its entry point, and no other copy replaces its symbols."""
    script = os.path.join(folder, "exports")
    with open(script, "w") as file:
        file.write("{ global: PyInit__raw; local: *; };\n")
    # -Wl would split a path at a comma.
    compiler.link(output, objects, "-shared", "-Xlinker", "--version-script=" + script, *flags)


def build_with_library(folder, output, static):
    """Build the extension with the library inside, and the programs that the library starts."""
    compiler = Compiler()
    compiler.need_header("stdio.h")
    compiler.need_header("Python.h", *python_includes())
    compiler.need_header("nettle/hmac.h")
    compiler.need_header("unistr.h")
    if static:
        compiler.need_header("uv.h")
    compiler.add_optional_flags()
    if static:
        compiler.user_link += ["-s"]

    extension = library_units("bin/shareable-reaper", "bin/shareable-manager") + extension_units()
    library = library_units("shareable-reaper", "shareable-manager")
    programs = {"reaper": library + units("tools/reaper/*.c"), "manager": library + units("tools/manager/*.c")}
    if not compiler.has_header("uv.h"):
        print("shareable: without SharedMemoryManager: there is no header uv.h (Debian: libuv1-dev)", flush=True)
        del programs["manager"]
    wanted = dict.fromkeys(extension + [unit for name in programs for unit in programs[name]])
    includes = ["-DSHAREABLE_API=", "-Icore/include", "-Icore/src", "-Ibindings/python", "-Ibindings/python/generated"]
    includes += python_includes()
    objects = compile_all(compiler, wanted, includes, folder)

    flags = link_flags(compiler, ["nettle", "unistring"], static)
    link_extension(compiler, folder, os.path.join(output, extension_name()), [objects[unit] for unit in extension], flags)
    for name in programs:
        path = os.path.join(output, "bin", "shareable-" + name)
        more = link_flags(compiler, ["uv"], static) + ["-lm", "-ldl", "-lrt"] if name == "manager" else []
        compiler.link(path, [objects[unit] for unit in programs[name]], "-pie", *(flags + more))


def pkg_config(*arguments):
    command = words_of("PKG_CONFIG", "pkg-config") + list(arguments) + ["shareable"]
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode().strip()
    except (OSError, subprocess.CalledProcessError) as error:
        fail("cannot find the installed library: set PKG_CONFIG_PATH to the directory of its shareable.pc (%s)" % error)


def runtime_directories(flags):
    """Return the directories of the library that the system's loader does not search by default."""
    default = ("/lib", "/usr/lib", "/usr/local/lib")
    directories = [flag[2:] for flag in flags if flag.startswith("-L")] or [pkg_config("--variable=libdir")]
    return [path for path in directories if not os.path.normpath(path).startswith(default)]


def build_for_system_library(folder, output):
    """Build the extension alone, for the installed library, which has its programs."""
    version = pkg_config("--modversion")
    if version != package_version():
        fail("the installed library has the version %s, and this package %s" % (version, package_version()))
    compiler = Compiler()
    compiler.need_header("stdio.h")
    compiler.need_header("Python.h", *python_includes())
    includes = ["-Ibindings/python", "-Ibindings/python/generated"] + shlex.split(pkg_config("--cflags")) + python_includes()
    objects = compile_all(compiler, extension_units(), includes, folder)
    flags = shlex.split(pkg_config("--libs"))
    flags += [word for path in runtime_directories(flags) for word in ("-Xlinker", "-rpath", "-Xlinker", path)]
    link_extension(compiler, folder, os.path.join(output, extension_name()), list(objects.values()), flags)


# The wheel


def platform_tag(static, files):
    tag = re.sub("[-.]", "_", sysconfig.get_platform())
    if sys.maxsize < 2 ** 32:  # a 32-bit Python on a 64-bit kernel
        tag = {"linux_x86_64": "linux_i686", "linux_aarch64": "linux_armv8l"}.get(tag, tag)
    if not static or not tag.startswith("linux_"):
        return tag
    from manylinux import reasons_against

    reasons = reasons_against(files)
    if not reasons:
        return tag.replace("linux_", "manylinux_2_34_", 1)
    print("shareable: the wheel works on this system only: " + "; ".join(reasons), flush=True)
    return tag


def python_tag():
    """Return the tag of this CPython, such as cp311-cp311, or cp313-cp313t without the GIL."""
    if sys.implementation.name != "cpython":
        fail("this is not CPython")
    abi = sysconfig.get_config_var("SOABI").split("-")[1]
    return "cp%d%d-cp%s" % (sys.version_info[0], sys.version_info[1], abi)


def notices():
    """Return the license texts of the static libraries from Debian's packages, as paths by names."""
    texts = {}
    for header in ("nettle/hmac.h", "unistr.h", "uv.h"):
        package = DEBIAN_PACKAGES[header]
        path = "/usr/share/doc/%s/copyright" % package
        if not os.path.exists(path):
            fail("the notices of %s are missing: there is no %s" % (package, path))
        texts[package + ".txt"] = path
        for name in re.findall(r"/usr/share/common-licenses/([A-Za-z]+(?:-\d+(?:\.\d+)?)?)", read_text(path)):
            texts[name + ".txt"] = "/usr/share/common-licenses/" + name
    return texts


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def package_files():
    return {"shareable/" + os.path.basename(path): path for pattern in PACKAGE_PATTERNS for path in glob.glob(os.path.join(PACKAGE, pattern))}


def built_files(output):
    return {
        "shareable/" + os.path.relpath(os.path.join(folder, name), output): os.path.join(folder, name)
        for folder, _, names in os.walk(output)
        for name in names
    }


def dist_info():
    return "shareable-%s.dist-info" % package_version()


def digest(data):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def write_wheel(path, contents, executables):
    """Write a zip file with the contents, which are bytes by names, and their list."""
    record = dist_info() + "/RECORD"
    lines = ["%s,%s,%d" % (name, digest(contents[name]), len(contents[name])) for name in sorted(contents)]
    contents = dict(contents, **{record: "\n".join(lines + [record + ",,", ""]).encode()})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(contents, key=lambda name: (".dist-info/" in name, name)):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name in executables else 0o100644) << 16
            archive.writestr(entry, contents[name])


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    static, system = setting(config_settings, "static"), setting(config_settings, "system-library")
    if static and system:
        fail("the settings static and system-library exclude each other")
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "output")
        if system:
            build_for_system_library(folder, output)
        else:
            build_with_library(folder, output, static)
        built = built_files(output)
        tag = "%s-%s" % (python_tag(), platform_tag(static, sorted(built.values())))
        contents = {name: read_bytes(path) for name, path in dict(package_files(), **built).items()}
    info = dist_info()
    licenses = {"LICENSE": "LICENSE"}
    if static:
        licenses.update(notices())
    for name, path in licenses.items():
        contents["%s/licenses/%s" % (info, name)] = read_bytes(path)
    contents[info + "/METADATA"] = package_metadata().encode()
    contents[info + "/WHEEL"] = ("Wheel-Version: 1.0\nGenerator: shareable_build\nRoot-Is-Purelib: false\nTag: %s\n" % tag).encode()
    name = "shareable-%s-%s.whl" % (package_version(), tag)
    write_wheel(os.path.join(wheel_directory, name), contents, set(built))
    return name


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    folder = os.path.join(metadata_directory, dist_info())
    os.makedirs(folder)
    with open(os.path.join(folder, "METADATA"), "w", encoding="utf-8") as file:
        file.write(package_metadata())
    return dist_info()


# The sdist


def source_files():
    """Return the files of the sdist, which are all files here, except generated ones."""
    found = []
    for folder, folders, names in os.walk("."):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        found += [os.path.relpath(os.path.join(folder, name)) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path != "PKG-INFO")


def build_sdist(sdist_directory, config_settings=None):
    """Write the sdist. Its bytes depend only on those of its files."""
    base = "shareable-" + package_version()
    contents = dict({path: read_bytes(path) for path in source_files()}, **{"PKG-INFO": package_metadata().encode()})
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(contents):
            entry = tarfile.TarInfo(base + "/" + path)
            entry.size, entry.mtime, entry.mode = len(contents[path]), TIMESTAMP, 0o644
            archive.addfile(entry, io.BytesIO(contents[path]))
    with open(os.path.join(sdist_directory, base + ".tar.gz"), "wb") as file:
        with gzip.GzipFile("", "wb", 9, file, TIMESTAMP) as compressed:
            compressed.write(packed.getvalue())
    return base + ".tar.gz"


def main(what, directory, *settings):
    build = {"sdist": build_sdist, "wheel": build_wheel}[what]
    print(os.path.join(directory, build(directory, dict.fromkeys(settings, "yes"))))


if __name__ == "__main__":
    main(*sys.argv[1:])
