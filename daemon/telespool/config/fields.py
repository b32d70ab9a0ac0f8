"""Read one value of the configuration, show it, and say what would have been right.

The type of a key decides: `Seconds` and `Bytes` are written as people write them, `Literal` is a choice, an
optional path is unset by an empty text. Values of the wrong kind raise TypeError or ValueError; the sentence
about it is made of `wanted` and `shown`.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from pathlib import Path
from typing import Any, Literal

from telespool.config.schema import Bytes, Seconds
from telespool.config.units import read_duration, read_size, write_duration, write_size


def fields(section: type[Any]) -> list[tuple[dataclasses.Field[Any], Any]]:
    """Give the keys of one section of the configuration, each with the type of its value."""
    hints = typing.get_type_hints(section)
    keys = (each for each in dataclasses.fields(section) if "doc" in each.metadata)
    return [(each, hints[each.name]) for each in keys]


def read(hint: Any, value: object, low: float | None = None, high: float | None = None) -> Any:
    """Turn a TOML value into the type of its key, from `low` to `high`; TypeError or ValueError."""
    if hint is Seconds:
        number = read_duration(value) if isinstance(value, str) else float(_number(value))
        return Seconds(_between(number, low, high))
    if hint is Bytes:
        number = read_size(value) if isinstance(value, str) else _number(value, int)
        return Bytes(_between(number, low, high))
    if hint in {int, float}:
        return hint(_between(_number(value, int) if hint is int else _number(value), low, high))
    if typing.get_origin(hint) is Literal:
        return _one_of(value, typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise TypeError(value)
        return tuple(value)
    if not isinstance(value, bool if hint is bool else str):
        raise TypeError(value)
    if isinstance(hint, types.UnionType):  # the one union there is: Path | None
        return Path(str(value)) if value else None
    if hint is Path:
        return Path(_not_empty(str(value)))
    return value


def _between(number: Any, low: float | None, high: float | None) -> Any:
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(number)
    return number


def _number(value: object, *kinds: type) -> Any:
    if isinstance(value, bool) or not isinstance(value, kinds or (int, float)):
        raise TypeError(value)
    if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - nan is not itself
        raise ValueError(value)
    return value


def _one_of(value: object, choices: tuple[object, ...]) -> object:
    if value not in choices:
        raise ValueError(value)
    return value


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


def home(path: Path) -> Path:
    """Put the user's home in the place of a leading `~`."""
    try:
        return path.expanduser()
    except RuntimeError:  # nobody of that name: the tilde is taken as it is written
        return path


def wanted(hint: Any, low: float | None, high: float | None) -> str:
    """Say what would be right, with an example where the form is not obvious."""
    if hint is Seconds:
        return 'a duration such as "10s", "1.5h" or "2 days"' + _range(low, high, write_duration)
    if hint is Bytes:
        return 'a size such as "512 KiB", "10 MB" or "2 GiB"' + _range(low, high, _size)
    if hint in {int, float}:
        return ("a whole number" if hint is int else "a number") + _range(
            low, high, "{:.12g}".format
        )
    if typing.get_origin(hint) is Literal:
        *others, last = map(shown, typing.get_args(hint))
        return f"{', '.join(others)} or {last}"
    if typing.get_origin(hint) is tuple:
        return 'a list of texts such as ["one", "two"]'
    return {bool: "true or false", str: "a text in quotes"}.get(hint, "a path in quotes")


def _size(value: float) -> str:
    return write_size(int(value))


def _range(low: float | None, high: float | None, write: Any) -> str:
    if low is not None and high is not None:
        return f" from {write(low)} to {write(high)}"
    if low is not None:
        return f" of at least {write(low)}"
    return f" of at most {write(high)}" if high is not None else ""


def shown(value: object) -> str:
    """Write a value as it stands in TOML, near enough to be found again."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + (value if len(value) <= 60 else value[:57] + "…") + '"'
    if isinstance(value, (list, dict)):
        return "a list of other things" if isinstance(value, list) else "a table"
    return str(value)
