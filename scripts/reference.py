#!/usr/bin/env python3
"""Write docs/configuration.md from the dataclasses of daemon/telespool/config/schema.py.

.venv/bin/python scripts/reference.py           write it
.venv/bin/python scripts/reference.py --check   exit 1 if it is not what it must be
"""

from __future__ import annotations

import dataclasses
import sys
import typing
from pathlib import Path
from typing import Any

from telespool.config.example import _value as written
from telespool.config.example import _worth_saying as worth_saying
from telespool.config.fields import fields, wanted
from telespool.config.schema import ChatSettings, Config
from telespool.destinations.telegram.error_table import RULES, Action

DOCS = Path(__file__).parents[1] / "docs"

_HEAD = """\
# Configuration

<!-- Made by scripts/reference.py from daemon/telespool/config/schema.py: change it there. -->

Telespool reads one TOML file: the one named by `-c`, else by `$TELESPOOL_CONFIG`, else
`~/.config/telespool/config.toml`, else `/etc/telespool/config.toml`. Without any, the defaults below hold.
[`config.example.toml`](../config.example.toml) is the same list, to copy from.

    $ telespool check-config

names every mistake at once, each with its line, and ends with exit code 78 if there is one.

Durations are written `"10s"`, `"1.5h"` or `"2 days"`; sizes `"512 KiB"`, `"10 MB"` or `"2 GiB"`. A relative path is meant from
the folder of the configuration file, `~` is your home. A change takes effect at the next start,
or at a reload: `systemctl reload telespool`, or `kill -HUP` of the process.

## Secrets

They never stand in the configuration. Each is looked for in three places, and the first that has it wins: a systemd
credential of this name, a file of this name in `secrets/` beside the configuration (only its owner may read it: `chmod
600`), and the environment.

| name | in the environment | what it is |
|---|---|---|
| `api-hash` | `TELESPOOL_API_HASH` | the hash that belongs to `telegram.api_id`, from <https://my.telegram.org> |
| `bot-token` | `TELESPOOL_BOT_TOKEN` | to post as a bot: the token that @BotFather gave you |
| `phone` | `TELESPOOL_PHONE` | the number to log in with, so that `telespool login` need not ask |
| `password` | `TELESPOOL_PASSWORD` | your two-step password, for the same |
| `proxy-secret` | `TELESPOOL_PROXY_SECRET` | the password of a SOCKS5 proxy, or the key of an MTProxy |
| `webhook-key` | `TELESPOOL_WEBHOOK_KEY` | signs the reports that `report.webhook` gets |
| `apprise-urls` | `TELESPOOL_APPRISE_URLS` | one URL of [Apprise](https://github.com/caronc/apprise) to a line: each is told of each report (`telespool[apprise]`) |
| `archive-passwords` | `TELESPOOL_ARCHIVE_PASSWORDS` | tried on encrypted archives, one to a line |
"""

_ERRORS_HEAD = """\
# Telegram's errors

<!-- Made by scripts/reference.py from daemon/telespool/destinations/telegram/error_table.py: change it there. -->

Telegram says no by name. Telespool knows the names below, what each means, and what is to be done; a name that is not among
them is tried again a few times and then put into quarantine with the name in its note. `X` stands for a number.
"""

_ACTIONS = {
    Action.WAIT: "Waits as long as Telegram says, then repeats the same request. No attempt is used up.",
    Action.RETRY: "Repeats the same request after a while.",
    Action.RECONNECT: "Connects anew and repeats the same request.",
    Action.PART: "Sends that part again.",
    Action.UPLOAD: "Sends the file again.",
    Action.REFRESH: "Asks Telegram for a new reference to what was sent already.",
    Action.CONVERT: "Converts a video and sends the copy; what was converted already goes to quarantine.",
    Action.PHOTO: "Makes the photo anew as a JPEG; if that is refused too, sends it as a file.",
    Action.DOCUMENT: "Sends it as a file.",
    Action.REGROUP: "Sends the members of the album one by one.",
    Action.CAPTION: "Shortens or drops the caption.",
    Action.BUG: "Quarantine: a fault of Telespool's. Please report it.",
    Action.REFUSE: "Quarantine: nothing helps.",
    Action.KIND: "These files wait and are tried again; an administrator of the chat can allow them.",
    Action.CHAT: "What goes to this chat waits; put the reason right.",
    Action.ACCOUNT: "Everything waits; put the reason right.",
    Action.LOGIN: "The program ends with exit code 77: run `telespool login`.",
    Action.CONFIG: "The program ends with exit code 78: put the configuration right.",
    Action.DELIVERED: "Asks for the message that is there already: nothing is posted twice.",
}


def telegram_errors() -> str:
    """The text of docs/telegram-errors.md."""
    parts = [_ERRORS_HEAD]
    for action, sentence in _ACTIONS.items():
        rules = sorted((r for r in RULES.values() if r.action is action), key=lambda r: r.name)
        if rules:
            rows = [f"| `{rule.name}` | {_cell(rule.meaning)} |\n" for rule in rules]
            parts.append(
                f"\n## {sentence}\n\n| error | what it means |\n|---|---|\n{''.join(rows)}"
            )
    return "".join(parts)


def reference() -> str:
    """The text of docs/configuration.md."""
    return _HEAD + "".join(_section(Config, ()))


def _section(section: type[Any], key: tuple[str, ...]) -> typing.Iterator[str]:
    plain = [(each, hint) for each, hint in fields(section) if not dataclasses.is_dataclass(hint)]
    heading = f"`[{'.'.join(key)}]`" if key else "At the top"
    doc = (section.__doc__ or "").split("\n\n")[0].replace("\n    ", " ") if key else ""
    yield f"\n## {heading}\n" + (f"\n{doc}\n" if doc else "")
    tables: list[tuple[type[Any], tuple[str, ...]]] = []
    if plain:
        yield "\n| key | default | what it does |\n|---|---|---|\n"
    for each, hint in plain:
        default = (
            each.default
            if each.default is not dataclasses.MISSING
            else typing.cast("Any", each.default_factory)()
        )
        if isinstance(default, dict):
            shown = "<br>".join(f'`{name} = "{value}"`' for name, value in default.items())
            place = ".".join((*key, each.name))
            yield f"| `[{place}]` | {shown or 'none'} | {_cell(each.metadata['doc'])} |\n"
            if each.name == "chats":
                tables.append((ChatSettings, (each.name, "NAME")))
            continue
        low, high = each.metadata["low"], each.metadata["high"]
        sentence = each.metadata["doc"]
        if worth_saying(hint, low, high):
            right = wanted(hint, low, high)
            sentence += f" *{right[0].upper()}{right[1:]}.*"
        value = written(hint, default)
        yield f"| `{each.name}` | {'unset' if default is None else f'`{value}`'} | {_cell(sentence)} |\n"
    for table, name in tables:
        yield from _section(table, (*key, *name))
    for each, hint in fields(section):
        if dataclasses.is_dataclass(hint):
            yield from _section(typing.cast("type[Any]", hint), (*key, each.name))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Write or check; the exit code."""
    wrong = 0
    for name, text in (
        ("configuration.md", reference()),
        ("telegram-errors.md", telegram_errors()),
    ):
        target = DOCS / name
        if "--check" not in sys.argv[1:]:
            target.write_text(text)
        elif not target.is_file() or target.read_text() != text:
            print(f"{target} is out of date; run scripts/reference.py", file=sys.stderr)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
