"""Tests that a block is removed when its creator ends, which is the default in Python."""

import os
import signal
import subprocess
import sys
import time

import pytest

from shareable import _raw, garbage
from shareable.shared_memory import ShareableList, SharedMemory

# A process that executes its argument, prints "made", and sleeps.
CREATOR = """
import multiprocessing, os, sys, threading, time
from shareable.shared_memory import ShareableList, SharedMemory

def make(name, **options):
    return ShareableList([1], name=name, **options) and name

def wait_for(name):
    while not os.path.exists("/dev/shm/" + name):
        time.sleep(0.01)

def make_and_sleep(name):
    kept = ShareableList([os.getpid()], name=name + "-pid"), ShareableList([1], name=name)
    time.sleep(60)

def start_worker(method, name):
    multiprocessing.get_context(method).Process(target=make_and_sleep, args=(name,)).start()
    time.sleep(60)

if __name__ == "__main__":
    name = sys.argv[1]
    exec(sys.argv[2])
    print("made", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def creator(tmp_path, name):
    """A function that starts such a process, which is killed after the test."""
    path = tmp_path / "creator.py"
    path.write_text(CREATOR)
    processes = []

    def start(code, **options):
        process = subprocess.Popen(
            [sys.executable, path, name, code], stdout=subprocess.PIPE, text=True, start_new_session=True, **options
        )
        processes.append(process)
        assert process.stdout.readline() == "made\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def exists(name):
    return os.path.exists(f"/dev/shm/{name}")


def is_removed(name):
    """Return whether the block disappears. Normally, that takes less than a second."""
    end = time.monotonic() + 4  # on a busy machine
    while exists(name) and time.monotonic() < end:
        time.sleep(0.005)
    return not exists(name)


def is_kept(name):
    """Return whether the block still exists after the time that a removal would take."""
    time.sleep(0.3)
    return exists(name)


@pytest.mark.parametrize("make", ["make(name)", "kept = SharedMemory(name, create=True, size=5)"])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_block_is_removed_when_its_creator_is_killed(creator, name, make, end):
    process = creator(make)
    assert exists(name)
    process.send_signal(end)
    assert is_removed(name)


def test_block_is_removed_when_its_creators_process_group_is_killed(creator, name):
    process = creator("make(name)")
    os.killpg(process.pid, signal.SIGKILL)
    assert is_removed(name)


def test_block_is_removed_when_its_creator_exits(name, creator):
    process = creator("make(name); print('made', flush=True); sys.exit()")
    process.wait()
    assert is_removed(name)


def test_untracked_block_is_kept(creator, name):
    process = creator("make(name, track=False)")
    process.kill()
    assert is_kept(name)


def test_end_of_an_attached_process_keeps_the_block(creator, make_list, name):
    make_list([1, 2])
    process = creator("kept = ShareableList(name=name); also = SharedMemory(name, track=True)")
    process.kill()
    assert is_kept(name)


def test_attached_process_can_use_a_removed_block(creator, name):
    process = creator("make(name)")
    with ShareableList(name=name) as shared:
        process.kill()
        assert is_removed(name)
        shared[0] = 5
        assert shared[0] == 5


def test_end_of_a_forks_child_keeps_the_block(creator, name):
    creator("make(name)\nif os.fork() == 0: os._exit(0)\nos.wait()")
    assert is_kept(name)


def test_end_of_a_thread_keeps_the_block(creator, name):
    creator("thread = threading.Thread(target=make, args=(name,)); thread.start(); thread.join()")
    assert is_kept(name)


WORKER = """
worker = multiprocessing.get_context({!r}).Process(target=make, args=(name,))
worker.start()
worker.join()
"""
POOL = """
with multiprocessing.get_context("spawn").Pool(1) as pool:
    pool.apply(exec, (f"import __mp_main__; __mp_main__.make({name!r})",))
    pool.close()
    pool.join()
"""


@pytest.mark.parametrize("code", [*map(WORKER.format, ["fork", "spawn", "forkserver"]), POOL])
def test_worker_that_exits_transfers_its_blocks_to_its_parent(creator, name, code):
    process = creator(code)
    assert is_kept(name)
    process.kill()
    assert is_removed(name)


UNGUARDED = """
import multiprocessing, os, sys, time
from shareable.shared_memory import ShareableList, SharedMemory

at_import = ShareableList([1])  # also in each worker, while it imports this module

def make(name):
    return SharedMemory(name, create=True, size=10).name

if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(1) as pool:
        pool.apply(make, (sys.argv[2],))
        pool.close()
        pool.join()
    print("made", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_blocks_of_a_worker_that_created_one_at_import_are_kept(name, tmp_path, method):
    (tmp_path / "program.py").write_text(UNGUARDED)
    command = [sys.executable, str(tmp_path / "program.py"), method, name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "made\n"
        assert is_kept(name)
        process.stdin.close()
        process.wait(30)
    assert is_removed(name)


def test_blocks_cannot_be_transferred_to_a_process_that_does_not_exist():
    with pytest.raises(ValueError, match="^cannot transfer the blocks to process 999999999: there is no such process$"):
        _raw.transfer_ownership(999999999)


METHODS = ["fork", "spawn", "forkserver"]
STOPPED_WORKER = """
worker = multiprocessing.get_context({method!r}).Process(target=make_and_sleep, args=(name,))
worker.start()
wait_for(name)
worker.{end}()
worker.join()
"""


@pytest.mark.parametrize("end", ["terminate", "kill"])
@pytest.mark.parametrize("method", METHODS)
def test_worker_that_is_stopped_leaves_its_blocks_to_its_parent(creator, name, method, end):
    process = creator(STOPPED_WORKER.format(method=method, end=end))
    assert is_kept(name)
    process.kill()
    assert is_removed(name)


@pytest.mark.parametrize("method", METHODS)
def test_workers_of_a_terminated_pool_leave_their_blocks_to_its_program(creator, name, method):
    process = creator(f"""
with multiprocessing.get_context({method!r}).Pool(2) as pool:
    pool.map(make, [name + str(number) for number in range(4)])
""")
    names = [name + str(number) for number in range(4)]
    assert is_kept(names[0]) and all(map(exists, names))
    process.kill()
    assert all(map(is_removed, names))


@pytest.mark.parametrize("method", METHODS)
def test_block_of_a_nested_worker_lives_as_long_as_one_of_its_creators(creator, name, method):
    process = creator(f"""
middle = multiprocessing.get_context({method!r}).Process(target=start_worker, args=({method!r}, name))
middle.start()
wait_for(name)
os.kill(int(ShareableList(name=name + "-pid")[0]), 9)
middle.kill()
middle.join()
""")
    assert is_kept(name)
    process.kill()
    assert is_removed(name) and is_removed(name + "-pid")


@pytest.mark.parametrize("method", METHODS)
def test_block_of_a_nested_worker_survives_the_program_while_the_middle_lives(creator, name, method):
    process = creator(f"""
middle = multiprocessing.get_context({method!r}).Process(target=start_worker, args=({method!r}, name))
middle.start()
wait_for(name)
kept = ShareableList([middle.pid], name=name + "-middle", track=False)
""")
    with ShareableList(name=name + "-middle") as middle, ShareableList(name=name + "-pid") as worker:
        process.kill()
        os.kill(worker[0], signal.SIGKILL)
        assert is_kept(name)
        os.kill(middle[0], signal.SIGKILL)
        middle.unlink()
    assert is_removed(name)


LAZY = """
import multiprocessing, os, sys, time

def leaf(name):
    from shareable.shared_memory import ShareableList
    kept = ShareableList([os.getpid()], name=name + "-pid"), ShareableList([1], name=name)
    time.sleep(60)

def middle(method, name):
    multiprocessing.get_context(method).Process(target=leaf, args=(name,)).start()
    time.sleep(60)

if __name__ == "__main__":
    method, name = sys.argv[1:]
    worker = multiprocessing.get_context(method).Process(target=middle, args=(method, name))
    worker.start()
    while not os.path.exists("/dev/shm/" + name):
        time.sleep(0.01)
    with open("/dev/shm/" + name + "-pid", "rb") as block:
        pid = int.from_bytes(block.read()[24:32], "little")
    os.kill(pid, 9)
    worker.kill()
    worker.join()
    print("made", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("method", METHODS)
def test_block_of_a_nested_worker_lives_if_only_that_worker_imports_shareable(tmp_path, name, method):
    path = tmp_path / "lazy.py"
    path.write_text(LAZY)
    process = subprocess.Popen([sys.executable, path, method, name], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "made\n"
    kept = is_kept(name)
    process.kill()
    process.wait()
    process.stdout.close()
    assert kept and is_removed(name) and is_removed(name + "-pid")


def test_next_owner_removes_the_blocks_of_a_killed_tree(creator, name):
    no_reaper = {**os.environ, "SHAREABLE_REAPER": "/bin/true"}
    process = creator(STOPPED_WORKER.format(method="spawn", end="kill"), env=no_reaper)
    entry = next(each for each in garbage() if each.name == name)
    # Another process of this user that reaps may hold the lock on the log.
    assert not entry.garbage and entry.reason.endswith(f"transferred it to process {process.pid}, which is alive")
    process.kill()
    process.wait()
    creator("make(name + '-next')")
    assert is_removed(name) and exists(name + "-next")


def test_block_of_a_forked_child_lives_as_long_as_the_process_that_has_created_blocks(creator, name):
    process = creator(f"""
kept = ShareableList([1], name=name + "-first")
child = os.fork()
if child == 0:
    make_and_sleep(name)
wait_for(name)
os.kill(child, 9)
os.waitpid(child, 0)
""")
    assert is_kept(name)
    process.kill()
    assert is_removed(name) and is_removed(name + "-first")


def test_process_that_daemonizes_keeps_its_block(creator, name):
    process = creator(f"""
make(name)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        daemon = ShareableList([os.getpid()], name=name + "-pid", track=False)
        time.sleep(60)
    os._exit(0)
os.wait()
wait_for(name + "-pid")
""")
    process.kill()
    assert is_kept(name)
    with ShareableList(name=name + "-pid") as daemon:
        os.kill(daemon[0], signal.SIGKILL)
        daemon.unlink()
    assert is_removed(name)


def test_next_owner_removes_the_blocks_of_a_killed_container(creator, name):
    inside = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run([*inside, "true"], capture_output=True).returncode != 0:
        pytest.skip("this user may not make a pid namespace")
    code = f"""
import os, sys
from shareable.shared_memory import ShareableList
kept = ShareableList([os.getpid()], name={name!r})
print("made", flush=True)
sys.stdin.read()
os._exit(1)
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([*inside, sys.executable, "-c", code], text=True, **pipes) as first:
        assert first.stdout.readline() == "made\n"
        with ShareableList(name=name) as shared:
            assert shared[0] == 1  # it is PID 1: its reaper dies with it
        first.stdin.close()
        first.wait()  # the kernel kills the other processes of the namespace first
    creator("make(name + '-next')")
    assert is_removed(name) and exists(name + "-next")


def test_program_without_owned_blocks_starts_no_reaper(make_list, name):
    make_list([7])
    code = f"from shareable.shared_memory import ShareableList as L; print(L(name={name!r})[0], L([1], track=False).unlink())"
    environment = {**os.environ, "SHAREABLE_REAPER": "/nonexistent/reaper"}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (ended.stdout, ended.stderr) == ("7 None\n", "")


def test_creating_an_owned_block_fails_without_a_reaper(name):
    code = "from shareable.shared_memory import SharedMemory; SharedMemory({!r}, create=True, size=1, track={})"
    environment = {**os.environ, "SHAREABLE_REAPER": "/nonexistent/reaper"}
    run = [sys.executable, "-c", code.format(name, True)]
    ended = subprocess.run(run, capture_output=True, text=True, env=environment)
    assert "cannot start '/nonexistent/reaper', which cleans up after this process" in ended.stderr
    assert not exists(name)
    subprocess.run([sys.executable, "-c", code.format(name, False)], check=True, env=environment)
    assert exists(name)


def test_garbage_finds_unused_blocks_of_dead_owners(creator, name):
    process = creator("make(name)", env={**os.environ, "SHAREABLE_REAPER": "/bin/true"})

    def gc_entry():
        return next((each for each in garbage() if each.name == name), None)

    assert gc_entry() == (name, False, False, "its owner is alive")
    with ShareableList(name=name):
        process.kill()
        process.wait()
        found = gc_entry()
        assert found is None or found == (name, False, False, f"its owner has ended, but process {os.getpid()} has it mapped")
    found = gc_entry()  # None if another reaper of this user has removed it
    if found is not None and "may have it mapped" in found.reason:  # this user may not inspect a process
        assert not found.garbage
        SharedMemory(name).unlink()
        return
    assert found is None or found == (name, True, False, "its owner has ended, and no process uses it")
    removed = [each for each in garbage(remove=True) if each.name == name]
    assert all(each.removed for each in removed) and not exists(name)
