"""Test `shareable top`: in a pipe, and on terminals of several sizes, whose screens pyte emulates."""

import array
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

import pytest
from command import COMMAND, blocks, on_terminal, run, stock
from machine import in_machine, needs_root
from test_completion import completions, fish_completes, zsh

COMM = os.path.basename(sys.executable)[:15]  # the command name of Python
HOSTILE = "\x1b[31mred\u202e\x9b31m\n"


@pytest.fixture
def name(name):
    """A short name, which fits in a column. conftest.py removes all blocks of this run."""
    return name[: name.index("-test_")] + "-t"


def samples(*arguments, **options):
    """Return the JSON objects of `shareable top`."""
    return [json.loads(line) for line in run("top", "--json", *arguments, **options).splitlines()]


def block(sample, name):
    return {each["name"]: each for each in sample["blocks"]}.get(name)


@contextlib.contextmanager
def repeatedly(act):
    """Call a function every few milliseconds in another thread."""
    ended = threading.Event()

    def loop():
        while not ended.wait(0.003):
            act()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def holder(*names):
    """Run a process that has these blocks mapped."""
    code = "import mmap, os, sys\nkept = [mmap.mmap(os.open('/dev/shm/' + name, os.O_RDWR), 0) for name in sys.argv[1:]]\nprint(flush=True)\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code, *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process.pid
        process.stdin.close()


def write_ints(name, count):
    """Create a list of ints as stock Python does, but fast. Return the offset of the first int."""
    with open(f"/dev/shm/{name}", "wb") as file:
        file.write(struct.pack("q", count) + array.array("q", range(0, 8 * count + 8, 8)).tobytes())
        data = file.tell()
        file.write(array.array("q", range(count)).tobytes() + b"q\0\0\0\0\0\0\0" * count + b"\0" * count)
    return data


def test_changes_counts_the_items_that_differ_and_a_number_over_a_number(name):
    items = stock(name, [1, 2.5, "text", None, 5])
    run("create", name + "-idle", 1, "text")

    def write():
        items[0] += 1
        items[1] += 1
        items[2] = str(items[0])

    with repeatedly(write):
        sampled = samples("-c", 3, "-D", 0.2, name + "*")
    items.shm.close()
    for each in sampled:
        assert [block(each, name)[key] for key in ("kind", "items", "changes", "exact")] == ["list", 5, 3, True]
        assert block(each, name + "-idle")["changes"] == 0


def test_each_sample_is_one_table_or_one_line_of_json(name):
    run("create", name, 1)
    run("create", "-s", "2M", name + "-raw")
    printed = run("top", "-B", "-c", 2, "-D", 0.1, name + "*")
    assert len(re.findall(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} /dev/shm: \S+ of \S+ used \(\d+%\)(?:, \S+ not visible to UID \d+)?, 2 blocks, \d+ process(es)?( visible)?$", printed, re.M)) == 2
    table = printed.split("\n\n")[0].splitlines()
    assert table[1].split() == ["NAME", "KIND", "ITEMS", "SIZE", "USED", "CHANGES", "AGE", "STATE", "USERS", "REASON"][: len(table[1].split())]
    assert [line.split()[0] for line in table[2:]] == [name + "-raw", name]
    sampled = samples("-c", 2, "-D", 0.1, name + "*")
    assert len(sampled) == 2 and sampled[1]["time"] > sampled[0]["time"]
    assert 0 < sampled[0]["used"] <= sampled[0]["size"] and 0 < sampled[0]["inodes_used"] <= sampled[0]["inodes"]
    assert block(sampled[0], name + "-raw")["used"] == 2 << 20 and block(sampled[0], name + "-raw")["changes"] is None


def test_a_pattern_that_no_block_matches_is_an_error_as_in_ls(name):
    run("create", name, 1)
    missing = [name + "-none", "/" + name + "-no", name + "-*-none"]
    ended = subprocess.run([COMMAND, "top", "-B", "-c", "2", "-D", "0.1", name, *missing], capture_output=True, text=True)
    assert ended.returncode == 1 and ended.stdout.count(f"\n{name} ") == 2
    of_ls = run("ls", *missing, status=1)
    assert ended.stderr == of_ls.replace(" ls: ", " top: ") and len(of_ls.splitlines()) == 3
    ended = subprocess.run([COMMAND, "top", "-B", "-c", "1", "-D", "0.1", missing[0]], capture_output=True, text=True)
    nothing = ended.stdout.splitlines()
    assert ended.returncode == 1 and len(nothing) == 3 and nothing[1].split()[-1] == "USERS" and nothing[2] == ""


def test_blocks_are_sorted_and_reversed(name):
    run("create", name + "-a", 1)
    run("create", "-s", "1M", name + "-b")
    with holder(name + "-a"):
        for arguments, order in (([], "ba"), (["-x", "used"], "ba"), (["-x", "USED", "-R"], "ab"), (["-x", "Size"], "ba"), (["-x", "name"], "ab"), (["-x", "users"], "ab"), (["-x", "name", "-R"], "ba")):
            sampled = samples("-c", 1, "-D", 0.1, *arguments, name + "*")[0]
            assert [each["name"][-1] for each in sampled["blocks"]] == list(order), arguments
    assert "cannot sort by 'items'" in run("top", "-x", "items", status=2)


def test_top_and_ls_have_the_same_words_and_letters():
    keys, of_ls = (re.split(", | or ", re.search("expected (.*)", run(command, "--sort", "?", status=2))[1]) for command in ("top", "ls"))
    assert [key for key in keys if key != "changes"] == of_ls and run("ls", "-x", "SIZE", "-R")
    letters, of_ls = (dict(re.findall(r"^ +-(\w), --([a-z-]+)", run(command, "--help"), re.M)) for command in ("top", "ls"))
    assert len(letters) == 8 and {letter: word for letter, word in letters.items() if of_ls.get(letter, word) != word} == {}


def test_processes_are_listed_by_the_memory_that_they_hold(name):
    run("create", "-s", "3M", name + "-1")
    run("create", "-s", "1M", name + "-2")
    with holder(name + "-1", name + "-2") as both, holder(name + "-2") as small:
        sampled = samples("-c", 1, "-D", 0.1, name + "*")[0]
        printed = run("top", "-B", "-P", "-c", 1, "-D", 0.1, name + "*")
    holders = [each for each in sampled["processes"] if each["pid"] in (both, small)]  # the ls of another test may be one
    assert [(each["pid"], each["memory"], each["blocks"]) for each in holders] == [(both, 4 << 20, 2), (small, 1 << 20, 1)]
    assert [each["command"] for each in holders] == [COMM, COMM]
    assert {both, small} <= set(block(sampled, name + "-2")["users"])
    assert re.search(rf"^ *{both} \S+ +4.0M +2 {COMM}$", printed, re.M)


def test_a_new_and_a_removed_block_are_seen_in_the_next_sample(name):
    with subprocess.Popen([COMMAND, "top", "-J", "-D", "0.1", name + "*"], stdout=subprocess.PIPE, text=True) as top:
        assert json.loads(top.stdout.readline())["blocks"] == []
        run("create", name, 1, 2, 3)
        seen = [block(json.loads(top.stdout.readline()), name) for _ in range(3)]
        assert [(each["kind"], each["items"]) for each in seen if each] != [] and seen[-1]["items"] == 3
        run("rm", name)
        seen = [block(json.loads(top.stdout.readline()), name) for _ in range(3)]
        assert seen[-1] is None
        top.terminate()


def test_the_sizes_of_many_files_are_read_in_turns(name):
    for i in range(2500):
        with open(f"/dev/shm/{name}-{i:04}", "wb") as file:
            file.write(b"x")
    with subprocess.Popen([COMMAND, "top", "-J", "-x", "name", "-D", "0.1", name + "*"], stdout=subprocess.PIPE, text=True) as top:
        sampled = json.loads(top.stdout.readline())
        for i in (0, 1, 2, 2499):
            os.truncate(f"/dev/shm/{name}-{i:04}", 5000)
        os.unlink(f"/dev/shm/{name}-0003")
        end = time.monotonic() + 20
        for _ in range(10):  # samples that were taken before, and the turns
            sampled = json.loads(top.stdout.readline())
            if sum(each["size"] == 5000 for each in sampled["blocks"]) == 4 or time.monotonic() > end:
                break
        top.terminate()
    assert len(sampled["blocks"]) == 2499 and [each["name"][-4:] for each in sampled["blocks"] if each["size"] == 5000] == ["0000", "0001", "0002", "2499"]


def test_top_is_no_user_of_the_blocks(name):
    run("create", name, *range(50))
    with subprocess.Popen([COMMAND, "top", "-J", "-D", "0.1"], stdout=subprocess.PIPE, text=True) as top:
        for _ in range(5):
            assert top.pid not in block(json.loads(top.stdout.readline()), name)["users"]
            assert blocks(name)[name]["state"] == "unowned"
            files = [os.readlink(f"/proc/{top.pid}/fd/{each}") for each in os.listdir(f"/proc/{top.pid}/fd")]
            assert not any(name in each for each in files)
            assert name not in open(f"/proc/{top.pid}/maps").read()
        top.terminate()


def test_a_list_that_is_too_large_for_one_sample_is_compared_over_several(name):
    data = write_ints(name, 1_000_000)
    with open(f"/dev/shm/{name}", "r+b", buffering=0) as file:
        value = [0]

        def write():
            value[0] += 1
            for index in (0, 1, 500_000, 999_999):
                os.pwrite(file.fileno(), struct.pack("q", value[0]), data + 8 * index)

        with repeatedly(write), subprocess.Popen([COMMAND, "top", "-J", "-D", "0.1", name], stdout=subprocess.PIPE, text=True) as top:
            found, end = None, time.monotonic() + 60
            while (found is None or found["changes"] is None) and time.monotonic() < end:
                found = block(json.loads(top.stdout.readline()), name)
            top.terminate()
    assert (found["changes"], found["exact"]) == (4, False)


def test_hostile_blocks_neither_stop_nor_slow_top_nor_take_its_memory(name):
    """A block that is truncated, replaced and rewritten all the time; lists with impossible or huge headers."""
    path = f"/dev/shm/{name}"
    with open(path + "-huge", "wb") as file:  # sparse: 2**30 items, and one slot of 2**39 bytes
        count = 1 << 30
        file.truncate(1 << 40)
        file.write(struct.pack("2q", count, 0))
        file.seek(16)
        file.write(struct.pack("q", 1 << 39))
        file.seek(8 + 8 * count)
        file.write(struct.pack("q", 1 << 39))
    for number, words in enumerate(([1 << 62, 0, 8], [-1, 0, 8], [2, 0, 1 << 62, 16], [2, 0, -8, 16], [1, 0, 7], [3, 0, 24, 16, 24])):
        with open(f"{path}-{number}", "wb") as file:
            file.write(struct.pack(f"{len(words)}q", *words) + b"\xff" * 4096)
    os.mkfifo(path + "-fifo")
    os.symlink("/etc/passwd", path + "-link")
    rounds = [0]

    def attack():
        rounds[0] += 1
        with contextlib.suppress(FileNotFoundError):
            if rounds[0] % 7 == 0:
                os.unlink(path)
            with open(path, "wb") as file:
                file.write(struct.pack("4q", rounds[0] % 3, 0, 8, 16) + os.urandom(rounds[0] % 5000))
            os.truncate(path, rounds[0] % 4096)

    with repeatedly(attack):
        top = subprocess.Popen([COMMAND, "top", "-J", "-D", "0.1", "-c", "15", name + "*"], stdout=subprocess.PIPE, text=True)
        printed, most = [], 0
        for line in top.stdout:
            printed.append(line)
            with open(f"/proc/{top.pid}/status") as file:  # ru_maxrss would count the memory of pytest, which forked
                most = max(most, *map(int, re.findall(r"^VmHWM:\s+(\d+) kB", file.read(), re.MULTILINE)), 0)
        _, status, used = os.wait4(top.pid, 0)
        top.returncode = 0
    assert status == 0 and len(printed) == 15
    assert 0 < most < 150_000  # KiB
    assert used.ru_utime + used.ru_stime < 3
    os.unlink(path + "-fifo")
    os.unlink(path + "-link")


def test_usage_errors_name_the_argument():
    assert "'0' is not a valid delay: expected seconds from 0.1 to 86400" in run("top", "-B", "-D", "0", status=2)
    assert "'nan' is not a valid delay" in run("top", "-B", "-D", "nan", status=2)
    assert "--count needs --batch or --json" in run("top", "-c", "1", status=2)
    assert "'0' is not a valid count" in run("top", "-B", "-c", "0", status=2)


def test_every_shell_completes_the_keys_of_the_order_and_no_block_for_a_number(tmp_path, name):
    keys = re.split(", | or ", re.search("expected (.*)", run("top", "--sort", "?", status=2))[1])
    run("create", name, 1)
    for option in ("-x", "--sort"):
        assert sorted(completions("shareable", "top", option, "")) == sorted(keys)
        assert sorted(fish_completes(f"shareable top {option} ".encode(), tmp_path)) == sorted([each.encode()] for each in keys)
    for option in ("-c", "--count", "-D", "--delay"):
        assert completions("shareable", "top", option, name[:-1]) == [""]
        assert fish_completes(f"shareable top {option} {name[:-1]}".encode(), tmp_path) == []
    shell = zsh(tmp_path)
    assert shell.ask(b"shareable top --sort ch\t") == [b"top", b"--sort", b"changes"]
    assert shell.ask(b"shareable top -D " + name[:-1].encode() + b"\t") == [b"top", b"-D", name[:-1].encode()]
    assert shell.ask(b"shareable top -B " + name[:-1].encode() + b"\t") == [b"top", b"-B", name.encode()]
    shell.end()


def test_without_a_usable_terminal_the_error_names_batch():
    assert "must be a terminal; use --batch" in run("top", status=1, stdin=subprocess.DEVNULL)
    for environment, text in (({"TERM": "dumb"}, "'dumb' in TERM cannot show a screen: use --batch"), ({"TERM": ""}, "TERM is not set"), ({"TERM": "no\x1b[31mred"}, r"'no\x1b[31mred' in TERM, is unknown")):
        printed = on_terminal("top", environment=environment)
        assert text in printed and "--batch" in printed and "\x1b" not in printed


def test_another_user_sees_what_its_permissions_allow(name):
    if os.geteuid() != 0:
        pytest.skip("only root can run a program as another user")
    run("create", name + "-private", 1)
    run("create", "-m", "0644", name + "-public", 1, 2)
    os.chmod(f"/dev/shm/{name}-public", 0o644)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(COMMAND, folder)
        printed = subprocess.run([program, "top", "-J", "-c", "1", "-D", "0.1", name + "*"], user=65534, group=65534, extra_groups=[], stdout=subprocess.PIPE, check=True, cwd="/").stdout
    sampled = json.loads(printed)
    assert (block(sampled, name + "-public")["items"], block(sampled, name + "-public")["changes"]) == (2, 0)
    private = block(sampled, name + "-private")
    assert (private["kind"], private["changes"]) == (None, None) and private["used"] > 0


@needs_root
def test_the_memory_that_another_user_cannot_see_is_counted(tmp_path):
    printed = in_machine("""
needs_other "$run_shareable"
head -c 1M /dev/zero >/dev/shm/gone; exec 3</dev/shm/gone; rm /dev/shm/gone
as_other "$run_shareable" top -B -c 1 -D 0.1 3>&-; as_other "$run_shareable" top -J -c 1 -D 0.1 3>&-; shareable top -J -c 1 -D 0.1
""", tmp_path)  # fmt: skip
    line, *_, others, roots = printed.splitlines()
    assert "1.0M of 64M used (2%), 1.0M not visible to UID 65533, 0 blocks" in line
    assert json.loads(others)["not_visible"] == 1 << 20 and json.loads(roots)["not_visible"] == 0


@needs_root
def test_what_another_user_cannot_see_is_marked(tmp_path):
    top = '"$run_shareable" top -B -c 1 -D 0.1'
    printed = in_machine(f"""needs_other "$run_shareable"; shareable create private 1
as_other {top}; {top}; as_other {top} -J; shareable top -J -c 1 -D 0.1""", tmp_path)  # fmt: skip
    counts, headings, row, *rest = printed.splitlines()
    assert counts.endswith(", 1 block, 0 processes visible") and headings.endswith("STATE   USERS REASON")
    assert row.endswith(" unknown ?     only root can see its owner and all its users")
    assert rest[1].endswith(", 1 block, 0 processes") and rest[2].endswith(" USERS")
    assert [json.loads(line)["blocks"][0][key] for line in rest[-2:] for key in ("users", "command")] == [None, None, [], []]


def test_without_a_limit_the_memory_of_the_files_is_used(tmp_path):
    printed = in_machine("head -c 1M /dev/zero >/dev/shm/raw; shareable top -B -c 1 -D 0.1 raw; shareable top -J -c 1 -D 0.1", tmp_path, "size=0")
    line, *_, sampled = printed.splitlines()
    assert "1.0M used, no limit, 1 block," in line
    assert [json.loads(sampled)[key] for key in ("size", "used", "not_visible")] == [0, 1 << 20, None]


# From here on: the live view.

ENTER, ESCAPE, TAB = b"\r", b"\x1b", b"\t"
UP, DOWN, PAGE_DOWN, HOME, END = b"\x1b[A", b"\x1b[B", b"\x1b[6~", b"\x1b[1~", b"\x1b[4~"


class Live:
    """`shareable top`, or another program, on a Linux console, all of whose functions pyte implements."""

    def __init__(self, *arguments, columns=80, rows=24, program=COMMAND, environment={}):
        pyte = pytest.importorskip("pyte")
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        try:
            self.terminal, self.slave = pty.openpty()
        except OSError as error:
            pytest.skip(f"no terminal can be created: {error}")
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        kept = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        self.process = subprocess.Popen(
            [program, *arguments], stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env={**kept, "TERM": "linux", "LC_ALL": "C.UTF-8", **environment},
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self.terminal)

    def resize(self, columns, rows):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def read(self):
        if select.select([self.terminal], [], [], 0.05)[0]:
            part = os.read(self.terminal, 65536)
            self.raw += part
            self.stream.feed(part)

    @property
    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    @property
    def rows(self):
        """The rows of the table: the first word of each."""
        return [line.split()[0] for line in self.lines[4:-1] if line]

    def wait(self, condition):
        """Wait until the screen meets the condition, and return the result of the condition."""
        end = time.monotonic() + 20
        while not (result := condition()):
            assert time.monotonic() < end and self.process.poll() is None, "\n".join(self.lines)
            self.read()
        return result

    def shows(self, text):
        return any(text in line for line in self.lines)

    def type(self, keys, text):
        """Type keys and wait for a text."""
        os.write(self.terminal, keys)
        self.wait(lambda: self.shows(text))

    def end(self, keys=None):
        """Wait until the program ends, and return its status. Check that it has restored the terminal."""
        if keys is not None:
            os.write(self.terminal, keys)
        end = time.monotonic() + 20
        while self.process.poll() is None:
            self.read()
            assert time.monotonic() < end
        while select.select([self.terminal], [], [], 0.1)[0]:
            self.read()
        assert termios.tcgetattr(self.slave) == self.before
        if b"\x1b[?1049h" in self.raw:
            assert self.raw.rindex(b"\x1b[?1049l") > self.raw.rindex(b"\x1b[?1049h")  # xterm's second screen was left
        assert self.raw.rindex(b"\x1b[?25h") > self.raw.rindex(b"\x1b[?25l")  # the cursor is visible
        return self.process.returncode


@pytest.mark.parametrize("columns", [80, 120])
def test_the_screen_shows_blocks_and_processes(name, columns):
    run("create", name + "-list", 1, "two", 2.5)
    run("create", "-s", "3M", name + "-raw")
    with holder(name + "-raw") as pid, Live("top", name + "*", columns=columns) as live:
        live.wait(lambda: live.rows == [name + "-raw", name + "-list"])
        assert re.fullmatch(r"shareable top - \d\d:\d\d:\d\d  2 blocks, \d+ process(es)?, every 1 s", live.lines[0])
        assert re.fullmatch(r"/dev/shm \[#*-*\] \S+ of \S+ used \(\d+%\)  inodes \d+%", live.lines[1])
        wide = ["KIND", "ITEMS", "SIZE"] if columns == 120 else []
        assert live.lines[3].split() == ["NAME", *wide, "USED", "CHANGES", "AGE", "STATE", "USERS"]
        assert re.fullmatch(rf"{name}-raw +(raw +3.0M +)?3.0M +\d+s used +{pid} {COMM[:5]}\S*", live.lines[4])
        live.wait(lambda: re.fullmatch(rf"{name}-list +(list +3 +2.9K +)?4.0K +0 +\d+s \S+", live.lines[5]))
        assert live.lines[-1].startswith("Enter show") and live.lines[-1].endswith("q quit")
        live.type(TAB, "MEMORY")
        live.wait(lambda: live.rows[:1] == [str(pid)])
        live.type(ENTER, f"blocks of process {pid}")
        live.wait(lambda: live.rows == [name + "-raw"])
        live.type(ESCAPE, "COMMAND")
        assert live.end(b"q") == 0


def test_a_narrow_terminal_shows_the_end_of_names_and_the_state(name):
    for end in ("-a", "-b"):
        run("create", name + "n" * 60 + end, 1)
    with Live("top", name + "*", columns=40, rows=24) as live:
        live.wait(lambda: sorted(row[-2:] for row in live.rows) == ["-a", "-b"])
        assert live.lines[3].split() == ["NAME", "USED", "STATE"] and all(len(row) >= 20 and "…" in row for row in live.rows)
        assert all(re.search(r" (new|unowned|unknown)$", line) for line in live.lines[4:6])
        assert live.end(b"q") == 0


def test_a_bar_shows_how_full_dev_shm_is():
    inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    mount = "mount -t tmpfs -o size=20m,mode=1777 none /dev/shm && "
    if subprocess.run([*inside, mount + "true"], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("no mount namespace can be created")
    fill = "head -c 19M /dev/zero >/dev/shm/full && echo text >/dev/shm/.hidden && exec "
    with Live(*inside[1:], f"{mount}{fill}'{COMMAND}' top", program="unshare") as live:
        live.wait(lambda: live.rows == ["full", ".hidden"])
        assert live.lines[0].split("  ")[1] == "1 block, 1 other file, 0 processes, every 1 s"
        assert live.lines[1] == "/dev/shm [###################-] 19M of 20M used (96%)  inodes 1%"
        assert live.screen.buffer[1][0].fg == "red"
        assert live.end(b"q") == 0


def test_keys_sort_reverse_filter_and_help(name):
    run("create", name + "-b", 1)
    run("create", "-s", "1M", name + "-C")
    run("create", "-s", "2M", name + "-a")
    with Live("top", name + "*") as live:
        live.wait(lambda: [row[-1] for row in live.rows] == ["a", "C", "b"])
        os.write(live.terminal, b"n")
        live.wait(lambda: [row[-1] for row in live.rows] == ["C", "a", "b"] and live.lines[2] == "by name")
        os.write(live.terminal, b"R")
        live.wait(lambda: [row[-1] for row in live.rows] == ["b", "a", "C"] and live.lines[2] == "by name, reversed")
        live.type(b"/x-A", "filter: x-A_")
        os.write(live.terminal, b"\x7f\x7f\x7f-A\r")
        live.wait(lambda: [row[-1] for row in live.rows] == ["a"] and "filter: -A" in live.lines[2] and "_" not in live.lines[2])
        os.write(live.terminal, ESCAPE)
        live.wait(lambda: len(live.rows) == 3)
        live.type(b"h", "sort by the memory")
        live.type(b"q", name + "-C")
        for key, order in ((b"m", "used"), (b"s", "size"), (b"c", "changes"), (b"u", "users"), (b"a", "age")):
            live.type(key, f"by {order}")
        assert live.end(b"q") == 0


def test_processes_are_sorted_by_what_the_screen_states(name):
    run("create", name, 1)
    with holder(name) as pid, Live("top", "-P", name) as live:
        live.wait(lambda: live.lines[2] == "by memory" and live.shows(f"{pid} "))
        for key, order in ((b"a", "pid"), (b"s", "pid"), (b"u", "blocks"), (b"c", "blocks"), (b"n", "command"), (b"R", "command, reversed")):
            live.type(key, f"by {order}")
            live.type(b"h", "this help")
            live.type(b"q", "Tab blocks, processes  m n u a sort")
        live.type(TAB, "Tab blocks, processes  m s c n u a sort")
        live.wait(lambda: live.lines[2] == "by name, reversed")
        assert live.end(b"q") == 0


def test_the_filter_of_processes_is_kept_while_the_blocks_of_one_are_shown(name):
    run("create", name, 1)
    with holder(name) as pid, holder(name) as other, Live("top", "-P", name) as live:
        live.wait(lambda: live.shows(f"{pid} ") and live.shows(f"{other} "))
        for back in (b"\x1b[D", b"p"):
            live.type(b"/\x15" + str(pid).encode() + b"\r", f"filter: {pid}")
            live.wait(lambda: not live.shows(f"{other} "))
            live.type(ENTER, f"blocks of process {pid}")
            live.wait(lambda: live.rows == [name] and "filter" not in live.lines[2])
            live.type(b"/t\r", "filter: t")
            live.type(back, f"filter: {pid}")
            live.wait(lambda: live.shows(f"{pid} ") and not live.shows(f"{other} ") and "process " not in live.lines[2])
        assert live.end(b"q") == 0


def test_a_selected_block_stays_selected_and_shows_its_items(name):
    for number in range(30):
        run("create", f"{name}-{number:02}", number, "text " + HOSTILE, 1.5, None)
    with Live("top", "-x", "name", name + "*") as live:
        selected = lambda: [row for number, row in enumerate(live.rows) if live.screen.buffer[4 + number][0].reverse]
        live.wait(lambda: len(live.rows) == 19 and selected() == [name + "-00"])
        os.write(live.terminal, DOWN * 3 + UP)
        live.wait(lambda: selected() == [name + "-02"])
        run("rm", name + "-00", name + "-01")
        live.wait(lambda: live.rows[:1] == [name + "-02"] and selected() == [name + "-02"])
        os.write(live.terminal, END)
        live.wait(lambda: live.rows[-1] == name + "-29" and selected() == [name + "-29"])
        live.type(ENTER, r"1  str    text \x1b[31mred\xe2\x80\xae\xc2\x9b31m\x0a")
        assert live.shows("0  int    29") and live.shows("2  float  1.5") and live.shows(f"NAME     {name}-29")
        run("set", name + "-29", 0, 1234)
        live.wait(lambda: live.shows("0  int    1234"))
        run("rm", name + "-29")
        live.wait(lambda: live.shows("This block no longer exists."))
        live.type(ESCAPE, name + "-28")
        os.write(live.terminal, HOME + PAGE_DOWN)
        live.wait(lambda: selected() == [name + "-20"])
        assert live.end(b"q") == 0


def test_the_items_of_a_long_list_are_scrolled_and_read_safely(name):
    write_ints(name, 100_000)
    with Live("top", name) as live:
        live.wait(lambda: live.rows == [name])
        live.type(ENTER, "0  int    0")
        live.type(END, "99999  int    99999")
        os.truncate(f"/dev/shm/{name}", 1_000_000)  # no longer a list
        live.type(b" ", "STATE")
        live.wait(lambda: not live.shows("99999"))
        assert live.end(b"qq") == 0


def test_hostile_names_reach_the_terminal_escaped(name):
    hostile = f"{name}-{HOSTILE}"
    run("create", hostile, 1)
    run("create", name + "-" + "größe漢字" * 10, 1)
    with Live("top", name + "*", columns=200) as live:
        live.wait(lambda: live.shows(r"-\x1b[31mred\xe2") and live.shows("größe"))
        live.type(b"/\x9b\xe2\x80\xae", r"filter: \x9b\xe2\x80\xae")
        os.write(live.terminal, b"\x15\x1b")
        live.type(ENTER, "NAME")
        assert live.end(b"qq") == 0
    for raw in (HOSTILE.encode(), b"\x1b[31mred", "\u202e".encode(), "\x9b".encode()):
        assert raw not in live.raw
    with Live("top", name + "*", columns=200, environment={"LC_ALL": "C"}) as live:
        live.wait(lambda: live.shows(r"gr\xc3\xb6"))
        assert live.raw.isascii()


def test_the_screen_follows_the_size_of_the_terminal(name):
    run("create", name, 1)
    with Live("top", name) as live:
        live.wait(lambda: live.rows == [name])
        for columns, rows in ((120, 40), (40, 10), (10, 3), (1, 1), (80, 24)):
            live.resize(columns, rows)  # the kernel sends SIGWINCH
            live.wait(lambda: live.lines[0][:9] == "shareable"[:columns] or columns < 10)
            if columns >= 40:
                live.wait(lambda: "".join(live.rows[:1])[:9] == name[:9] and len(live.lines) == rows and (live.lines[-1].startswith("Enter show")))
        assert live.end(b"q") == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_top_and_the_terminal_is_restored(name, number):
    with Live("top", environment={"TERM": "xterm-256color"}) as live:
        live.wait(lambda: live.shows("NAME"))
        live.process.send_signal(number)
        assert live.end() == -number and b"\x1b[?1049l" in live.raw


def test_top_is_stopped_and_continued_by_a_shell(name):
    """Control-Z gives the shell a terminal in its own mode; fg draws the screen again."""
    run("create", name, 1)
    with Live("--norc", "--noprofile", "-i", program="bash", environment={"PS1": "> "}) as live:
        live.wait(lambda: live.shows(">"))
        live.type(f"'{COMMAND}' top {name}\n".encode(), "CHANGES")
        live.type(b"\x1a", "Stopped")
        live.type(b"stty -a | tr ' ;' '\\n\\n' | grep -cx -e icanon -e echo\n", "2")
        run("create", name + "x", 1)
        os.write(live.terminal, b"fg\n")
        live.wait(lambda: live.rows == [name] and live.lines[3].startswith("NAME"))
        os.write(live.terminal, b"q")
        live.type(b"echo status $((40 + $?))\n", "status 40")
        live.process.kill()


def test_top_ends_when_its_terminal_is_closed(name):
    with Live("top") as live:
        live.wait(lambda: live.shows("NAME"))
        os.close(live.slave)
        os.close(live.terminal)
        live.process.wait(timeout=20)
        live.terminal, live.slave = pty.openpty()
