"""What keeps a drop in the inbox, or from being taken again."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, cast

import pytest

from telespool.config import loader
from telespool.errors import Permanent, VolumeMissing
from telespool.pipeline.claim.copy_taking import CopyTaking
from telespool.pipeline.claim.drop import Drop
from telespool.pipeline.claim.one_drop import drop_of
from telespool.pipeline.claim.volume_wait import may_lack, missing_volume

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.archives.engine import Engine
    from telespool.spool import Spool


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Thumbs.db", "would be left in the inbox"),
        ("film.mkv.part", "until it has its final name"),
        ("skipped.jpg", "its name matches inbox.ignore"),
        ("whole.jpg", "what lies beside it says that it is not finished"),
        ("fine.jpg", ""),
    ],
)
def test_why_it_would_be_left(tmp_path: Path, name: str, says: str) -> None:
    """By its name, and by what lies beside it."""
    for each in (name, "whole.jpg", "whole.jpg.aria2"):
        (tmp_path / each).write_bytes(b"\xff\xd8\xff\xe0")
    assert says in drop_of(tmp_path / name, ("skipped*",)).obstacle


class _Opening:
    """An engine that opens nothing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def open(self, *_: object) -> None:
        """Fail."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (None, ""),
        (VolumeMissing("a.z01 is missing."), "a.z01 is missing."),
        (Permanent("It is broken."), ""),
        (OSError(errno.EIO, "broken"), ""),
    ],
)
async def test_whether_a_volume_is_missing(
    tmp_path: Path, error: Exception | None, says: str
) -> None:
    """Only that is told here; what is broken is told when it is unpacked."""
    drop = Drop(tmp_path / "a.zip", "default", ())
    engine = None if error is None else cast("Engine", _Opening(error))
    assert await missing_volume(drop, engine) == says
    lacking = Drop(tmp_path / "a.zip", "default", (), missing=("a.z01",))
    assert "lacks a.z01" in await missing_volume(lacking, engine)


def test_what_cannot_be_looked_at_lacks_nothing(tmp_path: Path) -> None:
    """It is gone, or cannot be read."""
    assert not may_lack(Drop(tmp_path / "a.part1.rar", "default", ()))


def test_what_cannot_be_compared_is_taken(spool: Spool, tmp_path: Path) -> None:
    """A file that was taken before and cannot be read now is a drop again: whoever takes it says why."""
    config = loader.parse('[inbox]\ntake = "copy"\n', "config.toml")
    path = tmp_path / "a.jpg"
    path.write_bytes(b"a")
    drop = Drop(path, "default", ())
    taking = CopyTaking(spool, config.inbox)
    assert taking.copies(drop)
    taking.take([drop])
    assert taking.untaken(drop) == []
    path.unlink()
    assert [source.name for source in taking.untaken(drop)] == ["a.jpg"]


def test_captions_of_a_copied_folder(spool: Spool, tmp_path: Path) -> None:
    """A caption.txt goes with what comes later, too; captions alone are no reason to take anything."""
    config = loader.parse('[inbox]\ntake = "copy"\n', "config.toml")
    folder = tmp_path / "trip"
    (folder / "day").mkdir(parents=True)
    for name in ("caption.txt", "day/1.jpg", "day/1.jpg.caption.txt"):
        (folder / name).write_text(name)
    drop = Drop(folder, "default", ())
    taking = CopyTaking(spool, config.inbox)
    taking.take([drop])
    (folder / "day" / "1.jpg.caption.txt").write_text("written anew")
    assert taking.untaken(drop) == []

    (folder / "day" / "2.jpg").write_text("2")
    found = sorted(source.name for source in taking.untaken(drop))
    assert found == ["caption.txt", "day/1.jpg.caption.txt", "day/2.jpg"]
