"""The note of what Telegram has: believed while it can be true, harmless when it is not."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telespool.destinations.telegram.upload_journal import FRESH, UploadJournal, forget, sweep

if TYPE_CHECKING:
    from pathlib import Path

KEY = -5
ABOUT = "1000 12345 512 video 77"


def note(directory: Path) -> Path:
    """The only note there is."""
    (found,) = directory.iterdir()
    return found


def test_what_was_noted_is_read_back(tmp_path: Path) -> None:
    """Parts and the handle survive, also without ever being closed."""
    first = UploadJournal.open(tmp_path, KEY, ABOUT, 10)
    for part in (0, 3, 9):
        first.note(part)
    again = UploadJournal.open(tmp_path, KEY, ABOUT, 10)
    assert list(again.missing) == [1, 2, 4, 5, 6, 7, 8]
    again.note(4)
    again.forget(3)
    again.complete("photo 1 2 ff-")
    last = UploadJournal.open(tmp_path, KEY, ABOUT, 10)
    assert [part for part in range(10) if last.has(part)] == [0, 4, 9]
    assert last.handle == "photo 1 2 ff-"
    forget(tmp_path, [KEY])
    assert not list(tmp_path.iterdir())
    first.close()


def test_other_bytes_are_another_upload(tmp_path: Path) -> None:
    """A note about another size, time or form says nothing."""
    UploadJournal.open(tmp_path, KEY, ABOUT, 10).note(3)
    other = UploadJournal.open(tmp_path, KEY, ABOUT.replace("12345", "12346"), 10)
    assert list(other.missing) == list(range(10))


def test_an_old_note_says_nothing(tmp_path: Path) -> None:
    """Telegram keeps parts for hours at most; so are they noted."""
    UploadJournal.open(tmp_path, KEY, ABOUT, 10).note(3)
    old = time.time() - FRESH - 1
    os.utime(note(tmp_path), (old, old))
    assert not UploadJournal.open(tmp_path, KEY, ABOUT, 10).has(3)
    UploadJournal.open(tmp_path, KEY, ABOUT, 10).note(3)
    os.utime(note(tmp_path), (old, old))
    sweep(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_generation_is_remembered(tmp_path: Path) -> None:
    """An upload that got another id goes on under that id."""
    first = UploadJournal.open(tmp_path, KEY, ABOUT, 10)
    first.note(1)
    first.renew(2)
    first.note(5)
    again = UploadJournal.open(tmp_path, KEY, ABOUT, 10)
    assert again.generation == 2
    assert [part for part in range(10) if again.has(part)] == [5]


def test_a_disk_that_refuses_is_no_trouble(tmp_path: Path) -> None:
    """Where nothing can be noted, everything still works in memory."""
    nowhere = UploadJournal.open(tmp_path / "missing", KEY, ABOUT, 3)
    nowhere.note(1)
    nowhere.complete("document 1 2 aa-")
    assert list(nowhere.missing) == [0, 2]
    without = UploadJournal.open(None, KEY, ABOUT, 3)
    without.note(2)
    without.renew()
    assert list(without.missing) == [0, 1, 2]


@pytest.mark.parametrize("handle", [None, "photo 1 2 ff-"])
@given(data=st.data())
@settings(max_examples=40)
def test_a_damaged_note_never_fails(
    tmp_path: Path, handle: str | None, data: st.DataObject
) -> None:
    """Cut anywhere, or with any byte changed, it is read without an error, and claims no part it did not have."""
    forget(tmp_path, [KEY])
    first = UploadJournal.open(tmp_path, KEY, ABOUT, 10)
    for part in (0, 3, 9):
        first.note(part)
    if handle:
        first.complete(handle)
    first.close()
    path = note(tmp_path)
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del whole[place:]
    else:
        whole[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != ord("#")))
    path.write_bytes(whole)
    again = UploadJournal.open(tmp_path, KEY, ABOUT, 10)
    assert {part for part in range(10) if again.has(part)} <= {0, 3, 9}
    again.note(2)
    again.close()


def test_what_was_closed_stays_closed(tmp_path: Path) -> None:
    """A thread that comes late writes nowhere, least of all into a file that got the same descriptor."""
    first = UploadJournal.open(tmp_path, KEY, ABOUT, 10)
    first.note(0)
    first.close()
    stranger = tmp_path / "stranger"
    with stranger.open("w+b") as file:
        first.note(1)
        first.complete("photo 1 2 ff-")
        assert file.read() == b""
