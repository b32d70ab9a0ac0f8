"""What is used of Telethon beside its public surface: an upgrade that moves any of it fails here, with where to look."""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from telethon import errors
from telethon.crypto import AuthKey, aes, rsa
from telethon.extensions.messagepacker import MessagePacker
from telethon.network import MTProtoSender
from telethon.network.connection import (
    ConnectionTcpIntermediate,
    ConnectionTcpMTProxyRandomizedIntermediate,
)
from telethon.network.mtprotostate import MTProtoState
from telethon.sessions import MemorySession, SQLiteSession

PACKAGE = Path(__file__).resolve().parents[3] / "daemon/telespool/destinations/telegram"

PRIVATE = {
    "_state": "connection.py: the sender's MTProtoState is made ours, which does not gzip media",
    "_disconnected": "connection.py: the future by which the sender says that its connection broke",
    "_process_message": "connection.py: each message from the server is a sign of life",
    "_get_new_msg_id": "large_messages.py: a media request is framed without gzip",
    "_get_seq_no": "large_messages.py: the same",
    "_calc_key": "large_messages.py: AES key and IV of a message",
    "_user_connected": "connection.py: a part is put into the queue as the sender does it",
    "_loggers": "connection.py: the sender's queue is made ours",
    "_deque": "large_messages.py: what waits to be sent, where a part goes by itself",
    "_ready": "large_messages.py: tells that something waits",
    "_codec": "large_messages.py: puts the length in front of a packet",
    "_writer": "large_messages.py: where packets go",
    "_ip": "proxy_transport.py: where a connection leads",
    "_port": "proxy_transport.py: the same",
    "_init_conn": "proxy_transport.py: sends the head of the MTProxy's cipher",
    "_secret": "obfuscation.py: the 16 bytes of an MTProxy's secret",
}
"""Private names of Telethon, and what depends on them."""

SIGNATURES: list[tuple[Any, tuple[str, ...], str]] = [
    (
        MTProtoSender.__init__,
        ("auth_key", "loggers", "retries", "delay", "auto_reconnect", "updates_queue"),
        "connection.py: a sender that connects once and never by itself",
    ),
    (
        MTProtoState.write_data_as_message,
        ("buffer", "data", "content_related", "after_id"),
        "large_messages.py overrides it",
    ),
    (MTProtoState.encrypt_message_data, ("data",), "large_messages.py overrides it"),
    (MTProtoState._calc_key, ("auth_key", "msg_key", "client"), "large_messages.py: key and IV"),
    (MTProtoState._get_seq_no, ("content_related",), "large_messages.py: framing"),
    (MTProtoSender.send, ("request", "ordered"), "connection.py: a future for each request"),
    (MessagePacker.get, (), "large_messages.py overrides it"),
    (ConnectionTcpIntermediate._send, ("data",), "large_messages.py overrides it"),
    (
        ConnectionTcpIntermediate.__init__,
        ("ip", "port", "dc_id", "loggers"),
        "connection.py: the transport",
    ),
    (
        ConnectionTcpIntermediate._proxy_connect,
        ("timeout", "local_addr"),
        "proxy_transport.py overrides it",
    ),
    (
        ConnectionTcpMTProxyRandomizedIntermediate._connect,
        ("timeout", "ssl"),
        "proxy_transport.py overrides it",
    ),
    (rsa.add_key, ("pub", "old"), "session.py: the key of a data centre of one's own"),
    (SQLiteSession.process_entities, ("tlo",), "session.py: access hashes that were learnt"),
    (MemorySession.get_entity_rows_by_username, ("username",), "peers.py: a name known before"),
    (MemorySession.get_entity_rows_by_phone, ("phone",), "peers.py: a number known before"),
]


def used() -> set[str]:
    """The private names that the package asks other objects for, apart from its own."""
    asked, own = set(), set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
                asked.add(node.attr)
                if isinstance(node.ctx, ast.Store):
                    own.add(node.attr)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                own.add(node.name)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                own.add(node.target.id)
    of_python = {name for name in asked if name.startswith("__")}
    return asked - own - of_python


@pytest.mark.parametrize("name", PRIVATE)
async def test_a_private_name_is_there(name: str) -> None:
    """Telethon still has it; else look at the place that the table names. Some of them need a loop."""
    sender = MTProtoSender(AuthKey(bytes(256)), loggers=defaultdict(Mock))
    proxy = ("127.0.0.1", 443, "00" * 16)
    through = ConnectionTcpMTProxyRandomizedIntermediate(
        "", 0, 2, loggers=defaultdict(Mock), proxy=proxy
    )
    there = any(hasattr(each, name) for each in (sender, MTProtoState, through, sender._send_queue))
    assert there, f"Telethon has no {name} any more. {PRIVATE[name]}"


@pytest.mark.parametrize(("function", "names", "where"), SIGNATURES)
def test_a_signature_is_as_it_was(function: Any, names: tuple[str, ...], where: str) -> None:
    """What is overridden, or called with these arguments, still takes them."""
    found = inspect.signature(function).parameters
    assert set(names) <= set(found), f"{function.__qualname__}{tuple(found)}: {where}"


def test_no_other_private_name_is_used() -> None:
    """Whoever uses another one writes it into the table, with why."""
    own = {"_state", "_process_message"}  # our subclasses have them as well
    assert used() - set(PRIVATE) == set()
    assert own <= set(PRIVATE)


def test_the_tables_of_errors_are_read_backwards() -> None:
    """error_mapping.py finds the name of an error by Telethon's own tables."""
    assert errors.rpc_errors_dict["MEDIA_INVALID"] is errors.MediaInvalidError
    assert any(error is errors.FloodWaitError for _, error in errors.rpc_errors_re)
    assert "code" in inspect.getsource(errors.InvalidBufferError.__init__)


def test_cryptg_is_asked_for_by_its_name() -> None:
    """destination.py refuses to start where Telethon has not found it."""
    assert aes.cryptg is not None


def test_acknowledgements_wait_in_the_sender() -> None:
    """connection.py puts a set in the place of the one that the send loop asks whether it is time to tell."""
    sender = MTProtoSender(AuthKey(bytes(256)), loggers=defaultdict(Mock))
    assert sender._pending_ack == set()
    assert "if self._pending_ack:" in inspect.getsource(MTProtoSender._send_loop)


def test_the_state_has_a_salt_and_a_clock() -> None:
    """A further connection begins with those of the first."""
    state = MTProtoState(AuthKey(bytes(256)), loggers={MTProtoState.__module__: None})
    assert {"salt", "time_offset", "id"} <= set(vars(state))
