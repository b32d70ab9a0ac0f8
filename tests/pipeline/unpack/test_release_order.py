"""Sorting: in which order the members of a drop are released, and as what."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from telespool.archives.members import Member
from telespool.config.schema import Config, InboxSettings, Seconds, SendSettings
from telespool.pipeline.unpack.release_order import ReleaseOrder
from telespool.pipeline.unpack.sources import ExtractedMember
from telespool.spool import Spool
from telespool.spool.layout import WORKING
from telespool.spool.natural_order import natural
from tests import live
from tests.jobs import job_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.material import Material

JOB = job_name()


def members(names: list[str]) -> list[Member]:
    """The members of an archive with these names."""
    return [Member(n, name, None) for n, name in enumerate(sorted(names, key=natural), 1)]


async def sort(
    spool: Spool,
    coming: list[Member],
    order: list[int],
    content: Callable[[str], bytes],
    send: SendSettings | None = None,
) -> list[tuple[str, str]]:
    """Let the members come in this order; (folder, unit) as they were released."""
    released: list[tuple[str, str]] = []
    inbox = InboxSettings(others="document")
    config = replace(Config(), inbox=inbox, send=send or SendSettings())
    sorting = ReleaseOrder(spool, config, JOB, coming)
    seen: set[tuple[str, str]] = set()

    def look() -> None:
        for folder in WORKING:
            for entry in spool.all_units(folder):
                if (folder, str(entry.unit)) not in seen:
                    seen.add((folder, str(entry.unit)))
                    released.append((folder, str(entry.unit)))

    spool.changed = lambda _: look()
    for place in order:
        member = coming[place]
        path = spool.tmp / f"{member.number:04d}"
        path.write_bytes(content(member.name))
        await sorting.add(ExtractedMember(member, path))
    await sorting.finish()
    spool.close()
    return released


def content_of(material: Material) -> Callable[[str], bytes]:
    """Bytes that are what the ending says."""
    by_ending = {
        "jpg": material.photo(1).read_bytes(),
        "mp4": material.clip("mp4").read_bytes(),
        "avi": material.clip("avi").read_bytes(),
        "txt": b"words\n",
    }
    return lambda name: by_ending[name.rpartition(".")[2]]


async def test_photos_leave_before_videos_and_those_before_what_is_converted(
    spool: Spool, material: Material
) -> None:
    """Whatever their names: the last photos leave before the first video, the AVI at the end."""
    names = ["a.avi", "b.mp4", *(f"z{n}.jpg" for n in range(12)), "c.txt"]
    coming = members(names)

    released = await sort(spool, coming, list(range(len(coming))), content_of(material))

    assert released == [
        ("uploading", "0004-0013_album"),
        ("uploading", "0014-0015_album"),
        ("uploading", "0002_b.mp4"),
        ("uploading", "0003_c.txt"),
        ("deferred", "0001_a.avi"),
    ]


async def test_what_is_called_a_document_leaves_as_one(spool: Spool, material: Material) -> None:
    """NAME.as-document.jpg shares no album with photos, and a film of that name is not converted."""
    names = ["1.jpg", "2.as-document.jpg", "3.jpg", "4.as-document.avi"]
    coming = members(names)

    released = await sort(spool, coming, list(range(len(coming))), content_of(material))

    assert released == [("uploading", "0001-0003_album"), ("uploading", "0002-0004_album")]
    held = [
        [each.unit.first for each in spool.members(entry)] for entry in spool.all_units("uploading")
    ]
    assert sorted(held) == [[1, 3], [2, 4]]


async def test_the_first_album_leaves_while_the_rest_is_still_to_come(
    spool: Spool, material: Material
) -> None:
    """Ten photos in a row are released before the eleventh has come."""
    coming = members([f"{n}.jpg" for n in range(1, 12)])
    sorting = ReleaseOrder(spool, Config(), JOB, coming)
    for member in coming[:10]:
        path = spool.tmp / f"{member.number}"
        path.write_bytes(material.photo(1).read_bytes())
        await sorting.add(ExtractedMember(member, path))

    assert [str(entry.unit) for entry in spool.all_units("uploading")] == ["0001-0010_album"]
    spool.close()


@settings(max_examples=15)
@given(data=st.data())
async def test_every_member_is_released_once_in_order(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, material: Material
) -> None:
    """In whatever order members come, each is released exactly once, photos first, each kind by name."""
    count = data.draw(st.integers(0, 14))
    names = [
        f"{n}.{data.draw(st.sampled_from(['jpg', 'jpg', 'txt', 'bad']))}" for n in range(count)
    ]
    coming = members(names)
    order = data.draw(st.permutations(range(count)))
    photo = material.photo(1).read_bytes()
    spool = Spool(tmp_path_factory.mktemp("any") / "spool")
    spool.open()

    def content(name: str) -> bytes:
        return (
            photo if name.endswith("jpg") else photo[:200] if name.endswith("bad") else b"words\n"
        )

    released = await sort(spool, coming, order, content)

    sent = [spool.members(entry) for entry in spool.all_units("uploading")]
    numbers = [member.unit.first for album in sent for member in album]
    lost = [entry.unit.first for entry in spool.all_units("quarantine")]
    assert sorted(numbers + lost) == list(range(1, count + 1))
    firsts = {album[0].unit.first for album in sent if album[0].unit.label.endswith("jpg")}
    left = [int(unit[:4]) for folder, unit in released if folder == "uploading"]
    assert left[: len(firsts)] == sorted(firsts)


@pytest.mark.parametrize("patience", [0, 900])
async def test_a_story_mixes_photos_and_videos(
    spool: Spool, material: Material, patience: int
) -> None:
    """By name: one album of both kinds; a GIF stands alone in its place, what is no picture comes behind.

    With patience what must be converted has a place: from its album on all waits.
    """
    names = ["1.jpg", "2.mp4", "3.jpg", "4.mp4", "5.jpg", "6.gif", "7.jpg", "8.txt", "9.avi"]
    coming = members(names)
    content = content_of(material)
    gif = io.BytesIO()
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(gif, "GIF", save_all=True, append_images=frames[1:])

    released = await sort(
        spool,
        coming,
        list(range(len(coming)))[::-1],
        lambda name: gif.getvalue() if name == "6.gif" else content(name),
        SendSettings(order="name", patience=Seconds(patience)),
    )

    behind = [
        ("uploading", "0007=0007_7.jpg"),
        ("uploading", "0008_8.txt"),
        ("deferred", "0009=0009_9.avi"),
    ]
    waiting = [
        ("deferred", "0007-0009=0007_open"),
        ("deferred", "0009=0009_9.avi"),
        ("deferred", "0008-0008_album"),
    ]
    assert released == [
        ("uploading", "0001-0005=0001_album"),
        ("uploading", "0006=0006_6.gif"),
        *(waiting if patience else behind),
    ]


async def test_a_story_by_time(spool: Spool, material: Material) -> None:
    """By when they were taken, whatever their names, and whatever the order in which they come."""
    names = ["IMG_20040612_120300.jpg", "VID_20040612_120100.mp4", "a_20040612_120200.jpg"]
    coming = members(names)

    await sort(spool, coming, [2, 0, 1], content_of(material), SendSettings(order="taken"))

    (album,) = spool.all_units("uploading")
    assert [member.unit.label for member in spool.members(album)] == [
        "VID_20040612_120100.mp4",
        "a_20040612_120200.jpg",
        "IMG_20040612_120300.jpg",
    ]


async def test_a_live_photo_was_taken_when_its_clip_was(spool: Spool, tmp_path: Path) -> None:
    """Where the photo tells no time, its clip does."""
    live.still(tmp_path / "a.jpg", 1)
    Image.new("RGB", (64, 48)).save(tmp_path / "b.jpg")
    live.clip(tmp_path / "b.mov", 2, codec="h264", created="2004-06-12T15:20:00+0200")
    coming = members(["a.jpg", "b.jpg", "b.mov"])

    await sort(
        spool,
        coming,
        [0, 1, 2],
        lambda name: (tmp_path / name).read_bytes(),
        SendSettings(order="taken"),
    )

    (album,) = spool.all_units("uploading")
    stills = [each.unit for each in spool.members(album) if each.unit.still is None]
    assert [unit.label for unit in stills] == ["b.jpg", "a.jpg"]


async def test_crossed_live_photos(spool: Spool, tmp_path: Path) -> None:
    """Identifiers join what names contradict, whatever comes first; times part what only names join."""
    for name, identifier in {"IMG_1": "NUMBER-ONE", "IMG_1 (1)": "NUMBER-TWO"}.items():
        live.still(tmp_path / f"{name}.jpg", 1, identifier)
        other = {"NUMBER-ONE": "NUMBER-TWO", "NUMBER-TWO": "NUMBER-ONE"}[identifier]
        live.clip(tmp_path / f"{name}.mov", 2, other, codec="h264")
    live.still(tmp_path / "IMG_2.jpg", 3)
    live.clip(tmp_path / "IMG_2.mov", 4, codec="h264", created="2004-07-01T15:30:00+0200")
    coming = members([path.name for path in tmp_path.iterdir() if path.suffix in {".jpg", ".mov"}])

    await sort(
        spool,
        coming,
        list(range(6)),
        lambda name: (tmp_path / name).read_bytes(),
        SendSettings(order="name"),
    )

    found = [m.unit for e in spool.all_units("deferred") for m in spool.members(e)]
    stills = {unit.first: unit.label for unit in found if unit.still is None}
    clips = {unit.label: stills[unit.still] for unit in found if unit.still}
    assert clips == {"IMG_1.mov": "IMG_1 (1).jpg", "IMG_1 (1).mov": "IMG_1.jpg"}


async def test_chapters_share_an_album(spool: Spool, material: Material) -> None:
    """Chapters follow each other in one album; where it has no room for all of them another is begun."""
    names = [*(f"A{n}.mp4" for n in range(9)), "GX010001.mp4", "GX010002.mp4", "GX020001.mp4"]
    coming = members(names)

    await sort(spool, coming, list(range(12)), content_of(material))

    albums = [spool.members(entry) for entry in spool.all_units("uploading")]
    assert [len(album) for album in albums] == [9, 3]
    assert [member.unit.label for member in albums[1]] == [
        "GX010001.mp4",
        "GX020001.mp4",
        "GX010002.mp4",
    ]


@pytest.mark.parametrize(
    ("edited", "sent"),
    [
        ("both", ["IMG_1234.jpg", "IMG_E1234.jpg", "IMG_1235.jpg"]),
        ("edited", ["IMG_E1234.jpg", "IMG_1235.jpg"]),
        ("original", ["IMG_1234.jpg", "IMG_1235.jpg"]),
    ],
)
async def test_edited_versions(
    spool: Spool, material: Material, edited: Any, sent: list[str]
) -> None:
    """Both versions follow each other; or only the one that is wanted is sent."""
    coming = members(["IMG_1234.jpg", "IMG_E1234.jpg", "IMG_1235.jpg"])

    await sort(spool, coming, [0, 1, 2], content_of(material), SendSettings(edited=edited))

    (album,) = spool.all_units("uploading")
    assert [member.unit.label for member in spool.members(album)] == sent
