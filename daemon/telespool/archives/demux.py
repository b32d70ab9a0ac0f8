"""Cutting the one stream of `7zz x -so -bb1 -bso2` back into members.

Bytes and messages come through one pipe, in the order in which 7-Zip writes them:

    (what it says of the archive)
    - DCIM/IMG_1.JPG                  a line, then exactly the listed number of bytes
    - DCIM/IMG_2.JPG                  a damaged one: fewer bytes may come, then
    ERROR: Data Error : DCIM/IMG_2.JPG
    Everything is Ok                  or the number of errors

Sizes cut; lines confirm. After a member whose packed form is damaged the cut is found again by the line that
names the error; so one bad member costs none of its neighbours. Nothing here trusts a line for more than
that: content that imitates them, or a listing that lies, makes members whose checksums do not fit.
Everything here blocks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telespool.archives.child_stream import ChildStream
    from telespool.archives.listing import ListedEntry

_ERROR = re.compile(rb"ERROR: ([^\n]{1,200}?)(?: : [^\n]*)?(?:\n|\Z)")
_UNANNOUNCED = 100  # entries in a row that 7-Zip may pass over without a line
_BEHIND = {b"- ", b"T ", b"ER", b"Ev"}  # how the lines begin that may follow
_PROMPT = b"\nEnter password:\n"
_SEARCH = 1 << 30  # how far a lost place is looked for
LOST = "its place in the archive is lost"
ENDS = "the archive ends here"
UNKNOWN = "the archive does not say how long it is"


class MemberDemuxer:
    """Walks over the entries of a listing, in their order, along the stream.

    `imitations` is how often the archive's own comment, which 7-Zip repeats at the start, contains the line
    that announces the first entry.
    """

    def __init__(
        self, stream: ChildStream, entries: Sequence[ListedEntry], imitations: int = 0
    ) -> None:
        self._stream = stream
        self._entries = entries
        self._imitations = imitations
        self._next = 0
        self._begun = -1
        self._tested = False
        self._asked = False
        self._lost = False
        self._ends = ENDS

    def copy(self, index: int, sink: Callable[[memoryview], None]) -> str | None:
        """Give the content of the entry to `sink`; what 7-Zip says is wrong with it, if anything.

        Entries are asked for in rising order; those in between are passed over.
        """
        while self._next < index:
            self._entry(self._next, _nowhere)
            self._next += 1
        self._next += 1
        return self._entry(index, sink)

    def skip(self, index: int, sink: Callable[[memoryview], None]) -> None:
        """Pass over everything before this entry; its bytes go to `sink`."""
        while self._next < index:
            self._entry(self._next, sink)
            self._next += 1

    def _entry(self, index: int, sink: Callable[[memoryview], None]) -> str | None:
        entry = self._entries[index]
        if self._lost:
            return LOST
        if self._begun < index:
            self._begin(index)
        if self._begun < index:
            return self._ends
        if self._begun > index:
            return None if entry.silent else "7-Zip passed it over"
        if entry.size is None and not entry.silent:
            self._find_next(index)
            return UNKNOWN if index + 1 < len(self._entries) else "the archive ends inside it"
        damage = self._content(entry, sink)
        if damage is None:
            damage = self._after(index)
        if damage is None and self._tested:
            damage = "7-Zip could not unpack it"
        return damage

    def _begin(self, index: int) -> None:
        """Find the line that announces this entry, or a later one."""
        while (line := self._stream.line()) is not None:
            if self._begun < 0:
                begun = self._first(line)
                if begun < 0:
                    self._hear(line)
                    continue
                self._begun = begun
                self._tested = line.startswith(b"T ")
            elif line.startswith((b"- ", b"T ")):
                self._begun = self._place(line, index)
                self._tested = line.startswith(b"T ")
            else:
                self._hear(line)
                continue
            if self._begun >= index:
                return

    def _first(self, line: bytes) -> int:
        """Which entry this line announces as the first one; -1 where it does not."""
        for place, entry in enumerate(self._entries[:_UNANNOUNCED]):
            if _announces(line, entry.shown):
                if place == 0 and self._imitations:
                    self._imitations -= 1
                    return -1
                return place
        return -1

    def _place(self, line: bytes, index: int) -> int:
        # Some entries are never announced (what a RAR calls a service header, alternate streams), and a name
        # may be shown in another way than it was listed: then order alone decides.
        for later in range(self._begun + 1, min(index + _UNANNOUNCED, len(self._entries))):
            if _announces(line, self._entries[later].shown):
                return later
        return self._begun + 1

    def _content(self, entry: ListedEntry, sink: Callable[[memoryview], None]) -> str | None:
        if entry.silent or not entry.size:
            return None
        if entry.encrypted and not self._asked and self._stream.peek(len(_PROMPT)) == _PROMPT:
            # 7-Zip asks once, when it meets the first member that needs it: behind that member's line.
            self._stream.take(len(_PROMPT))
            self._asked = True
        if self._tested or self._stream.peek(7) == b"ERROR: ":
            # Nothing of it is written: 7-Zip only looks at what it cannot unpack, and says why behind it.
            # Content that happens to begin like that is told apart by the name that ends the line.
            line = self._stream.peek(300 + len(entry.shown)).partition(b"\n")[0]
            if line.endswith(b" : " + entry.shown) or self._tested:
                return None
        left = entry.size
        needle = b"" if entry.stored else b" : " + entry.shown + b"\n"
        keep = len(needle) + 200
        tail = b""
        while left:
            data = self._stream.take(left)
            if not data:
                for said in tail.split(b"\n"):
                    self._hear(said)
                return self._ends
            # Copied only where the line is in sight: a copy of everything costs as much as unpacking does.
            if needle and self._stream.has(needle, len(data), tail):
                hay = tail + bytes(data)
                at = hay.find(needle)
                error = _ERROR.match(hay, max(hay.rfind(b"ERROR: ", 0, at), 0))
                behind = hay[at + len(needle) :][:2]
                if error and (behind in _BEHIND or not behind.strip(b"\n")):
                    self._stream.give_back(len(hay) - at - len(needle))
                    return error[1].decode("utf-8", "replace")
            tail = (tail + bytes(data[-keep:]))[-keep:]
            sink(data)
            left -= len(data)
        return None

    def _after(self, index: int) -> str | None:
        """What stands behind the content: the next line, an error, the end; anything else is out of step."""
        head = self._stream.peek(7)
        if head.startswith((b"- ", b"T ", b"\n", b"Everyth")) or not head:
            return None
        if head.startswith(b"ERROR: "):
            line = self._stream.line() or b""
            match = _ERROR.match(line)
            return match[1].decode("utf-8", "replace") if match else ENDS
        self._find_next(index)
        return "it is longer than the archive says"

    def _find_next(self, index: int) -> None:
        following = self._entries[index + 1].shown if index + 1 < len(self._entries) else None
        searched = 0
        while following is not None and searched < _SEARCH:
            line = self._stream.line()
            if line is None:
                break
            searched += max(len(line), 1)
            at = line.rfind(b"- " + following)
            if at >= 0 and line[at:].rstrip(b"/") == b"- " + following:
                self._begun = index + 1
                self._tested = False
                return
        self._lost = True

    def _hear(self, line: bytes) -> None:
        if line.startswith(_PROMPT.strip()):
            self._asked = True
        if line.startswith(b"ERROR: Can't"):
            # No member's own error: 7-Zip gives up at the first thing it has no memory for.
            self._ends = line.removeprefix(b"ERROR: ").decode("utf-8", "replace")


def _announces(line: bytes, shown: bytes) -> bool:
    return line[:2] in {b"- ", b"T "} and line[2:].rstrip(b"/") == shown.rstrip(b"/")


def _nowhere(_: memoryview) -> None:
    """Bytes nobody asked for."""
