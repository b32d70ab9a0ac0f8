"""Captions: Markdown as people write it, turned into text and the spans that are formatted.

**bold**, *italic*, ~~struck~~, ||hidden||, `code`, [link](https://example.org), and lines that begin with > are quotes.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

import telegramify_markdown

# Formulas and the like are not looked for, and it says so at each start.
logging.getLogger("telegramify_markdown").setLevel(logging.ERROR)

# Markdown lets HTML through, and Telegram has none: its tags, and all between some of them, would be lost. What is
# code, or the address of a link in <>, stays as it is.
_TAG = re.compile(
    r"(?s)(\\.|(`+)(?!`).*?(?<!`)\2(?!`)|<[A-Za-z][A-Za-z0-9+.-]+:[^\s<>]*>)|(<(?=[A-Za-z/!?]))"
)

_QUOTE = re.compile(r" {0,3}>")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text that is formatted. `offset` and `length` count UTF-16 units, as Telegram does."""

    kind: str
    offset: int
    length: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text and its spans; false where there is no text."""

    text: str = ""
    spans: tuple[Span, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)

    def followed_by(self, other: Formatted, between: str = "\n\n") -> Formatted:
        """Both, with an empty line between them."""
        if not (self and other):
            return self or other
        head = f"{self.text}{between}"
        shift = len(head.encode("utf-16-le", "replace")) // 2
        spans = tuple(
            Span(each.kind, each.offset + shift, each.length, each.url) for each in other.spans
        )
        return Formatted(head + other.text, self.spans + spans)

    def cut(self, limit: int) -> Formatted:
        """At most `limit` UTF-16 units; never half a character, and no span beyond the end."""
        units = self.text.encode("utf-16-le", "replace")
        if len(units) <= 2 * limit:
            return self
        if limit <= 0:
            return Formatted()
        kept = units[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip()
        end = len(kept.encode("utf-16-le")) // 2
        spans = tuple(
            Span(span.kind, span.offset, min(span.length, end - span.offset), span.url)
            for span in self.spans
            if span.offset < end
        )
        return Formatted(kept + "…", spans)


def render(markdown: str) -> Formatted:
    """Read Markdown. Never fails: what is not Markdown stands as it is."""
    shown = Formatted()
    for part in _behind_quotes(markdown):
        shown = shown.followed_by(_render(part), "\n")
    return shown


def _behind_quotes(markdown: str) -> list[str]:
    """The text, divided where a line without > follows a quote: to Markdown it would be a line of that quote."""
    parts: list[list[str]] = [[]]
    fence, quoted = "", False
    for line in markdown.split("\n"):
        quotes = not fence and _QUOTE.match(line) is not None
        if quoted and not quotes and line.strip():
            parts.append([])
        if not quotes and (mark := _FENCE.match(line)):
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        quoted = quotes
        parts[-1].append(line)
    return ["\n".join(part) for part in parts]


def _render(markdown: str) -> Formatted:
    if not markdown.strip():
        return Formatted()
    plain = _TAG.sub(lambda found: found[1] or "\\" + found[3], markdown)
    text, entities = telegramify_markdown.convert(plain, latex_escape=False)
    # It may end in line breaks of its own.
    shown = text.rstrip()
    end = len(shown.encode("utf-16-le")) // 2
    spans = tuple(
        Span(each.type, each.offset, min(each.length, end - each.offset), each.url or "")
        for each in entities
        if each.offset < end
    )
    return Formatted(shown, spans)
