"""Which streams of a file are the film: one picture and its sound; all others are left behind, and named.

A flag alone decides nothing: many programs mark every track as the default, or a cover as a film. The picture is
the stream that has pictures all along the file; the sound is the film's own: no commentary, no description for the
blind, in the language that is wanted, else the default. Tracks of one channel each that are alike are left and right
of one sound. Pure: it starts and touches nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from telespool.media.streams import ProbedStream

STILLS = frozenset({"mjpeg", "png", "bmp", "webp", "tiff", "gif", "jpegxl", "apng", "jpeg2000"})
"""Codecs of covers. Films of old cameras are MJPEG too: the number of pictures tells them apart."""

_FEW = 10  # a cover has so many times fewer pictures than a film
_SHORT = 4  # and a stream that is so many times shorter than another is not the film
_ASIDE = {"comment", "visual_impaired", "hearing_impaired", "karaoke", "descriptions", "lyrics"}
_ASIDE_TITLE = re.compile(
    r"comment|kommentar|commentaire|descri|hörfassung|audiodes|karaoke|director|isolated",
    re.IGNORECASE,
)
_LEFT, _RIGHT = (
    re.compile(r"\b(FL|DL|left|links|gauche)\b", re.IGNORECASE),
    re.compile(r"\b(FR|DR|right|rechts|droite)\b", re.IGNORECASE),
)

# The two-letter codes of languages and those of three letters that mean the same (ISO 639-1 and 639-2).
_LANGUAGES = """
    ar:ara bg:bul bn:ben bs:bos ca:cat cs:ces:cze cy:cym:wel da:dan de:deu:ger el:ell:gre en:eng es:spa et:est eu:eus:baq
    fa:fas:per fi:fin fr:fra:fre ga:gle gl:glg gu:guj he:heb hi:hin hr:hrv hu:hun hy:hye:arm id:ind is:isl:ice it:ita
    ja:jpn ka:kat:geo kk:kaz km:khm kn:kan ko:kor la:lat lt:lit lv:lav mk:mkd:mac ml:mal mn:mon mr:mar ms:msa:may my:mya:bur
    nb:nob ne:nep nl:nld:dut nn:nno no:nor pa:pan pl:pol pt:por ro:ron:rum ru:rus sk:slk:slo sl:slv sq:sqi:alb sr:srp
    sv:swe sw:swa ta:tam te:tel th:tha tr:tur uk:ukr ur:urd uz:uzb vi:vie zh:zho:chi
"""
_SAME = {
    code: codes[0] for codes in (line.split(":") for line in _LANGUAGES.split()) for code in codes
}


@dataclass(frozen=True, slots=True)
class StreamChoice:
    """The film: `video` and `audio`, None where there is none; `covers` are pictures that stand for the file."""

    video: ProbedStream | None
    audio: ProbedStream | None
    covers: tuple[ProbedStream, ...] = ()


NOTHING = StreamChoice(None, None)


def choose(
    streams: Sequence[ProbedStream],
    *,
    whole: float = 0.0,
    counts: Mapping[int, int] | None = None,
    languages: Iterable[str] = (),
) -> StreamChoice:
    """Choose picture and sound.

    `whole` is the length of the file in seconds; `counts` the pictures of each stream, by index, as far as they
    were counted; `languages` those that are wanted, the best first.
    """
    counts = counts or {}
    pictures = [each for each in streams if each.kind == "video"]
    films = [each for each in pictures if not each.is_picture and each.codec]
    films = _films(films, counts, whole) or [each for each in pictures if not each.is_picture]
    video = films[0] if films else None
    audio = _sound(streams, video, [language_of(each) for each in languages])
    covers = [
        each
        for each in pictures
        if each is not video and (each.is_picture or _is_still(each, counts))
    ]
    return StreamChoice(video, audio, tuple(covers))


def language_of(code: str) -> str:
    """One code for what may be written “de”, “deu”, “ger” or “de-AT”; empty where nobody knows."""
    short = code.lower().replace("_", "-").partition("-")[0]
    return "" if short in {"und", "unk", "mul", "zxx", "mis"} else _SAME.get(short, short)


def _is_still(stream: ProbedStream, counts: Mapping[int, int]) -> bool:
    """Whether it is at most a handful of pictures in a codec for stills."""
    there = counts.get(stream.index, stream.frames)
    return stream.codec in STILLS and there <= 1


def _films(
    found: list[ProbedStream], counts: Mapping[int, int], whole: float
) -> list[ProbedStream]:
    """Those that can be the film, the best first."""

    def pictures(stream: ProbedStream) -> int:
        return counts.get(stream.index, stream.frames)

    def share(stream: ProbedStream) -> float:
        return (stream.duration or 0.0) / whole if whole > 0 else 0.0

    most, longest = max(map(pictures, found), default=0), max(map(share, found), default=0.0)
    able = [
        each
        for each in found
        if pictures(each) * _FEW >= most and (not each.duration or share(each) * _SHORT >= longest)
    ]
    largest = max((each.width * each.height for each in able), default=0)

    def rank(stream: ProbedStream) -> tuple[bool, bool, bool, bool, int]:
        aside = bool(stream.flags & {"dependent", "timed_thumbnails", "still_image", "comment"})
        small = stream.width * stream.height * 2 < largest  # a proxy, a preview
        return stream.codec in STILLS, aside, not stream.is_default, small, stream.index

    return sorted(able, key=rank)


def is_aside(stream: ProbedStream) -> bool:
    """Whether it accompanies the film instead of being its sound."""
    return bool(stream.flags & _ASIDE) or bool(_ASIDE_TITLE.search(stream.title))


def _sound(
    streams: Sequence[ProbedStream], video: ProbedStream | None, languages: list[str]
) -> ProbedStream | None:
    found = [each for each in streams if each.kind == "audio" and each.codec and each.channels > 0]
    if not found:
        return None
    longest = max(each.duration or 0.0 for each in found)

    def rank(stream: ProbedStream) -> tuple[bool, bool, bool, int, bool, bool, int]:
        spoken = language_of(stream.language)
        return (
            bool(video and video.program and stream.program != video.program),
            is_aside(stream),
            bool(stream.duration) and (stream.duration or 0.0) * _SHORT < longest,
            languages.index(spoken) if spoken in languages else len(languages),
            not stream.is_default,
            "original" not in stream.flags and any("original" in each.flags for each in found),
            stream.index,
        )

    best = min(found, key=rank)
    return _joined(best, found) or best


def _joined(best: ProbedStream, found: list[ProbedStream]) -> ProbedStream | None:
    """The two tracks of one channel that are left and right of this sound; None where it is a sound by itself."""

    def alike(other: ProbedStream) -> bool:
        return (
            other.channels == 1
            and (other.codec, other.sample_rate, other.program)
            == (best.codec, best.sample_rate, best.program)
            and language_of(other.language) == language_of(best.language)
            and (_plain(other.title) == _plain(best.title) or _is_side(other))
            and not is_aside(other)
            and abs((other.duration or 0.0) - (best.duration or 0.0))
            <= max(0.5, (best.duration or 0.0) / 20)
        )

    sides = (
        [each for each in found if alike(each)] if best.channels == 1 and not is_aside(best) else []
    )
    if len(sides) < 2:
        return None
    left = next((each for each in sides if _side(each, _LEFT)), None)
    right = next((each for each in sides if each is not left and _side(each, _RIGHT)), None)
    if left is None or right is None:
        left, right = sides[:2]
    return replace(left, channels=2, joined=(left.index, right.index))


def _plain(title: str) -> str:
    """A title without the number in it: “Track 1” and “Track 2” are alike, “Game” and “Microphone” are not."""
    return re.sub(r"\W*\d+\W*", "", title).lower()


def _is_side(stream: ProbedStream) -> bool:
    return _side(stream, _LEFT) or _side(stream, _RIGHT)


def _side(stream: ProbedStream, name: re.Pattern[str]) -> bool:
    return bool(name.search(stream.layout) or name.search(stream.title))
