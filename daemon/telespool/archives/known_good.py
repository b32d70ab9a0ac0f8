"""7-Zip with its trial on a sample that is known to be good: a few bytes, packed, beside this module.

A trial runs the same program within the same limits as the archive it is asked about.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.runtime import subprocesses
from telespool.runtime.tool_health import Tool

if TYPE_CHECKING:
    from collections.abc import Hashable

    from telespool.config.schema import ArchiveSettings

PATIENCE = 10.0
"""Seconds after which 7-Zip is suspected to hang."""

NAME = "7-Zip"
_SAMPLE = Path(__file__).with_name("samples") / "sample.7z"
_CONTENT = b"A known-good sample: 7-Zip works if it can read this.\n"
_TIMEOUT = 20.0
CURE = "Put it right (apt install --reinstall 7zip), or say where one is that works: [archives] command."


def seven_zip_tool(program: Path, settings: ArchiveSettings) -> Tool:
    """This 7-Zip as a tool that can be tried."""
    return Tool(NAME, tool_key(settings), partial(try_sample, program, settings.memory), CURE)


def tool_key(settings: ArchiveSettings) -> Hashable:
    """What stands for the 7-Zip that is configured, whichever program that is just now."""
    return NAME, settings.command, settings.memory


async def try_sample(program: Path, memory: int) -> None:
    """Unpack the sample; Permanent, ChildDied, OSError or TimeoutError where that fails."""
    code, out, err = await subprocesses.output(
        [program, "x", "-bd", "-so", "-p", "--", _SAMPLE],
        limits=subprocesses.ChildLimits(memory=memory, file_size=0),
        timeout=_TIMEOUT,
    )
    if code:
        words = " / ".join(err.decode("utf-8", "replace").split("\n"))[:200].strip(" /")
        raise Permanent(f"it ended with {subprocesses.how_it_ended(code)}{words and ': '}{words}")
    if out != _CONTENT:
        raise Permanent("it gives something else than the sample holds")
