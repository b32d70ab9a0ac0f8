"""Every error the research knows leads where its table says, by name, through Telethon's classes and over the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from telethon.errors import (
    AuthKeyError,
    FloodError,
    MediaInvalidError,
    RandomIdDuplicateError,
    ServerError,
    rpc_message_to_error,
)
from telethon.tl import functions, types

from telespool.destinations.base import Rejected
from telespool.destinations.telegram import error_mapping
from telespool.destinations.telegram.error_table import RULES, Action
from telespool.errors import (
    ConfigError,
    LoginNeeded,
    NeedsConversion,
    Permanent,
    TelespoolError,
    Temporary,
)
from tests.destinations.telegram.support import HASTY, opened, photo_file, send, video_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

# As the research has them, written down apart from the table that is tested. X stands for a number.
EXPECTED = {
    Action.WAIT: """FLOOD_WAIT_X FLOOD_PREMIUM_WAIT_X SLOWMODE_WAIT_X FLOOD_TEST_PHONE_WAIT_X
        TAKEOUT_INIT_DELAY_X 2FA_CONFIRM_WAIT_X""",
    Action.RETRY: """RPC_CALL_FAIL RPC_MCGET_FAIL INTERDC_X_CALL_ERROR INTERDC_X_CALL_RICH_ERROR
        NO_WORKERS_RUNNING MEMORY_LIMIT_EXIT MSG_WAIT_FAILED MSG_WAIT_TIMEOUT MT_SEND_QUEUE_TOO_LONG
        STORAGE_CHECK_FAILED CDN_UPLOAD_TIMEOUT WORKER_BUSY_TOO_LONG_RETRY TIMEOUT POSTPONED_TIMEOUT
        MSG_ID_INVALID""",
    Action.RECONNECT: """FILE_MIGRATE_X STATS_MIGRATE_X
        CONNECTION_NOT_INITED CONNECTION_LAYER_INVALID""",
    Action.DELIVERED: "RANDOM_ID_DUPLICATE MESSAGE_NOT_MODIFIED",
    Action.PART: "FILE_PART_X_MISSING",
    Action.UPLOAD: """FILE_PART_INVALID FILE_PART_LENGTH_INVALID FILE_PARTS_INVALID FILE_PART_SIZE_CHANGED
        MD5_CHECKSUM_INVALID INPUT_FILE_INVALID""",
    Action.REFRESH: """FILE_REFERENCE_EXPIRED FILE_REFERENCE_EMPTY FILE_REFERENCE_INVALID
        FILE_REFERENCE_X_EXPIRED FILE_REFERENCE_X_EMPTY FILE_REFERENCE_X_INVALID FILEREF_UPGRADE_NEEDED""",
    Action.REFUSE: "FILE_EMTPY FILE_PART_EMPTY",
    Action.CONVERT: """MEDIA_INVALID MEDIA_EMPTY VIDEO_FILE_INVALID VIDEO_CONTENT_TYPE_INVALID
        FILE_CONTENT_TYPE_INVALID GIF_CONTENT_TYPE_INVALID MEDIA_FILE_INVALID DOCUMENT_INVALID
        SEND_MESSAGE_MEDIA_INVALID""",
    Action.PHOTO: """PHOTO_INVALID_DIMENSIONS PHOTO_EXT_INVALID PHOTO_SAVE_FILE_INVALID IMAGE_PROCESS_FAILED
        PHOTO_INVALID PHOTO_CONTENT_TYPE_INVALID PHOTO_CROP_SIZE_SMALL PHOTO_FILE_MISSING""",
    Action.DOCUMENT: "VOICE_MESSAGES_FORBIDDEN",
    Action.REGROUP: """GROUPED_MEDIA_INVALID MEDIA_GROUPED_INVALID MULTI_MEDIA_TOO_LONG
        ALBUM_PHOTOS_TOO_MANY""",
    Action.CAPTION: """MEDIA_CAPTION_TOO_LONG ENTITY_BOUNDS_INVALID ENTITIES_TOO_LONG MESSAGE_TOO_LONG
        CHAT_SEND_PLAIN_FORBIDDEN""",
    Action.BUG: """FILE_PART_SIZE_INVALID FILE_PART_TOO_BIG FILE_PART_TOO_SMALL INPUT_REQUEST_TOO_LONG
        INPUT_FETCH_FAIL INPUT_FETCH_ERROR WEBPAGE_CURL_FAILED WEBPAGE_MEDIA_EMPTY EXTERNAL_URL_INVALID
        WEBDOCUMENT_INVALID WEBDOCUMENT_MIME_INVALID WEBDOCUMENT_SIZE_TOO_BIG WEBDOCUMENT_URL_EMPTY
        WEBDOCUMENT_URL_INVALID TTL_MEDIA_INVALID MEDIA_TTL_INVALID MESSAGE_EMPTY RANDOM_ID_EMPTY
        RANDOM_ID_INVALID REPLY_MESSAGE_ID_INVALID REPLY_TO_INVALID SCHEDULE_DATE_INVALID
        SCHEDULE_DATE_TOO_LATE SCHEDULE_BOT_NOT_ALLOWED SCHEDULE_STATUS_PRIVATE SCHEDULE_TOO_MUCH
        MESSAGE_ID_INVALID MESSAGE_AUTHOR_REQUIRED MESSAGE_EDIT_TIME_EXPIRED MEDIA_PREV_INVALID
        MEDIA_NEW_INVALID INLINE_BOT_REQUIRED CHAT_FORWARDS_RESTRICTED""",
    Action.KIND: """CHAT_SEND_PHOTOS_FORBIDDEN CHAT_SEND_VIDEOS_FORBIDDEN CHAT_SEND_DOCS_FORBIDDEN
        CHAT_SEND_GIFS_FORBIDDEN CHAT_SEND_AUDIOS_FORBIDDEN CHAT_SEND_ROUNDVIDEOS_FORBIDDEN
        CHAT_SEND_VOICES_FORBIDDEN CHAT_SEND_STICKERS_FORBIDDEN""",
    Action.CHAT: """CHAT_WRITE_FORBIDDEN CHAT_FORBIDDEN CHAT_RESTRICTED CHAT_SEND_MEDIA_FORBIDDEN
        CHAT_ADMIN_REQUIRED CHAT_GUEST_SEND_FORBIDDEN USER_BANNED_IN_CHANNEL USER_IS_BLOCKED YOU_BLOCKED_USER
        INPUT_USER_DEACTIVATED USER_IS_BOT CHANNEL_PRIVATE CHANNEL_INVALID CHANNEL_BANNED CHAT_ID_INVALID
        PEER_ID_INVALID SEND_AS_PEER_INVALID TOPIC_CLOSED TOPIC_DELETED ALLOW_PAYMENT_REQUIRED
        ALLOW_PAYMENT_REQUIRED_X PREMIUM_ACCOUNT_REQUIRED PRIVACY_PREMIUM_REQUIRED USERNAME_NOT_OCCUPIED
        USERNAME_INVALID PHONE_NOT_OCCUPIED USER_PRIVACY_RESTRICTED""",
    Action.ACCOUNT: "PEER_FLOOD USER_RESTRICTED FROZEN_METHOD_INVALID FROZEN_PARTICIPANT_MISSING",
    Action.LOGIN: """AUTH_KEY_UNREGISTERED AUTH_KEY_INVALID AUTH_KEY_PERM_EMPTY SESSION_REVOKED
        SESSION_EXPIRED SESSION_PASSWORD_NEEDED USER_DEACTIVATED USER_DEACTIVATED_BAN AUTH_KEY_DUPLICATED
        PHONE_MIGRATE_X NETWORK_MIGRATE_X USER_MIGRATE_X""",
    Action.CONFIG: """API_ID_INVALID API_ID_PUBLISHED_FLOOD CONNECTION_API_ID_INVALID ACCESS_TOKEN_INVALID
        ACCESS_TOKEN_EXPIRED""",
}
CASES = {name: action for action, names in EXPECTED.items() for name in names.split()}
REQUEST = functions.help.GetConfigRequest()


def refused(name: str, code: int = 400) -> error_mapping.Refusal:
    """What is read out of the exception that Telethon raises for this error."""
    return error_mapping.read(rpc_message_to_error(types.RpcError(code, name), REQUEST))


@pytest.mark.parametrize("number", [0, 7, 12345])
def test_every_name_leads_where_the_table_says(number: int) -> None:
    """Whatever class Telethon has for it, and with any number in it, the name decides; no name is only in one table."""
    refusals = {name: refused(name.replace("_X", f"_{number}")) for name in CASES | RULES}

    assert {name: refusal.action for name, refusal in refusals.items()} == CASES
    assert {name for name, refusal in refusals.items() if refusal.number == number} >= {
        name for name in CASES if "_X" in name
    }
    assert [
        name
        for name, refusal in refusals.items()
        if not (refusal.rule.source and refusal.rule.meaning)
    ] == []


def test_a_number_is_not_lost() -> None:
    """The part that is missing and the seconds to wait are read from Telethon's attributes."""
    assert refused("FILE_PART_12_MISSING").number == 12
    assert refused("FLOOD_PREMIUM_WAIT_33", 420).number == 33
    assert refused("FILE_REFERENCE_3_EXPIRED").number == 3
    assert refused("FILE_PART_0_MISSING").number == 0


def test_words_are_names_too() -> None:
    """`Timeout` and `No workers running` are recognised, though they do not look like names."""
    assert refused("Timeout", -503).action is Action.RETRY
    assert refused("No workers running", -500).action is Action.RETRY
    assert refused("memory limit exit", 500).action is Action.RETRY


def test_trap_one_the_message_of_a_known_error_is_not_its_name() -> None:
    """Telethon says BAD_REQUEST; the name is found even so."""
    error = rpc_message_to_error(types.RpcError(400, "MEDIA_INVALID"), REQUEST)
    assert isinstance(error, MediaInvalidError)
    assert error.message == "BAD_REQUEST"
    assert error_mapping.name_of(error) == "MEDIA_INVALID"


def test_trap_two_a_closed_topic_is_not_the_end_of_the_login() -> None:
    """Telethon calls every 406 an AuthKeyError; a closed topic closes itself alone."""
    error = rpc_message_to_error(types.RpcError(406, "TOPIC_CLOSED"), REQUEST)
    assert isinstance(error, AuthKeyError)
    verdict = error_mapping.verdict(error_mapping.read(error), "x.jpg")
    assert isinstance(verdict, Temporary)
    assert verdict.scope == "topic"


def test_trap_three_a_flood_error_need_not_be_a_wait() -> None:
    """A frozen account comes as a FloodError without a time; everything waits for a person."""
    error = rpc_message_to_error(types.RpcError(420, "FROZEN_METHOD_INVALID"), REQUEST)
    assert isinstance(error, FloodError)
    assert isinstance(error_mapping.verdict(error_mapping.read(error), "x.jpg"), Temporary)


def test_trap_four_a_used_random_id_is_no_server_trouble() -> None:
    """RANDOM_ID_DUPLICATE is a ServerError to Telethon; to us it says delivered."""
    error = rpc_message_to_error(types.RpcError(500, "RANDOM_ID_DUPLICATE"), REQUEST)
    assert isinstance(error, RandomIdDuplicateError)
    assert isinstance(error, ServerError)
    assert error_mapping.read(error).action is Action.DELIVERED


def test_an_unknown_name_is_named() -> None:
    """A refusal nobody has heard of is permanent and says its name; a server's own trouble is not."""
    verdict = error_mapping.verdict(refused("MOON_TOO_FULL"), "x.jpg")
    assert isinstance(verdict, Permanent)
    assert "MOON_TOO_FULL" in verdict.reason
    assert isinstance(error_mapping.verdict(refused("MOON_TOO_FULL", 500), "x.jpg"), Temporary)


def test_every_verdict_is_a_sentence() -> None:
    """Whatever is left after all mending names the thing, the error, and ends like a sentence."""
    of_nothing = {Action.LOGIN, Action.CONFIG, Action.ACCOUNT}  # these are about the whole program
    wrong = {}
    for name, action in CASES.items():
        said = name.replace("_X", "_5")
        reason = error_mapping.verdict(refused(said), "x.jpg", "photo").reason
        named = said in reason and (action in of_nothing or "x.jpg" in reason)
        if not (named and reason.endswith(".")):
            wrong[name] = reason

    assert wrong == {}


# Over the wire: what a client of the destination gets when uploadMedia, and when sendMedia, answer so for ever.
AT_STAGE: dict[Action, type[TelespoolError]] = {
    Action.RETRY: Temporary,
    Action.RECONNECT: Temporary,
    Action.UPLOAD: Temporary,
    Action.REFRESH: Temporary,
    Action.REFUSE: Permanent,
    Action.CONVERT: NeedsConversion,
    Action.PHOTO: NeedsConversion,
    Action.DOCUMENT: Permanent,
    Action.REGROUP: Permanent,
    Action.CAPTION: Permanent,
    Action.BUG: Permanent,
    Action.KIND: Temporary,
    Action.CHAT: Temporary,
    Action.ACCOUNT: Temporary,
    Action.LOGIN: LoginNeeded,
    Action.CONFIG: ConfigError,
    Action.DELIVERED: Temporary,
    Action.PART: Temporary,
}
CODES = {Action.LOGIN: 401, Action.RETRY: 500, Action.DELIVERED: 500, Action.RECONNECT: 303}


@pytest.mark.telegram
@pytest.mark.parametrize("action", AT_STAGE)
async def test_uploadmedia_refuses(telegram: TestTelegram, tmp_path: Path, action: Action) -> None:
    """An error of uploadMedia that does not go away becomes the exception that decides the folder."""
    only = photo_file(tmp_path)
    async with opened(telegram, tmp_path / "state") as destination:
        for name in EXPECTED[action].split():
            telegram.faults.clear()
            error = (CODES.get(action, 400), name.replace("_X", "_0"))
            telegram.faults.add("uploadMedia", file=only.name, error=error, times=None)
            with pytest.raises(TelespoolError) as caught:
                await destination.stage("default", only)
            assert type(caught.value) is AT_STAGE[action], name
            assert error[1] in caught.value.reason
        telegram.faults.clear()
        await send(destination, [only])
    assert len(telegram.messages) == 1


@pytest.mark.telegram
@pytest.mark.parametrize("action", [*AT_STAGE, Action.UNKNOWN])
async def test_sendmedia_refuses(telegram: TestTelegram, tmp_path: Path, action: Action) -> None:
    """The same for a post of one; what is about the item names the item."""
    clip = video_file(tmp_path, 1000)
    about_the_item = {
        Action.CONVERT: NeedsConversion,
        Action.PHOTO: NeedsConversion,
        Action.DOCUMENT: NeedsConversion,
        Action.REFUSE: Permanent,
        Action.UNKNOWN: Permanent,
        Action.KIND: Temporary,
    }
    short = replace(HASTY, gap_max=0.01)
    async with opened(telegram, tmp_path / "state", patience=short) as destination:
        staged = await destination.stage("default", clip)
        for name in EXPECTED.get(action, "MOON_TOO_FULL").split():
            telegram.faults.clear()
            error = (CODES.get(action, 400), name.replace("_X", "_0"))
            telegram.faults.add("sendMedia", error=error, times=None)
            with pytest.raises(TelespoolError) as caught:
                await destination.post("default", [staged], "")
            if action in about_the_item:
                assert isinstance(caught.value, Rejected), name
                assert type(caught.value.causes[clip.key]) is about_the_item[action], name
            elif not isinstance(caught.value, Rejected):
                assert type(caught.value) is AT_STAGE[action], name
            assert error[1] in caught.value.reason or isinstance(caught.value, Temporary)
        telegram.faults.clear()
        await destination.post("default", [staged], "")
    assert len(telegram.messages) == 1
