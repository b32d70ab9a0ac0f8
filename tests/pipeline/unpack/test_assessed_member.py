"""What a member is to its chat, where nobody can read it, and what is found out only now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from telespool.archives.members import Member
from telespool.config.schema import ChatSettings, ConvertSettings
from telespool.errors import Permanent
from telespool.pipeline import glance
from telespool.pipeline.unpack import assessed_member
from telespool.pipeline.unpack.assessed_member import AssessedMember, assess_member
from telespool.pipeline.unpack.sources import ExtractedMember
from telespool.spool.names import Unit

if TYPE_CHECKING:
    import pytest

    from tests.material import Material


def test_what_nobody_can_read() -> None:
    """It is none of the other files, and is kept for a person to see."""
    member = AssessedMember(Unit(1, "a.jpg"), Path("a.jpg"), "a.jpg", None, "It is broken.")
    assert not member.is_other
    assert member.kind == "document"
    assert member.is_wanted(ChatSettings(), has_photo=False)
    assert member.has_place
    assert member.messages(ChatSettings()) == 1
    assert member.why_left_out


async def test_what_is_asked_now(
    tmp_path: Path, material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which live photo it is half of, where the first glance did not ask; a refusal of the look is its own."""
    path = material.named(tmp_path, {"a.jpg": material.photo(1)}) / "a.jpg"
    member = Member(1, "a.jpg", path.stat().st_size)
    piece = ExtractedMember(member, path)
    seen = glance.of_member(member, path, live=False)._replace(identifier=None)
    more = ConvertSettings(), ChatSettings(), seen
    found = await assess_member(piece, path, *more, last_try=False)
    assert found.about is not None
    assert found.about.identifier == ""

    async def refuses(*_: object, **__: object) -> object:
        raise Permanent("It is broken.")

    monkeypatch.setattr(assessed_member, "assess", refuses)
    found = await assess_member(piece, path, *more, last_try=False)
    assert (found.verdict, found.why_refused) == (None, "It is broken.")
