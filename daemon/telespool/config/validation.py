"""Find keys of the configuration that contradict each other.

`contradictions` gives each mistake with the key at which it is best put right. It looks at nothing but the
values (no file, no network) and raises nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telespool.config.caption_template import mistakes_in_caption
from telespool.config.schedule import Rate, Span
from telespool.config.tools_validation import unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping

    from telespool.config.schema import Config
    from telespool.config.toml_positions import Key

_SOURCE = Path(__file__).resolve().parents[3]
_OF_THE_KERNEL = (Path("/proc"), Path("/sys"))
ALIAS = re.compile(r"[a-z0-9][a-z0-9-]*")
_ID = r"-?[1-9]\d{0,15}"
_PEER = re.compile(rf"me|@[A-Za-z]\w{{3,}}|\+\d{{5,15}}|{_ID}", re.ASCII)
_CHANNEL = re.compile(rf"@[A-Za-z]\w{{3,}}|{_ID}", re.ASCII)
_TOPIC = 128  # characters; core.telegram.org/api/forum
_LOOPBACK = re.compile(r"(localhost|127(?:\.\d{1,3}){3}|\[::1\]):\d{1,5}")
_PROXY = re.compile(
    r"(socks5://([^@/:]+@)?|mtproxy://)(\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+):[1-9]\d{0,4}"
)
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):([1-9]\d{0,4})")


def contradictions(
    config: Config, given: Container[Key], wrong: Callable[[Key], bool] = lambda _: False
) -> Iterator[tuple[Key, str]]:
    """Yield a key and a sentence for each contradiction.

    `given` are the keys a person wrote, `wrong` those that could not be read.
    """
    yield from _chats(config, given)
    yield from _telegram(config, wrong)
    yield from _folders(config)
    yield from _other_folders(config)
    yield from unusable(config)
    yield from mistakes_in_caption(("send", "caption"), config.send.caption)
    for alias, table in config.chat_tables.items():
        yield from _chat_table(("chats", alias), table)
    listen = config.metrics.listen
    if listen and not (_LOOPBACK.fullmatch(listen) and _has_port(listen)):
        yield (
            ("metrics", "listen"),
            f'must be an address of this machine such as "127.0.0.1:9464" (others must not see it), not "{listen}"',
        )
    if (
        config.report.to
        and config.destination == "telegram"
        and not _PEER.fullmatch(config.report.to)
    ):
        yield (
            ("report", "to"),
            f'must be "@name", a phone number "+49…", a numeric id, or "me", not "{config.report.to}"',
        )
    webhook = config.report.webhook
    if webhook and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", webhook):
        yield (
            ("report", "webhook"),
            f'must be an address such as "https://example.org/hook", not "{webhook}"',
        )
    if config.send.hours and not _reads(Span.parse, config.send.hours):
        yield (
            ("send", "hours"),
            f'must be hours of the day such as "08:00-22:00", not "{config.send.hours}"',
        )
    if config.send.retry_min > config.send.retry_max:
        yield ("send", "retry_min"), "must not be longer than send.retry_max"


def _reads(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _chats(config: Config, given: Container[Key]) -> Iterator[tuple[Key, str]]:
    for alias, peer in config.chats.items():
        if not ALIAS.fullmatch(alias):
            yield (
                ("chats", alias),
                "an alias is the name of a folder: small letters a to z, digits, and - after the first",
            )
        to = ("chats", alias, "to") if alias in config.chat_tables else ("chats", alias)
        # To the folder destination it says nothing, but a number is meant for Telegram.
        if not _PEER.fullmatch(peer) and (config.destination == "telegram" or peer.isdecimal()):
            yield (
                to,
                f'must be "@name", a phone number "+49…", a numeric id, or "me", not "{peer}"',
            )
    if config.destination == "telegram" and config.chats and "default" not in config.chats:
        yield (
            ("chats",) if ("chats",) in given else ("destination",),
            'destination = "telegram" needs chats.default: where drops in inbox/ itself go, such as "me"',
        )


def _telegram(config: Config, wrong: Callable[[Key], bool]) -> Iterator[tuple[Key, str]]:
    if config.destination == "telegram" and not config.telegram.api_id:
        yield (
            ("destination",),
            '"telegram" needs telegram.api_id, a number from https://my.telegram.org',
        )
    if config.telegram.rate and not _reads(Rate.parse, config.telegram.rate):
        yield (
            ("telegram", "rate"),
            f'must be a rate such as "2 MB/s" or "2 MB/s, 22:00-07:00 off", not "{config.telegram.rate}"',
        )
    proxy = config.telegram.proxy
    if proxy and not (_PROXY.fullmatch(proxy) and _has_port(proxy)):
        right = '"socks5://HOST:PORT", "socks5://USER@HOST:PORT" or "mtproxy://HOST:PORT"'
        sentence = f'must be {right} (password or key is the secret proxy-secret), not "{proxy}"'
        yield ("telegram", "proxy"), sentence
    centre = config.telegram.datacenter
    if any((centre.id, centre.address, centre.public_key)):
        missing = [
            name
            for name in ("id", "address", "public_key")
            if not getattr(centre, name) and not wrong(("telegram", "datacenter", name))
        ]
        if missing:
            names = " and ".join(missing)
            verb = "is" if len(missing) == 1 else "are"
            yield (
                ("telegram", "datacenter"),
                f"id, address and public_key are given together or not at all; {names} {verb} missing",
            )
        if centre.address and not (
            _ADDRESS.fullmatch(centre.address) and _has_port(centre.address)
        ):
            yield (
                ("telegram", "datacenter", "address"),
                f'must be host:port such as "149.154.167.40:443", not "{centre.address}"',
            )


def _folders(config: Config) -> Iterator[tuple[Key, str]]:
    root = config.spool.root
    inbox = config.spool.inbox
    if root == Path(root.anchor):
        yield (
            ("spool", "root"),
            f"must not be {root}, which holds the whole system: name a folder of its own, such as ~/spool",
        )
        return
    if any(_inside(root, each) for each in _OF_THE_KERNEL):
        yield (
            ("spool", "root"),
            f"must not be {root}, where the kernel has no room for files: name a folder on a disk, such as ~/spool",
        )
        return
    if root == _SOURCE:
        yield (
            ("spool", "root"),
            f"must not be the folder of the program itself, {root}: name a folder of its own, such as ~/spool",
        )
    if inbox is not None and _inside(inbox, root) and not _inside(inbox, root / "inbox"):
        yield (
            ("spool", "inbox"),
            f"must lie outside the spool {root} or be its folder inbox; the others hold what was taken",
        )
    if inbox is not None and inbox != root and _inside(root, inbox):
        yield ("spool", "inbox"), f"must not contain the spool {root}: it would take its own files"
    posts = config.folder.path
    if posts is not None and _inside(posts, root):
        yield ("folder", "path"), f"must lie outside the spool {root}"
    elif posts is not None and inbox is not None and _inside(posts, inbox):
        yield ("folder", "path"), f"must lie outside the inbox {inbox}: posts would be taken again"


def _other_folders(config: Config) -> Iterator[tuple[Key, str]]:
    root, inbox = config.spool.root, config.spool.inbox or config.spool.root / "inbox"
    posts = config.folder.path
    for alias, folder in config.inbox.folders.items():
        key = ("inbox", "folders", alias)
        if alias not in config.chats:
            yield key, "there is no such chat under [chats]"
        if _inside(folder, inbox):
            yield key, f"must lie outside the inbox {inbox}, which is watched as it is"
        elif _inside(folder, root) or _inside(root, folder) or _inside(inbox, folder):
            yield (
                key,
                f"must lie outside the spool {root} and not contain it: it would take its own files",
            )
        elif posts is not None and (_inside(posts, folder) or _inside(folder, posts)):
            yield key, f"must lie outside {posts}: posts would be taken again"


def _has_port(address: str) -> bool:
    return 1 <= int(address.rpartition(":")[2]) <= 65535


def _inside(path: Path, directory: Path) -> bool:
    return path.is_relative_to(directory)


def _chat_table(key: Key, table: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    if "caption" in table:
        yield from mistakes_in_caption((*key, "caption"), table["caption"])
    send_as = table.get("send_as", "")
    if send_as and not _CHANNEL.fullmatch(send_as):
        yield (
            (*key, "send_as"),
            f'must be "@name" or a numeric id of a channel or group, not "{send_as}"',
        )
    if len(table.get("topic", "")) > _TOPIC:
        yield (*key, "topic"), f"must have at most {_TOPIC} characters"
