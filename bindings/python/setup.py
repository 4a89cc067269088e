"""Builds the package for pip: pip install --no-build-isolation bindings/python

The library must be installed. pkg-config finds the library; PKG_CONFIG and PKG_CONFIG_PATH are
respected. SWIG generates the wrapper, unless generated/ contains it, as in a release; the variable
SWIG names the program. make and make install do not use this file.
"""

import os
import pathlib
import shlex
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent


def pkg_config(*arguments):
    command = [*shlex.split(os.environ.get("PKG_CONFIG", "pkg-config")), *arguments, "shareable"]
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"cannot find the library: install it, or set PKG_CONFIG_PATH to the directory of its shareable.pc ({error})")


def flags(option, prefix):
    """Return the values of the flags from pkg-config that begin with the prefix."""
    return [flag[len(prefix) :] for flag in shlex.split(pkg_config(option)) if flag.startswith(prefix)]


def swig(*arguments):
    command = [os.environ.get("SWIG", "swig"), "-python", "-builtin", *map(str, arguments)]
    try:
        subprocess.run(command, check=True)
    except OSError as error:
        sys.exit(f"cannot run SWIG, which generates the wrapper: install swig ({error})")


def runtime_directories():
    """Return the directories of the library that the system's loader does not search by default."""
    default = ("/lib", "/usr/lib", "/usr/local/lib")
    directories = flags("--libs-only-L", "-L") or [pkg_config("--variable=libdir")]
    return [path for path in directories if not os.path.normpath(path).startswith(default)]


class BuildExt(build_ext):
    def build_extension(self, extension):
        generated = HERE / "generated"
        if not (generated / "raw_wrap.c").exists():
            generated = pathlib.Path(self.build_temp).resolve() / "generated"
            generated.mkdir(parents=True, exist_ok=True)
            interface = TREE / "swig"
            includes = [f"-I{interface}", f"-I{TREE / 'core' / 'include'}"]
            swig("-Wall", *includes, "-outdir", generated, "-o", generated / "raw_wrap.c", interface / "python.i")
            swig("-external-runtime", generated / "swigpyrun.h")
        extension.include_dirs += [str(HERE), str(generated)]
        extension.sources.append(str(generated / "raw_wrap.c"))
        super().build_extension(extension)


raw = Extension(
    "shareable._raw",
    sources=sorted(path.name for path in HERE.glob("*.c")),
    include_dirs=flags("--cflags-only-I", "-I"),
    library_dirs=flags("--libs-only-L", "-L"),
    runtime_library_dirs=runtime_directories(),
    libraries=["shareable"],
    define_macros=[("SWIG_TYPE_TABLE", "shareable")],
    extra_compile_args=["-std=gnu11", "-fvisibility=hidden", "-fno-strict-aliasing", "-w"],
)

setup(
    name="shareable",
    version=pkg_config("--modversion"),
    description="multiprocessing.shared_memory in its own bytes, shared with programs in C, Lua and Go",
    license="MIT",
    python_requires=">=3.9",
    packages=["shareable"],
    package_data={"shareable": ["_raw.pyi", "py.typed"]},
    ext_modules=[raw],
    cmdclass={"build_ext": BuildExt},
)
