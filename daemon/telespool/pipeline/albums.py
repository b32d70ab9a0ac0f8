"""Which files go together: albums of at most ten, each of one kind, in the order of the archive.

Photos go with photos, videos with videos, documents with documents (Telegram refuses other mixtures, or would
break the order people expect). A GIF goes alone: in an album Telegram refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telespool.model import Kind

T = TypeVar("T")


@dataclass(slots=True)
class Albums(Generic[T]):
    """Collects members in their order; `size` closes an album."""

    size: int
    _open: dict[Kind, list[T]] = field(default_factory=dict)

    @property
    def holds_some(self) -> bool:
        """Whether an album is begun and not full."""
        return any(self._open.values())

    def add(self, kind: Kind, member: T) -> list[T] | None:
        """The album that this member completes, if it does."""
        if kind == "gif":
            return [member]
        album = self._open.setdefault(kind, [])
        album.append(member)
        if len(album) < self.size:
            return None
        return self._open.pop(kind)

    def rest(self, kinds: Iterable[Kind]) -> list[list[T]]:
        """Close the albums of these kinds that are begun; an album of one is a single message."""
        return [self._open.pop(kind) for kind in kinds if self._open.get(kind)]
