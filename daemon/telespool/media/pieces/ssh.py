"""The ssh that runs ffmpeg on another machine, and why it ended.

It never asks, takes no machine's key on trust, notices a dead line within seconds, and forwards nothing. Its key is
`helper-key`, as a credential of the service or in the state directory, and the machines it knows are in `helper-hosts`
beside it; where these are missing, ssh's own files are used.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from telespool.config import paths

KEY, KNOWN_HOSTS = "helper-key", "helper-hosts"
FAILED = 255
"""The exit code of ssh for errors of its own."""

_NICE = ("nice", "-n", "10")
_OPTIONS = {
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",
    "UpdateHostKeys": "no",
    "ConnectTimeout": "10",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "ClearAllForwardings": "yes",
    "PermitLocalCommand": "no",
    "ControlPath": "none",
    "LogLevel": "ERROR",
}


def command(name: str, words: list[str]) -> list[str] | None:
    """The command line that runs ffmpeg with these words on a machine; None where ssh is not installed."""
    ssh = shutil.which("ssh")
    if ssh is None:
        return None
    options = dict(_OPTIONS)
    if (known := paths.state_directory() / KNOWN_HOSTS).exists():
        options["UserKnownHostsFile"] = f'"{known}"'
    key = _key()
    given = [word for item in options.items() for word in ("-o", "=".join(item))]
    own = ["-i", str(key), "-o", "IdentitiesOnly=yes"] if key is not None else []
    return [ssh, "-T", *given, *own, "--", name, shlex.join([*_NICE, "ffmpeg", *words])]


def _key() -> Path | None:
    """The private key: a credential of the service, or a file of the state directory; None for ssh's own."""
    places = [os.environ.get("CREDENTIALS_DIRECTORY", ""), str(paths.state_directory())]
    for place in filter(None, places):
        key = Path(place, KEY)
        if key.exists() and key.stat().st_size > 1:
            return key
    return None
