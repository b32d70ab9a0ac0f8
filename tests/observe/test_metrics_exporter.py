"""Numbers that cannot be told are no reason to stop; helpers have numbers of their own."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.config.schema import MetricsSettings
from telespool.model import HelperState
from telespool.observe import metrics_exporter
from telespool.observe.metrics import Metrics
from telespool.observe.progress import Activity
from telespool.spool.layout import SpoolLayout
from tests.cli.support import JOB, make

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("where", ["there", "nowhere"])
async def test_a_file_and_an_address(tmp_path: Path, where: str) -> None:
    """They are written and served while the daemon runs; a folder that is away, or an address in use, is only said."""
    spool = make(tmp_path, {f"quarantine/{JOB}/0001_a.jpg": b"1"})
    activity = Activity()
    activity.helpers = [HelperState("attic", pieces=3, failures=1, speed=2.0)]
    metrics = Metrics(SpoolLayout(spool.root), activity, destination="folder")
    file = tmp_path / ("telespool.prom" if where == "there" else "none/telespool.prom")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = replace(MetricsSettings(), file=file, listen=f"127.0.0.1:{port}")
        running = asyncio.create_task(metrics_exporter.keep(metrics, settings))
        for turn in range(3000):
            await asyncio.sleep(0.01)
            if await asyncio.to_thread(file.exists):
                break
            if where == "nowhere" and turn > 20:
                break
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    if where == "there":
        text = await asyncio.to_thread(file.read_text)
        assert 'telespool_helper_pieces_total{helper="attic"} 3.0' in text
        assert 'telespool_helper_speed_ratio{helper="attic"} 2.0' in text
        assert 'reason="unknown"' in text
