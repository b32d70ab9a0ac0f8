"""Taking by copy: the source stays as it is, each file is sent once, and again only when its content changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from telespool.spool import Spool
from telespool.spool.copies import TAKEN, Source, TakenFiles
from telespool.spool.recovery import recover
from tests.crash.disks import Death, DyingDisk
from tests.crash.media import photo
from tests.faults.house import config, running

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("fast_media")


async def test_the_source_stays(root: Path, tmp_path: Path) -> None:
    """Files, folders and what is added later are sent once each, also after a restart; a new content is sent."""
    share = tmp_path / "share"
    (share / "trip").mkdir(parents=True)
    (share / "a.jpg").write_bytes(photo(b"a"))
    (share / "trip" / "1.jpg").write_bytes(photo(b"1"))
    settings = config(root, take="copy", folders={"family": str(share)})
    async with running(settings) as house:
        await house.until(lambda: len(house.arrived) == 2 and house.idle)
        (share / "trip" / "2.jpg").write_bytes(photo(b"2"))
        await house.until(lambda: len(house.arrived) == 3 and house.idle)
        chat = house.chat
    os.utime(share / "a.jpg", (1, 1))
    (share / "trip" / "1.jpg").write_bytes(photo(b"1 again"))
    async with running(settings, chat) as house:
        await house.until(lambda: len(house.arrived) == 4 and house.idle)

    assert sorted(house.arrived) == sorted(photo(data) for data in (b"a", b"1", b"2", b"1 again"))
    assert (share / "a.jpg").read_bytes() == photo(b"a")
    assert sorted(path.name for path in (share / "trip").iterdir()) == ["1.jpg", "2.jpg"]


def test_dying_while_copying(tmp_path: Path) -> None:
    """Dying at any call, a file is taken once: it is in the spool and known, or neither."""
    outcomes = set()
    for call in range(100):
        root = tmp_path / f"{call}"
        (root / "share").mkdir(parents=True)
        (root / "share" / "a.jpg").write_bytes(photo(b"a"))
        source = Source(root / "share" / "a.jpg", "a.jpg", "family/a.jpg")
        spool = Spool(root / "spool", disk=DyingDisk(call))
        try:
            spool.open()
            spool.take([source], "family", "a.jpg", single=True)
        except Death:
            pass
        else:
            break
        finally:
            spool.close()
        after = Spool(root / "spool")
        after.open()
        recover(after, 4)
        known = source in TakenFiles(after.root / "taken")
        claimed = [entry.path.read_bytes() for entry in after.all_units("incoming")]
        assert not list(after.root.glob(f"incoming/*/{TAKEN}"))
        outcomes.add((known, *claimed))
        after.close()

    assert outcomes == {(False,), (True, photo(b"a"))}
