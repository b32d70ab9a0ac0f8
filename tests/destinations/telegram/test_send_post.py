"""Requests for posts, their answers, captions, and the forms of media."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import types

from telespool.destinations.base import Uploaded
from telespool.destinations.markdown import Formatted
from telespool.destinations.telegram import tl_media, tl_requests
from telespool.destinations.telegram.post_head import Head
from telespool.model import PLAIN, Item, Kind, VideoInfo


def made(kind: Kind = "photo", **values: Any) -> Item:
    """An item that lies nowhere."""
    fields: dict[str, Any] = {
        "key": 1,
        "upload_key": 2,
        "path": Path("x"),
        "name": "x.jpg",
        "mime": "image/jpeg",
    } | values
    return Item(kind=kind, **fields)


@given(st.text(), st.integers(1, 64))
def test_captions_never_exceed_the_limit(text: str, limit: int) -> None:
    """In UTF-16 units, without half characters; what fits is left alone."""
    cut = Formatted(text).cut(limit).text
    units = len(cut.encode("utf-16-le", "replace")) // 2
    assert units <= limit
    if len(text.encode("utf-16-le", "replace")) // 2 <= limit:
        assert cut == text
    else:
        cut.encode("utf-16-le")
        assert cut.endswith("…")


def test_a_post_of_one_is_no_album() -> None:
    """One is sendMedia, several sendMultiMedia with the caption at the first."""
    staged = [Uploaded(made(key=number), types.InputMediaPhoto(None)) for number in (5, 6)]
    only = tl_requests.request("peer", staged[:1], Head.of("Holiday", PLAIN))
    assert (type(only).__name__, only.random_id, only.message) == ("SendMediaRequest", 5, "Holiday")
    album = tl_requests.request("peer", staged, Head.of("Holiday", PLAIN))
    assert [one.random_id for one in album.multi_media] == [5, 6]
    assert [one.message for one in album.multi_media] == ["Holiday", ""]


def test_answers_are_read_in_all_their_forms() -> None:
    """Message ids come from UpdateMessageID, wherever it stands, and only for what was asked."""
    one = types.UpdateMessageID(41, random_id=5)
    other = types.UpdateMessageID(42, random_id=99)
    assert tl_requests.message_ids(types.Updates([one, other], [], [], None, 0), [5, 6]) == {5: 41}
    assert tl_requests.message_ids(types.UpdateShort(one, None), [5]) == {5: 41}
    assert tl_requests.message_ids(types.UpdateShortSentMessage(43, 0, 0, None), [5]) == {5: 43}
    assert tl_requests.message_ids(types.UpdatesTooLong(), [5]) == {}


def test_handles_survive_as_text() -> None:
    """What uploadMedia returned can be noted in a line and read back; a line cut short is none."""
    for handle in (
        types.InputMediaPhoto(types.InputPhoto(1, -2, b"\x00\xff")),
        types.InputMediaDocument(types.InputDocument(3, 4, b"")),
        types.InputMediaDocument(
            types.InputDocument(3, 4, b"\x01"), video_cover=types.InputPhoto(5, 6, b"\xfe")
        ),
        types.InputMediaPhoto(
            types.InputPhoto(1, -2, b"\x00"),
            live_photo=True,
            video=types.InputDocument(7, -8, b"\x09"),
        ),
    ):
        for size in (None, (2560, 1920)):
            text = tl_media.to_text(handle, size)
            read, kept = tl_media.from_text(text)
            assert (read.to_dict(), kept) == (handle.to_dict(), size)
            cut = [tl_media.from_text(text[:end])[0] for end in range(len(text))]
            assert cut == [None] * len(text)
    for wrong in (
        "photo one two zz-",
        "live 1 2 00- document 3 4 00-",
        "cover 1 2 00- photo 3 4 00-",
    ):
        assert tl_media.from_text(wrong) == (None, None)


def test_only_videos_stream_and_stay_videos() -> None:
    """supports_streaming and nosound_video belong to videos, force_file to documents, animation to GIFs."""
    frame = VideoInfo(320, 240, 1.5, silent=True)
    video = tl_media.uploaded(made("video", frame=frame), "file", "thumb", "video")
    gif = tl_media.uploaded(made("gif", frame=frame, mime="video/mp4"), "file", None, "gif")
    document = tl_media.uploaded(made("document", frame=frame), "file", None, "document")
    assert (video.nosound_video, gif.nosound_video, document.nosound_video) == (True, None, None)
    assert (video.force_file, document.force_file) == (None, True)
    kinds = [[type(one).__name__ for one in each.attributes] for each in (video, gif, document)]
    assert kinds[0] == ["DocumentAttributeFilename", "DocumentAttributeVideo"]
    assert kinds[1] == [*kinds[0], "DocumentAttributeAnimated"]
    assert kinds[2] == ["DocumentAttributeFilename"]
    assert video.attributes[1].supports_streaming
    assert video.attributes[1].nosound
    assert not gif.attributes[1].supports_streaming


def test_a_gif_has_a_size_and_no_duration() -> None:
    """A file of GIF's own format is said to be so wide and so high, as official clients do: no seconds are made up."""
    frame = VideoInfo(320, 240, 0.0, silent=True)
    gif = tl_media.uploaded(made("gif", frame=frame, mime="image/gif"), "file", None, "gif")
    _, size, animated = gif.attributes
    assert (size.w, size.h) == (320, 240)
    assert isinstance(size, types.DocumentAttributeImageSize)
    assert isinstance(animated, types.DocumentAttributeAnimated)


@pytest.mark.parametrize(
    ("name", "mime", "expected"),
    [
        ("a.jpg", "image/jpeg", "a.jpg"),
        ("a.JPEG", "image/jpeg", "a.JPEG"),
        ("a.heic", "image/jpeg", "a.jpg"),
        ("a", "image/png", "a.png"),
        ("a.tar.webp", "image/jpeg", "a.tar.jpg"),
    ],
)
def test_photos_are_named_as_telegram_wants(name: str, mime: str, expected: str) -> None:
    """A photo's file name ends as its bytes are."""
    assert tl_media.file_name(made(name=name, mime=mime)) == expected


def test_what_was_made_of_nothing_is_nothing() -> None:
    """An answer of uploadMedia without photo or document cannot be posted."""
    assert tl_media.reference(types.MessageMediaEmpty()) is None
    assert tl_media.reference(types.MessageMediaPhoto(photo=types.PhotoEmpty(1))) is None
