"""Posting until everything is answered; what nobody takes; and who is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from telespool.config import loader
from telespool.destinations.base import Receipts, Rejected, Uploaded
from telespool.errors import Permanent, Temporary
from telespool.model import PLAIN, HelperState, Item, PostStyle
from telespool.observe.progress import Activity
from telespool.pipeline.captions.composing import PostCaptions
from telespool.pipeline.convert.helping import Helping
from telespool.pipeline.report_hooks import ReportHooks
from telespool.pipeline.send import refusals
from telespool.pipeline.send.files_behind import FilesBehind
from telespool.pipeline.send.posting import post_all
from telespool.spool.layout import Entry
from telespool.spool.names import Unit
from tests.laying import JOB, lay, lay_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from telespool.destinations.base import Destination
    from telespool.errors import TelespoolError
    from telespool.pipeline.send.prepare import Preparer
    from telespool.pipeline.send.stager import StagedUnit
    from telespool.spool import Spool


class _Taking:
    """A destination that answers each post as it is told."""

    def __init__(self, *answers: Mapping[int, int] | Exception) -> None:
        self.answers = list(answers)
        self.posted: list[list[int]] = []

    async def stage(self, _: str, item: Item) -> Uploaded:
        """Refuse what is called so."""
        if item.name == "refused":
            raise Permanent("It is refused.")
        return Uploaded(item, None)

    async def post(
        self, _: str, staged: Sequence[Uploaded], caption: str, style: PostStyle = PLAIN
    ) -> Mapping[int, int]:
        """Answer."""
        self.posted.append([each.item.key for each in staged])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Preparing:
    """What posting asks the preparer."""

    def __init__(self, name: str = "a.jpg") -> None:
        self._name = name

    def about_post(self, *_: object) -> tuple[PostCaptions, PostStyle]:
        """No captions."""
        return PostCaptions(), PLAIN

    def style(self, _: Entry) -> PostStyle:
        """As usual."""
        return PLAIN

    async def original(self, member: Entry) -> Item:
        """The file of a photo."""
        return item(member.unit.first, self._name, member.path)


def item(number: int, name: str, path: Path) -> Item:
    """An item that has its number for a key."""
    return Item(number, number, path, name, "photo", "image/jpeg")


def causes(**found: TelespoolError) -> Receipts:
    """Receipts of nothing, with these causes."""
    receipts = Receipts()
    receipts.causes = {int(key[1:]): error for key, error in found.items()}
    return receipts


@pytest.mark.parametrize(
    ("answers", "messages", "refused"),
    [
        ([{1: 11, 2: 12}], {1: 11, 2: 12}, []),
        ([{1: 11}, {2: 12}], {1: 11, 2: 12}, []),
        ([Rejected({2: Permanent("bad")})], {}, [2]),
        ([{1: 11}, Rejected({2: Permanent("bad")})], {1: 11}, [2]),
        ([Receipts({1: 11}, note="late"), causes(_2=Permanent("bad"))], {1: 11}, [2]),
        ([{1: 11}, *({},) * 4], None, []),
    ],
)
async def test_posting_until_all_is_answered(
    spool: Spool,
    answers: list[Mapping[int, int] | Exception],
    messages: dict[int, int] | None,
    refused: list[int],
) -> None:
    """Each file has a message or a cause; where the rest is never taken, the unit waits."""
    entry = lay(spool, "uploading/0001_a.jpg")
    staged = {n: Uploaded(item(n, f"{n}.jpg", entry.path), None) for n in (1, 2)}
    place, preparing = cast("Destination", _Taking(*answers)), cast("Preparer", _Preparing())
    if messages is None:
        with pytest.raises(Temporary, match=r"but not 2\.jpg"):
            await post_all(place, preparing, entry, staged)
        return
    found, causes_of, _ = await post_all(place, preparing, entry, staged)
    assert found == messages
    assert sorted(causes_of) == refused


@pytest.mark.parametrize(
    ("answers", "name", "notes"),
    [
        ([{1: 11}], "a.jpg", []),
        ([], "refused", ["the file of refused is not behind its photo: It is refused."]),
        (
            [Rejected({1: Permanent("bad")})],
            "a.jpg",
            ["the file of a.jpg is not behind its photo: bad"],
        ),
        (
            [causes(_1=Permanent("bad"))],
            "a.jpg",
            ["the file of a.jpg is not behind its photo: bad"],
        ),
        ([causes(_1=Temporary("later"))], "a.jpg", None),
        ([{}] * 5, "a.jpg", None),
    ],
)
async def test_files_behind_photos(
    spool: Spool, answers: list[Mapping[int, int] | Exception], name: str, notes: list[str] | None
) -> None:
    """A file that is refused is a remark; one that cannot go now makes its unit wait."""
    entry = lay(spool, "uploading/0001_a.jpg")
    staged = {1: Uploaded(item(1, "a.jpg", entry.path), None)}

    class _Unit:
        members: dict[int, Entry]

    unit = _Unit()
    unit.members = {1: entry}
    unit.staged = staged  # type: ignore[attr-defined]
    for photos in ("photo", "both"):
        config = loader.parse(
            f'[chats.default]\nto = "me"\n[chats.family]\nto = "me"\nphotos = "{photos}"\n',
            "c.toml",
        )
        behind = FilesBehind(
            config, cast("Destination", _Taking(*answers)), cast("Preparer", _Preparing(name))
        )
        if photos == "photo":
            assert await behind.post(entry, cast("StagedUnit", unit), [1]) == []
        elif notes is None:
            with pytest.raises(Temporary):
                await behind.post(entry, cast("StagedUnit", unit), [1, 2])
        else:
            assert await behind.post(entry, cast("StagedUnit", unit), [1, 2]) == notes


async def test_an_album_of_copies_that_nobody_takes(spool: Spool) -> None:
    """Each copy goes its own way: its original is refused, and the copy is removed."""
    for n in (1, 2):
        lay_files(spool, f"uploading/0001-0002c_album/000{n}c_{n}.mp4")
        original = spool.root / "converting" / JOB / f"000{n}@1_{n}.avi"
        original.parent.mkdir(parents=True, exist_ok=True)
        original.write_bytes(b"film")
    unit = Unit.parse("0001-0002c_album")
    assert unit is not None
    entry = Entry("uploading", JOB, unit, spool.root / "uploading" / JOB / str(unit))
    await refusals.give_up(spool, entry, "It is no film.")
    assert sorted(path.name for path in (spool.root / "quarantine" / JOB).glob("*.avi")) == [
        "0001_1.avi",
        "0002_2.avi",
    ]
    assert not entry.path.exists()


def test_what_helpers_did_is_told() -> None:
    """Once when one has joined, and each time it has failed."""
    activity = Activity()
    helping = Helping(activity)
    state = HelperState("attic", pieces=1)
    activity.helpers = [state]
    helping.tell()
    assert helping._joined == {"attic"}
    helping.tell()
    state.failures = 1
    helping.tell()
    assert helping._joined == set()
    assert helping._failures == {"attic": 1}


@pytest.mark.parametrize(
    ("hooks", "error", "says"),
    [
        (ReportHooks("http://127.0.0.1:1/hook"), Temporary, "cannot be reached"),
        (ReportHooks(urls=["no such://"]), Permanent, "pprise"),
    ],
)
async def test_programs_that_cannot_be_told(
    hooks: ReportHooks, error: type[TelespoolError], says: str
) -> None:
    """The sentence says which, and what to do."""
    assert hooks
    with pytest.raises(error, match=says):
        await hooks.tell(JOB, "family", "1 sent\nmore", 7)
