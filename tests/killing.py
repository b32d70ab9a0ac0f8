"""kill -9 of the real thing, again and again: nothing lost, nothing twice.

Each run has a fresh spool and real drops: photos, clips, clips that must be converted, one that nobody can play. The
daemon runs as a process (`telespool run --until-idle`) with real ffmpeg, 7-Zip and Telethon against a test Telegram in
a process of its own. It is killed at random moments, mostly with all its children, sometimes alone, sometimes only a
child, until it ends by itself; Telegram resets connections meanwhile. Then each file must stand in its chat exactly
once, or, if nobody can play it, in quarantine with a note; and nothing may be left anywhere else.

`scripts/crash-test` is its command line.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.harness import Home, kill
from tests.material import Material, make_tar, make_zip, sha256
from tests.telegram_server.control import TelegramProcess, plain

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

    from tests.telegram_server import Message

NEVER = 1_000_000
"""More deaths than there will be: who is killed by us is not poisoned."""
MOST_KILLS = 60
"""After so many the daemon is left in peace, so that every run ends."""
ENDS_WITHIN = 120.0

SETTINGS: dict[str, dict[str, object]] = {
    "send": {"max_deaths": NEVER, "retry_min": "0.2s", "retry_max": "1s"},
    "convert": {"max_tries": NEVER, "checkpoint": "1s", "preset": "ultrafast", "nice": 0},
}


@dataclass(frozen=True, slots=True)
class Expected:
    """One file that was dropped. `digest` is that of its message; None where it is converted on the way."""

    chat: str
    name: str
    digest: str | None
    playable: bool = True

    def is_it(self, message: Message) -> bool:
        """Whether this message shows this file."""
        if message.chat != self.chat or message.name is None:
            return False
        if message.sha256 == self.digest:
            return True
        return Path(message.name).stem == Path(self.name).stem


@dataclass(slots=True)
class Result:
    """What came of one run."""

    kills: int = 0
    files: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    amiss: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether all is as it must be."""
        return not (self.lost or self.twice or self.amiss)


class Tail:
    """Waits until `text` has been written so many times to the end of a file."""

    def __init__(self, path: Path, text: bytes, times: int) -> None:
        self._path, self._text, self._left = path, text, times
        self._place = path.stat().st_size if path.exists() else 0

    def enough(self) -> bool:
        """Look whether it has."""
        with self._path.open("rb") as file:
            file.seek(self._place)
            new = file.read()
        whole = new.rfind(b"\n") + 1
        self._place += whole
        self._left -= new[:whole].count(self._text)
        return self._left <= 0


class Run:
    """One spool, from its drops to its end."""

    def __init__(
        self, directory: Path, telegram: TelegramProcess, material: Material, chance: random.Random
    ) -> None:
        self.home = Home.for_process(directory, telegram, settings=SETTINGS)
        self.telegram, self.material, self.chance = telegram, material, chance
        self.expected: list[Expected] = []
        self.drops: list[tuple[Path, str]] = []
        self.result = Result()
        self._made = directory / "made"
        self._made.mkdir()

    def __call__(self) -> Result:
        """Drop, run, kill, run, … and look."""
        self._make_drops()
        self._make_trouble()
        for drop, chat in self.drops[:-1]:
            self.home.drop(drop, chat)
        late = self.drops[-1:]
        for attempt in range(MOST_KILLS + 1):
            if late and (attempt == 1 or self.chance.random() < 0.3):
                self.home.drop(*late.pop())
            process = self.home.start("--until-idle")
            code = self._end(process, in_peace=attempt == MOST_KILLS)
            if code is not None and not late:
                if code != 0:
                    self.result.amiss.append(f"the daemon ended with {code}")
                break
        self._look()
        return self.result

    # what is dropped

    def _make_drops(self) -> None:
        chance, material = self.chance, self.material
        photos = {f"IMG_{n}.jpg": material.photo(n) for n in range(1, 13)}
        clips = {
            "VID_1.mp4": material.clip("mp4", 1),
            "VID_2.avi": material.clip("avi", 2, seconds=chance.choice([1.0, 3.0])),
            "VID_10.mp4": material.clip("silent", 3),
        }
        if chance.random() < 0.5:
            clips["VID_11.mkv"] = material.clip("mkv", 4)
        if chance.random() < 0.5:
            clips["VID_12 broken.mp4"] = material.broken(5)
        if chance.random() < 0.3:
            clips["VID_13.webm"] = material.clip("webm", 6)
        self._expect("family", photos | clips)
        self.drops.append((make_zip(self._made / "holiday.zip", photos | clips), "family"))

        more = {f"walk_{n}.jpg": material.photo(100 + n) for n in range(1, chance.randint(2, 12))}
        self._expect("media", more)
        if chance.random() < 0.5:
            self.drops.append((make_tar(self._made / "walk.tar.gz", more), ""))
        else:
            self.drops.append((material.named(self._made / "walk", more), ""))
        one = material.clip("avi", 7) if chance.random() < 0.3 else material.photo(200)
        name = f"single{one.suffix}"
        self._expect("grace", {name: one})
        self.drops.append((material.named(self._made / "one", {name: one}) / name, "friend"))
        self.result.files = len(self.expected)

    def _expect(self, chat: str, files: dict[str, Path]) -> None:
        for name, path in files.items():
            as_it_is = path.suffix in {".jpg", ".mp4"}
            self.expected.append(
                Expected(chat, name, sha256(path) if as_it_is else None, "broken" not in name)
            )

    def _make_trouble(self) -> None:
        """Telegram is not at its best either."""
        chance = self.chance
        methods = ["saveFilePart", "uploadMedia", "sendMedia", "sendMultiMedia"]
        for _ in range(chance.randint(0, 4)):
            drop = chance.choice(["before", "after", "answer"])
            nth = chance.randint(1, 5)
            self.telegram.do("faults.add", chance.choice(methods), nth=nth, drop=drop)
        if chance.random() < 0.3:
            self.telegram.do(
                "faults.add", "uploadMedia", file="VID_1.mp4", error=(400, "MEDIA_INVALID")
            )
        if chance.random() < 0.3:
            self.telegram.do(
                "faults.add",
                "sendMultiMedia",
                omit=(chance.randint(0, 4),),
                omitted_are_posted=chance.random() < 0.5,
            )

    # killing

    def _end(self, process: subprocess.Popen[bytes], *, in_peace: bool) -> int | None:
        """Kill this daemon at some moment; its exit code where it ended by itself before."""
        chance = self.chance
        moment = None if in_peace else self._choose_moment()
        deadline = time.monotonic() + ENDS_WITHIN
        while (code := process.poll()) is None:
            if moment is not None and moment():
                break
            if time.monotonic() > deadline:
                self.result.amiss.append(f"it took more than {ENDS_WITHIN:.0f} seconds")
                break
            time.sleep(0.002)
        if code is not None:
            return code
        if chance.random() < 0.15 and self._kill_a_child(process):
            return self._end(process, in_peace=in_peace)
        self.result.kills += kill(process.pid, children=chance.random() < 0.8) > 0
        process.wait()
        return None

    def _choose_moment(self) -> Callable[[], bool]:
        """After some time; when the log says something; or when Telegram has just done something."""
        chance = self.chance
        pause = chance.uniform(0.0, 0.03)
        match chance.choice(["time", "log", "log", "telegram", "telegram"]):
            case "time":
                end = time.monotonic() + chance.uniform(0.5, 3.0)
                return lambda: time.monotonic() > end
            case "log":
                news = Tail(self.home.log, b"\n", chance.randint(2, 24))
            case _:
                # A post that stands while nobody has noted it yet is the moment that matters most.
                method = chance.choice(["upload.", "messages.uploadMedia", *["messages.send"] * 3])
                calls = Path(self.telegram.info["calls"])
                news = Tail(calls, f'"name": "{method}'.encode(), chance.randint(1, 4))

        def come() -> bool:
            if news.enough():
                time.sleep(pause)
                return True
            return False

        return come

    def _kill_a_child(self, process: subprocess.Popen[bytes]) -> bool:
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(process.pid).children(recursive=True)
            if children:
                self.chance.choice(children).kill()
                self.result.kills += 1
                return True
        return False

    # looking

    def _look(self) -> None:
        result, messages = self.result, self.telegram.messages()
        told = self.home.notes()
        quarantined = {name.partition("/")[2].partition("_")[2] for name in self._quarantine()}
        for one in self.expected:
            shown = [message for message in messages if one.is_it(message)]
            known = one.name in quarantined
            if not shown and not known:
                result.lost.append(f"{one.chat}: {one.name}")
            if len(shown) > 1 or (shown and known):
                result.twice.append(f"{one.chat}: {one.name} ({len(shown)} messages)")
            if known and one.playable:
                result.amiss.append(f"{one.name} is in quarantine")
        for message in messages:
            if not any(one.is_it(message) for one in self.expected):
                result.amiss.append(f"nobody dropped {message.chat}: {message.name}")
        for name in self._quarantine():
            if not told.get(Path(name).name):
                result.amiss.append(f"{name} is in quarantine without a note")
        result.amiss += [f"left behind: {name}" for name in self.home.at_work()]
        result.amiss += [f"still running: {name}" for name in self._survivors()]
        originals = Counter(name.partition("/")[0] for name in self.home.lying("done"))
        if len(originals) != len(self.drops):
            result.amiss.append(f"{len(originals)} jobs in done/ for {len(self.drops)} drops")
        for question in ("bugs", "violations"):
            for answer in self.telegram.do(question):
                result.amiss.append(f"{question}: {answer}")

    def _quarantine(self) -> list[str]:
        names = self.home.lying("quarantine")
        return [name for name in names if not (name.endswith(".txt") and name[:-4] in names)]

    def _survivors(self) -> list[str]:
        """Processes that work on this spool although the daemon is gone."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if any(str(self.home.spool) in word for word in process.cmdline()):
                    found.append(" ".join(process.cmdline()[:3]))
        return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run many; 0 if nothing was lost, twice, or amiss."""
    parser = argparse.ArgumentParser(
        prog="crash-test", description="Kill the daemon again and again; nothing may be lost."
    )
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="the same drops and moments again")
    parser.add_argument("--first", type=int, default=0, help="begin with this run of the seed")
    parser.add_argument("--keep", action="store_true", help="keep the spools of good runs as well")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed

    root = Path(tempfile.mkdtemp(prefix="crash-test-"))
    sys.stdout.write(f"seed {seed}, in {root}\n")
    total, bad = Result(), 0
    started = time.monotonic()
    with TelegramProcess(root / "telegram") as telegram:
        material = Material(root / "material")
        for number in range(options.first, options.first + options.runs):
            telegram.do("reset")
            directory = root / f"run-{number}"
            run = Run(directory, telegram, material, random.Random(f"{seed}/{number}"))
            result = run()
            total.kills += result.kills
            total.files += result.files
            total.lost += result.lost
            total.twice += result.twice
            if result.good and not options.keep:
                shutil.rmtree(directory)
            if not result.good:
                bad += 1
                seen = {"messages": telegram.messages(), "calls": telegram.calls()}
                (directory / "telegram.json").write_text(json.dumps(plain(seen), indent=1))
                sys.stdout.write(f"run {number} went wrong; everything is in {directory}\n")
                for what in ("lost", "twice", "amiss"):
                    for line in getattr(result, what):
                        sys.stdout.write(f"  {what}: {line}\n")
            elif (number + 1 - options.first) % 10 == 0:
                passed = time.monotonic() - started
                sys.stdout.write(f"{number + 1} runs, {total.kills} kills, {passed:.0f} s\n")
            sys.stdout.flush()
    sys.stdout.write(
        f"{options.runs} runs, {total.kills} kills, {total.files} files:"
        f" lost {len(total.lost)}, twice {len(total.twice)}\n"
    )
    if bad:
        sys.stdout.write(f"{bad} runs went wrong; look into {root}\n")
        return 1
    if not options.keep:
        shutil.rmtree(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
