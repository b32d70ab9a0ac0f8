"""What a source lacks is said, and nothing else is; what is there is converted."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from telespool.media.compatibility import assess
from telespool.media.convert import convert
from telespool.media.probe import probe_decoding
from telespool.runtime.gate import PauseGate
from tests.media.clip_making import AAC, X264, ffmpeg
from tests.media.measure import see

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telespool.config.schema import ConvertSettings
    from telespool.media.convert import Outcome

pytestmark = pytest.mark.media

_PICTURE = "-f lavfi -i testsrc2=s=160x120:r=25:d={length} -f lavfi -i sine=d={length}"


async def run(source: Path, folder: Path, settings: ConvertSettings) -> Outcome:
    """Convert into `folder`/out.mp4."""
    return await convert(
        source, folder / "out.mp4", settings=settings, state=folder / "state", gate=PauseGate()
    )


@pytest.mark.parametrize("hole", [0.5, 1.3, 3.0, 6.0])
async def test_a_hole_in_a_broadcast(
    tmp_path: Path, settings: ConvertSettings, hole: float
) -> None:
    """A recording with a hole of any length is converted with nearly all frames that are there."""
    whole, source = tmp_path / "whole.ts", tmp_path / "hole.ts"
    making = "-c:v mpeg2video -bf 2 -g 12 -b:v 400k -c:a mp2"
    ffmpeg(*_PICTURE.format(length=9).split(), *making.split(), whole)
    data = whole.read_bytes()
    packets = len(data) // 188
    begin, end = int(packets * 2 / 9) * 188, int(packets * (2 + hole) / 9) * 188
    source.write_bytes(data[:begin] + data[end:])
    await run(source, tmp_path, settings)
    assert len(see(tmp_path / "out.mp4").times) > (9 - hole) * 25 - 12


@pytest.mark.parametrize("rate", ["25", "30", "60"])
async def test_a_whole_avi_is_not_called_broken_off(
    tmp_path: Path, settings: ConvertSettings, rate: str
) -> None:
    """An AVI counts empty frames as well; a film that has some is whole."""
    source = tmp_path / "film.avi"
    ffmpeg(*_PICTURE.format(length=4).split(), *f"{X264} {AAC} -r {rate}".split(), source)
    assert (await run(source, tmp_path, settings)).left_behind == ()


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("mp4", f"{X264} {AAC} -movflags +faststart"),
        ("mkv", f"{X264} {AAC}"),
        ("avi", "-c:v mpeg4 -c:a mp3"),
        ("flv", f"{X264} {AAC} -flvflags add_keyframe_index"),
    ],
)
async def test_what_breaks_off_is_said(
    tmp_path: Path, settings: ConvertSettings, ending: str, options: str
) -> None:
    """Of a film that breaks off what is there is converted, and the outcome says that the rest is missing."""
    whole, source = tmp_path / f"whole.{ending}", tmp_path / f"film.{ending}"
    ffmpeg(*_PICTURE.format(length=6).split(), *options.split(), whole)
    data = whole.read_bytes()
    source.write_bytes(data[: len(data) * 6 // 10])
    (said,) = (await run(source, tmp_path, settings)).left_behind
    assert said.startswith("it breaks off: ")


@pytest.mark.parametrize(
    "codec", [X264, "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1"]
)
async def test_a_hole_of_zeros_is_said(
    tmp_path: Path, settings: ConvertSettings, codec: str
) -> None:
    """Of an MP4 whose download did not end it is said how much is missing; one without any picture is refused."""
    film = tmp_path / "film.mp4"
    ffmpeg(*_PICTURE.format(length=6).split(), *f"{codec} {AAC} -movflags +faststart".split(), film)
    assert (await assess(film, settings)).left_behind == ()
    whole = film.read_bytes()
    begin = whole.index(b"mdat") + 4
    third = (len(whole) - begin) // 3
    film.write_bytes(whole[: begin + third] + bytes(third) + whole[begin + 2 * third :])
    (said,) = (await assess(film, settings)).left_behind
    missing = float(said.split()[1])
    assert 1.0 < missing < 3.0, said
    assert "of its 6.0 seconds are missing" in said
    assert any("are missing" in each for each in (await run(film, tmp_path, settings)).left_behind)
    film.write_bytes(whole[:begin] + bytes(len(whole) - begin))
    nothing = await assess(film, settings)
    assert nothing.action == "refuse"
    assert "holds only zeros" in nothing.reasons[0]


async def test_the_level_follows_the_true_rate(tmp_path: Path, settings: ConvertSettings) -> None:
    """Where frames come at uneven times the finest step between two of them is not taken for the rate."""
    source = tmp_path / "phone.mp4"
    times = "settb=1/90000,setpts='N*3000+if(gt(N,15),(N-15)*740,0)+if(eq(mod(N,7),3),67,0)'"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=1", "-vf", times, "-fps_mode", "vfr"),
        *["-enc_time_base", "1/90000", "-c:v", "libx265", "-preset", "ultrafast"],
        *["-x265-params", "log-level=none", "-video_track_timescale", "90000"],
        source,
    )
    await run(source, tmp_path, settings)
    probe = (await assess(tmp_path / "out.mp4", settings)).probe
    assert probe is not None
    assert probe.video is not None
    assert probe.video.level <= 31


async def test_a_size_that_changes_midway_is_encoded(
    tmp_path: Path, settings: ConvertSettings, clip: Callable[[str], Path]
) -> None:
    """One film has one size: what changes it midway is neither copied nor sent as it is."""
    parts = []
    for place, size in enumerate(("160x120", "320x180")):
        parts.append(tmp_path / f"{size}.ts")
        picture = f"-f lavfi -i testsrc2=s={size}:r=25:d=2"
        ffmpeg(
            *picture.split(), *f"{X264} -output_ts_offset {2 * place} -f mpegts".split(), parts[-1]
        )
    source, copied = tmp_path / "call.ts", tmp_path / "copied.mp4"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    outcome = await run(source, tmp_path, settings)
    assert outcome.rung == "encode"
    assert len(see(tmp_path / "out.mp4").times) >= 98
    ffmpeg("-i", source, "-c", "copy", "-movflags", "+faststart", copied)
    assert (await assess(copied, settings)).action == "encode"
    assert (await assess(clip("plain.mp4"), settings)).action == "send"


@pytest.mark.parametrize("stream", ["v:0", "a:0"])
async def test_damage_in_a_short_result_is_seen(
    tmp_path: Path, settings: ConvertSettings, stream: str
) -> None:
    """What was encoded in one go is decoded before it is believed, picture and sound."""
    whole, broken = tmp_path / "whole.mp4", tmp_path / "broken.mp4"
    ffmpeg(*_PICTURE.format(length=2).split(), *f"{X264} {AAC} -movflags +faststart".split(), whole)
    assert await probe_decoding(whole, settings) == ()
    asked = f"ffprobe -v error -select_streams {stream} -show_entries packet=pos,size -of csv=p=0"
    said = subprocess.run([*asked.split(), whole], capture_output=True, check=True, text=True)
    size, place = map(int, said.stdout.split()[0].split(",")[:2])
    data = bytearray(whole.read_bytes())
    data[place + size // 4 : place + size] = b"\xff" * (size - size // 4)
    broken.write_bytes(data)
    assert await probe_decoding(broken, settings) != ()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 1.0])
async def test_a_gif_that_was_cut_off(
    tmp_path: Path, settings: ConvertSettings, share: float
) -> None:
    """It is sent, and said to break off; one that lacks only its mark is whole, and so is one with more behind that."""
    source = tmp_path / "a.gif"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x120:r=5:d=2", source)
    data = source.read_bytes()
    source.write_bytes(data[: int(len(data) * share)])
    said = (await assess(source, settings)).left_behind
    assert said == (() if share == 1 else ("it breaks off: its last picture is cut short",))
    for whole in (data[:-1], data + b"and more"):
        source.write_bytes(whole)
        assert (await assess(source, settings)).left_behind == ()
