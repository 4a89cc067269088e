"""Test copy, cat and write: whole blocks, and the bytes of blocks."""

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import time

import pytest
from command import COMMAND, blocks, exists, item_locker, needs_item_locker, on_terminal, run, stock
from machine import in_machine


def content(name):
    with open(f"/dev/shm/{name}", "rb") as block:
        return block.read()


def write(*arguments, text=b"", status=0):
    ended = subprocess.run([COMMAND, "write", *map(str, arguments)], input=text, capture_output=True, timeout=60)
    assert ended.returncode == status, ended.stderr
    return ended.stderr.decode()


def test_a_copy_of_a_list_has_its_items_and_capacities(name):
    run("create", "--capacity", 30, "--mode", "640", name, 1, "text", "none", "nan", -0.5)
    run("copy", name, name + "-2")
    assert content(name + "-2") == content(name)
    run("set", name, 0, 5)
    run("add", name + "-2", 0, 10)
    assert run("get", name, 0) == "5\n" and run("get", name + "-2", 0) == "11\n"
    assert os.stat(f"/dev/shm/{name}-2").st_mode & 0o777 == 0o640
    run("copy", "--mode", "600", name, name + "-3")
    assert os.stat(f"/dev/shm/{name}-3").st_mode & 0o777 == 0o600


def test_a_copy_of_another_block_has_its_bytes(name):
    stock(name, [1, "text", b"\0\1"]).shm.close()
    run("copy", name, name + "-2")
    assert content(name + "-2") == content(name)
    for size, byte in ((100, b"\0"), (70001, b"\xff")):  # zeros are not an empty list
        with open(f"/dev/shm/{name}", "wb") as block:
            block.write(byte * size)
        run("copy", "-f", name, name + "-2")
        assert content(name + "-2") == byte * size


def test_copy_replaces_a_block_only_if_it_is_told_to(name):
    run("create", name, 1)
    run("create", name + "-2", 2)
    assert f"'{name}-2' exists" in run("copy", name, name + "-2", status=1)
    assert run("get", name + "-2", 0) == "2\n"
    run("copy", "--force", name, name + "-2")
    assert run("get", name + "-2", 0) == "1\n"
    for same in (name, "/" + name):
        assert "is the block to be copied" in run("copy", "--force", name, same, status=1)
    assert run("get", name, 0) == "1\n"
    assert f"no block called '{name}-none'" in run("copy", name + "-none", name, status=1)
    assert "'x/y'" in run("copy", name, "x/y", status=1)
    run("copy", name, status=2)


def maps(pid, name):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as mapped:
        return f"/dev/shm/{name}\n" in mapped.read()


def has_temporary(size):
    """Return whether a file of that size has a temporary name."""
    for each in os.scandir("/dev/shm"):
        with contextlib.suppress(FileNotFoundError):  # a file of another process
            if each.name.startswith(".shareable-") and each.is_file() and each.stat().st_size == size:
                return True
    return False


def test_a_copy_that_fails_keeps_the_old_block(name):
    run("create", "--size", 200_003, name)
    run("create", "--capacity", 200_003, name + "-list", "text")
    run("create", name + "-2", 2)
    before = os.stat(f"/dev/shm/{name}-2").st_ino
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))}
    for source in (name, name + "-list"):
        assert f": '{name}-2' needs " in run("copy", "-f", source, name + "-2", status=1, **limit)
        assert run("get", name + "-2", 0) == "2\n" and os.stat(f"/dev/shm/{name}-2").st_ino == before
    for wrong in ("x/y", "..", "n" * 256):
        assert f"'{wrong}': " in run("copy", "-f", name, wrong, status=1)
    os.mkdir(f"/dev/shm/{name}-3")
    try:
        assert f"'{name}-3' is a directory, not a block: it is not replaced" in run("copy", "-f", name, name + "-3", status=1)
    finally:
        os.rmdir(f"/dev/shm/{name}-3")
    assert not has_temporary(200_003)


def test_a_block_has_its_name_at_any_time_while_it_is_replaced(name):
    run("create", "--size", "16M", name)
    run("create", name + "-2", 2)
    with subprocess.Popen([COMMAND, "copy", "-f", name, name + "-2"]) as copy:
        while copy.poll() is None:
            assert exists(name + "-2")
    assert copy.returncode == 0 and content(name + "-2") == bytes(16 << 20)
    run("copy", "-f", name, "/" + name + "-3")
    assert exists(name + "-3") and not has_temporary(16 << 20)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which kills a process at a system call, is not installed")
@pytest.mark.parametrize("create", ["--size 300_007 old", f"old {'x' * 100_007}"])
def test_what_a_killed_copy_leaves_is_garbage(tmp_path, create):
    output = in_machine(f"""
        size_of() {{ stat -c %s "/dev/shm/$1"; }}
        temporary() {{ find /dev/shm -name '.shareable-*' -type f -size "$(size_of old)c" | wc -l; }}
        shareable create {create.replace("_", "")}; shareable create new 2
        strace -qq -o /dev/null -e inject=/^rename:signal=KILL "$run_shareable" copy -f old new && exit 1
        echo $(shareable get new 0) $(temporary); shareable gc --remove >removed; ls /dev/shm; temporary
        shareable copy -f old new; temporary; cmp -n 1000 /dev/shm/old /dev/shm/new""", tmp_path)
    assert output.split() == ["2", "1", "new", "old", "0", "0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_block_of_another_user_is_not_replaced(name):
    run("create", "--mode", 644, "--size", 300_007, name)
    run("create", name + "-2", 2)
    other = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    answer = run("copy", "-f", name, name + "-2", status=1, **other)
    assert f"cannot replace '{name}-2', which belongs to another user" in answer
    assert run("get", name + "-2", 0) == "2\n" and not has_temporary(300_007)


def test_a_copy_is_made_under_the_lock(name):
    run("create", name, 0, 0)
    step = f'"{COMMAND}" lock {name} -- sh -c \'"{COMMAND}" add {name} 0; "{COMMAND}" add {name} 1\' >/dev/null'
    with subprocess.Popen(["sh", "-c", f"while :; do {step} || exit; done"]) as writer:
        for _ in range(20):
            run("copy", "-f", name, name + "-2")
            first, second = run("get", name + "-2", 0, 1).split()
            assert first == second
        writer.terminate()
    with subprocess.Popen([COMMAND, "lock", name, "--", "sh", "-c", "echo locked; sleep 1"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"locked\n"
        before = time.monotonic()
        run("copy", "-f", name, name + "-2")
        assert time.monotonic() - before > 0.5
        holder.wait()


def test_a_block_in_use_is_replaced_only_with_used(name):
    run("create", name, 1)
    run("create", name + "-2", 2)
    with subprocess.Popen([COMMAND, "lock", name + "-2", "sh", "-c", "echo locked; read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"locked\n"
        assert f"block '{name}-2' is in use: " in run("copy", "-f", name, name + "-2", status=1)
        assert run("get", name + "-2", 0) == "2\n"
        run("copy", "--used", name, name + "-2")
        assert run("get", name + "-2", 0) == "1\n"
        holder.stdin.close()


def access(name):
    file = os.stat(f"/dev/shm/{name}")
    return file.st_uid, file.st_gid, file.st_mode & 0o777


@pytest.mark.parametrize("content", [["1"], ["--size", "100"]])
def test_a_block_keeps_its_user_and_mode_when_it_is_replaced(name, content):
    run("create", *(content[:2] if len(content) > 1 else []), name, *(content if len(content) == 1 else []))
    run("create", name + "-2", 2)
    os.chmod(f"/dev/shm/{name}-2", 0o622)  # the umask removes these bits
    if os.geteuid() == 0:
        os.chown(f"/dev/shm/{name}-2", 65534, 65534)
    before = access(name + "-2")
    run("copy", "-f", name, name + "-2")
    assert access(name + "-2") == before
    run("copy", "-f", "-m", "600", name, name + "-2")
    assert access(name + "-2") == (*before[:2], 0o600)


def has_dead_owner(name):
    """Return whether the next owner of the lock learns that the previous one died."""
    return run("lock", "--nonblock", name, "sh", "-c", "echo $SHAREABLE_OWNER_DIED") == "1\n"


@pytest.mark.parametrize("options", [[], ["--lazy"]])
def test_a_copy_that_fails_releases_the_lock(name, options):
    run("create", *options, "--capacity", 100_000, name, 1, "text", 3)
    with open(f"/dev/shm/{name}", "r+b") as block:
        block.seek(16)
        block.write((1 << 60).to_bytes(8, "little"))
    run("copy", name, name + "-2", status=1)
    assert not has_dead_owner(name)


@needs_item_locker
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_copy_that_is_interrupted_releases_the_lock(name, number):
    run("create", name, *range(3))
    with item_locker(name):
        with subprocess.Popen([COMMAND, "copy", name, name + "-2"], stderr=subprocess.DEVNULL) as copy:
            time.sleep(0.4)  # it has the lock, and waits a second for the item
            copy.send_signal(number)
            assert copy.wait(20) in (1, -number)
        assert not has_dead_owner(name) and not exists(name + "-2")


def test_a_signal_ends_a_copy_that_waits_for_the_lock(name):
    run("create", name, 1)
    with subprocess.Popen([COMMAND, "lock", name, "sh", "-c", "echo locked; read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"locked\n"
        with subprocess.Popen([COMMAND, "copy", name, name + "-2"]) as copy:
            time.sleep(0.3)
            copy.terminate()
            assert copy.wait(2) == -signal.SIGTERM
        holder.stdin.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_user_who_may_only_read_can_copy(name):
    run("create", name, 1, "text")
    os.chmod(f"/dev/shm/{name}", 0o444)
    other = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    run("copy", "-m", "600", name, name + "-2", **other)
    assert run("get", name + "-2", 0, 1) == "1\ntext\n" and os.stat(f"/dev/shm/{name}-2").st_uid == 65534
    os.chmod(f"/dev/shm/{name}", 0)
    assert "Permission denied" in run("copy", name, name + "-3", status=1, **other)
    assert "Permission denied" in run("cat", name, status=1, **other)
    os.chmod(f"/dev/shm/{name}", 0o444)
    assert "Permission denied" in run("write", name, status=1, stdin=subprocess.DEVNULL, **other)


def test_a_corrupt_list_is_not_copied(name):
    run("create", name, 1, "text", 3)
    with open(f"/dev/shm/{name}", "r+b") as block:
        block.seek(16)
        block.write((1 << 60).to_bytes(8, "little"))
    assert f"'{name}'" in run("copy", name, name + "-2", status=1) and not exists(name + "-2")


def test_cat_prints_the_bytes(name):
    data = os.urandom(200_001)
    with open(f"/dev/shm/{name}", "wb") as block:
        block.write(data)
    assert subprocess.run([COMMAND, "cat", name], stdout=subprocess.PIPE, check=True).stdout == data
    assert "standard output is a terminal" in on_terminal("cat", name)
    assert f"no block called '{name}-2'" in run("cat", name + "-2", status=1)
    run("cat", status=2)
    with open("/dev/full", "wb") as full:
        ended = subprocess.run([COMMAND, "cat", name], stdout=full, stderr=subprocess.PIPE)
        assert ended.returncode == 1 and b"standard output: No space left" in ended.stderr


def test_cat_reports_a_truncation(name):
    run("create", "--size", "1M", name)
    with subprocess.Popen([COMMAND, "cat", name], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as cat:
        time.sleep(0.3)  # until the pipe is full
        os.truncate(f"/dev/shm/{name}", 4096)
        cat.stdout.read()
        assert cat.wait(20) == 1 and f"'{name}' is missing: the block was truncated".encode() in cat.stderr.read()


def test_cat_and_copy_give_no_memory_to_the_holes_of_a_lazy_block(name):
    size = 8 << 20
    with open(f"/dev/shm/{name}", "wb") as block:
        block.write(b"text")
        block.truncate(size)
    used = os.stat(f"/dev/shm/{name}").st_blocks
    assert used * 512 < size // 2  # huge pages may be enabled
    with subprocess.Popen([COMMAND, "cat", name], stdout=subprocess.PIPE) as cat:
        assert cat.stdout.read() == b"text" + bytes(size - 4)
    run("copy", name, name + "-2")
    assert content(name + "-2") == b"text" + bytes(size - 4)
    assert os.stat(f"/dev/shm/{name}").st_blocks == used


def used(name):
    return os.stat(f"/dev/shm/{name}").st_blocks * 512


@pytest.mark.parametrize("value", ["1", "2.5", "true", "none", "a text", "größe"])
def test_a_copy_of_a_lazy_list_has_its_holes(name, value):
    run("create", "--lazy", "--capacity", 1_000_000, name, *[value] * 30)
    before = used(name)
    if before > 10_000_000:
        pytest.skip("huge pages are enabled")
    run("copy", name, name + "-2")
    assert used(name) <= before + 8192 and used(name + "-2") <= before + 8192
    run("add" if value == "1" else "get", name + "-2", 29)
    assert run("get", "-t", name + "-2", *range(29)) == run("get", "-t", name, *range(29))
    assert json.loads(run("dump", "-J", name + "-2"))["items"][0]["capacity"] == 1_000_000
    assert run("lock", name + "-2", "echo", "locked") == "locked\n" and blocks(name + "-2", "-o", "+SYNC")[name + "-2"]["sync"] is True


def test_a_lazy_list_that_changes_all_the_time_is_copied(name):
    run("create", "--lazy", "--capacity", 100_000, name, *range(10))
    step = f'while :; do "{COMMAND}" add {name} 0 >/dev/null || exit; done'
    with subprocess.Popen(["sh", "-c", step]) as writer:
        for _ in range(20):
            run("copy", "-f", name, name + "-2")
            assert run("get", name + "-2", *range(1, 10)).split() == [str(i) for i in range(1, 10)]
        writer.terminate()


def test_a_corrupt_item_of_a_lazy_list_is_reported(name):
    run("create", "--lazy", "--capacity", 100_000, name, *range(10))
    with open(f"/dev/shm/{name}", "r+b") as block:
        block.seek(16)
        block.write((1 << 60).to_bytes(8, "little"))
    assert f"'{name}'" in run("copy", name, name + "-2", status=1) and not exists(name + "-2")


def copy_truncated(name, new, size):
    """Truncate a block while it is copied. Return the message of copy, which is empty if the copy was complete."""
    with open(f"/dev/shm/{name}", "wb") as block:
        os.posix_fallocate(block.fileno(), 0, size)
    with subprocess.Popen([COMMAND, "copy", "-f", name, new], stderr=subprocess.PIPE, text=True) as copy:
        while copy.poll() is None and not maps(copy.pid, name):
            pass
        os.truncate(f"/dev/shm/{name}", 4096)
        message = copy.stderr.read()
    assert copy.returncode == (1 if message else 0)
    return message


def test_copy_reports_a_truncation(name):
    size = 32 << 20
    for _ in range(20):
        run("create", name + "-2", 2)
        message = copy_truncated(name, name + "-2", size)
        if message:
            break
        os.unlink(f"/dev/shm/{name}-2")
    assert f"'{name}' is missing: the block was truncated" in message
    assert run("get", name + "-2", 0) == "2\n" and not has_temporary(size)


def test_write_changes_only_its_bytes(name):
    run("create", "--size", 20, name)
    write(name, text=b"x" * 20)
    write("--offset", 5, name, text=b"12345")
    write("--offset", "0x10", name, text=b"end\0")
    write("--offset", 20, name)
    write(name, "--offset", 0, text=b"")
    assert content(name) == b"xxxxx12345xxxxxxend\0"
    for offset, text in ((0, b"y" * 21), (19, b"yy"), (20, b"y"), (0, b"y" * 100_000)):
        assert f"longer than the {20 - offset} byte{'' if offset == 19 else 's'} of block '{name}'" in write("--offset", offset, name, text=text, status=1)
    assert "past the end" in write("--offset", 21, name, text=b"y", status=1)
    assert content(name) == b"xxxxx12345xxxxxxend\0"
    for arguments in (["--offset", -1, name], ["-o", "x", name], [], [name, name]):
        write(*arguments, status=2)
    assert f"no block called '{name}-2'" in write(name + "-2", text=b"y", status=1) and not exists(name + "-2")


def test_write_needs_no_memory_for_the_rest_of_a_large_block(name):
    with open(f"/dev/shm/{name}", "wb") as block:
        block.truncate(1 << 40)  # more than this machine's memory
    text = os.urandom(200_001)
    write("--offset", 4096, name, text=text)
    with open(f"/dev/shm/{name}", "rb") as block:
        assert block.read(4096 + 200_001 + 1) == bytes(4096) + text + b"\0"
    write("--offset", 1 << 40, name)
    assert "longer than the 3 bytes" in write("--offset", (1 << 40) - 3, name, text=text, status=1)


def test_write_refuses_a_list(name):
    run("create", name, 1)
    before = content(name)
    assert f"'{name}' is a list" in write(name, text=b"\1", status=1) and content(name) == before
    write("--force", name, text=before)
    assert content(name) == before
    stock(name + "-2", [1]).shm.close()
    assert "is a list" in write(name + "-2", text=b"\1", status=1)


def test_a_copy_through_cat_and_write_is_exact(name):
    data = os.urandom(70_000)
    for each in (name, name + "-2"):
        run("create", "--size", 70_000, each)
    write(name, text=data)
    subprocess.run(["sh", "-c", '"$0" cat "$1" | "$0" write "$1-2"', COMMAND, name], check=True)
    assert content(name + "-2") == data
