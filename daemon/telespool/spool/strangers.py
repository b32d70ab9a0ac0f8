"""What a person has put into the spool. It is left alone, and named. Reads names only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.spool import listing
from telespool.spool.closed import ClosedFolders
from telespool.spool.companions import is_companion
from telespool.spool.layout import FOLDERS, WORKING, is_job, is_note
from telespool.spool.names import Unit

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    from telespool.spool.layout import Folder, SpoolLayout

SEGMENTS = ".segments"
NO_NUMBER = "its name has no number, so nobody takes it from there. Move it into the inbox, or give it back the name it had"
"""Why a file that a person moved into the folder of a job stays there."""


def strangers(folders: SpoolLayout) -> Iterator[Path]:
    """What lies in the working folders beside the jobs, and in a job beside its units, as far as it may be read."""
    closed = ClosedFolders(folders)
    for folder in WORKING:
        for entry in closed.listed(folders.root / folder):
            path = folders.root / folder / entry.name
            if not is_job(entry):
                yield path
                continue
            for inner in closed.listed(path):
                if listing.unit_of(inner) is None and not inner.name.endswith(SEGMENTS):
                    yield path / inner.name


def numberless(folders: SpoolLayout, job: str) -> Iterator[str]:
    """What lies among the units of a job and has no name of one, as FOLDER/NAME.

    That of an album is looked at as well. In done/ it lies among the notes of the job, where it harms nobody:
    `retention_plan` keeps it.
    """
    for folder in FOLDERS:
        found = listing.listed(folders.job_folder(folder, job))
        names = {each.name for each in found}
        if folder != "done":
            yield from (
                f"{folder}/{each.name}" for each in found if is_numberless(each.name, names, folder)
            )
        for each in found:
            unit = listing.unit_of(each)
            if unit is not None and unit.is_album:
                inside = listing.names(folders.job_folder(folder, job) / each.name)
                yield from (
                    f"{folder}/{each.name}/{name}"
                    for name in sorted(inside)
                    if is_numberless(name, inside, folder)
                )


def is_numberless(name: str, names: Container[str], folder: Folder) -> bool:
    """Whether this is neither a unit nor what may lie beside one: a note, the pieces of a film, a password."""
    return (
        Unit.parse(name) is None
        and not is_note(name, names, folder)
        and not (folder == "converting" and name.endswith(SEGMENTS))
        and not is_companion(name)
    )
