"""Which chat is most likely meant by a folder whose name is almost an alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def nearly(name: str, aliases: Collection[str]) -> str:
    """The alias that differs from a name by case or by one letter; "" where none does."""
    for alias in sorted(aliases):
        same_case = name.casefold() == alias.casefold()
        if same_case or (len(alias) > 3 and _one_letter_apart(name.casefold(), alias.casefold())):
            return alias
    return ""


def _one_letter_apart(one: str, other: str) -> bool:
    """Whether one letter was left out, added, mistaken, or changed places with the next."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = _alike(one, other)
    end = _alike(one[start:][::-1], other[start:][::-1])
    left, right = one[start : len(one) - end], other[start : len(other) - end]
    return max(len(left), len(right)) <= 1 or (len(left) == len(right) == 2 and left == right[::-1])


def _alike(one: str, other: str) -> int:
    """How many letters two words begin with in common."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
