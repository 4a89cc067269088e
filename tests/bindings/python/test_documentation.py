"""Tests that the transcripts of CPython's documentation hold for this package.

documentation.txt runs in this process, documentation_numpy.txt in two interpreters.
"""

import doctest
import json
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
NAME = "psm_21467_46075"  # the name in the documentation

# A program that reads sources as lines of JSON, executes each, and prints its output as JSON.
SHELL = """if True:
    import contextlib, io, json, sys
    names = {}
    for line in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(json.loads(line), "<shell>", "single"), names)
        print(json.dumps(output.getvalue()), flush=True)
"""


class Shell:
    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SHELL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, source):
        self.process.stdin.write(json.dumps(source) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self.process.communicate()[1]
        return json.loads(answer)

    def end(self):
        assert self.process.communicate(timeout=60) == ("", "") and self.process.returncode == 0


def test_transcripts_of_the_documentation():
    failed, tried = doctest.testfile(str(HERE / "documentation.txt"), module_relative=False)[:2]
    assert failed == 0 and tried > 50


def test_transcript_of_the_documentation_in_two_interpreters():
    pytest.importorskip("numpy")
    shells, name, tried = {"first": Shell(), "second": Shell()}, NAME, 0
    sections = re.split(r"^In the (first|second).*:$", (HERE / "documentation_numpy.txt").read_text(), flags=re.MULTILINE)
    for shell, text in zip(sections[1::2], sections[2::2]):
        for example in doctest.DocTestParser().get_examples(text):
            printed = shells[shell].run(example.source.replace(NAME, name))
            if example.want == f"'{NAME}'\n":
                name = printed.strip().strip("'")
                assert re.fullmatch("psm_[0-9a-f]{8}", name)
                printed = example.want
            assert printed == example.want, example.source
            tried += 1
    for shell in shells.values():
        shell.end()
    assert tried == 23 and name != NAME
