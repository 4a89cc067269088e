"""The package for pip, over a library that is installed already: pip install --no-build-isolation bindings/python

pkg-config says where the library is (PKG_CONFIG, PKG_CONFIG_PATH). SWIG (SWIG) writes the wrapper, unless it came with the
sources in generated/, as in a release. make and make install do without this file.
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
        sys.exit(f"the library is not found: install it, or name the folder of its shareable.pc in PKG_CONFIG_PATH ({error})")


def flags(option, prefix):
    """What stands behind the prefix in the flags that pkg-config answers."""
    return [each[len(prefix) :] for each in shlex.split(pkg_config(option)) if each.startswith(prefix)]


def swig(*arguments):
    command = [os.environ.get("SWIG", "swig"), "-python", "-builtin", *map(str, arguments)]
    try:
        subprocess.run(command, check=True)
    except OSError as error:
        sys.exit(f"SWIG is not found, and the wrapper did not come with the sources: install swig ({error})")


def find_folders():
    """The folders that the library is in and the system's loader does not search by itself."""
    usual = ("/lib", "/usr/lib", "/usr/local/lib")
    folders = flags("--libs-only-L", "-L") or [pkg_config("--variable=libdir")]
    return [each for each in folders if not os.path.normpath(each).startswith(usual)]


class BuildExt(build_ext):
    def build_extension(self, extension):
        made = HERE / "generated"
        if not (made / "raw_wrap.c").exists():
            made = pathlib.Path(self.build_temp).resolve() / "generated"
            made.mkdir(parents=True, exist_ok=True)
            interface = TREE / "swig"
            includes = [f"-I{interface}", f"-I{TREE / 'core' / 'include'}"]
            swig("-Wall", *includes, "-outdir", made, "-o", made / "raw_wrap.c", interface / "python.i")
            swig("-external-runtime", made / "swigpyrun.h")
        extension.include_dirs += [str(HERE), str(made)]
        extension.sources.append(str(made / "raw_wrap.c"))
        super().build_extension(extension)


raw = Extension(
    "shareable._raw",
    sources=sorted(each.name for each in HERE.glob("*.c")),
    include_dirs=flags("--cflags-only-I", "-I"),
    library_dirs=flags("--libs-only-L", "-L"),
    runtime_library_dirs=find_folders(),
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
