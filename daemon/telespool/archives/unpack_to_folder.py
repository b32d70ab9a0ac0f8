"""Unpacking for a person or a script: `telespool unpack ARCHIVE DIR`.

    result = await unpack(archive, directory, passwords, settings, report=print)

All regular members come out, not only photos and videos (what systems leave behind, `._IMG_1.jpg`, `Thumbs.db`, does
not), as `NNNN_name` in the directory, which is made if it is missing. Archives inside it are unpacked as well, down
to `archives.depth`: what the member `0003_inner.zip` holds comes out as `0003_inner.zip.d/NNNN_name` beside it; a
NAME.password among the members opens them. Nothing but regular files and these directories is ever made, nothing
outside the directory, and nothing that was there is touched. The limits hold over all of it together.

Permanent leaves it where nothing can be unpacked or a limit is passed. What is damaged is told
in `Result.problems`; everything good is there all the same.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telespool.archives import passwords, volumes
from telespool.archives.engine import Engine
from telespool.archives.limits import Budget
from telespool.archives.messages import nothing_inside, unreadable
from telespool.archives.nested import together
from telespool.archives.signatures import begins_like_one
from telespool.archives.volumes import may_be
from telespool.errors import Permanent, TelespoolError, Temporary
from telespool.spool.companions import password_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from telespool.archives.members import Member
    from telespool.config.schema import ArchiveSettings

_TOLD = 100  # problems told one by one; beyond that their number is enough


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One file that came out: where it is, what the archive called it, its size in bytes."""

    path: Path
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Result:
    """How it went. `problems` are sentences; none means that every member came out."""

    kind: str
    files: int
    size: int
    problems: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every member came out."""
        return not self.problems


async def unpack(
    archive: Path,
    directory: Path,
    known: Sequence[str],
    settings: ArchiveSettings,
    *,
    report: Callable[[Unpacked], None] = lambda _: None,
) -> Result:
    """Unpack `archive` into `directory`, trying the `known` passwords.

    `report` is told of each file once it is complete.
    """
    try:
        size = (await asyncio.to_thread(volumes.look, archive)).size
    except OSError as error:
        raise Permanent(f"{archive} cannot be read: {error.strerror}.") from None
    engine = await Engine.find(settings)
    run = _Run(engine, [*known, *settings.passwords], Budget(settings, size), report)
    try:
        kind = await run.unpack(archive, directory, archive.name, settings.depth)
    except Temporary as error:
        raise Permanent(error.reason) from error  # nobody waits here
    problems = run.problems[:_TOLD]
    if len(run.problems) > _TOLD:
        problems.append(f"{len(run.problems) - _TOLD} more members are damaged.")
    return Result(kind, run.files, run.size, tuple(problems))


@dataclass(slots=True)
class _Run:
    engine: Engine
    passwords: list[str]
    budget: Budget
    report: Callable[[Unpacked], None]
    files: int = 0
    size: int = 0
    problems: list[str] = field(default_factory=list)

    async def unpack(self, path: Path, directory: Path, name: str, depth: int) -> str:
        """One archive of the drop and what is inside it; its kind."""
        archive = await self.engine.open(
            path, self.passwords, budget=self.budget, everything=True, nice=0
        )
        try:
            await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise Permanent(f"{directory} cannot be made: {error.strerror}.") from error
        inner: list[tuple[str, Path]] = []
        looks_like_one: set[int] = set()

        def keep(member: Member, head: bytes) -> bool:
            if depth > 1 and (begins_like_one(head) or may_be(member.name)):
                looks_like_one.add(member.number)
            return True

        async for piece in archive.extract(directory, keep=keep):
            if piece.damage is not None:
                self.problems.append(f"{piece.member.name} in {name} is damaged: {piece.damage}.")
            elif piece.path is not None:
                self.files += 1
                self.size += piece.size
                self.report(Unpacked(piece.path, piece.member.name, piece.size))
                if password_for(piece.member.name) is not None:
                    self.passwords += await asyncio.to_thread(passwords.read, piece.path)
                elif piece.member.number in looks_like_one:
                    inner.append((piece.member.name, piece.path))
        if archive.damage is not None:
            self.problems.append(f"{name} is damaged: {archive.damage}.")
        for found in await asyncio.to_thread(together, inner):
            if found.is_archive:
                label, member = inner[found.places[0]]
                await self._inside(found.path, member, f"{label} in {name}", depth - 1)
        return archive.kind

    async def _inside(self, path: Path, member: Path, name: str, depth: int) -> None:
        try:
            await self.unpack(path, member.with_name(f"{member.name}.d"), name, depth)
        except TelespoolError as error:
            if self.budget.passed is not None:
                raise  # no other archive of this drop may bring anything either
            if error.reason in {nothing_inside(path.name), unreadable(path.name, None)}:
                return  # it only looks like an archive: a file like any other, and it is there
            self.problems.append(error.reason)


__all__ = ["Result", "Unpacked", "unpack"]
