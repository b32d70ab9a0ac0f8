"""The login on the disk: which account this is, with which key, at which data centre.

One SQLite file as Telethon keeps it, readable by its owner alone, and a lock beside it: two processes with
one login are what Telegram answers with AUTH_KEY_DUPLICATED, after which the login is dead for both. The file
also remembers the access hashes of the chats that were looked up.

`SpoolBusy` leaves where another process uses the login, `ConfigError` where the data centre of one's own is described
wrongly or this user may not write the directory, `Temporary` where its disk is full or read-only, `LoginNeeded` where
the file is no login any more. Opening touches the disk and never the network.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import urllib.parse
from typing import TYPE_CHECKING, Any

import rsa
from telethon.crypto import rsa as known_keys
from telethon.sessions import SQLiteSession

from telespool.config.paths import command
from telespool.destinations.telegram import address as addresses
from telespool.destinations.telegram.address import Address
from telespool.errors import ConfigError, LoginNeeded, SpoolBusy, Temporary
from telespool.spool.lock import Lock

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import DatacenterSettings, TelegramSettings

_DISK_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}


class Session:
    """The login while this process has it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock(path.with_name(path.name + ".lock"))
        self.store: Any = None

    @staticmethod
    def place(settings: TelegramSettings, state: Path) -> Path:
        """Where the login lies; it need not exist."""
        path = settings.session if settings.session.is_absolute() else state / settings.session
        # As Telethon would name it.
        return path if path.suffix == ".session" else path.with_name(path.name + ".session")

    @classmethod
    def open(cls, settings: TelegramSettings, state: Path) -> Session:
        """Take the lock and read the file; an empty one is made where there is none. Blocks."""
        session = cls(cls.place(settings, state))
        path = session.path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            session._take()
            session._read(settings.datacenter, through_proxy=bool(settings.proxy))
        except OSError as error:
            session.close()
            if error.errno in _DISK_TROUBLE:
                raise _disk_trouble(path, error.strerror or str(error)) from error
            raise ConfigError(
                [f"telegram.session: {path} cannot be used: {error.strerror or error}"]
            ) from error
        except sqlite3.OperationalError as error:
            session.close()
            raise _disk_trouble(path, str(error)) from error
        except sqlite3.DatabaseError as error:
            session.close()
            raise LoginNeeded(
                f"The Telegram login {path} is damaged ({error}). Move it away and run `{command('login')}`."
            ) from error
        except BaseException:
            session.close()
            raise
        return session

    def _take(self) -> None:
        try:
            self._lock.take()
        except SpoolBusy:
            holder = self._lock.holder() or "unknown"
            raise SpoolBusy(
                f"The Telegram login {self.path} is in use by another process ({holder})."
                " Two at once would end the login for both: stop that one first."
            ) from None

    def _read(self, own: DatacenterSettings, *, through_proxy: bool) -> None:
        # Made here and not by SQLite, so that it is never readable by others, not even for a moment.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self.path.chmod(0o600)
        self.store = SQLiteSession(str(self.path))
        if own.id:
            self._use(own)
        else:
            ipv6 = not through_proxy and addresses.only_ipv6()
            known = bool(self.store.server_address)
            self._go_to(
                addresses.reachable(self.address, ipv6=ipv6)
                if known
                else addresses.first(ipv6=ipv6)
            )

    def _use(self, own: DatacenterSettings) -> None:
        host, _, port = own.address.rpartition(":")
        if not host or not port.isdecimal():
            raise ConfigError(
                [f"telegram.datacenter.address: {own.address!r} is not host:port, as 127.0.0.1:443"]
            )
        if own.public_key is not None:
            trust(own.public_key)
        self._go_to(Address(own.id, host.strip("[]"), int(port)))

    def _go_to(self, address: Address) -> None:
        if address != self.address:
            self.store.set_dc(address.dc, address.host, address.port)
            self.store.save()

    @property
    def address(self) -> Address:
        """The data centre where the account lives, as far as is known."""
        return Address(self.store.dc_id, self.store.server_address, self.store.port)

    @property
    def key(self) -> Any:
        """The authorisation key, None where nobody ever logged in."""
        key = self.store.auth_key
        return key if key and key.key else None

    def learn(self, found: Any) -> None:
        """Remember the access hashes in an answer of Telegram's. Blocks."""
        self.store.process_entities(found)
        self.store.save()

    def save(self) -> None:
        """Bring what was learnt to the disk."""
        self.store.save()

    def close(self) -> None:
        """Release the file and of the lock; safe to call twice."""
        if self.store is not None:
            self.store.close()
            self.store = None
        self._lock.release()


def _disk_trouble(path: Path, what: str) -> Temporary:
    return Temporary(
        f"The Telegram login {path} cannot be opened ({what}). Make room there, or make its disk writable again;"
        " it goes on by itself.",
        scope="all",
        kind="disk",
    )


def has_login(path: Path) -> bool:
    """Return True if the session file holds a key, so that somebody has logged in; read without its lock."""
    if not path.is_file():
        return False
    address = f"file:{urllib.parse.quote(str(path.absolute()))}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as store:
            return any(key for (key,) in store.execute("SELECT auth_key FROM sessions"))
    except sqlite3.Error:
        return True  # busy, or not readable so: `open` will say what is the matter


def trust(path: Path) -> None:
    """Believe a server that has this RSA key (PEM, `RSA PUBLIC KEY` or `PUBLIC KEY`)."""
    try:
        text = path.read_bytes()
        if b"BEGIN RSA PUBLIC KEY" in text:
            key = rsa.PublicKey.load_pkcs1(text)
        else:
            key = rsa.PublicKey.load_pkcs1_openssl_pem(text)
    except (OSError, ValueError) as error:
        raise ConfigError(
            [f"telegram.datacenter.public_key: {path} is no RSA public key in PEM: {error}"]
        ) from error
    known_keys.add_key(key.save_pkcs1().decode(), old=False)
