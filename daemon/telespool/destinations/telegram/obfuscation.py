"""AES in counter mode, the outer cipher of an MTProxy; as fast as the line where pycryptodome is installed.

Telethon's own is written in Python (pyaes): about a megabyte in a second, and nothing else runs meanwhile.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
from typing import Any

from telethon.crypto import AESModeCTR
from telethon.network.connection.tcpmtproxy import MTProxyIO

AES: Any = None
with contextlib.suppress(ImportError):
    AES = importlib.import_module("Crypto.Cipher.AES")
    AES.new(bytes(16), AES.MODE_CTR, nonce=b"")  # it reads the rest of itself at its first use

HEAD = 64


def counter_mode(key: bytes, start: bytes) -> Any:
    """A cipher whose `encrypt` goes both ways; `start` is the counter's first value."""
    if AES is None:
        return AESModeCTR(key, start)
    return AES.new(key, AES.MODE_CTR, nonce=b"", initial_value=start)


class FastMTProxyIO(MTProxyIO):  # type: ignore[misc]  # Telethon has no types
    """Telethon's, with these ciphers in place of its own."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        head, secret = bytes(self.header), connection._secret  # noqa: SLF001 - as Telethon's own does
        back = head[8:56][::-1]
        self._encrypt, self._decrypt = (
            counter_mode(hashlib.sha256(key[:32] + secret).digest(), key[32:])
            for key in (head[8:56], back)
        )
        self._encrypt.encrypt(bytes(HEAD))  # the head was enciphered already
