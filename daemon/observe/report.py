"""The report of a job: what was sent, recovered by conversion, quarantined, left out.

It is made from the names in the folders when nothing of the job lies in a working folder any more, written into the
log as one line and into done/JOB/report.txt for people. It can be made again at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from daemon.folders import REPORT, SKIPPED

if TYPE_CHECKING:
    from daemon.folders import Folders
    from daemon.spool import Spool

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one job: members by name. Recovered ones are among the sent."""

    job: str
    sent: tuple[str, ...]
    recovered: tuple[str, ...]
    quarantined: tuple[str, ...]
    skipped: tuple[str, ...]

    @classmethod
    def of(cls, folders: Folders, job: str) -> Report:
        """What the folders say of this job now."""
        sent, recovered, quarantined = [], [], []
        for entry in folders.units("done", job):
            for member in folders.members(entry):
                if entry.unit.message is not None:
                    sent.append(str(member.unit))
                    if member.unit.kind == "c":
                        recovered.append(str(member.unit))
        for entry in folders.units("quarantine", job):
            quarantined += [str(member.unit) for member in folders.members(entry)]
        try:
            text = (folders.job_folder("done", job) / SKIPPED).read_text("utf-8", "replace")
        except FileNotFoundError:
            text = ""
        return cls(job, tuple(sent), tuple(recovered), tuple(quarantined), tuple(text.splitlines()))

    def lines(self) -> list[str]:
        """For people."""
        outcome = (
            f"{self.job}: {len(self.sent)} sent, {len(self.recovered)} of them recovered by conversion,"
            f" {len(self.quarantined)} quarantined, {len(self.skipped)} skipped"
        )
        lines = [outcome]
        for title, names in (("quarantined", self.quarantined), ("skipped", self.skipped)):
            lines += [f"  {title}: {name}" for name in names]
        return lines


def close_job(spool: Spool, job: str) -> None:
    """If this job is over, say so and leave its report; at most one report for one outcome."""
    with spool.closing:
        _close(spool, job)


def _close(spool: Spool, job: str) -> None:
    if not spool.is_over(job):
        return
    report = Report.of(spool, job)
    lines = report.lines()
    try:
        said = (spool.job_folder("done", job) / REPORT).read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        said = []
    if said == lines or not (report.sent or report.quarantined or report.skipped):
        return
    spool.write_report(job, lines)
    log.info(
        "complete",
        job=job,
        sent=len(report.sent),
        recovered=len(report.recovered),
        quarantined=len(report.quarantined),
        skipped=len(report.skipped),
    )
