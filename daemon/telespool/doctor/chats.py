"""What the destination says of each chat: whether it can be posted to, and whether its keys can be in effect."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from telespool.config.paths import command
from telespool.destinations.base import SupportsChatKeys
from telespool.doctor.findings import Finding, note, ok, wrong
from telespool.errors import LoginNeeded, TelespoolError, Temporary

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
    except Temporary as error:
        return {"error": error.reason, "scope": error.scope, "kind": error.kind}
    except LoginNeeded as error:
        return {"error": error.reason, "scope": "all", "kind": "login"}
    except TelespoolError as error:
        return {"error": error.reason}
    return answer


def told(answers: dict[str, Any], config: Config) -> Iterator[Finding]:
    """The findings of these answers. What concerns everybody is told once, and is no chat's fault."""
    of_all = {
        answer["error"]: answer.get("kind", "")
        for answer in answers.values()
        if answer.get("scope") == "all"
    }
    for error, kind in of_all.items():
        yield wrong("Telegram", error, cure_of_all(config, kind))
    for alias, answer in answers.items():
        name = f"chat {alias}"
        if answer.get("scope") == "all":
            yield note(name, "was not looked at: Telegram could not be asked")
            continue
        if "error" in answer and answer.get("kind") == "flood":
            yield note(name, answer["error"], "Nothing: it goes on by itself")
            continue
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


def cure_of_all(config: Config, kind: str = "") -> str:
    """What to do where Telegram cannot be asked at all."""
    match kind:
        case "login":
            return f"Run: {command('login')}"
        case "flood":
            return "Nothing: it goes on by itself"
        case "account":
            return "Open Telegram's own app with this account, or ask @SpamBot there; it is tried again by itself"
    if config.telegram.proxy:
        return "It is the way by telegram.proxy that fails: without that key Telegram is asked directly"
    return "Is the network up, and may this machine reach Telegram (firewall, IPAddressAllow= of the unit)?"
