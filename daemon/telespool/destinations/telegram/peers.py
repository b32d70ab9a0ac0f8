"""Which chat is meant: from the value in the configuration to what requests call it by.

    me               the account's own Saved Messages
    @name            a channel, group or person with a public name; t.me/name is the same
    +491701234567    a person, by phone number
    -1001234567890   a numeric id: channels and supergroups begin with -100, small groups with -, people with none

What was looked up once is kept in the session file, because looking names up is what Telegram limits hardest.
Raises `Temporary` for the chat where it is not found: a person corrects it, or the account is invited, and
the posts go on.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import structlog
from telethon import utils
from telethon.tl import functions, types

from telespool.config.absent_chat import absent_chat
from telespool.destinations.telegram import error_mapping
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.errors import Temporary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telespool.destinations.telegram.rpc import RpcClient
    from telespool.destinations.telegram.session import Session

_log = structlog.get_logger()
_PHONE = re.compile(r"\+[\d ()-]{6,}")
_NUMBER = re.compile(r"-?\d+")
_DIALOGS, _PAGES = 100, 20  # a numeric id is looked for among the account's newest 2000 chats
_STALE = {"CHANNEL_INVALID", "CHANNEL_PRIVATE", "PEER_ID_INVALID", "CHAT_ID_INVALID"}
_RETRY = 15 * 60.0
_LOOK_AGAIN = 60.0


class Peers:
    """The chats of the configuration, as far as they are known."""

    def __init__(self, chats: Mapping[str, str], caller: RpcClient, session: Session) -> None:
        self._values = chats
        self._caller = caller
        self._session = session
        self._known: dict[str, Any] = {}
        self._moved: dict[str, Any] = {}  # the groups that became supergroups, as they were called
        self._doubted: dict[str, float] = {}  # when what the session remembers was refused
        self._looking = asyncio.Lock()

    async def peer(self, alias: str) -> Any:
        """The InputPeer of an alias."""
        async with self._looking:
            known = self._known.get(alias)
            if known is None:
                value = self._values.get(alias)
                if value is None:
                    raise absent_chat(alias)
                known = self._known[alias] = await self._find(value.strip(), alias)
            return known

    def value(self, alias: str) -> str:
        """What the configuration says about an alias."""
        return self._values.get(alias, "")

    async def named(self, value: str, alias: str) -> Any:
        """The InputPeer of another chat, to post in its name in the chat `alias`."""
        async with self._looking:
            key = f"as {value}"
            if key not in self._known:
                self._known[key] = await self._find(value.strip(), alias)
            return self._known[key]

    def forget(self, alias: str, refusal: Refusal) -> bool:
        """Look it up anew after this refusal; False where a fresh look would not help.

        Several requests may be refused at once: they share one fresh look.
        """
        if refusal.name not in _STALE and not isinstance(
            self._known.get(alias), types.InputPeerChat
        ):
            return False
        now = asyncio.get_running_loop().time()
        if now - self._doubted.get(alias, float("-inf")) > _LOOK_AGAIN:
            self._doubted[alias] = now
            self._known.pop(alias, None)
        return True

    def before_move(self, alias: str) -> Any:
        """The InputPeer of the basic group that became this supergroup; None where it is none."""
        return self._moved.get(alias)

    async def title(self, alias: str) -> str:
        """Its title, by a real request; Temporary where this account may not post media there."""
        peer = await self.peer(alias)
        match peer:
            case types.InputPeerChannel():
                channel = types.InputChannel(peer.channel_id, peer.access_hash)
                request = functions.channels.GetChannelsRequest([channel])
            case types.InputPeerChat():
                request = functions.messages.GetChatsRequest([peer.chat_id])
            case _:
                users = await self._ask(functions.users.GetUsersRequest([_user(peer)]), alias)
                if users and getattr(users[0], "deleted", False):
                    raise _unknown(
                        f"The account behind the chat {alias!r} was deleted: write to another one."
                    )
                return str(utils.get_display_name(users[0]) or alias) if users else alias
        chats = (await self._ask(request, alias)).chats
        chat = chats[0] if chats else None
        if reason := _closed(chat, alias):
            raise _unknown(reason)
        title = str(getattr(chat, "title", alias))
        return f"{title} ({_successor(alias, peer)})" if alias in self._moved else title

    async def _find(self, value: str, alias: str) -> Any:
        if value.lower() in {"me", "self"}:
            return types.InputPeerSelf()
        if _NUMBER.fullmatch(value):
            return await self._by_number(int(value), alias)
        if _PHONE.fullmatch(value):
            return await self._by_phone(value, alias)
        return await self._by_name(value, alias)

    async def _by_name(self, value: str, alias: str) -> Any:
        name, is_invitation = utils.parse_username(value)
        if name is None or is_invitation:
            raise _unknown(
                f"{value!r} (chat {alias!r}) is no @name, phone number or numeric id. For a private"
                " chat join it and give its numeric id."
            )
        row = self._session.store.get_entity_rows_by_username(name.lower())
        if row and alias not in self._doubted:
            return self._cached(row[0])
        found = await self._ask(functions.contacts.ResolveUsernameRequest(name), alias)
        return await self._learn(found, utils.get_peer_id(found.peer))

    async def _by_phone(self, value: str, alias: str) -> Any:
        digits = re.sub(r"\D", "", value)
        row = self._session.store.get_entity_rows_by_phone(int(digits))
        if row and alias not in self._doubted:
            return self._cached(row[0])
        contacts = await self._ask(functions.contacts.GetContactsRequest(0), alias)
        for user in contacts.users:
            if user.phone == digits:
                return await self._learn(contacts, user.id)
        found = await self._ask(functions.contacts.ResolvePhoneRequest(digits), alias)
        return await self._learn(found, utils.get_peer_id(found.peer))

    async def _by_number(self, number: int, alias: str) -> Any:
        cached = self._cached(number)
        if cached is not None and alias not in self._doubted:
            return cached
        real, kind = utils.resolve_id(number)
        if kind is types.PeerChat:
            return await self._group(real, alias)
        me = await self._caller.whoami()
        if me.bot:  # bots may ask without the access hash; core.telegram.org/api/peers
            if kind is types.PeerChannel:
                request = functions.channels.GetChannelsRequest([types.InputChannel(real, 0)])
                found = await self._ask(request, alias)
            else:
                users = await self._ask(
                    functions.users.GetUsersRequest([types.InputUser(real, 0)]), alias
                )
                found = types.contacts.ResolvedPeer(types.PeerUser(real), [], users)
            peer = await self._learn(found, number)
        else:
            peer = await self._among_dialogs(number, alias)
        if peer is None:
            raise _unknown(_not_seen(alias, number, kind, is_bot=bool(me.bot)))
        return peer

    async def _group(self, number: int, alias: str) -> Any:
        """A basic group, or the supergroup that it became. core.telegram.org/api/channel#migration"""
        old = types.InputPeerChat(number)
        chats = (await self._ask(functions.messages.GetChatsRequest([number]), alias)).chats
        new = getattr(chats[0], "migrated_to", None) if chats else None
        if not isinstance(new, types.InputChannel):
            return old
        peer = types.InputPeerChannel(new.channel_id, new.access_hash)
        if alias not in self._moved:
            self._moved[alias] = old
            _log.warning("chat.moved", chat=alias, reason=_successor(alias, peer))
        return peer

    async def _among_dialogs(self, number: int, alias: str) -> Any:
        date, top, offset = None, 0, types.InputPeerEmpty()
        for _ in range(_PAGES):
            page = await self._ask(
                functions.messages.GetDialogsRequest(date, top, offset, _DIALOGS, 0), alias
            )
            if (peer := await self._learn(page, number)) is not None:
                return peer
            last = page.messages[-1] if page.messages else None
            if last is None or len(page.dialogs) < _DIALOGS:
                return None
            date, top = last.date, last.id
            offset = self._cached(utils.get_peer_id(last.peer_id)) or types.InputPeerEmpty()
        return None

    async def _learn(self, found: Any, number: int) -> Any:
        await asyncio.to_thread(self._session.learn, found)
        return self._cached(number)

    def _cached(self, number: int) -> Any:
        try:
            return self._session.store.get_input_entity(number)
        except ValueError:
            return None

    async def _ask(self, request: Any, alias: str) -> Any:
        try:
            return await self._caller.call(request)
        except Refusal as refusal:
            value = self._values.get(alias, alias)
            raise error_mapping.verdict(
                refusal, f"What goes to the chat {alias!r} ({value})"
            ) from None


def _successor(alias: str, peer: Any) -> str:
    return (
        f"the group became a supergroup and is followed there; write {utils.get_peer_id(peer)} as"
        f" chats.{alias} in the configuration"
    )


def _not_seen(alias: str, number: int, kind: Any, *, is_bot: bool) -> str:
    if is_bot and kind is types.PeerUser:
        return (
            f"The person behind the chat {alias!r} ({number}) has not spoken to this bot yet: let them open it in"
            " Telegram and press Start."
        )
    if is_bot:
        return (
            f"This bot is not in the chat {alias!r} ({number}): let an administrator add it there."
        )
    return (
        f"The chat {alias!r} ({number}) is not among this account's chats: join it, or write"
        " to it once, and it is found."
    )


def _closed(chat: Any, alias: str) -> str:
    """Why nothing can be posted to this chat, and what to do; empty where it can."""
    name = f"the chat {alias!r}"
    if chat is None or isinstance(chat, types.ChatEmpty):
        return f"Telegram knows nothing of {name}: it was deleted, or its number in the configuration is wrong."
    if isinstance(chat, types.ChatForbidden | types.ChannelForbidden):
        return (
            f"This account is not (or no longer) in {name} ({chat.title}), or it was closed: let somebody invite"
            " the account again, or set another chat in the configuration."
        )
    if getattr(chat, "deactivated", False):
        return f"The group of {name} ({chat.title}) was deleted: set another chat in the configuration."
    if getattr(chat, "left", False):
        return f"This account has left {name} ({chat.title}): join it again."
    if not _may_post(chat):
        return (
            f"This account may read {name} ({chat.title}) but not post photos and videos there:"
            " let an administrator give it that right."
        )
    return ""


def _may_post(chat: Any) -> bool:
    """What Telegram says of our rights; core.telegram.org/api/rights. People and old groups name none."""
    rights = getattr(chat, "admin_rights", None)
    if getattr(chat, "creator", False):
        return True
    if getattr(chat, "broadcast", False):
        return bool(rights and rights.post_messages)
    banned = [getattr(chat, name, None) for name in ("banned_rights", "default_banned_rights")]
    return rights is not None or not any(
        each and (each.send_messages or each.send_media) for each in banned
    )


def _user(peer: Any) -> Any:
    if isinstance(peer, types.InputPeerUser):
        return types.InputUser(peer.user_id, peer.access_hash)
    return types.InputUserSelf()


def _unknown(reason: str) -> Temporary:
    return Temporary(reason, retry_after=_RETRY, scope="chat")
