"""What 7-Zip says is in an archive: `7zz l -slt`, read line by line.

The listing is text made from what a stranger wrote. It is used to cut a stream into members and for nothing
else: a listing that lies makes pieces whose checksums do not fit. Bytes of names that are not UTF-8 are kept
as surrogates, as Python does it; `names_of` in `encodings` makes sense of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTIONS = {"ERRORS:", "WARNINGS:"}


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """One thing in an archive, in its order. `size` and `crc` are None where it does not say.

    `shown` is the name as 7-Zip writes it. `regular`: a file and nothing else (no directory, link, device or
    alternate stream). `silent`: 7-Zip writes no bytes for it. `stored`: its bytes lie in the archive as they
    are.
    """

    shown: bytes
    size: int | None
    crc: int | None
    regular: bool
    directory: bool = False
    silent: bool = False
    stored: bool = False
    encrypted: bool = False


@dataclass(slots=True)
class Head:
    """What is said of the archive itself.

    `errors` and `warnings` are 7-Zip's own; `comment`: it has one of several lines.
    """

    kind: str = ""
    comment: bool = False
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Parser:
    """Takes the listing line by line; gives an entry whenever one is complete.

    `bare`: the listing was asked for without its head (`-ba`), where a comment could imitate it.
    """

    def __init__(self, *, bare: bool = False) -> None:
        self.head = Head()
        self._values: dict[str, str] = {}
        self._in_body = bare
        self._in_comment = False
        self._section = ""

    def feed(self, line: str) -> Iterator[ListedEntry]:
        """Take one line without its newline."""
        if self._in_comment:
            self._in_comment = line != "}"
        elif line == "{":
            self._in_comment = True
            self.head.comment = True
        elif not self._in_body:
            self._read_head(line)
        elif line:
            key, found, value = line.partition(" =")
            if found:
                self._values[key] = value[1:]
        elif "Path" in self._values:
            yield self._entry()

    def close(self) -> Iterator[ListedEntry]:
        """The listing has ended."""
        if self._in_body and "Path" in self._values:
            yield self._entry()

    def _read_head(self, line: str) -> None:
        key, found, value = line.partition(" = ")
        if line == "----------":
            self._in_body = True
        elif line in _SECTIONS:
            self._section = line
        elif found:
            self._section = ""
            if key == "Type":
                self.head.kind = value
            elif key == "ERROR":
                self.head.errors.append(value)
            elif key == "WARNING":
                self.head.warnings.append(value)
        elif line and self._section:
            (self.head.errors if self._section == "ERRORS:" else self.head.warnings).append(line)

    def _entry(self) -> ListedEntry:
        values, self._values = self._values, {}
        get = values.get
        size, crc, path = get("Size", ""), get("CRC", ""), get("Path", "")
        words = f"{get('Attributes', '')} {get('Mode', '')}".split()
        mode = next((word for word in words if len(word) == 10 and word[1] in "r-"), "-")
        directory = get("Folder") == "+" or mode[0] == "d" or bool(words and words[0][0] == "D")
        linked = bool(get("Symbolic Link") or get("Hard Link"))
        rar = self.head.kind.lower().startswith("rar")
        absent = get("Alternate Stream") == "+" or get("Anti") == "+"
        # Info-ZIP marks what it read from its standard input as a fifo, whose bytes are real.
        special = mode[0] in ("lbcs" if self.head.kind == "zip" else "lbcsp")
        method = get("Method", "").split()
        return ListedEntry(
            shown=path.encode("utf-8", "surrogateescape"),
            size=int(size) if size.isdecimal() else None,
            # LZH has sums of 16 bits, of another kind.
            crc=int(crc, 16) if len(crc) == 8 and self.head.kind != "Lzh" else None,
            regular=not (directory or linked or absent or special),
            directory=directory,
            # RAR's links carry their target in the header, not in the data; its copies carry data.
            silent=directory or absent or (rar and linked and not get("Copy Link")),
            stored=not method or bool({"Store", "Copy", "m0", "None"}.intersection(method)),
            encrypted=get("Encrypted") == "+",
        )
