"""Which chat a command means: by --to CHAT[/TOPIC], or by the folder in which a file lies; and how its rules differ."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.spool.names import DEFAULT_CHAT, topic_of

if TYPE_CHECKING:
    from telespool.config.schema import Config


def chosen(to: str, config: Config) -> tuple[str, str]:
    """Return the chat and the topic that --to names; Permanent where there is no such chat, or no such folder in it."""
    chat, _, topic = to.partition("/")
    if chat not in config.chats:
        known = ", ".join(sorted(config.chats))
        raise Permanent(f"There is no chat {chat}. Under [chats] in the configuration are: {known}")
    if topic and (chat not in _with_topics(config) or topic != topic_of(topic)):
        raise Permanent(
            f"The chat {chat} has no folder for a topic {topic}."
            f' Where [chats.{chat}] says subfolders = "topics", --to {chat}/NAME drops for the topic NAME.'
        )
    return chat, topic


def by_place(path: Path, config: Config) -> tuple[str, str]:
    """Return the chat and the topic for which a folder of `inbox.folders` takes what lies there; else `default`."""
    for chat, folder in config.inbox.folders.items():
        place = Path(os.path.realpath(folder))
        if path != place and path.is_relative_to(place):
            first, *rest = path.relative_to(place).parts
            return chat, topic_of(first) if rest and chat in _with_topics(config) else ""
    return DEFAULT_CHAT, ""


def differing(chat: str, config: Config) -> list[str]:
    """Return the other chats in which something else may become of a drop than in this one, by name."""
    own = replace(config.chat(chat), to="")
    # What was sent before is known for each chat by itself.
    return [
        other
        for other in sorted(config.chats.keys() - {chat})
        if own.duplicates != "send" or replace(config.chat(other), to="") != own
    ]


def takes_topics(chat: str, topic: str, config: Config) -> bool:
    """Return True if a folder that is dropped there stands for a topic of the chat."""
    return not topic and chat in _with_topics(config)


def _with_topics(config: Config) -> frozenset[str]:
    return config.with_value("subfolders", "topics")
