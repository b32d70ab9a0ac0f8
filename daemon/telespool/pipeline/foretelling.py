"""What would become of the files of a drop, told before it is dropped: by their names and the rules of a chat.

What only the files themselves tell (whether a video must be converted, whether a clip is too long for a live photo, whether a
clip lies within a photo) is seen when they are unpacked. Nothing here reads a file.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from telespool.archives.volumes import may_be
from telespool.belonging import Kinship
from telespool.clutter import IGNORED, ignored
from telespool.file_endings import by_ending, raw_name
from telespool.pipeline.name_rules import NameRules
from telespool.pipeline.sources.base import NO_MEDIA, PASSWORD, is_caption
from telespool.spool.companions import password_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telespool.config.schema import ChatSettings

LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Foretold:
    """One file: what it becomes, and why, or with whom."""

    number: int
    name: str
    becomes: str
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """For `telespool explain --json`."""
        return asdict(self)


def foretell(
    names: Mapping[int, str], chat: ChatSettings, ignore: Iterable[str] = ()
) -> list[Foretold]:
    """Tell it of each file, by number."""
    kin = Kinship.of(names)
    rules = NameRules(chat, kin, names)
    patterns = tuple(ignore)
    return [_one(number, names, kin, rules, chat, patterns) for number in sorted(names)]


def table(found: Iterable[Foretold]) -> list[str]:
    """Show it as lines with columns."""
    rows = [(each.name, each.becomes, each.why) for each in found]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return [
        f"  {name:<{widths[0]}}  {becomes:<{widths[1]}}  {why}".rstrip()
        for name, becomes, why in rows
    ]


def _one(
    number: int,
    names: Mapping[int, str],
    kin: Kinship,
    rules: NameRules,
    chat: ChatSettings,
    ignore: tuple[str, ...],
) -> Foretold:
    name = names[number]

    def told(becomes: str, why: str = "") -> Foretold:
        return Foretold(number, name, becomes, why)

    def called(other: int) -> str:
        return names[other].rpartition("/")[2]

    kind = by_ending(name)
    still, clip = kin.still_of(number), kin.clip_of(number)
    if ignored(name, ignore):
        return told(LEFT_OUT, IGNORED)
    if password_for(name) is not None:
        return told(LEFT_OUT, PASSWORD)
    if is_caption(name):
        return told("caption", "its text stands with the files it is for")
    if why := rules.unwanted(number):
        return told(LEFT_OUT, why)
    if still is not None and chat.live_photos != "both" and not rules.unwanted(still):
        if chat.live_photos == "still":
            return told(LEFT_OUT, f"the clip of {called(still)}")
        return told("live photo", f"the clip of {called(still)}")
    if clip is not None and chat.live_photos == "live" and chat.photos != "file":
        return told("live photo", f"with {called(clip)}, if that is of ten seconds at most")
    if raw_name(name):
        return _raw(number, kin, chat, told, called)
    if kind in {"photo", "video"}:
        return told(
            "file" if kind == "photo" and chat.photos == "file" else kind, _kin(number, kin, called)
        )
    if may_be(name, bare=False):
        return told("unpacked", "an archive inside; its photos and videos are sent")
    if number not in kin.sidecars and kind == "unknown":
        return told("unknown", "seen by its content when it is unpacked")
    if chat.others == "document":
        return told("file")
    return told(LEFT_OUT, rules.reason(number, NO_MEDIA))


def _raw(number: int, kin: Kinship, chat: ChatSettings, told: Any, called: Any) -> Foretold:
    beside = kin.raws.get(number)
    found: Foretold
    if chat.raw == "document" or (chat.raw == "leave" and chat.others == "document"):
        found = told("file", "a camera raw")
    elif chat.raw == "jpeg" and beside is None:
        found = told("photo", "the JPEG inside the camera raw")
    else:
        found = told(LEFT_OUT, f"the camera raw of {called(beside)}" if beside else "a camera raw")
    return found


def _kin(number: int, kin: Kinship, called: Any) -> str:
    if chapters := kin.chapters.get(number):
        return f"chapter {chapters.index(number) + 1} of {len(chapters)}"
    if burst := kin.bursts.get(number):
        return f"of a burst of {len(burst)}"
    if number in kin.edited:
        return f"edited from {called(kin.edited[number])}"
    return ""
