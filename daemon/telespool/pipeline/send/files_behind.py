"""The files behind photos (`photos = "both"`): each photo is posted, and the file it was made of as a second message.

The files of an album are an album too, right behind it, without a sound and a caption; that of a picture of several
pages goes once. Both posts come before the
receipt: whoever dies in between repeats both, and their ids make that harmless. A file that is refused is a remark of
the report, for its photo is there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.destinations.base import Receipts, Rejected
from telespool.errors import NeedsConversion, Permanent, TelespoolError, Temporary
from telespool.spool.names import nested

if TYPE_CHECKING:
    from collections.abc import Collection

    from telespool.config.schema import Config
    from telespool.destinations.base import Destination, Uploaded
    from telespool.model import PostStyle
    from telespool.pipeline.send.prepare import Preparer
    from telespool.pipeline.send.stager import StagedUnit
    from telespool.spool.layout import Entry

_TRIES = 5


class FilesBehind:
    """Posts the files of photos that were posted just now."""

    def __init__(self, config: Config, destination: Destination, preparing: Preparer) -> None:
        self._config = config
        self._destination = destination
        self._preparing = preparing

    async def post(self, entry: Entry, unit: StagedUnit, posted: Collection[int]) -> list[str]:
        """Post those of a unit, if its chat wants them; what the report should say. Temporary where they must wait."""
        if self._config.chat(entry.chat).photos != "both":
            return []
        notes: list[str] = []
        staged = []
        photos = (n for n, each in unit.staged.items() if n in posted and each.item.kind == "photo")
        for number in sorted(photos, key=lambda n: (unit.members[n].unit.order, nested(n))):
            item = await self._preparing.original(unit.members[number])
            if item is None:
                continue
            try:
                staged.append(await self._destination.stage(entry.chat, item))
            except (NeedsConversion, Permanent) as error:
                notes.append(_refused(item.name, error))
        style = replace(self._preparing.style(entry), silent=True)
        return notes + await self._send(entry.chat, staged, style)

    async def _send(self, chat: str, staged: list[Uploaded], style: PostStyle) -> list[str]:
        names = {each.item.key: each.item.name for each in staged}
        notes: list[str] = []
        for _ in range(_TRIES):
            if not staged:
                return notes
            causes: dict[int, TelespoolError] = {}
            there: Collection[int] = ()
            try:
                there = answer = await self._destination.post(chat, staged, "", style)
                if isinstance(answer, Receipts):
                    causes = answer.causes
            except Rejected as rejected:
                causes = rejected.causes
            for key, cause in causes.items():
                if isinstance(cause, Temporary):
                    raise cause
                notes.append(_refused(names[key], cause))
            staged = [each for each in staged if each.item.key not in {*there, *causes}]
        raise Temporary(
            f"Telegram took the photos but not all of their files yet: {len(staged)} are missing."
        )


def _refused(name: str, error: TelespoolError) -> str:
    return f"the file of {name} is not behind its photo: {error.reason}"
