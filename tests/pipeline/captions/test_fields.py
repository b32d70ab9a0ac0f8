"""The fields of a caption, by the names of what it stands under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.media.compatibility import Assessment
from telespool.model import VideoInfo
from telespool.pipeline.captions.fields import CaptionFields
from tests.laying import lay

if TYPE_CHECKING:
    from telespool.spool import Spool


def test_what_a_caption_may_name(spool: Spool) -> None:
    """Each field, as far as anything is known of it."""
    entry = lay(spool, "uploading/0001_a.jpg")
    frame = VideoInfo(duration=3725.0, width=1, height=1)
    seen = {1: Assessment(action="send", reasons=(), kind="video", mime="video/mp4", frame=frame)}
    fields = CaptionFields(spool, entry, "trip", seen).of(
        "{archive}{name}{names}{chat}{topic}{folder}{first}{last}{count}{photos}{videos}{size}{duration}{taken}{counter}"
    )
    assert fields["duration"] == "1:02:05"
    assert fields["taken"] == ""
    assert fields["counter"] == 1
    assert (fields["first"], fields["last"], fields["videos"], fields["photos"]) == (1, 1, 1, 0)
    lay(spool, "done/0002+7_20040612_153000.jpg")
    named = lay(spool, "uploading/0003_20040612_153000.jpg")
    found = CaptionFields(spool, named, "trip", {}).of("{taken}{counter}{duration}")
    assert found == {"taken": "2004-06-12", "counter": 2, "duration": ""}
    named.path.unlink()


def test_a_page_lay_where_its_whole_did(spool: Spool) -> None:
    """Whatever a file becomes has the folder that it lay in."""
    page = lay(spool, "uploading/2000001c=0002_scan 1 of 3.jpg")
    spool.note_members(page.job, [f"0002 0 7 {64 * 'a'} letters/1999/scan.tif"])
    assert CaptionFields(spool, page, "trip", {}).of("{folder}") == {"folder": "letters/1999"}
