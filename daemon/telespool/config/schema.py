"""The keys of the configuration, with their meanings, ranges and defaults.

The dataclasses below and in `posting.py` are the one place where a key, its default and its sentence stand: the parser
(`loader.py`), `config.example.toml` and the reference in `docs/` are made from them. Values are frozen;
durations are seconds, sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any, Literal

from telespool.config.keys import DAY, GIB, HOUR, KIB, MIB, MINUTE, Bytes, Seconds, key
from telespool.config.posting import ChatSettings, InboxSettings, SendSettings

__all__ = [
    "ArchiveSettings",
    "Bytes",
    "ChatSettings",
    "Config",
    "ConvertSettings",
    "DatacenterSettings",
    "FolderSettings",
    "InboxSettings",
    "LogSettings",
    "MetricsSettings",
    "ReportSettings",
    "RetentionSettings",
    "Seconds",
    "SendSettings",
    "ServiceSettings",
    "SpoolSettings",
    "TelegramSettings",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolSettings:
    """Where the files are."""

    root: Path = key(
        Path("/var/spool/telespool"),
        "The directory that holds all files. It must be on one file system. Without a configuration file, and without a"
        " service on this machine, it is ~/spool (of root: /var/spool/telespool).",
    )
    inbox: Path | None = key(
        None,
        "Where people drop: inbox/ in the spool unless set. It may be on another file system.",
    )
    reserve: Bytes = key(Bytes(GIB), "Free space that is never used.", low=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSettings:
    """How archives are unpacked, and how much of it is too much."""

    command: tuple[str, ...] = key(
        ("7zz", "7z"), "7-Zip's program; the first that is found is used."
    )
    depth: int = key(
        2, "Archives inside archives are unpacked this deep; 1 is the drop alone.", low=1, high=9
    )
    max_members: int = key(100_000, "More members than this are refused.", low=1, high=999_999)
    max_member: Bytes = key(Bytes(4 * GIB), "A larger member is refused.", low=1)
    max_total: Bytes = key(
        Bytes(256 * GIB),
        "Unpacked, a drop (or each archive of a folder) may hold this much.",
        low=1,
    )
    max_ratio: float = key(
        20.0, "Beyond 100 MB, unpacked by packed size; photos and videos hardly shrink.", low=1
    )
    passwords: tuple[str, ...] = key(
        (),
        "Tried on encrypted archives, in this order. Better kept in the credential `archive-passwords`.",
    )
    volume_wait: Seconds = key(
        Seconds(DAY),
        "A set of volumes is refused when one is still missing after this long.",
        low=0,
    )
    timeout: Seconds = key(
        Seconds(6 * HOUR),
        "Time limit for unpacking a drop; waiting for free space does not count.",
        low=1,
    )
    memory: Bytes = key(Bytes(2 * GIB), "The most memory 7-Zip may use.", low=64 * MIB)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertSettings:
    """How videos are converted that Telegram would not play."""

    deferred: bool = key(
        True,
        "Convert only while nothing waits to be sent; false converts at once, without pausing for uploads.",
    )
    ffmpeg: str = key("ffmpeg", "The ffmpeg program.")
    ffprobe: str = key("ffprobe", "The ffprobe program.")
    encoder: str = key("libx264", "The H.264 encoder: libx264, h264_nvenc, h264_vaapi, …")
    preset: str = key(
        "medium", "x264 preset, from ultrafast to veryslow. Slower presets make smaller files."
    )
    crf: int = key(23, "Quality: lower is better and larger.", low=1, high=51)
    audio_bitrate: str = key("128k", "AAC, stereo.")
    languages: tuple[str, ...] = key(
        (),
        'Languages of the sound, the best first, such as ["de", "en"]; the film\'s default otherwise.',
    )
    max_width: int = key(2560, "Larger pictures are scaled down (the longer side).", low=16)
    max_height: int = key(1080, "Larger pictures are scaled down (the shorter side).", low=16)
    max_fps: int = key(60, "Higher frame rates are reduced to this.", low=1)
    checkpoint: Seconds = key(
        Seconds(10.0),
        "Length of a segment: after a crash, about this much of the film is converted again.",
        low=1,
    )
    max_tries: int = key(3, "Attempts before an original goes to quarantine.", low=1)
    timeout: Seconds = key(
        Seconds(6 * HOUR), "Running time of one attempt; standing still does not count.", low=1
    )
    stall: Seconds = key(
        Seconds(5 * MINUTE),
        "Running time after which an ffmpeg that makes no progress is ended.",
        low=10,
    )
    threads: int = key(0, "Threads of the encoder; 0 lets it choose.", low=0)
    slots: int = key(
        1,
        "Pieces of a film that are encoded here at once; more help only where one does not use all cores."
        " 0: none while a helper can.",
        low=0,
        high=64,
    )
    helpers: tuple[str, ...] = key(
        (),
        'Other machines that encode pieces, as ssh names them, such as ["ann@desktop"]. See docs/cluster.md.',
    )
    nice: int = key(
        5,
        "CPU niceness of ffmpeg. Higher values delay pausing on a loaded machine.",
        low=0,
        high=19,
    )
    memory: Bytes = key(Bytes(4 * GIB), "The most memory ffmpeg may use.", low=GIB)
    max_pixels: int = key(
        8192 * 8192, "A picture of more pixels than this is refused, not decoded.", low=1
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSettings:
    """The folder destination: posts as files, with a page to look at."""

    path: Path | None = key(
        None, "Where the posts and the page go; beside the spool, as ROOT-posts, unless set."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatacenterSettings:
    """A Telegram of one's own, such as the test servers. All three are given, or none."""

    id: int = key(0, "The number of the data centre; 0 means Telegram's own choice.", low=0)
    address: str = key("", "host:port")
    public_key: Path | None = key(None, "A PEM file with the server's RSA key.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSettings:
    """The account. `api_hash` and `bot_token` are secrets: see docs/configuration.md."""

    api_id: int = key(0, "From https://my.telegram.org, with the secret `api-hash`.", low=0)
    session: Path = key(
        Path("telegram.session"),
        "The login; in $STATE_DIRECTORY or ~/.local/state/telespool unless absolute.",
        relative_to="state",
    )
    rate: str = key(
        "",
        'The most that is uploaded, over all connections, such as "2 MB/s" or "2 MB/s, 22:00-07:00 off".',
    )
    proxy: str = key(
        "",
        "The way to Telegram: socks5://[USER@]HOST:PORT or mtproxy://HOST:PORT, with the password or the key of the"
        " proxy as the secret `proxy-secret`.",
    )
    connections: int = key(4, "Connections for uploads, 1 to 8; 1 is the safest.", low=1, high=8)
    window: Bytes = key(
        Bytes(4 * MIB), "Bytes in flight at once, to begin with; the window adapts.", low=512 * KIB
    )
    part_timeout: Seconds = key(
        Seconds(60.0), "A part that takes longer than this is sent again.", low=1
    )
    datacenter: DatacenterSettings = key(DatacenterSettings(), "A data centre of one's own.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """How long done/ is kept. The program never empties quarantine/."""

    archives: Seconds = key(
        Seconds(30 * DAY), "Archives and originals in done/ are kept this long.", low=0
    )
    receipts: Seconds = key(
        Seconds(365 * DAY), "Receipts (the names in done/) are kept this long.", low=0
    )
    left_out: Literal["keep", "clutter", "forget"] = key(
        "keep",
        "What was left out of a drop and not sent: keep it (and the archive that holds it), forget what systems"
        " leave behind, or forget all of it with the rest.",
    )
    space: Bytes = key(
        Bytes(0),
        "Archives and originals in done/ hold at most this; the oldest go first. 0: no limit.",
        low=0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """How the service looks after itself."""

    patience: Seconds = key(
        Seconds(15 * MINUTE),
        "A worker without a sign of life for this long counts as hung, and systemd restarts the service.",
        low=1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """Who gets the report of each job. It is written to done/JOB/report.txt in any case."""

    to: str = key(
        "",
        'A chat that gets each report as a message: me, @name, or a number as under [chats]; "": nobody.',
    )
    webhook: str = key(
        "",
        'An address that gets each report as JSON, "https://…"; signed with the secret `webhook-key`. ("": none)',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """Numbers for Prometheus. See docs/monitoring/."""

    file: Path | None = key(
        None, "A file for node_exporter's textfile collector, as telespool.prom in its directory."
    )
    listen: str = key("", 'host:port on this machine, such as "127.0.0.1:9464"; "": none.')
    interval: Seconds = key(Seconds(15.0), "The folders are counted at this interval.", low=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What the log says."""

    level: Literal["debug", "info", "warning", "error"] = key(
        "info", "The lowest level that is logged."
    )
    format: Literal["auto", "console", "json"] = key(
        "auto", "Colour on a terminal, JSON lines elsewhere, or always one of them."
    )


_OF_CHAT = {each.name for each in dataclass_fields(ChatSettings)}
_OF_SEND = _OF_CHAT & {each.name for each in dataclass_fields(SendSettings)}
_OF_INBOX = _OF_CHAT & {each.name for each in dataclass_fields(InboxSettings)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of it."""

    destination: Literal["folder", "telegram"] = key(
        "folder", "Where posts go: a folder with a page to look at, or Telegram."
    )
    chats: dict[str, str] = key(
        {"default": "me"},
        "Chats by alias: inbox/ALIAS/ goes there, inbox/ itself to `default`."
        " A value is @name, a phone number, a numeric id, or me; or a table, [chats.ALIAS].",
    )
    spool: SpoolSettings = key(SpoolSettings(), "")
    inbox: InboxSettings = key(InboxSettings(), "")
    archives: ArchiveSettings = key(ArchiveSettings(), "")
    convert: ConvertSettings = key(ConvertSettings(), "")
    send: SendSettings = key(SendSettings(), "")
    folder: FolderSettings = key(FolderSettings(), "")
    telegram: TelegramSettings = key(TelegramSettings(), "")
    retention: RetentionSettings = key(RetentionSettings(), "")
    service: ServiceSettings = key(ServiceSettings(), "")
    report: ReportSettings = key(ReportSettings(), "")
    metrics: MetricsSettings = key(MetricsSettings(), "")
    log: LogSettings = key(LogSettings(), "")
    chat_tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What [chats.ALIAS] sets, as far as it does; read through `chat`."""

    def with_value(self, key: str, *values: object) -> frozenset[str]:
        """The aliases of the chats for which this key of theirs has one of these values."""
        return frozenset(alias for alias in self.chats if getattr(self.chat(alias), key) in values)

    def chat(self, alias: str) -> ChatSettings:
        """What holds for one chat: its own table, then [send] and [inbox]."""
        general = {name: getattr(self.send, name) for name in _OF_SEND}
        general |= {name: getattr(self.inbox, name) for name in _OF_INBOX}
        own = self.chat_tables.get(alias, {})
        return ChatSettings(**{**general, **own, "to": self.chats.get(alias, "")})
