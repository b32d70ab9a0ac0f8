"""Telegram as a destination, against the test Telegram over TCP."""
