"""telespool setup: write the first configuration by questions, check it, and name the next command.

It asks where files may lie, where posts go, and for Telegram the two values of my.telegram.org, the login and the
chats. What it writes can be written by hand: `telespool.cli.setup_file`. Nothing is sent.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.cli import doctor, login, proxy_link, setup_file
from telespool.config import loader
from telespool.config.paths import inbox, posts, service_unit, start_command, state_directory, use
from telespool.config.schema import LogSettings
from telespool.config.secrets import Secrets
from telespool.config.validation import ALIAS
from telespool.errors import ConfigError, Permanent, Temporary
from telespool.observe import log as logs

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from telespool.cli.setup_file import Answers
    from telespool.config.schema import Config

_HELLO = """\
This writes the configuration of Telespool, {file}.
Press Enter for what stands in [brackets]. Ctrl-C ends it at any moment; nothing is sent."""
_PROXY = """\
If this network lets nobody through to Telegram, a proxy may. Paste its link (https://t.me/proxy?… or https://t.me/socks?…), or
write socks5://[USER@]HOST:PORT. Enter tries again as before; Ctrl-C ends."""
_APPLICATION = """
Telegram wants two values that name your own copy of this program. They are free:
  open https://my.telegram.org and log in with your phone number,
  choose "API development tools" and fill in any title and short name;
  api_id and api_hash stand on the page that follows."""


def run(options: argparse.Namespace) -> int:
    """Ask, write, check, and say how to go on."""
    logs.set_up(LogSettings(level="error"))
    file: Path = options.config or loader.find() or setup_file.place()
    before = _read(file)
    print(_HELLO.format(file=file))
    if before is not None and before != loader.parse("", str(file)):
        answer = _ask(
            f"\n{file} is there already. Write it anew? The old one is kept.", "no", _yes_or_no
        )
        if answer == "no":
            print("Nothing was changed.")
            return 0
    use(file, by_hand=options.config is not None)
    answers = _where(setup_file.Answers())
    answers = _telegram(answers, file) if answers.telegram else _names(answers)
    kept = setup_file.write(file, answers)
    print(f"\nWritten: {file}" + (f" (the old one: {kept})" if kept else ""))
    config = loader.load(file)
    print("\nIs everything as it must be?\n")
    options.config, options.json = file, False
    doctor.run(options)
    _go_on(config)
    return 0


def _read(file: Path) -> Config | None:
    """Return the present configuration; None if there is none or it is wrong."""
    try:
        return loader.load(file) if file.exists() else None
    except ConfigError:
        return None


def _where(answers: Answers) -> Answers:
    default = "/var/spool/telespool" if os.geteuid() == 0 else "~/spool"
    root = _ask(
        "\nIn which folder may Telespool keep its files? Its inbox, where you drop, will be in it.",
        default,
        setup_file.usable_folder,
    )
    print(
        "\nWhere do posts go?\n  1  into a folder, with a page to look at: to try it\n  2  to Telegram"
    )
    to = _ask("Number:", "1", _one_of(2))
    return replace(answers, root=root, telegram=to == "2")


def _names(answers: Answers) -> Answers:
    """Ask for the chats of the folder destination: names of folders."""
    said = _ask(
        "\nEach chat has a folder in the inbox. Short names for your chats, with spaces between them:",
        "family",
        lambda text: "" if all(map(ALIAS.fullmatch, text.split())) else _ALIAS_RULE,
    )
    return replace(answers, chats={"default": "me", **dict.fromkeys(said.split(), "me")})


_ALIAS_RULE = "A short name has small letters a to z, digits and - only, as in family or trip-2."


def _telegram(answers: Answers, file: Path) -> Answers:
    secrets = Secrets.read(file)
    print(_APPLICATION)
    api_id = _ask(
        "api_id:", "", lambda text: "" if text.isdecimal() and text != "0" else "It is a number."
    )
    if not secrets.api_hash:
        api_hash = _ask("api_hash:", "", _is_hash)
        setup_file.keep_secret(file, "api-hash", api_hash)
        secrets = replace(Secrets.read(file), api_hash=api_hash)
    config = loader.parse(f"[telegram]\napi_id = {api_id}\n", str(file))
    if (before := _read(file)) is not None:  # the way to Telegram, or to one of one's own, stays
        datacenter, proxy = before.telegram.datacenter, before.telegram.proxy
        answers = replace(answers, datacenter=datacenter, proxy=proxy)
        telegram = replace(config.telegram, datacenter=datacenter, proxy=proxy)
        config = replace(config, telegram=telegram)
    print(
        "\nLog in, once:\n  1  with your phone number and a code\n  2  by a QR code that you scan with the app"
    )
    qr = _ask("Number:", "1", _one_of(2)) == "2" if not secrets.bot_token else False
    while True:
        try:
            account = asyncio.run(login.log_in_here(config, secrets, qr=qr))
            break
        except Temporary as error:
            if error.kind != "network" or error.retry_after is not None:
                raise
            print(f"\n{error}")
        said = _ask(
            _PROXY, "again", lambda text: "" if text == "again" else proxy_link.objection(text)
        )
        if said != "again":
            named = proxy_link.read(said)
            if named.secret:
                setup_file.keep_secret(file, "proxy-secret", named.secret)
            secrets = replace(secrets, proxy_secret=named.secret or None)
            answers = replace(answers, proxy=named.address)
            config = replace(config, telegram=replace(config.telegram, proxy=named.address))
    print(f"Logged in as {account.name}.")
    return replace(answers, api_id=int(api_id), chats=_chats(config, secrets))


def _chats(config: Config, secrets: Secrets) -> dict[str, str]:
    """Let the person choose from the account's chats by number."""
    from telespool.destinations.telegram.login import chats_of  # noqa: PLC0415 - it imports Telethon

    found = asyncio.run(chats_of(config.telegram, secrets, state_directory()))
    print("\nWhere may Telespool post?")
    for number, chat in enumerate(found, 1):
        print(f"  {number:2}  {chat.title} ({chat.kind})")
    said = _ask("Numbers, with spaces between them:", "1", _some_of(len(found)))
    chosen = [found[int(number) - 1] for number in dict.fromkeys(said.split())]
    chats: dict[str, str] = {}
    for chat in chosen:
        alias = setup_file.alias_of(chat.title, chats)
        name = _ask(
            f"Short name for {chat.title}, which names its folder in the inbox:",
            alias,
            _is_alias(chats),
        )
        chats[name] = chat.peer
    first = next(iter(chats))
    default = _ask(
        "Which of them gets what lies in the inbox itself?",
        first,
        lambda text: "" if text in chats else f"One of: {', '.join(chats)}.",
    )
    return {"default": chats[default], **chats}


def _go_on(config: Config) -> None:
    print(f"\nDrop archives, folders, photos and videos into {inbox(config)}/")
    print(
        f"or into the folder of a chat there: {', '.join(name for name in config.chats if name != 'default')}"
    )
    if config.destination == "folder":
        print(f"Posts appear in {posts(config) / 'index.html'}")
    unit = service_unit()
    if unit and config.telegram.proxy:
        print(
            f"\nThe service reaches Telegram's addresses alone. Let it reach the proxy:  systemctl edit {unit}"
        )
        print(
            f"and write two lines:  [Service]  and  IPAddressAllow={proxy_link.host(config.telegram.proxy)}"
        )
    if unit and os.geteuid() == 0 and shutil.which("systemctl"):
        if (
            _ask("\nStart the service now, and with the machine from now on?", "yes", _yes_or_no)
            == "yes"
        ):
            subprocess.run(["systemctl", "enable", "--now", unit], check=False)  # noqa: S607 - systemd's own
        return
    print(f"\nStart it:  {start_command()}")
    if not unit:
        print("To have it run all the time, as a service: docs/deployment.md")


# --- asking


def _ask(words: str, default: str, check: Callable[[str], str] = lambda _: "") -> str:
    """Return the answer or the default; ask again while `check` returns an objection."""
    while True:
        print(f"{words}{f' [{default}]' if default else ''}")
        try:
            answer = input("> ").strip() or default
        except EOFError:
            raise Permanent("There was no answer, so nothing was written.") from None
        if not sys.stdin.isatty():
            print(answer)
        problem = check(answer) if answer else "An answer is needed."
        if not problem:
            return {"y": "yes", "n": "no"}.get(answer, answer)
        print(problem)


def _yes_or_no(text: str) -> str:
    return "" if text in {"yes", "no", "y", "n"} else "Answer yes or no."


def _one_of(count: int) -> Callable[[str], str]:
    return lambda text: (
        "" if text in map(str, range(1, count + 1)) else f"A number from 1 to {count}."
    )


def _some_of(count: int) -> Callable[[str], str]:
    one = _one_of(count)
    return lambda text: next((problem for each in text.split() if (problem := one(each))), "")


def _is_hash(text: str) -> str:
    right = len(text) == 32 and all(sign in "0123456789abcdef" for sign in text.lower())
    return "" if right else "It has 32 signs, 0 to 9 and a to f."


def _is_alias(taken: dict[str, str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text in taken or text == "default":
            return f"{text} is taken; give another."
        return "" if ALIAS.fullmatch(text) else _ALIAS_RULE

    return check
