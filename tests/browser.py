"""A headless Chromium for tests, spoken to through a pipe: no driver, no port, no network.

`async with Browser() as browser: page = await browser.page(url, width=…)`; then `page.run(javascript)` and
`page.picture()`. Chromium's own traffic is switched off and its profile is a new empty folder each time.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import tempfile
from dataclasses import dataclass
from typing import Any, Self

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--mute-audio",
    "--remote-debugging-pipe",
)


class Browser:
    """One Chromium; ended with everything it started when the block is left.

    `requests` holds the address of everything its pages asked for.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []

    async def __aenter__(self) -> Self:
        assert PROGRAM is not None
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        # Chromium reads commands from descriptor 3 and answers on 4.
        line = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'
        self._process = await asyncio.create_subprocess_exec(
            *("bash", "-c", line, "bash", str(commands), str(answers), PROGRAM, *FLAGS),
            f"--user-data-dir={self._profile}",
            pass_fds=(commands, answers),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(commands)
        os.close(answers)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        reader = asyncio.StreamReader(limit=1 << 28)
        self._transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(self._answers, "rb", 0)
        )
        self._listener = asyncio.create_task(self._listen(reader))
        return self

    async def __aexit__(self, *_: object) -> None:
        os.close(self._commands)
        os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await self._listener
        self._transport.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    async def page(
        self,
        url: str,
        *,
        width: int = 1280,
        height: int = 900,
        scale: float = 1,
        phone: bool = False,
        dark: bool = False,
    ) -> Page:
        """Open a page in a window of this size."""
        target = await self.call("Target.createTarget", {"url": "about:blank"})
        attached = await self.call(
            "Target.attachToTarget", {"targetId": target["targetId"], "flatten": True}
        )
        page = Page(self, attached["sessionId"])
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone}
        await page.call("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await page.call("Emulation.setEmulatedMedia", {"features": [scheme]})
        await page.call("Network.enable")
        await page.call("Page.navigate", {"url": url})
        await page.run(_UNTIL_LOADED)
        return page

    async def call(
        self, method: str, parameters: dict[str, Any] | None = None, session: str | None = None
    ) -> dict[str, Any]:
        """One command of the DevTools protocol; RuntimeError with Chromium's words if it fails."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters or {}}
        if session is not None:
            message["sessionId"] = session
        answer = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = answer
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        result: dict[str, Any] = await answer
        return result

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                message = json.loads((await reader.readuntil(b"\0"))[:-1])
            except asyncio.IncompleteReadError:
                break
            if message.get("method") == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            future = self._waiting.pop(message.get("id", 0), None)
            if future is None or future.done():
                continue
            if "error" in message:
                future.set_exception(RuntimeError(message["error"]["message"]))
            else:
                future.set_result(message["result"])
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(RuntimeError("Chromium ended"))


@dataclass(frozen=True, slots=True)
class Page:
    """An open page."""

    browser: Browser
    session: str

    async def call(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """One command for this page."""
        return await self.browser.call(method, parameters, self.session)

    async def run(self, javascript: str) -> Any:
        """The value of an expression, awaited if it is a promise; RuntimeError if it throws."""
        parameters = {"expression": javascript, "awaitPromise": True, "returnByValue": True}
        for _ in range(3):
            try:
                answer = await self.call("Runtime.evaluate", parameters)
                break
            except RuntimeError as error:
                # The page was just being replaced by the one we asked for.
                if "context" not in str(error) and "navigat" not in str(error):
                    raise
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    async def picture(self, **clip: float) -> bytes:
        """What the window shows, as a PNG."""
        parameters: dict[str, Any] = {"format": "png"}
        if clip:
            parameters["clip"] = {"x": 0, "y": 0, "scale": 1, **clip}
        return base64.b64decode((await self.call("Page.captureScreenshot", parameters))["data"])


_UNTIL_LOADED = """
new Promise((done) => {
  const look = () => document.readyState === "complete" && location.href !== "about:blank"
    ? done(true) : setTimeout(look, 20);
  look();
})
"""
