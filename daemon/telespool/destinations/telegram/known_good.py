"""A picture that is certainly good: where Telegram does not take even this one, no other file is to blame.

`uploadMedia` makes nothing that anybody sees, so it may be asked at any time.
"""

from __future__ import annotations

import os
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from telethon.tl import functions, types

from telespool.destinations.telegram.error_mapping import Refusal
from telespool.destinations.telegram.error_table import Action

if TYPE_CHECKING:
    from telespool.destinations.telegram.rpc import RpcClient
    from telespool.destinations.telegram.upload_file import FileUploader
    from telespool.model import Kind

_NAME = "test.jpg"
# 64 x 48 pixels of one colour, baseline JPEG
_JPEG = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19i"
    "Z2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj"
    "Y2NjY2NjY2P/wAARCAAwAEADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QA"
    "FQEBAQAAAAAAAAAAAAAAAAAAAAT/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCAClOAAAAAAAAAAAAAAAAAAAAA"
    "A//Z"
)
# What says something about the chat or the account, and nothing about whether Telegram is well.
_OTHERWISE = {Action.CHAT, Action.KIND, Action.ACCOUNT, Action.LOGIN, Action.CONFIG}


async def is_taken(
    caller: RpcClient, transfer: FileUploader, peer: Any, kind: Kind, chat: str
) -> bool:
    """Whether Telegram takes it now, as a photo or as a document. Temporary, LoginNeeded as for any request."""
    key = int.from_bytes(os.urandom(8), "little", signed=True)
    try:
        file = await transfer.send_bytes(_JPEG, key, _NAME, tries=1)
        media = types.InputMediaUploadedPhoto(file)
        if kind != "photo":
            named = [types.DocumentAttributeFilename(_NAME)]
            media = types.InputMediaUploadedDocument(file, "image/jpeg", named, force_file=True)
        request = functions.messages.UploadMediaRequest(peer, media)
        await caller.call(request, chat=chat, tries=1)
    except Refusal as refusal:
        return refusal.action in _OTHERWISE
    return True
