"""telespool helper: let another machine encode pieces of films, or be that machine.

    telespool helper key             make the key of this machine, and print the line for the helper's authorized_keys
    telespool helper trust HOST      learn the key of a helper, after a person has compared its fingerprint
    telespool helper serve           on the helper, as that line says: run the ffmpeg that was asked for, nothing else

`serve` reads what was asked from SSH_ORIGINAL_COMMAND. It becomes ffmpeg, which can create no file, gets no
environment and gives way to whoever uses the machine. Exit 126 for anything else.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

from telespool.config import paths
from telespool.errors import Permanent
from telespool.media.pieces.allowed import Refused, allowed
from telespool.media.pieces.ssh import KEY, KNOWN_HOSTS

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_NICE = 10
_HOURS = 3600 * 6  # seconds of processor time for one piece
_REFUSED = 126
_NAME = re.compile(
    r"(?:ssh://)?(?:[^@/\s]+@)?(?P<host>\[[^\]]+\]|[^@:/\s-][^@:/\s]*)(?::(?P<port>\d+))?/?"
)


def run(options: argparse.Namespace) -> int:
    """Do what was asked."""
    if options.action == "serve":
        _serve(os.environ.get("SSH_ORIGINAL_COMMAND", ""))
    if options.action == "key":
        return _show_key(paths.state_directory())
    if not options.host:
        raise Permanent("Say which machine: telespool helper trust HOST")
    return _trust(options.host, paths.state_directory())


def _serve(asked: str) -> NoReturn:
    try:
        words = allowed(asked)
    except Refused as error:
        print(f"telespool helper: {error}", file=sys.stderr)
        sys.exit(_REFUSED)
    program = shutil.which("ffmpeg")
    if program is None:
        print("telespool helper: ffmpeg is not installed here: apt install ffmpeg", file=sys.stderr)
        sys.exit(_REFUSED)
    _become(program, words)


def _become(program: str, words: list[str]) -> NoReturn:
    """Become this ffmpeg, within limits."""
    for what, limit in (
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, _HOURS),
    ):
        resource.setrlimit(what, (limit, limit))
    os.nice(_NICE)
    os.chdir("/")
    os.execve(program, ["ffmpeg", *words], {"PATH": os.defpath, "LC_ALL": "C"})  # noqa: S606 - no shell is meant


def _show_key(state: Path) -> int:
    key = state / KEY
    if not key.exists():
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"telespool@{socket.gethostname()}"
        _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)])
    public = _run(["ssh-keygen", "-y", "-f", str(key)]).strip()
    print("On the helper, add this line to ~/.ssh/authorized_keys:\n", file=sys.stderr)
    print(f'restrict,command="telespool helper serve" {public}')
    return 0


def _trust(name: str, state: Path) -> int:
    """Show the fingerprints of a machine; what a person has compared is noted."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise Permanent(f"“{name}” names no machine: user@host, or ssh://user@host:port")
    port = ["-p", found["port"]] if found["port"] else []
    keys = _run(["ssh-keyscan", "-T", "10", *port, "--", found["host"].strip("[]")])
    if not keys.strip():
        raise Permanent(f"{name} does not answer: is its sshd running, and the name right?")
    print(f"{name} shows these keys:\n")
    print(_run(["ssh-keygen", "-l", "-f", "-"], keys))
    print("On the helper, this prints what they must be:")
    print("    for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -l -f $key; done\n")
    try:
        answer = input("Are they the same? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in {"y", "yes"}:
        print("Nothing was changed.")
        return 1
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = state / KNOWN_HOSTS
    with known.open("a", encoding="utf-8") as file:
        file.write(keys)
    print(f'Known from now on. Put it into the configuration: [convert] helpers = ["{name}"]')
    return 0


def _run(command: list[str], data: str | None = None) -> str:
    try:
        done = subprocess.run(command, input=data, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Permanent(f"{command[0]} is not installed: apt install openssh-client") from None
    if done.returncode:
        raise Permanent(f"{command[0]}: {done.stderr.strip() or 'it failed'}")
    return done.stdout
