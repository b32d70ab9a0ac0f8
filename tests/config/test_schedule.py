"""Times of the day, and rates."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telespool.config.schedule import Rate, Span, minute_of_day, opens_at

MINUTES = st.integers(0, 24 * 60 - 1)


@given(MINUTES, MINUTES, MINUTES)
def test_a_span_and_the_rest_of_the_day_share_no_minute(begin: int, end: int, minute: int) -> None:
    """Whether or not it goes over midnight, a minute lies in a span or in the span of the rest."""
    if begin != end:
        assert Span(begin, end).holds(minute) != Span(end, begin).holds(minute)
        assert Span.parse(str(Span(begin, end))) == Span(begin, end)


@given(st.integers(0, 4_000_000_000), MINUTES, MINUTES)
def test_it_opens_within_a_day_at_the_beginning(moment: int, begin: int, end: int) -> None:
    """What is closed opens at the first minute of its span, at most a day later."""
    if begin == end:
        return
    opens = opens_at(str(Span(begin, end)), moment)
    if opens is None:
        assert Span(begin, end).holds(minute_of_day(moment))
    else:
        assert 0 < opens - moment <= 86400
        if time.localtime(opens).tm_gmtoff == time.localtime(moment).tm_gmtoff:
            assert minute_of_day(opens) == begin


def test_a_rate_holds_by_the_time_of_day() -> None:
    """The usual rate, another one in a span, and none."""
    rate = Rate.parse("2 MB/s, 22:00-07:00 off, 12:00-13:00 500 kB/s")
    noon = time.mktime((2001, 6, 15, 12, 30, 0, 0, 0, -1))
    assert rate.at(noon - 3 * 3600) == 2_000_000
    assert rate.at(noon) == 500_000
    assert rate.at(noon + 11 * 3600) is None


@pytest.mark.parametrize(
    "text", ["", "fast", "2 MB", "0/s", "2 MB/s, 25:00-07:00 off", "2 MB/s, 7-8 off", "10/s"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    """A rate needs its unit and sensible hours."""
    with pytest.raises(ValueError):  # noqa: PT011 - its words reach nobody
        Rate.parse(text)
