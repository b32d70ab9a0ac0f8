"""Read passwords for a command: by prompt or from a file, never from the command line.

What stands on a command line is seen by every user of the machine (ps) and kept by the shell.
"""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from telespool.errors import Permanent

if TYPE_CHECKING:
    import argparse


def given(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the passwords of --password and --password-file; Permanent where none was entered."""
    if options.password_file:
        text = options.password_file.read_bytes().decode("utf-8-sig", "surrogateescape")
        found = tuple(line for line in text.splitlines() if line)
        if not found:
            raise Permanent(f"{options.password_file} holds no password.")
        return found
    if not options.password:
        return ()
    if sys.stdin is not None and sys.stdin.isatty():
        password = getpass.getpass("Password of the archive: ")
    else:
        password = (sys.stdin.readline() if sys.stdin is not None else "").rstrip("\r\n")
    if not password:
        raise Permanent("No password was entered, so nothing was done.")
    return (password,)
