"""Captions: names are shown as they are, formatting is what the template says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telespool.destinations.markdown import Formatted, Span, render
from telespool.pipeline.captions.composing import fill

NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn", "Zl", "Zp", "Zs"])
    | st.just(" "),
    max_size=60,
)


@given(NAMES)
def test_a_name_is_shown_as_it_is(name: str) -> None:
    """Whatever signs a name holds, it is neither formatted nor changed."""
    shown = render(fill("{archive}", {"archive": name}))
    assert shown.text == " ".join(name.split())
    assert shown.spans == ()


def test_a_template_is_formatted() -> None:
    """Bold, hidden, linked and quoted parts become spans, counted in UTF-16 units."""
    shown = render(
        fill(
            "😀 **{archive}** ||{count}|| [site](https://x.org)\n\n> quoted",
            {"archive": "a_b", "count": 3},
        )
    )
    assert shown.text == "😀 a_b 3 site\n\nquoted"
    assert shown.spans == (
        Span("bold", 3, 3),
        Span("spoiler", 7, 1),
        Span("text_link", 9, 4, "https://x.org"),
        Span("blockquote", 15, 6),
    )


@pytest.mark.parametrize(
    "text",
    ["a <b>x</b> c", "<script>x()</script>", "5 <!-- 6 -->", "<div>\nb\n</div>", "I <3 it"],
)
def test_tags_stand_as_they_are(text: str) -> None:
    """Telegram has no HTML: what looks like it is text, and nothing of it is lost."""
    assert render(text) == Formatted(text)
    assert "\n" in text or render(f"`{text}`").text == text
    assert render(text.replace("<", "\\<")).text == text


@pytest.mark.parametrize(
    ("text", "shown", "quotes"),
    [
        ("> said\nwho", "said\nwho", [(0, 4)]),
        ("> one\n> two\nwho\nwhen", "one\ntwo\nwho\nwhen", [(0, 7)]),
        ("😀\n> a\nb\n> c\nd", "😀\na\nb\nc\nd", [(3, 1), (7, 1)]),
        ("> said\n\nwho", "said\n\nwho", [(0, 4)]),
        ("```\n> x\ny\n```\nz", "> x\ny\nz", []),
    ],
)
def test_a_quote_ends_with_its_lines(text: str, shown: str, quotes: list[tuple[int, int]]) -> None:
    """Only lines that begin with > are quoted; the line behind them is not."""
    found = render(text)
    assert found.text == shown
    assert [(s.offset, s.length) for s in found.spans if s.kind == "blockquote"] == quotes


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("**{archive}** {count}", "3"),
        ("||{archive}||", ""),
        ("**{archive} {count}**", "3"),
        ("~~ {archive} ~~x", "x"),
    ],
)
def test_formatting_of_nothing_is_left_out(template: str, shown: str) -> None:
    """Where a field is empty, as the archive of loose photos, its signs of formatting do not stand in the chat."""
    assert render(fill(template, {"archive": "", "count": 3})).text.strip() == shown


def test_a_caption_that_is_cut_keeps_its_spans_inside() -> None:
    """No span reaches beyond the end of a shortened text."""
    assert Formatted("abcdef", (Span("bold", 0, 6), Span("italic", 5, 1))).cut(4) == Formatted(
        "abc…", (Span("bold", 0, 3),)
    )
