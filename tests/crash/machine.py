"""A machine on which the daemon lives and dies: real spool, real workers, one round after the other.

In a round every worker takes one step, all at the same time and always interleaved in the same way: what would run
in threads runs at once, after giving way to the others. So two runs make the same calls in the same order, and death
before call 57 is death at the same place each time.
"""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from telespool.archives.engine import Engine
from telespool.config.schema import (
    Config,
    InboxSettings,
    ReportSettings,
    Seconds,
    SendSettings,
    SpoolSettings,
)
from telespool.observe.progress import Activity
from telespool.pipeline.claim.inbox import Inbox
from telespool.pipeline.convert.converter import Converter
from telespool.pipeline.forget.retention import Retention
from telespool.pipeline.send.uploader import Uploader
from telespool.pipeline.unpack.intake import Intake
from telespool.pipeline.worker import WorkerContext
from telespool.runtime import threads
from telespool.runtime.gate import PauseGate
from telespool.runtime.wakeups import WakeupBus
from telespool.spool import Spool
from telespool.spool.gathering import gathers, patient_until
from telespool.spool.job_report import close_job
from telespool.spool.layout import WORKING
from telespool.spool.names import Unit
from telespool.spool.recovery import recover
from tests.crash.disks import Death, DyingDisk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

    from telespool.pipeline.worker import Worker
    from telespool.runtime.fs_watcher import FolderWatcher
    from tests.crash.chat import Chat

DAY = 86400.0
BEGINNING = 4_000_000_000.0
"""When it all begins: long after any clock that made the files."""
_ROUNDS = 300


async def at_once(call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
    """Stands for asyncio.to_thread: gives way to the other workers once, then makes the call."""
    await asyncio.sleep(0)
    return call(*arguments, **named)


def instead_of_threads(patch: pytest.MonkeyPatch, call: Callable[..., Awaitable[Any]]) -> None:
    """Let this coroutine make the calls that threads would."""
    patch.setattr(asyncio, "to_thread", call)
    patch.setattr(threads, "begun", lambda work: asyncio.ensure_future(call(work)))


async def whole(call: Callable[[], Any], _: object) -> Any:
    """Stands for the thread in which archives are read."""
    return call()


async def works(*_: object) -> None:
    """Stand for the trial of 7-Zip on its sample."""


class _Silent:
    """Nobody rings: the rounds look at everything anyway."""

    def check(self) -> None:
        """Nothing is watched."""


@dataclass
class Machine:
    """What survives the process: the directories, the chat, and the time."""

    root: Path
    inbox: Path
    chat: Chat
    now: float = BEGINNING
    with_retention: bool = True
    reports: str = ""
    """The chat that is told of the end of each job."""
    topics: tuple[str, ...] = ()
    """The folders of the chat family that are topics."""
    send: dict[str, Any] = field(default_factory=dict)
    """What [send] sets."""
    lives: int = 0
    after_round: Callable[[], object] = lambda: None
    """What happens between two rounds; it says whether anything did."""
    goes_on: Callable[[], bool] = lambda: True
    """Asked after a start, when the spool is put right: whether the process is to work."""
    is_known: bool = False
    """Whether a process has ended there."""
    _ages: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ages = [31 * DAY, 366 * DAY] if self.with_retention else []

    @property
    def config(self) -> Config:
        """Everything as it comes, but at once."""
        return Config(
            chats={"default": "me", "family": "@family"},
            spool=SpoolSettings(root=self.root, inbox=self.inbox, reserve=0),  # type: ignore[arg-type]
            inbox=InboxSettings(settle=Seconds(0.0)),
            report=ReportSettings(to=self.reports),
            send=SendSettings(**self.send),
            chat_tables={"family": {"subfolders": "topics"}} if self.topics else {},
        )

    def live(self, disk: DyingDisk) -> bool:
        """One process, until nothing is left to do (True) or it dies (False)."""
        self.lives += 1
        self.chat.by = disk
        try:
            asyncio.run(self._live(disk))
        except Death:
            return False
        except BaseExceptionGroup as group:
            if group.subgroup(lambda error: isinstance(error, Death)) is None:
                raise
            return False
        return True

    async def serve(self, disk: DyingDisk, sending: asyncio.Lock) -> None:
        """One life in a process that may see several; `sending` is held while a unit is being sent."""
        self.lives += 1
        self.chat.by = disk
        await self._live(disk, sending)

    async def _live(self, disk: DyingDisk, sending: asyncio.Lock | None = None) -> None:
        spool = Spool(
            self.root, self.inbox, disk=disk, clock=lambda: self.now, uptime=lambda: 10**9
        )
        spool.open()
        try:
            config = self.config
            recover(spool, config.send.max_deaths)
            for job in spool.jobs("done"):
                close_job(spool, job)
            self.is_known = not self.goes_on()
            if self.is_known:
                return
            bells = WakeupBus()
            house = WorkerContext(
                config, spool, bells, Activity(), sending=sending or asyncio.Lock()
            )
            gate = PauseGate()
            engine = Engine(Path("7zz"), "26", reads_rar=True, settings=config.archives)
            workers: list[Worker] = [
                Inbox(house, cast("FolderWatcher", _Silent())),
                Intake(house, engine),
                Uploader(house, self.chat),
                Converter(house, gate),
                Retention(house),
            ]
            await self._work(spool, gate, workers, disk, bells)
        finally:
            spool.close()

    async def _work(
        self,
        spool: Spool,
        gate: PauseGate,
        workers: list[Worker],
        disk: DyingDisk,
        bells: WakeupBus,
    ) -> None:
        for _ in range(_ROUNDS):
            before = disk.calls
            bells._ring(WORKING)
            gate.set(is_open=not spool.occupied("uploading"))
            turns = [asyncio.create_task(_turn(worker)) for worker in workers]
            pauses = _told(await asyncio.gather(*turns, return_exceptions=True))
            happened = self.after_round()
            if not happened and disk.calls == before and all(pause > 0 for pause in pauses):
                waiting = [
                    entry.path.stat().st_mtime
                    if entry.unit.attempt
                    else patient_until(spool, [entry])
                    for entry in spool.all_units("deferred")
                    if entry.unit.attempt or gathers(entry)
                ]
                if waiting:
                    self.now = max(self.now + 61.0, min(waiting) + 0.01)
                elif self._ages:
                    self.now += self._ages.pop(0)
                else:
                    return
        raise AssertionError(f"it never comes to rest: {self.tree()}")

    def tree(self) -> list[str]:
        """Every file that lies anywhere, for people who must find out what went wrong."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*"))

    def working(self) -> list[str]:
        """What is left where nothing should be left: inbox, working folders, tmp."""
        found = [
            str(path.relative_to(self.root))
            for folder in (*WORKING, "tmp")
            for path in (self.root / folder).rglob("*")
        ]
        found += [
            str(path)
            for path in self.inbox.rglob("*")
            if path.name not in {"family", "inbox", *self.topics}
        ]
        return sorted(found)


def _told(results: list[float | BaseException]) -> list[float]:
    pauses = [result for result in results if not isinstance(result, BaseException)]
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return pauses


async def _turn(worker: Worker) -> float:
    worker.wakeup.clear()
    try:
        return await worker.step()
    except OSError as error:
        return (await worker._trouble.step_failed(error))[1]


def clone(scene: Path, to: Path) -> None:
    """Lay a scene out anew."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(scene, to)


def plain(name: str) -> str:
    """The name of a unit without its marks."""
    unit = Unit.parse(name)
    return str(dataclasses.replace(unit, attempt=0, message=None)) if unit else name
