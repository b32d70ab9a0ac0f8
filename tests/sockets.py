"""A place for the sockets of tests: their paths may have 107 bytes, and the folders of tests may be deeper."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with a short path, wherever the tests run."""
    with tempfile.TemporaryDirectory(prefix="telespool-", dir="/tmp") as name:
        yield Path(name)
