"""A real MTProxy in front of the test Telegram: mtprotoproxy 1.0.6, whose Telegram is at another address here.

    python -m tests.mtproxy SECRET DOMAIN HOST:PORT        prints the port it listens on

Its handlers run as they are; only how it starts is written for a Python that has no `loop` arguments any more. With a domain it takes
nothing but disguised connections (fake TLS).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROGRAM = Path(sys.executable).with_name("mtprotoproxy.py")
MISSING = "mtprotoproxy is not installed (.venv/bin/pip install mtprotoproxy==1.0.6)"


@contextlib.asynccontextmanager
async def mtproxy(secret: str, telegram: str, domain: str = "") -> AsyncIterator[int]:
    """Run one while the `async with` lasts; its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.mtproxy",
        secret,
        domain,
        telegram,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def _serve(proxy: Any) -> None:
    server = await asyncio.start_server(proxy.handle_client_wrapper, "127.0.0.1", 0, limit=1 << 17)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Load the program with its settings, and serve."""
    secret, domain, telegram = sys.argv[1:]
    host, _, port = telegram.rpartition(":")
    # It reads them when it is loaded: a port nobody uses, the secret, no advertisement, the domain.
    sys.argv = ["mtprotoproxy", "1", secret, "", *([domain] if domain else [])]
    spec = importlib.util.spec_from_file_location("mtprotoproxy", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    proxy: Any = importlib.util.module_from_spec(spec)
    # Where it looks for it; it is elsewhere since Python 3.8.
    asyncio.streams.IncompleteReadError = asyncio.IncompleteReadError  # type: ignore[attr-defined]
    spec.loader.exec_module(proxy)
    proxy.init_config()
    proxy.init_stats()
    proxy.TG_DATACENTERS_V4 = [host.strip("[]")] * 5
    proxy.TG_DATACENTER_PORT = int(port)
    # Who does not know the secret is shown a closed door, and no website.
    proxy.config.MASK = False
    asyncio.run(_serve(proxy))


if __name__ == "__main__":
    main()
