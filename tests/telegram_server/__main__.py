"""Run a test Telegram as a process: `python -m tests.telegram_server --info FILE`.

FILE is written when it is ready: port, media_port, control (the port of the control socket), public_key (PEM),
dc_id, api_id, api_hash, bot_token, session (a logged-in session file), calls (JSONL). It ends on SIGTERM, SIGINT, or
when its standard input is closed, so that it never outlives who started it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from .control import CallLog, Control
from .server import TestTelegram


async def run(options: argparse.Namespace) -> None:
    """Serve until told to end."""
    info: Path = options.info
    calls = info.with_suffix(".calls.jsonl")
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)

    def owner_said() -> None:
        """The owner says nothing; when it is gone, there is nothing left to read."""
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin.fileno())
            over.set()

    if not sys.stdin.isatty():
        with suppress(PermissionError):  # a plain file or /dev/null says nothing about its owner
            loop.add_reader(sys.stdin.fileno(), owner_said)
    async with TestTelegram(
        rtt=options.rtt,
        rate=options.rate,
        connection_rate=options.connection_rate,
        keep=not options.count_only,
        duplicate=options.duplicate,
        media_dc=options.media_dc,
        port=options.port,
        observer=CallLog(calls),
    ) as telegram:
        control = await asyncio.start_server(
            Control(telegram).serve, telegram.host, 0, limit=64 << 20
        )
        session = telegram.session_file(info.with_name("telegram.session"))
        content = {
            "port": telegram.port,
            "media_port": telegram.media_port,
            "control": control.sockets[0].getsockname()[1],
            "public_key": str(telegram.public_key),
            "dc_id": telegram.dc_id,
            "api_id": telegram.API_ID,
            "api_hash": telegram.API_HASH,
            "bot_token": telegram.BOT_TOKEN,
            "session": str(session),
            "calls": str(calls),
            "pid": os.getpid(),
        }
        part = info.with_suffix(".part")
        part.write_text(json.dumps(content, indent=2), encoding="utf-8")
        part.rename(info)
        await over.wait()
        control.close()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.telegram_server")
    parser.add_argument("--info", type=Path, required=True, help="written when it is ready")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rtt", type=float, default=0.0, help="seconds added to each request")
    parser.add_argument("--rate", type=float, help="bytes per second, all connections together")
    parser.add_argument("--connection-rate", type=float, help="bytes per second, each connection")
    parser.add_argument("--count-only", action="store_true", help="keep no bytes")
    parser.add_argument("--duplicate", choices=("return", "error", "album"), default="return")
    parser.add_argument("--media-dc", action="store_true", help="open a media_only port")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
