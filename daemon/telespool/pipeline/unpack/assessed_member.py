"""A member of a drop that has come out, and what it is found to be.

On the last try a member with which a child is killed is refused, so that the others go on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from telespool.belonging import About
from telespool.errors import ChildDied, Permanent
from telespool.media import about as metadata
from telespool.media import raw_preview
from telespool.media.compatibility import assess
from telespool.media.photo_info import MOTION
from telespool.pipeline.send_queue import COPY, OTHER, PHOTO, VIDEO
from telespool.pipeline.unpack.sources.base import NO_MEDIA
from telespool.runtime.cancellation import in_thread
from telespool.spool.names import Unit, clean

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.belonging.story import Taken
    from telespool.config.schema import ChatSettings, ConvertSettings
    from telespool.media.compatibility import Assessment
    from telespool.model import Kind
    from telespool.pipeline.glance import MemberGlance
    from telespool.pipeline.unpack.sources import ExtractedMember

CONVERTED = frozenset(["remux", "audio", "encode", "split"])


@dataclass(frozen=True, slots=True)
class AssessedMember:
    """One member. `refused` is the sentence with which it goes to quarantine in any case, `cure` what to do."""

    unit: Unit
    path: Path
    name: str
    verdict: Assessment | None
    refused: str = ""
    cure: str = ""
    about: About | None = None
    taken: Taken | None = None
    clip: AssessedMember | None = None
    """The other half of a live photo."""
    inner_photo: Literal["", "photo", "document"] = ""
    """What the photo inside a camera raw is sent as, instead of that; "" for what is no such raw."""

    @property
    def rank(self) -> int:
        """When its kind is sent."""
        verdict = self.verdict
        if verdict is None or verdict.action == "refuse" or self.inner_photo == "photo":
            return PHOTO  # into quarantine, too: nobody waits for it
        if self.unit.goes_as_document or verdict.action == "document" or self.inner_photo:
            return OTHER
        if verdict.action in CONVERTED:
            return COPY
        return {"photo": PHOTO, "video": VIDEO, "gif": VIDEO}.get(verdict.kind, OTHER)

    @property
    def is_other(self) -> bool:
        """Whether it is neither photo nor video."""
        verdict = self.verdict
        if verdict is None or self.inner_photo:
            return False
        return verdict.kind == "other" or (verdict.kind == "audio" and verdict.action != "send")

    @property
    def kind(self) -> Kind:
        """What it is sent as."""
        verdict = self.verdict
        if self.inner_photo:
            return self.inner_photo
        if self.unit.goes_as_document:  # a person called it so: "12.as-document.jpg"
            return "document"
        if verdict is None or self.is_other or verdict.action == "document":
            return "document"
        return verdict.kind if verdict.kind in {"photo", "video", "gif"} else "document"

    @property
    def has_place(self) -> bool:
        """Whether it has a place in a story: photos and videos, in whatever form they are sent."""
        verdict = self.verdict
        return (
            verdict is None or bool(self.inner_photo) or verdict.kind in {"photo", "video", "gif"}
        )

    def messages(self, chat: ChatSettings) -> int:
        """How many messages of its album it becomes: a picture of several pages one for each."""
        verdict = self.verdict
        if verdict is None or verdict.kind != "photo":
            return 1
        if verdict.action == "split":
            return max(1, len(verdict.pages))
        apart = chat.live_photos == "both" and chat.order != "kind"
        return 1 + (apart and MOTION in verdict.left_behind)

    def is_wanted(self, chat: ChatSettings, *, has_photo: bool) -> bool:
        """Whether the rules of its chat let it be sent; `has_photo`: the photo of a camera raw lies beside it."""
        verdict = self.verdict
        if self.inner_photo:
            return not has_photo
        if verdict is None or not self.is_other:
            return True
        if verdict.is_raw and chat.raw != "leave":
            return chat.raw == "document"
        return chat.others == "document"

    def left_behind(self, chat: ChatSettings) -> tuple[str, ...]:
        """What the report says of it; a motion photo's clip is sent, unless the chat wants stills."""
        lost = self.verdict.left_behind if self.verdict is not None else ()
        return tuple(each for each in lost if each != MOTION or chat.live_photos == "still")

    @property
    def why_left_out(self) -> str:
        """The reason that the report gives where it is not wanted."""
        verdict = self.verdict
        if self.inner_photo:
            return "it is a camera raw, and its photo lies beside it"
        told = verdict is not None and (
            verdict.is_raw or verdict.kind == "audio" or verdict.mime.startswith("image/")
        )
        return "; ".join(verdict.reasons) if verdict is not None and told else NO_MEDIA

    @property
    def files(self) -> list[tuple[Unit, Path]]:
        """The unit and the file of each half."""
        return [(self.unit, self.path), *(self.clip.files if self.clip else ())]

    @property
    def why_refused(self) -> str:
        """Why nobody can read it, under the name that the drop has for it."""
        reasons = "; ".join(self.verdict.reasons) if self.verdict else ""
        said = (reasons or f"{self.name} cannot be read").replace(self.path.name, self.name)
        return self.refused or f"{said.rstrip('.')}."

    def sentence(self) -> str:
        """The same, and what to do."""
        cure = self.cure
        if not self.refused:
            cure = "If it opens for you, save it anew in another format and drop that."
        return f"{self.why_refused} {cure}".rstrip()


async def assess_member(
    piece: ExtractedMember,
    path: Path,
    settings: ConvertSettings,
    chat: ChatSettings,
    glance: MemberGlance,
    *,
    last_try: bool,
    is_half: bool = False,
) -> AssessedMember:
    """Find out what a member is, after a first glance; ChildDied and ToolFault leave.

    `is_half`: by its name it may be half of a live photo.
    """
    name = piece.member.name.rpartition("/")[2]
    unit = Unit(piece.member.number, clean(name))
    if piece.refused:
        return AssessedMember(unit, path, piece.member.name, None, piece.refused)
    try:
        verdict = await assess(path, settings, name=name, first=glance.first)
    except Permanent as error:
        return AssessedMember(unit, path, piece.member.name, None, error.reason)
    except ChildDied as error:
        if not last_try:
            raise
        refused = f"{piece.member.name} cannot be looked at. {error.reason}"
        return AssessedMember(unit, path, piece.member.name, None, refused)
    unit, verdict = as_file(unit, verdict, chat)
    taken = None
    inner: Literal["", "photo", "document"] = ""
    if (verdict.kind in {"photo", "video"} or verdict.is_raw) and (
        chat.order == "taken" or (is_half and chat.live_photos != "both")
    ):
        taken = await in_thread(metadata.taken, path)
        if taken is None and verdict.probe is not None:  # no MP4: ffprobe knows the others
            taken = metadata.from_iso(verdict.probe.created)
    if verdict.is_raw and chat.raw == "jpeg":
        found = await in_thread(raw_preview.find, path)
        inner = inner_photo(chat) if found is not None else ""
    about = None
    if chat.live_photos != "both" and (verdict.kind in {"photo", "video"} or inner):
        seconds = verdict.frame.duration if verdict.frame is not None else None
        identifier = glance.identifier
        if identifier is None:
            identifier = await in_thread(metadata.identifier, path)
        about = About(identifier, seconds, taken)
    return AssessedMember(
        unit, path, piece.member.name, verdict, about=about, taken=taken, inner_photo=inner
    )


def inner_photo(chat: ChatSettings) -> Literal["", "photo", "document"]:
    """What the photo inside a camera raw is sent as by the rules of a chat."""
    if chat.raw != "jpeg":
        return ""
    return "document" if chat.photos == "file" else "photo"


def as_file(unit: Unit, verdict: Assessment, chat: ChatSettings) -> tuple[Unit, Assessment]:
    """A photo as the file that it is, where the chat wants photos so."""
    if chat.photos == "file" and verdict.kind == "photo" and verdict.action != "refuse":
        return unit.document(), replace(verdict, action="document", reasons=(), left_behind=())
    return unit, verdict
