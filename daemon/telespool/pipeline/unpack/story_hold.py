"""What of a story waits: from the first album on that lacks something to be converted, all of it, for `send.patience`.

What is ready of an album goes to deferred/ as one that is open; what it lacks goes there to be converted, and its
copy joins it (`spool.gathering`). The albums behind it wait as they are, so that nothing overtakes. Those before it
leave at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from telespool.belonging import story
from telespool.pipeline.unpack.assessed_member import CONVERTED
from telespool.runtime.cancellation import in_thread
from telespool.spool.gathering import Gathering
from telespool.spool.names import Unit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from telespool.belonging import Kinship
    from telespool.belonging.story import Taken
    from telespool.config.schema import ChatSettings
    from telespool.pipeline.unpack.assessed_member import AssessedMember
    from telespool.pipeline.unpack.story_places import StoryPlaces
    from telespool.spool import Spool

log = structlog.get_logger()


class StoryHold:
    """The story of one job; without one (`order` is "kind", or no patience) nothing waits."""

    def __init__(self, spool: Spool, chat: ChatSettings, job: str) -> None:
        self._spool = spool
        self._chat = chat
        self._job = job
        self._holds: bool | None = None
        self._reached = -1
        self.is_one = chat.order != "kind"

    def keeps_place(self, member: AssessedMember) -> bool:
        """Whether it is to be converted and has a place in an album that waits for it."""
        verdict = member.verdict
        patient = self.is_one and self._chat.patience > 0
        convertible = verdict is not None and verdict.action in CONVERTED
        return patient and convertible and member.kind in {"photo", "video"}

    def placed(
        self,
        held: Sequence[AssessedMember],
        kin: Kinship,
        noted: Mapping[int, Taken],
        by_name: StoryPlaces,
    ) -> list[AssessedMember]:
        """Give the members of a story in their order, each with a place of its own; what has none comes behind."""
        within = sorted((e for e in held if e.has_place), key=lambda e: by_name.key(e.unit.first))
        behind = [each for each in held if not each.has_place]
        if self._chat.order == "name":
            found = [
                replace(each, unit=replace(each.unit, place=by_name.of(each.unit.first)))
                for each in within
            ]
            return found + behind
        names = {each.unit.first: each.name for each in within}
        taken = {
            each.unit.first: each.taken or (each.clip.taken if each.clip is not None else None)
            for each in within
        }
        places = story.places(names, taken, kin, noted)
        found, last = [], -1
        for each in sorted(
            within, key=lambda each: (places[each.unit.first], by_name.key(each.unit.first))
        ):
            last = max(places[each.unit.first], last + 1)
            found.append(replace(each, unit=replace(each.unit, place=last)))
        return found + behind

    async def look(self) -> None:
        """See, once, what of this job waits already: an earlier process let it out."""
        if self._holds is None:
            found = await in_thread(Gathering.of, self._spool, self._job)
            self._holds = bool(found.story)
            members = [each for album in found.story for each in self._spool.members(album)]
            self._reached = max((each.unit.order for each in members), default=-1)

    def is_passed(self, member: AssessedMember) -> bool:
        """Whether the album to which it belongs has been let out: an earlier process died over it."""
        return member.unit.order <= self._reached

    def waits(self, album: Sequence[AssessedMember]) -> bool:
        """Whether this album waits, for what it lacks itself or for those before it."""
        self._holds = bool(self._holds) or any(map(self.keeps_place, album))
        return self._holds and self._chat.patience > 0 and self.is_one

    async def hold(
        self,
        album: Sequence[AssessedMember],
        note: Callable[..., Awaitable[None]],
        defer: Callable[[AssessedMember], Awaitable[None]],
    ) -> None:
        """Let out what is ready of an album that waits, then what it lacks.

        `note` puts numbers into the account before their files leave, `defer` lets one out to be converted.
        """
        lacking = [member for member in album if self.keeps_place(member)]
        ready = [member for member in album if not self.keeps_place(member)]
        if ready:
            unit = Unit.album([unit for member in album for unit, _ in member.files])
            await self._hold(unit.opened() if lacking else unit, ready, note)
        for member in lacking:
            await defer(member)

    async def _hold(
        self, unit: Unit, ready: Sequence[AssessedMember], note: Callable[..., Awaitable[None]]
    ) -> None:
        files = [file for member in ready for file in member.files]
        await note(*(each.first for each, _ in files))
        until = self._spool.clock() + self._chat.patience
        entry = await in_thread(self._spool.hold_album, self._job, unit, files, until=until)
        told = {"job": self._job, "unit": str(entry.unit), "files": len(files)}
        log.info("unit.deferred", **told, reason="it keeps its place in the story")
