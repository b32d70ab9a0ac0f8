"""What Telegram has acknowledged of an upload, kept across a restart.

One small file to an upload, named by its key, in the state directory:

    upload 2 700000000 1763622000000000000 512 -8213…        what it is about: see `_head`
    ####...####.......                                          a sign to a part, # where it was acknowledged
    document 5312… 88… 0af3…                                    in the end: what uploadMedia made of it

It is a cache and nothing more. When it is lost the file is sent from its start; when it says too much, because
Telegram keeps parts for minutes to hours only, Telegram names what is missing. Other bytes (size or time
differ) or an old note count as no note. Blocks; `OSError` never leaves: what cannot be noted is sent again. May
be used from several threads: a descriptor that one closes is never written to by another.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FRESH = (
    2 * 3600.0
)  # core.telegram.org/api/files: parts live "between several minutes and several hours"
_SPOILT = 30 * 86400.0
_SUFFIX = ".upload"
_DONE = ord("#")


class UploadJournal:
    """The note on one upload."""

    def __init__(self, path: Path | None, about: str, parts: int) -> None:
        self.generation = 0
        self.handle: str | None = None
        self._path = path
        self._about = about
        self._signs = bytearray(b"." * parts)
        self._descriptor: int | None = None
        self._guard = threading.RLock()
        self._closed = False
        self._read()

    @classmethod
    def open(cls, directory: Path | None, key: int, about: str, parts: int) -> UploadJournal:
        """The note on the upload `key` of what `about` describes; nothing is noted without a directory."""
        return cls(_path(directory, key) if directory else None, about, parts)

    @property
    def missing(self) -> Iterator[int]:
        """The parts that are not there yet, in order."""
        return (part for part, sign in enumerate(self._signs) if sign != _DONE)

    def has(self, part: int) -> bool:
        """Whether Telegram acknowledged it."""
        return self._signs[part] == _DONE

    def note(self, part: int) -> None:
        """Telegram acknowledged it."""
        self._signs[part] = _DONE
        self._write(b"#", part)

    def forget(self, part: int) -> None:
        """Telegram lost it."""
        self._signs[part] = ord(".")
        self._write(b".", part)

    def renew(self, generation: int | None = None) -> None:
        """Begin from the start, under another file_id where a `generation` is given."""
        if generation is not None:
            self.generation = generation
        self._signs = bytearray(b"." * len(self._signs))
        self.handle = None
        with self._guard:
            self._release()
            self._unlink()
            if generation is not None:
                with contextlib.suppress(OSError):
                    self._open()  # so that it is known after a restart, too

    def complete(self, handle: str) -> None:
        """Note what uploadMedia made of it."""
        self.handle = handle
        self._write(f"\n{handle}\n".encode(), len(self._signs))

    def close(self) -> None:
        """Release the file for good; the note stays."""
        with self._guard:
            self._closed = True
            self._release()

    def _release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @property
    def _head(self) -> bytes:
        return f"upload {self.generation} {self._about}\n".encode()

    @property
    def _start(self) -> int:
        return len(self._head)

    def _read(self) -> None:
        if self._path is None:
            return
        try:
            fresh = -60 < time.time() - self._path.stat().st_mtime < FRESH
            lines = self._path.read_bytes().split(b"\n")
        except OSError:
            return
        words = lines[0].split(b" ", 2)
        if len(words) == 3 and words[1].isdigit():
            self.generation = int(words[1])
        if lines[0] + b"\n" != self._head or len(lines) < 2:
            self.generation = 0
            fresh = False
        if not fresh:
            self._unlink()
            return  # the generation stays: an id that is spoilt stays so
        signs = lines[1][: len(self._signs)]
        self._signs[: len(signs)] = signs
        if len(lines) > 3 and lines[3] == b"":
            self.handle = lines[2].decode("ascii", "replace")

    def _open(self) -> int | None:
        if self._descriptor is None and self._path is not None and not self._closed:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(self._descriptor).st_size == 0:
                os.pwrite(self._descriptor, self._head + self._signs, 0)
        return self._descriptor

    def _write(self, data: bytes, place: int) -> None:
        """Put it `place` bytes behind the head."""
        with self._guard, contextlib.suppress(OSError):
            descriptor = self._open()
            if descriptor is not None:
                os.pwrite(descriptor, data, self._start + place)

    def _unlink(self) -> None:
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def _path(directory: Path, key: int) -> Path:
    return directory / f"{key & (1 << 64) - 1:016x}{_SUFFIX}"


def forget(directory: Path, keys: Iterable[int]) -> None:
    """Remove the notes on uploads: they were posted, and the notes have served."""
    for key in keys:
        with contextlib.suppress(OSError):
            _path(directory, key).unlink(missing_ok=True)


def sweep(directory: Path) -> None:
    """Remove the notes that no longer say anything; that an id is spoilt is remembered for longer."""
    with contextlib.suppress(OSError):
        for path in directory.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                age = time.time() - path.stat().st_mtime
                if age > _SPOILT or (age > FRESH and path.read_bytes().startswith(b"upload 0 ")):
                    path.unlink()
