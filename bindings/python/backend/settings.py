"""The settings of a build: those of pip, and the environment variables."""

import os
import shlex
import sys


def fail(text):
    """End with an error that pip prints without a traceback."""
    sys.stdout.flush()
    sys.exit("shareable: " + text)


def setting(settings, name):
    """Return whether a setting is on: one of pip's, or the environment variable."""
    variable = "SHAREABLE_" + name.upper().replace("-", "_")
    value = (settings or {}).get(name, os.environ.get(variable, ""))
    return str(value).lower() not in ("", "0", "no", "false", "off")


def words_of(variable, default=""):
    """Return the words of an environment variable, as a shell splits them."""
    text = os.environ.get(variable, default)
    try:
        return shlex.split(text)
    except ValueError as error:
        fail("%s is not a list of words: %s: %s" % (variable, error, text))
