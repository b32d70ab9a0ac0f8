"""What becomes of a unit that nobody takes: quarantine, of a converted copy the original; the copy is removed.

An album may hold copies of several originals, and what was sent as it is: then each goes its own way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.errors import Permanent, TelespoolError, Temporary, ToolFault
from telespool.pipeline.worker import log
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telespool.spool import Spool
    from telespool.spool.layout import Entry


def waiting_together(
    refused: Mapping[int, TelespoolError], *, alone: bool
) -> list[tuple[Temporary, list[int]]]:
    """The waits among these refusals, each with the numbers of the files that wait for the same.

    A wait of more than these files is raised, and where they are `alone` each wait.
    """
    found: dict[tuple[str, float | None], tuple[Temporary, list[int]]] = {}
    for number, error in refused.items():
        if isinstance(error, ToolFault):
            raise error
        if isinstance(error, Temporary):
            if alone or error.scope != "unit":
                raise error
            found.setdefault((error.kind, error.retry_after), (error, []))[1].append(number)
    return list(found.values())


def nothing_in(album: Entry) -> Permanent | None:
    """Why an album without any file of ours is not sent; None where nothing at all is in it. Blocks."""
    for name in plain_files.names(album.path):
        kind = plain_files.kind_of(plain_files.lstat(album.path / name)) or "no file of this album"
        said = f"This album holds nothing that can be sent: {name} is {kind}"
        return Permanent(
            f"{said}. Put the file itself there, and move the folder back to uploading/."
        )
    return None


async def give_up(spool: Spool, entry: Entry, reason: str) -> None:
    """Put a unit into quarantine, with the sentence that says why."""
    members = await in_thread(spool.members, entry) if entry.unit.is_album else []
    origins = {member.unit.parent or member.unit.first for member in members}
    if len(origins) > 1 and any(member.unit.kind == "c" for member in members):
        for member in members:
            await give_up(spool, member, reason)
        await in_thread(spool.drop_empty_album, entry)
        return
    copy = entry if entry.unit.kind == "c" else next(iter(members), entry)
    original = None
    if copy.unit.kind == "c":
        original = await in_thread(spool.original_of, copy)
    if original is not None:
        reason = f"Telegram refused {original.unit.label} as it was and converted as well: {reason}"
    log.warning(
        "unit.quarantined",
        job=entry.job,
        unit=str((original or entry).unit.plain()),
        reason=reason,
    )
    await in_thread(spool.quarantine, original or entry, reason)
    if original is not None:
        await in_thread(spool.drop_copy, entry)
