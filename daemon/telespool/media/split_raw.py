"""Numbered pieces of a file that is too large for one message and is no film that could be cut into parts that play.

`NAME.001`, `NAME.002`, …: put behind each other they are the file again, byte for byte, as 7-Zip, `cat` and `copy /b`
join them. `how_to_join` is the sentence that stands under the post.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime import cancellation, plain_files

if TYPE_CHECKING:
    from pathlib import Path

_AT_ONCE = 1 << 20


def cut(source: Path, folder: Path, max_bytes: int) -> tuple[Path, ...]:
    """Copy a file into pieces of at most `max_bytes`, in a folder that is made for them. Blocks."""
    folder.mkdir(exist_ok=True)
    pieces: list[Path] = []
    with plain_files.opened(source) as reader:
        while block := reader.read(min(_AT_ONCE, max_bytes)):
            piece = folder / f"{len(pieces) + 1:03d}"
            pieces.append(piece.with_name(f"piece.{piece.name}"))
            with pieces[-1].open("wb") as writer:
                left = max_bytes
                while block:
                    cancellation.check()
                    left -= writer.write(block)
                    block = reader.read(min(_AT_ONCE, left)) if left else b""
    return tuple(pieces)


def how_to_join(name: str) -> str:
    """What people do to have the file again."""
    return (
        f"In pieces, as it is too large for one message. To join them: cat '{name}.'* > '{name}'"
        f' (on Windows: copy /b "{name}.*" "{name}"), or open the first with 7-Zip.'
    )
