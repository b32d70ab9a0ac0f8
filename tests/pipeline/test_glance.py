"""A photo is read once: what a look at it has told when it came out is known when it is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from telespool.archives.member_writer import Written
from telespool.archives.members import Member
from telespool.pipeline import glance
from telespool.runtime import plain_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material


@pytest.fixture
def path(tmp_path: Path, material: Material) -> Path:
    """A photo that has just come out."""
    path = tmp_path / "0001_IMG_1.jpg"
    path.write_bytes(material.photo(1).read_bytes())
    return path


def come_out(path: Path, *, at_hand: bool) -> glance.MemberGlance:
    """Look at it, by its bytes or by its file."""
    data = path.read_bytes()
    written = Written(data, path.stat()) if at_hand else None
    return glance.of_member(Member(1, "IMG_1.jpg", len(data)), path, written, live=True)


def forbid_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a file fails."""

    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("the file was opened")

    monkeypatch.setattr(plain_files, "opened", refuse)


@pytest.mark.parametrize("at_hand", [True, False])
def test_it_is_not_read_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, at_hand: bool
) -> None:
    """Under its new name it is still the same; what is told is what reading it would tell."""
    expected = glance.of_photo(path)
    line = come_out(path, at_hand=at_hand).line
    moved = path.rename(path.with_name("0001_moved.jpg"))
    state = moved.stat()
    forbid_reading(monkeypatch)

    assert glance.of_photo(moved, state) == expected
    assert (line.size, line.digest) == (state.st_size, expected.digest)


def test_bytes_at_hand_are_not_read_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account and the first look are made of what has just been written."""
    expected = come_out(path, at_hand=False)
    data, state = path.read_bytes(), path.stat()
    forbid_reading(monkeypatch)
    member = Member(1, "IMG_1.jpg", len(data))

    assert glance.of_member(member, path, Written(data, state), live=True) == expected


def test_what_was_changed_since_is_looked_at_again(path: Path) -> None:
    """By its time, by its size, or because it is another file."""
    for change in ("time", "size", "file"):
        come_out(path, at_hand=True)
        data = path.read_bytes()
        if change == "time":
            path.write_bytes(data[:-3] + b"\0" + data[-2:])
            os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
        elif change == "size":
            path.write_bytes(data + b"more")
        else:
            path.rename(path.with_suffix(".old"))
            path.write_bytes(data[:-2])
        state = path.stat()

        assert glance.of_photo(path, state) == glance.of_photo(path), change


def test_few_are_known_at_once(tmp_path: Path, path: Path) -> None:
    """The oldest is forgotten, so that memory is bounded however many wait."""
    data = path.read_bytes()
    first = path.stat()
    come_out(path, at_hand=True)
    for number in range(glance._MOST):
        other = tmp_path / f"{number}.jpg"
        other.write_bytes(data)
        come_out(other, at_hand=True)

    assert glance._known.take(first) is None
    assert len(glance._known._seen) == glance._MOST
