"""What a job delivered, and whom to ask for it: the running daemon, which has the login, else Telegram.

async with asking(config, path) as holder:
    found = await holder.stored("family", [48213, 48214])
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from telespool.cli.run import destination
from telespool.config.secrets import Secrets
from telespool.destinations.base import Stored, SupportsFetch
from telespool.errors import Permanent, Temporary
from telespool.file_endings import by_ending
from telespool.observe import control_client
from telespool.spool import delivered_index
from telespool.spool.lock import Lock
from telespool.spool.lookup import find
from telespool.spool.names import Job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from telespool.config.schema import Config
    from telespool.spool import Spool

_PATIENCE = 120.0
_AT_ONCE = 500  # messages in one question to the daemon


@dataclass(frozen=True, slots=True)
class Delivered:
    """One file of a job that was sent, as its receipt and `contents.txt` have it; size and digest may be unknown."""

    job: str
    number: int
    message: int
    name: str
    size: int = 0
    digest: str = ""
    is_clip: bool = False
    """The clip of a live photo: its message is that of the photo."""

    @property
    def chat(self) -> str:
        """The alias of its chat."""
        parsed = Job.parse(self.job)
        return parsed.chat if parsed else ""

    @property
    def is_photo(self) -> bool:
        """Whether its name is that of a photo; Telegram keeps a copy of its own of such a file."""
        return by_ending(self.name) == "photo"


def of_job(spool: Spool, job: str) -> list[Delivered]:
    """All files of a job that were sent, in order."""
    sizes = {(line.number, line.message): line for line in delivered_index.read(spool, job)}
    found = []
    for entry in spool.units("done", job):
        for member in spool.members(entry):
            unit = member.unit
            if not unit.message:
                continue  # an original whose copy was sent, or the drop; or nobody knows the number
            line = sizes.get((unit.first, unit.message))
            size, digest = (line.size, line.digest) if line else (0, "")
            is_clip = bool(unit.still)
            found.append(
                Delivered(job, unit.first, unit.message, unit.shown, size, digest, is_clip)
            )
    return found


def jobs_of(spool: Spool, what: str | None) -> list[str]:
    """The job that is meant, or (None) all that delivered something."""
    if what is None:
        return spool.jobs("done")
    job = find(spool, what).job
    if not job:
        raise Permanent(f"{what} was not claimed yet: nothing of it was sent.")
    return [job]


class Holder(Protocol):
    """Whoever can be asked."""

    async def stored(self, chat: str, messages: Sequence[int]) -> Mapping[int, Stored]:
        """What these messages hold; those that are gone are missing."""

    async def piece(self, chat: str, message: int, offset: int) -> bytes:
        """A piece of a message's file; none behind its end."""


class _Daemon:
    """Asks through the daemon that runs."""

    def __init__(self, root: Path, process: int) -> None:
        self._root, self._process = root, process

    async def stored(self, chat: str, messages: Sequence[int]) -> Mapping[int, Stored]:
        """As `Holder`."""
        found: dict[int, Stored] = {}
        for start in range(0, len(messages), _AT_ONCE):
            asked = {"chat": chat, "messages": list(messages[start : start + _AT_ONCE])}
            said = await self._ask("stored", asked)
            found |= {each[0]: Stored(*each) for each in said["found"]}
        return found

    async def piece(self, chat: str, message: int, offset: int) -> bytes:
        """As `Holder`."""
        asked = {"chat": chat, "message": message, "offset": offset}
        return base64.b64decode((await self._ask("piece", asked))["piece"])

    async def _ask(self, order: str, asked: dict[str, Any]) -> dict[str, Any]:
        question = f"{order} {json.dumps(asked)}"
        said = await asyncio.to_thread(
            control_client.look, self._root, self._process, question, _PATIENCE
        )
        if said is None:
            raise Temporary(
                "The daemon runs and has the login, and does not answer. Try again, as its own user or a member of"
                " the spool's group; or stop it meanwhile."
            )
        if "error" in said:
            raise Permanent(str(said["error"]))
        return said


@contextlib.asynccontextmanager
async def asking(config: Config, path: Path | None) -> AsyncIterator[Holder]:
    """Whoever can be asked, while the `async with` lasts; Permanent where the destination holds nothing to ask for."""
    root = config.spool.root
    holder = Lock(root / "lock").holder()
    if config.destination == "telegram" and holder is not None:
        yield _Daemon(root, holder)
        return
    place = destination(config, Secrets.read(path))
    if not isinstance(place, SupportsFetch):
        raise Permanent(
            "The posts of the folder destination lie on this machine: look at them there."
        )
    try:
        await place.open()
        yield place
    finally:
        await place.close()
