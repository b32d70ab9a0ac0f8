"""Archives made for the tests, byte by byte where no program would make them.

Real programs make the ordinary ones (7-Zip, the standard library). RAR has no free writer, so members are
stored in it by hand, after the published formats of RAR 4 and RAR 5; the same for cab, cpio, iso, lzh, ar, and for
every zip and tar that lies.
"""

from __future__ import annotations

import functools
import hashlib
import io
import lzma
import os
import struct
import subprocess
import sys
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def noise(size: int, seed: str = "") -> bytes:
    """Bytes that do not compress, always the same for the same seed."""
    return hashlib.shake_128(f"{size}{seed}".encode()).digest(size)


def photos(count: int = 3, size: int = 20_000) -> dict[str, bytes]:
    """Members as a camera names them, in an order that sorts wrongly as text."""
    return {
        f"DCIM/IMG_{n}.JPG": b"\xff\xd8\xff\xe0" + noise(size, str(n)) for n in range(count, 0, -1)
    }


@functools.cache
def seven_zip() -> str:
    """The 7-Zip that reads RAR if there is one, else any."""
    places = [str(Path(sys.executable).parent), *os.environ["PATH"].split(os.pathsep)]
    found = [p for place in places for n in ("7zz", "7z") if (p := Path(place) / n).is_file()]
    for program in found:
        listed = subprocess.run([program, "i"], capture_output=True, check=False)
        if b" Rar5 " in listed.stdout:
            return str(program)
    return str(found[0])


def seven(path: Path, files: Mapping[str, bytes], *switches: str) -> Path:
    """An archive made by 7-Zip, of the kind its name says."""
    folder = path.with_name(f"{path.name}.files")
    for name, data in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    names = sorted({name.partition("/")[0] for name in files})
    command = [seven_zip(), "a", "-bd", "-y", "-mx1", *switches, "--", str(path), *names]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return path


# -- zip -----------------------------------------------------------------------------------------------------


@dataclass
class Zipped:
    """One member of a zip, with every lie spelled out."""

    name: bytes
    data: bytes = b""
    method: int = 0
    packed: bytes | None = None
    crc: int | None = None
    size: int | None = None
    flags: int = 0
    made_by: int = 3
    mode: int = 0o100644
    extra: bytes = b""
    comment: bytes = b""
    descriptor: bool = False
    offset: int | None = None

    def pack(self) -> bytes:
        """The packed bytes."""
        if self.packed is not None:
            return self.packed
        if self.method == 8:
            packer = zlib.compressobj(6, zlib.DEFLATED, -15)
            return packer.compress(self.data) + packer.flush()
        return zstd(self.data) if self.method == 93 else self.data


def zipped(members: Sequence[Zipped], *, comment: bytes = b"", prefix: bytes = b"") -> bytes:
    """A zip of these members."""
    out = bytearray(prefix)
    directory = bytearray()
    for member in members:
        packed = member.pack()
        crc = zlib.crc32(member.data) if member.crc is None else member.crc
        size = len(member.data) if member.size is None else member.size
        flags = member.flags | (8 if member.descriptor else 0)
        offset = len(out) if member.offset is None else member.offset
        told = (0, 0, 0) if member.descriptor else (crc, len(packed), size)
        shape = (20, flags, member.method, 0, 0x5A21)
        if member.offset is None:
            out += struct.pack("<4s5H3L2H", b"PK\x03\x04", *shape, *told, len(member.name), 0)
            out += member.name + packed
            if member.descriptor:
                out += struct.pack("<4s3L", b"PK\x07\x08", crc, len(packed), size)
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", member.made_by << 8 | 20, *shape, crc, len(packed), size,
            len(member.name), len(member.extra), len(member.comment), 0, 0, member.mode << 16, offset,
        )  # fmt: skip
        directory += member.name + member.extra + member.comment
    count = min(len(members), 0xFFFF)
    end = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(out), len(comment)
    )
    return bytes(out + directory) + end + comment


def simple_zip(files: Mapping[str, bytes], method: int = 0) -> bytes:
    """An honest zip."""
    return zipped(
        [Zipped(name.encode(), data, method, flags=0x800) for name, data in files.items()]
    )


def locked_zip(files: Mapping[str, bytes], password: bytes) -> bytes:
    """A zip with the encryption of PKZIP 2, closed with these very bytes."""
    return zipped(
        [
            Zipped(name.encode(), data, packed=_locked(data, password), flags=1)
            for name, data in files.items()
        ]
    )


def _locked(data: bytes, password: bytes) -> bytes:
    """The encrypted bytes of a member, behind their twelve of salt (APPNOTE 6.1)."""
    first, second, third = 0x12345678, 0x23456789, 0x34567890
    out = bytearray()
    salted = bytes(11) + bytes([zlib.crc32(data) >> 24]) + data
    for place, byte in enumerate(password + salted):
        if place >= len(password):
            mixed = (third | 2) & 0xFFFF
            out.append(byte ^ (mixed * (mixed ^ 1) >> 8 & 0xFF))
        first = _crc_step(first, byte)
        second = ((second + (first & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        third = _crc_step(third, second >> 24)
    return bytes(out)


def _crc_step(crc: int, byte: int) -> int:
    return zlib.crc32(bytes([byte]), crc ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


# -- rar -----------------------------------------------------------------------------------------------------


def tarred(
    files: Mapping[str, bytes], *more: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT
) -> bytes:
    """A tar; `more` are headers without content (links, devices)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, errors="surrogateescape") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info in more:
            tar.addfile(info)
    return out.getvalue()


def tar_link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """A link (or, with another type, a device) in a tar."""
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def zstd(data: bytes) -> bytes:
    """A Zstandard frame of raw blocks."""
    out = bytearray(b"\x28\xb5\x2f\xfd" + b"\xa0" + struct.pack("<L", len(data)))
    pieces = [data[n : n + 65536] for n in range(0, len(data), 65536)] or [b""]
    for n, piece in enumerate(pieces, 1):
        out += struct.pack("<L", len(piece) << 3 | (n == len(pieces)))[:3] + piece
    return bytes(out)


def lzipped(data: bytes) -> bytes:
    """An lzip member."""
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}]
    raw = lzma.compress(data, lzma.FORMAT_RAW, filters=filters)
    size = 6 + len(raw) + 20
    return b"LZIP\x01\x14" + raw + struct.pack("<LQQ", zlib.crc32(data), len(data), size)


def lz4_framed(data: bytes) -> bytes:
    """An LZ4 frame with a checksum of its content."""
    import lz4.frame  # noqa: PLC0415

    return bytes(lz4.frame.compress(data, content_checksum=True))


def seven_of_names(count: int, length: int) -> bytes:
    """A 7z of empty files with names of this length; its table of contents is packed to next to nothing."""

    def number(value: int) -> bytes:
        return b"\xff" + value.to_bytes(8, "little")

    names = b"".join(f"{n:06d}{'n' * length}".encode("utf-16le") + b"\0\0" for n in range(count))
    bits = number(-(-count // 8)) + b"\xff" * -(-count // 8)
    header = b"\x01\x05" + number(count) + b"\x0e" + bits + b"\x0f" + bits
    header += b"\x11" + number(len(names) + 1) + b"\0" + names + b"\0\0"
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "preset": 0}]
    packed = lzma.compress(header, lzma.FORMAT_RAW, filters=filters)
    place = b"\x17\x06\0" + number(1) + b"\x09" + number(len(packed)) + b"\0"
    coder = b"\x07\x0b\x01\0\x01\x23\x03\x01\x01\x05" + struct.pack("<BL", 0x5D, 1 << 20)
    place += coder + b"\x0c" + number(len(header)) + b"\0\0"
    start = struct.pack("<QQL", len(packed), len(place), zlib.crc32(place))
    return b"7z\xbc\xaf'\x1c\0\4" + struct.pack("<L", zlib.crc32(start)) + start + packed + place


# -- the rest ------------------------------------------------------------------------------------------------


def cpio(files: Mapping[str, bytes]) -> bytes:
    """A cpio in the "newc" format."""
    out = bytearray()
    for number, (name, data) in enumerate([*files.items(), ("TRAILER!!!", b"")], 1):
        mode = 0o100644 if data or name != "TRAILER!!!" else 0
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name.encode()) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)


def ar(files: Mapping[str, bytes]) -> bytes:
    """A Unix library, as Debian packages are."""
    out = bytearray(b"!<arch>\n")
    for name, data in files.items():
        out += f"{name + '/':<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data
        out += b"\n" * (len(data) % 2)
    return bytes(out)


def cab(files: Mapping[str, bytes]) -> bytes:
    """A cabinet without compression, in one folder."""
    content = b"".join(files.values())
    blocks = [content[n : n + 32768] for n in range(0, len(content), 32768)]
    data = b"".join(struct.pack("<LHH", 0, len(b), len(b)) + b for b in blocks)
    names, start = bytearray(), 0
    for name, member in files.items():
        names += struct.pack("<LLHHHH", len(member), start, 0, 0x5A21, 0x5A21, 0x80)
        names += name.replace("/", "\\").encode() + b"\0"
        start += len(member)
    head = 36 + 8
    size = head + len(names) + len(data)
    return (
        struct.pack("<4sLLLLLBBHHHHH", b"MSCF", 0, size, 0, head, 0, 3, 1, 1, len(files), 0, 7, 0)
        + struct.pack("<LHH", head + len(names), len(blocks), 0)
        + names
        + data
    )


def lzh(files: Mapping[str, bytes]) -> bytes:
    """An LZH that stores (-lh0-), with headers of level 0."""
    out = bytearray()
    for name, data in files.items():
        label = name.encode()
        body = b"-lh0-" + struct.pack("<LLLBB", len(data), len(data), 0x5A215A21, 0x20, 0)
        body += bytes([len(label)]) + label + struct.pack("<H", _crc16(data))
        out += bytes([len(body), sum(body) & 0xFF]) + body + data
    return bytes(out) + b"\0"


def _crc16(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def iso(files: Mapping[str, bytes]) -> bytes:
    """An ISO 9660 image with everything in its root."""
    sector = 2048

    def both(value: int) -> bytes:
        return struct.pack("<L", value) + struct.pack(">L", value)

    def record(name: bytes, place: int, size: int, flags: int) -> bytes:
        body = bytes([0]) + both(place) + both(size) + bytes([126, 11, 20, 0, 0, 0, 0, flags, 0, 0])
        body += struct.pack("<H", 1) + struct.pack(">H", 1) + bytes([len(name)]) + name
        body += bytes(1 - len(name) % 2)
        return bytes([len(body) + 1]) + body

    place = 19
    entries, content = bytearray(), bytearray()
    for name, data in files.items():
        entries += record(f"{name.upper()};1".encode(), place, len(data), 0)
        content += data + bytes(-len(data) % sector)
        place += -(-len(data) // sector)
    root = record(b"\0", 18, sector, 2) + record(b"\1", 18, sector, 2) + entries
    volume = bytearray(sector)
    volume[:7] = b"\x01CD001\x01"
    volume[8:72] = b" " * 64
    volume[80:88] = both(place)
    volume[120:124] = volume[124:128] = struct.pack("<H", 1) + struct.pack(">H", 1)
    volume[128:132] = struct.pack("<H", sector) + struct.pack(">H", sector)
    volume[156:190] = record(b"\0", 18, sector, 2)
    volume[881] = 1
    end = b"\xffCD001\x01".ljust(sector, b"\0")
    return bytes(16 * sector) + volume + end + root.ljust(sector, b"\0") + content
