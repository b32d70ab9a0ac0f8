"""The table: every error of uploading and posting that is known, what it means, what is done, who says so.

Data, not code. `X` stands for a number. Sources: `api` is core.telegram.org/api/errors and the pages of the
methods; `TL` the lists per method that go with the schema; `TDLib` and `tdesktop` what the official clients
do; `Telethon` its own list. docs/telegram-errors.md is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Action(StrEnum):
    """What is done about an error."""

    WAIT = "wait"  # stand at the gate, then repeat; no attempt is used up
    RETRY = "retry"  # Telegram's own trouble, or nobody knows: repeat the same request
    RECONNECT = "reconnect"  # a new connection, then repeat
    PART = "part"  # send part X again, then repeat
    UPLOAD = "upload"  # send the file again under another file_id
    REFRESH = "refresh"  # uploadMedia again, its reference went stale
    CONVERT = "convert"  # the media itself is refused
    PHOTO = "photo"  # the picture must be re-encoded, or go as a document
    DOCUMENT = "document"  # send it as a file
    REGROUP = "regroup"  # these may not stand in one album
    CAPTION = "caption"  # shorten or drop the caption
    BUG = "bug"  # we asked wrongly
    REFUSE = "refuse"  # nothing helps
    KIND = "kind"  # the chat forbids this kind of media
    CHAT = "chat"  # the chat is closed to us: it waits
    ACCOUNT = "account"  # the account may not send: everything waits
    LOGIN = "login"  # a person must log in again
    CONFIG = "config"  # a person must correct the configuration
    DELIVERED = "delivered"  # it is there, or just being posted: ask again with the same random_id
    UNKNOWN = "unknown"  # not in this table: tried a few times, then quarantine with its name


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. `gate` says what a WAIT closes."""

    name: str
    action: Action
    meaning: str
    source: str
    gate: Literal["method", "chat"] = "method"


UNKNOWN = Rule("", Action.UNKNOWN, "an error that is not in the table", "")


def _rules(action: Action, source: str, lines: str) -> list[Rule]:
    """`NAME NAME: meaning`, one meaning to a line."""
    found = []
    for line in filter(None, map(str.strip, lines.splitlines())):
        names, _, meaning = line.partition(": ")
        gate: Literal["method", "chat"] = "chat" if "SLOWMODE" in names else "method"
        found += [Rule(name, action, meaning, source, gate) for name in names.split()]
    return found


_TABLE = [
    *_rules(
        Action.WAIT,
        "api",
        """
        FLOOD_WAIT_X: too many requests of this kind
        FLOOD_PREMIUM_WAIT_X: accounts without Premium are slowed down
        SLOWMODE_WAIT_X: the chat is in slow mode
        FLOOD_TEST_PHONE_WAIT_X: too many requests of a test account
        TAKEOUT_INIT_DELAY_X: an export has to wait
        2FA_CONFIRM_WAIT_X: the account waits for its second factor
        """,
    ),
    *_rules(
        Action.RETRY,
        "api, TDLib: repeats 500 after 1 to 60 s",
        """
        RPC_CALL_FAIL RPC_MCGET_FAIL INTERDC_X_CALL_ERROR INTERDC_X_CALL_RICH_ERROR: Telegram has trouble inside
        NO_WORKERS_RUNNING MEMORY_LIMIT_EXIT MT_SEND_QUEUE_TOO_LONG: Telegram is overloaded
        STORAGE_CHECK_FAILED CDN_UPLOAD_TIMEOUT: Telegram's storage has trouble
        MSG_WAIT_FAILED MSG_WAIT_TIMEOUT: an earlier request is still under way at Telegram
        WORKER_BUSY_TOO_LONG_RETRY: Telegram's workers are busy with large media
        TIMEOUT POSTPONED_TIMEOUT: Telegram took too long, and the outcome is unknown
        MSG_ID_INVALID: Telegram did not recognise the request's number
        """,
    ),
    *_rules(
        Action.RECONNECT,
        "api/datacenter, TDLib",
        """
        FILE_MIGRATE_X STATS_MIGRATE_X: another data centre is responsible
        CONNECTION_NOT_INITED CONNECTION_LAYER_INVALID: the connection was not introduced
        """,
    ),
    *_rules(
        Action.DELIVERED,
        "api/updates: a used random_id gets the first messages, this while they are being made",
        """
        RANDOM_ID_DUPLICATE: this was posted already, or is being posted
        MESSAGE_NOT_MODIFIED: the message says so already
        """,
    ),
    *_rules(
        Action.PART,
        "api/files: resave the part",
        "FILE_PART_X_MISSING: a part of the file is not in Telegram's store",
    ),
    *_rules(
        Action.UPLOAD,
        "api/files, TDLib: checks all parts again",
        """
        FILE_PART_INVALID FILE_PART_LENGTH_INVALID FILE_PARTS_INVALID: the parts do not make up the file
        FILE_PART_SIZE_CHANGED: the parts differ in size
        MD5_CHECKSUM_INVALID: the file arrived damaged, or changed meanwhile
        INPUT_FILE_INVALID: Telegram no longer has the parts
        """,
    ),
    *_rules(
        Action.REFRESH,
        "api/file_reference",
        """
        FILE_REFERENCE_EXPIRED FILE_REFERENCE_EMPTY FILE_REFERENCE_INVALID: the upload's reference went stale
        FILE_REFERENCE_X_EXPIRED FILE_REFERENCE_X_EMPTY FILE_REFERENCE_X_INVALID: the upload's reference went stale
        FILEREF_UPGRADE_NEEDED: the upload's reference is of an old form
        """,
    ),
    *_rules(
        Action.REFUSE,
        "TL (sic)",
        "FILE_EMTPY FILE_PART_EMPTY: the file is empty",
    ),
    *_rules(
        Action.CONVERT,
        "TL, Telethon: not supported with the given parameters",
        """
        MEDIA_INVALID MEDIA_EMPTY MEDIA_FILE_INVALID SEND_MESSAGE_MEDIA_INVALID: Telegram calls the media invalid
        VIDEO_FILE_INVALID VIDEO_CONTENT_TYPE_INVALID: Telegram cannot use the video
        FILE_CONTENT_TYPE_INVALID DOCUMENT_INVALID: Telegram does not take this type of file
        GIF_CONTENT_TYPE_INVALID: Telegram cannot use the animation
        """,
    ),
    *_rules(
        Action.PHOTO,
        "TL, TDLib: .jpg .jpeg .gif .png .tif .bmp, 10 MB, width + height up to 10000, ratio up to 20",
        """
        PHOTO_INVALID_DIMENSIONS: the picture is too large or too narrow
        PHOTO_EXT_INVALID PHOTO_CONTENT_TYPE_INVALID: this type of picture is not taken
        PHOTO_SAVE_FILE_INVALID: Telegram could not store the picture; it may exceed 10 MB
        IMAGE_PROCESS_FAILED PHOTO_INVALID PHOTO_FILE_MISSING: Telegram could not read the picture
        PHOTO_CROP_SIZE_SMALL: the picture is too small
        """,
    ),
    *_rules(
        Action.DOCUMENT,
        "TL",
        "VOICE_MESSAGES_FORBIDDEN: the receiver takes no voice messages",
    ),
    *_rules(
        Action.REGROUP,
        "TL, TDLib: MessageContentType.cpp",
        """
        GROUPED_MEDIA_INVALID MEDIA_GROUPED_INVALID: these kinds may not stand in one album
        MULTI_MEDIA_TOO_LONG ALBUM_PHOTOS_TOO_MANY: an album holds at most ten
        """,
    ),
    *_rules(
        Action.CAPTION,
        "TL",
        """
        MEDIA_CAPTION_TOO_LONG MESSAGE_TOO_LONG ENTITIES_TOO_LONG ENTITY_BOUNDS_INVALID: the caption is too long
        CHAT_SEND_PLAIN_FORBIDDEN: the chat forbids text
        """,
    ),
    *_rules(
        Action.BUG,
        "TL",
        """
        FILE_PART_SIZE_INVALID FILE_PART_TOO_BIG FILE_PART_TOO_SMALL: a part has a wrong size
        INPUT_REQUEST_TOO_LONG INPUT_FETCH_FAIL INPUT_FETCH_ERROR: the request could not be read
        WEBPAGE_CURL_FAILED WEBPAGE_MEDIA_EMPTY EXTERNAL_URL_INVALID: an address was sent instead of a file
        WEBDOCUMENT_INVALID WEBDOCUMENT_MIME_INVALID WEBDOCUMENT_SIZE_TOO_BIG WEBDOCUMENT_URL_EMPTY WEBDOCUMENT_URL_INVALID: an address was sent instead of a file
        TTL_MEDIA_INVALID MEDIA_TTL_INVALID: it cannot destroy itself
        MESSAGE_EMPTY: the message is empty
        RANDOM_ID_EMPTY RANDOM_ID_INVALID: the message's own number is wrong
        REPLY_MESSAGE_ID_INVALID REPLY_TO_INVALID: what it answers to is gone
        SCHEDULE_DATE_INVALID SCHEDULE_DATE_TOO_LATE SCHEDULE_BOT_NOT_ALLOWED SCHEDULE_STATUS_PRIVATE SCHEDULE_TOO_MUCH: it cannot be scheduled
        MESSAGE_ID_INVALID MESSAGE_AUTHOR_REQUIRED MESSAGE_EDIT_TIME_EXPIRED MEDIA_PREV_INVALID MEDIA_NEW_INVALID INLINE_BOT_REQUIRED: the message cannot be edited
        CHAT_FORWARDS_RESTRICTED: the media belongs to a protected chat
        """,
    ),
    *_rules(
        Action.KIND,
        "api/rights: default_banned_rights",
        """
        CHAT_SEND_PHOTOS_FORBIDDEN: the chat forbids photos
        CHAT_SEND_VIDEOS_FORBIDDEN CHAT_SEND_ROUNDVIDEOS_FORBIDDEN: the chat forbids videos
        CHAT_SEND_GIFS_FORBIDDEN: the chat forbids GIFs
        CHAT_SEND_DOCS_FORBIDDEN: the chat forbids files
        CHAT_SEND_AUDIOS_FORBIDDEN CHAT_SEND_VOICES_FORBIDDEN: the chat forbids sound
        CHAT_SEND_STICKERS_FORBIDDEN: the chat forbids stickers
        """,
    ),
    *_rules(
        Action.CHAT,
        "TL, api/errors",
        """
        CHAT_WRITE_FORBIDDEN CHAT_GUEST_SEND_FORBIDDEN: this account may not write to the chat
        CHAT_SEND_MEDIA_FORBIDDEN: this account may not send media to the chat
        CHAT_ADMIN_REQUIRED: only administrators may post to the chat
        CHAT_FORBIDDEN CHANNEL_BANNED: this account is not in the chat any more, or it was closed; let somebody invite the account again
        CHAT_RESTRICTED: Telegram has restricted the chat, and nobody may post there
        USER_BANNED_IN_CHANNEL: this account is banned there, or Telegram lets it post to no public group for now; ask its administrators, and @SpamBot
        USER_PRIVACY_RESTRICTED: the receiver's privacy settings forbid it
        USER_IS_BLOCKED YOU_BLOCKED_USER: one of you two has blocked the other
        INPUT_USER_DEACTIVATED: the receiver's account is gone
        USER_IS_BOT: a bot cannot write to a bot
        CHANNEL_PRIVATE: this account is not in the chat, or was banned from it; let somebody invite it again
        CHANNEL_INVALID CHAT_ID_INVALID PEER_ID_INVALID: Telegram does not find the chat
        USERNAME_NOT_OCCUPIED USERNAME_INVALID: nobody has this name
        PHONE_NOT_OCCUPIED: nobody has this phone number
        SEND_AS_PEER_INVALID: this account may not post in the name of the channel
        TOPIC_CLOSED TOPIC_DELETED: the topic is closed
        ALLOW_PAYMENT_REQUIRED ALLOW_PAYMENT_REQUIRED_X: the receiver wants to be paid for messages
        PREMIUM_ACCOUNT_REQUIRED PRIVACY_PREMIUM_REQUIRED: only Premium accounts may write there
        """,
    ),
    *_rules(
        Action.ACCOUNT,
        "api/errors: no duration, retrying soon will not help",
        """
        PEER_FLOOD: Telegram has limited this account, because it wrote too much to strangers or was reported; write to @SpamBot in an app, which says until when
        USER_RESTRICTED: Telegram has restricted this account because it was reported; write to @SpamBot in an app, which says until when
        FROZEN_METHOD_INVALID FROZEN_PARTICIPANT_MISSING: Telegram has frozen this account; open Telegram's app, which says why and takes an appeal
        """,
    ),
    *_rules(
        Action.LOGIN,
        "api/errors",
        """
        AUTH_KEY_UNREGISTERED AUTH_KEY_INVALID AUTH_KEY_PERM_EMPTY: Telegram does not know this login
        SESSION_REVOKED SESSION_EXPIRED: the login was ended from another device
        SESSION_PASSWORD_NEEDED: the password is still missing
        USER_DEACTIVATED USER_DEACTIVATED_BAN: the account was deleted or banned
        AUTH_KEY_DUPLICATED: two programs used this login at once, and Telegram ended it
        PHONE_MIGRATE_X NETWORK_MIGRATE_X USER_MIGRATE_X: this account lives in another of Telegram's data centres than the login
        """,
    ),
    *_rules(
        Action.CONFIG,
        "api/obtaining_api_id",
        """
        API_ID_INVALID CONNECTION_API_ID_INVALID: the api_id or its api-hash is wrong; see https://my.telegram.org
        API_ID_PUBLISHED_FLOOD: this api_id was published and is blocked; get one of your own at https://my.telegram.org
        ACCESS_TOKEN_INVALID ACCESS_TOKEN_EXPIRED: the bot-token is wrong; ask @BotFather
        """,
    ),
]

RULES: dict[str, Rule] = {rule.name: rule for rule in _TABLE}
