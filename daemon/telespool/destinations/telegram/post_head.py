"""What goes with the files of a post: its caption and how it appears, in Telegram's language."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from telespool.destinations.markdown import Formatted, render
from telespool.model import PLAIN

if TYPE_CHECKING:
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
    """A caption and a style; false without a caption. `topic` and `send_as` are what the style's names stand for."""

    caption: Formatted = field(default_factory=Formatted)
    style: PostStyle = PLAIN
    topic: int = 0
    send_as: Any = None

    @classmethod
    def of(cls, markdown: str, style: PostStyle) -> Head:
        """Read a caption that is written as Markdown."""
        return cls(render(markdown), style)

    def __bool__(self) -> bool:
        return bool(self.caption)

    def bare(self) -> Head:
        """The same without the caption."""
        return replace(self, caption=Formatted())

    def cut(self, limit: int) -> Head:
        """The same with a caption of at most `limit` UTF-16 units."""
        return replace(self, caption=self.caption.cut(limit))

    def entities(self) -> list[Any] | None:
        """The formatting of the caption; None where there is none."""
        found = []
        for span in self.caption.spans:
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
