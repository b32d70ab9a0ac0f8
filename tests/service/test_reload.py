"""What SIGTERM and SIGHUP mean to the service."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from telespool.config import loader
from telespool.destinations.folder.destination import FolderDestination
from telespool.errors import ConfigError
from telespool.service.reload import run_until_signal
from telespool.service.service import Service
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Making:
    """Makes the service from a configuration file, and keeps what it has made."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "config.toml"
        self.made: list[Service] = []
        self.write("")

    def write(self, more: str) -> None:
        """Change the configuration."""
        self.file.write_text(f'[spool]\nroot = "spool"\nreserve = 0\n{more}')

    def __call__(self, like: Service | None = None) -> Service:
        config = like.config if like else loader.load(self.file)
        destination = FolderDestination(self.directory / "posts", config.chats)
        self.made.append(Service(config, destination))
        return self.made[-1]

    def inbox(self, chat: str) -> bool:
        """Whether a service has looked after the inbox of this chat."""
        return (self.directory / "spool/inbox" / chat).is_dir()


async def until(look: Callable[[], object]) -> None:
    """Wait until there is something to see."""
    async with asyncio.timeout(longest(20)):
        while not look():
            await asyncio.sleep(0.02)


@pytest.mark.timeout(60)
async def test_a_hangup_goes_on_with_the_new_configuration(tmp_path: Path) -> None:
    """The service is made anew once nothing is being sent; a mistake is logged and changes nothing."""
    making = Making(tmp_path)
    making.write('[chats]\nfirst = "x"\n')
    running = asyncio.create_task(run_until_signal(making))
    await until(lambda: making.inbox("first"))

    making.write('[chats]\nsecond = "x"\n')
    async with making.made[0].sending:  # as if a unit were being sent
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: len(making.made) == 2)
        await asyncio.sleep(0)
        assert not making.inbox("second")
    await until(lambda: making.inbox("second"))

    for wrong, says in (
        ('[spool]\nroot = "spool"\n[convert]\ncrf = 99\n', "crf"),
        ("", "the configuration sets nothing"),
        ("# all of it\n[chats]\n", "the configuration sets nothing"),
        ('[spool]\nroot = "other"\n', f"does not leave the spool {tmp_path / 'spool'} for"),
    ):
        making.file.write_text(wrong)
        with capture_logs() as logs:
            os.kill(os.getpid(), signal.SIGHUP)
            await until(logs.copy)
        assert logs[0]["event"] == "config.reload_refused"
        assert says in logs[0]["problem"]
    assert not (tmp_path / "other").exists()
    assert making.inbox("second")

    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 20)


async def test_a_wrong_configuration_at_the_start_is_the_callers(tmp_path: Path) -> None:
    """Nothing is begun with it."""
    making = Making(tmp_path)
    making.write("[convert]\ncrf = 99\n")
    with pytest.raises(ConfigError):
        await run_until_signal(making)
    assert not making.made
