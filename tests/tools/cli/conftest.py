"""Names for the blocks of the tests."""

import os
import signal

import pytest

# A shell starts a background job with these signals ignored, and programs that the tests start inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture
def name(request):
    """Return a unique name. Blocks whose names begin with its prefix are removed at the end."""
    mine = f"test-cli-{os.getpid()}"
    yield f"{mine}-{request.node.name[:40]}".replace("[", "-").replace("]", "")
    for left in os.listdir("/dev/shm"):
        if left.startswith(mine):
            os.unlink(f"/dev/shm/{left}")
