r"""The captions that people wrote for the files of a job, as they lie in done/JOB/captions.txt.

    = 13 "Sunset over the **sea**"     the text of caption file number 13 of the drop (JSON); null: it has none
    0012 13 -1                         the file 0012 has this one of its own; none (-1) stands under its album

Written, and brought to the disk, before the file is let out: whoever posts it finds its caption, also after the power
failed. The last word counts. A line that is broken off says nothing. Without this file posts have the caption of the
configuration.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool.layout import CAPTIONS
from telespool.spool.names import origins

if TYPE_CHECKING:
    from telespool.spool.layout import SpoolLayout

CAPTION = "a caption: its text stands with the files it was written for"
"""Why a caption file is left out whose text is used."""


def is_used(reason: str) -> bool:
    """Whether a file that is left out for this reason is a caption whose text stands in the chat."""
    return reason.startswith(CAPTION)


def tells_of_used(line: str) -> bool:
    """Whether a line of skipped.txt is of a caption whose text stands in the chat."""
    return f": {CAPTION}" in line


WITH_THE_DROP = 0
"""The number of the caption that was dropped beside an archive."""

_TEXT = re.compile(r"= (-?\d+) (.+)")
_FILE = re.compile(r"(\d+) (-?\d+) (-?\d+)")
NONE = -1


@dataclass(frozen=True, slots=True)
class JobCaptions:
    """What captions.txt says: texts by number (None where a file holds none), and `files` with own and album's."""

    texts: dict[int, str | None] = field(default_factory=dict)
    files: dict[int, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, folders: SpoolLayout, job: str) -> JobCaptions:
        """Those of a job; none where there is no such list."""
        found = cls()
        try:
            text = plain_files.read_text(folders.job_folder("done", job) / CAPTIONS)
        except OSError:
            return found
        for line in text.split("\n"):
            if match := _TEXT.fullmatch(line):
                try:
                    said = json.loads(match[2])
                except ValueError:
                    continue
                found.texts[int(match[1])] = said if isinstance(said, str) else None
            elif match := _FILE.fullmatch(line):
                found.files[int(match[1])] = int(match[2]), int(match[3])
        return found

    def of(self, number: int) -> tuple[int, int]:
        """The captions of a file, its own and its album's, or those of what it was made of; NONE where it has none."""
        return next(
            (self.files[each] for each in origins(number) if each in self.files), (NONE, NONE)
        )

    @staticmethod
    def text_line(number: int, text: str | None) -> str:
        """The line of a text."""
        return f"= {number} {json.dumps(text)}"

    @staticmethod
    def file_line(number: int, own: int, album: int) -> str:
        """The line of a file."""
        return f"{number:04d} {own} {album}"
