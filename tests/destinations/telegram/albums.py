"""Ten items that are delivered as one album, and what can be wrong with one of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from telespool.destinations.base import Receipts, Rejected, Uploaded
from telespool.errors import NeedsConversion, Permanent, TelespoolError, Temporary
from tests.destinations.telegram.support import photo_file, video_file

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.destinations.telegram import TelegramDestination
    from telespool.model import Item
    from tests.telegram_server import TestTelegram


CLASSES = {
    "MEDIA_INVALID": NeedsConversion,
    "VIDEO_FILE_INVALID": NeedsConversion,
    "PHOTO_INVALID_DIMENSIONS": NeedsConversion,
    "IMAGE_PROCESS_FAILED": NeedsConversion,
    "FILE_EMTPY": Permanent,
}
OF_THE_REQUEST = {
    "INPUT_FETCH_FAIL": Permanent,
    "MOON_TOO_FULL": Permanent,
    "MULTI_MEDIA_TOO_LONG": Permanent,
    "WEBPAGE_MEDIA_EMPTY": Permanent,
    "MEDIA_EMPTY": NeedsConversion,
    "FILE_REFERENCE_EXPIRED": Temporary,
    "FILE_PARTS_INVALID": Temporary,
}
"""Errors that say nothing of single items when an album gets them."""


def ten(directory: Path) -> list[Item]:
    """Nine photos, and a video in their midst."""
    items = [photo_file(directory, number) for number in range(1, 11)]
    items[4] = video_file(directory, 2000, 5)
    return items


async def deliver(
    destination: TelegramDestination, items: list[Item], *, whole: bool = False
) -> tuple[dict[int, int], dict[int, TelespoolError]]:
    """Post an album as the uploader does: culprits are taken out, what is missing is posted again."""
    causes: dict[int, TelespoolError] = {}

    async def stage(item: Item) -> Uploaded | None:
        try:
            return await destination.stage("default", item)
        except TelespoolError as error:
            if whole:
                raise
            causes[item.key] = error
            return None

    outcomes = await asyncio.gather(*map(stage, items), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    staged = [each for each in outcomes if isinstance(each, Uploaded)]
    receipts: dict[int, int] = {}
    while missing := [each for each in staged if each.item.key not in receipts]:
        try:
            found = await destination.post("default", missing, "" if receipts else "Holiday")
            receipts |= found
            new = found.causes if isinstance(found, Receipts) else {}
            causes |= new
            staged = [each for each in staged if each.item.key not in new]
        except Rejected as rejected:
            causes |= rejected.causes
            staged = [each for each in staged if each.item.key not in rejected.causes]
    return receipts, causes


def assert_one_album(telegram: TestTelegram, items: list[Item], receipts: dict[int, int]) -> None:
    """These items, in this order, with one caption, in one album, and nothing else."""
    messages = telegram.in_chat("media")
    assert [message.random_id for message in messages] == [each.key for each in items]
    assert len({message.grouped_id for message in messages}) == 1
    assert messages[0].grouped_id is not None
    assert [message.caption for message in messages] == ["Holiday"] + [""] * (len(items) - 1)
    assert receipts == {message.random_id: message.id for message in messages}
