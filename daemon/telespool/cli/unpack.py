"""telespool unpack ARCHIVE DIR: unpack all members as regular files into DIR and nowhere else.

Exit 0 when every member came out. Exit 1 and a sentence for each that did not; the good ones are there all the same.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.archives.passwords import read
from telespool.archives.unpack_to_folder import unpack
from telespool.cli.passwords import given
from telespool.config import loader
from telespool.config.schema import LogSettings
from telespool.config.secrets import Secrets
from telespool.errors import TelespoolError
from telespool.observe import log
from telespool.spool.companions import password_for

if TYPE_CHECKING:
    import argparse

    from telespool.archives.unpack_to_folder import Unpacked
    from telespool.config.schema import Config


def run(options: argparse.Namespace) -> int:
    """Unpack, telling each file as it comes out."""
    log.set_up(LogSettings(level="error"))
    path = options.config or loader.find()
    config = loader.load(path)
    passwords = (
        *given(options),
        *_beside(options.archive, config),
        *Secrets.read(path).archive_passwords,
    )

    def report(file: Unpacked) -> None:
        if options.json:
            said = {"file": str(file.path), "name": file.name, "size": file.size}
            print(json.dumps(said, ensure_ascii=True))
        else:
            print(file.path)

    try:
        result = asyncio.run(
            unpack(options.archive, options.directory, passwords, config.archives, report=report)
        )
    except TelespoolError as error:
        if options.json:
            print(json.dumps({"complete": False, "problems": [error.reason]}, ensure_ascii=True))
        raise
    if options.json:
        summary = {
            "complete": result.complete,
            "kind": result.kind,
            "files": result.files,
            "size": result.size,
            "problems": list(result.problems),
        }
        print(json.dumps(summary, ensure_ascii=True))
    for problem in result.problems:
        print(f"telespool: {problem}", file=sys.stderr)
    return 0 if result.complete else 1


def _beside(archive: Path, config: Config) -> list[str]:
    """The passwords that lie beside an archive, as if both were dropped."""
    from telespool.pipeline.claim.one_drop import drop_of  # noqa: PLC0415 - only here

    place = Path(os.path.realpath(archive))
    try:
        files = drop_of(place, config.inbox.ignore).beside
        return [
            word for file in files if password_for(file.name) is not None for word in read(file)
        ]
    except OSError:
        return []  # the archive itself is told to be missing
