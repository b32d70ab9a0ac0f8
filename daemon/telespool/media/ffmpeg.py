"""How ffmpeg and ffprobe are called: what they may open, what they may use, and what they said.

Every command line begins with `reading(path)`: only local files, and only through demuxers that read the file
they were given. Playlists, concat scripts, scene descriptions and everything else that names further files or
addresses are not on the list, so that nothing inside a file can make them read or ask for anything.

Errors: `ToolFault` where a program is missing, `Temporary` where the disk is full.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

from telespool.errors import Temporary, ToolFault
from telespool.runtime import subprocesses
from telespool.runtime.subprocesses import ChildLimits

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings

LEAST_SPACE = 64 << 20
"""Bytes of the disk that a conversion leaves alone."""

# What ffmpeg says of pictures for which no memory could be large enough.
_TOO_LARGE = re.compile(r"Picture.size.([1-9]\d*)x([1-9]\d*).is.invalid")
_NOT_LISTED = re.compile(r"Format not on whitelist '[^']*'?")
_DEEP_BYTES, _DEEP_TIME = 128 << 20, 600_000_000  # and millionths of a second

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,kux,asf,asf_o,mpegts,mpeg,mpegvideo,h261,h263,h264,hevc,"
    "m4v,ogg,rm,dv,mxf,gif,ivf,nut,wtv,swf,ea,bink,smk,roq,nsv,obu,av1,apng,amv,cavsvideo,dirac,dnxhd,gxf,vc1,mv,"
    "mjpeg,nuv,pva,yuv4mpegpipe,"
    "mp3,aac,ac3,eac3,dts,wav,w64,flac,aiff,amr,caf,wv,ape,tta,au"
)


def program(name: str) -> str:
    """The full path of a program; ToolFault with a sentence where there is none."""
    found = shutil.which(name)
    if found is None:
        raise ToolFault(
            f"The program “{name}” is not installed: videos need ffmpeg (apt install ffmpeg)",
            tool=os.path.basename(name),  # noqa: PTH119 - a word of the configuration, a path or not
        )
    return found


def reading(path: Path, *, deep: bool = False) -> list[str]:
    """The options that open `path`, and nothing else, as the next input.

    `deep` reads on for minutes, instead of seconds, until every stream has shown itself.
    """
    return [
        *(("-probesize", str(_DEEP_BYTES), "-analyzeduration", str(_DEEP_TIME)) if deep else ()),
        *("-protocol_whitelist", "file", "-format_whitelist", DEMUXERS),
        *("-i", f"file:{path.absolute()}"),
    ]


def writing(path: Path) -> str:
    """The name of an output, safe from being read as a pattern, a protocol or an option."""
    return f"file:{path.absolute()}"


def limits(settings: ConvertSettings, *, nice: bool = True) -> ChildLimits:
    """What one ffmpeg may use."""
    return ChildLimits(memory=settings.memory, nice=settings.nice if nice else 0)


def last_words(stderr: bytes | str, lines: int = 3) -> str:
    """The last few different lines that a program said, without addresses and paths."""
    text = stderr.decode("utf-8", "replace") if isinstance(stderr, bytes) else stderr
    if size := _TOO_LARGE.search(text):
        return f"it claims pictures of {size[1]} × {size[2]} pixels, more than can be decoded"
    words: list[str] = []
    for line in reversed(text.splitlines()):
        said = re.sub(r" @ 0x[0-9a-f]+", "", line).strip()
        said = re.sub(r"file:\S*/", "", said)
        said = _NOT_LISTED.sub("a format that is not opened here", said)
        if said and said not in words and "Last message repeated" not in said:
            words.append(said)
        if len(words) == lines:
            break
    return " / ".join(reversed(words)) or "it said nothing"


def check_space(stderr: str) -> None:
    """Raise Temporary where these last words say that the disk is full."""
    if "No space left on device" in stderr or "Disk quota exceeded" in stderr:
        raise disk_full()


def check_free(folder: Path, wanted: int = 0) -> None:
    """Raise Temporary where the disk has less than this and a reserve left."""
    free = shutil.disk_usage(folder).free
    if free < wanted + LEAST_SPACE:
        raise Temporary(
            f"only {free >> 20} MiB are free, too little to convert: free some space, the conversion goes"
            " on by itself",
            scope="all",
        )


def disk_full() -> Temporary:
    """The error of a full disk."""
    return Temporary(
        "the disk is full: free some space, the conversion goes on by itself", scope="all"
    )


async def version(name: str) -> str:
    """What ffmpeg says of itself."""
    _, out, _ = await subprocesses.output([program(name), "-version"])
    return out.decode("utf-8", "replace")
