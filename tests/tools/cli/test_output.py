"""Test that all commands escape names, values and arguments.

No character that controls a terminal, reorders text or hides it may reach a terminal.
"""

import glob
import json
import os
import re
import subprocess

import pytest
from command import COMMAND, on_terminal, run, stock

SOURCES = os.path.join(os.environ["top_srcdir"], "tools/cli")

# C0, DEL, C1, marks and overrides of direction, invisible characters, line separators, and a tag.
HIDDEN = "\x01\t\n\r\x1b[31m\x1b]0;title\x07\x7f\x80\x9b31m\x9f\xad\u061c\u200b\u200e\u202a\u202e\u2028\u2029\u2066\u2069\ufe0f\ufeff\U000e0041"
SHOWN = "größe 漢字 →"
BYTES = [HIDDEN.encode(), b"\x9b31m", b"\xc0\x80", b"\xff", b"\xed\xa0\x80", SHOWN.encode()]


def escaped(text):
    """Return the text as the command prints it on one line."""
    return re.sub(r"[^ -\[\]-~\xa1-\xac\xae-\xff漢字→]", lambda found: "".join(f"\\x{byte:02x}" for byte in found[0].encode()), text)


def assert_clean(printed):
    """Check that all characters are visible, except for line ends and the command's colors."""
    text = re.sub(r"\x1b\[(\d+;?)*m", "", printed.replace("\r\n", ""), flags=re.A)
    assert "\ufffd" not in text and re.search("[\x00-\x1f\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0041]", text) is None, ascii(text)
    assert "\x1b[31mred" not in printed


@pytest.fixture
def names(name):
    """Create lists whose names and items contain these characters, and return their names."""
    short = f"test-cli-{os.getpid()}-".encode()
    made = [short + b"%d-" % number + each for number, each in enumerate(BYTES)]
    for each in made:
        subprocess.run([COMMAND, "create", each, HIDDEN, SHOWN, "1"], check=True)
    return made


@pytest.mark.parametrize(
    "command",
    [
        ["ls"], ["ls", "-z"], ["gc"], ["gc", "-J"], ["doctor"], ["doctor", "-J"], ["ls", "NAME"], ["ls", "-J", "NAME"], ["ls", "-r", "NAME"],
        ["info", "NAME"], ["info", "-J", "NAME"], ["dump", "NAME"], ["dump", "-J", "NAME"], ["layout", "NAME"], ["layout", "-J", "NAME"],
        ["layout", "-r", "NAME"], ["get", "NAME", "0"], ["get", "-t", "NAME", "0"], ["get", "-J", "NAME", "0"], ["get", "NAME", "7"],
        ["get", "NAME", b"\x1b[31mred"], ["set", "NAME", "0", HIDDEN * 99], ["set", "NAME", "2", b"\x9b\x1b[31mred"],
        ["set", "-t", HIDDEN, "NAME", "0", "1"], ["watch", "-i", "-c", "2", "NAME"], ["watch", "-J", "-i", "-c", "2", "NAME"],
        ["watch", "NAME", "9"], ["create", "NAME", "1"],
        ["top", "--batch", "-c", "1", "--delay", "0.1", "NAME"], ["top", "--processes", "--batch", "-c", "1", "--delay", "0.1"], ["top", "-J", "-c", "1", "--delay", "0.1", "NAME"],
    ],
)  # fmt: skip
def test_names_and_values_are_escaped_on_a_terminal(names, command):
    for name in names if "NAME" in command else ["all"]:
        printed = on_terminal(*(name if each == "NAME" else each for each in command)).replace("\0", "")
        assert printed != ""
        assert_clean(printed)


@pytest.mark.parametrize(
    "line",
    [
        ["ls", "no\x1b[31mred"], ["ls", "-o", "\x9b31m"], ["ls", "-x", "\x1b[31mred"], ["ls", "--\x1b[31mred"], ["ls", "-\x1b"],
        ["\x1b[31mred"], ["rm", "\x1b[31mred", "\u202e"], ["rm", "a/\x1b[31mred"], ["create", "-s", "\x1b[31mred", "x"], ["create", "-m", "\u202e", "x"],
        ["create", "-t", "\x1b[31mred", "x", "1"], ["create", "-t", "int", "x", "\x1b[31mred"], ["create", "x", "-\x1b[31mred"], ["watch", "-w", "\x1b[31mred", "x"],
        ["watch", "-c", "\x9b", "x"], ["create", "x/\x1b[31mred"], ["info", "\x9b" * 300], ["ls", "--\udc9b"], ["dump", "\udc9b"],
    ],
)  # fmt: skip
def test_arguments_in_error_messages_are_escaped(line):
    printed = on_terminal(*line)
    assert "shareable" in printed and "\\x" in printed
    assert_clean(printed)


@pytest.mark.parametrize("variable", ["SHAREABLE_REAPER", "SHAREABLE_MANAGER"])
def test_paths_from_the_environment_are_escaped(variable):
    printed = on_terminal("doctor", environment={variable: "/\x1b[31mred\u202e"})
    assert r"/\x1b[31mred\xe2\x80\xae" in printed
    assert_clean(printed)
    assert_clean(on_terminal("manager", "run", environment={"SHAREABLE_MANAGER": "/\x1b[31mred"}))


def test_a_column_may_be_given_only_once(name):
    run("create", name, 1)
    many = ",".join(["NAME"] + ["SIZE"] * 17 + ["BOGUS"])
    assert "column 'SIZE' is given twice" in run("ls", "-o", many, name, status=2)
    assert "unknown column 'BOGUS': expected NAME, KIND, ITEMS, SIZE, " in run("ls", "-o", "name,kind,items,size,used,users,owner,age,state,user,mode,sync,BOGUS", name, status=2)
    assert "column 'NAME' is given twice" in run("ls", "-J", "-o", "NAME,name", name, status=2)
    assert len(blocks_of(run("ls", "-J", "-o", "name,kind,items,size,used,users,owner,age,state,user,mode,sync", name))[0]) == 12


def blocks_of(printed):
    return json.loads(printed)["blocks"]


def test_a_terminal_that_is_not_set_to_utf8_gets_ascii(name):
    run("create", name, "Û\x9b")  # its UTF-8 has a byte 0x9b
    for command in (["get", name, "0"], ["dump", name], ["dump", "-J", name], ["watch", "-i", "-c", "1", name], ["ls", name + "Û"]):
        printed = on_terminal(*command, environment={"LC_ALL": "C"})
        assert printed.isascii() and ("\\x" in printed or "\\u" in printed)


def test_a_pipe_gets_unchanged_values_and_escaped_names(names):
    for name in names:
        for index, value in enumerate((HIDDEN, SHOWN)):
            assert subprocess.run([COMMAND, "get", name, str(index)], stdout=subprocess.PIPE).stdout == value.encode() + b"\n"
        listed = subprocess.run([COMMAND, "ls", "-n", "-o", "NAME", name], stdout=subprocess.PIPE, text=True).stdout
        assert listed.count("\n") == 1
        assert re.sub(rb"\\x(..)", lambda found: bytes.fromhex(found[1].decode()), listed[:-1].encode()) == name
        dumped = subprocess.run([COMMAND, "dump", "-n", name], stdout=subprocess.PIPE, text=True).stdout
        assert dumped.split("\n")[:2] == ["    0  str    " + escaped(HIDDEN), "    1  str    " + SHOWN]


def test_messages_of_the_library_are_escaped_once(name):
    """The library escapes control characters. The command also escapes what is invisible: U+200B."""
    red = name + "-\x1b[31m\u200b"
    run("create", red, 1.5, "x")
    for command in (["create", red, 1], ["add", red, 0], ["get", red, 7], ["set", "-t", "str", red, 1, "y" * 99]):
        message = run(*command, status=1)
        assert f"'{name}-\\x1b[31m\\xe2\\x80\\x8b'" in message and message.isascii()
    assert "'\\x5cx1b'" in run("ls", "\\x1b", status=1)  # the command's own message


def test_json_escapes_every_name_reversibly(names):
    for command in (["ls", "-J"], ["info", "-J"], ["dump", "-J"]):
        for name in names:
            printed = subprocess.run([COMMAND, *command, name], stdout=subprocess.PIPE, check=True).stdout.decode()
            assert_clean(printed.replace("\n", ""))
            output = json.loads(printed)
            assert os.fsencode((output if "name" in output else output["blocks"][0])["name"]) == name
    assert json.loads(run("get", "-J", names[-1].decode(), 0)) == HIDDEN
    assert json.loads(run("layout", "-J", names[-1].decode()))["areas"][2]["children"][0]["holds"] == HIDDEN


def test_raw_and_aligned_tables_escape_alike_and_only_once(name):
    stock(name, ["back\\slash", "esc\x1b", "nul\0in"]).shm.close()
    holds = [line.split()[-1] for line in run("layout", name).splitlines() if re.match("[├└]─.*\\s\\d", line.lstrip("│ "))]
    assert holds == ["back\\x5cslash", "esc\\x1b", "nul\\x00in"]
    assert "esc\\x1b" in run("layout", "-r", name) and "\\x5cx1b" not in run("layout", "-r", name)


def test_ls_zero_ends_each_name_with_a_nul(names):
    printed = subprocess.run([COMMAND, "ls", "--zero"], stdout=subprocess.PIPE, check=True).stdout
    assert set(names) <= set(printed.split(b"\0"))
    printed = subprocess.run([COMMAND, "ls", "--zero", *names], stdout=subprocess.PIPE, check=True).stdout
    assert sorted(printed.split(b"\0")) == sorted([b"", *names])


def test_ls_zero_chooses_and_sorts_but_refuses_what_only_tables_have(name):
    for end, size in (("-a", "4K"), ("-b", "16K"), ("-c", "8K")):
        run("create", "--size", size, name + end)
    shown = lambda *arguments: [each[-1:] for each in run("ls", "-z", *arguments, name + "-*").split("\0")]
    assert shown() == ["a", "b", "c", ""] and shown("-R") == ["c", "b", "a", ""] and shown("-x", "size") == ["b", "c", "a", ""]
    assert shown("--min-size", "8K", "--state", "unowned,unknown") == ["b", "c", ""] and shown("-k", "list") == [""]
    assert "no block matches" in run("ls", "-z", name + "-none*", status=1)
    for option in (["-J"], ["-r"], ["-n"], ["-b"], ["-o", "NAME"]):
        assert "--zero prints only names: it excludes" in run("ls", "-z", *option, status=2)


def test_only_output_c_prints():
    for path in glob.glob(f"{SOURCES}/*.c"):
        source = re.sub(r"format\(printf", "", open(path).read())
        calls = re.findall(r"\b(?:v?f?printf|f?puts|f?putc|putchar|fwrite|write(?=\()|perror|err|warn|dprintf|psignal|stdout|stderr)\b", source)
        allowed = {"output.c": calls, "cli.c": ["write"]}.get(os.path.basename(path), [])  # in a signal handler
        assert [call for call in calls if call not in allowed] == [], path


def test_a_shortened_name_is_marked_and_keeps_its_end(name):
    long = f"test-cli-{os.getpid()}-" + "n" * 200
    for each in (long + "a", long + "b", name):
        run("create", each, 1, 2)
    for width in (40, 80, 100, 132):
        lines = on_terminal("ls", long + "a", long + "b", name, columns=width, environment={"LC_ALL": "C.UTF-8"}).splitlines()
        assert all(len(line) <= width and re.search(r" (unowned|unknown)( |$)", line) for line in lines[1:4])
        shown = [line.split()[0] for line in lines[1:4]]
        assert len(min(shown, key=len)) >= 20 and [each[-2:] for each in shown if "…" in each][:2] == ["na", "nb"]
    assert run("ls", "-n", "-o", "NAME", long + "a") == long + "a\n"


def test_many_users_leave_space_for_the_names(name):
    name = f"test-cli-{os.getpid()}"
    run("create", name, 1)
    users = [subprocess.Popen(["/usr/bin/python3", "-c", HOLDER, f"/dev/shm/{name}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(8)]
    for user in users:
        user.stdout.readline()
    line = on_terminal("ls", name).splitlines()[1]
    for user in users:
        user.communicate()
    assert line.startswith(name + " ") and re.search(r" \d+ python3,[\w ,]*… .*used\s*$", line) and len(line) <= 80


HOLDER = """
import mmap, os, sys
mapped = mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 0)
print("ready", flush=True)
sys.stdin.read()
"""


def closing(descriptors, *arguments):
    """Run the command with these descriptors closed."""
    code = f'exec "$0" "$@" {" ".join(f"{each}>&-" for each in descriptors)}'
    return subprocess.run(["sh", "-c", code, COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_no_block_gets_a_closed_standard_descriptor(name):
    run("create", name, 1, "x" * 100)
    before = run("dump", name)
    for command in (["dump", name], ["get", name, "1"], ["ls", name], ["watch", "-i", "-c", "1", name], ["layout", name], ["--help"], ["ls", "--help"]):
        for descriptors in ([1], [0, 1], [0, 1, 2]):
            assert closing(descriptors, *command).returncode == 1
    assert "standard output: Bad file descriptor" in closing([0, 1], "dump", name).stderr
    assert closing([0, 1, 2], "set", name, "0", "2").returncode == 0
    assert closing([2], "get", name, "9").returncode == 1
    assert closing([0, 2], "get", name, "0").stdout == "2\n"
    assert closing([0, 1, 2], "create", name + "-2", "1").returncode == 0 and run("get", name + "-2", 0) == "1\n"
    run("set", name, "0", "1")
    assert run("dump", name) == before


def test_output_that_cannot_be_written_is_a_failure(name):
    run("create", name, *range(2000))
    with open("/dev/full", "w") as full:
        for command in (["ls"], ["dump", name], ["get", name, "0"], ["watch", "-i", "-c", "1", name], ["layout", name], ["info", name], ["--help"], ["gc", "--help"], ["--version"], ["ls", "-z"]):
            ended = subprocess.run([COMMAND, *command], stdout=full, stderr=subprocess.PIPE, text=True)
            assert ended.returncode == 1 and "No space left" in ended.stderr, command
