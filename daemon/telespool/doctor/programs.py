"""Python and its packages, ffmpeg and its encoders, 7-Zip and RAR, and a trial conversion."""

from __future__ import annotations

import importlib
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.archives.engine import Engine
from telespool.archives.known_good import CURE
from telespool.archives.messages import NOT_FOUND
from telespool.doctor.findings import Finding, note, ok, wrong
from telespool.errors import TelespoolError
from telespool.media import encoders, ffmpeg, photo_pool
from telespool.media.compatibility import assess
from telespool.media.convert import convert
from telespool.media.known_good import SAMPLES, ffmpeg_tool, ffprobe_tool
from telespool.media.pieces.helper import Helper, HelperLost
from telespool.runtime import subprocesses
from telespool.runtime.gate import PauseGate
from telespool.runtime.tool_health import failure

if TYPE_CHECKING:
    from telespool.config.schema import Config, ConvertSettings

_OLDEST = (3, 11)
_TELEGRAM_NEEDS = ("telethon", "cryptg")
_INSTALL = "Install ffmpeg: apt install ffmpeg (or say where it is: [convert] ffmpeg and ffprobe)"


def python(config: Config) -> list[Finding]:
    """The interpreter and the packages that only some need."""
    version = ".".join(map(str, sys.version_info[:3]))
    findings = [ok("Python", f"{version}, {sys.executable}")]
    if sys.version_info < _OLDEST:
        findings = [wrong("Python", version, "Install Python 3.11 or newer")]
    if config.telegram.proxy.startswith("mtproxy:"):
        try:
            importlib.import_module("Crypto.Cipher.AES")
        except ImportError:
            cure = f"Install it where Telespool is: {sys.executable} -m pip install pycryptodome"
            findings.append(
                note("package pycryptodome", "missing: an MTProxy is slow without", cure)
            )
    if config.destination == "telegram":
        for name in _TELEGRAM_NEEDS:
            try:
                importlib.import_module(name)
            except ImportError as error:
                cure = f"Install it where Telespool is: {sys.executable} -m pip install {name}"
                findings.append(wrong(f"package {name}", str(error), cure))
            else:
                findings.append(ok(f"package {name}", "there"))
    return findings


async def video_tools(settings: ConvertSettings) -> list[Finding]:
    """Both programs, and the encoders that conversions use."""
    findings = []
    for name in (settings.ffmpeg, settings.ffprobe):
        try:
            said = await ffmpeg.version(name)
        except (TelespoolError, OSError, TimeoutError) as error:
            return [wrong(Path(name).name, str(error) or "it does not answer", _INSTALL)]
        tool = (ffprobe_tool if name == settings.ffprobe else ffmpeg_tool)(
            replace(settings, encoder=encoders.SOFTWARE)
        )
        if (failed := await failure(tool)) is not None:
            findings.append(wrong(Path(name).name, failed, tool.cure))
            continue
        findings.append(ok(Path(name).name, said.partition("\n")[0].partition(" Copyright")[0]))
    if any(finding.state == "wrong" for finding in findings):
        return findings
    _, out, _ = await subprocesses.output(
        [ffmpeg.program(settings.ffmpeg), "-v", "error", "-encoders"]
    )
    known = {words[1] for line in out.decode().splitlines() if len(words := line.split()) > 1}
    for name in (settings.encoder, "aac"):
        if name in known:
            findings.append(await _encoder(name, settings))
        else:
            cure = "Install an ffmpeg that has it (Debian's has libx264), or set [convert] encoder"
            findings.append(wrong(f"encoder {name}", "this ffmpeg does not have it", cure))
    return findings


async def _encoder(name: str, settings: ConvertSettings) -> Finding:
    """Whether an encoder works; one in hardware needs a driver and a device as well."""
    if name in {encoders.SOFTWARE, "aac"}:
        return ok(f"encoder {name}", "there")
    tool = encoders.encoder_tool(settings)
    if (words := await failure(tool)) is None:
        also = ", and decodes it too" if encoders.decodes(settings) else ""
        return ok(f"encoder {name}", f"it converts a sample{also}")
    return note(f"encoder {name}", f"{words} {tool.meanwhile}", tool.cure)


async def photos() -> Finding:
    """Decode a sample of each kind of photo, in a child as the daemon does."""
    broken = []
    for sample in sorted(SAMPLES.glob("photo.*")):
        try:
            await photo_pool.look(sample)
        except (TelespoolError, OSError) as error:
            broken.append(f"{sample.suffix}: {error}")
    if broken:
        cure = f"Install the packages anew: {sys.executable} -m pip install --force-reinstall pillow pillow-heif"
        return wrong("photos", broken[0], cure)
    return ok("photos", "each kind can be decoded")


async def seven_zip(config: Config) -> list[Finding]:
    """The engine for archives."""
    try:
        engine = await Engine.find(config.archives)
    except TelespoolError as error:
        cure = "Install it: apt install 7zip (or say where it is: [archives] command)"
        return [wrong("7-Zip", error.reason, cure if NOT_FOUND in error.reason else CURE)]
    findings = [ok("7-Zip", f"{engine.version}, {engine.program}")]
    if engine.reads_rar:
        findings.append(ok("RAR", "can be unpacked"))
    else:
        cure = (
            "Only if you drop RAR archives: scripts/fetch-7zip DIR brings a 7-Zip that reads them"
        )
        findings.append(note("RAR", f"{engine.program} was built without RAR", cure))
    return findings


async def trial(settings: ConvertSettings) -> Finding:
    """Make a second of film that Telegram would not play, convert it, and judge the result."""
    name = "trial conversion"
    with tempfile.TemporaryDirectory(prefix="telespool-doctor-") as directory:
        film, result = Path(directory, "film.avi"), Path(directory, "film.mp4")
        sources = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=1")
        tone = ("-f", "lavfi", "-i", "sine=duration=1")
        try:
            program = ffmpeg.program(settings.ffmpeg)
            command = [program, "-v", "error", *sources, *tone, "-c:v", "mpeg4", str(film)]
            code, _, said = await subprocesses.output(command)
            if code:
                return wrong(name, f"ffmpeg failed: {ffmpeg.last_words(said)}", _INSTALL)
            state = Path(directory, "state")
            await convert(film, result, settings=settings, state=state, gate=PauseGate())
            verdict = await assess(result, settings)
        except (TelespoolError, OSError, TimeoutError) as error:
            cure = 'Read what ffmpeg says; if it is about the encoder, set [convert] encoder = "libx264"'
            return wrong(name, str(error), cure)
    if verdict.action != "send":
        return wrong(name, "; ".join(verdict.reasons), "Set [convert] back to its defaults")
    return ok(name, f"a second of film became {', '.join(verdict.streams)}")


async def conversions(settings: ConvertSettings) -> list[Finding]:
    """A trial conversion, and each machine that is to encode pieces: whether it answers, and has the same ffmpeg."""
    findings = [await trial(settings)]
    for name in settings.helpers:
        helper = Helper(name)
        try:
            await helper.ask(settings)
        except HelperLost as error:
            cure = "See docs/cluster.md; until then pieces are encoded without it"
            findings.append(note(f"helper {name}", str(error), cure))
        else:
            findings.append(ok(f"helper {name}", helper.state.version))
    return findings
