"""Whether a chat can be asked for what its table in the configuration says: by real requests that change nothing.

Each key has an answer: what was found, and, where it cannot work, what to do. core.telegram.org/api/rights, /api/forum
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telethon import utils
from telethon.tl import functions, types

from telespool.destinations.base import KeyFinding
from telespool.destinations.telegram import error_mapping
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.errors import TelespoolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.config.posting import ChatSettings
    from telespool.destinations.telegram.peers import Peers
    from telespool.destinations.telegram.rpc import RpcClient
    from telespool.destinations.telegram.topics import Topics

_KINDS = {"send_photos": "photos", "send_videos": "videos", "send_docs": "files"}


class ChatKeys:
    """Asks for the keys of chats."""

    def __init__(self, caller: RpcClient, chats: Peers, topics: Topics) -> None:
        self._caller = caller
        self._chats = chats
        self._topics = topics

    async def examine(self, alias: str, keys: ChatSettings, caption: int) -> list[KeyFinding]:
        """What is to be said of the keys of a chat; `caption` is the most that a caption may have.

        TelespoolError where the chat itself cannot be asked for.
        """
        peer = await self._chats.peer(alias)
        chat = await self._chat(peer, alias)
        found: list[KeyFinding] = [*_kinds(chat, keys), *_template(keys, caption)]
        found += await self._slow_mode(peer, chat, alias)
        if keys.topic or keys.subfolders == "topics":
            found += await self._topic(chat, alias, keys)
        if keys.send_as:
            found.append(await self._send_as(peer, alias, keys.send_as))
        if keys.protect:
            found.append(_protect(chat, is_bot=bool((await self._caller.whoami()).bot)))
        return found

    async def _chat(self, peer: Any, alias: str) -> Any:
        """The group or channel; None for a person."""
        match peer:
            case types.InputPeerChannel():
                channel = types.InputChannel(peer.channel_id, peer.access_hash)
                request: Any = functions.channels.GetChannelsRequest([channel])
            case types.InputPeerChat():
                request = functions.messages.GetChatsRequest([peer.chat_id])
            case _:
                return None
        return (await self._ask(request, alias)).chats[0]

    async def _slow_mode(self, peer: Any, chat: Any, alias: str) -> list[KeyFinding]:
        if not getattr(chat, "slowmode_enabled", False) or _is_admin(chat):
            return []
        request = functions.channels.GetFullChannelRequest(
            types.InputChannel(peer.channel_id, peer.access_hash)
        )
        seconds = (await self._ask(request, alias)).full_chat.slowmode_seconds or 0
        said = f"one post in {seconds} s (an album is one post): what is dropped together goes one after the other"
        return [KeyFinding("slow mode", said)]

    async def _topic(self, chat: Any, alias: str, keys: ChatSettings) -> list[KeyFinding]:
        key = "topic" if keys.topic else "subfolders"
        if not getattr(chat, "forum", False):
            cure = f"let an administrator turn topics on, or take {key} out of [chats.{alias}]"
            return [KeyFinding(key, "the chat has no topics", cure)]
        found = []
        if keys.topic:
            try:
                found.append(await self._one_topic(chat, alias, keys.topic))
            except Refusal as refusal:
                raise error_mapping.verdict(refusal, f"The topics of the chat {alias!r}") from None
        if keys.subfolders == "topics":
            if _may_make_topics(chat):
                found.append(KeyFinding("subfolders", "topics are found, or made"))
            else:
                cure = "let an administrator give this account the right to manage topics, or make each by hand"
                found.append(KeyFinding("subfolders", "this account may make no topics", cure))
        return found

    async def _one_topic(self, chat: Any, alias: str, topic: str) -> KeyFinding:
        state = await self._topics.state(alias, int(topic) if topic.isdecimal() else topic)
        if state == "open":
            return KeyFinding("topic", f"{topic} is there, and open")
        if state == "closed":
            cure = "let an administrator open it again; what goes there waits"
            return KeyFinding("topic", f"{topic} is closed", cure)
        if topic.isdecimal():
            cure = "write the number of one that is there: it stands in the link of the topic"
            return KeyFinding("topic", f"there is no topic with the number {topic}", cure)
        if _may_make_topics(chat):
            return KeyFinding("topic", f"{topic} is not there yet, and is made with the first post")
        cure = (
            "make it by hand, or let an administrator give this account the right to manage topics"
        )
        return KeyFinding("topic", f"{topic} is not there, and this account may make none", cure)

    async def _send_as(self, peer: Any, alias: str, value: str) -> KeyFinding:
        cure = "take one of these, or let the owner of the group allow it"
        try:
            wanted = utils.get_peer_id(await self._chats.named(value, alias))
        except TelespoolError as error:
            return KeyFinding("send_as", error.reason, "correct its name or number")
        answer = await self._ask(functions.channels.GetSendAsRequest(peer), alias)
        allowed = [utils.get_peer_id(each.peer) for each in answer.peers]
        if wanted in allowed:
            return KeyFinding("send_as", f"{value} may be posted as")
        names = {
            utils.get_peer_id(each): utils.get_display_name(each)
            for each in (*answer.chats, *answer.users)
        }
        listed = ", ".join(names.get(each, str(each)) for each in allowed) or "nobody"
        return KeyFinding("send_as", f"this account may post as {listed}, not as {value}", cure)

    async def _ask(self, request: Any, alias: str) -> Any:
        try:
            return await self._caller.call(request, chat=alias)
        except Refusal as refusal:
            raise error_mapping.verdict(refusal, f"What goes to the chat {alias!r}") from None


def _is_admin(chat: Any) -> bool:
    return bool(getattr(chat, "creator", False) or getattr(chat, "admin_rights", None))


def _banned(chat: Any, right: str) -> bool:
    """Whether members, or this account, may not do so."""
    rights = (getattr(chat, name, None) for name in ("banned_rights", "default_banned_rights"))
    return any(each is not None and getattr(each, right, False) for each in rights)


def _may_make_topics(chat: Any) -> bool:
    rights = getattr(chat, "admin_rights", None)
    if getattr(chat, "creator", False) or (rights is not None and rights.manage_topics):
        return True
    return not _banned(chat, "manage_topics")


def _kinds(chat: Any, keys: ChatSettings) -> Iterator[KeyFinding]:
    """The kinds of media that the chat forbids to members, where its keys ask for them."""
    if _is_admin(chat):
        return
    wanted = ["send_videos"]
    if keys.photos != "file":
        wanted.append("send_photos")
    if keys.photos in {"file", "both"} or keys.others == "document" or keys.raw == "document":
        wanted.append("send_docs")
    forbidden = " and ".join(_KINDS[right] for right in wanted if _banned(chat, right))
    if forbidden:
        cure = f"let an administrator allow {forbidden}, or make this account an administrator"
        yield KeyFinding("rights", f"members may send no {forbidden} there", cure)
    if keys.caption and _banned(chat, "send_plain"):
        yield KeyFinding("caption", "members may send no text there: captions may be left out")


def _template(keys: ChatSettings, most: int) -> Iterator[KeyFinding]:
    """The caption of the configuration, where it is too long whatever its fields stand for."""
    if len(keys.caption.encode("utf-16-le")) // 2 > most:
        cure = "shorten it; what is too long is cut, and told in the report"
        yield KeyFinding(
            "caption", f"it is longer than the {most} signs that a caption may have", cure
        )


def _protect(chat: Any, *, is_bot: bool) -> KeyFinding:
    if is_bot or getattr(chat, "noforwards", False):
        return KeyFinding("protect", "posts cannot be forwarded or saved")
    cure = "let the owner of the chat turn on “Restrict saving content”, which holds for all of it, or log in as a bot"
    return KeyFinding("protect", "Telegram protects single posts for bots alone", cure)
