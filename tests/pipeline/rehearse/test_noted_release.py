"""What is foretold of members of which only the names are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.archives.members import Member
from telespool.belonging import Kinship
from telespool.config import loader
from telespool.pipeline.claim.drop import Drop
from telespool.pipeline.rehearse.foretelling import _kin
from telespool.pipeline.rehearse.noted_release import NotedOrder
from telespool.pipeline.rehearse.rehearsal import _open
from telespool.pipeline.unpack.sources import ExtractedMember, Rules
from telespool.spool.fs_ops import FileOps
from tests.laying import JOB

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.spool import Spool


@pytest.mark.parametrize(
    ("raw", "names", "becomes"),
    [
        ("jpeg", ["a.cr2"], ["photo"]),
        ("document", ["a.cr2"], ["file"]),
        ("leave", ["in.zip", "x", "a.jpg"], ["unpacked", "unknown", "photo"]),
        ("leave", ["IMG_1.HEIC", "IMG_E1.HEIC"], ["photo"]),
    ],
)
async def test_by_their_names(spool: Spool, raw: str, names: list[str], becomes: list[str]) -> None:
    """Photos, raws, archives inside, and what no name tells; of two versions one."""
    edited = 'edited = "edited"' if "IMG_E1.HEIC" in names else ""
    config = loader.parse(f'[send]\nraw = "{raw}"\n{edited}\n', "config.toml")
    members = [Member(number, name, None) for number, name in enumerate(names, 1)]
    order = NotedOrder(spool, config, JOB, members)
    for member in members:
        await order.add(ExtractedMember(member, unseen=True))
    await order.finish()
    assert sorted(each.becomes for each in order.out.noted.values()) == sorted(becomes)


def test_whom_a_file_belongs_to() -> None:
    """Chapters, lenses of one moment, bursts, and edited versions are told."""
    names = {1: "a.jpg", 2: "b.jpg"}
    kin = Kinship(chapters={1: (1, 2)}, views={1: (1, 2)}, bursts={1: (1, 2)}, edited={1: 2})
    assert [*_kin(1, kin, names)] == [
        "chapter 1 of 2",
        "one of 2 lenses at that moment",
        "of a burst of 2",
        "edited from b.jpg",
    ]


async def test_a_folder_beside_its_password(tmp_path: Path) -> None:
    """It is a folder, though it is called like an archive."""
    (tmp_path / "a.zip").mkdir()
    (tmp_path / "a.zip.password").write_text("secret")
    drop = Drop(tmp_path / "a.zip", "default", (), beside=(tmp_path / "a.zip.password",))
    rules = Rules(tmp_path / "out", None, (), "skip", 2, FileOps())
    assert (await _open(drop, rules)).kind == "folder"
