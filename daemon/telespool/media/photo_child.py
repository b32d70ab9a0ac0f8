"""The child that decodes photos: one request a line on standard input, one answer a line on standard output.

    {"op": "look", "path": "…"}                                    → {"result": {"width": …}}
    {"op": "make", "path": "…", "directory": "…", "again": false, "longest": 0, "preview": true}
                                                                 → {"result": ["…/IMG_1.jpg.jpg", [640, 480, "base64"]]}
    {"op": "preview", "path": "…"}                                 → {"result": [640, 480, "base64"]}
    {"op": "decode", "path": "…"}                                  → {"result": [width, height]}
    a photo that nobody can decode                                 → {"refused": "a sentence"}
    one of more than `most` pixels                                 → {"large": true}

It runs within limits that its parent sets, and dies with what it decodes at worst. What its libraries warn of is
counted and told with the answer, the first in words; what they print by themselves goes nowhere. `last` says that it
ends itself now, because a large picture has left it large.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import resource
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telespool.errors import Permanent
from telespool.media import photo, preview

if TYPE_CHECKING:
    from PIL import Image

    from telespool.model import Picture

    _Told = tuple[int, int, str | bytes | None]

READY = b"ready\n"
_LARGE = 192 << 10  # KiB that it may have held and still be kept


class _Warnings(logging.Handler):
    """Counts what libraries say, by Python's warnings and by its logging."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0
        self.first = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.take(record.getMessage())

    def take(self, text: str) -> None:
        """One more."""
        self.count += 1
        self.first = self.first or " ".join(text.split())[:200]


def main() -> None:
    """Answer until nobody asks any more."""
    with os.fdopen(os.dup(1), "wb", buffering=0) as answers:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        answers.write(READY)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        for line in sys.stdin.buffer:
            said = _Warnings()
            _listen(said)
            answer = _answer(json.loads(line))
            answer["warnings"], answer["warning"] = said.count, said.first
            answer["last"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > _LARGE
            answers.write(json.dumps(answer).encode() + b"\n")
            if answer["last"]:
                return


def _listen(said: _Warnings) -> None:
    def show(message: Warning | str, *_: object) -> None:
        said.take(str(message))

    warnings.simplefilter("always")
    warnings.showwarning = show  # type: ignore[assignment]  # where it comes from does not matter here
    logging.getLogger().handlers = [said]


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    path = Path(request["path"])
    try:
        if request["op"] == "look":
            return {"result": asdict(photo.look(path))}
        if request["op"] == "decode":
            return {"result": photo.decode(path)}
        if request["op"] == "preview":
            return {"result": _told(preview.of_file(path, moves=True))}
        if 0 < request["most"] < photo.pixels(path):
            return {"large": True}
        directory = Path(request["directory"])
        how = {"again": request["again"], "longest": request["longest"]}
        return {"result": _made(path, directory, show=request["preview"], **how)}
    except Permanent as error:
        return {"refused": error.reason}
    except OSError as error:
        return {"errno": error.errno, "words": error.strerror, "file": error.filename}


def _made(path: Path, directory: Path, *, show: bool, **how: Any) -> tuple[str, _Told | None]:
    """Where the acceptable photo lies, and how it is shown. One that is taken as it is, is decoded once for both."""
    seen: list[Picture] = []

    def decode(image: Image.Image) -> None:
        seen.append(preview.of_image(image, path.stat().st_size))

    if not show:
        return os.fspath(photo.acceptable_photo(path, directory, **how)), None
    made = photo.acceptable_photo(path, directory, decode=decode, **how)
    return os.fspath(made), _told(preview.of_file(made) if made != path else seen[-1])


def _told(picture: Picture | None) -> _Told | None:
    if picture is None:
        return None
    shown = picture.preview
    return picture.width, picture.height, shown and base64.b64encode(shown).decode()


if __name__ == "__main__":
    main()
