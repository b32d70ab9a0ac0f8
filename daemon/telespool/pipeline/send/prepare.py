"""From a unit's files to what is sent: their form, their names, ids and caption.

A file has one or more forms, tried in this order until one is taken: a photo as it is (put right where it breaks
Telegram's rules), encoded anew, as a document; everything else as it is. Forms made here lie in tmp/ and are made
again after a crash; the unit itself is never changed.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.archives.signatures import recognise
from telespool.destinations.base import no_limit
from telespool.errors import LivePhotoRefused, NeedsConversion, Permanent
from telespool.file_endings import without_count
from telespool.media import raw_preview
from telespool.media.compatibility import assess, first_look
from telespool.media.photo_info import CUT, MAX_BYTES
from telespool.media.photo_pool import acceptable_photo, as_it_is, still
from telespool.media.split_raw import how_to_join
from telespool.media.thumbnail import cover, thumbnail
from telespool.model import Item, PostStyle
from telespool.pipeline import glance
from telespool.pipeline.captions import composing as captions
from telespool.pipeline.captions.fields import CaptionFields
from telespool.pipeline.send.live_photos import LiveClips, clips_of
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.spool.companions import password_for
from telespool.spool.identifiers import file_id, random_id
from telespool.spool.job_captions import JobCaptions
from telespool.spool.names import NESTED
from telespool.spool.titles import title

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
    from pathlib import Path

    from telespool.config.schema import Config
    from telespool.media.compatibility import Assessment, FirstLook
    from telespool.model import Kind
    from telespool.pipeline.captions.composing import PostCaptions
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

HD = 2560
"""Pixels of the longer side of what Telegram's apps send as HD; core.telegram.org/api/files, size w"""


class Preparer:
    """Makes items of members."""

    def __init__(
        self,
        spool: Spool,
        config: Config,
        limit: Callable[[], Awaitable[int]] = no_limit,
        *,
        previews: bool = False,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self.spool = spool
        self.config = config
        self.limit = limit
        self.previews = previews
        self._verdicts: dict[tuple[str, int, str], Assessment] = {}
        self._oversize: set[tuple[str, int, str]] = set()
        self._made: set[tuple[str, int, str]] = set()
        self.live = LiveClips(spool, config, alive)

    async def forms(
        self, member: Entry, clip: Entry | None = None, seen: glance.PhotoGlance | None = None
    ) -> AsyncIterator[Item]:
        """Return the forms in which this file can be sent, best first; `clip` is a live photo's, `seen` the look's.

        LivePhotoRefused where it must be sent without its clip, which then goes by itself;
        NeedsConversion where the verdict knows that no form will do; Permanent where nobody can read it.
        """
        limit = await self.limit()
        seen = await in_thread(glance.of_photo, member.path) if seen is None else seen
        verdict = await self._assess(member, limit, seen.first)
        whole = member.unit.goes_as_document or verdict.kind in {"audio", "other"}
        if whole and (await in_thread(plain_files.lstat, member.path)).st_size > limit:
            self._oversize.add(_key(member))
            raise NeedsConversion("it is larger than one message may be")
        if member.unit.goes_as_document:
            yield await self._item(member, member.path, "document", verdict)
            return
        if verdict.is_raw and self.config.chat(member.chat).raw == "jpeg":
            async for form in self._inner_forms(member, verdict, clip):
                yield form
        if clip is not None and verdict.kind != "photo":
            raise LivePhotoRefused(f"{member.unit.label} is not sent as a photo.")
        if verdict.kind == "photo":
            if verdict.action in {"encode", "split"}:
                raise NeedsConversion("; ".join(verdict.reasons))
            if verdict.action == "send":
                film = await self._film(member, clip, verdict.mime, is_still=seen.is_still)
                for again in (False, True):
                    photo = await self._photo(member, again=again, seen=seen)
                    yield replace(photo, clip=film)
            yield await self._item(member, member.path, "document", verdict)
            return
        if verdict.action == "refuse":
            raise Permanent(f"{member.unit.label} cannot be read: {'; '.join(verdict.reasons)}.")
        if verdict.kind == "video" and verdict.action != "send":
            raise NeedsConversion("; ".join(verdict.reasons))
        kind: Kind = verdict.kind if verdict.kind in {"video", "gif"} else "document"
        yield await self._item(member, member.path, kind, verdict)

    async def _inner_forms(
        self, member: Entry, verdict: Assessment, clip: Entry | None
    ) -> AsyncIterator[Item]:
        """The forms of the photo inside a camera raw; none where it holds none."""
        inner = await in_thread(raw_preview.extract, member.path, self._workshop(_key(member)))
        self._made.add(_key(member))
        if inner is None:
            return
        if self.config.chat(member.chat).photos == "file":
            if clip is None:
                yield await self._item(member, inner, "document", verdict, "image/jpeg")
            return
        film = await self._film(member, clip, "image/jpeg", is_still=True)
        for again in (False, True):
            photo = await self._photo(member, again=again, source=inner)
            yield replace(photo, clip=film)

    async def _film(
        self, member: Entry, clip: Entry | None, mime: str, *, is_still: bool
    ) -> Item | None:
        if not is_still or clip is not None:
            self._made.add(_key(member))
        place = self._workshop(_key(member))
        return await self.live.of(member, clip, mime, place, is_still=is_still)

    async def _assess(self, member: Entry, limit: int, first: FirstLook) -> Assessment:
        name, settings = member.unit.label, self.config.convert
        verdict = await assess(member.path, settings, max_bytes=limit, name=name, first=first)
        self._verdicts[_key(member)] = verdict
        if verdict.kind == "other" and (reason := await in_thread(_never_sent, member)):
            raise Permanent(reason)
        return verdict

    def convertible(self, member: Entry) -> bool:
        """Whether a refused file can be converted: a moving picture that is no converted copy yet."""
        verdict = self._verdicts.get(_key(member))
        if _key(member) in self._oversize:
            return member.unit.kind != "c"
        if verdict is None or member.unit.kind == "c" or member.unit.goes_as_document:
            return False
        return verdict.kind in {"video", "gif"}

    def about_post(self, entry: Entry, sent: Sequence[int]) -> tuple[PostCaptions, PostStyle]:
        """What stands under the post of the files of these numbers, and how it appears. Blocks."""
        return self.captions(entry, sent), self.style(entry)

    def captions(self, entry: Entry, sent: Sequence[int]) -> PostCaptions:
        """What stands under the post of the files of these numbers, and with each of them. Blocks."""
        known = JobCaptions.read(self.spool, entry.job)
        clips = clips_of(self.spool.members(entry)) if entry.unit.is_album else {}
        films = {still: clip.unit.first for still, clip in clips.items()}
        found = captions.of_post(known, sent, films)
        if found.album is None:
            replaced = bool(sent and found.own.get(sent[0]))
            found = replace(found, album="" if replaced else self._template(entry))
        return replace(found, album=self._with_how_to_join(entry, found.album or ""))

    def _template(self, entry: Entry) -> str:
        """The caption of the configuration, filled in."""
        drop = self.spool.drop(entry.job)
        archive = ""
        if drop is not None:
            folder = plain_files.is_directory(drop.path) and self.spool.archive_in(drop) is None
            archive = drop.unit.label if folder else title(drop.unit.label)
        members = self.spool.members(entry)
        template = self.config.chat(entry.chat).caption
        known = {each.unit.first: self._verdicts.get(_key(each)) for each in members}
        assessments = {number: each for number, each in known.items() if each is not None}
        fields = CaptionFields(self.spool, entry, archive, assessments)
        return captions.fill(template, fields.of(template))

    def _with_how_to_join(self, entry: Entry, caption: str) -> str:
        """The caption, and for a numbered piece of a file how to join it again."""
        first = self.spool.members(entry)[:1]
        name, _, piece = first[0].unit.label.rpartition(".") if first else ("", "", "")
        if entry.unit.kind == "c" and piece.isdecimal():
            caption = f"{caption}\n{captions.literally(how_to_join(name))}".strip()
        return caption

    def style(self, entry: Entry) -> PostStyle:
        """How the post appears in its chat. Blocks: it looks whether it is the first of its job."""
        chat = self.config.chat(entry.chat)
        silent = chat.silent
        if silent == "after-first":
            done = self.spool.units("done", entry.job)
            silent = any(each.unit.message is not None for each in done)
        return PostStyle(
            silent=silent,
            spoiler=chat.spoiler,
            protect=chat.protect,
            caption_above=chat.caption_above,
            topic=entry.topic or (int(chat.topic) if chat.topic.isdecimal() else chat.topic),
            send_as=chat.send_as,
        )

    async def part(self, entry: Entry, members: Sequence[Entry], stills: Iterable[int]) -> None:
        """Let these stills and their clips go apart: it is written down before they are sent so."""
        await self.live.part(entry, members, stills, lambda still: self._workshop(_key(still)))

    async def clean(self, members: Iterable[Entry]) -> None:
        """Remove the forms that were made for the members of a unit."""
        keys = {key for key in map(_key, members) if key in self._verdicts}
        made = [self._workshop(key) for key in keys if key in self._made]
        for key in keys:
            del self._verdicts[key]
            self._oversize.discard(key)
            self._made.discard(key)
        if made:
            await in_thread(_remove, made)

    def _workshop(self, key: tuple[str, int, str]) -> Path:
        return self.spool.tmp / f"{key[0]}.send.{key[1]:04d}{key[2]}"

    def _longest(self, member: Entry) -> int:
        return HD if self.config.chat(member.chat).photos == "hd" else 0

    async def _photo(
        self,
        member: Entry,
        *,
        again: bool,
        source: Path | None = None,
        seen: glance.PhotoGlance | None = None,
    ) -> Item:
        """A photo (what was `seen` of it), or the photo `source` that was taken out of it."""
        verdict = self._verdicts[_key(member)]
        longest = self._longest(member)
        if seen is not None and not again and not verdict.reasons:
            shown = as_it_is(seen.whole, longest=longest, preview=self.previews)
            if shown is not None:
                item = await self._item(member, member.path, "photo", verdict, stamp=seen.stamp)
                return replace(item, picture=shown if self.previews else None)
        source = source or member.path
        directory, size = self._workshop(_key(member)) / ("again" if again else "first"), 0
        if again or longest or verdict.reasons:
            self._made.add(_key(member))
            size = min((await in_thread(plain_files.lstat, member.path)).st_size, MAX_BYTES)
        room = self.spool.room.promise(member.unit.label, for_sending=True)
        try:
            await in_thread(room.grow, size)
            async with plain_files.unchanged(member.path):
                path, shown = await acceptable_photo(
                    source, directory, again=again, longest=longest, preview=self.previews
                )
        except Permanent as error:
            reason = error.reason.replace(member.path.name, member.unit.label)
            raise Permanent(reason) from error
        finally:
            room.release()
        if path != member.path:
            self._made.add(_key(member))
            if not (again or longest or verdict.reasons or source != member.path):
                line = f"{member.unit.shown}: {CUT}"
                await in_thread(self.spool.add_notes, member.job, [line])
        mime = verdict.mime if path == member.path else "image/jpeg"
        item = await self._item(member, path, "photo", verdict, mime)
        return replace(item, picture=shown)

    async def original(self, member: Entry) -> Item | None:
        """The file as it was dropped, to stand behind the photos made of it: another message, with an id of its own.

        Behind the first of its pages; None for the others, and where a person took it away.
        """
        verdict = self._verdicts[_key(member)]
        if member.unit.kind == "c":
            source = await in_thread(self.spool.original_of, member)
            if source is None:
                return None
            if member.unit.first not in {source.unit.first, source.unit.first * NESTED + 1}:
                return None
            look = await in_thread(first_look, source.path)
            member, verdict = source, replace(verdict, mime=look.seen.mime)
        item = await self._item(member, member.path, "document", verdict)
        number, stamp = member.unit.first, await in_thread(glance.stamp, member.path)
        return replace(
            item,
            key=random_id(member.job, number, "/file"),
            upload_key=file_id(member.job, number, "/file", stamp),
        )

    async def _item(
        self,
        member: Entry,
        path: Path,
        kind: Kind,
        verdict: Assessment,
        mime: str = "",
        stamp: str = "",
    ) -> Item:
        unit = member.unit
        name = unit.shown if kind == "document" else without_count(unit.shown)
        if path != member.path:
            name = f"{name.rpartition('.')[0] or name}{path.suffix}"
        small, shown, sharp = None, None, None
        if kind == "video" and verdict.frame is not None:
            has_cover = self.config.chat(member.chat).video_cover
            async with plain_files.unchanged(path):
                small = await thumbnail(path, verdict.frame, self.config.convert)
                sharp = await cover(path, verdict.frame, self.config.convert) if has_cover else None
        if kind == "gif" and self.previews and verdict.mime.startswith("image/"):
            async with plain_files.unchanged(path):
                shown = await still(path)
        stamp = stamp or await in_thread(glance.stamp, path)
        return Item(
            key=random_id(member.job, unit.first),
            upload_key=file_id(member.job, unit.first, unit.kind, stamp),
            path=path,
            name=name,
            kind=kind,
            mime=mime or verdict.mime,
            frame=verdict.frame if kind in {"video", "gif"} else None,
            thumbnail=small,
            picture=shown,
            cover=sharp,
        )


def _never_sent(member: Entry) -> str:
    """Return why a file that a person moved into uploading/ is not sent as a document either; "" where it is."""
    unit = member.unit
    if password_for(unit.label) is not None:
        return f"{unit.label} holds a password, and passwords are never sent."
    if unit.kind == "c" or unit.goes_as_document or recognise(member.path) is None:
        return ""
    return (
        f"{unit.label} is an archive: what is in it is sent, and not the archive. telespool retry unpacks it as a drop of"
        " its own; with --as-document it is sent as it is."
    )


def _key(member: Entry) -> tuple[str, int, str]:
    return member.job, member.unit.first, member.unit.kind


def _remove(workshops: Iterable[Path]) -> None:
    for workshop in workshops:
        shutil.rmtree(workshop, ignore_errors=True)
