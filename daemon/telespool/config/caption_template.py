"""The template of a caption: which placeholders there are, and what is wrong with one that a person wrote."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.config.toml_positions import Key

PLACEHOLDERS = (
    *("archive", "name", "names", "chat", "topic", "folder", "first", "last"),
    *("count", "photos", "videos", "size", "duration", "taken", "counter"),
)
_MARKS = ("`", "**", "~~", "||", "*")  # in this order: ** is not two of *
_CODE = re.compile(r"(?s)(`+)(?!`).+?(?<!`)\1(?!`)")
_LINK = re.compile(r"\[[^\[\]]*\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)")


def mistakes_in_caption(key: Key, template: str) -> Iterator[tuple[Key, str]]:
    """Yield a sentence for each mistake in a template, with its key."""
    right = "the placeholders are " + " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    try:
        pieces = list(string.Formatter().parse(template))
    except ValueError:
        yield (
            key,
            f"has a brace without its partner; {right}, a brace itself is {{{{",
        )
        return
    for _, name, form, conversion in pieces:
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            written = name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            yield key, f"does not know {{{written}}}; {right}"
    if mark := _without_partner(template):
        sign = "".join(rf"\\{each}" for each in mark)
        yield (
            key,
            f"has {mark} without its partner, so that it would stand in the chat as it is; write {sign} where that is meant",
        )


def _without_partner(template: str) -> str:
    """Return the first mark of Markdown that opens without closing, or closes without opening; "" where none does."""
    text = re.sub(r"(?s)\\.", "x", template)
    text = re.sub(r"\{\w*\}", "x", text)
    text = _LINK.sub("x", text)
    text = _CODE.sub("x", text)
    for mark in _MARKS:
        sign = re.escape(mark)
        text = re.sub(rf"(?s){sign}(?=\S)((?:(?!\n\s*\n).)+?)(?<=\S){sign}", r"\1", text)
        # Between blanks it marks nothing; a single star inside a word neither.
        touching = rf"{sign}(?=\S)|(?<=\S){sign}"
        if mark == "*":
            touching = rf"(?<!\S){sign}(?=\S)|(?<=\S){sign}(?!\S)"
        if re.search(touching, text):
            return mark
        text = text.replace(mark, " ")
    return "](" if "](" in text else ""
