"""A Telegram for tests: an asyncio server that speaks MTProto to an unmodified Telethon client."""

from .faults import Fault, Violation
from .records import Call, ConnectionRecord, Message
from .server import TestTelegram

__all__ = ["Call", "ConnectionRecord", "Fault", "Message", "TestTelegram", "Violation"]
