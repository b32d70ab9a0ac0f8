"""`config.example.toml`: every key with its default, its range and its sentence.

Made from the dataclasses of `schema.py`, so it cannot say anything else than the program does. All keys and tables are
commented out: read as it is, or with every `#` before a key or a table taken away, it gives exactly the defaults. A
block of the documentation can be pasted at its end, because no table is open there.
"""

from __future__ import annotations

import dataclasses
import textwrap
import typing
from pathlib import Path
from typing import Any

from telespool.config.fields import fields, wanted
from telespool.config.schema import Bytes, Config, Seconds
from telespool.config.units import write_duration, write_size

_HEAD = """\
# The configuration of Telespool, as /etc/telespool/config.toml or ~/.config/telespool/config.toml.
#
# Every key stands here with its default, and all of it is commented out. Either paste a block of the
# documentation at the end of this file, or take away the # before a key and before the [table] above it.
# Durations are written "10s", "1.5h" or "2 days", sizes "512 KiB", "10 MB" or "2 GiB"; a relative path is
# meant from the directory of this file. `telespool check-config` names every mistake with its line.
#
# Secrets do not belong here. They are files beside this one, readable by their owner alone
# (secrets/api-hash, secrets/bot-token, secrets/archive-passwords), or systemd credentials of these names.
"""


def example() -> str:
    """Give the text of config.example.toml."""
    return _HEAD + _section(Config, ())


def _section(section: type[Any], key: tuple[str, ...]) -> str:
    """Write the keys of a table first, then the tables in it: TOML wants this order."""
    plain, tables = [], []
    for each, hint in fields(section):
        default = (
            each.default
            if each.default is not dataclasses.MISSING
            else typing.cast("Any", each.default_factory)()
        )
        below = (*key, each.name)
        doc = each.metadata["doc"]
        if dataclasses.is_dataclass(hint):
            doc = doc or _first_line(hint)
            head = f"\n\n{_comment(doc)}#[{'.'.join(below)}]\n"
            tables.append(head + _section(typing.cast("type[Any]", hint), below))
        elif isinstance(default, dict):
            pairs = "".join(f"#{name} = {_value(str, value)}\n" for name, value in default.items())
            tables.append(f"\n\n{_comment(doc)}#[{'.'.join(below)}]\n{pairs}")
        else:
            low, high = each.metadata["low"], each.metadata["high"]
            limits = f" ({wanted(hint, low, high)})" if _worth_saying(hint, low, high) else ""
            plain.append(f"\n{_comment(doc + limits)}#{each.name} = {_value(hint, default)}\n")
    return "".join(plain + tables)


def _worth_saying(hint: Any, low: float | None, high: float | None) -> bool:
    return typing.get_origin(hint) is typing.Literal or (low is not None and high is not None)


def _first_line(section: Any) -> str:
    return (section.__doc__ or "").split("\n", 1)[0]


def _comment(text: str) -> str:
    return (
        textwrap.fill(
            text, width=100, initial_indent="# ", subsequent_indent="# ", break_long_words=False
        )
        + "\n"
    )


def _value(hint: Any, value: Any) -> str:
    """Write a value as a person would in this file; nothing is an empty text."""
    if hint is Seconds:
        return f'"{write_duration(value)}"'
    if hint is Bytes:
        return f'"{write_size(value)}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{each}"' for each in value) + "]"
    return f'"{value if isinstance(value, (str, Path)) else ""}"'
