"""Tests the unit of systemd: its exposure, its directives, and that the manager works with them."""

import os
import re
import shutil
import subprocess

import pytest

from manager import BUILD, HERE, TIMEOUT

UNIT = BUILD / "tools" / "manager" / "shareable-manager.service"
EXPOSURE_MAX = 3.0
USER = 65530
COMMAND = os.environ.get("run_shareable") or str(BUILD / "tools" / "cli" / "shareable")
needs_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None,
                                   reason="systemd-analyze is not installed: the package systemd has it")


def unit_of(folder, *more):
    """Copies the unit, with the programs of the build."""
    text = UNIT.read_text()
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={BUILD}/tools/manager/shareable-manager", text, flags=re.M)
    lines = [f"Environment=SHAREABLE_REAPER={BUILD}/tools/reaper/shareable-reaper", *more]
    text = text.replace("\n[Install]", "\n" + "\n".join(lines) + "\n\n[Install]")
    (folder / UNIT.name).write_text(text)
    return folder / UNIT.name


@needs_analyze
def test_the_exposure_is_low():
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", UNIT], capture_output=True, text=True, timeout=TIMEOUT)
    if "offline" in done.stderr and "unrecognized" in done.stderr:
        pytest.skip("systemd-analyze is too old for --offline")
    [exposure] = re.findall(r"Overall exposure level for \S+: (\d+\.\d)", done.stdout)
    assert float(exposure) <= EXPOSURE_MAX, done.stdout


@needs_analyze
def test_systemd_knows_all_directives(tmp_path):
    done = subprocess.run(["systemd-analyze", "verify", "--user", "--man=no", unit_of(tmp_path)], capture_output=True, text=True,
                          timeout=TIMEOUT, env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")


SCRIPT = r"""
set -e
address=$XDG_RUNTIME_DIR/shareable/manager
systemctl --user start shareable-manager || { systemctl --user status --no-pager shareable-manager; exit 1; }
await() { tries=0; until "$@" || test $tries -ge 200; do sleep 0.05; tries=$((tries + 1)); done; }
await test -S "$address"
key=$(find "$HOME" -name authkey)
cat >"$HOME/client.py" <<'END'
import sys
from multiprocessing import resource_tracker
from multiprocessing.managers import SharedMemoryManager

manager = SharedMemoryManager(sys.argv[1], open(sys.argv[2], "rb").read())
manager.connect()
block = manager.SharedMemory(5000)
block.buf[:3] = b"abc"
resource_tracker.unregister(block._name, "shared_memory")
print(block.name)
END
name=$(/usr/bin/python3 "$HOME/client.py" "$address" "$key")
echo "content $(head -c 3 "/dev/shm/$name")"
pid=$(systemctl --user show --property=MainPID --value shareable-manager)
if test -x "$command"; then
  "$command" manager status "$address" | grep -E '^(BLOCKS|BYTES|STATE) '
  test "$("$command" manager status "$pid" | grep ADDRESS)" = "$("$command" manager status "$address" | grep ADDRESS)"
  "$command" ls --json "$name" | grep '"owner"' | grep -q "$pid" && echo "owned"
fi
grep -E '^(CapBnd|NoNewPrivs|Seccomp):' "/proc/$pid/status"
test "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" && echo "no network"
kill -KILL "$pid"
await test ! -e "/dev/shm/$name"
test ! -e "/dev/shm/$name" && echo "removed after SIGKILL"
restarted() { new=$(systemctl --user show --property=MainPID --value shareable-manager); test "$new" != 0 && test "$new" != "$pid"; }
await restarted
await /usr/bin/python3 -c 'import socket, sys; sys.exit(socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1]))' "$address"
name=$(/usr/bin/python3 "$HOME/client.py" "$address" "$key")
systemctl --user stop shareable-manager
test ! -e "/dev/shm/$name" && test ! -e "$address" && echo "removed at the end"
"""


def in_user_manager(unit, *command):
    """Runs the command as another user, with that user's service manager."""
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("needs root, unshare and setpriv, to run the service manager of another user")
    can_run = ["setpriv", "--reuid", str(USER), "--clear-groups", BUILD / "tools" / "manager" / "shareable-manager", "--version"]
    if subprocess.run(can_run, capture_output=True).returncode != 0:
        pytest.skip("another user cannot run the programs of the build")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        pytest.skip("no mount namespace can be created here")
    done = subprocess.run(["unshare", "--mount", HERE / "user_manager.sh", str(USER), unit, *command], capture_output=True, text=True,
                          timeout=2 * TIMEOUT, env={**os.environ, "command": COMMAND})
    if done.returncode == 77:
        pytest.skip("no service manager of a user can run here")
    return done


def can_create_user_namespace():
    command = ["setpriv", "--reuid", str(USER), "--clear-groups", "unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "x", "/mnt"]
    return subprocess.run(command, capture_output=True).returncode == 0


def check_service(done):
    lines = done.stdout.splitlines()
    for line in ("content abc", "NoNewPrivs:\t1", "Seccomp:\t2", "removed after SIGKILL", "removed at the end"):
        assert line in lines, done.stdout + done.stderr
    if os.path.exists(COMMAND):
        for line in ("STATE            running", "BLOCKS           1", "BYTES            4.9K", "owned"):
            assert line in lines, done.stdout + done.stderr
    assert not os.path.exists(f"/dev/shm/.shareable-{USER}")


def test_the_service_shares_blocks_with_its_sandbox(tmp_path):
    if not can_create_user_namespace():
        pytest.skip("users may not create user namespaces here")
    done = in_user_manager(unit_of(tmp_path), "sh", "-c", SCRIPT)
    check_service(done)
    assert "CapBnd:\t0000000000000000" in done.stdout and "no network" in done.stdout


def test_the_service_works_without_user_namespaces_as_the_manual_describes(tmp_path):
    page = (HERE.parents[2] / "core" / "man" / "shareable-manager.1.scd").read_text()
    drop_in = re.search(r"```\n\[Service\]\n(.*?)```", page, re.S)[1].splitlines()
    assert "PrivateUsers=no" in drop_in
    check_service(in_user_manager(unit_of(tmp_path, *drop_in), "sh", "-c", SCRIPT))
