"""Test a full /dev/shm and truncated blocks, in each language and with the command.

The tests run in their own mount namespace, with a /dev/shm of 64 KiB.
"""
import os
import shlex
import signal
import subprocess
import sys

import pytest

KIB = 1024
SHM = "/dev/shm"
COMMAND = os.environ["run_shareable"]
ACTORS = {
    "C": os.environ["top_builddir"] + "/tests/stress/fault/actor",
    "Python": os.environ.get("run_python") and os.environ["run_python"] + " " + os.environ["top_srcdir"] + "/tests/stress/fault/actor.py",
    "Lua": os.environ.get("run_lua") and os.environ["run_lua"] + " " + os.environ["top_srcdir"] + "/tests/stress/fault/actor.lua",
    "Go": os.environ.get("with_go") and os.environ["top_builddir"] + "/tests/stress/fault/actor_in_go",
}


@pytest.fixture(params=[language for language, program in ACTORS.items() if program])
def actor(request):
    """Return a function that starts the language's actor with the given arguments."""

    def start(*arguments):
        program = shlex.split(ACTORS[request.param])
        return subprocess.Popen(
            program + [str(argument) for argument in arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture(autouse=True)
def empty_shm():
    yield
    for name in os.listdir(SHM):
        if not name.startswith("."):
            os.unlink(f"{SHM}/{name}")


def output(process, text=""):
    """Send the text to the process, wait until it succeeds, and return its output."""
    out, err = process.communicate(text, timeout=60)
    assert process.returncode == 0, err
    return out.strip().replace("shareable: ", "")


def dies_of_sigbus(process, text=""):
    """Check that the process dies of SIGBUS. A Go program exits with status 2 and prints the signal."""
    out, err = process.communicate(text, timeout=60)
    assert "done" not in out
    if process.returncode == 2:
        assert "SIGBUS" in err, err
    else:
        assert process.returncode == -signal.SIGBUS, (process.returncode, err)
    return True


def command(*arguments):
    return subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def free():
    space = os.statvfs(SHM)
    return space.f_bavail * space.f_frsize


def take(size):
    """Use up memory of /dev/shm until the file is removed."""
    with open(f"{SHM}/taken", "wb") as file:
        file.write(b"x" * size)


def test_dev_shm_is_small():
    assert free() == 64 * KIB


# A full /dev/shm.


def test_creating_a_block_that_does_not_fit_fails_with_the_sizes_and_leaves_nothing(actor):
    take(40 * KIB)
    message = output(actor("make", "big", 32 * KIB))
    assert message == (
        "full: 'big' needs 32768 bytes, but /dev/shm has only 24576 of its 65536 bytes free: remove blocks there, or enlarge it"
    ), message
    assert os.listdir(SHM) == ["taken"] and free() == 24 * KIB
    assert output(actor("make", "small", 24 * KIB)) == "done"


def test_creating_a_list_that_does_not_fit_fails_with_the_sizes_and_leaves_nothing(actor):
    message = output(actor("ints", "big", 10000))
    assert message.startswith("full: 'big' needs ") and "has only 65536 of its 65536 bytes free" in message
    message = output(actor("wide", "big", 1000 * KIB))
    assert message.startswith("full: 'big' needs ") and "remove blocks there, or enlarge it" in message
    assert os.listdir(SHM) == [] and free() == 64 * KIB


def test_reserved_memory_can_be_filled_when_dev_shm_is_full(actor):
    assert output(actor("make", "mine", 40 * KIB)) == "done"
    take(24 * KIB)
    assert free() == 0
    assert output(actor("fill", "mine")) == "done"


def test_a_lazy_block_may_exceed_dev_shm_and_raises_sigbus_when_memory_runs_out(actor):
    assert output(actor("make", "lazy", 1000 * KIB, "lazy")) == "done"
    assert free() == 64 * KIB
    assert dies_of_sigbus(actor("fill", "lazy"))
    assert os.listdir(SHM) == ["lazy"] and os.stat(f"{SHM}/lazy").st_size == 1000 * KIB


def test_creating_a_lazy_list_whose_items_do_not_fit_leaves_nothing(actor):
    message = output(actor("ints", "lazy", 10000, "lazy"))
    assert message.startswith("full: 'lazy' needs ") and "bytes free" in message
    assert os.listdir(SHM) == [] and free() == 64 * KIB


def test_a_lazy_list_allocates_its_slots_at_first_use(actor):
    assert output(actor("wide", "lazy", 40 * KIB, "lazy")) == "done"
    assert free() > 40 * KIB
    take(free())
    assert dies_of_sigbus(actor("set", "lazy", 30 * KIB))
    os.unlink(f"{SHM}/taken")
    assert output(actor("set", "lazy", 30 * KIB)) == "done"


def test_a_write_killed_by_a_full_dev_shm_leaves_a_corrupt_item_that_can_be_written_again(actor):
    assert output(actor("wide", "lazy", 40 * KIB, "lazy")) == "done"
    take(free())
    assert dies_of_sigbus(actor("set", "lazy", 30 * KIB))
    os.unlink(f"{SHM}/taken")
    assert "corrupt: write it again" in output(actor("read", "lazy"))
    assert output(actor("set", "lazy", 30 * KIB)) == "done"


@pytest.mark.parametrize("left", [0, 4 * KIB])
def test_a_block_is_not_created_if_its_owner_cannot_be_recorded(actor, left):
    take(64 * KIB - left)
    message = output(actor("make", "mine", 1, "owned", "lazy"))
    assert message.startswith("full: cannot record that this process owns 'mine'"), message
    assert "8192 bytes" in message and "remove blocks there, or enlarge it" in message
    assert os.listdir(SHM) == ["taken"] and free() == left


@pytest.mark.parametrize("name", ["short", "x" * 255])
def test_a_block_can_be_unlinked_in_a_full_dev_shm(name):
    assert command("create", "--size", 4 * KIB, name).returncode == 0
    take(free())
    done = command("rm", name)
    assert done.returncode == 0, done.stderr
    assert os.listdir(SHM) == ["taken"] and free() == 4 * KIB


# A block that another process truncates.


def test_a_truncated_list_is_not_a_list(actor):
    assert output(actor("ints", "cut", 1500)) == "done"
    os.truncate(f"{SHM}/cut", 20000)
    assert output(actor("read", "cut")) == "failed: block 'cut' of 20000 bytes does not contain a list: open it as memory instead"


def test_a_list_with_a_truncated_sync_area_is_corrupt(actor):
    assert output(actor("ints", "cut", 100)) == "done"
    os.truncate(f"{SHM}/cut", os.stat(f"{SHM}/cut").st_size - 8)
    assert output(actor("read", "cut")) == "failed: the sync area of list 'cut' is corrupt: create the list again"


def test_a_block_that_was_truncated_to_zero_has_no_size(actor):
    assert output(actor("ints", "cut", 100)) == "done"
    os.truncate(f"{SHM}/cut", 0)
    assert "'cut' has no size yet" in output(actor("read", "cut"))


def test_the_next_use_of_a_truncated_block_raises_sigbus(actor):
    assert output(actor("ints", "cut", 1500)) == "done"
    assert output(actor("ints", "other", 100)) == "done"
    holder = actor("hold", "cut")
    assert holder.stdout.readline() == "open\n"
    os.truncate(f"{SHM}/cut", 4096)
    assert dies_of_sigbus(holder, "\n")
    assert os.stat(f"{SHM}/cut").st_size == 4096
    assert output(actor("read", "other")).startswith("last is ")


def test_a_list_that_was_not_truncated_can_be_read(actor):
    assert output(actor("ints", "whole", 1500)) == "done"
    holder = actor("hold", "whole")
    assert holder.stdout.readline() == "open\n"
    assert output(holder, "\n").startswith("last is ")


# The command.


def test_the_command_reports_which_block_does_not_fit():
    done = command("create", "--size", "1M", "big")
    assert done.returncode == 1 and "'big' needs 1048576 bytes" in done.stderr and "has only 65536" in done.stderr


@pytest.mark.parametrize("arguments", [("info", "cut"), ("dump", "cut"), ("get", "cut", "0"), ("layout", "cut")])
def test_the_command_reports_which_block_was_truncated(arguments):
    made = subprocess.run([ACTORS["C"], "ints", "cut", "1500"], check=True, capture_output=True, text=True)
    assert made.stdout == "done\n"
    os.truncate(f"{SHM}/cut", 20000)
    done = command(*arguments)
    assert done.returncode in (0, 1), done
    assert "cut" in done.stdout + done.stderr


def test_ls_gc_and_doctor_accept_a_truncated_block():
    subprocess.run([ACTORS["C"], "ints", "cut", "1500"], check=True, capture_output=True)
    os.truncate(f"{SHM}/cut", 0)
    for arguments in (("ls",), ("gc",), ("doctor",)):
        done = command(*arguments)
        assert done.returncode in (0, 1), done
    assert "cut" in command("ls").stdout


def test_the_command_reports_for_which_block_memory_ran_out():
    subprocess.run([ACTORS["C"], "wide", "lazy", str(1000 * KIB), "lazy"], check=True, capture_output=True)
    done = command("set", "lazy", "0", "x" * (100 * KIB))
    assert done.returncode == 1, done
    assert "lazy" in done.stderr and "/dev/shm" in done.stderr


def test_the_command_reports_which_block_was_truncated_during_a_watch():
    subprocess.run([ACTORS["C"], "ints", "cut", "1500"], check=True, capture_output=True)
    watch = subprocess.Popen([COMMAND, "watch", "--initial", "--timeout", "20", "cut", "-1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watch.stdout.readline()
    os.truncate(f"{SHM}/cut", 4096)
    _, err = watch.communicate(timeout=60)
    assert watch.returncode == 1 and "cut" in err, (watch.returncode, err)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
