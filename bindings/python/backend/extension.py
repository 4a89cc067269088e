"""The compiled files of the package: the extension, and the programs that the library starts."""

import collections
import glob
import os
import shlex
import subprocess
import sysconfig
from concurrent.futures import ThreadPoolExecutor

from compiler import Compiler, processors
from metadata import package_version
from settings import fail, words_of

# The names under which distributions install a static library.
STATIC_LIBRARIES = {
    "nettle": ["libnettle.a"],
    "unistring": ["libunistring.a"],
    "uv": ["libuv.a", "libuv_a.a"],
}

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
