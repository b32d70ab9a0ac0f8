"""Who may be to blame for the refusal of an album of which nobody names the culprit.

Live photos come last: while another may be to blame they stay what they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.destinations.base import Rejected
from telespool.destinations.telegram import error_mapping
from telespool.destinations.telegram.error_table import Action
from telespool.errors import LivePhotoRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.destinations.base import Uploaded
    from telespool.destinations.telegram.error_mapping import Refusal

_PAIR = 2
_FORBIDDEN = {"PHOTOS": {"photo"}, "VIDEOS": {"video"}, "ROUNDVIDEOS": {"video"}, "GIFS": {"gif"}}


def suspects(album: Sequence[Uploaded], refusal: Refusal) -> list[Uploaded]:
    """Those without whom the album is tried, the likely ones first.

    The only live photo of an album is none of them: without its clip it can stay in the album. Nor is one of two:
    without it the other would be no album, be posted for that, and stand before it.
    """
    if len(album) <= _PAIR:
        return []
    several = sum(each.item.clip is not None for each in album) > 1
    return sorted(
        (each for each in album if several or each.item.clip is None),
        key=lambda each: (each.item.clip is not None, not _points_at(each, refusal)),
    )


def _points_at(staged: Uploaded, refusal: Refusal) -> bool:
    """Whether the error's name points at things of this kind."""
    if refusal.action is Action.PHOTO:
        return staged.item.kind == "photo"
    if refusal.action is Action.CONVERT:
        return staged.item.kind != "photo"
    return True


def forbidden(album: Sequence[Uploaded], refusal: Refusal) -> Rejected:
    """Say that the chat forbids a kind: those of it wait, the others go."""
    word = refusal.name.removeprefix("CHAT_SEND_").removesuffix("_FORBIDDEN")
    kinds = _FORBIDDEN.get(word, {"document"})
    named = [each for each in album if each.item.kind in kinds]
    if word == "VIDEOS" and not named:
        check_live(album, refusal)
    causes = {e.item.key: error_mapping.verdict(refusal, e.item.name) for e in named or album}
    return Rejected(causes)


def rejected(album: Sequence[Uploaded], refusal: Refusal) -> Rejected:
    """Say that each of these is refused."""
    verdict = error_mapping.verdict
    return Rejected({e.item.key: verdict(refusal, e.item.name, e.item.kind) for e in album})


def check_live(album: Sequence[Uploaded], refusal: Refusal) -> None:
    """Send the live photos of a refused album apart, before its items go one by one. Nothing of it was posted."""
    said = LivePhotoRefused(f"Telegram takes no live photos here ({refusal.name}).")
    if causes := {each.item.key: said for each in album if each.item.clip is not None}:
        raise Rejected(causes)
