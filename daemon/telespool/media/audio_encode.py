"""The sound of a full conversion: encoded once, beside the picture.

Up to ten minutes of film, which are some seconds of work, in one go, and a sound that was broken off begins anew.
Longer ones are cut, between two packets, into pieces of ten minutes, and a run that was broken off goes on behind the
last of them. The source is decoded from its beginning all the same, because no seek finds a sample; only the
encoding, which takes ten times as long, is spared. The encoder begins half a minute before the cut, and those packets
are thrown away: so long it takes until it divides its bits as well as it ever does.

Errors: as `running`; OSError from the disk.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.media import ffmpeg
from telespool.media import ffmpeg_args as plans
from telespool.media.segment_run import MissedError, run_segments

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.media.conversion_context import ConversionContext
    from telespool.media.ffmpeg_process import ExitInfo
    from telespool.media.segment_run import Closed
    from telespool.media.segments import Segment, Segments
    from telespool.media.streams import ProbedStream

PIECE = 600  # seconds of film
_FRAME = 1024  # samples in a packet of AAC-LC
_WARM_UP = 30  # seconds encoded before the first packet that is wanted, and thrown away: so long the encoder settles


async def make_sound(work: ConversionContext, segments: Segments) -> None:
    """Encode the whole sound, unless that was done before; Permanent where no way leads to it."""
    audio = work.found.audio
    if audio is None or await asyncio.to_thread(segments.audio.exists):
        return
    words = ""
    for way in range(len(plans.sounds(audio, work.settings))):
        said = await _pieces(work, segments, audio, way) if work.length > PIECE else None
        if said is None:
            said = await _at_once(work, segments, audio, way)
        if said.code == 0:
            await asyncio.to_thread(segments.publish, segments.audio)
            return
        words = said.words
    raise Permanent(f"the sound cannot be converted: {words}")


async def _at_once(
    work: ConversionContext, segments: Segments, audio: ProbedStream, way: int
) -> ExitInfo:
    target = ffmpeg.writing(segments.unfinished(segments.audio))
    options = plans.sounds(audio, work.settings)[way]
    return await work.runner.run([*_reading(work), *options, "-f", "mp4", target])


def _reading(work: ConversionContext) -> list[str]:
    return [
        ffmpeg.program(work.settings.ffmpeg),
        *("-v", "warning", "-nostdin", "-y", "-max_error_rate", "1", *work.clock()),
        *ffmpeg.reading(work.source, deep=work.found.deep),
        *("-vn", *plans.BARE),
    ]


async def _pieces(
    work: ConversionContext, segments: Segments, audio: ProbedStream, way: int
) -> ExitInfo | None:
    """Make the pieces that are not there yet and put all of them together; None where that cannot be."""
    run = await asyncio.to_thread(segments.run)
    making = _Making(work, segments, audio, run)
    try:
        said = await making.run(way)
    except MissedError:
        return None
    finally:
        await asyncio.to_thread(segments.drop, run)
    if said.code:
        return said
    if not making.pieces:
        return None
    return await _join(work, segments, making.pieces, making.rate)


class _Making:
    """One run of the encoder. The times of `pieces` count samples."""

    def __init__(
        self, work: ConversionContext, segments: Segments, audio: ProbedStream, run: Path
    ) -> None:
        self.pieces: list[Segment] = []
        self.rate = plans.sample_rate(audio)
        self._work = work
        self._segments = segments
        self._audio = audio
        self._run = run

    async def run(self, way: int) -> ExitInfo:
        """Encode what is missing."""
        self.pieces = await asyncio.to_thread(self._segments.pieces, "audio")
        return await run_segments(
            self._work.runner,
            self._command(way),
            self._run,
            ends_at_cut=lambda file: (
                self._is_warm_up(file) or self._last(file) % (PIECE * self.rate) < _FRAME
            ),
            keep=self._keep,
        )

    def _last(self, file: Closed) -> int:
        return round(file.end * self.rate)

    def _is_warm_up(self, file: Closed) -> bool:
        return bool(self.pieces) and self._last(file) <= self._begin

    @property
    def _begin(self) -> int:
        return self.pieces[-1].last if self.pieces else 0

    def _command(self, way: int) -> list[str]:
        begin, rate = self._begin, self.rate
        first = max(0, begin - _WARM_UP * rate) // _FRAME * _FRAME
        cuts = [begin / rate] if self.pieces else []
        after = math.floor(begin / rate / PIECE + 1e-6) + 1
        cuts += [n * PIECE for n in range(after, math.ceil(self._work.length / PIECE) + 1)]
        return [
            *_reading(self._work),
            *plans.sounds(self._audio, self._work.settings, begin=first)[way],
            *("-avoid_negative_ts", "disabled", "-f", "segment", "-segment_format", "adts"),
            *("-segment_times", ",".join(f"{cut:.6f}" for cut in cuts)),
            *("-segment_time_delta", "0.00001"),
            *("-segment_list", "pipe:1", "-segment_list_type", "csv", "%06d.aac"),
        ]

    async def _keep(self, file: Closed) -> None:
        """Make a piece of a closed file."""
        first, last = round(file.begin * self.rate), self._last(file)
        if self._is_warm_up(file):
            return
        if self.pieces and first != self._begin:
            raise MissedError
        number, of = len(self.pieces), math.ceil(self._work.length / PIECE)
        keep, path = self._segments.keep, self._run / file.name
        piece = await asyncio.to_thread(keep, path, number, of, first, last, "audio")
        self.pieces.append(piece)


async def _join(
    work: ConversionContext, segments: Segments, pieces: list[Segment], rate: int
) -> ExitInfo:
    """Put the packets together in one file; the last of them ends where the sound does."""
    before = f"{-_FRAME / rate:.6f}"  # so much the encoder gives out before the first sound
    left = pieces[-1].last % _FRAME or _FRAME
    lasting = f"if(eq(NEXT_DTS,NOPTS),DURATION*{left}/{_FRAME},DURATION)"
    return await work.runner.run(
        [
            *(ffmpeg.program(work.settings.ffmpeg), "-v", "warning", "-nostdin", "-y"),
            *("-itsoffset", before),
            *("-protocol_whitelist", "file,concat", "-f", "aac"),
            *("-i", "concat:" + "|".join(piece.path.name for piece in pieces)),
            *("-map", "0:a", "-c", "copy", "-bsf:a", f"setts=duration='{lasting}'"),
            *("-f", "mp4", ffmpeg.writing(segments.unfinished(segments.audio))),
        ],
        cwd=segments.folder,
    )
