"""What is dropped, and what must have become of every file of it at the end.

Each scene holds one thing that can go wrong in several places; together they have every transition of the spool.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.crash.chat import (
    BEHIND,
    CULPRIT,
    FORBIDDEN,
    FORGOTTEN,
    LATER,
    LIFELESS,
    SLOW,
    STILL,
    UNWANTED,
)
from tests.crash.media import BROKEN, film, gif, motion, paged, photo, video

if TYPE_CHECKING:
    from pathlib import Path

Fate = Literal["sent", "converted", "in its photo", "quarantined", "left out"]


@dataclass(frozen=True)
class Scene:
    """`drops` by path in the inbox; the `fates` of all contents by file name; which must be `together` in one album."""

    name: str
    drops: dict[str, bytes | dict[str, bytes]]
    fates: dict[str, tuple[bytes, Fate]] = field(default_factory=dict)
    together: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    across: bool = False
    broken: bool = False
    send: dict[str, Any] = field(default_factory=dict)
    """What [send] sets."""
    captions: dict[str, str] = field(default_factory=dict)
    """What stands with each message, by the name of its file; nobody looks where there are none."""

    def lay(self, inbox: Path) -> None:
        """Put the drops into the inbox."""
        (inbox / "family").mkdir(parents=True, exist_ok=True)
        for topic in self.topics:
            (inbox / "family" / topic).mkdir()
        for path, content in self.drops.items():
            if isinstance(content, dict):
                (inbox / path).mkdir()
                for name, data in content.items():
                    (inbox / path / name).write_bytes(data)
            else:
                (inbox / path).write_bytes(content)


def tar(members: dict[str, bytes]) -> bytes:
    """An archive: every kind goes the same way, this one needs no child."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def _photos(count: int, mark: bytes = b"", at: int = 0, job: str = "") -> dict[str, bytes]:
    return {
        f"{job}IMG_{n}.jpg": photo(f"{job}photo {n} ".encode() + (mark if n == at else b""))
        for n in range(1, count + 1)
    }


def _all(members: dict[str, bytes], fate: Fate = "sent") -> dict[str, tuple[bytes, Fate]]:
    return {name: (data, fate) for name, data in members.items()}


def _album() -> Scene:
    members = _photos(11) | {"a.gif": gif(b"a")}
    ten = tuple(f"IMG_{n}.jpg" for n in range(1, 11))
    return Scene("album", {"family/holiday.tar": tar(members)}, _all(members), together=ten)


def _films() -> Scene:
    members = {
        "1.avi": film(b"one of two films"),
        "2.avi": film(b"two, and " + UNWANTED),
        "3.mp4": video(b"plays"),
        "4.mp4": video(b"plays not in albums " + CULPRIT),
        "5.mp4": video(b"plays too"),
    }
    fates = _all(members)
    fates["1.avi"] = (members["1.avi"], "converted")
    fates["2.avi"] = (members["2.avi"], "quarantined")
    fates["4.mp4"] = (members["4.mp4"], "quarantined")
    return Scene("films", {"films.tar": tar(members)}, fates)


def _refusals() -> Scene:
    members = _photos(4, FORBIDDEN, 2)
    members |= {"a.txt": b"text", "z.mp4": video(UNWANTED)}
    fates = _all(members)
    fates["IMG_2.jpg"] = (members["IMG_2.jpg"], "quarantined")
    fates["a.txt"] = (members["a.txt"], "left out")
    fates["z.mp4"] = (members["z.mp4"], "quarantined")
    return Scene("refusals", {"refusals.tar": tar(members)}, fates)


def _waits() -> Scene:
    members = _photos(3, LATER, 2) | {"b.mp4": video(SLOW), "c.gif": gif(FORGOTTEN)}
    members |= {"IMG_4.jpg": photo(b"4 " + LATER)}
    clips = {f"IMG_{n}.MOV": video(b"clip %d" % n) for n in (2, 3, 4)}
    more = _photos(3, FORGOTTEN, 2, "more ")
    drops = {"family/waits.tar": tar(members | clips), "more.tar": tar(more)}
    fates = _all(members | more) | _all(clips, "in its photo")
    return Scene("waits", drops, fates)  # type: ignore[arg-type]


def _folder() -> Scene:
    inner = {"x.jpg": photo(b"x"), "y.jpg": photo(b"y")}
    members = {"b.jpg": photo(b"b"), "a.jpg": photo(b"a"), "c.avi": film(b"c"), "d.txt": b"text"}
    fates = _all(members | inner)
    fates["c.avi"] = (members["c.avi"], "converted")
    fates["d.txt"] = (members["d.txt"], "left out")
    return Scene("folder", {"family/trip": members | {"inner.tar": tar(inner)}}, fates)


def _singles() -> Scene:
    drops = {"one.jpg": photo(b"one"), "two.avi": film(b"two"), "family/three.mp4": video(b"three")}
    fates = _all({name.removeprefix("family/"): data for name, data in drops.items()})
    fates["two.avi"] = (drops["two.avi"], "converted")
    return Scene("singles", drops, fates)  # type: ignore[arg-type]


def _damaged() -> Scene:
    members = _photos(3)
    whole = tar(members)
    cut = whole[: whole.index(members["IMG_3.jpg"])]
    fates = _all(members)
    fates["IMG_3.jpg"] = (members["IMG_3.jpg"], "left out")
    return Scene("damaged", {"damaged.tar": cut}, fates, broken=True)


def _hopeless() -> Scene:
    members = {f"{n}.jpg": photo(FORBIDDEN + str(n).encode()) for n in (1, 2)}
    members["3.jpg"] = BROKEN + b" photo"
    return Scene("hopeless", {"hopeless.tar": tar(members)}, _all(members, "quarantined"))


def _beside() -> Scene:
    members = _photos(2)
    drops: dict[str, bytes | dict[str, bytes]] = {
        "family/locked.tar": tar(members),
        "family/locked.tar.password": b"secret\n",
    }
    return Scene("beside", drops, _all(members))


def _across() -> Scene:
    members = _photos(2)
    folder = {"f.jpg": photo(b"f"), "g.avi": film(b"g")}
    drops: dict[str, bytes | dict[str, bytes]] = {
        "family/far.tar": tar(members),
        "near.jpg": photo(b"near"),
        "family/folder": folder,
    }
    fates = _all(members | {"near.jpg": photo(b"near")} | folder)
    fates["g.avi"] = (folder["g.avi"], "converted")
    return Scene("across", drops, fates, across=True)


def _topics() -> Scene:
    """Drops in folders that are topics: a file, and a folder of its own; and one beside these."""
    folder = {"f.jpg": photo(b"f")}
    files = {n: photo(n.encode()) for n in ("1.jpg", "2.jpg")}
    drops: dict[str, bytes | dict[str, bytes]] = {
        "family/Sun_day/1.jpg": files["1.jpg"],
        "family/2024/trip": folder,
        "family/2.jpg": files["2.jpg"],
    }
    return Scene("topics", drops, _all(files | folder), topics=("Sun_day", "2024"))


def _topics_across() -> Scene:
    """Two files that go together, in the folder of a topic on another file system."""
    files = {n: photo(n.encode()) for n in ("1.jpg", "2.jpg")}
    drops = {f"family/Sun_day/{name}": data for name, data in files.items()}
    return Scene("topics across", drops, _all(files), topics=("Sun_day",), across=True)  # type: ignore[arg-type]


def _live() -> Scene:
    members = _photos(3)
    members |= {f"IMG_{n}.MOV": film(b"clip %d" % n) for n in (1, 2, 3)}
    members["IMG_9.mp4"] = video(b"no clip")
    inner = video(b"isommp41\0\0\0\x0fmdatinner 4")
    members["PXL_4.jpg"] = motion(b"motion", inner)
    fates = _all(members) | {"inner 4": (inner, "in its photo")}
    for n in (1, 2, 3):
        fates[f"IMG_{n}.MOV"] = (members[f"IMG_{n}.MOV"], "in its photo")
    together = ("IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg", "PXL_4.jpg")
    return Scene("live", {"family/live.tar": tar(members)}, fates, together=together)


def _lifeless() -> Scene:
    members = _photos(4, LIFELESS, 2, "a") | _photos(2, STILL, 1, "b")
    members |= {f"aIMG_{n}.MOV": video(b"clip a %d" % n) for n in (1, 2, 3)}
    members |= {"bIMG_1.MOV": film(b"clip b 1"), "bIMG_2.MOV": film(b"clip b 2")}
    members |= _photos(2, BEHIND, 1, "c") | {"cIMG_1.MOV": video(b"clip c 1")}
    members["cIMG_2.MOV"] = video(b"clip c 2")
    fates = _all(members)
    for name in ("aIMG_1.MOV", "aIMG_3.MOV", "bIMG_2.MOV", "cIMG_2.MOV"):
        fates[name] = (members[name], "in its photo")
    fates["bIMG_1.MOV"] = (members["bIMG_1.MOV"], "converted")
    return Scene("lifeless", {"lifeless.tar": tar(members)}, fates)


def _motion() -> Scene:
    inner = [video(b"isommp41\0\0\0\x0fmdatinner %d" % n) for n in (1, 2, 3)]
    marks = (b"plain", LIFELESS, STILL)
    members = {
        f"{n}.jpg": motion(b"motion " + mark, clip)
        for n, mark, clip in zip((1, 2, 3), marks, inner, strict=True)
    }
    fates = _all(members) | {"inner 1": (inner[0], "in its photo")}
    fates |= {f"inner {n}": (inner[n - 1], "sent") for n in (2, 3)}
    return Scene("motion", {"motion.tar": tar(members)}, fates)


def _gathering() -> Scene:
    members = {f"{n}.avi": film(b"film %d" % n) for n in (1, 3, 4)}
    members |= {"2.avi": film(b"2, " + UNWANTED), "5.avi": film(b"5, " + CULPRIT)}
    fates = _all(members, "converted")
    fates |= {name: (members[name], "quarantined") for name in ("2.avi", "5.avi")}
    drops: dict[str, bytes | dict[str, bytes]] = {"family/gathering.tar": tar(members)}
    return Scene("gathering", drops, fates, together=("1.mp4", "3.mp4"), send={"album": 3})


def _story() -> Scene:
    members = {"1.jpg": photo(b"1"), "2.avi": film(b"2"), "3.jpg": photo(b"3")}
    members |= {"4.avi": film(b"4, " + UNWANTED), "5.mp4": video(b"5"), "6.gif": gif(b"6")}
    members |= {"7.avi": film(b"7"), "8.avi": film(b"8"), "9.jpg": photo(b"9")}
    fates = _all(members)
    fates |= {name: (members[name], "converted") for name in ("2.avi", "7.avi", "8.avi")}
    fates["4.avi"] = (members["4.avi"], "quarantined")
    send = {"album": 3, "order": "name"}
    drops: dict[str, bytes | dict[str, bytes]] = {"story.tar": tar(members)}
    return Scene("story", drops, fates, together=("1.jpg", "2.mp4", "3.jpg"), send=send)


def _pages() -> Scene:
    """A story with pictures of several pages, of which one finds room in its album; and clips that go apart."""
    pages = {f"2.tif {n}": b"page %d of 2" % n for n in (1, 2)}
    pages |= {f"5.tif {n}": b"page %d of 5" % n for n in (1, 2, 3)}
    members = {"1.jpg": photo(b"1"), "3.avi": film(b"3"), "4.jpg": photo(b"4 " + STILL)}
    members |= {"4.MOV": film(b"clip 4"), "6.jpg": photo(b"6"), "7.avi": film(b"7")}
    for number in "25":
        members[f"{number}.tif"] = paged(*(pages[name] for name in pages if name[0] == number))
    fates = _all({name: data for name, data in members.items() if not name.endswith("tif")})
    fates |= {name: (photo(data), "sent") for name, data in pages.items()}
    fates |= {name: (members[name], "converted") for name in ("3.avi", "4.MOV", "7.avi")}
    send = {"album": 4, "order": "name"}
    drops: dict[str, bytes | dict[str, bytes]] = {"pages.tar": tar(members)}
    return Scene("pages", drops, fates, send=send)


def _export() -> Scene:
    """An export in two archives: halves of live photos, and versions of which one is sent, lie in both."""
    first = {"IMG_1.jpg": photo(b"1"), "IMG_2.MOV": video(b"clip 2"), "IMG_3.jpg": photo(b"3")}
    first |= {"IMG_5.jpg": photo(b"5, the original"), "4.avi": film(b"4")}
    second = {"IMG_1.MOV": video(b"clip 1"), "IMG_2.jpg": photo(b"2")}
    second |= {"IMG_5-edited.jpg": photo(b"5, edited"), "IMG_3-edited.jpg": photo(b"3, edited")}
    drops: dict[str, bytes | dict[str, bytes]] = {
        f"family/export-00{n}.tar": tar({f"Photos/{name}": data for name, data in members.items()})
        for n, members in enumerate((first, second), 1)
    }
    fates = _all(first | second)
    fates |= {f"IMG_{n}-edited.jpg": (second[f"IMG_{n}-edited.jpg"], "left out") for n in (3, 5)}
    fates |= {f"IMG_{n}.MOV": ((first | second)[f"IMG_{n}.MOV"], "in its photo") for n in (1, 2)}
    fates["4.avi"] = (first["4.avi"], "converted")
    together = ("IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg", "IMG_5.jpg")
    return Scene("export", drops, fates, together=together, send={"edited": "original"})


def _captions() -> Scene:
    """Captions beside the archive, in it, in a folder of it, and of a film that is converted."""
    members = {"1.jpg": photo(b"1"), "2.jpg": photo(b"2"), "3.avi": film(b"3")}
    members["sub/4.jpg"] = photo(b"4")
    texts = {"2.jpg.caption.txt": b"two", "3.avi.caption.txt": b"film", "sub/caption.txt": b"below"}
    fates = _all(members) | _all(texts, "left out")
    fates["3.avi"] = (members["3.avi"], "converted")
    drops: dict[str, bytes | dict[str, bytes]] = {
        "family/trip.tar": tar(members | texts),
        "family/trip.tar.caption.txt": b"all of it",
    }
    captions = {
        "1.jpg": "all of it",
        "2.jpg": "two",
        "3.mp4": "all of it\n\nfilm",
        "4.jpg": "below",
    }
    return Scene("captions", drops, fates, together=("1.jpg", "2.jpg"), captions=captions)


SCENES = {
    scene.name: scene
    for scene in (
        _album(),
        _films(),
        _refusals(),
        _waits(),
        _folder(),
        _singles(),
        _damaged(),
        _hopeless(),
        _beside(),
        _across(),
        _topics(),
        _topics_across(),
        _live(),
        _lifeless(),
        _motion(),
        _gathering(),
        _story(),
        _pages(),
        _captions(),
        _export(),
    )
}
