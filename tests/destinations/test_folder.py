"""The folder destination: its posts, its ids, and its page."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from telespool.destinations.folder.destination import FolderDestination
from telespool.destinations.folder.page import CHUNK
from telespool.media.preview import of_file
from telespool.model import Item, VideoInfo
from telespool.pipeline.captions.composing import literally
from telespool.spool.fs_ops import FileOps
from tests.destinations.careless import Careless
from tests.destinations.folders import (
    CHATS,
    argument,
    assert_right,
    file,
    page_data,
    photo,
    posts,
    record,
    send,
)

if TYPE_CHECKING:
    from pathlib import Path


async def test_album(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """Several items are one folder: media under their names, bytes unchanged, caption and record."""
    items = [photo(spool, number) for number in (1, 2, 10)]

    receipts = await send(folder, items, "Summer by the lake")

    assert receipts == {-1: 1, -2: 2, -10: 3}
    assert posts(tmp_path / "posts") == ["000001-000003_album"]
    post = tmp_path / "posts/family/000001-000003_album"
    for item in items:
        assert (post / item.name).read_bytes() == item.path.read_bytes()
    assert (post / "caption.txt").read_text() == "Summer by the lake\n"
    values = record(tmp_path / "posts", post.name)
    assert values["posted"] == "2001-11-20T12:00:00+00:00"
    assert values["caption"] == "Summer by the lake"
    assert [medium["file"] for medium in values["media"]] == [item.name for item in items]
    assert [medium["key"] for medium in values["media"]] == ["-1", "-2", "-10"]
    assert_right(tmp_path / "posts")


async def test_ids(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """Ids count up in each chat by itself, over a restart too."""
    assert await send(folder, [photo(spool, 1), photo(spool, 2)]) == {-1: 1, -2: 2}
    assert await send(folder, [photo(spool, 3)], chat="default") == {-3: 1}

    again = FolderDestination(tmp_path / "posts", CHATS)
    await again.open()

    assert await send(again, [photo(spool, 4)]) == {-4: 3}
    assert posts(tmp_path / "posts") == ["000001-000002_album", "000003_IMG_4"]
    await again.close()


async def test_repeat(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """The same keys again, in this process or the next, find the first post."""
    items = [photo(spool, number) for number in (1, 2)]
    first = await send(folder, items)
    assert await send(folder, items) == first

    again = FolderDestination(tmp_path / "posts", CHATS)
    await again.open()

    assert await send(again, items) == first
    assert posts(tmp_path / "posts") == ["000001-000002_album"]
    await again.close()


async def test_repeat_in_part(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """Of a post that was made in part only the rest is posted."""
    one, two, three = (photo(spool, number) for number in (1, 2, 3))
    await send(folder, [two])

    assert await send(folder, [one, two, three]) == {-2: 1, -1: 2, -3: 3}
    assert_right(tmp_path / "posts")


async def test_same_staged_again(folder: FolderDestination, spool: Path) -> None:
    """What was staged once can be posted again and makes nothing new."""
    staged = [await folder.stage("family", photo(spool, 1))]

    assert await folder.post("family", staged, "") == await folder.post("family", staged, "")


async def test_names_that_clash(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """Equal names, names of our own files and names in other case get along in one post."""
    names = ["IMG.jpg", "img.JPG", "IMG.jpg", "post.json", "caption.txt", "previews"]
    items = [replace(file(spool, number), name=name) for number, name in enumerate(names, 1)]

    await send(folder, items, "caption")

    files = [m["file"] for m in record(tmp_path / "posts", "000001-000006_album")["media"]]
    assert files == [
        "IMG.jpg",
        "img-2.JPG",
        "IMG-3.jpg",
        "post-2.json",
        "caption-2.txt",
        "previews-2",
    ]
    assert_right(tmp_path / "posts")


async def test_hostile_names(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """A name cannot leave its folder, and nothing in it or the caption can end the page's script."""
    nasty = "../../<script>alert('\u2028\\x')</script>.jpg"

    await send(folder, [photo(spool, 1, name=nasty)], f"{literally(nasty)}\n\0")

    assert {entry.name for entry in tmp_path.iterdir()} == {"posts", "spool"}
    assert page_data(tmp_path / "posts")[0]["caption"] == f"{' '.join(nasty.split())}\n\0"
    assert_right(tmp_path / "posts")


async def test_video(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """A video keeps its frame, its thumbnail, and the mark of a converted copy."""
    path = spool / "0007c_clip.mp4"
    path.write_bytes(b"moov")
    frame = VideoInfo(720, 1280, 4.5, silent=True)

    await send(folder, [Item(7, 7, path, "clip.mp4", "video", "video/mp4", frame, b"jpeg")])

    medium = record(tmp_path / "posts", "000001_clip")["media"][0]
    assert {key: medium[key] for key in ("width", "height", "duration", "silent", "converted")} == {
        "width": 720,
        "height": 1280,
        "duration": 4.5,
        "silent": True,
        "converted": True,
    }
    assert (tmp_path / "posts/family/000001_clip" / medium["preview"]).read_bytes() == b"jpeg"


async def test_large_photo(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """A large photo is posted with its small preview and its size as shown, the camera's rotation included."""
    path = spool / "0001_IMG_1.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.effect_noise((1800, 1200), 90).save(path, quality=95, exif=exif)

    await send(
        folder, [Item(1, 1, path, "IMG_1.jpg", "photo", "image/jpeg", picture=of_file(path))]
    )

    medium = record(tmp_path / "posts", "000001_IMG_1")["media"][0]
    assert (medium["width"], medium["height"]) == (1200, 1800)
    with Image.open(tmp_path / "posts/family/000001_IMG_1" / medium["preview"]) as preview:
        assert max(preview.size) <= 1280
        assert preview.size[0] < preview.size[1]


async def test_original_emptied(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """What the spool does to a delivered file does not reach the post."""
    item = photo(spool, 1)
    before = hashlib.sha256(item.path.read_bytes()).digest()
    await send(folder, [item])

    FileOps().truncate(item.path)

    post = tmp_path / "posts/family/000001_IMG_1/IMG_1.jpg"
    assert hashlib.sha256(post.read_bytes()).digest() == before


async def test_progress(folder: FolderDestination, spool: Path) -> None:
    """The bytes that have arrived are told, and end at the size."""
    told: list[int] = []
    item = photo(spool, 1)

    await folder.stage("family", item, told.append)

    assert told[-1] == item.path.stat().st_size
    assert told == sorted(told)


async def test_check(folder: FolderDestination, tmp_path: Path) -> None:
    """A check writes for real and leaves nothing behind."""
    assert await folder.check("family") == "family"
    assert posts(tmp_path / "posts") == []


async def test_page_is_rebuilt(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """Whatever became of the page's files, a start makes them right."""
    for number in range(1, 4):
        await send(folder, [photo(spool, number)])
    root = tmp_path / "posts"
    (root / "_page/family/00000.js").write_text("rubbish")
    (root / "_page/family/00009.js").write_text("rubbish")
    (root / "index.html").unlink()
    (root / "_page/chats.js").unlink()

    again = FolderDestination(root, CHATS)
    await again.open()

    assert_right(root)
    assert not (root / "_page/family/00009.js").exists()
    assert "<main" in (root / "index.html").read_text()
    await again.close()


async def test_only_changed_chunks_are_written(tmp_path: Path, spool: Path) -> None:
    """A post writes its own chunk of the page and no other, however many posts there are."""

    class Watched(Careless):
        def __init__(self) -> None:
            self.replaced: list[str] = []

        def replace(self, temporary: Path, final: Path) -> None:
            self.replaced.append(final.name)
            super().replace(temporary, final)

    disk = Watched()
    folder = FolderDestination(tmp_path / "posts", CHATS, disk)
    await folder.open()
    for number in range(CHUNK + 5):
        await send(folder, [file(spool, number + 1)])
    disk.replaced.clear()

    await send(folder, [file(spool, 900)])

    assert disk.replaced == ["00001.js", "chats.js"]
    assert_right(tmp_path / "posts")
    await folder.close()


async def test_old_chats_stay_on_the_page(
    folder: FolderDestination, tmp_path: Path, spool: Path
) -> None:
    """A chat that left the configuration keeps its posts and its place on the page."""
    await send(folder, [photo(spool, 1)])

    for other in ("lost+found", "notes"):
        (tmp_path / "posts" / other).mkdir()
    again = FolderDestination(tmp_path / "posts", {"default": "me"})
    await again.open()

    assert_right(tmp_path / "posts")
    shown = argument(tmp_path / "posts/_page/chats.js", "chats")
    assert [entry["name"] for entry in shown] == ["default", "family"]
    await again.close()
