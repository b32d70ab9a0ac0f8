"""Find the line of each key in a TOML text.

The parser gives values without their places; a person who reads "convert.crf is wrong" wants the line. This
is a walk over a text that the parser has already accepted, so it need not judge anything: it follows table
headers, dotted and quoted keys, inline tables, and steps over strings and arrays of any number of lines.

    places("[convert]\\ncrf = 'high'\\n") == {("convert",): 1, ("convert", "crf"): 2}
"""

from __future__ import annotations

import re
from typing import Final

Key = tuple[str, ...]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY: Final = re.compile(r"""[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"'.=\[\]{},#]+))[ \t]*""")
# The long strings first: three quotation marks also begin like a short one that is empty.
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)
_PLAIN: Final = re.compile(r"[^,\]}\n#]*")


def places(text: str) -> dict[Key, int]:
    """Give the line (from 1) where each key and each table of a valid TOML text is first written."""
    walk = _Walk(text)
    walk.document()
    return walk.found


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Key, int] = {}

    def document(self) -> None:
        table: Key = ()
        while self._next():
            if self.text[self.at] == "[":
                self.at += 2 if self.text.startswith("[[", self.at) else 1
                table = self._key(())
                self.at = self._until("\n")
            else:
                self._pair(table)

    def _pair(self, table: Key) -> None:
        key = self._key(table)
        self.at += 1  # the equals sign
        self._value(key)

    def _key(self, table: Key) -> Key:
        """Step over a dotted key and note the line of each of its parts."""
        key = table
        while match := _KEY.match(self.text, self.at):
            key = (*key, next(part for part in match.groups() if part is not None))
            self.found.setdefault(key, self.text.count("\n", 0, match.end()) + 1)
            self.at = match.end()
            if self.text[self.at : self.at + 1] != ".":
                break
            self.at += 1
        return key

    def _value(self, key: Key) -> None:
        self._next()
        first = self.text[self.at : self.at + 1]
        if first in {"[", "{"}:
            self.at += 1
            while self._next() and self.text[self.at] not in "]}":
                if self.text[self.at] == ",":
                    self.at += 1
                elif first == "[":
                    self._value(key)
                else:
                    self._pair(key)
            self.at += 1
        elif match := _STRING.match(self.text, self.at):
            self.at = match.end()
        else:
            # At least one character, so that the walk ends even on a text that is no TOML.
            self.at = max(_PLAIN.match(self.text, self.at).end(), self.at + 1)  # type: ignore[union-attr]

    def _next(self) -> bool:
        """Step over blanks, line ends and comments; False at the end of the text."""
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at < len(self.text)

    def _until(self, mark: str) -> int:
        end = self.text.find(mark, self.at)
        return len(self.text) if end < 0 else end
