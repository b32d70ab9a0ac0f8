"""The keys that say what is taken from the inbox, and how it is posted: for all, and for one chat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - the loader reads the types of the keys
from typing import Literal

from telespool.config.keys import DAY, HOUR, MINUTE, Seconds, key


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxSettings:
    """What is taken from the inbox, and when."""

    settle: Seconds = key(
        Seconds(5.0),
        "A drop is claimed when it has not changed for this long. Raise it for senders that pause.",
        low=0,
    )
    rescan: Seconds = key(
        Seconds(60.0), "The inbox is scanned at least this often, with or without events.", low=0.1
    )
    polling: bool = key(
        False, "Scan instead of waiting for events, for mounted shares that send none (NFS, SMB)."
    )
    ignore: tuple[str, ...] = key(
        ("*.tmp", "*~"),
        "Names of files and folders that are never taken, at the top and inside drops: with * and ?, an ending"
        ' (".aae"), or a path inside a drop ("raw/*"). Names that start with a dot, that a program gives to what it has'
        " not finished, and what systems and NAS leave behind (@eaDir, #recycle) never are.",
    )
    take: Literal["move", "copy"] = key(
        "move",
        "Move drops into the spool, or copy them and leave the source as it is, for folders that others keep"
        " (Syncthing, torrents, read-only shares). What was copied is known by name and content and not taken again.",
    )
    folders: dict[str, Path] = key(
        {},
        "Other folders to take from, by chat alias; they are always copied. What lies in one is like what lies in"
        " inbox/ALIAS/.",
    )
    duplicates: Literal["send", "skip", "quarantine"] = key(
        "send",
        "Files that went to the same chat before, by content: send them again, leave them out, or set them aside.",
    )
    others: Literal["skip", "document"] = key(
        "skip", "Files that are neither photo nor video: leave them out, or send them as documents."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSettings:
    """How posts look and when they are tried again."""

    caption: str = key(
        "{archive}",
        "Stands at the first of each album: {archive}, {name}, {names}, {chat}, {topic}, {folder}, {first}, {last},"
        " {count}, {photos}, {videos}, {size}, {duration}, {taken}, {counter}; formatted by Markdown: **bold**,"
        " *italic*, ||hidden||, [link](https://…), > quote.",
    )
    album: int = key(10, "Photos or videos to an album; Telegram allows ten.", low=1, high=10)
    order: Literal["kind", "name", "taken"] = key(
        "kind",
        "The order inside a job: photos, videos, then the rest; or photos and videos mixed as a story, by their names or"
        " by when they were taken.",
    )
    patience: Seconds = key(
        Seconds(15 * MINUTE),
        "What is converted is worth waiting for this long: finished copies wait for the next one of their job, to be one"
        " album, and a story waits for what it lacks. 0: copies are sent one by one.",
        low=0,
    )
    live_photos: Literal["live", "both", "still"] = key(
        "live",
        "A photo and its clip of a few seconds (Apple's live photos, motion photos): one live photo, a photo and a video,"
        " or the photo alone.",
    )
    edited: Literal["both", "edited", "original"] = key(
        "both",
        "Of a photo and the version that a phone or an app has edited (IMG_E1, IMG_1-edited): both, or only one.",
    )
    raw: Literal["leave", "document", "jpeg"] = key(
        "leave",
        "Camera raws: left out and named (unless [inbox] others sends them), sent as documents behind the rest, or the"
        " JPEG inside as a photo where no photo lies beside.",
    )
    silent: Literal[False, True, "after-first"] = key(
        False, "Post without a sound: never, always, or all but the first post of a job."
    )
    hours: str = key(
        "",
        'Posts are sent at these hours of this machine\'s clock alone, such as "08:00-22:00"; "" is always.',
    )
    pace: int = key(
        0,
        "Posts (albums, or files that go alone) an hour at most; 0 sets no limit. Telegram watches new accounts: begin with"
        " 20, and raise it after some weeks.",
        low=0,
    )
    photos: Literal["photo", "hd", "file", "both"] = key(
        "photo",
        "What photos are sent as: photos, their bytes as they are (Telegram makes its own copies of these); photos of at"
        " most 2560 pixels, as the apps send HD; files, which nobody changes; or both, the photo and its file behind it.",
    )
    video_cover: bool = key(
        False,
        "Videos have a sharp picture (of at most 1280 pixels) until they play, not only a small one. Each takes one request"
        " more.",
    )
    spoiler: bool = key(False, "Photos and videos are covered until somebody taps them.")
    protect: bool = key(False, "Nobody can forward or save the posts.")
    caption_above: bool = key(False, "The caption stands above the pictures, not below.")
    retry_min: Seconds = key(Seconds(MINUTE), "The shortest wait before another try.", low=0)
    retry_max: Seconds = key(Seconds(HOUR), "The longest wait before another try.", low=0)
    max_age: Seconds = key(
        Seconds(5 * DAY), "A file that could not be sent for this long goes to quarantine.", low=1
    )
    max_deaths: int = key(
        4, "A file goes to quarantine when the process died this often while working on it.", low=1
    )


_SEND, _INBOX = SendSettings(), InboxSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """What one chat is asked for, as [chats.NAME]. What is not set there comes from [send] and [inbox]."""

    to: str = key("", "The chat: @name, a phone number, a numeric id, or me.")
    topic: str = key("", "The topic of a forum: its name (made if there is none) or its id.")
    subfolders: Literal["drops", "topics"] = key(
        "drops",
        "What a folder in the chat's folder is: one drop, or a topic of its name (made if there is none), with drops in"
        " it: inbox/family/Holidays/trip.zip.",
    )
    send_as: str = key("", "Post as this channel or group of yours: @name or a numeric id.")
    caption: str = key(_SEND.caption, "As [send] caption.")
    album: int = key(_SEND.album, "As [send] album.", low=1, high=10)
    order: Literal["kind", "name", "taken"] = key(_SEND.order, "As [send] order.")
    patience: Seconds = key(_SEND.patience, "As [send] patience.", low=0)
    live_photos: Literal["live", "both", "still"] = key(_SEND.live_photos, "As [send] live_photos.")
    edited: Literal["both", "edited", "original"] = key(_SEND.edited, "As [send] edited.")
    raw: Literal["leave", "document", "jpeg"] = key(_SEND.raw, "As [send] raw.")
    silent: Literal[False, True, "after-first"] = key(_SEND.silent, "As [send] silent.")
    photos: Literal["photo", "hd", "file", "both"] = key(_SEND.photos, "As [send] photos.")
    video_cover: bool = key(_SEND.video_cover, "As [send] video_cover.")
    spoiler: bool = key(_SEND.spoiler, "As [send] spoiler.")
    protect: bool = key(_SEND.protect, "As [send] protect.")
    caption_above: bool = key(_SEND.caption_above, "As [send] caption_above.")
    duplicates: Literal["send", "skip", "quarantine"] = key(
        _INBOX.duplicates, "As [inbox] duplicates."
    )
    others: Literal["skip", "document"] = key(_INBOX.others, "As [inbox] others.")
