"""A half-sent file goes on where it was, after a wait, a kill, or a restart."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from telespool.errors import Temporary
from tests.destinations.telegram.support import PART, opened, send, video_file
from tests.telegram_server import TestTelegram

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.telegram
ROOT = Path(__file__).resolve().parents[3]
WINDOW = 16  # parts: the most that may be on the way, 8 MiB


@pytest_asyncio.fixture
async def counting() -> AsyncIterator[TestTelegram]:
    """A test Telegram that counts bytes instead of keeping them."""
    async with TestTelegram(keep=False) as server:
        yield server
        assert server.bugs == []


async def start(telegram: TestTelegram, path: Path, state: Path, **more: Any) -> Any:
    """Start a process that sends `path`."""
    if not state.exists():
        state.mkdir()
        telegram.session_file(state / "telegram.session")
    task = {
        "api_id": telegram.API_ID,
        "api_hash": telegram.API_HASH,
        "dc_id": telegram.dc_id,
        "address": f"{telegram.host}:{telegram.port}",
        "public_key": str(telegram.public_key),
        "state": str(state),
        "path": str(path),
    } | more
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.destinations.telegram.child",
        json.dumps(task),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )


async def finish(process: Any) -> dict[str, Any]:
    """Wait for its end; the last line it printed."""
    output, _ = await process.communicate()
    assert process.returncode == 0
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return answer


async def test_killed_in_the_middle_of_256_megabytes(
    counting: TestTelegram, tmp_path: Path
) -> None:
    """Started again, a process sends at most one window of parts twice, and never needs much memory."""
    path = tmp_path / "film.bin"
    with path.open("wb") as file:
        file.write(os.urandom(1 << 20))
        file.truncate(256 << 20)
    process = await start(counting, path, tmp_path / "state")
    await counting.until(lambda: len(counting.part_counts) >= 256)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    before = len(counting.part_counts)
    answer = await finish(await start(counting, path, tmp_path / "state"))
    assert before < 512
    assert len(counting.part_counts) == 512
    repeated = [count for count in counting.part_counts.values() if count > 1]
    assert sum(count - 1 for count in repeated) <= WINDOW
    assert [message.id for message in counting.messages] == [answer["message"]]
    assert counting.messages[0].size == 256 << 20
    assert answer["peak_mb"] < 200  # it begins with 70; the file alone would be 256


async def test_killed_again_and_again_the_bytes_are_right(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """Several deaths in one file leave the file it was."""
    clip = video_file(tmp_path, 60 * PART + 1)
    telegram.rtt = 0.02
    for parts in (15, 35):
        process = await start(telegram, clip.path, tmp_path / "state")
        await telegram.until(lambda parts=parts: len(telegram.part_counts) >= parts)  # type: ignore[misc]
        process.kill()
        await process.wait()
    await finish(await start(telegram, clip.path, tmp_path / "state"))
    (message,) = telegram.messages
    assert message.sha256 == hashlib.sha256(clip.path.read_bytes()).hexdigest()
    assert sum(telegram.part_counts.values()) <= 61 + 3 * WINDOW
    assert not list((tmp_path / "state/uploads").iterdir())


async def test_killed_between_staging_and_posting(telegram: TestTelegram, tmp_path: Path) -> None:
    """What was taken in is posted after a restart without sending a byte of it again."""
    clip = video_file(tmp_path, 25 * PART)
    process = await start(telegram, clip.path, tmp_path / "state", hold=True)
    while await process.stdout.readline() != b"staged\n":
        assert process.returncode is None
    process.kill()
    await process.wait()
    await finish(await start(telegram, clip.path, tmp_path / "state"))
    assert set(telegram.part_counts.values()) == {1}
    assert len(telegram.calls_of("uploadMedia")) == 1
    assert len(telegram.messages) == 1


async def test_another_file_under_the_same_key_is_sent_from_its_start(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """Other bytes are another upload, even where somebody gives it the same key."""
    path = tmp_path / "film.bin"
    path.write_bytes(os.urandom(30 * PART))
    telegram.rtt = 0.02
    process = await start(telegram, path, tmp_path / "state")
    await telegram.until(lambda: len(telegram.part_counts) >= 15)
    process.kill()
    await process.wait()
    path.write_bytes(os.urandom(28 * PART))
    await finish(await start(telegram, path, tmp_path / "state"))
    assert telegram.messages[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


async def test_a_wait_in_mid_file_costs_no_part(telegram: TestTelegram, tmp_path: Path) -> None:
    """A wait too long to stand through hands the file back; later it goes on from where it was."""
    clip = video_file(tmp_path, 40 * PART)
    telegram.faults.add("upload.saveBigFilePart", nth=20, error=(420, "FLOOD_PREMIUM_WAIT_900"))
    async with opened(telegram, tmp_path / "state", window=2 * PART) as destination:
        with pytest.raises(Temporary) as caught:
            await destination.stage("default", clip)
        assert caught.value.scope == "all"
        assert caught.value.retry_after == pytest.approx(900, abs=5)
        (wait,) = destination.waits()
        assert wait.name == "FLOOD_PREMIUM_WAIT_900"
    async with opened(telegram, tmp_path / "state") as destination:  # it remembers after a restart
        asked = len(telegram.calls_of("upload.saveBigFilePart"))
        with pytest.raises(Temporary):
            await destination.stage("default", clip)
        assert len(telegram.calls_of("upload.saveBigFilePart")) == asked
    (tmp_path / "state/floods.json").unlink()
    telegram.waits.end()
    async with opened(telegram, tmp_path / "state") as destination:
        await send(destination, [clip])
    stored = [c for c in telegram.calls if c.name.startswith("upload.") and c.outcome == "ok"]
    assert len(stored) == 40
    assert len(telegram.messages) == 1
