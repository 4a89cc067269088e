"""Test the commands of `shareable`.

The variable run_shareable is the path of the program. Stock Python creates the lists of other
implementations.
"""

import json
import mmap
import os
import re
import select
import signal
import subprocess
import sys
import time

import pytest
from command import COMMAND, blocks, exists, item_locker, needs_item_locker, on_terminal, run, stock


COMMANDS = re.findall(r"^  ([a-z]+)  ", run("--help"), re.M)


# The commands that need a list, with the arguments after its name.
LIST_COMMANDS = {
    "dump": [], "get": [0], "set": [0, 1], "add": [0], "cas": [0, 1, 2], "watch": [], "wait": [0, 1], "lock": ["true"], "layout": [],
}  # fmt: skip


def test_help_and_version():
    assert [line for line in run("--help").splitlines() if len(line) > 80] == []
    assert COMMANDS[:3] == ["ls", "info", "dump"] and "doctor" in COMMANDS
    assert re.fullmatch(r"shareable \d+\.\d+\.\d+\n", run("--version"))
    assert "Usage: shareable COMMAND" in run(status=2)
    for arguments in (["frobnicate"], ["help", "frobnicate"]):
        assert "unknown command 'frobnicate'" in run(*arguments, status=2)
    assert run("help", "ls") == run("ls", "--help") and run("help") == run("--help")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_fits_80_columns(command):
    output = run(command, "--help")
    assert output.startswith(f"Usage: shareable {command} ")
    assert [line for line in output.splitlines() if len(line) > 80] == []
    if command != "manager":  # its options are those of another program
        assert f"Try 'shareable {command} --help'" in run(command, "--frobnicate", status=2)


def test_a_letter_means_the_same_option_in_all_commands():
    options = {"F": {"follow"}}  # is short for one value of it
    commands = [*([each] for each in COMMANDS), *(["manager", each] for each in ("list", "status", "stop")),
                *(["dict", each] for each in re.findall(r"^  ([a-z]+)  ", run("dict", "--help"), re.M))]
    for command in commands:
        for letter, option in re.findall(r"^  -(\w), --([a-z-]+)", run(*command, "--help"), re.M):
            options.setdefault(letter, set()).add(option)
    assert {letter: names for letter, names in options.items() if len(names) > 1} == {}
    names = [name for each in options.values() for name in each]
    assert len(names) == len(set(names))
    assert "unknown option '-R'" in run("gc", "-R", status=2)


def test_help_and_manual_name_the_option_that_removes_garbage():
    manual = open(os.path.join(os.environ["top_srcdir"], "core/man/shareable.1.scd")).read()
    for text in (run("ls", "--help"), manual.replace("*", "")):
        assert not re.search(r"shareable gc'? removes", text)
    assert "'shareable gc --remove' removes it" in run("ls", "--help")


def test_manager_runs_shareable_manager():
    assert run("manager", "--version").startswith("shareable-manager ")


def test_values_of_every_type_are_created_read_and_written(name):
    values = ["1", "-7", "2.5", "1e300", "nan", "-inf", "true", "false", "none", "howdy", "größe", ""]
    run("create", name, *values)
    assert [line.split() for line in run("get", "--type", name, *range(len(values))).splitlines()] == [
        ["int", "1"], ["int", "-7"], ["float", "2.5"], ["float", "1e+300"], ["float", "nan"], ["float", "-inf"],
        ["bool", "true"], ["bool", "false"], ["none", "none"], ["str", "howdy"], ["str", "größe"], ["str"],
    ]  # fmt: skip
    for index, value in ((0, "-9223372036854775808"), (2, "0.1"), (6, "false"), (9, "8")):
        run("set", name, index, value)
        assert run("get", name, index) == value + "\n"
    assert run("get", "-t", name, 9) == "str 8\n"  # the item remains a str
    for kind, value in (("int", "5"), ("float", "5.0"), ("bool", "true"), ("bytes", "00ff"), ("none", "none"), ("str", "x")):
        run("set", "--type", kind, name, -1, value)
        assert run("get", "-t", name, -1) == f"{kind} {value}\n"
    run("set", name, 2, "7")
    assert run("get", name, 2) == "7.0\n"  # the item remains a float, and is printed as one


def test_floats_are_printed_with_the_fewest_digits(name):
    floats = [0.1, 0.1 + 0.2, 1 / 3, 9.95, 5e-324, 1.7976931348623157e308, 2.0**53, 2.0**60, 1e15, 1e16, 1e-4, 1e-5, 100.0, -0.0,
              123456789.125, 2.2250738585072014e-308, -0.00012345678901234567]
    stock(name, floats).shm.close()
    assert run("get", name, *range(len(floats))).split() == [repr(each) for each in floats]


def test_a_leading_zero_does_not_mean_octal(name):
    texts = {"010": 10, "08": 8, "-012": -12, "0755": 755, "+07": 7, "00": 0, "0x1f": 31, "-0X10": -16, "009223372036854775807": 2**63 - 1}
    run("create", name, *texts)
    assert run("get", "-t", name, *range(len(texts))).splitlines() == [f"int {number}" for number in texts.values()]
    for text, number in texts.items():
        run("set", name, "00", text)
        assert run("get", name, "0x0") == f"{number}\n"
    run("create", "--type", "int", name + "-typed", *texts)
    assert run("get", name + "-typed", *range(len(texts))).split() == [str(number) for number in texts.values()]
    run("create", "--size", "010K", name + "-block")
    assert os.stat(f"/dev/shm/{name}-block").st_size == 10 << 10
    assert run("watch", "--initial", "--count", "01", name, "010", status=1).endswith("index 10 out of range: list '%s' has 9 items\n" % name)


def test_a_number_that_does_not_fit_is_a_str_or_refused(name):
    texts = ["9223372036854775808", "-9223372036854775809", "0xffffffffffffffff", "1e999", "-1e999", "0x", "+", "0b1", "08.5"]
    run("create", name, *texts)
    assert run("get", "-t", name, *range(len(texts))).splitlines() == [f"str {text}" for text in texts[:-1]] + ["float 8.5"]
    for kind, text in (("int", texts[0]), ("int", texts[2]), ("float", "1e999")):
        assert f"is not a valid {kind}" in run("set", "-t", kind, name, 0, text, status=2)
    for mode in ("-18446744073709551232", "+640", " 640", "0x1ff", "888", "1777", ""):
        assert "not a valid mode" in run("create", "-m", mode, name + "-2", status=2)
    assert "not a valid index" in run("get", name, "18446744073709551616", status=2)


def test_dump_prints_every_item_with_its_type(name):
    items = [1, 2.5, True, None, "end\n\\", b"\x00HoWdY", "größe"]
    stock(name, items).shm.close()
    assert [line.split(maxsplit=2) for line in run("dump", name).splitlines()] == [
        ["INDEX", "TYPE", "VALUE"], ["0", "int", "1"], ["1", "float", "2.5"], ["2", "bool", "true"],
        ["3", "none", "none"], ["4", "str", "end\\x0a\\x5c"], ["5", "bytes", "00486f576459"], ["6", "str", "größe"],
    ]  # fmt: skip
    assert run("dump", "-n", name).startswith("    0  int    1\n")
    dumped = json.loads(run("dump", "--json", name))
    assert dumped["name"] == name
    assert [each["value"] for each in dumped["items"]] == [1, 2.5, True, None, "end\n\\", "00486f576459", "größe"]
    assert [each["type"] for each in dumped["items"]] == ["int", "float", "bool", "none", "str", "bytes", "str"]
    stock(name + "-empty", []).shm.close()
    assert json.loads(run("dump", "--json", name + "-empty"))["items"] == []


def test_get_ends_items_with_a_newline_or_a_nul(name):
    stock(name, ["two\nlines", "x"]).shm.close()
    assert run("get", "-z", name, 0, 1) == "two\nlines\0x\0"
    assert run("get", "--json", name, 0) == '"two\\nlines"\n'


def test_errors_name_the_block_and_the_argument(name):
    assert f"no block called '{name}'" in run("dump", name, status=1)
    assert "'x/y'" in run("create", "x/y", 1, status=1)
    run("create", name, 1, "text")
    assert "exists already" in run("create", name, 1, status=1)
    assert f"index 2 out of range: list '{name}' has 2 items" in run("get", name, 2, status=1)
    for value in ("x", 1 << 63):
        expected = f"'{value}' is not a valid int: an int is an integer from {-1 << 63} to {(1 << 63) - 1}; --type"
        assert expected in run("set", name, 0, value, status=2)
    assert "'xyz' is not a valid bytes: bytes are pairs of hexadecimal digits" in run("set", "-t", "bytes", name, 0, "xyz", status=2)
    expected = f"the text has 24 bytes, but item 1 of list '{name}' has room for 8"
    assert expected in run("set", name, 1, "too long for eight bytes", status=1)
    assert run("get", name, 1) == "text\n"
    assert "not a valid index" in run("get", name, "one", status=2)
    assert "unknown type 'long'" in run("set", "-t", "long", name, 0, 1, status=2)
    assert "looks like an option" in run("create", name + "-2", "--size", "4K", status=2)
    assert "cannot be used with values" in run("create", "--size", "4K", name + "-2", 1, status=2)
    assert "not a valid mode" in run("create", "--mode", "rw", name + "-2", status=2)
    assert "size" in run("create", "--size", "0", name + "-2", status=2)
    assert not exists(name + "-2")


def test_create_takes_options(name):
    run("create", "--size", "64K", "--mode", "640", name)
    status = os.stat(f"/dev/shm/{name}")
    assert status.st_size == 65536 and status.st_mode & 0o777 == 0o640 & ~os.umask(os.umask(0))
    run("create", "--type", "str", "--capacity", 40, "--no-sync", name + "-list", 1, 2)
    assert run("get", "-t", name + "-list", 0) == "str 1\n"
    run("set", name + "-list", 0, "x" * 40)
    assert blocks(name + "-list", "-o", "NAME,SYNC")[name + "-list"]["sync"] is False
    run("create", "--lazy", "--size", "1G", name + "-lazy")
    lazy = blocks(name + "-lazy")[name + "-lazy"]
    assert (lazy["size"], lazy["used"], lazy["kind"]) == (1 << 30, 0, "raw")


def test_rm_removes_the_named_blocks_and_reports_missing_ones(name):
    run("create", name, 1)
    run("create", name + "-2", 1)
    assert f"'{name}-3'" in run("rm", name, name + "-3", name + "-2", status=1)
    assert not exists(name) and not exists(name + "-2")
    run("rm", "--force", name)
    assert "NAME is missing" in run("rm", status=2)


def test_all_commands_report_a_missing_block_alike(name):
    run("create", name, 1)
    missing = name + "-missing"
    for command in (["ls"], ["info"], ["info", "-J"], ["dump"], ["layout"], ["watch"], ["rm"], ["get", missing, 0], ["set", missing, 0, 1], ["ls", "/" + missing], ["rm", "/" + missing]):
        arguments = command if len(command) > 1 and command[1] != "-J" else [*command, missing]
        assert run(*arguments, status=1).splitlines()[0] == f"shareable {command[0]}: there is no block called '{missing}'"
    output = subprocess.run([COMMAND, "ls", "-n", "-o", "NAME", missing, name], capture_output=True, text=True)
    assert output.returncode == 1 and output.stdout == name + "\n" and missing in output.stderr
    assert run("rm", "-f", missing) == ""
    assert missing in run("rm", missing, name, status=1) and not exists(name)


def test_users_of_a_block_are_an_array_in_json(name):
    run("create", name, 1)
    for command in ("ls", "info"):
        assert json.loads(run(command, "-J", name))["blocks"][0]["users"] == []
    made = [stock(f"{name}-{each}", [1]) for each in range(2)]
    with subprocess.Popen(["/usr/bin/python3", "-c", HOLDER, f"/dev/shm/{name}-0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        assert blocks(name + "-0")[name + "-0"]["users"] == sorted([os.getpid(), holder.pid])
        holder.stdin.close()
    for each in made:
        each.shm.close()


HOLDER = """
import mmap, os, sys
mapped = mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 0)
print("ready", flush=True)
sys.stdin.read()
"""


def test_ls_shows_kind_size_users_and_state(name):
    made = stock(name, [1, 2, 3])
    with open(f"/dev/shm/{name}-raw", "wb") as raw:
        raw.write(bytes(8192))
    found = blocks(name, name + "-raw")
    listed = found[name]
    assert listed["kind"] == "list" and listed["items"] == 3 and listed["users"] == [os.getpid()] and listed["state"] == "used"
    assert listed["owner"] is None and listed["age"] < 60 and listed["size"] == os.stat(f"/dev/shm/{name}").st_size
    assert found[name + "-raw"]["kind"] == "raw" and found[name + "-raw"]["items"] is None
    assert found[name + "-raw"]["state"] in ("unowned", "unknown")  # unknown if a process may not be inspected
    assert name in blocks()  # also in the list of all blocks
    made.shm.unlink()
    gone = blocks()[name]
    assert gone["state"] == "deleted" and gone["users"] == [os.getpid()] and gone["age"] is None
    assert blocks(name)[name]["state"] == "deleted"
    made.shm.close()
    assert f"there is no block called '{name}'" in run("ls", name, status=1)


OWNER = """
import os, sys
os.environ["SHAREABLE_REAPER"] = "/bin/true"  # there is no reaper, as if it had been killed too
from shareable.shared_memory import ShareableList
kept = ShareableList([1], name=sys.argv[1])
print("made", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not os.environ.get("run_python"), reason="the Python binding, which owns a block here, is not built")
def test_ls_shows_the_owner_and_gc_removes_its_block_after_its_death(name):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([os.environ["run_python"], "-c", OWNER, name], **pipes) as owner:
        assert owner.stdout.readline() == "made\n"
        found = blocks(name)[name]
        assert found["owner"] == owner.pid == found["users"][0] and found["state"] == "used"
        assert not any(each["state"] == "deleted" and each["users"] == [owner.pid] for each in blocks().values())
        output = {each["name"]: each for each in json.loads(run("gc", "--json"))["blocks"]}
        assert output[name]["result"] == "kept" and output[name]["reason"] == "its owner is alive"
        owner.kill()
        owner.wait()
    output = {each["name"]: each for each in json.loads(run("gc", "--json", "--remove"))["blocks"]}
    if name in output and output[name]["result"] == "kept":
        assert "may have it mapped" in output[name]["reason"]  # this user may not inspect some process
    else:
        assert not exists(name)  # gc or the reaper of another owner has removed it


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_the_owner_of_another_users_block_is_unknown(name):
    def run_as_other(*arguments):
        try:
            return run(*arguments, user=65533, group=65533, extra_groups=[])
        except PermissionError:
            pytest.skip("another user may not run the built command")

    run("create", "--mode", "644", name, 1)
    shown = json.loads(run_as_other("ls", "--json", name))["blocks"][0]
    assert shown["state"] == "unknown" and shown["owner"] is None
    assert shown["reason"] == "only root can see its owner and all its users"
    assert shown["reason"] in run_as_other("info", name)
    output = {each["name"]: each["reason"] for each in json.loads(run_as_other("gc", "--json"))["blocks"]}
    assert output[name] == "it belongs to another user, whose ownership logs cannot be read from here"
    assert "REASON" not in run("info", name)


@pytest.mark.skipif(not os.environ.get("run_python"), reason="the Python binding, which owns a block here, is not built")
def test_an_owned_block_is_listed_even_if_its_name_begins_with_a_dot(name):
    hidden = f".{name}"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    try:
        with open(f"/dev/shm/{hidden}-file", "xb"):
            pass
        with subprocess.Popen([os.environ["run_python"], "-c", OWNER, hidden], **pipes) as owner:
            assert owner.stdout.readline() == "made\n"
            assert blocks()[hidden]["owner"] == owner.pid
            names = run("ls", "--zero").split("\0")
            assert hidden in names and hidden + "-file" not in names
            owner.kill()
            owner.wait()
        found = blocks()
        if hidden in found:  # otherwise the reaper of another owner has removed it
            assert found[hidden]["state"] in ("orphaned", "unknown") and found[hidden + "-file"]["state"] != "orphaned"
            is_reported = re.search(r"^wrong +garbage +[1-9]", run_doctor(), re.M)
            assert found[hidden]["state"] == "unknown" or is_reported or hidden not in blocks()
    finally:
        for each in (hidden, hidden + "-file"):
            if exists(each):
                os.unlink(f"/dev/shm/{each}")


@needs_item_locker
def test_a_command_waits_only_once_for_held_items(name):
    run("create", name, *range(12))
    with item_locker(name):
        for command, held in ((["dump", "-n", name], r"^ +\d+  held$"), (["dump", "-J", name], r'"type": "held"}'), (["layout", "-n", "-o", "HOLDS", name], r"^held$"),
                              (["get", name, *map(str, range(12))], None), (["watch", "-i", "-c", "12", name], r"^\d+  held$")):  # fmt: skip
            start = time.monotonic()
            ended = subprocess.run([COMMAND, *command], capture_output=True, text=True, timeout=60)
            assert time.monotonic() - start < 5, command
            assert ended.returncode == (command[0] != "watch"), command
            assert "corrupt" not in ended.stdout + ended.stderr and ("11" in ended.stdout) == (command[0] != "get")
            assert command[0] == "watch" or ended.stderr.count("is held by another writer") == (1 if command[0] == "get" else 11)
            assert held is None or len(re.findall(held, ended.stdout, re.M)) == 11, ended.stdout


def test_output_before_a_truncation_is_flushed(name):
    run("create", name, *range(100000, 130000))
    with subprocess.Popen([COMMAND, "dump", "-n", name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as dump:
        printed = dump.stdout.readline()
        time.sleep(0.3)  # until the pipe is full
        os.truncate(f"/dev/shm/{name}", 4096)
        printed += dump.stdout.read()
        assert dump.wait(20) == 1 and "the block was truncated" in dump.stderr.read()
    lines = printed.split("\n")
    assert lines.pop() == "" and 1 < len(lines) < 30000
    assert [line.split() for line in lines] == [[str(number), "int", str(100000 + number)] for number in range(len(lines))]


def test_table_options(name):
    run("create", name, 1)
    assert run("ls", "-n", "-o", "items,name", name).split() == ["1", name]
    assert run("ls", "-r", "-o", "NAME,SIZE", "-b", name).splitlines()[1] == f"{name} {os.stat(f'/dev/shm/{name}').st_size}"
    assert "unknown column 'colour'" in run("ls", "-o", "name,colour", status=2)
    run("create", "--size", "1M", name + "-large")
    assert run("ls", "-n", "--sort", "size", "-o", "NAME", name, name + "-large").split() == [name + "-large", name]
    assert "cannot sort by 'colour'" in run("ls", "--sort", "colour", status=2)


def test_info_shows_details_of_a_block(name):
    run("create", name, 1, 2)
    output = dict(line.split(maxsplit=1) for line in run("info", name).splitlines())
    assert output["NAME"] == name and output["ITEMS"] == "2" and output["SYNC"] == "yes" and output["MODE"] == "0600"
    assert json.loads(run("info", "--json", name))["blocks"][0]["sync"] is True
    assert "NAME is missing" in run("info", status=2)


def test_layout_shows_the_areas_of_a_list(name):
    run("create", name, 1, "howdy", "none")
    areas = json.loads(run("layout", "--json", name))["areas"]
    assert [each["area"] for each in areas] == ["header", "offsets", "slots", "formats", "codes", "sync area"]
    slots = next(each for each in areas if each["area"] == "slots")
    assert [(each["format"], each["code"], each["holds"]) for each in slots["children"]] == [
        ("q", 0, "1"), ("8s", 1, "howdy"), ("xxxxxx?x", 3, "none"),
    ]  # fmt: skip
    assert slots["offset"] == 8 * (3 + 2) and slots["children"][1]["offset"] == slots["offset"] + 8
    run("create", name + "-long", *range(100))
    cut = subprocess.run([COMMAND, "layout", name + "-long"], capture_output=True, text=True, check=True)
    assert "68 more items are not shown: use --all" in cut.stderr and cut.stdout.count("─") == 32
    assert run("layout", "--all", name + "-long").count("─") == 100


def test_watch_prints_changes(name):
    run("create", name, 1, 2, "text")
    with subprocess.Popen([COMMAND, "watch", "--initial", "--count", "6", name], stdout=subprocess.PIPE, text=True) as watch:
        assert [watch.stdout.readline().split() for _ in range(3)] == [["0", "int", "1"], ["1", "int", "2"], ["2", "str", "text"]]
        for index, value in ((1, "5"), (2, "other"), (0, "-1")):
            run("set", name, index, value)
            assert watch.stdout.readline().split() == [str(index), "int" if index < 2 else "str", value]
        assert watch.wait(10) == 0
    assert run("watch", "--timeout", "0.1", name, status=3) == ""
    with subprocess.Popen([COMMAND, "watch", "--json", name, "-1"], stdout=subprocess.PIPE, text=True) as watch:
        ready, end = [], time.monotonic() + 20
        while not ready and time.monotonic() < end:  # until watch has read the items for the first time
            run("set", "-t", "float", name, 2, time.monotonic())
            run("set", name, 0, 9)
            ready, _, _ = select.select([watch.stdout], [], [], 0.05)
        output = json.loads(watch.stdout.readline())
        assert output["index"] == -1 and output["type"] == "float"
        watch.send_signal(signal.SIGINT)
        assert watch.wait(10) == -signal.SIGINT
    assert "index 3 out of range" in run("watch", name, 3, status=1)


OPENER = """
import os, sys
kept = os.open(sys.argv[1], os.O_RDONLY)
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_block_that_is_only_open_is_in_use(name):
    run("create", "--size", "2M", name)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(["/usr/bin/python3", "-c", OPENER, f"/dev/shm/{name}"], **pipes) as opener:
        opener.stdout.readline()
        found = blocks(name)[name]
        assert found["state"] == "open" and found["users"] == [opener.pid]
        assert f"USERS     {opener.pid} python3\n" in run("info", name)
        os.unlink(f"/dev/shm/{name}")
        gone = blocks()[name]
        assert gone["state"] == "deleted" and gone["users"] == [opener.pid] and gone["size"] == gone["used"] == 2 << 20
        assert re.search(r"deleted +[1-9]\d* blocks without a name in use", run_doctor())
        opener.stdin.close()
    assert name not in blocks()


def test_memory_without_a_name_is_sorted_by_its_use(name):
    run("create", "--size", "1M", name + "-small")
    run("create", "--size", "12M", name + "-large")
    run("create", "--size", "1G", "--lazy", name + "-gone")
    with open(f"/dev/shm/{name}-gone", "r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0)
    mapped[: 5 << 20] = b"\xff" * (5 << 20)
    os.unlink(f"/dev/shm/{name}-gone")
    listed = [each for each in json.loads(run("ls", "--json", "--sort", "used"))["blocks"] if each["name"].startswith(name)]
    used = [each["used"] for each in listed]
    assert len(used) == 3 and None not in used and used == sorted(used, reverse=True)
    gone = next(each for each in listed if each["name"] == name + "-gone")
    assert gone["used"] == 5 << 20  # mmap keeps a descriptor, through which this is known
    assert blocks()[name + "-gone"]["used"] == gone["used"] and re.search(r"deleted +[1-9]\d* blocks without a name", run_doctor())
    mapped.close()


def run_doctor():
    return subprocess.run([COMMAND, "doctor"], capture_output=True, text=True).stdout


@pytest.mark.parametrize("is_replaced", [False, True])
def test_watch_ends_when_its_list_is_removed(name, is_replaced):
    run("create", name, 1)
    with subprocess.Popen([COMMAND, "watch", "--initial", "/" + name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stdout.readline().split() == ["0", "int", "1"]
        os.rename(f"/dev/shm/{name}", f"/dev/shm/{name}-kept")  # programs may still have it open
        if is_replaced:
            run("create", name, 777)
        assert watch.wait(10) == 1
        assert watch.stderr.read() == f"shareable watch: list '{name}' was removed{', and another block now has its name' * is_replaced}\n"


def hostile(name, **changes):
    """Create a list, and change words of it: each is an offset and a value."""
    made = stock(name, [1, 2.5, "text"])
    for offset, word in changes.values():
        made.shm.buf[offset : offset + 8] = word.to_bytes(8, "little")
    made.shm.close()


@pytest.mark.parametrize("command", ["dump", "layout", "watch", "info"])
def test_a_corrupt_item_is_reported_and_the_others_are_printed(name, command):
    hostile(name, offset=(16, 1 << 60))  # the offset of the second slot
    options = ["--initial", "--count", "3"] if command == "watch" else []
    ended = subprocess.run([COMMAND, command, *options, name], capture_output=True, text=True, timeout=20)
    if command == "info":
        assert ended.returncode == 0 and "ITEMS     3" in ended.stdout
    else:
        assert "text" in ended.stdout and "corrupt" in ended.stdout + ended.stderr
    if command == "dump":
        assert ended.returncode == 1 and f"'{name}'" in ended.stderr


def test_an_option_after_the_name_is_named(name):
    run("create", name, 1)
    assert "'--json' is not a valid index: put options before NAME" in run("get", name, 0, "--json", status=2)


def test_get_stops_at_an_item_that_cannot_be_read(name):
    run("create", name, 1, 2, 3)
    with open(f"/dev/shm/{name}", "r+b") as block:
        content = block.read()
        block.seek(content.index(b"q\0\0\0\0\0\0\0") + 8)  # the format of the second item
        block.write(b"?")
    ended = subprocess.run([COMMAND, "get", name, "0", "1", "2"], capture_output=True, text=True)
    assert ended.returncode == 1 and ended.stdout == "1\n" and "item 1" in ended.stderr


def test_a_corrupt_item_is_written_again_with_a_type(name):
    run("create", "--no-sync", name, 1, 2.5, "text")
    with open(f"/dev/shm/{name}", "r+b") as block:
        block.seek(block.read().index(b"q\0\0\0\0\0\0\0"))  # the format of an int
        block.write(b"?")
    assert run("set", name, 0, 1, status=1).endswith(": the item is corrupt: write it again, with its type: 'shareable set --type TYPE'\n")
    run("set", "--type", "int", name, 0, 7)
    assert run("get", name, 0) == "7\n"


def test_an_item_with_corrupt_offsets_is_lost(name):
    hostile(name, offset=(16, 1 << 60))  # the offset of the second slot
    for option in ([], ["--type", "int"]):
        lost = f"shareable set: item 0 of list '{name}' is lost: its offsets are corrupt. Create the list again\n"
        assert run("set", *option, name, 0, 1, status=1) == lost


def test_a_noun_after_one_has_no_plural(name):
    run("create", name, 1)
    run("create", "--size", 1, name + "-2")
    assert run("get", name, 1, status=1).endswith(f"index 1 out of range: list '{name}' has 1 item\n")
    assert json.loads(run("layout", "-J", name))["areas"][0]["holds"] == "1 item"
    assert "which has 1 byte\n" in run("write", "--offset", 2, name + "-2", status=1)
    assert "longer than the 1 byte of block" in run("write", name + "-2", status=1, input="ab")


def test_a_block_without_a_list_is_refused_by_name(name):
    with open(f"/dev/shm/{name}", "wb") as block:
        block.write(b"\xff" * 100)
    for command in ("dump", "layout", "get", "watch"):
        assert f"'{name}'" in run(command, name, *([0] if command == "get" else []), status=1)
    assert blocks(name)[name]["kind"] == "raw"


@pytest.mark.parametrize("command", LIST_COMMANDS)
@pytest.mark.parametrize("byte", [b"\0", b"\xff"])
def test_a_block_that_is_not_a_list_is_not_called_an_unfinished_list(name, command, byte):
    with open(f"/dev/shm/{name}", "wb") as block:
        block.write(byte * 4096)
    answer = run(command, name, *LIST_COMMANDS[command], status=1)
    assert f"'{name}'" in answer and re.search("is not a list|does not contain a list", answer), answer
    assert answer.endswith("; 'shareable cat NAME' prints its bytes\n"), answer


def test_a_block_without_a_size_has_no_bytes_to_print(name):
    open(f"/dev/shm/{name}", "wb").close()
    assert run("dump", name, status=1) == f"shareable dump: '{name}' has no size yet: its creator has not finished making it, try again\n"


def test_a_list_that_stock_python_is_still_creating_is_not_ready(name):
    head = b"".join(number.to_bytes(8, sys.byteorder) for number in (3, 0, 8, 16, 24, 1, 2, 3))
    for written in (b"", head):
        with open(f"/dev/shm/{name}", "wb") as block:
            block.write(written.ljust(len(head) + 27, b"\0"))
        for command in ("dump", "get", "set"):
            arguments = {"get": [0], "set": [0, 1]}.get(command, [])
            answer = run(command, name, *arguments, status=1)
            assert f"'{name}'" in answer and "not ready" in answer and "try again" in answer, (command, answer)


def test_lines_fit_a_terminal_and_only_a_terminal_gets_colors(name):
    name = f"test-cli-{os.getpid()}"
    made = stock(name, range(40))
    for command in (["ls", name], ["info", name], ["doctor"], ["layout", name], ["dump", name]):
        plain = re.sub("\033\\[[0-9;]*m", "", on_terminal(*command))
        assert plain.strip(), command
        lines = [line.rstrip("\r") for line in plain.split("\n")]
        assert [line for line in lines if len(line) > 80 and "/shareable-" not in line] == [], command  # paths are not wrapped
    longest = max(len(os.fsencode(block)) for block in os.listdir("/dev/shm"))
    output = on_terminal("gc", "--verbose", columns=3 * longest + 60)  # the reason wraps between words, whatever other blocks exist
    said = r"kept \S+ no ownership log records it: it exists until a process unlinks it".replace(" ", r"\s+")
    assert re.search(rf"^{name}\s+{said}\s", output, re.M) and output.count("\n") >= 3
    made.shm.unlink()
    assert "\033[33mdeleted" in on_terminal("ls")
    assert "\033" not in run("ls")
    made.shm.close()


def test_a_slow_command_shows_its_progress_on_a_terminal(name):
    run("create", name, *range(30000))
    slow = f"{COMMAND} dump {name} | (sleep 1.2; cat) >/dev/null"
    output = on_terminal("-c", slow, program="sh")
    assert re.search(r"\ritems: \d+ of 30000\033\[K", output) and output.endswith("\r\033[K")
    assert on_terminal("-c", f"{COMMAND} dump {name} | cat >/dev/null", program="sh") == ""


def test_full_disk_is_a_failure(name):
    run("create", name, *range(2000))
    with open("/dev/full", "w") as full:
        for command in ("ls", "dump"):
            ended = subprocess.run([COMMAND, command, name], stdout=full, stderr=subprocess.PIPE, text=True)
            assert ended.returncode == 1 and "No space left" in ended.stderr


def test_a_leading_slash_of_a_name_is_ignored(name):
    run("create", "/" + name, 5)
    assert run("get", "/" + name, 0) == "5\n"
    assert name in blocks("/" + name)
