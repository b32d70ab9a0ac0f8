"""Explain a file or folder outside the spool: what it is, and what would become of it if it were dropped.

Nothing is changed: the drop is rehearsed (`pipeline.rehearsal`), with what lies beside it and belongs to it. What is
neither a file nor a folder (a FIFO, a device) is not opened.
"""

from __future__ import annotations

import asyncio
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telespool.cli.chat_choice import by_place, differing, takes_topics
from telespool.cli.live_count import Count
from telespool.config.secrets import Secrets
from telespool.errors import Permanent, ToolFault
from telespool.observe import humanize
from telespool.spool.names import DEFAULT_CHAT

if TYPE_CHECKING:
    from telespool.archives.engine import Engine
    from telespool.config.schema import Config
    from telespool.media.compatibility import Assessment
    from telespool.pipeline.claim.drop import Drop
    from telespool.pipeline.rehearse.rehearsal import Rehearsed

_MEANING = {
    "send": "it is sent as it is",
    "remux": "its streams are copied into an MP4, then it is sent",
    "audio": "its sound is encoded anew and its picture copied, then it is sent",
    "encode": "it is encoded anew, then it is sent",
    "split": "it is split into parts that play, and these are sent",
    "document": "it is sent as a document",
    "skip": "it is left out",
    "refuse": "it goes to quarantine",
}
_SHOWN = 2000  # rows of a table
_PIECES = "pieces"

Told = tuple[dict[str, Any], list[str], int]
"""For programs, for people, and the exit code."""


def explain_path(
    path: Path, config: Config, config_path: Path | None = None, to: tuple[str, str] | None = None
) -> Told:
    """Explain what lies at this path, as it would be dropped for a chat and topic.

    Permanent where nothing lies there, or nobody may look.
    """
    from telespool.pipeline.claim.one_drop import drop_of, drops_of_topic  # noqa: PLC0415 - only here

    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise Permanent(
                f"{path} is a link to {path.readlink()}, and there is nothing."
            ) from None
        raise
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise Permanent(
            f"{path} is neither a file nor a folder (a pipe, a socket or a device): it is never sent."
        )
    # Nothing in a path may be a link for those who open it; the last part may, and is told.
    place = Path(os.path.realpath(path.absolute().parent), path.absolute().name)
    chat, topic = to or by_place(place, config)
    patience, documents = config.archives.volume_wait, config.with_value("others", "document")
    ignore = config.inbox.ignore
    if stat.S_ISDIR(mode) and takes_topics(chat, topic, config):
        drops = drops_of_topic(place, chat, ignore, patience=patience, documents=documents)
        return _topic(place, drops, config, config_path)
    drop = drop_of(place, ignore, chat=chat, patience=patience, documents=documents)
    drop = replace(drop, topic=topic)
    if not stat.S_ISDIR(mode) and not path.stat().st_size:
        return (
            {"kind": "empty", "verdict": "skip", "reasons": [], "left_in_inbox": drop.obstacle},
            [f"{path.name}: an empty file; it stays in the inbox until something is in it"],
            0,
        )
    told, lines, code = explain_drop(_followed(drop), config, config_path)
    if to or chat != DEFAULT_CHAT or differing(chat, config):
        lines.insert(1, _for_chat(drop, config))
    return told | {"chat": drop.place}, lines, code


def _for_chat(drop: Drop, config: Config) -> str:
    """The line that says by whose rules it is foretold, and which chats have others."""
    others = differing(drop.chat, config)
    other = f"; other rules hold for {_some(others)} (--to CHAT)" if others else ""
    return f"  for the chat {drop.place}{other}"


def _topic(folder: Path, drops: list[Drop], config: Config, config_path: Path | None) -> Told:
    """What would become of a folder that stands for a topic of a chat."""
    told: list[dict[str, Any]] = []
    lines = [f"{folder.name}: a topic of its name; each file and folder in it is a drop by itself"]
    worst = 0
    for drop in drops:
        each, shown, code = explain_drop(_followed(drop), config, config_path)
        told.append({"name": drop.path.name, "chat": drop.place} | each)
        lines += [shown[0], _for_chat(drop, config), *shown[1:]]
        worst = max(worst, code)
    return {"kind": "topic", "drops": told}, lines, worst


def explain_drop(drop: Drop, config: Config, config_path: Path | None = None) -> Told:
    """Tell what would become of a drop."""
    passwords = (*config.archives.passwords, *Secrets.read(config_path).archive_passwords)
    found = asyncio.run(_rehearsed(drop, config, passwords))
    if drop.obstacle and found.quarantined:  # it does not come so far
        told = {
            "kind": found.alone.verdict.kind if found.alone and found.alone.verdict else "other"
        }
        left, lines = (
            drop.obstacle,
            [f"{found.label}: it is left in the inbox", f"  {drop.obstacle}"],
        )
        return told | {"verdict": "skip", "reasons": [], "left_in_inbox": left}, lines, 0
    told, lines, code = _told(drop, found)
    left = drop.obstacle or found.waits
    if left:
        lines.insert(1, f"  {left}")
    return told | {"left_in_inbox": left}, lines, code


def _followed(drop: Drop) -> Drop:
    """The drop with what a link leads to in its place: what would be dropped is the file itself."""
    if not drop.path.is_symlink():
        return drop
    return replace(drop, path=Path(os.path.realpath(drop.path)), beside=())


async def _rehearsed(drop: Drop, config: Config, passwords: tuple[str, ...]) -> Rehearsed:
    from telespool.archives.signatures import recognise  # noqa: PLC0415 - only here
    from telespool.archives.volumes import may_be  # noqa: PLC0415 - the same
    from telespool.pipeline.rehearse.rehearsal import rehearse  # noqa: PLC0415 - the same

    path = drop.path
    engine: Engine | None = None
    if path.is_dir() or drop.beside or may_be(path.name) or recognise(path) is not None:
        engine = await _engine(config)
    count = Count()
    try:
        return await rehearse(drop, config, engine, passwords, count.show)
    finally:
        count.end()


async def _engine(config: Config) -> Engine | None:
    from telespool.archives.engine import Engine  # noqa: PLC0415 - only for archives

    try:
        return await Engine.find_working(config.archives)
    except ToolFault:
        return None  # said by whoever needs it


def _told(drop: Drop, found: Rehearsed) -> Told:
    told: dict[str, Any] = {
        "members": [each.to_json() for each in found.rows],
        "quarantined": found.quarantined,
        "with": [path.name for path in drop.beside],
    }
    if found.kind == "file":
        return _file(found, told)
    lines = table_lines(found)
    name = drop.path.name
    beside = f" with {_some(told['with'])}" if drop.beside else ""
    if found.kind == "folder":
        told |= {"kind": "folder", "files": len(found.rows), "counts": _counts(found)}
        files = humanize.count(len(found.rows), "file")
        head = f"{name}{beside}: a folder with {files}; dropped as a whole, it is one job"
        if beside and not drop.path.is_dir():
            head = f"{name}{beside}: dropped together, they are one job"
        inside = [humanize.count(n, kind) for kind, n in told["counts"].items() if n]
        lines.insert(
            0, f"  sent: {', '.join(inside) or 'nothing, there is no photo or video in it'}"
        )
    elif found.kind == _PIECES:
        told |= {"kind": "archive", "verdict": "unpack", "archive": _PIECES}
        head = f"{name}{beside}: a file that was cut; its pieces are joined, and it is sent"
    else:
        kind = found.kind or _kind(drop.path)
        told |= {"kind": "archive", "verdict": "unpack", "archive": kind}
        shown = f" ({kind})" if kind else ""
        head = f"{name}{beside}: an archive{shown}"
        if any(each.becomes not in {"left out", "quarantine"} for each in found.rows):
            head += "; its photos and videos are unpacked and sent"
    told |= {"reasons": [found.quarantined] if found.quarantined else []}
    if found.quarantined:
        when = "then it" if found.waits else "it"
        lines += [f"  {when} goes to quarantine: {found.quarantined}"]
    return told, [head, *lines], 0


def _kind(path: Path) -> str:
    from telespool.archives.signatures import recognise  # noqa: PLC0415 - only here

    return (recognise(path) or "") if path.is_file() else ""


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 4 else ""
    return ", ".join(names[:3] if more else names) + more


def _counts(found: Rehearsed) -> dict[str, int]:
    kinds = [each.becomes for each in found.rows]
    return {
        "photo": sum(each.photos for each in found.rows if each.becomes == "photo"),
        "live photo": sum(
            each.becomes == "live photo" and not each.why.startswith("the clip of")
            for each in found.rows
        ),
        "video": kinds.count("video") + kinds.count("gif"),
        "archive": kinds.count("unpacked"),
        "file": kinds.count("file") + sum(each.file_behind for each in found.rows),
    }


def table_lines(found: Rehearsed) -> list[str]:
    """The table of the files, the first of them where they are very many."""
    from telespool.pipeline.rehearse.foretelling import table  # noqa: PLC0415 - only here

    lines = table(found.rows[:_SHOWN])
    if len(found.rows) > _SHOWN:
        lines.append(f"  and {len(found.rows) - _SHOWN} more")
    return lines


def _file(found: Rehearsed, told: dict[str, Any]) -> Told:
    """What would become of a file that is dropped by itself."""
    from telespool.media.photo_info import MOTION  # noqa: PLC0415 - only here
    from telespool.pipeline.rehearse.foretelling import LEFT_OUT  # noqa: PLC0415 - the same

    row = next(iter(found.rows), None)
    verdict = found.alone.verdict if found.alone is not None else None
    if verdict is not None:  # the row tells of a clip within a photo
        left_behind = tuple(each for each in verdict.left_behind if each != MOTION)
        verdict = replace(verdict, left_behind=left_behind)
        told = verdict.to_json() | told
    else:
        told |= {"kind": "unreadable", "verdict": "refuse", "reasons": []}
    code = 1 if told["verdict"] == "refuse" else 0
    lines = verdict_lines(found.label, verdict) if verdict is not None else [f"{found.label}:"]
    kind = verdict.kind if verdict is not None else "not to be read"
    if row is not None and found.quarantined:
        lines = [f"{found.label}: {kind}; it goes to quarantine", f"  {found.quarantined}"]
    elif row is not None and row.becomes == LEFT_OUT:
        lines = [f"{found.label}: {kind}; it is left out", f"  {row.why}"]
    elif row is not None and row.becomes == "quarantine":
        lines = [lines[0], f"  {row.why}"]
    elif row is not None and found.alone is not None and found.alone.inner_photo:
        lines[0] = f"{found.label}: {kind}; the JPEG inside it is sent"
    elif row is not None and row.becomes == "file":
        lines[0] = f"{found.label}: {kind}; {_MEANING['document']}"
    elif row is not None and row.becomes in {"photo", "live photo"} and row.why:
        lines[1:1] = [f"  {row.why}"]
    return told, lines, code


def judge(path: Path, config: Config) -> tuple[Assessment, str | None]:
    """Assess a file; return the assessment and the kind of archive, None if it is none."""
    from telespool.archives.signatures import recognise  # noqa: PLC0415 - only for files
    from telespool.media.compatibility import assess  # noqa: PLC0415 - the same

    return asyncio.run(assess(path, config.convert)), recognise(path)


def verdict_lines(name: str, verdict: Assessment) -> list[str]:
    """Say what it is, what is done and why, one fact to a line."""
    meaning = _MEANING[verdict.action]
    if (
        verdict.kind == "photo"
        and verdict.reasons
        and verdict.action in {"send", "encode", "split"}
    ):
        each = "each of its pages" if verdict.action == "split" else "it"
        meaning = f"a JPEG is made of {each}, and that is sent"
    lines = [f"{name}: {verdict.kind}; {meaning}"]
    return lines + [
        f"  {line}" for line in (*verdict.reasons, *verdict.left_behind, *verdict.streams)
    ]
