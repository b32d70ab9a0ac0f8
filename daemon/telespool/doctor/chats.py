"""What the destination says of each chat: whether it can be posted to, and whether its keys can be in effect."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from telespool.destinations.base import SupportsChatKeys
from telespool.doctor.findings import Finding, ok, wrong
from telespool.errors import TelespoolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.config.schema import Config
    from telespool.destinations.base import Destination


async def of_chat(destination: Destination, config: Config, alias: str) -> dict[str, Any]:
    """The answer for one chat, as it goes over the control socket: title and keys, or the error."""
    try:
        answer: dict[str, Any] = {"title": await destination.check(alias)}
        if isinstance(destination, SupportsChatKeys):
            found = await destination.examine(alias, config.chat(alias))
            answer["keys"] = [asdict(each) for each in found]
    except TelespoolError as error:
        return {"error": error.reason}
    return answer


def told(answers: dict[str, Any], config: Config) -> Iterator[Finding]:
    """The findings of these answers."""
    for alias, answer in answers.items():
        name = f"chat {alias}"
        if "error" in answer:
            cure = f"Correct chats.{alias} in the configuration, or let this account into the chat with the right to post"
            yield wrong(name, answer["error"], cure)
            continue
        yield ok(name, f"{config.chats.get(alias, '')}: {answer['title']}")
        for each in answer.get("keys", ()):
            about, cure = f"{name}, {each['key']}", each["cure"]
            if cure:
                yield wrong(about, each["found"], cure[:1].upper() + cure[1:])
            else:
                yield ok(about, each["found"])
