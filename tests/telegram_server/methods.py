"""The requests the server understands: one function to a method, found by its documented name.

A handler gets the server, what is known of the call (`Context`) and the request, and returns a TL object, a boolean
or a list. `Refused` leaves it as an error for the client. Logging in stands in `login.py`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from .chats import Account, full_user
from .posts import Manner, Wanted
from .wire import Refused, fill, now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .faults import Fault
    from .server import TestTelegram
    from .session import Connection


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, on which connection, and which faults strike the call."""

    telegram: TestTelegram
    connection: Connection
    faults: Sequence[Fault]
    account: Account | None

    @property
    def me(self) -> Account:
        """The account; AUTH_KEY_UNREGISTERED where nobody is logged in."""
        if self.account is None:
            raise Refused(401, "AUTH_KEY_UNREGISTERED")
        return self.account


if TYPE_CHECKING:
    Handler = Callable[[Context, Any], Awaitable[object]]

HANDLERS: dict[str, Handler] = {}
ANONYMOUS: set[str] = set()
"""Methods that are answered before anybody has logged in."""


def method(name: str, *, anonymous: bool = False) -> Callable[[Handler], Handler]:
    """Register the handler of one method."""

    def register(handler: Handler) -> Handler:
        HANDLERS[name] = handler
        if anonymous:
            ANONYMOUS.add(name)
        return handler

    return register


# help


@method("help.getConfig", anonymous=True)
async def get_config(context: Context, _request: Any) -> object:
    """The data centres: all of them are this server."""
    telegram = context.telegram
    ipv6 = ":" in telegram.host
    options = [
        types.DcOption(number, telegram.host, telegram.port, ipv6=ipv6) for number in range(1, 6)
    ]
    if telegram.media_port:
        options.append(
            types.DcOption(telegram.dc_id, telegram.host, telegram.media_port, media_only=True)
        )
    return fill(
        types.Config,
        this_dc=telegram.dc_id,
        test_mode=False,
        dc_options=options,
        caption_length_max=1024,
        message_length_max=4096,
    )


@method("help.getAppConfig")
async def get_app_config(context: Context, _request: Any) -> object:
    """The limits that clients are told rather than know."""
    values = {
        "upload_max_fileparts_default": context.telegram.storage.most_parts,
        "upload_max_fileparts_premium": 2 * context.telegram.storage.most_parts,
        "caption_length_limit_default": 1024,
        "caption_length_limit_premium": 2048,
    }
    entries = [
        types.JsonObjectValue(key, types.JsonNumber(float(value))) for key, value in values.items()
    ]
    return types.help.AppConfig(hash=1, config=types.JsonObject(entries))


# users, contacts, channels, dialogs


@method("users.getUsers")
async def get_users(context: Context, request: Any) -> object:
    """The account itself, and users whose access hash is right."""
    found: list[Any] = []
    for user in request.id:
        if isinstance(user, types.InputUserSelf) or user.user_id == context.me.id:
            found.append(context.me.to_tl())
            continue
        try:
            found.append(context.telegram.directory.find(context.me, user).to_tl())
        except Refused:
            found.append(types.UserEmpty(user.user_id))
    return found


@method("users.getFullUser")
async def get_full_user(context: Context, _request: Any) -> object:
    """The account itself, in full."""
    return full_user(context.me)


@method("contacts.resolveUsername")
async def resolve_username(context: Context, request: Any) -> object:
    """A chat by its username."""
    if request.username.lower() == context.me.username:
        return types.contacts.ResolvedPeer(types.PeerUser(context.me.id), [], [context.me.to_tl()])
    chat = context.telegram.directory.by_username(request.username)
    users, chats = ([chat.to_tl()], []) if chat.kind == "user" else ([], [chat.to_tl()])
    return types.contacts.ResolvedPeer(chat.peer(), chats, users)


@method("contacts.getContacts")
async def get_contacts(context: Context, _request: Any) -> object:
    """Everybody with a phone number."""
    users = [chat for chat in context.telegram.directory.chats if chat.phone]
    contacts = [types.Contact(user.id, False) for user in users]
    return types.contacts.Contacts(contacts, 0, [user.to_tl() for user in users])


@method("messages.getDialogs")
async def get_dialogs(context: Context, request: Any) -> object:
    """Every chat at once; bots have no dialogs."""
    if context.me.bot:
        raise Refused(400, "BOT_METHOD_INVALID")
    later = not isinstance(request.offset_peer, types.InputPeerEmpty)
    chats = [] if later else context.telegram.directory.chats
    dialogs = [
        fill(
            types.Dialog,
            peer=chat.peer(),
            notify_settings=types.PeerNotifySettings(),
            pts=chat.pts if chat.own_numbers else None,
        )
        for chat in chats
    ]
    users = [chat.to_tl() for chat in chats if chat.kind == "user"]
    others = [chat.to_tl() for chat in chats if chat.kind != "user"]
    return types.messages.Dialogs(dialogs, [], others, [context.me.to_tl(), *users])


# updates: nothing ever happens but what the client does itself


@method("updates.getState")
async def get_state(context: Context, _request: Any) -> object:
    """Where the account's own updates stand."""
    return types.updates.State(context.me.pts, 0, now(), 0, 0)


@method("updates.getDifference")
async def get_difference(_context: Context, _request: Any) -> object:
    """Nothing was missed."""
    return types.updates.DifferenceEmpty(now(), 0)


@method("updates.getChannelDifference")
async def get_channel_difference(_context: Context, request: Any) -> object:
    """Nothing was missed in a channel."""
    return types.updates.ChannelDifferenceEmpty(request.pts, final=True)


# uploading


def _check_door(context: Context) -> None:
    """Official clients use media-only addresses for downloads alone: nobody knows that uploads work there."""
    if context.connection.record.media_only:
        raise Refused(400, "DC_ID_INVALID")


@method("upload.saveFilePart")
async def save_file_part(context: Context, request: Any) -> object:
    """One part of a file of up to 10 MB."""
    _check_door(context)
    context.telegram.storage.save_part(
        context.me.id, request.file_id, request.file_part, request.bytes, None
    )
    return True


@method("upload.saveBigFilePart")
async def save_big_file_part(context: Context, request: Any) -> object:
    """One part of a larger file."""
    _check_door(context)
    context.telegram.storage.save_part(
        context.me.id,
        request.file_id,
        request.file_part,
        request.bytes,
        request.file_total_parts,
    )
    return True


@method("upload.getFile")
async def get_file(context: Context, request: Any) -> object:
    """A piece of a photo or document. core.telegram.org/api/files#downloading-files"""
    if request.limit % 4096 or (1 << 20) % request.limit or request.offset % 4096:
        raise Refused(400, "LIMIT_INVALID")
    media = context.telegram.storage.media.get(request.location.id)
    if media is None or media.access_hash != request.location.access_hash:
        raise Refused(400, "LOCATION_INVALID")
    data = media.content[request.offset : request.offset + request.limit]
    return types.upload.File(types.storage.FileUnknown(), 0, data)


@method("messages.uploadMedia")
async def upload_media(context: Context, request: Any) -> object:
    """Make media of uploaded parts, for one account and one chat, without posting it."""
    context.telegram.directory.enter(context.me, request.peer, to_post=True)
    storage = context.telegram.storage
    return (await asyncio.to_thread(storage.make, context.me.id, request.media)).to_tl()


# posting


@method("messages.sendMessage")
async def send_message(context: Context, request: Any) -> object:
    """A text."""
    return await _post(context, request, [Wanted(request.random_id, None, request.message)])


@method("messages.sendMedia")
async def send_media(context: Context, request: Any) -> object:
    """One photo or document."""
    wanted = [Wanted(request.random_id, request.media, request.message, request.entities or ())]
    return await _post(context, request, wanted)


@method("messages.sendMultiMedia")
async def send_multi_media(context: Context, request: Any) -> object:
    """An album."""
    wanted = [
        Wanted(one.random_id, one.media, one.message, one.entities or ())
        for one in request.multi_media
    ]
    return await _post(context, request, wanted, album=True)


async def _post(
    context: Context, request: Any, wanted: Sequence[Wanted], *, album: bool = False
) -> object:
    directory = context.telegram.directory
    chat = directory.enter(context.me, request.peer, to_post=True)
    other = directory.find(context.me, request.send_as).name if request.send_as else None
    if other is not None and chat.may_send_as is not None and other not in chat.may_send_as:
        raise Refused(400, "SEND_AS_PEER_INVALID")
    manner = Manner(
        silent=bool(request.silent),
        protected=bool(request.noforwards),
        caption_above=bool(getattr(request, "invert_media", None)),
        reply_to=request.reply_to,
        send_as=other,
    )
    return await context.telegram.posts.post(
        context.me, chat, wanted, context.faults, album=album, manner=manner
    )


# looking


@method("channels.getMessages")
async def get_channel_messages(context: Context, request: Any) -> object:
    """Messages of a channel by number."""
    return _messages(context, request.channel, request.id)


@method("messages.getMessages")
async def get_messages(context: Context, request: Any) -> object:
    """Messages outside channels by number."""
    directory, posts = context.telegram.directory, context.telegram.posts
    found: list[Any] = []
    for one in request.id:
        found.append(types.MessageEmpty(one.id, None))
        for message in posts.messages:
            chat = directory.chat_of(message)
            if message.id == one.id and not chat.own_numbers and message.account == context.me.id:
                found[-1] = posts.to_tl(message, chat)
    chats = [chat.to_tl() for chat in directory.chats if chat.kind == "group"]
    return types.messages.Messages(found, [], chats, [context.me.to_tl()])


@method("messages.getHistory")
async def get_history(context: Context, request: Any) -> object:
    """The newest messages of a chat; bots may not look."""
    if context.me.bot:
        raise Refused(400, "BOT_METHOD_INVALID")
    chat = context.telegram.directory.enter(context.me, request.peer)
    posts = context.telegram.posts
    found = [
        posts.to_tl(message, chat)
        for message in reversed(posts.messages)
        if message.chat == chat.name
        and (chat.own_numbers or message.account == context.me.id)
        and (not request.offset_id or message.id < request.offset_id)
    ][: request.limit]
    return _history(context, chat, found)


def _messages(context: Context, peer: Any, numbers: Sequence[Any]) -> object:
    chat = context.telegram.directory.enter(context.me, peer)
    posts = context.telegram.posts
    known = {message.id: message for message in posts.messages if message.chat == chat.name}
    found = [
        posts.to_tl(known[one.id], chat) if one.id in known else types.MessageEmpty(one.id, None)
        for one in numbers
    ]
    return _history(context, chat, found)


def _history(context: Context, chat: Any, found: list[Any]) -> object:
    users = [context.me.to_tl()]
    if chat.own_numbers:
        return types.messages.ChannelMessages(
            chat.pts, len(found), found, [], [chat.to_tl()], users
        )
    chats = [chat.to_tl()] if chat.kind == "group" else []
    if chat.kind == "user" and chat.id != context.me.id:
        users.append(chat.to_tl())
    return types.messages.Messages(found, [], chats, users)
