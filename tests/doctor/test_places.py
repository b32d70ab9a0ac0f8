"""What the doctor says of the folders of a spool, and of the events that are told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.config.schema import Bytes, Config, InboxSettings, SpoolSettings
from telespool.doctor import places
from tests.cli.support import JOB, make

if TYPE_CHECKING:
    from pathlib import Path


def test_too_few_watches(tmp_path: Path) -> None:
    """Fewer watches than there are folders are a fault, with the line that changes it."""
    jobs = {f"uploading/{JOB}-{n}/0001_a.jpg": b"" for n in range(20)}
    spool = make(tmp_path / "home", jobs)
    limits = tmp_path / "proc/sys/fs/inotify"
    limits.mkdir(parents=True)
    (limits / "max_user_instances").write_text("128\n")
    (limits / "max_user_watches").write_text("16\n")
    config = Config(spool=SpoolSettings(root=spool.root))
    finding = places.events(config, tmp_path / "proc")
    assert finding.state == "wrong"
    assert "sysctl" in finding.cure
    polling = Config(spool=SpoolSettings(root=spool.root), inbox=InboxSettings(polling=True))
    assert places.events(polling, tmp_path / "proc").state == "ok"
    (limits / "max_user_watches").write_text("8192\n")
    assert places.events(config, tmp_path / "proc").state == "ok"


def test_strangers(tmp_path: Path) -> None:
    """A person's file in a working folder is named, but is no fault."""
    spool = make(tmp_path, {"uploading/holiday.zip": b"1"})
    config = Config(spool=SpoolSettings(root=spool.root, reserve=Bytes(0)))
    found = {finding.name: finding for finding in places.spool(config)}
    assert found["strangers"].state == "note"
    assert "holiday.zip" in found["strangers"].found
