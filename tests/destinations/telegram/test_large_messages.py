"""Parts of files are sent as they lie in memory, and acknowledgements wait for each other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from telethon.tl import functions

from telespool.destinations.telegram.large_messages import Acknowledgements, Pieces
from telespool.destinations.telegram.upload_file import SaveBigFilePartRequest, SaveFilePartRequest

if TYPE_CHECKING:
    import pytest


def test_pieces_become_bytes_with_what_stands_around_them() -> None:
    """Telethon's codecs add to them as to bytes."""
    pieces = Pieces(b"ab", bytearray(b"cd"), memoryview(b"e"))

    assert len(pieces) == 5
    assert b"<" + pieces == b"<abcde"
    assert pieces + b">" == b"abcde>"
    assert not Pieces()


def test_a_part_is_what_telethon_makes_of_it() -> None:
    """Of every length that is written in another way."""
    for size in (1, 252, 253, 254, 255, 4096, 512 << 10):
        data = bytearray(size)
        small, big = SaveFilePartRequest(7, 1, data), SaveBigFilePartRequest(7, 1, 9, data)
        theirs = bytes(functions.upload.SaveFilePartRequest(7, 1, bytes(data)))
        theirs_big = bytes(functions.upload.SaveBigFilePartRequest(7, 1, 9, bytes(data)))

        assert small.pieces() + b"" == theirs
        assert big.pieces() + b"" == theirs_big


def test_it_is_told_of_many_answers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """When there are many, or when the first has waited for long; then it begins anew."""
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    waiting = Acknowledgements()
    assert not waiting
    for number in range(16):
        assert not waiting
        waiting.add(number)
    assert waiting
    assert sorted(waiting) == list(range(16))
    waiting.clear()
    waiting.add(1)
    assert not waiting
    now += 11
    assert waiting
