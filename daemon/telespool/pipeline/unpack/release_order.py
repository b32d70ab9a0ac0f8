"""Judging what comes out of a drop, and letting it out in order.

Members come in the archive's order and leave in natural name order: a member waits in tmp/ until all before it have
come, have been left out, or stand somewhere already. Photos leave first: videos and other files wait until no member
is to come whose name allows a photo, and what must be converted waits for the videos too. Photos, videos and
documents are gathered into albums; what must be converted goes to deferred/ alone; what nobody can read goes to
quarantine/ with its reason.

As a story (`order` is "name" or "taken") photos and videos share albums and leave as they follow each other: by name,
or by when they were taken, for which all must have come. Their place stands in their names; documents follow behind.

Who belongs to whom (`belonging`) is known by the names before anything leaves: chapters of one recording share an album
where one is large enough; of an edited photo only that version leaves that is wanted. Of an export that is spread over
several archives all names are known as well: what waits for something in a later one is set apart, and holds up nobody;
a story is told over all of them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from telespool.pipeline import glance
from telespool.pipeline.send_queue import COPY, PHOTO
from telespool.pipeline.unpack.account_writer import AccountWriter
from telespool.pipeline.unpack.albums import Albums
from telespool.pipeline.unpack.assessed_member import CONVERTED, AssessedMember, assess_member
from telespool.pipeline.unpack.caption_files import CaptionFiles
from telespool.pipeline.unpack.delivered_before import DeliveredBefore
from telespool.pipeline.unpack.drop_names import DropNames
from telespool.pipeline.unpack.live_pairs import LivePairs
from telespool.pipeline.unpack.member_release import MemberRelease
from telespool.pipeline.unpack.name_rules import NameRules
from telespool.pipeline.unpack.photo_notes import PhotoNotes, is_note
from telespool.pipeline.unpack.set_apart import SetApart
from telespool.pipeline.unpack.sources.base import NO_MEDIA, is_caption
from telespool.pipeline.unpack.story_hold import StoryHold
from telespool.pipeline.unpack.to_come import MembersToCome
from telespool.pipeline.unpack.twins import Twins, cure
from telespool.runtime.cancellation import in_thread
from telespool.spool.account import LeftOut
from telespool.spool.delivered_index import DeliveredIndex
from telespool.spool.job_captions import JobCaptions
from telespool.spool.names import Job, nested

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from telespool.archives.members import Member
    from telespool.config.schema import Config
    from telespool.pipeline.unpack.sources import ExtractedMember, Listed
    from telespool.spool import Spool

_GROUPS = ("photo", "video", "document")
_STORY = ("media", "file", "document")


class ReleaseOrder:
    """Sorts the members of one job; of these `members` those that stand in a folder already do not come.

    On the last try a member with which a child is killed goes to quarantine, so that the others go on.
    """

    def __init__(
        self,
        spool: Spool,
        config: Config,
        job: str,
        members: Sequence[Member],
        *,
        standing: Collection[int] = (),
        last_try: bool = False,
        delivered: DeliveredIndex | None = None,
        captions: CaptionFiles | None = None,
    ) -> None:
        self.spool = spool
        self.config = config
        self.job = job
        self._chat = config.chat(Job.chat_of(job))
        remembers = config.with_value("duplicates", "skip", "quarantine")
        index = delivered or DeliveredIndex(spool, config.chats)
        self._before = DeliveredBefore(index, job, self._chat.duplicates)
        self._ready: dict[int, AssessedMember] = {}
        self._known = DropNames(members)
        self._names, self._kin = self._known.names, self._known.kin
        self._by_name = NameRules(self._chat, self._kin, self._names)
        self._notes = PhotoNotes(self._kin, self._names)
        self._pairs = LivePairs(self._kin, self._take, wants=self._chat.live_photos != "both")
        self._story = StoryHold(spool, self._chat, job)
        self._is_story, self._has_come = self._story.is_one, False
        self._by_place = self._known.places.key if self._is_story else nested
        self._to_come = MembersToCome(self._by_place, standing, self._chat)
        self._held: list[list[AssessedMember]] = [[], [], [], []]
        self._albums = Albums[AssessedMember](self._chat.album, lambda e: e.messages(self._chat))
        self._captions = captions or CaptionFiles(JobCaptions())
        self._captions.heed(self._by_name.instead_of)
        self._apart = SetApart(self._kin, self._pairs, self._by_name, self._captions)
        self._account = AccountWriter(spool, job, self._captions, index if remembers else None)
        self.out = MemberRelease(spool, job, self._account)
        self._assess = partial(
            assess_member, settings=config.convert, chat=self._chat, last_try=last_try
        )
        self._twins = Twins(spool, job, self._chat.duplicates)
        self._expect(members)

    @property
    def known(self) -> int:
        """How many files were left out because they were delivered before."""
        return self._before.left_out

    @property
    def holds_back(self) -> bool:
        """Whether members wait in tmp/ for others that go before them, or for an album to fill."""
        return bool(self._ready) or any(self._held) or self._albums.holds_some

    async def add(self, piece: ExtractedMember) -> None:
        """Take in one member."""
        number = piece.member.number
        if piece.listed is not None:
            self._foresee(piece.listed)
        if piece.expect:
            self._expect(piece.expect)
        if piece.refused:
            self._to_come.lost(number)
        self._to_come.came(number)
        self._captions.came(piece)
        if piece.caption is None and piece.path is None:
            if piece.opened is not None:
                line = await in_thread(glance.line_of, piece.member, piece.opened)
                self._account.opened[number] = line
            if piece.left_out:
                reason = self._by_name.reason(number, piece.left_out)
                self.out.left_out.append(LeftOut(piece.member.name, reason, number=number))
        elif piece.path is not None and (reason := await self._why_unwanted(piece, piece.path)):
            self.out.left_out.append(LeftOut(piece.member.name, reason, number=number))
            await self.out.drop(piece.path)
        elif piece.path is not None:
            live = self._chat.live_photos != "both"
            seen = await glance.once(piece.glance, piece.member, piece.path, live=live)
            if known := await self._before.leave_out(piece.member.name, seen.line):
                self.out.left_out.append(known)
                await self.out.drop(piece.path)
            else:
                self._account.lines[number] = seen.line
                self._ready[number] = await self._judge(piece, piece.path, seen)
        self._pairs.came(number, self._ready.get(number))
        self._apart.moved(number, all_wait=bool(piece.refused) or is_caption(piece.member.name))
        await self._drain()

    async def _why_unwanted(self, piece: ExtractedMember, path: Path) -> str:
        """Why a file is left out before anybody looks at what it is; "" where it is not. Notes are read on the way."""
        number, name = piece.member.number, piece.member.name
        if self._chat.order == "taken" and is_note(name):
            await in_thread(self._notes.read, number, path)
            if self._chat.others == "skip":
                return self._by_name.reason(number, NO_MEDIA)
        return self._by_name.unwanted(number)

    async def let_go(self) -> None:
        """Release what has come, out of order where it must be: halves of live photos only when nothing else waits."""
        is_half = partial(self._pairs.waits, awaited=self._to_come.is_to_come)
        first = {n for n, each in self._ready.items() if self._has_come or not is_half(each)}
        others = first or any(self._held) or self._albums.holds_some
        for number in sorted(first if others else self._ready, key=self._by_place):
            if (member := self._ready.pop(number, None)) is not None:
                self._hold(member)
        for rank in range(len(self._held)):
            await self._release_held(rank)
        await self._close_albums()

    async def finish(self) -> None:
        """Release the rest: nothing more is to come."""
        self._has_come = True
        self._to_come.over()
        await self.let_go()
        await self._drain()
        await self._account.late_captions()
        told = [*self.out.left_out, *self._captions.left_out()]
        self.out.left_out = self._by_name.told_again(told, self._notes.leads())

    @property
    def missing(self) -> list[int]:
        """The numbers of the members that were to come and did not; after `finish` there should be none."""
        return self._to_come.missing

    async def close_account(self, standing: Collection[int]) -> bool:
        """Write what became of each file of the drop; whether everything is told. `standing` came out before."""
        told = await self._account.close(standing, self.out.left_out, complete=not self.missing)
        await in_thread(self.spool.note_skipped, self.job, [*map(str, self._account.left_out)])
        return told

    def _foresee(self, listed: Listed) -> None:
        """What lies in archives is known: that of the first comes now, that of the others later."""
        one_story = listed.one_story and self._is_story
        self._known.learn(listed.archives, one_story=one_story)
        if len(listed.archives) > 1:
            self._captions.spread(listed.archives)
        for members in listed.archives[1:]:
            if one_story:
                self._expect(members)
            else:
                self._to_come.expect_later(members)

    def _expect(self, members: Iterable[Member]) -> None:
        added = self._to_come.expect(members)
        self._captions.expect(added)
        self._pairs.expect(added)

    async def _judge(
        self, piece: ExtractedMember, path: Path, seen: glance.MemberGlance
    ) -> AssessedMember:
        piece, remedy = await self._before.refuse(piece, seen.line)
        is_half = self._kin.is_half(piece.member.number)
        member = await self._assess(piece, path, glance=seen, is_half=is_half)
        self._by_name.came(member)
        return replace(member, cure=remedy)

    async def _drain(self) -> None:
        self._hold_apart()
        to_come, apart = self._to_come, self._apart
        while (number := to_come.first()) is not None:
            judged = self._ready.get(number)
            if judged is not None and apart.waits(judged, to_come.is_awaited):
                break
            to_come.pass_on()
            if judged is not None and to_come.some_later and apart.waits(judged, to_come.is_later):
                apart.add(number)
            elif judged is not None:
                self._hold(self._ready.pop(number))
        if self._chat.order == "taken" and not self._has_come:
            return
        for rank in range(len(self._held)):
            if self._to_come.some_before(rank):
                return
            await self._release_held(rank)

    def _hold_apart(self) -> None:
        """Let those follow that were set apart and have what they waited for; a clip leaves with its still."""
        for number in sorted(self._apart.due(), key=self._by_place):
            judged, still = self._ready.get(number), self._kin.still_of(number)
            if judged is None:  # it has left with another
                self._apart.leave(number)
            elif still not in self._ready and not self._apart.waits(
                judged, self._to_come.is_to_come
            ):
                self._apart.leave(number)
                self._hold(self._ready.pop(number))

    def _hold(self, member: AssessedMember) -> None:
        """Let it wait for those before it, with its other half where it is one of a live photo."""
        member = self._pairs.join(member)
        self._apart.moved(member.unit.first)
        in_story = self._is_story and (member.rank < COPY or self._story.keeps_place(member))
        self._held[PHOTO if in_story else member.rank].append(member)

    def _take(self, number: int) -> AssessedMember | None:
        """Take a member out that has come and not left: it leaves with another."""
        if number in self._ready:
            return self._ready.pop(number)
        for held in self._held:
            for place, member in enumerate(held):
                if member.unit.first == number:
                    return held.pop(place)
        return None

    async def _release_held(self, rank: int) -> None:
        held = self._held[rank]
        if self._is_story:
            held[:] = self._story.placed(held, self._kin, self._notes.times(), self._known.places)
            await self._story.look()
        if held and rank > PHOTO:
            await self._close_albums(below=rank)
        while held:
            await self._route(held.pop(0))

    async def _route(self, member: AssessedMember) -> None:
        verdict = member.verdict
        self._pairs.left(member.unit.first)
        if member.clip is not None and self._chat.live_photos == "still":
            await self.out.leave_out(member.clip, "the clip of a live photo")
            member = replace(member, clip=None)
        if verdict is None or verdict.action == "refuse":
            await self.out.refuse(member)
        elif not member.is_wanted(self._chat, has_photo=member.unit.first in self._kin.raws):
            await self.out.leave_out(member)
        elif reason := self._by_name.unwanted(member.unit.first):  # the raw has come by now
            await self.out.leave_out(member, reason)
        elif twin := await self._twins.of(self._account.lines.get(member.unit.first)):
            await self._keep_back(member, twin)
        elif self._story.keeps_place(member) and not self._story.is_passed(member):
            await self._gather(member)
        elif verdict.action in CONVERTED and not member.unit.goes_as_document:
            await self.out.defer(member)
        else:
            await self._gather(member)

    async def _keep_back(self, member: AssessedMember, twin: str) -> None:
        """Do with a file that is in the drop twice what the chat wants; its clip is looked at by itself."""
        clip, member = member.clip, replace(member, clip=None)
        if self._chat.duplicates == "quarantine":
            remedy = cure(self.job, member.unit.first)
            refused = f"{member.name} is the same as {twin}, which is sent."
            await self.out.refuse(replace(member, refused=refused, cure=remedy))
        else:
            line = self._account.lines[member.unit.first]
            await self.out.leave_out(member, f"the same as {twin}, which is sent", line)
        if clip is not None:
            await self._route(replace(clip, unit=replace(clip.unit, still=None)))

    async def _gather(self, member: AssessedMember) -> None:
        if (lost := member.left_behind(self._chat)) and not self._story.keeps_place(member):
            line = f"{member.unit.label}: {'; '.join(lost)}"
            await in_thread(self.spool.add_notes, self.job, [line])
        kind, number = member.kind, member.unit.first
        self.out.released += not self._story.keeps_place(member)
        if self._is_story and member.has_place:
            # Documents share no album with photos and videos: those that are both leave in their order.
            group, other = ("file", "media") if kind == "document" else ("media", "file")
            await self._close_groups(_STORY[:2] if kind == "gif" else [other])
        else:
            group = kind
        if kind == "gif":
            await self._release_album([member])
            return
        _, scope = self._captions.of(number)
        # Chapters of one recording (or a burst) share an album, where one has room for all of them.
        together = self._kin.together(number)
        needed = len(together) if together[0] == number else 1
        needed = max(member.messages(self._chat), needed if needed <= self._chat.album else 1)
        if not self._albums.fits(group, needed, scope):
            await self._close_groups([group])
        if album_full := self._albums.add(group, member):
            await self._release_album(album_full)

    async def _close_groups(self, groups: Iterable[str]) -> None:
        for album in self._albums.rest(groups):
            await self._release_album(album)

    async def _close_albums(self, *, below: int = COPY) -> None:
        await self._close_groups((_STORY if self._is_story else _GROUPS)[:below])

    async def _release_album(self, album: list[AssessedMember]) -> None:
        if self._story.waits(album):
            await self._story.hold(album, self._account.note, self.out.defer)
        else:
            await self.out.send([file for member in album for file in member.files])
