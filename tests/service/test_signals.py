"""Signals to `telespool run` from its first instruction on, and a terminal that closes."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from telespool.errors import LoginNeeded
from telespool.service.reload import run_until_signal
from tests.cli.support import make
from tests.harness import ROOT
from tests.patience import longest
from tests.service.test_reload import Making, until

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.service.service import Service

EARLY = """
import os, signal, sys
from telespool.runtime import signals
signals.remember()
os.kill(os.getpid(), signal.{name})      # before anything else of the program is there
sys.argv[1:] = {arguments!r}
from telespool.cli.main import main
sys.exit(main())
"""


def _early(directory: Path, name: str) -> subprocess.CompletedProcess[str]:
    spool = make(directory)
    script = EARLY.format(name=name, arguments=["run", "-c", str(spool.config), "--until-idle"])
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=longest(60),
        check=False,
        start_new_session=True,
    )


@pytest.mark.timeout(90)
def test_a_hangup_at_the_very_start_is_a_reload(tmp_path: Path) -> None:
    """The configuration is read after it, so there is nothing more to do; the daemon lives and works."""
    done = _early(tmp_path, "SIGHUP")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "spool" / "inbox" / "family").is_dir()


@pytest.mark.timeout(90)
def test_an_end_at_the_very_start_is_kept(tmp_path: Path) -> None:
    """SIGTERM before the loop turns ends it cleanly, and nothing was begun."""
    done = _early(tmp_path, "SIGTERM")
    assert done.returncode == 0, done.stderr
    assert "service.stopped" in done.stderr
    assert not (tmp_path / "spool" / "inbox" / "family").exists()


@pytest.mark.timeout(90)
def test_it_ends_with_its_terminal(tmp_path: Path) -> None:
    """SIGHUP of a closed terminal is the end; `kill -HUP` while the terminal is there is a reload."""
    spool = make(tmp_path)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execv(  # noqa: S606 - the child of pty.fork becomes the daemon
            sys.executable,
            [sys.executable, "-m", "telespool.cli.main", "run", "-c", str(spool.config)],
        )
    said = b""
    while b"inbox" not in said:
        said += os.read(terminal, 65536)
    os.kill(child, signal.SIGHUP)
    while b"config.reloaded" not in said:
        said += os.read(terminal, 65536)
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.timeout(60)
async def test_a_reload_that_fails_later_is_taken_back(tmp_path: Path) -> None:
    """The login turns out to be dead only when Telegram is asked: the service before is there again."""
    making = Making(tmp_path)
    making.write('[chats]\nfirst = "x"\n')

    def make_one(like: Service | None = None) -> Service:
        service = making(like)
        if like is None and "second" in service.config.chats:

            async def refuse() -> None:
                raise LoginNeeded("Telegram does not know this login.")

            service.destination.open = refuse  # type: ignore[method-assign]
        return service

    running = asyncio.create_task(run_until_signal(make_one))
    await until(lambda: making.inbox("first"))
    making.write('[chats]\nfirst = "x"\nsecond = "x"\n')
    with capture_logs() as logs:
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: len(making.made) == 3)
    assert any("does not know this login" in str(each.get("reason")) for each in logs)
    assert "second" not in making.made[2].config.chats
    await until(lambda: making.made[2].has_worked)
    os.kill(os.getpid(), signal.SIGTERM)
    await running


@pytest.mark.timeout(60)
async def test_a_reload_that_could_not_work_is_refused(tmp_path: Path) -> None:
    """A place that cannot be written, or a spool that another has: named, and nothing changes."""
    making = Making(tmp_path)
    making.write('[chats]\nfirst = "x"\n')
    running = asyncio.create_task(run_until_signal(making))
    await until(lambda: making.inbox("first"))
    (tmp_path / "file").write_text("no folder")
    making.file.write_text(f'[spool]\nroot = "{tmp_path}/file/spool"\n')
    with capture_logs() as logs:
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: logs)
    assert "spool.root" in logs[0]["problem"]
    assert not running.done()
    os.kill(os.getpid(), signal.SIGTERM)
    await running
