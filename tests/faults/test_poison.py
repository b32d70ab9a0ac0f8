"""Files that kill the process each time it touches them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from telespool.errors import ChildDied
from tests.crash import media
from tests.crash.chat import Chat
from tests.crash.disks import Death, DyingDisk
from tests.crash.media import film, photo, video
from tests.crash.scenes import Scene, tar
from tests.crash.stage import Play

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.destinations.base import Uploaded
    from telespool.model import Item

KILLER = b"KILLER"
LIVES = 30


class KillingChat(Chat):
    """The process dies when it brings a killer there."""

    async def stage(self, chat: str, item: Item, progress: Any = None) -> Uploaded:
        """Die of it, or not."""
        if KILLER in item.path.read_bytes():
            raise Death
        return await super().stage(chat, item, progress)


def play_with(place: Path, drops: dict[str, bytes | dict[str, bytes]]) -> Play:
    """A machine with these drops."""
    play = Play(Scene("poison", drops), place)
    play.machine.chat = KillingChat(DyingDisk())
    return play


def lives(play: Play) -> int:
    """Live until an end without death; how often the process died before."""
    for deaths in range(LIVES):
        if play.machine.live(DyingDisk()):
            return deaths
    pytest.fail(f"it died {LIVES} times: {play.machine.tree()}")


def quarantined(play: Play) -> list[str]:
    """What lies in quarantine, notes aside."""
    found = (play.machine.root / "quarantine").glob("*/*")
    return sorted(path.name for path in found if not path.name.endswith(".txt"))


@pytest.mark.usefixtures("converting")
def test_a_killer_is_quarantined_after_four_deaths(place: Path) -> None:
    """A video that kills the process each time is set apart after four deaths of its turn, and says so."""
    play = play_with(place, {"a.mp4": video(KILLER), "b.mp4": video(b"b"), "c.jpg": photo(b"c")})

    assert lives(play) in {4, 5}  # it may have died while it was brought ahead, once
    assert quarantined(play) == ["0001_a.mp4"]
    note = next((play.machine.root / "quarantine").glob("*/*.txt")).read_text()
    assert "died 4 times" in note
    assert len(play.machine.chat.messages) == 2
    assert play.machine.working() == []


@pytest.mark.usefixtures("converting")
def test_of_an_album_with_a_killer_nine_are_delivered(place: Path) -> None:
    """One of ten photos kills the process: the nine others arrive, each once."""
    members = {f"{n}.jpg": photo(KILLER if n == 4 else str(n).encode()) for n in range(1, 11)}
    play = play_with(place, {"album.tar": tar(members)})

    assert lives(play) in {4, 5}
    assert quarantined(play) == ["0004_4.jpg"]
    assert len({message.data for message in play.machine.chat.messages}) == 9
    assert len(play.machine.chat.messages) == 9
    assert play.machine.working() == []


def test_a_killer_in_an_archive_spares_what_is_sent_meanwhile(
    place: Path, monkeypatch: pytest.MonkeyPatch, converting: media.Converting
) -> None:
    """An archive that kills while other files are on their way: it is quarantined, they arrive."""

    async def judge(path: Path, *rest: Any, **more: Any) -> Any:
        if KILLER in path.read_bytes():
            raise Death
        return await media.assess(path, *rest, **more)

    monkeypatch.setattr("telespool.pipeline.unpack.assessed_member.assess", judge)
    drops: dict[str, bytes | dict[str, bytes]] = {
        f"{n}.jpg": photo(str(n).encode()) for n in range(6)
    }
    play = play_with(place, drops | {"bad.tar": tar({"x.jpg": photo(KILLER)})})

    assert lives(play) <= 8
    assert quarantined(play) == ["0000_bad.tar"]
    assert len(play.machine.chat.messages) == 6
    assert converting.made == []


def test_a_killer_in_conversion_is_quarantined_after_four_deaths(
    place: Path, monkeypatch: pytest.MonkeyPatch, converting: media.Converting
) -> None:
    """A film over which the process dies without getting further is set apart, the next one converted."""

    async def convert(source: Path, *rest: Any, **more: Any) -> Any:
        if KILLER in source.read_bytes():
            raise Death
        return await converting.convert(source, *rest, **more)

    monkeypatch.setattr("telespool.pipeline.convert.copy_maker.convert", convert)
    play = play_with(place, {"a.avi": film(KILLER), "b.avi": film(b"b")})

    assert lives(play) == 4
    assert quarantined(play) == ["0001_a.avi"]
    assert len(play.machine.chat.messages) == 1


def test_a_film_over_which_ffmpeg_is_killed_is_quarantined_after_four_times(
    place: Path, monkeypatch: pytest.MonkeyPatch, converting: media.Converting
) -> None:
    """An ffmpeg that is killed from outside is no failed try: it counts like a death, and four are the end."""
    tries = 0

    async def convert(source: Path, *rest: Any, **more: Any) -> Any:
        nonlocal tries
        if KILLER in source.read_bytes():
            tries += 1
            raise ChildDied("The program ffmpeg was killed from outside.")
        return await converting.convert(source, *rest, **more)

    monkeypatch.setattr("telespool.pipeline.convert.copy_maker.convert", convert)
    play = play_with(place, {"a.avi": film(KILLER), "b.avi": film(b"b")})

    def a_minute_later() -> bool:
        play.machine.now += 61
        return tries < 4

    play.machine.after_round = a_minute_later
    assert lives(play) == 0
    assert tries == 4
    assert quarantined(play) == ["0001_a.avi"]
    note = next((play.machine.root / "quarantine").glob("*/*.txt")).read_text()
    assert "happened 4 times with a.avi" in note
    assert len(play.machine.chat.messages) == 1


def test_deaths_during_a_conversion_that_gets_further_are_no_poison(
    place: Path, monkeypatch: pytest.MonkeyPatch, converting: media.Converting
) -> None:
    """Ten deaths, each after another segment was finished: the film is converted all the same."""
    monkeypatch.setattr(media, "SEGMENTS", 10)

    async def convert(*rest: Any, **more: Any) -> Any:
        before = len(converting.made)

        def die_of(state: Any) -> None:
            more_progress(state)
            if len(converting.made) > before:
                raise Death

        more_progress, more["progress"] = more["progress"], die_of
        return await converting.convert(*rest, **more)

    monkeypatch.setattr("telespool.pipeline.convert.copy_maker.convert", convert)
    play = play_with(place, {"a.avi": film(b"a long film, in ten segments")})

    assert lives(play) == 10
    assert quarantined(play) == []
    assert len(play.machine.chat.messages) == 1
    assert len(converting.made) == 10


def test_deaths_during_an_unpacking_that_gets_further_are_no_poison(
    place: Path, monkeypatch: pytest.MonkeyPatch, converting: media.Converting
) -> None:
    """The process dies after each unit that came out of an archive: all are sent, nothing is quarantined."""
    from telespool.spool import attempts  # noqa: PLC0415 - only a function of it is replaced here

    advance = attempts.advance

    def and_die(spool: Any, entry: Any) -> None:
        advance(spool, entry)
        if entry.folder == "incoming":
            raise Death

    monkeypatch.setattr(attempts, "advance", and_die)
    members = {f"{n}.avi": film(str(n).encode()) for n in range(7)}
    play = play_with(place, {"films.tar": tar(members)})

    assert lives(play) >= 7
    assert quarantined(play) == []
    assert len(play.machine.chat.messages) == 7
    assert len(converting.made) == 7 * media.SEGMENTS
