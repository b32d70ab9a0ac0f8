"""The numbers for Prometheus: true to the folders, accepted by promtool, served on this machine only."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.request
from typing import TYPE_CHECKING

import pytest

from telespool.config import loader
from telespool.errors import ConfigError
from telespool.observe.metrics import Metrics, reason_of
from telespool.observe.progress import Activity, UploadProgress
from telespool.spool.layout import SpoolLayout
from tests.cli.support import JOB, make
from tests.harness import ROOT, Home, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material
    from tests.telegram_server import TestTelegram

MONITORING = ROOT / "docs" / "monitoring"


def values(text: str) -> dict[str, float]:
    """The samples by name and labels."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def counted(directory: Path, activity: Activity | None = None) -> Metrics:
    """The numbers of a spool with something in each place."""
    spool = make(
        directory,
        {
            f"done/{JOB}/0001-0002+17_album/0001+17_a.jpg": b"",
            f"done/{JOB}/0001-0002+17_album/0002+18_b.jpg": b"",
            f"done/{JOB}/0003c+19_c.mp4": b"",
            f"done/{JOB}/0003o_c.avi": b"123",
            f"done/{JOB}/contents.txt": b"",
            f"deferred/{JOB}/0004_d.avi": b"1234",
            f"quarantine/{JOB}/0005_e.mp4": b"1",
            f"quarantine/{JOB}/0005_e.mp4.txt": b"Telegram refused it: MEDIA_INVALID.\n",
            f"quarantine/{JOB}/0006_f.mp4": b"1",
            f"quarantine/{JOB}/0006_f.mp4.txt": b"f.mp4 cannot be read.\n",
        },
    )
    metrics = Metrics(SpoolLayout(spool.root), activity or Activity(), destination="telegram")
    metrics.count()
    return metrics


def test_what_the_folders_say(tmp_path: Path) -> None:
    """Units and bytes by folder, receipts, copies and reasons are read from the folders, so a restart loses nothing."""
    found = values(counted(tmp_path).text())
    assert found['telespool_units{folder="deferred"}'] == 1
    assert found['telespool_bytes{folder="deferred"}'] == 4
    assert found['telespool_deferred_units{for="conversion"}'] == 1
    assert found["telespool_delivered_files_total"] == 3
    assert found['telespool_conversions_total{result="succeeded"}'] == 1
    assert found['telespool_quarantined_units{reason="MEDIA_INVALID"}'] == 1
    assert found['telespool_quarantined_units{reason="unreadable"}'] == 1
    assert found["telespool_last_success_timestamp_seconds"] > 0
    assert found["telespool_up"] == 1


def test_what_the_daemon_says(tmp_path: Path) -> None:
    """What this process has done is added, and not counted twice where the folders show it already."""
    activity = Activity()
    metrics = counted(tmp_path, activity)
    activity.counts.update(
        delivered=2, conversions_succeeded=1, conversion_seconds=30, conversions_given_up=1
    )
    activity.arrived(UploadProgress(JOB, "0009_x.jpg", 100), 9, 70)
    metrics.count()
    found = values(metrics.text())
    assert found["telespool_delivered_files_total"] == 5
    assert found['telespool_conversions_total{result="succeeded"}'] == 2
    assert found['telespool_conversions_total{result="given_up"}'] == 1
    assert found["telespool_conversion_seconds_sum"] == 30
    assert found["telespool_uploaded_bytes_total"] == 70


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (
            "Telegram refused a.mp4 as it was and converted as well: … (MEDIA_INVALID)",
            "MEDIA_INVALID",
        ),
        ("holiday.zip needs a password and no password is known", "password"),
        ("The process died 4 times while working on a.mp4", "deaths"),
        ("a.jpg was sent before, as b.jpg of …", "duplicate"),
        ("Something else happened.", "other"),
    ],
)
def test_reasons(note: str, reason: str) -> None:
    """A note's sentence becomes one of few reasons."""
    assert reason_of(note) == reason


def test_served(tmp_path: Path) -> None:
    """The numbers are there by HTTP while the `with` lasts."""
    metrics = counted(tmp_path)
    with metrics.served("127.0.0.1:0") as port:
        address = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert values(answer.read().decode())["telespool_up"] == 1


def test_only_this_machine(tmp_path: Path) -> None:
    """An address that others could reach is a mistake in the configuration."""
    config = tmp_path / "config.toml"
    config.write_text('[metrics]\nlisten = "0.0.0.0:9464"\n')
    with pytest.raises(ConfigError, match="must be an address of this machine"):
        loader.load(config)


@pytest.mark.telegram
async def test_while_the_daemon_runs(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """The file follows the folders, and says in the end that the daemon is down."""
    file = home.directory / "telespool.prom"
    text = home.config.read_text()
    home.config.write_text(f'{text}\n[metrics]\nfile = "{file}"\ninterval = "1s"\n')
    home.drop(material.photo(1))
    async with home.working():
        await telegram.until(lambda: telegram.messages)
        await eventually(
            lambda: (
                file.exists() and values(file.read_text())["telespool_delivered_files_total"] == 1
            )
        )
    found = values(file.read_text())
    assert found["telespool_up"] == 0
    assert found["telespool_uploaded_bytes_total"] == material.photo(1).stat().st_size


def promtool(*arguments: str | Path, data: str = "") -> None:
    """Ask Prometheus's own checker."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus)")
    command = ["promtool", *map(str, arguments)]
    done = subprocess.run(command, input=data, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_accepts_the_numbers(tmp_path: Path) -> None:
    """Names, types and helps are as Prometheus wants them."""
    promtool("check", "metrics", data=counted(tmp_path).text())


def test_promtool_accepts_the_rules() -> None:
    """The alert rules are valid."""
    promtool("check", "rules", MONITORING / "telespool.rules.yml")


def test_rules_and_dashboard_ask_for_what_there_is(tmp_path: Path) -> None:
    """Every number that a rule, the dashboard or the page names exists, and the page names every number."""
    text = counted(tmp_path).text()
    there = {re.split("[ {]", line)[0] for line in text.splitlines() if not line.startswith("#")}
    there = {name for name in there if not name.endswith("_created")}
    dashboard = json.loads((MONITORING / "grafana.json").read_text())
    asked = " ".join(
        [
            (MONITORING / "telespool.rules.yml").read_text(),
            *(target["expr"] for panel in dashboard["panels"] for target in panel["targets"]),
        ]
    )
    wanted = set(re.findall(r"\btelespool_[a-z_]+", asked))
    assert wanted <= there
    page = (MONITORING / "README.md").read_text()
    short = {name.removesuffix("_sum").removesuffix("_count") for name in there}
    missing = {
        name for name in short if name not in page and f"`_{name.rpartition('_')[2]}`" not in page
    }
    assert missing == set()
