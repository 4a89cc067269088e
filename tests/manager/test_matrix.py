"""Every CPython that is here against our manager, over each kind of address."""

import pytest

from manager import INTERPRETERS, KEY, KINDS, address_of, manager, name, stock


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", INTERPRETERS)
def test_a_stock_client_does_all_it_can_with_our_manager(version, kind, tmp_path):
    with manager(address=address_of(kind, tmp_path)) as ours:
        stock(version, "client", ours.address, KEY.hex(), name(kind))
        assert ours.wait() == 0, "it was told to shut down"
    assert list(tmp_path.iterdir()) == []
