"""The child that decodes LZ4 and lzip, called in this process: what it writes, and what it says of damage."""

from __future__ import annotations

import io
import lzma
import sys
import zlib
from typing import TYPE_CHECKING

import lz4.frame
import pytest

from telespool.archives import lz4_lzip

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = bytes(range(256)) * 3000


def member(data: bytes, code: int = 20) -> bytes:
    """One member of an lzip file."""
    properties = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}
    encoder = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=[properties])
    packed = encoder.compress(data) + encoder.flush()
    trailer = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(8, "little")
    size = 6 + len(packed) + 20
    return b"LZIP\x01" + bytes([code]) + packed + trailer + size.to_bytes(8, "little")


LZIP = member(CONTENT)
LZ4 = lz4.frame.compress(CONTENT, content_checksum=True)


@pytest.mark.parametrize(
    ("kind", "packed", "content", "said"),
    [
        ("lzip", LZIP, CONTENT, ""),
        ("lzip", LZIP + member(b"more"), CONTENT + b"more", ""),
        ("lzip", LZIP + b"rubbish behind it that is longer than a trailer", CONTENT, ""),
        ("lzip", LZIP[: len(LZIP) // 2], None, "Unexpected end of data"),
        ("lzip", LZIP[:-15], None, "Unexpected end of data"),
        ("lzip", LZIP[:-20] + bytes(20), None, "CRC Failed"),
        ("lzip", LZIP[:6] + b"\xff" * 100, None, "Data Error"),
        ("lz4", LZ4, CONTENT, ""),
        ("lz4", LZ4 + lz4.frame.compress(b"more"), CONTENT + b"more", ""),
        ("lz4", LZ4[: len(LZ4) // 2], None, "Unexpected end of data"),
        ("lz4", LZ4[:-1] + bytes([LZ4[-1] ^ 1]), None, "Data Error"),
        ("lz4", b"rubbish", None, "Data Error"),
        ("lz4", b"", b"", ""),
    ],
)
def test_it_decodes(
    kind: str,
    packed: bytes,
    content: bytes | None,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of the content, and 0; else 1, with the words that 7-Zip would use."""
    path = tmp_path / "packed"
    path.write_bytes(packed)
    out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    code = lz4_lzip.main(kind, str(path))
    assert code == (1 if said else 0)
    assert err.getvalue() == (f"ERROR: {said}\n" if said else "")
    if content is not None:
        out.flush()
        assert out.buffer.getvalue() == content


def test_without_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dictionary that does not fit is told as 7-Zip tells it."""

    def nothing(_: object) -> bytes:
        raise MemoryError

    path = tmp_path / "packed"
    path.write_bytes(LZIP)
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setitem(lz4_lzip._DECODERS, "lzip", nothing)
    assert lz4_lzip.main("lzip", str(path)) == 1
    assert "allocate required memory" in err.getvalue()
