"""Tests our manager and our client with each installed CPython, over each kind of address."""

import pickle
import subprocess
from multiprocessing.connection import Client

import pytest

from manager import BUILD, INTERPRETERS, KEY, KINDS, TIMEOUT, address_of, command_of_stock, manager, name, stock

PEER = BUILD / "tests" / "tools" / "manager" / "peer"


def our_client(address, prefix):
    done = subprocess.run([PEER, address, KEY.hex(), prefix], capture_output=True, text=True, timeout=TIMEOUT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", INTERPRETERS)
def test_cpython_client_works_with_our_manager(version, kind, tmp_path):
    with manager(address=address_of(kind, tmp_path)) as ours:
        stock(version, "client", ours.address, KEY.hex(), name(kind))
        assert ours.wait() == 0, "the client has shut it down"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", INTERPRETERS)
def test_our_client_works_with_a_cpython_manager(version, kind, tmp_path):
    command = command_of_stock(version, "serve", address_of(kind, tmp_path), KEY.hex())
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as served:
        our_client(served.stdout.readline().strip(), name(kind))
        served.communicate(timeout=TIMEOUT)
    assert served.returncode == 0


@pytest.mark.parametrize("kind", KINDS)
def test_our_client_works_with_our_manager(kind, tmp_path):
    with manager(address=address_of(kind, tmp_path)) as ours:
        our_client(ours.address, name(kind))
        assert ours.wait() == 0, "the client has shut it down"
    assert list(tmp_path.iterdir()) == []


def test_clients_of_all_versions_share_one_manager():
    with manager() as ours:
        running = {version: subprocess.Popen(command_of_stock(version, "share", ours.address, KEY.hex(), name(version)),
                                             stderr=subprocess.PIPE, text=True) for version in INTERPRETERS}
        for version, each in running.items():
            errors = each.communicate(timeout=TIMEOUT)[1]
            assert (each.returncode, errors) == (0, ""), version


def test_long_replies_equal_those_of_cpython():
    with manager() as ours, Client(ours.address, authkey=KEY) as connection:
        names = []
        for number in range(6001):
            names.append(name(f"{number}" * (1 + number % 7)))
            connection.send_bytes(pickle.dumps((None, "track_segment", (names[-1],), {}), 4))
            assert connection.recv_bytes() == pickle.dumps(("#RETURN", None), 4)
            if number in (0, 1, 2, 999, 1000, 1001, 2500, 6000):
                connection.send_bytes(pickle.dumps((None, "list_segments", (), {}), 4))
                assert connection.recv_bytes() == pickle.dumps(("#RETURN", names), 4), number


def supports_only_md5(interpreter):
    return subprocess.run([interpreter, "-c", "import sys; sys.exit(sys.version_info >= (3, 12))"]).returncode == 0


def test_no_md5_refuses_clients_that_support_only_md5():
    old = [version for version, interpreter in INTERPRETERS.items() if supports_only_md5(interpreter)]
    if not old:
        pytest.skip("no CPython before 3.12 is installed")
    with manager("--no-md5") as ours:
        stock(old[0], "refused", ours.address, KEY.hex())
