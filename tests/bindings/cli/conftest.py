"""Names for the tests' blocks."""

import os

import pytest


@pytest.fixture
def name(request):
    """A name that is nobody else's; whatever begins with it is gone at the end."""
    mine = f"test-cli-{os.getpid()}"
    yield f"{mine}-{request.node.name[:40]}".replace("[", "-").replace("]", "")
    for left in os.listdir("/dev/shm"):
        if left.startswith(mine):
            os.unlink(f"/dev/shm/{left}")
