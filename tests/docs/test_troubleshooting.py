"""Every sentence that a refusal can be made of is explained in docs/troubleshooting.md.

The sentences are read out of the source: whatever in the modules that judge, unpack, convert and send looks like words for
a person. A new one fails this test until it stands in the documentation, or in `NOT_FOR_PEOPLE` with its reason.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.destinations.telegram.error_table import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "daemon" / "telespool"

SPEAKERS = [
    *sorted((PACKAGE / "archives").glob("*.py")),
    *sorted(path for path in (PACKAGE / "media").glob("*.py") if path.name != "split_raw.py"),
    *sorted((PACKAGE / "destinations").rglob("*.py")),
    *sorted(
        path
        for path in (PACKAGE / "pipeline").rglob("*.py")
        if path.name not in ("retention_plan.py", "report_sender.py")
    ),
    *(
        PACKAGE / name
        for name in (
            "config/absent_chat.py",
            "spool/closed_inbox.py",
            "spool/recovery.py",
            "spool/__init__.py",
            "spool/lock.py",
            "spool/operator.py",
            "spool/lookup.py",
            "runtime/fs_watcher.py",
            "runtime/subprocesses.py",
        )
    ),
]
"""The modules whose words can reach a note, a wait or a refusal."""

NOT_FOR_PEOPLE = {
    "SELECT auth_key FROM sessions": "asked of SQLite",
    "only you see it": "beside a chat in a list",
    "Format not on whitelist '[^']*'?": "a pattern",
    "the last try returns or raises": "a mistake of ours",
    "a password, which is never posted": "the end of other sentences",
    "…: removed, the command that copied it has died": "what a start has put right, in the log",
    "Unexpected end of data": "7-Zip's words, which are looked for",
    "Unexpected end of archive": "7-Zip's words, which are looked for",
    "Unavailable start of archive": "7-Zip's words, which are looked for",
    "Unconfirmed start of archive": "7-Zip's words, which are looked for",
    "unexpected end of data": "tarfile's words, which are looked for",
    "data after the end": "7-Zip's words, which are looked for",
    r"\[null|    Last message repeated|\[h264 @ \w+\] (?:mmco: |.*\breference|co located POCs|illegal short term buffer)": "a pattern",
    "Missing volume : (.+)": "a pattern",
    r"(?P<stem>.+?\.(?:…))…(?P<join>[-_. ]?part[-_. ]?|[-_. ]?)(?P<digits>\d{1,5}|[a-z]{2,3})": "a pattern",
    "ERROR: Unexpected end of data\n": "what the child says to its parent, as 7-Zip would",
    "ERROR: Can't allocate required memory!\n": "what the child says to its parent, as 7-Zip would",
    "No space left on device": "ffmpeg's words, which are looked for",
    "a child was started without pipes": "a mistake of ours",
    "the last rung returns or raises": "a mistake of ours",
    "an error that is not in the table": "stands in no table",
    "… is no kind of medium": "a record that is passed over",
    "… has more than … bytes.": "a mistake of ours",
    "open a line for parts": "what was being done, in a log",
    "one connection fewer for parts": "what was being done, in a log",
    "logged in to Telegram": "in the log",
    "the album from … on": "the subject of other sentences",
    "…/…: removed, its original is in quarantine": "what a start has put right, in the log",
    "…: its claim was broken off, it is back in the inbox": "the same",
    "…: the process died … times with it; its members go one by one": "the same",
    "…/…: waits until … was tried": "the same",
    "…: quarantined, the process died … times while working on it": "the same",
}
FEWEST_WORDS = 4


def _sentences(module: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(module.read_text())
    passed_over: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            passed_over.add(node.value)  # a docstring
        elif isinstance(node, ast.JoinedStr):
            passed_over.update(node.values)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
            passed_over.update(node.args)  # names of events
    for node in ast.walk(tree):
        if node not in passed_over and isinstance(node, (ast.Constant, ast.JoinedStr)):
            text: str = _template(node)
            if len(text.split()) >= FEWEST_WORDS and "\n    " not in text and _words(text):
                yield node.lineno, text


def _template(node: ast.Constant | ast.JoinedStr) -> str:
    """A literal, with … where something is put in."""
    if isinstance(node, ast.Constant):
        # {name} of a template that is filled in later is put in as well.
        return re.sub(r"\{\w*\}", "…", node.value) if isinstance(node.value, str) else ""
    parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return re.sub(r"\{\w*\}", "…", "".join(map(str, parts)))


def _words(text: str) -> bool:
    """Whether it is words: not a list of endings, a pattern, or a row of placeholders."""
    return len(re.findall(r"[^\W\d_]{2,}", text)) > 2


def _pieces(template: str) -> list[str]:
    """What must stand in the documentation, in this order: the words between what is put in."""
    pieces = (" ".join(piece.split()).strip(" .:;(),") for piece in template.split("…"))
    return [piece for piece in pieces if any(sign.isalpha() for sign in piece)]


def _rows() -> list[str]:
    text = (ROOT / "docs" / "troubleshooting.md").read_text()
    return [" ".join(line.split()) for line in text.splitlines() if line.startswith("|")]


def _explained(template: str, rows: list[str]) -> bool:
    pattern = re.compile(".*?".join(map(re.escape, _pieces(template))))
    return any(pattern.search(row) for row in rows)


def test_every_sentence_is_explained() -> None:
    """What the program can say about a file stands in the documentation, with what to do."""
    rows = _rows()

    missing = [
        f"{module.relative_to(ROOT)}:{line}: {sentence}"
        for module in SPEAKERS
        if module.name != "error_table.py"  # they have a table of their own
        for line, sentence in _sentences(module)
        if sentence not in NOT_FOR_PEOPLE and not _explained(sentence, rows)
    ]

    assert not missing, "\n".join(missing)


def test_every_error_of_telegram_is_explained() -> None:
    """The reasons that Telegram gives stand in their own table."""
    text = (ROOT / "docs" / "telegram-errors.md").read_text()

    assert [
        rule.name for rule in RULES.values() if f"| `{rule.name}` | {rule.meaning} |" not in text
    ] == []


def test_every_row_says_what_to_do() -> None:
    """No sentence of the documentation stands without an answer."""
    rows = [row.strip("| ").split(" | ") for row in _rows() if not row.startswith("|---")]

    assert [row for row in rows if len(row) != 2 or not row[1].strip()] == []
