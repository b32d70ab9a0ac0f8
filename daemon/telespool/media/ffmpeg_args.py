"""The command line of a conversion, worked out from what ffprobe found.

The plain `ffmpeg -i IN OUT` keeps what phones cannot play (ten bits, 4:4:4, HDR, eight channels), invents frames
where the rate varies, and stretches, combs or turns what it does not understand. A `EncodePlan` names every number
itself: even size, upright, square pixels, one tick for all frames. Pure: it starts and touches nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from telespool.media.playable import MAX_BLOCK_RATE, MAX_BLOCKS, blocks
from telespool.media.video_colours import filters

if TYPE_CHECKING:
    from telespool.config.schema import ConvertSettings
    from telespool.media.streams import ProbedStream

_ANY_TICKS = 90_000
_MAX_TICKS = 200_000
_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
# What one core encodes a second with libx264 at preset medium, and how other presets compare.
_PIXELS_A_SECOND = 30e6
_PRESETS = {
    "ultrafast": 6.0,
    "superfast": 4.0,
    "veryfast": 3.0,
    "faster": 2.0,
    "fast": 1.4,
    "slow": 0.6,
    "slower": 0.3,
    "veryslow": 0.2,
    "placebo": 0.1,
}

_KEY_FRAME_EVERY = 250  # frames, x264's own default
_LONGEST_STEP = 60

BARE = ("-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1")
"""The options that leave out whatever is neither the picture nor the sound."""

# Where samples are missing, or too many, their place is kept to 30 ms: by itself it would begin at 100 ms.
_STRAIGHT = "aresample=async=1:min_hard_comp=0.03:first_pts=0"
_LAYOUTS = 8  # channels for which a layout can be guessed, and so be mixed down


@dataclass(frozen=True, slots=True)
class EncodePlan:
    """How the picture is made.

    `filters` ends with the time base 1/`ticks`; `width` and `height` are those of the result.
    """

    filters: str
    ticks: int
    width: int
    height: int
    thinned: bool


def plan(video: ProbedStream, settings: ConvertSettings) -> EncodePlan:
    """Work out the filters for this video."""
    width, height = _size(video, settings)
    max_fps = min(settings.max_fps, MAX_BLOCK_RATE // blocks(width, height))
    rate = video.average_rate or video.base_rate
    thinned = rate > max_fps * Fraction(101, 100)
    chain = []
    if video.interlaced:
        chain.append("bwdif=mode=send_frame:deint=all")
    if thinned:
        chain.append(f"fps={max_fps}")
    chain += [
        *filters(video, _fit(width, height), width, height),
        f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2",
        "setsar=1",
    ]
    ticks = _ticks(Fraction(max_fps) if thinned else video.constant_rate, max_fps)
    chain.append(f"settb=1/{ticks}")
    return EncodePlan(",".join(chain), ticks, width, height, thinned)


def picture(video: ProbedStream, settings: ConvertSettings) -> list[str]:
    """The options of the video encoder.

    The encoder is told the true rate: the level that it writes, and its key frames, follow from it, and what a header
    names as the finest step between two frames would make either wrong.
    """
    options = ["-c:v", settings.encoder]
    quality = str(settings.crf)
    if settings.encoder == "libx264":
        options += ["-preset", settings.preset, "-crf", quality, "-profile:v", "high"]
        rate = Fraction(_rate(video, settings)).limit_denominator(1001)
        options += [
            "-pix_fmt",
            "yuv420p",
            "-x264-params",
            f"fps={rate.numerator}/{rate.denominator}",
        ]
    elif settings.encoder == "h264_nvenc":
        options += ["-preset", settings.preset, "-rc", "vbr", "-cq", quality, "-b:v", "0"]
        options += ["-profile:v", "high"]
    elif settings.encoder == "h264_qsv":
        options += ["-preset", settings.preset, "-global_quality", quality, "-profile:v", "high"]
    elif settings.encoder == "h264_vaapi":
        options += ["-rc_mode", "CQP", "-qp", quality, "-profile:v", "high"]
    if settings.threads:
        options += ["-threads", str(settings.threads)]
    return options


def sounds(
    audio: ProbedStream, settings: ConvertSettings, begin: int | None = None
) -> list[list[str]]:
    """The options of the audio encoder: AAC in stereo, from time zero on, silence where there is none.

    Several, to be tried in this order: a layout of speakers that cannot be mixed down gives its first two. With `begin`
    what comes before this sample of the result is left out.
    """
    chains = [_STRAIGHT, f"pan=stereo|c0=c0|c1=c1,{_STRAIGHT}"]
    if audio.channels <= 2:
        chains = [_STRAIGHT]
    elif audio.channels > _LAYOUTS:
        chains.reverse()
    rate = sample_rate(audio)
    encoder = ["-c:a", "aac", "-b:a", settings.audio_bitrate, "-ac", "2", "-ar", str(rate)]
    cut = ""
    if begin is not None:
        # What is counted are samples as the encoder gets them.
        made = f"aformat=sample_fmts=fltp:sample_rates={rate}:channel_layouts=stereo"
        cut = f",{made},atrim=start_pts={begin}"
    return [[*_heard(audio, chain + cut), *encoder] for chain in chains]


def _heard(audio: ProbedStream, chain: str) -> list[str]:
    """The options that choose this sound of the first input and send it through these filters."""
    if not audio.joined:
        return ["-map", f"0:{audio.index}", "-af", chain]
    left, right = audio.joined
    # Each side is put straight by itself first: `join` knows no times.
    sides = f"[0:{left}]{_STRAIGHT},pan=stereo|c0=c0[l];[0:{right}]{_STRAIGHT},pan=stereo|c1=c0[r]"
    mixed = f"{sides};[l][r]amix=inputs=2:duration=longest:normalize=0,{chain}[sound]"
    return ["-filter_complex", mixed, "-map", "[sound]"]


def sample_rate(audio: ProbedStream) -> int:
    """Samples a second of the result: one that AAC and phones know, and no less than there are."""
    return next((rate for rate in _RATES if rate >= audio.sample_rate), _RATES[-1])


def step(video: ProbedStream, settings: ConvertSettings, cores: int) -> int:
    """Whole seconds of film from one forced key frame to the next.

    About `checkpoint` seconds of encoding, but no further apart than x264 itself would set key frames, so that
    they cost nothing. It is a guess by size and rate alone, never a measurement: the same source always gets the
    same grid.
    """
    width, height = _size(video, settings)
    rate = _rate(video, settings)
    pixels = width * height + 0.3 * video.width * video.height
    speed = _PIXELS_A_SECOND * _PRESETS.get(settings.preset, 1.0) * max(1, cores) / (pixels * rate)
    natural = math.ceil(_KEY_FRAME_EVERY / rate)
    return max(1, min(natural, _LONGEST_STEP, round(settings.checkpoint * speed)))


def key_frames(video: ProbedStream, settings: ConvertSettings, seconds: int) -> list[str]:
    """The option that leaves the key frames to the grid: x264 would add its own between its lines."""
    return ["-g", str(max(_KEY_FRAME_EVERY, math.ceil(_rate(video, settings) * seconds) + 2))]


def _rate(video: ProbedStream, settings: ConvertSettings) -> float:
    rate = float(video.average_rate or video.base_rate) or 25.0
    return min(max(rate, 0.1), settings.max_fps)


def _size(video: ProbedStream, settings: ConvertSettings) -> tuple[int, int]:
    """Even, upright, with square pixels, within the limits of the configuration and of phones."""
    width, height = video.shown
    long, short = settings.max_width, settings.max_height
    box = (long, short) if width >= height else (short, long)
    factor = min(Fraction(1), Fraction(box[0], width), Fraction(box[1], height))
    while True:
        sides = _even(width * factor), _even(height * factor)
        if blocks(*sides) <= MAX_BLOCKS:
            return sides
        factor *= Fraction(99, 100)


def _even(side: Fraction) -> int:
    return max(2, int(side / 2 + Fraction(1, 2)) * 2)


def _fit(width: int, height: int) -> str:
    """Scale into this box by the shape on the screen: a stream may change its size in the midst."""
    wider = f"gte(dar*{height},{width})"
    return (
        f"scale=w='if({wider},{width},2*round({height}*dar/2))'"
        f":h='if({wider},2*round({width}/dar/2),{height})'"
    )


def _ticks(rate: Fraction | None, max_fps: int) -> int:
    """Ticks a second in which every frame of a constant rate falls on a tick; fine enough for any other."""
    if rate is None or rate > max_fps:
        return _ANY_TICKS
    ticks = rate.numerator * -(-10_000 // rate.numerator)
    return ticks if ticks <= _MAX_TICKS else _ANY_TICKS
