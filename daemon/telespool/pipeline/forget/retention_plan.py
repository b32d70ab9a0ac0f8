"""What done/ may forget: the plan, and its execution. Quarantine is never touched.

    found = plan(spool, settings, chats, now)
    for step in found.steps: carry_out(spool, step)

Archives and originals go after `retention.archives`, or before that, oldest first, where they hold more than
`retention.space`; the receipts (the names) go after `retention.receipts`, and the job with them. Only jobs that are
over are looked at.

Age is not enough: only what is proven to have arrived goes, by size and SHA-256, file by file (`spool.account`). Of an
archive every member must have arrived or lie in quarantine. What was left out, came late or was moved in by a person
stays, and is listed in `kept`; `retention.left_out` may allow what was left out to go with the rest.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telespool.clutter import REASONS
from telespool.observe import humanize
from telespool.runtime import plain_files
from telespool.runtime.hashing import digest_now
from telespool.runtime.trees import files_below
from telespool.spool.account import LeftOut, Proof, one_line
from telespool.spool.ages import Ages
from telespool.spool.completion import FileState
from telespool.spool.delivered_index import DeliveredIndex, Receipt
from telespool.spool.job_captions import is_used
from telespool.spool.layout import CAPTIONS, CONTENTS, MEMBERS, NOTES, REPORT, SKIPPED
from telespool.spool.names import Job, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from telespool.config.schema import RetentionSettings
    from telespool.spool import Spool
    from telespool.spool.layout import Entry, SpoolLayout

_STEM, _ENDING = REPORT.split(".")
_NAMED = 3


@dataclass(frozen=True, slots=True)
class RetentionStep:
    """One thing to forget: the data of a unit, or (without one) a whole job. `size` is what that frees."""

    job: str
    entry: Entry | None
    size: int
    why: str
    files: tuple[FileState, ...] = ()
    """What was proven; anything else stays."""

    def __str__(self) -> str:
        if self.entry is None:
            return f"forget {self.job}: {self.why} ({humanize.size(self.size)})"
        return f"drop {self.job}/{self.entry.unit}: {self.why} ({humanize.size(self.size)})"


@dataclass(frozen=True, slots=True)
class Kept:
    """Something old enough to be forgotten, of which nothing proves that it arrived."""

    job: str
    unit: str
    size: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        some = ", ".join(self.names[:_NAMED])
        more = f" and {len(self.names) - _NAMED} more" if len(self.names) > _NAMED else ""
        return (
            f"keep {self.job}/{self.unit} ({humanize.size(self.size)}): not delivered: {some}{more}"
        )


@dataclass(slots=True)
class RetentionPlan:
    """What is to be forgotten now, oldest job first; and what stays although it is old enough."""

    steps: list[RetentionStep] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    doubted: list[str] = field(default_factory=list)
    """Jobs that are old enough by the clock alone."""

    @property
    def doubt(self) -> str:
        """A sentence about these; empty where there is none."""
        if not self.doubted:
            return ""
        jobs = humanize.count(len(self.doubted), "job")
        return (
            f"The clock says that {jobs} in done/ are old enough to be forgotten ({self.doubted[0]}), but neither the time"
            " since this machine was started nor the drops in between bear that out. They are kept. See that the clock is"
            " right (timedatectl); if it is, they go later by themselves."
        )


def plan(
    folders: SpoolLayout,
    settings: RetentionSettings,
    chats: Mapping[str, str] | None,
    now: float,
    uptime: float,
) -> RetentionPlan:
    """Scan done/. Blocks; files are read once, when they are surely old enough (`spool.ages`).

    `uptime` are the seconds since the machine was started.
    """
    found = RetentionPlan()
    ages = Ages.of(folders, now, uptime)
    young: list[tuple[str, Entry]] = []
    judge = _Judge(folders, settings, DeliveredIndex(folders, chats))
    for job in folders.jobs("done"):
        parsed = Job.parse(job)
        age = ages.age(parsed.claimed) if parsed is not None else 0.0
        if parsed is not None and ages.doubts(parsed.claimed, settings.archives):
            found.doubted.append(job)
        # Most jobs are young: by their names alone.
        young_enough = age <= settings.archives and not settings.space
        if parsed is None or young_enough or not folders.is_over(job):
            continue
        with contextlib.suppress(PermissionError):  # some of it belongs to somebody else by now
            holding = [entry for entry in folders.units("done", job) if _size(entry.path)]
            if age <= settings.archives:
                young += [(job, entry) for entry in holding]
            else:
                _of_old_job(found, judge, job, holding, age)
    if settings.space:
        _for_space(found, judge, young, settings.space)
    return found


def _of_old_job(
    found: RetentionPlan, judge: _Judge, job: str, holding: list[Entry], age: float
) -> None:
    """Forget what of it is proven to have arrived; of one that is old enough for that, the receipts too."""
    settings = judge.settings
    steps, kept = judge.job(job, holding, f"it is {humanize.span(age)} old")
    found.kept += kept
    if age > max(settings.receipts, settings.archives) and not kept and not judge.strangers(job):
        size = _size(judge.folders.job_folder("done", job))
        files = tuple(state for step in steps for state in step.files)
        told = f"its receipts are {humanize.span(age)} old"
        found.steps.append(RetentionStep(job, None, size, told, files))
    else:
        found.steps += steps


def _for_space(
    found: RetentionPlan, judge: _Judge, young: list[tuple[str, Entry]], space: int
) -> None:
    """Forget the oldest of those that are young enough to stay, until the rest fits."""
    over = sum(_size(entry.path) for _, entry in young) + sum(each.size for each in found.kept)
    over -= space
    why = f"done/ holds more than {humanize.size(space)}"
    for job, entry in young:
        if over <= 0:
            break
        try:
            steps, kept = judge.job(job, [entry], why)
        except PermissionError:
            continue
        found.steps += steps
        found.kept += kept
        over -= sum(step.size for step in steps)


def carry_out(spool: Spool, step: RetentionStep) -> None:
    """Forget it. It is safe while the daemon runs, and finished at the next start if it is broken off."""
    if step.entry is None:
        spool.forget(step.job, step.files)
    else:
        spool.forget_data(step.entry, step.files)


class _Judge:
    """Says what of a job may go."""

    def __init__(
        self, folders: SpoolLayout, settings: RetentionSettings, delivered: DeliveredIndex
    ) -> None:
        self.folders = folders
        self.settings = settings
        self.delivered = delivered

    def job(
        self, job: str, entries: list[Entry], why: str
    ) -> tuple[list[RetentionStep], list[Kept]]:
        """The steps for these units that hold data, and those that stay."""
        if not entries:
            return [], []
        steps, kept = [], []
        proof = Proof(self.folders, job)
        for entry in entries:
            going, lacking = self._unit(entry, proof)
            size = _weight(going)
            if going:
                steps.append(RetentionStep(job, entry, size, why, going))
            if lacking:
                rest = _size(entry.path) - size
                kept.append(Kept(job, str(entry.unit), rest, tuple(lacking)))
        return steps, kept

    def strangers(self, job: str) -> bool:
        """Whether files lie among the receipts that are none of ours."""
        folder = self.folders.job_folder("done", job)
        ours = {CAPTIONS, CONTENTS, MEMBERS, NOTES, SKIPPED}
        for name, state in files_below(folder):
            report = name.startswith(_STEM) and name.endswith(_ENDING)
            known = name in ours or report or Unit.parse(name.partition("/")[0]) is not None
            if not known and state.st_size:
                return True
        return False

    def _unit(self, entry: Entry, proof: Proof) -> tuple[tuple[FileState, ...], list[str]]:
        """The files of a unit that may go; and the names of what keeps the others."""
        if entry.unit.first == 0 and self.folders.archive_in(entry) is not None:
            lacking = [*proof.lacking(), *self._left_out(entry.job, proof)]
            return (() if lacking else tuple(_states(entry.path))), lacking
        going, lacking = [], []
        reasons = {each.name: each for each in proof.account.left_out}
        for state in _states(entry.path):
            name = (
                state.path.relative_to(entry.path).as_posix()
                if plain_files.is_directory(entry.path)
                else ""
            )
            left_out = reasons.get(one_line(name))
            if (left_out is not None and self._allowed(entry.job, left_out)) or self._proven(
                state, proof
            ):
                going.append(state)
            else:
                lacking.append(name or entry.unit.shown)
        return tuple(going), lacking

    def _left_out(self, job: str, proof: Proof) -> Iterator[str]:
        for each in proof.account.left_out:
            if each.digest and proof.covers(each.size, each.digest):
                continue  # the same file of this drop has arrived
            if not self._allowed(job, each):
                yield f"{each.name} ({each.reason})"

    def _allowed(self, job: str, left_out: LeftOut) -> bool:
        """Whether this may go although it was not sent: it holds nothing, was sent before, or the user says so."""
        if (
            self.settings.left_out == "forget"
            or left_out.reason == "empty"
            or is_used(left_out.reason)
        ):
            return True
        if left_out.digest:
            wanted = Receipt(0, 0, left_out.size, left_out.digest, left_out.name)
            return (self.delivered.before(job, wanted) or "").startswith("was sent")
        return self.settings.left_out == "clutter" and left_out.reason in REASONS

    @staticmethod
    def _proven(state: FileState, proof: Proof) -> bool:
        if state.link:
            return False
        if not state.size or proof.is_quarantined(state.device, state.inode):
            return True
        return proof.of_size(state.size) and proof.covers(state.size, _digest(state.path))


def _digest(path: Path) -> str:
    try:
        return digest_now(path)
    except OSError:
        return ""


def _states(path: Path) -> Iterator[FileState]:
    """The files of a unit as they are now."""
    if plain_files.is_directory(path):
        for name, state in files_below(path):
            yield FileState.of(path / name, state)
    else:
        yield FileState.of(path, plain_files.lstat(path))


def _weight(states: tuple[FileState, ...]) -> int:
    """Bytes of these files; a file with several names counts once."""
    return sum({(each.device, each.inode): each.size for each in states}.values())


def _size(path: Path) -> int:
    """Bytes below a path; a file with several names counts once."""
    try:
        return _weight(tuple(_states(path)))
    except FileNotFoundError:
        return 0
