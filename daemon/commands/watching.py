"""telespool status --watch: the status, live, twice a second while little lies in the spool, less often while much does."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from daemon.observe import status_lines, words
from daemon.observe.status import Status

if TYPE_CHECKING:
    from collections.abc import Container

    from rich.console import RenderableType

    from daemon.folders import Folders

_PAUSE = 0.5
_SHARE = 4.0  # looking may take a fifth of the time


def watch(folders: Folders, chats: Container[str]) -> int:
    """Show it until Ctrl-C."""
    console = Console()
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(console=console, screen=console.is_terminal, auto_refresh=False) as live,
    ):
        while True:
            begun = time.monotonic()
            live.update(picture(Status.of(folders, chats)), refresh=True)
            time.sleep(max(_PAUSE, (time.monotonic() - begun) * _SHARE))
    return 0


def picture(status: Status) -> RenderableType:
    """What stands on the screen."""
    parts: list[RenderableType] = [
        Text(status_lines.headline(status), style="bold"),
        _table(status),
    ]
    bars = [*_bars(status)]
    for title, found in status_lines.sections(status):
        parts.append(Text(f"\n{title}", style="bold"))
        if title == "Under way" and bars:
            parts += bars
        else:
            style = "red" if title == "Last refused" else ""
            parts += [Padding(Text(line, style=style), (0, 0, 0, 2)) for line in found]
    parts.append(Text("\nCtrl-C ends this; the daemon goes on.", style="dim"))
    return Group(*parts)


def _table(status: Status) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for number, title in enumerate(status_lines.HEAD):
        table.add_column(title, justify="right" if 0 < number < 5 else "left", no_wrap=True)
    for shelf in status.folders:
        style = "red" if shelf.folder == "quarantine" and shelf.units else ""
        table.add_row(*status_lines.row(shelf), style=style if shelf.units else "dim")
    return table


def _bars(status: Status) -> list[RenderableType]:
    activity: dict[str, Any] = status.activity or {}
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    grid.add_column(width=status_lines.WIDTH)
    grid.add_column(no_wrap=True)
    if activity.get("unpacking"):
        grid.add_row("  unpacking", str(activity["unpacking"]), "", "")
    if upload := activity.get("upload"):
        share = upload["sent"] / upload["total"] if upload["total"] else 1.0
        name = f"{words.job(upload['job'])}: {upload['unit']}"
        bar = ProgressBar(100, share * 100, width=status_lines.WIDTH)
        grid.add_row("  uploading", name, bar, status_lines.upload_words(upload))
    if conversion := activity.get("conversion"):
        pieces = next(
            (each.segments for each in status.under_way if each.folder == "converting"), 0
        )
        name = f"{words.job(conversion['job'])}: {conversion['unit']}"
        bar = ProgressBar(100, (conversion["fraction"] or 0.0) * 100, width=status_lines.WIDTH)
        grid.add_row("  converting", name, bar, status_lines.conversion_words(conversion, pieces))
    return [grid] if grid.row_count else []
