"""The colours of a film: which filters bring them to what every player shows, and how the result is marked.

Players that read no marks take a film of HD size for BT.709 and a smaller one for BT.601, so that is what is made where
the source leaves a choice, and all of it is marked. HDR (PQ, HLG) and wide colours (BT.2020, P3) become BT.709, for
they would be shown pale. Pure: texts for ffmpeg's command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telespool.media.streams import ProbedStream

WIDE = frozenset({"bt2020", "smpte431", "smpte432"})
_KNOWN = {
    "bt709",
    "smpte170m",
    "bt470bg",
    "smpte240m",
    "fcc",
}  # matrices that ffmpeg's scaler knows
_KEPT = {"bt709", "smpte170m", "bt470bg"}  # those that every player knows
_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb", "x2bgr")
_HD = (1024, 576)  # what is larger on either side is HD


def is_wide(video: ProbedStream) -> bool:
    """Whether its colours reach beyond those of screens, at an ordinary brightness."""
    return not video.hdr and (video.primaries in WIDE or video.matrix.startswith("bt2020"))


def filters(video: ProbedStream, fit: str, width: int, height: int) -> list[str]:
    """The filters that scale (`fit`, ffmpeg's scale with its size) and convert the colours, then name them."""
    if video.hdr:
        return [fit, *_from_hdr(video), "format=yuv420p", _marks("bt709", all_of_it=True)]
    if is_wide(video):
        return [fit, *_from_wide(video), "format=yuv420p", _marks("bt709", all_of_it=True)]
    rgb = video.matrix == "gbr" or video.pixel_format.startswith(_RGB)
    there = video.matrix if video.matrix in _KNOWN else _usual(video.width, video.height)
    made = there if there in _KEPT and not rgb else _usual(width, height)
    if not video.matrix and not rgb:
        made = _usual(width, height)
    scale = f"{fit}:out_color_matrix={_scalers(made)}:out_range=tv"
    if not rgb:
        full = video.full_range or video.pixel_format.startswith("yuvj")
        scale += f":in_color_matrix={_scalers(there)}:in_range={'pc' if full else 'tv'}"
    marks = [_marks(made, all_of_it=rgb and made == "bt709")]
    if not rgb and video.primaries not in {"", "unknown"}:
        marks = [f"{marks[0]}:color_primaries={video.primaries}"]
    return [scale, "format=yuv420p", *marks]


def _usual(width: int, height: int) -> str:
    """What is taken for granted where nothing is said."""
    return "bt709" if max(width, height) > _HD[0] or min(width, height) > _HD[1] else "smpte170m"


def _scalers(matrix: str) -> str:
    return {"bt470bg": "bt470", "smpte170m": "smpte170m"}.get(matrix, matrix)


def _marks(matrix: str, *, all_of_it: bool) -> str:
    more = ":color_primaries=bt709:color_trc=bt709" if all_of_it else ""
    return f"setparams=range=tv:colorspace={matrix}{more}"


def _from_hdr(video: ProbedStream) -> list[str]:
    # The curve is named even where the stream leaves the rest open: zscale refuses to guess.
    return [
        f"zscale=tin={video.transfer}:pin=bt2020:min=bt2020nc:rin=tv:t=linear:npl=100",
        "format=gbrpf32le",
        "zscale=p=bt709",
        "tonemap=tonemap=hable:desat=0",
        "zscale=t=bt709:m=bt709:r=tv",
    ]


def _from_wide(video: ProbedStream) -> list[str]:
    primaries = video.primaries if video.primaries in WIDE else "bt2020"
    matrix = video.matrix if video.matrix in {"bt2020nc", "bt2020c", *_KEPT} else "bt2020nc"
    if primaries != "bt2020" and video.matrix not in _KEPT:
        matrix = "bt709"
    full = "pc" if video.full_range else "tv"
    planar = []
    if video.matrix == "gbr" or video.pixel_format.startswith(_RGB):
        matrix, full, planar = "gbr", "pc", ["format=gbrp"]
    # One curve on both sides: only the primaries are other ones.
    source = f"pin={primaries}:tin=bt709:min={matrix}:rin={full}"
    return [*planar, f"zscale={source}:p=bt709:t=bt709:m=bt709:r=tv"]
