"""What goes wrong at the command line is a sentence, and no name of a stranger reaches the terminal as it is."""

from __future__ import annotations

import fcntl
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from telespool.cli import failures
from telespool.cli.main import main
from telespool.observe.terminal import HarmlessStream, harmless
from telespool.spool import Spool
from telespool.spool.recovery import recover
from telespool.spool.staging import PREFIX, staging
from tests.cli.support import JOB, make, telespool
from tests.harness import ROOT
from tests.patience import longest

if TYPE_CHECKING:
    from pathlib import Path

Capture = pytest.CaptureFixture[str]
PAINTS = "\x1b[31mred\x1b]0;title\x07\x9b2J\u202egpj.jpg"


@pytest.mark.parametrize("command", ["status", "prune", "retry", "hold", "drop"])
def test_a_spool_that_is_not_there(tmp_path: Path, capsys: Capture, command: str) -> None:
    """Each command that needs the spool says that it is missing, and fails."""
    config = tmp_path / "config.toml"
    config.write_text(f'[spool]\nroot = "{tmp_path / "nowhere"}"\n')
    (tmp_path / "a.zip").write_bytes(b"zip")
    what = {"status": [], "prune": []}.get(command, [tmp_path / "a.zip"])
    said = telespool(capsys, config, command, *what)
    assert said.code == 1
    assert "there is no spool here yet" in said.err


def test_an_error_of_the_system_is_a_sentence(tmp_path: Path, capsys: Capture) -> None:
    """The file, what is wrong with it, and what to do; not a traceback."""
    spool = make(tmp_path)
    said = telespool(capsys, spool.config, "convert", tmp_path / ("x" * 300), tmp_path / "out.mp4")
    assert said.code == 1
    assert "File name too long. Give it a shorter name" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["statsu"], "there is no command statsu; did you mean status?"),
        (["delivered"], "there is no command delivered; the commands: telespool --help"),
        (["drop", "a.zip", "--chat", "family"], "usage: telespool drop"),
        (["status", "everything"], "telespool status: error: unrecognized arguments: everything"),
        (["unpack", "a.zip", "out", "--password=sesame"], "--password takes no value"),
        (["unpack", "a.zip", "out", "--password", "sesame"], "--password takes no value"),
    ],
)
def test_what_is_mistyped(capsys: Capture, typed: list[str], said: str) -> None:
    """The command that was meant shows how it is used; commands for shells are not offered, passwords not repeated."""
    with pytest.raises(SystemExit) as ended:
        main(typed)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert "complete-names" not in told
    assert "sesame" not in told


def test_a_defect_is_named_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected says where it happened; all of it is shown where that is asked for."""
    with pytest.raises(KeyError) as raised:
        dict[str, int]()["unheard of"]
    said = failures.sentence(raised.value)
    assert "defect of Telespool" in said
    assert "test_failures.py, line" in said
    monkeypatch.setenv("TELESPOOL_TRACEBACK", "1")
    assert "Traceback" in failures.sentence(raised.value)


def test_a_disk_that_is_full_behind_the_output(tmp_path: Path) -> None:
    """What cannot be printed is a sentence too, and no second error while Python ends."""
    spool = make(tmp_path)
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "telespool.cli.main", "status", "-c", str(spool.config)],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.strip().startswith("telespool: ")
    assert "No space left" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_control_characters_of_a_name(tmp_path: Path, capsys: Capture) -> None:
    """Whatever prints a name, it sets no title, moves no cursor and turns no direction."""
    spool = make(tmp_path, {f"inbox/{PAINTS}": b"text", PAINTS: b"text"})
    (tmp_path / PAINTS).write_bytes(b"text")
    for command in (
        ["explain", tmp_path / PAINTS],
        ["explain", spool.root / "inbox" / PAINTS],
        ["explain", f"no such {PAINTS}"],
        ["retry", PAINTS],
        ["drop", tmp_path / PAINTS, "--to", PAINTS],
    ):
        said = telespool(capsys, spool.config, str(command[0]), *command[1:])
        assert not set("\x1b\x07\x9b\u202e") & set(said.out + said.err), command
    told = telespool(capsys, spool.config, "explain", "--json", spool.root / "inbox" / PAINTS).json
    assert told["inbox"].endswith(PAINTS)


def test_every_text_can_be_written() -> None:
    """Bytes that are no UTF-8, and a terminal that knows only ASCII, raise nothing."""
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    print("caf\udce9 ✓ \x1b[2J", file=HarmlessStream(stream), flush=True)
    assert stream.buffer.getvalue() == b"caf\\udce9 \\u2713 \\u001b[2J\n"
    assert json.loads(harmless(json.dumps("\x9b\u202e", ensure_ascii=False))) == "\x9b\u202e"


def test_a_long_name_is_dropped(tmp_path: Path, capsys: Capture) -> None:
    """A name of as many bytes as the file system allows is dropped like any other."""
    spool = make(tmp_path)
    path = tmp_path / ("x" * 251 + ".jpg")
    path.write_bytes(b"x")
    assert telespool(capsys, spool.config, "drop", path, "--to", "family").code == 0
    assert (spool.root / "inbox" / "family" / path.name).read_bytes() == b"x"
    assert os.listdir(spool.root / "inbox" / "family") == [path.name]  # noqa: PTH208 - names


def test_a_killed_drop_leaves_nothing(tmp_path: Path) -> None:
    """The half copy of a command that died is removed at the daemon's next start; a living one's is not."""
    spool = Spool(make(tmp_path).root)
    dead = spool.inbox / "family" / f"{PREFIX}1-1"
    dead.mkdir(parents=True)
    (dead / ".copy").write_bytes(b"half")
    with staging(spool.disk, spool.inbox) as alive:
        said = recover(spool, 4)
        assert alive.exists()
        assert not dead.exists()
        assert "has died" in said[0]
    assert not alive.exists()


def test_a_drop_that_is_ended_cleans_up(tmp_path: Path) -> None:
    """SIGTERM in the midst of a copy removes what was copied so far."""
    spool = make(tmp_path)
    os.mkfifo(tmp_path / "endless")
    source = tmp_path / "walk"
    source.mkdir()
    (source / "1.jpg").write_bytes(b"1")
    script = (
        "import sys, signal, time\n"
        "from telespool.cli import main\n"
        "from telespool.spool.fs_ops import FileOps\n"
        "def stuck(*_, **__):\n    print('copying', flush=True)\n    time.sleep(60)\n"
        "FileOps.copy = stuck\n"
        "sys.exit(main.main(sys.argv[1:]))\n"
    )
    arguments = ["drop", "-c", str(spool.config), str(source)]
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "copying\n"
        process.terminate()
        assert process.wait(longest(20)) == 128 + 15
    assert not list((spool.root / "inbox").iterdir())


def test_a_copy_is_locked_while_it_is_made(tmp_path: Path) -> None:
    """Whoever sweeps is refused the lock."""
    spool = Spool(make(tmp_path).root)
    with staging(spool.disk, spool.inbox) as path:
        descriptor = os.open(path, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(descriptor)


def test_what_people_type(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses of a file manager, folders, quotes, a last slash, from within the spool: each means what it says."""
    spool = make(tmp_path, {f"done/{JOB}/0001+7_IMG_1.jpg": b"", "inbox/family/later.zip": b"1"})
    album = tmp_path / "Two words"
    album.mkdir()
    (album / "notes.txt").write_bytes(b"text")
    for text in (f"file://{tmp_path}/Two%20words", f"{album}/", f"'{album}'", str(album)):
        said = telespool(capsys, spool.config, "explain", text)
        assert said.code == 0
        assert "Two words: a folder with 1 file" in said.out
        assert "only notes.txt" in said.out
    for place in (spool.root, spool.root / "done", tmp_path):
        monkeypatch.chdir(place)
        for text in ("holiday", "HOLIDAY.zip", JOB, "IMG_1.jpg", "img_1.JPG"):
            assert "message 7" in telespool(capsys, spool.config, "explain", text).out, (
                place,
                text,
            )
        assert (
            "for the chat family"
            in telespool(capsys, spool.config, "explain", "family/later.zip").out
        )
    missing = telespool(capsys, spool.config, "explain", f"{tmp_path}/a/missing.jpg")
    assert missing.code == 1
    assert f"{tmp_path}/a/missing.jpg: there is no such file or folder" in missing.err
    assert "the spool" in telespool(capsys, spool.config, "explain", spool.root).out
    os.mkfifo(tmp_path / "pipe")
    assert "never sent" in telespool(capsys, spool.config, "explain", tmp_path / "pipe").err
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert "there is nothing" in telespool(capsys, spool.config, "explain", tmp_path / "link").err
