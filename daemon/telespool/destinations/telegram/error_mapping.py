"""What each of Telegram's errors means, and what is done about it.

The table in `rules.py` is asked by *name*. Telethon's classes and numbers mislead (measured with 1.45):

1. `error.message` holds the name only for errors Telethon does not know; for those it knows it is a class
   name such as `BAD_REQUEST`. The name is found through its own table, read backwards.
2. `AuthKeyError` is its class for every 406, a closed forum topic among them. Only some names mean the login.
3. A `FloodError` need not carry a time: FROZEN_METHOD_INVALID is one, and lasts until a person has appealed.
4. RANDOM_ID_DUPLICATE is a `ServerError` to it, and retried blindly. To us it says: delivered, or about to be.

`read` turns an error into a `Refusal`; `verdict` turns a refusal that nobody could mend into the exception of
`telespool.errors` that decides the file's folder.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from telethon import errors as telethon_errors

from telespool.config.paths import command
from telespool.destinations.telegram.error_table import RULES, UNKNOWN, Action, Rule
from telespool.errors import (
    ConfigError,
    LoginNeeded,
    NeedsConversion,
    Permanent,
    TelespoolError,
    Temporary,
)

if TYPE_CHECKING:
    from telethon.errors import RPCError

    from telespool.errors import Scope
    from telespool.model import Kind

_NUMBER = re.compile(r"(?<=_)\d+(?=_|$)")
_SERVER = 500
_PAUSE = {Action.CHAT: 15 * 60.0, Action.KIND: 60 * 60.0, Action.ACCOUNT: 60 * 60.0}


def _backwards() -> dict[type, str]:
    names = {error: name.upper() for name, error in telethon_errors.rpc_errors_dict.items()}
    names.update(
        {error: pattern.replace(r"(\d+)", "{}") for pattern, error in telethon_errors.rpc_errors_re}
    )
    return names


_NAMES = _backwards()


class Refusal(TelespoolError):
    """Telegram said no, by name. It stays inside this package until `verdict` has judged it."""

    def __init__(self, name: str, code: int = 0) -> None:
        self.name = name
        self.code = code
        found = _NUMBER.search(name)
        self.number = int(found[0]) if found else None
        self.rule = rule(name)
        super().__init__(f"{self.rule.meaning} ({name})")

    @property
    def action(self) -> Action:
        """What is to be done."""
        return self.rule.action

    @property
    def is_trouble(self) -> bool:
        """Whether it is Telegram's own trouble, whatever its name."""
        return self.action is Action.RETRY or (
            self.action is Action.UNKNOWN and self.code >= _SERVER
        )


def rule(name: str) -> Rule:
    """The rule of an error's name, `UNKNOWN` where the table has none."""
    return RULES.get(name) or RULES.get(_NUMBER.sub("X", name)) or UNKNOWN


def name_of(error: RPCError) -> str:
    """The name Telegram gave the error, numbers and all."""
    pattern = _NAMES.get(type(error))
    if pattern is None:
        return _plain(str(error.message or type(error).__name__))
    if "{}" not in pattern:
        return pattern
    numbers = [value for value in vars(error).values() if isinstance(value, int)]
    return pattern.format(numbers[0] if numbers else 0)


def _plain(message: str) -> str:
    """`No workers running` and `Timeout` are names too."""
    return re.sub(r"\W+", "_", message.strip()).upper()


def read(error: RPCError) -> Refusal:
    """What Telegram said."""
    code: Any = error.code
    return Refusal(name_of(error), abs(int(code or 0)))


def verdict(refusal: Refusal, subject: str, kind: Kind | None = None) -> TelespoolError:
    """The exception for a refusal that nothing here could mend; `subject` is what people know it by.

    `kind` is there where it is about one item: trouble with anything else is everybody's, and nobody overtakes.
    """
    scope: Scope
    said = f"{refusal.rule.meaning} ({refusal.name})"
    match refusal.action:
        case Action.CONVERT | Action.PHOTO | Action.DOCUMENT:
            if kind == "document":
                return Permanent(f"Telegram does not take {subject}, not even as a file: {said}.")
            return NeedsConversion(f"Telegram does not take {subject} as it is: {said}.")
        case Action.REFUSE:
            return Permanent(f"Telegram does not take {subject}: {said}.")
        case Action.ACCOUNT:
            return Temporary(
                f"Nothing is posted for now: {said}. It is tried again by itself every hour; nothing is lost.",
                retry_after=_PAUSE[refusal.action],
                scope="all",
                kind="account",
            )
        case Action.CHAT | Action.KIND:
            scope = "chat" if refusal.action is Action.CHAT else "unit"
            if refusal.name.startswith("TOPIC_"):
                scope = "topic"
            return Temporary(
                f"{subject} cannot be sent for now: {said}.",
                retry_after=_PAUSE[refusal.action],
                scope=scope,
                kind="chat",
            )
        case Action.LOGIN:
            return LoginNeeded(f"{_login(refusal)}: {said}. Run `{command('login')}`.")
        case Action.CONFIG:
            return ConfigError([f"Telegram does not accept the configuration: {said}."])
        case Action.BUG | Action.CAPTION | Action.REGROUP:
            return Permanent(
                f"Telegram finds a mistake in how {subject} was sent: {said}."
                " That is a fault of Telespool's: please report it."
            )
        case Action.UNKNOWN:
            if refusal.is_trouble:
                scope = "unit" if kind else "all"
                return Temporary(f"Telegram could not take {subject}: {refusal.name}.", scope=scope)
            return Permanent(
                f"Telegram refused {subject} with {refusal.name}, an error Telespool does not know."
                " Look it up at https://core.telegram.org/api/errors, or try again."
            )
        case _:
            scope = "unit" if kind else "all"
            return Temporary(f"{subject} could not be sent yet: {said}.", scope=scope)


def _login(refusal: Refusal) -> str:
    return "Log in again" if "_MIGRATE" in refusal.name else "Telegram ended the login"
