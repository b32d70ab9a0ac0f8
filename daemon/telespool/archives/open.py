"""Opening an archive: everything that can be decided before a byte of it is written.

In this order: is a volume missing, what is it, does a password fit, can it be listed, is there anything in
it, is it within the limits. Then its members get their names and their numbers. Permanent and Temporary
leave it, each with its own sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.archives import lz4_lzip, messages, name_encoding, tar, zip_directory
from telespool.archives.limits import NAMES
from telespool.archives.members import is_junk, numbered
from telespool.archives.sevenzip import Listing, SevenZip, SevenZipArchive, StreamArchive
from telespool.archives.stored_zip import StoredZip
from telespool.clutter import LINK, clutter
from telespool.errors import Permanent, VolumeMissing
from telespool.file_types import is_tar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from telespool.archives.child_stream import ChildStream
    from telespool.archives.limits import Budget
    from telespool.archives.listing import ListedEntry
    from telespool.archives.members import Archive
    from telespool.config.schema import ArchiveSettings

# Streams that hold one thing each, which may be a tar.
STREAMS = {"gzip", "bzip2", "xz", "zstd", "compress", "lzma", "lz4", "lzip"}
_WINDOWS = {0, 10, 11}  # where zips were made that may use the other slash
_TAR = re.compile(r"\.(tar\.\w+|t[gx]z|tbz2?|tzst)$", re.IGNORECASE)
_PROBES = 3  # encrypted members on which a password is tried
_ENTRIES_PER_MEMBER = 4  # folders, links and junk are listed too


@dataclass(slots=True)
class ArchiveOpener:
    """One archive being opened.

    `everything` makes members of junk and dotfiles too; `volumes` are its files in their order; `awaited` is the
    volume that is missing if it is not complete.
    """

    source: SevenZip
    kind: str
    settings: ArchiveSettings
    passwords: Sequence[str]
    budget: Budget
    everything: bool
    volumes: Sequence[Path]
    awaited: str | None = None

    @property
    def path(self) -> Path:
        """The archive."""
        return self.source.path

    async def archive(self) -> Archive:
        """What can be unpacked."""
        if self.kind == "tar":
            return await self._tar()
        if self.kind == "pieces":
            return self._pieces()
        if self.kind in STREAMS:
            return await self._stream()
        password, listing = await self._list()
        names = await asyncio.to_thread(self._names, listing.entries)
        entries = listing.entries
        self._refuse(listing)
        imitations = await self._imitations(listing)
        passwords: Sequence[str] = ()
        if any(entry.encrypted and not entry.silent for entry in entries):
            first = await self._fitting(entries, imitations, password)
            passwords = [first, *(other for other in self.passwords if other != first)]
        places = array(
            "Q",
            (
                place
                for place, entry in enumerate(entries)
                if entry.regular and (self.everything or not is_junk(names[place]))
            ),
        )
        self._within(
            len(places),
            sum(entry.size or 0 for entry in entries),
            max((entry.size or 0 for entry in entries), default=0),
        )
        if not self.everything and not any(entries[place].size for place in places):
            raise Permanent(messages.nothing_inside(self.path.name))
        members = numbered(
            [names[place] for place in places], [entries[place].size for place in places]
        )
        left_out = self._left_out(
            (names[place], entry.regular)
            for place, entry in enumerate(entries)
            if not entry.directory
        )
        del names  # there may be very many
        offsets = await asyncio.to_thread(self._offsets, listing, places)
        if offsets is not None:
            crcs = array("Q", (entries[place].crc or 0 for place in places))
            damage = _broken(listing)
            stored = StoredZip(self.path, members, offsets, crcs, budget=self.budget, damage=damage)
            stored.left_out = left_out
            return stored
        archive = SevenZipArchive(
            self.path,
            self.kind,
            entries,
            places,
            members,
            source=self.source,
            passwords=passwords,
            budget=self.budget,
            imitations=imitations,
            damage=_broken(listing),
        )
        archive.left_out = left_out
        return archive

    def _left_out(self, found: Iterable[tuple[str, bool]]) -> tuple[tuple[str, str], ...]:
        """What is no member, by name, with the reason; `found` are all but the folders."""
        if self.everything:
            return ()
        named = ((name, clutter(name) if regular else LINK) for name, regular in found)
        return tuple((name, reason) for name, reason in named if reason)

    async def _list(self) -> tuple[str | None, Listing]:
        """The listing, and the password that was needed for it."""
        most = _ENTRIES_PER_MEMBER * self.settings.max_members + 1000
        for password in (None, *self.passwords):
            listing = await self.source.list(password, most)
            if listing.entries or not messages.wants_password(listing.said):
                break
        else:
            raise Permanent(messages.no_password(self.path.name, len(self.passwords)))
        if listing.head.comment:
            # A comment may look like a listing; without the head there is no comment. The head stays as it was.
            bare = await self.source.list(password, most, bare=True, head=listing.head)
            listing = Listing(listing.head, bare.entries, listing.said)
        return password, listing

    def _names(self, entries: Sequence[ListedEntry]) -> list[str]:
        """What people called the entries."""
        if self.kind == "zip":
            directory = zip_directory.read(self.path)
            if directory is not None and _agree(entries, directory):
                return _zip_names(directory)
        return name_encoding.decode([entry.shown for entry in entries])

    def _offsets(self, listing: Listing, places: Sequence[int]) -> Sequence[int] | None:
        """Where the local headers of these entries are, if every one of them lies in the zip as it is."""
        if self.kind != "zip" or listing.head.errors:
            return None
        if not all(listing.entries[place].stored for place in places):
            return None
        directory = zip_directory.read(self.path)
        if directory is None or not _agree(listing.entries, directory):
            return None
        wanted = iter(places)
        following = next(wanted, None)
        offsets = array("Q")
        for place, entry in enumerate(directory):
            if place == following:
                if not entry.plain or entry.offset + directory.shift < 0:
                    return None
                offsets.append(entry.offset + directory.shift)
                following = next(wanted, None)
        return offsets

    async def _imitations(self, listing: Listing) -> int:
        """How often the archive's comment contains the line that announces the first entry."""
        if not listing.head.comment or not listing.entries:
            return 0
        return await self.source.count(listing.entries[0].shown)

    def _refuse(self, listing: Listing) -> None:
        name, entries = self.path.name, listing.entries
        errors = [*listing.head.errors, *listing.said.splitlines()]
        missing = messages.missing_volume("\n".join(errors))
        if missing is not None:
            raise VolumeMissing(messages.volume_missing(name, missing))
        if self.awaited is not None and _is_cut(errors):
            raise VolumeMissing(messages.volume_missing(name, self.awaited))
        if not entries:
            if listing.head.kind and not listing.said.strip() and not listing.head.errors:
                raise Permanent(messages.nothing_inside(name))
            raise Permanent(messages.unreadable(name, messages.archive_damage(_plain(errors))))
        if all(entry.directory for entry in entries):
            raise Permanent(messages.nothing_inside(name))
        unknown = next((e for e in entries if e.size is None and not e.silent), None)
        if unknown is not None:
            raise Permanent(
                f"{name} does not say how long {unknown.text} is, so it cannot be unpacked safely."
            )

    def _within(self, members: int, size: int, largest: int) -> None:
        self.budget.check(self.path.name, members, size, largest)

    async def _fitting(
        self, entries: Sequence[ListedEntry], imitations: int, first: str | None
    ) -> str:
        """The password with which an encrypted member comes out whole.

        The first few are tried, because the first may be damaged; an empty one comes out with any password.
        """
        if first is not None:
            return first  # it opened the listing, and there is one password to an archive like that
        some = (n for n, entry in enumerate(entries) if entry.encrypted and entry.size)
        places = list(itertools.islice(some, _PROBES))
        for password in self.passwords:
            if not places or await self.source.opens(password, entries, places, imitations):
                return password
        raise Permanent(messages.no_password(self.path.name, len(self.passwords)))

    def _pieces(self) -> Archive:
        """A file that was cut, which is no archive."""
        if self.awaited is not None:
            raise VolumeMissing(messages.volume_missing(self.path.name, self.awaited))

        async def start() -> tar.TarInput:
            return await asyncio.to_thread(tar.TarFileInput, self.volumes)

        name = _without_ending(self.path.name)
        return StreamArchive(self.path, self.kind, name, start=start, budget=self.budget)

    async def _stream(self) -> Archive:
        source = await self._start()
        try:
            head = bytearray(512)
            count = await asyncio.to_thread(source.read_into, memoryview(head))
            if count < len(head):
                code, said = await source.finish()
        finally:
            await source.close()
        name = self.path.name
        if is_tar(bytes(head[:count])):
            return await self._tar()
        if count == len(head) and not any(head) and _TAR.search(name):
            raise Permanent(messages.nothing_inside(name))  # a tar without files is zeros
        if not count:
            damage = messages.stream_damage(code, said)
            if damage is not None:
                raise Permanent(messages.unreadable(name, damage))
            if not self.everything:
                raise Permanent(messages.nothing_inside(name))
        return StreamArchive(
            self.path, self.kind, _without_ending(name), start=self._start, budget=self.budget
        )

    async def _start(self) -> ChildStream:
        size = await asyncio.to_thread(lambda: self.path.stat().st_size)
        size = min(int(size * self.settings.max_ratio) + (1 << 30), self.settings.max_total)
        if self.kind in lz4_lzip.KINDS:
            return await lz4_lzip.start(self.path, self.kind, self.source.limits(size))
        return await self.source.content(None, size)

    async def _tap(self) -> tar.TarInput:
        if self.kind == "tar":
            return await asyncio.to_thread(tar.TarFileInput, self.volumes)
        return await self._start()

    async def _tar(self) -> Archive:
        """A plain tar, or the one inside a compressed stream."""
        entries: list[tar.TarEntry] = []
        left_out: list[tuple[str, bool]] = []
        others = length = 0

        def take(entry: tar.TarEntry) -> None:
            nonlocal others, length
            length += len(entry.name)
            if length > NAMES:
                raise Permanent(messages.endless_names(self.path.name))
            if not entry.regular:
                others += 1
            elif self.everything or not is_junk(entry.name):
                entries.append(entry)
                self._within(len(entries), 0, entry.size)
                return
            left_out.append((entry.name, entry.regular))

        source = await self._tap()
        try:
            damage = await tar.read_names(source, take)
            damage = messages.stream_damage(*await source.finish()) or damage
        finally:
            await source.close()
        name = self.path.name
        if not entries and damage:
            raise Permanent(messages.unreadable(name, damage))
        empty = not (others if self.everything else any(entry.size for entry in entries))
        if empty and not (self.everything and entries):
            raise Permanent(messages.nothing_inside(name))
        self._within(
            len(entries),
            sum(entry.size for entry in entries),
            max((entry.size for entry in entries), default=0),
        )
        names = name_encoding.decode(
            [entry.name.encode("utf-8", "surrogateescape") for entry in entries]
        )
        members = numbered(names, [entry.size for entry in entries])
        archive = tar.TarArchive(
            self.path, self.kind, entries, members, budget=self.budget, tap=self._tap, damage=damage
        )
        archive.left_out = self._left_out(left_out)
        return archive


def _agree(entries: Sequence[ListedEntry], directory: zip_directory.Directory) -> bool:
    return len(entries) == directory.count and all(
        theirs.size in {ours.size, 0xFFFFFFFF}
        for ours, theirs in zip(entries, directory, strict=True)
    )


def _zip_names(directory: zip_directory.Directory) -> list[str]:
    encoding = name_encoding.judge(entry.raw_name for entry in directory if not entry.utf8)
    return [_zip_name(entry, encoding) for entry in directory]


def _zip_name(entry: zip_directory.ZipEntry, encoding: str) -> str:
    utf8 = entry.utf8 and _is_text(entry.raw_name)
    name = entry.raw_name.decode("utf-8" if utf8 else encoding, "replace")
    return name.replace("\\", "/") if entry.made_by in _WINDOWS else name


def _is_text(name: bytes) -> bool:
    with contextlib.suppress(UnicodeDecodeError):
        name.decode("utf-8")
        return True
    return False


def _broken(listing: Listing) -> str | None:
    """What is wrong with the archive as a whole, and where its listing stops."""
    damage = messages.archive_damage(listing.head.errors)
    if damage is None or not _is_cut(listing.head.errors):
        return damage
    return f"{damage} after {listing.entries[-1].text}"


def _is_cut(errors: Sequence[str]) -> bool:
    return any("end of archive" in said or "Cannot open" in said for said in errors)


def _plain(errors: Sequence[str]) -> list[str]:
    """Of what was said, what `sentences` has a word for."""
    return [said for said in errors if messages.archive_damage([said]) not in {None, said.strip()}]


def _without_ending(name: str) -> str:
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name
