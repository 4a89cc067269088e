"""Test the completion of the values of options."""

import re

import pytest
from command import run
from test_completion import bash, completions, fish_completes, zsh

# Commands, and options with a list of values.
LISTS = [
    ("ls", "state", None), ("ls", "kind", "-k"), ("ls", "sort", "-x"), ("top", "sort", "-x"), ("watch", "follow", None),
    ("set", "type", "-t"), ("create", "type", "-t"), ("wait", "type", "-t"),
]  # fmt: skip


def values_of(command, option):
    """Return the values that the command names in its error message."""
    asked = "wait" if option == "type" else command  # set first looks for the block
    listed = re.search("expected (.*)", run(asked, f"--{option}", "?", "x", 0, 1, status=2))[1]
    return re.split(", | or ", listed)


@pytest.mark.parametrize("command, option, short", LISTS)
def test_every_shell_completes_the_values_that_the_command_takes(command, option, short, tmp_path, name):
    run("create", name, 1)
    values = values_of(command, option)
    assert len(values) >= 2
    for typed in (f"--{option}", short or f"--{option}"):
        assert sorted(completions("shareable", command, typed, "")) == sorted(values)
        assert sorted(fish_completes(f"shareable {command} {typed} ".encode(), tmp_path)) == sorted([each.encode()] for each in values)
    assert sorted(fish_completes(f"shareable {command} --{option}=".encode(), tmp_path)) == sorted([f"--{option}={each}".encode()] for each in values)
    for value in values:
        assert completions("shareable", command, f"--{option}", value) == [each for each in values if each.startswith(value)]
        assert completions("shareable", command, f"--{option}={value}") == [each for each in values if each.startswith(value)]


@pytest.mark.parametrize("command", re.findall(r"^  ([a-z]+)  ", run("--help"), re.M))
def test_every_option_is_offered_once(command, tmp_path):
    if command == "manager":
        pytest.skip("its options follow a subcommand")
    options = re.findall(r"^  (?:-., )?(--[a-z0-9-]+)", run(command, "--help"), re.M)
    assert completions("shareable", command, "--") == options and "--help" in options
    assert sorted(fish_completes(f"shareable {command} --".encode(), tmp_path)) == sorted([each.encode()] for each in options)


@pytest.mark.parametrize("command", re.findall(r"^  ([a-z]+)  ", run("dict", "--help"), re.M))
def test_every_option_of_a_dict_command_is_offered_once(command, tmp_path):
    options = re.findall(r"^  (?:-., )?(--[a-z0-9-]+)", run("dict", command, "--help"), re.M)
    assert completions("shareable", "dict", command, "--") == options and "--help" in options
    assert sorted(fish_completes(f"shareable dict {command} --".encode(), tmp_path)) == sorted([each.encode()] for each in options)
    if "--key-type" in options:
        assert completions("shareable", "dict", command, "-K", "") == ["str", "bytes"]
    if command == "watch":
        assert completions("shareable", "dict", "watch", "--follow", "") == ["name", "descriptor"]


@pytest.mark.parametrize("start", [bash, zsh])
def test_a_shell_inserts_a_value(start, tmp_path, name):
    shell = start(tmp_path)
    assert shell.ask(b"shareable ls --state orph\t") == [b"ls", b"--state", b"orphaned"]
    assert shell.ask(b"shareable ls -k sema\t") == [b"ls", b"-k", b"semaphore"]
    assert shell.ask(b"shareable ls --sort=ag\t") == [b"ls", b"--sort=age"]
    assert shell.ask(b"shareable watch --follow desc\t") == [b"watch", b"--follow", b"descriptor"]
    assert shell.ask(b"shareable set -t fl\t") == [b"set", b"-t", b"float"]
    assert shell.ask(b"shareable manager run --log-level=warn\t") == [b"manager", b"run", b"--log-level=warning"]
    shell.end()


def test_no_block_is_offered_where_a_number_is_due(tmp_path, name):
    run("create", name, 1)
    for option in ("--min-size", "--pid", "-p", "-o"):
        assert completions("shareable", "ls", option, name[:-1]) == [""]
        assert fish_completes(f"shareable ls {option} {name[:-1]}".encode(), tmp_path) == []
    for command, option in (("watch", "-c"), ("create", "--mode"), ("lock", "-E"), ("write", "--offset")):
        assert completions("shareable", command, option, name[:-1]) == [""]
        assert fish_completes(f"shareable {command} {option} {name[:-1]}".encode(), tmp_path) == []
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
