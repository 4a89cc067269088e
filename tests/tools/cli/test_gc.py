"""Test what `shareable gc` prints and removes, in a private /dev/shm with known blocks."""

import json
import re

import pytest
from command import run
from machine import in_machine, needs_python, needs_root

pytestmark = needs_python


def test_a_summary_gives_the_garbage_and_counts_the_kept_blocks_by_reason(tmp_path):
    output = in_machine("leave dead 3 1000000; own alive 30 4096; shareable create --size 1M lost; shareable gc", tmp_path)
    garbage, kept = output.split("\n\n")
    assert re.findall(r"^(\w+) +980K +\d+s +\w+ +garbage$", garbage, re.M) == ["dead0", "dead1", "dead2"]
    assert kept.splitlines() == [
        "KEPT USED REASON",
        "   1 1.0M no ownership log records it: it exists until a process unlinks it",
        "  30 120K its owner is alive",
        "would remove 3 blocks, 2.9M; keeps 31 blocks, 1.1M",
        "'shareable gc --remove' removes the garbage, and '--verbose' lists all blocks",
        "'shareable rm' removes kept blocks that 'shareable ls --state unowned' lists",
    ]


@pytest.mark.parametrize("columns", [80, 120])
def test_a_summary_of_many_blocks_fits_a_terminal(tmp_path, columns):
    """The reasons differ in the pids only, or not at all."""
    output = in_machine(f"""
        leave dead-with-a-long-name-{"x" * 200} 150 4096; own alive 60 4096; shareable create lost 1
        leave open 20 4096; i=0; while [ $i -lt 20 ]; do sleep 100 </dev/shm/open$i >/dev/null 2>&1 & i=$((i + 1)); done
        ln /dev/shm/dead-with-a-long-name-{"x" * 200}0 /dev/shm/dead-other-name; leave last 1 4096; on_terminal {columns} gc""", tmp_path)
    lines = re.sub("\033\\[[0-9;]*m", "", output).splitlines()
    assert len(lines) <= 23 and all(len(line) <= columns for line in lines), lines
    text = " ".join(" ".join(lines).split())
    assert re.search(r"20 80K its owner has ended, but a process has it open", text)
    assert re.search(r"60 240K its owner is alive", text)
    assert re.search(r"\d+ more", text) and "would remove 150 blocks, 600K; keeps 83 blocks, 328K" in text
    assert any(line.startswith("dead-with-a-long-name-x") and line.endswith("garbage") for line in lines)


def test_a_pipe_gets_all_garbage(tmp_path):
    output = in_machine("leave dead 100 4096; shareable gc | cat", tmp_path)
    assert output.count("garbage\n") == 100 and " more" not in output


def test_verbose_lists_each_block_with_its_reason(tmp_path):
    output = in_machine("leave dead 2 4096; own alive 2 4096; shareable gc --verbose; shareable gc -r; shareable gc -n -o NAME", tmp_path)
    reasons = ["alive0 +kept +4.0K its owner is alive", "alive1 .*", "dead0 +garbage 4.0K its owner has ended, and no process uses it", "dead1 .*"]
    total = r"would remove 2 blocks, 8.0K; keeps 2 blocks, 8.0K\n'shareable gc --remove' removes the garbage\n"
    listed = r" *\n".join(reasons) + r" *\n"
    raw = "NAME RESULT USED REASON\nalive0 kept 4.0K its\\x20owner\\x20is\\x20alive\n"
    assert re.match(f"NAME +RESULT +USED REASON *\n{listed}{total}", output) and raw in output
    assert output.endswith("alive0\nalive1\ndead0\ndead1\n")


def test_blocks_of_a_killed_stock_python_are_removed_as_the_last_line_states(tmp_path):
    """Its resource tracker is killed too, as at the end of a container."""
    stock = """from multiprocessing import resource_tracker, shared_memory; import os, signal
kept = [shared_memory.SharedMemory(name=f"lost{i}", create=True, size=5000) for i in range(3)]
os.kill(resource_tracker._resource_tracker._pid, signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)"""
    output = in_machine(f"""
        /usr/bin/python3 -c '{stock}' || :; own alive 1 4096; shareable create used 1; sleep 100 </dev/shm/used >/dev/null 2>&1 &
        shareable gc --remove; shareable gc -q; shareable gc -n; shareable ls -n -o NAME --state unowned
        shareable rm $(shareable ls -n -o NAME --state unowned); shareable ls -n -o NAME""", tmp_path)
    hint = "'shareable rm' removes kept blocks that 'shareable ls --state unowned' lists"
    lines = output.splitlines()
    assert lines[3:5] == ["nothing to remove; kept 5 blocks, 8.0K", hint] and output.count(hint) == 1
    assert [line for line in lines[5:] if " " not in line] == ["lost0", "lost1", "lost2", ".shareable-0", "alive0", "used"]


def test_a_block_with_a_dot_at_the_start_is_listed_only_if_it_has_an_owner(tmp_path):
    output = in_machine("shareable create .lost 1; own .owned 1 4096; shareable gc -n -o NAME; shareable ls -z | tr '\\0' '\\n'; shareable rm .lost; ls -A /dev/shm", tmp_path)
    assert output.splitlines() == [".owned0", ".owned0", ".owned0", ".shareable-0"]


@pytest.mark.parametrize("columns", [40, 80])
def test_a_long_reason_leaves_space_for_the_names(tmp_path, columns):
    output = in_machine(f"""shareable create --size 1M an-orphan-with-a-long-name-17; shareable create --size 1M "$(printf 'red\\033[31m-and-a-long-name-18')"
        on_terminal {columns} gc --verbose""", tmp_path)
    rows = re.findall(r"^(\S+) +kept", output, re.M)
    assert [each[-3:] for each in rows] == ["-17", "-18"] and all(len(each) >= (16 if columns == 40 else 20) for each in rows), output
    assert all(len(line) <= columns for line in output.splitlines())
    reason = " ".join(line[line.index("REASON") if "REASON" in line else output.split("\n")[0].index("REASON") :].strip() for line in output[: output.index("nothing to")].split("\n")[1:])
    assert reason.count("no ownership log records it: it exists until a process unlinks it") == 2


def test_json_has_sizes_and_a_total(tmp_path):
    commands = "leave dead 2 5000; own alive 1 4096; ln /dev/shm/alive0 /dev/shm/other; sleep 1"
    lines = in_machine(f"{commands}; shareable gc -J; echo; shareable gc -J --quiet --remove", tmp_path).split("}\n\n")
    found, removed = json.loads(lines[0] + "}"), json.loads(lines[1])
    dead = found["blocks"][1]
    assert {key: dead[key] for key in ("name", "result", "size", "used")} == {"name": "dead0", "result": "garbage", "size": 5000, "used": 8192}
    assert 1 <= dead["age"] < 60 and dead["user"] == "root" and dead["reason"] == "its owner has ended, and no process uses it"
    assert found["total"] == {"garbage": {"blocks": 2, "used": 16384}, "removed": {"blocks": 0, "used": 0}, "kept": {"blocks": 2, "used": 4096}}
    assert [each["name"] for each in removed["blocks"]] == ["dead0", "dead1"]
    assert removed["total"]["removed"] == {"blocks": 2, "used": 16384} and removed["total"]["kept"]["blocks"] == 2


def test_remove_removes_only_what_was_shown(tmp_path):
    output = in_machine("leave dead 2 4096; own alive 1 4096; shareable create lost 1; shareable gc --remove; ls /dev/shm", tmp_path)
    assert "removed 2 blocks, 8.0K; kept 2 blocks, 8.0K\n" in output and output.endswith("\nalive0\nlost\n")
    assert re.findall(r"^(\w+) .* removed$", output, re.M) == ["dead0", "dead1"]


def test_quiet_prints_nothing_without_garbage(tmp_path):
    commands = "own alive 1 4096; shareable create lost 1; shareable gc -q; shareable gc -q --remove; leave dead 1 4096; shareable gc -q --remove"
    output = in_machine(commands, tmp_path)
    assert re.fullmatch(r"NAME +USED AGE USER RESULT\ndead0 +4.0K +\d+s root removed\nremoved 1 block, 4.0K; kept 2 blocks, 8.0K\n", output)


def test_older_than_keeps_young_garbage_and_makes_nothing_garbage(tmp_path):
    output = in_machine("""
        leave old 1 4096; sleep 3; leave young 1 4096; shareable create lost 1; touch -d '10 days ago' /dev/shm/lost
        shareable gc --older-than 1h --verbose; shareable gc --older-than 2s --remove >/dev/null; ls /dev/shm
        shareable gc --older-than 0 --remove >/dev/null; ls /dev/shm""", tmp_path)
    assert re.search(r"^old0 +kept +4.0K it is garbage, but younger than the given age *\nyoung0 +kept", output, re.M)
    assert output.endswith("\nlost\nyoung0\nlost\n")


@pytest.mark.parametrize("age", ["", "h", "-1h", "1w", "1h30m", "2H", "9223372036854775807d", "99999999999999999999", "1.5h", "0x10"])
def test_a_wrong_age_is_a_usage_error(age):
    assert f"'{age}' is not a valid age: expected a number and s, m, h or d" in run("gc", f"--older-than={age}", status=2)


def test_options_are_checked_before_anything_is_removed(tmp_path):
    output = in_machine("""
        leave dead 1 4096; ! shareable gc --remove -o NAME,WRONG 2>&1; ! shareable gc --remove dead0 2>&1
        ! shareable gc --remove -q -v 2>&1; ls /dev/shm""", tmp_path)
    assert output.endswith("\ndead0\n") and "'shareable rm' removes blocks by name" in output and "exclude each other" in output


@needs_root
def test_another_user_removes_only_its_own_garbage(tmp_path):
    output = in_machine("""
        needs_other "$run_shareable"; leave roots 1 4096; as_other "$run_shareable" create others 1
        as_other "$run_shareable" gc --remove; as_other "$run_shareable" gc --remove -r; ls /dev/shm""", tmp_path)
    assert re.search(r"^ +1 4.0K it belongs to another user, whose ownership logs cannot be read", output, re.M)
    assert output.startswith("KEPT USED REASON\n") and "nothing to remove; kept 2 blocks, 8.0K\n" in output
    assert output.endswith("\nothers\nroots0\n")


@needs_root
def test_a_failed_removal_is_an_error(tmp_path):
    output = in_machine("""
        leave dead 1 4096; mount -o remount,ro /dev/shm
        if shareable gc --remove --quiet 2>&1; then echo success; fi""", tmp_path)
    assert output == "shareable gc: 'dead0': its owner has ended, but it cannot be removed: Read-only file system\n"
