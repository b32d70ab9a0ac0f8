"""LZ4 and lzip, which 7-Zip does not read: decoded by a small child of our own.

    python -I decoding.py KIND FILE > CONTENT

It runs under the same limits as 7-Zip: decoders meet what strangers wrote, and must not be able to take the
daemon with them. Exit 0 when everything came out and every checksum fitted; else 1, with a line on stderr
that begins with `ERROR:`.
"""

from __future__ import annotations

import lzma
import os
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from telespool.archives.child_stream import ChildStream
    from telespool.runtime import subprocesses

KINDS = {"lz4", "lzip"}
_CHUNK = 1 << 18


async def start(path: Path, kind: str, limits: subprocesses.ChildLimits) -> ChildStream:
    """Start the child that decodes this file."""
    from telespool.archives.child_stream import ChildStream  # noqa: PLC0415 - the child is this file, and has no package

    command = [sys.executable, "-I", __file__, kind, os.fspath(path)]
    return await ChildStream.start(command, None, limits)


def lzip(file: BinaryIO) -> Iterator[bytes]:
    """The members of an lzip file, one after another, each checked by its trailer."""
    rest = file.read(_CHUNK)
    while rest[:5] == b"LZIP\x01":
        code = rest[5] if len(rest) > 5 else 0
        size = 1 << (code & 31)
        size -= (size // 16) * (code >> 5)
        properties = {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": 3, "lp": 0, "pb": 2}
        decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[properties])
        rest, count, crc = rest[6:], 0, 0
        while not decoder.eof:
            rest = rest if rest or not decoder.needs_input else file.read(_CHUNK)
            if not rest and decoder.needs_input:
                raise EOFError
            data = decoder.decompress(rest, _CHUNK)
            rest = b""
            count, crc = count + len(data), zlib.crc32(data, crc)
            yield data
        rest = decoder.unused_data
        while len(rest) < 20 + 6 and (more := file.read(_CHUNK)):
            rest += more
        if len(rest) < 20:
            raise EOFError
        if rest[:12] != crc.to_bytes(4, "little") + count.to_bytes(8, "little"):
            raise ValueError("CRC Failed")
        rest = rest[20:]


def lz4(file: BinaryIO) -> Iterator[bytes]:
    """The frames of an LZ4 file, one after another, each checked by its checksums."""
    import lz4.frame  # noqa: PLC0415 - the only one who needs it is this child

    rest = file.read(_CHUNK)
    while rest:
        decoder = lz4.frame.LZ4FrameDecompressor()
        while not decoder.eof:
            rest = rest if rest or not decoder.needs_input else file.read(_CHUNK)
            if not rest and decoder.needs_input:
                raise EOFError
            yield decoder.decompress(rest, _CHUNK)
            rest = b""
        rest = decoder.unused_data or file.read(_CHUNK)


_DECODERS: dict[str, Callable[[BinaryIO], Iterator[bytes]]] = {"lzip": lzip, "lz4": lz4}


def main(kind: str, name: str) -> int:
    """Decode one file to standard output."""
    try:
        with Path(name).open("rb") as file:
            for data in _DECODERS[kind](file):
                sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
    except EOFError:
        sys.stderr.write("ERROR: Unexpected end of data\n")
    except (ValueError, lzma.LZMAError, RuntimeError) as error:
        what = "CRC Failed" if "CRC" in str(error) else "Data Error"
        sys.stderr.write(f"ERROR: {what}\n")
    except MemoryError:
        sys.stderr.write("ERROR: Can't allocate required memory!\n")
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
