"""telespool completions SHELL: print the completion script of a shell, for its start-up file.

    telespool completions bash > ~/.local/share/bash-completion/completions/telespool
    telespool completions zsh > "${fpath[1]}/_telespool"
    telespool completions fish > ~/.config/fish/completions/telespool.fish

The Debian package and `scripts/install` put them in place by themselves.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import Permanent

if TYPE_CHECKING:
    import argparse

PLACES = {
    "bash": ("telespool.bash", "bash-completion/completions/telespool"),
    "zsh": (
        "_telespool",
        "zsh/site-functions/_telespool",
        "zsh/vendor-completions/_telespool",  # Debian's
    ),
    "fish": ("telespool.fish", "fish/vendor_completions.d/telespool.fish"),
}
"""Of each shell: its file in a clone, and where below share/ it is installed."""


def run(options: argparse.Namespace) -> int:
    """Print it. Permanent: this installation has none."""
    in_clone, *installed = PLACES[options.shell]
    places = [Path(__file__).resolve().parents[3] / "completions" / in_clone]
    for base in (sys.prefix, "/usr/local", "/usr"):
        places += [Path(base) / "share" / name for name in installed]
    for place in places:
        if place.is_file():
            sys.stdout.write(place.read_text("utf-8"))
            return 0
    raise Permanent(
        f"The completions for {options.shell} are missing in this installation. Install Telespool again as a"
        " package (pipx, uv or the Debian package): they come with it."
    )
