"""Posting what was brought of a unit, until the destination has answered for every file of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.destinations.base import Receipts, Rejected
from telespool.errors import (
    LivePhotoRefused,
    NeedsConversion,
    Permanent,
    TelespoolError,
    Temporary,
)
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.spool import delivered_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telespool.destinations.base import Destination, Uploaded
    from telespool.pipeline.send.prepare import Preparer
    from telespool.spool import Spool
    from telespool.spool.delivered_index import Receipt
    from telespool.spool.layout import Entry

_TRIES = 5


def deliver(
    spool: Spool,
    entry: Entry,
    sent: Iterable[Receipt],
    messages: Mapping[int, int],
    peer: str,
    notes: Iterable[str],
    kept: Mapping[int, tuple[int, int] | None],
) -> Entry:
    """Note what has arrived, then write it into the names and put the unit into done/. Blocks.

    Where a person took it away since it was posted, the lines are its receipt.
    """
    delivered_index.record(spool, entry.job, sent, messages, peer, notes, kept)
    try:
        return spool.deliver(entry, messages)
    except FileNotFoundError:
        if plain_files.exists(entry.path):
            raise
        return replace(entry, unit=entry.unit.plain())


async def post_all(
    destination: Destination, preparing: Preparer, entry: Entry, staged: dict[int, Uploaded]
) -> tuple[dict[int, int], dict[int, TelespoolError], list[str]]:
    """Post what is staged: message ids and refusals, together all of them, by number; and what the report should say.

    Temporary: the destination took some of it again and again, but not the rest.
    """
    captions, style = await in_thread(preparing.about_post, entry, list(staged))
    caption = captions.album or ""
    staged = {
        number: replace(each, item=replace(each.item, caption=captions.own.get(number, "")))
        for number, each in staged.items()
    }
    numbers = {each.item.key: number for number, each in staged.items()}
    messages: dict[int, int] = {}
    refused: dict[int, TelespoolError] = {}
    notes: list[str] = list(captions.notes)
    for _ in range(_TRIES):
        missing = [staged[n] for n in staged if n not in messages and n not in refused]
        if not missing:
            # A live photo that is refused behind others gets no receipt here: it goes by itself then, with its clip.
            others = {n: e for n, e in refused.items() if not isinstance(e, LivePhotoRefused)}
            return messages, others if messages else refused, notes
        try:
            answer = await destination.post(entry.chat, missing, "" if messages else caption, style)
        except Rejected as rejected:
            refused |= {n: _cause(staged[n], cause) for n, cause in _by(numbers, rejected.causes)}
            if not messages:
                return messages, refused, notes  # what is fixed on the disk first is posted then
            continue
        messages |= {numbers[key]: message for key, message in answer.items()}
        if isinstance(answer, Receipts):
            refused |= {n: _cause(staged[n], cause) for n, cause in _by(numbers, answer.causes)}
            notes += [answer.note] if answer.note else []
    left = ", ".join(staged[n].item.name for n in staged if n not in messages)
    raise Temporary(f"Telegram took the album but not {left}; they are sent again later.")


def _by(
    numbers: Mapping[int, int], causes: Mapping[int, TelespoolError]
) -> list[tuple[int, TelespoolError]]:
    return [(numbers[key], cause) for key, cause in causes.items()]


def _cause(staged: Uploaded, cause: TelespoolError) -> TelespoolError:
    """Why it is refused; which half of a live photo is to blame is seen when each goes by itself."""
    if staged.item.clip is not None and isinstance(cause, NeedsConversion | Permanent):
        return LivePhotoRefused(cause.reason)
    return cause
