"""What nobody meant to send: what systems and NAS leave behind, and what a program has not finished writing.

    >>> clutter("DCIM/@eaDir/IMG_1.jpg/SYNOPHOTO_THUMB_XL.jpg")
    'thumbnails of a NAS'
    >>> unfinished("film.mp4.crdownload")
    True

One table for the inbox, for dropped folders and for archives. It goes by names alone and touches nothing. What it
recognises is left where it lies, or left out of a drop and named in the report with the reason given here.
"""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

HIDDEN = "hidden"
LINK = "a link or a device, and no file; drop the file itself"
IGNORED = "matches inbox.ignore"
UNFINISHED = "looks unfinished"
EXPORT = "a picture of an exported page"
THUMBNAIL = "a small picture of the file beside it"

_BIN = "deleted files"
_THUMBNAILS = "thumbnails of a NAS"
_SYSTEM = "left behind by a system"
_CAMERA = "a small copy that a camera keeps"

_FOLDERS = {
    "__macosx": _SYSTEM,
    "#recycle": _BIN,
    "@recycle": _BIN,
    "$recycle.bin": _BIN,
    "recycler": _BIN,
    "recycled": _BIN,
    "network trash folder": _BIN,
    "#snapshot": _SYSTEM,
    "@recently-snapshot": _SYSTEM,
    "@eadir": _THUMBNAILS,
    "@__thumb": _THUMBNAILS,
    "@tmp": _SYSTEM,
    "system volume information": _SYSTEM,
    "temporary items": _SYSTEM,
    "lost+found": "fragments that a repair of a disk found",
    "lost.dir": "fragments that a repair of a disk found",
    "found.000": "fragments that a repair of a disk found",
    "thmbnl": _CAMERA,
}
_FILES = {
    "thumbs.db": _SYSTEM,
    "ehthumbs.db": _SYSTEM,
    "ehthumbs_vista.db": _SYSTEM,
    "desktop.ini": _SYSTEM,
    "icon\r": _SYSTEM,
    "icon_": _SYSTEM,  # how some archives write it
}
_PATTERNS = (
    (re.compile(r"syno(photo|video|file)_.+", re.IGNORECASE), _THUMBNAILS),
    (re.compile(r".+\.(thm|lrv|lrf)", re.IGNORECASE), _CAMERA),
    (re.compile(r".+\.[a-z0-9]{2,5}_original", re.IGNORECASE), "a copy that ExifTool keeps"),
)
_EXPORT_ICON = re.compile(
    r"images/(back|(media|section)_[a-z_]+)(@2x)?\.png", re.IGNORECASE
)  # of Telegram Desktop's export
_THUMB = "_thumb.jpg"

_UNFINISHED_ENDINGS = """
    part filepart partial crdownload download opdownload fdmdownload !qb !ut !sync bts bc! az! jc! ob! bs! uc!
    aria2 kpart kgetpart incomplete xltd td ytdl getright dap octmp upload uploading downloading dltemp
    met temp-download unconfirmed
"""
_UNFINISHED = frozenset(_UNFINISHED_ENDINGS.split())
_UNFINISHED_NAMES = re.compile(
    r"~syncthing~.+|~\$.+|\.part\d+\.tmp|.+\.part-frag\d+|unconfirmed \d+\.crdownload|.+\.octransferid\d+.*",
    re.IGNORECASE,
)


REASONS = frozenset(
    [
        HIDDEN,
        THUMBNAIL,
        *_FOLDERS.values(),
        *_FILES.values(),
        *(why for _, why in _PATTERNS),
        EXPORT,
    ]
)
"""All that `clutter` and `thumbnail` may answer."""


def clutter(path: str) -> str:
    """Return why nobody meant to send a file or folder of this path, "" where no reason is known.

    The parts of the path go from the drop down.
    """
    parts = [part for part in path.split("/") if part not in {"", ".", ".."}]
    for part in parts:
        reason = _FOLDERS.get(part.casefold())
        if reason:
            return reason
        if part.startswith("."):
            return HIDDEN
    if not parts:
        return ""
    name = parts[-1]
    reason = _FILES.get(name.casefold(), "")
    if not reason:
        reason = next((why for pattern, why in _PATTERNS if pattern.fullmatch(name)), "")
    if not reason and _EXPORT_ICON.fullmatch("/".join(parts[-2:])):
        reason = EXPORT
    return reason


def litter(path: str) -> bool:
    """Whether a system left this behind. Less than `clutter` tells: a hidden file may be somebody's."""
    name = path.rstrip("/").rpartition("/")[2]
    return clutter(path) == _SYSTEM or name.startswith("._") or name.casefold() == ".ds_store"


def thumbnail(path: str, siblings: Collection[str]) -> bool:
    """Whether a file is Telegram Desktop's small picture of another that lies beside it (`x_thumb.jpg` of `x.jpg`)."""
    if not path.endswith(_THUMB):
        return False
    stem = path.removesuffix(_THUMB)
    return stem in siblings or f"{stem}.jpg" in siblings


def unfinished(name: str) -> bool:
    """Whether a program says by this name that it still writes the file."""
    ending = name.rpartition(".")[2].casefold() if "." in name else ""
    return ending in _UNFINISHED or _UNFINISHED_NAMES.fullmatch(name) is not None


def stands_for_unfinished(name: str, siblings: Collection[str]) -> bool:
    """Whether a file's neighbour says that the file is not finished (`film.mp4.aria2` beside `film.mp4`)."""
    return any(
        f"{name}.{ending}" in siblings for ending in ("aria2", "part", "!qB", "xltd", "ytdl")
    )


def ignored(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path, or one of its parts, matches a pattern of `inbox.ignore`.

    `*.log` is compared with every part, `raw/` with folders' and files' names, `.aae` is an ending, and what holds
    a slash is compared with the whole path.
    """
    folded = path.casefold()
    parts = [part for part in folded.split("/") if part]
    for each in patterns:
        pattern = each.casefold().rstrip("/")
        if pattern.startswith(".") and not set(pattern) & set("*?["):
            pattern = f"*{pattern}"
        if "/" in pattern:
            if fnmatch.fnmatchcase(folded, pattern):
                return True
        elif any(fnmatch.fnmatchcase(part, pattern) for part in parts):
            return True
    return False
