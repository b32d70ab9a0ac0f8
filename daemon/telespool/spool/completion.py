"""The end of a job: its report and receipts in done/, and what is forgotten of them in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.spool.layout import NOTES, REPORT, SKIPPED, Entry
from telespool.spool.names import Unit
from telespool.spool.transition import Moves, is_noted

if TYPE_CHECKING:
    from collections.abc import Sequence


class Endings(Moves):
    """Writes reports, and forgets."""

    def note_skipped(self, job: str, lines: Sequence[str]) -> None:
        """Leave the list of what was left out of a job beside its receipts."""
        self._write_in_done(job, SKIPPED, lines)

    def add_notes(self, job: str, lines: Sequence[str]) -> None:
        """Add to what is said of files that were not sent whole, each line once."""
        try:
            text = (self.job_folder("done", job) / NOTES).read_text("utf-8", "replace")
        except FileNotFoundError:
            text = ""
        there = text.splitlines()
        if added := [line for line in lines if line not in there]:
            self._write_in_done(job, NOTES, [*there, *added])

    def write_report(self, job: str, lines: Sequence[str]) -> None:
        """Leave the report of a finished job beside its receipts; one that was told before is out of date."""
        told = self.report(job)
        self._write_in_done(job, REPORT, lines)
        if told is not None and told.name != REPORT:
            self.disk.unlink(told)
        self.changed(["done"])

    def report_told(self, job: str, message: int) -> None:
        """Write the receipt of a report into its name."""
        report = self.job_folder("done", job) / REPORT
        self.disk.rename(
            report, report.with_name(f"{report.stem}+{message}{report.suffix}")
        )  # commit
        self.disk.fsync(report.parent)

    def _write_in_done(self, job: str, name: str, lines: Sequence[str]) -> None:
        target = self.job_folder("done", job) / name
        self.make(target.parent)
        staged = self.tmp / f"{job}.{name}"
        self.disk.unlink(staged)
        self.disk.write(staged, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
        self.disk.replace(staged, target)  # commit
        self.disk.fsync(target.parent)

    def forget(self, job: str) -> None:
        """Remove a job from done/ for good. The rename to tmp/ commits; tmp/ is emptied at every start."""
        grave = self.tmp / f"{job}.forgotten"
        self.disk.rename(self.job_folder("done", job), grave)  # commit
        self.disk.fsync(self.root / "done")
        self.disk.rmtree(grave)
        self.changed(["done"])

    def forget_data(self, entry: Entry) -> None:
        """Remove an archive or an original from done/; the receipts stay."""
        if entry.unit.first == 0:
            self.disk.rmtree(entry.path)
        else:
            for member in self.members(entry):
                self.disk.truncate(member.path)
        self.changed(["done"])

    def drop_orphan_notes(self, job: str) -> None:
        """Remove notes whose file is not (or no longer) in quarantine."""
        for note in self.job_folder("quarantine", job).glob("*.txt"):
            file = note.with_suffix("")
            if Unit.parse(file.name) and not file.exists() and not is_noted(note):
                self.disk.unlink(note)
