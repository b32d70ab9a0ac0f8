"""The page of the folder destination: the posts as a chat would show them.

    PATH/index.html                  the page; works from the disk, without a network
    PATH/_page/page.css, page.js     how it looks and what it does
    PATH/_page/chats.js              the chats, and how many posts each of their chunks holds
    PATH/_page/CHAT/00042.js         the posts whose first id is 4200 to 4299

Everything here is made from the posts and can be made again: `rebuild` (at start) puts right whatever a
crash or a person's hand left behind, `update` (after a post) writes only the chunks that changed, so a post
costs the same in a chat of ten as in one of ten thousand. A file is always replaced whole. `OSError` leaves it.
"""

from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from telespool.destinations.folder.posts import Ledger, Post
    from telespool.spool.fs_ops import FileOps

CHUNK = 100
DATA = "_page"

_STATIC = {"index.html": "index.html", "page.css": f"{DATA}/page.css", "page.js": f"{DATA}/page.js"}


class Page:
    """The page in one folder. `titles` says for each chat where its posts would go."""

    def __init__(self, path: Path, titles: Mapping[str, str], disk: FileOps) -> None:
        self._path = path
        self._titles = titles
        self._disk = disk
        self._stale: set[tuple[str, int]] = set()
        self._counts: dict[str, dict[int, dict[str, int]]] = {}

    def rebuild(self, ledgers: Mapping[str, Ledger]) -> None:
        """Make every file of the page what it must be; those that are so already are left alone."""
        self._disk.mkdir(self._path / DATA)
        for source, target in _STATIC.items():
            self._put(target, files(__package__).joinpath(source).read_bytes())
        for chat, ledger in ledgers.items():
            self._counts[chat] = {}
            present = {int(file.stem) for file in _chunk_files(self._path / DATA / chat)}
            wanted = {_chunk(post.first) for _, post in ledger.posts()}
            self._stale |= {(chat, number) for number in present | wanted}
        self._write(ledgers)

    def update(self, ledgers: Mapping[str, Ledger], chat: str, changed: Iterable[int]) -> None:
        """Write the chunks of the posts of `chat` with these first ids, and what failed before."""
        self._stale |= {(chat, _chunk(first)) for first in changed}
        if self._stale:
            self._write(ledgers)

    def _write(self, ledgers: Mapping[str, Ledger]) -> None:
        for chat, number in sorted(self._stale):
            posts = ledgers[chat].posts(number * CHUNK, (number + 1) * CHUNK)
            name = f"{DATA}/{chat}/{number:05d}.js"
            if posts:
                self._disk.mkdir(self._path / DATA / chat)
                entries = [{"directory": name, **post.to_json()} for name, post in posts]
                self._put(name, _call("chunk", chat, number, entries))
                self._counts[chat][number] = _counts(post for _, post in posts)
            else:
                self._disk.unlink(self._path / name)
                self._counts[chat].pop(number, None)
        # Last, because this is what the page looks at: a chunk it names is there.
        self._put(f"{DATA}/chats.js", _call("chats", [self._summary(chat) for chat in ledgers]))
        self._stale.clear()

    def _summary(self, chat: str) -> dict[str, Any]:
        chunks = [
            {"number": number, **counts} for number, counts in sorted(self._counts[chat].items())
        ]
        return {"name": chat, "to": self._titles.get(chat, ""), "chunks": chunks}

    def _put(self, name: str, content: bytes) -> None:
        final = self._path / name
        if final.is_file() and final.read_bytes() == content:
            return
        temporary = final.with_name(f".{final.name}")
        self._disk.unlink(temporary)
        self._disk.write(temporary, content)
        self._disk.replace(temporary, final)


def _chunk(first: int) -> int:
    return first // CHUNK


def _chunk_files(directory: Path) -> list[Path]:
    return [entry for entry in directory.glob("*.js") if entry.stem.isdecimal()]


def _counts(posts: Iterable[Post]) -> dict[str, int]:
    """How many posts there are, and how many with each thing the page's filter may ask for."""
    counts = Counter({"posts": 0})
    for post in posts:
        traits: set[str] = {medium.kind for medium in post.media}
        if any(medium.converted for medium in post.media):
            traits.add("converted")
        counts.update(["posts", *traits])
    return dict(sorted(counts.items()))


def _call(function: str, *arguments: object) -> bytes:
    """JSON as a call: a page opened from the disk may load scripts, but not fetch."""
    text = ",".join(json.dumps(argument, separators=(",", ":")) for argument in arguments)
    return f"telespool.{function}({text})\n".encode()
