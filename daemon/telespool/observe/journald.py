"""Write to systemd's journal in its native protocol.

One record is one datagram of fields, so a traceback of many lines stays one record, a name that is not UTF-8
survives (surrogateescape), and `journalctl TELESPOOL_JOB=…` finds what belongs together. A record that does
not fit a datagram goes as a sealed memfd, as the protocol has it.

`Journal.here` gives None unless systemd connected standard error to the journal. `OSError` leaves `send`
when the journal is gone.
"""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import socket
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The limit for names is journald's own (64 characters, capitals, digits and underscores).
_NAME_LENGTH = 64


class Journal:
    """The journal of this machine."""

    _ADDRESS: ClassVar = "/run/systemd/journal/socket"

    @classmethod
    def here(cls, environ: Mapping[str, str], descriptor: int = 2) -> Journal | None:
        """Give the journal if `descriptor` is the stream that systemd opened to it."""
        try:
            state = os.fstat(descriptor)
        except OSError:
            return None
        stream = f"{state.st_dev}:{state.st_ino}"
        return cls() if environ.get("JOURNAL_STREAM") == stream else None

    def send(self, fields: Mapping[str, str]) -> None:
        """Write one record."""
        record = b"".join(_encode(name, value) for name, value in fields.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            try:
                channel.sendto(record, self._ADDRESS)
            except OSError as error:
                if error.errno not in {errno.EMSGSIZE, errno.ENOBUFS}:
                    raise
                with _sealed(record) as descriptor:
                    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))
                    channel.sendmsg([], [rights], 0, self._ADDRESS)


@contextlib.contextmanager
def _sealed(record: bytes) -> Iterator[int]:
    """Return a sealed memory file with this content."""
    descriptor = os.memfd_create("telespool-log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(descriptor, "wb") as file:
        file.write(record)
        file.flush()
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        yield descriptor


def field_name(key: str) -> str:
    """Convert a key to a journal field: job to TELESPOOL_JOB."""
    name = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in key.upper())
    return f"TELESPOOL_{name}"[:_NAME_LENGTH]


def _encode(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "surrogateescape")
    if b"\n" in data:
        return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
    return name.encode() + b"=" + data + b"\n"
