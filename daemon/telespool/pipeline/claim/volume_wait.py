"""What an archive in the inbox still lacks: a volume of its set, or its end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from telespool.archives import passwords, volumes
from telespool.config.units import human_span
from telespool.errors import TelespoolError, ToolFault, VolumeMissing
from telespool.runtime.cancellation import in_thread
from telespool.spool.companions import password_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telespool.archives.engine import Engine
    from telespool.pipeline.claim.drop import Drop


def may_lack(drop: Drop) -> bool:
    """Whether a volume of this drop may still have to come. Blocks."""
    with contextlib.suppress(OSError):
        return volumes.may_be(drop.path.name) and volumes.may_lack(drop.path)
    return False


async def missing_volume(drop: Drop, engine: Engine | None) -> str:
    """A sentence that names the missing volume; empty when none is, or when nobody can tell."""
    if drop.missing:
        return f"{drop.path.name} lacks {volumes.some(drop.missing)}."
    if engine is None:
        return ""
    files = [path for path in drop.beside if password_for(path.name) is not None]
    try:
        words = [word for path in files for word in await in_thread(passwords.read, path)]
        await engine.open(drop.path, words)
    except (VolumeMissing, ToolFault) as error:
        return error.reason
    except (TelespoolError, OSError):
        pass  # what is wrong with it is told when it is unpacked
    return ""


def no_end(drop: Drop) -> str:
    """The sentence about an archive whose end is missing."""
    return f"{drop.path.name} has no end yet: it is broken off, or still being written."


def still_written(drop: Drop, others: Iterable[str]) -> str:
    """What people are told of an archive that waits for others of its export."""
    return (
        f"{drop.path.name} waits for {volumes.some(others)}, which somebody still writes: they are of one export, and what"
        " belongs together may lie in both."
    )


def waited(reason: str, longest: float) -> str:
    """What people are told of a drop that lacks something: it is waited for, seconds at most, and what comes then."""
    return (
        f"{reason} It is waited for, for {human_span(longest)} after the last change at most ([archives] volume_wait);"
        " then it is taken as it is."
    )
