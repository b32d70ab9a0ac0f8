"""Waits: what `status` shows of who waits for what."""

from __future__ import annotations

from telespool.errors import NoRoom, Temporary, VolumeMissing
from telespool.runtime.waits import Wait, Waits


def test_a_wait_with_a_time_ends_by_itself_and_one_without_lasts() -> None:
    """A wait is shown until its time has come, or until who began it ends it."""
    waits = Waits()
    waits.begin("uploader", Wait("Telegram asks for a pause.", 100.0, kind="flood", since=50.0))
    waits.begin("intake", Wait("There is no room.", None, "job", "J", "room", since=60.0))
    assert [wait.kind for wait in waits.now(99.0)] == ["flood", "room"]
    assert [wait.kind for wait in waits.now(100.0)] == ["room"]
    waits.end("intake")
    assert waits.now(0.0) == [Wait("Telegram asks for a pause.", 100.0, kind="flood", since=50.0)]


def test_who_waits_again_for_the_same_waits_since_the_first_time() -> None:
    """`since` says how long somebody waits, however often it looks in between."""
    waits = Waits()
    waits.begin("intake", Wait("needs 2", None, "job", "J", "room", since=10.0))
    waits.begin("intake", Wait("needs 1", None, "job", "J", "room", since=20.0))
    (wait,) = waits.now(30.0)
    assert (wait.reason, wait.since) == ("needs 1", 10.0)


def test_whom_a_wait_concerns() -> None:
    """A job waits with everybody, with its chat, with its topic, and for itself."""
    assert Wait("x").concerns("J")
    assert Wait("x", None, "chat", "family").concerns("J", "family")
    assert not Wait("x", None, "chat", "family").concerns("J", "friends")
    assert Wait("x", None, "topic", "family/Trips").concerns("J", "family", "family/Trips")
    assert not Wait("x", None, "topic", "family/Trips").concerns("J", "family", "family/")
    assert Wait("x", None, "unit", "J/0001_a.jpg").concerns("J")
    assert not Wait("x", None, "job", "K").concerns("J")


def test_every_wait_has_a_kind() -> None:
    """What is waited for is known from the error's class unless it says so itself."""
    assert Temporary("x").kind == "network"
    assert Temporary("x", kind="flood").kind == "flood"
    assert VolumeMissing("x").kind == "volume"
    assert NoRoom("x", needed=2, free=1).kind == "room"


def test_those_that_are_over_are_forgotten() -> None:
    """When there are very many: a daemon runs for years."""
    waits = Waits()
    for number in range(1000):
        waits.begin("intake", Wait("x", 10.0, "job", f"J{number}", since=float(number > 998) * 20))
    assert [wait.whom for wait in waits.begun_by("intake")] == []
    waits.begin("intake", Wait("x", None, "job", "K", since=20.0))
    assert [wait.whom for wait in waits.begun_by("intake")] == ["K"]
