"""Compare the lines that no test reaches with `uncovered.toml`, which gives a reason for each.

    python -m tests.uncovered coverage.json       exit 1 where a line has no reason, a reason no line, or too little is reached

Only what decides a file's fate is looked at line by line: `pipeline/` (and its `sources/`) and `spool/`. A branch that was
never taken counts as the line that it leaves from.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "daemon" / "telespool"
REASONS = Path(__file__).with_name("uncovered.toml")
DECIDING = ("pipeline/", "spool/")
LEAST = 97.0
"""Percent of all lines and branches."""


def reasons() -> dict[str, dict[str, str]]:
    """By module, by line as it is written: why no test reaches it."""
    return tomllib.loads(REASONS.read_text(encoding="utf-8"))


def lines_of(module: str) -> list[str]:
    """The lines of a module, without their indents."""
    return [line.strip() for line in (PACKAGE / module).read_text(encoding="utf-8").splitlines()]


def unreached(report: dict[str, Any]) -> dict[str, dict[str, int]]:
    """By module, by line as it is written: the number of each line that was not reached, or not left every way."""
    found: dict[str, dict[str, int]] = {}
    for name, about in report["files"].items():
        module = name.partition("daemon/telespool/")[2]
        if module.startswith(DECIDING):
            numbers = {*about["missing_lines"], *(a for a, _ in about["missing_branches"])}
            lines = lines_of(module)
            if numbers:
                found[module] = {lines[number - 1]: number for number in sorted(numbers)}
    return found


def main(path: str) -> int:
    """Say what is wrong."""
    report = json.loads(Path(path).read_text(encoding="utf-8"))
    found, known = unreached(report), reasons()
    faults = [
        f"{module}:{number}: no test reaches “{line}”, and tests/uncovered.toml says not why"
        for module, lines in found.items()
        for line, number in lines.items()
        if line not in known.get(module, {})
    ]
    faults += [
        f"{module}: tests/uncovered.toml explains “{line}”, which is reached"
        for module, lines in known.items()
        for line in lines
        if line not in found.get(module, {})
    ]
    percent = report["totals"]["percent_covered"]
    if percent < LEAST:
        faults.append(f"{percent:.1f} % is reached; {LEAST:g} % is the least")
    sys.stdout.write("\n".join([f"coverage: {percent:.1f} % of lines and branches", *faults, ""]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
