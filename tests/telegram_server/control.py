"""The test Telegram as a process of its own, and how another process scripts it and looks at it.

`serve` answers a control socket: one JSON object to a line, `{"do": NAME, "args": [...], "kwargs": {...}}`, answered by
`{"ok": VALUE}` or `{"error": TEXT}`. `TelegramProcess` starts such a process and speaks to it from plain, synchronous
code. Its calls are also written to a JSONL file, one line when a call is over (or hangs).
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .records import Message

if TYPE_CHECKING:
    from .records import Call
    from .server import TestTelegram

ROOT = Path(__file__).resolve().parents[2]


def plain(value: Any) -> Any:
    """A value as JSON can carry it; bytes as base64."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name not in {"where", "do", "chance", "migrated_to"}
        }
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, BaseException):
        return repr(value)
    return str(value) if isinstance(value, Path) else value


class Control:
    """What may be asked of a server from outside."""

    def __init__(self, telegram: TestTelegram) -> None:
        self._telegram = telegram

    async def answer(self, request: dict[str, Any]) -> Any:
        """Do one thing; the names are those of `TestTelegram`, with `faults.add` and its kin."""
        telegram, name = self._telegram, str(request["do"])
        args, kwargs = request.get("args", []), request.get("kwargs", {})
        if name == "set":
            for key, value in kwargs.items():
                setattr(telegram, key, value)
            return None
        if name == "set_chat":
            chat = telegram.chat(args[0])
            for key, value in kwargs.items():
                setattr(chat, key, value)
            return None
        if name == "session_file":
            return str(telegram.session_file(Path(args[0]), **kwargs))
        if name == "counts":
            return {
                "messages": len(telegram.messages),
                "calls": len(telegram.calls),
                "connections": len(telegram.connections),
                "bytes_in": sum(record.bytes_in for record in telegram.connections),
            }
        if name == "part_counts":
            return [[*key, count] for key, count in telegram.part_counts.items()]
        target: Any = telegram
        for part in name.split("."):
            if part.startswith("_"):
                raise AttributeError(part)
            target = getattr(target, part)
        result = target(*args, **kwargs) if callable(target) else target
        return await result if asyncio.iscoroutine(result) else result

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client of the control socket, line by line."""
        with suppress(ConnectionError):
            while line := await reader.readline():
                try:
                    answer = {"ok": plain(await self.answer(json.loads(line)))}
                except Exception as error:  # noqa: BLE001  told to whoever asked
                    answer = {"error": repr(error)}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()


class CallLog:
    """The JSONL file of calls."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def __call__(self, call: Call) -> None:
        """Write one line."""
        json.dump(plain(call), self._file)
        self._file.write("\n")


class TelegramProcess:
    """A test Telegram in its own process.

        with TelegramProcess(tmp_path) as telegram:
            telegram.do("faults.add", "sendMedia", drop="after")
            ... run the daemon against telegram.port, telegram.public_key ...
            assert len(telegram.messages()) == 12

    The server lives as long as the `with`; it is killed with the process that started it.
    """

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._lines: Any = None
        self.info: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        info = self.directory / "telegram.json"
        info.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.telegram_server", "--info", info, *self._options],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
        )
        end = time.monotonic() + 60
        while not info.exists():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the test Telegram did not start")
            time.sleep(0.02)
        self.info = json.loads(info.read_text(encoding="utf-8"))
        self._socket = socket.create_connection(("127.0.0.1", self.info["control"]))
        self._lines = self._socket.makefile("rb")
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._socket is not None:
            self._lines.close()
            self._socket.close()
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(timeout=30)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.info["port"])

    @property
    def public_key(self) -> Path:
        """Its PEM file."""
        return Path(self.info["public_key"])

    def do(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Do one thing over there; see `Control.answer`. RuntimeError with its text where it fails."""
        assert self._socket is not None
        request = {"do": name, "args": args, "kwargs": kwargs}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(self._lines.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["ok"]

    def messages(self) -> list[Message]:
        """All messages, in the order in which they were posted."""
        found = []
        for values in self.do("messages"):
            if values["thumbnail"] is not None:
                values["thumbnail"] = base64.b64decode(values["thumbnail"]["base64"])
            found.append(Message(**values))
        return found

    def calls(self) -> list[dict[str, Any]]:
        """All calls so far."""
        return list(self.do("calls"))
