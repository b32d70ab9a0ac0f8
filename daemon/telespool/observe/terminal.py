"""The one way to standard output and standard error: what strangers wrote cannot control a terminal.

Names of files come from archives of strangers. A name may hold the sequence that sets the window's title, moves the
cursor, or reverses the direction of the text. `protect` wraps both streams, so that every `print`, every message of
argparse and every traceback is made harmless. Who draws (colours, progress bars) writes to `raw(stream)` and makes
names harmless itself.

A control character is written as `\\u001b`, which is also valid inside JSON. A byte of a name that is not UTF-8, and
a character that the stream's encoding lacks, is written the same way: printing never raises UnicodeEncodeError.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable

# C0 and C1 without line end and tab, line and paragraph separators, and what turns the direction of text.
_UNSAFE = (
    *range(9),
    *range(11, 32),
    *range(127, 160),
    0x061C,
    0x200E,
    0x200F,
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),
)
_TABLE = {number: f"\\u{number:04x}" for number in _UNSAFE}


def harmless(text: str) -> str:
    """Replace each character that could control a terminal by its escape, such as `\\u001b`."""
    return text.translate(_TABLE)


class HarmlessStream:
    """A text stream that makes everything harmless; `raw` is the stream itself, for those who draw."""

    def __init__(self, stream: TextIO) -> None:
        self.raw = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write the text, made harmless; return the length of `text`."""
        self.raw.write(harmless(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """Give everything else as the stream itself has it: flush, isatty, fileno, encoding …"""
        return getattr(self.raw, name)


def protect() -> None:
    """Make standard output and standard error harmless, once; safe to call twice."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, HarmlessStream):
            setattr(sys, name, HarmlessStream(stream))


def raw(stream: TextIO) -> TextIO:
    """Return the stream below `HarmlessStream`, for colours and progress bars; names must be made harmless first."""
    return stream.raw if isinstance(stream, HarmlessStream) else stream
