"""telespool convert IN OUT: the daemon's converter for one file, with a progress bar on a terminal.

With --state DIR the finished pieces are kept there, and a conversion that was broken off goes on behind the last one.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from daemon import config_file
from daemon.errors import Permanent
from daemon.gate import Gate
from daemon.media.convert import convert
from daemon.observe import words

if TYPE_CHECKING:
    import argparse

    from daemon.config import ConvertSettings
    from daemon.media.convert import Progress

_WIDTH = 30
_DONE = {
    "send": "it plays everywhere as it is, so this is a copy of it",
    "remux": "its streams were copied into an MP4",
    "audio": "its picture was copied and its sound encoded anew",
    "encode": "encoded anew",
}


def run(options: argparse.Namespace) -> int:
    """Convert; exit 1 with a sentence where that fails."""
    config = config_file.load(options.config)
    if not options.source.is_file():
        raise Permanent(f"{options.source}: there is no such file.")
    if options.result.exists():
        raise Permanent(f"{options.result} is there already. Remove it, or give another name.")
    if not options.result.parent.is_dir():
        raise Permanent(f"{options.result.parent}: there is no such folder.")
    state = options.state.absolute() if options.state else None
    try:
        asyncio.run(
            _convert(options.source.absolute(), options.result.absolute(), state, config.convert)
        )
    except Permanent as error:
        raise Permanent(f"{options.source} cannot be converted: {error.reason}") from None
    return 0


async def _convert(
    source: Path, result: Path, state: Path | None, settings: ConvertSettings
) -> None:
    kept = state
    if state is None:
        state = Path(tempfile.mkdtemp(prefix=f".{result.name}.", dir=result.parent))
    try:
        outcome = await convert(
            source,
            result,
            settings=settings,
            state=state,
            gate=Gate(),
            progress=_bar if sys.stderr.isatty() else None,
        )
    finally:
        if sys.stderr.isatty():
            print(file=sys.stderr)
        if kept is None:
            shutil.rmtree(state, ignore_errors=True)
    before, after = source.stat().st_size, result.stat().st_size  # noqa: ASYNC240 - a moment, at the end
    sizes = f"{words.size(before)} became {words.size(after)}"
    print(f"{result.name}: {_DONE[outcome.rung]}; {sizes}", *outcome.notes, sep="\n  ")


def _bar(state: Progress) -> None:
    full = round(state.fraction * _WIDTH)
    left = f", {state.seconds_left:.0f} s left" if state.seconds_left is not None else ""
    line = f"\r{'█' * full}{'░' * (_WIDTH - full)} {state.fraction:4.0%}, {state.speed:.1f} x{left}\x1b[K"
    print(line, end="", file=sys.stderr, flush=True)
