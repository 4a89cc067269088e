"""Run shell commands in namespaces of their own, with a private /dev/shm, so that a test sees and changes only its own blocks."""

import os
import subprocess

import pytest
from command import COMMAND

# Ends without its reaper. Arguments: the prefix of the names, the number of blocks, their size, and "die" to die at once.
OWNER = """
import os, signal, sys
os.environ["SHAREABLE_REAPER"] = "/bin/true"
from shareable.shared_memory import SharedMemory
kept = [SharedMemory(name=f"{sys.argv[1]}{i}", create=True, size=int(sys.argv[3])) for i in range(int(sys.argv[2]))]
if sys.argv[4:]:
    os.kill(os.getpid(), signal.SIGKILL)
print("made", flush=True)
signal.pause()
"""

# Functions for the commands. `skip REASON` skips the test. `own` keeps its blocks until the namespaces end, `leave` leaves garbage. `without`
# runs a command without capabilities, as root in a container.
FUNCTIONS = """
shareable() { "$run_shareable" "$@"; }
python() { LD_PRELOAD=$preload "$run_python" "$@"; }
own() { python -c "$owner" "$@" >made & until grep -q made made 2>/dev/null; do kill -0 $! || exit; sleep 0.02; done; rm made; }
leave() { python -c "$owner" "$@" die 2>/dev/null || :; }
skip() { echo "$*"; exit 77; }
on_terminal() {
  script -qec true /dev/null >/dev/null 2>&1 || skip "no terminal can be created"
  columns=$1; shift; TERM=xterm script -qec "stty cols $columns rows 24; $run_shareable $*" /dev/null | tr -d '\\r'
}
as_other() { LD_PRELOAD=$preload setpriv --reuid 65533 --regid 65533 --clear-groups "$@"; }
without() {
  setpriv --bounding-set="$1" --inh-caps="$1" -- true 2>/dev/null || skip "no capability can be dropped"
  dropped=$1; shift; setpriv --bounding-set="$dropped" --inh-caps="$dropped" -- "$@"
}
needs_other() { as_other "$@" --version >/dev/null 2>&1 || skip "another user may not run $1"; }
"""

needs_python = pytest.mark.skipif(not os.environ.get("run_python"), reason="the Python binding, which owns blocks here, is not built")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


def in_machine(commands, cwd, shm="size=64m"):
    """Return the output of the commands. Skip the test if they exit by `skip`, or if this user may not create namespaces."""
    kept = dict(os.environ)
    preload = kept.pop("LD_PRELOAD", "")  # a sanitizer, which only Python needs
    environment = {**kept, "run_shareable": COMMAND, "owner": OWNER, "preload": preload, "LC_ALL": "C.UTF-8"}
    unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    unshare += [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    mount = f"mount -t tmpfs -o mode=1777,{shm} none /dev/shm"
    if subprocess.run([*unshare, "sh", "-c", mount], capture_output=True).returncode != 0:
        pytest.skip("this user may not create namespaces and mount file systems there")
    script = f"{mount}\n{FUNCTIONS}\n{commands}"
    ended = subprocess.run([*unshare, "sh", "-euc", script], capture_output=True, text=True, timeout=120, env=environment, cwd=cwd)
    if ended.returncode == 77:
        pytest.skip(ended.stdout.strip())
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
