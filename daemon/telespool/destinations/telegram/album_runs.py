"""Which of several items may stand together in one album.

What Telegram made of a file decides: a photo that goes as a document for want of another form shares no album with
the photos around it, and is no reason to refuse theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telethon.tl import types

from telespool.destinations.telegram import tl_media, tl_requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.destinations.base import Uploaded

_SIZES = {"media": tl_requests.ALBUM, "document": tl_requests.ALBUM, "gif": 1}
"""The groups in the order of their posts, and how many an album holds of each."""


def runs_of(album: Sequence[Uploaded]) -> list[list[Uploaded]]:
    """Split items into runs that may share an album: photos and videos, then files, then each GIF alone.

    Within each run the order stays.
    """
    groups: dict[str, list[Uploaded]] = {name: [] for name in _SIZES}
    for each in album:
        groups[_group(each)].append(each)
    return [
        group[at : at + _SIZES[name]]
        for name, group in groups.items()
        for at in range(0, len(group), _SIZES[name])
    ]


def _group(staged: Uploaded) -> str:
    handle: Any = staged.handle
    if isinstance(handle, types.InputMediaPhoto):
        return tl_media.group_of("photo")
    return tl_media.group_of(staged.item.kind if staged.item.kind != "photo" else "document")
