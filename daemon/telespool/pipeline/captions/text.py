"""Reading a caption as people write it: in any letters, and of a size that a caption can have. It blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.runtime import letters, plain_files
from telespool.spool.job_captions import CAPTION

if TYPE_CHECKING:
    from pathlib import Path

_MOST = 64 * 1024  # bytes; Telegram takes a few thousand signs
_PAGE = "cp1252"


@dataclass(frozen=True, slots=True)
class CaptionText:
    """Return the text of a caption file, None where it holds none.

    `problem` says why its text is not used, or may be wrong.
    """

    text: str | None
    problem: str = ""

    @property
    def said(self) -> str:
        """Why the file is left out, where its text is used."""
        return (
            f"{CAPTION}; {self.problem}"
            if self.text is not None and self.problem
            else self.problem or CAPTION
        )


def read_caption(path: Path) -> CaptionText:
    """Read a caption file; OSError where it cannot be read."""
    with plain_files.opened(path) as file:
        data = file.read(_MOST + 1)
    if len(data) > _MOST:
        return CaptionText(
            None,
            f"a caption of more than {_MOST // 1024} KiB, which no post can hold: it is not used. Telegram takes about a"
            " thousand signs",
        )
    problem = ""
    text = letters.marked(data)
    if text is None:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode(_PAGE, "replace")
            problem = (
                "it is not in UTF-8 and was read as Windows writes it (code page 1252). Where its letters are"
                " wrong in the chat, save it as UTF-8"
            )
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in lines):
        return CaptionText(None, "a caption that holds no text: it is not used")
    return CaptionText(lines, problem)
