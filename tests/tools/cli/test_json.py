"""Test JSON: dump and create --from-json are inverse, and errors have a position."""

import json
import math
import os
import random
import struct
import subprocess

import pytest
from command import COMMAND, exists, run, stock

SEED = int(os.environ.get("JSON_SEED", random.randrange(1 << 32)))


def create(name, text, *options, status=0):
    """Create a list from JSON text, and return the error message if it fails."""
    text = text if isinstance(text, bytes) else (text if isinstance(text, str) else json.dumps(text)).encode()
    ended = subprocess.run([COMMAND, "create", *map(str, options), "--from-json", "-", name], input=text, capture_output=True, timeout=60)
    assert ended.returncode == status, ended.stderr
    return ended.stderr.decode(errors="surrogateescape")


def content(name):
    with open(f"/dev/shm/{name}", "rb") as block:
        return block.read()


def items(name):
    return json.loads(run("dump", "--json", name))["items"]


def double(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def random_text(chance):
    alphabet = ["a", "\0", "\n", "\\", '"', "é", "漢", "😀", "\u202e", "\x7f", "\ufffe"]
    return "".join(chance.choices(alphabet, k=chance.choice([0, 1, 2, 7, 8, 9, 15, 16, 17, 40])))


def random_item(chance):
    """Return the type of an item and its value as dump prints it."""
    kind = chance.choice(["int", "float", "bool", "none", "str", "bytes"])
    if kind == "int":
        return kind, chance.choice([0, -1, (1 << 63) - 1, -(1 << 63), chance.getrandbits(64) - (1 << 63)])
    if kind == "float":
        return kind, chance.choice([0.0, -0.0, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, 1e16, 0.1, double(chance.getrandbits(64)), math.nan])
    if kind == "bool":
        return kind, chance.random() < 0.5
    if kind == "str":
        return kind, random_text(chance)
    return kind, None if kind == "none" else chance.randbytes(chance.choice([0, 1, 7, 8, 9, 24]))


def described(chance):
    """Return a random item of a JSON document."""
    kind, value = random_item(chance)
    item = {"type": kind, "value": value}
    if kind == "bytes":
        item["value"] = value.hex()
    if kind == "float" and not math.isfinite(value):
        item["value"] = str(value)
        if math.isnan(value) and chance.random() < 0.7:
            item["bits"] = f"{chance.choice([0x7FF0 << 48, 0xFFF0 << 48]) | chance.randrange(1, 1 << 52):#018x}"
    if chance.random() < 0.5:
        least = len(value.encode()) if kind == "str" else len(value) if kind == "bytes" else 1
        item["capacity"] = max(1, least) + chance.randrange(60)
    return item


def test_create_from_a_dump_makes_the_same_bytes(name):
    chance = random.Random(SEED)
    for i in range(40):
        document = {"sync": chance.random() < 0.8, "items": [described(chance) for _ in range(chance.randrange(12))]}
        create(name, document)
        dumped = run("dump", "--json", name)
        create(name + "-2", dumped)
        assert content(name + "-2") == content(name), (SEED, i, dumped)
        for item, given in zip(items(name + "-2"), document["items"]):
            assert item["type"] == given["type"] and repr(item["value"]) == repr(given["value"]), (SEED, i, item, given)
            assert "bits" not in given or item["bits"] == given["bits"] or given["bits"] == "0x7ff8000000000000"
        run("rm", name, name + "-2")


def test_a_list_of_stock_python_survives_with_its_bytes(name):
    values = [1, -(1 << 63), (1 << 63) - 1, 2.5, -0.0, math.nan, math.inf, True, None, "text", "größe", "12345678", "x" * 100, b"\0\xff", b"", ""]
    stock(name, values).shm.close()
    dumped = run("dump", "--json", name)
    assert json.loads(dumped)["sync"] is False
    create(name + "-2", dumped)
    assert content(name + "-2") == content(name)


def test_a_text_that_fills_its_slot_keeps_its_capacity(name):
    run("create", "--capacity", 8, name, "a", "b", "c")
    for i, text in enumerate(("12345678", "1234567", "größen")):
        run("set", name, i, text)
    create(name + "-2", run("dump", "--json", name))
    assert [item.get("capacity") for item in items(name + "-2")] == [8, 8, 8]
    assert items(name + "-2") == items(name)


def test_items_that_were_written_later_survive(name):
    run("create", "--capacity", 30, name, 1, "a", "true")
    run("set", "--type", "none", name, 0, "none")
    run("set", "--type", "bytes", name, 1, "0100")
    run("set", "--type", "float", name, 2, "-nan")
    create(name + "-2", run("dump", "--json", name))
    assert items(name + "-2") == items(name)
    assert items(name)[2] == {"index": 2, "type": "float", "value": "nan", "bits": "0xfff8000000000000", "capacity": 32}


def test_a_plain_array_makes_a_list(name):
    create(name, '[1, "a", null, true, false, 2.5, -0.0, 1e3, 9223372036854775807, -9223372036854775808, "a\\u0000b", {"type": "bytes", "value": "00FF"}]')
    assert [(item["type"], item["value"]) for item in items(name)] == [
        ("int", 1), ("str", "a"), ("none", None), ("bool", True), ("bool", False), ("float", 2.5), ("float", 0.0), ("float", 1000.0),
        ("int", (1 << 63) - 1), ("int", -(1 << 63)), ("str", "a\0b"), ("bytes", "00ff"),
    ]  # fmt: skip
    assert run("get", name, 6) == "-0.0\n"
    create(name + "-empty", " [ ]\n")
    assert items(name + "-empty") == []
    create(name + "-room", '["a", {"type": "str", "value": "b", "capacity": 40}]', "--capacity", 20)
    assert [item["capacity"] for item in items(name + "-room")] == [24, 40]


def test_get_prints_values_that_create_reads(name):
    create(name, '[{"type": "bytes", "value": "00ff"}, {"type": "float", "value": "-inf"}, {"type": "float", "value": "nan", "bits": "0xfff8000000000001"}, 1, 0.5, "x", null]')
    printed = run("get", "--json", name, *range(7)).splitlines()
    assert list(map(json.loads, printed)) == [
        {"type": "bytes", "value": "00ff"}, {"type": "float", "value": "-inf"}, {"type": "float", "value": "nan", "bits": "0xfff8000000000001"}, 1, 0.5, "x", None,
    ]  # fmt: skip
    create(name + "-2", "[" + ",".join(printed) + "]")
    assert content(name + "-2") == content(name)


def test_the_output_of_jq_is_read(name):
    """jq prints 2.0 as 2, and a filter leaves indexes that are not consecutive."""
    create(name, {"name": "x", "items": [{"index": 4, "type": "float", "value": 2}, {"index": 1, "type": "int", "value": 3}]})
    assert run("get", "--type", name, 0, 1) == "float 2.0\nint 3\n"


def test_a_name_that_is_not_utf8_does_not_matter(name):
    odd = os.fsencode(name) + b"\xff\"\\"
    subprocess.run([COMMAND, "create", odd, "1"], check=True)
    create(name, subprocess.run([COMMAND, "dump", "--json", odd], stdout=subprocess.PIPE, check=True).stdout)
    assert items(name)[0]["value"] == 1


def test_options_of_create_apply(name, tmp_path):
    (tmp_path / "list").write_text('["a"]')
    run("create", "--from-json", tmp_path / "list", "--no-sync", "--mode", "640", "--lazy", name)
    assert json.loads(run("dump", "--json", name))["sync"] is False and os.stat(f"/dev/shm/{name}").st_mode & 0o777 == 0o640
    for arguments in (["--type", "int", name], [name, 1], ["--size", 5, name]):
        assert "cannot be used with" in run("create", "--from-json", tmp_path / "list", *arguments, status=2)
    assert f"'{name}'" in run("create", "--from-json", tmp_path / "list", name, status=1)  # it exists
    assert "cannot open" in run("create", "--from-json", tmp_path / "none", name + "-2", status=1)
    assert f"cannot read {tmp_path}" in run("create", "--from-json", tmp_path, name + "-2", status=1)


@pytest.mark.parametrize(
    "text, position, reason",
    [
        ("", "1:1", "not JSON of a list"),
        (" \n 7", "2:2", "not JSON of a list"),
        ('{"blocks": []}', "1:2", 'expected the member "name"'),
        ("[1, 2", "1:6", "ends too early"),
        ("[1,\n 2 3]", "2:4", "item"),
        ("[1] x", "1:5", "unexpected text after the list"),
        ('{"name": "x"}', "1:14", 'no member "items"'),
        ('{"name": "x", "name": "y", "items": []}', "1:15", "occurs twice"),
        ('{"name": "x', "1:12", "ends too early"),
        ('{"name": "x\\', "1:13", "ends too early"),
        ('{"sync": 1, "items": []}', "1:11", '"sync" is not true or false'),
        ("[1, 9223372036854775808]", "1:5", "item 1: the number is too large"),
        ("[1,\n2,\n-9223372036854775809]", "3:1", "item 2: the number is too large"),
        ('{"items": [1,\n{"type": "int", "value": 18446744073709551616}]}', "2:1", "item 1: the number is too large"),
        ("[1e999]", "1:2", "item 0: the number is too large"),
        ("[[1]]", "1:2", "item 0: an item cannot be an array"),
        ("[" * 100000, "1:", "item 0: maximum parsing depth reached"),
        ('[{"type": {"a": 1}}]', "1:2", 'item 0: "type" is missing, or not a string'),
        ('[{"type": "tuple", "value": 1}]', "1:2", 'item 0: unknown "type"'),
        ('["é", {"type": "int", "value": 2.5}]', "1:7", 'item 1: "value" is not a valid int'),
        ('[{"type": "int", "value": "5"}]', "1:2", "not a valid int"),
        ('[{"type": "float", "value": "x"}]', "1:2", "not a valid float"),
        ('[{"type": "float", "value": 9007199254740993}]', "1:2", "no float can represent exactly"),
        ('[{"type": "float", "value": 1.5, "bits": 5}]', "1:2", None),
        ('[{"type": "float", "value": "nan", "bits": "0x0000000000000001"}]', "1:2", '"bits" is only for a nan'),
        ('[{"type": "float", "value": "nan", "bits": "7ff8"}]', "1:2", "16 hexadecimal digits"),
        ('[{"type": "bool", "value": 1}]', "1:2", "not a valid bool"),
        ('[{"type": "none", "value": 1}]', "1:2", "not a valid none"),
        ('[{"type": "str", "value": null}]', "1:2", "not a valid str"),
        ('[{"type": "bytes", "value": "0g"}]', "1:2", "not a valid string of hexadecimal digits"),
        ('[{"type": "bytes", "value": "00\\u0000"}]', "1:2", "not a valid string of hexadecimal digits"),
        ('[{"type": "int"}]', "1:2", '"value" is missing'),
        ('[{"type": "held"}]', "1:2", "dump could not read the item"),
        ('[{"type": "int", "value": 1, "capactiy": 8}]', "1:2", "unknown member"),
        ('[{"type": "int", "value": 1, "capacity": 0}]', "1:2", '"capacity" is not a number'),
        ('[{"type": "int", "value": 1, "capacity": 9999993}]', "1:2", '"capacity" is not a number of bytes from 1 to 9999992'),
        ('[1, {"type": "str", "value": "größe", "capacity": 6}]', "1:5", 'item 1: "value" has 7 bytes, more than its "capacity" of 6'),
        ('[{"type": "bytes", "value": "000102", "capacity": 2}]', "1:2", '"value" has 3 bytes, more than its "capacity" of 2'),
        ('[{"type": "int", "type": "str", "value": 1}]', "1:", "item 0: duplicate object key"),
        (b'["\xff"]', "1:", "item 0: unable to decode byte 0xff"),
        (b'["\xed\xa0\x80"]', "1:", "item 0: unable to decode byte 0xed"),
        ('["\\ud800"]', "1:", "item 0: invalid Unicode"),
        ("[1, nan]", "1:", "item 1: invalid token"),
        ("[0123]", "1:", "item"),
        (b"\x00\x00", "1:1", "not JSON of a list"),
        ("\ufeff[1]", "1:1", "not JSON of a list"),
        ("[\x1b[31m]", "1:", "item 0: "),
    ],
)
def test_an_error_has_a_position(name, text, position, reason):
    if reason is None:
        create(name, text)  # a number needs no bits
        return
    message = create(name, text, status=1)
    assert message.startswith(f"shareable create: standard input:{position}") and reason in message
    assert len(message.splitlines()) == 1 and "\x1b" not in message
    assert not exists(name)


def test_the_largest_capacity_is_the_same_for_create_and_json(name):
    largest = 9_999_992
    run("create", "--capacity", largest, name, "a")
    create(name + "-2", f'[{{"type": "str", "value": "a", "capacity": {largest}}}]')
    assert items(name) == items(name + "-2") and items(name)[0]["capacity"] == largest
    assert f"from 1 to {largest}" in run("create", "--capacity", largest + 1, name + "-3", "a", status=2)


def test_a_list_is_replaced_only_by_force(name):
    run("create", "--mode", "640", name, 1, "text")
    file = run("dump", "--json", name)
    run("set", name, 0, 2)
    assert "exists already" in run("create", "-j", "-", name, input=file, status=1) and run("get", name, 0) == "2\n"
    run("create", "--force", "-j", "-", name, input=file)
    assert run("get", name, 0, 1) == "1\ntext\n" and os.stat(f"/dev/shm/{name}").st_mode & 0o777 == 0o640
    with subprocess.Popen([COMMAND, "lock", name, "sh", "-c", "echo locked; read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"locked\n"
        for arguments in (["-f", name, 7], ["-f", "--size", 50, name]):
            assert "is in use: " in run("create", *arguments, status=1)
        holder.stdin.close()
    assert run("get", name, 0) == "1\n"
    run("create", "-f", "--size", 50, name)
    run("create", "-f", "--size", 60, name + "-2")
    assert [os.stat(f"/dev/shm/{each}").st_size for each in (name, name + "-2")] == [50, 60]


def test_a_text_that_is_too_long_is_refused_by_its_index(name):
    assert "item 1: a text of 10000000 bytes" in create(name, [1, "x" * 10_000_000], status=1)
    assert not exists(name)


def test_many_bytes_are_read_in_linear_time(name):
    content = random.Random(SEED).randbytes(4_000_000)
    create(name, [{"type": "bytes", "value": content.hex()}])
    assert run("get", name, 0) == content.hex() + "\n"


def test_a_file_that_never_ends_is_refused_at_once(name):
    assert "/dev/zero:1:1: not JSON of a list" in run("create", "--from-json", "/dev/zero", name, status=1)


def test_a_dump_with_an_unreadable_item_makes_no_list(name):
    made = stock(name, [1, 2.5, "text"])
    made.shm.buf[16:24] = (1 << 60).to_bytes(8, "little")
    made.shm.close()
    dumped = subprocess.run([COMMAND, "dump", "--json", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    assert "item 0: dump could not read the item" in create(name + "-2", dumped, status=1)


def test_a_long_list_is_read_within_seconds(name):
    """Each item is parsed alone: the time does not grow with the square of the length."""
    create(name, list(range(300_000)))
    assert items(name)[-1] == {"index": 299_999, "type": "int", "value": 299_999}
    create(name + "-2", run("dump", "--json", name))
    assert content(name + "-2") == content(name)
