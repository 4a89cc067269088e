"""The address of a manager, in the forms of this library and of the standard library."""

from __future__ import annotations

import os
import socket
from typing import Union

Address = Union[str, bytes, "tuple[str, int]"]


def text_of_address(address: Address) -> str:
    """Return an address in the library's form: an absolute path, "@name" or "host:port"."""
    if isinstance(address, tuple):
        if len(address) != 2:
            raise ValueError(f"'address' must be a pair of a host and a port, not {address!r}")
        host, port = address
        return f"{socket.gethostbyname(host)}:{port}"
    if isinstance(address, bytes):
        address = os.fsdecode(address)
    if not isinstance(address, str):
        raise TypeError(
            f"'address' must be a str, bytes, a pair of a host and a port, or None, not {type(address).__name__}"
        )
    if address.startswith("\0"):
        return "@" + address[1:]
    return os.path.abspath(address)


def address_from_text(text: str) -> Address:
    """Return an address in the standard library's form."""
    if text.startswith("@"):
        return b"\0" + os.fsencode(text[1:])
    if "/" in text:
        return text
    host, _, port = text.rpartition(":")
    return host, int(port)
