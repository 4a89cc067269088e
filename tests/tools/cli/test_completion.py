"""Test the shell completions with block names that contain any bytes.

bash and zsh run on a terminal. The test types a word and a tab, and a function in place of the command prints its arguments.
"""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import pytest
from command import COMMAND, run

FOLDER = os.path.join(os.environ["top_srcdir"], "tools/cli/completion")
COMMANDS = re.findall(r"^  ([a-z]+)  ", run("--help"), re.M)

# The rest of a name after the typed part. A shell that evaluates it creates a file called "ran".
ENDS = [
    b"plain", b"two words", b" blank in front", b"blank behind ", b"$(touch ran)", b"`touch ran`", b"${x:=$(touch ran)}", b"$HOME",
    b";touch ran;", b"|touch ran", b"&touch ran&", b">ran", b"a[$(touch ran)]", b"\"$(touch ran)\"", b"'$(touch ran)'", b"it's", b"two\nlines",
    b"newline behind\n", b"\ntouch ran", b"esc\x1b[31mred", b"del\x7f", b"c1 \xc2\x9b31m", b"reversed \xe2\x80\xae", b"not UTF-8 \xff\x9b", b"*",
    b"?[a-z]*", b"{a,b}", b"back\\slash", b"behind\\", b"soft hyphen \xc2\xad", b"mark \xd8\x9c", b"zero width \xe2\x80\x8b",
    b"isolate \xe2\x81\xa6x\xe2\x81\xa9", b"separator \xe2\x80\xa8", b"order \xef\xbb\xbf", b"tag \xf3\xa0\x81\x81", b"a:b", b":a", b"a=b", b"a@b", b"~", b"!bang", b"!!", b"#hash", b"(a)", b"<a", b"gr\xc3\xb6\xc3\x9fe", b"%d^a",
]  # fmt: skip

# No shell may print these to a terminal. fish does not offer names that contain them.
HIDDEN = [b"\xc2\x9b", b"\xc2\xad", b"\xd8\x9c", b"\xe2\x80\x8b", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xe2\x81\xa6", b"\xe2\x81\xa9", b"\xef\xbb\xbf", b"\xf3\xa0\x81\x81"]


def is_hidden(end):
    return any(each in end for each in HIDDEN)


@pytest.fixture
def folder(name, tmp_path):
    """Return the prefix of the blocks' names. At the end, check that no part of a name was evaluated."""
    yield name[:-1].encode()
    assert not os.path.exists(tmp_path / "ran")


def make(*names):
    for name in names:
        with open(b"/dev/shm/" + name, "xb"):
            pass


def environment():
    kept = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}  # a sanitizer's library must not be loaded into the shell
    path = os.path.dirname(COMMAND) + ":" + os.environ["PATH"]
    return {**kept, "PATH": path, "TERM": "xterm", "LC_ALL": "C.UTF-8", "INPUTRC": "/dev/null", "HISTFILE": "/dev/null"}


class Shell:
    """A shell on a terminal, in which a function called `shareable` writes its arguments to a file."""

    def __init__(self, program, setup, cwd):
        if shutil.which(program[0]) is None:
            pytest.skip(f"{program[0]} is not installed")
        self.answer = cwd / "answer"
        try:
            self.pid, self.terminal = pty.fork()
        except OSError as error:
            pytest.skip(f"no terminal can be created: {error}")
        if self.pid == 0:
            os.chdir(cwd)
            os.execvpe(program[0], program, environment())
        (cwd / "setup").write_text(setup + "shareable() { printf '%s\\0' \"$@\" >answer.new; command mv answer.new answer; }\n")
        self.shown = b""
        self.ask(b". ./setup; shareable ready", [b"ready"])

    def read(self):
        ready, _, _ = select.select([self.terminal], [], [], 0.05)
        self.shown += os.read(self.terminal, 65536) if ready else b""

    def type_until_shown(self, keys, text):
        """Type keys and wait for the text. zsh shows no list while it has more input to read."""
        os.write(self.terminal, keys)
        end = time.monotonic() + 20
        while text not in self.shown:
            self.read()
            assert time.monotonic() < end, (keys, self.shown)

    def ask(self, line, expected=None):
        """Type a line and return the arguments that the command receives."""
        os.write(self.terminal, line + b"\n")
        end = time.monotonic() + 20
        while not self.answer.exists():
            self.read()
            assert time.monotonic() < end, (line, self.shown)
        got = self.answer.read_bytes().split(b"\0")[:-1]
        self.answer.unlink()
        assert expected is None or got == expected, self.shown
        return got

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def bash(cwd):
    whole_lists = "bind 'set page-completions off'; bind 'set completion-query-items 0'; "
    return Shell(["bash", "--norc", "--noprofile", "-i"], f"{whole_lists}. '{FOLDER}/shareable'\n", cwd)


def zsh(cwd):
    return Shell(["zsh", "-f", "-i"], f"fpath=('{FOLDER}' $fpath); autoload -U compinit; compinit -u -D\n", cwd)


@pytest.fixture(params=[bash, zsh])
def shell(request, tmp_path):
    started = request.param(tmp_path)
    yield started
    started.end()


def test_a_name_is_completed_to_one_word(shell, folder):
    shell.shown = b""
    for number, end in enumerate(ENDS):
        make(folder + b"%d-" % number + end)
        assert shell.ask(b"shareable info " + folder + b"%d-\t" % number) == [b"info", folder + b"%d-" % number + end]
    for hidden in (*HIDDEN, b"\x1b[31mred"):
        assert hidden not in shell.shown


def test_a_list_of_names_shows_no_control_or_format_character(shell, folder):
    for end in ENDS:
        make(folder + b"l" + end, folder + b"l-" + end)
    shell.shown = b""
    shell.type_until_shown(b"shareable info " + folder + b"l\t\t", b"plain")
    shell.ask(b"\x15shareable done", [b"done"])
    for hidden in (*HIDDEN, b"\x1b[31mred"):
        assert hidden not in shell.shown, hidden


@pytest.mark.parametrize("quote", [b"'", b'"'])
def test_zsh_never_inserts_a_wrong_name_after_an_open_quote(tmp_path, folder, quote):
    shell = zsh(tmp_path)
    for number, end in enumerate((b"\xff", b"a\xc3", b"\x9b31m", b"esc\x1b[31mred", *HIDDEN)):
        made = folder + b"%d-" % number + end
        make(made)
        typed = b"shareable info " + quote + folder + b"%d-\t" % number + quote
        assert shell.ask(typed) == [b"info", folder + b"%d-" % number]
        os.unlink(b"/dev/shm/" + made)
    make(folder + b"x gr\xc3\xb6\xc3\x9fe")
    assert shell.ask(b"shareable info " + quote + folder + b"x\t") == [b"info", folder + b"x gr\xc3\xb6\xc3\x9fe"]
    assert not is_hidden(shell.shown)
    shell.end()


@pytest.mark.parametrize("quote", [b"'", b'"', b"$'"])
def test_bash_completes_after_an_open_quote(tmp_path, folder, quote):
    shell = bash(tmp_path)
    for number, end in enumerate(ENDS):
        make(folder + b"%d-" % number + end)
        assert shell.ask(b"shareable info " + quote + folder + b"%d-\t" % number) == [b"info", folder + b"%d-" % number + end]
    shell.end()


def test_bash_completes_after_a_word_break_and_after_its_own_insertion(tmp_path, folder):
    shell = bash(tmp_path)
    make(folder + b"a:b c=d", folder + b"x y\n1", folder + b"x y\x1b2")
    for typed in (b"a:\t", b"a\\:\t", b"a:b\\ \t", b"a:b\\ c=\t", b"'a:b '\t"):
        assert shell.ask(b"shareable info " + folder + typed) == [b"info", folder + b"a:b c=d"], typed
    assert shell.ask(b"shareable info " + folder + b"x\t1b2'\t") == [b"info", folder + b"x y\x1b2"]
    shell.end()


@pytest.mark.parametrize("quote", [b"", b"'", b'"', b"$'"], ids=["none", "single", "double", "escaped"])
def test_bash_completes_an_incomplete_escape(tmp_path, folder, quote):
    shell = bash(tmp_path)
    make(folder + b"x\x1ba", folder + b"x\x1cb", folder + b"xplain", folder + b"y\xe2\x80\x8b1", folder + b"y\xe2\x80\x8c2", folder + b"zx033x")
    for typed, name in ((b"x\t\t\\x1\t\tb\t", b"x\x1ba"), (b"y\t\t\tb\t", b"y\xe2\x80\x8b1"), (b"y\t\tc\t", b"y\xe2\x80\x8c2")):
        if typed.startswith(b"x"):
            typed = typed if quote == b"$'" else (b"x" + quote + b"$'\\x1\t\tb\t")
        assert shell.ask(b"shareable info " + quote + folder + typed) == [b"info", folder + name]
    assert shell.ask(b"shareable info " + folder + b"x$'\\x1c\t") == [b"info", folder + b"x\x1cb"]
    os.unlink(b"/dev/shm/" + folder + b"x\x1cb")
    assert shell.ask(b"shareable info " + folder + b"x$'\\x1\t") == [b"info", folder + b"x\x1ba"]
    assert shell.ask(b"shareable info " + folder + b"zx$'\\033\t'") == [b"info", folder + b"zx\x1b"]  # not "zx033x"
    shell.end()


def test_a_name_that_begins_with_a_dash_is_not_an_option(shell, folder):
    dashed = b"-" + folder + b" x"
    make(dashed)
    try:
        assert shell.ask(b"shareable info -" + folder + b"\t") == [b"info", b"/" + dashed]
        assert shell.ask(b"shareable info /-" + folder + b"\t") == [b"info", b"/" + dashed]
        assert shell.ask(b"shareable rm -- -" + folder + b"\t") == [b"rm", b"--", dashed]
    finally:
        os.unlink(b"/dev/shm/" + dashed)


def test_commands_and_options_are_completed(shell):
    assert shell.ask(b"shareable doc\t") == [b"doctor"]
    assert shell.ask(b"shareable dump --js\t") == [b"dump", b"--json"]
    assert shell.ask(b"shareable ls --noh\t") == [b"ls", b"--noheadings"]


def test_subcommands_options_and_names_of_dicts_are_completed(shell, folder):
    make(folder + b" x")
    assert shell.ask(b"shareable dict reind\t") == [b"dict", b"reindex"]
    assert shell.ask(b"shareable dict set --if-ab\t") == [b"dict", b"set", b"--if-absent"]
    assert shell.ask(b"shareable dict get --key-type by\t") == [b"dict", b"get", b"--key-type", b"bytes"]
    assert shell.ask(b"shareable dict get " + folder + b"\t") == [b"dict", b"get", folder + b" x"]


def test_fish_completes_subcommands_options_and_names_of_dicts(tmp_path, folder):
    make(folder + b" x")
    assert fish_completes(b"shareable dict reind", tmp_path) == [[b"reindex"]]
    assert fish_completes(b"shareable dict set --if-ab", tmp_path) == [[b"--if-absent"]]
    assert fish_completes(b"shareable dict get --key-type ", tmp_path) == [[b"bytes"], [b"str"]]
    assert fish_completes(b"shareable dict get " + folder, tmp_path) == [[folder + b" x"]]
    assert fish_completes(b"shareable dict " + folder, tmp_path) == []


@pytest.fixture
def running_manager():
    """Run a manager, whose pid the shells complete."""
    key, end = os.pipe()
    os.write(end, b"key")
    os.close(end)
    process = subprocess.Popen([COMMAND, "manager", "--authkey-fd", str(key)], pass_fds=[key], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.close(key)
    process.stdout.readline()
    yield process
    process.terminate()
    process.stdout.close()
    process.wait(20)


def test_subcommands_options_and_pids_of_managers_are_completed(shell, running_manager):
    pid = str(running_manager.pid).encode()
    assert shell.ask(b"shareable manager sto\t") == [b"manager", b"stop"]
    assert shell.ask(b"shareable manager stop --al\t") == [b"manager", b"stop", b"--all"]
    assert shell.ask(b"shareable manager run --no-m\t") == [b"manager", b"run", b"--no-md5"]
    shell.shown = b""
    shell.type_until_shown(b"shareable manager status \t\t\t", pid)  # the first Tab may complete digits that all pids begin with


def test_fish_completes_subcommands_options_and_pids_of_managers(tmp_path, running_manager):
    pid = str(running_manager.pid).encode()
    assert fish_completes(b"shareable manager sto", tmp_path) == [[b"stop"]]
    assert fish_completes(b"shareable manager stop --al", tmp_path) == [[b"--all"]]
    assert fish_completes(b"shareable manager run --no-m", tmp_path) == [[b"--no-md5"]]
    assert [pid] in fish_completes(b"shareable manager stop ", tmp_path)
    assert fish_completes(b"shareable manager list ", tmp_path) == []


def test_bash_lists_the_pids_of_managers(running_manager):
    assert str(running_manager.pid) in completions("shareable", "manager", "stop", "")
    assert {"run", "list", "status", "stop"} <= set(completions("shareable", "manager", ""))
    assert completions("shareable", "manager", "list", "") == completions("shareable", "manager", "$(x)", "--") == [""]


def test_a_name_with_a_leading_slash_is_completed(shell, folder):
    make(folder + b" x")
    assert shell.ask(b"shareable info /" + folder + b"\t") == [b"info", b"/" + folder + b" x"]


def make_files(cwd):
    (cwd / "some-list.json").touch()
    (cwd / "some-program").touch(mode=0o755)


def test_the_command_after_lock_and_the_file_of_create_are_completed(shell, folder, tmp_path):
    make(b"some-" + folder)
    try:
        make_files(tmp_path)
        assert shell.ask(b"shareable create --from-json some-l\t") == [b"create", b"--from-json", b"some-list.json"]
        assert shell.ask(b"shareable create -j some-l\t") == [b"create", b"-j", b"some-list.json"]
        assert shell.ask(b"shareable lock x -- ./some-p\t") == [b"lock", b"x", b"--", b"./some-program"]
        assert shell.ask(b"shareable lock x -- ls ./some-l\t") == [b"lock", b"x", b"--", b"ls", b"./some-list.json"]
        assert shell.ask(b"shareable lock some-" + folder + b"\t") == [b"lock", b"some-" + folder]
    finally:
        os.unlink(b"/dev/shm/some-" + folder)


def completions(*words):
    """Return the result of bash's completion function, without a terminal."""
    code = f". '{FOLDER}/shareable'; COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)); _shareable; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    ended = subprocess.run(["bash", "-uc", code, "bash", *words], capture_output=True, text=True, check=True, env=environment())
    return ended.stdout.splitlines()


def test_bash_lists_commands_options_and_names(name):
    make(name.encode(), name.encode() + b"'2")
    assert sorted(completions("shareable", "w")) == ["wait", "watch", "write"]
    assert set(completions("shareable", "")) >= {*COMMANDS, "--help", "--version"}
    assert completions("shareable", "dump", "--j") == ["--json"]
    assert sorted(completions("shareable", "dump", name[:-1])) == [name, name + "\\'2"]
    assert completions("shareable", "gc", name[:-1]) == completions("shareable", "$(x)", name) == [""]


def fish(code, cwd, *arguments):
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    home = {**environment(), "HOME": str(cwd), "XDG_CONFIG_HOME": str(cwd), "XDG_DATA_HOME": str(cwd)}
    command = ["fish", "--no-config", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, check=True, env=home, cwd=cwd, timeout=30).stdout


def fish_completes(line, cwd):
    """Return the arguments that the command receives for each of fish's completions of the line."""
    words = fish(f"source '{FOLDER}/shareable.fish'; complete -C --escape $argv[1]", cwd, line).splitlines()
    return [fish(b"printf '%s\\0' " + word.split(b"\t")[0], cwd).split(b"\0")[:-1] for word in words]


@pytest.mark.parametrize("end", ENDS)
def test_fish_completes_a_name_to_one_word(folder, tmp_path, end):
    make(folder + b"1" + end, folder + b"2")
    expected = [] if is_hidden(end) else [[folder + b"1" + end]]
    assert fish_completes(b"shareable info " + folder + b"1", tmp_path) == expected


def test_fish_offers_no_name_that_it_would_print_unescaped(folder, tmp_path):
    make(*(folder + b"%d-" % number + end for number, end in enumerate(ENDS)))
    raw = re.compile(rb"[\x00-\x1f\x7f]")
    for quote in (b"", b'"', b"'"):
        offered = fish(f"source '{FOLDER}/shareable.fish'; complete -C $argv[1] | string collect", tmp_path, b"shareable info " + quote + folder)
        assert folder + b"0-plain\n" in offered and not is_hidden(offered)
        assert quote == b"" or raw.search(offered.replace(b"\n", b"")) is None
        assert quote == b"" or b"newline" not in offered and b"not UTF-8" not in offered


def test_fish_completes_a_name_that_begins_with_a_dash(folder, tmp_path):
    dashed = b"-" + folder + b" x"
    make(dashed)
    try:
        for line, word in ((b"info -", b"/" + dashed), (b"info /-", b"/" + dashed), (b"rm -- -", dashed)):
            assert fish_completes(b"shareable " + line + folder, tmp_path) == [[word]]
    finally:
        os.unlink(b"/dev/shm/" + dashed)


def test_fish_completes_commands_and_options_and_no_name_with_a_tab(folder, tmp_path):
    make(folder + b"1\tx", folder + b"2 x")
    assert fish_completes(b"shareable doc", tmp_path) == [[b"doctor"]]
    assert fish_completes(b"shareable dump --js", tmp_path) == [[b"--json"]]
    assert fish_completes(b"shareable info " + folder, tmp_path) == [[folder + b"2 x"]]


def test_fish_completes_the_command_after_lock_and_the_file_of_create(folder, tmp_path):
    make_files(tmp_path)
    make(folder)
    assert fish_completes(b"shareable create --from-json some-l", tmp_path) == [[b"some-list.json"]]
    assert fish_completes(b"shareable create -j some-l", tmp_path) == [[b"some-list.json"]]
    assert fish_completes(b"shareable lock x -- ./some-p", tmp_path) == [[b"./some-program"]]
    assert fish_completes(b"shareable lock x -- ls some-l", tmp_path) == [[b"some-list.json"]]
    assert fish_completes(b"shareable lock " + folder, tmp_path) == [[folder]]
