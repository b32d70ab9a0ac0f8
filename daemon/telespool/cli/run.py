"""telespool run: run the daemon. With --until-idle it works off what is there and ends."""

from __future__ import annotations

import asyncio
import faulthandler
import sys
from typing import TYPE_CHECKING

import structlog

from telespool.config import loader
from telespool.config.paths import posts, state_directory
from telespool.config.schema import LogSettings
from telespool.config.secrets import Secrets
from telespool.errors import ConfigError, TelespoolError
from telespool.observe import log as logs
from telespool.pipeline.send.report_sender import chats
from telespool.service.reload import run_until_signal
from telespool.service.service import Service

if TYPE_CHECKING:
    import argparse

    from telespool.config.schema import Config
    from telespool.destinations.base import Destination

log = structlog.get_logger()


def run(options: argparse.Namespace) -> int:
    """Read the configuration, make the destination, run the service.

    What ends it goes to the log: systemd's journal then has one record to a sentence, with its priority.
    """
    # A hung process that systemd aborts says where it stood.
    faulthandler.enable()
    logs.set_up(LogSettings())
    try:
        _work(options)
    except ConfigError as error:
        for problem in error.problems:
            log.critical("config.refused", problem=problem)
        return error.exit_code
    except TelespoolError as error:
        log.critical("service.ended", reason=error.reason)
        return error.exit_code
    except Exception:
        log.critical("service.failed", exc_info=True)
        return TelespoolError.exit_code
    return 0


def _work(options: argparse.Namespace) -> None:
    def make(like: Service | None = None) -> Service:
        path = options.config or loader.find()
        config, secrets = (
            (loader.load(path), Secrets.read(path)) if like is None else (like.config, like.secrets)
        )
        service = Service(config, destination(config, secrets), secrets)
        hidden = (*secrets.values, *config.archives.passwords)
        service.activate = lambda: logs.set_up(config.log, hidden)
        if sys.stderr.isatty():
            service.on_ready = lambda: _greet(service)
        return service

    asyncio.run(run_until_signal(make, until_idle=options.until_idle))


def _greet(service: Service) -> None:
    """Tell the person at the terminal, in words, what the log says in fields."""
    print(
        f"\n  Drop photos, videos, folders and archives into {service.spool.inbox}/"
        f"\n  (each chat has a folder there). Posts go to {service.place_of_posts()}"
        "\n  Ctrl-C ends it; nothing is lost.\n",
        file=sys.stderr,
    )


def destination(config: Config, secrets: Secrets) -> Destination:
    """Make the destination that the configuration names."""
    if config.destination == "folder":
        from telespool.destinations.folder.destination import FolderDestination  # noqa: PLC0415 - only the one that is used

        return FolderDestination(posts(config), chats(config))
    from telespool.destinations.telegram import TelegramDestination  # noqa: PLC0415 - it imports Telethon

    return TelegramDestination(config.telegram, chats(config), secrets, state_directory())
