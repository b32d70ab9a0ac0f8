"""The way to Telegram through a proxy: a real SOCKS5 server, and an MTProxy as the documentation has it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from telespool.config.schema import DatacenterSettings, TelegramSettings
from telespool.config.secrets import Secrets
from telespool.destinations.telegram.proxy import Proxy
from telespool.errors import ConfigError, Temporary
from tests import through
from tests.destinations.telegram.support import opened, photo_file, send, video_file
from tests.mtproxy import MISSING, PROGRAM, mtproxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = [
    pytest.mark.telegram,
    pytest.mark.skipif(bool(through.THROUGH), reason=through.OF_THEIR_OWN),
]
SECRET = bytes(range(16))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def _microsocks(*words: str) -> AsyncIterator[int]:
    program = shutil.which("microsocks")
    if program is None:
        pytest.skip("microsocks is not installed (Debian: apt-get install microsocks)")
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        program, "-i", "127.0.0.1", "-p", str(port), *words, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.01)
        yield port
    finally:
        process.kill()
        await process.wait()


async def test_socks5_carries_everything(telegram: TestTelegram, tmp_path: Path) -> None:
    """Main line and upload lines go through the proxy, with user and password; a dead one is named."""
    items = [photo_file(tmp_path, 1), video_file(tmp_path, 3 << 20, number=2)]
    async with _microsocks("-u", "ann", "-P", "secret word") as port:
        way = f"socks5://ann@127.0.0.1:{port}"
        async with opened(
            telegram, tmp_path / "state", proxy_secret="secret word", proxy=way
        ) as destination:
            assert len(await send(destination, items, "Holiday")) == 2
    assert [message.kind for message in telegram.in_chat("media")] == ["photo", "video"]
    with pytest.raises(Temporary, match=f"Nothing answers at the proxy 127.0.0.1:{port}"):
        async with opened(telegram, tmp_path / "state", proxy_secret="secret word", proxy=way):
            pass


async def test_an_mtproxy_carries_everything(telegram: TestTelegram, tmp_path: Path) -> None:
    """Packets are enciphered with the secret and padded; Telegram's own address is never used."""
    telegram.proxy_secret = SECRET
    elsewhere = DatacenterSettings(
        id=telegram.dc_id, address="127.0.0.1:1", public_key=telegram.public_key
    )
    items = [photo_file(tmp_path, number) for number in (1, 2)]
    async with opened(
        telegram,
        tmp_path / "state",
        proxy_secret=f"dd{SECRET.hex()}",
        proxy=f"mtproxy://127.0.0.1:{telegram.port}",
        datacenter=elsewhere,
    ) as destination:
        assert len(await send(destination, items)) == 2
    assert len(telegram.in_chat("media")) == 2


@pytest.mark.parametrize("domain", ["", "www.example.org"])
async def test_a_real_mtproxy_carries_everything(
    telegram: TestTelegram, tmp_path: Path, domain: str
) -> None:
    """With a secret that begins with dd, and disguised as a website with one of ee; a wrong secret is told as such."""
    if not PROGRAM.exists():
        pytest.skip(MISSING)
    items = [photo_file(tmp_path, 1), video_file(tmp_path, 1 << 20, number=2)]
    right = f"ee{SECRET.hex()}{domain.encode().hex()}" if domain else f"dd{SECRET.hex()}"
    async with mtproxy(SECRET.hex(), f"{telegram.host}:{telegram.port}", domain) as port:
        way = f"mtproxy://127.0.0.1:{port}"
        async with opened(
            telegram, tmp_path / "state", proxy_secret=right, proxy=way
        ) as destination:
            assert len(await send(destination, items, "Holiday")) == 2
        wrong = right.replace(SECRET.hex(), SECRET[::-1].hex())
        said = (
            "another secret" if domain else "its secret is another, or it does not reach Telegram"
        )
        with pytest.raises(Temporary, match=said):
            async with opened(telegram, tmp_path / "state", proxy_secret=wrong, proxy=way):
                pass
    with pytest.raises(Temporary, match=r"Nothing answers at the proxy .*Telegram itself was not"):
        async with opened(telegram, tmp_path / "state", proxy_secret=right, proxy=way):
            pass
    assert [message.kind for message in telegram.in_chat("media")] == ["photo", "video"]


async def test_what_is_wrong_with_a_socks5(telegram: TestTelegram, tmp_path: Path) -> None:
    """A wrong password, a port that is no proxy's, and a Telegram that is not there have sentences of their own."""
    async with _microsocks("-u", "ann", "-P", "secret word") as port:
        cases: dict[str, dict[str, Any]] = {
            "does not take this user and password": {"proxy_secret": "wrong"},
            "it is no SOCKS5 proxy": {"proxy": f"socks5://127.0.0.1:{telegram.port}"},
            "works, but reaches Telegram .* no more": {
                "datacenter": DatacenterSettings(
                    id=telegram.dc_id, address="127.0.0.1:1", public_key=telegram.public_key
                )
            },
        }
        for sentence, changes in cases.items():
            given: dict[str, Any] = {
                "proxy": f"socks5://ann@127.0.0.1:{port}",
                "proxy_secret": "secret word",
            }
            with pytest.raises(Temporary, match=sentence):
                async with opened(telegram, tmp_path / "state", **(given | changes)):
                    pass


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        ("", "needs the secret proxy-secret"),
        ("ee" + "00" * 16, "names no website"),
        ("nonsense!", "is not one of an MTProxy"),
        ("00" * 15, "is not one of an MTProxy"),
    ],
)
def test_a_wrong_secret_is_a_sentence(secret: str, sentence: str) -> None:
    """It says what is wrong with the secret, and never shows it."""
    settings = TelegramSettings(proxy="mtproxy://10.0.0.1:443")
    with pytest.raises(ConfigError) as refused:
        Proxy.of(settings, replace(Secrets(), proxy_secret=secret))
    assert sentence in refused.value.reason
    assert not secret or secret not in refused.value.reason


def test_a_secret_is_read_in_each_of_its_forms() -> None:
    """Plain, with dd, and in base64; it is not shown by repr."""
    settings = TelegramSettings(proxy="mtproxy://[2001:db8::1]:443")
    for text in (
        SECRET.hex(),
        f"dd{SECRET.hex()}",
        "AAECAwQFBgcICQoLDA0ODw",
        "3QABAgMEBQYHCAkKCwwNDg8",
    ):
        proxy = Proxy.of(settings, replace(Secrets(), proxy_secret=text))
        assert proxy is not None
        assert proxy.secret == SECRET.hex()
        assert proxy.host == "2001:db8::1"
        assert proxy.secret not in repr(proxy)
