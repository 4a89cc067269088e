"""Private attributes of the standard library's ShareableList: where the parts of a list are.

Programs that read the bytes of a list themselves use them. The standard library's functions that
write formats and codes do not exist here: only a list's methods protect readers in other processes.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, ClassVar, TypeVar

from . import _raw

if TYPE_CHECKING:
    from .shared_memory import SharedMemory

_T = TypeVar("_T")


class ListLayout(_raw.List[_T]):
    """The layout of a list: the count, the offsets, the items, their formats, and their codes."""

    shm: SharedMemory

    _alignment = 8
    _types_mapping: ClassVar[dict[type, str]] = {
        int: "q",
        float: "d",
        bool: "xxxxxxx?",
        str: "%ds",
        bytes: "%ds",
        type(None): "xxxxxx?x",
    }

    @property
    def _list_len(self) -> int:
        return _raw.List.__len__(self)  # not that of a subclass

    @property
    def _format_size_metainfo(self) -> str:
        return "q" * (self._list_len + 1)

    @property
    def _format_packing_metainfo(self) -> str:
        return "8s" * self._list_len

    @property
    def _format_back_transform_codes(self) -> str:
        return "b" * self._list_len

    @property
    def _allocated_offsets(self) -> list[int]:
        return list(struct.unpack_from(self._format_size_metainfo, self.shm.buf, 8))

    @property
    def _offset_data_start(self) -> int:
        return 8 * (self._list_len + 2)

    @property
    def _offset_packing_formats(self) -> int:
        (end,) = struct.unpack_from("q", self.shm.buf, 8 * (self._list_len + 1))
        return self._offset_data_start + int(end)

    @property
    def _offset_back_transform_codes(self) -> int:
        return self._offset_packing_formats + 8 * self._list_len

    def _get_packing_format(self, position: int) -> str:
        """Return the current struct format of one item."""
        count = self._list_len
        if not -count <= position < count:
            raise IndexError(
                f"index out of range: list {self.shm.name!r} has {count} items, but the index is {position}"
            )
        start = self._offset_packing_formats
        try:
            (form,) = struct.unpack_from("8s", self.shm.buf, start + 8 * (position % count))
        except (struct.error, OverflowError):  # corrupt after the list was opened
            end = start - self._offset_data_start
            raise ValueError(f"list {self.shm.name!r} is corrupt: the end of its data is given as byte {end}") from None
        return str(form.rstrip(b"\0"), "ascii")
