"""What processes have left that were killed together with what cleans up after them."""

from __future__ import annotations

from typing import NamedTuple

from . import _raw


class Finding(NamedTuple):
    """What garbage() found out about a block."""

    name: str
    garbage: bool
    """Whether a process that has ended owned it, and nobody uses it."""
    removed: bool
    """Whether it is gone, therefore."""
    reason: str
    """Why it is what it is, in words."""


def garbage(remove: bool = False) -> list[Finding]:
    """Look at every block there is, the standard library's too, and tell which are garbage.

    Garbage is what a process created and tracked that has ended, as a lock of the kernel's proves, and that nobody has
    mapped. With `remove` it is unlinked. Whatever cannot be proven to be garbage stays, however old it is. It is for what
    is left where what cleans up after a process was killed together with it, as by the end of a container.
    """
    found = _raw.garbage(_raw.REMOVE if remove else 0)
    return [Finding(name, fate != 0, fate == 2, reason) for name, fate, reason in found]
