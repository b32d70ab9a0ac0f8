"""Every event of the log is named noun.verb and listed in the documentation, and no other."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.harness import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


def _logged() -> Iterator[tuple[str, str]]:
    """Each event and the place where it is logged."""
    for path in sorted((ROOT / "daemon" / "telespool").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in {"log", "_log"}
                and node.args
            ):
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                event = node.args[0]
                yield (str(event.value) if isinstance(event, ast.Constant) else "", place)


def _constants() -> set[str]:
    """Every text in the code: an event may reach the log through a variable."""
    found = set()
    for path in (ROOT / "daemon" / "telespool").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_events_are_listed() -> None:
    """docs/monitoring lists exactly what the code logs."""
    page = (ROOT / "docs" / "monitoring" / "README.md").read_text().partition("## Log events")[2]
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    logged = {name: place for name, place in _logged() if name}
    assert {name: place for name, place in logged.items() if name not in listed} == {}
    assert listed - _constants() == set()


def test_events_are_noun_and_verb() -> None:
    """`unit.delivered`: what, and what happened to it."""
    wrong = [
        each for each in _logged() if each[0] and not re.fullmatch(r"[a-z_]+\.[a-z_]+", each[0])
    ]
    assert wrong == []


def test_what_reaches_the_log_through_a_variable_is_named_so() -> None:
    """No name of a folder or the like is an event: variables that are logged are called `event`."""
    wrong = []
    for path in (ROOT / "daemon" / "telespool").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log" | "_log"), attr=level),
                    args=[ast.Name(id=name), *_],
                ) if level in LEVELS and name != "event":
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {name}")
    assert wrong == []
