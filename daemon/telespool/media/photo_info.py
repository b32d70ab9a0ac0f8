"""What the header of a photo says, and Telegram's rules for photos, for those who decode none themselves."""

from __future__ import annotations

from dataclasses import dataclass

MAX_BYTES = 10_000_000
MAX_SIDES = 10_000
MAX_RATIO = 20
MAX_PIXELS = 500_000_000  # cameras that shift their sensor make 240 megapixels, panoramas more
LARGE = 400_000
"""Bytes from which a page shows a preview instead."""
MOTION = "the clip of this motion photo is left out"
CUT = "its last bytes are missing; what is there is sent"
MAX_PAGES = 10
"""Pictures that an album holds."""


@dataclass(frozen=True, slots=True)
class PhotoInfo:
    """What the header says. `reasons` name what breaks Telegram's rules; none: it is taken as it is.

    `frames` is more than one in a picture that moves; `pages` are the places of the pictures of a TIFF that are no
    previews, one more than `MAX_PAGES` at most. `left_behind` names what a still does not show.
    """

    width: int
    height: int
    frames: int
    reasons: tuple[str, ...]
    is_raw: bool = False
    pages: tuple[int, ...] = (0,)
    left_behind: tuple[str, ...] = ()

    @property
    def too_narrow(self) -> bool:
        """Whether Telegram refuses the shape, whatever the size."""
        return max(self.width, self.height) > MAX_RATIO * min(self.width, self.height)


def shown_pictures(image: object) -> range:
    """The pictures of a file that Pillow has open which are shown: not that of an APNG for who shows none moving."""
    return range(
        int(bool(getattr(image, "default_image", False))), int(getattr(image, "n_frames", 1))
    )
