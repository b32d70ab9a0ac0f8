"""What done/ may forget: the plan, and its execution. Quarantine is never touched.

    for step in plan(folders, settings, now): carry_out(spool, step)

Archives and originals go after `retention.archives`, or before that, oldest first, where they hold more than
`retention.space`; the receipts (the names) go after `retention.receipts`, and the job with them. Only jobs that are
over are looked at. Delivered files of a job whose archive is kept hold no data in the first place.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.observe import humanize
from telespool.spool.names import Job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.config.schema import RetentionSettings
    from telespool.spool import Spool
    from telespool.spool.layout import Entry, SpoolLayout


@dataclass(frozen=True, slots=True)
class RetentionStep:
    """One thing to forget: the data of a unit, or (without one) a whole job. `size` is what that frees."""

    job: str
    entry: Entry | None
    size: int
    why: str

    def __str__(self) -> str:
        if self.entry is None:
            return f"forget {self.job}: {self.why} ({humanize.size(self.size)})"
        return f"drop {self.job}/{self.entry.unit}: {self.why} ({humanize.size(self.size)})"


def plan(folders: SpoolLayout, settings: RetentionSettings, now: float) -> list[RetentionStep]:
    """What is to be forgotten now, oldest job first."""
    steps: list[RetentionStep] = []
    kept: list[RetentionStep] = []
    for job in folders.jobs("done"):
        parsed = Job.parse(job)
        if parsed is None or not folders.is_over(job):
            continue
        age = now - parsed.claimed
        if age > max(settings.receipts, settings.archives):
            size = _size(folders.job_folder("done", job))
            steps.append(
                RetentionStep(job, None, size, f"its receipts are {humanize.span(age)} old")
            )
            continue
        holding = list(_holding(folders, job, f"it is {humanize.span(age)} old"))
        (steps if age > settings.archives else kept).extend(holding)
    return steps + _for_space(kept, settings.space)


def _for_space(kept: list[RetentionStep], space: int) -> list[RetentionStep]:
    if not space:
        return []
    over = sum(step.size for step in kept) - space
    steps = []
    for step in kept:
        if over <= 0:
            break
        over -= step.size
        why = f"done/ holds more than {humanize.size(space)}"
        steps.append(RetentionStep(step.job, step.entry, step.size, why))
    return steps


def carry_out(spool: Spool, step: RetentionStep) -> None:
    """Forget it. It is safe while the daemon runs, and finished at the next start if it is broken off."""
    if step.entry is None:
        spool.forget(step.job)
    else:
        spool.forget_data(step.entry)


def _holding(folders: SpoolLayout, job: str, why: str) -> Iterator[RetentionStep]:
    """The units of a job that hold data: the drop, originals, and files that were dropped by themselves."""
    for entry in folders.units("done", job):
        size = _size(entry.path)
        if size:
            yield RetentionStep(job, entry, size, why)


def _size(path: Path) -> int:
    """Bytes below a path; a file with several names counts once."""
    seen: dict[tuple[int, int], int] = {}
    try:
        paths = (
            [path]
            if not path.is_dir()
            else [Path(directory, name) for directory, _, names in os.walk(path) for name in names]
        )
        for each in paths:
            state = each.lstat()
            seen[state.st_dev, state.st_ino] = state.st_size
    except FileNotFoundError:
        pass
    return sum(seen.values())
