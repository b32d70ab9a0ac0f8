"""Passwords: how people write them down, and in which letters an archive may have been closed with them.

A password file holds one password a line. Editors write it as they like: with a byte order mark, in UTF-16, with
blanks at the end, in the code page of their system. A zip holds no word about the letters of its password: old
programs took those of their system, so a password that is not plain ASCII is tried in each. What is no UTF-8 stays as
it is, in surrogates (`surrogateescape`), and reaches 7-Zip byte for byte.

`read` blocks and raises OSError; nothing else leaves this module. No password is ever part of a message.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import TYPE_CHECKING

from telespool.runtime import letters, plain_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from telespool.archives.listing import ListedEntry
    from telespool.archives.opening import Opening

_MOST = 1 << 16  # bytes of a password file that are read
_WORDS = 200  # of it that are tried
_TRIED = 600  # forms of all of them together: each costs a start of 7-Zip
_PROBES = 3  # encrypted members on which a password is tried
_LINE = re.compile(r"\r\n|\r|\n")
PAGES = [
    "cp437",
    "cp850",
    "cp1252",
    "cp852",
    "cp1250",
    "cp866",
    "cp1251",
    "koi8-r",
    "cp932",
    "cp936",
    "cp949",
    "cp950",
    "cp737",
    "cp1253",
    "cp857",
    "cp1254",
    "cp862",
    "cp1255",
    "cp1256",
    "cp1257",
]


def read(path: Path) -> list[str]:
    """The passwords in a file, in its order; where its letters cannot be told, in every reading of them."""
    with plain_files.opened(path) as file:
        data = file.read(_MOST)
    words: dict[str, None] = {}
    for text in _texts(data):
        words.update(dict.fromkeys(line for line in _LINE.split(text) if line.strip()))
    return [word for word in words if "\0" not in word][:_WORDS]


def _texts(data: bytes) -> Iterator[str]:
    if (text := letters.marked(data)) is not None:
        yield text
        return
    try:
        yield data.decode("utf-8")
    except UnicodeDecodeError:
        yield data.decode("utf-8", "surrogateescape")
        for page in PAGES:
            try:
                yield data.decode(page)
            except UnicodeDecodeError:
                continue


def candidates(words: Iterable[str], kind: str) -> list[str]:
    """Every form in which these passwords may fit an archive of this kind, the likely ones first."""
    known = list(words)
    plain = [form for word in known for form in _forms(word)]
    forms = dict.fromkeys(plain)
    if kind == "zip":
        for page in PAGES:
            forms.update(dict.fromkeys(_in_page(word, page) for word in plain))
    forms.pop("", None)
    return list(itertools.islice(forms, _TRIED))


def _forms(word: str) -> Iterator[str]:
    """As it was written, without blanks at its ends, composed and decomposed."""
    for text in dict.fromkeys(
        (word, word.rstrip(), word.strip(), word.strip("\ufeff\u200b\xa0 \t"))
    ):
        yield text
        for form in ("NFC", "NFD"):
            yield unicodedata.normalize(form, text)


def _in_page(word: str, page: str) -> str:
    """The bytes of a word in a code page, as 7-Zip is told them; "" where it cannot be written there."""
    if word.isascii():
        return ""
    try:
        return word.encode(page).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return ""


async def fitting(
    opening: Opening, entries: Sequence[ListedEntry], imitations: int, first: str | None
) -> tuple[str, ...]:
    """The password with which an encrypted member comes out whole, then the others that may fit others.

    The first few members are tried, because the first may be damaged; an empty one comes out with any password.
    Empty where none fits.
    """
    forms = candidates(opening.passwords, opening.kind)
    if first is None:
        some = (n for n, entry in enumerate(entries) if entry.encrypted and entry.size)
        places = list(itertools.islice(some, _PROBES))
        for password in forms:
            if not places or await opening.source.opens(password, entries, places, imitations):
                first = password
                break
    if first is None:
        return ()
    # It opened the listing, or a member: what is left of the archive may have others.
    return (first, *(other for other in forms if other != first))
