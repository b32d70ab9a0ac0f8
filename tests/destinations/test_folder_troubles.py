"""The folder destination in trouble: there is exactly one of each post, whatever dies."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from telespool.destinations.folder.destination import FolderDestination
from telespool.errors import ConfigError, Temporary
from telespool.model import VideoInfo
from telespool.spool.fs_ops import FileOps
from tests.destinations.careless import Careless
from tests.destinations.folders import (
    CHATS,
    assert_right,
    file,
    page_data,
    photo,
    posts,
    record,
    send,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


async def test_unknown_chat(folder: FolderDestination, spool: Path) -> None:
    """What is for a chat that is not configured waits for it: no file is to blame."""
    with pytest.raises(Temporary, match=r"no chat called 'gone'.*\[chats\]") as caught:
        await folder.stage("gone", photo(spool, 1))
    assert (caught.value.scope, caught.value.kind) == ("chat", "chat")


async def test_path_is_a_file(tmp_path: Path) -> None:
    """A file in the place of the folder is a mistake in the configuration."""
    (tmp_path / "posts").write_text("")

    with pytest.raises(ConfigError, match="is a file"):
        await FolderDestination(tmp_path / "posts", CHATS).open()


async def test_source_gone(folder: FolderDestination, spool: Path) -> None:
    """A file that left the spool meanwhile is no failure."""
    item = photo(spool, 1)
    item.path.unlink()

    with pytest.raises(Temporary, match="gone from the spool"):
        await folder.stage("family", item)


async def test_disk_full(tmp_path: Path, spool: Path) -> None:
    """A full disk makes everybody wait, and the post is made when there is room."""

    class Full(FileOps):
        full = True

        def write(self, path: Path, data: bytes) -> None:
            if self.full and path.name == "post.json":
                raise OSError(28, "No space left on device", str(path))
            super().write(path, data)

    disk = Full()
    folder = FolderDestination(tmp_path / "posts", CHATS, disk)
    await folder.open()
    staged = [await folder.stage("family", photo(spool, number)) for number in (1, 2)]
    with pytest.raises(Temporary, match="is full") as caught:
        await folder.post("family", staged, "")
    assert (caught.value.scope, caught.value.kind) == ("all", "disk")

    disk.full = False

    assert await folder.post("family", staged, "") == {-1: 1, -2: 2}
    assert_right(tmp_path / "posts")
    await folder.close()


async def test_removed_by_hand(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """A post that somebody removes leaves the page, and its keys are free again."""
    for number in (1, 2, 3):
        await send(folder, [photo(spool, number)])
    FileOps().rmtree(tmp_path / "posts/family/000002_IMG_2")

    assert await send(folder, [photo(spool, 2)]) == {-2: 4}

    assert [entry["directory"] for entry in page_data(tmp_path / "posts")] == posts(
        tmp_path / "posts"
    )


async def test_two_at_once(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """Two processes may post to one folder, and a start of one does not disturb the other."""
    staged = [await folder.stage("family", photo(spool, 1))]
    other = FolderDestination(tmp_path / "posts", CHATS)
    await other.open()

    assert await send(other, [photo(spool, 2)]) == {-2: 1}
    assert await folder.post("family", staged, "") == {-1: 2}
    assert_right(tmp_path / "posts")
    await other.close()


class Death(BaseException):
    """The process dies here."""


def _dying(budget: int) -> FileOps:
    """A disk that lets `budget` calls pass, and dies before the next and at every one after it."""
    left = itertools.count(budget, -1)

    def before(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **more: Any) -> Any:
            if next(left) <= 0:
                raise Death
            return call(*args, **more)

        return counted

    disk = Careless()
    for name in [name for name in vars(FileOps) if not name.startswith("_")]:
        setattr(disk, name, before(getattr(disk, name)))
    return disk


async def test_death_before_every_call(tmp_path: Path, spool: Path) -> None:
    """Death before any call that changes the disk, then a repeat: exactly one post of each, and no litter."""
    album = [photo(spool, number) for number in (1, 2)]
    single = replace(
        file(spool, 3), kind="video", frame=VideoInfo(640, 360, 1.0), thumbnail=b"jpeg"
    )

    async def all_of_it(folder: FolderDestination) -> list[Mapping[int, int]]:
        await folder.open()
        return [await send(folder, album, "caption"), await send(folder, [single])]

    for deaths in itertools.count():
        root = tmp_path / f"posts-{deaths}"
        dying = FolderDestination(root, CHATS, _dying(deaths))
        died = False
        try:
            await all_of_it(dying)
        except Death:
            died = True
        await dying.close()

        again = FolderDestination(root, CHATS, Careless())
        receipts = await all_of_it(again)

        assert receipts == [{-1: 1, -2: 2}, {3: 3}]
        assert posts(root) == ["000001-000002_album", "000003_notes-3"]
        assert_right(root)
        assert [entry for entry in (root / ".staging").iterdir() if entry.is_dir()] == []
        await again.close()
        if not died:
            break
    assert deaths > 40


async def test_photo_that_cannot_be_read(
    folder: FolderDestination, tmp_path: Path, spool: Path
) -> None:
    """A photo without a preview is still a post: whether it is a photo is not decided here."""
    item = replace(file(spool, 1, "odd.jpg"), kind="photo", mime="image/jpeg")

    assert await send(folder, [item]) == {1: 1}
    assert "width" not in record(tmp_path / "posts", "000001_odd")["media"][0]
