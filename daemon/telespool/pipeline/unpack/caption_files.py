"""Which caption stands with which file: by the names of the caption files in a drop, wherever archives inside begin.

    DCIM/IMG_1.jpg.caption.txt     of that file; so is IMG_1.caption.txt, and of IMG_1.mov as well
    DCIM/caption.txt               of all albums from that folder and below, where no nearer one is
    DCIM.caption.txt               the same, from beside the folder; more.zip.caption.txt is of what is in that archive,
                                   and more.7z.caption.txt of what is in more.7z.001, more.7z.002 … (`called`)

Names are known before the texts are: a file waits until its captions have come. What was dropped beside an archive
counts where nothing in it does.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING, Self

from telespool.pipeline.captions.called import called
from telespool.spool.account import LeftOut
from telespool.spool.companions import caption_for
from telespool.spool.job_captions import CAPTION, NONE, WITH_THE_DROP, JobCaptions, is_used
from telespool.spool.names import NESTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from telespool.archives.members import Member
    from telespool.pipeline.captions.text import CaptionText
    from telespool.pipeline.unpack.sources import ExtractedMember, Source

_Place = tuple[int, str]  # the number of the archive (0: the drop), and a path in it, folded


class CaptionFiles:
    """Know the captions of one drop, called `drop`, of the folder of a `topic`.

    `before` are those that an earlier process noted.
    """

    def __init__(self, before: JobCaptions, drop: str = "", topic: str = "") -> None:
        self._drop, self._topic = drop, topic
        self._names: dict[int, str] = {}
        self._of_name: dict[_Place, int] = {}
        self._of_folder: dict[_Place, int] = {}
        self._homes: dict[int, int] = {}  # by archive the first of its export
        self._awaited: set[int] = set()
        self._texts: dict[int, str | None] = {}
        self._said: dict[int, str] = {}
        self._noted = set(before.texts.items())
        self._used: dict[int, set[str]] = defaultdict(set)
        self._sent: dict[int, None] = {}
        self._instead_of: Callable[[int], Iterable[int]] = lambda _: ()
        for number, refers in before.files.items():
            for caption in refers:
                self._used[caption].add(str(number))

    @classmethod
    def of_source(cls, source: Source, drop: str, before: JobCaptions, topic: str = "") -> Self:
        """Those of a drop that was opened."""
        captions = cls(before, drop, topic)
        captions.expect({each.number: each.name for each in source.members})
        if source.beside is not None:
            captions.with_drop(*source.beside)
        return captions

    def __bool__(self) -> bool:
        """Whether the drop has any."""
        return bool(self._of_name or self._of_folder or WITH_THE_DROP in self._texts)

    def heed(self, instead_of: Callable[[int], Iterable[int]]) -> None:
        """Give a file the caption of one that it goes instead of, where it has none of its own."""
        self._instead_of = instead_of

    def expect(self, names: Mapping[int, str]) -> None:
        """These are in the drop."""
        self._names |= names
        for number, name in names.items():
            folder, _, last = name.rpartition("/")
            target = caption_for(last)
            if target is None:
                continue
            self._awaited.add(number)
            for archive in self._places(number // NESTED):
                if target:
                    self._of_name.setdefault((archive, _folded(folder, target)), number)
                else:
                    self._of_folder.setdefault((archive, _folded(folder)), number)

    def spread(self, archives: Sequence[Sequence[Member]]) -> None:
        """These archives hold one export: a caption in one of them counts in all, where none is nearer."""
        home = archives[0][0].number // NESTED
        for members in archives:
            self._homes[members[0].number // NESTED] = home
            self.expect({each.number: each.name for each in members})

    def _places(self, archive: int) -> tuple[int, ...]:
        """Where captions for what lies in an archive may be: in itself, then in others of its export."""
        home = self._homes.get(archive)
        return (archive,) if home is None else (archive, ~home)

    def with_drop(self, name: str, caption: CaptionText) -> None:
        """What was dropped beside the archive."""
        self._names[WITH_THE_DROP] = name
        self._texts[WITH_THE_DROP] = caption.text
        self._said[WITH_THE_DROP] = caption.said

    def came(self, piece: ExtractedMember) -> None:
        """A member has come out, or does not."""
        number = piece.member.number
        self._awaited.discard(number)
        if piece.caption is not None:
            self._texts[number] = piece.caption.text
            self._said[number] = piece.caption.said

    def waits(self, number: int, awaited: Callable[[int], bool]) -> bool:
        """Whether a caption of this file is one of these that are to come."""
        return bool(self._awaited) and any(
            each in self._awaited and awaited(each) for each in self.of(number)
        )

    def of(self, number: int) -> tuple[int, int]:
        """The captions of a file by number: its own, and that of its album; NONE where it has none."""
        if not self:
            return NONE, NONE
        return next(self._own(number), NONE), next(self._around(number), NONE)

    def lines(self, numbers: Iterable[int]) -> list[str]:
        """What is to be noted before these files are let out."""
        if not self:
            return []
        found = []
        for number in numbers:
            self._sent[number] = None
            own, album = self.of(number)
            for caption in {own, album} - {NONE}:
                self._used[caption].add(self._names.get(number, ""))
                text = self._texts.get(caption)
                if caption in self._texts and (caption, text) not in self._noted:
                    self._noted.add((caption, text))
                    found.append(JobCaptions.text_line(caption, text))
            if (own, album) != (NONE, NONE):
                found.append(JobCaptions.file_line(number, own, album))
        return found

    def late(self) -> list[str]:
        """The lines of texts that came after a file of theirs had been let out."""
        found = []
        for caption, text in self._texts.items():
            if self._used.get(caption) and (caption, text) not in self._noted:
                self._noted.add((caption, text))
                found.append(JobCaptions.text_line(caption, text))
        return found

    def left_out(self) -> list[LeftOut]:
        """Each caption file, and whether it is used."""
        found = []
        for number in sorted(self._texts):
            name = self._names.get(number, "")
            reason = self._said.get(number, CAPTION)
            if not self._used.get(number) and is_used(reason):
                reason = _SUPERSEDED if number == WITH_THE_DROP else self._why_unused(number)
            found.append(LeftOut(name, reason, number=number))
        return found

    def _why_unused(self, caption: int) -> str:
        """Why this caption stands with no file: another one counts, or there is none for it."""
        last = self._names.get(caption, "").rpartition("/")[2]
        target = caption_for(last)
        for number in self._sent:
            for found in (list(self._own(number)), list(self._around(number))):
                if caption in found:
                    whom, nearer = self._names[number], self._names[found[0]]
                    return f"a caption of {target or 'a folder'}, and {whom} has a nearer one: {nearer}"
        if target:
            return f"a caption of {target}, and nothing of that name is sent"
        return "a caption, and nothing beside it is sent"

    def _own(self, number: int) -> Iterator[int]:
        """The captions of a file by its name, the nearest first; then those of what it goes instead of."""
        yield from self._named(number // NESTED, self._names.get(number, ""))
        for other in self._instead_of(number):
            yield from self._named(other // NESTED, self._names.get(other, ""))

    def _named(self, archive: int, name: str) -> Iterator[int]:
        """The captions of this name: by all of it, then without its endings."""
        folder, _, last = name.rpartition("/")
        for each in called(last):
            for place in self._places(archive):
                if (found := self._of_name.get((place, _folded(folder, each)))) is not None:
                    yield found

    def _around(self, number: int) -> Iterator[int]:
        """The captions of the folders and archives in which a file lies, the nearest first."""
        name, archive = self._names.get(number, ""), number // NESTED
        while True:
            folder = name.rpartition("/")[0]
            for captions in (self._of_folder, self._of_name if folder else {}):
                for place in self._places(archive):
                    if (found := captions.get((place, _folded(folder)))) is not None:
                        yield found
            if folder:
                name = folder
            elif archive:
                name, archive = self._names.get(archive, ""), archive // NESTED
                yield from self._named(archive, name)
            else:
                break
        for beside in (self._drop, self._topic):
            if beside:
                yield from self._named(0, beside)
        if WITH_THE_DROP in self._texts:
            yield WITH_THE_DROP


_SUPERSEDED = "a caption for all of the drop, and each of its files has a nearer one"


def _folded(*parts: str) -> str:
    path = "/".join(part for part in parts if part)
    return unicodedata.normalize("NFC", path).casefold()
