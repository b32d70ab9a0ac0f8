"""Telespool: drop an archive into a folder; its photos and videos appear in a Telegram chat.

The package is read from the bottom up: `errors`, `disk` and `names` rest on nothing; `spool` is the
only module that moves files between folders; `archives`, `media` and `destinations` know one outside
world each; `workers` carry one transition each; `service` runs them; `cli` is what a person types.
"""

__version__ = "0.1.0"
