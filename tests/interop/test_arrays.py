"""test_arrays.py - every language and NumPy alone use the same array of each type of numbers."""
import os
import pathlib

import peers
import pytest

numpy = pytest.importorskip("numpy", reason="NumPy is not installed for Debian's Python")

DTYPES = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]


@pytest.fixture(scope="module")
def all_peers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arrays")
    found = peers.ours(folder) + [peers.stock("debian", "/usr/bin/python3", folder), peers.luajit(folder)]
    found = [peer for peer in found if peer is not None]
    yield found
    for peer in found:
        peer.end()


@pytest.fixture
def name():
    name = f"test-{os.getpid()}-array"
    yield name
    pathlib.Path("/dev/shm", name).unlink(missing_ok=True)


def values_of(dtype):
    """Return six items with the limits of the type."""
    kind = numpy.dtype(dtype).kind
    if kind == "b":
        return numpy.array([True, False, True, True, False, True])
    if kind in "iu":
        limits = numpy.iinfo(dtype)
        return numpy.array([limits.min, limits.max, 0, 1, limits.max // 3, 42], dtype)
    limits = numpy.finfo(dtype)
    items = numpy.array([limits.max, -limits.tiny, -0.0, numpy.inf, -1.5, limits.eps], dtype)
    if kind == "c":
        items.imag = items.real[::-1]
    return items


def check(all_peers, name, dtype, wanted):
    for reader in all_peers:
        described, items = reader.read_array(name)
        assert described == f"{dtype} 2 3", reader.name
        assert items == [item.tobytes() for item in wanted], (reader.name, dtype)


def write_and_check(all_peers, name, dtype):
    """Let each peer in turn write all items, and all others read them."""
    values = values_of(dtype)
    check(all_peers, name, dtype, numpy.zeros(6, dtype))
    for turn, writer in enumerate(all_peers):
        wanted = numpy.roll(values, turn)
        for i, item in enumerate(wanted):
            assert writer.set_array(name, i, item.tobytes()) == "ok", writer.name
        check(all_peers, name, dtype, wanted)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_peer_reads_and_writes_what_every_peer_created(all_peers, name, dtype):
    for creator in all_peers:
        assert creator.create_array(name, dtype) == "ok", creator.name
        write_and_check(all_peers, name, dtype)
        assert all_peers[0].unlink(name) == "ok"


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_peer_reads_and_writes_an_array_in_fortran_order(all_peers, name, dtype):
    stock = next(peer for peer in all_peers if peer.is_stock)
    assert stock.create_array(name, dtype, "F") == "ok"
    write_and_check(all_peers, name, dtype)
    array = numpy.load(f"/dev/shm/{name}")
    assert array.flags.f_contiguous
    assert array.tobytes() == numpy.roll(values_of(dtype), len(all_peers) - 1).tobytes()


def test_luajit_is_one_of_the_peers(all_peers):
    if not any(peer.name == "luajit" for peer in all_peers):
        pytest.skip("LuaJIT is not installed with its headers, or Lua was not configured")
