"""Whose number it is, where files are under way while somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.spool import numbering
from telespool.spool.layout import SpoolLayout
from tests.jobs import job_name

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.spool.layout import Entry, Folder

JOB = job_name()


class Moving(SpoolLayout):
    """A spool in which Telegram refuses a film, which goes to deferred/, in the midst of a look."""

    def units(self, folder: Folder, job: str) -> list[Entry]:
        """What lies there; then it moves on."""
        found = super().units(folder, job)
        if folder == "uploading":
            for entry in found:
                target = self.root / "deferred" / job / entry.path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                entry.path.rename(target)
        return found


def _lay(root: Path, folder: str, name: str) -> None:
    path = root / folder / JOB / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a film")


def test_what_moves_during_a_look_is_no_stray(tmp_path: Path) -> None:
    """A unit that is seen in two folders, because it went from one to the other, keeps its number."""
    _lay(tmp_path, "uploading", "0001_a.mp4")
    _lay(tmp_path, "deferred", "0002_b.mp4")
    folders = Moving(tmp_path)
    assert numbering.conflicts(folders, folders.units("deferred", JOB), "deferred") == []
    names = [entry.path.name for entry in folders.units("deferred", JOB)]
    assert names == ["0001_a.mp4", "0002_b.mp4"]


def test_two_that_stay_are(tmp_path: Path) -> None:
    """The one that came later to a number that is taken is named."""
    _lay(tmp_path, "done", "0001+5_a.mp4")
    _lay(tmp_path, "deferred", "0001_b.mp4")
    folders = SpoolLayout(tmp_path)
    (stray,) = numbering.conflicts(folders, folders.units("deferred", JOB), "deferred")
    assert stray.path.name == "0001_b.mp4"
