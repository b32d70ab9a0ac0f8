"""What goes with the files of a post: its caption and how it appears, in Telegram's language."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from telespool.destinations.markdown import Formatted, render
from telespool.model import PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.destinations.base import Uploaded
    from telespool.model import PostStyle

_ENTITIES = {
    "bold": types.MessageEntityBold,
    "italic": types.MessageEntityItalic,
    "underline": types.MessageEntityUnderline,
    "strikethrough": types.MessageEntityStrike,
    "spoiler": types.MessageEntitySpoiler,
    "code": types.MessageEntityCode,
    "blockquote": types.MessageEntityBlockquote,
    "expandable_blockquote": types.MessageEntityBlockquote,
}


@dataclass(frozen=True, slots=True)
class Head:
    """A caption and a style. `topic` and `send_as` are what the style's names stand for.

    `limit`: the UTF-16 units that each caption may have, that of the post and those of its files.
    """

    caption: Formatted = field(default_factory=Formatted)
    style: PostStyle = PLAIN
    topic: int = 0
    send_as: Any = None
    limit: int | None = None

    @classmethod
    def of(cls, markdown: str, style: PostStyle) -> Head:
        """Read a caption that is written as Markdown."""
        return cls(render(markdown), style)

    def bare(self) -> Head:
        """The same without the caption of the post; its files keep theirs."""
        return replace(self, caption=Formatted())

    def cut(self, limit: int) -> Head:
        """The same with captions of at most `limit` UTF-16 units."""
        return replace(self, limit=limit)

    def captions(self, album: Sequence[Uploaded]) -> list[Formatted]:
        """What stands with each file of a post: that of the post with the first, before its own."""
        texts = [render(each.item.caption) for each in album]
        texts[:1] = [self.caption.followed_by(text) for text in texts[:1]]
        return texts if self.limit is None else [text.cut(self.limit) for text in texts]

    @staticmethod
    def entities(caption: Formatted) -> list[Any] | None:
        """The formatting of a caption; None where there is none."""
        found = []
        for span in caption.spans:
            if span.kind == "text_link":
                found.append(types.MessageEntityTextUrl(span.offset, span.length, span.url))
            elif span.kind == "pre":
                found.append(types.MessageEntityPre(span.offset, span.length, ""))
            elif made := _ENTITIES.get(span.kind):
                found.append(made(span.offset, span.length))
        return found or None

    def options(self) -> dict[str, Any]:
        """What sendMedia and sendMultiMedia take beside the media."""
        reply = types.InputReplyToMessage(self.topic, top_msg_id=self.topic) if self.topic else None
        return {
            "silent": self.style.silent or None,
            "noforwards": self.style.protect or None,
            "invert_media": self.style.caption_above or None,
            "reply_to": reply,
            "send_as": self.send_as,
        }


def cut_off(album: Sequence[Uploaded], sent: Head) -> str:
    """What the report says of captions of which not all was sent; "" where all was."""
    notes = []
    whole = replace(sent, limit=None)
    for each, full, cut in zip(album, whole.captions(album), sent.captions(album), strict=True):
        if cut.text == full.text:
            continue
        kept = cut.text.removesuffix("…")
        of = f" of {each.item.name}" if each.item.caption else ""
        if kept:
            rest = full.text[len(kept) :].strip()
            notes.append(f"the caption{of} was too long; left out of it: {rest}")
        else:
            notes.append(f"the caption{of} was left out, for Telegram took none: {full.text}")
    return "; ".join(notes)
