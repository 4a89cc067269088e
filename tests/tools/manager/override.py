"""A CPython program whose manager process is our program. It overrides one method of SharedMemoryManager; start(), shutdown()
and `with` must work as usual.

  override.py METHOD KIND PROGRAM    METHOD is fork, spawn or forkserver; KIND is a key of ADDRESSES
  override.py orphan METHOD PROGRAM  prints a block's name and the manager's address, and waits to be killed
"""

import multiprocessing
import os
import signal
import sys
import time
from multiprocessing import connection, managers, process, resource_tracker, shared_memory


class Manager(managers.SharedMemoryManager):
    program = None

    @classmethod
    def _run_server(cls, registry, address, authkey, serializer, writer, initializer=None, initargs=()):
        reader, key = os.pipe()
        os.write(key, bytes(authkey))
        os.close(key)
        parent = process.parent_process()
        descriptors = {"authkey": reader, "address": writer.fileno(), "lifeline": parent.sentinel,
                       "tracker": resource_tracker._resource_tracker.getfd()}
        command = [os.environ["PROGRAM"], "--owner", str(parent.pid)]
        for name, descriptor in descriptors.items():
            os.set_inheritable(descriptor, True)
            command += ["--%s-fd" % name, str(descriptor)]
        if address is not None:
            command += ["--address", "%s:%d" % address if isinstance(address, tuple) else address.replace("\0", "@")]
        os.execv(command[0], command)


ADDRESSES = {"default": None, "tcp": ("127.0.0.1", 0), "abstract": "\0shareable-test-%d" % os.getpid()}


def is_gone(name):
    return not os.path.exists("/dev/shm/" + name)


def use(manager):
    """Uses a manager and returns the names of the blocks that it created."""
    block = manager.SharedMemory(64)
    values = manager.ShareableList([1, 2.5, "text", None])
    attached = shared_memory.ShareableList(name=values.shm.name)
    attached[0] = 7
    assert values[0] == 7
    attached.shm.close()
    return [block.name, values.shm.name]


def work(name):
    values = shared_memory.ShareableList(name=name)
    values[0] += 1
    values.shm.close()


def everything(address):
    with Manager(address=address) as manager:
        names = use(manager)
        manager_address = manager.address
        worker = multiprocessing.Process(target=work, args=(names[1],))
        worker.start()
        worker.join()
        assert worker.exitcode == 0
        assert shared_memory.ShareableList(name=names[1])[0] == 8
        os.kill(manager._process.pid, signal.SIGINT)
        names += use(manager)
    assert all(map(is_gone, names))
    assert not isinstance(manager_address, str) or not os.path.exists(os.path.dirname(manager_address))

    manager = Manager(address=address)
    manager.start()
    [block, values] = use(manager)
    shared_memory.SharedMemory(block).unlink()
    start = time.monotonic()
    manager.shutdown()
    assert time.monotonic() - start < 1, "the manager must exit before it gets a signal"
    assert manager._process.exitcode == 0
    assert is_gone(values)
    manager.shutdown()

    left = Manager(address=address)
    left.start()
    use(left)
    return left  # the finalizer at exit must stop it


def orphan():
    manager = Manager()
    manager.start()
    print(use(manager)[0], manager.address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    mode, argument, os.environ["PROGRAM"] = sys.argv[1:]
    if mode == "orphan":
        multiprocessing.set_start_method(argument)
        orphan()
    else:
        multiprocessing.set_start_method(mode)
        end = everything(ADDRESSES[argument])
        print("done")
