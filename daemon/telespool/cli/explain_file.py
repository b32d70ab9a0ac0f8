"""Explain a file or folder outside the spool: what it is, and what would be done to it.

Nothing is changed. What is neither a file nor a folder (a FIFO, a device) is not opened.
"""

from __future__ import annotations

import asyncio
import stat
from typing import TYPE_CHECKING, Any

from telespool.errors import Permanent, TelespoolError
from telespool.observe import humanize

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

    from telespool.archives.members import Archive
    from telespool.config.schema import Config
    from telespool.media.compatibility import Assessment

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
_LOOKED_AT = 2000  # files of a folder; what lies beyond is counted only
_NAMED = 8

Told = tuple[dict[str, Any], list[str], int]
"""For programs, for people, and the exit code."""


def explain_path(path: Path, config: Config) -> Told:
    """Explain what lies at this path; Permanent where nothing does, or nobody may look."""
    from telespool.pipeline.drops import obstacle  # noqa: PLC0415 - only here

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
    left = obstacle(path.absolute(), config.inbox.ignore, config.archives.volume_wait)
    told, lines, code = (_folder if stat.S_ISDIR(mode) else _file)(path, config)
    if left and told["kind"] != "empty":
        lines.insert(1, f"  {left}")
    return told | {"left_in_inbox": left}, lines, code


def _file(path: Path, config: Config) -> Told:
    if not path.stat().st_size:
        return (
            {"kind": "empty", "verdict": "skip", "reasons": []},
            [f"{path.name}: an empty file; it stays in the inbox until something is in it"],
            0,
        )
    verdict, archive = judge(path, config)
    if archive is not None:
        line = f"{path.name}: an archive ({archive}); its photos and videos are unpacked and sent"
        told = {"kind": "archive", "verdict": "unpack", "reasons": [], "archive": archive}
        found, why_not = _open(path, config)
        if found is None:
            return told | {"reasons": [why_not]}, [line, f"  {why_not}"], 0
        names = {member.number: member.name for member in found.members}
        empty = {member.number for member in found.members if member.size == 0}
        rows, lines = _foretold(names, empty, found.left_out, config)
        if found.damage:
            lines.insert(0, f"  {found.damage}; what is whole is sent")
        return told | {"damage": found.damage, "members": rows}, [line, *lines], 0
    code = 1 if verdict.action == "refuse" else 0
    return verdict.to_json(), _alone(path, verdict, config), code


def _alone(path: Path, verdict: Assessment, config: Config) -> list[str]:
    """What would become of a file that is dropped by itself."""
    lines = verdict_lines(path.name, verdict)
    if verdict.kind == "photo":
        from telespool.media.photo_info import MOTION  # noqa: PLC0415 - only for photos
        from telespool.pipeline.live_photos import tell_motion  # noqa: PLC0415 - the same

        lines = [line for line in lines if line != f"  {MOTION}"]
        lines[1:1] = [f"  {line}" for line in asyncio.run(tell_motion(path, config))]
    if verdict.action == "skip":
        chat = config.chat("default")
        sent = chat.raw == "document" if verdict.is_raw and chat.raw != "leave" else None
        if sent or (sent is None and chat.others == "document"):
            meaning = _MEANING["document"]
        elif verdict.is_raw and chat.raw == "jpeg":
            meaning = "the JPEG inside it is sent"
        else:
            meaning = "in a folder or an archive it is left out, and named; by itself it goes to quarantine"
        lines[0] = f"{path.name}: {verdict.kind}; {meaning}"
    return lines


def _open(path: Path, config: Config) -> tuple[Archive | None, str]:
    """The archive with its list of members; else the sentence why nobody can tell."""
    from telespool.archives.engine import Engine  # noqa: PLC0415 - only for archives

    async def opened() -> Archive:
        engine = await Engine.find_working(config.archives)
        return await engine.open(path, config.archives.passwords, name=path.name)

    try:
        return asyncio.run(opened()), ""
    except TelespoolError as error:
        return None, error.reason


def _foretold(
    names: dict[int, str],
    empty: Container[int],
    left_out: Iterable[tuple[str, str]],
    config: Config,
) -> tuple[list[dict[str, Any]], list[str]]:
    """What would become of these files, for programs and as a table; `left_out` are those nobody looks into."""
    from telespool.pipeline.foretelling import LEFT_OUT, Foretold, foretell, table  # noqa: PLC0415 - only here
    from telespool.spool.names import DEFAULT_CHAT  # noqa: PLC0415 - the same

    found = [
        Foretold(each.number, each.name, LEFT_OUT, "empty") if each.number in empty else each
        for each in foretell(names, config.chat(DEFAULT_CHAT), config.inbox.ignore)
    ]
    found += [Foretold(0, name, LEFT_OUT, why) for name, why in left_out]
    lines = table(found[:_LOOKED_AT])
    if len(found) > _LOOKED_AT:
        lines.append(f"  and {len(found) - _LOOKED_AT} more")
    return [each.to_json() for each in found], lines


def _folder(path: Path, config: Config) -> Told:
    """Count what is in a folder by what the files are, not by their names."""
    from telespool.archives.signatures import recognise  # noqa: PLC0415 - only for folders
    from telespool.file_types import HEAD  # noqa: PLC0415 - the same
    from telespool.media.sniff import sniff  # noqa: PLC0415 - the same
    from telespool.pipeline.sources.folder import walk  # noqa: PLC0415 - the same

    members, left_out = walk(path)
    empty = {member.number for member in members if not member.size}
    counts: dict[str, int] = {"photo": 0, "video": 0, "archive": 0}
    others: list[str] = []
    for member in members[:_LOOKED_AT]:
        if member.number in empty:
            continue
        file = path / member.name
        try:
            with file.open("rb") as opened:
                kind: str = sniff(opened.read(HEAD)).kind
            if kind not in counts:
                kind = "archive" if recognise(file) else kind
        except OSError as error:
            others.append(f"{member.name}: cannot be read ({error.strerror})")
            continue
        if kind in counts:
            counts[kind] += 1
        else:
            others.append(member.name)
    inside = [humanize.count(number, kind) for kind, number in counts.items() if number]
    lines = [
        (
            f"{path.name or path}: a folder with {humanize.count(len(members), 'file')};"
            f" dropped as a whole, it is one job"
        )
    ]
    lines.append(f"  sent: {', '.join(inside) or 'nothing, there is no photo or video in it'}")
    if others:
        fate = "sent as documents" if config.inbox.others == "document" else "left out, and named"
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        lines.append(f"  {fate}: {', '.join(others[:_NAMED])}{more}")
    names = {member.number: member.name for member in members}
    rows, more_lines = _foretold(names, empty, left_out, config)
    lines += more_lines
    if len(members) > _LOOKED_AT:
        lines.append(f"  the first {_LOOKED_AT} files were looked at")
    told: dict[str, Any] = {
        "kind": "folder",
        "files": len(members),
        "counts": counts,
        "others": others,
        "members": rows,
    }
    return told, lines, 0


def judge(path: Path, config: Config) -> tuple[Assessment, str | None]:
    """Assess a file; return the assessment and the kind of archive, None if it is none."""
    from telespool.archives.signatures import recognise  # noqa: PLC0415 - only for files
    from telespool.media.compatibility import assess  # noqa: PLC0415 - the same

    return asyncio.run(assess(path, config.convert)), recognise(path)


def verdict_lines(name: str, verdict: Assessment) -> list[str]:
    """Say what it is, what is done and why, one fact to a line."""
    meaning = _MEANING[verdict.action]
    if verdict.kind == "photo" and verdict.reasons and verdict.action != "document":
        each = "each of its pages" if verdict.action == "split" else "it"
        meaning = f"a JPEG is made of {each}, and that is sent"
    lines = [f"{name}: {verdict.kind}; {meaning}"]
    return lines + [
        f"  {line}" for line in (*verdict.reasons, *verdict.left_behind, *verdict.streams)
    ]
