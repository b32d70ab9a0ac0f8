"""Random drops for tests/account.py: photos, papers, archives, junk and links, under the names that people and systems give."""

from __future__ import annotations

import io
import tarfile
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import random

CHATS = ("default", "family", "friend")
_JUNK = (
    ".DS_Store",
    "Thumbs.db",
    "@eaDir/thumb.jpg",
    "#recycle/gone.jpg",
    "GX01.THM",
    "__MACOSX/._IMG",
)
_STEMS = (
    "IMG_{}",
    "Grüße aus Köln {}",
    "🎉 {}",
    "two\nlines {}",
    "DSC{:05d}",
    "-rf {}",
    "a b  {}",
    "x" * 150 + " {}",
)


@dataclass(frozen=True, slots=True)
class Dropped:
    """One file that was dropped, and what holds its bytes: itself, and the archives around it."""

    name: str
    content: bytes
    around: tuple[bytes, ...] = ()


class Maker:
    """Makes what is dropped; each file has bytes of its own."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.count = 0
        self.dropped: list[Dropped] = []
        made = io.BytesIO()
        Image.new("RGB", (16, 12), "red").save(made, "JPEG")
        self._photo = made.getvalue()

    def tree(self, depth: int = 2) -> dict[str, bytes]:
        """Some files by their paths."""
        files = {}
        for _ in range(self.chance.choice([1, 2, 3, 3, 5, 12])):
            folder = self.chance.choice(["", "", "sub/", "sub/deeper/"])
            name, content = self.file(depth)
            files[folder + name] = content
        if self.chance.random() < 0.3:
            files[self.chance.choice(_JUNK)] = self._content(b"junk")
        return files

    def file(self, depth: int) -> tuple[str, bytes]:
        """A file: its name, and its content."""
        self.count += 1
        stem = self.chance.choice(_STEMS).format(self.count)
        kind = self.chance.random()
        if kind < 0.6 or depth == 0:
            return f"{stem}.{self.chance.choice(['jpg', 'JPG', 'jfif'])}", self.photo()
        if kind < 0.75:
            ending = self.chance.choice(["txt", "pdf", "CR2", "xmp", "unknown"])
            head = {"pdf": b"%PDF-1.4\n", "CR2": b"II*\0\x10\0\0\0CR\2\0"}.get(ending, b"")
            return f"{stem}.{ending}", self._content(head)
        if kind < 0.8:
            return f"{stem}.jpg", b""
        if kind < 0.88:
            return f"{stem}.jpg", b"\xff\xd8\xff" + self._content(b"torn")
        return self.archive(stem, depth - 1)

    def photo(self) -> bytes:
        """A photo like no other."""
        mark = self._content(b"photo")
        return (
            self._photo[:2]
            + b"\xff\xfe"
            + (len(mark) + 2).to_bytes(2, "big")
            + mark
            + self._photo[2:]
        )

    def archive(self, stem: str, depth: int) -> tuple[str, bytes]:
        """An archive of some files."""
        before = len(self.dropped)
        files = self.tree(depth)
        made = io.BytesIO()
        ending = self.chance.choice(["zip", "tar", "tgz"])
        if ending == "zip":
            with zipfile.ZipFile(made, "w") as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
        else:
            with tarfile.open(fileobj=made, mode="w:gz" if ending == "tgz" else "w") as archive:
                for name, content in files.items():
                    info = tarfile.TarInfo(self.chance.choice(["", "./"]) + name)
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
        data = made.getvalue()
        inner = [self.within(each, data) for each in self.dropped[before:]]
        self.dropped[before:] = inner
        self.note(files, data)
        return f"{stem.replace(chr(10), ' ')}.{ending}", data

    def note(self, files: dict[str, bytes], *around: bytes) -> None:
        """Remember what was dropped; archives are what is in them."""
        known = {content for each in self.dropped for content in each.around}
        self.dropped += [
            Dropped(name, content, around)
            for name, content in files.items()
            if content and content not in known
        ]

    @staticmethod
    def within(each: Dropped, data: bytes) -> Dropped:
        """The same file in one more archive."""
        return Dropped(each.name, each.content, (*each.around, data))

    def _content(self, head: bytes) -> bytes:
        self.count += 1
        return (
            head
            + f" {self.count} ".encode()
            + self.chance.randbytes(self.chance.choice([9, 90, 900]))
        )
