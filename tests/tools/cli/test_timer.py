"""Test the units that run `shareable gc` by a timer. systemd itself does not run in the tests."""

import os
import re
import shutil
import subprocess

import pytest
from command import COMMAND
from machine import in_machine, needs_python, needs_root

FOLDER = os.path.join(os.environ["top_srcdir"], "tools/cli")


@pytest.fixture
def units(tmp_path):
    """Return a folder with both units, in which the service starts the tested command."""
    if not os.path.isdir(FOLDER):
        pytest.skip("the sources of the units are not here")
    service = open(f"{FOLDER}/shareable-gc.service.in").read()
    service, count = re.subn("^ExecStart=@bindir@/shareable ", f"ExecStart={COMMAND} ", service, flags=re.M)
    assert count == 1
    (tmp_path / "shareable-gc.service").write_text(service.replace("@docdir@", "/usr/share/doc/shareable"))
    shutil.copy(f"{FOLDER}/shareable-gc.timer", tmp_path)
    return tmp_path


def analyze(*arguments, cwd):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    ended = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, cwd=cwd)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def settings(units, name):
    return [line.partition("=")[2] for line in (units / "shareable-gc.service").read_text().splitlines() if line.startswith(f"{name}=")]


def test_systemd_accepts_the_units(units):
    assert analyze("verify", "--man=no", "./shareable-gc.service", "./shareable-gc.timer", cwd=units) == ""


def test_the_service_is_hardened(units):
    output = analyze("security", "--offline=true", "--no-pager", "--threshold=25", "./shareable-gc.service", cwd=units)
    assert re.search(r"Overall exposure level for shareable-gc.service: [0-2]\.\d", output)


def test_the_timer_belongs_to_the_service_and_is_enabled_by_timers_target(units):
    timer = (units / "shareable-gc.timer").read_text()
    assert "\n[Timer]\nOnBootSec=5min\nOnUnitActiveSec=15min\n" in timer and timer.endswith("\n[Install]\nWantedBy=timers.target\n")
    assert "[Install]" not in (units / "shareable-gc.service").read_text()


@needs_python
@needs_root
def test_the_capabilities_of_the_service_suffice_for_the_garbage_of_another_user(units):
    [capabilities] = settings(units, "CapabilityBoundingSet")
    wanted = "".join(f",+{each.removeprefix('CAP_').lower()}" for each in capabilities.split())
    [command] = settings(units, "ExecStart")
    output = in_machine(f"""
        needs_other "$run_python"; as_other "$run_python" -c "$owner" dead 1 4096 die 2>/dev/null || :
        (exec setpriv --reuid 65533 --regid 65533 --clear-groups sh -c 'exec sleep 100 </dev/shm/dead0') & sleep 0.5
        setpriv --bounding-set -all{wanted} {command}; ls -A /dev/shm; kill $!; wait $! || :
        setpriv --bounding-set -all{wanted} {command}; ls -A /dev/shm""", units)
    used, removed = output.split("NAME", 1)
    assert used == ".shareable-65533\ndead0\n"
    assert removed.endswith("\nremoved 1 block, 4.0K; kept 0 blocks, 0B\n")


@needs_python
def test_the_service_allows_the_system_calls_of_gc(units):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    listed = analyze("syscall-filter", "--no-pager", cwd=units)
    sets = {group.split("\n", 1)[0].strip(): re.findall(r"^    (@?\w[\w-]*)$", group, re.M) for group in re.split(r"^(?=@)", listed, flags=re.M)}

    def calls(name):
        return {name} if name[0] != "@" else set().union(*(calls(each) for each in sets[name]))

    allowed, removed = settings(units, "SystemCallFilter")
    allowed = set().union(*map(calls, [*allowed.split(), "@default"])) - set().union(*map(calls, removed[1:].split()))
    [command] = settings(units, "ExecStart")
    in_machine(f"leave dead 2 4096; shareable create lost 1; strace -f -qq -o trace {command}; test ! -e /dev/shm/dead0", units)
    made = set(re.findall(r"^\d+ +(\w+)\(", (units / "trace").read_text(), re.M))
    assert len(made) > 10 and made <= allowed, made - allowed
