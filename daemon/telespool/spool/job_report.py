"""The report of a job: what was sent, recovered by conversion, quarantined, left out; how much, and when.

It is made from the names and notes in the folders when nothing of the job lies in a working folder any more, written
into the log as one line and into done/JOB/report.txt for people. It can be made again at any time, and is the same.
The sizes are those of `contents.txt`: the data itself is dropped once it is delivered.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from telespool.config.units import human_count, human_size, human_span
from telespool.runtime import plain_files
from telespool.spool import receipts
from telespool.spool.account import brief, fates
from telespool.spool.ages import GAP, Ages
from telespool.spool.job_captions import tells_of_used
from telespool.spool.layout import CONTENTS, NOTES, SKIPPED
from telespool.spool.names import Job, origins
from telespool.spool.receipts import kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telespool.spool import Spool
    from telespool.spool.account import Fate, FateKind
    from telespool.spool.layout import SpoolLayout

log = structlog.get_logger()

_AHEAD = 60.0
"""Seconds by which the name of a job may be ahead of the clock, where very many came in at one moment."""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one job: members by name, the recovered ones among the sent.

    `bytes` is what was sent, as far as it was noted; `begun` and `ended` are seconds since the epoch, 0 where
    nobody knows.
    """

    job: str
    sent: tuple[str, ...]
    recovered: tuple[str, ...]
    quarantined: tuple[str, ...]
    skipped: tuple[str, ...]
    notes: tuple[str, ...] = ()
    bytes: int = 0
    begun: float = 0.0
    ended: float = 0.0
    took: float | None = None
    """Seconds from the drop to the last message; None where the clock was changed between, as far as that is seen."""
    remarks: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    """Files whose text stands in the chat."""
    unexplained: tuple[str, ...] = ()
    """Files of which nothing says what became of them: there must be none."""
    withdrawn: tuple[str, ...] = ()
    """Files that a person took out of the spool, or moved to done/, before they were sent."""

    @classmethod
    def of(cls, folders: SpoolLayout, job: str) -> Report:
        """Read the history of this job from the folders."""
        sent, recovered, quarantined = [], [], []
        told: set[int] = set()
        for entry in folders.units("done", job):
            for member in folders.members(entry):
                if entry.unit.message is not None:
                    told.update(origins(member.unit.first))
                    sent.append(str(member.unit))
                    if member.unit.kind == "c":
                        recovered.append(str(member.unit))
        for entry in folders.units("quarantine", job):
            why = brief(folders.note(entry))
            because = f" ({why})" if why else ""
            quarantined += [f"{member.unit}{because}" for member in folders.members(entry)]
        parsed = Job.parse(job)
        left_out = folders.lines(job, SKIPPED)
        account = fates(folders, job)
        # What a person removed between its post and the answer is known to have arrived, and lies nowhere.
        sent += [
            each.name
            for each in account
            if each.fate == "delivered" and each.message and each.number not in told
        ]
        begun, ended = parsed.claimed if parsed else 0.0, _ended(folders, job)
        return cls(
            job,
            tuple(sent),
            tuple(recovered),
            tuple(quarantined),
            tuple(line for line in left_out if not tells_of_used(line)),
            tuple(folders.lines(job, NOTES)),
            bytes=sum(line.size for line in receipts.read(folders, job) if line.message),
            begun=begun,
            ended=ended,
            took=_took(folders, begun, ended),
            remarks=(*_kept(folders, job), *receipts.remarks(folders, job)),
            captions=tuple(line for line in left_out if tells_of_used(line)),
            unexplained=_of(account, "unexplained"),
            withdrawn=_of(account, "withdrawn"),
        )

    def lines(self) -> list[str]:
        """Yield it as lines of text."""
        outcome = (
            f"{self.job}: {len(self.sent)} sent, {len(self.recovered)} of them recovered by conversion,"
            f" {len(self.quarantined)} quarantined, {len(self.skipped)} skipped"
        )
        if self.captions:
            outcome += f", {human_count(len(self.captions), 'caption')} used"
        if self.withdrawn:
            outcome += f", {len(self.withdrawn)} withdrawn by hand"
        lines = [outcome]
        if self.sent and self.ended:
            span = "" if self.took is None else f" in {human_span(self.took)}"
            began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.begun))
            lines.append(f"  {human_size(self.bytes)}{span}, dropped {began}")
        lines += [f"  {remark}" for remark in self.remarks]
        told = {"quarantined": self.quarantined, "skipped": self.skipped, "used": self.captions}
        told |= {"not whole": self.notes}
        told |= {"withdrawn": self.withdrawn, "not accounted for": self.unexplained}
        for title, names in told.items():
            lines += [f"  {title}: {name}" for name in names]
        return lines


def _of(told: Iterable[Fate], kind: FateKind) -> tuple[str, ...]:
    return tuple(f"{each.name} ({each.reason})" for each in told if each.fate == kind)


def _kept(folders: SpoolLayout, job: str) -> Iterator[str]:
    """In what size photos are kept where they were sent: of most by itself, of the others together."""
    sides = sorted((max(size) for size in kept(folders, job).values()), reverse=True)
    if not sides:
        return
    rest = [side for side in sides if side < sides[0]]
    line = f"{len(sides) - len(rest)} of {human_count(len(sides), 'photo')} kept at {sides[0]} px"
    if rest:
        least, most = rest[-1], rest[0]
        line += (
            f", {len(rest)} at {most} px"
            if least == most
            else f", {len(rest)} at {least} to {most} px"
        )
    yield line


def _ended(folders: SpoolLayout, job: str) -> float:
    """When the last file of it was delivered."""
    try:
        return plain_files.lstat(folders.job_folder("done", job) / CONTENTS).st_mtime
    except OSError:
        return 0.0


def _took(folders: SpoolLayout, begun: float, ended: float) -> float | None:
    """Seconds between two times of the clock; None where it was surely, or most likely, put to another time between."""
    if not ended or ended < begun - _AHEAD:
        return None
    took = max(0.0, ended - begun)
    if took > GAP and Ages.of(folders, ended, 0.0).doubts(begun, GAP):
        return None
    return took


def close_job(spool: Spool, job: str) -> None:
    """If this job is over, say so and leave its report; at most one report for one outcome."""
    with spool.closing:
        _close(spool, job)


def _close(spool: Spool, job: str) -> None:
    if not spool.is_over(job):
        return
    spool.asked.pop(job, None)
    report = Report.of(spool, job)
    lines = report.lines()
    before = spool.report(job)
    said: list[str] = []
    if before is not None:
        with contextlib.suppress(
            FileNotFoundError
        ):  # a link stands there: it is put right by the rename
            said = plain_files.read_text(before).splitlines()
    left_out = report.skipped or report.captions
    any_fate = report.sent or report.quarantined or left_out or report.withdrawn
    if said == lines or not any_fate:
        return
    spool.remove_passwords(job)  # before the report: without one this is done again after a crash
    spool.write_report(job, lines)
    if report.unexplained:
        log.error("drop.unaccounted", job=job, files=list(report.unexplained))
    if report.withdrawn:
        log.warning("drop.withdrawn", job=job, files=list(report.withdrawn))
    log.info(
        "job.completed",
        job=job,
        sent=len(report.sent),
        recovered=len(report.recovered),
        quarantined=len(report.quarantined),
        skipped=len(report.skipped),
        bytes=report.bytes,
        seconds=round(report.took) if report.sent and report.took is not None else None,
    )
