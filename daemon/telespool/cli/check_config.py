"""telespool check-config: read the configuration and the secrets, and name every mistake. Exit 0 or 78."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from telespool.config import loader
from telespool.errors import ConfigError

if TYPE_CHECKING:
    import argparse

_HASH = re.compile(r"[0-9a-f]{32}")


def run(options: argparse.Namespace) -> int:
    """Check both; raise all problems together."""
    path = options.config or loader.find()
    config, secrets, problems = loader.load_with_secrets(path)
    posts, api_hash = config.destination == "telegram", secrets.api_hash
    if (posts or problems) and api_hash is not None and not _HASH.fullmatch(api_hash):
        problems.append(
            f"the API hash has {len(api_hash)} characters; it must be the 32 of my.telegram.org, 0 to 9 and a to f"
        )
    if problems:
        raise ConfigError(problems)
    if path:
        print(f"{path}: fine")
        if loader.sets_nothing(config):
            print(
                "It sets nothing, so the defaults are used; a reload of it is refused, as it may be an accident"
                " (telespool setup makes one, or see config.example.toml)."
            )
        if posts and api_hash is None:
            print(
                f"The API hash is missing: put it into {path.parent / 'secrets/api-hash'} (chmod 600),"
                " unless systemd gives it to the service as a credential."
            )
    else:
        places = "~/.config/telespool/config.toml or /etc/telespool/config.toml"
        print(f"There is no configuration file ({places}), so the defaults are used.")
    return 0
