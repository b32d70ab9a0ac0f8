"""What lies in the inbox, and whether it may be taken.

A drop is a file or a folder directly in the inbox (for the chat `default`) or in a subfolder named like a chat. The
volumes of an archive are one drop, and so are an archive and its NAME.password, and anything and its
NAME.caption.txt. Where a chat's `subfolders` are topics, a folder in its folder is no drop but holds those of a
topic. A drop is taken when nobody writes to it (`write_signs`) and nothing about it has changed for the settling time
(`stability`). Never taken: names that start with a dot, look unfinished or are a system's (`clutter`), links, empty
files and folders, files that cannot be read, and folders whose name is nearly that of a chat. What keeps a drop from
being taken is a sentence (`obstacle`).
"""

from __future__ import annotations

import stat
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from telespool.archives import volumes
from telespool.archives.export_parts import export_of
from telespool.archives.signatures import recognise
from telespool.clutter import clutter, ignored, stands_for_unfinished
from telespool.clutter import unfinished as looks_unfinished
from telespool.file_endings import by_ending
from telespool.file_types import HEAD, identify
from telespool.pipeline.claim import companion_files, topic_captions
from telespool.pipeline.claim.drop import Drop, joined
from telespool.pipeline.claim.near_names import nearly
from telespool.runtime import plain_files, trees
from telespool.runtime.write_signs import WriteSigns
from telespool.spool.closed_inbox import closed_folder, locked_drop
from telespool.spool.companions import caption_for, is_companion, password_for
from telespool.spool.names import DEFAULT_CHAT, topic_of
from telespool.spool.rights import Identity
from telespool.spool.topic_names import TOPIC_BYTES

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

_DEEPEST = 100
_DAY = 86400.0


def find(
    inbox: Path,
    chats: Iterable[str],
    ignore: Iterable[str],
    *,
    signs: WriteSigns | None = None,
    patience: float = _DAY,
    documents: Collection[str] = (),
    topics: Collection[str] = (),
    former: Callable[[], Collection[str]] = tuple,
    who: Identity | None = None,
    moves: bool = True,
) -> Iterator[Drop]:
    """The drops in the inbox, whether they may be taken or not; `topics` are the chats whose subfolders are topics.

    A folder that holds an unfinished file is left for `patience` seconds after that file's last change. For a chat of
    `documents` any file that is no archive may go together with others. `former` are aliases of jobs that no chat has
    any more: what lies in their folders was not meant for another one. It is asked only where there is such a folder.
    `who` is to take them (None: who asks); where he `moves` them, he must be allowed to.
    """
    who = who or Identity.own()
    finder = Finder(
        tuple(ignore), signs or WriteSigns(), patience, documents, topics, who=who, moves=moves
    )
    if closed := finder.closed(inbox, DEFAULT_CHAT):
        yield closed
        return
    aliases = set(chats)
    gone: Collection[str] | None = None
    own = []
    for path in finder.entries(inbox):
        folder = plain_files.is_directory(path)
        if path.name in aliases and folder:
            yield from finder.of_folder(path, path.name)
        elif path.name in aliases and path.is_symlink():
            yield finder.refused(path, path.name, _LINKED_CHAT)
        elif folder and (meant := nearly(path.name, aliases)):
            yield finder.refused(path, DEFAULT_CHAT, _NEARLY.format(name=path.name, chat=meant))
        elif folder and path.name in (gone := former() if gone is None else gone):
            if finder.closed(path, path.name) or plain_files.names(path):
                yield finder.refused(path, path.name, _FORMER)
        else:
            own.append(path)
    yield from finder.of_chat(own, DEFAULT_CHAT)


def find_below(
    folder: Path,
    chat: str,
    ignore: Iterable[str],
    *,
    signs: WriteSigns | None = None,
    patience: float = _DAY,
    documents: Collection[str] = (),
    topics: Collection[str] = (),
) -> Iterator[Drop]:
    """The drops in a folder of its own for one chat (`inbox.folders`)."""
    signs = signs or WriteSigns()
    finder = Finder(tuple(ignore), signs, patience, documents, topics, moves=False)
    yield from finder.of_folder(folder, chat)


_LINKED_CHAT = (
    "{name} is a link, and the folder of a chat must be a folder: nothing in it is taken. To watch another place, mount"
    " it there, or name it as spool.inbox."
)
_FORMER = (
    "{name} was the folder of a chat that the configuration does not have any more, so nothing in it is taken. Add the"
    " chat under [chats] again, or give the folder another name: then it is a drop for the chat default."
)
_NEARLY = (
    "{name} is nearly the chat {chat} but not quite, so nobody knows where its files are to go. Rename the folder to"
    " {chat}, or to something else."
)


def unfinished(name: str, ignore: Iterable[str]) -> bool:
    """Whether a name says that it is not meant for us, or not yet."""
    return bool(clutter(name)) or looks_unfinished(name) or ignored(name, ignore)


@dataclass(slots=True)
class Finder:
    """Looks through the folders of an inbox."""

    ignore: tuple[str, ...]
    signs: WriteSigns
    patience: float
    documents: Collection[str]
    topics: Collection[str] = ()
    now: float = field(default_factory=time.time)
    who: Identity = field(default_factory=Identity.own)
    moves: bool = True

    def closed(self, folder: Path, chat: str, *, given_by_people: bool = False) -> Drop | None:
        """What stands for a folder of the inbox that may not be read, or emptied: it holds up nobody else."""
        sentence = closed_folder(
            folder, self.who, change=self.moves, given_by_people=given_by_people
        )
        return Drop(folder, chat, (), sentence, closed=True) if sentence else None

    def of_folder(self, folder: Path, chat: str) -> Iterator[Drop]:
        """The drops in the folder of a chat; the folder itself where it may not be read."""
        if closed := self.closed(folder, chat):
            yield closed
        else:
            yield from self.of_chat(self.entries(folder), chat)

    def entries(self, directory: Path) -> list[Path]:
        """What lies in a folder of the inbox and may be meant for us."""
        try:
            names = sorted(plain_files.names(directory))
        except PermissionError:
            return []  # it was closed just now: the next look tells it
        there = set(names)
        return [
            directory / name
            for name in names
            if not unfinished(name, self.ignore) and not stands_for_unfinished(name, there)
        ]

    def refused(self, path: Path, chat: str, sentence: str) -> Drop:
        """A drop that is left for this reason."""
        return Drop(path, chat, (), sentence.format(name=path.name))

    def of_chat(self, paths: list[Path], chat: str) -> Iterator[Drop]:
        """The drops of one chat: those in its folder, and those in the folders of its topics."""
        folders = []
        if chat in self.topics:
            folders = [path for path in paths if plain_files.is_directory(path)]
        names = [folder.name for folder in folders]
        captions_beside = [each for name in names for each in topic_captions.among(paths, name)]
        own = {*folders, *captions_beside}
        yield from self.together([path for path in paths if path not in own], chat)
        for folder in folders:
            topic = topic_of(folder.name)
            if not topic:
                yield self.refused(folder, chat, _LONG_TOPIC)
                continue
            if closed := self.closed(folder, chat, given_by_people=True):
                yield replace(closed, topic=topic)
                continue
            inside = self.entries(folder)
            captions = topic_captions.among([*captions_beside, *inside], folder.name)
            drops = self.together([path for path in inside if path not in captions], chat)
            looked = [self.look(path, chat) for path in captions]
            for drop in topic_captions.given(drops, looked, folder.name):
                yield replace(drop, topic=topic)

    def together(self, paths: list[Path], chat: str, *, only: Path | None = None) -> Iterator[Drop]:
        """The drops of one folder: the volumes of a set are one, and passwords go with their archive.

        `only`: the one that this file is of, and nothing else is looked at.
        """
        by_name = {path.name: path for path in paths}
        companions = {name for name in by_name if is_companion(name)}
        sets = {each.first: each for each in volumes.group(by_name.keys() - companions, by_name)}
        in_sets = {name for each in sets.values() for name in each.names}
        firsts = sorted({*sets, *(by_name.keys() - in_sets - companions)})
        files = {first: sets[first].names if first in sets else (first,) for first in firsts}
        owners = companion_files.owners(sorted(companions), files, by_name)
        for name in sorted(companions - owners.keys()):
            if only is not None and name != only.name:
                continue
            yield self._without_owner(by_name[name], chat)
        for first, names in files.items():
            each = sets.get(first)
            beside = [by_name[name] for name in names if name != first]
            beside += [by_name[name] for name, owner in owners.items() if owner == first]
            main = by_name.get(first)
            if main is None:  # the first volume is still to come: what there is stands for the set
                main, *beside = beside
            if only is not None and only not in (main, *beside):
                continue
            drop = self.look(main, chat)
            if caption_for(main.name) == "":
                drop = replace(drop, caption=True, loose=True)
            if beside or each:
                loose = drop.loose
                drop = joined(drop, [self.look(path, chat) for path in beside])
                if each:  # a film in pieces is a film among others
                    drop = replace(drop, missing=each.missing, loose=loose, export="")
            yield drop

    def _without_owner(self, path: Path, chat: str) -> Drop:
        drop = self.look(path, chat)
        if caption := caption_for(path.name):
            sentence = (
                f"{path.name} holds a caption, but {caption} does not lie beside it (any more). It is left in the inbox until"
                " that does: drop both together, or remove the file. What was posted already keeps its caption."
            )
        else:
            sentence = (
                f"{path.name} holds a password, but {password_for(path.name)} does not lie beside it. It is left in the"
                " inbox until that does: drop the archive (again), or remove the file."
            )
        return replace(drop, obstacle=drop.obstacle or sentence)

    def look(self, path: Path, chat: str) -> Drop:
        """One file or folder. What goes wrong in looking at it is its own obstacle, and nobody else's."""
        try:
            state = plain_files.lstat(path)
            if stat.S_ISREG(state.st_mode):
                return self._file(path, chat, state)
            if stat.S_ISDIR(state.st_mode):
                return self._folder(path, chat)
        except FileNotFoundError:
            return Drop(path, chat, (), written=path.name)
        except PermissionError:
            return self._locked(path, chat)
        except OSError as error:
            return Drop(path, chat, (), f"{path.name} cannot be looked at ({error.strerror}).")
        if stat.S_ISLNK(state.st_mode):
            return self.refused(
                path, chat, "{name} is a link, and links are not followed. Drop the file itself."
            )
        return self.refused(
            path, chat, "{name} is neither a file nor a folder. Drop the file itself."
        )

    def _locked(self, path: Path, chat: str) -> Drop:
        try:
            sentence = locked_drop(path, self.who, change=self.moves)
        except OSError:
            sentence = ""
        sentence = sentence or f"{path.name} cannot be read now; it is looked at again."
        return Drop(path, chat, (), sentence, closed=True)

    def _file(self, path: Path, chat: str, state: os.stat_result) -> Drop:
        signature = (plain_files.sign(state),)
        if state.st_size == 0:
            sentence = "{name} is empty. It is left in the inbox until something is in it."
            return replace(self.refused(path, chat, sentence), signature=signature)
        written = self.signs.is_written(path, lambda: plain_files.open_file(path))
        return Drop(
            path,
            chat,
            signature,
            written=path.name if written else "",
            swift=written is False,
            moved=self.signs.told(path) == "arrived",
            loose=self._is_loose(path, chat),
            export=export_of(path.name),
        )

    def _is_loose(self, path: Path, chat: str) -> bool:
        kind = by_ending(path.name)
        if kind in {"photo", "video"}:
            return True
        if kind == "other" and chat not in self.documents:
            return False
        with plain_files.opened(path) as file:
            head = file.read(HEAD)
        if identify(head).kind in {"photo", "gif", "video"}:
            return True
        return chat in self.documents and recognise(path) is None

    def _folder(self, path: Path, chat: str) -> Drop:
        top = plain_files.lstat(path)
        signature = [plain_files.sign(top)]
        plain = others = 0
        unfinished_file = written = ""
        for found in trees.walk(path):
            signature.append(found.sign)
            if found.is_directory:
                if found.name.count("/") >= _DEEPEST:
                    sentence = f"{{name}} has more than {_DEEPEST} folders inside each other. Make it flatter."
                    return self.refused(path, chat, sentence)
                continue
            if not found.is_file or clutter(found.name):
                others += 1
                continue
            plain += 1
            if looks_unfinished(found.last) and not ignored(found.name, self.ignore):
                changed = max(found.state.st_mtime, found.state.st_ctime)
                if self.now - changed < self.patience:
                    unfinished_file = unfinished_file or found.name
            elif not written and self.signs.is_written(path / found.name, found.open):
                written = found.name
        if unfinished_file:
            sentence = _UNFINISHED.format(name=path.name, file=unfinished_file)
            return Drop(path, chat, tuple(signature), sentence)
        if not plain:
            sentence = _NO_FILES if others else _NOTHING
            return Drop(path, chat, tuple(signature), sentence.format(name=path.name))
        # A folder that was moved here as a whole: its own name is new, nothing in it is.
        inner = [top.st_mtime_ns, *(max(sign[2], sign[3]) for sign in signature[1:])]
        swift = not written and top.st_ctime_ns > max(inner)
        return Drop(path, chat, tuple(signature), written=written, swift=swift, moved=swift)


_LONG_TOPIC = (
    "{name} is too long for a folder that stands for a topic: nothing in it is taken. Give it a name of at most"
    f" {TOPIC_BYTES} letters (other than Latin ones count twice or more)."
)
_NOTHING = "{name} is an empty folder. It is left in the inbox."
_NO_FILES = "{name} holds no files but links and what systems leave behind. Links are not followed; drop the files themselves."
_UNFINISHED = (
    "{name} is left in the inbox, because {file} looks unfinished. When that file has its final name, or is taken out of"
    " the folder, the rest is taken."
)
