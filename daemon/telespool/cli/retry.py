"""telespool retry JOB|PATH…: try again what was refused, waits or is held.

Of a job: everything of it in quarantine and every wait, that of its chat or of the account too. What goes on waiting
(the hours of the configuration, what Telegram ordered, room on the disk) is told, with its end. A password
(--password asks for it, --password-file reads it) goes beside the archive as NAME.password; an archive that came out
of a drop becomes a drop of its own; --as-document sends a file as it is, to be downloaded and not played (its name
says so: clip.as-document.mp4).
"""

from __future__ import annotations

import shlex
import sys
import time
from typing import TYPE_CHECKING, Any

from telespool.archives.signatures import recognise
from telespool.cli.passwords import given
from telespool.cli.spool_access import see_all_of, spool_root, tell_if_stopped
from telespool.config import loader
from telespool.errors import Permanent, TelespoolError
from telespool.observe.control_client import look
from telespool.observe.status_text import how_long, who_waits
from telespool.runtime import plain_files
from telespool.service.retrying import order
from telespool.spool import Spool, operator, rights, titles
from telespool.spool.companions import password_for
from telespool.spool.gathering import gathers
from telespool.spool.lock import Lock
from telespool.spool.lookup import find

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from telespool.spool.layout import Entry

_PATIENCE = 10.0  # seconds; the daemon answers between two steps of its loop


def run(options: argparse.Namespace) -> int:
    """Move each unit and say where it is now, and what it waits for; 1 if nothing could be done for one."""
    config = loader.load(options.config)
    spool = Spool(spool_root(config), config.spool.inbox)
    passwords = given(options)
    wanted: list[tuple[str, str, list[Entry]]] = []
    code = 0
    for what in options.what:
        try:
            wanted.append((what, *_wanted(spool, what, as_document=options.as_document)))
        except TelespoolError as error:
            print(f"telespool: {error}", file=sys.stderr)
            code = 1
    if wanted:
        operator.share(spool)
    for what, job, entries in wanted:
        # First: a unit that is moved while its chat waits would call the chat's other units back by itself.
        ended, lasting = _end_waits(spool, job)
        moved = [
            _move(spool, entry, passwords, as_document=options.as_document, called=bool(ended))
            for entry in entries
        ]
        if not (entries or ended or lasting):
            print(f"telespool: {_nothing(what)}", file=sys.stderr)
        for wait in ended:
            print(f"{who_waits(wait)}: tried again now; it waited because: {wait['reason']}")
        for wait in lasting:
            until = how_long(wait, time.time())
            print(f"{who_waits(wait)}: goes on waiting {until}: {wait['reason']}")
        if not all(moved) or not (moved or ended):
            code = 1
    if any(entries for _, _, entries in wanted):
        tell_if_stopped(config)
    return code


def _end_waits(spool: Spool, job: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Let the daemon end what the job waits for beside its units; the waits that were, and those that last."""
    holder = Lock(spool.root / "lock").holder()
    if holder is None:
        return [], []  # a start tries everything again
    answer = look(spool.root, holder, order(job), _PATIENCE)
    if answer is None or "ended" not in answer:
        print(
            f"The daemon (process {holder}) does not answer; if the chat or the account waits, that goes on.",
            file=sys.stderr,
        )
        return [], []
    return answer["ended"], answer["lasting"]


def _move(
    spool: Spool, entry: Entry, passwords: Sequence[str], *, as_document: bool, called: bool
) -> bool:
    """Move one unit and say where it is now; whether it could be moved. `called`: the daemon brings back what waits."""
    label = titles.called(spool, entry)
    password = "\n".join(passwords)
    try:
        if entry.unit.first and not as_document and _is_archive(entry):
            place = operator.drop_again(spool, entry, password)
            print(f"{label}: now {place}, to be unpacked as a drop of its own")
            return True
        if passwords and entry.unit.first:
            print(f"{label}: is no archive, so the password is not used")
            password = ""
        moved = operator.retry(spool, entry, password=password, as_document=as_document)
    except Permanent as error:
        print(f"telespool: {error}", file=sys.stderr)
        return False
    except PermissionError as error:
        found = rights.refused_to_reader(error, spool.root)
        if found is None:
            raise
        print(f"telespool: {found[1]}", file=sys.stderr)
        return False
    except FileNotFoundError:
        brought = _brought_back(spool, entry) if called else None
        if brought is not None and as_document and brought.folder == "uploading":
            return _move(spool, brought, (), as_document=True, called=False)
        if brought is not None:
            print(f"{label}: now in {brought.folder}/, {_next(brought)}")
            return True
        print(f"{label}: is not there any more; the daemon, or a person, was first")
        return False
    print(f"{label}: now in {moved.folder}/, {_next(moved)}")
    return True


def _brought_back(spool: Spool, entry: Entry) -> Entry | None:
    """The unit where it is now that the daemon has brought it back meanwhile."""
    unit, found = entry.unit.plain(), []
    if entry.folder == "deferred":
        found = [*spool.units("uploading", entry.job), *spool.units("done", entry.job)]
    return next((each for each in found if each.unit.plain() == unit), None)


def _is_archive(entry: Entry) -> bool:
    """Whether a refused file is an archive, which is unpacked and never sent by itself."""
    is_file = entry.folder == "quarantine" and plain_files.is_file(entry.path)
    return is_file and recognise(entry.path) is not None


def _next(moved: Entry) -> str:
    if moved.folder == "incoming":
        return "to be unpacked again"
    if moved.folder == "done":
        return "sent"
    return "to be sent as a document" if moved.unit.goes_as_document else "to be sent in its turn"


def _wanted(spool: Spool, what: str, *, as_document: bool) -> tuple[str, list[Entry]]:
    """The job that is meant, and what of it was refused or waits by itself."""
    found = find(spool, what)
    if not found.job:
        raise Permanent(
            f"{what} is in the inbox still: it is taken by itself. What it waits for: telespool explain {shlex.quote(what)}"
        )
    see_all_of(spool, found.job)
    resting = (*spool.units("quarantine", found.job), *spool.units("deferred", found.job))
    entries = [
        entry for entry in found.entries or resting if _may_go(entry, as_document=as_document)
    ]
    if not entries and (as_document or spool.is_over(found.job)):
        raise _nothing(what)
    return found.job, entries


def _nothing(what: str) -> Permanent:
    return Permanent(
        f"{what}: nothing of it was refused or waits, so there is nothing to try again."
        f" Where it is: telespool explain {shlex.quote(what)}"
    )


def _may_go(entry: Entry, *, as_document: bool) -> bool:
    """Return True for what was refused or waits; what is to be converted goes on by itself."""
    if entry.folder == "deferred":
        return as_document or entry.unit.attempt > 0 or gathers(entry)
    # A password beside an archive is no unit, whatever its name begins with.
    return entry.folder == "quarantine" and password_for(entry.unit.label) is None
