"""Telegram by IPv6, where a machine has no other way: the login, and everything after it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from telespool.config.schema import TelegramSettings
from telespool.destinations.telegram import address, login
from telespool.destinations.telegram.address import Address
from telespool.destinations.telegram.session import Session
from tests.destinations.telegram.support import opened, photo_file, secrets, send, settings
from tests.destinations.telegram.test_login import Person
from tests.telegram_server import TestTelegram

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.telegram


def _ways(monkeypatch: pytest.MonkeyPatch, *families: int) -> None:
    """This machine has routes for these families alone."""

    class Probe(socket.socket):
        def connect(self, _address: Any) -> None:
            if self.family not in families:
                raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "socket", Probe)


async def test_login_and_upload_by_ipv6(tmp_path: Path) -> None:
    """A server that has an IPv6 address alone: a person logs in there, and an album is posted."""
    async with TestTelegram(host="::1") as telegram:
        person = Person(telegram.PHONE, telegram.PHONE_CODE)
        account = await login.log_in(settings(telegram), secrets(telegram), tmp_path, person)
        assert account.name == "Ada"
        async with opened(telegram, tmp_path, account=None) as destination:
            await send(destination, [photo_file(tmp_path)])
        assert len(telegram.messages) == 1
        assert telegram.bugs == []


def test_a_machine_without_ipv4_begins_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins at the IPv6 door, and a login that was made by IPv4 goes to its data centre by that; and back."""
    places = []
    for families in (
        [socket.AF_INET],
        [socket.AF_INET6],
        [socket.AF_INET, socket.AF_INET6],
        [socket.AF_INET6],
        [],
    ):
        with monkeypatch.context() as patch:
            _ways(patch, *families)
            session = Session.open(TelegramSettings(), tmp_path)
        places.append(session.address)
        if len(places) == 2:
            # The account lives elsewhere, as Telegram said at the login.
            session.store.set_dc(4, "149.154.167.92", 443)
            session.save()
        session.close()
    assert [place.is_ipv6 for place in places] == [False, True, False, True, False]
    assert [place.dc for place in places] == [2, 2, 4, 4, 4]
    assert places[2] == Address(4, "149.154.167.92", 443)
    assert str(places[3]) == "[2001:67c:4e8:f004::a]:443"


def test_addresses_of_ones_own_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server in this network is asked where the configuration says, and so is a data centre that nobody knows."""
    _ways(monkeypatch, socket.AF_INET6)
    for own in (Address(2, "127.0.0.1", 443), Address(9, "149.154.167.51", 443)):
        assert address.reachable(own, ipv6=True) == own
