"""From an odd video to one that plays everywhere."""

from __future__ import annotations

import io
import itertools
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from telespool.errors import Permanent
from telespool.media.compatibility import assess
from telespool.media.thumbnail import thumbnail
from tests.media.clips import CLIPS
from tests.media.converting import run
from tests.media.measure import see
from tests.media.odd import compare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telespool.config.schema import ConvertSettings

pytestmark = pytest.mark.media

# One of each trouble; `scripts/odd-videos` converts all of them.
TROUBLES = [
    "h264.ts",
    "breaks-off.mp4",
    "cut-by-edit-list.mov",
    "aac-7.1.mp4",
    "late-sound.mkv",
    "late-sound.ts",
    "bursts.mkv",
    "h264-with-b.avi",
    "high-444.mp4",
    "interlaced.ts",
    "turned-90.avi.mp4",
    "varying.mkv",
    "one-frame.mkv",
    "joined.ts",
    "joined.flv",
    "begins-midway.ts",
]


@pytest.mark.parametrize("name", TROUBLES)
async def test_troubles(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings, name: str
) -> None:
    """The result plays as it is, with the frames of its source at their times, upright, in step."""
    about, source, result = CLIPS[name], clip(name), tmp_path / "out.mp4"
    outcome = await run(source, tmp_path, settings)
    assert outcome.rung == about.verdict
    assert (await assess(result, settings)).action == "send"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4", "state"]
    assert not list((tmp_path / "state").iterdir())

    told, wrong = compare(about, source, result)
    assert not wrong, told


async def test_subtitles_that_outlast_the_film_are_no_damage(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """Nothing is said to be missing where only a subtitle lasts longer."""
    outcome = await run(clip("long-subtitles.mkv"), tmp_path, settings)
    assert (outcome.rung, outcome.notes) == ("remux", ())


async def test_sound_that_changes_its_rate_midway_keeps_its_pitch(
    tmp_path: Path, settings: ConvertSettings
) -> None:
    """A broadcast goes from 48 to 44.1 kHz: copied, all that follows would be heard 9 % too high."""
    source, parts = tmp_path / "change.ts", []
    for rate, at in ((48000, 0), (44100, 2)):
        part = tmp_path / f"{rate}.ts"
        making = f"-v error -f lavfi -i testsrc2=s=64x48:r=25:d=2 -f lavfi -i sine=880:r={rate}:d=2"
        making += (
            f" -c:v libx264 -preset ultrafast -g 25 -c:a aac -ar {rate} -output_ts_offset {at}"
        )
        subprocess.run(
            ["ffmpeg", *making.split(), "-muxdelay", "0", "-muxpreload", "0", part], check=True
        )
        parts.append(part.read_bytes())
    source.write_bytes(b"".join(parts))
    assert (await assess(source, settings)).action == "remux"
    await run(source, tmp_path, settings)
    heard = [
        "ffmpeg",
        "-v",
        "error",
        "-ss",
        "2.5",
        "-t",
        "1",
        "-i",
        "out.mp4",
        "-map",
        "0:a",
        "-f",
        "s16le",
        "-ac",
        "1",
        "-ar",
        "8000",
        "-",
    ]
    said = subprocess.run(heard, cwd=tmp_path, capture_output=True, check=True).stdout
    wave = memoryview(said).cast("h")
    crossings = sum((one < 0) != (two < 0) for one, two in itertools.pairwise(wave))
    assert crossings / 2 / (len(wave) / 8000) == pytest.approx(880, rel=0.02)


async def test_times_of_decoding_are_not_copied(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """Frames that carry the times of their decoding would be shown to and fro: they are encoded."""
    outcome = await run(clip("times-of-decoding.mp4"), tmp_path, settings)
    assert outcome.rung == "encode"
    times = see(tmp_path / "out.mp4").times
    assert times == sorted(times)


async def test_the_last_frame_is_shown_as_long_as_the_others(
    tmp_path: Path, settings: ConvertSettings
) -> None:
    """Of a film that begins a little late the last frame is not cut short, and the rate is the source's."""
    source = tmp_path / "slow.mkv"
    making: list[str | Path] = [
        *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25/2:d=2"),
        *("-f", "lavfi", "-i", "sine=d=2", "-c:v", "mpeg4", "-c:a", "aac", source),
    ]
    subprocess.run(making, check=True)
    await run(source, tmp_path, settings)
    asking = "ffprobe -v error -select_streams v -of csv=p=0 -show_entries"
    done = subprocess.run(
        [*asking.split(), "stream=avg_frame_rate,duration,nb_frames", tmp_path / "out.mp4"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "25/2,2.000000,25"


async def test_what_is_missing_is_said(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """A recording that breaks off is converted as far as it goes, and the notes say how far that is."""
    outcome = await run(clip("breaks-off.mp4"), tmp_path, settings)
    assert any("it breaks off: 76 of 100 frames" in note for note in outcome.notes)


async def test_what_plays_is_copied(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """A video that plays as it is becomes a copy of itself, byte for byte."""
    outcome = await run(clip("plain.mp4"), tmp_path, settings)
    assert outcome.rung == "send"
    assert (tmp_path / "out.mp4").read_bytes() == clip("plain.mp4").read_bytes()


@pytest.mark.parametrize(
    "how",
    [
        "bframes=3:b-pyramid=normal",
        "bframes=8:b-pyramid=strict:open-gop=1:keyint=25",
        "direct=temporal:open-gop=1:keyint=20:ref=6",
        "intra-refresh=1:keyint=25",
    ],
)
async def test_frames_that_rest_on_others_are_copied(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings, how: str
) -> None:
    """Open groups and the like, as broadcasts and camcorders make them, are no damage: what may be copied is."""
    source = tmp_path / "source.mkv"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-nostdin", "-i", clip("mpeg4.avi"), "-c:v", "libx264"),
            *("-pix_fmt", "yuv420p", "-x264-params", how, "-c:a", "aac", source),
        ],
        check=True,
    )
    outcome = await run(source, tmp_path, settings)
    assert (outcome.rung, outcome.notes) == ("remux", ())


async def test_refused_although_it_plays(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """What Telegram refuses is encoded anew although nothing was wrong with it."""
    outcome = await run(clip("plain.mp4"), tmp_path, settings, at_least="encode")
    assert outcome.rung == "encode"
    assert (tmp_path / "out.mp4").read_bytes() != clip("plain.mp4").read_bytes()


@pytest.mark.parametrize("name", ["no-index.mp4", "playlist.mp4", "protected.mp4", "notes.txt"])
async def test_refused(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings, name: str
) -> None:
    """What cannot or should not be opened is refused with a sentence and leaves nothing behind."""
    with pytest.raises(Permanent):
        await run(clip(name), tmp_path, settings)
    assert not (tmp_path / "out.mp4").exists()


async def test_no_frame_at_all(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """A video of which not one frame can be decoded is refused with ffmpeg's last words or our own."""
    source = tmp_path / "hollow.avi"
    data = bytearray(clip("mpeg4.avi").read_bytes())
    begin = data.index(b"movi") + 4
    data[begin + 64 :] = bytes(len(data) - begin - 64)
    source.write_bytes(data)
    with pytest.raises(Permanent, match=r"hollow\.avi"):
        await run(source, tmp_path, settings)


async def test_a_copy_that_does_not_verify_is_encoded(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """Damage inside H.264 does not survive as a copy: the next rungs are climbed, and the notes say why."""
    source = tmp_path / "hole.mkv"
    data = bytearray(clip("h264.mkv").read_bytes())
    at = int(len(data) * 0.9)
    data[at : at + 300] = bytes(300)
    source.write_bytes(data)
    outcome = await run(source, tmp_path, settings)
    assert outcome.rung == "encode"
    assert any(note.startswith("remux would not do") for note in outcome.notes)


async def test_names_are_never_options(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """Names with signs that mean something to ffmpeg are names."""
    folder = tmp_path / "concat:a|b %03d 'x'"
    folder.mkdir()
    source = folder / "-i %d:[x]'$(id)\n.avi"
    shutil.copyfile(clip("mpeg4.avi"), source)
    await run(source, folder, settings)
    assert (await assess(folder / "out.mp4", settings)).action == "send"


async def test_thumbnail(clip: Callable[[str], Path], settings: ConvertSettings) -> None:
    """A thumbnail is a small upright JPEG of the shape of the video."""
    verdict = await assess(clip("turned-90.mp4"), settings)
    assert verdict.frame is not None
    data = await thumbnail(clip("turned-90.mp4"), verdict.frame, settings)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (120, 160))
    assert len(data) < 200_000
