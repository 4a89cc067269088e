"""The `shareable` command: what it prints, what it answers, what it changes.

run_shareable says which program; lists of other makers are stock Python's.
"""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from multiprocessing import resource_tracker, shared_memory

import pytest

COMMAND = os.environ["run_shareable"]
BASH = "/usr/bin/bash"


def run(*arguments, status=0, **options):
    """What it prints; to standard error, where it fails."""
    ended = subprocess.run(
        [COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True, **options
    )
    assert ended.returncode == status, ended.stderr
    return ended.stderr if status else ended.stdout


def exists(name):
    return os.path.exists(f"/dev/shm/{name}")


@pytest.fixture
def name(request):
    """A name that is nobody else's; whatever begins with it is gone at the end."""
    mine = f"test-cli-{os.getpid()}"
    yield f"{mine}-{request.node.name[:40]}".replace("[", "-").replace("]", "")
    for left in os.listdir("/dev/shm"):
        if left.startswith(mine):
            os.unlink(f"/dev/shm/{left}")


def stock(name, items):
    made = shared_memory.ShareableList(items, name=name)
    resource_tracker.unregister(made.shm._name, "shared_memory")
    return made


def blocks(*arguments):
    return {each["name"]: each for each in json.loads(run("ls", "--json", *arguments))["blocks"]}


COMMANDS = re.findall(r"^  ([a-z]+)  ", run("--help"), re.M)


def test_help_and_version():
    assert [line for line in run("--help").splitlines() if len(line) > 80] == []
    assert COMMANDS[:3] == ["ls", "info", "dump"] and "doctor" in COMMANDS
    assert re.fullmatch(r"shareable \d+\.\d+\.\d+\n", run("--version"))
    assert "Usage: shareable COMMAND" in run(status=2)
    assert "there is no command 'frobnicate'" in run("frobnicate", status=2)


@pytest.mark.parametrize("command", [each for each in COMMANDS if each != "manager"])
def test_each_command_tells_of_itself_in_80_columns(command):
    told = run(command, "--help")
    assert told.startswith(f"Usage: shareable {command} ")
    assert [line for line in told.splitlines() if len(line) > 80] == []
    assert f"Try 'shareable {command} --help'" in run(command, "--frobnicate", status=2)


def test_manager_is_the_program():
    assert run("manager", "--version").startswith("shareable-manager ")


def test_values_of_every_type_are_made_read_and_written(name):
    values = ["1", "-7", "2.5", "1e300", "nan", "-inf", "true", "false", "none", "howdy", "größe", ""]
    run("create", name, *values)
    assert [line.split() for line in run("get", "--type", name, *range(len(values))).splitlines()] == [
        ["int", "1"], ["int", "-7"], ["float", "2.5"], ["float", "1e+300"], ["float", "nan"], ["float", "-inf"],
        ["bool", "true"], ["bool", "false"], ["none", "none"], ["str", "howdy"], ["str", "größe"], ["str"],
    ]  # fmt: skip
    for index, value in ((0, "-9223372036854775808"), (2, "0.1"), (6, "false"), (9, "8")):
        run("set", name, index, value)
        assert run("get", name, index) == value + "\n"
    assert run("get", "-t", name, 9) == "str 8\n"  # a text stays one
    for kind, value in (("int", "5"), ("float", "5.0"), ("bool", "true"), ("bytes", "00ff"), ("none", "none"), ("str", "x")):
        run("set", "--type", kind, name, -1, value)
        assert run("get", "-t", name, -1) == f"{kind} {value}\n"
    run("set", name, 2, "7")
    assert run("get", name, 2) == "7.0\n"  # a float stays one, and is seen to be one


def test_floats_are_printed_with_as_few_digits_as_give_them_again(name):
    floats = [0.1, 0.1 + 0.2, 1 / 3, 9.95, 5e-324, 1.7976931348623157e308, 2.0**53, 2.0**60, 1e15, 1e16, 1e-4, 1e-5, 100.0, -0.0,
              123456789.125, 2.2250738585072014e-308, -0.00012345678901234567]
    stock(name, floats).shm.close()
    assert run("get", name, *range(len(floats))).split() == [repr(each) for each in floats]


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


def test_get_ends_items_as_is_asked_for(name):
    stock(name, ["two\nlines", "x"]).shm.close()
    assert run("get", "-z", name, 0, 1) == "two\nlines\0x\0"
    assert run("get", "--json", name, 0) == '"two\\nlines"\n'


def test_what_cannot_be_is_said(name):
    assert f"no block called '{name}'" in run("dump", name, status=1)
    assert "'x/y'" in run("create", "x/y", 1, status=1)
    run("create", name, 1, "text")
    assert "exists already" in run("create", name, 1, status=1)
    assert f"index 2 out of range: list '{name}' has 2 items" in run("get", name, 2, status=1)
    assert "'x' is no int; --type" in run("set", name, 0, "x", status=1)
    assert "room" in run("set", name, 1, "too long for eight bytes", status=1)
    assert run("get", name, 1) == "text\n"
    assert "no index" in run("get", name, "one", status=2)
    assert "there is no type 'long'" in run("set", "-t", "long", name, 0, 1, status=2)
    assert "looks like an option" in run("create", name + "-2", "--size", "4K", status=2)
    assert "holds no values" in run("create", "--size", "4K", name + "-2", 1, status=2)
    assert "no mode" in run("create", "--mode", "rw", name + "-2", status=2)
    assert "size" in run("create", "--size", "0", name + "-2", status=2)
    assert not exists(name + "-2")


def test_create_takes_options(name):
    run("create", "--size", "64K", "--mode", "640", name)
    status = os.stat(f"/dev/shm/{name}")
    assert status.st_size == 65536 and status.st_mode & 0o777 == 0o640 & ~os.umask(os.umask(0))
    run("create", "--type", "str", "--capacity", 40, "--plain", name + "-list", 1, 2)
    assert run("get", "-t", name + "-list", 0) == "str 1\n"
    run("set", name + "-list", 0, "x" * 40)
    assert blocks(name + "-list", "-o", "NAME,SYNC")[name + "-list"]["sync"] is False
    run("create", "--lazy", "--size", "1G", name + "-lazy")
    lazy = blocks(name + "-lazy")[name + "-lazy"]
    assert (lazy["size"], lazy["used"], lazy["kind"]) == (1 << 30, 0, "raw")


def test_rm_removes_what_is_named_and_says_what_is_not_there(name):
    run("create", name, 1)
    run("create", name + "-2", 1)
    assert f"'{name}-3'" in run("rm", name, name + "-3", name + "-2", status=1)
    assert not exists(name) and not exists(name + "-2")
    run("rm", "--force", name)
    assert "no block is named" in run("rm", status=2)


def test_ls_tells_kind_size_users_and_state(name):
    made = stock(name, [1, 2, 3])
    with open(f"/dev/shm/{name}-raw", "wb") as raw:
        raw.write(bytes(8192))
    found = blocks(name, name + "-raw")
    of = found[name]
    assert of["kind"] == "list" and of["items"] == 3 and of["users"] == [os.getpid()] and of["state"] == "live"
    assert of["owner"] is None and of["age"] < 60 and of["size"] == os.stat(f"/dev/shm/{name}").st_size
    assert found[name + "-raw"]["kind"] == "raw" and found[name + "-raw"]["items"] is None
    assert found[name + "-raw"]["state"] in ("unused", "unknown")  # where a process may not be looked into
    assert name in blocks()  # among all
    made.shm.unlink()
    gone = blocks()[name]
    assert gone["state"] == "deleted" and gone["users"] == [os.getpid()] and gone["age"] is None
    assert f"there is no block '{name}'" in run("ls", name, status=1)
    made.shm.close()


OWNER = """
import os, sys
os.environ["SHAREABLE_REAPER"] = "/bin/true"  # as if it had been killed too
from shareable.shared_memory import ShareableList
kept = ShareableList([1], name=sys.argv[1])
print("made", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not os.environ.get("run_python"), reason="no Python binding is built, in which to own a block")
def test_owner_is_told_and_what_it_leaves_is_garbage(name):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([os.environ["run_python"], "-c", OWNER, name], **pipes) as owner:
        assert owner.stdout.readline() == "made\n"
        found = blocks(name)[name]
        assert found["owner"] == owner.pid == found["users"][0] and found["state"] == "live"
        assert not any(each["state"] == "deleted" and each["users"] == [owner.pid] for each in blocks().values())
        told = {each["name"]: each for each in json.loads(run("gc", "--json"))["blocks"]}
        assert told[name]["fate"] == "stays" and told[name]["reason"] == "its owner lives"
        owner.kill()
        owner.wait()
    told = {each["name"]: each for each in json.loads(run("gc", "--json", "--remove"))["blocks"]}
    if name in told and told[name]["fate"] == "stays":
        assert "cannot be asked" in told[name]["reason"]  # a process that even this user may not look into
    else:
        assert not exists(name)  # it, or the reaper of another owner, has removed it


def test_tables_obey(name):
    run("create", name, 1)
    assert run("ls", "-n", "-o", "items,name", name).split() == ["1", name]
    assert run("ls", "-r", "-o", "NAME,SIZE", "-b", name).splitlines()[1] == f"{name} {os.stat(f'/dev/shm/{name}').st_size}"
    assert "there is no column 'colour'" in run("ls", "-o", "name,colour", status=2)
    run("create", "--size", "1M", name + "-large")
    assert run("ls", "-n", "--sort", "size", "-o", "NAME", name, name + "-large").split() == [name + "-large", name]
    assert "not by 'colour'" in run("ls", "--sort", "colour", status=2)


def test_info_tells_all_of_a_block(name):
    run("create", name, 1, 2)
    told = dict(line.split(maxsplit=1) for line in run("info", name).splitlines())
    assert told["NAME"] == name and told["ITEMS"] == "2" and told["SYNC"] == "yes" and told["MODE"] == "0600"
    assert json.loads(run("info", "--json", name))["blocks"][0]["sync"] is True
    assert "no block is named" in run("info", status=2)


def test_layout_draws_the_bytes(name):
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
    assert "68 further items are left out: --all" in cut.stderr and cut.stdout.count("─") == 32
    assert run("layout", "--all", name + "-long").count("─") == 100


def test_watch_prints_what_changes(name):
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
        while not ready and time.monotonic() < end:  # until it has looked for the first time
            run("set", "-t", "float", name, 2, time.monotonic())
            run("set", name, 0, 9)
            ready, _, _ = select.select([watch.stdout], [], [], 0.05)
        told = json.loads(watch.stdout.readline())
        assert told["index"] == -1 and told["type"] == "float"
        watch.send_signal(signal.SIGINT)
        assert watch.wait(10) == -signal.SIGINT
    assert "index 3 out of range" in run("watch", name, 3, status=1)


def test_doctor_finds_what_is_wrong():
    ended = subprocess.run([COMMAND, "doctor", "--json"], capture_output=True, text=True)
    found = {each["check"]: each for each in json.loads(ended.stdout)["checks"]}
    assert {"folder", "space", "new blocks", "/proc", "open files", "reaper", "garbage"} <= found.keys()
    assert all(each["verdict"] in ("ok", "note", "wrong") for each in found.values())
    assert ended.returncode == any(each["verdict"] == "wrong" for each in found.values())
    assert found["new blocks"]["verdict"] == found["reaper"]["verdict"] == "ok"
    environment = {**os.environ, "SHAREABLE_REAPER": "/nonexistent/reaper"}
    ended = subprocess.run([COMMAND, "doctor"], capture_output=True, text=True, env=environment)
    assert ended.returncode == 1
    assert re.search(r"^wrong  reaper .*/nonexistent/reaper: No such file", ended.stdout, re.M)


def test_doctor_finds_a_full_file_system(tmp_path):
    mount = f"mount -t tmpfs -o size=64k,mode=1777 none /dev/shm && dd if=/dev/zero of=/dev/shm/full bs=1k count=60 2>/dev/null && {COMMAND} doctor"
    environment = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}  # a sanitizer's is not for dd
    ended = subprocess.run(["unshare", "--mount", "sh", "-c", mount], capture_output=True, text=True, env=environment)
    if ended.stdout == "":
        pytest.skip(f"nothing can be mounted here: {ended.stderr.strip()}")
    assert re.search(r"^wrong  space .*64K, 4\.0K of it free\n.*ls --sort\s+used", ended.stdout, re.M), ended.stdout


def hostile(name, **changes):
    """A list whose bytes somebody has changed: at an offset, a word."""
    made = stock(name, [1, 2.5, "text"])
    for at, word in changes.values():
        made.shm.buf[at : at + 8] = word.to_bytes(8, "little")
    made.shm.close()


@pytest.mark.parametrize("command", ["dump", "layout", "get", "watch", "info"])
def test_damaged_item_is_named_and_the_others_are_told(name, command):
    hostile(name, offset=(16, 1 << 60))  # where the second slot begins
    arguments = {"get": [0, 1, 2], "watch": ["--initial", "--count", "3"]}.get(command, [])
    order = [*arguments, name] if command == "watch" else [name, *arguments]
    ended = subprocess.run([COMMAND, command, *map(str, order)], capture_output=True, text=True, timeout=20)
    if command == "info":
        assert ended.returncode == 0 and "ITEMS   3" in ended.stdout
    else:
        assert "text" in ended.stdout and "damaged" in ended.stdout + ended.stderr
    if command in ("dump", "get"):
        assert ended.returncode == 1 and f"'{name}'" in ended.stderr


def test_what_is_no_list_is_refused_with_its_name(name):
    with open(f"/dev/shm/{name}", "wb") as block:
        block.write(b"\xff" * 100)
    for command in ("dump", "layout", "get", "watch"):
        assert f"'{name}'" in run(command, name, *([0] if command == "get" else []), status=1)
    assert blocks(name)[name]["kind"] == "raw"


def test_list_that_stock_python_is_still_making_is_not_ready(name):
    head = b"".join(number.to_bytes(8, sys.byteorder) for number in (3, 0, 8, 16, 24, 1, 2, 3))
    for written in (b"", head):
        with open(f"/dev/shm/{name}", "wb") as block:
            block.write(written.ljust(len(head) + 27, b"\0"))
        for command in ("dump", "get", "set"):
            arguments = {"get": [0], "set": [0, 1]}.get(command, [])
            answer = run(command, name, *arguments, status=1)
            assert f"'{name}' is not ready" in answer and "try again" in answer, (command, answer)


def on_terminal(*arguments, columns=80, program=COMMAND):
    """What it prints on a terminal."""
    try:
        child, terminal = pty.fork()
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")  # /dev/pts is not mounted, as in some chroots
    if child == 0:
        subprocess.run(["stty", "cols", str(columns)])
        os.execvp(program, [program, *arguments])
    printed = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        printed += part
    os.waitpid(child, 0)
    os.close(terminal)
    return printed.decode()


def test_lines_fit_a_terminal_and_colours_are_for_one(name):
    name = f"test-cli-{os.getpid()}"
    made = stock(name, range(40))
    for command in (["ls", name], ["info", name], ["doctor"], ["layout", name], ["dump", name]):
        plain = re.sub("\033\\[[0-9;]*m", "", on_terminal(*command))
        assert plain.strip(), command
        lines = [line.rstrip("\r") for line in plain.split("\n")]
        assert [line for line in lines if len(line) > 80 and "/shareable-" not in line] == [], command  # a path is as it is
    told = on_terminal("gc", columns=60)  # of all blocks, others' too; no word is broken
    said = r"stays nobody has it recorded as owned: it is there until somebody unlinks it".replace(" ", r"\s+")
    assert re.search(rf"^{name}\s+{said}\s", told, re.M) and told.count("\n") >= 3
    made.shm.unlink()
    assert "\033[33mdeleted" in on_terminal("ls")
    assert "\033" not in run("ls")
    made.shm.close()


def test_progress_is_told_on_a_terminal_of_what_takes_long(name):
    run("create", name, *range(30000))
    slow = f"{COMMAND} dump {name} | (sleep 1.2; cat) >/dev/null"
    told = on_terminal("-c", slow, program="sh")
    assert re.search(r"\ritems: \d+ of 30000\033\[K", told) and told.endswith("\r\033[K")
    assert on_terminal("-c", f"{COMMAND} dump {name} | cat >/dev/null", program="sh") == ""


def test_full_disk_is_a_failure(name):
    run("create", name, *range(2000))
    with open("/dev/full", "w") as full:
        for command in ("ls", "dump"):
            ended = subprocess.run([COMMAND, command, name], stdout=full, stderr=subprocess.PIPE, text=True)
            assert ended.returncode == 1 and "No space left" in ended.stderr


def test_name_with_a_leading_slash_is_the_same(name):
    run("create", "/" + name, 5)
    assert run("get", "/" + name, 0) == "5\n"
    assert name in blocks("/" + name)


COMPLETE = """
. {file}
COMP_WORDS=({words}) COMP_CWORD={last}
_shareable
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completions(*words):
    file = os.path.join(os.environ["top_srcdir"], "bindings/cli/completion/shareable")
    quoted = " ".join(f"'{word}'" for word in words)
    environment = {**os.environ, "PATH": os.path.dirname(COMMAND) + ":" + os.environ["PATH"]}
    code = COMPLETE.format(file=file, words=quoted, last=len(words) - 1)
    return subprocess.run([BASH, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout.split()


def test_bash_completes_commands_options_and_names(name):
    run("create", name, 1)
    assert completions("shareable", "w") == ["watch"]
    assert set(completions("shareable", "")) >= set(COMMANDS)
    assert completions("shareable", "dump", "--j") == ["--json"]
    assert completions("shareable", "dump", name[:-1]) == [name]


@pytest.mark.parametrize("shell, file", [("zsh", "_shareable"), ("fish", "shareable.fish")])
def test_other_shells_take_their_completions(shell, file):
    path = os.path.join(os.environ["top_srcdir"], "bindings/cli/completion", file)
    try:
        ended = subprocess.run([shell, "-n", path], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip(f"no {shell} here")
    assert ended.returncode == 0, ended.stderr
