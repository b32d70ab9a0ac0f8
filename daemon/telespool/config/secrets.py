"""Secrets: values that must never appear in the configuration, a log or a traceback.

Each has a name and is looked for in three places, the first that has it wins:

    $CREDENTIALS_DIRECTORY/NAME      a systemd credential (LoadCredential=, LoadCredentialEncrypted=)
    secrets/NAME                     a file beside the configuration that only its owner may read
    $TELESPOOL_NAME                  the environment, in capitals: TELESPOOL_API_HASH

The names are api-hash, bot-token, phone, password, proxy-secret, webhook-key, apprise-urls, and archive-passwords
(one password to a line). Line ends around a value do not count; an empty one counts as not given. `ConfigError`
leaves when a file can be read by others, or not by us.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SINGLES = (
    "api_hash",
    "bot_token",
    "phone",
    "password",
    "proxy_secret",
    "webhook_key",
    "apprise_urls",
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Secrets:
    """All of them. `phone` and `password` let `telespool login` run without a terminal."""

    api_hash: str | None = None
    bot_token: str | None = None
    phone: str | None = None
    password: str | None = None
    proxy_secret: str | None = None
    webhook_key: str | None = None
    apprise_urls: str | None = None
    archive_passwords: tuple[str, ...] = ()

    @classmethod
    def read(cls, config: Path | None = None, environ: Mapping[str, str] | None = None) -> Secrets:
        """Look for each of them; `config` is the configuration file whose neighbours are looked at."""
        places = _Places(config, os.environ if environ is None else environ)
        found = {
            name: places.look(name.replace("_", "-")) for name in (*_SINGLES, "archive_passwords")
        }
        if places.problems:
            raise ConfigError(places.problems)
        passwords = (found.pop("archive_passwords") or "").splitlines()
        return cls(
            **{name: value.strip() for name, value in found.items() if value and value.strip()},
            archive_passwords=tuple(line for line in passwords if line),
        )

    @property
    def values(self) -> Iterator[str]:
        """Yield every secret value, for the log filter."""
        yield from filter(None, (getattr(self, name) for name in _SINGLES))
        yield from self.archive_passwords

    def __repr__(self) -> str:
        """Name the known secrets without their values."""
        known = [f"{name}=***" for name in _SINGLES if getattr(self, name)]
        known += [f"archive_passwords={len(self.archive_passwords)} of them"]
        return f"Secrets({', '.join(known)})"


class _Places:
    """The three places where a secret may be, in order."""

    def __init__(self, config: Path | None, environ: Mapping[str, str]) -> None:
        self.environ = environ
        credentials = environ.get("CREDENTIALS_DIRECTORY")
        self.credentials = Path(credentials) if credentials else None
        self.beside = config.parent / "secrets" if config else None
        self.problems: list[str] = []

    def look(self, name: str) -> str | None:
        if self.credentials and (value := self._file(self.credentials / name)) is not None:
            return value
        if self.beside:
            path = self.beside / name
            # A credential's mode is systemd's business (0400 or 0440); a file of ours is ours.
            if self._private(path) and (value := self._file(path)) is not None:
                return value
        return self.environ.get("TELESPOOL_" + name.replace("-", "_").upper())

    def _file(self, path: Path) -> str | None:
        try:
            return path.read_bytes().decode()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except UnicodeDecodeError:
            self.problems.append(f"{path}: is not UTF-8 text; save it as UTF-8")
        except OSError as error:
            self.problems.append(f"{path}: cannot be read: {error.strerror}")
        return None

    def _private(self, path: Path) -> bool:
        try:
            mode = path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            self.problems.append(f"{path}: cannot be read: {error.strerror}")
            return False
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            self.problems.append(
                f"{path}: can be read by others; make it private: chmod 600 {path}"
            )
            return False
        return True
