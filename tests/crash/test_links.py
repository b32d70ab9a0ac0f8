"""A neighbour swaps an entry of the spool for a link, before every call that changes the disk and before every request.

Whoever shares the spool's group may rename and link in it. Behind the links lies what only the service may read: it must
not be sent, emptied, changed, moved or copied, whenever and wherever a link appears.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telespool.spool.layout import FOLDERS
from tests.crash.disks import DyingDisk
from tests.crash.scenes import SCENES
from tests.crash.stage import Play

if TYPE_CHECKING:
    from collections import Counter

CALLS = int(os.environ.get("TELESPOOL_LINKS", "24"))
"""Before how many calls of each scene a link is tried; spread evenly over all of them."""
SECRET = b"\xff\xd8\xff\xe0 THE-LOGIN-OF-THE-ACCOUNT"

pytestmark = pytest.mark.timeout(300)


class Neighbour(DyingDisk):
    """Puts a link in the place of one entry before the call number `at`."""

    def __init__(self, play: Play, at: int, secret: Path, *, inbox: Path | None) -> None:
        super().__init__(inbox=inbox)
        self.play = play
        self.at = at
        self.secret = secret
        self.swapped = ""

    def tick(self) -> None:
        """Count, and swap when it is time."""
        super().tick()
        if self.calls > self.at and not self.swapped:
            self._swap(random.Random(self.at))

    def _swap(self, chosen: random.Random) -> None:
        root = self.play.machine.root
        there = [
            path
            for folder in (*FOLDERS, "tmp")
            for path in sorted((root / folder).rglob("*"))
            if not path.is_symlink()
        ]
        there += sorted(path for path in self.play.machine.inbox.rglob("*") if path.is_file())
        if not there:
            return
        path = chosen.choice(there)
        aside = self.play.place / "aside"
        self.swapped = str(path.relative_to(self.play.place))
        if path.is_dir():
            # Everything that is in the folder is there behind the link as well, under the same names.
            for inner in sorted(path.rglob("*")):
                copy = self.secret / "folder" / inner.relative_to(path)
                if inner.is_dir():
                    copy.mkdir(parents=True, exist_ok=True)
                else:
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(SECRET + inner.name.encode())
            (self.secret / "folder").mkdir(exist_ok=True)
            path.rename(aside)
            path.symlink_to(self.secret / "folder")
        else:
            path.rename(aside)
            path.symlink_to(self.secret / "login.jpg")


def _behind(secret: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(secret)): path.read_bytes()
        for path in sorted(secret.rglob("*"))
        if path.is_file()
    }


def _leaked(play: Play) -> list[str]:
    """Files of the spool, the inbox and the chat that hold what lies behind the link."""
    found = [message.name for message in play.machine.chat.messages if SECRET in message.data]
    for top in {play.machine.root, play.machine.inbox}:
        for directory, _, names in os.walk(top):
            for name in names:
                path = Path(directory, name)
                if not path.is_symlink() and path.is_file() and SECRET in path.read_bytes():
                    found.append(str(path))
    return found


@pytest.mark.parametrize("scene", ["album", "films", "folder", "refusals", "beside", "across"])
@pytest.mark.usefixtures("converting")
def test_a_link_before_every_call(scene: str, place: Path, counts: Counter[str]) -> None:
    """Wherever a link appears, what it points to stays as it is and goes nowhere; the daemon comes to rest."""
    wrong = {}
    calls = Play(SCENES[scene], place).run()
    for at in sorted({round(step * calls / CALLS) for step in range(CALLS)}):
        play = Play(SCENES[scene], place)
        secret = play.place / "secret"
        secret.mkdir()
        (secret / "login.jpg").write_bytes(SECRET)
        across = play.machine.inbox if play.scene.across else None
        disk = Neighbour(play, at, secret, inbox=across)
        before: dict[str, bytes] = {}
        swap = disk._swap

        def swapped(
            chosen: random.Random,
            swap: object = swap,
            before: dict[str, bytes] = before,
            secret: Path = secret,
        ) -> None:
            assert callable(swap)
            swap(chosen)
            before.update(_behind(secret))

        disk._swap = swapped  # type: ignore[method-assign]
        counts["links"] += 1
        try:
            play.machine.live(disk)
            play.machine.live(DyingDisk(inbox=across))  # and at the next start
            assert _leaked(play) == []
            assert _behind(secret) == before or not disk.swapped
        except (AssertionError, OSError) as error:
            wrong[at, disk.swapped] = repr(error)[:300]

    assert not wrong
