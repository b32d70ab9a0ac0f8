"""Opening what has no table of contents: compressed streams, tars, and files that were cut.

A stream is looked into: it is a tar, or it is one file. Permanent and Temporary leave it.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from telespool.archives import lz4_lzip, messages, name_encoding, tar
from telespool.archives.blocking import whole
from telespool.archives.child_stream import CHUNK
from telespool.archives.limits import NAMES
from telespool.archives.members import ENTRIES_PER_MEMBER, is_junk, left_out, numbered
from telespool.archives.opening import PIECES
from telespool.archives.sevenzip import StreamArchive
from telespool.archives.tar_input import TarFileInput, TarInput
from telespool.errors import Permanent, VolumeMissing
from telespool.file_types import is_tar

if TYPE_CHECKING:
    from telespool.archives.child_stream import ChildStream
    from telespool.archives.members import Archive
    from telespool.archives.opening import Opening

_TAR = re.compile(r"\.(tar\.\w+|t[gx]z|tbz2?|tzst)$", re.IGNORECASE)


async def open_pieces(opening: Opening) -> Archive:
    """A file that was cut, which is no archive."""
    if opening.awaited is not None:
        raise VolumeMissing(messages.volume_missing(opening.name, opening.awaited))

    async def start() -> TarInput:
        return await asyncio.to_thread(TarFileInput, opening.volumes)

    return _one_file(opening, start)


async def open_stream(opening: Opening) -> Archive:
    """What one compressed stream holds."""
    source = await _start(opening)
    try:
        head = bytearray(512)
        count = await asyncio.to_thread(source.read_into, memoryview(head))
        if count < len(head):
            code, said = await source.finish()
    finally:
        await source.close()
    name = opening.name
    if is_tar(bytes(head[:count])):
        return await open_tar(opening)
    if opening.awaited is not None and await _breaks_off(opening):
        raise VolumeMissing(messages.volume_missing(name, opening.awaited))
    if count == len(head) and not any(head) and _TAR.search(name):
        raise Permanent(messages.nothing_inside(name))  # a tar without files is zeros
    if not count:
        damage = messages.stream_damage(code, said)
        if damage is not None:
            raise Permanent(messages.unreadable(name, damage))
        if not opening.everything:
            raise Permanent(messages.nothing_inside(name))
    return _one_file(opening, lambda: _start(opening))


async def open_tar(opening: Opening) -> Archive:
    """A plain tar, or the one inside a compressed stream."""
    entries: list[tar.TarEntry] = []
    passed: list[bytes] = []
    length = 0
    most = ENTRIES_PER_MEMBER * opening.settings.max_members + 1000

    def take(entry: tar.TarEntry) -> None:
        nonlocal length
        length += len(entry.name)
        if length > NAMES:
            raise Permanent(messages.endless_names(opening.name))
        if entry.regular:
            entries.append(entry)
            if len(entries) > most:
                opening.budget.check(opening.name, len(entries), 0, 0)
        else:
            passed.append(entry.name)

    async def tap() -> TarInput:
        if opening.kind == "tar":
            return await asyncio.to_thread(TarFileInput, opening.volumes, opening.offset)
        return await _start(opening)

    source = await tap()
    try:
        damage = await tar.read_names(source, take)
        damage = messages.stream_damage(*await source.finish()) or damage
    finally:
        await source.close()
    name = opening.name
    if damage and opening.awaited is not None:
        raise VolumeMissing(messages.volume_missing(name, opening.awaited))
    if not entries and damage:
        raise Permanent(messages.unreadable(name, damage))
    names = name_encoding.decode([entry.name for entry in entries] + passed)
    junk = {
        place
        for place in range(len(entries))
        if is_junk(names[place], everything=opening.everything)
    }
    wanted = [entry for place, entry in enumerate(entries) if place not in junk]
    empty = not (passed if opening.everything else any(entry.size for entry in wanted))
    if empty and not (opening.everything and wanted):
        raise Permanent(messages.nothing_inside(name))
    members = numbered(
        [names[place] for place in range(len(entries)) if place not in junk],
        [entry.size for entry in wanted],
    )
    opening.check(members)
    archive = tar.TarArchive(opening, wanted, members, tap=tap, damage=damage)
    if not opening.everything:
        others = ((names[place], False) for place in range(len(entries), len(names)))
        archive.left_out = left_out([*((names[place], True) for place in sorted(junk)), *others])
    return archive


def _one_file(opening: Opening, start: tar.Start) -> Archive:
    name = opening.joined or opening.name
    stem, dot, _ = name.rpartition(".")
    if opening.kind != PIECES and dot and stem:
        name = stem
    return StreamArchive(opening, name, start=start)


async def _breaks_off(opening: Opening) -> bool:
    """Whether the stream does not come to a good end: what is there of it is read."""
    source = await _start(opening)
    try:
        await whole(lambda: _read_on(source), source.abort)
        return messages.stream_damage(*await source.finish()) is not None
    finally:
        await source.close()


def _read_on(source: TarInput) -> None:
    rest = memoryview(bytearray(CHUNK))
    while source.read_into(rest):
        pass


async def _start(opening: Opening) -> ChildStream:
    """Begin to read what the stream holds."""
    size = await asyncio.to_thread(lambda: opening.path.stat().st_size)
    size = min(int(size * opening.settings.max_ratio) + (1 << 30), opening.settings.max_total)
    if opening.kind in lz4_lzip.KINDS:
        return await lz4_lzip.start(opening.path, opening.kind, opening.source.limits(size))
    return await opening.source.content(None, size)
