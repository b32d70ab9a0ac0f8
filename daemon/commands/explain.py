"""telespool explain FILE: what it is, what would be done to it, and why."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from daemon import config_file
from daemon.errors import Permanent
from daemon.media.verdict import judge

if TYPE_CHECKING:
    import argparse

_MEANING = {
    "send": "it is sent as it is",
    "remux": "its streams are copied into an MP4, then it is sent",
    "audio": "its sound is encoded anew and its picture copied, then it is sent",
    "encode": "it is encoded anew, then it is sent",
    "split": "it is split into parts that play, and these are sent",
    "document": "it is sent as a document",
    "skip": "it is left out",
    "refuse": "it goes to quarantine",
}


def run(options: argparse.Namespace) -> int:
    """Print the verdict; exit 1 for a file that nobody can read."""
    config = config_file.load(options.config)
    if not options.file.is_file():
        raise Permanent(f"{options.file}: there is no such file.")
    verdict = asyncio.run(judge(options.file, config.convert))
    if options.json:
        print(json.dumps(verdict.to_json(), indent=2, ensure_ascii=False))
    else:
        print(f"{options.file.name}: {verdict.kind}; {_MEANING[verdict.action]}")
        for line in (*verdict.reasons, *verdict.streams):
            print(f"  {line}")
    return 1 if verdict.action == "refuse" else 0
