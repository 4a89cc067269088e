"""test_dicts.py - workers in all languages use one dict at the same time; then its contents are compared.

Each worker compares the results for its own keys with a model. All workers add to the same counters. In the end, stock
Python reads the dict, and finds the keys of all models and the sums of all additions. DICT_OPERATIONS is the number of
operations of all workers together, 200,000 if it is not set.
"""
import os
import pathlib
import subprocess

import dicts
import notation
import pytest

OPERATIONS = int(os.environ.get("DICT_OPERATIONS", "200000"))
PLACES = 1700  # of 1610 keys


@pytest.fixture
def name():
    name = f"test-{os.getpid()}-dict"
    yield name
    pathlib.Path("/dev/shm", name).unlink(missing_ok=True)


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


def test_workers_in_all_languages_change_one_dict(name):
    dicts.create(name, PLACES, 16, 500)
    workers = {f"{language}{n}": command for language, command in dicts.workers("dict_worker").items() for n in (1, 2)}
    share = str(OPERATIONS // len(workers))
    processes = {
        worker: subprocess.Popen(
            [*command, name, worker, share], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for worker, command in workers.items()
    }
    model, sums = results(processes)
    print(f"{share} operations of each of {' '.join(workers)}: {len(model)} keys, {sum(sums.values())} added")
    assert dicts.contents(name) == {**model, **sums}
