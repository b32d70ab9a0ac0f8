"""Rehearse a drop: the decisions of the pipeline on files where they lie. Nothing is sent or changed.

The drop is opened as `intake` opens one (`sources`), and its members pass the same `ReleaseOrder`, whose releases are
noted instead of made. What comes out of archives lies in a folder of the system's for temporary files, and is removed
as soon as it was looked at. Large members, and those behind the first few thousand, do not come out: they are told by
their names.

Permanent and Temporary become a sentence of the outcome. OSError leaves where the drop cannot be read.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.archives.endings import lacks_end
from telespool.archives.limits import Budget
from telespool.errors import Permanent, TelespoolError, VolumeMissing
from telespool.pipeline.claim.volume_wait import may_lack, missing_volume, no_end, waited
from telespool.pipeline.rehearse.foretelling import LEFT_OUT, QUARANTINED, Foretold
from telespool.pipeline.rehearse.noted_release import NotedOrder
from telespool.pipeline.unpack import outcome
from telespool.pipeline.unpack.caption_files import CaptionFiles
from telespool.pipeline.unpack.sources import Rules, opened, size_of
from telespool.pipeline.unpack.sources.base import is_caption
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.spool import Spool
from telespool.spool.companions import password_for
from telespool.spool.delivered_index import DeliveredIndex
from telespool.spool.job_captions import JobCaptions, is_used
from telespool.spool.layout import FOLDERS, SpoolLayout, archive_among
from telespool.spool.names import Job, clean, nested

if TYPE_CHECKING:
    from collections.abc import Callable

    from telespool.archives.engine import Engine
    from telespool.archives.members import Member
    from telespool.config.schema import Config
    from telespool.pipeline.claim.drop import Drop
    from telespool.pipeline.unpack.assessed_member import AssessedMember
    from telespool.pipeline.unpack.sources import Source
    from telespool.spool.account import LeftOut

_LARGEST = 256 << 20  # bytes of a member that is looked into
_MOST = 2 << 30  # bytes of all of them
_FILES = 2000


@dataclass(slots=True)
class Rehearsed:
    """What would become of a drop: each file, by number; and of the drop itself.

    `kind` is that of the source ("file", "folder", or the archive's; "" where it could not be opened). `quarantined`
    is the sentence with which the drop itself is refused, or kept for what is missing of it; `waits` why it waits in
    the inbox.
    """

    label: str
    kind: str = ""
    rows: tuple[Foretold, ...] = ()
    quarantined: str = ""
    waits: str = ""
    alone: AssessedMember | None = None
    """What the file is that was dropped by itself."""


async def rehearse(
    drop: Drop,
    config: Config,
    engine: Engine | None,
    passwords: tuple[str, ...] = (),
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Rehearsed:
    """Tell what would become of this drop; `progress` hears how many of its files were looked at, and of how many."""
    found = Rehearsed(drop.label or drop.path.name)
    with tempfile.TemporaryDirectory(prefix="telespool-explain-") as place:
        spool = _scratch(Path(place))
        try:
            found.waits = await _waits(drop, engine, config.archives.volume_wait)
            await _rehearse(found, drop, spool, config, engine, passwords, progress)
        except VolumeMissing as error:
            found.quarantined = outcome.volume_missing(error)
        except TelespoolError as error:
            found.quarantined = error.reason if isinstance(error, Permanent) else ""
            waits = "" if found.quarantined else f"{error.reason} It is waited for."
            found.waits = found.waits or waits
    return found


def _scratch(place: Path) -> Spool:
    """A spool for what comes out of archives."""
    spool = Spool(place)
    for name in (*FOLDERS, "tmp"):
        (spool.root / name).mkdir()
    return spool


class _Spared:
    """Which members of archives need not come out to be told of: those that would take long."""

    def __init__(self) -> None:
        self._bytes = _MOST
        self._files = _FILES

    def __call__(self, member: Member) -> bool:
        if is_caption(member.name) or password_for(member.name) is not None:
            return False
        size = member.size
        if size is None or size > _LARGEST or size > self._bytes or not self._files:
            return True
        self._bytes -= size
        self._files -= 1
        return False


async def _open(drop: Drop, rules: Rules) -> Source:
    files = [drop.path, *drop.beside]
    if rules.engine is not None:
        packed = sum([await in_thread(size_of, path) for path in files])
        rules.budget = Budget(rules.engine.settings, packed)
    label, place = clean(drop.label or drop.path.name), drop.path.parent
    if len(files) == 1:
        folder = await in_thread(plain_files.is_directory, drop.path)
        return await opened(drop.path, None if folder else drop.path, label, rules, None)
    names = [path.name for path in files]
    first = archive_among(names, label)
    if first is not None and not await in_thread(plain_files.is_file, place / first):
        first = None
    return await opened(
        place, place / first if first else None, label, rules, sorted(files), only=set(names)
    )


async def _waits(drop: Drop, engine: Engine | None, longest: float) -> str:
    lacking = bool(drop.missing) or await in_thread(may_lack, drop)
    reason = ""
    if lacking:
        reason = await missing_volume(drop, engine)
    elif await in_thread(lacks_end, drop.path):
        reason = no_end(drop)
    return waited(reason, longest) if reason and longest > 0 else ""


async def _rehearse(
    found: Rehearsed,
    drop: Drop,
    spool: Spool,
    config: Config,
    engine: Engine | None,
    passwords: tuple[str, ...],
    progress: Callable[[int, int], None],
) -> None:
    job = str(Job.make(time.time(), drop.chat, found.label, topic=drop.topic))
    chat = config.chat(drop.chat)
    rules = Rules.of_chat(
        chat, config, spool.tmp / f"{job}.unpack", engine, passwords, spool.disk, spares=_Spared()
    )
    source = await _open(drop, rules)
    found.kind = source.kind
    delivered = DeliveredIndex(SpoolLayout(config.spool.root), config.chats)
    order = NotedOrder(
        spool,
        config,
        job,
        source.members,
        delivered=delivered,
        captions=CaptionFiles.of_source(source, clean(found.label), JobCaptions(), drop.topic),
    )
    try:
        async with aclosing(source.pieces(skip=())) as pieces:
            done, of = 0, len(source.members)
            async for piece in pieces:
                await order.add(piece)
                done, of = done + 1, of + len(piece.expect)
                progress(done, of)
        await order.finish()
    finally:
        await source.close()
    _tell(found, source, order)


def _tell(found: Rehearsed, source: Source, order: NotedOrder) -> None:
    order.out.left_out += source.left_out
    source.damage += order.out.kept_inside
    found.quarantined = outcome.nothing_inside(found.label, source, order) or outcome.not_whole(
        found.label, source, order
    )
    rows = list(order.out.noted.values())
    rows += [_left_out(each) for each in order.out.left_out]
    if source.kind == "file":
        found.alone = next(iter(order.out.members.values()), None)
        if found.quarantined:
            rows = [replace(each, becomes=QUARANTINED, why=found.quarantined) for each in rows]
    found.rows = tuple(sorted(rows, key=lambda each: (not each.number, nested(each.number))))


def _left_out(each: LeftOut) -> Foretold:
    becomes = "caption" if is_used(each.reason) else LEFT_OUT
    return Foretold(each.number, each.name, becomes, each.reason)
