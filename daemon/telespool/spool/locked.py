"""Jobs of which this process may not read a folder: they are passed over, so that they hold up nobody.

Root restored a backup, or somebody made a folder by hand: the folder of a job belongs to another user. Reading blocks.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from telespool.spool import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from telespool.spool.layout import Entry, Folder


class LockedJobs:
    """What could not be read when it was looked at last."""

    def __init__(self) -> None:
        self._errors: dict[tuple[Folder, str], PermissionError] = {}
        self._unrecovered: dict[str, PermissionError] = {}

    def __bool__(self) -> bool:
        return bool(self._errors or self._unrecovered)

    def errors(self) -> dict[str, PermissionError]:
        """Each job with what the kernel said of one of its folders."""
        return {job: error for (_, job), error in list(self._errors.items())} | self._unrecovered

    @property
    def unrecovered(self) -> list[str]:
        """Jobs in which nothing was put right after an earlier process: until then nobody takes anything from them."""
        return sorted(self._unrecovered)

    @contextlib.contextmanager
    def unrecovered_where_refused(self, job: str) -> Iterator[None]:
        """Pass over this job where the kernel refuses what is done to it here."""
        try:
            yield
        except PermissionError as error:
            self._unrecovered[job] = error

    def is_recovered(self, job: str) -> None:
        """What was left in this job has been put right."""
        self._unrecovered.pop(job, None)

    def look_again(self, units: Callable[[Folder, str], list[Entry]]) -> None:
        """Forget what can be read by now."""
        for folder, job in list(self._errors):
            with contextlib.suppress(PermissionError):
                units(folder, job)
                self._errors.pop((folder, job), None)

    def pass_over(
        self, folder: Folder, jobs: list[str], units: Callable[[Folder, str], list[Entry]]
    ) -> Iterator[Entry]:
        """Give the units of these jobs in a folder, but for those of jobs that are locked there or elsewhere."""
        for key in list(self._errors):
            if key[0] == folder and key[1] not in jobs:
                self._errors.pop(key, None)
        for job in jobs:
            try:
                found = units(folder, job)
            except PermissionError as error:
                self._errors[folder, job] = error
                continue
            self._errors.pop((folder, job), None)
            if not self or job not in self.errors():
                yield from found


def holds_readable_unit(path: Path) -> bool:
    """Whether any unit lies in the folder of a job, and can be taken from there."""
    try:
        return listing.holds_unit(path)
    except PermissionError:
        return False
