"""Files that want ffmpeg to open something else."""

from __future__ import annotations

import asyncio
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from telespool.config.schema import ConvertSettings
from telespool.errors import Permanent
from telespool.media.compatibility import assess
from telespool.media.convert import convert
from telespool.media.ffmpeg import DEMUXERS
from telespool.media.probe import probe
from telespool.runtime.gate import PauseGate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.media

SCRIPTS = {
    "hls": "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\n{target}\n#EXT-X-ENDLIST\n",
    "hls behind a space": " \n#EXTM3U\n#EXTINF:1.0,\n{target}\n",
    "concat": "ffconcat version 1.0\nfile '{target}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    "<Period><AdaptationSet><Representation><BaseURL>{target}</BaseURL></Representation>"
    "</AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "ram": "{target}\n",
    "asx": '<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
}


@pytest.mark.parametrize("name", list(SCRIPTS))
@pytest.mark.parametrize("suffix", ["mp4", "avi", "ts"])
async def test_nothing_is_read_and_nothing_asked(
    clip: Callable[[str], Path],
    tmp_path: Path,
    settings: ConvertSettings,
    name: str,
    suffix: str,
) -> None:
    """A script under the name of a video is refused; neither the file nor the address it names is opened."""
    asked = asyncio.Event()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    secret = tmp_path / "secret.mp4"
    shutil.copyfile(clip("h264.ts"), secret)
    try:
        for target in (f"http://127.0.0.1:{port}/x.ts", f"file://{secret}", str(secret)):
            source = tmp_path / f"clip.{suffix}"
            source.write_text(SCRIPTS[name].format(target=target))
            verdict = await assess(source, settings)
            assert (verdict.kind, verdict.action) == ("unreadable", "refuse")
            assert source.name in verdict.reasons[0]
            with pytest.raises(Permanent):
                await convert(
                    source,
                    tmp_path / "out.mp4",
                    settings=settings,
                    state=tmp_path / "state",
                    gate=PauseGate(),
                )
        assert not asked.is_set()
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("name", list(SCRIPTS))
async def test_ffprobe_itself_refuses(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings, name: str
) -> None:
    """Even where nobody looked at the first bytes, ffprobe has no demuxer that would follow a script."""
    source = tmp_path / "clip.m3u8"
    source.write_text(SCRIPTS[name].format(target=clip("h264.ts")))
    with pytest.raises(Permanent, match=r"clip\.m3u8 cannot be read"):
        await probe(source, settings)


@pytest.mark.parametrize("name", ["a.avi", "a.mov"])
async def test_huge_pictures(tmp_path: Path, name: str) -> None:
    """A small file that claims pictures of 900 megapixels is refused, with a sentence that says so."""
    source = tmp_path / name
    making = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x240:d=0.2"]
    subprocess.run([*making, "-c:v", "mjpeg", source], check=True)
    data = source.read_bytes()
    for order in (">HH", "<II", ">II"):
        data = data.replace(struct.pack(order, 240, 320), struct.pack(order, 30_000, 30_000))
        data = data.replace(struct.pack(order, 320, 240), struct.pack(order, 30_000, 30_000))
    source.write_bytes(data)
    verdict = await assess(source, ConvertSettings())
    assert verdict.action == "refuse"
    assert "30000 × 30000" in verdict.reasons[0]


def test_no_demuxer_follows_names() -> None:
    """No demuxer on the list opens other files or addresses."""
    following = {
        "hls",
        "applehttp",
        "concat",
        "dash",
        "sdp",
        "rtsp",
        "image2",
        "lavfi",
        "imf",
        "tty",
    }
    assert not following & set(DEMUXERS.split(","))
