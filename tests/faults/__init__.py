"""Faults of Telegram, of the network, of the machine, of people: each by name, on the real daemon."""
