"""Locate what the configuration does not name, and the command that is right on this machine.

A sentence such as "log in" must name the command that works here: as a service, Telespool runs as a user of its own
with its state in /var/lib/telespool; started by hand, it is the person's own.
"""

from __future__ import annotations

import os
import pwd
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telespool.config.schema import Config

_UNITS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_ETC, _STATE = Path("/etc/telespool"), Path("/var/lib/telespool")


class _Named:
    """The configuration file that is used, and whether a person named it."""

    config: Path | None = None
    by_hand = False


def posts(config: Config) -> Path:
    """Return where the folder destination's posts lie: as configured, else beside the spool."""
    return config.folder.path or config.spool.root.with_name(f"{config.spool.root.name}-posts")


def inbox(config: Config) -> Path:
    """Return where people drop."""
    return config.spool.inbox or config.spool.root / "inbox"


def use(config: Path | None, *, by_hand: bool = True) -> None:
    """Remember the configuration file in use; `by_hand` where a person named it, so commands must name it too."""
    _Named.config, _Named.by_hand = config, by_hand


def state_directory() -> Path:
    """Return where the login is kept: the state directory of systemd or of the service, else the user's own."""
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    named = _Named.config
    if named is not None and named.absolute().is_relative_to(_ETC):
        instance = named.absolute().parent.relative_to(_ETC)
        if (state := _STATE / instance).is_dir():
            return state
    return _own_state()


def _own_state() -> Path:
    own = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(own).expanduser() / "telespool"


def service_unit() -> str:
    """Return the unit of systemd this process belongs to, or the one that is installed here; "" where there is none."""
    if unit := _own_unit():
        return unit
    installed = any(Path(place, "telespool.service").exists() for place in _UNITS)
    return "telespool.service" if installed else ""


def start_command() -> str:
    """Return the command that starts the daemon here."""
    unit = service_unit()
    return f"systemctl start {unit.removesuffix('.service')}" if unit else command("run")


def command(words: str) -> str:
    """Return `telespool WORDS` as a person must type it to mean this user, state directory and configuration."""
    named = _Named.config if _Named.by_hand else None
    typed = f"telespool {words}" + (f" -c {shlex.quote(str(named))}" if named else "")
    state = state_directory()
    if state == _own_state():
        return typed
    user = _owner(state)
    return f"STATE_DIRECTORY={shlex.quote(str(state))} {f'runuser -u {user} -- ' if user else ''}{typed}"


def _own_unit() -> str:
    """Return the unit in whose control group this process runs, if systemd started it as a service."""
    if not os.environ.get("INVOCATION_ID") or not os.environ.get("STATE_DIRECTORY"):
        return ""
    try:
        groups = Path("/proc/self/cgroup").read_text("utf-8", "replace")
    except OSError:
        return ""
    names = groups.strip().replace("\n", "/").split("/")
    return next(
        (n for n in reversed(names) if n.startswith("telespool") and n.endswith(".service")), ""
    )


def _owner(state: Path) -> str:
    """Return the user a person must become for this state directory: the service's own; else ""."""
    try:
        owner = state.stat().st_uid
        as_service = bool(os.environ.get("INVOCATION_ID")) and owner != 0
        return pwd.getpwuid(owner).pw_name if as_service or owner != os.geteuid() else ""
    except (OSError, KeyError):
        return ""
