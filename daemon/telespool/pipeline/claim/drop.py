"""A drop in the inbox: what is known of it before it is taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telespool.spool.companions import caption_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CAPTION_ALONE = (
    "caption.txt goes with the photos and videos that are dropped with it. It is left in the inbox until there are some."
    " For an archive or a folder, call it like that: trip.zip.caption.txt."
)
Signature = tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Something in the inbox and what is known of it. `obstacle` is a sentence for people: it is not taken.

    `beside` are the files that belong to it; `missing` the names of volumes that must be there and are not. `written`
    names the file that somebody writes. `swift`: it came here complete, as far as the kernel knows; `moved`: by one
    rename. `loose`: a photo or a video by itself, which goes together with others of its moment. `caption`: it is the
    caption of these. `export`: what the archives have in common among which one export was spread, and which go
    together as well; `label` is what these are called then.
    """

    path: Path
    chat: str
    signature: Signature
    obstacle: str = ""
    written: str = ""
    beside: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()
    swift: bool = False
    moved: bool = False
    loose: bool = False
    caption: bool = False
    export: str = ""
    topic: str = ""
    label: str = ""
    closed: bool = False

    @property
    def place(self) -> str:
        """Where it goes: the chat, and the topic if there is one. What lies in one place may go together."""
        return f"{self.chat}/{self.topic}" if self.topic else self.chat

    @property
    def open_for_writing(self) -> bool:
        """Whether somebody writes to it."""
        return bool(self.written)

    @property
    def changed(self) -> float:
        """When anything about it changed last, in seconds since the epoch."""
        return max((max(part[2], part[3]) for part in self.signature), default=0) / 1e9


def joined(drop: Drop, others: Iterable[Drop]) -> Drop:
    """One drop of several files: it changes, is written to, and is in the way if any of them is."""
    parts = [drop, *others]
    captioned = all(caption_for(part.path.name) for part in parts[1:])
    return replace(
        drop,
        signature=tuple(sign for part in parts for sign in part.signature),
        obstacle=next((part.obstacle for part in parts if part.obstacle), ""),
        written=next((part.written for part in parts if part.written), ""),
        beside=tuple(part.path for part in parts[1:]),
        swift=all(part.swift for part in parts),
        moved=all(part.moved for part in parts),
        loose=drop.loose and captioned,
    )
