"""What another machine may ask of this one: ffmpeg from standard input to standard output, and its version.

Whoever holds the key of a helper can send it any words. Only those that `encoding` writes are let through: each
option and each filter is on a list, and no word names a file, an address or a device. Pure. `Refused` leaves otherwise.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER, _COUNT = r"-?\d+(\.\d+)?", r"\d+"
_VALUES = {
    "-v": "error",
    "-progress": "pipe:2",
    "-stats_period": _NUMBER,
    "-max_pixels": _COUNT,
    "-max_error_rate": _NUMBER,
    "-itsoffset": _NUMBER,
    "-protocol_whitelist": "pipe",
    "-f": "matroska|mov|nut|mp4",
    "-i": "pipe:0",
    "-map": "0:v:0",
    "-map_metadata": "-1",
    "-map_chapters": "-1",
    "-fps_mode": "vfr",
    "-enc_time_base": r"1:\d+",
    "-c:v": "libx264",
    "-preset": "[a-z]+",
    "-crf": _COUNT,
    "-profile:v": "[a-z]+",
    "-pix_fmt": "yuv420p",
    "-x264-params": r"fps=\d+/\d+",
    "-threads": _COUNT,
    "-g": _COUNT,
    "-force_key_frames": _COUNT,
    "-avoid_negative_ts": "disabled",
    "-video_track_timescale": _COUNT,
    "-frag_duration": _COUNT,
    "-use_editlist": "0",
    "-movflags": r"empty_moov\+frag_discont\+default_base_moof",
}
_FLAGS = {"-nostdin", "-nostats", "-copyts", "-an", "-sn", "-dn"}
_FILTERS = {
    "bwdif",
    "format",
    "fps",
    "pad",
    "scale",
    "setparams",
    "setpts",
    "setsar",
    "settb",
    "tonemap",
    "trim",
    "zscale",
}
_CHAIN = re.compile(r"[A-Za-z0-9_=:.,/()*+'-]{1,4000}")
_NICE = ["nice", "-n", "10"]


class Refused(Exception):
    """What was asked is not for a helper."""


def allowed(asked: str) -> list[str]:
    """The words for ffmpeg, without its name."""
    try:
        words = shlex.split(asked)
    except ValueError as error:
        raise Refused(str(error)) from error
    if words[: len(_NICE)] == _NICE:
        words = words[len(_NICE) :]
    if words[:1] != ["ffmpeg"]:
        raise Refused("only ffmpeg is run here")
    words = words[1:]
    if words == ["-version"]:
        return words
    if words[-1:] != ["pipe:1"] or words.count("-i") != 1 or "-protocol_whitelist" not in words:
        raise Refused("only from standard input to standard output")
    given = iter(words[:-1])
    for option in given:
        if option in _FLAGS:
            continue
        value = next(given, "")
        if option == "-vf":
            _check_filters(value)
        elif option not in _VALUES or not re.fullmatch(_VALUES[option], value):
            raise Refused(f"not with {option[:40]} {value[:40]}")
    return words


def _check_filters(chain: str) -> None:
    if not _CHAIN.fullmatch(chain):
        raise Refused("not with these filters")
    for name in _names(chain):
        if name not in _FILTERS:
            raise Refused(f"not with the filter {name[:40]}")


def _names(chain: str) -> Iterator[str]:
    """The filters of a chain; a comma between quotes belongs to an expression."""
    plain = re.sub("'[^']*'", "", chain)
    if "'" in plain:
        raise Refused("not with an open quote")
    for each in plain.split(","):
        yield each.partition("=")[0]
