"""Passes slices of an array to the workers of a Pool: passing_arrays.py fork|spawn|forkserver

The argument is the start method. Prints "passed" on success.
"""

import multiprocessing
import sys

import shareable


def double(array):
    array *= 2
    return array.name


if __name__ == "__main__":
    array = shareable.array((4, 100), "i8")
    array[:] = 21
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        assert pool.map(double, [array[i] for i in range(4)]) == [array.name] * 4
    assert (array == 42).all()
    array.unlink()
    print("passed")
