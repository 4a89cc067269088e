"""Test arrays: info, ls and dump show them, create --npy and cat copy .npy files, and hostile headers are refused."""

import json
import os
import signal
import struct
import subprocess
import time

import pytest
from command import COMMAND, blocks, exists, on_terminal, run


def header(descr, shape, fortran=False, version=1, text=None):
    """Return the beginning of a .npy file, as NumPy writes it."""
    text = text or f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"
    form = "<H" if version == 1 else "<I"
    start = 8 + struct.calcsize(form)
    line = text.encode("latin1" if version < 3 else "utf-8")
    line += b" " * (-(start + len(line) + 1) % 64) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack(form, len(line)) + line


def npy(code, values, shape=None, fortran=False, format_=None):
    """Return a .npy file with numbers of a simple type."""
    items = struct.pack(f"={len(values)}{format_}", *values)
    return header(f"'{code}'", shape if shape is not None else f"({len(values)},)", fortran) + items


def write(name, content):
    with open(f"/dev/shm/{name}", "wb") as block:
        block.write(content)


def content(name):
    with open(f"/dev/shm/{name}", "rb") as block:
        return block.read()


def create(name, data, *options, status=0):
    """Create an array from standard input, and return the error message if it fails."""
    ended = subprocess.run([COMMAND, "create", *options, "--npy", "-", name], input=data, capture_output=True, timeout=60)
    assert ended.returncode == status, ended.stderr
    return ended.stderr.decode()


def cat(name):
    return subprocess.run([COMMAND, "cat", name], stdout=subprocess.PIPE, check=True, timeout=60).stdout


def dumped(name, *options):
    return json.loads(run("dump", "--json", *options, name))


def values(name, *options):
    return [item["value"] for item in dumped(name, *options)["items"]]


ORDER = "<" if struct.pack("=H", 1)[0] == 1 else ">"
OTHER = ">" if ORDER == "<" else "<"


def test_info_and_ls_show_an_array(name):
    write(name, npy(ORDER + "f8", range(12), "(3, 4)", format_="d"))
    lines = dict(line.split(maxsplit=1) for line in run("info", name).splitlines())
    assert [lines[each] for each in ("KIND", "ITEMS", "DTYPE", "SHAPE", "ORDER", "NBYTES", "OFFSET")] == ["array", "12", "float64", "3,4", "C", "96B", "128"]
    (info,) = json.loads(run("info", "--json", name))["blocks"]
    assert {each: info[each] for each in ("kind", "items", "size", "dtype", "shape", "order", "nbytes", "offset", "sync")} == {
        "kind": "array", "items": 12, "size": 224, "dtype": "float64", "shape": [3, 4], "order": "C", "nbytes": 96, "offset": 128, "sync": None,
    }  # fmt: skip
    run("create", name + "-list", 1)
    run("create", "--size", 9, name + "-raw")
    assert {each: row["kind"] for each, row in blocks(name + "*").items()} == {name: "array", name + "-list": "list", name + "-raw": "raw"}
    assert set(blocks("--kind", "array", name + "*")) == {name}
    assert run("ls", "-nr", "-o", "kind,items,dtype,shape,order,offset", name) == "array 12 float64 3,4 C 128\n"
    assert run("ls", "-nr", "-o", "kind,dtype,shape,order", name + "-list").split() == ["list"]
    (shown,) = [each for each in json.loads(run("top", "--json", "--count", 1, name))["blocks"] if each["name"] == name]
    assert shown["kind"] == "array" and shown["shape"] == [3, 4]


@pytest.mark.parametrize(
    "code, form, dtype, numbers",
    [
        ("|b1", "B", "bool", {0: False, 1: True, 7: True}),
        ("|i1", "b", "int8", {-128: -128, 127: 127}),
        ("|u1", "B", "uint8", {0: 0, 255: 255}),
        ("i2", "h", "int16", {-32768: -32768, 32767: 32767}),
        ("u2", "H", "uint16", {65535: 65535}),
        ("i4", "i", "int32", {-(1 << 31): -(1 << 31), -1: -1}),
        ("u4", "I", "uint32", {(1 << 32) - 1: (1 << 32) - 1}),
        ("i8", "q", "int64", {-(1 << 63): -(1 << 63), (1 << 63) - 1: (1 << 63) - 1}),
        ("u8", "Q", "uint64", {(1 << 64) - 1: (1 << 64) - 1}),
        ("f2", "e", "float16", {0.1: 0.1, -2.5: -2.5, 65504.0: 65504.0, 6e-8: 6e-08, float("inf"): "inf", -0.0: -0.0}),
        ("f4", "f", "float32", {0.1: 0.1, 1e-45: 1e-45, 16777216.0: 16777216.0, 37380952.0: 37380952.0, 3.4028235e38: 3.4028235e38, float("-inf"): "-inf", 1 / 3: 0.33333334}),
        ("f8", "d", "float64", {0.0: 0.0, 0.1: 0.1, 5e-324: 5e-324, 1.7976931348623157e308: 1.7976931348623157e308, float("inf"): "inf"}),
    ],
)
def test_dump_prints_numbers_of_every_type(name, code, form, dtype, numbers):
    code = code if code[0] == "|" else ORDER + code
    write(name, npy(code, list(numbers), format_=form))
    assert values(name) == list(numbers.values())
    assert [repr(each) for each in values(name)] == [repr(each) for each in numbers.values()]  # with the sign of 0.0
    document = dumped(name)
    assert {each: document[each] for each in ("name", "dtype", "shape", "order", "size")} == {
        "name": name, "dtype": dtype, "shape": [len(numbers)], "order": "C", "size": len(numbers),
    }  # fmt: skip
    assert [item["index"] for item in document["items"]] == [[i] for i in range(len(numbers))]
    lines = run("dump", name).splitlines()
    assert lines[:5] == [f"DTYPE  {dtype}", f"SHAPE  {len(numbers)}", "ORDER  C", "", "INDEX  VALUE"]
    texts = [{True: "true", False: "false"}[each] if dtype == "bool" else str(each) for each in numbers.values()]
    assert [line.split() for line in lines[5:]] == [[str(i), text] for i, text in enumerate(texts)]


def test_dump_prints_nan_and_complex_numbers(name):
    nan, inf = float("nan"), float("inf")
    for code, form, dtype in (("c8", "f", "complex64"), ("c16", "d", "complex128")):
        parts = [1.0, 2.0, -0.0, -0.5, nan, inf, 1.5, -nan]
        write(name, header(f"'{ORDER}{code}'", "(4,)") + struct.pack("=8" + form, *parts))
        assert dumped(name)["dtype"] == dtype
        assert values(name) == [[1.0, 2.0], [-0.0, -0.5], ["nan", "inf"], [1.5, "nan"]]
        assert run("dump", "-n", name).split() == ["0", "1.0+2.0j", "1", "-0.0-0.5j", "2", "nan+infj", "3", "1.5+nanj"]
    for code, form in (("f2", "e"), ("f4", "f"), ("f8", "d")):
        write(name, npy(ORDER + code, [nan, -nan], format_=form))
        assert values(name) == ["nan", "nan"] and run("dump", "-n", name).split() == ["0", "nan", "1", "nan"]


def test_each_float16_has_the_fewest_digits_that_identify_it(name):
    words = [word for word in range(0x10000) if word & 0x7C00 != 0x7C00]
    write(name, npy(ORDER + "f2", words, format_="H"))
    texts = [line.split()[1] for line in run("dump", "-n", "-c", 70000, name).splitlines()]
    assert [struct.unpack("=H", struct.pack("=e", float(text)))[0] for text in texts] == words
    digits = [len(text.split("e")[0].lstrip("-").replace(".", "").strip("0")) for text in texts]
    assert max(digits) <= 5 and texts[words.index(0x2E66)] == "0.1"


def test_items_are_printed_in_the_same_order_whatever_the_memory_has(name):
    write(name, npy("|u1", [11, 12, 13, 21, 22, 23], "(2, 3)", format_="B"))
    write(name + "-f", npy("|u1", [11, 21, 12, 22, 13, 23], "(2, 3)", fortran=True, format_="B"))
    for each, order in ((name, "C"), (name + "-f", "F")):
        document = dumped(each)
        assert document["order"] == order and document["shape"] == [2, 3]
        assert [(item["index"], item["value"]) for item in document["items"]] == [([i, j], 10 * i + j + 11) for i in range(2) for j in range(3)]
        assert run("dump", "-n", "-c", 4, each) == "  0,0  11\n  0,1  12\n  0,2  13\n  1,0  21\n"
        assert run("ls", "-nr", "-o", "order", each) == order + "\n"


def test_arrays_without_dimensions_and_without_items(name):
    write(name, npy(ORDER + "i4", [-7], "()", format_="i"))
    document = dumped(name)
    assert document["shape"] == [] and document["size"] == 1 and document["items"] == [{"index": [], "value": -7}]
    assert run("dump", "-n", name).split() == ["()", "-7"] and run("ls", "-nr", "-o", "shape", name) == "()\n"
    assert json.loads(run("info", "-J", name))["blocks"][0]["shape"] == []
    write(name, header(f"'{ORDER}i4'", "(0, 5)"))
    document = dumped(name)
    assert document["shape"] == [0, 5] and document["size"] == 0 and document["items"] == []
    assert run("dump", "-n", name) == "" and run("dump", name).splitlines()[-1] == "INDEX  VALUE"
    write(name, header(f"'{ORDER}i4'", str((1,) * 64)) + struct.pack("=i", 5))
    assert run("dump", "-n", name).split() == [",".join("0" * 64), "5"]
    write(name, header("'|V0'", f"({1 << 62},)"))
    assert dumped(name, "-c", 2)["items"] == [{"index": [0], "value": ""}, {"index": [1], "value": ""}] and dumped(name)["size"] == 1 << 62


@pytest.mark.parametrize(
    "descr, shown, item",
    [
        (f"'{OTHER}f8'", OTHER + "f8", struct.pack("=d", 1.5)),
        ("'|S5'", "|S5", b"h\x1b\0\xff "),
        (f"'{ORDER}U2'", ORDER + "U2", bytes(range(8))),
        ("'|V3'", "|V3", b"\0\1\2"),
        (f"'{ORDER}M8[ns]'", ORDER + "M8[ns]", bytes(range(8))),
        ("[('x', '<i4'), ('y', '>f8', (2,))]", "[('x', '<i4'), ('y', '>f8', (2,))]", bytes(range(20))),
    ],
)
def test_items_of_other_types_are_bytes(name, descr, shown, item):
    write(name, header(descr, "(2,)") + item + item[::-1])
    assert dumped(name)["dtype"] == shown and values(name) == [item.hex(), item[::-1].hex()]
    lines = run("dump", name).splitlines()
    assert lines[0] == f"DTYPE  {shown}" and lines[-1].split() == ["1", item[::-1].hex()]
    assert f"DTYPE     {shown}" in run("info", name).splitlines()


def test_help_of_dump_says_which_items_are_hexadecimal():
    text = " ".join(run("dump", "--help").split())
    for kind in ("dates", "texts", "records", "the other byte order", "not aligned in the file"):
        assert kind in text
    assert "are printed as hexadecimal digits" in text


def test_a_type_that_is_not_ascii_is_escaped(name):
    write(name, header("[('größe\u202e', '<i4')]", "(1,)", version=3) + b"\0\0\0\1")
    assert dumped(name)["dtype"] == "[('größe\u202e', '<i4')]"
    assert "größe\\xe2\\x80\\xae" in run("dump", name) and "größe\\xe2\\x80\\xae" in run("info", name)
    write(name, header("[('größe', '<i4')]", "(1,)") + b"\0\0\0\1")  # Latin-1
    assert dumped(name)["dtype"] == json.loads(run("info", "-J", name))["blocks"][0]["dtype"] == "[('größe', '<i4')]"


def test_an_item_that_is_larger_than_a_part_is_printed_whole(name):
    item = bytes(i % 251 for i in range(10_001))
    write(name, header("'|V10001'", "(2,)") + item * 2)
    assert values(name) == [item.hex()] * 2
    assert [line.split()[1] for line in run("dump", "-n", name).splitlines()] == [item.hex()] * 2


def test_count_limits_the_items(name):
    write(name, npy("|u1", [1] * 250, "(50, 5)", format_="B"))
    lines = run("dump", name).splitlines()
    assert len(lines) == 5 + 100 + 1 and lines[-2].split() == ["19,4", "1"] and lines[-1] == "100 of 250 items: --count NUMBER prints more"
    assert len(run("dump", "-n", name).splitlines()) == 100 and len(values(name)) == 100 and dumped(name)["size"] == 250
    assert len(values(name, "--count", 1000)) == 250 and values(name, "-c", 0) == []
    assert "250 items" not in run("dump", "-c", 250, name)
    run("create", name + "-list", *range(150))
    assert len(dumped(name + "-list")["items"]) == 150
    assert len(dumped(name + "-list", "-c", 3)["items"]) == 3 and run("dump", "-n", "-c", 2, name + "-list").split() == ["0", "int", "0", "1", "int", "1"]
    assert dumped(name + "-list", "-c", 0)["items"] == []
    for wrong in ("-1", "x", ""):
        assert "is not a valid number of items" in run("dump", "--count", wrong, name, status=2)


def test_a_misaligned_array_is_bytes(name):
    text = b"{'descr': '%sf8', 'fortran_order': False, 'shape': (1,), }\n" % ORDER.encode()
    write(name, b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + struct.pack("=d", 1.5))
    assert (10 + len(text)) % 8 != 0
    assert dumped(name)["dtype"] == ORDER + "f8" and values(name) == [struct.pack("=d", 1.5).hex()]


def test_a_file_becomes_an_array_and_cat_prints_it_again(name, tmp_path):
    data = npy(ORDER + "f8", [0.5 * i for i in range(100_000)], "(100, 1000)", format_="d")
    file = tmp_path / "image.npy"
    file.write_bytes(data)
    run("create", "--mode", "640", "--npy", file, name)
    assert content(name) == cat(name) == data and os.stat(f"/dev/shm/{name}").st_mode & 0o777 == 0o640
    create(name + "-2", data)
    with open(file, "rb") as opened:
        subprocess.run([COMMAND, "create", "--npy", "-", name + "-3"], stdin=opened, check=True)
    run("copy", name, name + "-4")
    assert content(name + "-2") == content(name + "-3") == content(name + "-4") == data
    for empty in (header("'|u1'", "(0,)"), npy("|u1", [5], "()", format_="B"), header("'|u1'", "(1,)", version=2) + b"\1"):
        create(name, empty, "--force")
        assert content(name) == empty == cat(name)


def test_write_refuses_the_header_of_an_array(name):
    data = npy("|u1", [1, 2, 3], format_="B")
    start = len(data) - 3
    create(name, data)

    def write_input(text, *options, status=0):
        ended = subprocess.run([COMMAND, "write", *map(str, options), name], input=text, capture_output=True, timeout=60)
        assert ended.returncode == status, ended.stderr
        return ended.stderr.decode()

    for options in ([], ["--offset", start - 1]):
        assert f"'{name}' is an array: its items begin at --offset {start}; --force" in write_input(b"XX", *options, status=1)
        assert content(name) == data
    write_input(b"\7\10", "--offset", start)
    write_input(b"\11", "--offset", start + 2)
    assert values(name) == [7, 8, 9]
    write_input(data, "--force")
    assert content(name) == data
    write_input(b"XX", "--force")
    assert content(name) == b"XX" + data[2:] and blocks(name)[name]["kind"] == "raw"


def test_a_lazy_array_has_holes(name):
    create(name, header("'|u1'", f"({8 << 20},)") + bytes(4 << 20) + b"\1" * 10_000 + bytes((4 << 20) - 10_000), "--lazy")
    assert os.stat(f"/dev/shm/{name}").st_blocks * 512 <= 32768
    assert content(name)[64 + (4 << 20) :].startswith(b"\1") or content(name).count(b"\1") >= 10_000
    assert len(cat(name)) == os.stat(f"/dev/shm/{name}").st_size
    assert values(name, "-c", 3) == [0, 0, 0] and os.stat(f"/dev/shm/{name}").st_blocks * 512 <= 32768


def test_an_array_is_replaced_only_by_force(name):
    create(name, npy("|u1", [1], format_="B"))
    data = npy("|u1", [2], format_="B")
    assert "exists already" in create(name, data, status=1) and values(name) == [1]
    create(name, data, "--force")
    assert values(name) == [2]
    for bad in (b"", data[:-1], data + b"x", header("'|O'", "(1,)") + bytes(8)):
        create(name, bad, "--force", status=1)
        assert values(name) == [2]
    with open(f"/dev/shm/{name}", "rb"):
        assert "is in use" in create(name, data, "--force", status=1)


def test_options_that_do_not_fit_are_refused(name, tmp_path):
    (tmp_path / "file").write_bytes(npy("|u1", [1], format_="B"))
    before = ["create", "--npy", tmp_path / "file"]
    for arguments in ([name, 1], ["--type", "int", name], ["--size", 5, name], ["--capacity", 5, name], ["--no-sync", name], ["-j", "-", name]):
        assert "--npy copies an array: it cannot be used with" in run(*before, *arguments, status=2)
    assert "NAME is missing" in run(*before, status=2)
    assert "'x/y'" in run(*before, "x/y", status=1)
    assert not exists(name)


BAD = {
    "too small": b"", "is too small": b"\x93NUMPY\1\0",
    "it does not begin as a .npy file": b"hello, world, this is a text",
    "its version of the .npy format is not known": b"\x93NUMPY\4\0" + bytes(100),
    "it ends in its header": header("'|u1'", "(1,)")[:50],
    "its header is longer than 1 MiB": b"\x93NUMPY\2\0\xff\xff\xff\xff" + bytes(100),
    "its header is not a dict": header(None, None, text="[1, 2]"),
    "its header does not have the keys": header(None, None, text="{'descr': '|u1', 'shape': (1,)}"),
    "its header is not UTF-8": header("'|u1'", "(1,)", version=3).replace(b"descr", b"desc\xff"),
    "its items are Python objects": header("'|O'", "(1,)") + bytes(8),
    "the type of its items is not known": header("'|Z9'", "(1,)") + bytes(9),
    "its fortran_order is not True or False": header("'|u1'", "(1,)", fortran="__import__('os')") + b"\1",
    "its shape is not a tuple": header("'|u1'", "(-1,)") + b"\1",
    "it is too large": header("'|u1'", f"({1 << 40}, {1 << 40})") + b"\1",
    "is not complete: its header describes 8 bytes of items, but it has 7": header(f"'{ORDER}f8'", "(1,)") + bytes(7),
    "has bytes after its array, which has 65: 'head -c' prints only these": header(None, None, text="{'descr':'|u1','fortran_order':False,'shape':()}") + bytes(2),
}  # fmt: skip


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_file_is_refused_with_its_name(name, reason, tmp_path):
    file = tmp_path / "bad\x1b.npy"
    file.write_bytes(BAD[reason])
    message = run("create", "--npy", file, name, status=1)
    assert reason in message and "bad\\x1b.npy'" in message and "\x1b" not in message and len(message.splitlines()) == 1
    message = create(name, BAD[reason], status=1)
    assert reason in message and message.startswith("shareable create: standard input ") and len(message.splitlines()) == 1
    assert not exists(name)


def test_a_file_that_cannot_be_read_is_named(name, tmp_path):
    assert f"cannot open file '{tmp_path}/none': No such file" in run("create", "--npy", tmp_path / "none", name, status=1)
    assert f"cannot read file '{tmp_path}': " in run("create", "--npy", tmp_path, name, status=1)
    assert "file '/dev/zero' does not contain an array" in run("create", "--npy", "/dev/zero", name, status=1)
    assert not exists(name)


def test_a_name_appears_when_the_array_is_complete(name):
    data = npy("|u1", [7] * 200_003, format_="B")
    for ends in (True, False):
        with subprocess.Popen([COMMAND, "create", "--npy", "-", name], stdin=subprocess.PIPE) as creator:
            creator.stdin.write(data[:150_000])
            creator.stdin.flush()
            time.sleep(0.2)
            assert not exists(name)
            if ends:
                creator.terminate()
            else:
                creator.stdin.write(data[150_000:])
        assert creator.returncode == (-signal.SIGTERM if ends else 0) and exists(name) == (not ends)
    assert content(name) == data


def test_a_large_array_without_its_items_takes_no_memory(name, tmp_path):
    """The size of a file is compared before a block is created; a pipe fails when /dev/shm is full, or when it ends."""
    (tmp_path / "file").write_bytes(header("'|u1'", f"({1 << 50},)") + b"\1")
    assert f"describes {1 << 50} bytes of items, but it has 1" in run("create", "--lazy", "--npy", tmp_path / "file", name, status=1)
    assert "/dev/shm" in create(name, header("'|u1'", f"({1 << 50},)") + b"\1", status=1)
    assert not exists(name)


@pytest.mark.parametrize(
    "descr, shape, reason",
    [("'|O'", "(1,)", "its items are Python objects"), ("'|u1'", f"({1 << 40}, {1 << 40})", "it is too large"), ("'|u1'", "(-1,)", "its shape is not a tuple")],
)
def test_a_block_with_a_bad_header_is_raw(name, descr, shape, reason):
    write(name, header(descr, shape) + bytes(8))
    assert blocks(name)[name]["kind"] == "raw" and blocks(name)[name]["items"] is None
    assert json.loads(run("info", "-J", name))["blocks"][0]["dtype"] is None
    message = run("dump", name, status=1)
    assert f"block '{name}' does not contain an array: {reason}" in message and "'shareable cat NAME' prints its bytes" in message


def test_an_array_that_is_not_complete_is_raw(name):
    write(name, npy("|u1", range(200), format_="B")[:-1])
    assert blocks(name)[name]["kind"] == "raw"
    assert f"array '{name}' is not ready" in run("dump", name, status=1)


def test_commands_for_lists_name_the_one_for_arrays(name):
    write(name, npy("|u1", [1], format_="B"))
    for command in (["get", name, 0], ["set", name, 0, 1], ["layout", name], ["add", name, 0]):
        assert f"block '{name}' contains an array, not a list: 'shareable dump' prints it" in run(*command, status=1)


def test_a_header_that_is_longer_than_a_page_is_read(name):
    descr = "[" + ", ".join(f"('field{i}', '|u1')" for i in range(5000)) + "]"
    write(name, header(descr, "(1,)", version=2) + bytes(5000))
    assert blocks(name)[name]["kind"] == "array" and dumped(name)["dtype"] == descr
    create(name + "-2", content(name))
    assert cat(name + "-2") == content(name)


def test_an_array_fits_a_terminal(name):
    write(name, npy(ORDER + "i4", [5], format_="i"))
    assert on_terminal("dump", name).splitlines()[-1].split() == ["0", "5"]
    assert "array" in on_terminal("ls", name)


def test_numpy_and_the_command_agree(name, tmp_path):
    """Every type and order that NumPy writes survives create and cat, and dump prints NumPy's numbers."""
    numpy = pytest.importorskip("numpy")
    types = ["?", *"bhiqBHIQefdFD"]
    for number, code in enumerate(types):
        for order in "CF":
            made = numpy.asarray(numpy.arange(24).reshape(2, 3, 4) * (1.25 if code in "efdFD" else 1), dtype=code, order=order)
            numpy.save(tmp_path / "a.npy", made)
            run("create", "--force", "--npy", tmp_path / "a.npy", name)
            (tmp_path / "b.npy").write_bytes(cat(name))
            loaded = numpy.load(tmp_path / "b.npy")
            assert loaded.dtype == made.dtype and (loaded == made).all() and loaded.flags.f_contiguous == made.flags.f_contiguous
            document = dumped(name)
            assert document["dtype"] == made.dtype.name and document["shape"] == list(made.shape), (number, order)
            shown = [complex(*each) if code in "FD" else each for each in values(name)]
            assert numpy.array_equal(numpy.array(shown, dtype=code), made.ravel()), (code, order)
            mapped = numpy.load(f"/dev/shm/{name}", mmap_mode="r")
            assert (mapped == made).all()
            del mapped
    numpy.save(tmp_path / "o.npy", numpy.array([{}], dtype=object))
    assert f"file '{tmp_path}/o.npy' does not contain an array: its items are Python objects" in run("create", "--npy", tmp_path / "o.npy", name + "-o", status=1)
    numpy.save(f"/dev/shm/{name}-s.npy", numpy.array([(1, 2.5)], dtype=[("x", "<i4"), ("y", ">f8")]))
    assert run("ls", "-n", "-o", "dtype", name + "-s.npy") == "[('x', '<i4'), ('y', '>f8')]\n"
