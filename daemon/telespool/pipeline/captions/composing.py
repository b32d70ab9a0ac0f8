"""What stands under a post: what people wrote for it, else the filled template of the configuration.

Values are names that people gave their files; whatever signs they hold, they are shown as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telespool.spool.job_captions import NONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telespool.spool.job_captions import JobCaptions

# Every sign of ASCII that can mean something in Markdown may stand behind a backslash. spec.commonmark.org, 2.4
_SIGNS = re.compile(r"([!-/:-@\[-`{-~])")


def literally(text: str) -> str:
    """Write a text so that Markdown shows it as it is, in one line."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))


# Signs of formatting around nothing: what was to stand there is empty.
_NOTHING_MARKED = re.compile(r"(?<!\\)(\*\*|~~|\|\||\*|`)\s*\1")


def fill(template: str, values: Mapping[str, str | int]) -> str:
    """Put the values into a template of Markdown; the result is Markdown."""
    shown = {
        name: literally(value) if isinstance(value, str) else value
        for name, value in values.items()
    }
    filled = template.format(**shown)
    if not all(str(value).strip() for value in shown.values()):
        filled = _NOTHING_MARKED.sub("", filled)
    return filled.strip()


@dataclass(frozen=True, slots=True)
class PostCaptions:
    """The captions of a post: under the album (None: nobody wrote one), and of single files by number; all Markdown.

    `notes` is what the report should say: a caption that was not there yet when its file went.
    """

    album: str | None = None
    own: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def of_post(known: JobCaptions, sent: Sequence[int], clips: Mapping[int, int]) -> PostCaptions:
    """What people wrote for the files of these numbers, which are one post. Parts and pages have that of their whole.

    `clips`: of the live photos among them the number of the clip, whose own caption follows that of the still.
    """
    own: dict[int, str] = {}
    album: str | None = None
    missing = False
    for place, number in enumerate(sent):
        mine, around = known.of(number)
        missing |= not {mine, around} - {NONE} <= known.texts.keys()
        if place == 0 and around != NONE:
            album = known.texts.get(around)
        theirs = [mine]
        if number in clips:
            theirs.append(known.of(clips[number])[0])
        missing |= not set(theirs) - {NONE} <= known.texts.keys()
        texts = [
            known.texts.get(each) for each in dict.fromkeys(theirs) if each not in {NONE, around}
        ]
        if any(text is not None for text in texts):
            own[number] = "\n\n".join(text for text in texts if text)
    late = "a caption came out of the archive after its file had to be sent, for want of room: it is not in the chat"
    return PostCaptions(album, own, (late,) if missing else ())
