"""The checkpoint of a conversion: finished pieces, as files with telling names.

    audio_1f9c2a7b.m4a                                  the whole sound
    audio-0001of0012_26460160-52920320_9864353_1f9c2a7b.aac   ten minutes of it
    video-0003of0012_240000-319600_81274_1f9c2a7b.mp4   a finished piece of the picture
    video-end_12_959600_1f9c2a7b                        the picture is complete: so many pieces, up to there
    straight_1f9c2a7b.mkv                               a copy of the source with its clock put straight
    run-5e01_1f9c2a7b/                                  being written by ffmpeg: worth nothing

They lie flat in the folder they are given, beside whatever else is there, and `ls` shows how far it is. The last
eight signs are the fingerprint of the source, the settings and ffmpeg: pieces with another one are dropped. A
piece carries when its first and last frame are shown, in ticks (of sound: where it begins and ends, in samples), and
its size, so that a torn one shows.

A piece is fsynced and then renamed into its name: what has the name is whole. Files with other names are
never touched. Everything here blocks. Errors: OSError.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from telespool.media import mp4

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from telespool.spool.fs_ops import FileOps

Kind = Literal["audio", "video"]

_OURS = re.compile(
    r"(?:audio|(?:audio|video)-.+|straight|join|run-[0-9a-f]+)_(?P<print>[0-9a-f]{8})"
    r"(?:\.(?:m4a|aac|mp4|mkv|ffconcat))?(?:\.part)?"
)
_PIECE = re.compile(r"(audio|video)-(\d+)of\d+_(-?\d+)-(-?\d+)_(\d+)_[0-9a-f]{8}\.(?:aac|mp4)")
_ENDING = {"audio": ".aac", "video": ".mp4"}
_END = re.compile(r"video-end_(\d+)_(-?\d+)_[0-9a-f]{8}")


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One finished piece.

    `first` and `last` are when these frames are shown, in ticks; of sound, where it begins and ends.
    """

    number: int
    first: int
    last: int
    path: Path


class Segments:
    """The pieces of one conversion in one folder."""

    def __init__(self, folder: Path, fingerprint: str, disk: FileOps) -> None:
        self.folder = folder
        self.fingerprint = fingerprint
        self._disk = disk

    @property
    def audio(self) -> Path:
        """Where the finished sound is."""
        return self._named("audio", ".m4a")

    @property
    def straight(self) -> Path:
        """Where the copy of a source is whose clock jumps."""
        return self._named("straight", ".mkv")

    def sweep(self) -> int:
        """Drop what was being written, and all that was made otherwise; how many pieces were dropped."""
        dropped = 0
        for path in list(self.folder.iterdir()):
            match = _OURS.fullmatch(path.name)
            if match is None:
                continue
            unfinished = path.is_dir() or path.suffix == ".part"
            if unfinished or match["print"] != self.fingerprint:
                dropped += not unfinished
                self._disk.rmtree(path)
        return dropped

    def run(self) -> Path:
        """Make a folder for ffmpeg to write into."""
        path = self._named(f"run-{os.urandom(4).hex()}")
        self._disk.mkdir(path)
        return path

    def drop(self, path: Path) -> None:
        """Remove what `run` or `unfinished` made."""
        self._disk.rmtree(path)

    def unfinished(self, path: Path) -> Path:
        """The name under which `path` is written before `publish`."""
        return path.with_name(f"{path.name}.part")

    def publish(self, path: Path) -> None:
        """Give what was written under `unfinished(path)` its name."""
        self._disk.publish(self.unfinished(path), path)

    def keep(
        self, written: Path, number: int, of: int, first: int, last: int, kind: Kind = "video"
    ) -> Segment:
        """Make a closed file of ffmpeg's a finished piece."""
        of = max(of, number + 1)
        size = written.stat().st_size
        name = f"{kind}-{number:04d}of{of:04d}_{first}-{last}_{size}"
        path = self._named(name, _ENDING[kind])
        self._disk.publish(written, path)
        return Segment(number, first, last, path)

    def pieces(self, kind: Kind = "video") -> list[Segment]:
        """The whole pieces from the beginning; what does not follow on them is dropped."""
        good: list[Segment] = []
        for piece, whole in self._found(kind):
            follows = not good or piece.first >= good[-1].last + (kind == "video")
            if whole and follows and piece.number == len(good):
                good.append(piece)
            else:
                self._disk.unlink(piece.path)
        return good

    def scattered(self) -> dict[int, Segment]:
        """The whole pieces of the picture by their numbers, whatever is missing between them; torn ones are dropped."""
        good = {}
        for piece, whole in self._found("video"):
            if whole:
                good[piece.number] = piece
            else:
                self._disk.unlink(piece.path)
        return good

    def _found(self, kind: Kind) -> list[tuple[Segment, bool]]:
        """The pieces that are there, in order, and whether each is whole."""
        found = []
        for path in self.folder.iterdir():
            match = _PIECE.fullmatch(path.name)
            if match and match[1] == kind and self._is_this(path):
                number, first, last, size = (int(group) for group in match.groups()[1:])
                whole = path.stat().st_size == size
                if kind == "video":
                    whole = whole and mp4.track(path) is not None
                found.append((Segment(number, first, last, path), whole))
        return sorted(found)

    def is_complete(self, pieces: list[Segment]) -> bool:
        """Whether these are all there will be; a mark that does not fit them is dropped."""
        for path in list(self.folder.iterdir()):
            match = _END.fullmatch(path.name)
            if match and self._is_this(path):
                if pieces and (int(match[1]), int(match[2])) == (len(pieces), pieces[-1].last):
                    return True
                self._disk.unlink(path)
        return False

    def complete(self, pieces: list[Segment]) -> None:
        """Note that these are all there will be."""
        path = self._named(f"video-end_{len(pieces)}_{pieces[-1].last}")
        self._disk.write(path, b"")
        self._disk.fsync(self.folder)

    def join(self, pieces: list[Segment], ticks: int) -> Path:
        """Write the list from which ffmpeg's concat demuxer puts the pieces together."""
        path = self._named("join", ".ffconcat.part")
        lines = ["ffconcat version 1.0"]
        for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
            lines.append(f"file {piece.path.name}")
            if after is not None:
                # Differences of rounded times, not rounded differences: the error must not add up.
                micro = round(after.first * 1_000_000 / ticks) - round(
                    piece.first * 1_000_000 / ticks
                )
                lines.append(f"duration {micro / 1_000_000:.6f}")
        self._disk.unlink(path)
        self._disk.write(path, ("\n".join(lines) + "\n").encode())
        return path

    def clear(self) -> None:
        """Remove everything this conversion has made here."""
        for path in list(self.folder.iterdir()):
            if _OURS.fullmatch(path.name):
                self._disk.rmtree(path)

    def _named(self, stem: str, suffix: str = "") -> Path:
        return self.folder / f"{stem}_{self.fingerprint}{suffix}"

    def _is_this(self, path: Path) -> bool:
        return path.stem.endswith(self.fingerprint)


def fingerprint(about: Iterable[str]) -> str:
    """Eight signs that stand for everything that shapes the result."""
    return hashlib.blake2b("\0".join(about).encode(), digest_size=4).hexdigest()
