"""Test ls: all files are accounted for, the states are right, and the options choose and sort.

Most tests run in a mount namespace with a /dev/shm of their own, so that the sums are known.
"""

import json
import os
import re
import subprocess
import sys

import pytest
from command import COMMAND, blocks, on_terminal, run
from machine import in_machine, needs_python

MEGABYTE = 1 << 20

# Uses files as `steps` says, prints "ready", and waits until its standard input ends.
USER = """
import ctypes, mmap, os, signal, socket, sys, time
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: this program ends with the test
kept = []
def write(path, size):
    with open(path, "wb") as file: file.write(b"x" * size)
    return path
def opened(path): kept.append(open(path, "r+b")); return path
def mapped(path):
    with open(path, "r+b") as file: kept.append(mmap.mmap(file.fileno(), 0))
    return path
def mapped_only(path):  # without the descriptor that mmap keeps
    mapped(path)
    for each in os.listdir("/proc/self/fd"):
        if os.path.exists(f"/proc/self/fd/{each}") and os.path.samefile(f"/proc/self/fd/{each}", path): os.close(int(each))
    return path
def unlinked(path): os.unlink(path)
def bound(path): kept.append(socket.socket(socket.AF_UNIX)); kept[-1].bind(path)
"""


def in_own_shm(code, size="64m"):
    """Run Python code with a /dev/shm of its own, and return what it prints. Skip the test if that is not permitted."""
    prelude = f"import json, os, pty, subprocess, sys\nCOMMAND = {COMMAND!r}\nUSER = {USER!r}\n" + HELPERS
    script = f'mount -t tmpfs -o mode=1777,size={size} none /dev/shm && exec "$0" -c "$1"'
    environment = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
    ended = subprocess.run(
        ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount", "--propagation", "private", "sh", "-c", script, sys.executable, prelude + code],
        capture_output=True, text=True, timeout=60, env=environment,
    )  # fmt: skip
    if ended.returncode != 0 and re.search("unshare|mount|setpriv", ended.stderr) and "Traceback" not in ended.stderr:
        pytest.skip(f"file systems cannot be mounted: {ended.stderr.strip()}")
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


HELPERS = r"""
OTHER = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"]
users = []
def use(steps):
    started = subprocess.Popen([sys.executable, "-c", USER + steps + "\nprint('ready', flush=True); sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert started.stdout.readline() == b"ready\n"
    users.append(started)
    return started.pid
def ended():
    for each in users:
        each.communicate()
def ls(*arguments, inner=[]):
    done = subprocess.run([*inner, COMMAND, "ls", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
def rows(*arguments, **options):
    return {each["name"]: each for each in json.loads(ls("-J", *arguments, **options))["blocks"]}
def total(*arguments, **options):
    return json.loads(ls("-J", *arguments, **options))["total"]
def write(name, size):
    with open("/dev/shm/" + name, "wb") as file: file.write(b"x" * size)
def df():
    space = os.statvfs("/dev/shm")
    return (space.f_blocks - space.f_bfree) * space.f_frsize
"""


def test_every_file_is_a_row_and_the_sum_is_that_of_df():
    in_own_shm(r"""
write("block", 3 << 20); os.link("/dev/shm/block", "/dev/shm/again"); write(".hidden", 5 << 20); write("sem.x", 32)
os.makedirs("/dev/shm/folder/below"); write("folder/below/file", 7 << 20); os.link("/dev/shm/block", "/dev/shm/folder/same")
os.mkfifo("/dev/shm/pipe"); os.symlink("/etc/passwd", "/dev/shm/link"); os.mkdir("/dev/shm/.shareable-0", 0o700)
use('bound("/dev/shm/socket"); unlinked(opened(write("/dev/shm/gone", 2 << 20)))')
found, sums = rows(), total()
kinds = {name: row["kind"] for name, row in found.items()}
assert kinds == {"block": "raw", "again": "raw", ".hidden": "raw", "sem.x": "semaphore", "folder": "directory", "pipe": "fifo", "link": "link",
                 ".shareable-0": "log", "socket": "socket", "gone": None}, kinds
assert found["folder"]["size"] == found["folder"]["used"] == 10 << 20
assert found["gone"]["used"] == 2 << 20 and found["gone"]["state"] == "deleted"
assert sums == {"directory": "/dev/shm", "blocks": 4, "others": 6, "used": df(), "df_used": df(), "df_size": 64 << 20, "not_visible": 0}, sums
assert df() == (17 << 20) + 4096
assert ls().splitlines()[-1] == "4 blocks, 6 other files, 17M of 17M used in /dev/shm (df: 27%)"
assert ls("-n").count("\n") == ls("-r").count("\n") - 1 == 10
names = subprocess.run([COMMAND, "ls", "-z"], stdout=subprocess.PIPE).stdout.split(b"\0")
assert sorted(names) == [b"", b"again", b"block", b"sem.x"]
ended()
""")


def test_a_directory_in_another_file_system_is_not_counted():
    in_own_shm(r"""
os.mkdir("/dev/shm/mounted"); subprocess.run(["mount", "-t", "tmpfs", "none", "/dev/shm/mounted"], check=True)
write("mounted/file", 4 << 20); os.mkdir("/dev/shm/loop"); os.symlink("..", "/dev/shm/loop/up")
found = rows()
assert found["mounted"]["used"] == found["loop"]["used"] == 0, found
assert total()["not_visible"] == total()["used"] == 0
""")


def test_a_directory_with_too_many_levels_is_reported():
    in_own_shm(r"""
os.chdir("/dev/shm")
for _ in range(3000): os.mkdir("d"); os.chdir("d")
with open("file", "wb") as file: file.write(b"x" * (1 << 20))
os.chdir("/")
found = rows()["d"]
assert found["state"] == "unknown" and "levels" in found["reason"] and found["used"] == 0
assert total()["not_visible"] == 1 << 20 and "1.0M not visible to UID 0" in ls().splitlines()[-1]
""")


def test_states_tell_mapped_from_open():
    in_own_shm(r"""
pid = use('mapped(write("/dev/shm/a", 9)); opened(write("/dev/shm/b", 9)); write("/dev/shm/c", 9); unlinked(mapped(write("/dev/shm/d", 9)))')
os.mkdir("/dev/shm/folder"); os.mkfifo("/dev/shm/pipe")
use('opened(write("/dev/shm/folder/file", 9)); kept.append(os.open("/dev/shm/pipe", os.O_RDWR))')
found = rows()
states = {name: row["state"] for name, row in found.items()}
assert states == {"a": "used", "b": "open", "c": "unowned", "d": "deleted", "folder": "open", "pipe": "open"}, states
assert found["a"]["users"] == [pid] and found["c"]["users"] == [] and found["folder"]["users"] == [users[1].pid]
assert found["a"]["command"] == [open(f"/proc/{pid}/comm").read()[:-1]] and found["c"]["command"] == []
assert f" {pid} {found['a']['command'][0]} " in ls("a") and ls("-rn", "-o", "USERS", "a") == f"{pid}\n"
assert sorted(rows("--state", "used,deleted")) == ["a", "d"] and "REASON" not in ls()
ended()
""")


@needs_python
def test_a_dead_owner_is_shown_as_ended_while_another_process_uses_the_block(tmp_path):
    printed = in_machine(
        """
leave open- 1 4096; leave mapped- 1 4096; leave free- 1 4096; own alive- 1 4096
exec 3</dev/shm/open-0
"$run_python" -c 'import mmap, time; file = open("/dev/shm/mapped-0", "r+b"); kept = mmap.mmap(file.fileno(), 0); print("mapped", flush=True); time.sleep(600)' >is-mapped 3<&- &
until grep -q mapped is-mapped 2>/dev/null; do kill -0 $!; sleep 0.02; done
shareable ls -o NAME,OWNER,STATE -n 'open-*' 'mapped-*' 'free-*'
shareable ls -J 'open-*' | grep -o '"owner": *[a-z0-9]*'
shareable ls -rn -o OWNER,OWNERCMD 'alive-*'
""",
        tmp_path,
    )
    *rows, owner, alive = printed.splitlines()
    assert [row.split() for row in rows] == [["free-0", "ended", "orphaned"], ["mapped-0", "ended", "used"], ["open-0", "ended", "open"]]
    assert owner.replace(" ", "") == '"owner":null' and re.fullmatch(r"\d+ \S+", alive)


def test_the_memory_of_a_deleted_block_without_a_descriptor_is_counted():
    in_own_shm(r"""
use('write("/dev/shm/gone", 2 << 20); os.truncate("/dev/shm/gone", 9 << 20); unlinked(mapped_only("/dev/shm/gone"))')
gone, sums = rows()["gone"], total()
assert gone["state"] == "deleted" and gone["size"] == 9 << 20
if gone["reason"] is None:
    assert gone["used"] == sums["used"] == 2 << 20
else:  # this user may not see the file of a mapping, so its size is an estimate
    assert gone["reason"] == "only root can see how much memory it uses"
    assert gone["used"] == 9 << 20 and sums["used"] == sums["df_used"] == 2 << 20
assert sums["not_visible"] == 0
ended()
""")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can read the file of a mapping")
@pytest.mark.parametrize("how", ["mapped", "mapped_only"])
def test_the_size_of_a_deleted_block_is_that_of_its_file_for_root(how):
    in_own_shm(f"""
use('unlinked({how}(write("/dev/shm/gone", 5000)))')
assert rows()["gone"]["size"] == 5000
ended()
""")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_user_is_told_what_it_cannot_see():
    in_own_shm(r"""
write("mine", 1 << 20); os.chmod("/dev/shm/mine", 0o644); os.mkdir("/dev/shm/private", 0o700); write("private/file", 3 << 20)
use('unlinked(opened(write("/dev/shm/gone", 5 << 20)))')
os.mkdir("/dev/shm/theirs"); os.chown("/dev/shm/theirs", 65533, 65533); write("theirs/file", 1 << 20)
found = rows(inner=OTHER)
assert found["mine"]["state"] == "unknown" and found["mine"]["reason"] == "only root can see its owner and all its users"
assert found["mine"]["users"] is None and found["mine"]["command"] is None and ls("-rn", "-o", "USERS", "mine", inner=OTHER) == "?\n"
assert rows()["mine"]["users"] == [] == rows()["mine"]["command"] and "?" not in ls("-o", "NAME,USERS", "mine")
assert found["private"]["reason"].startswith("this user cannot read all that is in it") and found["private"]["state"] == "unknown"
assert total(inner=OTHER)["not_visible"] == 8 << 20 and total(inner=OTHER)["used"] == 2 << 20
assert ls(inner=OTHER).splitlines()[-1] == "1 block, 2 other files, 2.0M of 10M used in /dev/shm (df: 16%), 8.0M not visible to UID 65533"
assert ls("-k", "raw", inner=OTHER).splitlines()[-1] == "1 block, 1.0M of 10M used in /dev/shm (df: 16%), 8.0M not visible to UID 65533"
assert total("--state", "unowned", inner=OTHER)["not_visible"] == 8 << 20 and total("mine", inner=OTHER)["not_visible"] is None
assert "REASON" in ls(inner=OTHER).splitlines()[0] and "REASON" not in ls("-r", inner=OTHER)
assert total()["not_visible"] == 0 and total()["used"] == 10 << 20
ended()
""")


CHURN = """
import os, random, time
for number in range(10 ** 9):
    path = f"/dev/shm/churn-{os.getpid()}-{number}"
    write(path, random.randrange(1 << 20))
    if number % 3 == 0: unlinked(mapped(path)); del kept[:-3]
    elif number % 3 == 1: os.rename(path, path + "x"); unlinked(path + "x")
    else: unlinked(path)
"""


def test_the_sums_are_right_while_files_come_and_go():
    in_own_shm(rf"""
churn = [subprocess.Popen([sys.executable, "-c", USER + {CHURN!r}]) for _ in range(2)]
write("kept", 1 << 20)
try:
    wrong = []
    for _ in range(25):
        found = json.loads(ls("-J")); sums = found["total"]
        assert sums["used"] <= sums["df_used"] and "kept" in [each["name"] for each in found["blocks"]]
        wrong += [sums] if sums["not_visible"] else []
    assert len(wrong) <= 2, wrong  # on a busy machine, the kernel may take long to free a file
finally:
    for each in churn: each.kill(); each.wait()
sums = total()
assert sums["used"] == df() and sums["not_visible"] == 0
""")


def test_commands_that_check_the_same_blocks_do_not_seem_to_use_them():
    in_own_shm(r"""
for number in range(100): write(f"block-{number}", 9)
script = 'while :; do "$0" ls >/dev/null; done'
others = [subprocess.Popen(["sh", "-c", script, COMMAND]) for _ in range(2)]
try:
    for _ in range(15):
        found = rows().values()
        wrong = [row for row in found if row["kind"] != "raw" or row["state"] != ("open" if row["users"] else "unowned")]
        assert len(found) == 100 and wrong == [], wrong
finally:
    for each in others: each.kill(); each.wait()
""")


def test_a_writer_that_waits_for_a_reader_of_a_fifo_is_not_woken():
    in_own_shm(r"""
os.mkfifo("/dev/shm/pipe")
writer = subprocess.Popen(["sh", "-c", "echo >/dev/shm/pipe"])
for arguments in ([], ["pipe"], ["p*"], ["-z"]):
    ls(*arguments)
try:
    writer.wait(0.3)
    sys.exit("the writer was woken")
except subprocess.TimeoutExpired:
    os.close(os.open("/dev/shm/pipe", os.O_RDONLY))
writer.wait()
""")


def test_blocks_are_chosen_by_state_kind_user_and_size(name):
    run("create", name + "-list", 1, 2)
    run("create", "--size", "2M", name + "-raw")
    pattern = name + "-*"
    assert set(blocks(pattern)) == {name + "-list", name + "-raw"}
    assert set(blocks("--kind", "list", pattern)) == {name + "-list"}
    assert set(blocks("--kind", "raw,semaphore", pattern)) == {name + "-raw"}
    for size in ("1M", "1m", "1025k", "2048K", "0.001g"):
        assert set(blocks("--min-size", size, pattern)) == {name + "-raw"}
    assert set(blocks("--min-size", "2049k", pattern)) == set()
    assert set(blocks("--user", str(os.geteuid()), pattern)) == {name + "-list", name + "-raw"}
    assert set(blocks("--user", "12345", pattern)) == set()
    assert set(blocks("--state", "orphaned", pattern)) == set()
    assert set(blocks("--state", "unowned,unknown", pattern)) == {name + "-list", name + "-raw"}
    assert set(blocks("--state", "UNOWNED,Unknown", "--kind", "RAW", "--min-size", "1.5M", pattern)) == {name + "-raw"} and set(blocks("--min-size", "2.1M", pattern)) == set()
    assert set(blocks("--min-size", "2048.0K", pattern)) == set(blocks("--min-size", "0x800K", pattern)) == {name + "-raw"}
    for size in ("", ".", "K", ".K", "1.5", "1..2M", "1e3K", "-1K", "0K", "infK", "8388608T"):
        assert f"'{size}' is not a valid size" in run("ls", "--min-size", size, status=2)
    for option, value, noun in (("state", "live", "state"), ("kind", "lists", "kind"), ("user", "no-such-user", "user"), ("min-size", "1X", "size"), ("sort", "color", "sort")):
        assert noun in run("ls", f"--{option}", value, status=2) and value in run("ls", f"--{option}", value, status=2)


def test_a_name_may_be_a_pattern_or_contain_its_characters(name):
    for end in ("-a", "-b", "-[ab]"):
        run("create", name + end, 1)
    assert set(blocks(name + "-?")) == {name + "-a", name + "-b"}
    assert set(blocks(name + "-[ab]")) == {name + "-[ab]"}  # a file with exactly that name
    assert set(blocks("/" + name + "-[a]", name + "-a", name + "-a")) == {name + "-a"}
    assert run("ls", "-n", "-o", "NAME", name + "-a", name + "-?").split() == [name + "-a", name + "-b"]
    assert f"no block matches '{name}-z*'" in run("ls", name + "-z*", name + "-a", status=1)
    assert run("info", name + "-[!b[]").startswith(f"NAME      {name}-a\n")


def test_a_deleted_block_is_found_by_its_name():
    in_own_shm(r"""
use('unlinked(mapped(write("/dev/shm/gone", 9))); unlinked(opened(write("/dev/shm/.hid\\\\den", 9))); unlinked(opened(write("/dev/shm/twice", 8)))')
write("live", 1); write("twice", 1); write("hidden", 1)
for names in (["gone"], ["/gone"], ["gone", "gone"], ["gone", "g*"]):
    assert [row["state"] for row in json.loads(ls("-J", *names))["blocks"]] == ["deleted"], names
assert sorted(rows("gone", "live", r".hid\den")) == [r".hid\den", "gone", "live"]
assert [row["size"] for row in json.loads(ls("-J", "twice"))["blocks"]] == [1]
assert "deleted" in subprocess.run([COMMAND, "info", "gone"], capture_output=True, text=True, check=True).stdout
missing = subprocess.run([COMMAND, "ls", "gone", r"hi\dden", "none", "n*"], capture_output=True, text=True)
assert missing.returncode == 1 and "gone" in missing.stdout and "hidden" not in missing.stdout
assert missing.stderr.count("there is no block called") == 2 and "no block matches 'n*'" in missing.stderr
ended()
""")


def test_a_dot_at_the_start_of_a_name_must_be_in_the_pattern(name):
    with open(f"/dev/shm/.{name}", "xb"):
        pass
    try:
        assert f".{name}" in blocks(f".{name}*") and f".{name}" in blocks() and f"no block matches '?{name}'" in run("ls", f"?{name}", status=1)
        assert run("info", f".{name}").startswith(f"NAME      .{name}\nKIND      raw\n")
    finally:
        os.unlink(f"/dev/shm/.{name}")


def test_blocks_are_sorted_in_both_directions(name):
    for end, size in (("-b", "8K"), ("-a", "4K"), ("-c", "8K")):
        run("create", "--size", size, name + end)
    shown = lambda *arguments: [line[-1] for line in run("ls", "-n", "-o", "NAME", *arguments, name + "-*").splitlines()]
    assert shown() == ["a", "b", "c"] and shown("--reverse") == ["c", "b", "a"]
    assert shown("--sort", "size") == ["b", "c", "a"] and shown("-x", "used", "-R") == ["a", "c", "b"]
    user = subprocess.Popen(["sleep", "60"], stdin=open(f"/dev/shm/{name}-c"))
    assert shown("-x", "users") == ["c", "a", "b"] and sorted(shown("-x", "age")) == ["a", "b", "c"]
    user.kill()
    user.wait()


def test_columns_are_added_to_the_default(name):
    run("create", name, 1)
    default = run("ls", "-r", name).split("\n")[0].split()
    assert run("ls", "-r", "-o", "+mode,USER,SIZE", name).split("\n")[0].split() == [*default, "MODE", "USER"]
    assert "unknown column 'x'" in run("ls", "-o", "+x", name, status=2)
    assert run("ls", "-n", "-o", "MODE,USER", name).split()[0] == "0600"


@pytest.mark.parametrize("columns", [80, 120])
def test_lines_fit_the_terminal_whatever_is_in_them(name, columns):
    hostile = [f"test-cli-{os.getpid()}-{end}" for end in ("n" * 200, "漢" * 60, "\x1b[31mred", "a\nb\tc", "x" * 30)]
    for each in hostile:
        run("create", each, 1, 2)
    holders = [subprocess.Popen(["/usr/bin/python3", "-c", HOLDER, f"/dev/shm/{hostile[0]}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(5)]
    for each in holders:
        each.stdout.readline()
    for arguments in ([], ["-o", "+USER,MODE,SYNC,COMMAND,OWNERCMD"]):
        lines = on_terminal("ls", *arguments, f"test-cli-{os.getpid()}-*", columns=columns, environment={"LC_ALL": "C.UTF-8"}).split("\r\n")
        shown = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines if line]
        assert len(shown) == len(hostile) + 2 or columns == 80 and arguments, shown
        for line in shown if not arguments or columns == 120 else []:
            assert sum(2 if each == "漢" else 1 for each in line) <= columns, line
        assert all(re.search(r" (used|unowned|unknown)( |$)", line) for line in shown[1 : len(hostile) + 1]) or arguments
        assert not any("\x1b" in line for line in shown)
    for each in holders:
        each.communicate()


HOLDER = """
import mmap, os, sys
mapped = mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 0)
open("/proc/self/comm", "w").write("a,1 init\\x1b[31m")
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_command_with_a_comma_is_not_two_processes(name):
    run("create", name, 1)
    with subprocess.Popen(["/usr/bin/python3", "-c", HOLDER, f"/dev/shm/{name}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        assert run("ls", "-n", "-o", "USERS", name) == f"{holder.pid} a?1 init\\x1b[31m\n"
        assert blocks(name)[name]["command"] == ["a,1 init\x1b[31m"]
        holder.stdin.close()


CONTAINER = r"""
inner = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c",
    'mount -t tmpfs -o mode=1777,size=32m none /dev/shm && head -c 3M /dev/zero >/dev/shm/in && mkdir /dev/shm/d && exec 9</dev/shm/in && echo ready && exec cat'],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
assert inner.stdout.readline() == b"ready\n"
"""


def test_the_directory_of_another_mount_namespace_is_listed():
    in_own_shm(CONTAINER + r"""
pid = str(inner.pid)
write("out", 5)
for arguments in (["--pid", pid], ["--directory", f"/proc/{pid}/root/dev/shm"]):
    found = json.loads(ls("-J", *arguments))
    assert [(each["name"], each["state"], each["users"]) for each in found["blocks"]] == [("d", "unowned", []), ("in", "open", [inner.pid])], found
    assert found["total"]["df_used"] == found["total"]["used"] == 3 << 20 and found["total"]["df_size"] == 32 << 20
assert ls("-p", pid).splitlines()[-1] == f"1 block, 1 other file, 3.0M of 3.0M used in /dev/shm of process {pid} (df: 10%)"
assert ls("-z", "-p", pid) == "in\0"
info = subprocess.run([COMMAND, "info", "-p", pid, "in"], capture_output=True, text=True).stdout
assert f"USERS     {pid} cat\n" in info and "STATE     open\n" in info
os.symlink("/", f"/proc/{pid}/root/dev/shm/up")
assert sorted(rows("-p", pid, "-d", "/dev/shm/up/dev/shm")) == ["d", "in", "up"]  # within the root directory of the process
inner.communicate()
""")


def test_a_directory_that_is_not_shared_memory_is_refused(tmp_path):
    assert "'/proc' is not on a tmpfs" in run("ls", "--directory", "/proc", status=1)
    assert "no/where': No such file or directory" in run("ls", "--directory", tmp_path / "no/where", status=1)
    assert "there is no process 2147483647" in run("ls", "--pid", 2147483647, status=1)
    for pid in ("0", "-1", "x", "99999999999"):
        assert "is not a valid pid" in run("ls", "--pid", pid, status=2)


def test_without_proc_the_states_are_unknown(tmp_path):
    printed = in_machine(
        """
mkdir -m 700 /dev/shm/.shareable-0 /dev/shm/folder; mkfifo /dev/shm/pipe; ln -s pipe /dev/shm/link; shareable create used 1; shareable create free 1
exec 3<>/dev/shm/pipe 4</dev/shm/used
mount -t tmpfs none /proc
shareable --version >/dev/null 2>&1 || skip "the program does not run without /proc: a sanitizer needs it"
shareable ls -n -o NAME,STATE,REASON
shareable ls -p 1 2>&1 || echo "status $?"
shareable info -p 1 free 2>&1 || echo "status $?"
shareable rm used 2>&1 || echo "status $?"
""",
        tmp_path,
    )
    *rows, error, status, error_of_info, _, error_of_rm, _ = printed.splitlines()
    states = {row.split()[0]: row.split(maxsplit=1)[1] for row in rows}
    unseen = "unknown /proc is not mounted: no process can be seen"
    assert states == {".shareable-0": unseen, "folder": unseen, "pipe": unseen, "link": "unowned", "free": "unowned",
                      "used": "used    /proc is not mounted: the process that uses it is not visible"}  # fmt: skip
    assert error == "shareable ls: cannot look into process 1: /proc is not mounted" and status == "status 1"
    assert error_of_info == error.replace("ls", "info")
    assert error_of_rm == "shareable rm: block 'used' is in use by processes that cannot be seen, because /proc is not mounted: --force removes it"


def test_a_process_that_has_ended_cannot_be_looked_into():
    with subprocess.Popen(["true"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert run("ls", "-p", ended.pid, status=1) == f"shareable ls: process {ended.pid} has ended, and its parent has not waited for it\n"


def test_the_kind_is_that_of_the_list_that_opens(name):
    """The kind is found without a mapping: compare it with opening the list."""
    run("create", name, 1, 2.5, "text")
    run("create", "--no-sync", name + "-plain", 1, "x" * 5000)
    long = name + "-long"
    run("create", long, *range(3000))
    whole = open(f"/dev/shm/{name}", "rb").read()
    area = whole.index(b"shr.sync")
    changed = {"-magic": whole.replace(b"shr.sync", b"shr.sink"), "-newer": whole[: area + 8] + b"\x09" + whole[area + 9 :], "-cut": whole[:40], "-short": whole[:8], "-empty": b"",
               "-zeros": bytes(4096), "-none": bytes(16), "-count": b"\xff" * 8 + whole[8:], "-corrupt": whole[: area + 16] + b"\xff" * 8 + whole[area + 24 :]}  # fmt: skip
    for end, data in changed.items():
        with open(f"/dev/shm/{name}{end}", "wb") as file:
            file.write(data)
    for each, row in blocks(name + "*").items():
        opens = subprocess.run([COMMAND, "dump", each], capture_output=True).returncode == 0
        assert (row["kind"] == "list") == (opens and not each.endswith("-zeros")), (each, row)
        assert (row["items"] is not None) == (row["kind"] == "list")
    sync = {each: row["sync"] for each, row in blocks("-o", "NAME,SYNC", name, name + "-plain", long).items()}
    assert sync == {name: True, name + "-plain": False, long: True}
