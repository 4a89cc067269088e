"""The machine and the versions of a run. They contain no host name and no path."""

import datetime
import glob
import os
import platform
import shutil
import subprocess

# The Debian packages of the subjects.
PACKAGES = (
    "libc6 gcc g++ python3 lua5.4 golang-go libboost-dev liblmdb0 python3-lmdb libsqlite3-0 redis-server libhiredis0.14"
    " libhiredis1.1.0 python3-redis python3-sysv-ipc python3-matplotlib"
).split()


def output_of(command):
    """Return the output of a program, or "" if the program does not exist."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def read(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return "unknown"


def field(path, name):
    lines = read(path).splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "unknown")


def versions():
    if not shutil.which("dpkg-query"):
        return {}
    form = "${Package}\t${Version}\t${db:Status-Status}\n"  # the version of a package that is not installed is empty
    rows = [line.split("\t") for line in output_of(["dpkg-query", "-W", "-f", form, *PACKAGES]).splitlines()]
    return {package: version for package, version, state in rows if state == "installed"}


def free(path):
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def memory_available():
    return int(field("/proc/meminfo", "MemAvailable").split()[0]) * 1024


def describe(commands):
    """Return the facts in the order of the page."""
    gibibytes = int(field("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    governors = {read(path) for path in glob.glob("/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")}
    huge = read("/sys/kernel/mm/transparent_hugepage/shmem_enabled")
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": field("/proc/cpuinfo", "model name"),
        "processors": f"{len(os.sched_getaffinity(0))} for this run, of {os.cpu_count()}"
        + (", virtual" if "hypervisor" in field("/proc/cpuinfo", "flags") else ""),
        "frequency governor": ", ".join(sorted(governors)) or "unknown",
        "memory": f"{gibibytes:.1f} GiB",
        "kernel": f"{platform.system()} {os.uname().release} {os.uname().machine}",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
        "load before the run": read("/proc/loadavg").split()[0],
        "huge pages of shared memory": huge,
        "reserved huge pages": read("/proc/sys/vm/nr_hugepages"),
        "compiler": output_of([commands["BENCH_CC"].split()[0], "--version"]).split("\n")[0] + ", " + commands["BENCH_CFLAGS"],
        "Python, for this library": output_of([commands.get("BENCH_PYTHON"), "--version"]) if commands.get("BENCH_PYTHON") else "not built",
        "Python, for the other subjects": platform.python_version(),
        "Lua": output_of([commands.get("BENCH_LUA"), "-v"]).split("  ")[0] if commands.get("BENCH_LUA") else "not built",
        "Go": output_of(["go", "version"]).removeprefix("go version "),
    }
