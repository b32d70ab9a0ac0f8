"""A file that is in the drop twice, with its clip; and files that are still to come when nothing comes any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.archives.members import Member
from telespool.belonging import About, Kinship
from telespool.config import loader
from telespool.media.compatibility import Assessment
from telespool.pipeline.unpack.assessed_member import AssessedMember
from telespool.pipeline.unpack.live_pairs import LivePairs
from telespool.pipeline.unpack.release_order import ReleaseOrder
from telespool.pipeline.unpack.sources import ExtractedMember
from telespool.spool.names import Unit
from telespool.spool.receipts import Receipt
from tests.laying import JOB

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.spool import Spool
    from tests.material import Material


def member(path: Path, number: int, clip: AssessedMember | None = None) -> AssessedMember:
    """A photo, or a clip that has no clip itself."""
    path.write_bytes(b"data")
    kind, mime = ("photo", "image/jpeg") if path.suffix == ".jpg" else ("video", "video/mp4")
    verdict = Assessment(kind=kind, action="send", mime=mime)  # type: ignore[arg-type]
    return AssessedMember(
        Unit(number, path.name), path, path.name, verdict, about=About(), clip=clip
    )


@pytest.mark.parametrize("rule", ["skip", "quarantine"])
async def test_the_same_twice(spool: Spool, rule: str) -> None:
    """It is left out, or refused; its clip is looked at by itself."""
    config = loader.parse(f'[inbox]\nduplicates = "{rule}"\n', "config.toml")
    coming = [Member(1, "a.jpg", 4), Member(2, "a.mov", 4)]
    order = ReleaseOrder(spool, config, JOB, coming)
    clip = member(spool.tmp / "a.mov", 2)
    photo = member(spool.tmp / "a.jpg", 1, clip)
    for each in coming:
        order._account.lines[each.number] = Receipt(
            each.number, 0, 4, f"{each.number}" * 64, each.name
        )
        order._to_come.came(each.number)
    await order._keep_back(photo, "b.jpg")
    await order.finish()
    assert [str(entry.unit) for entry in spool.all_units("uploading")] == ["0002_a.mov"]
    refused = [str(entry.unit) for entry in spool.all_units("quarantine")]
    assert refused == (["0001_a.jpg"] if rule == "quarantine" else [])


async def test_what_is_let_go(spool: Spool, material: Material) -> None:
    """What has come leaves though others before it have not; these are told to be missing."""
    config = loader.parse("", "config.toml")
    coming = [Member(1, "a.jpg", None), Member(2, "b.jpg", None)]
    order = ReleaseOrder(spool, config, JOB, coming)
    path = spool.tmp / "b.jpg"
    path.write_bytes(material.photo(2).read_bytes())
    await order.add(ExtractedMember(coming[1], path))
    assert order.holds_back
    await order.finish()
    assert [str(entry.unit) for entry in spool.all_units("uploading")] == ["0002_b.jpg"]
    assert order.missing == [1]
    assert order._take(2) is None


async def test_halves_that_are_let_go(spool: Spool) -> None:
    """A still takes its clip along, also where both waited for what does not come."""
    coming = [Member(1, "0.jpg", None), Member(2, "a.jpg", 4), Member(3, "a.mov", 4)]
    order = ReleaseOrder(spool, loader.parse("", "config.toml"), JOB, coming)
    order._ready = {n: member(spool.tmp / coming[n - 1].name, n) for n in (2, 3)}
    order._pairs.came(3, order._ready[3])
    await order.let_go()
    (album,) = spool.all_units("uploading")
    assert [each.path.name for each in spool.members(album)] == ["0002_a.jpg", "0003~0002_a.mov"]


def test_a_clip_that_has_left(tmp_path: Path) -> None:
    """Its still goes alone."""
    kin = Kinship.of({1: "a.jpg", 2: "a.mov"})
    pairs = LivePairs(kin, lambda _: None)
    pairs.came(2, member(tmp_path / "a.mov", 2))
    still = member(tmp_path / "a.jpg", 1)
    assert pairs.join(still) == still
