"""An album cannot be held up: whatever is wrong with one of ten, the other nine are one album, in order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.errors import Temporary
from tests.destinations.telegram.support import HASTY, opened, photo_file

from .albums import CLASSES, OF_THE_REQUEST, assert_one_album, deliver, ten

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram


@pytest.mark.parametrize(
    ("name", "bad"), [*((name, 4) for name in CLASSES), ("MEDIA_INVALID", 0), ("MEDIA_INVALID", 9)]
)
@pytest.mark.parametrize("stage", ["uploadMedia", "sendMultiMedia", "both"])
async def test_nine_of_ten_are_one_album(
    telegram: TestTelegram, tmp_path: Path, stage: str, name: str, bad: int
) -> None:
    """One of ten refused, at whatever stage and for whatever reason: nine are one album, in order."""
    items = ten(tmp_path)
    code = 400
    if stage == "uploadMedia":
        telegram.faults.refuse(items[bad].name, name, code=code, at="uploadMedia")
    else:
        telegram.faults.refuse(items[bad].name, name, code=code, at="sendMultiMedia")
        telegram.faults.refuse(items[bad].name, name, code=code, at="sendMedia")
    if stage == "both":  # it was taken in, and is refused there as well once somebody looks again
        telegram.faults.add(
            "uploadMedia", file=items[bad].name, nth=2, times=None, error=(code, name)
        )
    async with opened(telegram, tmp_path / "state") as destination:
        receipts, causes = await deliver(destination, items)
    good = [each for each in items if each is not items[bad]]
    assert_one_album(telegram, good, receipts)
    assert list(causes) == [items[bad].key]
    assert type(causes[items[bad].key]) is CLASSES[name]
    assert items[bad].name in causes[items[bad].key].reason


@pytest.mark.parametrize("name", OF_THE_REQUEST)
async def test_one_that_uploadmedia_refuses_is_taken_out(
    telegram: TestTelegram, tmp_path: Path, name: str
) -> None:
    """Whatever uploadMedia says of one of ten, nine are one album."""
    items = ten(tmp_path)
    telegram.faults.refuse(items[4].name, name, at="uploadMedia")
    async with opened(telegram, tmp_path / "state") as destination:
        receipts, causes = await deliver(destination, items)
    assert_one_album(telegram, [each for each in items if each is not items[4]], receipts)
    assert {key: type(cause) for key, cause in causes.items()} == {
        items[4].key: OF_THE_REQUEST[name]
    }


@pytest.mark.parametrize("name", OF_THE_REQUEST)
async def test_an_album_that_is_refused_as_such(
    telegram: TestTelegram, tmp_path: Path, name: str
) -> None:
    """An album that is refused whatever is in it: its items go one by one, in order, with a call each and a few more."""
    items = [photo_file(tmp_path, number) for number in range(1, 11)]
    telegram.faults.add("sendMultiMedia", error=(400, name), times=None)
    async with opened(telegram, tmp_path / "state") as destination:
        staged = [await destination.stage("default", each) for each in items]
        receipts = await destination.post("default", staged, "Holiday")
    assert [m.random_id for m in telegram.messages] == [each.key for each in items]
    assert [m.caption for m in telegram.messages] == ["Holiday"] + [""] * 9
    assert receipts == {message.random_id: message.id for message in telegram.messages}
    calls = len(telegram.calls_of("sendMultiMedia")) + len(telegram.calls_of("sendMedia"))
    assert calls <= len(items) + 3
    assert name in receipts.note  # type: ignore[attr-defined]


@pytest.mark.parametrize("way", ["one by one", "without one", "in runs", "posted already"])
async def test_what_was_cut_off_a_caption_is_told_however_it_is_posted(
    telegram: TestTelegram, tmp_path: Path, way: str
) -> None:
    """The report has the rest of a caption that is too long, also of an album that Telegram does not take at once."""
    items = [photo_file(tmp_path, number) for number in range(1, 5)]
    items[2] = replace(items[2], caption="third " * 300 + "its end")
    match way:
        case "one by one":
            telegram.faults.add("sendMultiMedia", error=(400, "MULTI_MEDIA_TOO_LONG"), times=None)
        case "without one":
            for at in ("sendMultiMedia", "sendMedia"):
                telegram.faults.refuse(items[3].name, "IMAGE_PROCESS_FAILED", at=at)
        case "in runs":
            items[1] = replace(items[1], kind="document")
            telegram.faults.add("sendMultiMedia", error=(400, "GROUPED_MEDIA_INVALID"))
    async with opened(telegram, tmp_path / "state") as destination:
        staged = [await destination.stage("default", each) for each in items]
        if way == "posted already":
            staged = [await destination.stage("default", each) for each in items]
            await destination.post("default", staged, "first " * 300 + "the end")
            telegram.faults.add("sendMultiMedia", error=(500, "RANDOM_ID_DUPLICATE"), times=None)
        receipts = await destination.post("default", staged, "first " * 300 + "the end")
    note = receipts.note  # type: ignore[attr-defined]
    assert len(receipts) == (3 if way == "without one" else 4)
    assert note.count("left out of it:") == 2
    assert note.count("the end") == note.count("its end") == 1


@pytest.mark.parametrize(
    ("name", "count"), [("MEDIA_INVALID", 2), ("MEDIA_INVALID", 3), ("IMAGE_PROCESS_FAILED", 10)]
)
async def test_an_album_that_is_refused_for_an_item_that_nobody_finds(
    telegram: TestTelegram,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    count: int,
) -> None:
    """The same where the error's name speaks of an item: a culprit is looked for once, then the items go one by one."""
    items = [photo_file(tmp_path, number) for number in range(1, count + 1)]
    telegram.faults.add("sendMultiMedia", error=(400, name), times=None)
    async with opened(telegram, tmp_path / "state") as destination:
        receipts, causes = await deliver(destination, items)
    assert [m.random_id for m in telegram.messages] == [each.key for each in items]
    assert not causes
    calls = len(telegram.calls_of("sendMultiMedia")) + len(telegram.calls_of("sendMedia"))
    assert calls <= 2 * len(items) + 3
    assert len(receipts) == len(items)
    assert f"Telegram refused the album from {items[0].name} on" in capsys.readouterr().out


@pytest.mark.parametrize("method", ["uploadMedia", "sendMultiMedia", "saveFilePart"])
@pytest.mark.parametrize(
    "error", [(500, "RPC_CALL_FAIL"), (500, "MOON_FELL_DOWN"), (-503, "Timeout")]
)
async def test_a_bad_day_breaks_no_album_up(
    telegram: TestTelegram, tmp_path: Path, method: str, error: tuple[int, str]
) -> None:
    """While Telegram has trouble with everything, everything waits, and few ask; afterwards the album is one."""
    items = ten(tmp_path)
    fault = telegram.faults.add(method, error=error, times=None)
    patience = replace(HASTY, pause=0.2, gap_max=0.4)  # more than by which one may come too early
    async with opened(telegram, tmp_path / "state", patience=patience) as destination:
        for _ in range(6):
            with pytest.raises(Temporary) as caught:
                await deliver(destination, items, whole=True)
            assert caught.value.scope == "all"
            assert caught.value.retry_after is not None
        asked = len(telegram.calls_of(method))
        assert asked <= 3 * 10 + 5 * 3  # each item a few times, then one for all
        fault.times = 0
        await asyncio.sleep(patience.gap_max)
        receipts, _ = await deliver(destination, items)
    assert_one_album(telegram, items, receipts)


@pytest.mark.parametrize("method", ["uploadMedia", "sendMultiMedia"])
async def test_parts_that_pass_do_not_vouch_for_what_does_not(
    telegram: TestTelegram, tmp_path: Path, method: str
) -> None:
    """Trouble with uploads or posts is as few tries as ever for each item, though parts of others arrive meanwhile."""
    items = ten(tmp_path)
    others = [photo_file(tmp_path, number) for number in range(11, 21)]
    telegram.faults.add(method, error=(500, "RPC_CALL_FAIL"), times=None)
    telegram.faults.add("saveFilePart", delay=0.05, nth=5, times=None)
    patience = replace(HASTY, pause=0.1, gap_max=60.0)
    async with opened(telegram, tmp_path / "state", patience=patience) as destination:
        deliveries = [deliver(destination, each, whole=True) for each in (items, others)]
        outcomes = await asyncio.gather(*deliveries, return_exceptions=True)
    assert [type(each) for each in outcomes] == [Temporary, Temporary]
    probe = 1
    requests = len(items + others) if method == "uploadMedia" else 2
    assert len(telegram.calls_of(method)) <= patience.tries * requests + probe


@pytest.mark.parametrize("name", ["MEDIA_INVALID", "IMAGE_PROCESS_FAILED", "FILE_PARTS_INVALID"])
async def test_what_even_a_good_picture_gets_is_nobodys_fault(
    telegram: TestTelegram, tmp_path: Path, name: str
) -> None:
    """An error that every file gets, even one that is certainly good, blames none of them."""
    items = ten(tmp_path)
    fault = telegram.faults.add("uploadMedia", error=(400, name), times=None)
    async with opened(telegram, tmp_path / "state") as destination:
        with pytest.raises(Temporary) as caught:
            await deliver(destination, items, whole=True)
        assert caught.value.scope == "all"
        fault.times = 0
        await asyncio.sleep(0.2)
        receipts, _ = await deliver(destination, items)
    assert_one_album(telegram, items, receipts)


async def test_a_post_that_alone_brings_trouble_is_looked_into(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """Trouble with one item of an album, for longer than is waited: the others stand one by one, and it waits."""
    items = ten(tmp_path)
    for method in ("sendMultiMedia", "sendMedia"):
        telegram.faults.refuse(items[4].name, "RPC_CALL_FAIL", code=500, at=method)
    async with opened(
        telegram, tmp_path / "state", patience=replace(HASTY, blame=0.0)
    ) as destination:
        _, causes = await deliver(destination, items)
    good = [each.key for each in items if each is not items[4]]
    assert [message.random_id for message in telegram.in_chat("media")] == good
    assert {key: type(cause) for key, cause in causes.items()} == {items[4].key: Temporary}


@pytest.mark.parametrize("bad", [(0, 1), (2, 7), (0, 4, 9)])
async def test_several_culprits_named_by_uploadmedia(
    telegram: TestTelegram, tmp_path: Path, bad: tuple[int, ...]
) -> None:
    """Several that uploadMedia names, even late, leave one album of the rest."""
    items = ten(tmp_path)
    for place in bad:
        telegram.faults.refuse(items[place].name, at="sendMultiMedia")
        telegram.faults.add(
            "uploadMedia", file=items[place].name, nth=2, times=None, error=(400, "MEDIA_INVALID")
        )
    async with opened(telegram, tmp_path / "state") as destination:
        receipts, causes = await deliver(destination, items)
    good = [each for place, each in enumerate(items) if place not in bad]
    assert_one_album(telegram, good, receipts)
    assert set(causes) == {items[place].key for place in bad}


async def test_several_culprits_nobody_names(telegram: TestTelegram, tmp_path: Path) -> None:
    """Three that are refused only in albums hold up nobody: the seven are posted, once, in order."""
    items = ten(tmp_path)
    for place in (1, 5, 8):
        telegram.faults.refuse(items[place].name, at="sendMultiMedia")
        telegram.faults.refuse(items[place].name, at="sendMedia")
    async with opened(telegram, tmp_path / "state") as destination:
        _, causes = await deliver(destination, items)
    good = [each.key for place, each in enumerate(items) if place not in {1, 5, 8}]
    assert [message.random_id for message in telegram.in_chat("media")] == good
    assert set(causes) == {items[place].key for place in (1, 5, 8)}


async def test_a_death_after_nine_were_posted(telegram: TestTelegram, tmp_path: Path) -> None:
    """Who died after the nine were posted and asks again for all ten learns of the nine, and posts none twice."""
    items = ten(tmp_path)
    telegram.faults.refuse(items[3].name, at="sendMultiMedia")
    telegram.faults.refuse(items[3].name, at="sendMedia")
    async with opened(telegram, tmp_path / "state") as destination:
        staged = [await destination.stage("default", each) for each in items]
        first = await destination.post("default", staged, "Holiday")
        assert len(first) == 9
    async with opened(telegram, tmp_path / "state") as destination:
        receipts, causes = await deliver(destination, items)
    good = [each for each in items if each is not items[3]]
    assert_one_album(telegram, good, receipts)
    assert list(causes) == [items[3].key]
    assert receipts == first


async def test_an_error_that_passes_costs_nobody_the_album(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """An album that is refused once and then taken is one album of ten."""
    items = ten(tmp_path)
    telegram.faults.add("sendMultiMedia", error=(400, "MEDIA_EMPTY"))
    async with opened(telegram, tmp_path / "state") as destination:
        receipts, causes = await deliver(destination, items)
    assert_one_album(telegram, items, receipts)
    assert not causes


@pytest.mark.parametrize("posted", [True, False])
async def test_what_the_answer_does_not_name_is_sent_again(
    telegram: TestTelegram, tmp_path: Path, posted: bool
) -> None:
    """Two of ten are missing in the answer: they are asked for again, and every message is there once."""
    items = ten(tmp_path)
    telegram.faults.add("sendMultiMedia", omit=(3, 6), omitted_are_posted=posted)
    async with opened(telegram, tmp_path / "state") as destination:
        receipts, causes = await deliver(destination, items)
    assert sorted(m.random_id for m in telegram.messages) == sorted(each.key for each in items)
    assert receipts == {message.random_id: message.id for message in telegram.messages}
    assert not causes


async def test_a_stale_reference_of_one(telegram: TestTelegram, tmp_path: Path) -> None:
    """FILE_REFERENCE_3_EXPIRED renews item 3 alone, without its bytes."""
    items = ten(tmp_path)
    telegram.faults.add("sendMultiMedia", error=(400, "FILE_REFERENCE_3_EXPIRED"))
    async with opened(telegram, tmp_path / "state") as destination:
        receipts, _ = await deliver(destination, items)
    assert_one_album(telegram, items, receipts)
    assert [call.files for call in telegram.calls_of("uploadMedia")].count((items[3].name,)) == 2
    assert set(telegram.part_counts.values()) == {1}
