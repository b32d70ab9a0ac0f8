"""What becomes of a file of a drop, in a row of a table: told before it is dropped (`rehearsal`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from telespool.pipeline.unpack.assessed_member import CONVERTED
from telespool.spool.names import NESTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telespool.belonging import Kinship
    from telespool.pipeline.send.live_photos import InnerClip
    from telespool.pipeline.unpack.assessed_member import AssessedMember

LEFT_OUT = "left out"
QUARANTINED = "quarantine"
BY_NAME = "by its name; it is looked into when it is dropped"


@dataclass(frozen=True, slots=True)
class Foretold:
    """One file: what it becomes, and why, or with whom."""

    number: int
    name: str
    becomes: str
    why: str = ""
    photos: int = 1
    """How many photos it becomes, where it becomes photos: those of a picture of several pages."""
    file_behind: bool = False
    """Whether the file itself follows its photos."""

    def with_file(self) -> Foretold:
        """The same, with its file behind its photos."""
        said = f"its file behind {'it' if self.photos == 1 else 'them'}"
        return replace(self, why=f"{self.why}, {said}" if self.why else said, file_behind=True)

    def to_json(self) -> dict[str, Any]:
        """For `telespool explain --json`."""
        return asdict(self)


def table(found: Iterable[Foretold]) -> list[str]:
    """Show it as lines with columns."""
    rows = [(each.name, each.becomes, each.why) for each in found]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return [
        f"  {name:<{widths[0]}}  {becomes:<{widths[1]}}  {why}".rstrip()
        for name, becomes, why in rows
    ]


def sent(
    member: AssessedMember, kin: Kinship, names: Mapping[int, str], inner: InnerClip | None
) -> list[Foretold]:
    """The rows of a member that is sent, and of its clip; `inner` is told of a clip within it."""
    number = member.unit.first
    becomes = {"document": "file"}.get(member.kind, member.kind)
    why = [*_kin(number, kin, names)]
    rows: list[Foretold] = []
    verdict = member.verdict
    if member.inner_photo:
        why.append("the JPEG inside the camera raw")
    elif verdict is not None and verdict.is_raw:
        why.append("a camera raw")
    elif verdict is not None and verdict.action in CONVERTED and not member.unit.goes_as_document:
        why.append(f"converted: {'; '.join(verdict.reasons)}")
    elif verdict is not None and member.kind == "document" and verdict.reasons:
        why += verdict.reasons
    if inner is not None and member.clip is None:
        why.append(inner.sentence)
        becomes = "live photo" if inner.fate == "within" else becomes
        if inner.fate == "behind":
            rows.append(_apart(member))
    if member.clip is not None:
        becomes = "live photo"
        why.insert(0, f"with {_last(member.clip.name)}")
        clip = member.clip
        rows.append(
            Foretold(clip.unit.first, clip.name, becomes, f"the clip of {_last(member.name)}")
        )
    is_split = verdict is not None and verdict.action == "split" and becomes == "photo"
    pages = len(verdict.pages) if verdict is not None and is_split else 1
    return [Foretold(number, member.name, becomes, ", ".join(why), pages), *rows]


def _apart(member: AssessedMember) -> Foretold:
    """The row of a clip within a photo, which follows as a video."""
    last = _last(member.name)
    name = f"{last.rpartition('.')[0] or last}.mp4"
    return Foretold(member.unit.first * NESTED + 1, name, "video", f"the clip within {last}")


def _kin(number: int, kin: Kinship, names: Mapping[int, str]) -> Iterable[str]:
    if chapters := kin.chapters.get(number):
        yield f"chapter {chapters.index(number) + 1} of {len(chapters)}"
    if views := kin.views.get(number):
        yield f"one of {len(views)} lenses at that moment"
    if burst := kin.bursts.get(number):
        yield f"of a burst of {len(burst)}"
    if number in kin.edited:
        yield f"edited from {_last(names[kin.edited[number]])}"


def _last(name: str) -> str:
    return name.rpartition("/")[2]
