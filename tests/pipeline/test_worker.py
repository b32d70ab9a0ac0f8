"""What every worker does of what goes wrong: whose fault it is, who waits, and what goes on."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.config import loader
from telespool.errors import LockedOut, LoginNeeded, NoRoom, Permanent, Temporary
from telespool.observe.progress import Activity
from telespool.pipeline.progress_guard import LIMIT, ProgressGuard
from telespool.pipeline.send.sending_waits import SendingWaits
from telespool.pipeline.unpack.room_queue import RoomQueue
from telespool.pipeline.worker import Worker, WorkerContext
from telespool.runtime.waits import EVERYBODY, Wait, Waits
from telespool.runtime.wakeups import WakeupBus
from telespool.spool import Spool, rights
from tests.jobs import DAY, job_name
from tests.laying import JOB, lay
from tests.runtime.virtual_time import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from telespool.errors import TelespoolError
    from telespool.spool.layout import Entry


class _Idle(Worker):
    """A worker whose steps are given; what becomes of its unit is noted."""

    name = "idle"
    hears = ("incoming",)

    def __init__(self, context: WorkerContext, *steps: BaseException | float) -> None:
        super().__init__(context)
        self.steps = list(steps)
        self.fates: list[tuple[str, TelespoolError]] = []

    async def step(self) -> float:
        """The next of the steps."""
        found = self.steps.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found

    async def put_off(self, entry: Entry, error: Temporary) -> None:
        """Note it; a unit that is too old is given up."""
        if "too old" in error.reason:
            raise Permanent("It is too old.")
        self.fates.append(("waits", error))

    async def give_up(self, entry: Entry, error: TelespoolError) -> None:
        """Note it."""
        self.fates.append(("given up", error))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """An open spool."""
    spool = Spool(tmp_path / "spool", uptime=lambda: 10 * DAY)
    spool.open()
    yield spool
    spool.close()


def context_of(spool: Spool) -> WorkerContext:
    """What workers of this spool share."""
    config = loader.parse(f'[spool]\nroot = "{spool.root}"\n', "config.toml")
    return WorkerContext(config, spool, WakeupBus(), Activity())


def failing(error: BaseException) -> Callable[[], Awaitable[object]]:
    """Work that ends so."""

    async def work() -> None:
        raise error

    return work


def of(number: int, path: Path | None) -> OSError:
    """What the kernel answers, about this file."""
    return OSError(number, os.strerror(number), None if path is None else str(path))


@pytest.mark.parametrize(
    ("error", "fate", "says"),
    [
        (lambda _: Temporary("Not now."), "waits", "Not now."),
        (lambda _: Temporary("too old"), "given up", "It is too old."),
        (lambda _: Permanent("Never."), "given up", "Never."),
        (lambda _: ValueError("odd"), "given up", "An internal error stopped the work on a.jpg"),
        (lambda path: of(errno.EACCES, path), "waits", "a.jpg cannot be read (Permission denied)"),
        (lambda _: of(errno.EIO, None), "waits", "a.jpg cannot be read"),
        (
            lambda path: of(errno.EACCES, path.parent / "b"),
            "waits",
            "though the disk of the spool works",
        ),
        (
            lambda path: of(errno.ENOENT, path.parents[3] / "spool/tmp/x"),
            "waits",
            "A working file of a.jpg",
        ),
        (lambda path: of(errno.ENOENT, path), "raised", ""),
        (lambda path: of(errno.ENOSPC, path), "raised", ""),
        (lambda path: of(errno.EACCES, path.parents[3]), "raised", ""),
        (lambda _: of(errno.EMFILE, None), "raised", ""),
        (lambda _: MemoryError(), "raised", ""),
        (lambda _: sqlite3.OperationalError("locked"), "raised", ""),
        (lambda _: LoginNeeded("Log in."), "raised", ""),
        (lambda _: asyncio.CancelledError(), "raised", ""),
    ],
)
async def test_whose_fault_it_is(
    spool: Spool, error: Callable[[Path], BaseException], fate: str, says: str
) -> None:
    """A unit waits or is given up for what is its own; what would meet all others is raised."""
    worker = _Idle(context_of(spool))
    entry = lay(spool, "uploading/0001@1_a.jpg")
    wrong = error(entry.path)
    if fate == "raised":
        with pytest.raises(type(wrong)):
            await worker.attempt(entry, failing(wrong)())
        assert worker.fates == []
        assert (spool.root / "uploading" / JOB / "0001_a.jpg").exists()  # no attempt counts
    else:
        await worker.attempt(entry, failing(wrong)())
        ((found, why),) = worker.fates
        assert found == fate
        assert says in why.reason


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (of(errno.ENOSPC, None), "the disk is full"),
        (of(errno.EMFILE, None), "Too many open files"),
        (sqlite3.OperationalError("locked"), "the state directory cannot be written: locked"),
        (MemoryError(), "this machine has no memory left"),
        (KeyError("odd"), "a mistake of Telespool: KeyError('odd')"),
    ],
)
async def test_trouble_of_the_machine_is_waited_out(
    spool: Spool, error: BaseException, says: str
) -> None:
    """It is told for as long as it lasts, and no longer; the worker looks again when a person asks."""
    context = context_of(spool)
    worker = _Idle(context, error, FileNotFoundError(2, "gone", "x"), 0.0, 600.0)
    running = asyncio.create_task(worker.run())
    while worker.steps:
        await asyncio.sleep(0)
        waits = context.activity.waits.now(spool.clock())
        if len(worker.steps) == 3 and waits:
            assert says in waits[0].reason
            worker.try_again("")
    while context.activity.waits.now(spool.clock()):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


class _Failing(_Idle):
    """A worker whose steps fail, each of which has moved something in the folder it listens to."""

    def __init__(self, context: WorkerContext, error: Exception) -> None:
        super().__init__(context)
        self.error = error
        self.begun: list[float] = []
        self.enough = asyncio.Event()

    async def step(self) -> float:
        """Fail; now and then find nothing to do."""
        self.begun.append(asyncio.get_running_loop().time())
        self.context.wakeups.ring(self.hears)
        if len(self.begun) == 25:
            self.enough.set()
        if len(self.begun) % 5 == 0:
            return 0.5
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        of(errno.EACCES, None),
        of(errno.ENOENT, None),
        sqlite3.OperationalError("locked"),
        MemoryError(),
        KeyError("odd"),
    ],
)
def test_no_failure_is_repeated_at_once(spool: Spool, error: Exception) -> None:
    """Whatever fails in whichever step, the waits grow: no ring of its own makes a worker fail again and again."""

    async def run() -> list[float]:
        worker = _Failing(context_of(spool), error)
        running = asyncio.create_task(worker.run())
        await worker.enough.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return worker.begun

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        begun = runner.run(run())
    assert begun[4] - begun[0] > 1
    assert begun[-1] - begun[0] > 600


async def test_a_folder_of_one_job_holds_up_that_job_alone(spool: Spool) -> None:
    """The unit waits, with the folder's name and what gives it back; nobody takes it for trouble of the machine."""
    context = context_of(spool)
    entry = lay(spool, "uploading/0001_a.jpg")

    class _Locked(_Idle):
        async def step(self) -> float:
            self.guard.begin(entry)
            raise of(errno.EACCES, locked / "0001_a.jpg")

    locked = spool.root / "done" / JOB
    locked.mkdir()
    refused = (locked, f"{locked} may not be written")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rights, "refused", lambda *_: refused)  # root may write everywhere
        worker = _Locked(context)
        assert await worker._guarded_step() == 0.0
        await worker.attempt(entry, failing(of(errno.EACCES, locked / "x"))())
        refused = (spool.root / "done", "done may not be written")
        with pytest.raises(PermissionError):
            await worker._guarded_step()
    assert [(fate, type(error)) for fate, error in worker.fates] == 2 * [("waits", LockedOut)]
    assert f"{locked} may not be written" in worker.fates[0][1].reason


async def test_a_login_that_ended_ends_the_worker(spool: Spool) -> None:
    """Nothing is sent without it: whoever runs the workers hears of it."""
    with pytest.raises(LoginNeeded):
        await _Idle(context_of(spool), LoginNeeded("Log in.")).run()


async def test_how_old_a_unit_surely_is(spool: Spool) -> None:
    """As the clock says while that is short; longer as far as boots and other jobs bear it out."""
    worker = _Idle(context_of(spool))
    now = spool.clock()
    assert worker.age(lay(spool, "uploading/0001_a.jpg", job=job_name(ago=60))) == pytest.approx(
        60, abs=5
    )
    old = lay(spool, "uploading/0001_a.jpg", job=job_name("family_old", ago=2 * DAY))
    assert worker.age(old) == pytest.approx(2 * DAY, abs=5)
    spool.uptime = lambda: 60.0
    assert worker.age(old) < DAY
    assert spool.clock() >= now


async def test_a_step_that_changes_nothing_is_stopped(spool: Spool) -> None:
    """The third time the unit goes no further, and says so; a wait or a step forward counts anew."""
    guard = ProgressGuard(spool)
    entry = lay(spool, "uploading/0001_a.jpg")
    guard.waits()
    assert guard.end() is None
    for number in range(1, LIMIT + 1):
        guard.begin(entry)
        left = guard.end()
        assert left is not None
        assert left[1] == (number == LIMIT)
    guard.begin(entry)
    guard.waits()
    assert guard.end() is None
    guard.begin(entry)
    guard.forget()
    assert guard.end() is None
    for _ in range(2):
        guard.begin(entry)
        assert guard.end() is not None
    guard.begin(entry)
    entry.path.unlink()
    assert guard.end() is None

    class _Stuck(_Idle):
        async def step(self) -> float:
            self.guard.begin(other)
            return 0.0

    other = lay(spool, "uploading/0002_b.jpg")
    worker = _Stuck(context_of(spool))
    for _ in range(LIMIT):
        await worker._guarded_step()
    assert (spool.root / "quarantine" / JOB / "0002_b.jpg").exists()
    assert "a mistake of Telespool" in spool.note(
        replace(other, folder="quarantine", path=spool.root / "quarantine" / JOB / "0002_b.jpg")
    )
    with pytest.raises(NotImplementedError):
        await Worker.put_off(worker, other, Temporary(""))
    with pytest.raises(NotImplementedError):
        await Worker.give_up(worker, other, Permanent(""))


async def test_who_waits_for_the_chat(spool: Spool) -> None:
    """A unit waits for everybody, its chat or its topic; whoever asks ends what can be ended."""
    waits, now = Waits(), spool.clock()
    sending = SendingWaits("uploader", waits, spool)
    entry = lay(spool, "uploading/0001_a.jpg")
    assert sending.of(entry) is None
    sending.begin(entry, Temporary("Slow mode.", scope="topic"), now + 60)
    found = sending.of(entry)
    assert found is not None
    assert found[0] == "family/Trip"
    assert not sending.end("no job")
    assert sending.end(JOB)
    assert [wait.reason for wait in sending.ended()] == ["Slow mode."]
    assert sending.of(entry) is None
    sending.begin(entry, Temporary("The network is away.", scope="all"), now + 60)
    assert sending.of(entry) is not None
    assert not sending.end(job_name("others_job")) or waits.of("uploader", EVERYBODY) is None
    sending.begin(entry, Temporary("Wait.", scope="chat", kind="flood"), now + 60)
    sending.end(JOB)
    assert sending.of(entry) is not None
    waits.begin("uploader", Wait("over", now - 1, "chat", "family"))
    assert sending.of(entry) is None


async def test_who_waits_for_room(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drop stands aside until what it needs is there; one that went elsewhere is forgotten."""
    queue = RoomQueue(context_of(spool))
    drop = lay(spool, "incoming/0000_a.zip")
    assert queue.lacking(drop, 1) is None
    assert queue.surely_fits(1)
    monkeypatch.setattr(type(spool.room), "left", lambda _: 100)
    error = NoRoom("No room.", needed=1000, free=100)
    queue.stand_aside(drop, error)
    queue.stand_aside(drop, error)
    assert queue.must_wait(JOB)
    assert not queue.must_wait("another")
    again = queue.fell_short(drop, error, 50)
    assert again.needed == 50
    assert queue.must_wait(JOB)
    queue.keep([])
    assert not queue.must_wait(JOB)
    queue.stand_aside(drop, NoRoom("No room.", needed=50, free=10))
    assert not queue.must_wait(JOB)
