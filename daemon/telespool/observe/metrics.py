"""Numbers for Prometheus, named telespool_*: what lies in the folders, and what has happened since the start.

    metrics = Metrics(spool, activity, destination="telegram")
    metrics.count()                       # scan the folders; blocks about a second for 100,000 units
    metrics.write(path)                   # for node_exporter's textfile collector: complete or not at all
    with metrics.served("127.0.0.1:9464"): ...

What the folders say survives every restart: receipts are counted from the names in done/, so they begin where they
were. What they cannot say (bytes on the line, seconds waited, recoveries) begins at 0, which Prometheus expects of
counters. Serving shows the last count; it never looks through the folders by itself. `OSError` leaves where the file
cannot be written or the address is taken.
"""

from __future__ import annotations

import contextlib
import re
import time
from typing import TYPE_CHECKING, get_args

from prometheus_client import (
    CollectorRegistry,
    generate_latest,
    start_http_server,
    write_to_textfile,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from telespool import __version__
from telespool.errors import WaitKind
from telespool.observe.status import Status
from telespool.runtime import plain_files
from telespool.spool.layout import CONTENTS, note_path
from telespool.spool.note_text import reason_in

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from pathlib import Path

    from prometheus_client import Metric

    from telespool.observe.progress import Activity
    from telespool.spool.layout import SpoolLayout

_ERROR = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
# The first whose words stand in a note names its reason; metrics need few different ones.
_REASONS = (
    ("duplicate", "was sent before"),
    ("password", "password"),
    ("damaged", "damaged"),
    ("deaths", "the process died"),
    ("internal error", "internal error"),
    ("too old", "could not be sent for"),
    ("limit", "more than"),
    ("limit", "larger"),
    ("nothing inside", "there is no photo or video in"),
    ("nothing inside", "there is nothing inside"),
    ("unreadable", "cannot be read"),
    ("unreadable", "is no photo or video"),
    ("conversion", "conver"),
)


def reason_of(note: str) -> str:
    """One of few reasons for the sentence of a note; Telegram's errors by their names."""
    if error := _ERROR.search(note):
        return error[0]
    text = note.lower()
    return next((reason for reason, words in _REASONS if words in text), "other")


class Metrics(Collector):
    """The numbers as they were at the last count."""

    def __init__(
        self,
        folders: SpoolLayout,
        activity: Activity,
        *,
        chats: Container[str] = (),
        topics: Container[str] = (),
        destination: str = "",
        flood_seconds: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._folders = folders
        self._activity = activity
        self._chats, self._topics = chats, topics
        self._destination = destination
        self._flood_seconds = flood_seconds
        self._reasons: dict[Path, str] = {}
        self._families: list[Metric] = []
        self._up = True
        self._before: tuple[int, int] | None = None
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """The last count."""
        up = GaugeMetricFamily("telespool_up", "Whether the daemon runs.", value=float(self._up))
        return [up, *self._families]

    def end(self) -> None:
        """The daemon ends: the last numbers say so."""
        self._up = False

    def count(self) -> None:
        """Scan the folders and take the numbers. Blocks."""
        status = Status.of(self._folders, self._chats, self._topics, ask=False)
        self._families = [
            self._info(),
            *self._of_folders(status),
            *self._of_events(),
            *self._of_quarantine(),
        ]

    def write(self, path: Path) -> None:
        """Write them to a file, by a rename beside it."""
        write_to_textfile(str(path), self.registry)

    def text(self) -> str:
        """The numbers as Prometheus reads them."""
        return generate_latest(self.registry).decode()

    @contextlib.contextmanager
    def served(self, address: str) -> Iterator[int]:
        """Answer HTTP at host:port while the `with` lasts; gives the port (asked for 0, any)."""
        host, _, port = address.rpartition(":")
        server, thread = start_http_server(int(port), host.strip("[]"), self.registry)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _info(self) -> Metric:
        values = {"version": __version__, "destination": self._destination}
        return InfoMetricFamily("telespool", "What runs.", value=values)

    def _of_folders(self, status: Status) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("telespool_jobs", "Jobs in a folder.", labels=["folder"])
        units = GaugeMetricFamily("telespool_units", "Units in a folder.", labels=["folder"])
        files = GaugeMetricFamily("telespool_files", "Files in a folder.", labels=["folder"])
        sizes = GaugeMetricFamily("telespool_bytes", "Bytes in a folder.", labels=["folder"])
        oldest = GaugeMetricFamily(
            "telespool_oldest_job_timestamp_seconds",
            "When the oldest job of a folder was claimed.",
            labels=["folder"],
        )
        for shelf in status.folders:
            jobs.add_metric([shelf.folder], shelf.jobs)
            units.add_metric([shelf.folder], shelf.units)
            files.add_metric([shelf.folder], shelf.files)
            sizes.add_metric([shelf.folder], shelf.bytes)
            if shelf.oldest is not None:
                oldest.add_metric([shelf.folder], shelf.oldest)
        yield from (jobs, units, files, sizes, oldest)
        deferred = GaugeMetricFamily(
            "telespool_deferred_units", "Units in deferred/, by what they wait for.", labels=["for"]
        )
        deferred.add_metric(["conversion"], status.to_convert)
        deferred.add_metric(["time"], status.waiting_count)
        yield deferred
        waits = GaugeMetricFamily(
            "telespool_waits", "Waits of this moment, by what is waited for.", labels=["for"]
        )
        now = self._activity.waits.now(time.time())
        for kind in get_args(WaitKind):
            waits.add_metric([kind], sum(wait.kind == kind for wait in now))
        yield waits
        yield GaugeMetricFamily("telespool_inbox_entries", "Entries of the inbox.", status.inbox)
        yield GaugeMetricFamily("telespool_free_bytes", "Free space of the spool.", status.free)
        last = self._last_success()
        if last:
            name = "telespool_last_success_timestamp_seconds"
            yield GaugeMetricFamily(name, "When a file was delivered last.", last)

    def _last_success(self) -> float:
        newest = 0.0
        for job in self._folders.jobs("done"):
            with contextlib.suppress(OSError):
                path = self._folders.job_folder("done", job) / CONTENTS
                newest = max(newest, path.stat().st_mtime)
        return newest

    def _receipts(self) -> tuple[int, int]:
        """Files with a receipt, and the converted copies among them, as they were at the start."""
        if self._before is None:
            files = copies = 0
            for entry in self._folders.all_units("done"):
                if entry.unit.message is not None:
                    members = self._folders.members(entry)
                    files += len(members)
                    copies += sum(member.unit.kind == "c" for member in members)
            counts = self._activity.counts
            # What this process has delivered already is in the folders too.
            self._before = (
                max(0, files - counts["delivered"]),
                max(0, copies - counts["conversions_succeeded"]),
            )
        return self._before

    def _of_events(self) -> Iterator[Metric]:
        counts = self._activity.counts
        files, copies = self._receipts()
        yield CounterMetricFamily(
            "telespool_delivered_files", "Files that were delivered.", files + counts["delivered"]
        )
        conversions = CounterMetricFamily(
            "telespool_conversions", "Conversions that ended, by how.", labels=["result"]
        )
        conversions.add_metric(["succeeded"], copies + counts["conversions_succeeded"])
        conversions.add_metric(["given_up"], counts["conversions_given_up"])
        yield conversions
        yield SummaryMetricFamily(
            "telespool_conversion_seconds",
            "Seconds that finished conversions took, waiting included.",
            count_value=counts["conversions_succeeded"],
            sum_value=counts["conversion_seconds"],
        )
        yield from self._of_helpers()
        for name, what, value in (
            ("telespool_recoveries", "What was put right after a crash.", counts["recoveries"]),
            ("telespool_uploaded_bytes", "Bytes that have arrived.", self._activity.meter.total),
            (
                "telespool_flood_wait_seconds",
                "Seconds that Telegram told us to wait.",
                self._flood_seconds(),
            ),
        ):
            yield CounterMetricFamily(name, what, value)
        yield GaugeMetricFamily(
            "telespool_upload_bytes_per_second", "The speed of uploads.", self._activity.meter.speed
        )
        yield GaugeMetricFamily(
            "telespool_start_timestamp_seconds", "When the daemon started.", self._activity.since
        )

    def _of_helpers(self) -> Iterator[Metric]:
        helpers = self._activity.helpers
        if not helpers:
            return
        pieces = CounterMetricFamily(
            "telespool_helper_pieces", "Pieces that other machines have encoded.", labels=["helper"]
        )
        failures = CounterMetricFamily(
            "telespool_helper_failures",
            "Pieces that were lost with another machine, and times it could not be asked.",
            labels=["helper"],
        )
        speeds = GaugeMetricFamily(
            "telespool_helper_speed_ratio",
            "Seconds of film to a second, at the last piece.",
            labels=["helper"],
        )
        for helper in helpers:
            pieces.add_metric([helper.name], helper.pieces)
            failures.add_metric([helper.name], helper.failures)
            speeds.add_metric([helper.name], helper.speed)
        yield from (pieces, failures, speeds)

    def _of_quarantine(self) -> Iterator[Metric]:
        found: dict[Path, str] = {}
        for entry in self._folders.all_units("quarantine"):
            note = note_path(entry.path)
            reason = self._reasons.get(note)
            if reason is None:
                try:
                    reason = reason_of(reason_in(plain_files.read_text(note)))
                except OSError:
                    reason = "unknown"
            found[note] = reason
        self._reasons = found
        family = GaugeMetricFamily(
            "telespool_quarantined_units", "Units in quarantine, by reason.", labels=["reason"]
        )
        for reason in sorted(set(found.values())):
            family.add_metric([reason], sum(each == reason for each in found.values()))
        yield family
