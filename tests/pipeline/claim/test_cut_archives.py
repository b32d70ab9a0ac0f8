"""Archives that programs cut under unusual names, rotated backups that only look so, and documents that are packed."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from telespool.archives.signatures import recognise
from tests.pipeline.drop_house import House, pack

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["pic.zip.{}", "pic.7z.{}", "w.part{:02d}.zip", "w.part{}.7z"]


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("way", ["folder", "inbox"])
async def test_pieces_are_joined(
    house: House, tmp_path: Path, photos: Path, names: str, way: str
) -> None:
    """What only makes an archive together is one."""
    whole = tmp_path / f"whole.{'7z' if '7z' in names else 'zip'}"
    pack(whole, photos)
    data = whole.read_bytes()
    place = house.inbox if way == "inbox" else tmp_path / "trip"
    place.mkdir(exist_ok=True)
    third = len(data) // 3
    for n in range(3):
        part = data[n * third : None if n == 2 else (n + 1) * third]
        (place / names.format(n + 1)).write_bytes(part)
    if way == "folder":
        place.rename(house.inbox / "trip")

    await house.work()

    assert len(house.posted()) == 3
    assert list(house.root.glob("quarantine/*")) == []


@pytest.mark.parametrize("names", [*NAMES, "backup.tar.gz.{}"])
async def test_whole_archives_stay_apart(
    house: House, tmp_path: Path, photos: Path, names: str
) -> None:
    """Archives that are numbered are each their own: nothing waits for others, nothing is joined."""
    for n, photo in enumerate(sorted(photos.iterdir()), 1):
        folder = tmp_path / f"of {n}"
        folder.mkdir()
        photo.rename(folder / photo.name)
        kind = "7z" if "7z" in names else "zip"
        pack(tmp_path / f"x{n}.{kind}", folder)
        (tmp_path / f"x{n}.{kind}").rename(house.inbox / names.format(n))

    await house.work()

    assert len(house.posted()) == 3
    assert len(list(house.root.glob("done/*/0000_*"))) == 3


async def test_packed_documents_keep_their_endings(house: House, tmp_path: Path) -> None:
    """Stickers and packed drawings are documents, and are posted as they are."""
    sticker = {"tgs": 1, "v": "5.5.2", "fr": 60, "ip": 0, "op": 180, "layers": []}
    drawing = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.tgs").write_bytes(gzip.compress(json.dumps(sticker).encode()))
    (tmp_path / "docs" / "b.svgz").write_bytes(gzip.compress(drawing))
    (tmp_path / "docs" / "c.txt.gz").write_bytes(gzip.compress(b"some words"))
    assert [recognise(path) for path in sorted((tmp_path / "docs").iterdir())] == [
        None,
        None,
        "gzip",
    ]
    (tmp_path / "docs").rename(house.inbox / "docs")

    await house.work('others = "document"\n')

    names = {path.name for path in house.posts.glob("default/*/*")}
    assert {"a.tgs", "b.svgz", "c.txt"} <= names
