"""What 7-Zip says is in an archive: `7zz l -slt`, read line by line.

The listing is text made from what a stranger wrote. It is used to cut a stream into members and for nothing
else: a listing that lies makes pieces whose checksums do not fit. Names come out with undeclared bytes kept
as surrogates, as Python does it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of business of an archive, in its order. `size` and `crc` are None where it does not say.

    `regular`: a file and nothing else (no directory, link, device or alternate stream). `silent`: an entry
    for which 7-Zip writes no bytes to its output. `number` is the member's, 0 where it is none.
    """

    name: str
    size: int | None
    crc: int | None
    regular: bool
    silent: bool
    encrypted: bool
    number: int = 0


@dataclass(slots=True)
class Head:
    """What is said of the archive itself. `problems` are 7-Zip's own errors and warnings about it."""

    kind: str = ""
    solid: bool = False
    volumes: int = 1
    problems: list[str] = field(default_factory=list)


class Parser:
    """Takes the listing line by line; gives an entry whenever one is complete."""

    def __init__(self) -> None:
        self.head = Head()
        self._values: dict[str, str] = {}
        self._in_body = False
        self._in_comment = False
        self._section = ""

    def feed(self, line: str) -> Iterator[Entry]:
        """Take one line without its newline."""
        if self._in_comment:
            self._in_comment = line != "}"
            return
        if line == "{":
            self._in_comment = True
        elif not self._in_body:
            self._read_head(line)
        elif line:
            key, _, value = line.partition(" =")
            self._values[key] = value[1:]
        elif self._values:
            yield self._entry()

    def close(self) -> Iterator[Entry]:
        """The listing has ended."""
        if self._in_body and self._values:
            yield self._entry()

    def _read_head(self, line: str) -> None:
        head = self.head
        if line == "----------":
            self._in_body = True
            return
        if line in {"ERRORS:", "WARNINGS:", "ERROR:", "WARNING:"}:
            self._section = line
            return
        key, found, value = line.partition(" = ")
        if not line:
            self._section = ""
        elif not found:
            if self._section:
                head.problems.append(line)
        elif key == "Type":
            head.kind = value
        elif key == "Solid":
            head.solid = value == "+"
        elif key in {"Volumes", "Total Volumes"} and value.isdecimal():
            head.volumes = max(head.volumes, int(value))
        elif key in {"ERROR", "WARNING", "Errors", "Warnings", "Headers Error"}:
            head.problems.append(value)

    def _entry(self) -> Entry:
        get = self._values.get
        self._values = {}
        kind = self.head.kind.lower()
        size, crc = get("Size", ""), get("CRC", "")
        attributes = f"{get('Attributes', '')} {get('Mode', '')}".split()
        mode = next((word for word in attributes if len(word) == 10 and word[1] in "r-"), "-")
        folder = get("Folder") == "+" or (bool(attributes) and attributes[0].startswith("D"))
        linked = any(get(key) for key in ("Symbolic Link", "Hard Link"))
        rar_link = kind.startswith("rar") and not get("Copy Link") and linked
        stream = get("Alternate Stream") == "+"
        # Info-ZIP marks what it read from its standard input as a fifo; the bytes are real.
        special = mode[0] in "ld" or (mode[0] in "bcs" and kind != "zip")
        return Entry(
            name=get("Path", "") or "",
            size=int(size) if size.isdecimal() else None,
            crc=int(crc, 16) if len(crc) == 8 else None,
            regular=not (folder or linked or stream or special or get("Anti") == "+"),
            silent=folder or rar_link or stream or get("Anti") == "+",
            encrypted=get("Encrypted") == "+",
        )
