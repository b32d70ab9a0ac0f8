"""Odd videos whose picture must be encoded anew."""

from __future__ import annotations

from tests.media.clip_making import (
    AAC,
    FAST,
    X264,
    Clip,
    cut_off,
    damaged,
    in_two_steps,
    joined,
    late,
    sizes_change,
    varying,
)

_HDR = "-color_primaries bt2020 -colorspace bt2020nc -x265-params log-level=error:colorprim=bt2020:colormatrix=bt2020nc"
_X265 = "-c:v libx265 -preset ultrafast -x265-params log-level=error"

TO_ENCODE = [
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
        build=in_two_steps(
            "-c:v mpeg4 -c:a aac", "-i IN -c copy -metadata:s:v rotate=90 -f mp4", ".mp4"
        ),
    ),
    Clip("fields-unsaid.mkv", "encode", f"{X264} -flags +ildct+ilme -x264-params bff=1 {AAC}"),
    Clip(
        "late-sound.ts",
        "encode",
        build=late(
            "-c:v mpeg2video -bf 2 -c:a mp2", "-c copy -f mpegts", ".mkv", picture=0, sound=1.5
        ),
        sound_behind=1.5,
    ),
    Clip(
        "late-picture.ts",
        "encode",
        build=late(
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
        build=varying("-c:v wmv2 -c:a wmav2 -f asf"),
    ),
    Clip("wide-pixels.mpg", "encode", "-vf setsar=16/11 -c:v mpeg2video -c:a mp2", size="720x576"),
    Clip("varying.mkv", "encode", build=varying("-c:v mpeg4 -c:a flac -f matroska")),
    Clip(
        "varying.webm",
        "encode",
        build=varying("-c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis -f webm"),
    ),
    Clip("slow.mkv", "encode", "-c:v mpeg4 -c:a flac", rate="2", flashes=True),
    Clip("ntsc.mkv", "encode", "-c:v mpeg4 -c:a flac", rate="30000/1001"),
    Clip("film.avi", "encode", "-c:v mpeg4 -c:a mp3", rate="24000/1001"),
    Clip("sixty.mkv", "encode", "-c:v mpeg4 -c:a flac", rate="60"),
    Clip("one-frame.mkv", "encode", "-map 0:v -frames:v 1 -c:v mpeg4", flashes=False),
    Clip("sound-8k.avi", "encode", "-c:v mpeg4 -c:a pcm_s16le", audio="s=8000"),
    Clip("sound-5.1.mkv", "encode", "-c:v mpeg4 -c:a flac", audio="s=48000:c=5.1"),
    Clip("sizes-change.ts", "encode", build=sizes_change, same_picture=False, straight=False),
    Clip(
        "joined.ts",
        "encode",
        build=joined("-c:v mpeg2video -bf 2 -c:a mp2", ".ts"),
        straight=False,
    ),
    Clip(
        "joined.flv", "encode", build=joined("-c:v flv -c:a mp3", ".flv", skip=13), straight=False
    ),
    Clip(
        "breaks-off.avi", "encode", build=cut_off("-c:v mpeg4 -c:a mp3", 0.7, ".avi"), flashes=False
    ),
    Clip(
        "breaks-off.ts",
        "encode",
        build=cut_off("-c:v mpeg2video -c:a mp2", 0.7, ".ts"),
        flashes=False,
    ),
    Clip(
        "hole.ts",
        "encode",
        build=damaged("-c:v mpeg2video -c:a mp2", ".ts"),
        flashes=False,
        frames=False,
    ),
    Clip(
        "hole.avi",
        "encode",
        build=damaged("-c:v mpeg4 -c:a mp3", ".avi"),
        flashes=False,
        frames=False,
    ),
    Clip(
        "begins-midway.ts",
        "encode",
        build=in_two_steps(
            "-c:v mpeg2video -bf 2 -c:a mp2", "-ss 1.3 -i IN -c copy -copyinkf -f mpegts", ".ts"
        ),
        flashes=False,
        frames=False,
    ),
]
