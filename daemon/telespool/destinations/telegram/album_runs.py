"""Which of several items may stand together in one album."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from telespool.destinations.telegram import tl_media, tl_requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.destinations.base import Uploaded


def runs_of(album: Sequence[Uploaded]) -> list[list[Uploaded]]:
    """What may stand together in one album, in order, at most ten at a time."""
    runs = [list(run) for _, run in groupby(album, key=_group)]
    return [
        run[at : at + tl_requests.ALBUM]
        for run in runs
        for at in range(0, len(run), tl_requests.ALBUM)
    ]


def _group(staged: Uploaded) -> str:
    handle: Any = staged.handle
    if isinstance(handle, types.InputMediaPhoto):
        return tl_media.group_of("photo")
    return tl_media.group_of(staged.item.kind if staged.item.kind != "photo" else "document")
