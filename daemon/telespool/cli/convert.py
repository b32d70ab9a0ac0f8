"""telespool convert IN OUT: the daemon's converter for one file, with a progress bar on a terminal.

With --state DIR the finished pieces are kept there, and a conversion that was broken off goes on behind the last one.
With --max-size SIZE a result that is larger becomes parts that play, OUT-1of3.mp4 and so on; without it, it stays
whole, and a sentence says so where no message could hold it. ffmpeg runs as any program of a person's does, not more
nicely: somebody waits for it. Machines of `convert.helpers` help, and what each made is said.
"""

from __future__ import annotations

import asyncio
import glob
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.config import loader
from telespool.config.schema import LogSettings
from telespool.config.units import read_size
from telespool.destinations.base import ANY_ACCOUNT
from telespool.errors import Permanent
from telespool.media.convert import convert
from telespool.media.pieces.helper import Helpers
from telespool.media.split import split
from telespool.observe import humanize, log
from telespool.observe.terminal import raw
from telespool.runtime.gate import PauseGate
from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from telespool.config.schema import ConvertSettings
    from telespool.media.convert import Outcome, Progress, Rung
    from telespool.media.pieces.helper import Helper

_WIDTH = 30
_DONE = {
    "send": "it plays everywhere as it is, so this is a copy of it",
    "remux": "its streams were copied into an MP4",
    "audio": "its picture was copied and its sound encoded anew",
    "encode": "encoded anew",
}


def run(options: argparse.Namespace) -> int:
    """Convert the file; Permanent if that fails."""
    log.set_up(LogSettings(level="error"))
    config = loader.load(options.config)
    if not options.source.is_file():
        raise Permanent(f"{options.source}: there is no such file.")
    if options.result.exists():
        raise Permanent(f"{options.result} is there already. Remove it, or give another name.")
    if not options.result.parent.is_dir():
        raise Permanent(f"{options.result.parent}: there is no such folder.")
    limit = _limit(options.max_size, options.result)
    state = Path(os.path.realpath(options.state)) if options.state else None
    source, result = (Path(os.path.realpath(path)) for path in (options.source, options.result))
    try:
        asyncio.run(_convert(source, result, state, replace(config.convert, nice=0), limit))
    except Permanent as error:
        raise Permanent(f"{options.source} cannot be converted: {error.reason}") from None
    return 0


def _limit(size: str | None, result: Path) -> int | None:
    """Return the size limit of one part in bytes; None to keep the result whole."""
    if size is None:
        return None
    there = next(result.parent.glob(f"{glob.escape(result.stem)}-*of*.mp4"), None)
    if there is not None:
        raise Permanent(f"{there} is there already. Remove it, or give another name.")
    try:
        return int(read_size(size))
    except ValueError:
        raise Permanent(f"“{size}” is no size. Write it as 500 MB, or 1.5 GiB.") from None


async def _convert(
    source: Path, result: Path, state: Path | None, settings: ConvertSettings, limit: int | None
) -> None:
    kept = state
    helpers = Helpers().of(settings)
    if state is None:
        state = Path(tempfile.mkdtemp(prefix=f".{result.name}.", dir=result.parent))
    try:
        outcome = await _once(source, result, state, settings, helpers)
        after = result.stat().st_size  # noqa: ASYNC240 - a moment
        parts: tuple[Path, ...] = (result,)
        if limit is not None and after > limit:
            try:
                parts = await _in_parts(result, state / "parts", limit, settings)
            except Permanent:
                if outcome.rung == "encode":
                    raise
                # Where its own key frames are too far apart, ours are not.
                result.unlink()  # noqa: ASYNC240 - a moment
                outcome = await _once(source, result, state, settings, helpers, "encode")
                parts = await _in_parts(result, state / "parts", limit, settings)
            after = sum(part.stat().st_size for part in parts)
    finally:
        if sys.stderr.isatty():
            print(file=sys.stderr)
        if kept is None:
            shutil.rmtree(state, ignore_errors=True)
    before = source.stat().st_size  # noqa: ASYNC240 - a moment, at the end
    sizes = f"{humanize.size(before)} became {humanize.size(after)}"
    print(
        f"{result.name}: {_DONE[outcome.rung]}; {sizes}",
        *dict.fromkeys((*outcome.left_behind, *outcome.notes, *_helped(helpers))),
        sep="\n  ",
    )
    if len(parts) > 1:
        print("  in parts that play: " + ", ".join(part.name for part in parts))
    elif after > ANY_ACCOUNT:
        print(
            f"  it is larger than one message may be: dropped into the inbox it is sent in parts;"
            f" --max-size {ANY_ACCOUNT >> 20}MiB makes them here"
        )


def _helped(helpers: tuple[Helper, ...]) -> Iterator[str]:
    """What each helper did, and why it did no more."""
    for state in (helper.state for helper in helpers):
        if state.pieces:
            yield f"helper {state.name}: made {state.pieces} of its pieces"
        if state.failures:
            yield f"helper {state.name}: {state.last_failure}; this machine did its part"


async def _once(
    source: Path,
    result: Path,
    state: Path,
    settings: ConvertSettings,
    helpers: tuple[Helper, ...],
    at_least: Rung = "send",
) -> Outcome:
    return await convert(
        source,
        result,
        settings=settings,
        state=state,
        gate=PauseGate(),
        progress=_bar if sys.stderr.isatty() else None,
        at_least=at_least,
        helpers=helpers,
    )


async def _in_parts(
    result: Path, folder: Path, limit: int, settings: ConvertSettings
) -> tuple[Path, ...]:
    """Replace the result by parts that play; keep it if it cannot be split."""
    disk = FileOps()
    parts = await split(result, folder, max_bytes=limit, settings=settings, gate=PauseGate())
    for part in parts:
        disk.rename(part, result.with_name(part.name))
    disk.unlink(result)
    disk.rmtree(folder)
    return tuple(result.with_name(part.name) for part in parts)


def _bar(state: Progress) -> None:
    full = round(state.fraction * _WIDTH)
    left = f", {state.seconds_left:.0f} s left" if state.seconds_left is not None else ""
    line = f"\r{'█' * full}{'░' * (_WIDTH - full)} {state.fraction:4.0%}, {state.speed:.1f} x{left}\x1b[K"
    print(line, end="", file=raw(sys.stderr), flush=True)
