"""uploading → done; uploading → deferred, and back.

The receipt is the rename into done/: it carries Telegram's message id. The members of an album get theirs first. What
waits for a later try lies in deferred/ with the mark of an attempt and its time in the future; what must be converted
lies there without a mark.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool import moved_notes, numbering
from telespool.spool.apart import set_apart
from telespool.spool.layout import CONTENTS, MEMBERS, Entry
from telespool.spool.names import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telespool.spool.transition import SpoolWriter


def deliver(spool: SpoolWriter, entry: Entry, messages: Mapping[int, int]) -> Entry:
    """Write the receipts (message id by member's number) into the names and put the unit into done/.

    The members of an album get theirs first. Should the process die among them, the whole request is
    repeated, and Telegram answers it with the same messages.
    """
    if entry.unit.is_album:
        with plain_files.held(entry.path):
            alone = []
            for member in spool.members(entry):
                message = messages.get(member.unit.first)
                if message is None:
                    alone.append(member)
                else:
                    spool.rename_in_place(member, member.unit.delivered(message))
            _split_off(spool, entry, alone)
        spool.disk.fsync(entry.path)
    first = min(
        filter(None, messages.values()), default=0
    )  # 0: the message is there, and not known
    unit = entry.unit.delivered(first)
    done = spool.put(entry, "done", unit)
    drop_data(spool, done)
    return done


def _split_off(spool: SpoolWriter, entry: Entry, alone: Sequence[Entry]) -> None:
    """Let those members of an album go by themselves that have no message, a still with its clip.

    A person put them there while it was being sent, or it is a live photo that is refused as such.
    """
    clips = {clip.unit.still: clip for clip in alone if clip.unit.still}
    pairs = [(still, clips[still.unit.first]) for still in alone if still.unit.first in clips]
    for still, clip in pairs:
        set_apart(spool, replace(entry, unit=entry.unit.plain()), [still, clip])
    halves = {half.unit.first for pair in pairs for half in pair}
    for member in alone:
        if member.unit.first not in halves:
            unit = member.unit.plain()
            target = spool.job_folder("uploading", member.job) / str(unit)
            spool.move(member.path, target, "uploading", member.job, unit)


def drop_data(spool: SpoolWriter, entry: Entry) -> None:
    """Empty a delivered unit of a job whose archive is kept, where its bytes are in the archive still.

    That is so for what came out of it with these bytes, and for what was made of that (a copy). What a person
    repaired or added has others.
    """
    drop = spool.drop(entry.job)
    if drop is None or drop.path == entry.path or spool.archive_in(drop) is None:
        return
    members = spool.members(entry)
    folder, nothing = spool.job_folder("done", entry.job), set[tuple[int, str]]()
    came_out = spool.members_reader.contents(folder / MEMBERS)
    sent = spool.contents_reader.contents(folder / CONTENTS)
    with plain_files.held(*{member.path.parent for member in members}):
        for member in members:
            number = member.unit.first
            same = came_out.get(number, nothing) & sent.get(number, nothing)
            if (same or member.unit.kind == "c") and plain_files.lstat(member.path).st_size:
                spool.disk.truncate(member.path)


def defer(spool: SpoolWriter, entry: Entry) -> Entry:
    """Send a unit, or one member of an album, to be converted."""
    unit = entry.unit.plain()
    return spool.put(entry, "deferred", unit)


def wait(spool: SpoolWriter, entry: Entry, until: float) -> Entry:
    """Put a unit aside for a later try. The @K in its name tells it from one to be converted."""
    unit = entry.unit.attempted(max(1, entry.unit.attempt))
    spool.disk.utime(entry.path, until)
    return spool.put(entry, "deferred", unit)


def resume(spool: SpoolWriter, entry: Entry) -> Entry:
    """Bring a unit back whose time has come. Waiting is not failing: it starts with a clean name."""
    unit = entry.unit.plain()
    return spool.put(entry, "uploading", unit)


def send_home(spool: SpoolWriter, entry: Entry) -> bool:
    """Bring a unit back that a person moved to where nobody can do anything with it; whether it was one."""
    if moved_notes.drop_orphan_note(spool, entry):
        return True
    unit, home = entry.unit, entry.folder
    if unit.message is not None or unit.kind == "o":
        home = "done"
    elif unit.first == 0:
        home = "incoming"
    elif home == "incoming":
        home = "uploading"
    elif unit.is_album or unit.kind == "c":
        # In deferred/ albums gather, and what has the mark of an attempt waits.
        stays = home != "converting" and (unit.attempt or (home == "deferred" and unit.is_album))
        home = home if stays else "uploading"
    if home == entry.folder:
        return False
    unit = replace(unit, attempt=0)
    spool.put(entry, home, unit)
    return True


def renumber(spool: SpoolWriter, entry: Entry) -> Entry:
    """Give a unit whose number belongs to another of its job one that is free, its members too."""
    members = spool.members(entry)
    free = numbering.free_numbers(spool, entry.job, len(members))
    if not entry.unit.is_album:
        moved = spool.rename_in_place(entry, replace(entry.unit.plain(), first=free[0]))
    else:
        anew = dict(zip((member.unit.first for member in members), free, strict=True))
        units = []
        for member in members:
            still = member.unit.still
            unit = replace(
                member.unit.plain(),
                first=anew[member.unit.first],
                still=None if still is None else anew.get(still, still),
            )
            spool.rename_in_place(member, unit)
            units.append(unit)
        spool.disk.fsync(entry.path)
        moved = spool.rename_in_place(entry, Unit.album(units))
    spool.disk.fsync(moved.path.parent)
    spool.changed([entry.folder])
    return moved


def dissolve(spool: SpoolWriter, entry: Entry) -> list[Entry]:
    """Make the members of an album units of their own, each with the album's attempts."""
    singles = []
    members = spool.members(entry)
    stills = {member.unit.first: member for member in members}
    for member in members:
        still = stills.get(member.unit.still or 0)
        message = member.unit.message
        if message is None and still is not None:
            message = still.unit.message
        if message is not None:  # its album was posted: the name is the receipt
            singles.append(deliver(spool, member, {member.unit.first: message}))
            continue
        if still is not None:
            continue  # the clip of a live photo has gone, or goes, with its still
        clip = next((each for each in members if each.unit.still == member.unit.first), None)
        if clip is not None:
            singles.append(set_apart(spool, entry, [member, clip]))
        else:
            singles.append(set_apart(spool, entry, [member]))
    drop_empty_album(spool, entry)
    return singles


def drop_empty_album(spool: SpoolWriter, entry: Entry) -> None:
    """Remove the directory of an album whose members have all gone elsewhere; should it come back, `recovery` does."""
    spool.disk.rmdir(entry.path)
    spool.tidy(entry.path.parent)
    spool.changed(["uploading"])
