"""How the unpacking of a drop ends, and which notes belong to its photos: told as sentences."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from telespool.belonging import Kinship
from telespool.config.schema import ChatSettings
from telespool.errors import VolumeMissing
from telespool.pipeline.unpack import outcome, photo_notes
from telespool.pipeline.unpack.name_rules import NameRules
from telespool.pipeline.unpack.sources.base import NO_MEDIA
from telespool.spool.account import LeftOut, brief

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.pipeline.unpack.release_order import ReleaseOrder
    from telespool.pipeline.unpack.sources import Source


def ended(**told: Any) -> tuple[Source, ReleaseOrder]:
    """What a source and its sorting say at the end."""
    sorting = SimpleNamespace(
        out=SimpleNamespace(released=0, left_out=told.get("left_out", [])),
        known=[],
        missing=told.get("missing", []),
    )
    members = [SimpleNamespace(number=n, name=f"{n}.jpg") for n in range(1, 5)]
    source = SimpleNamespace(damage=told.get("damage", []), members=members)
    return cast("Source", source), cast("ReleaseOrder", sorting)


def test_how_unpacking_ends() -> None:
    """Nothing was in it, nothing of use, something is damaged, or never came out."""
    assert "There is nothing inside a.zip" in outcome.nothing_inside("a.zip", *ended())
    texts = [LeftOut(f"{n}.txt", "neither a photo nor a video") for n in range(7)]
    assert "and 2 more" in outcome.nothing_inside("a.zip", *ended(left_out=texts))
    empty = [LeftOut("a.txt", "empty")]
    assert "a.txt is neither" in outcome.nothing_inside("a.txt", *ended(left_out=empty))
    assert outcome.nothing_inside("a.zip", *ended(damage=["x"])) == ""
    said = outcome.not_whole("a.zip", *ended(missing=[*range(1, 9)]))
    assert "1.jpg, 2.jpg, 3.jpg, 4.jpg, number 5 and 3 more" in said
    assert "these are missing:\n  x" in outcome.not_whole("a.zip", *ended(damage=["x"]))
    locked = "b.jpg: it is damaged, or the password does not fit it"
    said = outcome.not_whole("a b.zip", *ended(damage=[locked]))
    assert "telespool retry 'a b.zip' --password (or --password-file FILE" in said
    assert "Where it is damaged" in said
    said = outcome.not_whole("a.zip", *ended(damage=["b.jpg: the password does not fit it"] * 2))
    assert "Where it is damaged" not in said
    assert brief(said).endswith("these are missing: b.jpg: the password does not fit it and 1 more")
    assert outcome.not_whole("a.zip", *ended()) == ""
    assert "all volumes together" in outcome.volume_missing(VolumeMissing("x is missing."))


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('{"title": "a.jpg", "photoTakenTime": {"timestamp": "1000000000"}}', "a.jpg"),
        ('{"title": 5, "photoTakenTime": {"timestamp": 1000000000}}', ""),
        ('{"photoTakenTime": {"timestamp": "99999999999999"}}', None),
        ('{"title": "a.jpg"}', None),
        ("[]", None),
        ("{", None),
        ("[" * 100_000, None),
    ],
)
def test_notes_of_photos(tmp_path: Path, text: str, title: str | None) -> None:
    """What one says; None where it is none."""
    path = tmp_path / "a.jpg.json"
    path.write_text(text)
    assert photo_notes.is_note(path.name)
    note = photo_notes.read_note(path)
    assert (note.title if note is not None else None) == title
    if note is not None:
        assert note.taken.seconds == 1e9


def test_notes_of_files_in_another_archive() -> None:
    """Notes that Takeout put into another zip than their photo are told as its notes, whichever came first."""
    names = {
        1000001: "T/b.jpg.json",
        1000002: "T/a.jpg",
        2000001: "T/a.jpg.json",
        2000002: "T/b.jpg",
    }
    kin = Kinship()
    kin.add({number: name for number, name in names.items() if number < 2000000})
    kin.add({number: name for number, name in names.items() if number > 2000000})
    rules = NameRules(ChatSettings(), kin, names)
    left = [LeftOut(names[n], rules.reason(n, NO_MEDIA), number=n) for n in (1000001, 2000001)]
    other = LeftOut("T/c.json", NO_MEDIA, number=2000003)
    names[2000003] = other.name
    told = rules.told_again([*left, other], {})
    reasons = ["notes that belong to b.jpg", "notes that belong to a.jpg", NO_MEDIA]
    assert [each.reason for each in told] == reasons
    assert rules.told_again([other], {2000003: 1000002})[0].reason == "notes that belong to a.jpg"


def test_whom_a_note_is_about(tmp_path: Path) -> None:
    """The file it is called like, unless its title names another one beside it."""
    names = {
        1: "T/a.jpg",
        2: "T/a(1).jpg",
        3: "T/a.jpg.json",
        4: "T/a.jpg(1).json",
        5: "T/b.json",
        7: "U/gone.json",
        6: "T/c.jpg",
    }
    notes = photo_notes.PhotoNotes(Kinship.of(names), names)
    assert notes.leads() == {}
    for number, title in ((3, "a.jpg"), (4, "a.jpg"), (5, "c.jpg"), (7, "none.jpg"), (6, "")):
        path = tmp_path / f"{number}.json"
        path.write_text(
            f'{{"title": "{title}", "photoTakenTime": {{"timestamp": {number}}}}}' if title else "{"
        )
        notes.read(number, path)
    leads = notes.leads()
    assert (leads[3], leads[5]) == (1, 6)
    assert leads[4] in {1, 2}
    assert 7 not in leads
    assert notes.times()[6].seconds == 5.0
