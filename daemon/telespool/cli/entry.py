"""Entry point of the program `telespool`: signal handlers first, then everything else.

`telespool run` must know SIGTERM and SIGHUP from its first instruction on, so this module imports next to nothing.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; return its exit code."""
    if "run" in sys.argv[1:2]:
        from telespool.runtime import signals  # noqa: PLC0415 - first, and only for the daemon

        signals.remember()
    from telespool.cli.main import main as command  # noqa: PLC0415 - after the signals

    return command()
