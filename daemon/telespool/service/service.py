"""The daemon: open the spool, start the workers, stop them.

    inbox ──► intake ──► uploader ──► (done)
                │           ▲ │
                └─► deferred ─┴─► converter

`run` returns when it is cancelled or, with `until_idle`, when there is nothing left to do. Whatever happens, what is
under way is broken off cleanly: children are dead, marks of attempts are taken back, the lock is given back. What
leaves it, from `errors`: ConfigError, SpoolBusy, LoginNeeded, Temporary.

If systemd started this process, it is notified of its state (`service/watchdog.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from telespool.archives.engine import Engine
from telespool.config.paths import posts
from telespool.config.secrets import Secrets
from telespool.errors import TelespoolError, Temporary, ToolFault, first_of
from telespool.observe import control_socket
from telespool.observe.progress import Activity
from telespool.pipeline.claim.inbox import Inbox
from telespool.pipeline.convert.converter import Converter
from telespool.pipeline.forget.retention import Retention
from telespool.pipeline.report_hooks import ReportHooks
from telespool.pipeline.send.absent_chats import AbsentChats
from telespool.pipeline.send.uploader import Uploader
from telespool.pipeline.unpack.intake import Intake
from telespool.pipeline.worker import WorkerContext
from telespool.runtime import subprocesses
from telespool.runtime.cancellation import in_thread, raise_if_cancelled
from telespool.runtime.fs_watcher import FolderWatcher
from telespool.runtime.gate import PauseGate
from telespool.runtime.liveness import Liveness
from telespool.runtime.throttle import Throttle
from telespool.runtime.tool_health import HEALTH
from telespool.runtime.waits import EVERYBODY, Wait
from telespool.runtime.wakeups import Wakeup, WakeupBus
from telespool.service import broken_tools
from telespool.service.answers import Answers
from telespool.service.sd_notify import SdNotify
from telespool.service.start import finish_reports, machine_trouble_told
from telespool.service.watchdog import Watchdog
from telespool.spool import Spool
from telespool.spool.layout import WORKING
from telespool.spool.recovery import recover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telespool.config.schema import Config
    from telespool.destinations.base import Destination
    from telespool.pipeline.worker import Worker
    from telespool.spool.fs_ops import FileOps
    from telespool.spool.layout import Folder

log = structlog.get_logger()

_LOCK_LOOK = 2.0
"""Seconds between two looks at the file of the lock."""
_OPEN_AGAIN = 5.0
_FIND_IN = 10.0


class Service:
    """One spool, one destination, five workers."""

    def __init__(
        self,
        config: Config,
        destination: Destination,
        secrets: Secrets | None = None,
        disk: FileOps | None = None,
    ) -> None:
        self.config = config
        self.destination = destination
        self.secrets = secrets or Secrets()
        self.passwords = (
            *config.archives.passwords,
            *self.secrets.archive_passwords,
        )
        self.spool = Spool(
            config.spool.root, config.spool.inbox, disk=disk, reserve=config.spool.reserve
        )
        self.activity = Activity()
        self.gate = PauseGate()
        self.heartbeat = Liveness(config.service.patience)
        self.supervision = Watchdog(SdNotify(), self.heartbeat, self.activity.line, self._excused)
        self._destination_opened = False
        self.sending = asyncio.Lock()
        """Held while a unit is being sent; who holds it knows that none is."""
        self.workers: list[Worker] = []
        self.connect_now = Wakeup()
        """Rung to end the wait for the next try to connect."""
        self.activate: Callable[[], None] = lambda: None
        """Called before `run`: sets up what belongs to the process and not to the service, such as the log."""
        self.on_ready: Callable[[], None] = lambda: None
        """Called once drops are taken."""

    @property
    def has_worked(self) -> bool:
        """Return True once the destination was opened: from then on it is no reload that fails."""
        return self._destination_opened

    async def run(self, *, until_idle: bool = False) -> None:
        """Work until cancelled, or until there is nothing left to do."""
        async with machine_trouble_told(self.spool.root):
            await in_thread(self.spool.open)
        HEALTH.reset()
        watching = None
        try:
            wakeups = WakeupBus()
            async with machine_trouble_told(self.spool.root):
                for sentence in await in_thread(recover, self.spool, self.config.send.max_deaths):
                    log.info("crash.recovered", what=sentence)
                    self.activity.counts["recoveries"] += 1
                await in_thread(finish_reports, self.spool)
                watching = await in_thread(self._watch, wakeups)
                await in_thread(watching.check)
            log.info(
                "service.ready", drop_into=str(self.spool.inbox), posts_go_to=self.place_of_posts()
            )
            self.on_ready()
            answers = Answers(self)
            async with control_socket.opened(
                self.spool.root,
                {"look": answers.look, "check": answers.check},
                {
                    "cancel": answers.cancel,
                    "retry": answers.retry,
                    "stored": answers.stored,
                    "piece": answers.piece,
                },
            ):
                # In a task of its own: before Python 3.13 a TaskGroup that cancels its parent leaves that in the count
                # of the parent's cancellations, and `raise_if_cancelled` would take a lost login for a stop.
                await asyncio.create_task(
                    self._work(wakeups, watching, until_idle=until_idle), name="work"
                )
        except TelespoolError as error:
            await in_thread(self.spool.leave_word, error.reason)
            raise
        finally:
            try:
                if watching is not None:
                    await in_thread(watching.stop)
                with contextlib.suppress(TelespoolError):
                    await self.destination.close()
            finally:
                self.spool.close()
                raise_if_cancelled()

    def place_of_posts(self) -> str:
        """Return where posts go, as a person would look for them."""
        if self.config.destination == "folder":
            return str(posts(self.config) / "index.html")
        return f"Telegram: {', '.join(f'{alias} ({peer})' for alias, peer in self.config.chats.items())}"

    def _watch(self, wakeups: WakeupBus) -> FolderWatcher:
        spool = self.spool
        folders = {"inbox": spool.inbox}
        for chat, path in self.config.inbox.folders.items():
            folders[f"inbox {chat}"] = Path(path).resolve()
        folders.update((name, spool.root / name) for name in WORKING)
        self.spool.changed = wakeups.ring
        return FolderWatcher(wakeups, folders, polling=self.config.inbox.polling)

    async def _work(self, wakeups: WakeupBus, watching: FolderWatcher, *, until_idle: bool) -> None:
        context = WorkerContext(
            self.config,
            self.spool,
            wakeups,
            self.activity,
            self.heartbeat,
            self.sending,
            limit=self.destination.limit,
            hooks=ReportHooks(
                self.config.report.webhook,
                self.secrets.webhook_key or "",
                (self.secrets.apprise_urls or "").split(),
            ),
        )
        engine = await self._find_engine()
        inbox = Inbox(context, watching, engine)
        absent = AbsentChats(self.spool, self.config, self.activity.waits)
        self.workers = [
            inbox,
            Intake(context, engine, self.passwords),
            Uploader(context, self.destination),
            Converter(context, self.gate),
            Retention(context),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._keep_gate(wakeups), name="gate"),
                    group.create_task(self._keep_count(wakeups), name="count"),
                    group.create_task(absent.keep(wakeups), name="chats"),
                    group.create_task(
                        broken_tools.keep(self.activity.waits, wakeups), name="tools"
                    ),
                    group.create_task(self._keep_lock(), name="lock"),
                    group.create_task(self.supervision.keep(), name="supervision"),
                ]
                if self.config.metrics.file or self.config.metrics.listen:
                    tasks.append(group.create_task(self._meter(), name="metrics"))
                for worker in self.workers:
                    context.settled.enter(worker.name)
                    tasks.append(group.create_task(self._start(worker), name=worker.name))
                if until_idle:
                    await self._until_idle(context, inbox)
                    for task in tasks:
                        task.cancel()
        except BaseExceptionGroup as errors:
            # Not `except*`: what is raised there leaves in a group again, and no exit code is found in it.
            known = errors.subgroup(TelespoolError)
            if known is None:
                raise
            raise first_of(known) from None

    async def _start(self, worker: Worker) -> None:
        """Run a worker; the uploader once the destination is there. The others need not wait for it."""
        if isinstance(worker, Uploader):
            await self._open_destination()
        await worker.run()

    async def _open_destination(self) -> None:
        """Connect; retry while the network is down, let every other error leave."""
        while True:
            try:
                await self.destination.open()
            except Temporary as error:
                wait = error.retry_after or _OPEN_AGAIN
                until = self.spool.clock() + wait
                self.activity.waits.begin(
                    Uploader.name, Wait(error.reason, until, "all", EVERYBODY, error.kind)
                )
                log.warning("wait.started", seconds=round(wait), reason=error.reason)
                self.supervision.ready_when_rested("inbox")
                self.connect_now.clear()
                await self.connect_now.wait(wait)
            else:
                self._destination_opened = True
                self.activity.waits.end(Uploader.name, EVERYBODY)
                self.supervision.ready_when_rested("inbox")
                return

    async def _find_engine(self) -> Engine | None:
        try:
            async with asyncio.timeout(_FIND_IN):
                engine = await Engine.find_working(self.config.archives)
        except (ToolFault, TimeoutError) as error:
            reason = str(error) or "7-Zip does not answer"
            log.warning(
                "seven_zip.missing", reason=f"{reason} It is looked for again when it is needed."
            )
            return None
        log.info(
            "seven_zip.found",
            version=engine.version,
            program=str(engine.program),
            rar=engine.reads_rar,
        )
        return engine

    async def _keep_gate(self, wakeups: WakeupBus) -> None:
        """Keep the gate open while uploading/ is empty, and wake the converter when it opens."""
        await self.gate.keep_closed_while(
            lambda: self._occupied("uploading"),
            wakeups.listen(["uploading"], self.gate.close),
            lambda: wakeups.ring(["converting"]),
        )

    async def _keep_count(self, wakeups: WakeupBus) -> None:
        """Count the units in deferred/ for the status line."""
        wakeup = wakeups.listen(["deferred"])
        pace = Throttle(1.0)
        while True:
            wakeup.clear()
            with pace, contextlib.suppress(OSError):  # of a folder that fails the workers tell
                self.activity.deferred = await in_thread(self._count_deferred)
            await wakeup.wait(60.0)
            await asyncio.sleep(pace.left())

    async def _keep_lock(self) -> None:
        """Make the file of the lock anew where a person removed it: `status` and others ask it who works here."""
        while True:
            with contextlib.suppress(OSError):  # of a disk that fails the workers tell
                if await in_thread(self.spool.renew_lock):
                    log.info("lock.renewed", reason="somebody removed the file of the lock")
            await asyncio.sleep(_LOCK_LOOK)

    def _count_deferred(self) -> int:
        return sum(1 for _ in self.spool.all_units("deferred"))

    async def _meter(self) -> None:
        """Export metrics for Prometheus, if configured."""
        from telespool.observe.metrics import Metrics  # noqa: PLC0415 - the same
        from telespool.observe.metrics_exporter import keep  # noqa: PLC0415 - few people do

        metrics = Metrics(
            self.spool,
            self.activity,
            chats=self.config.chats,
            topics=self.config.with_value("subfolders", "topics"),
            destination=self.config.destination,
            flood_seconds=lambda: float(getattr(self.destination, "flood_seconds", 0.0)),
        )
        await keep(metrics, self.config.metrics)

    def _excused(self) -> Iterator[str]:
        """Yield workers that may be silent: child processes have time limits, and the gate may be closed for long."""
        if subprocesses.any_running():
            yield from ("intake", "converter")
        elif not self.gate.is_open:
            yield "converter"

    async def _until_idle(self, context: WorkerContext, inbox: Inbox) -> None:
        quiet = asyncio.Event()
        context.settled.on_change = quiet.set
        while True:
            await quiet.wait()
            quiet.clear()
            if context.settled.busy or inbox.pending or inbox.wakeup.rung or not self.gate.is_open:
                continue  # where the gate is closed over nothing, it opens in a moment, and wakes the converter
            if not await in_thread(self._something_left):
                return

    def _something_left(self) -> bool:
        return any(self._occupied(folder) for folder in WORKING)

    def _occupied(self, folder: Folder) -> bool:
        """Whether something lies there that can be taken; of a folder that may not be read the workers tell."""
        try:
            return self.spool.occupied(folder)
        except PermissionError:
            return False
