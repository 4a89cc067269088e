"""A /dev/shm of 64 KiB that is full, and blocks that another process cuts off: what each language and the command make of it.

This runs in a mount namespace of its own, where /dev/shm is that small.
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
    "C": os.environ["top_builddir"] + "/tests/fault/actor",
    "Python": os.environ.get("run_python") and os.environ["run_python"] + " " + os.environ["top_srcdir"] + "/tests/fault/actor.py",
    "Lua": os.environ.get("run_lua") and os.environ["run_lua"] + " " + os.environ["top_srcdir"] + "/tests/fault/actor.lua",
    "Go": os.environ.get("with_go") and os.environ["top_builddir"] + "/tests/fault/actor_in_go",
}


@pytest.fixture(params=[language for language, program in ACTORS.items() if program])
def actor(request):
    """Starts a program of the language."""

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


def said(process, answer=""):
    """What it prints until it ends, well."""
    out, err = process.communicate(answer, timeout=60)
    assert process.returncode == 0, err
    return out.strip().replace("shareable: ", "")


def dies_of_sigbus(process, answer=""):
    """Of that signal and nothing else; Go ends by itself, and says that it was it."""
    out, err = process.communicate(answer, timeout=60)
    assert "done" not in out
    if process.returncode == 2:
        assert "SIGBUS" in err, err
    else:
        assert process.returncode == -signal.SIGBUS, (process.returncode, err)
    return True


def command(*arguments, answer=None):
    return subprocess.run([COMMAND, *map(str, arguments)], input=answer, capture_output=True, text=True, timeout=60, check=False)


def free():
    space = os.statvfs(SHM)
    return space.f_bavail * space.f_frsize


def take(size):
    """Takes memory, until the file is removed."""
    with open(f"{SHM}/taken", "wb") as file:
        file.write(b"x" * size)


def test_dev_shm_is_small():
    assert free() == 64 * KIB


# A full /dev/shm.


def test_a_block_that_does_not_fit_is_an_error_with_figures_and_leaves_nothing(actor):
    take(40 * KIB)
    answer = said(actor("make", "big", 32 * KIB))
    assert answer == (
        "full: 'big' needs 32768 bytes, but /dev/shm has only 24576 of its 65536 bytes free: remove blocks there, or enlarge it"
    ), answer
    assert os.listdir(SHM) == ["taken"] and free() == 24 * KIB
    assert said(actor("make", "small", 24 * KIB)) == "done"


def test_a_list_that_does_not_fit_is_an_error_with_figures_and_leaves_nothing(actor):
    answer = said(actor("ints", "big", 10000))
    assert answer.startswith("full: 'big' needs ") and "has only 65536 of its 65536 bytes free" in answer
    answer = said(actor("wide", "big", 1000 * KIB))
    assert answer.startswith("full: 'big' needs ") and "remove blocks there, or enlarge it" in answer
    assert os.listdir(SHM) == [] and free() == 64 * KIB


def test_what_is_reserved_can_be_filled_whatever_others_take(actor):
    assert said(actor("make", "mine", 40 * KIB)) == "done"
    take(24 * KIB)
    assert free() == 0
    assert said(actor("fill", "mine")) == "done"


def test_a_lazy_block_is_made_whatever_its_size_and_is_sigbus_where_no_memory_is_left(actor):
    assert said(actor("make", "lazy", 1000 * KIB, "lazy")) == "done"
    assert free() == 64 * KIB
    assert dies_of_sigbus(actor("fill", "lazy"))
    assert os.listdir(SHM) == ["lazy"] and os.stat(f"{SHM}/lazy").st_size == 1000 * KIB


def test_a_lazy_list_whose_items_do_not_fit_is_refused_whole(actor):
    answer = said(actor("ints", "lazy", 10000, "lazy"))
    assert answer.startswith("full: 'lazy' needs ") and "bytes free" in answer
    assert os.listdir(SHM) == [] and free() == 64 * KIB


def test_the_room_of_a_lazy_list_is_taken_when_it_is_used(actor):
    assert said(actor("wide", "lazy", 40 * KIB, "lazy")) == "done"
    assert free() > 40 * KIB
    take(free())
    assert dies_of_sigbus(actor("set", "lazy", 30 * KIB))
    os.unlink(f"{SHM}/taken")
    assert said(actor("set", "lazy", 30 * KIB)) == "done"


def test_a_write_that_died_of_a_full_dev_shm_leaves_a_damaged_item_that_can_be_written_anew(actor):
    assert said(actor("wide", "lazy", 40 * KIB, "lazy")) == "done"
    take(free())
    assert dies_of_sigbus(actor("set", "lazy", 30 * KIB))
    os.unlink(f"{SHM}/taken")
    assert "corrupt: write it again" in said(actor("look", "lazy"))
    assert said(actor("set", "lazy", 30 * KIB)) == "done"


@pytest.mark.parametrize("left", [0, 4 * KIB])
def test_what_cannot_be_recorded_as_owned_is_not_made(actor, left):
    take(64 * KIB - left)
    answer = said(actor("make", "mine", 1, "owned", "lazy"))
    assert answer.startswith("full: cannot record that this process owns 'mine'"), answer
    assert "8192 bytes" in answer and "remove blocks there, or enlarge it" in answer
    assert os.listdir(SHM) == ["taken"] and free() == left


@pytest.mark.parametrize("name", ["short", "x" * 255])
def test_a_block_is_unlinked_in_a_full_dev_shm(name):
    assert command("create", "--size", 4 * KIB, name).returncode == 0
    take(free())
    done = command("rm", name)
    assert done.returncode == 0, done.stderr
    assert os.listdir(SHM) == ["taken"] and free() == 4 * KIB


# A block that another process cuts off.


def test_a_list_that_was_cut_off_is_told_to_be_none(actor):
    assert said(actor("ints", "cut", 1500)) == "done"
    os.truncate(f"{SHM}/cut", 20000)
    assert said(actor("look", "cut")) == "failed: block 'cut' of 20000 bytes does not contain a list: open it as memory instead"


def test_a_list_whose_sync_area_was_cut_off_is_told_to_be_damaged(actor):
    assert said(actor("ints", "cut", 100)) == "done"
    os.truncate(f"{SHM}/cut", os.stat(f"{SHM}/cut").st_size - 8)
    assert said(actor("look", "cut")) == "failed: the sync area of list 'cut' is damaged: create the list again"


def test_a_block_that_was_cut_off_to_nothing_is_told_to_have_no_size(actor):
    assert said(actor("ints", "cut", 100)) == "done"
    os.truncate(f"{SHM}/cut", 0)
    assert "'cut' has no size yet" in said(actor("look", "cut"))


def test_the_next_use_of_what_was_cut_off_is_sigbus_and_nothing_worse(actor):
    assert said(actor("ints", "cut", 1500)) == "done"
    assert said(actor("ints", "other", 100)) == "done"
    holder = actor("hold", "cut")
    assert holder.stdout.readline() == "holds it\n"
    os.truncate(f"{SHM}/cut", 4096)
    assert dies_of_sigbus(holder, "\n")
    assert os.stat(f"{SHM}/cut").st_size == 4096
    assert said(actor("look", "other")).startswith("last is ")


def test_what_was_not_cut_off_goes_on(actor):
    assert said(actor("ints", "whole", 1500)) == "done"
    holder = actor("hold", "whole")
    assert holder.stdout.readline() == "holds it\n"
    assert said(holder, "\n").startswith("last is ")


# The command.


def test_the_command_says_what_does_not_fit():
    done = command("create", "--size", "1M", "big")
    assert done.returncode == 1 and "'big' needs 1048576 bytes" in done.stderr and "has only 65536" in done.stderr


@pytest.mark.parametrize("arguments", [("info", "cut"), ("dump", "cut"), ("get", "cut", "0"), ("layout", "cut")])
def test_the_command_says_what_was_cut_off(arguments):
    said_by_c = subprocess.run([ACTORS["C"], "ints", "cut", "1500"], check=True, capture_output=True, text=True)
    assert said_by_c.stdout == "done\n"
    os.truncate(f"{SHM}/cut", 20000)
    done = command(*arguments)
    assert done.returncode in (0, 1), done
    assert "cut" in done.stdout + done.stderr


def test_the_command_gathers_and_examines_whatever_was_cut_off():
    subprocess.run([ACTORS["C"], "ints", "cut", "1500"], check=True, capture_output=True)
    os.truncate(f"{SHM}/cut", 0)
    for arguments in (("ls",), ("gc",), ("doctor",)):
        done = command(*arguments)
        assert done.returncode in (0, 1), done
    assert "cut" in command("ls").stdout


def test_the_command_says_which_block_has_no_memory_left_for_what_it_is_to_read_or_write():
    subprocess.run([ACTORS["C"], "wide", "lazy", str(1000 * KIB), "lazy"], check=True, capture_output=True)
    done = command("set", "lazy", "0", "x" * (100 * KIB))
    assert done.returncode == 1, done
    assert "lazy" in done.stderr and "/dev/shm" in done.stderr


def test_the_command_says_which_block_is_cut_off_while_it_waits():
    subprocess.run([ACTORS["C"], "ints", "cut", "1500"], check=True, capture_output=True)
    watch = subprocess.Popen([COMMAND, "watch", "--initial", "--timeout", "20", "cut", "-1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watch.stdout.readline()
    os.truncate(f"{SHM}/cut", 4096)
    _, err = watch.communicate(timeout=60)
    assert watch.returncode == 1 and "cut" in err, (watch.returncode, err)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
