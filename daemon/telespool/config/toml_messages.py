"""Translate the TOML parser's messages for people who edit a file.

The parser's own words ("Cannot declare ('chats',) twice") name its inner workings. Each sentence here says what stands
there and what to write instead; a message that is not known is passed on as it is.
"""

from __future__ import annotations

import ast
import re

_TEXTS = (
    (r"Expected '=' after a key", 'here must be key = value, as in root = "~/spool"'),
    (r"Invalid value", 'the value cannot be read: a text stands in quotes, as in root = "~/spool"'),
    (r"Invalid statement", "this is no key, no [table] and no comment; a comment begins with #"),
    (
        r"Expected newline or end of document",
        'only one key stands in a line; a text, a time ("30s") and a size ("2 GiB") stand in quotes',
    ),
    (
        r"Illegal character '\\n'|Unterminated string|Expected '\"'",
        "the quote at the end of this text is missing",
    ),
    (
        r"Unescaped|Invalid hex value",
        "write \\\\ for a backslash, or put the text into single quotes",
    ),
    (r"Unclosed array", "the list is not closed: ] is missing"),
    (r"Unclosed inline table", "the table is not closed: } is missing"),
    (r"Expected '\]'", "the name of the table is not closed: ] is missing"),
    (r"Illegal character", "a character stands here that cannot be seen; remove it"),
)
_TWICE = re.compile(r"Cannot (?:declare|mutate immutable namespace) (\(.*\))")


def explain(message: str, text: str, line: int) -> str:
    """Return the sentence for this message about this line of the text."""
    if match := _TWICE.search(message):
        return _twice(tuple(ast.literal_eval(match[1])), text, line)
    if "Cannot overwrite" in message or "Duplicate" in message:
        key = text.splitlines()[line - 1].partition("=")[0].strip() if line else ""
        first = _line_of(rf"{re.escape(key)}\s*=", text, line)
        where = f"in line {first} already" if first else "above already"
        return f"{key} stands {where}; keep one of the two"
    for pattern, sentence in _TEXTS:
        if re.search(pattern, message):
            return sentence
    return f"is not valid TOML: {message}"


def _twice(key: tuple[str, ...], text: str, line: int) -> str:
    name = ".".join(key)
    header = rf"\[\s*{re.escape(name)}\s*\]"
    first = _line_of(header, text, line)
    if first:
        return f"[{name}] stands in line {first} already; put the keys of both there"
    first = _line_of(rf"{re.escape(name)}\s*[.=]", text, line)
    where = f"in line {first}" if first else "above"
    return f"{name} is given {where} already; put all of it into one place"


def _line_of(pattern: str, text: str, before: int) -> int:
    """Return the first line above `before` that begins like this, 0 where there is none."""
    for number, each in enumerate(text.splitlines()[: max(0, before - 1)], 1):
        if re.match(rf"\s*{pattern}", each):
            return number
    return 0
