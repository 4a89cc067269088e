"""Test the completion of the values of options."""

import re

import pytest
from command import run
from test_completion import bash, completions, fish_completes, zsh

LISTS = {"state": "--state", "kind": "-k", "sort": "-x"}


def values_of(option):
    """Return the values that the command names in its error message."""
    listed = re.search("expected (.*)", run("ls", f"--{option}", "?", status=2))[1]
    return re.split(", | or ", listed)


@pytest.mark.parametrize("option", LISTS)
def test_every_shell_completes_the_values_that_the_command_takes(option, tmp_path, name):
    values = values_of(option)
    assert len(values) >= 5
    for typed in (f"--{option}", LISTS[option]):
        assert sorted(completions("shareable", "ls", typed, "")) == sorted(values)
        assert sorted(fish_completes(f"shareable ls {typed} ".encode(), tmp_path)) == sorted([each.encode()] for each in values)
    for value in values:
        assert completions("shareable", "ls", f"--{option}", value) == [each for each in values if each.startswith(value)]


@pytest.mark.parametrize("start", [bash, zsh])
def test_a_shell_inserts_a_value(start, tmp_path, name):
    shell = start(tmp_path)
    assert shell.ask(b"shareable ls --state orph\t") == [b"ls", b"--state", b"orphaned"]
    assert shell.ask(b"shareable ls -k sema\t") == [b"ls", b"-k", b"semaphore"]
    shell.end()


def test_no_block_is_offered_where_a_number_is_due(tmp_path, name):
    run("create", name, 1)
    for option in ("--min-size", "--pid", "-p", "-o"):
        assert completions("shareable", "ls", option, name[:-1]) == [""]
        assert fish_completes(f"shareable ls {option} {name[:-1]}".encode(), tmp_path) == []
    assert completions("shareable", "ls", "--reverse", name[:-1]) == [name]
    assert completions("shareable", "ls", "--directory", "/dev/sh") == ["/dev/shm"]
    assert completions("shareable", "ls", "--", "--state", name[:-1]) == [name]


@pytest.mark.parametrize("option", ["--older-than", "-O"])
def test_ages_of_garbage_are_completed_to_values_that_gc_takes(option, tmp_path):
    ages = completions("shareable", "gc", option, "")
    assert len(ages) >= 3 and sorted(fish_completes(f"shareable gc {option} ".encode(), tmp_path)) == sorted([each.encode()] for each in ages)
    for age in ages:
        run("gc", option, age)
    shell = zsh(tmp_path)
    assert shell.ask(f"shareable gc {option} 1h\t".encode()) == [b"gc", option.encode(), b"1h"]
    assert shell.ask(b"shareable gc --old\t") == [b"gc", b"--older-than"]
    shell.end()
