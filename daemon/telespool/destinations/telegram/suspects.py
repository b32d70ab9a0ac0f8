"""Who may be to blame for the refusal of an album of which nobody names the culprit.

Live photos come last: while another may be to blame they stay what they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.destinations.telegram.error_table import Action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.destinations.base import Uploaded
    from telespool.destinations.telegram.error_mapping import Refusal


def suspects(album: Sequence[Uploaded], refusal: Refusal) -> list[Uploaded]:
    """Those without whom the album is tried, the likely ones first.

    The only live photo of an album is none of them: without its clip it can stay in the album.
    """
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
