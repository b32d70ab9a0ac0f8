"""Random drops of which every file is accounted for: nothing lost, nothing twice, nothing left without a word.

Photos, papers, raw files, junk of systems, links, empty files, archives in folders and in archives, names as people and
systems make them; some come late, into a folder that was claimed already. The real daemon runs as a process with the
embedded destination and is killed at random moments. When it has come to rest, `telespool prune` forgets all it may.
Then each file that was dropped must stand in its chat exactly once, byte for byte, or be kept byte for byte (by itself or
in the archive that it came in) and be named: by a note in quarantine, a report, or what is said of the inbox.

`scripts/account-test` is its command line.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from tests.harness import ROOT, kill

CHATS = ("default", "family", "friend")
_TOGETHER = 20  # drops to a life of a spool
_ENDS_WITHIN = 120.0
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


@dataclass(slots=True)
class Result:
    """What came of all drops."""

    drops: int = 0
    files: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether everything comes out."""
        return not (self.lost or self.twice or self.unexplained)

    def __str__(self) -> str:
        return (
            f"{self.drops} drops, {self.files} files: lost {len(self.lost)}, twice {len(self.twice)},"
            f" unexplained {len(self.unexplained)}"
        )


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


class Life:
    """A spool, and a daemon that is killed now and then."""

    def __init__(self, place: Path, chance: random.Random) -> None:
        self.place = place
        self.chance = chance
        self.maker = Maker(chance)
        self.spool = place / "spool"
        self.inbox = self.spool / "inbox"
        self.posts = place / "posts"
        self.config = place / "config.toml"
        self.said = ""
        self._late: list[tuple[int, str, bytes]] = []
        self.inbox.mkdir(parents=True)
        self.config.write_text(
            f"[spool]\nroot = {json.dumps(str(self.spool))}\nreserve = 0\n"
            f"[folder]\npath = {json.dumps(str(self.posts))}\n"
            '[inbox]\nsettle = "0.2s"\nrescan = "0.5s"\n[send]\nmax_deaths = 1000000\n'
            '[retention]\narchives = "0s"\n[log]\nformat = "json"\n'
            '[chats]\ndefault = "me"\nfamily = "@family"\nfriend = "@friend"\n'
        )

    def drop(self) -> None:
        """Drop something, complete at once; into some folders more comes later."""
        chat = self.chance.choice(CHATS)
        target = self.inbox if chat == "default" else self.inbox / chat
        target.mkdir(exist_ok=True)
        staged = self.place / "staged"
        kind = self.chance.random()
        if kind < 0.55:
            name = f"trip {self.maker.count}{self.chance.choice(['', '', '.zip', '.d'])}"
            files = self.maker.tree()
            self.maker.note(files)
            for inner, content in files.items():
                path = staged / inner
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if self.chance.random() < 0.2:
                (staged / "link.jpg").symlink_to("/etc/hostname")
            if self.chance.random() < 0.3:
                self._come_later(staged)
        else:
            name, content = self.maker.file(2)
            self.maker.note({name: content})
            staged.write_bytes(content)
        with suppress(OSError):
            staged.rename(target / name.encode()[:240].decode("utf-8", "ignore"))

    def _come_later(self, folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        name, content = f"late {self.maker.count}.jpg", self.maker.photo()
        self.maker.note({name: content})
        self._late.append((handle, name, content))

    def bring_late(self) -> None:
        """What comes late is written into its folder, wherever that is by now."""
        for handle, name, content in self._late:
            with suppress(FileNotFoundError):
                late = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=handle)
                os.write(late, content)
                os.close(late)
            os.close(handle)
        self._late = []

    def live(self, kills: int) -> None:
        """Run the daemon, kill it so often, and let it come to rest."""
        for _ in range(kills):
            process = self._start()
            time.sleep(self.chance.uniform(0.3, 2.0))
            kill(process.pid)
            process.wait()
        self.bring_late()
        for _ in range(2):  # what a first run puts back into the inbox, a second one takes
            process = self._start("--until-idle")
            try:
                code = process.wait(_ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                kill(process.pid)
                process.wait()
                code = None
            if code != 0:
                raise RuntimeError(f"the daemon ended with {code}: {self._log()[-2000:]}")

    def forget(self) -> None:
        """Forget all that may be forgotten."""
        time.sleep(1.1)  # a job is named for the second in which it was claimed
        for command in (("prune",), ("status",)):
            done = subprocess.run(
                self._command(*command), capture_output=True, text=True, check=True, cwd=self.place
            )
            self.said += done.stdout

    def judge(self, result: Result) -> None:
        """Say of each file what came of it."""
        posted = Counter(
            _digest(path.read_bytes()) for path in self.posts.rglob("*") if path.is_file()
        )
        kept = {
            _digest(path.read_bytes())
            for path in self.spool.rglob("*")
            if path.is_file() and not path.is_symlink()
        }
        words = self._words()
        for each in self.maker.dropped:
            result.files += 1
            times = posted[_digest(each.content)]
            label = f"{self.place.name}: {each.name!r}"
            if times > 1:
                result.twice.append(label)
            elif not times:
                if not any(_digest(data) in kept for data in (each.content, *each.around)):
                    result.lost.append(label)
                elif not self._named(each, words):
                    result.unexplained.append(label)

    def _named(self, each: Dropped, words: str) -> bool:
        name = each.name.rpartition("/")[2]
        told = {
            name,
            name.encode("unicode_escape").decode(),
            name.replace("\n", "_"),
            name.replace("\n", "\\n"),
        }
        return any(one.strip().lstrip("-.") in words for one in told)

    def _words(self) -> str:
        """All that is said to people."""
        texts = [
            path.read_text("utf-8", "replace")
            for path in self.spool.rglob("*.txt")
            if path.name.startswith(("report", "skipped")) or "quarantine" in path.parts
        ]
        names = [str(path) for path in (self.spool / "quarantine").rglob("*")]
        names += [str(path) for path in self.inbox.rglob("*")]
        return "\n".join([*texts, *names, self.said, self._log()])

    def _log(self) -> str:
        return (self.place / "log").read_text("utf-8", "replace")

    def _command(self, command: str, *arguments: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "telespool.cli.main",
            command,
            "-c",
            str(self.config),
            *arguments,
        ]

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.place / "log").open("ab") as log:
            return subprocess.Popen(
                self._command("run", *arguments),
                cwd=self.place,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def account(drops: int, seed: int, place: Path) -> Result:
    """Drop so much in so many lives as it takes; what came of it."""
    result = Result()
    while result.drops < drops:
        chance = random.Random(f"{seed}/{result.drops}")
        life = Life(place / f"life-{result.drops}", chance)
        count = min(_TOGETHER, drops - result.drops)
        for _ in range(count):
            life.drop()
        result.drops += count
        life.live(kills=chance.choice([0, 1, 2, 3]))
        life.forget()
        life.judge(result)
        shutil.rmtree(life.place)
    return result


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="scripts/account-test")
    parser.add_argument("--drops", type=int, default=50, help="how many drops (50)")
    parser.add_argument("--seed", type=int, default=1, help="the same drops again (1)")
    options = parser.parse_args()
    os.chdir(ROOT)
    place = Path(tempfile.mkdtemp(prefix="telespool-account-"))
    try:
        result = account(options.drops, options.seed, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    for word in ("lost", "twice", "unexplained"):
        for name in getattr(result, word):
            sys.stdout.write(f"{word}: {name}\n")
    sys.stdout.write(f"{result}\n")
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
