"""telespool doctor: check everything that must be right, and say what to do where it is not.

Nothing is changed. Exit 1 if something is wrong; what is only worth knowing does not count.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from telespool.cli.run import destination
from telespool.config import loader
from telespool.config.paths import state_directory
from telespool.config.schema import LogSettings
from telespool.doctor.examination import examine
from telespool.observe import humanize, log
from telespool.observe.terminal import raw

if TYPE_CHECKING:
    import argparse

    from telespool.doctor.findings import Finding

_SIGNS = {"ok": ("✓", "32"), "note": ("!", "33"), "wrong": ("✗", "31")}
_WIDTH = 18


def run(options: argparse.Namespace) -> int:
    """Run all checks and print the findings; 1 if something is wrong."""
    log.set_up(LogSettings(level="error"))
    findings = asyncio.run(_examine(options, quiet=options.json))
    faults = sum(finding.state == "wrong" for finding in findings)
    if options.json:
        found = [finding.to_json() for finding in findings]
        print(json.dumps({"faults": faults, "findings": found}, indent=2, ensure_ascii=False))
    elif faults:
        print(f"\n{humanize.count(faults, 'thing is', 'things are')} wrong.")
    else:
        notes = sum(finding.state == "note" for finding in findings)
        print(f"\n{_verdict(notes)}")
    return 1 if faults else 0


def _verdict(notes: int) -> str:
    """Return the last line if nothing is wrong; it must not contradict the lines above it."""
    if not notes:
        return "Everything is right."
    return f"Nothing is wrong. {humanize.count(notes, 'thing deserves', 'things deserve')} a look: the lines with !."


async def _examine(options: argparse.Namespace, *, quiet: bool) -> list[Finding]:
    findings = []
    path = options.config or loader.find()
    async for finding in examine(path, state_directory(), destination):
        findings.append(finding)
        if not quiet:
            _print(finding)
    return findings


def _print(finding: Finding) -> None:
    sign, colour = _SIGNS[finding.state]
    if sys.stdout.isatty():
        sign = f"\x1b[{colour}m{sign}\x1b[0m"
    print(sign, end=" ", file=raw(sys.stdout))
    print(f"{finding.name:<{_WIDTH}} {finding.found}")
    if finding.cure:
        print(f"  {'':<{_WIDTH}} → {finding.cure}", flush=True)
