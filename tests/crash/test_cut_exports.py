"""However an export is cut into archives, the chat shows the same as if it were one."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from tests.crash.media import film, gif, photo, video
from tests.crash.scenes import Scene, tar
from tests.crash.stage import Play

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

CUTS = 6


def _files() -> dict[str, bytes]:
    """Live photos, versions, a raw, notes, and what is converted, sent alone or has nobody beside it."""
    files = {f"IMG_{n}.jpg": photo(b"%d" % n) for n in range(1, 7)}
    files |= {f"IMG_{n}.MOV": video(b"clip %d" % n) for n in (1, 5)}
    files |= {"IMG_2.MOV": film(b"clip 2"), "IMG_4.CR2": b"II*\0raw", "IMG_4.jpg.json": b"{}"}
    files |= {"IMG_3-edited.jpg": photo(b"3, edited"), "IMG_E6.jpg": photo(b"6, edited")}
    files |= {"a.avi": film(b"a"), "IMG_5b.avi": film(b"5b")}
    return files | {"b.mp4": video(b"b"), "c.gif": gif(b"c")}


def _shown(
    place: Path, archives: Iterable[Mapping[str, bytes]], send: dict[str, Any]
) -> list[list[tuple[str, bool]]]:
    """What the chat shows of these archives, album by album: names, and whether they are live photos."""
    drops = {
        f"family/x-{n:03d}.tar": tar({f"Photos/{name}": data for name, data in files.items()})
        for n, files in enumerate(archives, 1)
    }
    play = Play(Scene("cut", drops, send=send), place)  # type: ignore[arg-type]
    play.run()
    assert play.machine.working() == []
    albums = defaultdict(list)
    for message in play.machine.chat.messages:
        albums[message.album or message.number].append((message.name, message.clip is not None))
    return list(albums.values())


@pytest.mark.usefixtures("converting")
def test_cut_anywhere(place: Path) -> None:
    """By name the very same albums; by kind the same photos, live photos, films and versions."""
    chance = random.Random(1)
    for cut in range(CUTS):
        send = {
            "order": ("kind", "name")[cut % 2],
            "edited": chance.choice(["both", "edited", "original"]),
            "live_photos": chance.choice(["live", "live", "both", "still"]),
            "album": chance.choice([3, 10]),
        }
        archives: list[dict[str, bytes]] = [{} for _ in range(chance.choice([2, 3]))]
        for name, data in _files().items():
            chance.choice(archives)[name] = data

        whole = _shown(place, [_files()], send)
        parts = _shown(place, filter(None, archives), send)

        if send["order"] == "name":
            assert parts == whole, (send, archives)
        else:
            assert sorted(chain(*parts)) == sorted(chain(*whole)), (send, archives)
