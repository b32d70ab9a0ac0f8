"""Unpack archives that were spoiled at random: no crash, no hang, nothing outside, memory within its bound.

    scripts/fuzz archives --minutes 10
    scripts/fuzz archives --seed 7 --count 200 --keep found/

Takes the archives the tests make, one of each kind, and turns bits, cuts, doubles, swaps and joins them. Each is
unpacked as `telespool unpack` does it. What must hold afterwards: it came out or was refused with a sentence;
nothing but regular files, none of them outside; no child, no descriptor and no thread's work left over; within the
time; our own memory did not grow. What breaks one of these is kept, with the seed that makes it again.
"""

from __future__ import annotations

import argparse
import asyncio
import bz2
import gzip
import lzma
import random
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from telespool.archives.unpack_to_folder import unpack
from telespool.config.schema import ArchiveSettings, Bytes
from telespool.errors import Permanent
from tests.archives import making, rar_making

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = making.photos(4, 3000) | {
    "text/читай.txt": b"".join(b"%d bottles\n" % n for n in range(800)),
    "empty.jpg": b"",
}
KNOWN = {*FILES.values(), b"", b"/etc", b"/etc/passwd"}
SECONDS = 90.0
GROWTH = 64 << 20
SETTINGS = replace(
    ArchiveSettings(),
    max_total=Bytes(64 << 20),
    max_member=Bytes(32 << 20),
    memory=Bytes(512 << 20),
)


def seeds(folder: Path) -> dict[str, bytes]:
    """One archive of each kind."""
    rared = [rar_making.Rared(name, data) for name, data in FILES.items()]
    described = [making.Zipped(n.encode(), d, 8, descriptor=True) for n, d in FILES.items()]
    tar = making.tarred(FILES, making.tar_link("link.jpg", "/etc/passwd"))
    made = {
        "stored.zip": making.simple_zip(FILES),
        "deflated.zip": making.simple_zip(FILES, 8),
        "described.zip": making.zipped(described, comment=b"hello\n- x\n"),
        "zstd.zip": making.simple_zip(FILES, 93),
        "4.rar": rar_making.rar4(rared, comment=b"hello")[0],
        "5.rar": rar_making.rar5([*rared, rar_making.Rared("l", link="/etc")])[0],
        "x.tar": tar,
        "x.tar.gz": gzip.compress(tar),
        "x.tar.bz2": bz2.compress(tar),
        "x.tar.xz": lzma.compress(tar),
        "x.tar.zst": making.zstd(tar),
        "x.tar.lz": making.lzipped(tar),
        "x.tar.lz4": making.lz4_framed(tar),
        "x.cpio": making.cpio(FILES),
        "x.cab": making.cab(FILES),
        "x.lzh": making.lzh({n.rpartition("/")[2]: d for n, d in FILES.items()}),
        "x.iso": making.iso({n.rpartition("/")[2]: d for n, d in FILES.items() if n.isascii()}),
    }
    ways: dict[str, tuple[str, ...]] = {
        "solid.7z": (), "blocks.7z": ("-ms=off",), "names.7z": ("-psecret", "-mhe=on"), "ppmd.7z": ("-m0=PPMd",),
        "aes.zip": ("-psecret", "-mem=AES256"), "crypto.zip": ("-psecret",), "64.zip": ("-mm=Deflate64",),
        "bzip2.zip": ("-mm=BZip2",), "lzma.zip": ("-mm=LZMA",), "x.wim": (),
    }  # fmt: skip
    for name, switches in ways.items():
        made[name] = making.seven(folder / name, FILES, *switches).read_bytes()
    made["nested.zip"] = making.simple_zip(
        {"in.zip": made["deflated.zip"], "in.rar": made["5.rar"]}
    )
    return made


def spoil(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """The archive after one to six accidents."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if not out:
            break
        at = chance.randrange(len(out))
        near = chance.choice((at, chance.randrange(min(len(out), 128)), len(out) - 1 - at % 128))
        at = max(near, 0)
        length = chance.choice((1, 2, 4, 16, 200, 3000))
        what = chance.randrange(8)
        if what == 0:
            out[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            number = chance.choice((0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40))
            size = chance.choice((1, 2, 4, 8))
            out[at : at + size] = (number % (1 << 8 * size)).to_bytes(size, "little")
        elif what == 2:
            del out[at:]
        elif what == 3:
            del out[at : at + length]
        elif what == 4:
            out[at:at] = out[at : at + length]
        elif what == 5:
            out[at : at + length] = chance.randbytes(min(length, len(out) - at))
        elif what == 6:
            other = chance.choice(others)
            out[at:] = other[chance.randrange(len(other)) :]
        else:
            out[at : at + length] = bytes(min(length, len(out) - at))
    return bytes(out)


async def once(folder: Path, name: str, data: bytes) -> str | None:
    """Unpack one; what must not be, None where all is well."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / name
    path.write_bytes(data)
    out = folder / "out"
    began = time.monotonic()
    checked = False
    try:
        async with asyncio.timeout(SECONDS):
            result = await unpack(path, out, ("wrong", "secret"), SETTINGS)
            checked = result.complete and path.suffix in {".zip", ".rar", ".7z"}
    except Permanent as error:
        if not error.reason.strip() or "Traceback" in error.reason:
            return f"a refusal without a sentence: {error.reason!r}"
    except TimeoutError:
        return f"still busy after {time.monotonic() - began:.0f} seconds"
    except Exception as error:  # noqa: BLE001 - any other exception is what is looked for
        return f"{type(error).__name__}: {error}"
    if sorted(entry.name for entry in folder.iterdir() if entry != out) != [name]:
        return "something lies outside"
    for entry in out.rglob("*"):
        if (
            entry.is_symlink()
            or not (entry.is_file() or entry.is_dir())
            or entry.stat().st_nlink > 2 + entry.is_dir() * 99
        ):
            return f"{entry.name} is no regular file"
        if checked and entry.is_file() and entry.read_bytes() not in KNOWN and not _is_inner(entry):
            return f"{entry.name} is none of the members, and nobody said so"
    return None


def _is_inner(path: Path) -> bool:
    return path.read_bytes()[:2] in {
        b"PK",
        b"Ra",
    }  # an archive inside, spoiled before it was packed


def runs(wanted: argparse.Namespace) -> Iterator[int]:
    """The seeds, until the time or the count is over."""
    end = time.monotonic() + wanted.minutes * 60
    number = wanted.seed
    while time.monotonic() < end and (not wanted.count or number < wanted.seed + wanted.count):
        yield number
        number += 1


async def fuzz(wanted: argparse.Namespace, folder: Path) -> int:
    """Run; how many broke a rule."""
    archives = seeds(folder / "seeds")
    me = psutil.Process()
    await once(
        folder / "run", "stored.zip", archives["stored.zip"]
    )  # what is loaded once is loaded
    memory, descriptors = me.memory_info().rss, me.num_fds()
    broken = tried = 0
    for number in runs(wanted):
        chance = random.Random(number)
        name = chance.choice(sorted(archives))
        data = spoil(archives[name], list(archives.values()), chance)
        said = await once(folder / "run", name, data)
        if said is None and me.children():
            said = f"children are left: {[child.name() for child in me.children()]}"
        if said is None and me.num_fds() > descriptors + 2:
            said = f"{me.num_fds() - descriptors} descriptors are left open"
        if said is None and me.memory_info().rss > memory + GROWTH:
            said = f"our memory grew to {me.memory_info().rss >> 20} MiB"
        tried += 1
        if said is not None:
            broken += 1
            wanted.keep.mkdir(parents=True, exist_ok=True)
            (wanted.keep / f"{number}-{name}").write_bytes(data)
            tell(f"seed {number}, {name}: {said}")
    grown = (me.memory_info().rss - memory) >> 20
    tell(f"fuzz: {tried} archives, {broken} broke a rule, our memory grew by {grown} MiB")
    return broken


def tell(text: str) -> None:
    """A line for whoever runs this."""
    print(text, flush=True)  # noqa: T201 - a program that talks to people


def main() -> int:
    """Exit 0 when no rule was broken."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz archives")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument(
        "--count", type=int, default=0, help="stop after so many; 0: after the time"
    )
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"), help="for what is found")
    wanted = parser.parse_args()
    tell(f"fuzz: seed {wanted.seed}")
    with tempfile.TemporaryDirectory(prefix="fuzz-archives-") as name:
        (Path(name) / "seeds").mkdir()
        broken = asyncio.run(fuzz(wanted, Path(name)))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
