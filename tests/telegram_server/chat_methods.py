"""The requests about chats: whether they are there, and what accounts may do in them. core.telegram.org/api/channel"""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from .methods import Context, method
from .wire import fill


@method("channels.getChannels")
async def get_channels(context: Context, request: Any) -> object:
    """Channels whose access hash is right."""
    found = [context.telegram.directory.find(context.me, channel) for channel in request.id]
    return types.messages.Chats([chat.to_tl() for chat in found])


@method("channels.getFullChannel")
async def get_full_channel(context: Context, request: Any) -> object:
    """A channel with its slow mode."""
    chat = context.telegram.directory.enter(context.me, request.channel)
    full = fill(
        types.ChannelFull,
        id=chat.id,
        about="",
        chat_photo=types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(),
        slowmode_seconds=chat.slow_mode or None,
        pts=chat.pts,
    )
    return types.messages.ChatFull(full, [chat.to_tl()], [context.me.to_tl()])


@method("channels.getSendAs")
async def get_send_as(context: Context, request: Any) -> object:
    """In whose name this account may post to a chat."""
    directory = context.telegram.directory
    names = directory.enter(context.me, request.peer).may_send_as
    others = [each for each in directory.chats if names is not None and each.name in names]
    if names is None:
        others = [each for each in directory.chats if each.own_numbers]
    peers = [types.SendAsPeer(types.PeerUser(context.me.id))]
    peers += [types.SendAsPeer(each.peer()) for each in others]
    chats = [each.to_tl() for each in others]
    return types.channels.SendAsPeers(peers, chats, [context.me.to_tl()])


@method("messages.getChats")
async def get_chats(context: Context, request: Any) -> object:
    """Basic groups by number."""
    directory = context.telegram.directory
    found = [directory.find(context.me, types.InputPeerChat(number)) for number in request.id]
    return types.messages.Chats([chat.to_tl() for chat in found])
