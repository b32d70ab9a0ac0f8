"""Notify systemd (sd_notify), with the standard library alone.

The protocol is declared stable: lines `NAME=value` in one datagram to the socket named by $NOTIFY_SOCKET.
Where that is not set (started by hand, in a container, in a test), everything here does nothing. Nothing here
raises: a manager that does not listen is no reason to stop working.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time


class SdNotify:
    """The connection to the service manager that started this process, if there is one."""

    def __init__(self, address: str | None = None) -> None:
        """Send to `address`, or to $NOTIFY_SOCKET."""
        address = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        # "@" stands for the leading zero byte of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._status = ""

    def ready(self, status: str = "") -> None:
        """Tell that start-up is complete: `systemctl start` (or `reload`) returns now."""
        self._send("READY=1", *self._changed(status))

    def status(self, status: str) -> None:
        """Show this line in `systemctl status`; sent only when it has changed."""
        if lines := self._changed(status):
            self._send(*lines)

    def reloading(self) -> None:
        """Tell that a reload has begun; `ready` ends it."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={now}")

    def stopping(self, status: str = "") -> None:
        """Tell that the shutdown has begun."""
        self._send("STOPPING=1", *self._changed(status))

    def alive(self) -> None:
        """Reset the watchdog's timer."""
        self._send("WATCHDOG=1")

    def hung(self) -> None:
        """Trigger the systemd watchdog immediately (WATCHDOG=trigger), if there is one."""
        if self.watchdog():
            self._send("WATCHDOG=trigger")

    @staticmethod
    def watchdog() -> float | None:
        """Return the watchdog's interval in seconds, None without a watchdog."""
        if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
            return None
        try:
            return int(os.environ["WATCHDOG_USEC"]) / 1e6 or None
        except (KeyError, ValueError):
            return None

    def _changed(self, status: str) -> tuple[str, ...]:
        status = " ".join(status.split())  # a line end would begin the next assignment
        if status == self._status:
            return ()
        self._status = status
        return (f"STATUS={status}",)

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
        ):
            # Never wait: a manager that is being replaced must not hold up an upload.
            channel.setblocking(False)
            channel.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
