"""Accounts and chats, and how requests name them: by username, by number with an access hash, or `me`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from telethon.tl import types

from .wire import Refused, fill, now

if TYPE_CHECKING:
    from .forums import Forum
    from .records import Message

ChatKind = Literal["user", "group", "channel", "supergroup"]


@dataclass(slots=True)
class Account:
    """Somebody who can log in: a person by phone and code (and password), or a bot by its token."""

    id: int
    first_name: str
    access_hash: int
    phone: str | None = None
    token: str | None = None
    username: str | None = None
    premium: bool = False
    password: str | None = None
    pts: int = 1
    next_message: int = 1

    @property
    def bot(self) -> bool:
        """Whether it is a bot."""
        return self.token is not None

    def to_tl(self, *, own: bool = True) -> Any:
        """As a TL user."""
        return types.User(
            self.id,
            is_self=own or None,
            access_hash=self.access_hash,
            first_name=self.first_name,
            username=self.username,
            phone=self.phone,
            premium=self.premium or None,
            bot=self.bot or None,
            bot_info_version=1 if self.bot else None,
        )


@dataclass(slots=True)
class Chat:
    """A place to post to.

    `forbidden` is the name of the error every post gets (CHAT_WRITE_FORBIDDEN, CHANNEL_PRIVATE …);
    `slow_mode` are the seconds between two posts of one account; `gone` says why accounts are not there any more (`Directory.enter`), and
    `migrated_to` is the supergroup that a basic group has become (`Directory.migrate`). Of a supergroup, `admin` says
    whether the accounts are administrators, `banned` what members may not do (send_videos …), `protected` whether nothing
    may be forwarded, `may_send_as` the chats in whose name accounts may post (None: any).
    """

    kind: ChatKind
    id: int
    title: str
    access_hash: int
    username: str | None = None
    phone: str | None = None
    forbidden: str | None = None
    slow_mode: int = 0
    gone: Literal["", "deleted", "kicked", "left"] = ""
    migrated_to: Chat | None = None
    forum: Forum | None = None
    admin: bool = True
    banned: frozenset[str] = frozenset()
    protected: bool = False
    may_send_as: tuple[str, ...] | None = None
    pts: int = 1
    next_message: int = 1
    last_post: dict[int, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What tests call it: its username, else its title."""
        return self.username or self.title

    @property
    def own_numbers(self) -> bool:
        """Channels count their messages themselves; in other chats the account counts."""
        return self.kind in {"channel", "supergroup"}

    @property
    def marked_id(self) -> int:
        """The number people write into configurations: -100… for channels, -… for groups."""
        if self.own_numbers:
            return -(1_000_000_000_000 + self.id)
        return -self.id if self.kind == "group" else self.id

    def peer(self) -> Any:
        """As a TL peer."""
        if self.kind == "user":
            return types.PeerUser(self.id)
        return types.PeerChat(self.id) if self.kind == "group" else types.PeerChannel(self.id)

    def to_tl(self) -> Any:
        """As a TL user, chat or channel."""
        if self.kind == "user":
            return types.User(
                self.id,
                access_hash=self.access_hash,
                first_name=self.title,
                username=self.username,
                phone=self.phone,
                contact=True,
            )
        if self.gone == "kicked":
            if self.own_numbers:
                return types.ChannelForbidden(self.id, self.access_hash, self.title)
            return types.ChatForbidden(self.id, self.title)
        if self.kind == "group":
            new = self.migrated_to
            return types.Chat(
                self.id,
                self.title,
                types.ChatPhotoEmpty(),
                2,
                now(),
                1,
                left=self.gone == "left" or None,
                deactivated=bool(new) or self.gone == "deleted" or None,
                migrated_to=types.InputChannel(new.id, new.access_hash) if new else None,
            )
        may_post = self.forbidden != "CHAT_WRITE_FORBIDDEN"
        return types.Channel(
            self.id,
            self.title,
            types.ChatPhotoEmpty(),
            now(),
            broadcast=self.kind == "channel" or None,
            megagroup=self.kind == "supergroup" or None,
            forum=self.forum is not None or None,
            slowmode_enabled=bool(self.slow_mode) or None,
            access_hash=self.access_hash,
            username=self.username,
            noforwards=self.protected or None,
            admin_rights=types.ChatAdminRights(post_messages=True)
            if may_post and self.admin
            else None,
            left=self.gone == "left" or None,
            default_banned_rights=types.ChatBannedRights(
                until_date=None,
                **dict.fromkeys(
                    self.banned | (frozenset() if may_post else {"send_messages"}), True
                ),
            ),
        )


class Directory:
    """All accounts and chats of one server."""

    def __init__(self) -> None:
        self.user = Account(
            id=1001, first_name="Ada", access_hash=51001, phone="15550100", username="ada"
        )
        self.bot = Account(
            id=4242,
            first_name="Spool",
            access_hash=54242,
            token="4242:test-token",
            username="spool_bot",
        )
        self.accounts = {account.id: account for account in (self.user, self.bot)}
        self.chats: list[Chat] = []
        self._saved = {
            account.id: Chat("user", account.id, "me", account.access_hash)
            for account in self.accounts.values()
        }
        self.add("channel", 777, "Media", "media")
        self.add("supergroup", 888, "Family", "family")
        self.add("group", 4444, "Hikers")
        self.add("user", 2002, "Grace", "grace", phone="15550200")

    def add(
        self,
        kind: ChatKind,
        number: int,
        title: str,
        username: str | None = None,
        phone: str | None = None,
    ) -> Chat:
        """One more chat."""
        chat = Chat(kind, number, title, 90_000 + number, username, phone)
        self.chats.append(chat)
        return chat

    def migrate(self, name: str) -> Chat:
        """Turn a basic group into a supergroup, as its owner does: a chat with numbers of its own; the old one is closed.

        core.telegram.org/api/channel#migration
        """
        old = self[name]
        new = self.add("supergroup", 70_000 + old.id, f"{old.title} II")
        old.migrated_to, old.forbidden = new, "CHAT_ID_INVALID"
        return new

    def __getitem__(self, name: str) -> Chat:
        """A chat by its name."""
        for chat in self.chats:
            if name.lstrip("@") == chat.name:
                return chat
        raise KeyError(name)

    def chat_of(self, message: Message) -> Chat:
        """The chat a message stands in."""
        return self._saved[message.account] if message.chat == "me" else self[message.chat]

    def by_username(self, username: str) -> Chat:
        """A chat as contacts.resolveUsername finds it."""
        for chat in self.chats:
            if chat.username and chat.username.lower() == username.lower().lstrip("@"):
                return chat
        raise Refused(400, "USERNAME_NOT_OCCUPIED")

    def find(self, account: Account, peer: Any) -> Chat:
        """The chat an InputPeer names, with the access hash checked."""
        if isinstance(peer, types.InputPeerSelf):
            return self._saved_messages(account)
        if isinstance(peer, types.InputPeerUser | types.InputUser):
            if peer.user_id == account.id:
                return self._saved_messages(account)
            return self._match("user", peer.user_id, peer.access_hash, "PEER_ID_INVALID")
        if isinstance(peer, types.InputPeerChat):
            return self._match("group", peer.chat_id, None, "CHAT_ID_INVALID")
        if isinstance(peer, types.InputPeerChannel | types.InputChannel):
            # A bot may leave the hash out; a person may not.
            known = account.bot and peer.access_hash == 0
            access_hash = None if known else peer.access_hash
            return self._match("channel", peer.channel_id, access_hash, "CHANNEL_INVALID")
        raise Refused(400, "PEER_ID_INVALID")

    def enter(self, account: Account, peer: Any, *, to_post: bool = False) -> Chat:
        """The chat an InputPeer names, if the account may be there. core.telegram.org/api/errors

        Who was banned from a channel, or left a private one, has no access (CHANNEL_PRIVATE); a public one that was left can
        be read, but not written to. Basic groups are there for their members alone.
        """
        chat = self.find(account, peer)
        if not chat.gone:
            return chat
        if not chat.own_numbers:
            closed = chat.gone == "deleted"
            raise Refused(400, "CHAT_ID_INVALID") if closed else Refused(403, "CHAT_FORBIDDEN")
        if chat.gone != "left" or chat.username is None:
            raise Refused(400, "CHANNEL_PRIVATE")
        if to_post:
            raise Refused(403, "CHAT_WRITE_FORBIDDEN")
        return chat

    def _saved_messages(self, account: Account) -> Chat:
        if account.bot:
            raise Refused(400, "USER_IS_BOT")
        return self._saved[account.id]

    def _match(self, kind: str, number: int, access_hash: int | None, error: str) -> Chat:
        for chat in self.chats:
            same_kind = chat.own_numbers if kind == "channel" else chat.kind == kind
            if same_kind and chat.id == number and access_hash in {None, chat.access_hash}:
                return chat
        raise Refused(400, error)


def full_user(account: Account) -> Any:
    """users.getFullUser's answer for the account itself."""
    about = fill(
        types.UserFull,
        id=account.id,
        settings=types.PeerSettings(),
        notify_settings=types.PeerNotifySettings(),
    )
    return types.users.UserFull(about, [], [account.to_tl()])
