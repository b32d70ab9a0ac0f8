"""A spool with its inbox and intake, for drops of every form."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from telespool.config import loader
from telespool.destinations.folder.destination import FolderDestination
from telespool.service.service import Service
from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import Config


class Death(BaseException):
    """The process dies."""


class Dying(FileOps):
    """Dies before the call of this number."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def _live(self) -> None:
        self.calls -= 1
        if self.calls < 0:
            raise Death

    def rename(self, source: Path, target: Path) -> None:
        self._live()
        super().rename(source, target)

    def mkdir(self, path: Path) -> bool:
        self._live()
        return super().mkdir(path)

    def fsync(self, *paths: Path) -> None:
        self._live()
        super().fsync(*paths)


class House:
    """A spool with the folder destination."""

    def __init__(self, place: Path) -> None:
        self.root = place / "spool"
        self.inbox = self.root / "inbox"
        self.inbox.mkdir(parents=True)
        self.posts = place / "posts"

    def config(self, more: str = "") -> Config:
        """Its configuration; `more` follows the table of the inbox."""
        return loader.parse(
            f'[spool]\nroot = "{self.root}"\nreserve = 0\n[inbox]\nsettle = "0s"\n{more}',
            "config.toml",
        )

    async def work(self, more: str = "") -> None:
        """Run the daemon until it is idle."""
        config = self.config(more)
        await Service(config, FolderDestination(self.posts, config.chats)).run(until_idle=True)

    def posted(self) -> list[str]:
        """The names of the posted files."""
        found = self.posts.glob("default/*/*")
        return sorted(path.name for path in found if path.suffix == ".jpg")

    def captions(self) -> set[str]:
        """What stands under the posts."""
        return {path.read_text().strip() for path in self.posts.glob("default/*/caption.txt")}

    def note(self) -> str:
        """What the one note in quarantine says."""
        (note,) = self.root.glob("quarantine/*/*.txt")
        return note.read_text()


def pack(target: Path, folder: Path, *options: str) -> None:
    """Make an archive of a folder with 7-Zip."""
    subprocess.run(
        ["7zz", "a", "-bd", "-mx0", *options, target, f"{folder}/."],
        check=True,
        stdout=subprocess.DEVNULL,
    )


SECRET = "Öffne dich 77"


def pack_locked(target: Path, photos: Path, *options: str) -> None:
    """The same with a password, of the names as well."""
    pack(target, photos, f"-p{SECRET}", "-mhe=on", *options)
