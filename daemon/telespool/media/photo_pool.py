"""Photos are decoded in children: a few that stay, each within limits of memory and time.

    info = await look(path)                                  # what the header says
    made, shown = await acceptable_photo(path, directory)    # the photo as Telegram takes it

A picture that is made to fill the memory, or crashes its decoder, ends a child and costs that photo alone. Children are
started when they are needed, answer one photo after another, and end after a while without work. Large pictures are
decoded one at a time.

JPEGs whose structure says that they are whole, as most photos are, need no child (`plain_jpeg`, `as_it_is`).

Errors: `Permanent` where the photo is to blame, `ToolFault` where a sample does not pass the same way, OSError where it
cannot be read or its new form cannot be written.
"""

from __future__ import annotations

import asyncio
import atexit
import base64
import contextlib
import json
import os
import subprocess
import time
import weakref
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from telespool.errors import ChildDied, Permanent
from telespool.media import plain_jpeg
from telespool.media.known_good import SAMPLES
from telespool.media.photo_info import PhotoInfo
from telespool.model import Picture
from telespool.runtime import subprocesses
from telespool.runtime.cancellation import in_thread, shielded_until_done
from telespool.runtime.subprocesses import ChildLimits
from telespool.runtime.tool_health import HEALTH, Tool

log = structlog.get_logger()

MEMORY = 1536 << 20
"""Bytes of address space that one child may use."""
_AT_ONCE = max(2, min(4, len(os.sched_getaffinity(0))))
_LARGE = 40_000_000  # pixels; of such pictures one at a time is decoded
_TIME = 120.0  # seconds for one photo
_TRIAL_TIME = 30.0
_IDLE = 20.0  # seconds after which a child without work ends
_READY_IN = 60.0
_KILLED_TRIES = 2
_TOLD = 1 << 16
_SAMPLES = {path.suffix: path for path in SAMPLES.glob("photo.*")}
_KINDS = {".jpeg": ".jpg", ".jpe": ".jpg", ".heif": ".heic", ".tiff": ".tif"}


class _Child:
    """One process. Its methods block, but for `kill`."""

    def __init__(self) -> None:
        command = [subprocesses.own_python(), "-P", "-m", "telespool.media.photo_child"]
        self._process = subprocess.Popen(
            subprocesses.limited(command, ChildLimits(memory=MEMORY)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=subprocesses.own_modules(),
        )
        self._ready = False
        self.used = time.monotonic()

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Its answer; None where it died over it."""
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a child was started without pipes")
        with contextlib.suppress(BrokenPipeError):
            if not self._ready:
                self._ready = process.stdout.readline() != b""
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if line.endswith(b"\n"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        return None

    def end(self) -> tuple[int, str]:
        """End it; how it ended by itself, and its last words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        code = self._process.poll()
        self.kill()
        self._process.wait()
        said = b""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self._process.stderr is not None:
            said = self._process.stderr.read(_TOLD)
            self._process.stderr.close()
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return code if code is not None else 0, last[:200]

    def kill(self) -> None:
        """End it now; whoever waits for its answer gets none."""
        subprocesses.STANDING_BY.discard(self._process.pid)
        if self._process.poll() is None:
            self._process.kill()

    def stand_by(self) -> None:
        """Wait for the next photo."""
        self.used = time.monotonic()
        subprocesses.STANDING_BY.add(self._process.pid)
        _idle.append(self)

    def begin(self) -> None:
        """Work again."""
        subprocesses.STANDING_BY.discard(self._process.pid)


_idle: list[_Child] = []
"""Children without work; they serve whichever event loop asks next."""


@atexit.register
def close() -> None:
    """End the children without work. Blocks."""
    while _idle:
        child = _idle.pop()
        child.kill()
        child.end()


class PhotoPool:
    """How many photos are decoded at once in one event loop."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._large = asyncio.Lock()
        self._tidying: asyncio.TimerHandle | None = None

    async def ask(self, request: dict[str, Any], seconds: float) -> Any:
        """The result of one request; Permanent, ChildDied, OSError or TimeoutError as the child ends."""
        async with self._slots:
            child = _idle.pop() if _idle else _Child()
            child.begin()
            asking = asyncio.ensure_future(asyncio.to_thread(child.ask, request))
            try:
                async with asyncio.timeout(seconds):
                    answer = await asyncio.shield(asking)
            except BaseException:
                child.kill()
                await shielded_until_done(asyncio.gather(asking, return_exceptions=True))
                await shielded_until_done(asyncio.to_thread(child.end))
                raise
            if answer is None:
                raise _death(*await asyncio.to_thread(child.end))
            if answer["last"]:
                await asyncio.to_thread(child.end)
            else:
                child.stand_by()
                self._tidy_later()
        return _result(request, answer)

    def large(self) -> asyncio.Lock:
        """Held while a large picture is decoded."""
        return self._large

    def _tidy_later(self) -> None:
        if self._tidying is None:
            self._tidying = asyncio.get_running_loop().call_later(_IDLE, self._tidy)

    def _tidy(self) -> None:
        self._tidying = None
        now = time.monotonic()
        for child in [child for child in _idle if now - child.used >= _IDLE]:
            _idle.remove(child)
            child.kill()
            asyncio.get_running_loop().run_in_executor(None, child.end)
        if _idle:
            self._tidy_later()


_pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, PhotoPool] = (
    weakref.WeakKeyDictionary()
)


def _pool() -> PhotoPool:
    return _pools.setdefault(asyncio.get_running_loop(), PhotoPool())


_harmless = {b""}
"""Digests of profiles of colours that change nothing of a photo."""


async def look(path: Path) -> PhotoInfo:
    """Read the header of a photo."""
    return await look_closer(path, await in_thread(_header, path))


def _header(path: Path) -> plain_jpeg.Header | None:
    with path.open("rb") as file:
        return plain_jpeg.header(file, os.fstat(file.fileno()).st_size)


async def look_closer(path: Path, header: plain_jpeg.Header | None) -> PhotoInfo:
    """The same, where the header of a plain JPEG has been read."""
    if header is not None and header.profile in _harmless:
        return header.info
    found: dict[str, Any] = await _ask({"op": "look", "path": os.fspath(path)}, path)
    for key in ("reasons", "pages", "left_behind"):
        found[key] = tuple(found[key])
    info = PhotoInfo(**found)
    if header is not None and not info.reasons:
        _harmless.add(header.profile)
    return info


def as_it_is(
    header: plain_jpeg.Header | None, *, longest: int = 0, preview: bool = False
) -> Picture | None:
    """How a page shows a JPEG that is sent as it is, where that is known without a child; else None.

    `header` is that of one that is whole (`plain_jpeg.whole`); `longest` is how many pixels a side may have; 0 stands
    for any number.
    """
    if header is None or header.profile not in _harmless or (preview and header.needs_preview):
        return None
    width, height = header.info.width, header.info.height
    return None if 0 < longest < max(width, height) else Picture(width, height, None)


async def acceptable_photo(
    path: Path, directory: Path, *, again: bool = False, longest: int = 0, preview: bool = False
) -> tuple[Path, Picture | None]:
    """Return the photo as Telegram takes it (`path` itself, or a JPEG made in `directory`), and how a page shows that.

    `again` makes a JPEG in any case, for one that Telegram refused; `longest` one of at most so many pixels a side. The
    second is None without `preview`.
    """
    asked = {"op": "make", "path": os.fspath(path), "directory": os.fspath(directory)}
    request: dict[str, Any] = asked | {"again": again, "longest": longest, "preview": preview}
    made = await _ask(request | {"most": _LARGE}, path)
    if made is None:
        async with _pool().large():
            made = await _ask(request | {"most": 0}, path)
    return Path(made[0]), _picture(made[1])


async def still(path: Path) -> Picture | None:
    """Make a preview that stands still of what moves; None where it cannot be decoded."""
    try:
        return _picture(await _ask({"op": "preview", "path": os.fspath(path)}, path))
    except Permanent:
        return None


def _picture(told: list[Any] | None) -> Picture | None:
    if told is None:
        return None
    width, height, shown = told
    return Picture(width, height, base64.b64decode(shown) if shown else None)


async def _ask(request: dict[str, Any], path: Path) -> Any:
    async with HEALTH.vouched(_tool(path)):
        for left in reversed(range(_KILLED_TRIES)):
            try:
                return await _pool().ask(request, _TIME)
            except TimeoutError:
                raise Permanent(
                    f"{path.name} could not be decoded within {_TIME:.0f} seconds, so it was given up"
                ) from None
            except _CrashedError as error:
                raise Permanent(
                    f"{path.name} crashes the program that decodes photos ({error.reason}), so it is not sent. Save it"
                    " anew in another program, or send it as a file: telespool retry --as-document"
                ) from None
            except ChildDied:
                if left:
                    continue
                raise Permanent(
                    f"{path.name} needs more memory to be decoded than this machine has left for a photo. Make it"
                    " smaller, or send it as a file: telespool retry --as-document"
                ) from None
    raise AssertionError("the last try returns or raises")


def _tool(path: Path) -> Tool:
    """The decoder, tried on a photo of the same kind."""
    suffix = path.suffix.lower()
    sample = _SAMPLES.get(_KINDS.get(suffix, suffix), _SAMPLES[".jpg"])
    return Tool(
        "The decoder of photos",
        ("photos", sample.suffix),
        partial(_try, sample),
        "See that Pillow and pillow-heif are installed as they were, and that memory is free.",
    )


async def _try(sample: Path) -> None:
    await _pool().ask({"op": "decode", "path": os.fspath(sample)}, _TRIAL_TIME)


def _death(code: int, words: str) -> Exception:
    if code == -9:
        return ChildDied("The decoder of photos was killed, perhaps because memory ran out.")
    how = subprocesses.how_it_ended(code)
    return _CrashedError(f"it ended with {how}{': ' if words else ''}{words}")


class _CrashedError(Permanent):
    """The child crashed over a photo."""


def _result(request: dict[str, Any], answer: dict[str, Any]) -> Any:
    path = Path(request["path"])
    if answer["warnings"]:
        log.info("photo.warned", file=path.name, count=answer["warnings"], first=answer["warning"])
    if "large" in answer:
        return None
    if "refused" in answer:
        raise Permanent(answer["refused"])
    if "errno" in answer:
        raise OSError(answer["errno"], answer["words"], answer["file"])
    return answer["result"]
