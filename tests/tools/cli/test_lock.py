"""Test lock: a command runs while the lock of a list is held."""

import os
import signal
import subprocess
import sys
import time

import pytest
from command import COMMAND, on_terminal, run, stock

# Prints its pid and its child's, and runs until it is killed. Its child ignores SIGTERM.
TREE = "trap '' TERM; sleep 60 & echo $$ $!; wait"


def start(*arguments, **options):
    return subprocess.Popen([COMMAND, "lock", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def is_running(pid):
    """Return whether the process exists and is not a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):  # the latter: it has ended since the file was opened
        return False


def ends_soon(pid):
    for _ in range(100):
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


def guard_of(wrapper):
    with open(f"/proc/{wrapper.pid}/task/{wrapper.pid}/children") as file:
        return int(file.read())


def test_the_exit_status_is_that_of_the_command(name):
    run("create", name, 0)
    for command, status in (("exit 0", 0), ("exit 5", 5), ("exit 255", 255), ("kill -KILL $$", 137), ("kill -TERM $$", 143)):
        assert start(name, "--", "sh", "-c", command).wait(20) == status
    for command, status, reason in (("/nonexistent/x", 127, "No such file"), ("/etc", 126, "Permission denied"), ("\x1b[31m", 127, "\\x1b[31m")):
        with start(name, command) as wrapper:
            assert wrapper.wait(20) == status and reason in wrapper.stderr.read()
    assert run("lock", name, "true") == ""  # it was released each time


def test_the_command_gets_its_arguments_and_standard_input(name):
    run("create", name, 0)
    for between in ([], ["--"]):
        assert run("lock", name, *between, "sh", "-c", 'cat; echo "$@"', "-", "-w", "a b", "--", input="in ") == "in -w a b --\n"
    assert run("lock", "--", name, "echo", "-n") == ""
    for arguments in ((), (name,), (name, "--"), ("-w", "x", name, "true"), ("-E", "256", name, "true"), ("--nosuch", name, "true")):
        run("lock", *arguments, status=2)
    assert f"no block called '{name}-2'" in run("lock", name + "-2", "true", status=1)


def test_one_command_runs_at_a_time(name, tmp_path):
    run("create", name, 0)
    (tmp_path / "number").write_text("0")
    count = f'read n <{tmp_path}/number; sleep 0.01; echo $((n+1)) >{tmp_path}/number'
    loop = f'for i in 1 2 3 4 5 6 7 8 9 10; do "{COMMAND}" lock {name} -- sh -c "$0" || exit 1; done'
    shells = [subprocess.Popen(["sh", "-c", loop, count]) for _ in range(4)]
    assert [shell.wait(60) for shell in shells] == [0] * 4
    assert (tmp_path / "number").read_text() == "40\n"


def test_lock_gives_up_when_it_may_not_wait(name):
    run("create", name, 0)
    with start(name, "sh", "-c", "echo locked; read line", stdin=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == "locked\n"
        before = time.monotonic()
        for arguments, status in ((["--nonblock", name], 3), ([name, "--nonblock"], 3), (["--nonblock", "-E", 9, name], 9), (["--conflict-exit-code", 0, "--nonblock", name], 0)):
            with start(*arguments, "echo", "ran") as other:
                assert other.wait(20) == status and other.stdout.read() == ""
        assert time.monotonic() - before < 5
        before = time.monotonic()
        assert start("-w", 0.5, name, "true").wait(20) == 3
        assert 0.4 < time.monotonic() - before < 5
        with start(name, "-w", 20, "--", "echo", "ran") as other:
            time.sleep(0.2)
            holder.stdin.close()
            assert other.wait(20) == 0 and other.stdout.read() == "ran\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT, signal.SIGPIPE])
def test_a_killed_wrapper_kills_its_command_and_the_next_owner_learns_it(name, number):
    run("create", name, 0)
    with start(name, "--", "sh", "-c", TREE) as wrapper:
        pids = list(map(int, wrapper.stdout.readline().split()))
        assert len(pids) == 2 and all(map(is_running, pids))
        wrapper.send_signal(number)
        assert wrapper.wait(20) == -number
        assert all(map(ends_soon, pids))
    for died in (True, False):
        with start(name, "--", "sh", "-c", "echo $SHAREABLE_OWNER_DIED") as following:
            assert following.wait(20) == 0 and following.stdout.read() == f"{died:d}\n"
            assert (f"the previous owner of the lock of list '{name}' died" in following.stderr.read()) == died


# Prints the processes of a process group that have not ended.
SURVIVORS = """
import os, sys
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{pid}/stat") as file:
            state = file.read().rpartition(")")[2].split()[0]
        if os.getpgid(int(pid)) == int(sys.argv[1]) and state not in "ZX":
            print(pid, state)
    except OSError:
        pass
"""


def test_the_lock_is_free_only_after_the_last_descendant_has_ended(name):
    run("create", name, 0)
    nested = "sh -c 'sh -c \"sleep 60; true\" & sleep 60; true' & echo $$ $!; wait"
    for _ in range(5):
        with start(name, "--", "sh", "-c", nested, start_new_session=True) as wrapper:
            wrapper.stdout.readline()
            guard = guard_of(wrapper)
            time.sleep(0.05)
            wrapper.kill()
            with start(name, "--", sys.executable, "-c", SURVIVORS, wrapper.pid) as following:
                assert following.wait(20) == 0
                assert [line for line in following.stdout.read().splitlines() if int(line.split()[0]) != guard] == []
                assert "died" in following.stderr.read()


def test_a_wrapper_that_is_killed_while_it_waits_leaves_no_process(name):
    run("create", name, 0)
    with start(name, "sh", "-c", "echo locked; sleep 60") as holder:
        assert holder.stdout.readline() == "locked\n"
        with start(name, "echo", "ran") as waiter:
            time.sleep(0.3)
            guard = guard_of(waiter)
            waiter.kill()
            assert ends_soon(guard)
        with start(name, "echo", "ran") as waiter:
            time.sleep(0.3)
            waiter.terminate()
            assert waiter.wait(20) == 143 and waiter.stdout.read() == ""
        assert start("--nonblock", name, "true").wait(20) == 3
        holder.kill()


def test_a_killed_guard_kills_the_command(name):
    run("create", name, 0)
    with start(name, "--", "sh", "-c", "echo $$; exec sleep 60") as wrapper:
        command = int(wrapper.stdout.readline())
        os.kill(guard_of(wrapper), signal.SIGKILL)
        assert wrapper.wait(20) == 137 and ends_soon(command)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2])
def test_signals_are_forwarded(name, number):
    run("create", name, 0)
    script = f"import signal, sys; signal.signal({int(number)}, lambda *_: sys.exit(33)); print('ready', flush=True); signal.pause(); signal.pause()"
    with start(name, sys.executable, "-c", script) as wrapper:
        assert wrapper.stdout.readline() == "ready\n"
        wrapper.send_signal(number)
        assert wrapper.wait(20) == 33
    assert run("lock", name, "sh", "-c", "echo $SHAREABLE_OWNER_DIED") == "0\n"


def test_an_interrupt_from_the_terminal_arrives_once(name):
    run("create", name, 0)
    script = f"""
import fcntl, signal, termios, time
count = 0
def handle(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, handle)
fcntl.ioctl(0, termios.TIOCSTI, b"\\x03")
time.sleep(1)
print("interrupts:", count)
"""
    printed = on_terminal("lock", name, sys.executable, "-c", script)
    if "OSError" in printed or "PermissionError" in printed:
        pytest.skip("this kernel does not simulate terminal input")
    assert "interrupts: 1" in printed


def test_signals_that_are_ignored_remain_ignored(name):
    run("create", name, 0)
    script = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    ignore = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert run("lock", name, sys.executable, "-c", script, preexec_fn=ignore) == "True set()\n"


def test_a_list_without_a_lock_is_refused(name):
    stock(name, [1]).shm.close()
    answer = run("lock", name, "true", status=1)
    assert f"list '{name}' has no lock" in answer and f"flock(1) with the file /dev/shm/{name}" in answer


def test_a_list_that_is_removed_is_not_waited_for(name):
    run("create", name, 0)
    with start(name, "sh", "-c", "echo locked; sleep 60") as holder:
        assert holder.stdout.readline() == "locked\n"
        with start(name, "true") as waiter:
            time.sleep(0.2)
            os.unlink(f"/dev/shm/{name}")
            assert waiter.wait(20) == 1 and "was removed" in waiter.stderr.read()
        holder.kill()


def test_children_in_the_background_do_not_keep_the_lock(name):
    run("create", name, 0)
    with start(name, "sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!") as wrapper:
        left = int(wrapper.stdout.readline())
        assert wrapper.wait(20) == 0
        assert run("lock", "--nonblock", name, "true") == "" and is_running(left)
        os.kill(left, signal.SIGKILL)
