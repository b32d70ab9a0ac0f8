"""What stands in front of the frames of an MP4: parameters that change midway, frames that were never written.

A download that did not end, or a copy to a disk that failed, leaves a file of the right size whose index is whole, with
zeros where frames should be: players stop there or stay black. H.264 and H.265 begin each frame with the length of
its first unit (ISO 14496-15, 5.3.3), so zeros there are no frame. Nothing is decoded. Errors: OSError.
"""

from __future__ import annotations

import contextlib
import os
import struct
from itertools import accumulate, chain
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from telespool.media.boxes import in_memory, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ENTRY = 78  # bytes of a sample entry before the boxes in it
_SPS = 7  # the kind of NAL unit that holds size and profile
_LOOKED_AT = 512  # bytes of a key frame: parameters stand in front
_MANY = 20_000  # frames that are looked at; of more, some are passed over
_NOTHING = bytes(16)


class Look(NamedTuple):
    """What was seen of the first picture track.

    `parameters` is how many different sets of parameters H.264 has; more than one changes midway, and hardware
    decoders stop there. Of `looked_at` frames, evenly over the file, `empty` hold only zeros; (0, 0) where the codec
    does not tell.
    """

    parameters: int = 1
    looked_at: int = 0
    empty: int = 0


UNSEEN = Look()


def look(index: bytes, file: BinaryIO) -> Look:
    """Look at the frames that this index (the content of `moov`) names. What does not add up tells nothing."""
    with contextlib.suppress(struct.error, KeyError, IndexError, ValueError):
        for kind, content in in_memory(index):
            if kind != b"trak":
                continue
            track: dict[bytes, bytes] = {}
            for name, inner in walk(content):
                track.setdefault(name, inner)
            if track[b"hdlr"][8:12] == b"vide":
                return _look(track, file)
    return UNSEEN


def _look(track: dict[bytes, bytes], file: BinaryIO) -> Look:
    sets: set[bytes] = set()
    width, is_avc = 0, False
    for _, entry in in_memory(track[b"stsd"][8:]):
        described = dict(in_memory(entry[_ENTRY:]))
        header = described.get(b"avcC")
        is_avc = header is not None
        if header is not None:
            width = (header[4] & 3) + 1
            sets.update(_header_sets(header))
        elif b"hvcC" in described:
            width = (described[b"hvcC"][21] & 3) + 1
        else:
            return UNSEEN
    offsets = _offsets(track)
    for offset in _some(_key_frames(track, offsets)) if is_avc else ():
        sets.update(_frame_sets(os.pread(file.fileno(), _LOOKED_AT, offset), width))
    looked_at = empty = 0
    for offset in _some(offsets):
        begins = os.pread(file.fileno(), len(_NOTHING), offset)
        looked_at += len(begins) == len(_NOTHING)
        empty += begins == _NOTHING
    return Look(max(1, len(sets)), looked_at, empty)


def _header_sets(header: bytes) -> Iterator[bytes]:
    position = 6
    for _ in range(header[5] & 31):
        size = int.from_bytes(header[position : position + 2], "big")
        yield header[position + 2 : position + 2 + size]
        position += 2 + size


def _frame_sets(frame: bytes, width: int) -> Iterator[bytes]:
    position = 0
    while position + width < len(frame):
        size = int.from_bytes(frame[position : position + width], "big")
        unit = frame[position + width : position + width + size]
        if unit and unit[0] & 31 == _SPS and len(unit) == size:
            yield unit
        position += width + size


def _offsets(track: dict[bytes, bytes]) -> list[int]:
    """Where each frame begins in the file."""
    same, count = struct.unpack_from(">II", track[b"stsz"], 4)
    sizes = [same] * count if same else struct.unpack_from(f">{count}I", track[b"stsz"], 12)
    chunks = track.get(b"stco") or track[b"co64"]
    form = ">I" if b"stco" in track else ">Q"
    whole = 8 + struct.calcsize(form) * struct.unpack_from(">I", chunks, 4)[0]
    starts = list(chain.from_iterable(struct.iter_unpack(form, chunks[8:whole])))
    runs = list(struct.iter_unpack(">III", track[b"stsc"][8:]))
    offsets: list[int] = []
    for place, (first, samples, _) in enumerate(runs):
        last = runs[place + 1][0] if place + 1 < len(runs) else len(starts) + 1
        for chunk in range(first, last):
            done = len(offsets)
            offsets.extend(accumulate(sizes[done : done + samples - 1], initial=starts[chunk - 1]))
    return offsets


def _key_frames(track: dict[bytes, bytes], offsets: Sequence[int]) -> Sequence[int]:
    if b"stss" not in track:
        return offsets
    table = track[b"stss"]
    numbers = struct.unpack_from(f">{struct.unpack_from('>I', table, 4)[0]}I", table, 8)
    return [offsets[n - 1] for n in numbers]


def _some(offsets: Sequence[int]) -> Sequence[int]:
    return offsets[:: len(offsets) // _MANY + 1]
