"""What a result must be to pass for its source, told by frames and sounds alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from telespool.errors import Permanent
from telespool.media import mp4, verify
from telespool.media.pieces import answer
from telespool.media.pieces.encoding import LEAD

if TYPE_CHECKING:
    from pathlib import Path


def work(**more: Any) -> Any:
    """A conversion of a film of ten frames."""
    scan = {"count": 10, "leading": 0, "span": 9.0, "gap": 1.0, "timeless": 0} | more.pop(
        "scan", {}
    )
    video = SimpleNamespace(rotation=0)
    found = SimpleNamespace(audio=more.pop("audio", None))
    return SimpleNamespace(scan=SimpleNamespace(**scan), video=video, found=found, **more)


def track(times: list[int]) -> Any:
    """A track of these times, in seconds."""
    return SimpleNamespace(shown=times, times=times, timescale=1)


@pytest.mark.parametrize(
    ("times", "rotation", "scan", "says"),
    [
        ([*range(10)], 0, {}, ""),
        ([], 0, {}, "the copy has 0 frames"),
        ([*range(5)], 0, {}, "the copy has 5 frames, its source 10"),
        ([*range(10)], 90, {}, "the copy is turned"),
        ([0, 1, 1, *range(3, 10)], 0, {}, "frames at the same time"),
        ([*range(0, 20, 2)], 0, {}, "longer than its source"),
    ],
)
def test_a_copy(times: list[int], rotation: int, scan: dict[str, int], says: str) -> None:
    """Its frames are those of the source."""
    made, video = track(times), cast("Any", SimpleNamespace(rotation=rotation))
    if says:
        with pytest.raises(Permanent, match=says):
            verify._check_copy(made, video, work(scan=scan))
    else:
        assert verify._check_copy(made, video, work(scan=scan)) == ()


def test_a_copy_without_its_beginning() -> None:
    """What needs frames that are not there is left out, and told."""
    video = cast("Any", SimpleNamespace(rotation=0))
    told = verify._check_copy(track([*range(3, 10)]), video, work(scan={"leading": 3}))
    assert told == ("its first 3 frames are left out: they need frames that are not there",)


def test_its_sound() -> None:
    """A copy must have it; an encoder may have found nothing in it. Its pace never changes."""
    assert verify._check_sound(None, work(), copied=True) == ()
    silent = work(audio=SimpleNamespace())
    assert verify._check_sound(cast("Any", object()), silent, copied=True) == ()
    assert verify._check_sound(None, silent, copied=False) == ("its sound track is empty",)
    with pytest.raises(Permanent, match="has lost its sound"):
        verify._check_sound(None, silent, copied=True)
    verify._check_pace(None)
    verify._check_pace(track([0, 1, 2]))
    half = 4 * verify._PACE
    verify._check_pace(track([*range(0, 200 * half, 100)]))
    changes = [*range(0, 100 * half, 100), *range(100 * half, 100 * half + 120 * half, 120)]
    with pytest.raises(Permanent, match="changes its sample rate"):
        verify._check_pace(track(changes))


@pytest.mark.parametrize(
    ("made", "decodes", "apart", "says", "notes"),
    [
        (10, 10, 0, "", 0),
        (12, 10, 0, "the result has 12 frames, its source 10", 0),
        (5, 9, 0, "the result has 5 frames, 9 can be decoded", 0),
        (5, 5, 0, "", 1),
        (10, 10, 1, "is 7.000 seconds away from its time", 0),
    ],
)
async def test_an_encoded_film(
    monkeypatch: pytest.MonkeyPatch, made: int, decodes: int, apart: int, says: str, notes: int
) -> None:
    """It has the frames that can be decoded."""

    async def count(_: object) -> int:
        return decodes

    monkeypatch.setattr(verify, "_count", count)
    monkeypatch.setattr(verify, "_outliers", lambda *_: (apart, 7.0 * apart))
    shown = tuple(float(at) for at in range(10))
    found = track([*range(made)])
    if says:
        with pytest.raises(Permanent, match=says):
            await verify._check_encoded(found, work(shown=shown))
    else:
        assert len(await verify._check_encoded(found, work(shown=shown))) == notes


def test_an_answer_of_a_helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the frames that were asked for, at their times, and nothing else."""
    span = cast("Any", SimpleNamespace(number=1, begin=10, end=13, frames=(10.0, 11.0, 12.0)))
    plan = cast("Any", SimpleNamespace(ticks=1, thinned=False))
    base = -(10 - LEAD)
    held: list[Any] = []
    monkeypatch.setattr(mp4, "track", lambda _: held.pop(0))

    def find(*tracks: list[int] | None, thinned: bool = False, exact: bool = True) -> Any:
        plan.thinned = thinned
        for number in range(len(tracks)):
            (tmp_path / f"0001-{number:06d}.mp4").touch()
        held[:] = [None if at is None else track([each + base for each in at]) for at in tracks]
        return answer._find(tmp_path, span, plan, exact=exact)

    assert find([8, 9], [10, 11, 12])[1:] == (10, 12)
    assert find([10, 11], exact=False)[1:] == (10, 11)
    assert find([10, 12], thinned=True)[1:] == (10, 12)
    for tracks, says in (
        ([None], "no piece of a film"),
        ([[9, 10]], "not asked for"),
        ([[10, 11]], "has 2 frames, 3 were asked for"),
        ([[10, 10, 10]], "seconds away from its time"),
        ([], "holds no frame"),
    ):
        for path in tmp_path.iterdir():
            path.unlink()
        with pytest.raises(answer.Wrong, match=says):
            find(*tracks)
