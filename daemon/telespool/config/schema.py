"""The keys of the configuration, with their meanings, ranges and defaults.

The dataclasses below are the one place where a key, its default and its sentence stand: the parser
(`config_file.py`), `config.example.toml` and the reference in `docs/` are made from them. Values are frozen;
durations are seconds, sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any, Literal, NewType

Seconds = NewType("Seconds", float)
Bytes = NewType("Bytes", int)

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def _key(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    relative_to: Literal["file", "state"] = "file",
) -> Any:
    """Define a key: default, description, range, and the directory that relative paths start from."""
    metadata = {"doc": doc, "low": low, "high": high, "relative_to": relative_to}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolSettings:
    """Where the files are."""

    root: Path = _key(
        Path("/var/spool/telespool"),
        "The directory that holds all files. It must be on one file system. Without a configuration file, and without a"
        " service on this machine, it is ~/spool.",
    )
    inbox: Path | None = _key(
        None,
        "Where people drop: inbox/ in the spool unless set. It may be on another file system.",
    )
    reserve: Bytes = _key(Bytes(GIB), "Free space that is never used.", low=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxSettings:
    """What is taken from the inbox, and when."""

    settle: Seconds = _key(
        Seconds(5.0),
        "A drop is claimed when it has not changed for this long. Raise it for senders that pause.",
        low=0,
    )
    rescan: Seconds = _key(
        Seconds(60.0), "The inbox is scanned at least this often, with or without events.", low=0.1
    )
    polling: bool = _key(
        False, "Scan instead of waiting for events, for mounted shares that send none (NFS, SMB)."
    )
    ignore: tuple[str, ...] = _key(
        ("*.tmp", "*~"),
        "Names of files and folders that are never taken, at the top and inside drops: with * and ?, an ending"
        ' (".aae"), or a path inside a drop ("raw/*"). Names that start with a dot, that a program gives to what it has'
        " not finished, and what systems and NAS leave behind (@eaDir, #recycle) never are.",
    )
    take: Literal["move", "copy"] = _key(
        "move",
        "Move drops into the spool, or copy them and leave the source as it is, for folders that others keep"
        " (Syncthing, torrents, read-only shares). What was copied is known by name and content and not taken again.",
    )
    folders: dict[str, str] = _key(
        {},
        "Other folders to take from, by chat alias; they are always copied. What lies in one is like what lies in"
        " inbox/ALIAS/.",
    )
    duplicates: Literal["send", "skip", "quarantine"] = _key(
        "send",
        "Files that went to the same chat before, by content: send them again, leave them out, or set them aside.",
    )
    others: Literal["skip", "document"] = _key(
        "skip", "Files that are neither photo nor video: leave them out, or send them as documents."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSettings:
    """How archives are unpacked, and how much of it is too much."""

    command: tuple[str, ...] = _key(
        ("7zz", "7z"), "7-Zip's program; the first that is found is used."
    )
    depth: int = _key(
        2, "Archives inside archives are unpacked this deep; 1 is the drop alone.", low=1, high=9
    )
    max_members: int = _key(100_000, "More members than this are refused.", low=1, high=999_999)
    max_member: Bytes = _key(Bytes(4 * GIB), "A larger member is refused.", low=1)
    max_total: Bytes = _key(Bytes(256 * GIB), "Unpacked, a drop may hold this much.", low=1)
    max_ratio: float = _key(
        20.0, "Beyond 100 MB, unpacked by packed size; photos and videos hardly shrink.", low=1
    )
    passwords: tuple[str, ...] = _key(
        (),
        "Tried on encrypted archives, in this order. Better kept in the credential `archive-passwords`.",
    )
    volume_wait: Seconds = _key(
        Seconds(DAY),
        "A set of volumes is refused when one is still missing after this long.",
        low=0,
    )
    timeout: Seconds = _key(
        Seconds(6 * HOUR),
        "Time limit for unpacking a drop; waiting for free space does not count.",
        low=1,
    )
    memory: Bytes = _key(Bytes(2 * GIB), "The most memory 7-Zip may use.", low=64 * MIB)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertSettings:
    """How videos are converted that Telegram would not play."""

    deferred: bool = _key(
        True,
        "Convert only while nothing waits to be sent; false converts at once, without pausing for uploads.",
    )
    ffmpeg: str = _key("ffmpeg", "The ffmpeg program.")
    ffprobe: str = _key("ffprobe", "The ffprobe program.")
    encoder: str = _key("libx264", "The H.264 encoder: libx264, h264_nvenc, h264_vaapi, …")
    preset: str = _key(
        "medium", "x264 preset, from ultrafast to veryslow. Slower presets make smaller files."
    )
    crf: int = _key(23, "Quality: lower is better and larger.", low=0, high=51)
    audio_bitrate: str = _key("128k", "AAC, stereo.")
    languages: tuple[str, ...] = _key(
        (),
        'Languages of the sound, the best first, such as ["de", "en"]; the film\'s default otherwise.',
    )
    max_width: int = _key(2560, "Larger pictures are scaled down (the longer side).", low=16)
    max_height: int = _key(1080, "Larger pictures are scaled down (the shorter side).", low=16)
    max_fps: int = _key(60, "Higher frame rates are reduced to this.", low=1)
    checkpoint: Seconds = _key(
        Seconds(10.0),
        "Length of a segment: after a crash, about this much of the film is converted again.",
        low=1,
    )
    max_tries: int = _key(3, "Attempts before an original goes to quarantine.", low=1)
    timeout: Seconds = _key(
        Seconds(6 * HOUR), "Running time of one attempt; standing still does not count.", low=1
    )
    stall: Seconds = _key(
        Seconds(5 * MINUTE),
        "Running time after which an ffmpeg that makes no progress is ended.",
        low=1,
    )
    threads: int = _key(0, "Threads of the encoder; 0 lets it choose.", low=0)
    slots: int = _key(
        1,
        "Pieces of a film that are encoded here at once; more help only where one does not use all cores."
        " 0: none while a helper can.",
        low=0,
        high=64,
    )
    helpers: tuple[str, ...] = _key(
        (),
        'Other machines that encode pieces, as ssh names them, such as ["ann@desktop"]. See docs/cluster.md.',
    )
    nice: int = _key(
        5,
        "CPU niceness of ffmpeg. Higher values delay pausing on a loaded machine.",
        low=0,
        high=19,
    )
    memory: Bytes = _key(Bytes(4 * GIB), "The most memory ffmpeg may use.", low=256 * MIB)
    max_pixels: int = _key(
        8192 * 8192, "A picture of more pixels than this is refused, not decoded.", low=1
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSettings:
    """How posts look and when they are tried again."""

    caption: str = _key(
        "{archive}",
        "Stands at the first of each album: {archive}, {name}, {names}, {chat}, {topic}, {folder}, {first}, {last},"
        " {count}, {photos}, {videos}, {size}, {duration}, {taken}, {counter}; formatted by Markdown: **bold**,"
        " *italic*, ||hidden||, [link](https://…), > quote.",
    )
    album: int = _key(10, "Photos or videos to an album; Telegram allows ten.", low=1, high=10)
    order: Literal["kind", "name", "taken"] = _key(
        "kind",
        "The order inside a job: photos, videos, then the rest; or photos and videos mixed as a story, by their names or"
        " by when they were taken.",
    )
    live_photos: Literal["live", "both", "still"] = _key(
        "live",
        "A photo and its clip of a few seconds (Apple's live photos, motion photos): one live photo, a photo and a video,"
        " or the photo alone.",
    )
    edited: Literal["both", "edited", "original"] = _key(
        "both",
        "Of a photo and the version that a phone or an app has edited (IMG_E1, IMG_1-edited): both, or only one.",
    )
    raw: Literal["leave", "document", "jpeg"] = _key(
        "leave",
        "Camera raws: left out and named (unless [inbox] others sends them), sent as documents behind the rest, or the"
        " JPEG inside as a photo where no photo lies beside.",
    )
    silent: Literal[False, True, "after-first"] = _key(
        False, "Post without a sound: never, always, or all but the first post of a job."
    )
    hours: str = _key(
        "",
        'Posts are sent at these hours of this machine\'s clock alone, such as "08:00-22:00"; "" is always.',
    )
    photos: Literal["photo", "hd", "file", "both"] = _key(
        "photo",
        "What photos are sent as: photos, their bytes as they are (Telegram makes its own copies of these); photos of at"
        " most 2560 pixels, as the apps send HD; files, which nobody changes; or both, the photo and its file behind it.",
    )
    spoiler: bool = _key(False, "Photos and videos are covered until somebody taps them.")
    protect: bool = _key(False, "Nobody can forward or save the posts.")
    caption_above: bool = _key(False, "The caption stands above the pictures, not below.")
    retry_min: Seconds = _key(Seconds(MINUTE), "The shortest wait before another try.", low=0)
    retry_max: Seconds = _key(Seconds(HOUR), "The longest wait before another try.", low=0)
    max_age: Seconds = _key(
        Seconds(5 * DAY), "A file that could not be sent for this long goes to quarantine.", low=1
    )
    max_deaths: int = _key(
        4, "A file goes to quarantine when the process died this often while working on it.", low=1
    )


_SEND, _INBOX = SendSettings(), InboxSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """What one chat is asked for, as [chats.NAME]. What is not set there comes from [send] and [inbox]."""

    to: str = _key("", "The chat: @name, a phone number, a numeric id, or me.")
    topic: str = _key("", "The topic of a forum: its name (made if there is none) or its id.")
    subfolders: Literal["drops", "topics"] = _key(
        "drops",
        "What a folder in the chat's folder is: one drop, or a topic of its name (made if there is none), with drops in"
        " it: inbox/family/Holidays/trip.zip.",
    )
    send_as: str = _key("", "Post as this channel or group of yours: @name or a numeric id.")
    caption: str = _key(_SEND.caption, "As [send] caption.")
    album: int = _key(_SEND.album, "As [send] album.", low=1, high=10)
    order: Literal["kind", "name", "taken"] = _key(_SEND.order, "As [send] order.")
    live_photos: Literal["live", "both", "still"] = _key(
        _SEND.live_photos, "As [send] live_photos."
    )
    edited: Literal["both", "edited", "original"] = _key(_SEND.edited, "As [send] edited.")
    raw: Literal["leave", "document", "jpeg"] = _key(_SEND.raw, "As [send] raw.")
    silent: Literal[False, True, "after-first"] = _key(_SEND.silent, "As [send] silent.")
    photos: Literal["photo", "hd", "file", "both"] = _key(_SEND.photos, "As [send] photos.")
    spoiler: bool = _key(_SEND.spoiler, "As [send] spoiler.")
    protect: bool = _key(_SEND.protect, "As [send] protect.")
    caption_above: bool = _key(_SEND.caption_above, "As [send] caption_above.")
    duplicates: Literal["send", "skip", "quarantine"] = _key(
        _INBOX.duplicates, "As [inbox] duplicates."
    )
    others: Literal["skip", "document"] = _key(_INBOX.others, "As [inbox] others.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSettings:
    """The folder destination: posts as files, with a page to look at."""

    path: Path | None = _key(
        None, "Where the posts and the page go; beside the spool, as ROOT-posts, unless set."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatacenterSettings:
    """A Telegram of one's own, such as the test servers. All three are given, or none."""

    id: int = _key(0, "The number of the data centre; 0 means Telegram's own choice.", low=0)
    address: str = _key("", "host:port")
    public_key: Path | None = _key(None, "A PEM file with the server's RSA key.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSettings:
    """The account. `api_hash` and `bot_token` are secrets: see docs/configuration.md."""

    api_id: int = _key(0, "From https://my.telegram.org, with the secret `api-hash`.", low=0)
    session: Path = _key(
        Path("telegram.session"),
        "The login; in $STATE_DIRECTORY or ~/.local/state/telespool unless absolute.",
        relative_to="state",
    )
    rate: str = _key(
        "",
        'The most that is uploaded, over all connections, such as "2 MB/s" or "2 MB/s, 22:00-07:00 off".',
    )
    proxy: str = _key(
        "",
        "The way to Telegram: socks5://[USER@]HOST:PORT or mtproxy://HOST:PORT, with the password or the key of the"
        " proxy as the secret `proxy-secret`.",
    )
    connections: int = _key(4, "Connections for uploads, 1 to 8; 1 is the safest.", low=1, high=8)
    window: Bytes = _key(
        Bytes(4 * MIB), "Bytes in flight at once, to begin with; the window adapts.", low=512 * KIB
    )
    part_timeout: Seconds = _key(
        Seconds(60.0), "A part that takes longer than this is sent again.", low=1
    )
    datacenter: DatacenterSettings = _key(DatacenterSettings(), "A data centre of one's own.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """How long done/ is kept. The program never empties quarantine/."""

    archives: Seconds = _key(
        Seconds(30 * DAY), "Archives and originals in done/ are kept this long.", low=0
    )
    receipts: Seconds = _key(
        Seconds(365 * DAY), "Receipts (the names in done/) are kept this long.", low=0
    )
    left_out: Literal["keep", "clutter", "forget"] = _key(
        "keep",
        "What was left out of a drop and not sent: keep it (and the archive that holds it), forget what systems"
        " leave behind, or forget all of it with the rest.",
    )
    space: Bytes = _key(
        Bytes(0),
        "Archives and originals in done/ hold at most this; the oldest go first. 0: no limit.",
        low=0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """How the service looks after itself."""

    patience: Seconds = _key(
        Seconds(15 * MINUTE),
        "A worker without a sign of life for this long counts as hung, and systemd restarts the service.",
        low=1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """Who gets the report of each job. It is written to done/JOB/report.txt in any case."""

    to: str = _key(
        "",
        'A chat that gets each report as a message: me, @name, or a number as under [chats]; "": nobody.',
    )
    webhook: str = _key(
        "",
        'An address that gets each report as JSON, "https://…"; signed with the secret `webhook-key`. ("": none)',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """Numbers for Prometheus. See docs/monitoring/."""

    file: Path | None = _key(
        None, "A file for node_exporter's textfile collector, as telespool.prom in its directory."
    )
    listen: str = _key("", 'host:port on this machine, such as "127.0.0.1:9464"; "": none.')
    interval: Seconds = _key(Seconds(15.0), "The folders are counted at this interval.", low=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What the log says."""

    level: Literal["debug", "info", "warning", "error"] = _key(
        "info", "The lowest level that is logged."
    )
    format: Literal["auto", "console", "json"] = _key(
        "auto", "Colour on a terminal, JSON lines elsewhere, or always one of them."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of it."""

    destination: Literal["folder", "telegram"] = _key(
        "folder", "Where posts go: a folder with a page to look at, or Telegram."
    )
    chats: dict[str, str] = _key(
        {"default": "me"},
        "Chats by alias: inbox/ALIAS/ goes there, inbox/ itself to `default`."
        " A value is @name, a phone number, a numeric id, or me; or a table, [chats.ALIAS].",
    )
    spool: SpoolSettings = _key(SpoolSettings(), "")
    inbox: InboxSettings = _key(InboxSettings(), "")
    archives: ArchiveSettings = _key(ArchiveSettings(), "")
    convert: ConvertSettings = _key(ConvertSettings(), "")
    send: SendSettings = _key(SendSettings(), "")
    folder: FolderSettings = _key(FolderSettings(), "")
    telegram: TelegramSettings = _key(TelegramSettings(), "")
    retention: RetentionSettings = _key(RetentionSettings(), "")
    service: ServiceSettings = _key(ServiceSettings(), "")
    report: ReportSettings = _key(ReportSettings(), "")
    metrics: MetricsSettings = _key(MetricsSettings(), "")
    log: LogSettings = _key(LogSettings(), "")
    chat_tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What [chats.ALIAS] sets, as far as it does; read through `chat`."""

    def with_value(self, key: str, *values: object) -> frozenset[str]:
        """The aliases of the chats for which this key of theirs has one of these values."""
        return frozenset(alias for alias in self.chats if getattr(self.chat(alias), key) in values)

    def chat(self, alias: str) -> ChatSettings:
        """What holds for one chat: its own table, then [send] and [inbox]."""
        general = {
            each.name: getattr(section, each.name)
            for each in dataclass_fields(ChatSettings)
            for section in (self.send, self.inbox)
            if hasattr(section, each.name)
        }
        own = self.chat_tables.get(alias, {})
        return ChatSettings(**{**general, **own, "to": self.chats.get(alias, "")})
