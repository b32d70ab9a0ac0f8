"""The destination: logged in, each chat there and writable, by real requests; the clock against Telegram's.

While the daemon runs, the login is its own (two at once would end it for both), so the daemon is asked to ask.
"""

from __future__ import annotations

import asyncio
import stat
from typing import TYPE_CHECKING

from telespool.config.paths import command
from telespool.doctor import chats
from telespool.doctor.findings import Finding, note, ok, wrong
from telespool.errors import ConfigError, LoginNeeded, SpoolBusy, TelespoolError, Temporary
from telespool.observe import control_client, humanize
from telespool.spool.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telespool.config.schema import Config
    from telespool.destinations.base import Destination

_PATIENCE = 60.0
_CLOCK = 30.0


async def login(config: Config, state: Path, make: Callable[[], Destination]) -> list[Finding]:
    """Log in as the daemon would, and ask for each chat; or let the running daemon do it."""
    from telespool.destinations.telegram.session import Session  # noqa: PLC0415 - it imports Telethon

    file = Session.place(config.telegram, state)
    if not file.exists():
        return [
            wrong("login", f"nobody has logged in: {file} is not there", f"Run: {command('login')}")
        ]
    findings = []
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        cure = f"chmod 600 {file}"
        findings.append(wrong("login file", f"{file} can be read by others", cure))
    holder = Lock(config.spool.root / "lock").holder()
    if holder is not None:
        said = await asyncio.to_thread(
            control_client.look, config.spool.root, holder, "check", _PATIENCE
        )
        if said is not None and "chats" in said:
            return [
                *findings,
                ok("login", "the running daemon has it"),
                *chats.told(said["chats"], config),
            ]
    return findings + await _ask(config, make())


async def _ask(config: Config, destination: Destination) -> list[Finding]:
    try:
        async with asyncio.timeout(_PATIENCE):
            await destination.open()
            account = await destination.account()  # type: ignore[attr-defined]  # Telegram's has one
            findings = [ok("login", f"{account.name} (id {account.id})")]
            ahead = await destination.clock()  # type: ignore[attr-defined]  # the same
            if abs(ahead) > _CLOCK:
                cure = "Set the clock of this machine: sudo timedatectl set-ntp true"
                found = f"it is {humanize.span(abs(ahead))} {'behind' if ahead > 0 else 'ahead of'} Telegram's"
                findings.append(wrong("clock", found, cure))
            answers = {
                alias: await chats.of_chat(destination, config, alias) for alias in config.chats
            }
            return [*findings, *chats.told(answers, config)]
    except LoginNeeded as error:
        return [wrong("login", error.reason, f"Run: {command('login')}")]
    except SpoolBusy as error:
        return [note("login", error.reason, "Stop that process, then run doctor again")]
    except ConfigError as error:
        return [
            wrong("login", error.reason, f"Correct the configuration; then run {command('login')}")
        ]
    except (TelespoolError, TimeoutError) as error:
        cure = chats.cure_of_all(config, error.kind if isinstance(error, Temporary) else "")
        return [wrong("login", str(error) or "Telegram does not answer", cure)]
    finally:
        await destination.close()
