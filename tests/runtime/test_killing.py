"""The killing itself: one run of scripts/crash-test, and what it would say of a loss."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests import killing
from tests.killing import Expected
from tests.telegram_server import Message

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.telegram, pytest.mark.media, pytest.mark.timeout(600)]


def test_one_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that is killed again and again loses nothing and sends nothing twice."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = killing.main(["--runs", "1", "--seed", "5"])
    said = capsys.readouterr().out
    assert code == 0, said
    assert re.search(r"^1 runs, \d+ kills, \d+ files: lost 0, twice 0$", said, re.MULTILINE)


def test_what_it_takes_for_the_same_file() -> None:
    """A message shows a file if the bytes are the same, or the name but for its ending; in the right chat."""
    message = Message(1, "family", 1, 1, None, "", "video", name="VID_2.mp4", sha256="aa")
    assert Expected("family", "VID_2.avi", None).is_it(message)
    assert Expected("family", "other.mp4", "aa").is_it(message)
    assert not Expected("family", "VID_20.avi", None).is_it(message)
    assert not Expected("media", "VID_2.avi", None).is_it(message)
