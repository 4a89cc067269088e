"""The process of a manager that runs the program shareable-manager."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from . import _raw
from ._address import address_from_text, text_of_address

_SLICE = 0.05  # seconds after which a wait handles signals

_PROGRAMS = Path(__file__).with_name("bin")  # a package that contains the library has its programs there


def _start_program(address: str | None, key: bytes) -> _raw.Manager:
    try:
        return _raw.manager_start(address, key)
    except FileNotFoundError:
        if not _PROGRAMS.exists() or (_PROGRAMS / "shareable-manager").exists() or "SHAREABLE_MANAGER" in os.environ:
            raise
    raise FileNotFoundError(
        errno.ENOENT,
        "this package was built without shareable-manager, because there was no header uv.h: install libuv's header "
        "(on Debian: libuv1-dev), and install the package again",
    )


class _Running:
    """The started program, with the attributes and methods that BaseProcess uses."""

    returncode: int | None = None
    sentinel = -1  # if the kernel has no pidfd_open(2)

    def __init__(self, handle: _raw.Manager) -> None:
        self.handle = handle
        self.pid = _raw.manager_pid(handle)
        with suppress(AttributeError, OSError):
            self.sentinel = os.pidfd_open(self.pid)

    def poll(self) -> int | None:
        return self.wait(0)

    def wait(self, timeout: float | None = None) -> int | None:
        end = None if timeout is None else time.monotonic() + timeout
        left = _SLICE
        while self.returncode is None and left == _SLICE:
            if end is not None:
                left = min(max(end - time.monotonic(), 0), _SLICE)
            try:
                self.returncode = _raw.manager_wait(self.handle, int(left * 1_000_000_000))
            except ValueError:  # a child of the process that started the program
                break
        return self.returncode

    def _send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def interrupt(self) -> None:
        self._send_signal(signal.SIGINT)

    def terminate(self) -> None:
        self._send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._send_signal(signal.SIGKILL)

    def close(self) -> None:
        if self.sentinel >= 0:
            os.close(self.sentinel)
        self.sentinel = -1

    __del__ = close


class ManagerProcess(BaseProcess):
    """A program shareable-manager, with the interface of ``multiprocessing.Process``.

    BaseManager.start() creates it with the arguments of the method that a process in Python would
    run, and receives the manager's address through the writer among these arguments.

    active_children() does not list it: a process that exits does not wait for it, because the
    program exits when its parent does.
    """

    _popen: _Running | None
    _sentinel: int

    def __init__(self, target: Callable[..., object], args: tuple[Any, ...]) -> None:
        super().__init__()
        _registry, address, self._key, _serializer, self._writer, *_ = args
        self._text = None if address is None else text_of_address(address)

    def start(self) -> None:
        handle = _start_program(self._text, self._key)
        self._popen = _Running(handle)
        self._sentinel = self._popen.sentinel
        self._writer.send(address_from_text(_raw.manager_address(handle)))
        del self._writer, self._key

    @property
    def handle(self) -> _raw.Manager:
        """The handle of the manager that this process runs."""
        assert self._popen is not None, "not started"
        return self._popen.handle


class ProgramContext:
    """A context of multiprocessing whose processes run the program shareable-manager."""

    Process = ManagerProcess
