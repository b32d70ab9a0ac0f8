"""Other machines that encode pieces: what they gain, what they may cost, and what they may do."""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import TYPE_CHECKING

import pytest

from telespool.config.schema import ConvertSettings, Seconds
from telespool.media.convert import convert
from telespool.media.mp4 import track
from telespool.media.pieces import helper as helper_module
from telespool.media.pieces.allowed import Refused, allowed
from telespool.media.pieces.helper import Helper, HelperLost, Helpers
from telespool.runtime.gate import PauseGate
from tests.media.clip_making import ffmpeg
from tests.media.machines import SERVE, Machine, machines, need_sshd, run
from tests.media.measure import see, sound
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from telespool.media.ffmpeg_process import Progress

pytestmark = pytest.mark.media


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes long to start ssh and Python: who answers is asked for here, and not how soon."""
    monkeypatch.setattr(helper_module, "_ANSWER", longest(30.0) * 4)


@pytest.fixture(scope="module")
def film_of_eight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small film of eight pieces."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    picture = "testsrc2=s=160x96:r=25:d=8"
    sound = ("-f", "lavfi", "-i", "sine=d=8")
    ffmpeg("-f", "lavfi", "-i", picture, *sound, "-c:v", "mpeg4", "-g", "12", path)
    return path


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Machine]]:
    """Two machines that can be reached."""
    need_sshd()
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    with machines(tmp_path, 2) as found:
        yield found


class Film:
    """A film that is converted with these helpers; `slots` pieces at once here."""

    def __init__(self, folder: Path, source: Path, names: list[str], slots: int) -> None:
        self.settings = ConvertSettings(
            preset="veryfast",
            checkpoint=Seconds(0.001),
            nice=0,
            slots=slots,
            threads=1,
            stall=Seconds(60),
            helpers=tuple(names),
        )
        self.helpers = Helpers().of(self.settings)
        self.source, self.result, self.state = source, folder / "out.mp4", folder / "pieces"
        self.gate = PauseGate()

    async def convert(self, progress: Callable[[Progress], None] | None = None) -> None:
        """Convert it."""
        await convert(
            self.source,
            self.result,
            settings=self.settings,
            state=self.state,
            gate=self.gate,
            at_least="encode",
            helpers=self.helpers,
            progress=progress,
        )

    def check(self, tmp_path: Path) -> None:
        """Hold it against the film of one continuous run."""
        alone = Film(tmp_path, self.source, [], 1)
        alone.result, alone.state = tmp_path / "alone.mp4", tmp_path / "alone"
        asyncio.run(alone.convert())
        one, other = track(alone.result), track(self.result)
        assert one is not None
        assert other is not None
        assert one.times == other.times
        assert sound(alone.result) == sound(self.result)
        for a, b in zip(see(alone.result).pictures, see(self.result).pictures, strict=True):
            assert max(abs(x - y) for x, y in zip(a, b, strict=True)) <= 12

    def pieces(self) -> list[int]:
        """What each helper has made."""
        return [helper.state.pieces for helper in self.helpers]

    def is_busy(self) -> bool:
        """Whether any of them works."""
        return any(helper.state.is_busy for helper in self.helpers)

    def failures(self) -> list[int]:
        """How often each has failed."""
        return [helper.state.failures for helper in self.helpers]


def test_two_helpers_make_the_film_and_this_machine_none_of_it(
    two: list[Machine], film_of_eight: Path, tmp_path: Path
) -> None:
    """Both make pieces; while something is sent they finish what they have and get no more; the film is that of one run."""
    film = Film(tmp_path, film_of_eight, [each.name for each in two], 0)

    async def scene() -> None:
        making = asyncio.create_task(film.convert())
        while not film.is_busy() and not making.done():
            await asyncio.sleep(0.01)
        film.gate.close()
        while film.is_busy():
            await asyncio.sleep(0.01)
        for _ in range(50):
            await asyncio.sleep(0.01)
            assert not film.is_busy()
        film.gate.set(is_open=True)
        await making

    asyncio.run(scene())
    assert sum(film.pieces()) == 8
    assert min(film.pieces()) >= 1
    assert film.failures() == [0, 0]
    film.check(tmp_path)


BAD = {
    "head -c 3000000 /dev/urandom": "cannot be read",
    "cat >/dev/null": "cannot be read",
    "cat >/dev/null; echo No space left on device >&2; exit 1": "No space left",
    "kill -9 $PPID": "cannot be reached",
}


def test_bad_helpers_cost_a_piece_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film_of_eight: Path
) -> None:
    """Rubbish, nothing, a full disk, a broken line, standing still: another makes the piece, and they rest."""
    need_sshd()
    state = tmp_path / "state"
    monkeypatch.setenv("STATE_DIRECTORY", str(state))
    with machines(tmp_path, len(BAD) + 2) as found:
        for machine, answer in zip(found, [*BAD, "sleep 600"], strict=False):
            machine.may(
                f"case $SSH_ORIGINAL_COMMAND in *-version) {SERVE};; *) {answer};; esac", state
            )
        film = Film(tmp_path, film_of_eight, [each.name for each in found], 0)
        asyncio.run(film.convert())
    film.check(tmp_path)
    assert film.pieces()[:-1] == [0] * (len(BAD) + 1)
    assert film.pieces()[-1] >= 1, film.helpers[-1].state
    for helper, reason in zip(film.helpers, BAD.values(), strict=False):
        assert helper.state.failures >= 1
        assert reason in helper.state.last_failure
    assert film.failures()[-1] == 0


def test_over_a_line_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film_of_eight: Path
) -> None:
    """One does its work, one sends rubbish, one is away, one encodes otherwise: the film comes out, and each has its reason.

    The line is a program instead of sshd; what answers at its end is `helper serve`, as with a real one.
    """
    answers = {
        "good": f"{SERVE} | cat",  # a pipe, as behind sshd: it may write no file
        "rubbish": "head -c 300000 /dev/urandom",
        "away": "echo No route to host >&2; exit 255",
        "other": f'SSH_ORIGINAL_COMMAND=$(echo "$3" | sed "s/-preset [a-z]*/-preset ultrafast/"); {SERVE} | cat',
    }
    cases = "".join(
        f"{name}) case $3 in *-version) {'exit 255' if name == 'away' else SERVE};; *) {answer};; esac;;\n"
        for name, answer in answers.items()
    )
    line = tmp_path / "ssh"
    line.write_text(
        "#!/bin/sh\nwhile [ $# -gt 3 ]; do shift; done\n"
        f'export SSH_ORIGINAL_COMMAND="$3"\ncase $2 in\n{cases}esac\n'
    )
    line.chmod(0o755)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    film = Film(tmp_path, film_of_eight, [*answers], 0)
    asyncio.run(film.convert())
    assert film.pieces()[0] >= 5  # the rest is made here where two have failed at it
    assert film.pieces()[1:] == [0, 0, 0]
    assert film.failures()[0] == 0
    assert "cannot be read" in film.helpers[1].state.last_failure
    assert "cannot be reached" in film.helpers[2].state.last_failure
    assert "its encoder or its settings" in film.helpers[3].state.last_failure
    film.check(tmp_path)


def test_who_stands_still_is_left(two: list[Machine], tmp_path: Path) -> None:
    """Neither packets nor frames nor numbers for a while: the piece is lost, and nothing runs on over here."""
    two[0].may("kill -STOP $$", tmp_path / "state")
    packets = tmp_path / "packets"
    packets.write_bytes(b"some")
    helper = Helper(two[0].name)
    with pytest.raises(HelperLost, match="nothing came"):
        asyncio.run(helper.run(["-version"], packets, tmp_path / "answer", 0.6))
    assert not helper.state.is_busy


def test_all_helpers_gone_it_goes_on_here(
    two: list[Machine], clip: Callable[[str], Path], tmp_path: Path
) -> None:
    """Helpers that nobody can reach, one of them with its cable pulled, leave the film to this machine."""
    pulled, ended = two
    if not pulled.own_network:
        pytest.skip("only root can pull a cable")
    film = Film(tmp_path, clip("varying.mkv"), [each.name for each in two], 0)

    def cut_off(_: Progress) -> None:
        if film.helpers[0].state.is_busy and ended.is_there:
            pulled.pull()
            ended.end()

    asyncio.run(film.convert(cut_off))
    assert min(film.failures()) >= 1
    film.check(tmp_path)


def test_another_ffmpeg_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper with other libraries is told apart before it gets a piece, and which one has what is said."""
    version = run("ffmpeg", "-version").replace("libswscale      ", "libswscale      1")
    (tmp_path / "version").write_text(version.replace("ffmpeg version ", "ffmpeg version 99-", 1))
    line = tmp_path / "ssh"  # what comes down the line is what counts here
    line.write_text(f"#!/bin/sh\nexec cat {tmp_path}/version\n")
    line.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    helper = Helper("somewhere")
    with pytest.raises(HelperLost, match="ffmpeg 99-"):
        asyncio.run(helper.ask(ConvertSettings()))
    assert not helper.is_known


def test_a_machine_that_is_not_known_gets_nothing(two: list[Machine], tmp_path: Path) -> None:
    """No key of a machine is taken on trust, and nothing is asked for."""
    (tmp_path / "state" / "helper-hosts").write_text("")
    with pytest.raises(HelperLost, match="verification failed"):
        asyncio.run(Helper(two[0].name).ask(ConvertSettings()))


def test_the_gap_grows() -> None:
    """Each failure doubles the time for which a helper is left alone; a piece that is made ends that."""
    helper = Helper("nobody")
    gaps = []
    for _ in range(8):
        helper.failed("away")
        gaps.append(helper.pause)
    assert all(after > before - 0.1 for before, after in itertools.pairwise(gaps))
    assert gaps[-1] <= helper_module._LONGEST_PAUSE
    assert gaps[1] > 1.5 * gaps[0]
    helper.succeeded(1.0, 10.0)
    helper.failed("away")
    assert helper.pause <= helper_module._FIRST_PAUSE


@pytest.mark.parametrize(
    "asked",
    [
        "sh -c id",
        "ffmpeg -i /etc/passwd -f mp4 pipe:1",
        "ffmpeg -v error -protocol_whitelist pipe -f nut -i pipe:0 -f mp4 /tmp/x",
        "ffmpeg -protocol_whitelist pipe,file -f nut -i pipe:0 -f mp4 pipe:1",
        "ffmpeg -protocol_whitelist pipe -f concat -i pipe:0 -f mp4 pipe:1",
        "ffmpeg -protocol_whitelist pipe -f nut -i pipe:0 -vf movie=/etc/passwd -f mp4 pipe:1",
        "ffmpeg -protocol_whitelist pipe -f nut -i pipe:0 -vf \"scale=w='1',movie=x\" -f mp4 pipe:1",
        "ffmpeg -protocol_whitelist pipe -f nut -i pipe:0 -x264-params stats=/tmp/x -f mp4 pipe:1",
        "ffmpeg -protocol_whitelist pipe -f nut -i pipe:0 -f mp4 /tmp/x pipe:1",
        "ffmpeg -version; id",
        "ffmpeg 'open",
        "",
    ],
)
def test_a_helper_runs_nothing_else(asked: str) -> None:
    """What is not from standard input to standard output, with filters that open nothing, is refused."""
    with pytest.raises(Refused):
        allowed(asked)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("nice -n 10 ffmpeg -version", 1),
        ("ffmpeg -nostdin -copyts -protocol_whitelist pipe -f nut -i pipe:0 -f mp4 pipe:1", 11),
        (
            "ffmpeg -protocol_whitelist pipe -f nut -i pipe:0 -vf \"fps=25,scale=w='1,2':h=2\" -f mp4 pipe:1",
            11,
        ),
    ],
)
def test_what_a_helper_runs(asked: str, words: int) -> None:
    """From standard input to standard output, through filters that change pictures alone."""
    assert len(allowed(asked)) == words


@pytest.mark.parametrize("chain", ["scale;movie=x", "scale=w='1", "movie=x"])
def test_filters_that_are_not_run(chain: str) -> None:
    """Whatever could open something."""
    with pytest.raises(Refused):
        allowed(f'ffmpeg -protocol_whitelist pipe -f nut -i pipe:0 -vf "{chain}" -f mp4 pipe:1')
