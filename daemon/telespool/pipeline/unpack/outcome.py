"""How unpacking ends: the sentence with which the drop, or what is left of it, goes to quarantine; "" for none."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from telespool.pipeline.unpack.sources.base import NO_MEDIA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.errors import VolumeMissing
    from telespool.pipeline.unpack.release_order import ReleaseOrder
    from telespool.pipeline.unpack.sources import Source
    from telespool.spool.account import LeftOut

_NAMED = 5


def nothing_inside(label: str, source: Source, sorting: ReleaseOrder) -> str:
    """Why a drop, called `label`, is refused of which nothing is sent, converted, or was sent before."""
    if sorting.out.released or sorting.known or source.damage:
        return ""
    return _only(label, sorting.out.left_out)


def not_whole(label: str, source: Source, sorting: ReleaseOrder) -> str:
    """Why a drop is kept in quarantine though its good members are sent."""
    if source.damage:
        return _damaged(label, source.damage)
    if sorting.missing:
        return _does_not_come_out(label, source, sorting.missing)
    return ""


def volume_missing(error: VolumeMissing) -> str:
    """Why a set of volumes is refused.

    It was waited for in the inbox already, as long as the configuration says; or its name does not say that it is one
    of several, and nothing tells which file could be the other.
    """
    return f"{error.reason} Drop all volumes together again."


def _only(label: str, left_out: Sequence[LeftOut]) -> str:
    """Why a drop of which nothing can be sent lies in quarantine, and what would help."""
    if not left_out:
        return f"There is nothing inside {label}. Check the archive and drop it again."
    if [each.name for each in left_out] == [label]:
        reason = left_out[0].reason
        what = "" if reason == NO_MEDIA else f" ({reason})"
        names = f"{label} is neither a photo nor a video{what}."
    else:
        some = ", ".join(
            each.name if each.reason == NO_MEDIA else f"{each.name} ({each.reason})"
            for each in left_out[:_NAMED]
        )
        more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
        names = f"There is no photo or video in {label}, only {some}{more}."
    return f'{names} To send other files as documents, set others = "document" under [inbox].'


def _does_not_come_out(label: str, source: Source, missing: list[int]) -> str:
    names = {member.number: member.name for member in source.members}
    some = ", ".join(names.get(number, f"number {number}") for number in missing[:_NAMED])
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return (
        f"Of {label} these files never came out, and nothing said why: {some}{more}. The others were sent."
        " That is a mistake of Telespool; please report it. Move the drop back to incoming/ to try again."
    )


def _damaged(label: str, damage: list[str]) -> str:
    listed = "\n".join(f"  {line}" for line in damage)
    sentence = f"Not all of {label} could be unpacked. Its good members were sent; these are missing:\n{listed}\n"
    locked = [line for line in damage if "password" in line.partition(": ")[2]]
    if locked:
        name = shlex.quote(label)
        sentence += (
            f"With the right password: telespool retry {name} --password"
            f" (or --password-file FILE, where there are several, one to a line).\n"
        )
    if len(locked) < len(damage) or any("damaged" in line for line in locked):
        sentence += "Where it is damaged, get it again from where it came and drop that, or unpack the rest by hand.\n"
    return sentence.rstrip()
