"""telespool retry JOB|PATH…: try again what was refused, waits or is held.

Of a job: everything of it in quarantine and every wait. A password (--password asks for it, --password-file reads it)
goes beside the archive as NAME.password; an archive that came out of a drop becomes a drop of its own;
--as-document sends a file as it is, to be downloaded and not played (its name says so: clip.as-document.mp4).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from telespool.archives.signatures import recognise
from telespool.cli.passwords import given
from telespool.cli.spool_access import spool_root, tell_if_stopped
from telespool.config import loader
from telespool.errors import Permanent, TelespoolError
from telespool.runtime import plain_files
from telespool.spool import Spool, operator
from telespool.spool.companions import password_for
from telespool.spool.gathering import gathers
from telespool.spool.lookup import find

if TYPE_CHECKING:
    import argparse

    from telespool.spool.layout import Entry


def run(options: argparse.Namespace) -> int:
    """Move each unit and say where it is now; 1 if one could not be moved."""
    config = loader.load(options.config)
    spool = Spool(spool_root(config), config.spool.inbox)
    passwords = given(options)
    code = 0
    wanted: list[Entry] = []
    for what in options.what:
        try:
            wanted += _wanted(spool, what, as_document=options.as_document)
        except TelespoolError as error:
            print(f"telespool: {error}", file=sys.stderr)
            code = 1
    if not wanted:
        return code
    operator.share(spool)
    for entry in wanted:
        password = "\n".join(passwords)
        try:
            if entry.unit.first and not options.as_document and _is_archive(entry):
                place = operator.drop_again(spool, entry, password)
                print(f"{entry.unit.label}: now {place}, to be unpacked as a drop of its own")
                continue
            if passwords and entry.unit.first:
                print(f"{entry.unit.label}: is no archive, so the password is not used")
                password = ""
            moved = operator.retry(spool, entry, password=password, as_document=options.as_document)
        except Permanent as error:
            print(f"telespool: {error}", file=sys.stderr)
            code = 1
            continue
        except FileNotFoundError:
            print(f"{entry.unit.label}: is not there any more; the daemon, or a person, was first")
            code = 1
            continue
        print(f"{entry.unit.label}: now in {moved.folder}/, {_next(moved)}")
    tell_if_stopped(config)
    return code


def _is_archive(entry: Entry) -> bool:
    """Whether a refused file is an archive, which is unpacked and never sent by itself."""
    is_file = entry.folder == "quarantine" and plain_files.is_file(entry.path)
    return is_file and recognise(entry.path) is not None


def _next(moved: Entry) -> str:
    if moved.folder == "incoming":
        return "to be unpacked again"
    return "to be sent as a document" if moved.unit.goes_as_document else "to be sent in its turn"


def _wanted(spool: Spool, what: str, *, as_document: bool) -> list[Entry]:
    found = find(spool, what)
    if not found.job:
        raise Permanent(f"{what} is in the inbox still: it is taken by itself.")
    resting = (*spool.units("quarantine", found.job), *spool.units("deferred", found.job))
    entries = [
        entry for entry in found.entries or resting if _may_go(entry, as_document=as_document)
    ]
    if not entries:
        raise Permanent(
            f"{what}: nothing of it was refused or waits, so there is nothing to try again."
            f" Where it is: telespool explain {what}"
        )
    return entries


def _may_go(entry: Entry, *, as_document: bool) -> bool:
    """Return True for what was refused or waits; what is to be converted goes on by itself."""
    if entry.folder == "deferred":
        return as_document or entry.unit.attempt > 0 or gathers(entry)
    # A password beside an archive is no unit, whatever its name begins with.
    return entry.folder == "quarantine" and password_for(entry.unit.label) is None
