"""The proxy that a person names: an address, or a link as Telegram's apps share it. core.telegram.org/api/links

https://t.me/proxy?server=HOST&port=PORT&secret=KEY    an MTProxy; tg://proxy?… as well
https://t.me/socks?server=HOST&port=PORT&user=…&pass=… SOCKS5; tg://socks?… as well
socks5://[USER[:PASSWORD]@]HOST:PORT
"""

from __future__ import annotations

import socket
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from telespool.config import loader
from telespool.config.secrets import Secrets
from telespool.errors import ConfigError

RIGHT = "Give a link https://t.me/proxy?server=… or https://t.me/socks?server=…, or socks5://[USER@]HOST:PORT."
_HOSTS = {"t.me", "telegram.me", "telegram.dog"}


class NamedProxy(NamedTuple):
    """The value of `telegram.proxy`, and of the secret `proxy-secret` ("" for none)."""

    address: str
    secret: str


def read(text: str) -> NamedProxy:
    """Read what a person has given. ConfigError where it names no proxy that could work."""
    try:
        named = _read(text.strip())
    except ValueError:  # such as a [ without its ]
        named = None
    if named is None:
        raise ConfigError([RIGHT])
    config = loader.parse(f'[telegram]\nproxy = "{named.address}"\n', "")
    from telespool.destinations.telegram.proxy import Proxy  # noqa: PLC0415 - it imports Telethon

    Proxy.of(config.telegram, Secrets(proxy_secret=named.secret or None))
    return named


def objection(text: str) -> str:
    """What is wrong with it; "" where nothing is."""
    try:
        read(text)
    except ConfigError as error:
        return str(error).replace("telegram.proxy: ", "")
    return ""


def host(address: str) -> str:
    """Where the proxy of this `telegram.proxy` is: an IP address as it stands, a name as that of its addresses."""
    name = urlsplit(address).hostname or ""
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(name, None)}
    except OSError:
        return name
    return " ".join(sorted(found))


def _read(text: str) -> NamedProxy | None:
    parts = urlsplit(text if "://" in text else f"https://{text}")
    if parts.scheme == "socks5" and parts.hostname:
        user = f"{parts.username}@" if parts.username else ""
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return _plain(f"socks5://{user}{host}:{parts.port}", unquote(parts.password or ""))
    if parts.scheme == "tg":
        kind = parts.netloc
    elif parts.scheme in {"http", "https"} and parts.netloc in _HOSTS:
        kind = parts.path.strip("/")
    else:
        return None
    said = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if kind not in {"proxy", "socks"} or not {"server", "port"} <= said.keys():
        return None
    host = f"[{said['server']}]" if ":" in said["server"] else said["server"]
    if kind == "proxy":
        return _plain(f"mtproxy://{host}:{said['port']}", said.get("secret", ""))
    user = f"{said['user']}@" if said.get("user") else ""
    return _plain(f"socks5://{user}{host}:{said['port']}", said.get("pass", ""))


def _plain(address: str, secret: str) -> NamedProxy | None:
    """None where signs stand in it that no address has."""
    right = address.isascii() and address.isprintable() and not set(address) & set("\"\\ '")
    return NamedProxy(address, secret) if right else None
