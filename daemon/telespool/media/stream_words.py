"""Streams in the words of people: what each is, and what of a file is left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.media.stream_choice import is_aside, language_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telespool.media.probe import Probe
    from telespool.media.streams import ProbedStream

_KINDS = {"video": "picture track", "audio": "sound track", "subtitle": "subtitle track"}


def describe(stream: ProbedStream) -> str:
    """One stream in a few words."""
    if stream.kind == "video":
        rate = stream.average_rate or stream.base_rate
        words = [
            "cover picture" if stream.is_picture else "video",
            stream.codec or stream.tag or "unknown",
            stream.profile,
            f"{stream.width}x{stream.height}",
            stream.pixel_format,
            f"{float(rate):.5g} fps" if rate and not stream.is_picture else "",
            f"turned by {stream.rotation}°" if stream.rotation else "",
            stream.field_order if stream.interlaced else "",
            stream.transfer if stream.hdr else "",
        ]
    elif stream.kind == "audio":
        words = [
            "audio",
            stream.codec or stream.tag or "unknown",
            stream.profile,
            f"{stream.channels} channels",
            f"{stream.sample_rate} Hz",
            language_of(stream.language),
            "joined from two tracks" if stream.joined else "",
        ]
    else:
        words = [stream.kind, stream.codec or stream.tag]
    return " ".join(word for word in words if word)


def left_behind(found: Probe) -> tuple[str, ...]:
    """A sentence for each stream that is seen or heard, and is not part of what is sent."""
    return tuple(_left(found))


def _left(found: Probe) -> Iterable[str]:
    for kind, word in _KINDS.items():
        there = [stream for stream in found.streams if stream.kind == kind]
        for number, stream in enumerate(there, 1):
            if stream in found.choice.covers:
                yield "the cover picture is left out"
            elif stream in found.extras and not stream.is_picture:
                yield f"{_ordinal(number)} {word}{_about(stream)} is left out"


def _about(stream: ProbedStream) -> str:
    words = [language_of(stream.language)]
    if is_aside(stream):
        words.append("commentary or description")
    if stream.kind == "video":
        words.append(f"{stream.width}x{stream.height}")
    elif stream.kind == "audio" and not stream.codec:
        words.append("in an unknown format")
    told = ", ".join(word for word in words if word)
    return f" ({told})" if told else ""


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number // 10 % 10 != 1 else 0, "th")
    return f"the {number}{ending}"
