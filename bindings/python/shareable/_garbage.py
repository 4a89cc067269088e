"""Finds blocks that were left by processes that were killed together with their reaper."""

from __future__ import annotations

from typing import NamedTuple

from . import _raw


class GarbageResult(NamedTuple):
    """A block that garbage() examined."""

    name: str
    garbage: bool
    """Whether its owner has ended and no process uses it."""
    removed: bool
    """Whether garbage() removed it."""
    reason: str
    """The reason for this result, for people to read."""


def garbage(remove: bool = False) -> list[GarbageResult]:
    """Examine all blocks, including those of the standard library, and find garbage.

    A block is garbage if the process that created and tracked it has ended, which a kernel lock
    proves, and no process has it open or mapped. If `remove` is true, garbage is unlinked. A block
    that cannot be proven to be garbage is kept, however old it is.

    Usually a reaper process removes the blocks of a process that ends. This function is for blocks
    whose owner was killed together with its reaper, for example at the end of a container.
    """
    found = _raw.garbage(_raw.GC_REMOVE if remove else 0)
    return [GarbageResult(name, result != 0, result == 2, reason) for name, result, reason in found]
