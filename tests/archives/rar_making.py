"""RAR archives, after the published formats of RAR 4 and RAR 5: members are stored, as nobody else may pack them."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.archives.making import noise

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Rared:
    """One member of a RAR, stored. `link` makes it a symbolic link (RAR 5)."""

    name: str
    data: bytes = b""
    crc: int | None = None
    link: str = ""
    hard: bool = False


def rar4(
    members: Sequence[Rared],
    *,
    volume_size: int = 0,
    old_names: bool = False,
    comment: bytes = b"",
) -> list[bytes]:
    """A RAR 4, cut into volumes of about this many bytes of content (0: one).

    `old_names`: the volumes are called .rar, .r00, .r01 … and not .part1.rar.
    """
    volumes: list[bytearray] = []

    def block(kind: int, flags: int, body: bytes, data: bytes = b"") -> bytes:
        head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head + data

    def begin() -> bytearray:
        flags = (1 | (0 if old_names else 0x10) | (0 if volumes else 0x100)) if volume_size else 0
        volumes.append(bytearray(b"Rar!\x1a\x07\x00" + block(0x73, flags, bytes(6))))
        return volumes[-1]

    volume = begin()
    room = volume_size or 1 << 62
    if comment:
        body = struct.pack(
            "<LLBLLBBHL", len(comment), len(comment), 3, zlib.crc32(comment), 0, 29, 48, 3, 0
        )
        volume += block(0x7A, 0x8000, body + b"CMT", comment)
    for member in members:
        rest, before = member.data, False
        full = zlib.crc32(member.data) if member.crc is None else member.crc
        while True:
            part, rest = rest[:room], rest[room:]
            room -= len(part)
            flags = 0x8000 | (1 if before else 0) | (2 if rest else 0)
            crc = zlib.crc32(part) if rest else full
            name = member.name.encode()
            body = struct.pack(
                "<LLBLLBBHL",
                len(part),
                len(member.data),
                3,
                crc,
                0x5A215A21,
                29,
                0x30,
                len(name),
                0o100644,
            )
            volume += block(0x74, flags, body + name, part)
            if not rest:
                break
            volume += block(0x7B, 0x4001, b"")
            volume, room, before = begin(), volume_size, True
    volume += block(0x7B, 0x4000, b"")
    return [bytes(volume) for volume in volumes]


def rar5(
    members: Sequence[Rared], *, volume_size: int = 0, password: str = "", comment: bytes = b""
) -> list[bytes]:
    """A RAR 5, cut into volumes of about this many bytes of content (0: one)."""
    volumes: list[bytearray] = []

    def block(kind: int, flags: int, body: bytes, data: bytes = b"", extra: bytes = b"") -> bytes:
        flags |= (1 if extra else 0) | (2 if data or kind in {2, 3} else 0)
        head = _vint(kind) + _vint(flags)
        head += _vint(len(extra)) if extra else b""
        head += _vint(len(data)) if flags & 2 else b""
        head += body + extra
        head = _vint(len(head)) + head
        return struct.pack("<L", zlib.crc32(head)) + head + data

    def begin() -> bytearray:
        flags = (1 | (2 if volumes else 0)) if volume_size else 0
        number = _vint(len(volumes)) if flags & 2 else b""
        start = block(1, 0, _vint(flags) + number)
        volumes.append(bytearray(b"Rar!\x1a\x07\x01\x00" + start))
        return volumes[-1]

    volume = begin()
    room = volume_size or 1 << 62
    if comment:
        body = _vint(4) + _vint(len(comment)) + _vint(0) + struct.pack("<L", zlib.crc32(comment))
        volume += block(3, 0, body + _vint(0) + _vint(1) + _vint(3) + b"CMT", comment)
    for member in members:
        name = member.name.encode()
        extra, rest = b"", member.data
        full = zlib.crc32(member.data) if member.crc is None else member.crc
        if member.link:
            target = member.link.encode()
            record = (
                _vint(5) + _vint(4 if member.hard else 1) + _vint(0) + _vint(len(target)) + target
            )
            extra += _vint(len(record)) + record
        if password and member.data:
            record, rest = _rar5_encrypt(password, member.data)
            extra += _vint(len(record)) + record
        before = False
        while True:
            part, rest = rest[:room], rest[room:]
            room -= len(part)
            flags = (8 if before else 0) | (0x10 if rest else 0)
            crc = zlib.crc32(part) if rest else full
            body = (
                _vint(4) + _vint(len(member.data)) + _vint(0o100644) + struct.pack("<L", crc)
                + _vint(0) + _vint(1) + _vint(len(name)) + name
            )  # fmt: skip
            volume += block(2, flags, body, part, extra)
            if not rest:
                break
            volume += block(5, 0, _vint(1))
            volume, room, before = begin(), volume_size, True
    volume += block(5, 0, _vint(0))
    return [bytes(volume) for volume in volumes]


def _vint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _rar5_encrypt(password: str, data: bytes) -> tuple[bytes, bytes]:
    import pyaes  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with Telethon

    salt, vector, count = noise(16, "salt"), noise(16, "iv"), 4
    secret = password.encode()
    key = hashlib.pbkdf2_hmac("sha256", secret, salt, 1 << count)
    long = hashlib.pbkdf2_hmac("sha256", secret, salt, (1 << count) + 32)
    check = bytes(long[n] ^ long[n + 8] ^ long[n + 16] ^ long[n + 24] for n in range(8))
    check += hashlib.sha256(check).digest()[:4]
    record = _vint(1) + _vint(0) + _vint(1) + bytes([count]) + salt + vector + check
    cipher = pyaes.AESModeOfOperationCBC(key, vector)
    padded = data + bytes(-len(data) % 16)
    out = b"".join(cipher.encrypt(padded[n : n + 16]) for n in range(0, len(padded), 16))
    return record, out


# -- tar and streams -----------------------------------------------------------------------------------------
