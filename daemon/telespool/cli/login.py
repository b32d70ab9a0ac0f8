"""telespool login: log in to Telegram, once; the session file is what remains.

As a person (phone number, code, password if the account has one), as a person who scans a QR code (--qr), or as a
bot, where the secret `bot-token` is there. Phone number and password may be secrets too (`telespool.config.secrets`):
then only the code is asked for.

Without a terminal each question is a file in DIR (--answers, or login/ in the state directory) and its answer
another one: `telespool.cli.prompts`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.cli.prompts import AtTerminal, InFiles, Question, terminal_kept
from telespool.config import loader
from telespool.config.paths import command, state_directory
from telespool.config.schema import LogSettings
from telespool.config.secrets import Secrets
from telespool.errors import ConfigError
from telespool.observe import log as logs
from telespool.observe.terminal import raw

if TYPE_CHECKING:
    import argparse

    from telespool.config.schema import Config
    from telespool.destinations.telegram.login import Account

_QUESTIONS = {
    "phone": Question(
        "phone",
        "The phone number of the Telegram account that is to post, with country code, as in +491701234567:",
    ),
    "code": Question(
        "code",
        'The login code. It arrives as a message from "Telegram" in the Telegram app on your phone or'
        " computer (rarely by SMS):",
    ),
    "password": Question(
        "password",
        "Your account has two-step verification. Its password (Telegram: Settings > Privacy and Security >"
        " Two-Step Verification):",
        secret=True,
    ),
}
_SCAN = (
    "Scan this with the Telegram app: Settings > Devices > Link Desktop Device. It is good for half a minute; then"
    " a new one appears."
)

_PREFACE = """\
Telespool posts as your own account, or as a bot. For your account, answer the questions below (or scan a code with
your phone: telespool login --qr). For a bot: put the token that @BotFather gave you into the secret bot-token, a
file secrets/bot-token beside the configuration that only its owner can read, and run this again."""


def run(options: argparse.Namespace) -> int:
    """Ask, log in, and say what was stored where."""
    from telespool.destinations.telegram.session import Session  # noqa: PLC0415 - it imports Telethon

    logs.set_up(
        LogSettings(level="error")
    )  # what Telethon says of a bad line is said by our sentence
    path = options.config or loader.find()
    config = loader.load(path)
    secrets = Secrets.read(path)
    _check_application(config, secrets, path)
    session = Session.place(config.telegram, state_directory())
    if _at_terminal(options.answers) and not secrets.bot_token:
        print(_PREFACE)
    account = asyncio.run(log_in_here(config, secrets, qr=options.qr, answers=options.answers))
    _tell(account, session, config, path)
    return 0


async def log_in_here(
    config: Config, secrets: Secrets, *, qr: bool, answers: Path | None = None
) -> Account:
    """Log in at this terminal, or by files where there is none; the session belongs to who owns its directory."""
    from telespool.destinations.telegram.login import log_in  # noqa: PLC0415 - it imports Telethon
    from telespool.destinations.telegram.session import Session  # noqa: PLC0415 - the same

    state = state_directory()
    asker = AtTerminal() if _at_terminal(answers) else InFiles(answers or state / "login")

    async def ask(question: str, hint: str) -> str:
        return await asker.ask(_QUESTIONS[question], hint)

    with terminal_kept():
        account = await log_in(config.telegram, secrets, state, ask, _show if qr else None)
    _give_to_the_service(Session.place(config.telegram, state))
    return account


def _at_terminal(answers: Path | None) -> bool:
    return sys.stdin.isatty() and not answers


def _check_application(config: Config, secrets: Secrets, path: Path | None) -> None:
    """Raise ConfigError with instructions if api_id or api_hash is missing."""
    file = path or Path("~/.config/telespool/config.toml").expanduser()
    missing = []
    if not config.telegram.api_id:
        missing.append(f"write into {file}, under [telegram]:  api_id = THE_NUMBER")
    if not secrets.api_hash:
        hidden = file.parent / "secrets" / "api-hash"
        missing.append(
            f"put the api_hash into a file that only its owner can read:  mkdir -p {hidden.parent} &&"
            f" (umask 077; cat > {hidden})  then paste it, Enter, Ctrl-D"
        )
    if missing:
        steps = [
            "Telegram wants two values that name your own copy of this program. They are free:",
            "  open https://my.telegram.org and log in with your phone number,",
            '  choose "API development tools" and fill in any title and short name;',
            "  api_id and api_hash stand on the page that follows. Then:",
            *(f"  {line}" for line in missing),
            f"  then run again: {command('login')}",
        ]
        raise ConfigError(steps)


def _show(url: str) -> None:
    import segno  # noqa: PLC0415 - only for --qr

    print(f"\n{_SCAN}\n")
    segno.make(url, error="l").terminal(out=raw(sys.stdout), compact=True, border=2)
    sys.stdout.flush()


def _give_to_the_service(session: Path) -> None:
    """Give the session files that root made in the service's directory to the service's user."""
    owner = session.parent.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for path in session.parent.glob(f"{session.name}*"):
        os.chown(path, owner.st_uid, owner.st_gid)


def _tell(account: Account, session: Path, config: Config, path: Path | None) -> None:
    kind = "the bot" if account.is_bot else "the account"
    print(f"\nLogged in as {kind} {account.name} (id {account.id}).")
    print(f"Stored: the login, in {session}; only its owner can read it (mode 0600).")
    print("Not stored: phone number, code and password. Whoever has that file can post as you:")
    print(
        "keep it out of backups that others can read. To end the login: Telegram > Settings > Devices."
    )
    if config.destination != "telegram":
        print(f'Next: write destination = "telegram" into {path or "the configuration"},')
        print("      at the top, and name your chats under [chats]. Then: telespool doctor")
    else:
        print("Next: telespool doctor shows whether everything is ready.")
