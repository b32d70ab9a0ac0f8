"""Pytest plugin: which sentences of docs/troubleshooting.md the program says while the tests run.

    TELESPOOL_SENTENCES=FOLDER pytest …        note them in FOLDER, each with a test that it was said in
    python -m tests.sentences FOLDER           compare with the page: exit 1 where one was never said

Said is what a test leaves in its folder or prints (notes, logs, the words of commands, whatever process wrote them), and
what a function of the program makes of its literals while it runs: for that they are wrapped when a module is imported. A
table at the head of a module says nothing by being there. `docs/unsaid.toml` names what cannot be said in a test, and why.
"""

from __future__ import annotations

import ast
import importlib.machinery
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "troubleshooting.md"
UNSAID = Path(__file__).parent / "docs" / "unsaid.toml"
NOTED = os.environ.get("TELESPOOL_SENTENCES")
_SUFFIXES = {".txt", ".json", ".jsonl", ".log", ""}
_OURS = {"source", "site", "dist", "tree"}
"""Folders into which tests put this repository, whose page says all of it."""
_LARGEST = 256 * 1024
_GAP = ".{0,600}?"

_made: set[str] = set()


def sentences() -> list[str]:
    """Every sentence of the page, with … where something is put in."""
    rows = (line.split(" | ")[0] for line in PAGE.read_text().splitlines() if line[:2] == "| ")
    cells = (row.removeprefix("| ").strip() for row in rows)
    parts = (
        part for cell in cells if cell != "it says" for part in re.split(r"<br>|; (?=\S)", cell)
    )
    return list(dict.fromkeys(part.strip() for part in parts if part.strip() != "…"))


def unsaid() -> dict[str, str]:
    """What no test can make the program say, with the reason."""
    return {str(key): str(why) for key, why in tomllib.loads(UNSAID.read_text()).items()}


@cache
def _pattern(sentence: str) -> tuple[str, re.Pattern[str]]:
    """The longest of its words, to look for first, and all of them in their order."""
    pieces = [piece.strip(" .:;(),") for piece in " ".join(sentence.split()).split("…")]
    pieces = [piece for piece in pieces if any(sign.isalpha() for sign in piece)]
    return max(pieces, key=len), re.compile(_GAP.join(map(re.escape, pieces)))


def said(text: str, wanted: Sequence[str]) -> list[str]:
    """Which of these sentences stand in a text."""
    text = re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text)
    text = " ".join(text.replace('\\"', '"').replace("\\n", " ").split())
    return [
        sentence
        for sentence in wanted
        if _pattern(sentence)[0] in text and _pattern(sentence)[1].search(text)
    ]


def _spoken(value: Any) -> Any:
    if isinstance(value, str):
        _made.add(value)
    return value


class _Literals(ast.NodeTransformer):
    """Let each sentence inside a function tell that it was made."""

    def __init__(self) -> None:
        self._depth = 0

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            self._depth += 1
            self.generic_visit(node)
            self._depth -= 1
        elif isinstance(node, ast.JoinedStr):
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    part.value = cast("ast.expr", self.visit(part.value))
            return self._telling(node)
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str) and " " in node.value:
                return self._telling(node)
        elif isinstance(node, ast.Match):  # a pattern must be a literal
            for case in node.cases:
                case.body = [cast("ast.stmt", self.visit(line)) for line in case.body]
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            self.generic_visit(node)
        return node

    def _telling(self, node: ast.expr) -> ast.expr:
        if not self._depth:
            return node
        name = ast.copy_location(ast.Name("__spoken__", ast.Load()), node)
        return ast.copy_location(ast.Call(name, [node], []), node)


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = ast.fix_missing_locations(_Literals().visit(ast.parse(self.get_data(path))))
        return compile(cast("ast.Module", tree), path, "exec", dont_inherit=True)

    def exec_module(self, module: Any) -> None:
        module.__spoken__ = _spoken
        super().exec_module(module)


class _Finder:
    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        if not name.startswith("telespool."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(name, spec.loader.path)
        return spec


def _hear() -> None:
    """Note what children print, and what tests take from pytest's own capture."""
    communicate, readouterr = subprocess.Popen.communicate, pytest.CaptureFixture.readouterr

    def heard(process: Any, *args: Any, **named: Any) -> Any:
        texts = communicate(process, *args, **named)
        for text in texts:
            _spoken(text.decode(errors="replace") if isinstance(text, bytes) else text)
        return texts

    def read(capture: Any) -> Any:
        texts = readouterr(capture)
        for text in texts:
            _spoken(text)
        return texts

    cast("Any", subprocess.Popen).communicate = heard
    cast("Any", pytest.CaptureFixture).readouterr = read


def _left_in(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _OURS]
        for name in names:
            path = Path(place, name)
            if path.suffix in _SUFFIXES and path.is_file() and path.stat().st_size < _LARGEST:
                yield path.read_text(errors="replace")


class _Notes:
    """Writes down, test by test, what was said for the first time in this process."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{os.getpid()}"
        self._wanted = sentences()
        self._seen: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Any:
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        texts = [*_left_in(folder)] if folder else []
        try:
            return (yield)
        finally:
            new = {text for text in _made if text not in self._seen}
            _made.clear()
            self._seen |= {text for text in new if len(text) < 1000}
            sections = (content for _, _, content in getattr(item, "_report_sections", ()))
            self._note(item.nodeid, [*new, *texts, *sections])

    def _note(self, test: str, texts: list[str]) -> None:
        for text in texts:
            for sentence in said(text, self._wanted):
                self._wanted.remove(sentence)
                with self._file.open("a") as file:
                    file.write(f"{sentence}\t{test}\n")


if NOTED:
    sys.meta_path.insert(0, _Finder)
    _hear()


def pytest_configure(config: pytest.Config) -> None:
    """Begin to note, where that is asked for."""
    if NOTED:
        Path(NOTED).mkdir(exist_ok=True)
        config.pluginmanager.register(_Notes(Path(NOTED)))


def main(folder: str) -> int:
    """Compare what was said with the page."""
    noted = (path.read_text(encoding="utf-8") for path in Path(folder).iterdir())
    heard = {line.split("\t")[0] for text in noted for line in text.splitlines()}
    excused, known = unsaid(), sentences()
    faults = [f"never said: {sentence}" for sentence in known if sentence not in heard | {*excused}]
    faults += [f"said after all: {sentence}" for sentence in excused if sentence in heard]
    counted = f"{len(heard & {*known})} of {len(known)} were said, {len(excused)} need not be"
    sys.stdout.write("\n".join([f"sentences: {counted}", *faults, ""]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
