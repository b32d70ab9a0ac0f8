"""Drops that are copied instead of moved: which of their files were not taken yet, and how they become a job.

Nothing in the source is changed. Of a folder only those files are taken that are new, or have another content than when
they were taken (`spool.copies`); they are a job under the folder's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.clutter import clutter
from telespool.runtime import plain_files, trees
from telespool.spool.companions import caption_for
from telespool.spool.copies import Source, TakenFiles
from telespool.spool.titles import title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.config.schema import InboxSettings
    from telespool.pipeline.claim.drop import Drop
    from telespool.spool import Spool
    from telespool.spool.layout import Entry


def together_as(drops: Sequence[Drop]) -> str:
    """What files that go together, loose ones or archives, are called; "" for one, with its caption or without."""
    files = [drop for drop in drops if not drop.caption]
    if len(files) == 1:
        return ""
    return f"{title(files[0].path.name)} – {title(files[-1].path.name)}"


class CopyTaking:
    """Takes drops by copy."""

    def __init__(self, spool: Spool, settings: InboxSettings) -> None:
        self._spool = spool
        self._settings = settings
        self._taken = TakenFiles(spool.root / "taken")

    def copies(self, drop: Drop) -> bool:
        """Whether this drop is copied."""
        return self._settings.take == "copy" or not drop.path.is_relative_to(self._spool.inbox)

    def untaken(self, drop: Drop) -> list[Source]:
        """What of a drop was not taken yet: of a folder some files, of the parts of an archive all or none. Blocks."""
        beside = [Source(path, path.name, f"{drop.place}/{path.name}") for path in drop.beside]
        if plain_files.is_directory(drop.path):
            inside = [(each, each not in self._taken) for each in self._inside(drop)]
            if not any(new and _caption(each) is None for each, new in inside):
                return []
            # A caption.txt counts for what comes later, too.
            return [each for each, new in inside if new or _caption(each) == ""] + beside
        files = [Source(drop.path, drop.path.name, f"{drop.place}/{drop.path.name}"), *beside]
        # A caption that is written anew is no reason to post anything again.
        telling = [each for each in files if _caption(each) is None]
        try:
            return [] if all(each in self._taken for each in telling) else files
        except OSError:
            return files

    def _inside(self, drop: Drop) -> list[Source]:
        return [
            Source(drop.path / each.name, each.name, f"{drop.place}/{drop.path.name}/{each.name}")
            for each in trees.walk(drop.path)
            if each.is_file and not clutter(each.name)
        ]

    def take(self, drops: Sequence[Drop]) -> Entry:
        """Make a job of copies: of one drop, or of several that go together. Blocks."""
        first = drops[0]
        sources = [each for drop in drops for each in self.untaken(drop)]
        label = together_as(drops) or first.path.name
        alone = len(drops) == 1 and not first.beside and not plain_files.is_directory(first.path)
        entry, names = self._spool.take(sources, first.chat, label, single=alone, topic=first.topic)
        self._taken.add(names)
        return entry


def _caption(source: Source) -> str | None:
    """Whose caption it is, by its name: "" for a caption.txt, None for no caption."""
    return caption_for(source.name.rpartition("/")[2])
