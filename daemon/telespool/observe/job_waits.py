"""What a job waits for, as the daemon tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telespool.config.absent_chat import absent_chat
from telespool.observe import control_client
from telespool.runtime.waits import Wait
from telespool.spool.lock import Lock
from telespool.spool.names import Job

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from telespool.spool.layout import SpoolLayout


def waits(
    folders: SpoolLayout, job: str, chat: str, chats: Container[str], needs_tools: bool
) -> Iterator[dict[str, Any]]:
    """The waits that concern this job, from the daemon if one runs."""
    holder = Lock(folders.root / "lock").holder()
    told = control_client.look(folders.root, holder) if holder else None
    parsed = Job.parse(job)
    place = parsed.place if parsed is not None else ""
    if told is None and chat and chat not in chats:
        error = absent_chat(chat)
        yield Wait(error.reason, None, "chat", chat, error.kind).to_json()
    for wait in (told or {}).get("waits", []):
        of_worker = wait["scope"] == "worker" and (wait["kind"] == "disk" or needs_tools)
        if of_worker or Wait.from_json(wait).concerns(job, chat, place):
            yield wait
