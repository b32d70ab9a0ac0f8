"""The folder destination: its posts, its ids, and that there is exactly one of each, whatever dies."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from daemon.destinations.base import Frame, Item
from daemon.destinations.folder import FolderDestination
from daemon.destinations.page import CHUNK
from daemon.disk import Disk
from daemon.errors import ConfigError, Permanent, Temporary
from tests.destinations.careless import Careless

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

CHATS = {"default": "me", "family": "@family"}
NOON = 1_795_176_000.0


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A place where the files to post lie."""
    spool = tmp_path / "spool"
    spool.mkdir()
    return spool


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[FolderDestination]:
    """An open destination in a folder that was not there."""
    folder = FolderDestination(tmp_path / "posts", CHATS, clock=lambda: NOON)
    await folder.open()
    yield folder
    await folder.close()


def photo(spool: Path, number: int, size: tuple[int, int] = (60, 40), name: str = "") -> Item:
    """A photo of the spool."""
    path = spool / f"{number:04d}_IMG_{number}.jpg"
    Image.new("RGB", size, (number * 20 % 255, 90, 90)).save(path, quality=95)
    return Item(
        key=-number,
        upload_key=number,
        path=path,
        name=name or f"IMG_{number}.jpg",
        kind="photo",
        mime="image/jpeg",
    )


def file(spool: Path, number: int, name: str = "") -> Item:
    """Any other file of the spool; what is in it does not matter here."""
    name = name or f"notes-{number}.pdf"
    path = spool / f"{number:04d}_{name}"
    path.write_bytes(f"%PDF {number}".encode())
    return Item(number, number, path, name, "document", "application/pdf")


async def send(
    folder: FolderDestination, items: Sequence[Item], caption: str = "", chat: str = "family"
) -> Mapping[int, int]:
    """Stage and post, as the uploader does."""
    staged = [await folder.stage(chat, item) for item in items]
    return await folder.post(chat, staged, caption)


def posts(root: Path, chat: str = "family") -> list[str]:
    """The folders of a chat's posts."""
    return sorted(entry.name for entry in (root / chat).iterdir())


def record(root: Path, name: str, chat: str = "family") -> dict[str, Any]:
    """What a post's record says."""
    values: dict[str, Any] = json.loads((root / chat / name / "post.json").read_text())
    return values


def page_data(root: Path, chat: str = "family") -> list[dict[str, Any]]:
    """The posts the page would show, through the chunks it is told of."""
    found: list[dict[str, Any]] = []
    for entry in _argument(root / "_page/chats.js", "chats"):
        for chunk in entry["chunks"] if entry["name"] == chat else []:
            path = root / f"_page/{chat}/{chunk['number']:05d}.js"
            shown = _argument(path, "chunk", chat, chunk["number"])
            assert len(shown) == chunk["posts"]
            found += shown
    return found


def _argument(path: Path, function: str, *first: object) -> list[dict[str, Any]]:
    arguments = json.loads(
        "[" + path.read_text().strip().removeprefix(f"telespool.{function}(")[:-1] + "]"
    )
    assert arguments[:-1] == list(first)
    last: list[dict[str, Any]] = arguments[-1]
    return last


def assert_right(root: Path, chat: str = "family") -> None:
    """Nothing twice, ids without a gap, every file as recorded, and a page that shows just this."""
    records = [record(root, name, chat) for name in posts(root, chat)]
    media = [medium for entry in records for medium in entry["media"]]
    assert [medium["message"] for medium in media] == list(range(1, len(media) + 1))
    assert len({medium["key"] for medium in media}) == len(media)
    for name, entry in zip(posts(root, chat), records, strict=True):
        for medium in entry["media"]:
            assert (root / chat / name / medium["file"]).stat().st_size == medium["size"]
    shown = [
        {key: value for key, value in entry.items() if key != "directory"}
        for entry in page_data(root, chat)
    ]
    assert shown == records
    assert [entry["directory"] for entry in page_data(root, chat)] == posts(root, chat)


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
    assert values["posted"] == "2026-11-20T12:00:00+00:00"
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

    await send(folder, [photo(spool, 1, name=nasty)], f"{nasty}\n\0")

    assert {entry.name for entry in tmp_path.iterdir()} == {"posts", "spool"}
    assert page_data(tmp_path / "posts")[0]["caption"] == f"{nasty}\n\0"
    assert_right(tmp_path / "posts")


async def test_video(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """A video keeps its frame, its thumbnail, and the mark of a converted copy."""
    path = spool / "0007c_clip.mp4"
    path.write_bytes(b"moov")
    frame = Frame(720, 1280, 4.5, silent=True)

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
    """A large photo gets a small preview and its size as shown, the camera's rotation included."""
    path = spool / "0001_IMG_1.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.effect_noise((1800, 1200), 90).save(path, quality=95, exif=exif)

    await send(folder, [Item(1, 1, path, "IMG_1.jpg", "photo", "image/jpeg")])

    medium = record(tmp_path / "posts", "000001_IMG_1")["media"][0]
    assert (medium["width"], medium["height"]) == (1200, 1800)
    with Image.open(tmp_path / "posts/family/000001_IMG_1" / medium["preview"]) as preview:
        assert max(preview.size) <= 1280
        assert preview.size[0] < preview.size[1]


async def test_photo_that_cannot_be_read(
    folder: FolderDestination, tmp_path: Path, spool: Path
) -> None:
    """A photo without a preview is still a post: whether it is a photo is not decided here."""
    item = replace(file(spool, 1, "odd.jpg"), kind="photo", mime="image/jpeg")

    assert await send(folder, [item]) == {1: 1}
    assert "width" not in record(tmp_path / "posts", "000001_odd")["media"][0]


async def test_original_emptied(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """What the spool does to a delivered file does not reach the post."""
    item = photo(spool, 1)
    before = hashlib.sha256(item.path.read_bytes()).digest()
    await send(folder, [item])

    Disk().truncate(item.path)

    post = tmp_path / "posts/family/000001_IMG_1/IMG_1.jpg"
    assert hashlib.sha256(post.read_bytes()).digest() == before


async def test_progress(folder: FolderDestination, spool: Path) -> None:
    """The bytes that have arrived are told, and end at the size."""
    told: list[int] = []
    item = photo(spool, 1)

    await folder.stage("family", item, told.append)

    assert told[-1] == item.path.stat().st_size
    assert told == sorted(told)


async def test_unknown_chat(folder: FolderDestination, spool: Path) -> None:
    """A chat that is not configured is refused with a sentence that names those that are."""
    with pytest.raises(Permanent, match=r"'gone'.*default, family"):
        await folder.stage("gone", photo(spool, 1))


async def test_check(folder: FolderDestination, tmp_path: Path) -> None:
    """A check writes for real and leaves nothing behind."""
    assert await folder.check("family") == "family"
    assert posts(tmp_path / "posts") == []


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

    class Full(Disk):
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
    assert caught.value.scope == "all"

    disk.full = False

    assert await folder.post("family", staged, "") == {-1: 1, -2: 2}
    assert_right(tmp_path / "posts")
    await folder.close()


async def test_removed_by_hand(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """A post that somebody removes leaves the page, and its keys are free again."""
    for number in (1, 2, 3):
        await send(folder, [photo(spool, number)])
    Disk().rmtree(tmp_path / "posts/family/000002_IMG_2")

    assert await send(folder, [photo(spool, 2)]) == {-2: 4}

    assert [entry["directory"] for entry in page_data(tmp_path / "posts")] == posts(
        tmp_path / "posts"
    )


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


async def test_two_at_once(folder: FolderDestination, tmp_path: Path, spool: Path) -> None:
    """Two processes may post to one folder, and a start of one does not disturb the other."""
    staged = [await folder.stage("family", photo(spool, 1))]
    other = FolderDestination(tmp_path / "posts", CHATS)
    await other.open()

    assert await send(other, [photo(spool, 2)]) == {-2: 1}
    assert await folder.post("family", staged, "") == {-1: 2}
    assert_right(tmp_path / "posts")
    await other.close()


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
    shown = _argument(tmp_path / "posts/_page/chats.js", "chats")
    assert [entry["name"] for entry in shown] == ["default", "family"]
    await again.close()


class Death(BaseException):
    """The process dies here."""


def _dying(budget: int) -> Disk:
    """A disk that lets `budget` calls pass, and dies before the next and at every one after it."""
    left = itertools.count(budget, -1)

    def before(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **more: Any) -> Any:
            if next(left) <= 0:
                raise Death
            return call(*args, **more)

        return counted

    disk = Careless()
    for name in [name for name in vars(Disk) if not name.startswith("_")]:
        setattr(disk, name, before(getattr(disk, name)))
    return disk


async def test_death_before_every_call(tmp_path: Path, spool: Path) -> None:
    """Death before any call that changes the disk, then a repeat: exactly one post of each, and no litter."""
    album = [photo(spool, number) for number in (1, 2)]
    single = replace(file(spool, 3), kind="video", frame=Frame(640, 360, 1.0), thumbnail=b"jpeg")

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
