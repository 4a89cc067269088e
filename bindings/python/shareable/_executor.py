"""Ends waits in the threads of executors whose results are not wanted any more.

Python cannot interrupt a thread. If a task that awaits ``asyncio.to_thread()`` is cancelled, its
thread goes on, and the end of ``asyncio.run()`` and of the interpreter waits for the thread. So a
wait calls check() again and again. The private names of the standard library that this module uses
are the same in 3.9 to 3.15. If one of them is missing, waits are not ended.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future


def _own_work(executors: Any) -> Future[Any] | None:
    """Return the future of the work that this thread does for a ThreadPoolExecutor."""
    code = executors._WorkItem.run.__code__
    frame = sys._getframe()
    while frame.f_code is not code:
        if frame.f_back is None:
            return None
        frame = frame.f_back
    variables = frame.f_locals
    work: Future[Any] = variables["self"].future
    if isinstance(variables, dict):  # before 3.13, a copy that the frame keeps
        variables.clear()
    return work


def _values_in(callback: object) -> Iterator[Any]:
    """Yield the values of a function's closure."""
    for cell in getattr(callback, "__closure__", None) or ():
        with suppress(ValueError):  # the cell is empty
            yield cell.cell_contents


def _awaited(work: Any) -> asyncio.Future[Any] | None:
    """Return the future of asyncio that receives the result of the work."""
    library = sys.modules.get("asyncio")
    if library is not None:
        for callback in tuple(work._done_callbacks):
            for value in _values_in(callback):
                if library.isfuture(value):
                    awaited: asyncio.Future[Any] = value
                    return awaited
    return None


def _cancel(awaited: asyncio.Future[Any], loop: asyncio.AbstractEventLoop) -> None:
    """Cancel a future whose event loop ends, so that asyncio does not report the end of its work."""
    with suppress(RuntimeError):  # the loop is closed; then only this thread uses the future
        if loop.is_closed():
            awaited.cancel()
        else:
            loop.call_soon_threadsafe(awaited.cancel)


def _is_cancelled(awaited: asyncio.Future[Any]) -> bool:
    """Return whether a future was cancelled, or its event loop ends."""
    if awaited.cancelled():
        return True
    loop = awaited.get_loop()
    if loop.is_closed() or getattr(loop, "_executor_shutdown_called", False):
        _cancel(awaited, loop)
        return True
    return False


def _end() -> str:
    """Return the name of the exception for check() to raise, or an empty string."""
    executors: Any = sys.modules.get("concurrent.futures.thread")
    if executors is None:
        return ""
    with suppress(AttributeError):  # another version of the standard library
        work = _own_work(executors)
        if work is not None:
            awaited = _awaited(work)
            if awaited is not None and _is_cancelled(awaited):
                return "CancelledError"
            if executors._shutdown:
                return "SystemExit"
    return ""


def check() -> None:
    """Raise an exception if this thread works for an executor and nothing can use the result.

    Raises asyncio's CancelledError if the task that awaits the work was cancelled, or its event loop
    is closed or shuts down its executor; and SystemExit if the interpreter exits. The exception
    refers to the frame of this function, which must not refer to the work.
    """
    end = _end()
    if end == "CancelledError":
        raise sys.modules["asyncio"].CancelledError("the task that waits in this thread was cancelled")
    if end == "SystemExit":
        raise SystemExit("the interpreter exits: the wait in this thread is ended")
