"""What inotify(7) tells of whole trees of directories, at little cost.

    trees = Trees(ring, tell, refuse)
    trees.add("inbox", "/var/spool/telespool/inbox", tells=True)     # `ring("inbox")` at each change below it

A spool changes some twenty times for each file on its way, mostly by our own hand, and most of that is only to be
noticed. So what comes in one moment is read at once, and names are looked at where they matter: of new directories,
which are watched as well, and of files where somebody wants to be told (`Change`). A directory that is renamed stays
watched, under its new name; one that leaves the trees is let go.

Everything that is called from here runs in a thread of its own and must not raise. What the kernel had no room for is
told as a change of the kind "lost", and all trees are looked through again.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import struct
import threading
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Kind = Literal["created", "modified", "closed", "moved", "deleted", "lost"]

_MODIFY, _CLOSE_WRITE, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x2, 0x8, 0x40, 0x80, 0x100, 0x200
_OVERFLOW, _IGNORED, _IS_DIRECTORY = 0x4000, 0x8000, 0x40000000
_ONLY_DIRECTORIES, _NO_LINKS, _NOT_UNLINKED = 0x01000000, 0x02000000, 0x04000000
_ALWAYS = (
    _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _ONLY_DIRECTORIES | _NO_LINKS | _NOT_UNLINKED
)  # fmt: skip
_EVENT = struct.Struct("=iIII")
_KINDS: dict[int, Kind] = {
    _MODIFY: "modified",
    _CLOSE_WRITE: "closed",
    _CREATE: "created",
    _DELETE: "deleted",
}
_PLAIN = _MODIFY | _CLOSE_WRITE | _CREATE | _DELETE
_EXHAUSTED = {errno.ENOSPC, errno.ENOMEM}
_ROOM = 1 << 16
_REST = 0.01
"""Seconds after something was read in which more is left to come."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.inotify_add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)


class Change(NamedTuple):
    """What became of a file; `before` is the path that it had before it was moved."""

    kind: Kind
    path: str
    before: str = ""


class _Tree(NamedTuple):
    """A tree that is watched, and whether its files are told of."""

    name: str
    tells: bool


class _Directory:
    """One that is watched, and those in it."""

    __slots__ = ("inside", "name", "parent", "tree", "watch")

    def __init__(self, watch: int, tree: _Tree) -> None:
        self.watch = watch
        self.tree = tree
        self.name = ""
        self.parent: _Directory | None = None
        self.inside: dict[str, _Directory] = {}

    def stands(self, name: str, parent: _Directory | None, tree: _Tree) -> None:
        """It is called so, in `parent`; a root is called by its path."""
        self.leaves()
        self.name, self.parent = name, parent
        if parent is not None:
            parent.inside[name] = self
        if tree is not self.tree:
            for each in self.all():
                each.tree = tree

    def leaves(self) -> None:
        """It is no longer where it was."""
        if self.parent is not None and self.parent.inside.get(self.name) is self:
            del self.parent.inside[self.name]

    @property
    def path(self) -> str:
        """Where it lies now."""
        return self.name if self.parent is None else f"{self.parent.path}/{self.name}"

    def all(self) -> Iterator[_Directory]:
        """It and all below it."""
        yield self
        for each in self.inside.values():
            yield from each.all()


class Trees:
    """The trees that are watched. OSError leaves the constructor where the kernel gives no more queues."""

    def __init__(
        self,
        ring: Callable[[set[str]], None],
        tell: Callable[[Change], None],
        refuse: Callable[[str, OSError], None],
    ) -> None:
        """`ring` gets the names of trees that changed, `tell` changes of files, `refuse` those not watched wholly."""
        self._ring = ring
        self._tell = tell
        self._refuse = refuse
        self._roots: dict[str, _Directory] = {}
        self._known: dict[int, _Directory] = {}
        self._leaving: dict[int, _Directory | str] = {}  # by the cookie of the rename
        self._guard = threading.Lock()
        self._queue = _checked(_libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
        self._end = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread = threading.Thread(target=self._run, name="inotify", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether anybody listens."""
        return self._thread.is_alive()

    def has(self, name: str) -> bool:
        """Whether a tree is watched; it is no more when its directory was deleted or unmounted."""
        return name in self._roots

    def add(self, name: str, path: str, *, tells: bool) -> None:
        """Watch a tree, in place of the one that has this name. OSError where it cannot be watched as a whole."""
        with self._guard:
            self._let_go(self._roots.pop(name, None))
            self._add(_Tree(name, tells), path)

    def close(self) -> None:
        """Stop listening; blocks until the thread has ended."""
        os.eventfd_write(self._end, 1)
        self._thread.join()
        os.close(self._queue)
        os.close(self._end)

    def _run(self) -> None:
        poller, ending = select.poll(), select.poll()
        poller.register(self._queue, select.POLLIN)
        for each in (poller, ending):
            each.register(self._end, select.POLLIN)
        while all(handle != self._end for handle, _ in poller.poll()):
            with contextlib.suppress(BlockingIOError):
                data = os.read(self._queue, _ROOM)
                with self._guard:
                    rung = self._take_in(data)
                self._ring(rung)
            ending.poll(_REST * 1000)

    def _take_in(self, data: bytes) -> set[str]:
        """The names of the trees that these events are about."""
        rung: set[str] = set()
        left_before = list(self._leaving)
        at = 0
        while at < len(data):
            watch, mask, cookie, length = _EVENT.unpack_from(data, at)
            name = data[at + _EVENT.size : at + _EVENT.size + length]
            at += _EVENT.size + length
            here = self._known.get(watch)
            if here is None:
                if mask & _OVERFLOW:
                    rung |= self._all_anew()
                continue
            rung.add(here.tree.name)
            if mask & _IGNORED:
                self._forget(here)
            elif mask & _IS_DIRECTORY:
                self._directory(here, mask, cookie, _text(name))
            elif here.tree.tells:
                self._file(f"{here.path}/{_text(name)}", mask, cookie)
        for cookie in left_before:  # nobody has said meanwhile where to
            left = self._leaving.pop(cookie, None)
            if isinstance(left, str):
                self._tell(Change("deleted", left))
            elif left is not None:
                self._let_go(left)
        return rung

    def _file(self, path: str, mask: int, cookie: int) -> None:
        if mask & _MOVED_FROM:
            self._leaving[cookie] = path
        elif mask & _MOVED_TO:
            before = self._leaving.pop(cookie, None)
            self._tell(_arrival(path, before if isinstance(before, str) else ""))
        else:
            self._tell(Change(_KINDS[mask & _PLAIN], path))

    def _directory(self, here: _Directory, mask: int, cookie: int, name: str) -> None:
        if mask & _MOVED_FROM:
            if (known := here.inside.pop(name, None)) is not None:
                self._leaving[cookie] = known
        elif mask & _MOVED_TO and isinstance(moved := self._leaving.pop(cookie, None), _Directory):
            before = moved.path if moved.tree.tells else ""
            moved.stands(name, here, here.tree)
            if here.tree.tells:
                _tell_all(self._tell, moved.path, before)
        elif mask & (_CREATE | _MOVED_TO):
            try:
                known, is_new = self._watched(f"{here.path}/{name}", name, here, here.tree)
                if is_new:
                    self._look_through(known, tells=here.tree.tells)
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._refuse(here.tree.name, error)

    def _add(self, tree: _Tree, path: str) -> None:
        try:
            root, _ = self._watched(path, path, None, tree)
            self._roots[tree.name] = root
            self._look_through(root, tells=False)
        except OSError:
            self._let_go(self._roots.pop(tree.name, None))
            raise

    def _watched(
        self, path: str, name: str, parent: _Directory | None, tree: _Tree
    ) -> tuple[_Directory, bool]:
        """What stands for a directory from now on, and whether it is new."""
        mask = _ALWAYS | (_MODIFY if tree.tells else 0)
        watch = _checked(_libc.inotify_add_watch(self._queue, os.fsencode(path), mask), path)
        known = self._known.get(watch)
        is_new = known is None
        if known is None:
            known = self._known[watch] = _Directory(watch, tree)
        known.stands(name, parent, tree)
        return known, is_new

    def _look_through(self, here: _Directory, *, tells: bool) -> None:
        """Watch all directories below, and tell of the files there. OSError where the kernel has no more watches."""
        try:
            with os.scandir(here.path) as found:
                for each in found:
                    if each.is_dir(follow_symlinks=False):
                        known, is_new = self._watched(each.path, each.name, here, here.tree)
                        if is_new:
                            self._look_through(known, tells=tells)
                    elif tells:
                        self._tell(Change("created", each.path))
        except OSError as error:
            if error.errno in _EXHAUSTED or here.parent is None:
                raise  # else it is gone already, or is nothing for us

    def _all_anew(self) -> set[str]:
        """Events were lost: look through all trees again."""
        roots = [(root.tree, root.path) for root in self._roots.values()]
        for tree, _ in roots:
            self._let_go(self._roots.pop(tree.name, None))
        self._leaving.clear()
        for tree, path in roots:
            with contextlib.suppress(OSError):  # whoever looks for it sees that it is not watched
                self._add(tree, path)
        self._tell(Change("lost", ""))
        return {tree.name for tree, _ in roots}

    def _let_go(self, directory: _Directory | None) -> None:
        if directory is not None:
            for each in list(directory.all()):
                _libc.inotify_rm_watch(self._queue, each.watch)
                self._forget(each)

    def _forget(self, directory: _Directory) -> None:
        self._known.pop(directory.watch, None)
        directory.leaves()
        for name in [name for name, root in self._roots.items() if root is directory]:
            del self._roots[name]


def _tell_all(tell: Callable[[Change], None], path: str, before: str) -> None:
    """Tell of each file below a directory that was moved here; from where, if that is known."""
    for folder, _, names in os.walk(path):
        for name in names:
            now = f"{folder}/{name}"
            tell(_arrival(now, before and before + now[len(path) :]))


def _arrival(path: str, before: str) -> Change:
    return Change("moved", path, before) if before else Change("created", path)


def _text(name: bytes) -> str:
    return os.fsdecode(name.rstrip(b"\0"))


def _checked(result: int, path: str = "") -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path or None)
    return result
