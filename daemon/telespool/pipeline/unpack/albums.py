"""Which files go together: albums of at most ten, in the order of the archive.

Photos go with photos, videos with videos, documents with documents (Telegram refuses other mixtures, but for photos
with videos, which a story mixes). A GIF goes alone: in an album Telegram refuses it. An item is one message: a file,
or a live photo of two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")


@dataclass(slots=True)
class Albums(Generic[T]):
    """Collects items in their order; `size` closes an album, in which an item takes as much room as `weigh` says."""

    size: int
    weigh: Callable[[T], int] = lambda _: 1
    _open: dict[str, list[T]] = field(default_factory=dict)
    _scopes: dict[str, int] = field(default_factory=dict)

    @property
    def holds_some(self) -> bool:
        """Whether an album is begun and not full."""
        return any(self._open.values())

    def room(self, group: str) -> int:
        """How many items more the album of this group takes."""
        return self.size - sum(map(self.weigh, self._open.get(group, ())))

    def fits(self, group: str, needed: int, scope: int) -> bool:
        """Whether the album of this group takes as many items of this scope, which is that of its caption."""
        same = self._scopes.get(group, scope) == scope
        self._scopes[group] = scope
        return same and self.room(group) >= needed

    def add(self, group: str, item: T) -> list[T] | None:
        """The album that this item completes, if it does."""
        album = self._open.setdefault(group, [])
        album.append(item)
        if self.room(group) > 0:
            return None
        return self._open.pop(group)

    def rest(self, groups: Iterable[str]) -> list[list[T]]:
        """Close the albums of these groups that are begun; an album of one is a single message."""
        return [self._open.pop(group) for group in groups if self._open.get(group)]
