"""The key exchange: resPQ, Diffie-Hellman, an authorisation key that both sides know and nobody else.

As described at core.telegram.org/mtproto/auth_key, seen from the server; every value the client must echo is
compared. The RSA key is not random but grown from a sentence, so that starting a server costs nothing and the
public half is the same everywhere. It protects nothing.

`Disconnect` leaves this module when the client says something that cannot be.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from typing import Any, Final

import rsa
from telethon.crypto import AES, AuthKey
from telethon.crypto import rsa as telethon_rsa
from telethon.extensions import BinaryReader
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import types

from .wire import Disconnect, method_name

PRIME: Final = int(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F"
    "48198A0AA7C14058229493D22530F4DBFA336F6E0AC925139543AED44CCE7C37"
    "20FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64"
    "2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4"
    "A4A695811051907E162753B56B0F6B410DBA74D8A84B2A14B3144E0EF1284754"
    "FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4"
    "E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F"
    "0D8115F635B105EE2E4E15D04B2454BF6F4FADF034B10403119CD8E3B92FCC5B",
    16,
)
"""The prime Telegram uses everywhere; clients know it by heart."""
GENERATOR: Final = 3

# Two small primes: their product is factorised at once, which is the client's first task.
_P, _Q = 1229739323, 1402015859  # any day: two primes


def _grown_prime(label: str, steps: int) -> int:
    """The `steps`-th odd number from a hash of `label`; known to be prime."""
    digest = b"".join(hashlib.sha512(f"{label} {part}".encode()).digest() for part in range(2))
    return (int.from_bytes(digest, "big") | 3 << 1022 | 1) + 2 * steps


class ServerKey:
    """The server's RSA key."""

    def __init__(self) -> None:
        p = _grown_prime("telespool test server, p", 172)
        q = _grown_prime("telespool test server, q", 465)
        self._modulus, self._exponent = p * q, 65537
        self._private = pow(self._exponent, -1, (p - 1) * (q - 1))
        self.public = rsa.PublicKey(self._modulus, self._exponent)

    @property
    def pem(self) -> str:
        """The public half as a client's configuration wants it."""
        return str(self.public.save_pkcs1().decode())

    @property
    def fingerprint(self) -> int:
        """What the client recognises the key by."""
        return int(telethon_rsa._compute_fingerprint(self.public))

    def decrypt(self, data: bytes) -> bytes:
        """The 255 bytes the client encrypted."""
        number = pow(int.from_bytes(data, "big"), self._private, self._modulus)
        try:
            return number.to_bytes(255, "big")
        except OverflowError:
            raise Disconnect from None


class Handshake:
    """One key exchange on one connection; `key` is there once it is over."""

    def __init__(self, server_key: ServerKey) -> None:
        self._server_key = server_key
        self._server_nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        self._nonce: int | None = None
        self._new_nonce = 0
        self._secret = random.SystemRandom().getrandbits(2040)
        self._aes: tuple[bytes, bytes] = (b"", b"")
        self.key: Any = None

    def answer(self, request: Any) -> Any:
        """What the server says to one unencrypted request."""
        steps = {
            "reqPqMulti": self._res_pq,
            "reqDHParams": self._dh_params,
            "setClientDHParams": self._dh_gen,
        }
        step = steps.get(method_name(request))
        if step is None:
            raise Disconnect
        return step(request)

    def _res_pq(self, request: Any) -> Any:
        self._nonce = request.nonce
        return types.ResPQ(
            nonce=request.nonce,
            server_nonce=self._server_nonce,
            pq=(_P * _Q).to_bytes(8, "big"),
            server_public_key_fingerprints=[self._server_key.fingerprint],
        )

    def _dh_params(self, request: Any) -> Any:
        self._expect_nonces(request)
        raw = self._server_key.decrypt(request.encrypted_data)
        inner = BinaryReader(raw[20:]).tgread_object()
        self._expect(hashlib.sha1(bytes(inner)).digest() == raw[:20])  # noqa: S324  the protocol says SHA-1
        self._expect_nonces(inner)
        self._expect({int.from_bytes(inner.p, "big"), int.from_bytes(inner.q, "big")} == {_P, _Q})
        self._new_nonce = inner.new_nonce
        self._aes = generate_key_data_from_nonce(self._server_nonce, self._new_nonce)
        data = bytes(
            types.ServerDHInnerData(
                nonce=self._nonce,
                server_nonce=self._server_nonce,
                g=GENERATOR,
                dh_prime=PRIME.to_bytes(256, "big"),
                g_a=pow(GENERATOR, self._secret, PRIME).to_bytes(256, "big"),
                server_time=int(time.time()),
            )
        )
        data = hashlib.sha1(data).digest() + data  # noqa: S324
        return types.ServerDHParamsOk(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            encrypted_answer=AES.encrypt_ige(data + os.urandom(-len(data) % 16), *self._aes),
        )

    def _dh_gen(self, request: Any) -> Any:
        self._expect_nonces(request)
        raw = AES.decrypt_ige(request.encrypted_data, *self._aes)
        inner = BinaryReader(raw[20:]).tgread_object()
        self._expect(hashlib.sha1(bytes(inner)).digest() == raw[:20])  # noqa: S324
        self._expect_nonces(inner)
        shared = pow(int.from_bytes(inner.g_b, "big"), self._secret, PRIME)
        self.key = AuthKey(shared.to_bytes(256, "big"))
        return types.DhGenOk(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            new_nonce_hash1=self.key.calc_new_nonce_hash(self._new_nonce, 1),
        )

    def _expect_nonces(self, message: Any) -> None:
        self._expect(message.nonce == self._nonce and message.server_nonce == self._server_nonce)

    @staticmethod
    def _expect(condition: object) -> None:
        if not condition:
            raise Disconnect
