"""The child that decodes photos: one request a line on standard input, one answer a line on standard output.

    {"op": "look", "path": "…"}                                    → {"result": {"width": …}}
    {"op": "make", "path": "…", "directory": "…", "again": false}  → {"result": "…/IMG_1.jpg.jpg"}
    {"op": "decode", "path": "…"}                                  → {"result": [width, height]}
    a photo that nobody can decode                                 → {"refused": "a sentence"}
    one of more than `most` pixels                                 → {"large": true}

It runs within limits that its parent sets, and dies with what it decodes at worst. What its libraries warn of is counted
and told with the answer, the first in words; what they print by themselves goes nowhere. `last` says that it ends itself
now, because a large picture has left it large.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from telespool.errors import Permanent
from telespool.media import photo

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
        if 0 < request["most"] < photo.pixels(path):
            return {"large": True}
        directory = Path(request["directory"])
        made = photo.acceptable_photo(path, directory, again=request["again"])
        return {"result": os.fspath(made)}
    except Permanent as error:
        return {"refused": error.reason}
    except OSError as error:
        return {"errno": error.errno, "words": error.strerror, "file": error.filename}


if __name__ == "__main__":
    main()
