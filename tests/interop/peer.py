"""peer.py - the peer of the interop tests in Python.

It executes the commands on its standard input, see peers.py.

usage: peer.py stock|shareable
"""
import pathlib
import sys

import notation

STOCK = sys.argv[1] == "stock"
if STOCK:
    from multiprocessing import resource_tracker, shared_memory
else:
    import shareable
    from shareable import shared_memory


def item(shared, i, path):
    try:
        return notation.describe_long(shared[i], path)
    except Exception as problem:  # every exception is the answer
        return f"error {type(problem).__name__}"


def forget(shared):
    """Unregister a block: stock Python would unlink it when this process ends."""
    if STOCK:
        resource_tracker.unregister(shared.shm._name, "shared_memory")


def attached(name):
    shared = shared_memory.ShareableList(name=name)
    forget(shared)
    return shared


def create(name, count):
    values = [notation.parse(sys.stdin.readline()[:-1]) for _ in range(int(count))]
    shared = shared_memory.ShareableList(values, name=name)
    forget(shared)
    shared.shm.close()
    print("ok")


def read(name, folder):
    shared = attached(name)
    print("ok", len(shared), shared.format)
    for i in range(len(shared)):
        print(item(shared, i, pathlib.Path(folder, f"{sys.argv[1]}-{i}")))
    shared.shm.close()


def set_item(name, index):
    value = notation.parse(sys.stdin.readline()[:-1])
    shared = attached(name)
    try:
        shared[int(index)] = value
    finally:
        shared.shm.close()
    print("ok")


def create_array(name, dtype, order="C"):
    """Create an array of zeros. Without this library, numpy.save() writes the file, also in Fortran order."""
    if STOCK:
        import numpy

        with open(f"/dev/shm/{name}", "wb") as file:
            numpy.save(file, numpy.zeros((2, 3), dtype, order))
    else:
        shareable.array((2, 3), dtype, name=name, track=False)
    print("ok")


def open_array(name):
    """Open an array, without this library by NumPy alone."""
    if STOCK:
        import numpy

        return numpy.load(f"/dev/shm/{name}", mmap_mode="r+")
    return shareable.array(name=name)


def read_array(name):
    array = open_array(name)
    print("ok", array.dtype.str[1:], *array.shape)
    for i in range(array.size):
        print(array[i // 3, i % 3].tobytes().hex())


def set_array(name, index, item):
    import numpy

    array = open_array(name)
    array[int(index) // 3, int(index) % 3] = numpy.frombuffer(bytes.fromhex(item), array.dtype)[0]
    print("ok")


def unlink(name):
    shared = shared_memory.SharedMemory(name)
    shared.close()
    shared.unlink()
    print("ok")


def main():
    verbs = {
        **{"create": create, "read": read, "set": set_item, "unlink": unlink},
        **{"create_array": create_array, "read_array": read_array, "set_array": set_array},
    }
    for line in iter(sys.stdin.readline, ""):
        verb, *arguments = line.split()
        try:
            verbs[verb](*arguments)
        except Exception as problem:  # every exception is the answer
            print(f"error {type(problem).__name__} {problem}".replace("\n", " "))
        sys.stdout.flush()


main()
