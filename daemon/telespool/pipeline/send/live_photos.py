"""Live photos on their way out: the clip of a still, from the file beside it or from within a motion photo.

In an album the clip of still 1 lies as `0002~0001_IMG_1.MOV` beside it: both are one message. LivePhotoRefused says
that they must go apart (the rule of the chat, a clip that does not fit, a refusal); `Spool.part_live_photos` writes
that down before anything is sent in the other form. One clip is made at a time.
"""

from __future__ import annotations

import asyncio
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import structlog

from telespool.belonging import LONGEST
from telespool.errors import LivePhotoRefused, NeedsConversion, Permanent
from telespool.media import about, mp4
from telespool.media.compatibility import assess
from telespool.media.live_clip import acceptable_clip
from telespool.media.photo_info import MOTION
from telespool.model import Item
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.spool.identifiers import file_id, random_id
from telespool.spool.live_photos import LoneStill
from telespool.spool.names import NESTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from telespool.config.schema import Config
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

log = structlog.get_logger()

MISSING = (
    "it says that it is a motion photo, but its clip is missing or cut off: the photo alone is sent"
)
DAMAGED = "it is a motion photo whose clip is damaged or cut off: the photo alone is sent"
_LIVE_STILLS = frozenset(["image/jpeg", "image/heic", "image/heif"])


def clips_of(members: Iterable[Entry]) -> dict[int, Entry]:
    """The clips among the members of a unit, by the numbers of their stills, which lie there too."""
    members = list(members)
    numbers = {member.unit.first for member in members if member.unit.still is None}
    return {
        member.unit.still: member
        for member in members
        if member.unit.still in numbers and member.unit.still
    }


def with_clips(messages: dict[int, int], members: Iterable[Entry]) -> dict[int, int]:
    """Message ids by number, with those of the clips: they are those of their stills."""
    clips = clips_of(members)
    return messages | {
        clips[still].unit.first: message for still, message in messages.items() if still in clips
    }


def with_halves(numbers: Iterable[int], members: Iterable[Entry]) -> list[Entry]:
    """The members of these numbers, and the clips of those that are the stills of live photos."""
    members = list(members)
    clips = clips_of(members)
    wanted = {*numbers, *(clips[number].unit.first for number in numbers if number in clips)}
    return [member for member in members if member.unit.first in wanted]


class LiveClips:
    """Makes the clips of live photos; `alive` is called while one is made."""

    def __init__(self, spool: Spool, config: Config, alive: Callable[[], None]) -> None:
        self._spool = spool
        self._config = config
        self._alive = alive
        self._one = asyncio.Semaphore(1)

    async def of(
        self,
        still: Entry,
        clip: Entry | None,
        mime: str,
        workshop: Path,
        *,
        is_still: bool = False,
    ) -> Item | None:
        """Return the clip of this photo, ready to be sent, perhaps in `workshop`; None for one that is no live photo.

        `is_still`: it is known that there is no clip within.
        """
        rule = self._config.chat(still.chat).live_photos
        source = clip.path if clip is not None else None
        if source is None:
            if (
                is_still
                or rule == "still"
                or still.unit.still is not None
                or mime not in _LIVE_STILLS
            ):
                return None
            source = await self.inner(still, workshop)
            if source is None:
                return None
        if rule != "live":
            raise LivePhotoRefused(f'[send] live_photos is "{rule}".')
        number = clip.unit.first if clip is not None else still.unit.first * NESTED + 1
        label = clip.unit.shown if clip is not None else still.unit.shown
        name = f"{label.rpartition('.')[0] or label}.mp4"
        try:
            async with self._one, plain_files.unchanged(source):
                made = await acceptable_clip(
                    source,
                    workshop / "clip",
                    self._config.convert,
                    name=label,
                    progress=lambda _: self._alive(),
                )
        except NeedsConversion as error:
            raise LivePhotoRefused(error.reason) from error
        if made.lost:
            await self._note(still, f"{label}, the clip: {'; '.join(made.lost)}")
        return Item(
            key=random_id(still.job, number),
            upload_key=file_id(still.job, number, "", f"clip-{await in_thread(stamp, made.path)}"),
            path=made.path,
            name=name,
            kind="video",
            mime="video/mp4",
            frame=made.frame,
        )

    async def inner(self, still: Entry, workshop: Path) -> Path | None:
        """Return the clip within a motion photo, as a file in `workshop`.

        None where none plays: the report says so.
        """
        seen = await in_thread(about.motion, still.path)
        if not seen.said:
            return None
        found = None
        if seen.place is not None:
            path = workshop / "inner.mp4"
            await in_thread(_cut_out, still.path, seen.place, path)
            found = await assess(path, self._config.convert, name=still.unit.shown)
            if found.kind == "video" and found.action != "refuse":
                return path
        line = f"{still.unit.shown}: {MISSING if found is None else DAMAGED}"
        await self._note(still, line)
        return None

    async def _note(self, still: Entry, line: str) -> None:
        """Say what is not sent of a live photo: in the log, and in the report of the job."""
        log.warning("unit.incomplete", job=still.job, unit=str(still.unit.plain()), lost=line)
        await in_thread(self._spool.add_notes, still.job, [line])

    async def part(
        self,
        entry: Entry,
        members: Sequence[Entry],
        stills: Iterable[int],
        workshop: Callable[[Entry], Path],
    ) -> None:
        """Let these stills and their clips go apart; `workshop` is where the clips of each were made."""
        clips = clips_of(members)
        apart = []
        for member in members:
            if member.unit.first in stills:
                clip = clips.get(member.unit.first)
                if clip is None and (inner := await self.inner(member, workshop(member))):
                    film = await self._playing(inner, member.unit.shown, workshop(member) / "alone")
                    apart.append(LoneStill(member, None, film or inner))
                elif clip is not None:
                    made = workshop(member) / "clip"
                    film = await self._playing(clip.path, clip.unit.shown, made, brief=True)
                    apart.append(LoneStill(member, clip, film))
        size = self._config.chat(entry.chat).album
        await in_thread(partial(self._spool.part_live_photos, entry, apart, size=size))

    async def _playing(
        self, clip: Path, name: str, directory: Path, *, brief: bool = False
    ) -> Path | None:
        """A clip as a video that plays everywhere, however large; None where it does as it is, or none can be made.

        `brief`: only of one that lasts seconds; the converter takes the others.
        """
        settings = self._config.convert
        try:
            frame = (await assess(clip, settings, name=name)).frame if brief else None
            if brief and (frame is None or frame.duration > LONGEST):
                return None
            async with self._one, plain_files.unchanged(clip):
                made = await acceptable_clip(
                    clip,
                    directory,
                    settings,
                    name=name,
                    progress=lambda _: self._alive(),
                    by_itself=True,
                )
        except (NeedsConversion, Permanent):
            return None
        return made.path if made.path != clip else None


class InnerClip(NamedTuple):
    """Tell what would become of the clip within a photo.

    `fate` says it in a word: lost, within, or a video behind it.
    """

    fate: Literal["lost", "within", "behind"]
    sentence: str


async def foresee_clip(path: Path, name: str, config: Config, chat: str) -> InnerClip | None:
    """Tell what would become of the clip within a photo, which people call `name`; None where it has none."""
    rule = config.chat(chat).live_photos
    seen = await in_thread(about.motion, path)
    if not seen.said:
        return None
    if rule == "still":
        return InnerClip("lost", MOTION)
    if seen.place is None:
        return InnerClip("lost", MISSING)
    with tempfile.TemporaryDirectory() as place:
        inner = Path(place) / "inner.mp4"
        await in_thread(_cut_out, path, seen.place, inner)
        found = await assess(inner, config.convert, name=name)
        cut = await in_thread(lambda: mp4.layout(inner).missing)
    if found.kind != "video" or found.action == "refuse" or found.frame is None:
        return InnerClip("lost", DAMAGED)
    breaks = ", which breaks off," if cut else ""
    said = f"it is a motion photo: its clip{breaks} is sent"
    if rule == "both" or found.frame.duration > LONGEST:
        return InnerClip("behind", f"{said} as a video behind it")
    return InnerClip("within", f"{said} with it as a live photo")


def stamp(path: Path) -> str:
    """What stands for the bytes of a clip. Blocks."""
    from telespool.runtime.hashing import digest_now  # noqa: PLC0415 - only here

    return digest_now(path)


def _cut_out(source: Path, place: tuple[int, int], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with plain_files.opened(source) as file:
        file.seek(place[0])
        data = file.read(place[1])
    target.unlink(missing_ok=True)
    target.write_bytes(data)
