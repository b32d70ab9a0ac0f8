"""The directory of a ZIP as writers of all kinds leave it."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from telespool.archives import zip_directory

if TYPE_CHECKING:
    from pathlib import Path


def _plain() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", b"a")
        archive.writestr("b.txt", b"b")
    return out.getvalue()


def _large(*, record: bytes = b"PK\x06\x06", apart: int = 0) -> bytes:
    """The same with the records of zip64, the first of them `apart` bytes in front of its locator."""
    data = _plain()
    at = data.rfind(b"PK\x05\x06")
    count, length, start = struct.unpack_from("<HII", data, at + 10)
    end = struct.pack("<4sQHHIIQQQQ", record, 44, 45, 45, 0, 0, count, count, length, start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    return data[:at] + end + bytes(apart) + locator + data[at:]


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (_plain(), 2),
        (b"a program in front" + _plain(), 2),
        (_large(), 2),
        (_large(apart=8), 2),
        (_large(record=b"XXXX"), None),
        (_plain()[:-5], None),
        (_plain() + b"PK\x05\x06", 2),
        (_plain()[:-18] + b"\1" + _plain()[-17:], None),
        (b"", None),
        (b"PK\x05\x06" + bytes(18), 0),
    ],
)
def test_it_is_found(tmp_path: Path, data: bytes, count: int | None) -> None:
    """Where it should be, or not at all."""
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    found = zip_directory.read(path)
    assert (found.count if found is not None else None) == count
    if found is not None:
        assert len([*found]) == count
