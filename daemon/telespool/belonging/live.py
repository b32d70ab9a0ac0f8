"""Whether a photo and a clip are the halves of one live photo.

Apple writes the same identifier into both; other makers and exports go by the name. A clip beside a photo of its name
that is longer than a live photo may be is a film of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 10.0
"""Seconds that the clip of a live photo may last. core.telegram.org/bots/api#sendlivephoto"""


@dataclass(frozen=True, slots=True)
class About:
    """What was read of one file: Apple's identifier ("" for none), and how long it plays (None where nobody knows)."""

    identifier: str = ""
    seconds: float | None = None


def is_live(still: About, clip: About, *, same_name: bool) -> bool:
    """Whether these are one live photo. Where both have an identifier it decides, else their name."""
    if clip.seconds is not None and clip.seconds > LONGEST:
        return False
    if still.identifier and clip.identifier:
        return still.identifier == clip.identifier
    return same_name
