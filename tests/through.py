"""The tests of Telegram through a proxy: `scripts/test --through socks5 tests/destinations/telegram`.

With TELESPOOL_THROUGH=socks5 what the tests open goes through a real microsocks of the session; with mtproxy the test
Telegram speaks as an MTProxy does, enciphered with a secret, and takes nothing else.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.patience import longest

if TYPE_CHECKING:
    from tests.telegram_server import TestTelegram

UNREACHABLE = {
    "": "cannot be reached",
    "socks5": "reaches Telegram",
    "mtproxy": "Nothing answers at the proxy",
}
"""What is said where Telegram is not there, by the way to it."""

OF_THEIR_OWN = "it brings a proxy of its own, or tells what is said where there is none"
"""Why a test is left out where all go through a proxy."""

THROUGH = os.environ.get("TELESPOOL_THROUGH", "")
SECRET = bytes(range(16))
not_by_mtproxy = pytest.mark.skipif(
    THROUGH == "mtproxy",
    reason="it sends connections to other addresses, or to a server of another process: an MTProxy knows one Telegram",
)


def proxy(telegram: TestTelegram) -> str:
    """The value of telegram.proxy that leads to this server; "" where tests go directly."""
    if THROUGH == "socks5":
        return f"socks5://127.0.0.1:{_microsocks()}"
    if THROUGH == "mtproxy":
        telegram.proxy_secret = SECRET
        host = f"[{telegram.host}]" if ":" in telegram.host else telegram.host
        return f"mtproxy://{host}:{telegram.port}"
    return ""


def secret() -> str | None:
    """What belongs to it."""
    return f"dd{SECRET.hex()}" if THROUGH == "mtproxy" else None


@functools.cache
def _microsocks() -> int:
    program = shutil.which("microsocks")
    if program is None:
        raise RuntimeError("microsocks is not installed (Debian: apt-get install microsocks)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [program, "-i", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(process.kill)
    end = time.monotonic() + longest(10.0)
    while time.monotonic() < end and process.poll() is None:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return port
        time.sleep(0.01)
    raise RuntimeError("microsocks does not answer")
