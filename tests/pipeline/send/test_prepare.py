"""The forms in which a file may be sent, to the last one; and what has none."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from telespool.config import loader
from telespool.errors import NeedsConversion, Permanent
from telespool.pipeline.send.prepare import Preparer
from tests.laying import lay
from tests.pipeline.unpack.test_raws import raw

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.spool import Spool
    from telespool.spool.layout import Entry
    from tests.material import Material

pytestmark = pytest.mark.media


def preparer(spool: Spool, more: str = "") -> Preparer:
    """The one of this spool."""
    return Preparer(spool, loader.parse(f"[send]\n{more}\n", "config.toml"))


def laid(spool: Spool, name: str, source: Path) -> Entry:
    """A unit with this content."""
    entry = lay(spool, f"uploading/{name}")
    shutil.copyfile(source, entry.path)
    return entry


async def kinds(found: Preparer, entry: Entry) -> list[str]:
    """What each of its forms is sent as."""
    return [item.kind async for item in found.forms(entry)]


async def test_all_forms(spool: Spool, material: Material, tmp_path: Path) -> None:
    """Of a photo, of a document, of a camera raw with a photo inside and of one without."""
    found = preparer(spool, 'raw = "jpeg"\nvideo_cover = false')
    photo = material.photo(1)
    assert await kinds(found, laid(spool, "0001_a.jpg", photo)) == ["photo", "photo", "document"]
    assert await kinds(found, laid(spool, "0002_a.as-document.jpg", photo)) == ["document"]
    with_photo, inner = raw(tmp_path / "b.CR2")
    assert await kinds(found, laid(spool, "0003_b.CR2", with_photo)) == [
        "photo",
        "photo",
        "document",
    ]
    bare = tmp_path / "c.CR2"
    bare.write_bytes(
        with_photo.read_bytes().replace(inner.read_bytes(), bytes(inner.stat().st_size))
    )
    assert await kinds(found, laid(spool, "0004_c.CR2", bare)) == ["document"]
    film = laid(spool, "0005_d.mp4", material.clip("mp4"))
    (item,) = [each async for each in found.forms(film)]
    assert (item.kind, item.cover) == ("video", None)


async def test_what_has_none(spool: Spool, tmp_path: Path) -> None:
    """A picture of several pages is converted; a password is never sent; what is cut off says so by its name."""
    found = preparer(spool)
    pages = tmp_path / "pages.tiff"
    first, *more = (Image.new("RGB", (64, 48), colour) for colour in ("red", "blue"))
    first.save(pages, save_all=True, append_images=more)
    with pytest.raises(NeedsConversion):
        await kinds(found, laid(spool, "0001_pages.tiff", pages))
    with pytest.raises(Permanent, match=r"a\.zip\.password holds a password"):
        await kinds(found, lay(spool, "uploading/0002_a.zip.password"))
    whole = tmp_path / "whole.png"
    Image.new("RGB", (64, 48)).save(whole)
    cut = tmp_path / "cut.png"
    cut.write_bytes(whole.read_bytes()[:41])
    with pytest.raises(Permanent, match=r"cut\.png"):
        await kinds(found, laid(spool, "0003_cut.png", cut))
