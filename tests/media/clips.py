"""Odd videos by name, made by ffmpeg in a fraction of a second each.

Every clip shows ffmpeg's test picture and hums softly; at second `FLASH` the picture turns white and a loud tone
begins, both for `FLASH_LENGTH`: so anybody can measure whether picture and sound are in step. `CLIPS` says of each
what the verdict must be; `make` gives the file.
"""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.material import new

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LENGTH = 4.0
FLASH = 2.0
FLASH_LENGTH = 0.4

_PYRAMIDS = "-c:v libx264 -preset medium -pix_fmt yuv420p -bf 8 -b_strategy 2"
_OPEN = "open-gop=1:keyint=25:b-pyramid=strict"
X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -g 25"
AAC = "-c:a aac -b:a 64k"
FAST = "-movflags +faststart"


@dataclass(frozen=True, slots=True)
class Clip:
    """One odd video.

    `verdict` is what `judge` must say. The file is made by `options` of ffmpeg behind the two inputs, or by
    `build`. `flashes` tells whether flash and tone can be looked for in it, `sound_behind` by how many seconds the
    tone is later than the flash; `frames` whether all of its frames can
    be decoded and counted on; `same_picture` whether the result looks like the source; `suffices` whether what the verdict
    says is enough.
    """

    name: str
    verdict: str
    options: str = ""
    size: str = "160x120"
    rate: str = "25"
    audio: str = "s=44100"
    build: Callable[[Path], None] | None = None
    flashes: bool = True
    sound_behind: float = 0.0
    frames: bool = True
    same_picture: bool = True
    straight: bool = True
    suffices: bool = True


def source(clip: Clip) -> list[str]:
    """The two inputs of a clip: picture and sound."""
    flash = f"between(t,{FLASH},{FLASH + FLASH_LENGTH})"
    picture = (
        f"testsrc2=s={clip.size}:r={clip.rate}:d={LENGTH},"
        f"drawbox=enable='{flash}':color=white:t=fill"
    )
    tone = f"0.6*sin(2*PI*880*t)*{flash}+0.01*sin(2*PI*220*t)"
    layout = clip.audio.partition(":c=")[2]
    channels = {"": 1, "stereo": 2, "5.1": 6, "7.1": 8, "mono": 1}.get(layout, 1)
    sound = f"aevalsrc='{'|'.join([tone] * channels)}':d={LENGTH}:{clip.audio}"
    return ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]


def ffmpeg(*words: object) -> None:
    """Run ffmpeg; its complaint is the error."""
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, words)],
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise AssertionError(f"{shlex.join(map(str, words))}: {done.stderr[-600:]}")


def make(name: str, folder: Path) -> Path:
    """The file of the clip of this name, made in `folder` unless it is there."""
    return made(CLIPS[name], folder)


def made(clip: Clip, folder: Path) -> Path:
    """The file of this clip, made in `folder` unless it is there."""
    path = folder / clip.name
    with new(path) as making:
        if making is not None:
            if clip.build is not None:
                clip.build(making)
            else:
                ffmpeg(*source(clip), *shlex.split(clip.options), making)
    return path


def _from(options: str, then: str, suffix: str) -> Callable[[Path], None]:
    """A clip made in two steps: encoded as a `suffix`, then copied with other options."""

    def build(path: Path) -> None:
        first = path.with_name(f"first-{path.name}{suffix}")
        ffmpeg(*source(Clip("", "")), *shlex.split(options), first)
        ffmpeg(*(first if word == "IN" else word for word in shlex.split(then)), path)
        first.unlink()

    return build


def _cut(options: str, keep: float, suffix: str) -> Callable[[Path], None]:
    """A clip of which only the first part is there."""

    def build(path: Path) -> None:
        whole = path.with_name(f"whole-{path.name}{suffix}")
        ffmpeg(*source(Clip("", "")), *shlex.split(options), whole)
        data = whole.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])
        whole.unlink()

    return build


def _joined(options: str, suffix: str, skip: int = 0) -> Callable[[Path], None]:
    """The same recording twice behind each other, byte for byte: its clock begins anew in the midst."""

    def build(path: Path) -> None:
        half = path.with_name(f"half-{path.name}{suffix}")
        ffmpeg(*source(Clip("", "")), *shlex.split(options), half)
        data = half.read_bytes()
        path.write_bytes(data + data[skip:])
        half.unlink()

    return build


def _damaged(options: str, suffix: str) -> Callable[[Path], None]:
    """A clip with a hole of zeros in the midst."""

    def build(path: Path) -> None:
        whole = path.with_name(f"whole-{path.name}{suffix}")
        ffmpeg(*source(Clip("", "")), *shlex.split(options), whole)
        data = bytearray(whole.read_bytes())
        at = int(len(data) * 0.45)
        data[at : at + 1500] = bytes(1500)
        path.write_bytes(data)
        whole.unlink()

    return build


def _with(extra: str, options: str) -> Callable[[Path], None]:
    """A clip with a further input: its text is written into a file EXTRA first."""

    def build(path: Path) -> None:
        text = path.with_name(f"extra-{path.name}.txt")
        text.write_text(extra)
        words = [str(text) if word == "EXTRA" else word for word in shlex.split(options)]
        ffmpeg(*source(Clip("", "")), *words, path)
        text.unlink()

    return build


def _bytes(data: bytes) -> Callable[[Path], None]:
    def build(path: Path) -> None:
        path.write_bytes(data)

    return build


def _cover(options: str, *, audio_only: bool = False) -> Callable[[Path], None]:
    def build(path: Path) -> None:
        cover = path.with_name(f"cover-{path.name}.png")
        ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1", cover)
        maps = ["-map", "1:a"] if audio_only else ["-map", "0:v", "-map", "1:a"]
        number = "0" if audio_only else "1"
        ffmpeg(
            *source(Clip("", "")),
            *("-i", cover, *maps, "-map", "2:v", *shlex.split(options)),
            *(f"-c:v:{number}", "png", f"-disposition:v:{number}", "attached_pic", path),
        )
        cover.unlink()

    return build


def _late(
    options: str, then: str, suffix: str, *, picture: float, sound: float
) -> Callable[[Path], None]:
    """A clip whose picture and sound begin at these seconds."""
    return _from(
        options,
        f"-itsoffset {picture} -i IN -itsoffset {sound} -i IN -map 0:v -map 1:a {then}",
        suffix,
    )


def _without(box: bytes, options: str) -> Callable[[Path], None]:
    """An MP4 one of whose boxes is there, and means nothing; of its data, nothing is there at all."""

    def build(path: Path) -> None:
        ffmpeg(*source(Clip("", "")), *shlex.split(options), "-f", "mp4", path)
        data = path.read_bytes()
        at = data.index(box)
        path.write_bytes(data[: at - 4] if box == b"mdat" else data[:at] + b"free" + data[at + 4 :])

    return build


def _sizes_change(path: Path) -> None:
    parts = []
    for size in ("160x120", "120x160"):
        part = path.with_name(f"part-{size}-{path.name}.ts")
        ffmpeg(*source(Clip("", "", size=size)), "-c:v", "mpeg2video", "-c:a", "mp2", part)
        parts.append(part)
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()


def _varying(options: str) -> Callable[[Path], None]:
    """Frames at uneven times, as screen recorders and phones make them."""

    def build(path: Path) -> None:
        ffmpeg(
            *source(Clip("", "")),
            *("-vf", "select='not(mod(n,7))+not(mod(n,3))+between(t,1,2.5)'"),
            *("-fps_mode", "vfr", "-enc_time_base", "1:1000", *shlex.split(options), path),
        )

    return build


_SRT = "1\n00:00:00,500 --> 00:00:01,500\nHello\n"
_CHAPTERS = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=2\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1\nSTART=2\nEND=4\ntitle=Two\n"
_HDR = "-color_primaries bt2020 -colorspace bt2020nc -x265-params log-level=error:colorprim=bt2020:colormatrix=bt2020nc"
_X265 = "-c:v libx265 -preset ultrafast -x265-params log-level=error"

_ALL = [
    # what plays as it is
    Clip("plain.mp4", "send", f"{X264} {AAC} {FAST}"),
    Clip("silent.mp4", "send", f"-map 0:v {X264} {FAST}", flashes=False),
    Clip("mp3.mp4", "send", f"{X264} -c:a mp3 {FAST}"),
    Clip("full-range.mp4", "send", f"{X264} -pix_fmt yuvj420p {AAC} {FAST}"),
    Clip("varying.mp4", "send", build=_varying(f"{X264} {AAC} {FAST} -f mp4")),
    Clip("wrong-name.avi", "send", f"{X264} {AAC} {FAST} -f mp4"),
    Clip("wide-pixels.mp4", "send", f"{X264} -vf setsar=4/3 {AAC} {FAST}"),
    Clip(
        "turned-90.mp4",
        "send",
        build=_from(
            f"{X264} {AAC}", f"-i IN -c copy -metadata:s:v rotate=90 {FAST} -f mp4", ".mp4"
        ),
    ),
    Clip(
        "cut-by-edit-list.mp4",
        "send",
        build=_from(f"{X264} {AAC}", f"-ss 0.5 -i IN -c copy {FAST} -f mp4", ".mp4"),
        flashes=False,
    ),
    # only the container is wrong
    Clip(
        "cut-by-edit-list.mov",
        "remux",
        build=_from(f"{X264} {AAC}", "-ss 0.5 -i IN -c copy -f mov", ".mp4"),
        flashes=False,
    ),
    Clip("index-behind.mp4", "remux", f"{X264} {AAC}"),
    Clip("fragmented.mp4", "remux", f"{X264} {AAC} -movflags frag_keyframe+empty_moov"),
    Clip("h264.mkv", "remux", f"{X264} {AAC}"),
    Clip("h264.mov", "remux", f"{X264} {AAC}"),
    Clip("h264.ts", "remux", f"{X264} {AAC}"),
    Clip("pyramids.mkv", "remux", f"{_PYRAMIDS} {AAC}"),
    Clip("pyramids.ts", "remux", f"{_PYRAMIDS} {AAC}"),
    Clip("open-groups.mkv", "remux", f"{_PYRAMIDS} -x264-params {_OPEN} {AAC}"),
    Clip("open-groups.ts", "remux", f"{_PYRAMIDS} -x264-params {_OPEN} {AAC}"),
    Clip("h264.m2ts", "remux", f"{X264} {AAC} -f mpegts -mpegts_m2ts_mode 1"),
    Clip("h264.flv", "remux", f"{X264} {AAC}"),
    Clip("h264-without-b.avi", "remux", f"{X264} -bf 0 -c:a mp3"),
    Clip("h264.3gp", "send", f"{X264} {AAC} {FAST}"),
    Clip(
        "turned-270.mov",
        "remux",
        build=_from(f"{X264} {AAC}", "-i IN -c copy -metadata:s:v rotate=270 -f mov", ".mp4"),
    ),
    Clip(
        "two-sounds.mp4",
        "remux",
        f"-map 0:v -map 1:a -map 1:a {X264} {AAC} {FAST}",
        audio="s=44100:c=stereo",
    ),
    Clip(
        "subtitles.mkv",
        "remux",
        build=_with(_SRT, f"-i EXTRA -map 0 -map 1 -map 2 {X264} {AAC} -c:s srt -f matroska"),
    ),
    Clip(
        "chapters.mov",
        "remux",
        build=_with(_CHAPTERS, f"-i EXTRA -map_metadata 2 -map 0 -map 1 {X264} {AAC} -f mov"),
    ),
    Clip("timecode.mov", "remux", f"{X264} {AAC} -timecode 01:00:00:00"),
    Clip(
        "cover.mp4", "remux", build=_cover(f"-c:v:0 libx264 -pix_fmt yuv420p {AAC} {FAST} -f mp4")
    ),
    Clip("breaks-off.mp4", "remux", build=_cut(f"{X264} {AAC} {FAST}", 0.7, ".mp4"), flashes=False),
    Clip("breaks-off.mkv", "remux", build=_cut(f"{X264} {AAC}", 0.7, ".mkv"), flashes=False),
    Clip(
        "late-picture.mkv",
        "remux",
        f"-vf setpts=PTS+1.2/TB {X264} {AAC}",
        flashes=False,
    ),
    Clip(
        "starts-at-12.ts",
        "remux",
        build=_from(f"{X264} {AAC}", "-i IN -c copy -output_ts_offset 12 -f mpegts", ".mp4"),
    ),
    Clip(
        "clock-wraps.ts",
        "remux",
        build=_from(
            f"{X264} {AAC}",
            "-i IN -c copy -muxdelay 0 -muxpreload 0 -output_ts_offset 95441.5 -f mpegts",
            ".mp4",
        ),
    ),
    Clip(
        "late-sound.flv",
        "remux",
        build=_late(f"{X264} {AAC}", "-c copy -f flv", ".mp4", picture=0, sound=1.5),
        sound_behind=1.5,
    ),
    Clip(
        "very-late-picture.ts",
        "remux",
        build=_from(
            f"{X264} {AAC}",
            f"-itsoffset 12 -i IN -f lavfi -i sine=d=16 -map 0:v -map 1:a -c:v copy {AAC} -f mpegts",
            ".mp4",
        ),
        flashes=False,
    ),
    Clip(
        "long-subtitles.mkv",
        "remux",
        build=_with(
            _SRT.replace("01,500", "09,500"),
            f"-i EXTRA -map 0 -map 1 -map 2 {X264} {AAC} -c:s srt -f matroska",
        ),
    ),
    Clip(
        "times-of-decoding.mp4",
        "remux",
        build=_without(b"ctts", f"{X264} {AAC}"),
        straight=False,
        flashes=False,
        suffices=False,
    ),
    # the sound is wrong too
    Clip("opus.mkv", "audio", f"{X264} -c:a libopus", audio="s=48000"),
    Clip("vorbis.mkv", "audio", f"{X264} -c:a libvorbis"),
    Clip("flac.mkv", "audio", f"{X264} -c:a flac"),
    Clip("pcm.mov", "audio", f"{X264} -c:a pcm_s16le"),
    Clip("ac3-5.1.mkv", "audio", f"{X264} -c:a ac3", audio="s=48000:c=5.1"),
    Clip("aac-7.1.mp4", "audio", f"{X264} {AAC} {FAST}", audio="s=48000:c=7.1"),
    Clip("aac-96k.mp4", "audio", f"{X264} {AAC} {FAST}", audio="s=96000"),
    Clip(
        "left-and-right.mov",
        "audio",
        f"-map 0:v -map 1:a -map 1:a {X264} -c:a pcm_s16le",
    ),
    Clip("mp2.ts", "audio", f"{X264} -c:a mp2"),
    Clip(
        "late-sound.mkv",
        "audio",
        build=_from(
            f"{X264} -c:a pcm_s16le",
            "-i IN -itsoffset 1.5 -f lavfi -i sine=d=2 -map 0:v -map 1:a -c:v copy -c:a flac -f matroska",
            ".mov",
        ),
        flashes=False,
    ),
    # the picture is wrong
    Clip("hevc.mp4", "encode", f"{_X265} -tag:v hvc1 {AAC} {FAST}"),
    Clip("hevc-10-bit.mkv", "encode", f"{_X265} -pix_fmt yuv420p10le {AAC}"),
    Clip(
        "hdr10.mp4",
        "encode",
        f"-pix_fmt yuv420p10le -color_trc smpte2084 {_HDR}:transfer=smpte2084 -c:v libx265 -preset ultrafast {AAC}",
        same_picture=False,
    ),
    Clip(
        "hlg.mp4",
        "encode",
        f"-pix_fmt yuv420p10le -color_trc arib-std-b67 {_HDR}:transfer=arib-std-b67 -c:v libx265 -preset ultrafast {AAC}",
        same_picture=False,
    ),
    Clip("vp8.webm", "encode", "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis"),
    Clip(
        "vp9.webm",
        "encode",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
        audio="s=48000",
    ),
    Clip(
        "vp9-10-bit.webm",
        "encode",
        "-c:v libvpx-vp9 -pix_fmt yuv420p10le -deadline realtime -cpu-used 8 -c:a libopus",
        audio="s=48000",
    ),
    Clip("av1.mp4", "encode", f"-c:v libaom-av1 -cpu-used 8 -usage realtime {AAC}"),
    Clip("mpeg4.avi", "encode", "-c:v mpeg4 -bf 2 -c:a mp3"),
    Clip("xvid.avi", "encode", "-c:v libxvid -c:a mp3"),
    Clip("msmpeg4.avi", "encode", "-c:v msmpeg4v2 -c:a mp3"),
    Clip("h264-with-b.avi", "encode", f"{X264} -c:a mp3"),
    Clip("h264-with-b.asf", "encode", f"{X264} {AAC}"),
    Clip("raw.h264", "encode", f"-map 0:v {X264} -f h264", flashes=False),
    Clip("raw.hevc", "encode", f"-map 0:v {_X265} -f hevc", flashes=False),
    Clip("mpeg1.mpg", "encode", "-c:v mpeg1video -c:a mp2"),
    Clip("mpeg2.ts", "encode", "-c:v mpeg2video -bf 2 -c:a mp2"),
    Clip("mpeg2.vob", "encode", "-c:v mpeg2video -c:a ac3 -f vob", audio="s=48000"),
    Clip("wmv.wmv", "encode", "-c:v wmv2 -c:a wmav2"),
    Clip("flv1.flv", "encode", "-c:v flv -c:a mp3"),
    Clip("theora.ogv", "encode", "-c:v libtheora -c:a libvorbis"),
    Clip("mjpeg.avi", "encode", "-c:v mjpeg -pix_fmt yuvj422p -c:a pcm_s16le"),
    Clip("prores.mov", "encode", "-c:v prores -c:a pcm_s24le"),
    Clip("prores-alpha.mov", "encode", "-c:v prores_ks -pix_fmt yuva444p10le -c:a pcm_s16le"),
    Clip(
        "dnxhr.mxf",
        "encode",
        "-c:v dnxhd -profile:v dnxhr_sq -pix_fmt yuv422p -c:a pcm_s16le",
        size="256x128",
        audio="s=48000",
    ),
    Clip("ffv1.mkv", "encode", "-c:v ffv1 -pix_fmt yuv444p -c:a flac"),
    Clip("huffyuv.avi", "encode", "-c:v huffyuv -c:a pcm_s16le"),
    Clip("qtrle.mov", "encode", "-c:v qtrle -pix_fmt argb -c:a pcm_s16be"),
    Clip("svq1.mov", "encode", "-c:v svq1 -c:a adpcm_ima_qt"),
    Clip("cinepak.avi", "encode", "-c:v cinepak -c:a adpcm_ms", rate="10"),
    Clip("h263.3gp", "encode", f"-c:v h263 {AAC}", size="176x144"),
    Clip("realvideo.rm", "encode", "-c:v rv10 -c:a ac3", size="176x144", audio="s=44100"),
    Clip(
        "dv.dv",
        "encode",
        "-c:v dvvideo -pix_fmt yuv420p -r 25 -c:a pcm_s16le -ac 2 -ar 48000 -f dv",
        size="720x576",
    ),
    Clip("mpeg4.nut", "encode", "-c:v mpeg4 -c:a pcm_s16le"),
    Clip("vp8.ivf", "encode", "-map 0:v -c:v libvpx -deadline realtime -cpu-used 8", flashes=False),
    Clip(
        "frames.y4m",
        "encode",
        "-map 0:v -f yuv4mpegpipe -pix_fmt yuv420p",
        flashes=False,
        size="64x48",
    ),
    Clip("high-10.mp4", "encode", f"{X264} -pix_fmt yuv420p10le {AAC} {FAST}"),
    Clip("high-422.mp4", "encode", f"{X264} -pix_fmt yuv422p {AAC} {FAST}"),
    Clip("high-444.mp4", "encode", f"{X264} -pix_fmt yuv444p {AAC} {FAST}"),
    Clip("level-5.1.mp4", "send", f"{X264} -level 5.1 {AAC} {FAST}"),
    Clip("level-6.1.mp4", "encode", f"{X264} -level 6.1 {AAC} {FAST}"),
    Clip("odd-size.mp4", "encode", f"-c:v mpeg4 {AAC}", size="161x119"),
    Clip("portrait.mkv", "encode", "-c:v mpeg4 -c:a flac", size="90x160"),
    Clip("tiny.mkv", "encode", "-c:v ffv1 -c:a flac", size="16x10"),
    Clip(
        "interlaced.mp4",
        "encode",
        f"-vf tinterlace=interleave_top,fieldorder=tff {X264} -flags +ildct+ilme -x264-params tff=1 {AAC} {FAST}",
        rate="50",
    ),
    Clip(
        "interlaced.ts",
        "encode",
        "-vf tinterlace=interleave_top -c:v mpeg2video -flags +ildct+ilme -field_order tt -c:a mp2",
        rate="50",
    ),
    Clip(
        "turned-90.avi.mp4",
        "encode",
        build=_from("-c:v mpeg4 -c:a aac", "-i IN -c copy -metadata:s:v rotate=90 -f mp4", ".mp4"),
    ),
    Clip("fields-unsaid.mkv", "encode", f"{X264} -flags +ildct+ilme -x264-params bff=1 {AAC}"),
    Clip(
        "late-sound.ts",
        "encode",
        build=_late(
            "-c:v mpeg2video -bf 2 -c:a mp2", "-c copy -f mpegts", ".mkv", picture=0, sound=1.5
        ),
        sound_behind=1.5,
    ),
    Clip(
        "late-picture.ts",
        "encode",
        build=_late(
            "-c:v mpeg2video -bf 2 -c:a mp2", "-c copy -f mpegts", ".mkv", picture=1.5, sound=0
        ),
        sound_behind=-1.5,
    ),
    Clip(
        "bursts.mkv",
        "encode",
        "-vf settb=1/1000,setpts=gte(N\\\\,50)*N*36+N*4 -fps_mode vfr -enc_time_base 1:1000 -c:v mpeg4 -c:a flac",
    ),
    Clip(
        "varying.wmv",
        "encode",
        build=_varying("-c:v wmv2 -c:a wmav2 -f asf"),
    ),
    Clip("wide-pixels.mpg", "encode", "-vf setsar=16/11 -c:v mpeg2video -c:a mp2", size="720x576"),
    Clip("varying.mkv", "encode", build=_varying("-c:v mpeg4 -c:a flac -f matroska")),
    Clip(
        "varying.webm",
        "encode",
        build=_varying("-c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis -f webm"),
    ),
    Clip("slow.mkv", "encode", "-c:v mpeg4 -c:a flac", rate="2", flashes=True),
    Clip("ntsc.mkv", "encode", "-c:v mpeg4 -c:a flac", rate="30000/1001"),
    Clip("film.avi", "encode", "-c:v mpeg4 -c:a mp3", rate="24000/1001"),
    Clip("sixty.mkv", "encode", "-c:v mpeg4 -c:a flac", rate="60"),
    Clip("one-frame.mkv", "encode", "-map 0:v -frames:v 1 -c:v mpeg4", flashes=False),
    Clip("sound-8k.avi", "encode", "-c:v mpeg4 -c:a pcm_s16le", audio="s=8000"),
    Clip("sound-5.1.mkv", "encode", "-c:v mpeg4 -c:a flac", audio="s=48000:c=5.1"),
    Clip("sizes-change.ts", "encode", build=_sizes_change, same_picture=False, straight=False),
    Clip(
        "joined.ts",
        "encode",
        build=_joined("-c:v mpeg2video -bf 2 -c:a mp2", ".ts"),
        straight=False,
    ),
    Clip(
        "joined.flv", "encode", build=_joined("-c:v flv -c:a mp3", ".flv", skip=13), straight=False
    ),
    Clip("breaks-off.avi", "encode", build=_cut("-c:v mpeg4 -c:a mp3", 0.7, ".avi"), flashes=False),
    Clip(
        "breaks-off.ts", "encode", build=_cut("-c:v mpeg2video -c:a mp2", 0.7, ".ts"), flashes=False
    ),
    Clip(
        "hole.ts",
        "encode",
        build=_damaged("-c:v mpeg2video -c:a mp2", ".ts"),
        flashes=False,
        frames=False,
    ),
    Clip(
        "hole.avi",
        "encode",
        build=_damaged("-c:v mpeg4 -c:a mp3", ".avi"),
        flashes=False,
        frames=False,
    ),
    Clip(
        "begins-midway.ts",
        "encode",
        build=_from(
            "-c:v mpeg2video -bf 2 -c:a mp2", "-ss 1.3 -i IN -c copy -copyinkf -f mpegts", ".ts"
        ),
        flashes=False,
        frames=False,
    ),
    # what nobody can or should open
    Clip("no-pictures.mp4", "refuse", build=_without(b"mdat", f"{X264} {AAC} {FAST}")),
    Clip("no-index.mp4", "refuse", build=_cut(f"{X264} {AAC}", 0.7, ".mp4")),
    Clip("empty.mp4", "refuse", build=_bytes(b"")),
    Clip("zeros.mp4", "refuse", build=_bytes(bytes(100_000))),
    Clip("noise.mp4", "refuse", build=_bytes(bytes(range(7, 250)) * 500)),
    Clip("text.mp4", "refuse", build=_bytes(b"This is not a video.\n")),
    Clip("playlist.mp4", "refuse", build=_bytes(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")),
    Clip("concat.avi", "refuse", build=_bytes(b"ffconcat version 1.0\nfile /etc/passwd\n")),
    Clip(
        "protected.mp4",
        "refuse",
        f"{X264} {AAC} -encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8",
    ),
    # neither photo nor video
    Clip("sound.m4a", "document", f"-map 1:a {AAC}"),
    Clip("sound.mp3", "document", build=_cover("-c:a mp3 -f mp3", audio_only=True)),
    Clip("sound-only.mkv", "document", "-map 1:a -c:a flac"),
    Clip("notes.txt", "skip", build=_bytes(b"Remember the milk.\n")),
]
CLIPS = {clip.name: clip for clip in _ALL}

_SHORT = """
    plain.mp4 silent.mp4 full-range.mp4 varying.mp4 wrong-name.avi turned-90.mp4 cut-by-edit-list.mp4
    index-behind.mp4 fragmented.mp4 h264.mkv h264.mov h264.ts h264.m2ts h264-without-b.avi two-sounds.mp4 chapters.mov
    cover.mp4 breaks-off.mp4 clock-wraps.ts opus.mkv aac-7.1.mp4 aac-96k.mp4
    hevc.mp4 h264-with-b.avi raw.h264 mpeg2.ts wmv.wmv theora.ogv high-10.mp4 high-444.mp4 level-5.1.mp4 level-6.1.mp4 left-and-right.mov interlaced.mp4
    fields-unsaid.mkv very-late-picture.ts no-pictures.mp4
    no-index.mp4 empty.mp4 zeros.mp4 noise.mp4 text.mp4 playlist.mp4 concat.avi protected.mp4
    sound.m4a sound.mp3 sound-only.mkv notes.txt
"""
ONE_OF_EACH = tuple(_SHORT.split())
"""One for each reason: the suite looks at these, `scripts/odd-videos` at all."""
