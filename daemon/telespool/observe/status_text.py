"""The status as lines for people; what each says is one thing to know, most pressing first."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telespool.observe import humanize
from telespool.runtime import plain_files
from telespool.runtime.waits import EVERYBODY
from telespool.spool.account import brief
from telespool.spool.strangers import NO_NUMBER
from telespool.spool.waiting import HELD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.observe.status import Shelf, Status

WIDTH = 30
_NAMED = 5  # drops that nobody takes
_CLOSED = 8  # folders that are named
_MEANING = {
    "incoming": "being unpacked",
    "uploading": "ready to send",
    "deferred": "to convert, or waiting",
    "converting": "being converted",
    "done": "sent",
    "quarantine": "refused, each with a note",
}
HEAD = ("folder", "jobs", "units", "files", "bytes", "oldest", "")


def lines(status: Status) -> list[str]:
    """All of it, for a terminal or a mail."""
    table = [HEAD, *(row(shelf) for shelf in status.folders)]
    shown = [headline(status), ""]
    for folder, jobs, units, files, size, oldest, meaning in table:
        shown.append(
            f"{folder:<11}{jobs:>6}{units:>8}{files:>8}{size:>12}  {oldest:<17}{meaning}".rstrip()
        )
    for title, each in sections(status):
        shown += ["", f"{title}:", *(f"  {line}" for line in each)]
    return shown


def headline(status: Status) -> str:
    """The spool, whether somebody works on it, and how much room there is."""
    daemon = {
        "running": f"the daemon runs (process {status.process})",
        "silent": f"the daemon runs (process {status.process}), but does not say what it does",
        "not running": "the daemon does not run; start it: telespool run, or systemctl start telespool",
    }[status.daemon]
    if status.ended is not None:
        when, reason = status.ended
        daemon = f"{daemon}\nit ended at {humanize.moment(when)}: {reason}"
    inbox = f"{humanize.count(status.inbox, 'entry', 'entries')} in the inbox"
    return f"{status.root}: {daemon}\n{inbox}, {humanize.size(status.free)} free"


def row(shelf: Shelf) -> tuple[str, ...]:
    """A line of the table."""
    oldest = "-"
    if shelf.oldest is not None:
        oldest = time.strftime("%Y-%m-%d %H:%M", time.localtime(shelf.oldest))
    numbers = (str(number) for number in (shelf.jobs, shelf.units, shelf.files))
    return (shelf.folder, *numbers, humanize.size(shelf.bytes), oldest, _MEANING[shelf.folder])


def sections(status: Status) -> Iterator[tuple[str, list[str]]]:
    """What is under way, what waits, what was refused; only those with something in them."""
    for title, found in (
        ("Under way", [*under_way(status)]),
        ("Helpers", [*helpers(status)]),
        ("Waiting", [*waiting(status)]),
        ("Last refused", [*refused(status)]),
        ("Not looked into", [*closed(status)]),
    ):
        if found:
            yield title, found


def under_way(status: Status) -> Iterator[str]:
    """What is being worked on, with progress, speed and time left where the daemon tells."""
    activity = status.activity or {}
    told = set()
    if activity.get("unpacking"):
        yield f"unpacking   {activity['unpacking']}"
        told.add("incoming")
    if upload := activity.get("upload"):
        yield f"uploading   {humanize.job(upload['job'])}: {upload['unit']}  {upload_words(upload)}"
        told.add("uploading")
        left = status.shelf("uploading").bytes - upload["sent"]
        if upload["speed"] and left > upload["total"]:
            time_left = humanize.span(left / upload["speed"])
            yield f"            {humanize.size(left)} in all are to be sent, about {time_left}"
    if conversion := activity.get("conversion"):
        pieces = next(
            (each.segments for each in status.under_way if each.folder == "converting"), 0
        )
        name = f"{humanize.job(conversion['job'])}: {conversion['unit']}"
        yield f"converting  {name}  {conversion_words(conversion, pieces)}"
        told.add("converting")
    for each in status.under_way:
        if each.folder in told:
            continue
        doing = {"incoming": "unpacking", "uploading": "uploading"}.get(each.folder, "converting")
        pieces_words = (
            f", {humanize.count(each.segments, 'piece')} finished" if each.segments else ""
        )
        begun = "begun" if status.daemon == "not running" else "under way"
        yield f"{doing:<11} {humanize.job(each.job)}: {each.unit}  {begun}, attempt {each.attempt}{pieces_words}"


def helpers(status: Status) -> Iterator[str]:
    """The machines that encode pieces: how much, how fast, and what failed last."""
    for helper in (status.activity or {}).get("helpers", ()):
        words = [humanize.count(helper["pieces"], "piece") if helper["pieces"] else "no piece yet"]
        if helper["speed"]:
            words.append(f"{helper['speed']:.1f} x real time")
        if helper["is_busy"]:
            words.append("busy")
        if helper["failures"]:
            when = time.strftime("%H:%M:%S", time.localtime(helper["failed_at"]))
            words.append(f"failed at {when}: {helper['last_failure']}")
        if (helper["again_at"] or 0) > time.time():
            again = time.strftime("%H:%M:%S", time.localtime(helper["again_at"]))
            words.append(f"tried again at {again}")
        yield f"{helper['name']}  {', '.join(words)}"


def upload_words(upload: dict[str, Any]) -> str:
    """How far an upload is."""
    share = upload["sent"] / upload["total"] if upload["total"] else 1.0
    text = f"{share:.0%} of {humanize.size(upload['total'])}"
    if upload["speed"]:
        text += f", {humanize.size(upload['speed'])}/s"
    if upload["seconds_left"] is not None:
        text += f", {humanize.span(upload['seconds_left'])} left"
    return text


def conversion_words(conversion: dict[str, Any], pieces: int) -> str:
    """How far a conversion is."""
    parts = []
    if conversion["fraction"] is not None:
        parts.append(f"{conversion['fraction']:.0%}")
    if pieces:
        parts.append(f"{humanize.count(pieces, 'piece')} finished")
    if conversion["standing_still"]:
        parts.append("stands still while files are sent")
    elif conversion["speed"]:
        parts.append(f"{conversion['speed']:.1f} x real time")
        if conversion["seconds_left"] is not None:
            parts.append(f"{humanize.span(conversion['seconds_left'])} left")
    return ", ".join(parts) or "just begun"


def waiting(status: Status) -> Iterator[str]:
    """Who waits, until when, and for what."""
    now = time.time()
    waits = (status.activity or {}).get("waits", [])
    held = {wait["whom"] for wait in waits if wait["kind"] == "person"}
    told = {wait["whom"] for wait in waits if wait["scope"] == "unit"}
    for wait in waits:
        yield f"{who_waits(wait)} {how_long(wait, now)}: {wait['reason']}"
    for each in status.waiting[:5]:
        if f"{each.job}/{each.unit}" in told:
            continue  # above, with its reason
        if each.until == HELD:
            if each.job in held:
                continue  # the daemon has told it
            yield f"{humanize.job(each.job)}: {each.unit} is held; to let it go: telespool retry"
            continue
        when = humanize.moment(each.until)
        left = (
            f"until {when} (in {humanize.span(each.until - now)})"
            if each.until > now
            else "no longer"
        )
        yield f"{humanize.job(each.job)}: {each.unit} {left}, then it is tried again"
    if status.waiting_count > len(status.waiting[:5]):
        yield f"and {status.waiting_count - len(status.waiting[:5])} more"
    for sentence in status.left_in_inbox[:_NAMED]:
        yield f"inbox: {sentence}"
    if len(status.left_in_inbox) > _NAMED:
        yield f"inbox: {len(status.left_in_inbox) - _NAMED} more are left there"
    yield from _out_of_place(status)
    if status.to_convert:
        them = humanize.count(status.to_convert, "file")
        yield f"{them} to be converted when nothing is left to send"


def _out_of_place(status: Status) -> Iterator[str]:
    """What lies where nobody takes it from."""
    for path in status.beside_jobs[:_NAMED]:
        if kind := _kind(status, path):
            yield f"{path} is {kind}: nobody follows or takes it; put the file itself there, or remove it"
            continue
        if path.count("/") > 1:
            yield f"{path}: {NO_NUMBER}"
            continue
        yield (
            f"{path}: nobody takes it from there; move it into the folder of its job"
            f" ({path.partition('/')[0]}/JOB/), or into the inbox"
        )
    if len(status.beside_jobs) > _NAMED:
        yield f"{len(status.beside_jobs) - _NAMED} more lie where nobody takes them"


def _kind(status: Status, path: str) -> str:
    """What it is where it is neither a file nor a folder; empty for these."""
    try:
        state = Path(status.root, path).lstat()
    except OSError:
        return ""
    return "" if stat.S_ISDIR(state.st_mode) else plain_files.kind_of(state)


def closed(status: Status) -> Iterator[str]:
    """The folders that could not be read, but for those of which a wait has told."""
    told = [wait["reason"] for wait in (status.activity or {}).get("waits", [])]
    left = [each.reason for each in status.closed if not any(each.path in wait for wait in told)]
    yield from left[:_CLOSED]
    if len(left) > _CLOSED:
        yield f"and {len(left) - _CLOSED} more: telespool doctor"


def how_long(wait: dict[str, Any], now: float) -> str:
    """Say until when a wait lasts, or since when."""
    if wait["until"] is None:
        return f"for {humanize.span(now - wait['since'])} now"
    return f"until {humanize.moment(wait['until'])} (in {humanize.span(wait['until'] - now)})"


def who_waits(wait: dict[str, Any]) -> str:
    """Name who waits, as people know it."""
    whom = str(wait["whom"])
    if whom == EVERYBODY:
        return "everything"
    if wait["kind"] == "tool" and wait["scope"] == "worker":
        return f"what needs {whom}"
    if wait["scope"] in {"job", "unit"}:
        job, _, unit = whom.partition("/")
        return f"{humanize.job(job)}{f': {unit}' if unit else ''}"
    if wait["scope"] == "topic":
        chat, _, topic = whom.partition("/")
        return f"topic {topic} of {chat}" if topic else f"chat {chat}"
    return f"{wait['scope']} {whom}"


def refused(status: Status) -> Iterator[str]:
    """The last refusals, each with the first line of its reason."""
    for each in status.refused:
        yield f"{humanize.moment(each.when)}  {humanize.job(each.job)}: {each.unit}"
        yield f"    {brief(each.reason)}"
