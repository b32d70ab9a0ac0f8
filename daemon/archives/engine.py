"""The engine: which 7-Zip there is, and how an archive is opened with it.

`open` lists an archive and decides everything that can be decided before a byte is written: what it is,
whether a password fits, whether a volume is missing, whether it is within the limits. `Archive.extract` does
the rest.

Errors are sentences: Permanent for what no later attempt can change, Temporary for a volume that may still
come, ConfigError where there is no 7-Zip.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from daemon import children
from daemon.archives import tarball
from daemon.archives.limits import Budget
from daemon.archives.listing import Entry, Head, Parser
from daemon.archives.members import Archive, Member, is_junk, numbers
from daemon.archives.sevenzip import SevenZipArchive
from daemon.archives.signatures import is_tar, recognise
from daemon.archives.stream import Stream
from daemon.archives.threads import whole
from daemon.errors import ConfigError, Permanent, Temporary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.config import ArchiveSettings

# Streams that hold one thing each, which may be a tar.
STREAMS = {"gzip", "bzip2", "xz", "zstd", "compress", "lz4", "lzip", "lzma"}
_NICE = 10
_NO_ANSWER = "-p"  # an empty one: without it 7-Zip would ask and end with "Break signaled"


@dataclass(frozen=True, slots=True)
class Engine:
    """A 7-Zip that works. `version` as it says it; `reads_rar` whether it can."""

    program: Path
    version: str
    reads_rar: bool
    settings: ArchiveSettings

    @classmethod
    async def find(cls, settings: ArchiveSettings) -> Engine:
        """The first that reads RAR beside Python or on PATH, else the first; ConfigError where there is none."""
        found: list[Engine] = []
        for program in _programs(settings.command):
            engine = await cls._try(program, settings)
            if engine is not None and engine.reads_rar:
                return engine
            if engine is not None:
                found.append(engine)
        if found:
            return found[0]
        names = " or ".join(settings.command)
        raise ConfigError(
            [f"7-Zip ({names}) was not found: install the package 7zip, or run scripts/fetch-7zip."]
        )

    @classmethod
    async def _try(cls, program: Path, settings: ArchiveSettings) -> Engine | None:
        with contextlib.suppress(OSError, TimeoutError):
            code, out, _ = await children.output([program, "i"], timeout=20)
            text = out.decode("utf-8", "replace")
            version = re.search(r"^7-Zip.*? (\d+\.\d+)", text, re.MULTILINE)
            if code == 0 and version:
                rar = re.search(r"^\s\S*[. A-Z+]*\s+Rar5?\s", text, re.MULTILINE) is not None
                return cls(program, version[1], rar, settings)
        return None

    async def open(
        self,
        path: Path,
        passwords: Sequence[str] = (),
        *,
        budget: Budget | None = None,
        everything: bool = False,
    ) -> Archive:
        """List an archive; see the module for what it decides and raises.

        `budget` is shared by the archives of one drop; `everything` makes junk and dotfiles members too.
        """
        name = path.name
        kind = await asyncio.to_thread(recognise, path)
        if kind is None:
            raise Permanent(_no_archive(path))
        if kind == "rar" and not self.reads_rar:
            raise Permanent(
                f"{name} is a RAR archive and this 7-Zip ({self.program}, {self.version}) cannot read RAR:"
                " install 7zip-rar, or run scripts/fetch-7zip."
            )
        if budget is None:
            budget = Budget(self.settings, await asyncio.to_thread(os.path.getsize, path))
        opening = _Opening(self, path, kind, budget, everything)
        if kind == "tar":
            return await opening.tar(None)
        return await opening.listed(("", *passwords))


@dataclass(frozen=True, slots=True)
class _Opening:
    engine: Engine
    path: Path
    kind: str
    budget: Budget
    everything: bool

    def command(self, verb: str, password: str | None, *words: str) -> list[str]:
        line = [os.fspath(self.engine.program), verb, "-bd", "-sccUTF-8", *words]
        if password is None:
            line.append(_NO_ANSWER)
        return [*line, "--", os.path.abspath(self.path)]  # noqa: PTH100 - resolve() would follow links

    def limits(self) -> children.Limits:
        return children.Limits(memory=self.engine.settings.memory, file_size=0, nice=_NICE)

    async def listed(self, passwords: Sequence[str]) -> Archive:
        said = ""
        for word in passwords:
            password = word or None
            head, entries, said = await self._list(password)
            if entries or not _wants_password(said):
                break
        else:
            raise Permanent(_password_sentence(self.path.name, tried=len(passwords) - 1))
        if self.kind in STREAMS:
            return await self._single(password)
        self._refuse_unreadable(entries, said)
        encrypted = [entry for entry in entries if entry.encrypted and entry.regular]
        if encrypted:
            password = await self._fitting(entries, passwords)
        return self._archive(head, entries, password)

    def _archive(self, head: Head, entries: list[Entry], password: str | None) -> Archive:
        name = self.path.name
        wanted = [
            index
            for index, entry in enumerate(entries)
            if entry.regular and (self.everything or not is_junk(entry.name))
        ]
        self.budget.check(
            name,
            len(wanted),
            sum(entry.size or 0 for entry in entries),
            max((entry.size or 0 for entry in entries), default=0),
        )
        if not wanted or (not any(entries[index].size != 0 for index in wanted)):
            raise Permanent(f"There is nothing in {name}: it holds no file, or only empty ones.")
        for index, number in zip(
            wanted, numbers([entries[index].name for index in wanted]), strict=True
        ):
            entries[index] = replace(entries[index], number=number)
        return SevenZipArchive(
            self.path,
            self.kind,
            entries,
            budget=self.budget,
            start=lambda: self.stream(password),
            damage="; ".join(head.problems) or None,
        )

    async def stream(self, password: str | None) -> Stream:
        return await Stream.start(
            self.command("x", password, "-so", "-bb1", "-bso2"), password, self.limits()
        )

    async def tar(self, password: str | None) -> Archive:
        """A plain tar, or the one inside a compressed stream."""
        entries: list[tarball.TarEntry] = []

        async def tap() -> tarball.Tap:
            return tarball.FileTap(self.path) if self.kind == "tar" else await self.stream(password)

        def take(entry: tarball.TarEntry) -> None:
            if self.everything or not is_junk(entry.name):
                entries.append(entry)
                if len(entries) > self.engine.settings.max_members:
                    self.budget.check(self.path.name, len(entries), 0, 0)

        source = await tap()
        try:
            damage = await tarball.read_names(source, take)
        finally:
            await source.close()
        name = self.path.name
        if not entries:
            raise Permanent(
                f"{name} cannot be read: {damage}."
                if damage
                else f"There is nothing in {name}: it holds no file."
            )
        self.budget.check(
            name,
            len(entries),
            sum(entry.size for entry in entries),
            max(entry.size for entry in entries),
        )
        places = numbers([entry.name for entry in entries])
        members = [
            Member(place, entry.name, entry.size)
            for place, entry in zip(places, entries, strict=True)
        ]
        return tarball.TarArchive(
            self.path, self.kind, entries, members, budget=self.budget, tap=tap, damage=damage
        )

    async def _single(self, password: str | None) -> Archive:
        head = await self._head(password)
        if is_tar(head):
            return await self.tar(password)
        if not head:
            raise Permanent(f"There is nothing in {self.path.name}.")
        stem = self.path.stem or self.path.name
        entry = Entry(stem, None, None, regular=True, silent=False, encrypted=False, number=1)
        return SevenZipArchive(
            self.path,
            self.kind,
            [entry],
            budget=self.budget,
            start=lambda: self.stream(password),
            damage=None,
        )

    async def _head(self, password: str | None) -> bytes:
        stream = await self.stream(password)
        try:
            buffer = bytearray(512)
            count = await asyncio.to_thread(stream.read_into, memoryview(buffer))
            return bytes(buffer[:count])
        finally:
            await stream.close()

    async def _list(self, password: str | None) -> tuple[Head, list[Entry], str]:
        parser = Parser()
        entries: list[Entry] = []
        process = await children.start(
            self.command("l", password, "-slt"),
            limits=self.limits(),
            stdin=asyncio.subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            limit=1 << 20,
        )
        stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
        if stdin is None or stdout is None or stderr is None:
            raise RuntimeError("a child was started without pipes")
        errors = asyncio.create_task(_all_of(stderr))
        try:
            async with asyncio.timeout(600):
                with contextlib.suppress(ConnectionError):
                    stdin.write(f"{password}\n".encode() if password is not None else b"")
                    stdin.close()
                rest = b""
                while data := await stdout.read(1 << 18):
                    *lines, rest = (rest + data).split(b"\n")
                    for line in lines:
                        entries += parser.feed(line.decode("utf-8", "surrogateescape"))
                    if len(entries) > 4 * self.engine.settings.max_members + 1000:
                        self.budget.check(self.path.name, len(entries), 0, 0)
                entries += parser.close()
                said = (await errors).decode("utf-8", "replace")
        except TimeoutError:
            raise Permanent(f"7-Zip could not list {self.path.name} within 10 minutes.") from None
        finally:
            errors.cancel()
            await children.end(process)
        return parser.head, entries, "\n".join([said, *parser.head.problems])

    async def _fitting(self, entries: list[Entry], passwords: Sequence[str]) -> str | None:
        for word in passwords:
            password = word or None
            if password is not None and await self._opens(entries, password):
                return password
        raise Permanent(_password_sentence(self.path.name, tried=len(passwords) - 1))

    async def _opens(self, entries: list[Entry], password: str) -> bool:
        """Whether the first encrypted member comes out whole with this password."""
        stream = await self.stream(password)

        def look() -> bool:
            buffer = memoryview(bytearray(1 << 20))
            for ordinal, entry in enumerate(entries, 1):
                if entry.silent:
                    continue
                left, size = entry.size or 0, 0
                while size < left and (
                    count := stream.read_into(buffer[: min(left - size, len(buffer))])
                ):
                    size += count
                if entry.encrypted and entry.regular:
                    return size == left and stream.log.settled(ordinal) is None
            return False

        try:
            return await whole(look, stream.abort)
        finally:
            await stream.close()

    def _refuse_unreadable(self, entries: list[Entry], said: str) -> None:
        name = self.path.name
        missing = re.search(r"Missing volume : (.+)", said)
        if missing:
            raise Temporary(f"{name} is one of several volumes; {missing[1].strip()} is missing.")
        if entries:
            return
        if "Can't allocate" in said:
            raise Permanent(
                f"{name} needs more memory to unpack than it may have (archives.memory)."
            )
        raise Permanent(f"{name} is damaged so badly that nothing in it can be found.")


def _programs(commands: Sequence[str]) -> list[Path]:
    beside = Path(sys.executable).parent
    places = [str(beside), *os.environ.get("PATH", os.defpath).split(os.pathsep)]
    found: list[Path] = []
    for command in commands:
        for place in [""] if os.sep in command else places:
            program = shutil.which(command, path=place or None)
            if program and Path(program) not in found:
                found.append(Path(program))
    return found


async def _all_of(stream: asyncio.StreamReader) -> bytes:
    kept = b""
    while data := await stream.read(1 << 16):
        kept += data[: max(0, (1 << 16) - len(kept))]
    return kept


def _wants_password(said: str) -> bool:
    return "assword" in said


def _password_sentence(name: str, *, tried: int) -> str:
    what = (
        f"none of the {tried} passwords fits"
        if tried > 1
        else "the password does not fit"
        if tried == 1
        else "no password is known"
    )
    return (
        f"{name} needs a password and {what}: add it to archives.passwords, or drop {name}.password beside"
        " it, and drop the archive again."
    )


def _no_archive(path: Path) -> str:
    if path.stat().st_size == 0:
        return f"{path.name} is empty."
    return f"{path.name} is not an archive this program can read."
