"""What [convert] and [archives] say to ffmpeg, 7-Zip and ssh, so far as these would not take it.

`unusable` gives each mistake with its key. What a machine lacks (a program, a driver) is no mistake here: it may
come, and `telespool doctor` looks for it. Nothing here looks at the machine, and nothing is raised.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.config.schema import Config
    from telespool.config.toml_positions import Key

X264_PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)
_PRESETS = {
    "libx264": X264_PRESETS,
    "h264_nvenc": ("default", "fast", "medium", "slow", *(f"p{n}" for n in range(1, 8))),
    "h264_qsv": ("veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"),
}
_ENCODER = re.compile(r"libx264|libopenh264|h264_\w+", re.ASCII)
_BITRATE = re.compile(r"(\d{1,3})k|(\d{4,6})")
_LOWEST, _HIGHEST = 8, 512
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-\w+)*", re.ASCII)
_HELPER = re.compile(r"[^\s-]\S*")


def unusable(config: Config) -> Iterator[tuple[Key, str]]:
    """Yield a key and a sentence for each value that no ffmpeg, 7-Zip or ssh would take."""
    convert, archives = config.convert, config.archives
    if not _ENCODER.fullmatch(convert.encoder):
        yield (
            ("convert", "encoder"),
            f'must be an encoder for H.264 such as "libx264" or "h264_nvenc", not "{convert.encoder}"',
        )
    presets = _PRESETS.get(convert.encoder)
    if presets and convert.preset not in presets:
        yield (
            ("convert", "preset"),
            f'must be one of {convert.encoder}: {", ".join(presets)}; not "{convert.preset}"',
        )
    if not _is_bitrate(convert.audio_bitrate):
        yield (
            ("convert", "audio_bitrate"),
            f'must be a number from "{_LOWEST}k" to "{_HIGHEST}k", such as "128k", not "{convert.audio_bitrate}"',
        )
    for program in ("ffmpeg", "ffprobe"):
        if not getattr(convert, program):
            yield ("convert", program), "must be the name of a program, or its path"
    for language in convert.languages:
        if not _LANGUAGE.fullmatch(language):
            yield (
                ("convert", "languages"),
                f'must be codes of languages such as "de" or "eng", not "{language}"',
            )
    for helper in convert.helpers:
        if not _HELPER.fullmatch(helper):
            yield (
                ("convert", "helpers"),
                f'must be machines as ssh names them, such as "ann@desktop", not "{helper}"',
            )
    if not archives.command or not all(archives.command):
        yield ("archives", "command"), 'must be names or paths of programs, such as ["7zz", "7z"]'
    if any(not word or "\n" in word or "\r" in word for word in archives.passwords):
        yield ("archives", "passwords"), "must be passwords of one line each, and none empty"


def _is_bitrate(text: str) -> bool:
    match = _BITRATE.fullmatch(text)
    if match is None:
        return False
    return _LOWEST <= (int(match[1]) if match[1] else int(match[2]) / 1000) <= _HIGHEST
