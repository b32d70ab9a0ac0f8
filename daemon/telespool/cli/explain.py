"""telespool explain FILE|JOB|PATH: what a file is and what would be done to it; of the spool: the story so far.

A file outside the spool is judged. A job (a part of its name will do), or a file anywhere in the spool, is told: where
each part is, what was decided and why, what happens next and when. Exit 1 for a file that nobody can read.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telespool.config import loader
from telespool.observe.job_history import JobHistory
from telespool.spool.layout import SpoolLayout
from telespool.spool.lookup import find, inside

if TYPE_CHECKING:
    import argparse

    from telespool.config.schema import Config
    from telespool.media.compatibility import Assessment
    from telespool.observe.job_history import Part
    from telespool.spool.layout import Entry

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


def run(options: argparse.Namespace) -> int:
    """Print it."""
    config = loader.load(options.config)
    folders = SpoolLayout(config.spool.root, config.spool.inbox)
    path = Path(options.what)
    if path.is_file() and not inside(folders, options.what):
        return _file(path, config, as_json=options.json)
    found = find(folders, options.what)
    if found.path is not None:
        return _in_inbox(found.path, config, as_json=options.json)
    story = JobHistory.of(folders, config, found.job)
    if not found.entries:
        _print(story.to_json() if options.json else list(story.lines()))
        return 0
    told = [_entry(entry, story, folders, config) for entry in found.entries]
    _print(
        [json_ for json_, _ in told]
        if options.json
        else [line for _, lines in told for line in lines]
    )
    return 0


def _file(path: Path, config: Config, *, as_json: bool) -> int:
    verdict, archive = _judge(path, config)
    if archive is not None:
        if as_json:
            _print({"kind": "archive", "verdict": "unpack", "reasons": [], "archive": archive})
        else:
            _print(
                [
                    f"{path.name}: an archive ({archive}); its photos and videos are unpacked and sent"
                ]
            )
        return 0
    _print(verdict.to_json() if as_json else _verdict_lines(path.name, verdict))
    return 1 if verdict.action == "refuse" else 0


def _judge(path: Path, config: Config) -> tuple[Assessment, str | None]:
    from telespool.archives.signatures import recognise  # noqa: PLC0415 - only for files
    from telespool.media.compatibility import assess  # noqa: PLC0415 - the same

    return asyncio.run(assess(path, config.convert)), recognise(path)


def _verdict_lines(name: str, verdict: Assessment) -> list[str]:
    lines = [f"{name}: {verdict.kind}; {_MEANING[verdict.action]}"]
    return lines + [f"  {line}" for line in (*verdict.reasons, *verdict.streams)]


def _in_inbox(path: Path, config: Config, *, as_json: bool) -> int:
    """Something that was not claimed yet, and why not."""
    from telespool.pipeline.drops import find as drops  # noqa: PLC0415 - only here

    ignore = config.inbox.ignore
    inbox = config.spool.inbox or config.spool.root / "inbox"
    why = (
        f"its name starts with a dot or looks unfinished ({', '.join(ignore)}), so it is left alone"
    )
    chat = ""
    for drop in drops(inbox.resolve(), config.chats, ignore):
        if path == drop.path or path.is_relative_to(drop.path):
            chat = drop.chat
            settle = config.inbox.settle
            why = f"it is taken once nothing has changed for {settle:.0f} s, while the daemon runs"
            if drop.obstacle:
                why = drop.obstacle
            elif drop.open_for_writing:
                why = "a program still writes to it; it is taken when that is over"
    if as_json:
        _print({"inbox": str(path), "chat": chat, "reason": why})
    else:
        goes = f" for the chat {chat}" if chat else ""
        _print([f"{path.name}: in the inbox{goes}", f"  {why}"])
    return 0


def _entry(
    entry: Entry, story: JobHistory, folders: SpoolLayout, config: Config
) -> tuple[dict[str, Any], list[str]]:
    """One file or album: its place in the story, and what it is where that can still be seen."""
    unit = next(
        (
            part
            for part in story.parts
            if part.folder == entry.folder
            and entry.path.is_relative_to(_path(folders, story, part))
        ),
        None,
    )
    told: dict[str, Any] = {"job": story.job, "path": str(entry.path)}
    lines = [f"{entry.path.name}: in {entry.folder}/, of {story.dropped} for the chat {story.chat}"]
    if unit is not None:
        told |= {
            "state": unit.state,
            "sentence": unit.sentence,
            "message": unit.message,
            "until": unit.until,
        }
        lines += [f"  {line}" for line in unit.sentence.splitlines()]
    if entry.unit.first and entry.path.is_file() and entry.path.stat().st_size:
        verdict, _ = _judge(entry.path, config)
        told["verdict"] = verdict.to_json()
        lines += [f"  {line}" for line in _verdict_lines("what it is", verdict)]
    elif entry.path.is_file() and entry.unit.first:
        lines.append("  its data was dropped after it was sent; the name is the receipt")
    return told, lines


def _path(folders: SpoolLayout, story: JobHistory, part: Part) -> Path:
    return folders.root / part.folder / story.job / part.unit


def _print(what: Any) -> None:
    if isinstance(what, list) and all(isinstance(line, str) for line in what):
        print("\n".join(what))
    else:
        print(json.dumps(what, indent=2, ensure_ascii=False))
