"""What the tests of the folder destination post, and what they see in its folder afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from PIL import Image

from telespool.model import Item, Picture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from telespool.destinations.folder.destination import FolderDestination

CHATS = {"default": "me", "family": "@family"}
NOON = 1_006_257_600.0


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
        picture=Picture(*size),
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
    for entry in argument(root / "_page/chats.js", "chats"):
        for chunk in entry["chunks"] if entry["name"] == chat else []:
            path = root / f"_page/{chat}/{chunk['number']:05d}.js"
            shown = argument(path, "chunk", chat, chunk["number"])
            assert len(shown) == chunk["posts"]
            found += shown
    return found


def argument(path: Path, function: str, *first: object) -> list[dict[str, Any]]:
    """What a script of the page hands to a function, behind what comes first."""
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
