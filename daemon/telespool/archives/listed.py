"""Opening an archive that 7-Zip lists: everything that can be decided before a byte of it is written.

In this order: does a password fit, can it be listed, is a volume missing, is there anything in it, is it within the
limits. Then its members get their names and their numbers. Permanent and Temporary leave it, each with its own
sentence. What is wrong with one member is left to that member.
"""

from __future__ import annotations

import asyncio
from array import array
from typing import TYPE_CHECKING

from telespool.archives import messages, name_encoding, passwords, zip_directory
from telespool.archives.members import ENTRIES_PER_MEMBER, is_junk, left_out, numbered
from telespool.archives.sevenzip import Listing, SevenZipArchive
from telespool.archives.stored_zip import StoredZip
from telespool.errors import Permanent, VolumeMissing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.archives.listing import ListedEntry
    from telespool.archives.members import Archive
    from telespool.archives.opening import Opening


async def open_listed(opening: Opening) -> Archive:
    """What can be unpacked of an archive that 7-Zip lists."""
    password, listing = await _list(opening)
    entries = listing.entries
    _refuse(opening, listing)
    names = await asyncio.to_thread(_names, opening, entries)
    imitations = await _imitations(opening, listing)
    fitting: tuple[str, ...] = ()
    locked = ""
    if any(entry.encrypted and not entry.silent for entry in entries):
        fitting = await passwords.fitting(opening, entries, imitations, password)
        if not fitting:
            if not any(entry.regular and entry.size and not entry.encrypted for entry in entries):
                raise Permanent(messages.no_password(opening.name, len(opening.passwords)))
            locked = messages.member_locked(opening.name, len(opening.passwords))
    places = array(
        "Q",
        (
            place
            for place, entry in enumerate(entries)
            if entry.regular and not is_junk(names[place], everything=opening.everything)
        ),
    )
    if not opening.everything and not any(entries[place].size != 0 for place in places):
        raise Permanent(messages.nothing_inside(opening.name))
    members = numbered(
        [names[place] for place in places], [entries[place].size for place in places]
    )
    opening.check(members)
    damage = _broken(listing, names[-1])
    offsets = await asyncio.to_thread(_offsets, opening, listing, places)
    archive: Archive
    if offsets is not None:
        crcs = array("Q", (entries[place].crc or 0 for place in places))
        archive = StoredZip(opening, members, offsets, crcs, damage=damage)
    else:
        archive = SevenZipArchive(
            opening,
            entries,
            places,
            members,
            passwords=fitting,
            locked=locked,
            imitations=imitations,
            damage=damage,
        )
    if not opening.everything:
        archive.left_out = left_out(
            (names[place], entry.regular)
            for place, entry in enumerate(entries)
            if not entry.directory
        )
    return archive


async def _list(opening: Opening) -> tuple[str | None, Listing]:
    """The listing, and the password that was needed for it."""
    most = ENTRIES_PER_MEMBER * opening.settings.max_members + 1000
    for password in (None, *passwords.candidates(opening.passwords, opening.kind)):
        listing = await opening.source.list(password, most)
        if listing.entries or not messages.wants_password(listing.said):
            break
    else:
        raise Permanent(messages.no_password(opening.name, len(opening.passwords)))
    if listing.head.comment:
        # A comment may look like a listing; without the head there is no comment. The head stays as it was.
        bare = await opening.source.list(password, most, bare=True, head=listing.head)
        listing = Listing(listing.head, bare.entries, listing.said)
    return password, listing


def _names(opening: Opening, entries: Sequence[ListedEntry]) -> list[str]:
    """What people called the entries."""
    if opening.kind == "zip":
        directory = zip_directory.read(opening.path)
        if directory is not None and zip_directory.agree(entries, directory):
            return zip_directory.names(directory)
    return name_encoding.decode([entry.shown for entry in entries])


def _offsets(opening: Opening, listing: Listing, places: Sequence[int]) -> Sequence[int] | None:
    """Where the local headers of these entries are, if every one of them lies in the zip as it is."""
    if opening.kind != "zip" or listing.head.errors:
        return None
    if not all(listing.entries[place].stored for place in places):
        return None
    directory = zip_directory.read(opening.path)
    if directory is None or not zip_directory.agree(listing.entries, directory):
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


async def _imitations(opening: Opening, listing: Listing) -> int:
    """How often the archive's comment contains the line that announces the first entry."""
    if not listing.head.comment or not listing.entries:
        return 0
    return await opening.source.count(listing.entries[0].shown)


def _refuse(opening: Opening, listing: Listing) -> None:
    name, entries = opening.name, listing.entries
    errors = [*listing.head.errors, *listing.said.splitlines()]
    missing = messages.missing_volume("\n".join(errors))
    if missing is not None:
        raise VolumeMissing(messages.volume_missing(name, opening.source.told(missing)))
    if opening.awaited is not None and _is_cut(errors):
        raise VolumeMissing(messages.volume_missing(name, opening.awaited))
    if not entries:
        if listing.head.kind and not listing.said.strip() and not listing.head.errors:
            raise Permanent(messages.nothing_inside(name))
        raise Permanent(messages.unreadable(name, messages.archive_damage(_plain(errors))))
    if all(entry.directory for entry in entries):
        raise Permanent(messages.nothing_inside(name))


def _broken(listing: Listing, last: str) -> str | None:
    """What is wrong with the archive as a whole, and the `last` name, where its listing stops."""
    damage = messages.archive_damage(listing.head.errors)
    if damage is None or not _is_cut(listing.head.errors):
        return damage
    return f"{damage} after {last}"


def _is_cut(errors: Sequence[str]) -> bool:
    return any("end of archive" in said or "Cannot open" in said for said in errors)


def _plain(errors: Sequence[str]) -> list[str]:
    """Of what was said, what `messages` has a word for."""
    return [said for said in errors if messages.archive_damage([said]) not in {None, said.strip()}]
