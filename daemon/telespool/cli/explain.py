"""telespool explain FILE|FOLDER|JOB: say what it is and what would be done to it, or tell the history of a job.

A file outside the spool is judged, by the rules of the chat that --to names. A job (a part of its name will do), or a
file anywhere in the spool, is told: where each part is, what was decided and why, what happens next and when. Exit 1
for a file that nobody can read.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telespool.cli.chat_choice import chosen
from telespool.cli.explain_file import explain_drop, explain_path, judge, verdict_lines
from telespool.cli.spool_access import see_all_of
from telespool.config import loader
from telespool.config.schema import LogSettings
from telespool.errors import Permanent
from telespool.observe import log
from telespool.observe.job_history import JobHistory
from telespool.spool.account import one_line
from telespool.spool.layout import SpoolLayout
from telespool.spool.lookup import find, inside, typed
from telespool.spool.rights import Identity

if TYPE_CHECKING:
    import argparse

    from telespool.cli.explain_file import Told
    from telespool.config.schema import Config
    from telespool.observe.job_history import Part
    from telespool.spool.layout import Entry


def run(options: argparse.Namespace) -> int:
    """Print it."""
    log.set_up(LogSettings(level="error"))
    config = loader.load(options.config)
    folders = SpoolLayout(config.spool.root, config.spool.inbox)
    text = typed(options.what)
    path = Path(text)
    to = chosen(options.to, config) if options.to else None
    if text and _stands(path) and not inside(folders, text):
        told, lines, code = _place(path, folders) or explain_path(path, config, options.config, to)
        _print(told if options.json else lines)
        return code
    found = find(folders, text, inner=True)
    if found.path is not None and to is None:
        return _in_inbox(found.path, config, options)
    if found.path is not None:
        told, lines, code = explain_path(found.path, config, options.config, to)
        _print(told if options.json else lines)
        return code
    if to is not None:
        raise Permanent(
            f"{found.job} was dropped for its chat already; --to is for what is not dropped yet."
        )
    see_all_of(folders, found.job)
    story = JobHistory.of(folders, config, found.job)
    if found.inner:
        _print(_of_drop(found.inner, story, as_json=options.json))
        return 0
    if not found.entries:
        _print(story.to_json() if options.json else list(story.lines()))
        return 0
    entries = [_entry(entry, story, folders, config) for entry in found.entries]
    _print(
        [json_ for json_, _ in entries]
        if options.json
        else [line for _, lines in entries for line in lines]
    )
    return 0


def _stands(path: Path) -> bool:
    """Return True if something is at this path; PermissionError leaves if this user may not look."""
    try:
        path.lstat()
    except PermissionError:
        raise
    except OSError:
        return False
    return True


def _place(path: Path, folders: SpoolLayout) -> Told | None:
    """Explain the spool itself or its inbox; None for any other path."""
    same = os.path.realpath(path)
    if same == os.path.realpath(folders.root):
        says = "the spool. What lies in it: telespool status"
    elif same == os.path.realpath(folders.inbox):
        says = "the inbox: what is dropped here, or into a folder of a chat in it, is sent. What lies in it: telespool status"
    else:
        return None
    return {"kind": "spool", "path": str(path)}, [f"{path}: {says}"], 0


def _in_inbox(path: Path, config: Config, options: argparse.Namespace) -> int:
    """Explain a drop that is still in the inbox: why it is, and what would become of it."""
    from telespool.pipeline.claim.drop import CAPTION_ALONE  # noqa: PLC0415 - only here
    from telespool.pipeline.claim.drops import find as drops  # noqa: PLC0415 - the same
    from telespool.pipeline.claim.one_drop import drop_of  # noqa: PLC0415 - the same

    ignore = config.inbox.ignore
    inbox = config.spool.inbox or config.spool.root / "inbox"
    why = (
        f"its name starts with a dot or looks unfinished ({', '.join(ignore)}), so it is left alone"
    )
    chat = ""
    if path.parent == inbox.resolve() and path.name in config.chats and path.is_dir():
        why = f"the folder of the chat {path.name}: what is dropped into it is sent there"
    told: dict[str, Any] = {}
    lines: list[str] = []
    topics = config.with_value("subfolders", "topics")
    former = partial(SpoolLayout(config.spool.root).former_chats, config.chats)
    who, moves = Identity.of_daemon(config.spool.root), config.inbox.take != "copy"
    named: dict[str, Any] = {"topics": topics, "former": former, "who": who, "moves": moves}
    for drop in drops(inbox.resolve(), config.chats, ignore, **named):
        if path in drop.beside or path.is_relative_to(drop.path):
            chat = drop.place
            if drop.export:  # the others of its export go with it
                drop = replace(drop_of(drop.path, ignore, chat=drop.chat), topic=drop.topic)  # noqa: PLW2901
            settle = config.inbox.settle
            why = f"it is taken once nothing has changed for {settle:.0f} s, while the daemon runs"
            if drop.obstacle:
                why = drop.obstacle
            elif drop.caption:
                why = CAPTION_ALONE
            elif drop.open_for_writing:
                why = "a program still writes to it; it is taken when that is over"
            else:
                with contextlib.suppress(OSError):  # it is taken just now
                    told, lines, _ = explain_drop(drop, config, options.config)
    if options.json:
        _print({"inbox": str(path), "chat": chat, "reason": why} | told)
    else:
        goes = f" for the chat {chat}" if chat else ""
        _print([f"{path.name}: in the inbox{goes}", f"  {why}", *lines])
    return 0


def _entry(
    entry: Entry, story: JobHistory, folders: SpoolLayout, config: Config
) -> tuple[dict[str, Any], list[str]]:
    """Explain one file or album: its state, and what it is if its data is still there."""
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
        verdict, _ = judge(entry.path, config)
        told["verdict"] = verdict.to_json()
        lines += [f"  {line}" for line in verdict_lines("what it is", verdict)]
    elif entry.path.is_file() and entry.unit.first:
        lines.append("  its data was dropped after it was sent; the name is the receipt")
    return told, lines


def _of_drop(name: str, story: JobHistory, *, as_json: bool) -> Any:
    """Tell what became of a file of a drop, as its account has it."""
    told = [fate for fate in story.account if fate.name == one_line(name)]
    if as_json:
        return [{"job": story.job, **fate.to_json()} for fate in told]
    lines = [f"{name}: a file of {story.dropped} for the chat {story.chat}"]
    for fate in told:
        said = f"delivered, message {fate.message}" if fate.message else fate.fate
        lines.append(f"  {said}: {fate.reason}" if fate.reason else f"  {said}")
    if not told:
        lines.append(
            f"  nothing is told of it alone. All of the job: telespool explain {shlex.quote(story.job)}"
        )
    return lines


def _path(folders: SpoolLayout, story: JobHistory, part: Part) -> Path:
    return folders.root / part.folder / story.job / part.unit


def _print(what: Any) -> None:
    if isinstance(what, list) and all(isinstance(line, str) for line in what):
        print("\n".join(what))
    else:
        print(json.dumps(what, indent=2, ensure_ascii=False))
