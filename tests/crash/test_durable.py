"""The second law: what a worker's step has done is on the disk when the step has returned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.spool import Spool, operator
from telespool.spool.layout import CONTENTS, FOLDERS
from telespool.spool.names import Job, Unit
from tests.crash.machine import BEGINNING
from tests.crash.media import photo
from tests.crash.platter import Platter
from tests.crash.scenes import SCENES
from tests.crash.test_power import PoweredPlay

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.platter import Change

pytestmark = [pytest.mark.usefixtures("converting"), pytest.mark.timeout(900)]


@pytest.mark.parametrize("scene", SCENES)
def test_what_was_done_is_on_the_disk(
    scene: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every round each name in the folders, and each byte under it, has been fsynced."""
    play = PoweredPlay(scene, place, monkeypatch)
    loose = _watch(play)
    play.run()

    assert not loose


def test_what_was_forgotten_stays_forgotten(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old job that has left done/ cannot come back; its data alone may, to be dropped again."""
    play = PoweredPlay("singles", place, monkeypatch, with_retention=True)
    loose = _watch(play)
    play.run()

    assert not {what for what in loose if what.startswith("rename")}


@pytest.mark.parametrize("scene", ["across", "beside"])
def test_what_recovery_did_is_on_the_disk(
    scene: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same after a start that had to finish, or to undo, a claim which was broken off."""
    loose: set[str] = set()
    for call in range(24):
        play = PoweredPlay(scene, place, monkeypatch)
        play.until(call)
        loose = _watch(play)
        play.run()
        if loose:
            break

    assert not loose


def test_a_folder_that_is_made_again_lasts(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person removes done/ while it is empty: the daemon makes it again, to last."""
    play = PoweredPlay("album", place, monkeypatch)
    loose = _watch(play)
    look, rounds = play.machine.after_round, 0

    def remove() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            (play.machine.root / "done").rmdir()
        look()

    play.machine.after_round = remove
    play.run()

    assert rounds
    assert not loose


def test_the_receipt_of_a_report_is_on_the_disk(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name that a report has after it was told to a chat, as the names of all receipts."""
    monkeypatch.setattr("telespool.pipeline.send.report_sender._YOUNG", float("inf"))
    play = PoweredPlay("album", place, monkeypatch)
    play.machine.reports = "@family"
    loose = _watch(play)
    play.run()

    assert len(list((play.machine.root / "done").glob("*/report+*.txt"))) == 1
    assert not loose


def test_a_new_number_is_on_the_disk(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers that a unit and an album get whose own belong to others of the job."""
    play = PoweredPlay("album", place, monkeypatch)
    for name in (
        "done/JOB/0001+7_x.jpg",
        "done/JOB/0005+8_y.jpg",
        "uploading/JOB/0001-0002_album/0001_a.jpg",
        "uploading/JOB/0001-0002_album/0002_b.jpg",
        "uploading/JOB/0005_c.jpg",
    ):
        path = play.machine.root / name.replace("JOB", str(Job.make(BEGINNING, "family", "moved")))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo(name.encode()))
    for drop in play.machine.inbox.rglob("*.*"):
        drop.unlink()
    play.platter.morgue.rmdir()
    play.platter = Platter(place, play.machine.root, play.machine.inbox)
    loose = _watch(play)
    play.run()

    names = {path.name for path in (play.machine.root / "done").rglob("999*")}
    assert {name.partition("+")[0] for name in names} == {"9997-9998", "9997", "9998", "9999"}
    assert not loose


def test_what_a_person_orders_is_on_the_disk(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that is tried again with a password, a unit that is, and a file that is dropped by the command."""
    play = PoweredPlay("album", place, monkeypatch)
    job = play.machine.root / "quarantine" / str(Job.make(BEGINNING, "family", "locked"))
    job.mkdir()
    for name in ("0000_locked.tar", "0001_a.jpg"):
        (job / name).write_bytes(photo(name.encode()))
        (job / f"{name}.txt").write_text("No.\n")
    play.platter.morgue.rmdir()
    play.platter = Platter(place, play.machine.root, play.machine.inbox)
    person = Spool(play.machine.root, play.machine.inbox, disk=play.disk())
    dropped = tmp_path / "b.jpg"
    dropped.write_bytes(photo(b"b"))
    loose: dict[str, list[str]] = {}

    def look(order: str) -> None:
        pending = [each.what for each in play.platter.pending if _matters(each, play.platter)]
        loose.update({order: pending} if pending else {})

    archive, unit = person.units("quarantine", job.name)
    operator.retry(person, archive, password="secret")
    look("retry with a password")
    operator.retry(person, unit)
    look("retry")
    operator.take_in(person, [dropped], "default")
    look("drop")

    assert not loose


def _watch(play: PoweredPlay) -> set[str]:
    """What is not on the disk after some round of this play; filled while it runs."""
    loose: set[str] = set()

    def look() -> None:
        platter = play.platter
        loose.update(change.what for change in platter.pending if _matters(change, platter))
        for folder in FOLDERS:
            for path in (platter.root / folder).rglob("*"):
                if not path.is_file() or path.name == CONTENTS:
                    continue
                if path.stat().st_ino not in platter.safe_data:
                    loose.add(f"content of {path}")

    play.machine.after_round = look
    return loose


def _matters(change: Change, platter: Platter) -> bool:
    """All but marks of attempts and segments, which may be lost, and removals that a start would repeat.

    These are, in `recovery`: copies whose original is in quarantine and albums that are empty (uploading/), what was set
    apart of a claim whose job has come to be (.telespool-), notes of what is not in quarantine any more, and directories of
    jobs with nothing in them.
    """
    if ".segments" in change.what or not change.needs & _there(platter):
        return False
    names = {name for _, name, _ in change.halves}
    if change.what.startswith("rename") and len({half[0] for half in change.halves}) == 1:
        units = [Unit.parse(name) for name in names]
        told = {unit and (unit.first, unit.kind, unit.message) for unit in units}
        return None in told or len(told) > 1
    again = ("/uploading/", "/.telespool-")
    if change.what.startswith("unlink") and "/quarantine/" in change.what:
        return not change.what.endswith(".txt")
    removed = change.what.startswith(("rmdir", "unlink"))
    return not (removed and (any(a in change.what for a in again) or all(map(Job.parse, names))))


def _there(platter: Platter) -> set[int]:
    return {path.stat().st_ino for path in platter.place.rglob("*") if path.is_dir()}
