"""How members come out: one by one, only when they are asked for, in natural numbers, with no trace when ended."""

from __future__ import annotations

import asyncio
import errno
import gzip
import os
import subprocess
from contextlib import aclosing
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import psutil
import pytest

from telespool.archives import Archive, Budget, Engine, Member, member_writer
from telespool.config.schema import ArchiveSettings, Bytes
from telespool.errors import ConfigError, Permanent, Temporary
from tests.archives import making, rar_making
from tests.archives.reading import write

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from telespool.archives import ExtractedPiece

FILES = {f"DCIM/IMG_{n}.JPG": making.noise(1_500_000, str(n)) for n in (10, 2, 1, 9)}


async def _open(path: Path, **more: bool) -> Archive:
    engine = await Engine.find(ArchiveSettings())
    return await engine.open(path, **more)  # type: ignore[arg-type]


def _pieces(archive: Archive, directory: Path, **more: object) -> AsyncGenerator[ExtractedPiece]:
    directory.mkdir(exist_ok=True)
    return cast("AsyncGenerator[ExtractedPiece]", archive.extract(directory, **more))  # type: ignore[arg-type]


def _children() -> list[str]:
    """The 7-Zips that this process has started; other tests may keep whole machines running."""
    own = [c for c in psutil.Process().children(recursive=True) if c.status() != "zombie"]
    return [c.name() for c in own if c.name().startswith("7z")]


@pytest.fixture(params=["zip", "tar", "tar.gz", "rar"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same members in several kinds of archive."""
    made = {
        "zip": lambda: making.simple_zip(FILES),
        "tar": lambda: making.tarred(FILES),
        "tar.gz": lambda: gzip.compress(making.tarred(FILES), 1),
        "rar": lambda: rar_making.rar5([rar_making.Rared(n, d) for n, d in FILES.items()])[0],
    }[request.param]()
    return write(tmp_path / f"x.{request.param}", made)


async def test_numbers_and_order(archive: Path, tmp_path: Path) -> None:
    """Members come in the archive's order and are numbered in natural order."""
    opened = await _open(archive)

    assert [(m.number, m.name) for m in opened.members] == [
        (4, "DCIM/IMG_10.JPG"),
        (2, "DCIM/IMG_2.JPG"),
        (1, "DCIM/IMG_1.JPG"),
        (3, "DCIM/IMG_9.JPG"),
    ]
    pieces = [piece async for piece in _pieces(opened, tmp_path / "out")]
    assert [piece.member for piece in pieces] == list(opened.members)
    assert [piece.path.name for piece in pieces if piece.path] == [
        "0004_IMG_10.JPG", "0002_IMG_2.JPG", "0001_IMG_1.JPG", "0003_IMG_9.JPG",
    ]  # fmt: skip


async def test_skip_and_keep(archive: Path, tmp_path: Path) -> None:
    """What is skipped gives no piece; what is not kept gives one without a file, after 4 KiB of it were shown."""
    asked: dict[int, bytes] = {}

    def keep(member: Member, head: bytes) -> bool:
        asked[member.number] = head
        return member.number != 1

    opened = await _open(archive)
    pieces = [p async for p in _pieces(opened, tmp_path / "out", skip={4}, keep=keep)]

    assert [(p.member.number, p.path is not None, p.damage) for p in pieces] == [
        (2, True, None), (1, False, None), (3, True, None),
    ]  # fmt: skip
    assert sorted(asked) == [1, 2, 3]
    assert all(
        len(head) >= 4096 and FILES[f"DCIM/IMG_{n}.JPG"].startswith(head)
        for n, head in asked.items()
        if n != 3
    )
    assert len(list((tmp_path / "out").iterdir())) == 2


async def test_it_stands_still_while_nobody_asks(archive: Path, tmp_path: Path) -> None:
    """Between two pieces nothing more is written; when the iterator is closed the child is gone."""
    opened = await _open(archive)
    async with aclosing(_pieces(opened, tmp_path / "out")) as pieces:
        first = await anext(pieces)
        for _ in range(50):
            await asyncio.sleep(0)

        assert first.path is not None
        assert list((tmp_path / "out").iterdir()) == [first.path]

    assert not _children()


async def test_cancelled_in_the_middle(archive: Path, tmp_path: Path) -> None:
    """Whoever is cancelled while a member is written leaves no child, and no half of a file."""
    opened = await _open(archive)
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def keep(_: Member, __: bytes) -> bool:
        loop.call_soon_threadsafe(started.set)
        return True

    async def all_of_it() -> None:
        async with aclosing(_pieces(opened, tmp_path / "out", keep=keep)) as pieces:
            async for _ in pieces:
                pass

    task = asyncio.create_task(all_of_it())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert not _children()
    for path in (tmp_path / "out").iterdir():
        assert path.read_bytes() in FILES.values()


async def test_a_sparse_file_is_broken_off(tmp_path: Path) -> None:
    """The holes of a sparse file come from nowhere; their end does not have to be waited for."""
    with (tmp_path / "holes.bin").open("wb") as file:
        file.truncate(9 << 30)
        file.seek(8 << 30)
        file.write(b"end")
    command = ["tar", "-cSf", str(tmp_path / "x.tar"), "-C", str(tmp_path), "holes.bin"]
    subprocess.run(command, check=True)
    boundless = ArchiveSettings(max_ratio=1e9, max_member=Bytes(1 << 40), max_total=Bytes(1 << 40))
    opened = await (await Engine.find(boundless)).open(tmp_path / "x.tar")
    out = tmp_path / "out"

    async def all_of_it() -> None:
        async with aclosing(_pieces(opened, out)) as pieces:
            async for _ in pieces:
                pass

    task = asyncio.create_task(all_of_it())
    while not (out.exists() and any(path.stat().st_size for path in out.iterdir())):
        assert not task.done()
        await asyncio.sleep(0.01)
    grown = max(path.stat().st_size for path in out.iterdir())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert grown < 8 << 30
    assert list(out.iterdir()) == []


async def test_nothing_is_overwritten(archive: Path, tmp_path: Path) -> None:
    """A file that stands in the way is left alone, and the sentence names the archive."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "0002_IMG_2.JPG").write_bytes(b"mine")
    opened = await _open(archive)

    with pytest.raises(Permanent, match="cannot be unpacked here"):
        _ = [piece async for piece in _pieces(opened, tmp_path / "out")]

    assert (tmp_path / "out" / "0002_IMG_2.JPG").read_bytes() == b"mine"
    assert not _children()


async def test_disk_is_full(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is nobody's fault: Temporary, and the half of a file that was there is gone."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(member_writer, "os", SimpleNamespace(**{**vars(os), "write": full}))
    opened = await _open(archive)

    with pytest.raises(Temporary, match="disk is full") as caught:
        _ = [piece async for piece in _pieces(opened, tmp_path / "out")]

    assert caught.value.scope == "all"
    assert not list((tmp_path / "out").iterdir())
    assert not _children()


async def test_junk_is_no_member(tmp_path: Path) -> None:
    """What systems leave behind is no member; a hidden file is one where everything is asked for."""
    files = {
        "IMG_1.JPG": b"1", "__MACOSX/._IMG_1.JPG": b"2", ".DS_Store": b"3", "a/Thumbs.db": b"4", "._x.jpg": b"5",
        ".hidden/x.jpg": b"6", "a/desktop.ini": b"7", "a.b/IMG_2.JPG": b"8",
    }  # fmt: skip
    path = write(tmp_path / "x.zip", making.simple_zip(files))

    assert [m.name for m in (await _open(path)).members] == ["IMG_1.JPG", "a.b/IMG_2.JPG"]
    everything = (await _open(path, everything=True)).members
    assert [m.name for m in everything] == ["IMG_1.JPG", ".hidden/x.jpg", "a.b/IMG_2.JPG"]


async def test_empty_files_alone_are_nothing(tmp_path: Path) -> None:
    """An archive of empty files holds nothing to send."""
    path = write(tmp_path / "x.zip", making.simple_zip({"a.jpg": b"", "b.jpg": b""}))

    with pytest.raises(Permanent, match=r"nothing in x\.zip"):
        await _open(path)


async def test_budget_is_shared(tmp_path: Path) -> None:
    """Two archives of one drop have one budget between them."""
    settings = replace(ArchiveSettings(), max_total=Bytes(150_000))
    engine = await Engine.find(settings)
    budget = Budget(settings, 1 << 20)
    path = write(tmp_path / "x.zip", making.simple_zip({"a": making.noise(100_000)}))
    first = await engine.open(path, budget=budget)
    _ = [piece async for piece in _pieces(first, tmp_path / "out")]

    with pytest.raises(Permanent, match=r"archives\.max_total"):
        await engine.open(path, budget=budget)
    assert budget.passed is not None


async def test_engine_says_what_it_is() -> None:
    """The engine that was found has a version and says whether it reads RAR."""
    engine = await Engine.find(ArchiveSettings())

    assert engine.program.is_file()
    assert float(engine.version) >= 20
    assert engine.reads_rar


async def test_no_engine() -> None:
    """Without a 7-Zip the sentence says what to install."""
    with pytest.raises(ConfigError, match=r"7-Zip .* was not found: install"):
        await Engine.find(replace(ArchiveSettings(), command=("no-such-7zip",)))


async def test_engine_without_rar(tmp_path: Path) -> None:
    """A RAR is refused with what to install where 7-Zip cannot read it."""
    engine = replace(await Engine.find(ArchiveSettings()), reads_rar=False)
    path = write(tmp_path / "x.rar", rar_making.rar5([rar_making.Rared("a", b"1")])[0])

    with pytest.raises(Permanent, match="cannot read RAR: install the package 7zip-rar"):
        await engine.open(path)
