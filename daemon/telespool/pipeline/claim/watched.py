"""The folders in which drops may lie: they are made, scanned, and cleared of notes of ours.

One that may not be read or emptied is given as a drop that is `closed`; the others go on.
"""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telespool.pipeline.claim.drops import find, find_below
from telespool.pipeline.claim.near_names import nearly
from telespool.runtime import plain_files
from telespool.spool import moved_notes
from telespool.spool.closed_inbox import closed_folder
from telespool.spool.names import DEFAULT_CHAT
from telespool.spool.rights import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.config.schema import Config
    from telespool.pipeline.claim.drop import Drop
    from telespool.runtime.write_signs import WriteSigns
    from telespool.spool import Spool


class WatchedFolders:
    """The inbox with the folders of its chats, and those of `inbox.folders`. Calls block."""

    def __init__(self, spool: Spool, config: Config) -> None:
        self._spool = spool
        self._config = config
        self._moves = config.inbox.take != "copy"

    def make(self) -> None:
        """Make the folder of each chat in the inbox."""
        inbox = self._spool.inbox
        folders = [inbox / chat for chat in self._config.chats if chat != DEFAULT_CHAT]
        for folder in (inbox, *folders):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except PermissionError:
                if self._moves and not closed_folder(inbox, Identity.own(), change=True):
                    raise
            except OSError:
                if self._moves:  # else it may be a share that is only to be read
                    raise

    def sort_out_notes(self) -> None:
        """Remove our notes that people moved there, where what lies there is not others'."""
        if self._moves:
            moved_notes.sort_out(self._spool.disk, self._places())

    def find(self, signs: WriteSigns) -> Iterator[Drop]:
        """What lies in them."""
        settings = self._config.inbox
        named: dict[str, Any] = {
            "signs": signs,
            "patience": self._config.archives.volume_wait,
            "documents": self._config.with_value("others", "document"),
            "topics": self._config.with_value("subfolders", "topics"),
        }
        former = partial(self._spool.former_chats, self._config.chats)
        yield from find(
            self._spool.inbox,
            self._config.chats,
            settings.ignore,
            former=former,
            moves=self._moves,
            **named,
        )
        for chat, folder in settings.folders.items():
            yield from find_below(Path(folder).resolve(), chat, settings.ignore, **named)

    def _places(self) -> Iterator[moved_notes.Place]:
        """The folders in which drops may lie, of topics too; and what a folder in each may not be called."""
        topics = self._config.with_value("subfolders", "topics")
        others = self._config.inbox.folders
        chats = {chat: self._spool.inbox / chat for chat in self._config.chats}
        chats[DEFAULT_CHAT] = self._spool.inbox
        for chat, folder in (*chats.items(), *((c, Path(p).resolve()) for c, p in others.items())):
            if chat in topics:
                yield moved_notes.Place(folder, lambda _: False)
                with contextlib.suppress(PermissionError):  # it is told as closed
                    inner = [folder / name for name in plain_files.names(folder)]
                    folders = [path for path in inner if plain_files.is_directory(path)]
                    yield from map(moved_notes.Place, folders)
            elif folder == self._spool.inbox:
                yield moved_notes.Place(folder, self._is_no_chat)
            else:
                yield moved_notes.Place(folder)

    def _is_no_chat(self, name: str) -> bool:
        chats = {*self._config.chats, *self._spool.former_chats(self._config.chats)}
        return not nearly(name, chats)
