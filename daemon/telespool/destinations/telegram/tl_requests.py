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
    from telespool.destinations.telegram.post_head import Head

ALBUM = 10
CAPTION = 1024  # characters, where Telegram's configuration does not say


def request(peer: Any, staged: Sequence[Uploaded], head: Head) -> Any:
    """The request for one post; its caption stands at the first, and so is shown under the album."""
    if head.style.spoiler:
        for each in staged:
            each.handle.spoiler = True  # type: ignore[attr-defined]  # a handle is Telethon's InputMedia
    captions = head.captions(staged)
    if len(staged) == 1:
        only = staged[0]
        return functions.messages.SendMediaRequest(
            peer,
            only.handle,
            captions[0].text,
            random_id=only.item.key,
            entities=head.entities(captions[0]),
            **head.options(),
        )
    return functions.messages.SendMultiMediaRequest(
        peer,
        [
            types.InputSingleMedia(
                each.handle,
                caption.text,
                random_id=each.item.key,
                entities=head.entities(caption),
            )
            for each, caption in zip(staged, captions, strict=True)
        ],
        **head.options(),
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
