"""Odd videos by name: `CLIPS` says of each what the verdict must be; `make` gives the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.media.clip_making import (
    AAC,
    FAST,
    X264,
    Clip,
    cut_off,
    in_two_steps,
    late,
    made,
    made_of,
    varying,
    with_cover,
    with_input,
    without_box,
)
from tests.media.clips_to_encode import TO_ENCODE

if TYPE_CHECKING:
    from pathlib import Path

_PYRAMIDS = "-c:v libx264 -preset medium -pix_fmt yuv420p -bf 8 -b_strategy 2"
_OPEN = "open-gop=1:keyint=25:b-pyramid=strict"


def make(name: str, folder: Path) -> Path:
    """The file of the clip of this name, made in `folder` unless it is there."""
    return made(CLIPS[name], folder)


_SRT = "1\n00:00:00,500 --> 00:00:01,500\nHello\n"
_CHAPTERS = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=2\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1\nSTART=2\nEND=4\ntitle=Two\n"

_ALL = [
    # what plays as it is
    Clip("plain.mp4", "send", f"{X264} {AAC} {FAST}"),
    Clip("silent.mp4", "send", f"-map 0:v {X264} {FAST}", flashes=False),
    Clip("mp3.mp4", "send", f"{X264} -c:a mp3 {FAST}"),
    Clip("full-range.mp4", "send", f"{X264} -pix_fmt yuvj420p {AAC} {FAST}"),
    Clip("varying.mp4", "send", build=varying(f"{X264} {AAC} {FAST} -f mp4")),
    Clip("wrong-name.avi", "send", f"{X264} {AAC} {FAST} -f mp4"),
    Clip("wide-pixels.mp4", "send", f"{X264} -vf setsar=4/3 {AAC} {FAST}"),
    Clip(
        "turned-90.mp4",
        "send",
        build=in_two_steps(
            f"{X264} {AAC}", f"-i IN -c copy -metadata:s:v rotate=90 {FAST} -f mp4", ".mp4"
        ),
    ),
    Clip(
        "cut-by-edit-list.mp4",
        "send",
        build=in_two_steps(f"{X264} {AAC}", f"-ss 0.5 -i IN -c copy {FAST} -f mp4", ".mp4"),
        flashes=False,
    ),
    # only the container is wrong
    Clip(
        "cut-by-edit-list.mov",
        "remux",
        build=in_two_steps(f"{X264} {AAC}", "-ss 0.5 -i IN -c copy -f mov", ".mp4"),
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
        build=in_two_steps(
            f"{X264} {AAC}", "-i IN -c copy -metadata:s:v rotate=270 -f mov", ".mp4"
        ),
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
        build=with_input(_SRT, f"-i EXTRA -map 0 -map 1 -map 2 {X264} {AAC} -c:s srt -f matroska"),
    ),
    Clip(
        "chapters.mov",
        "remux",
        build=with_input(_CHAPTERS, f"-i EXTRA -map_metadata 2 -map 0 -map 1 {X264} {AAC} -f mov"),
    ),
    Clip("timecode.mov", "remux", f"{X264} {AAC} -timecode 01:00:00:00"),
    Clip(
        "cover.mp4",
        "remux",
        build=with_cover(f"-c:v:0 libx264 -pix_fmt yuv420p {AAC} {FAST} -f mp4"),
    ),
    Clip(
        "breaks-off.mp4", "remux", build=cut_off(f"{X264} {AAC} {FAST}", 0.7, ".mp4"), flashes=False
    ),
    Clip("breaks-off.mkv", "remux", build=cut_off(f"{X264} {AAC}", 0.7, ".mkv"), flashes=False),
    Clip(
        "late-picture.mkv",
        "remux",
        f"-vf setpts=PTS+1.2/TB {X264} {AAC}",
        flashes=False,
    ),
    Clip(
        "starts-at-12.ts",
        "remux",
        build=in_two_steps(f"{X264} {AAC}", "-i IN -c copy -output_ts_offset 12 -f mpegts", ".mp4"),
    ),
    Clip(
        "clock-wraps.ts",
        "remux",
        build=in_two_steps(
            f"{X264} {AAC}",
            "-i IN -c copy -muxdelay 0 -muxpreload 0 -output_ts_offset 95441.5 -f mpegts",
            ".mp4",
        ),
    ),
    Clip(
        "late-sound.flv",
        "remux",
        build=late(f"{X264} {AAC}", "-c copy -f flv", ".mp4", picture=0, sound=1.5),
        sound_behind=1.5,
    ),
    Clip(
        "very-late-picture.ts",
        "remux",
        build=in_two_steps(
            f"{X264} {AAC}",
            f"-itsoffset 12 -i IN -f lavfi -i sine=d=16 -map 0:v -map 1:a -c:v copy {AAC} -f mpegts",
            ".mp4",
        ),
        flashes=False,
    ),
    Clip(
        "long-subtitles.mkv",
        "remux",
        build=with_input(
            _SRT.replace("01,500", "09,500"),
            f"-i EXTRA -map 0 -map 1 -map 2 {X264} {AAC} -c:s srt -f matroska",
        ),
    ),
    Clip(
        "times-of-decoding.mp4",
        "remux",
        build=without_box(b"ctts", f"{X264} {AAC}"),
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
        build=in_two_steps(
            f"{X264} -c:a pcm_s16le",
            "-i IN -itsoffset 1.5 -f lavfi -i sine=d=2 -map 0:v -map 1:a -c:v copy -c:a flac -f matroska",
            ".mov",
        ),
        flashes=False,
    ),
    *TO_ENCODE,
    # what nobody can or should open
    Clip("no-pictures.mp4", "refuse", build=without_box(b"mdat", f"{X264} {AAC} {FAST}")),
    Clip("no-index.mp4", "refuse", build=cut_off(f"{X264} {AAC}", 0.7, ".mp4")),
    Clip("empty.mp4", "refuse", build=made_of(b"")),
    Clip("zeros.mp4", "refuse", build=made_of(bytes(100_000))),
    Clip("noise.mp4", "refuse", build=made_of(bytes(range(7, 250)) * 500)),
    Clip("text.mp4", "refuse", build=made_of(b"This is not a video.\n")),
    Clip("playlist.mp4", "refuse", build=made_of(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")),
    Clip("concat.avi", "refuse", build=made_of(b"ffconcat version 1.0\nfile /etc/passwd\n")),
    Clip(
        "protected.mp4",
        "refuse",
        f"{X264} {AAC} -encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8",
    ),
    # neither photo nor video
    Clip("sound.m4a", "document", f"-map 1:a {AAC}"),
    Clip("sound.mp3", "document", build=with_cover("-c:a mp3 -f mp3", audio_only=True)),
    Clip("sound-only.mkv", "document", "-map 1:a -c:a flac"),
    Clip("notes.txt", "skip", build=made_of(b"Remember the milk.\n")),
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
