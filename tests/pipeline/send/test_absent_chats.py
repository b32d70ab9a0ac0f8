"""Jobs whose chat is not in the configuration wait as they are, and nobody waits with them."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from telespool.config import loader
from telespool.destinations.folder.destination import FolderDestination
from telespool.doctor import places
from telespool.observe.job_history import JobHistory
from telespool.service.cancelling import cancel
from telespool.service.service import Service
from telespool.spool.layout import SpoolLayout
from tests.jobs import job_name
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from telespool.config.schema import Config
    from telespool.runtime.waits import Wait
    from tests.material import Material

FAMILY = 'family = "x"\n'


def _config(place: Path, chats: str = "") -> Config:
    text = f'[spool]\nroot = "{place}/spool"\nreserve = 0\n[inbox]\nsettle = "0s"\n[chats]\n{chats}'
    return loader.parse(text, "config.toml")


@asynccontextmanager
async def _running(place: Path, chats: str = "") -> AsyncIterator[Service]:
    config = _config(place, chats)
    service = Service(config, FolderDestination(place / "posts", config.chats))
    task = asyncio.create_task(service.run())
    try:
        yield service
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(longest(20)):
        while not look():
            await asyncio.sleep(0.02)


def _waits(service: Service) -> list[Wait]:
    return [wait for wait in service.activity.waits.now(0) if wait.scope == "chat"]


def _lay(path: Path, source: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, path)


@pytest.mark.media
@pytest.mark.timeout(60)
async def test_a_job_waits_for_its_chat(tmp_path: Path, material: Material) -> None:
    """Its album stays whole, nothing is unpacked or converted, and others are sent; with the chat it goes on at once."""
    photos = [material.photo(n, (320, 240)) for n in (1, 2, 3)]
    spool = tmp_path / "spool"
    trip, film, late = (job_name(f"family_{name}") for name in ("trip", "film", "late"))
    other = job_name("default_other")
    for n, photo in enumerate(photos, 1):
        _lay(spool / f"uploading/{trip}/0001-0003_album/000{n}_IMG_{n}.jpg", photo)
    _lay(spool / f"deferred/{film}/0001_clip.mov", photos[0])
    _lay(spool / f"incoming/{late}/0000_IMG_9.jpg", photos[1])
    _lay(spool / f"uploading/{other}/0001_IMG_7.jpg", photos[2])

    async with _running(tmp_path) as service:
        await _until(lambda: list(spool.glob(f"done/{other}/*IMG_7.jpg")))
        await _until(lambda: len(list(spool.glob(f"deferred/{trip}/*_album/*"))) == 3)
        await _until(lambda: _waits(service))
        (wait,) = _waits(service)
        assert (wait.whom, wait.kind) == ("family", "chat")
        assert "no chat called 'family'" in wait.reason
        assert "telespool cancel" in wait.reason
        told = await asyncio.to_thread(JobHistory.of, SpoolLayout(spool), service.config, trip)
        assert [each["reason"] for each in told.waits] == [wait.reason]
        found = await asyncio.to_thread(lambda: list(places.waits(service.config)))
        assert [(each.name, each.state) for each in found] == [("chat family", "wrong")]
        assert "3 jobs" in found[0].found
    told = JobHistory.of(SpoolLayout(spool), _config(tmp_path), trip)
    (part,) = told.parts
    assert (part.state, part.until) == ("waiting", None)
    assert [each["reason"] for each in told.waits] == [wait.reason]
    assert list(spool.glob("quarantine/*")) == []
    assert list(spool.glob("converting/*")) == []
    assert list(spool.glob(f"deferred/{film}/0001_clip.mov"))
    assert list(spool.glob(f"incoming/{late}/0000_IMG_9.jpg"))
    assert not (tmp_path / "posts/family").exists()

    shutil.rmtree(spool / "deferred" / film)
    async with _running(tmp_path, FAMILY) as service:
        await _until(lambda: list(spool.glob(f"done/{late}/*IMG_9.jpg")))
        await _until(lambda: list(spool.glob(f"done/{trip}/*_album")))
        assert _waits(service) == []
    assert sorted(path.name for path in (tmp_path / "posts/family").glob("*/*.jpg")) == [
        "IMG_1.jpg",
        "IMG_2.jpg",
        "IMG_3.jpg",
        "IMG_9.jpg",
    ]
    assert len(list((tmp_path / "posts/family").iterdir())) == 2


@pytest.mark.timeout(60)
async def test_a_job_without_a_chat_can_be_taken_back(tmp_path: Path, material: Material) -> None:
    """Cancelled it lies in quarantine, and its wait is over; what is dropped for such a chat is left in the inbox."""
    photo, spool, trip = material.photo(1, (320, 240)), tmp_path / "spool", job_name("family_trip")
    _lay(spool / f"uploading/{trip}/0001_IMG_1.jpg", photo)
    async with _running(tmp_path) as service:
        await _until(lambda: list(spool.glob(f"deferred/{trip}/*")))
        await _until(lambda: _waits(service))
        _lay(spool / "inbox/family/IMG_2.jpg", photo)
        await _until(
            lambda: any("folder of a chat" in w.reason for w in service.activity.waits.now(0))
        )

        (entry,) = service.spool.units("deferred", trip)
        await asyncio.to_thread(cancel, service.spool, entry, "cancelled")
        await _until(lambda: not _waits(service))
    assert list(spool.glob(f"quarantine/{trip}/0001_IMG_1.jpg"))
    assert list(spool.glob("inbox/family/IMG_2.jpg"))
    assert list((tmp_path / "posts").glob("*/0*")) == []
