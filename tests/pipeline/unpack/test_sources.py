"""What comes out of a drop, whatever is wrong with an archive, one inside it, or what is beside it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from telespool.archives.limits import Budget
from telespool.archives.members import ExtractedPiece, Member
from telespool.clutter import IGNORED
from telespool.config.schema import ArchiveSettings
from telespool.errors import NoRoom, Permanent, ToolFault
from telespool.pipeline.unpack.sources import inner_archives, open_source, opened
from telespool.pipeline.unpack.sources.archive import UnpackingSource
from telespool.pipeline.unpack.sources.base import (
    PASSWORD,
    TOO_DEEP,
    ExtractedMember,
    Rules,
)
from telespool.pipeline.unpack.sources.file import FileSource
from telespool.spool.fs_ops import FileOps
from telespool.spool.names import NESTED
from tests.laying import lay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from telespool.archives.members import Archive
    from telespool.spool import Spool

IN = Member(1, "in.zip", 4)


def rules(tmp: Path, **more: Any) -> Rules:
    """Those of a drop on a machine without 7-Zip."""
    return Rules(tmp, None, (), "skip", 2, FileOps(), **more)


def test_why_a_member_is_left_out(tmp_path: Path) -> None:
    """By its name and its first bytes; what cannot be looked at now is looked at again later."""

    def fails(*_: object) -> Any:
        raise OSError

    found = rules(tmp_path, look=fails, ignore=("*.tmp",))
    assert found.reason("a.tmp", 2) == IGNORED
    assert not found.wanted("a.tmp", b"", 2)
    assert found.reason("a.zip.password", 2) == PASSWORD
    assert found.reason("a.zip", 1) == TOO_DEEP
    assert found.glance(Member(1, "a.jpg", 4), tmp_path) is None


async def test_a_folder_that_is_called_like_an_archive(tmp_path: Path) -> None:
    """What is no archive, with a caption beside it, is a folder of both."""
    for name in ("a.zip", "a.zip.caption.txt"):
        (tmp_path / name).write_text("no archive")
    files = sorted(tmp_path.iterdir())
    source = await opened(tmp_path, files[0], "a.zip", rules(tmp_path), files)
    assert source.kind == "folder"


async def test_one_file(spool: Spool) -> None:
    """It is its own member, and comes out once."""
    drop = lay(spool, "incoming/0000_a.jpg")
    source = await open_source(drop, drop.path, rules(spool.tmp))
    assert isinstance(source, FileSource)
    assert [each.member.name async for each in source.pieces(skip=())] == ["a.jpg"]
    assert [each async for each in source.pieces(skip={1})] == []
    assert source.next_size() == 0
    await source.close()


async def _inside(source: UnpackingSource, path: Path) -> list[ExtractedMember]:
    return [each async for each in source.unpack_inner([(IN, path)], 1, ())]


@pytest.mark.parametrize(
    ("content", "opens", "says"),
    [
        (b"no archive", None, ""),
        (b"PK\x03\x04", SimpleNamespace(members=range(NESTED)), f"more than {NESTED - 1} members"),
        (b"PK\x03\x04", Permanent("It is broken."), "It is broken."),
        (b"PK\x03\x04", NoRoom("It is full.", needed=2, free=1), None),
        (b"PK\x03\x04", ToolFault("7-Zip does not work.", tool="7-Zip"), None),
    ],
)
async def test_an_archive_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, opens: Any, says: str | None
) -> None:
    """What is none comes as it is; of what is wrong with one it says so; what is the machine's is raised."""
    path = tmp_path / "in.zip"
    path.write_bytes(content)

    async def open_archive(*_: object) -> Any:
        if isinstance(opens, Exception):
            raise opens
        return opens

    monkeypatch.setattr(inner_archives, "open_archive", open_archive)
    source = UnpackingSource(rules(tmp_path / "out"))
    if says is None:
        with pytest.raises(type(opens)):
            await _inside(source, path)
        return
    (piece,) = await _inside(source, path)
    assert piece.path == path
    assert says in piece.refused


class _Broken:
    """An archive of one member, which does not come out; then its run ends in an error, or does not."""

    members = (Member(1, "a.jpg", 4),)
    left_out = (("link", "it is a link"),)
    damage = ""
    name = "in.zip"
    budget = Budget(ArchiveSettings(), 4)

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def extract(self, *_: object, **__: object) -> AsyncIterator[ExtractedPiece]:
        """Say that the member is damaged."""
        yield ExtractedPiece(self.members[0], None, damage="it is damaged")
        if self._error is not None:
            raise self._error


async def test_damage_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told with the archive it lies in; an error of the run itself is raised."""

    async def open_archive(*_: object) -> Archive:
        return cast("Archive", _Broken(None))

    monkeypatch.setattr(inner_archives, "open_archive", open_archive)
    path = tmp_path / "in.zip"
    path.write_bytes(b"PK\x03\x04")
    source = UnpackingSource(rules(tmp_path / "out"))
    pieces = await _inside(source, path)
    assert [each.left_out for each in pieces] == ["", "it is damaged"]
    assert source.damage == ["in.zip → a.jpg: it is damaged"]
    assert [str(each) for each in source.left_out] == ["in.zip → link: it is a link"]
    await source.close()
    broken = cast("Archive", _Broken(Permanent("It ends too soon.")))
    with pytest.raises(Permanent, match="It ends too soon"):
        _ = [each async for each in source.unpack(broken, 0, 1, ())]
