"""What becomes of originals that cannot be converted now, or whose copies somebody took."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from telespool.config import loader
from telespool.errors import ChildDied, NoRoom, Permanent, Temporary
from telespool.model import HelperState
from telespool.observe.progress import Activity
from telespool.pipeline.convert import helping as helping_module
from telespool.pipeline.convert.converter import Converter
from telespool.pipeline.convert.copy_maker import CopyMaker
from telespool.pipeline.convert.helping import Helping
from telespool.pipeline.worker import WorkerContext
from telespool.runtime.cancellation import in_thread
from telespool.runtime.gate import PauseGate
from telespool.runtime.throttle import Throttle
from telespool.runtime.wakeups import WakeupBus
from telespool.spool import delivered_index
from tests.laying import JOB, entry_at, lay

if TYPE_CHECKING:
    from telespool.spool import Spool

ORIGINAL = "converting/0001@1_a.avi"


def context_of(spool: Spool, more: str = "") -> WorkerContext:
    """What workers of this spool share."""
    text = f'[spool]\nroot = "{spool.root}"\n[chats]\nfamily = "@family"\n{more}'
    return WorkerContext(loader.parse(text, "config.toml"), spool, WakeupBus(), Activity())


def places(spool: Spool) -> list[str]:
    """Where the files of the job lie."""
    found = (path.relative_to(spool.root).as_posix() for path in spool.root.rglob("*.*"))
    return sorted(name.replace(f"/{JOB}/", "/") for name in found if f"/{JOB}/" in name)


@pytest.mark.parametrize(
    ("error", "lies", "told"),
    [
        (NoRoom("There is no room.", needed=2, free=1), "deferred/0001@1_a.avi", True),
        (Temporary("The network is away.", retry_after=60), "converting/0001_a.avi", True),
        (ChildDied("ffmpeg was killed."), "quarantine/0001_a.avi", False),
    ],
)
async def test_what_waits(spool: Spool, error: Temporary, lies: str, told: bool) -> None:
    """Without room others go on; otherwise it is gone on with; what kills its child again and again is refused."""
    converter = Converter(context_of(spool, "[send]\nmax_deaths = 1\n"), PauseGate())
    original = lay(spool, ORIGINAL)
    if isinstance(error, ChildDied):
        await in_thread(spool.count_deaths, original)
    await converter.put_off(original, error)
    assert lies in places(spool)
    waits = converter.context.activity.waits
    assert bool(waits.now(spool.clock())) == told
    converter.try_again(JOB)
    lasting = {wait.kind for wait in waits.now(spool.clock())}
    assert lasting == ({"room"} if isinstance(error, NoRoom) else set())
    assert converter._pause.left(spool.clock()) <= 0


@pytest.mark.parametrize(
    ("copy", "lies"),
    [
        ("done/0001c_a.mp4", "done/0001_a.avi"),
        ("done/0001c+7_a.mp4", "done/0001o_a.avi"),
        ("uploading/0001c_a.mp4", ORIGINAL),
    ],
)
async def test_whose_copy_is_elsewhere(spool: Spool, copy: str, lies: str) -> None:
    """Of a copy that was withdrawn the original is, too; of one that was sent it is kept; else it waits."""
    converter = Converter(context_of(spool), PauseGate())
    lay(spool, ORIGINAL)
    lay(spool, copy)
    assert await in_thread(converter._begun) is None
    assert lies in places(spool)


async def test_whose_chat_is_gone(spool: Spool) -> None:
    """It waits as it is."""
    converter = Converter(context_of(spool), PauseGate())
    lay(spool, ORIGINAL, JOB.replace("family", "friend"))
    assert await in_thread(converter._begun) is None
    gone = entry_at(spool, "deferred/0002_b.avi")
    converter._row = [gone]
    assert await in_thread(converter._take_next) is None


@pytest.mark.parametrize(
    ("patience", "gathers", "folder"),
    [(900, False, "uploading"), (0, True, "uploading"), (900, True, "deferred")],
)
async def test_parts_of_one_original(
    spool: Spool, patience: int, gathers: bool, folder: str
) -> None:
    """They go together; where the job gathers they take the place of the one."""
    converter = Converter(context_of(spool, f"[send]\npatience = {patience}\n"), PauseGate())
    lay(spool, "deferred/0002=0002_b.avi")
    original = lay(spool, "converting/0001=0001@1_a.avi")
    parts = tuple(spool.tmp / f"{n}.mp4" for n in (1, 2))
    for part in parts:
        part.write_bytes(b"part")
    copy = await in_thread(converter._let_out, original, parts, gathers)
    assert copy.folder == folder
    assert sum(name.startswith(folder) and name.endswith(".mp4") for name in places(spool)) == 2


async def test_too_many_parts(spool: Spool) -> None:
    """An album does not hold them: it is refused, and nothing is left behind."""
    context = context_of(spool)
    maker = CopyMaker(context, Helping(context.activity))
    original = lay(spool, ORIGINAL)
    original.path.write_bytes(b"0123456789a")
    with pytest.raises(Permanent, match="would make 11 parts; an album holds 10"):
        await maker._parts(original, original.path, 1, None)
    await in_thread(maker.drop_folders, original)
    assert [*spool.tmp.iterdir()] == []


def test_helpers_that_join_and_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is said once for each time."""
    activity = Activity()
    helping = Helping(activity)
    state = HelperState("ssh://friend")
    activity.helpers = [state]
    said: list[str] = []
    saying = SimpleNamespace(
        info=lambda event, **_: said.append(event), warning=lambda event, **_: said.append(event)
    )
    monkeypatch.setattr(helping_module, "log", saying)
    helping.tell()
    state.pieces = 1
    for _ in range(2):
        helping.tell()
    state.failures, state.last_failure = 1, "It is gone."
    for _ in range(2):
        helping.tell()
    assert said == ["helper.joined", "helper.failed", "helper.joined"]


async def test_a_queue_that_was_looked_at_just_now(spool: Spool) -> None:
    """It is not looked at again at once, however often something comes."""
    converter = Converter(context_of(spool), PauseGate())
    assert await converter.step() > 1
    converter._deferred.ring()
    converter._looking = Throttle()
    converter._queueing = Throttle(60.0)
    with converter._queueing:
        pass
    assert 0 < await converter.step() <= 60
    converter._row = [entry_at(spool, "deferred/0002_b.avi")]
    converter._deferred.clear()
    assert await converter.step() > 1
    converter._note_success(1.0, 2, 1)
    assert converter.context.activity.counts["conversions_succeeded"] == 1


async def test_an_original_that_vanishes(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is noted of it; it is gone with its copy sent."""
    converter = Converter(context_of(spool), PauseGate())
    lay(spool, ORIGINAL)
    lay(spool, "done/0001c+7_a.mp4")
    monkeypatch.setattr(delivered_index, "line_of", lambda _: None)
    assert await in_thread(converter._begun) is None
    assert "done/0001o_a.avi" in places(spool)
