"""What can go wrong, sorted by what happens to the file.

The class decides the folder. It is raised where the fact is known and caught once, in a worker's loop:

    TelespoolError
      Temporary          waits in deferred/ (or where it is) and is tried again; uses up no attempt
        ChildDied        the same, but it counts as a death: at the limit, the drop is poison
        Unreadable       this one file cannot be read now; the others can
        LockedOut        a folder of this job may not be written now; nothing grows too old
        ToolFault        a program of this machine does not work; no attempt counts, nothing grows too old
        VolumeMissing    a volume of an archive may still come
        NoRoom           what is to be written does not fit on the disk now
      LivePhotoRefused   its still and its clip go apart, and are tried again
      NeedsConversion    goes to deferred/ to be converted; a copy or a photo has its own second way
      Permanent          goes to quarantine/ with this sentence as its note
      ConfigError        the program ends with exit code 78
      LoginNeeded        the program ends with exit code 77; the spool is untouched
      SpoolBusy          the program ends with exit code 75: another process has the spool

Every message is a sentence for a person: what is wrong, with which file, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Scope = Literal["unit", "topic", "chat", "all"]

WaitKind = Literal[
    "hours",
    "disk",
    "room",
    "tool",
    "network",
    "flood",
    "account",
    "person",
    "volume",
    "chat",
    "album",
]
"""What is waited for: the hours of sending, a disk that works, room on it, a program that runs, the network (or the
server), the end of a flood wait, an account that may post again, a person, a volume of an archive, a chat that lets us
write, what an album still lacks."""


class TelespoolError(Exception):
    """The root. `exit_code` is what a command that dies of it ends with."""

    exit_code: ClassVar[int] = 1

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Temporary(TelespoolError):
    """Not now. `retry_after` is in seconds, None where nobody named a time.

    `scope` says who must wait: this unit, all units of this topic, all of this chat (slow mode, no right to write), or
    everybody (flood wait, dead network, full disk). `kind` is what is waited for, as `status` shows it.
    """

    exit_code: ClassVar[int] = 75
    default_kind: ClassVar[WaitKind] = "network"

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        scope: Scope = "unit",
        kind: WaitKind | None = None,
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.scope = scope
        self.kind: WaitKind = kind or self.default_kind


class ChildDied(Temporary):
    """A child process was killed from outside, most likely because memory ran out.

    That says nothing of the file. Another attempt may succeed, but not for ever: it counts as a death.
    """

    default_kind = "tool"


class Unreadable(Temporary):
    """The machine refuses to read this one file. Somebody may put that right; nobody else waits for it."""

    default_kind = "disk"


class LockedOut(Temporary):
    """A folder of the spool that only this job needs may not be written. The others go on."""

    default_kind = "disk"


class ToolFault(Temporary):
    """A program of this machine does not work; `tool` names it. Nothing follows from that for any file."""

    default_kind = "tool"

    def __init__(self, reason: str, *, tool: str, retry_after: float | None = None) -> None:
        super().__init__(reason, retry_after=retry_after)
        self.tool = tool


class VolumeMissing(Temporary):
    """An archive lacks one of its volumes. Somebody may still bring it."""

    default_kind = "volume"


class NoRoom(Temporary):
    """`needed` bytes more are to be written than may be: beyond the reserve the disk has only `free` left.

    Who could not write waits by himself; whoever needs less goes on.
    """

    default_kind = "room"

    def __init__(self, reason: str, *, needed: int, free: int) -> None:
        super().__init__(reason)
        self.needed = needed
        self.free = free


class NeedsConversion(TelespoolError):
    """Telegram (or the verdict) refuses the media as it is; another form of it may be accepted."""


class LivePhotoRefused(TelespoolError):
    """A still and its clip cannot be one message: each goes by itself."""


class Permanent(TelespoolError):
    """No later attempt can succeed."""


class ConfigError(TelespoolError):
    """The configuration is wrong. `problems` holds every mistake, each with its place."""

    exit_code: ClassVar[int] = 78

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class LoginNeeded(TelespoolError):
    """Telegram does not know this session (any more): a person must run `telespool login`."""

    exit_code: ClassVar[int] = 77


class SpoolBusy(TelespoolError):
    """Another process holds the lock of this spool."""

    exit_code: ClassVar[int] = 75


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first exception of a group, however deep."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
