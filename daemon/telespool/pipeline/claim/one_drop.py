"""What a file or a folder would be a part of if it were dropped as it lies there: told for `explain` and `unpack`.

The same finder as the inbox's: what belongs together, and what keeps it from being taken, is decided there. Blocks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.archives.export_parts import export_of
from telespool.clutter import clutter, ignored, unfinished
from telespool.pipeline.claim.copy_taking import together_as
from telespool.pipeline.claim.drop import CAPTION_ALONE, joined
from telespool.pipeline.claim.drops import Finder
from telespool.runtime.write_signs import WriteSigns
from telespool.spool.names import DEFAULT_CHAT
from telespool.spool.natural_order import natural

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from telespool.pipeline.claim.drop import Drop

_DAY = 86400.0


def drop_of(
    path: Path,
    ignore: Iterable[str],
    *,
    chat: str = DEFAULT_CHAT,
    patience: float = _DAY,
    documents: Collection[str] = (),
) -> Drop:
    """What would be dropped for a chat with a file or a folder: itself, and what lies beside it and belongs to it.

    `obstacle` says why it would be left in the inbox.
    """
    finder = Finder(tuple(ignore), WriteSigns(), patience, documents)
    if why := _why_left(path, ignore):
        return replace(finder.look(path, chat), obstacle=why)
    paths = finder.entries(path.parent)
    if path not in paths:
        sentence = f"{path.name} would be left in the inbox: what lies beside it says that it is not finished."
        return replace(finder.look(path, chat), obstacle=sentence)
    found = next(finder.together(paths, chat, only=path))
    if found.export:
        return _with_its_export(found, paths, chat, finder)
    return replace(found, obstacle=found.obstacle or CAPTION_ALONE) if found.caption else found


def _with_its_export(drop: Drop, paths: list[Path], chat: str, finder: Finder) -> Drop:
    """An archive with the others beside it among which its export was spread: dropped together they are one job."""
    names = {path for path in paths if export_of(path.name) == drop.export} | {drop.path}
    parts = [next(finder.together(paths, chat, only=path)) for path in names]
    parts = [part for part in parts if part.export == drop.export]
    if len(parts) < 2:
        return drop
    parts.sort(key=lambda part: natural(part.path.name))
    beside = [path for part in parts for path in (part.path, *part.beside)][1:]
    found = joined(parts[0], parts[1:])
    return replace(found, beside=tuple(beside), label=together_as(parts))


def drops_of_topic(
    folder: Path,
    chat: str,
    ignore: Iterable[str],
    *,
    patience: float = _DAY,
    documents: Collection[str] = (),
) -> list[Drop]:
    """What would be dropped with a folder that stands for a topic of this chat: each thing in it by itself."""
    finder = Finder(tuple(ignore), WriteSigns(), patience, documents, {chat})
    return list(finder.of_chat([folder], chat))


def _why_left(path: Path, ignore: Iterable[str]) -> str:
    if reason := clutter(path.name):
        return f"{path.name} would be left in the inbox: {reason}."
    if ignored(path.name, ignore):
        return f"{path.name} would be left in the inbox: its name matches inbox.ignore."
    if unfinished(path.name):
        return f"{path.name} would be left in the inbox until it has its final name: it looks unfinished."
    return ""
