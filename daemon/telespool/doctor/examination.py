"""All checks, in the order in which a person would put things right."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from telespool.config import loader
from telespool.doctor import folders, places, programs, system, telegram
from telespool.doctor.findings import Finding, ok, wrong

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from telespool.config.schema import Config
    from telespool.config.secrets import Secrets
    from telespool.destinations.base import Destination


async def examine(
    path: Path | None, state: Path, make: Callable[[Config, Secrets], Destination]
) -> AsyncIterator[Finding]:
    """Look at everything; `make` gives the destination, `state` is where its login lies."""
    config, secrets, problems = loader.load_with_secrets(path)
    for problem in problems:
        yield wrong(
            "configuration", problem, "Correct it there; telespool check-config shows all of it"
        )
    if not problems:
        yield ok("configuration", str(path) if path else "the defaults: there is no file")
    video_tools = await programs.video_tools(config.convert)
    for finding in (*programs.python(config), *video_tools):
        yield finding
    yield await programs.photos()
    for finding in await programs.seven_zip(config):
        yield finding
    for finding in places.seen(config):
        yield finding
    yield places.room(config)
    yield places.events(config)
    yield system.clock(time.time())
    yield places.daemon(config)
    for finding in places.waits(config):
        yield finding
    yield await system.service()
    if all(finding.state != "wrong" for finding in video_tools):
        for finding in await programs.conversions(config.convert):
            yield finding
    if problems:
        return
    destination = folders.of_posts(config)
    if config.destination == "telegram":
        destination = iter(await telegram.login(config, state, lambda: make(config, secrets)))
    for finding in destination:
        yield finding
