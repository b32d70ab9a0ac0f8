"""Which streams of a file are the film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.media.compatibility import assess
from telespool.media.convert import convert
from telespool.media.stream_choice import choose, language_of
from telespool.media.streams import ProbedStream
from telespool.runtime.gate import PauseGate
from tests.media.clip_making import AAC, X264, Clip, ffmpeg, source
from tests.media.measure import see

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings

DEFAULT = frozenset({"default"})
FILM = ProbedStream(
    index=0, kind="video", codec="h264", width=640, height=360, frames=250, flags=DEFAULT
)


def sound(index: int, **more: object) -> ProbedStream:
    """A sound track."""
    about: dict[str, object] = {"codec": "aac", "channels": 2, "sample_rate": 48_000, **more}
    return ProbedStream(index=index, kind="audio", **about)  # type: ignore[arg-type]


def cover(index: int) -> ProbedStream:
    """One picture that nobody marked as a cover."""
    return ProbedStream(
        index=index, kind="video", codec="mjpeg", width=900, height=900, flags=DEFAULT
    )


@pytest.mark.parametrize("places", [(0, 1), (1, 0)])
def test_a_cover_is_no_film_wherever_it_stands(places: tuple[int, int]) -> None:
    """The stream with pictures all along the file is the film, whatever the flags say."""
    one, other = places
    film = ProbedStream(index=one, kind="video", codec="h264", width=640, height=360)
    chosen = choose([film, cover(other)], counts={one: 250, other: 1})
    assert chosen.video == film
    assert [each.index for each in chosen.covers] == [other]


def test_a_film_of_stills_is_a_film() -> None:
    """Old cameras film in MJPEG: many pictures make a film."""
    film = ProbedStream(index=0, kind="video", codec="mjpeg", width=640, height=480, frames=300)
    assert choose([film]).video == film


def test_a_short_stream_is_not_the_film() -> None:
    """A stream that is over after a fraction of the file is an insert."""
    insert = ProbedStream(
        index=0, kind="video", codec="h264", width=1920, height=1080, duration=0.5
    )
    film = ProbedStream(index=1, kind="video", codec="h264", width=640, height=360, duration=60.0)
    assert choose([insert, film], whole=60.0, counts={0: 12, 1: 100}).video == film


def test_the_films_own_sound() -> None:
    """A commentary that is marked as the default is not taken; the wanted language is, where it is there."""
    tracks = [
        FILM,
        sound(1, flags=DEFAULT | {"comment"}, language="eng"),
        sound(2, language="eng"),
        sound(3, language="ger"),
        sound(4, language="deu", title="Hörfassung"),
    ]
    assert choose(tracks).audio == tracks[2]
    assert choose(tracks, languages=["de"]).audio == tracks[3]
    assert choose(tracks, languages=["fr"]).audio == tracks[2]


def test_languages() -> None:
    """A language is one, however it is written."""
    assert {language_of(code) for code in ("de", "deu", "ger", "de-AT")} == {"de"}
    assert language_of("und") == ""


def test_left_and_right() -> None:
    """Two tracks of one channel that are alike are left and right; those that differ are two sounds."""
    sides = [sound(1, channels=1), sound(2, channels=1)]
    joined = choose([FILM, *sides]).audio
    assert joined is not None
    assert (joined.channels, joined.joined) == (2, (1, 2))
    turned = [
        sound(1, channels=1, layout="1 channels (FR)"),
        sound(2, channels=1, layout="1 channels (FL)"),
    ]
    joined = choose([FILM, *turned]).audio
    assert joined is not None
    assert joined.joined == (2, 1)
    for others in (
        [sound(1, channels=1, language="eng"), sound(2, channels=1, language="fra")],
        [sound(1, channels=1), sound(2, channels=1, flags=frozenset({"comment"}))],
        [sound(1, channels=1, title="Game"), sound(2, channels=1, title="Microphone")],
    ):
        alone = choose([FILM, *others]).audio
        assert alone is not None
        assert alone.joined == ()


@pytest.mark.media
async def test_the_film_is_sent_and_not_its_cover(
    tmp_path: Path, settings: ConvertSettings
) -> None:
    """An unmarked cover in front of the film is left out, and the outcome says so."""
    film, both = tmp_path / "film.mp4", tmp_path / "both.mkv"
    picture = tmp_path / "cover.jpg"
    ffmpeg(*source(Clip("", "")), *X264.split(), *AAC.split(), film)
    ffmpeg("-f", "lavfi", "-i", "color=red:s=300x300", "-frames:v", "1", picture)
    flags = "-disposition:v:0 default -disposition:v:1 default"
    ffmpeg(
        "-i", picture, "-i", film, *["-map", "0", "-map", "1", "-c", "copy"], *flags.split(), both
    )
    outcome = await convert(
        both, tmp_path / "out.mp4", settings=settings, state=tmp_path / "state", gate=PauseGate()
    )
    assert (outcome.rung, outcome.left_behind) == ("remux", ("the cover picture is left out",))
    assert len(see(tmp_path / "out.mp4").times) == 100


@pytest.mark.media
async def test_what_is_left_behind_is_named(tmp_path: Path, settings: ConvertSettings) -> None:
    """A second sound that stays behind is named before anything is converted."""
    film = tmp_path / "film.mkv"
    marks = "-metadata:s:a:1 title=Commentary -metadata:s:a:1 language=fra"
    maps = "-map 0 -map 1 -map 1"
    ffmpeg(
        *source(Clip("", "", audio="s=44100:c=stereo")),
        *f"{maps} {X264} {AAC} {marks}".split(),
        film,
    )
    (named,) = (await assess(film, settings)).left_behind
    assert named == "the 2nd sound track (fr, commentary or description) is left out"


@pytest.mark.media
async def test_a_song_with_a_still_lasts_as_long_as_the_song(
    tmp_path: Path, settings: ConvertSettings
) -> None:
    """The length of a film is that of all that is seen or heard, also where its header says nothing."""
    song = tmp_path / "song.mp4"
    ffmpeg(
        *["-f", "lavfi", "-i", "color=red:s=320x320:r=25:d=0.04", "-f", "lavfi", "-i", "sine=d=8"],
        *f"{X264} {AAC} -movflags +faststart".split(),
        song,
    )
    frame = (await assess(song, settings)).frame
    assert frame is not None
    assert frame.duration == pytest.approx(8, abs=0.1)
    data = bytearray(song.read_bytes())
    for box, at in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        place = -1
        while (place := data.find(box, place + 1)) >= 0:
            data[place + at : place + at + 4] = bytes(4)
    song.write_bytes(data)
    frame = (await assess(song, settings)).frame
    assert frame is not None
    assert frame.duration == pytest.approx(8, abs=0.1)


@pytest.mark.media
async def test_a_file_is_asked_once(
    tmp_path: Path, settings: ConvertSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ffprobe said of a file is known wherever the file is moved; other bytes are asked anew."""
    from telespool.media import probe  # noqa: PLC0415 - its functions are counted here

    asked = []
    ask = probe._ask_enough

    async def count(path: Path, settings: ConvertSettings) -> probe.Probe:
        asked.append(path)
        return await ask(path, settings)

    monkeypatch.setattr(probe, "_ask_enough", count)
    film, moved = tmp_path / "film.mp4", tmp_path / "moved.mp4"
    ffmpeg(*source(Clip("", "")), *X264.split(), *AAC.split(), film)
    await assess(film, settings)
    film.rename(moved)
    await assess(moved, settings)
    assert len(asked) == 1
    moved.write_bytes(moved.read_bytes() + b"\0\0\0\x08free")
    await assess(moved, settings)
    assert len(asked) == 2
