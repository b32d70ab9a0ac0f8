"""One stream of a media file, as ffprobe describes it: typed values, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

_HDR = {"smpte2084", "arib-std-b67"}
INTERLACED = frozenset({"tt", "bb", "tb", "bt"})
_PROTECTED = {"encv", "enca", "drmi", "drms", "drmt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedStream:
    """One stream. Unknown texts are empty, unknown numbers are 0; sizes are as coded, times in seconds.

    `first_shown` is when its decoder gives out the first picture, None where that did not come at once. `flags` are
    the dispositions that are set, as ffprobe names them; `program` is the broadcast programme it belongs to, 0 where
    there are none. `joined` holds the indices of the tracks of one channel each that are this one sound, left first.
    """

    index: int
    kind: str
    codec: str
    profile: str = ""
    tag: str = ""
    flags: frozenset[str] = frozenset()
    language: str = ""
    title: str = ""
    program: int = 0
    start: float | None = None
    duration: float | None = None
    frames: int = 0
    width: int = 0
    height: int = 0
    pixel_format: str = ""
    level: int = 0
    field_order: str = ""
    aspect: Fraction = Fraction(1)
    rotation: int = 0
    transfer: str = ""
    matrix: str = ""
    primaries: str = ""
    full_range: bool = False
    reorders: bool = False
    first_shown: float | None = None
    base_rate: Fraction = Fraction(0)
    average_rate: Fraction = Fraction(0)
    channels: int = 0
    layout: str = ""
    sample_rate: int = 0
    joined: tuple[int, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether it is marked as the one to play; many containers mark all."""
        return "default" in self.flags

    @property
    def is_picture(self) -> bool:
        """Whether it is marked as a cover."""
        return "attached_pic" in self.flags

    @property
    def interlaced(self) -> bool:
        """Whether its pictures are fields."""
        return self.field_order in INTERLACED

    @property
    def hdr(self) -> bool:
        """Whether its brightness curve is PQ or HLG, which plain screens show grey."""
        return self.transfer in _HDR

    @property
    def vague(self) -> bool:
        """Whether nobody knows yet what its frames are like."""
        if self.kind == "video":
            return bool(self.codec) and (self.width < 1 or not self.pixel_format)
        return self.kind == "audio" and bool(self.codec) and self.channels < 1

    @property
    def protected(self) -> bool:
        """Whether it is encrypted."""
        return self.tag in _PROTECTED

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height on the screen: rotated, with square pixels."""
        width, height = Fraction(self.width), Fraction(self.height)
        if self.aspect >= 1:
            width *= self.aspect
        else:
            height /= self.aspect
        if self.rotation in {90, 270}:
            width, height = height, width
        return round(width), round(height)

    @property
    def constant_rate(self) -> Fraction | None:
        """The frame rate where all frames are equally far apart, as far as the header tells."""
        base, average = self.base_rate, self.average_rate
        if base > 0 and average > 0 and abs(base / average - 1) < Fraction(1, 1000):
            return base
        return None
