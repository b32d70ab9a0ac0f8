"""Live photos and motion photos, as phones make them: small, and with the words by which they are known."""

from __future__ import annotations

import io
import struct
import subprocess
from typing import TYPE_CHECKING, Literal

import pillow_heif
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

pillow_heif.register_heif_opener()

MOMENT = "2004:06:12 15:30:00"


def exif(identifier: str = "", moment: str = MOMENT, zone: str = "+02:00") -> bytes:
    """The EXIF of a photo of Apple's: when it was taken, and which live photo it is half of."""
    note = b""
    if identifier:
        text = identifier.encode() + b"\0"
        note = b"Apple iOS\0\0\1MM" + struct.pack(">HHHII", 1, 0x11, 2, len(text), 32) + bytes(4)
        note += text
    fields = [(0x9003, 2, moment.encode() + b"\0"), (0x9011, 2, zone.encode() + b"\0")]
    fields += [(0x927C, 7, note)] if note else []
    first = struct.pack(">HHHII", 1, 0x8769, 4, 1, 26) + bytes(4)
    at = 26 + 2 + 12 * len(fields) + 4
    table, values = struct.pack(">H", len(fields)), b""
    for tag, kind, value in sorted(fields):
        table += struct.pack(">HHII", tag, kind, len(value), at + len(values))
        values += value
    return b"Exif\0\0MM\0*" + struct.pack(">I", 8) + first + table + bytes(4) + values


def still(path: Path, number: int, identifier: str = "", **more: str) -> Path:
    """A HEIC or JPEG of its own colour."""
    image = Image.new("RGB", (64, 48), (number * 40 % 256, 90, 200 - number * 10))
    image.save(path, exif=exif(identifier, **more))
    return path


def clip(
    path: Path,
    number: int,
    identifier: str = "",
    *,
    codec: Literal["h264", "hevc"] = "hevc",
    seconds: float = 0.5,
    created: str = "",
) -> Path:
    """A MOV of half a second, as a phone puts it beside a photo."""
    encoder = {"h264": "libx264", "hevc": "libx265"}[codec]
    words = (
        ["-metadata", f"com.apple.quicktime.content.identifier={identifier}"] if identifier else []
    )
    words += ["-metadata", f"com.apple.quicktime.creationdate={created}"] if created else []
    quiet = ["-x265-params", "log-level=none"] if codec == "hevc" else []
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi"),
            *("-i", f"testsrc2=size=64x48:rate=10:duration={seconds},hue=h={number * 40}"),
            *(
                "-metadata",
                f"title=number {number}",
                *words,
                "-c:v",
                encoder,
                "-preset",
                "ultrafast",
            ),
            *("-pix_fmt", "yuv420p", *quiet, "-movflags", "use_metadata_tags", str(path)),
        ],
        check=True,
    )
    return path


def motion(
    path: Path, number: int, film: bytes, *, maker: Literal["google", "micro", "samsung"] = "google"
) -> Path:
    """A JPEG with a film behind its picture."""
    words = {
        "google": f"""<Container:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><Container:Item
            Item:Mime="image/jpeg" Item:Semantic="Primary" Item:Length="0" Item:Padding="0"/></rdf:li>
            <rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="video/mp4" Item:Semantic="MotionPhoto"
            Item:Length="{len(film)}" Item:Padding="0"/></rdf:li></rdf:Seq></Container:Directory>""",
        "micro": "",
        "samsung": "",
    }[maker]
    attributes = {
        "google": 'GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1"',
        "micro": f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(film)}"',
        "samsung": "",
    }[maker]
    about = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description {attributes}>{words}</rdf:Description></rdf:RDF></x:xmpmeta>'
    made = io.BytesIO()
    Image.new("RGB", (64, 48), (10, number * 40 % 256, 60)).save(made, "JPEG", xmp=about.encode())
    trailer = film
    if maker == "samsung":
        block = b"\0\0\x30\x0a" + struct.pack("<I", 16) + b"MotionPhoto_Data" + film
        directory = b"SEFH" + struct.pack("<II", 106, 1)
        directory += b"\0\0\x30\x0a" + struct.pack("<II", len(block), len(block))
        trailer = block + directory + struct.pack("<I", len(directory)) + b"SEFT"
    path.write_bytes(made.getvalue() + trailer)
    return path
