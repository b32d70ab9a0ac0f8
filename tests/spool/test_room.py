"""The guard through which every writer goes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from telespool.errors import NoRoom, Permanent
from telespool.spool.room import Room

if TYPE_CHECKING:
    from pathlib import Path


def _keeping(path: Path, left: int) -> Room:
    """A guard that lets about `left` bytes through."""
    state = os.statvfs(path)
    return Room(path, max(0, state.f_bavail * state.f_frsize - left - (128 << 20)))


def test_what_does_not_fit_beyond_the_reserve_is_not_begun(tmp_path: Path) -> None:
    """NoRoom says what is needed before a byte is written; what is smaller goes on."""
    room = _keeping(tmp_path, 256 << 20)
    with pytest.raises(NoRoom) as caught, room.writing(1 << 40, "film.mp4"):
        pytest.fail("it was begun")
    assert caught.value.needed == 1 << 40
    assert "film.mp4 needs 1.0 TiB" in caught.value.reason
    with room.writing(4096, "photo.jpg"):
        pass


def test_what_is_promised_to_one_is_not_there_for_another(tmp_path: Path) -> None:
    """Two writers together keep the reserve, and what one has written is not counted twice."""
    room = _keeping(tmp_path, 256 << 20)
    half = room.left() // 2 + (32 << 20)
    with room.promised(half, "a") as promise:
        with pytest.raises(NoRoom), room.writing(half, "b"):
            pytest.fail("it was begun")
        promise.written(half)
        with room.writing(half, "b"):
            pass
    with room.writing(half, "b"):
        pass


def test_a_little_is_kept_for_what_makes_room(tmp_path: Path) -> None:
    """What is being sent may be written when nothing else may."""
    room = _keeping(tmp_path, 0)
    with pytest.raises(NoRoom), room.writing(8 << 20, "film.mp4"):
        pytest.fail("it was begun")
    with room.writing(8 << 20, "film.mp4", for_sending=True):
        pass


def test_what_can_never_fit_is_told(tmp_path: Path) -> None:
    """A drop that is larger than the whole disk is refused with a sentence; others are not."""
    room = Room(tmp_path, 0)
    room.must_ever_fit(4096, "photo.jpg")
    with pytest.raises(Permanent, match=r"film\.mp4 needs .* can never give more than"):
        room.must_ever_fit(1 << 60, "film.mp4")


def test_without_a_reserve_everything_goes_through(tmp_path: Path) -> None:
    """Programs that work outside a spool ask a guard that says yes."""
    with Room(tmp_path, None).writing(1 << 60, "film.mp4"):
        pass
