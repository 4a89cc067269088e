"""Test the checks of `shareable doctor`, in namespaces with prepared files in place of those of /proc, /sys, /run and /etc."""

import json
import os
import re
import subprocess

import pytest
from command import COMMAND, on_terminal, run
from machine import in_machine, needs_python, needs_root


def doctor(commands, cwd, check, shm="size=256m", how="shareable doctor"):
    """Return the verdict, and what was found and advised, in one line."""
    output = in_machine(f"{commands}\n{how} || true", cwd, shm)
    found = re.search(rf"^(ok|note|wrong) +{re.escape(check)}  +((?:.*\n)(?:    .*\n)*)", output, re.M)
    assert found, output
    return f"{found[1]}: {' '.join(found[2].split())}"


# Commands that replace a file of /proc/PID for a process, and then run doctor in that process.
def as_process(name, text):
    return f"""printf '{text}' >fake; sh -c 'mount --bind fake /proc/$$/{name}; exec "$run_shareable" doctor'"""


# Directories in which a test can create files, for this namespace only.
LOGIND = """
for folder in /etc/systemd /run /var/lib/systemd; do test -d $folder || skip "there is no $folder"; mount -t tmpfs none $folder; done
mkdir -p /run/systemd/users /run/systemd/logind.conf.d /etc/systemd/logind.conf.d /var/lib/systemd/linger
printf 'root:x:0:0::/:/bin/sh\\nsystem:x:900:900::/:/bin/sh\\nalice:x:1000:1000::/:/bin/sh\\nbob:x:1001:1001::/:/bin/sh\\n' >passwd
mount --bind passwd /etc/passwd
"""


def test_each_result_has_a_verdict_and_an_advice_if_it_is_not_ok():
    ended = subprocess.run([COMMAND, "doctor", "--json"], capture_output=True, text=True)
    results = json.loads(ended.stdout)["checks"]
    found = {each["check"]: each for each in results}
    assert {"directory", "space", "inodes", "new blocks", "owners", "mount", "containers", "/proc", "huge pages"} <= found.keys()
    assert {"logout", "cgroup", "open files", "reaper", "garbage", "other files"} <= found.keys() and len(found) == len(results)
    assert all((each["verdict"] == "ok") == (each["advice"] is None) for each in results)
    assert all(each["verdict"] in ("ok", "note", "wrong") and each["found"] for each in results)
    assert ended.returncode == any(each["verdict"] == "wrong" for each in results)
    assert found["new blocks"]["verdict"] == found["reaper"]["verdict"] == "ok"


def test_a_wrong_result_is_a_failure():
    environment = {**os.environ, "SHAREABLE_REAPER": "/nonexistent/reaper"}
    ended = subprocess.run([COMMAND, "doctor"], capture_output=True, text=True, env=environment)
    assert ended.returncode == 1 and re.search(r"^[1-9] wrong, \d+ to note, \d+ ok$", ended.stdout, re.M)
    assert re.search(r"^wrong  reaper .*/nonexistent/reaper:", ended.stdout, re.M)


def test_quiet_prints_only_what_is_wrong_or_to_note():
    environment = {**os.environ, "SHAREABLE_REAPER": "/nonexistent/reaper"}
    ended = subprocess.run([COMMAND, "doctor", "--quiet"], capture_output=True, text=True, env=environment)
    assert ended.returncode == 1 and "\nwrong  reaper" in f"\n{ended.stdout}"
    assert [line for line in ended.stdout.splitlines() if line[:6] not in ("wrong ", "note  ", "      ")] == []


@pytest.mark.parametrize("columns", [80, 120])
def test_lines_fit_a_terminal(columns):
    plain = re.sub("\033\\[[0-9;]*m", "", on_terminal("doctor", columns=columns)).replace("\r", "")
    assert [line for line in plain.splitlines() if len(line) > 80 and "/shareable-" not in line] == []  # a path is not broken
    assert run("doctor", "--help").startswith("Usage: shareable doctor [OPTION]...\n")


def test_a_tools_only_installation_has_no_false_alarm(tmp_path):
    """Neither the library nor the reaper is installed, and the machine is in its usual state."""
    commands = "mount -t tmpfs none /run; mount -t tmpfs none /sys/fs/cgroup; unset SHAREABLE_REAPER; shareable doctor --quiet"
    checks = re.findall(r"^(?:wrong|note) +(\S+)", in_machine(commands, tmp_path, "size=256m"), re.M)
    assert checks in (["mount"], ["mount", "capability"])  # the test runs in a container


# The directory

def test_a_full_file_system_is_wrong(tmp_path):
    found = doctor("head -c 60K /dev/zero >/dev/shm/full", tmp_path, "space", "size=64k")
    assert found.startswith("wrong: 64K, 4.0K of it free 'shareable ls --sort used' lists")


def test_a_block_cannot_be_created_in_a_full_file_system(tmp_path):
    fill = "head -c 1M /dev/zero >/dev/shm/full || :"
    found = doctor(fill, tmp_path, "new blocks", "size=64k")
    assert found == "wrong: no memory can be allocated: No space left on device there is no space left: see above"
    assert doctor("", tmp_path, "new blocks", "size=64k") == "ok: can be created, allocated and locked"
    limited = doctor("", tmp_path, "new blocks", how="ulimit -f 0; shareable doctor | cat")
    assert limited.startswith("wrong: no memory can be allocated: File too large")


def test_a_directory_without_free_inodes_is_wrong(tmp_path):
    commands = "for i in 1 2 3 4 5 6 7 8 9; do : >/dev/shm/f$i; done"
    assert doctor("", tmp_path, "inodes", "nr_inodes=20").startswith("ok: ")
    found = doctor(commands, tmp_path, "inodes", "nr_inodes=10")
    assert found == "wrong: 0 of 10 free too many files: run 'shareable gc', or mount -o remount,nr_inodes=NUMBER /dev/shm"
    assert doctor(commands, tmp_path, "new blocks", "nr_inodes=10").startswith("wrong: No space left on device there is no space or no inode")
    assert doctor("", tmp_path, "inodes", "nr_inodes=0") == "ok: unlimited"


def test_a_block_that_gets_no_inode_is_explained(tmp_path):
    fill = ": >/dev/shm/f1; : >/dev/shm/f2; : >/dev/shm/f3"
    assert doctor(fill, tmp_path, "inodes", "nr_inodes=4").startswith("wrong: 0 of 4 free too many files")
    found = in_machine(f"{fill}; shareable create x 1 2>&1 || true", tmp_path, "nr_inodes=4")
    assert found == "shareable create: 'x' needs an inode, but /dev/shm has none of its 4 inodes free: remove files there, or mount it with a larger nr_inodes\n"


@needs_python
def test_an_ownership_log_that_gets_no_inode_is_explained(tmp_path):
    found = in_machine("python -c \"$owner\" mine 1 4096 2>&1 || true", tmp_path, "nr_inodes=2")
    assert "the ownership log needs an inode, but /dev/shm has none of its 2 inodes free" in found


def test_the_mode_of_the_directory_is_checked(tmp_path):
    assert doctor("chmod 755 /dev/shm", tmp_path, "directory") == "wrong: tmpfs, mode 0755 chmod 1777 /dev/shm"


def test_a_directory_that_is_read_only_or_a_file_is_explained(tmp_path):
    found = doctor("mount -t tmpfs -o ro,mode=1777 none /dev/shm", tmp_path, "new blocks")
    assert found == "wrong: Read-only file system mount -o remount,rw /dev/shm"
    found = doctor("mount -t tmpfs none /dev; : >/dev/shm", tmp_path, "directory")
    assert found == "wrong: not a directory replace it by a directory, and mount a tmpfs there"


def test_without_a_directory_the_other_results_are_printed(tmp_path):
    output = in_machine("mount -t tmpfs none /dev; shareable doctor --json || true", tmp_path)
    found = {each["check"]: each for each in json.loads(output)["checks"]}
    assert found["directory"]["verdict"] == "wrong" and found["directory"]["found"] == "No such file or directory"
    assert found["directory"]["advice"] == "mount a tmpfs there: mount -t tmpfs -o mode=1777 shm /dev/shm" and "cgroup" in found


def test_a_small_file_system_as_in_docker_is_to_note(tmp_path):
    assert "docker run --shm-size" in doctor("", tmp_path, "space", "size=64m")
    assert doctor("", tmp_path, "space", "size=65m").startswith("ok: 65M, ")


# Directories of ownership logs

@needs_root
@pytest.mark.parametrize("make, found", [
    ("mkdir -m 700 .shareable-1000; chown 1001 .shareable-1000", "note: .shareable-1000 belongs to UID 1001 the library uses another name"),
    ("ln -s /tmp .shareable-1000; chown -h 1000 .shareable-1000", "note: .shareable-1000 is not a directory the library uses another name"),
    ("mkdir -m 750 .shareable-1000; chown 1000 .shareable-1000", "wrong: .shareable-1000 has mode 0750 its owner must run chmod 700 /dev/shm/.shareable-1000"),
    ("mkdir -m 700 .shareable-7.ab .shareable-8.x; mkdir -m 777 .shareable-0", "wrong: .shareable-0 has mode 0777; 2 more are not used either its owner"),
    ("for name in '.shareable-7.$(id)' '.shareable-7.a;id' '.shareable-7.a b' .shareable-99999999999 '.shareable-+7' .shareable-; do mkdir \"$name\"; done", "ok: 0 "),
    ("mkdir -m 700 .shareable-1000.abcdefgh .shareable-1001; chown 1000 .s*1000.*; chown 1001 .s*1001; mkdir .shareable-x .shareable-1x", "ok: 2 directories"),
])  # fmt: skip
def test_a_foreign_directory_of_logs_is_found(tmp_path, make, found):
    assert doctor(f"umask 0; (cd /dev/shm; {make})", tmp_path, "owners").startswith(found)


@needs_root
def test_the_directory_of_a_user_of_another_user_namespace_is_not_to_note(tmp_path):
    make = "mkdir -m 700 /dev/shm/.shareable-1000; chown 1000 /dev/shm/.shareable-1000; unshare --user --map-root-user true || skip 'no user namespaces'"
    assert doctor(make, tmp_path, "owners") == "ok: 1 directories of ownership logs, all private"
    inside = 'unshare --user --map-root-user "$run_shareable" doctor'
    assert doctor(make, tmp_path, "owners", how=inside) == "ok: 0 directories of ownership logs, all private"


@needs_python
def test_the_library_s_own_directories_are_private(tmp_path):
    assert doctor("own mine 1 4096", tmp_path, "owners") == "ok: 1 directories of ownership logs, all private"


# Mounts

def test_processes_with_another_mount_are_found(tmp_path):
    other = "unshare --mount sh -c 'mount -t tmpfs -o size={} none /dev/shm; head -c {} /dev/zero >/dev/shm/f; : >ready{}; exec sleep 100' &\n"
    wait = "until test -e ready{0}; do sleep 0.02; done\n"
    assert doctor("", tmp_path, "containers").startswith("ok: no other /dev/shm that this user can see")
    same = "unshare --mount sh -c ': >ready0; exec sleep 100' & until test -e ready0; do sleep 0.02; done\n"
    assert doctor(same, tmp_path, "containers").startswith("ok: no other /dev/shm")
    used = other.format("8m", "1M", 1) + wait.format(1) + other.format("4m", "2M", 2) + "echo $! >pid\n" + wait.format(2)
    found = doctor(used, tmp_path, "containers")
    pid = (tmp_path / "pid").read_text().strip()
    assert found == f"ok: other mounts at /dev/shm: 2; the fullest, of process {pid}, has 2.0M of 4.0M in use"
    found = doctor(other.format("2m", "1900K", 3) + wait.format(3), tmp_path, "containers")
    assert re.fullmatch(r"wrong: other mounts .*: 1; the fullest, of process (\d+), has 1.9M of 2.0M in use 'shareable ls --pid \1' lists its blocks", found)


def test_a_container_and_a_directory_without_a_mount_are_to_note(tmp_path):
    assert doctor("", tmp_path, "mount").startswith("note: in a container blocks and processes of the host")
    found = doctor("mount -t tmpfs none /proc", tmp_path, "mount")
    assert found == "ok: unknown without /proc: see below"
    alone = "while umount /dev/shm 2>/dev/null; do :; done; ! mountpoint -q /dev/shm || skip 'a mount cannot be removed'; test -d /dev/shm"
    found = doctor(alone, tmp_path, "mount")
    assert found.startswith("note: not a mount of its own blocks take the space of another file system: mount -t tmpfs")


# The kernel

@needs_root
def test_hidepid_is_to_note_only_if_it_hides_processes(tmp_path):
    hide = 'mount -t proc -o hidepid=2 none /proc; needs_other "$run_shareable"'
    assert doctor(hide, tmp_path, "/proc") == "ok: mounted with hidepid, but shows all processes to this user"
    found = doctor(hide, tmp_path, "/proc", how='as_other "$run_shareable" doctor')
    assert found == "note: mounted with hidepid 'shareable ls' finds only this user's processes as users of a block: run it as root"
    assert doctor("mount -t proc none /proc", tmp_path, "/proc") == "ok: shows all processes"


@pytest.mark.parametrize("setting, option, found", [
    ("always within_size advise [never] deny force", "never", "ok: huge=never"),
    ("always within_size advise [never] deny force", "within_size", "ok: huge=within_size"),
    ("always within_size advise [never] deny force", "always", "note: huge=always: a block of 4K may take 2.0M mount -o remount,huge=within_size /dev/shm"),
    ("always within_size advise never deny [force]", "never", "note: shmem_enabled is force: a block of 4K may take 2.0M echo within_size >/sys"),
    ("always within_size advise never [deny] force", "always", "ok: off: shmem_enabled is deny"),
    ("[always] within_size advise never deny force", "never", "ok: huge=never"),
    ("", "never", "ok: not supported by this kernel"),
])  # fmt: skip
def test_huge_pages_that_waste_memory_are_to_note(tmp_path, setting, option, found):
    folder = "/sys/kernel/mm/transparent_hugepage"
    if not os.path.exists(f"{folder}/shmem_enabled"):
        pytest.skip("this kernel has no huge pages for shared memory")
    mount = f"mount --bind setting {folder}/shmem_enabled; mount -o remount,size=64m,huge={option} /dev/shm || skip 'huge= is refused'"
    assert doctor(f"echo '{setting}' >setting; {mount}", tmp_path, "huge pages").startswith(found)


# Capabilities

@needs_root
@pytest.mark.parametrize("dropped, found", [
    ("-sys_ptrace", "note: root lacks CAP_SYS_PTRACE the processes of other users are not shown as users of a block"),
    ("-lease", "note: root lacks CAP_LEASE gc keeps all garbage of other users: docker run --cap-add LEASE"),
    ("-lease,-sys_ptrace", "note: root lacks CAP_SYS_PTRACE and CAP_LEASE whether other users' blocks are in use is unknown"),
])  # fmt: skip
def test_root_without_capabilities_is_to_note(tmp_path, dropped, found):
    assert doctor("", tmp_path, "capability", how=f'without {dropped} "$run_shareable" doctor').startswith(found)


# logind

def test_logind_is_not_running(tmp_path):
    assert doctor("mount -t tmpfs none /run", tmp_path, "logout") == "ok: systemd-logind is not running"


@needs_root
def test_root_is_told_of_login_users_whose_blocks_are_removed(tmp_path):
    make = "for user in 0 900 5000; do : >/dev/shm/$user; chown $user /dev/shm/$user; done\n"
    assert doctor(LOGIND + make, tmp_path, "logout") == "ok: no block belongs to a user whose logout removes it"
    make += "for i in 1 2 3; do : >/dev/shm/a$i; chown 1000 /dev/shm/a$i; : >/dev/shm/b$i; chown 1001 /dev/shm/b$i; done\n"
    found = doctor(LOGIND + make, tmp_path, "logout")
    assert re.match(r"note: removes the blocks of (alice, bob|bob, alice) when the last session of that user ends set RemoveIPC=no", found)
    found = doctor(LOGIND + make + "touch /var/lib/systemd/linger/alice", tmp_path, "logout")
    assert found.startswith("note: removes the blocks of bob when") and "enable-linger USER" in found
    assert doctor(LOGIND + make + "touch /var/lib/systemd/linger/alice /var/lib/systemd/linger/bob", tmp_path, "logout").startswith("ok: ")


@needs_root
def test_an_ordinary_user_is_told_unless_it_lingers(tmp_path):
    how = 'setpriv --reuid {} --regid 1000 --clear-groups "$run_shareable" doctor'
    found = doctor(LOGIND + 'needs_other "$run_shareable"', tmp_path, "logout", how=how.format(1000))
    assert found.startswith("note: removes this user's blocks when the last session ends set RemoveIPC=no")
    linger = "touch /var/lib/systemd/linger/alice\n"
    assert doctor(LOGIND + linger, tmp_path, "logout", how=how.format(1000)) == "ok: does not remove this user's blocks"
    assert doctor(LOGIND, tmp_path, "logout", how=how.format(900)) == "ok: does not remove this user's blocks"


@needs_root
@pytest.mark.parametrize("files, removes", [
    ({"/etc/systemd/logind.conf": "RemoveIPC=no"}, False),
    ({"/etc/systemd/logind.conf": "#RemoveIPC=no"}, True),
    ({"/etc/systemd/logind.conf": "RemoveIPC=no", "/run/systemd/logind.conf.d/b.conf": "RemoveIPC = On"}, True),
    ({"/etc/systemd/logind.conf.d/a.conf": "RemoveIPC=F", "/run/systemd/logind.conf.d/b.conf": "RemoveIPC=yes"}, True),
    ({"/etc/systemd/logind.conf.d/b.conf": "RemoveIPC=off", "/run/systemd/logind.conf.d/a.conf": "RemoveIPC=yes"}, False),
    ({"/etc/systemd/logind.conf.d/a.conf": "RemoveIPC=no", "/run/systemd/logind.conf.d/a.conf": "RemoveIPC=yes"}, False),
    ({"/etc/systemd/logind.conf.d/a.conf": "RemoveIPC=no", "/run/systemd/logind.conf.d/b.conf": "RemoveIPC=nonsense"}, False),
])  # fmt: skip
def test_the_settings_of_logind_are_read_as_systemd_reads_them(tmp_path, files, removes):
    write = "".join(f"printf '[Login]\\n{text}\\n' >{path}\n" for path, text in files.items())
    found = doctor(LOGIND + write + ": >/dev/shm/a; chown 1000 /dev/shm/a", tmp_path, "logout")
    assert found.startswith("note: removes the blocks of alice") if removes else found == "ok: RemoveIPC=no"


# Limits

@pytest.mark.parametrize("cgroup, files, found", [
    (r"0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "max"}, "ok: no memory limit"),
    (r"0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": 64 << 20}, "note: 64M of memory (memory.max), less than /dev/shm can hold blocks count"),
    (r"0::/a/b\n", {"a/b/memory.max": 512 << 20, "a/memory.max": 1 << 40}, "ok: 512M of memory (memory.max)"),
    (r"0::/a\n", {"a/memory.max": 512 << 20, "a/memory.stat": rf"anon 5\nshmem {450 << 20}\nfile 3\n"}, "wrong: 450M of the limit of 512M are shared memory (memory.max)"),
    (r"0::/\n", {"memory.max": 64 << 20}, "note: 64M of memory (memory.max)"),
    (r"0::/docker/1\n", {"memory.max": 64 << 20}, "note: 64M of memory (memory.max)"),
    (r"0::/../../x\n", {"memory.max": 64 << 20}, "note: 64M of memory (memory.max)"),
    (r"5:cpu,memory:/a\n0::/b\n", {"memory/a/memory.limit_in_bytes": 64 << 20, "b/memory.max": 1}, "note: 64M of memory (memory.limit_in_bytes), less"),
    (r"5:memory:/a\n0::/b\n", {"memory/a/memory.limit_in_bytes": 1 << 20, "memory/a/memory.stat": rf"shmem 1\ntotal_shmem {1 << 20}\n"}, "wrong: 1.0M of the limit of 1.0M"),
    (r"5:memory:/a\n", {"memory/a/memory.limit_in_bytes": 9223372036854771712}, "ok: no memory limit"),
    (r"5:memory,x:/a\n", {}, "ok: no memory limit"),
    (r"nonsense\n7\n:::\n", {"memory.max": "max"}, "ok: no memory limit"),
])  # fmt: skip
def test_the_memory_limit_of_the_control_group_is_compared_with_the_directory(tmp_path, cgroup, files, found):
    make = "mount -t tmpfs none /sys/fs/cgroup; cd /sys/fs/cgroup\n"
    make += "".join(f"mkdir -p $(dirname {path}); printf '{text}' >{path}\n" for path, text in files.items()) + 'cd "$OLDPWD"\n'
    assert doctor(make, tmp_path, "cgroup", how=as_process("cgroup", cgroup)).startswith(found)


# Programs and blocks

def test_the_reaper_is_required_only_with_the_library(tmp_path):
    program = open(COMMAND, "rb").read()
    library = re.search(rb"(/[^\0]*)/libshareable\.so\*", program)
    reaper = re.search(rb"(/[^\0]*)/shareable-reaper\0", program)
    if library is None or reaper is None:
        pytest.skip(f"{COMMAND} is not the program itself")
    folders = [found[1].decode() for found in (library, reaper)]
    if os.path.exists(f"{folders[0]}/libc.so.6") or not all(map(os.path.isdir, folders)):
        pytest.skip("the library is not installed in a folder of its own")
    unset = f"unset SHAREABLE_REAPER; mount -t tmpfs none {folders[1]}\n"
    assert doctor(unset, tmp_path, "reaper").startswith("wrong: ")
    assert doctor(f"{unset}mount -t tmpfs none {folders[0]}", tmp_path, "reaper").startswith("ok: not installed, and neither")


def test_the_memory_of_other_files_is_counted(tmp_path):
    make = """shareable create --size 3M a; ln /dev/shm/a /dev/shm/b; mkdir /dev/shm/folder
        head -c 5M /dev/zero >/dev/shm/folder/file; head -c 6M /dev/zero >/dev/shm/.hidden"""
    assert doctor(make, tmp_path, "other files") == "ok: 11M in hidden files and in directories"


@needs_python
def test_garbage_is_wrong(tmp_path):
    found = doctor("leave dead 3 1048576", tmp_path, "garbage")
    assert found == "wrong: 3 blocks of dead owners, 3.0M 'shareable gc --remove' removes them"


def test_deleted_blocks_are_to_note_only_if_they_take_much_memory(tmp_path):
    use = "(exec sleep 100 </dev/shm/a) & sleep 0.2; rm /dev/shm/a"
    assert doctor(f"shareable create --size 1M a; {use}", tmp_path, "deleted") == "ok: 1 blocks without a name in use, 1.0M"
    found = doctor(f"shareable create --size 100M a; {use}", tmp_path, "deleted")
    assert found.startswith("note: 1 blocks without a name in use, 100M 'shareable ls' shows the processes")


@needs_root
def test_memory_that_another_user_cannot_explain_is_to_note(tmp_path):
    commands = 'needs_other "$run_shareable"; shareable create --size 100M a; (exec sleep 100 </dev/shm/a) & sleep 0.2; rm /dev/shm/a'
    found = doctor(commands, tmp_path, "other files", how='as_other "$run_shareable" doctor')
    assert found.startswith("note: 0B in hidden files and in directories, 100M not visible to this user run this as root")
    assert doctor(commands, tmp_path, "other files") == "ok: 0B in hidden files and in directories"
