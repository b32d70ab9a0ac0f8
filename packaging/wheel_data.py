"""What the wheel carries beside the package: man pages, completions, units and the example of the configuration.

pipx and uv put them below the environment of the program (share/…); `pipx` shows the man pages by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SharedFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Adds them, each where such a file is looked for."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is made; an editable one needs none of it."""
        if version == "editable":
            return
        root = Path(self.root)
        shared = {root / "config.example.toml": "telespool/config.example.toml"}
        for page in sorted((root / "docs/man").glob("*.[1-8]")):
            shared[page] = f"man/man{page.suffix[1:]}/{page.name}"
        shared[root / "completions/telespool.bash"] = "bash-completion/completions/telespool"
        shared[root / "completions/_telespool"] = "zsh/site-functions/_telespool"
        shared[root / "completions/telespool.fish"] = "fish/vendor_completions.d/telespool.fish"
        for unit in sorted((root / "systemd").rglob("*")):
            if unit.is_file():
                shared[unit] = f"telespool/systemd/{unit.relative_to(root / 'systemd')}"
        build_data["shared_data"] |= {str(file): f"share/{place}" for file, place in shared.items()}
