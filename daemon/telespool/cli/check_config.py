"""telespool check-config: read the configuration and the secrets, and name every mistake. Exit 0 or 78."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.config import loader
from telespool.config.secrets import Secrets
from telespool.errors import ConfigError

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Check both; raise all problems together."""
    path = options.config or loader.find()
    problems: list[str] = []
    for check in (lambda: loader.load(path), lambda: Secrets.read(path)):
        try:
            check()
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    if path:
        print(f"{path}: fine")
    else:
        places = "~/.config/telespool/config.toml or /etc/telespool/config.toml"
        print(f"There is no configuration file ({places}), so the defaults are used.")
    return 0
