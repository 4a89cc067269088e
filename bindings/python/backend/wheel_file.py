"""The wheel: its tag, its notices and its zip file."""

import base64
import glob
import hashlib
import os
import pathlib
import re
import sys
import sysconfig
import tempfile
import zipfile

from compiler import DEBIAN_PACKAGES
from extension import build_for_system_library, build_with_library
from manylinux import reasons_against
from metadata import DATE, package_metadata, package_version
from settings import fail, setting

PACKAGE = "bindings/python/shareable"
PACKAGE_PATTERNS = ("*.py", "*.pyi", "py.typed")


def platform_tag(static, files):
    tag = re.sub("[-.]", "_", sysconfig.get_platform())
    if sys.maxsize < 2 ** 32:  # a 32-bit Python on a 64-bit kernel
        tag = {"linux_x86_64": "linux_i686", "linux_aarch64": "linux_armv8l"}.get(tag, tag)
    if not static or not tag.startswith("linux_"):
        return tag
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
        path = pathlib.Path("/usr/share/doc/%s/copyright" % package)
        if not path.exists():
            fail("the notices of %s are missing: there is no %s" % (package, path))
        texts[package + ".txt"] = path
        for name in re.findall(r"/usr/share/common-licenses/(\w+(?:[-.]\w+)*)", path.read_text(encoding="utf-8")):
            texts[name + ".txt"] = "/usr/share/common-licenses/" + name
    return texts


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
        contents = {name: pathlib.Path(path).read_bytes() for name, path in dict(package_files(), **built).items()}
    info = dist_info()
    licenses = {"LICENSE": "LICENSE"}
    if static:
        licenses.update(notices())
    for name, path in licenses.items():
        contents["%s/licenses/%s" % (info, name)] = pathlib.Path(path).read_bytes()
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
