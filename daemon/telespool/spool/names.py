"""The names of jobs and units: what they say, and how they are read back.

A job is one drop: `20261120-075145-kqzvtb_family_holiday` is the UTC time of the claim, six letters that make it
unique, the chat alias, and the cleaned name; what was dropped for a topic of the chat names that behind the alias,
`family+Holidays`. Sorting by name is sorting by age: the first two letters are the fraction of the second. The others
are drawn at random, because what is derived from the name must be unique in the account: another machine may claim a
drop of the same name in the same second, and a clock may show the same second twice.

A unit is whatever one request sends, a file or the directory of an album:

    NNNN[c|o][~STILL][=PLACE][@K][+MSG]_label.ext       0012_IMG_12.jpg, 0301c_clip.mp4, 0001-0010+48213_album
    |   |     |       |      |    |
    |   |     |       |      |    the Telegram message id: it was delivered, and the name is the receipt
    |   |     |       |      the K-th attempt is under way, or its process died; in deferred/: waits for its next try;
    |   |     |       |      @held in deferred/: a person holds it
    |   |     |       its place in the story, where a job is sent in another order than photos, videos, the rest
    |   |     it is the clip of the live photo STILL beside it; ~0000: a motion photo whose clip was sent by itself
    |   c: a converted copy; o: an original released after its copy was delivered
    place in the archive's natural name order; an album has the first and the last of its members'

Reading never fails loudly: what people put into the folders need not be ours, and `parse` says None to it.
"""

from __future__ import annotations

import re
import secrets
import string
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

from telespool.file_endings import without_count
from telespool.spool.topic_names import escaped, fits, unescaped

Kind = Literal["", "c", "o"]

NESTED = 1_000_000
"""The members of the archive (or the parts of the film) that is number 7 are 7000001, 7000002, …"""

LABEL_BYTES = 180
SLUG_BYTES = 80
_JOB_BYTES = 220  # what is left of 255 has room for what other names add
ALBUM_LABEL = "album"
OPEN_LABEL = "open"
"""The label of an album in deferred/ that copies still join."""
PARTS_LABEL = "parts"
"""The label of an album in deferred/ that holds the pages of a picture, or the parts of a film, of a story."""
DEFAULT_CHAT = "default"
"""The alias of the chat for what lies directly in the inbox."""

AS_DOCUMENT = ".as-document"
"""In a label, before its ending: the file is sent as a document, as it is (0012_clip.as-document.mp4)."""

_JOB = re.compile(
    r"(?P<stamp>\d{8}-\d{6})(?:-(?P<token>[a-z]+))?_(?P<chat>[a-z0-9][a-z0-9-]*)(?:\+(?P<topic>[^_]+))?_(?P<slug>.+)",
    re.DOTALL,
)
_HELD = "held"
_KINDS: dict[str, Kind] = {"": "", "c": "c", "o": "o"}
_LETTERS = string.ascii_lowercase
_SLOTS = 26 * 26
_BURST = 60  # seconds by which the names of very many drops of one moment may be ahead of the clock
_NAMES = 4096  # that are not taken apart again: each is asked for some ten times in a row
_UNIT = re.compile(
    r"(?P<first>\d{4,})(?:-(?P<last>\d{4,}))?(?P<kind>[co]?)(?:~(?P<still>\d{4,}))?(?:=(?P<place>\d{4,}))?"
    r"(?:@(?P<attempt>[1-9]\d*|held))?(?:\+(?P<message>\d+))?_(?P<label>.+)",
    re.DOTALL,
)
_WORKING = re.compile(r"\d{8}-\d{6}[-_].+|0|\d+0{6}|\.probe-\d.*", re.DOTALL)
_PLAIN = re.compile(
    r"\w(?:[\w ().,+-]*\w)?", re.ASCII
)  # what most names are, and nothing is to be cleaned of
# Signs that cannot be seen and make `photo\u202egpj.exe` look like a photo.
_TURNS = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


@dataclass(frozen=True, slots=True)
class Job:
    """One drop."""

    stamp: str
    chat: str
    slug: str
    token: str = ""
    topic: str = ""
    """The topic of the chat, where the drop lay in a folder that stands for one."""

    @classmethod
    def make(cls, when: float, chat: str, dropped: str, token: str = "", topic: str = "") -> Self:
        """The job of a drop of this name, claimed at `when` (seconds since the epoch)."""
        stamp = datetime.fromtimestamp(when, UTC).strftime("%Y%m%d-%H%M%S")
        rest = len(f"{stamp}-{token}_{chat}+{escaped(topic)}_".encode())
        slug = clean(dropped, max(16, min(SLUG_BYTES, _JOB_BYTES - rest)))
        return cls(stamp, chat, slug, token, topic)

    @classmethod
    @lru_cache(_NAMES)
    def parse(cls, name: str) -> Self | None:
        """The job of a directory name, or None where it is not one."""
        match = _JOB.fullmatch(name)
        if match is None:
            return None
        token, topic = match["token"] or "", unescaped(match["topic"] or "")
        return cls(match["stamp"], match["chat"], match["slug"], token, topic)

    @classmethod
    def chat_of(cls, name: str) -> str:
        """The chat alias in the name of a job; "" where it is not one."""
        job = cls.parse(name)
        return job.chat if job else ""

    def __str__(self) -> str:
        token = f"-{self.token}" if self.token else ""
        topic = f"+{escaped(self.topic)}" if self.topic else ""
        return f"{self.stamp}{token}_{self.chat}{topic}_{self.slug}"

    @property
    def place(self) -> str:
        """The chat and its topic: `family/Holidays`, and `family/` outside such a folder."""
        return f"{self.chat}/{self.topic}"

    @property
    def claimed(self) -> float:
        """When it was claimed, in seconds since the epoch (0 where the stamp is no time)."""
        try:
            return datetime.strptime(self.stamp, "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()
        except ValueError:
            return 0.0


class JobTokens:
    """Makes the letters of job names, in the order of their claims."""

    def __init__(self) -> None:
        self._last = (0, 0)

    def next(self, now: float) -> tuple[float, str]:
        """When the next job is claimed (seconds since the epoch, at `now` or a little later), and its letters."""
        turn = divmod(int(now * _SLOTS), _SLOTS)
        # Two claims in one moment; where the clock was put back, only its own time counts.
        if turn <= self._last and self._last[0] - turn[0] <= _BURST:
            second, slot = self._last
            turn = divmod(second * _SLOTS + slot + 1, _SLOTS)
        self._last = turn
        second, slot = turn
        chance = "".join(secrets.choice(_LETTERS) for _ in range(4))
        return float(second), _LETTERS[slot // 26] + _LETTERS[slot % 26] + chance


@dataclass(frozen=True, slots=True)
class Unit:
    """One file or album of a job."""

    first: int
    label: str
    last: int | None = None
    kind: Kind = ""
    attempt: int = 0
    message: int | None = None
    still: int | None = None
    place: int | None = None
    is_held: bool = False
    """Whether a person holds it. It counts as waiting: `attempt` is 1."""

    @classmethod
    @lru_cache(_NAMES)
    def parse(cls, name: str) -> Self | None:
        """The unit of an entry's name, or None where it is not one."""
        match = _UNIT.fullmatch(name)
        if match is None:
            return None
        kind = _KINDS[match["kind"]]
        is_held = match["attempt"] == _HELD
        return cls(
            first=int(match["first"]),
            last=int(match["last"]) if match["last"] else None,
            kind=kind,
            attempt=1 if is_held else int(match["attempt"] or 0),
            message=int(match["message"]) if match["message"] else None,
            still=int(match["still"]) if match["still"] else None,
            place=int(match["place"]) if match["place"] else None,
            label=match["label"],
            is_held=is_held,
        )

    @classmethod
    def album(cls, members: Sequence[Unit]) -> Self:
        """The unit of an album of these members, in their order."""
        numbers = [member.first for member in members]
        head = members[0]
        return cls(min(numbers), ALBUM_LABEL, max(numbers), head.kind, place=head.place)

    def __str__(self) -> str:
        last = f"-{self.last:04d}" if self.last is not None else ""
        attempt = f"@{_HELD if self.is_held else self.attempt}" if self.attempt else ""
        message = f"+{self.message}" if self.message is not None else ""
        still = f"~{self.still:04d}" if self.still is not None else ""
        place = f"={self.place:04d}" if self.place is not None else ""
        return f"{self.first:04d}{last}{self.kind}{still}{place}{attempt}{message}_{self.label}"

    def opened(self) -> Self:
        """This album while others may still join it."""
        return replace(self, label=OPEN_LABEL)

    @property
    def is_open(self) -> bool:
        """Whether it is an album that others may still join."""
        return self.is_album and self.label == OPEN_LABEL

    @property
    def order(self) -> int:
        """Where it stands among the others of its job; what came out of one archive inside stands in one place."""
        return nested(self.first)[0] if self.place is None else self.place

    @property
    def is_album(self) -> bool:
        """Whether it is a directory of members."""
        return self.last is not None

    @property
    def parent(self) -> int:
        """The number of what this is a part of; 0 for what stands by itself."""
        return self.first // NESTED

    def part(self, place: int, of: int, extension: str) -> Self:
        """A part of what is too large for one message: of a film one that plays, else a numbered piece."""
        stem = self.label.rpartition(".")[0] or self.label
        label = clean(f"{stem} {place} of {of}{extension}")
        if extension[1:].isdecimal():  # a piece that is to be joined again
            label = clean(f"{self.shown}{extension}")
        number = self.first * NESTED + place
        return replace(self.plain(), first=number, kind="c", label=label, still=None)

    def plain(self) -> Self:
        """The same unit, not under way and not delivered."""
        return replace(self, attempt=0, message=None, is_held=False)

    def attempted(self, attempt: int) -> Self:
        """The same unit in its `attempt`-th attempt."""
        return replace(self, attempt=attempt, is_held=False)

    def held(self) -> Self:
        """The same unit, held by a person."""
        return replace(self.plain(), attempt=1, is_held=True)

    def delivered(self, message: int) -> Self:
        """The same unit with its receipt."""
        return replace(self.plain(), message=message)

    def copy(self, extension: str) -> Self:
        """The converted copy of this unit."""
        label = without_count(self.label)
        stem = label.rpartition(".")[0] or label
        return replace(self.plain(), kind="c", label=clean(f"{stem}{extension}"), still=None)

    def document(self) -> Self:
        """This unit to be sent as a document, as it is: its label says so, and people may write that by hand."""
        stem, dot, ending = self.label.rpartition(".")
        if self.goes_as_document:
            return self.plain()
        label = f"{stem}{AS_DOCUMENT}{dot}{ending}" if stem else f"{self.label}{AS_DOCUMENT}"
        return replace(self.plain(), label=label)

    @property
    def goes_as_document(self) -> bool:
        """Whether a person wants it sent as a document, whatever it is."""
        return AS_DOCUMENT in self.label

    @property
    def shown(self) -> str:
        """The label as people get to see it in the chat."""
        return self.label.replace(AS_DOCUMENT, "")

    def in_words(self, sentence: str) -> str:
        """A sentence about this unit with the name that people know, wherever it has one that we work with."""
        working = (
            rf"(?<!\d)\d{{4,}}[co]?(?:[~=]\d+)*(?:@(?:\d+|held))?(?:\+\d+)?_{re.escape(self.label)}"
        )
        return re.sub(working, lambda _: self.shown, sentence)

    def original(self) -> Self:
        """This unit as an original released after its copy was delivered."""
        return replace(self.plain(), kind="o")


def origins(number: int) -> Iterator[int]:
    """This number, then those of what it was made of, or lay in: the nearest first."""
    yield number
    while number >= NESTED:
        number //= NESTED
        yield number


def nested(number: int) -> tuple[int, ...]:
    """The place of a number in the natural order of the whole drop: that of the archive around it, then its own."""
    inside = []
    while number >= NESTED:
        number, own = divmod(number, NESTED)
        inside.append(own)
    return number, *reversed(inside)


def clean(name: str, limit: int = LABEL_BYTES) -> str:
    """A label from a name as people or archives gave it.

    NFC; no control character, no `/`, nothing that is not UTF-8 and nothing that turns the direction of what
    follows; no leading `.` or `-`, no space at the ends; at most `limit` bytes with the extension kept. Never empty.
    """
    if _PLAIN.fullmatch(name) and len(name) <= limit:
        return name
    text = name.encode("utf-8", "replace").decode("utf-8").translate(_TURNS)
    text = unicodedata.normalize("NFC", text)
    text = "".join("_" if _unsafe(sign) else sign for sign in text)
    text = text.strip().lstrip(".-").strip() or "unnamed"
    if len(text.encode()) <= limit:
        return text
    stem, dot, extension = text.rpartition(".")
    if not dot or len(extension.encode()) > 16 or not stem:
        stem, extension = text, ""
    tail = f".{extension}" if extension else ""
    head = stem.encode()[: limit - len(tail.encode())].decode("utf-8", "ignore").rstrip()
    return unicodedata.normalize("NFC", head + tail)


def _unsafe(sign: str) -> bool:
    return sign == "/" or unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"}


def is_working_name(name: str) -> bool:
    """Whether an entry of tmp/ is of our making: of a job, of an archive that is read, or a probe of the disk."""
    return _WORKING.fullmatch(name) is not None


def topic_of(folder: str) -> str:
    """The topic that a folder of this name stands for; "" where the name is too long for one."""
    topic = clean(folder)
    return topic if fits(topic) else ""
