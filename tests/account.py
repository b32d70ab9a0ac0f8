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
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.account_drops import CHATS, Dropped, Maker
from tests.harness import ROOT, kill

_TOGETHER = 20  # drops to a life of a spool
_ENDS_WITHIN = 120.0


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
        elif kind < 0.65:
            self._drop_export(target, staged)
            return
        else:
            name, content = self.maker.file(2)
            self.maker.note({name: content})
            staged.write_bytes(content)
        with suppress(OSError):
            staged.rename(target / name.encode()[:240].decode("utf-8", "ignore"))

    def _drop_export(self, target: Path, staged: Path) -> None:
        """Drop some archives of one export, one after the other."""
        stem = f"export {self.maker.count}"
        for number in range(1, self.chance.choice([2, 3, 4])):
            name, content = self.maker.archive(f"{stem}-{number:03d}", 1)
            self.maker.note({name: content})
            staged.write_bytes(content)
            staged.rename(target / name)

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
