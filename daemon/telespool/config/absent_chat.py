"""What is said of a chat that the configuration does not have: the one sentence for every place that meets it."""

from __future__ import annotations

from telespool.errors import Temporary

_RETRY = 15 * 60.0


def absent_chat(alias: str) -> Temporary:
    """Return the wait of everything that is for this alias. It ends when a configuration with the chat is loaded."""
    return Temporary(
        f"The configuration has no chat called {alias!r}, so what was dropped for it waits as it is. Add it under [chats]"
        " and reload (systemctl reload telespool, or send the daemon SIGHUP); to take a job back: telespool cancel JOB",
        retry_after=_RETRY,
        scope="chat",
        kind="chat",
    )
