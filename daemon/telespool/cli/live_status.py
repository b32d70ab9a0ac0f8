"""telespool status --watch: the status, live, twice a second; less often while very much lies in the spool."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from telespool.observe import humanize, status_text
from telespool.observe.status import Status
from telespool.observe.terminal import harmless, raw

if TYPE_CHECKING:
    from collections.abc import Container

    from rich.console import RenderableType

    from telespool.spool.layout import SpoolLayout

_PAUSE = 0.5
_WIDE = 100  # columns; a narrower screen has no room for what the folders mean
_NARROW_BAR = 16
_SHARE = 4.0  # looking may take a fifth of the time


def watch(folders: SpoolLayout, chats: Container[str], topics: Container[str] = ()) -> int:
    """Show the status until Ctrl-C."""
    console = Console(file=raw(sys.stdout))
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(console=console, screen=console.is_terminal, auto_refresh=False) as live,
    ):
        while True:
            begun = time.monotonic()
            live.update(picture(Status.of(folders, chats, topics), console.width), refresh=True)
            time.sleep(max(_PAUSE, (time.monotonic() - begun) * _SHARE))
    return 0


def picture(status: Status, width: int = _WIDE) -> RenderableType:
    """Return what is shown on a screen of this width (in columns)."""
    narrow = width < _WIDE
    parts: list[RenderableType] = [
        Text(harmless(status_text.headline(status)), style="bold"),
        _table(status, narrow=narrow),
    ]
    bars = _bars(status, _NARROW_BAR if narrow else status_text.WIDTH)
    for title, found in status_text.sections(status):
        parts.append(Text(f"\n{title}", style="bold"))
        if title == "Under way" and bars:
            parts += bars
        else:
            style = "red" if title == "Last refused" else ""
            parts += [Padding(Text(harmless(line), style=style), (0, 0, 0, 2)) for line in found]
    parts.append(Text("\nCtrl-C ends this; the daemon goes on.", style="dim"))
    return Group(*parts)


def _table(status: Status, *, narrow: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    head = status_text.HEAD[:-1] if narrow else status_text.HEAD
    for number, title in enumerate(head):
        table.add_column(title, justify="right" if 0 < number < 5 else "left", no_wrap=True)
    for shelf in status.folders:
        style = "red" if shelf.folder == "quarantine" and shelf.units else ""
        table.add_row(*status_text.row(shelf)[: len(head)], style=style if shelf.units else "dim")
    return table


def _bars(status: Status, width: int) -> list[RenderableType]:
    """Return a progress bar below the name of each thing under way."""
    activity: dict[str, Any] = status.activity or {}
    rows: list[RenderableType] = []
    if activity.get("unpacking"):
        rows.append(_named("unpacking", str(activity["unpacking"])))
    if upload := activity.get("upload"):
        share = upload["sent"] / upload["total"] if upload["total"] else 1.0
        rows.append(_named("uploading", f"{humanize.job(upload['job'])}: {upload['unit']}"))
        rows.append(_bar(share, width, status_text.upload_words(upload)))
    if conversion := activity.get("conversion"):
        pieces = next(
            (each.segments for each in status.under_way if each.folder == "converting"), 0
        )
        rows.append(
            _named("converting", f"{humanize.job(conversion['job'])}: {conversion['unit']}")
        )
        said = status_text.conversion_words(conversion, pieces)
        rows.append(_bar(conversion["fraction"] or 0.0, width, said))
    return rows


def _named(doing: str, name: str) -> Text:
    return Text(f"  {doing:<12}{harmless(name)}", no_wrap=True, overflow="ellipsis")


def _bar(share: float, width: int, said: str) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=12)
    grid.add_column(width=width)
    grid.add_column()
    grid.add_row("", ProgressBar(100, share * 100, width=width), said)
    return grid
