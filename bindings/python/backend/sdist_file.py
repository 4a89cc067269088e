"""The sdist: a tar file of the sources."""

import calendar
import gzip
import io
import os
import pathlib
import tarfile

from metadata import DATE, package_metadata, package_version

TIMESTAMP = calendar.timegm(DATE)


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
    contents = dict({path: pathlib.Path(path).read_bytes() for path in source_files()}, **{"PKG-INFO": package_metadata().encode()})
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
