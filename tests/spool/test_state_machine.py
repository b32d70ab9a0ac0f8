"""Random drops, lives and deaths, in random order, over the real spool and workers: the promise holds."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.crash.conftest import converting
from tests.crash.media import film, photo, video
from tests.crash.scenes import Fate, Scene, tar
from tests.crash.stage import Play

__all__ = ["converting"]

KINDS = {"jpg": photo, "mp4": video, "avi": film}
members = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=12)


class Spools(RuleBasedStateMachine):
    """One spool through many lives."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.fates: dict[str, tuple[bytes, Fate]] = {}
        self.play = Play(Scene("random", {}, self.fates), Path(self.directory.name) / "place")
        self.drops = 0

    def teardown(self) -> None:
        """Clean up."""
        self.directory.cleanup()

    def _make(self, ending: str) -> tuple[str, bytes]:
        name = f"{len(self.fates)}.{ending}"
        data = KINDS[ending](name.encode())
        self.fates[name] = (data, "converted" if ending == "avi" else "sent")
        return name, data

    @rule(ending=st.sampled_from(sorted(KINDS)))
    def drop_a_file(self, ending: str) -> None:
        """Somebody drops a file."""
        name, data = self._make(ending)
        (self.play.machine.inbox / name).write_bytes(data)

    @rule(endings=members, in_family=st.booleans())
    def drop_an_archive(self, endings: list[str], in_family: bool) -> None:
        """Somebody drops an archive."""
        self.drops += 1
        folder = self.play.machine.inbox / ("family" if in_family else "")
        (folder / f"a{self.drops}.tar").write_bytes(tar(dict(map(self._make, endings))))

    @rule(endings=members)
    def drop_a_folder(self, endings: list[str]) -> None:
        """Somebody drops a folder."""
        self.drops += 1
        folder = self.play.machine.inbox / f"f{self.drops}"
        folder.mkdir()
        for name, data in map(self._make, endings):
            (folder / name).write_bytes(data)

    @rule(call=st.integers(0, 150))
    def live_and_die(self, call: int) -> None:
        """The process is started and dies before this call, if it makes so many."""
        self.play.machine.live(self.play.disk(call))

    @precondition(lambda self: self.fates)
    @rule()
    def live_to_the_end(self) -> None:
        """The process is started and ends when nothing is left to do."""
        self.play.run()
        self.play.check_end()
        self.play.check_receipts()

    @invariant()
    def nothing_is_lost(self) -> None:
        """What was not delivered is still there."""
        self.play.check_nothing_lost()


@pytest.mark.usefixtures("converting")
@pytest.mark.timeout(300)
def test_random_lives_and_deaths() -> None:
    """Whatever is dropped whenever, and however often the process dies: everything arrives exactly once."""
    Spools.TestCase.settings = settings(
        max_examples=15,
        stateful_step_count=15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    Spools.TestCase().runTest()
