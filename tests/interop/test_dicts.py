"""test_dicts.py - workers in all languages use one dict at the same time; then its contents are compared.

Each worker compares the results for its own keys with a model. All workers add to the same counters. In the end, stock
Python reads the dict, and finds the keys of all models and the sums of all additions. DICT_OPERATIONS is the number of
operations of all workers together, 200,000 if it is not set.
"""
import os
import pathlib
import subprocess
from multiprocessing import resource_tracker, shared_memory

import notation
import peers
import pytest

OPERATIONS = int(os.environ.get("DICT_OPERATIONS", "200000"))
PLACES = 1700  # of 1610 keys


def commands():
    """Return the commands of two workers in each language that was built."""
    found = {"c": [str(peers.BUILD / "tests/interop/dict_worker")]}
    if os.environ.get("run_python"):
        found["python"] = [*os.environ["run_python"].split(), str(peers.HERE / "dict_worker.py")]
    if os.environ.get("run_lua"):
        found["lua"] = [*os.environ["run_lua"].split(), str(peers.HERE / "dict_worker.lua")]
    if os.environ.get("with_go"):
        found["go"] = [str(peers.BUILD / "tests/interop/dict_worker_in_go")]
    return {f"{language}{n}": command for language, command in found.items() for n in (1, 2)}


@pytest.fixture
def name():
    name = f"test-{os.getpid()}-dict"
    yield name
    pathlib.Path("/dev/shm", name).unlink(missing_ok=True)


def create(name):
    command = [*os.environ["run_shareable"].split(), "create", "--dict", str(PLACES)]
    subprocess.run([*command, "--key-size", "16", "--value-size", "500", name], check=True)


def results(processes):
    """Return the models of all workers together, and what they have added to each counter."""
    model, sums = {}, {}
    for worker, process in processes.items():
        output, errors = process.communicate(timeout=600)
        assert process.returncode == 0, (worker, errors)
        for line in output.splitlines():
            kind, key, value = line.replace("\t", " ").split(" ", 2)
            if kind == "own":
                model[key] = notation.parse(value)
            else:
                sums[f"shared:{key}"] = sums.get(f"shared:{key}", 0) + int(value)
    return model, sums


def contents(name):
    """Return the keys and values as stock Python reads them."""
    shared = shared_memory.ShareableList(name=name)
    resource_tracker.unregister(shared.shm._name, "shared_memory")
    items = list(shared)
    shared.shm.close()
    pairs = [(key, value) for key, value in zip(items[::2], items[1::2]) if key is not None]
    assert len(pairs) == len(dict(pairs)), "a key has two places"
    return dict(pairs)


def test_workers_in_all_languages_change_one_dict(name):
    create(name)
    workers = commands()
    share = str(OPERATIONS // len(workers))
    processes = {
        worker: subprocess.Popen(
            [*command, name, worker, share], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for worker, command in workers.items()
    }
    model, sums = results(processes)
    print(f"{share} operations of each of {' '.join(workers)}: {len(model)} keys, {sum(sums.values())} added")
    assert contents(name) == {**model, **sums}
