"""What every source is: its members, one by one.

Nothing here touches the disk.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol, Self

from telespool.archives import passwords
from telespool.archives.signatures import begins_like_one
from telespool.archives.volumes import may_be
from telespool.clutter import IGNORED, ignored
from telespool.file_endings import archive_name, media_name, raw_name
from telespool.file_types import identify, is_raw
from telespool.pipeline.glance import of_member
from telespool.pipeline.unpack.photo_notes import is_note
from telespool.runtime import plain_files
from telespool.spool import job_captions
from telespool.spool.companions import caption_for, password_for

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Container, Sequence
    from pathlib import Path

    from telespool.archives.engine import Engine
    from telespool.archives.limits import Budget
    from telespool.archives.member_writer import Written
    from telespool.archives.members import Member
    from telespool.config.schema import ChatSettings, Config
    from telespool.pipeline.captions.text import CaptionText
    from telespool.pipeline.glance import MemberGlance
    from telespool.spool.account import LeftOut
    from telespool.spool.fs_ops import FileOps
    from telespool.spool.room import Room

NO_MEDIA = "neither a photo nor a video"
UNREAD = "it is {}, which is not read: export it as JPEG or PNG"
TOO_DEEP = "an archive that lies deeper inside others than archives.depth: drop it by itself"
_SOON = 32 << 20  # bytes that are read in a moment
CAPTION = job_captions.CAPTION
PASSWORD = "a password, which is never posted"  # noqa: S105 - a sentence


def is_caption(path: str) -> bool:
    """Whether a member of this name is a caption of others."""
    return caption_for(path.rpartition("/")[2]) is not None


@dataclass(frozen=True, slots=True)
class Listed:
    """The members of an archive inside, or of all among which one export was spread; those in a folder too already.

    `one_story`: the archives say by their names that they are one.
    """

    archives: tuple[tuple[Member, ...], ...]
    one_story: bool = False


@dataclass(frozen=True, slots=True)
class ExtractedMember:
    """A member that has come out. Without a path it was left out: `left_out` says why, or it is damaged.

    `refused` is the sentence with which an archive inside goes to quarantine. `expect` are the members that an
    archive inside adds; `opened` is the file of that archive, or a volume of it; `listed` what is known of it, and of
    others that are to come, and was not told before.
    """

    member: Member
    path: Path | None = None
    left_out: str = ""
    refused: str = ""
    expect: tuple[Member, ...] = ()
    opened: Path | None = None
    listed: Listed | None = None
    caption: CaptionText | None = None
    """What is a caption of other members, and no file to be sent."""
    unseen: bool = False
    """It is wanted, but was not let out, because nothing is sent now (`Rules.spares`)."""
    glance: MemberGlance | None = None
    """What a look at it has told, where it was looked at when it came out."""


class Source(Protocol):
    """A drop, opened."""

    kind: str
    members: Sequence[Member]
    damage: list[str]
    left_out: list[LeftOut]
    """What is no member, and why nobody looks into it."""
    beside: tuple[str, CaptionText] | None
    """The caption that was dropped beside an archive, and the name of its file."""
    kept_apart: bool
    """Whether the drop is something other than its members, and is kept in done/ after them."""

    def pieces(self, *, skip: Container[int]) -> AsyncGenerator[ExtractedMember]:
        """The members one by one; the source stands still while nobody asks for the next."""

    def next_size(self) -> int:
        """The bytes that asking for the next piece may take, 0 where nobody knows."""

    async def close(self) -> None:
        """Release everything but what was taken."""


@dataclass(slots=True)
class Rules:
    """What the sources of one drop share."""

    tmp: Path
    engine: Engine | None
    passwords: tuple[str, ...]
    others: Literal["skip", "document"]
    depth: int
    disk: FileOps
    budget: Budget | None = None
    """What the archives of this drop may bring, all of them together."""
    ignore: tuple[str, ...] = ()
    """Names that are left out (`inbox.ignore`)."""
    room: Room | None = None
    raws: bool = False
    """Whether camera raws are wanted."""
    notes: bool = False
    """Whether the notes are wanted that tell when photos were taken."""
    look: Callable[[Member, Path, Written | None], MemberGlance] | None = None
    """Looks at a member that has come out."""

    spares: Callable[[Member], bool] | None = None
    """Asked of each wanted member of an archive whether it need not come out. With it nothing is sent: files are
    looked at where they lie (`rehearsal`)."""

    @classmethod
    def of_chat(
        cls,
        chat: ChatSettings,
        config: Config,
        tmp: Path,
        engine: Engine | None,
        passwords: tuple[str, ...],
        disk: FileOps,
        *,
        room: Room | None = None,
        spares: Callable[[Member], bool] | None = None,
    ) -> Self:
        """The rules of one drop for this chat."""
        return cls(
            tmp,
            engine,
            passwords,
            chat.others,
            config.archives.depth,
            disk,
            ignore=config.inbox.ignore,
            room=room,
            raws=chat.raw != "leave",
            notes=chat.order == "taken",
            look=None if spares else partial(of_member, live=chat.live_photos != "both"),
            spares=spares,
        )

    def glance(
        self, member: Member, path: Path, written: Written | None = None
    ) -> MemberGlance | None:
        """What a look at a member tells, at once; None where that would take long, or cannot be had. Blocks."""
        if self.look is None or not 0 < (member.size or 0) <= _SOON:
            return None
        try:
            return self.look(member, path, written)
        except OSError:
            return None  # it is looked at again, and told, by who takes it in

    def lend(self, source: Path, target: Path, name: str) -> Path:
        """Give a file of the drop a second name; a copy, where that must be, only if there is room. Blocks."""
        if self.spares is not None:
            return source
        state = plain_files.lstat(source)
        size = state.st_size if state.st_nlink > 1 else 0
        with self.room.writing(size, name) if self.room is not None else nullcontext():
            self.disk.lend(source, target)
        return target

    def discard(self, path: Path) -> None:
        """Remove what has come out and nobody needs; the files of the drop itself stay. Blocks."""
        if path.is_relative_to(self.tmp):
            self.disk.unlink(path)

    found: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The passwords of the drop itself, by the paths of the files they lay in."""

    def learn(self, name: str, path: Path) -> None:
        """Read the password file that the drop calls `name`. Blocks."""
        self.found[name] = tuple(passwords.read(path))

    def passwords_for(self, name: str) -> tuple[str, ...]:
        """What may open the archive of this name: its own password first, then those beside it, then the rest."""
        folder = name.rpartition("/")[0]

        def distance(file: str) -> tuple[bool, bool]:
            wanted = password_for(file) or ""
            return not name.casefold().startswith(wanted.casefold()), file.rpartition("/")[
                0
            ] != folder

        words = [word for file in sorted(self.found, key=distance) for word in self.found[file]]
        return (*words, *self.passwords)

    def reason(self, name: str, depth: int, head: bytes = b"") -> str:
        """Why a member of this name that begins like this is left out, this deep."""
        if ignored(name, self.ignore):
            return IGNORED
        if password_for(name) is not None:
            return PASSWORD
        if depth <= 1 and archive_name(name):
            return TOO_DEEP
        seen = identify(head)
        if seen.kind == "other" and seen.mime.startswith("image/"):
            return UNREAD.format(seen.name)
        return NO_MEDIA

    def wanted(self, name: str, head: bytes, depth: int) -> bool:
        """Whether a member of this name that begins like this is worth a closer look, this deep.

        What is called a photo or a video is looked at even so: it is broken, and that must be said.
        """
        if ignored(name, self.ignore):
            return False
        if password_for(name) is not None:
            return depth > 1
        if is_caption(name):
            return True
        if self.others == "document" or media_name(name):
            return True
        if (self.raws and (raw_name(name) or is_raw(head))) or (self.notes and is_note(name)):
            return True
        if depth > 1 and (begins_like_one(head) or may_be(name)):
            return True
        return identify(head).kind not in {"archive", "other", "playlist"}
