"""Telegram, over MTProto. The only package that imports Telethon; `destination` says how it is built."""

from telespool.destinations.telegram.destination import TelegramDestination

__all__ = ["TelegramDestination"]
