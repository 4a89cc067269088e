"""Test dicts: the subcommands of `dict`, and how create, copy, dump, info, layout and watch treat dicts."""

import json
import mmap
import os
import re
import select
import signal
import struct
import subprocess
import time

import pytest
from command import COMMAND, blocks, exists, item_locker, needs_item_locker, on_terminal, run, stock

SUBCOMMANDS = re.findall(r"^  ([a-z]+)  ", run("dict", "--help"), re.M)


def dict_(*arguments, status=0, **options):
    return run("dict", *arguments, status=status, **options)


@pytest.fixture
def made(name):
    """Return the name of a dict of ten places."""
    run("create", "--dict", 10, name)
    return name


def info(name):
    (shown,) = json.loads(run("info", "--json", name))["blocks"]
    return shown


def dumped(name):
    return json.loads(run("dump", "--json", name))


def items(name):
    return {json.dumps(each["key"]): each.get("value") for each in dumped(name)["items"]}


def area(name):
    """Return the offset of the dict area."""
    (found,) = [each for each in json.loads(run("layout", "--json", name))["areas"] if each["area"] == "dict area"]
    return found["offset"]


def patch(name, offset, content):
    with open(f"/dev/shm/{name}", "r+b") as block:
        block.seek(offset)
        block.write(content)


def test_help_of_each_subcommand():
    assert {"get", "set", "add", "del", "ls", "wait"} <= set(SUBCOMMANDS)
    for command in SUBCOMMANDS:
        output = dict_(command, "--help")
        assert output.startswith(f"Usage: shareable dict {command} [OPTION]... ")
        assert [line for line in output.splitlines() if len(line) > 80] == []
        assert f"Try 'shareable dict {command} --help'" in dict_(command, "--frobnicate", status=2)
        assert f"Try 'shareable dict {command} --help'" in dict_(command, status=2)
    assert "unknown subcommand 'frobnicate'" in dict_("frobnicate", status=2)
    assert "a subcommand is missing" in dict_(status=2)


def test_values_of_every_type_are_written_and_read(made):
    values = {"i": "-7", "f": "2.5", "b": "true", "n": "none", "s": "größe", "e": ""}
    for key, value in values.items():
        dict_("set", made, key, value)
    assert dict_("get", "--type", made, *values).splitlines() == ["int -7", "float 2.5", "bool true", "none none", "str größe", "str "]
    dict_("set", "--type", "bytes", made, "x", "00ff")
    dict_("set", "-t", "str", made, "y", "5")
    assert dict_("get", "-t", made, "x", "y") == "bytes 00ff\nstr 5\n"
    assert dict_("get", "-J", made, "x", "y", "f") == '{"type": "bytes", "value": "00ff"}\n"5"\n2.5\n'
    assert dict_("get", "-z", made, "s", "i") == "größe\0-7\0"
    assert run("get", made, 1) == "-7\n"  # it is a list, too


def test_a_value_keeps_its_type(made):
    dict_("set", made, "text", "x")
    dict_("set", made, "text", "7")
    dict_("set", made, "real", "1.0")
    dict_("set", made, "real", "2")
    assert dict_("get", "-t", made, "text", "real") == "str 7\nfloat 2.0\n"
    assert "'x' is not a valid float; --type changes the type of the value" in dict_("set", made, "real", "x", status=2)
    dict_("set", "--type", "int", made, "real", "9")
    assert dict_("get", "-t", made, "real") == "int 9\n"


def test_a_value_is_read_from_a_file(name, tmp_path):
    path = tmp_path / "value"
    run("create", "--dict", 2, "--value-size", 1_000_000, name)
    text = "größe\n" * 100_000
    path.write_text(text + "\n")
    dict_("set", "--from-file", path, name, "a")
    assert dict_("get", name, "a") == text + "\n"
    dict_("set", "--from-file", "-", name, "b", input=dict_("get", name, "a"))
    assert dict_("get", name, "b") == text + "\n"
    dict_("set", "--from-file", "-", name, "b", input="7\n")
    dict_("set", "--type", "bytes", "--from-file", "-", name, "a", input="00ff" * 200_000)
    assert dict_("get", "-t", name, "a", "b") == "bytes " + "00ff" * 200_000 + "\nstr 7\n"
    dict_("clear", name)
    for content, shown in (("7\n", "int 7"), ("7", "int 7"), ("7\0", "str 7\0"), ("", "str "), ("\n", "str ")):
        dict_("del", "-f", name, "a")
        dict_("set", "--from-file", "-", name, "a", input=content)
        assert dict_("get", "-t", name, "a") == shown + "\n"
    dict_("set", "-t", "int", name, "a", 7)
    message = dict_("set", "--from-file", "-", name, "a", input="7\0", status=2)
    assert "the content of standard input is not a valid int" in message and "--type changes the type" in message
    assert "cannot open" in dict_("set", "--from-file", tmp_path / "nope", name, "a", status=1)
    assert "more than 19999983 bytes: no value is that long" in dict_("set", "--from-file", "/dev/zero", name, "a", status=1)
    assert "--from-file reads the VALUE" in dict_("set", "--from-file", path, name, "a", 1, status=2)
    assert dict_("get", name, "a") == "7\n"


def test_keys_are_str_or_bytes(made):
    dict_("set", made, "6b", 1)
    dict_("set", "--key-type", "bytes", made, "6b", 2)
    dict_("set", made, "-k", 3)
    assert dict_("get", made, "6b", "-k") == "1\n3\n" and dict_("get", "-K", "bytes", made, "6b") == "2\n"
    assert dict_("ls", made) == "6b\n6b\n-k\n" and dict_("ls", "-t", made) == "str 6b\nbytes 6b\nstr -k\n"
    assert dict_("ls", "-J", made).splitlines() == ['"6b"', '{"type": "bytes", "value": "6b"}', '"-k"']
    assert dict_("ls", "--zero", made) == "6b\x006b\0-k\0"
    assert "unknown type of keys 'int': expected str or bytes" in dict_("get", "-K", "int", made, "6b", status=2)
    assert "'xyz' is not a valid key: bytes are pairs of hexadecimal digits" in dict_("del", "-K", "bytes", made, "6b", "xyz", status=2)
    assert dict_("get", "-K", "bytes", made, "6b") == "2\n"


def test_a_key_that_no_dict_can_have_is_refused(made):
    for key, message in (("", "must not be empty"), ("x" * 33, "is too long for dict")):
        for command in (["get", made, key], ["set", made, key, 1], ["del", made, key], ["add", made, key], ["ttl", made, key], ["watch", made, key]):
            assert message in dict_(*command, status=1), command
    assert "must not be empty or end in a NUL" in dict_("set", "-K", "bytes", made, "6100", 1, status=1)
    assert "must be UTF-8" in dict_("set", made, b"\xff".decode(errors="surrogateescape"), 1, status=1)
    assert "is not in dict" in dict_("get", made, b"\xff".decode(errors="surrogateescape"), status=1)


def test_get_stops_at_an_absent_key(made):
    dict_("set", made, "a", 1)
    ended = subprocess.run([COMMAND, "dict", "get", made, "a", "nope", "a"], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "1\n")
    assert ended.stderr == f"shareable dict get: key 'nope' is not in dict '{made}'\n"


def test_get_prints_values_of_expired_keys(made):
    dict_("set", made, "fresh", 1)
    dict_("set", "--ttl", 1000, made, "later", 2)
    dict_("set", "--ttl", 0.01, made, "old", "x" * 64)
    dict_("set", "--ttl", 0.01, "-K", "bytes", made, "00ff", "3")
    time.sleep(0.03)
    assert dict_("get", "--stale", made, "fresh", "later") == "1\n2\n"
    ended = subprocess.run([COMMAND, "dict", "get", "--stale", "-t", made, "old", "fresh"], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (4, f"str {'x' * 64}\nint 1\n", "")
    assert dict_("get", "--stale", "-K", "bytes", made, "00ff", status=4) == ""
    assert "key 'old' is not in dict" in dict_("get", made, "old", status=1)
    assert "key 'nope' is not in dict" in dict_("get", "--stale", made, "old", "nope", status=1)
    dict_("clear", "--expired", made)
    assert "key 'old' is not in dict" in dict_("get", "--stale", made, "old", status=1)


def test_set_only_if_absent_or_present(made):
    dict_("set", "--if-absent", made, "a", 1)
    assert "is in dict" in dict_("set", "--if-absent", made, "a", 2, status=4)
    assert "is in dict" in dict_("set", "--if-absent", made, "a", "not an int", status=4)
    assert "is not in dict" in dict_("set", "--if-present", made, "b", 2, status=4)
    dict_("set", "--if-present", made, "a", 3)
    assert items(made) == {'"a"': 3}
    assert "exclude each other" in dict_("set", "--if-absent", "--if-present", made, "a", 2, status=2)


def test_a_full_dict_and_a_long_value_are_errors(made):
    for i in range(10):
        dict_("set", made, i, i)
    assert f"dict '{made}' is full: all 10 places have a key" in dict_("set", made, "x", 1, status=1)
    assert "values have at most 64 bytes" in dict_("set", "-t", "str", made, 0, "x" * 65, status=1)
    assert len(items(made)) == 10 and dict_("get", made, 0) == "0\n"


def test_a_dict_that_evicts_is_never_full(name):
    run("create", "--dict", 4, "--evict", name)
    for i in range(10):
        dict_("set", name, i, i)
    assert info(name)["keys"] == 4 and info(name)["evict"] is True and '"9"' in items(name)


def test_add_and_cas(made):
    assert dict_("add", made, "n") == "1\n" and dict_("add", made, "n", -3) == "-2\n"
    assert dict_("add", "--initial", 100, made, "m", 5) == "105\n" and dict_("add", "--initial", 100, made, "m", 5) == "110\n"
    assert dict_("add", made, "f", 0.5) == "0.5\n" and dict_("add", "--initial", "1.5", made, "f") == "1.5\n"
    assert "is a float, not an int" in dict_("add", made, "f", 1, status=1)
    assert "is an int, not a float" in dict_("add", made, "n", 1.0, status=1)
    assert "is not a valid number to add" in dict_("add", made, "n", "x", status=2)
    assert "is not a valid initial value" in dict_("add", "--initial", "x", made, "n", status=2)
    dict_("set", made, "max", 2**63 - 1)
    assert "must fit in 64 bits" in dict_("add", made, "max", status=1)
    assert dict_("cas", made, "n", -2, 7) == "-2\n" and dict_("get", made, "n") == "7\n"
    ended = subprocess.run([COMMAND, "dict", "cas", made, "n", "1", "2"], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (4, "7\n", "")
    assert "is not in dict" in dict_("cas", made, "nope", 1, 2, status=1)
    assert "is a float, not an int" in dict_("cas", made, "f", 1, 2, status=1)


def test_processes_that_add_at_once_lose_nothing(made):
    script = f'for i in $(seq 25); do "$0" dict add {made} n >/dev/null || exit; done'
    adders = [subprocess.Popen(["sh", "-c", script, COMMAND]) for _ in range(4)]
    assert [each.wait() for each in adders] == [0] * 4
    assert dict_("get", made, "n") == "100\n"


def test_keys_are_deleted(made):
    for key in "abcd":
        dict_("set", made, key, key)
    assert dict_("pop", "-t", made, "a") == "str a\n" and "is not in dict" in dict_("pop", made, "a", status=1)
    assert "key 'a' is not in dict" in dict_("del", made, "a", "b", status=1)
    assert items(made) == {'"c"': "c", '"d"': "d"}
    dict_("del", "--force", made, "a", "c")
    assert dict_("ls", made) == "d\n"
    dict_("clear", made)
    assert dict_("ls", made) == "" and info(made)["keys"] == 0


def test_keys_expire(made):
    dict_("set", "--ttl", 0.2, made, "short", 1)
    dict_("set", "-T", 1000, made, "long", 1)
    dict_("set", made, "never", 1)
    dict_("add", "--ttl", 0.2, made, "counter")
    assert [float(each) for each in dict_("ttl", made, "never", "long").splitlines()] == [float("inf"), pytest.approx(1000, abs=60)]
    time.sleep(0.25)
    assert dict_("ls", made) == "long\nnever\n" and "is not in dict" in dict_("get", made, "short", status=1)
    assert "is not in dict" in dict_("ttl", made, "short", status=1)
    shown = info(made)
    assert (shown["keys"], shown["expired"]) == (4, 2)
    dict_("clear", "--expired", made)
    assert (info(made)["keys"], info(made)["expired"]) == (2, 0)
    dict_("expire", made, "never", "1e-12")  # not 0 nanoseconds, which would be never
    dict_("expire", made, "long", 0)
    assert dict_("ls", made) == "long\n" and dict_("ttl", made, "long") == "inf\n"
    assert "is not in dict" in dict_("expire", made, "nope", 1, status=1)
    for ttl in ("-1", "x", "9223372037", "nan"):
        assert f"'{ttl}' is not a valid TTL" in dict_("set", "--ttl", ttl, made, "a", 1, status=2)
        assert f"'{ttl}' is not a valid TTL" in dict_("expire", made, "long", ttl, status=2)


def test_a_set_replaces_the_ttl_and_an_add_keeps_it(made):
    dict_("set", "--ttl", 1000, made, "a", 1)
    dict_("add", made, "a")
    dict_("add", "--ttl", 5000, made, "a")
    assert 900 < float(dict_("ttl", made, "a")) <= 1000
    dict_("set", made, "a", 1)
    assert dict_("ttl", made, "a") == "inf\n"


def test_info_and_ls_show_a_dict(name):
    run("create", "--dict", 100, "--key-size", 20, "--value-size", 100, name)
    dict_("set", name, "a", 1)
    shown = info(name)
    columns = ("kind", "items", "places", "keys", "expired", "key_size", "value_size", "evict", "index", "sync", "dtype")
    assert [shown[each] for each in columns] == ["dict", 200, 100, 1, 0, 24, 104, False, "stable", True, None]
    lines = dict(line.split(maxsplit=1) for line in run("info", name).splitlines())
    assert [lines[each] for each in ("KIND", "PLACES", "KEYS", "KEY_SIZE", "VALUE_SIZE", "EVICT", "INDEX")] == ["dict", "100", "1", "24", "104", "no", "stable"]
    run("create", name + "-list", 1)
    assert {each: row["kind"] for each, row in blocks(name + "*").items()} == {name: "dict", name + "-list": "list"}
    assert set(blocks("--kind", "dict", name + "*")) == {name} and set(blocks("--kind", "list", name + "*")) == {name + "-list"}
    assert run("ls", "-nr", "-o", "kind,places,keys,evict", name + "-list").split() == ["list"]
    (row,) = [each for each in json.loads(run("top", "--json", "--count", 1, name))["blocks"] if each["name"] == name]
    assert (row["kind"], row["items"]) == ("dict", 200)


def test_top_counts_the_changes_of_a_dict(made):
    with subprocess.Popen([COMMAND, "top", "--json", "--count", "2", "--delay", "0.5", made], stdout=subprocess.PIPE, text=True) as top:
        top.stdout.readline()
        dict_("set", made, "a", 1)
        (row,) = [each for each in json.loads(top.stdout.readline())["blocks"] if each["name"] == made]
    assert (row["kind"], row["changes"]) == ("dict", 2)  # a key and its value


def test_top_shows_a_new_dict(name):
    with subprocess.Popen([COMMAND, "top", "--json", "--count", "3", "--delay", "0.3"], stdout=subprocess.PIPE, text=True) as top:
        top.stdout.readline()
        run("create", "--dict", 10, name)
        top.stdout.readline()
        (row,) = [each for each in json.loads(top.stdout.readline())["blocks"] if each["name"] == name]
    assert (row["kind"], row["items"]) == ("dict", 20)


def test_a_dict_changes_while_info_reads_it(made):
    patch(made, area(made) + 128, struct.pack("Q", 1))
    assert info(made)["index"] == "changing"


def test_dump_prints_keys_and_values(made):
    dict_("set", made, "colour", "red\nblue")
    dict_("set", "--ttl", 1000, "-K", "bytes", made, "00ff", 2.5)
    dict_("set", made, "größe\x1b", "true")
    dict_("set", "-t", "bytes", made, "raw", "0102")
    lines = run("dump", made).splitlines()
    assert lines[0].split() == ["KTYPE", "KEY", "TTL", "TYPE", "VALUE"]
    assert lines[1].split() == ["str", "colour", "-", "str", "red\\x0ablue"]
    assert lines[2].split()[:2] == ["bytes", "00ff"] and 900 < float(lines[2].split()[2]) <= 1000
    assert lines[3].split() == ["str", "größe\\x1b", "-", "bool", "true"] and lines[3].index("-") == lines[1].index("-")
    assert run("dump", "-n", "-c", 1, made).splitlines() == lines[1:2]
    document = dumped(made)
    assert 900 < document["items"][1].pop("ttl") <= 1000
    assert document == {
        "name": made, "places": 10, "key_size": 32, "value_size": 64, "evict": False,
        "items": [
            {"key": "colour", "type": "str", "value": "red\nblue"},
            {"key": {"type": "bytes", "value": "00ff"}, "type": "float", "value": 2.5},
            {"key": "größe\x1b", "type": "bool", "value": True},
            {"key": "raw", "type": "bytes", "value": "0102"},
        ],
    }  # fmt: skip
    dict_("clear", made)
    assert dumped(made)["items"] == [] and run("dump", "-n", made) == ""


def test_a_dump_is_created_again(made, tmp_path):
    for key, value in (("a", "1"), ("b", "nan"), ("c", "none"), ("d", "")):
        dict_("set", made, key, value)
    dict_("set", "--ttl", 9223372036, made, "e", 1)
    dict_("expire", made, "e", "9223372036.8547758")  # 2^63 nanoseconds: the longest TTL is less
    dict_("set", "--ttl", 1000, "-K", "bytes", made, "61", "x")
    path = tmp_path / "dict.json"
    path.write_text(run("dump", "--json", made))
    run("create", "--from-json", path, made + "-2")
    documents = [dumped(made), dumped(made + "-2")]
    for each in documents:
        assert 9e9 < each["items"][4].pop("ttl") < 2**63 / 1e9
        assert 900 < each["items"][5].pop("ttl") <= 1000 and each.pop("name")
    assert documents[0] == documents[1]
    assert dict_("get", made + "-2", "a", "b", "c", "d") == "1\nnan\nnone\n\n" and dict_("get", "-K", "bytes", made + "-2", "61") == "x\n"
    dict_("set", made + "-2", "new", 1)
    assert info(made + "-2")["keys"] == 7
    run("create", "--force", "-j", path, made + "-2")
    assert info(made + "-2")["keys"] == 6
    path.write_text(json.dumps({**dumped(made), "evict": True}, sort_keys=True))  # the items come before the sizes
    run("create", "--force", "-j", path, made + "-2")
    assert items(made + "-2") == items(made) and info(made + "-2")["evict"] is True


@pytest.mark.parametrize(
    "change, message",
    [
        ({"items": [{"key": "a", "type": "int", "value": 1}, {"type": "int", "value": 2}]}, 'each item of a dict has a "key"'),
        ({"items": [1]}, 'each item of a dict has a "key"'),
        ({"items": [{"key": None, "type": "int", "value": 1}]}, "dump could not read the key"),
        ({"items": [{"key": 1, "type": "int", "value": 1}]}, '"key" is not a string'),
        ({"items": [{"key": "", "type": "int", "value": 1}]}, '"key" is not a str or bytes of 1 to 472 bytes'),
        ({"items": [{"key": "x\0", "type": "int", "value": 1}]}, '"key" is not a str or bytes of 1 to 472 bytes'),
        ({"items": [{"key": {"type": "bytes", "value": "0"}, "type": "int", "value": 1}]}, ':2:1: item 0: "key": "value" is not a valid string of hexadecimal digits'),
        ({"items": [{"key": {"type": "bytes", "value": "00ff", "x": 1}, "type": "int", "value": 1}]}, 'item 0: "key": unknown member'),
        ({"items": [{"key": "a", "type": "int", "value": 1}, {"key": "b", "type": "int", "value": 2.5}]}, ':3:1: item 1: "value" is not a valid int'),
        ({"items": [{"key": {"type": "int", "value": 0}, "type": "int", "value": 1}]}, '"key" is not a str or bytes'),
        ({"items": [{"key": "a", "ttl": -1, "type": "int", "value": 1}]}, '"ttl" is not a number of seconds'),
        ({"items": [{"key": "a", "ttl": 0, "type": "int", "value": 1}]}, '"ttl" is not a number of seconds from 1e-9 to 9223372036'),
        ({"items": [{"key": "a", "ttl": 1e10, "type": "int", "value": 1}]}, '"ttl" is not a number of seconds'),
        ({"items": [{"key": "a", "ttl": "1", "type": "int", "value": 1}]}, '"ttl" is not a number of seconds'),
        ({"items": [{"key": "a", "type": "held"}]}, "dump could not read the item"),
        ({"items": [{"key": "a", "type": "int", "value": 1, "capacity": 8}]}, '"capacity" is only for the items of a list'),
        ({"items": [{"key": "x" * 17, "type": "int", "value": 1}]}, ':2:1: item 0: "key" has 17 bytes, more than the "key_size" of 16'),
        ({"items": [{"key": "a", "type": "str", "value": "x" * 9}]}, ':2:1: item 0: "value" has 9 bytes, more than the "value_size" of 8'),
        ({"items": [{"key": each, "type": "int", "value": 1} for each in "abcd"]}, "4 keys do not fit in a dict of 3 places"),
        ({"places": 0}, '"places" is not a number from 1 to 2147483648'),
        ({"places": 1.5}, '"places" is not a number from 1 to 2147483648'),
        ({"key_size": 473}, '"key_size" is not a number from 1 to 472'),
        ({"value_size": 1 << 40}, '"value_size" is not a number from 1 to 9999992'),
        ({"evict": 1}, '"evict" is not true or false'),
        ({"sync": False}, "a dict has a sync area"),
        ({"places": None}, '"places" is not a number'),
        ({"colour": 1}, 'expected the member "name"'),
    ],
)
def test_json_that_is_not_a_dict_is_refused(name, tmp_path, change, message):
    path = tmp_path / "dict.json"
    document = json.dumps({"places": 3, "key_size": 16, "value_size": 8, "evict": False, "items": [], **change})
    path.write_text(document.replace('[{"key"', '[\n{"key"').replace('}, {"key"', '},\n{"key"'))  # each item on a line of its own
    assert message in run("create", "-j", path, name, status=1)
    assert not exists(name)


def test_the_last_of_equal_keys_in_json_is_created(name, tmp_path):
    path = tmp_path / "dict.json"
    entries = [{"key": key, "type": "str", "value": value} for key, value in ("a1", "b2", "a3", "c4", "b5", "b6")]
    entries.insert(1, {"key": {"type": "bytes", "value": "61"}, "type": "int", "value": 7})
    path.write_text(json.dumps({"places": 4, "key_size": 8, "value_size": 8, "evict": False, "items": entries}))
    run("create", "-j", path, name)
    assert items(name) == {'{"type": "bytes", "value": "61"}': 7, '"a"': "3", '"c"': "4", '"b"': "6"} and info(name)["keys"] == 4


def test_json_of_a_dict_needs_its_sizes(name, tmp_path):
    path = tmp_path / "dict.json"
    path.write_text(json.dumps([{"key": "a", "type": "int", "value": 1}]))
    assert 'a dict has the members "places", "key_size" and "value_size"' in run("create", "-j", path, name, status=1)
    path.write_text(json.dumps({"places": 3, "key_size": 16, "value_size": 8, "items": []}))
    for option in ("--no-sync", "--capacity=9"):
        assert "--from-json reads a dict" in run("create", option, "-j", path, name, status=2)
    assert not exists(name)


def test_create_refuses_what_no_dict_has(name):
    for option, value in (("--dict", 0), ("--dict", 2**31 + 1), ("--dict", "x")):
        assert "is not a valid number of places" in run("create", option, value, name, status=2)
    for option, value in (("--key-size", 0), ("--key-size", 473), ("--value-size", 0), ("--value-size", 9999992), ("--value-size", "x")):
        assert "is not a valid size" in run("create", "--dict", 1, option, value, name, status=2)
    for options in (["--type", "int"], ["--size", 1], ["--no-sync"], ["--capacity", 1], ["--from-json", "/dev/null"], ["--npy", "/dev/null"]):
        assert "--dict creates an empty dict" in run("create", "--dict", 1, *options, name, status=2)
    assert "--dict creates an empty dict" in run("create", "--dict", 1, name, "a", 1, status=2)
    for options in (["--key-size", 1], ["--value-size", 1], ["--evict"]):
        assert "need --dict PLACES" in run("create", *options, name, status=2)
    assert not exists(name)
    run("create", "--dict", 1, "--mode", 640, "--value-size", 9999991, "--lazy", name)
    assert info(name)["mode"] == "0640" and info(name)["value_size"] == 9999992
    run("copy", name, name + "-2")
    assert info(name + "-2")["value_size"] == 9999992
    assert "exists already" in run("create", "--dict", 1, name, status=1)
    run("create", "--force", "--dict", 2, name)
    assert info(name)["places"] == 2 and info(name)["mode"] == "0640"


def test_a_dict_larger_than_dev_shm_is_an_error(name):
    assert "but /dev/shm has only" in run("create", "--dict", 1 << 20, "--value-size", 9999991, name, status=1)
    assert not exists(name)


def test_copy_makes_a_dict(made):
    dict_("set", made, "a", 1)
    dict_("set", "--ttl", 1000, made, "b", "x")
    dict_("set", "--ttl", 0.01, made, "gone", "x")
    dict_("set", "-K", "bytes", made, "00ff", "none")
    time.sleep(0.02)
    run("copy", made, made + "-2")
    documents = [dumped(made), dumped(made + "-2")]
    for each in documents:
        assert 900 < each["items"][1].pop("ttl") <= 1000 and each.pop("name")
    assert documents[0] == documents[1]
    assert dict_("get", made + "-2", "a", "b") == "1\nx\n" and info(made + "-2")["keys"] == 3
    dict_("set", made + "-2", "a", 2)
    assert dict_("get", made, "a") == "1\n"
    run("copy", "--force", made, made + "-2")
    assert dict_("get", made + "-2", "a") == "1\n"


def test_a_hostile_dict_with_one_key_in_all_places_is_copied_once(name):
    run("create", "--dict", 20000, "--key-size", 8, "--value-size", 8, name)
    with open(f"/dev/shm/{name}", "r+b") as block:
        for place in range(20000):
            areas = 8 * (2 * 20000 + 2)
            block.seek(areas + 16 * place)
            block.write(b"key\0\0\0\0\0")
        block.seek(areas + 16 * 20000)
        block.write((struct.pack("8s", b"8s") + struct.pack("8s", b"xxxxxx?x")) * 20000)
        block.write(b"\1\3" * 20000)
    run("copy", name, name + "-2")
    assert items(name + "-2") == {'"key"': None} and info(name + "-2")["keys"] == 1


def test_keys_are_copied_to_a_larger_dict(made):
    run("create", "--dict", 20, made + "-2")
    for i in range(10):
        dict_("set", made, i, i)
    dict_("set", made + "-2", 3, "old")
    dict_("set", made + "-2", "kept", 1)
    dict_("copy", made, made + "-2")
    assert items(made + "-2") == {**{f'"{i}"': i for i in range(10)}, '"kept"': 1}
    for options, message in ((["--dict", 5], "is full"), (["--dict", 10, "--key-size", 8], "a key of 9 bytes is too long"), (["--dict", 10, "--value-size", 8], "the value of key '9'")):
        run("create", "--force", *options, made + "-2")
        dict_("set", "-t", "str", made, 9, "x" * 9) if "value of" in message else None
        dict_("del", made, 8)
        dict_("set", made, "k" * 9 if "a key" in message else 8, 1)
        failure = dict_("copy", made, made + "-2", status=1)
        assert message in failure and f"dict '{made}-2'" in failure
        dict_("del", "-f", made, "k" * 9)
        dict_("set", made, 8, 8)


def test_a_copy_names_the_key_that_cannot_be_read(made):
    run("create", "--dict", 10, made + "-2")
    dict_("set", made, "good", 1)
    dict_("set", made, "bad", "ZZZZ")
    with open(f"/dev/shm/{made}", "r+b") as block:
        found = block.read().index(b"ZZZZ")
    patch(made, found, b"\xff\xfe\xfd\xfc")
    message, copied = dict_("copy", made, made + "-2", status=1).splitlines()
    assert "key 'bad'" in message and f"dict '{made}'" in message and copied.endswith(f"some keys have been copied to dict '{made}-2'")
    assert items(made + "-2") == {'"good"': 1}


def test_layout_shows_the_dict_area(made):
    areas = json.loads(run("layout", "--json", made))["areas"]
    (found,) = [each for each in areas if each["area"] == "dict area"]
    assert [(each["area"], each["size"]) for each in found["children"]] == [("header", 192), ("record", 64), ("expiries", 80), ("index", 160)]
    assert found["size"] == 496 and found["offset"] % 64 == 0 and found["offset"] + 496 == os.stat(f"/dev/shm/{made}").st_size
    with open(f"/dev/shm/{made}", "rb") as block:
        block.seek(found["offset"])
        assert block.read(8) == b"shr.dict"


def test_a_damaged_index_is_made_again(made):
    for key in "abc":
        dict_("set", made, key, key)
    index = area(made) + 192 + 64 + 80
    patch(made, index, b"\xff" * 160)
    assert "is not in dict" in dict_("get", made, "a", status=1)
    assert dict_("ls", made) == "a\nb\nc\n"
    dict_("reindex", made)
    assert dict_("get", made, "a", "b", "c") == "a\nb\nc\n" and info(made)["keys"] == 3


def test_write_and_set_refuse_to_change_keys(made):
    dict_("set", made, "a", 1)
    assert "is a dict: 'shareable dict set' writes its values" in run("write", made, status=1, input="x")
    for command in (["set", "--type", "int", made, 0, 5], ["set", made, -20, "b"], ["add", made, 0], ["add", made, 2], ["cas", made, 0, 1, 2]):
        assert "is a key of a dict: 'shareable dict' changes keys and their values" in run(*command, status=1)
    assert items(made) == {'"a"': 1}
    run("set", made, 1, 2)
    assert items(made) == {'"a"': 2}


def test_a_list_of_stock_python_is_read_as_a_dict(name):
    stock(name, ["a", 1, b"b", 2.5, None, None]).shm.close()
    assert dict_("get", name, "a") == "1\n" and dict_("get", "-K", "bytes", name, "62") == "2.5\n"
    assert dict_("ls", "-t", name) == "str a\nbytes 62\n" and dict_("ttl", name, "a") == "inf\n"
    assert "is not in dict" in dict_("get", name, "b", status=1)
    dict_("wait", "--timeout", 5, name, "a", 1)
    assert dict_("watch", "--initial", "--count", 1, name).split() == ["str", "a", "int", "1"]
    for command in (["set", name, "a", 2], ["add", name, "a"], ["del", name, "a"], ["clear", name], ["reindex", name], ["pop", name, "a"]):
        assert "contains a list that is not a dict" in dict_(*command, status=1)
    run("create", name + "-2", 1, 2)
    assert "its item 0 would be a key, but is not a str, bytes or None" in dict_("get", name + "-2", "a", status=1)


def test_what_is_not_a_dict_is_an_error(name):
    run("create", "--size", 100, name)
    for command in (["get", "a"], ["set", "a", 1], ["ls"], ["wait", "a"], ["watch"]):
        for block, message in ((name, "is not a list"), (name + "-missing", "there is no block called"), ("a/b", "not a valid name")):
            assert message in dict_(command[0], block, *command[1:], status=1)


def test_a_user_who_may_only_read_gets_an_error(made):
    dict_("set", made, "a", 1)
    os.chmod(f"/dev/shm/{made}", 0o444)
    if os.geteuid() == 0:
        os.chown(f"/dev/shm/{made}", 0, 0)
        options = {"user": 65534, "group": 65534, "extra_groups": []}
        if subprocess.run(["test", "-x", COMMAND], **options).returncode != 0 or "lt-" in os.path.basename(COMMAND):
            pytest.skip("another user cannot run the command here")
    else:
        options = {}
    assert dict_("get", made, "a", **options) == "1\n"
    assert "permission" in dict_("set", made, "a", 2, status=1, **options).lower()
    assert dict_("wait", made, "a", 1, **options) == ""


def test_wait(made):
    assert dict_("wait", "--timeout", 0, made, "a", status=3) == ""
    for command, change in (
        (["a"], ["set", made, "a", 1]),
        (["a", "2"], ["set", made, "a", 2]),
        (["a", "2.0"], ["get", made, "a"]),
        (["a", "x"], ["set", "-t", "str", made, "a", "x"]),
        (["a", "nan"], ["set", "-t", "float", made, "a", "nan"]),
        (["--absent", "a"], ["del", made, "a"]),
    ):
        options, operands = [each for each in command if each[0] == "-"], [each for each in command if each[0] != "-"]
        with subprocess.Popen([COMMAND, "dict", "wait", "-w", "20", *options, made, *operands], stderr=subprocess.DEVNULL) as waiter:
            time.sleep(0.1)
            dict_(*change)
            assert waiter.wait() == 0, command
    dict_("wait", "--absent", made, "a")
    dict_("set", "--ttl", 0.3, made, "t", 1)
    dict_("wait", "-w", 20, "--absent", made, "t")
    dict_("set", made, "n", 5)
    dict_("wait", "--type", "int", made, "n", 5)
    assert dict_("wait", "-w", 0.1, "-t", "float", made, "n", 5, status=3) == ""
    assert "the value of key 'n' is now of the type int: it cannot be 'x'" in dict_("wait", "-w", 0.1, made, "n", "x", status=3)
    assert "cannot be used with a VALUE" in dict_("wait", "--absent", made, "n", 5, status=2)
    assert "which is missing" in dict_("wait", "-t", "int", made, "n", status=2)
    assert "is not a valid int" in dict_("wait", "-t", "int", made, "n", "x", status=2)


def test_wait_ends_when_the_dict_is_removed(made):
    with subprocess.Popen([COMMAND, "dict", "wait", made, "a"], stderr=subprocess.PIPE, text=True) as waiter:
        time.sleep(0.2)
        run("rm", "--force", made)
        assert waiter.wait(10) == 1 and waiter.stderr.read() == f"shareable dict wait: dict '{made}' was removed\n"


class Watcher:
    """Run `watch`, and read its lines."""

    def __init__(self, *arguments):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([COMMAND, *map(str, arguments)], **pipes)
        self.printed = b""

    def lines(self, count):
        while self.printed.count(b"\n") < count:
            assert select.select([self.process.stdout], [], [], 10)[0], self.printed
            self.printed += os.read(self.process.stdout.fileno(), 65536)
        *found, self.printed = self.printed.split(b"\n", count)
        return [line.decode() for line in found]

    def end(self):
        self.process.terminate()
        self.process.communicate()


@pytest.mark.parametrize("command", [["watch"], ["dict", "watch"]])
def test_watch_prints_the_keys_that_change(made, command):
    dict_("set", made, "a", 1)
    watcher = Watcher(*command, "--initial", made)
    assert watcher.lines(1) == ["str    a  int    1"]
    for change, line in (
        (["set", made, "b", "x y"], "str    b  str    x y"),
        (["set", made, "a", 2], "str    a  int    2"),
        (["set", "-K", "bytes", made, "00ff", "true"], "bytes  00ff  bool   true"),
        (["del", made, "b"], "str    b  absent"),
        (["add", "--ttl", 0.3, made, "n"], "str    n  int    1"),
    ):
        dict_(*change)
        assert watcher.lines(1) == [line]
    assert watcher.lines(1) == ["str    n  absent"]  # it has expired
    watcher.end()


def test_watch_prints_json_and_given_keys(made):
    watcher = Watcher("dict", "watch", "-J", "-i", made, "a", "n")
    assert [json.loads(line) for line in watcher.lines(2)] == [{"key": "a", "type": "absent"}, {"key": "n", "type": "absent"}]
    dict_("set", made, "other", 1)
    dict_("set", "--ttl", 0.3, made, "n", "x")
    assert [json.loads(line) for line in watcher.lines(2)] == [{"key": "n", "type": "str", "value": "x"}, {"key": "n", "type": "absent"}]
    watcher.end()
    dict_("set", "-K", "bytes", made, "00ff", 7)
    assert json.loads(dict_("watch", "-J", "-i", "-c", 1, "-K", "bytes", made, "00ff")) == {"key": {"type": "bytes", "value": "00ff"}, "type": "int", "value": 7}
    assert dict_("watch", "--timeout", 0.1, made, "a", status=3) == ""
    assert run("watch", "-i", "-c", 1, made, 0).split() == ["0", "str", "other"]  # an index is that of an item of the list


def test_a_key_that_moves_to_another_place_is_not_reported_as_absent(made):
    for key in "ab":
        dict_("set", made, key, key)
    watcher = Watcher("watch", "-i", made)
    watcher.lines(2)
    watcher.process.send_signal(signal.SIGSTOP)
    dict_("del", made, "a", "b")
    for key, value in (("b", "new"), ("c", 1), ("a", "a")):
        dict_("set", made, key, value)
    watcher.process.send_signal(signal.SIGCONT)
    assert sorted(watcher.lines(2))[0] == "str    b  str    new"
    watcher.end()
    assert b"absent" not in watcher.printed


def test_watch_follows_the_name_of_a_dict(name):
    watcher = Watcher("dict", "watch", "-F", name)
    assert watcher.process.stderr.readline() == f"shareable dict watch: there is no dict called '{name}': waiting for it\n"
    run("create", name, 1)  # a list is not what it waits for
    time.sleep(0.2)
    run("create", "--force", "--dict", 5, name)
    time.sleep(0.3)
    dict_("set", name, "a", 1)
    assert watcher.lines(1) == ["str    a  int    1"]
    run("rm", "-f", name)
    assert watcher.process.stderr.readline() == f"shareable dict watch: dict '{name}' was removed: waiting for a new one\n"
    watcher.end()


def test_completion_and_gc_treat_a_dict_as_a_list(made):
    assert run("ls", "--zero", made) == made + "\0"
    (found,) = [each for each in json.loads(run("gc", "--json"))["blocks"] if each["name"] == made]
    assert found["result"] == "kept" and exists(made)
    run("rm", made)
    assert not exists(made)


def test_the_output_on_a_terminal_is_escaped(made):
    dict_("set", made, "esc\x1b[31m", "\x1b[31mred")
    for command in (["dict", "ls", made], ["dict", "get", made, "esc\x1b[31m"], ["dump", made], ["watch", "-i", "-c", "1", made]):
        output = on_terminal(*command)
        assert "\x1b" not in output and "\\x1b[31m" in output


# A process that is stopped while it has the lock of a dict, and one that has keys and values locked.
def test_a_lock_that_is_held_is_a_timeout(made):
    dict_("set", made, "a", 1)
    with open(f"/dev/shm/{made}", "r+b") as block:
        mapped = mmap.mmap(block.fileno(), 0)
    with subprocess.Popen([COMMAND, "lock", made, "sleep", "100"], start_new_session=True) as holder:
        lists = area(made)
        sync = mapped.find(b"shr.sync")
        deadline = time.monotonic() + 10
        while not (owner := struct.unpack_from("I", mapped, sync + 32)[0]) and time.monotonic() < deadline:
            time.sleep(0.01)
        if owner == 0:
            holder.send_signal(signal.SIGTERM)
            pytest.skip("the lock word of the list is elsewhere")
        struct.pack_into("I", mapped, lists + 64, owner & 0x7FFFFFFF)
        for command in (["set", "b", 1], ["del", "a"], ["clear"], ["reindex"], ["pop", "a"]):
            message = dict_(command[0], "-w", 0.1, made, *command[1:], status=3)
            assert f"another process has had the lock of dict '{made}'" in message and "until the timeout" in message
        assert dict_("get", made, "a") == "1\n" and dict_("ls", made) == "a\n"
        struct.pack_into("I", mapped, lists + 64, 0)
        holder.send_signal(signal.SIGTERM)
    mapped.close()


@needs_item_locker
def test_keys_that_a_stopped_writer_holds_are_waited_for_once(name):
    run("create", "--dict", 40, name)
    for i in range(20):
        dict_("set", name, i, i)
    with item_locker_of_dict(name):
        for command in (["dump", name], ["dict", "ls", name], ["copy", name, name + "-2"]):
            start = time.monotonic()
            run(*command, status=1)
            assert time.monotonic() - start < 10
        start = time.monotonic()
        run("dict", "watch", "-i", "-w", 0.1, name, status=3)
        assert time.monotonic() - start < 10
    assert len(items(name)) == 20


@needs_item_locker
def test_a_value_that_is_held_is_a_timeout(made):
    dict_("set", made, "a", 1)
    with item_locker_of_dict(made, 1, 2):  # the values
        for command in (["set", "-t", "int", "a", 2], ["add", "a", 1], ["expire", "a", 9]):
            message = dict_(*command[:-2], "-w", 0.1, made, *command[-2:], status=3)
            assert f"the lock of dict '{made}', or of the value of the key, until the timeout" in message
        assert "held by another writer" in dict_("set", "-t", "int", made, "a", 2, status=1)


LOCKER = """
import mmap, os, struct, sys
from shareable.shared_memory import ShareableList
kept = ShareableList(name=sys.argv[1])
kept[1] = 0
mapped = mmap.mmap(os.open("/dev/shm/" + sys.argv[1], os.O_RDWR), 0)
area = mapped.find(b"shr.sync")
writer_id, = struct.unpack_from("I", mapped, area + 64 + 192)
words = area + 64 + 192 + 8 * 64 + 4 * 512
before = mapped[words : words + 8 * len(kept)]
for item in range(int(sys.argv[2]), len(kept), int(sys.argv[3])):
    struct.pack_into("Q", mapped, words + 8 * item, writer_id << 32 | 1)
print("locked", flush=True)
sys.stdin.read()
mapped[words : words + 8 * len(kept)] = before
"""


class item_locker_of_dict:
    """Lock all items of a dict, or those from `first` on in steps, while the body runs."""

    def __init__(self, name, first=0, step=1):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([os.environ["run_python"], "-c", LOCKER, name, str(first), str(step)], **pipes)

    def __enter__(self):
        assert self.process.stdout.readline() == "locked\n"

    def __exit__(self, *error):
        self.process.communicate("")


COMMANDS = [
    ["dump"], ["dump", "-J"], ["info"], ["layout", "--all"], ["dict", "ls"], ["dict", "get", "a"], ["dict", "get", "nope"], ["dict", "ttl", "a"],
    ["dict", "set", "-w1", "a", "1"], ["dict", "set", "-w1", "nope", "1"], ["dict", "add", "-w1", "n"], ["dict", "cas", "-w1", "n", "0", "1"],
    ["dict", "pop", "-w1", "b"], ["dict", "del", "-w1", "c"], ["dict", "wait", "-w0.1", "nope"], ["dict", "watch", "-w0.1"], ["watch", "-w0.1"],
    ["dict", "expire", "-w1", "a", "100"], ["dict", "clear", "-w1", "--expired"], ["dict", "reindex", "-w1"], ["dict", "clear", "-w1"],
]  # fmt: skip


def run_all(name):
    """Run all commands on a block that another process has damaged. Return their exit statuses and messages."""
    found = []
    for command in COMMANDS:
        words = command[:2] if command[0] == "dict" else command[:1]
        options = [each for each in command[len(words) :] if each[0] == "-"]
        operands = [each for each in command[len(words) :] if each[0] != "-"]
        ended = subprocess.run([COMMAND, *words, *options, name, *operands], capture_output=True, timeout=30)
        assert ended.returncode in (0, 1, 3, 4), (command, ended)
        assert ended.returncode in (0, 3, 4) or ended.stderr, command
        found.append((command, ended.returncode, ended.stderr.decode(errors="replace")))
    return found


def filled(name):
    run("create", "--dict", 16, name)
    for key in "abcdef":
        dict_("set", "--ttl", 1000, name, key, key)
    dict_("set", name, "n", 0)
    return area(name)


FIELDS = {
    "magic": 0, "version": 8, "flags": 12, "places": 16, "key_size": 24, "value_size": 28, "size": 32, "seed": 40, "lock": 64, "intent": 68,
    "intent_place": 72, "intent_entry": 80, "intent_count": 88, "count": 96, "hand": 104, "sequence": 128, "has_expiries": 136,
    "record": 160, "record_length": 168, "record_code": 176,
}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_a_hostile_dict_area_is_an_error_or_harmless(name, field):
    for content in (b"\xff" * 4, b"\xff" * 8, b"\xff\xff\xff\x7f", struct.pack("I", 3), bytes(4), struct.pack("Q", 1 << 31)):
        start = filled(name)
        patch(name, start + FIELDS[field], content)
        for command, status, message in run_all(name):
            if field in ("magic", "places", "size") and content[0] == 0xFF and command[0] == "dict" and command[1] == "set":
                assert status == 1 and re.search("corrupt|not a dict|another version", message), message
        os.unlink(f"/dev/shm/{name}")


def test_info_shows_no_more_keys_than_places(name):
    patch(name, filled(name) + FIELDS["count"], b"\xff" * 8)
    assert info(name)["keys"] == 16


def test_a_corrupt_dict_area_is_named(name):
    start = filled(name)
    patch(name, start + FIELDS["places"], struct.pack("Q", 1 << 30))
    assert f"the dict area of '{name}' is corrupt: create the dict again" in dict_("get", name, "a", status=1)
    assert info(name)["kind"] == "list" and run("get", name, 0) == "a\n"  # the list can still be read
    assert run("dump", name).splitlines()[1].split() == ["0", "str", "a"]
    patch(name, start + FIELDS["places"], struct.pack("Q", 16))
    patch(name, start + FIELDS["version"], struct.pack("I", 2))
    assert "another version of this library" in dict_("get", name, "a", status=1)


@pytest.mark.parametrize("part", ["record", "expiries", "index"])
def test_garbage_in_the_dict_area_is_harmless(name, part):
    for content in (b"\xff", b"\x01", b"\x80", b"\0\0\0\0\1\0\0\0"):
        start = filled(name)
        (found,) = [each for each in json.loads(run("layout", "--json", name))["areas"] if each["area"] == "dict area"]
        (target,) = [each for each in found["children"] if each["area"] == part]
        patch(name, target["offset"], (content * target["size"])[: target["size"]])
        run_all(name)
        os.unlink(f"/dev/shm/{name}")


def test_corrupt_keys_and_values_are_errors(name):
    filled(name)
    areas = {each["area"]: each for each in json.loads(run("layout", "--json", name))["areas"]}
    patch(name, areas["formats"]["offset"], b"?" * 8 * 4)
    ended = dict((tuple(command), (status, message)) for command, status, message in run_all(name))
    assert ended["dump",][0] == 1
    filled_again = name + "-2"
    filled(filled_again)
    areas = {each["area"]: each for each in json.loads(run("layout", "--json", filled_again))["areas"]}
    patch(filled_again, areas["formats"]["offset"] + 8, b"?" * 8)  # the value of the first key
    assert "corrupt" in dict_("get", filled_again, "a", status=1)
    assert dict_("ls", filled_again).splitlines()[0] == "a"
    lines = subprocess.run([COMMAND, "dump", "-n", filled_again], capture_output=True, text=True)
    assert lines.returncode == 1 and lines.stdout.splitlines()[0].split()[-1] == "corrupt" and "item 1 of list" in lines.stderr
    assert "--type TYPE gives the type of the new one" in dict_("set", filled_again, "a", 1, status=1)
    dict_("set", "--type", "int", filled_again, "a", 1)
    assert dict_("get", filled_again, "a") == "1\n"


@pytest.mark.parametrize("size", [16, 300, 2000, 4096, 5000])
def test_a_truncated_block_is_an_error(name, size):
    filled(name)
    os.truncate(f"/dev/shm/{name}", size)
    for command, status, message in run_all(name):
        assert status == 1 or command[0] == "info" or (command[0], size) == ("layout", 5000) or size == 5000, command


def test_a_block_that_is_truncated_while_it_is_watched_is_an_error(name):
    run("create", "--dict", 2000, name)
    watcher = Watcher("watch", "-i", "-J", name)
    time.sleep(0.3)
    dict_("set", name, "a", 1)
    watcher.lines(1)
    os.truncate(f"/dev/shm/{name}", 4096)
    assert watcher.process.wait(20) == 1
    assert "part of the memory of block" in watcher.process.communicate()[1]


def test_a_dict_of_huge_places_is_not_a_dict(name):
    run("create", "--dict", 1 << 16, name)
    start = area(name)
    for places in (0, 1, (1 << 16) - 1, 1 << 31, (1 << 64) - 1):
        patch(name, start + FIELDS["places"], struct.pack("Q", places))
        assert "is corrupt" in dict_("ls", name, status=1) and info(name)["kind"] == "list"
