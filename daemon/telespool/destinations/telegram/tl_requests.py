"""The requests that make posts, and what their answers say.

A post of one is sendMedia, a post of several sendMultiMedia; each message has a random_id of ours. Telegram
remembers them: the same request again returns the messages of the first (core.telegram.org/api/updates).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telethon.tl import functions, types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.destinations.base import Uploaded

ALBUM = 10
CAPTION = 1024  # characters, where Telegram's configuration does not say


def request(peer: Any, staged: Sequence[Uploaded], caption: str) -> Any:
    """The request for one post; the caption stands at the first, and so is shown under the album."""
    if len(staged) == 1:
        only = staged[0]
        return functions.messages.SendMediaRequest(
            peer, only.handle, caption, random_id=only.item.key
        )
    return functions.messages.SendMultiMediaRequest(
        peer,
        [
            types.InputSingleMedia(
                each.handle, caption if number == 0 else "", random_id=each.item.key
            )
            for number, each in enumerate(staged)
        ],
    )


def message_ids(answer: Any, keys: Sequence[int]) -> dict[int, int]:
    """Message id by random_id, as far as the answer names them."""
    if isinstance(answer, types.UpdateShortSentMessage) and len(keys) == 1:
        return {keys[0]: answer.id}
    updates = getattr(answer, "updates", None)
    if updates is None:
        updates = [getattr(answer, "update", None)]
    wanted = set(keys)
    return {
        update.random_id: update.id
        for update in updates
        if isinstance(update, types.UpdateMessageID) and update.random_id in wanted
    }


def cut(caption: str, limit: int) -> str:
    """At most `limit` UTF-16 units, which is how Telegram counts; never half a character."""
    units = caption.encode("utf-16-le", "replace")
    if len(units) <= 2 * limit:
        return caption
    kept = units[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip()
    return kept + "…"
