"""What is on the disk for good, and what a power cut may take back.

The platter watches every call of a `Disk` and every fsync(2), and keeps two things apart: what the calls have done, and
what would be left if the power failed now. Two kinds of file systems are tried:

* journal: changes of names reach the disk in their order, and one fsync brings all before it (ext4, XFS);
* loose: each change of names for itself, in any order; it is safe when its directories were fsynced (POSIX).

A file that was not fsynced is empty or half afterwards, unless it lies in the inbox still: there it is its owner's. Of what was
added to a file since its fsync, nothing or half is left.
A truncation is believed to reach the disk at once, the worst that can happen.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tests.crash.disks import DyingDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Mode = Literal["journal", "loose"]
Tree = dict[str, tuple[bytes, float] | None]
"""Directories (None) and files (content, and time where it says something) by path."""
_FLUSHED = 8


@dataclass(eq=False)
class Change:
    """Names that change together: (directory, name, inode or None) by inode numbers; `needs` are to be fsynced."""

    halves: list[tuple[int, str, int | None]]
    needs: set[int]
    system: str
    what: str

    @property
    def moved(self) -> set[int]:
        """The inodes that get a name by it."""
        return {inode for _, _, inode in self.halves if inode is not None}


class Platter:
    """The disk under everything below `place`; survives all processes."""

    def __init__(self, place: Path, root: Path, inbox: Path) -> None:
        self.place = place
        self.root = root
        self.inbox = inbox
        self.morgue = place / "morgue"
        self.morgue.mkdir()
        self._found: dict[int, tuple[bytes, float] | None] = {}
        self.names: dict[int, dict[str, int]] = {}
        self.pending: list[Change] = []
        self.hidden: list[Change] = []
        self.safe_data: set[int] = set()
        self._begun: dict[int, int] = {}
        """Of files that were added to since their fsync, the bytes that are safe."""
        for top in {self.root, self.inbox}:
            for directory, folders, files in os.walk(top):
                inside = self.names.setdefault(_inode(Path(directory)), {})
                for name in (*folders, *files):
                    inode = _inode(Path(directory, name))
                    inside[name] = inode
                    if name in files and not Path(directory).is_relative_to(self.inbox):
                        self.safe_data.add(inode)

    # -- watching ----------------------------------------------------------------------------------

    def changed(self, what: str, *halves: tuple[Path, int | None]) -> None:
        """Names have changed: each path has now this inode, or none.

        Nobody waits for tmp/ itself. What happens in a directory inside of it counts from the moment on in which
        that directory is moved out.
        """
        tmp = self.root / "tmp"
        found = [(_inode(path.parent), path.name, inode) for path, inode in halves]
        system = "inbox" if self._far(halves[0][0]) else "spool"
        outside = {_inode(p.parent) for p, _ in halves if not p.parent.is_relative_to(tmp)}
        inside = {
            _inode(path.parent)
            for path, inode in halves
            if inode and path.parent != tmp and path.parent.is_relative_to(tmp)
        }
        change = Change(found, outside | (set() if outside else inside), system, what)
        if not outside:
            self.hidden.append(change)
            return
        for inode in change.moved:
            out = [hidden for hidden in self.hidden if any(h[0] == inode for h in hidden.halves)]
            self.pending += out
            self.hidden = [hidden for hidden in self.hidden if hidden not in out]
        self.pending.append(change)
        for old in self.pending[:-_FLUSHED]:
            old.needs.clear()  # the kernel brings everything to the disk after a while
        self._settle()

    def known(self) -> Any:
        """All that was seen, to be believed again."""
        return copy.deepcopy(
            (self.names, self.pending, self.hidden, self.safe_data, self._begun),
        )

    def believe(self, known: Any) -> None:
        """Forget what came after that was known."""
        self.names, self.pending, self.hidden, self.safe_data, self._begun = known

    def _far(self, path: Path) -> bool:
        return not self.inbox.is_relative_to(self.root) and path.is_relative_to(self.inbox)

    def synced(self, descriptor: int) -> None:
        """fsync(2) was called."""
        state = os.fstat(descriptor)
        if stat.S_ISDIR(state.st_mode):
            for change in (*self.pending, *self.hidden):
                change.needs.discard(state.st_ino)
        else:
            self.safe_data.add(state.st_ino)
            self._begun.pop(state.st_ino, None)
        self._settle()

    def appended(self, inode: int, size: int) -> None:
        """Something was added behind so many bytes."""
        if inode in self.safe_data:
            self.safe_data.remove(inode)
            self._begun[inode] = size

    def synced_all(self, path: Path) -> None:
        """syncfs(2) was called for the file system of this path."""
        system = "inbox" if self._far(path) else "spool"
        for change in self.pending:
            if change.system == system:
                change.needs.clear()
        for each in self.place.rglob("*"):
            # What lies in the inbox at a start might as well have been dropped a moment later.
            being_claimed = path.is_relative_to(self.inbox / "family") and each.is_relative_to(path)
            if each.is_file() and (being_claimed or not each.is_relative_to(self.inbox)):
                self.safe_data.add(_inode(each))
        self._settle()

    def _settle(self) -> None:
        for change in list(self.pending):
            if not change.needs:
                self._apply(self.names, change)
                self.pending.remove(change)

    @staticmethod
    def _apply(names: dict[int, dict[str, int]], change: Change) -> None:
        for directory, name, inode in change.halves:
            inside = names.setdefault(directory, {})
            if inode is None:
                inside.pop(name, None)
            else:
                inside[name] = inode

    # -- the power fails ---------------------------------------------------------------------------

    def look(self) -> None:
        """See what lies here now: each directory (None) and each file (content and time) by its inode."""
        self._found = {}
        for path in self.place.rglob("*"):
            state = path.lstat()
            is_directory = stat.S_ISDIR(state.st_mode)
            self._found[state.st_ino] = (
                None if is_directory else (path.read_bytes(), state.st_mtime)
            )

    def outcomes(self, mode: Mode) -> Iterator[tuple[Change, ...]]:
        """The changes that made it to the disk although nobody waited for them, in every way they may have."""
        if mode != "loose":
            by_system = [
                [change for change in self.pending if change.system == system]
                for system in ("spool", "inbox")
            ]
            lengths = [range(self._least(changes), len(changes) + 1) for changes in by_system]
            for cut in itertools.product(*lengths):
                yield tuple(
                    change
                    for changes, length in zip(by_system, cut, strict=True)
                    for change in changes[:length]
                )
            return
        for change in self.pending:
            yield (change,)

    @staticmethod
    def _least(changes: Sequence[Change]) -> int:
        """In a journal, what was fsynced brings all before it."""
        return max((n for n, change in enumerate(changes, 1) if not change.needs), default=0)

    def left(self, kept: Sequence[Change], *, torn: bool = False) -> Tree:
        """What is left if the power fails as it was looked at: what is safe and what was `kept`, and nothing else."""
        names = {directory: dict(inside) for directory, inside in self.names.items()}
        for place, change in enumerate(self.pending):
            # A file that has moved on has moved through what came before.
            moved_on = any(
                later in kept and (later is change or later.moved & change.moved)
                for later in self.pending[place:]
            )
            if moved_on:
                self._apply(names, change)
        tree: Tree = {}
        for top in {self.root, self.inbox}:
            if top == self.root or not top.is_relative_to(self.root):
                self._lay(top, _inode(top), names, tree, torn=torn)
        return tree

    def _lay(
        self,
        path: Path,
        inode: int,
        names: dict[int, dict[str, int]],
        tree: Tree,
        *,
        torn: bool,
    ) -> None:
        tree[str(path.relative_to(self.place))] = None
        if path == self.root / "tmp":
            return  # it is emptied at every start
        for name, inner in names.get(inode, {}).items():
            if inner in names:
                self._lay(path / name, inner, names, tree, torn=torn)
                continue
            found = self._found[inner]
            if found is None:
                self._lay(path / name, inner, names, tree, torn=torn)
                continue
            data, when = found
            if inner not in self.safe_data and not path.is_relative_to(self.inbox):
                safe = self._begun.get(inner, 0)
                data = data[: safe + (len(data) - safe) // 2] if torn else data[:safe]
            if not path.is_relative_to(self.root / "deferred"):
                when = 0.0
            tree[str((path / name).relative_to(self.place))] = (data, when)


def lay(tree: Tree, place: Path) -> None:
    """Make a place that looks like this."""
    shutil.rmtree(place, ignore_errors=True)
    for name, content in tree.items():
        path = place / name
        if content is None:
            path.mkdir(parents=True)
            continue
        data, when = content
        path.write_bytes(data)
        if when:
            os.utime(path, (when, when))


def _inode(path: Path) -> int:
    return path.lstat().st_ino


class WatchedDisk(DyingDisk):
    """A disk that tells the platter what it does."""

    def __init__(
        self, platter: Platter, die_at: int | None = None, *, inbox: Path | None = None
    ) -> None:
        super().__init__(die_at, inbox=inbox)
        self.platter = platter

    def mkdir(self, path: Path) -> bool:
        """Do it, then tell."""
        made = super().mkdir(path)
        if made:
            self.platter.names[_inode(path)] = {}
            self.platter.changed(f"mkdir {path.name}", (path, _inode(path)))
        return made

    def rename(self, source: Path, target: Path) -> None:
        """Do it, then tell."""
        super().rename(source, target)
        self.platter.changed(f"rename {source} {target}", (target, _inode(target)), (source, None))

    def link(self, source: Path, target: Path) -> None:
        """Do it, then tell."""
        super().link(source, target)
        self.platter.changed(f"link {target}", (target, _inode(target)))

    def write(self, path: Path, data: bytes) -> None:
        """Do it, then tell."""
        self._created(path, lambda: super(WatchedDisk, self).write(path, data))

    def copy(
        self,
        source: Path,
        target: Path,
        progress: Callable[[int], None] | None = None,
        *,
        private: bool = False,
    ) -> None:
        """Do it, then tell."""
        self._created(
            target, lambda: super(WatchedDisk, self).copy(source, target, progress, private=private)
        )

    def _created(self, path: Path, create: Callable[[], None]) -> None:
        try:
            create()
        finally:
            self._tell_added(path, None)

    def append(self, path: Path, data: bytes) -> None:
        """Do it, then tell: of a file that was there, what was fsynced before stays."""
        size = path.stat().st_size if path.is_file() else None
        try:
            super().append(path, data)
        finally:
            self._tell_added(path, size)

    def _tell_added(self, path: Path, size: int | None) -> None:
        if size is not None:
            self.platter.appended(_inode(path), size)
        elif path.exists():
            self.platter.changed(f"create {path}", (path, _inode(path)))

    @contextlib.contextmanager
    def _half_done(self, path: Path, size: int | None) -> Iterator[None]:
        """Tell, and take it back: the rest of the call comes only now."""
        before = self.platter.known()
        if path.stat().st_size or size is None:
            self._tell_added(path, size)
        yield
        self.platter.believe(before)

    def replace(self, temporary: Path, final: Path) -> None:
        """Do it, then tell."""
        self._bury(final)
        super().replace(temporary, final)
        self.platter.changed(f"replace {final}", (final, _inode(final)), (temporary, None))

    def unlink(self, path: Path) -> None:
        """Do it, then tell."""
        there = path.exists()
        if there:
            self._bury(path)
        super().unlink(path)
        if there:
            self.platter.changed(f"unlink {path}", (path, None))

    def rmdir(self, path: Path) -> bool:
        """Do it, then tell."""
        gone = super().rmdir(path)
        if gone:
            self.platter.changed(f"rmdir {path}", (path, None))
        return gone

    def syncfs(self, path: Path) -> None:
        """Do it, then tell."""
        super().syncfs(path)
        self.platter.synced_all(path)

    def _bury(self, path: Path) -> None:
        if path.is_file():
            grave = self.platter.morgue / str(_inode(path))
            if not grave.exists():
                os.link(path, grave)
