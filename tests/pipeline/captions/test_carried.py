"""Captions of files that are not sent as what they were dropped as."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.pipeline.drop_house import House

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A spool of its own."""
    return House(tmp_path)


def photo(path: Path, *, pages: int = 1) -> None:
    """A picture that is like no other; as a TIFF of several pages."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shade = sum(path.name.encode()) % 200
    first, *rest = (Image.new("RGB", (64, 48), (shade, n * 60, 30)) for n in range(pages))
    if rest:
        first.save(path, save_all=True, append_images=rest)
    else:
        first.save(path)


def told(house: House) -> list[list[tuple[str, str]]]:
    """What stands in the chat, post by post: names, and what was written for each."""
    posts = sorted(house.posts.glob("default/*/post.json"))
    media = [json.loads(path.read_text())["media"] for path in posts]
    return [[(each["file"], each.get("caption", "")) for each in post] for post in media]


@pytest.mark.media
@pytest.mark.parametrize("order", ["name", "kind"])
async def test_the_pages_of_a_scan(house: House, order: str) -> None:
    """What was written for a picture stands with each page of it, in an album with others as well."""
    drop = house.inbox / "letters"
    for name in ("01.jpg", "11.jpg"):
        photo(drop / name)
    photo(drop / "06_scan.tif", pages=3)
    (drop / "06_scan.tif.caption.txt").write_text("Grandma's letter")
    (drop / "caption.txt").write_text("Letters")

    await house.work(f'[send]\norder = "{order}"\n')

    captions = {name: caption for post in told(house) for name, caption in post}
    assert len(captions) == 5
    assert {each for name, each in captions.items() if "scan" in name} == {"Grandma's letter"}
    assert house.captions() == {"Letters"}
    (report,) = house.root.glob("done/*/report.txt")
    outcome, *lines = report.read_text().splitlines()
    assert outcome.endswith("0 skipped, 2 captions used")
    assert sum(line.startswith("  used: ") for line in lines) == 2


@pytest.mark.media
@pytest.mark.parametrize("which", ["edited", "original"])
async def test_the_version_that_is_sent(house: House, which: str) -> None:
    """What was written for the version that is left out stands with the one that goes; each caption that does not is told."""
    drop = house.inbox / "trip"
    for name in ("IMG_1.JPG", "IMG_E1.JPG", "IMG_2.JPG", "IMG_E2.JPG"):
        photo(drop / name)
    left, goes = ("", "E") if which == "edited" else ("E", "")
    (drop / f"IMG_{left}1.caption.txt").write_text("Carried")
    (drop / "IMG_2.JPG.caption.txt").write_text("Two")
    (drop / "IMG_E2.caption.txt").write_text("Two, edited")
    (drop / "caption.txt").write_text("Trip")
    photo(drop / "in" / "a.jpg")
    for name in ("in.caption.txt", "in/caption.txt", "in/a.caption.txt", "in/a.jpg.caption.txt"):
        (drop / name).write_text(name)

    await house.work(f'[send]\nedited = "{which}"\n')

    captions = {name: caption for post in told(house) for name, caption in post}
    assert captions == {
        f"IMG_{goes}1.JPG": "Carried",
        f"IMG_{goes}2.JPG": "Two, edited" if goes else "Two",
        "a.jpg": "in/a.jpg.caption.txt",
    }
    (report,) = house.root.glob("done/*/skipped.txt")
    reasons = dict(line.split(": ", 1) for line in report.read_text().splitlines())
    nearer = "a caption of {}, and {} has a nearer one: {}".format
    assert reasons["in/a.caption.txt"] == nearer("a", "in/a.jpg", "in/a.jpg.caption.txt")
    assert reasons["in.caption.txt"] == nearer("in", "in/a.jpg", "in/caption.txt")
    other = "IMG_2.JPG.caption.txt" if goes else "IMG_E2.caption.txt"
    assert "has a nearer one" in reasons[other]
