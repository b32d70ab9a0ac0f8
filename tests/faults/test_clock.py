"""The clock of the machine jumps: what waits goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from telespool.errors import Temporary
from tests.crash.chat import LATER, Chat
from tests.crash.disks import DyingDisk
from tests.crash.machine import DAY
from tests.crash.media import film, photo
from tests.crash.scenes import Scene
from tests.crash.stage import Play
from tests.faults.house import config, running

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.destinations.base import Uploaded
    from telespool.errors import Scope
    from telespool.model import Item


@pytest.mark.usefixtures("converting")
@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_the_clock_jumps_a_day(jump: float, place: Path) -> None:
    """A clock that jumps either way in the middle loses nothing and holds nothing up for longer than it jumped."""
    fates: Any = {
        "a.jpg": (photo(b"a" + LATER), "sent"),
        "b.avi": (film(b"b"), "converted"),
        "c.jpg": (photo(b"c"), "sent"),
    }
    play = Play(Scene("clock", {name: data for name, (data, _) in fates.items()}, fates), place)
    machine, rounds = play.machine, 0

    def look() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            machine.now += jump

    machine.after_round = look
    play.run()
    play.check_end()
    play.check_receipts()

    assert machine.now < 4_000_000_000.0 + max(jump, 0) + 2 * DAY


class Busy(Chat):
    """The first time that something is brought it must wait for two seconds."""

    scope: Scope = "unit"

    async def stage(self, chat: str, item: Item, progress: Any = None) -> Uploaded:
        """Not now, or now."""
        if self._first(LATER, item.key):
            raise Temporary("Not now.", retry_after=2.0, scope=self.scope)
        return await super().stage(chat, item, progress)


@pytest.mark.usefixtures("fast_media")
@pytest.mark.parametrize("scope", ["unit", "chat", "all"])
@pytest.mark.parametrize("jump", [DAY, -DAY])
async def test_the_clock_jumps_while_something_waits(scope: Scope, jump: float, root: Path) -> None:
    """A wait of seconds stays one of seconds, though the clock is set back by a day, or forward, in the middle."""
    chat = Busy(DyingDisk())
    chat.scope = scope
    (root / "inbox").mkdir(parents=True)
    (root / "inbox" / "a.jpg").write_bytes(photo(b"a"))
    async with running(config(root), chat) as house:
        await house.until(lambda: house.service.activity.waits.now(0.0) or house.lying("deferred"))
        house.spool.clock = lambda: time.time() + jump
        await house.until(lambda: house.arrived and house.idle)

    assert house.arrived == [photo(b"a")]
