"""What each further file costs: visits to threads, system calls, and waits for the disk; counted, not timed."""

from __future__ import annotations

import asyncio
import io
import os
import zipfile
from collections import Counter
from typing import TYPE_CHECKING, Any

from PIL import Image

from telespool.destinations.folder.destination import FolderDestination
from telespool.runtime import descent, threads
from telespool.service.service import Service
from tests.faults.house import config
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

FEW, MANY = 20, 80
VISITS, CALLS, FSYNCS = 3.6, 95.0, 4.0
"""The most that one more file may cost; about a third more than it does."""
_SYSTEM = (
    "open", "close", "stat", "fstat", "read", "pread", "readv", "preadv", "write", "scandir", "listdir", "mkdir", "rmdir",
    "unlink", "replace", "utime", "ftruncate", "fsync", "statvfs", "copy_file_range",
)  # fmt: skip


class Costs:
    """Counts what the program asks of threads and of the kernel; what Python itself asks for is not seen."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.visits = self.calls = self.fsyncs = 0
        for name in _SYSTEM:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name), name))
        monkeypatch.setattr(descent, "_syscall", self._counted(descent._syscall, "openat2"))
        begun = threads.begun

        def visit(call: Callable[[], Any]) -> asyncio.Future[Any]:
            self.visits += 1
            return begun(call)

        monkeypatch.setattr(threads, "begun", visit)

    def _counted(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            self.fsyncs += name == "fsync"
            return call(*args, **kwargs)

        return counted

    @property
    def all(self) -> Counter[str]:
        """What was counted so far."""
        return Counter(visits=self.visits, calls=self.calls, fsyncs=self.fsyncs)


def _photos(path: Path, count: int) -> Path:
    """An archive of small photos, each of which differs from the others."""
    stream = io.BytesIO()
    Image.effect_noise((40, 30), 60).save(stream, "JPEG")
    picture = stream.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(1, count + 1):
            note = f"{number:06d}".encode()
            comment = b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note
            archive.writestr(f"IMG_{number}.jpg", picture[:2] + comment + picture[2:])
    return path


async def _run(place: Path, count: int, costs: Costs) -> Counter[str]:
    """What an archive of so many photos costs on its whole way into the folder destination."""
    place.mkdir()
    settings = config(place / "spool")
    destination = FolderDestination(place / "posts", settings.chats)
    service = Service(settings, destination)
    before = costs.all
    (place / "spool" / "inbox" / "family").mkdir(parents=True)
    _photos(place / "trip.zip", count).rename(place / "spool" / "inbox" / "family" / "trip.zip")
    async with asyncio.timeout(longest(60)):
        await service.run(until_idle=True)
    assert len([*(place / "posts" / "family").glob("*/IMG_*.jpg")]) == count
    return costs.all - before


async def test_one_more_file_costs_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Albums are looked at, posted and filed in a few visits; each file is opened a few times, and fsynced once per copy."""
    costs = Costs(monkeypatch)
    few, many = [await _run(tmp_path / str(n), n, costs) for n in (FEW, MANY)]
    each = {key: (many[key] - few[key]) / (MANY - FEW) for key in many}

    assert each["visits"] <= VISITS, each
    assert each["calls"] <= CALLS, each
    assert each["fsyncs"] <= FSYNCS, each
