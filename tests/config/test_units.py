"""Durations and sizes: what is written is read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telespool.config.units import read_duration, read_size, write_duration, write_size


@given(st.floats(min_value=0, max_value=1e12))
def test_a_written_duration_is_read_back_exactly(seconds: float) -> None:
    """Whatever number of seconds is written, the same number is read."""
    assert read_duration(write_duration(seconds)) == seconds


@given(st.integers(min_value=0, max_value=10**9), st.sampled_from([1, 60, 3600, 86400]))
def test_whole_units_are_read_back_exactly(count: int, unit: int) -> None:
    """Whole minutes, hours and days survive too, and are written without a fraction."""
    written = write_duration(float(count * unit))
    assert "." not in written
    assert read_duration(written) == count * unit


@given(st.integers(min_value=0, max_value=1 << 60))
def test_a_written_size_is_read_back_exactly(size: int) -> None:
    """Whatever number of bytes is written, the same number is read."""
    assert read_size(write_size(size)) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("1.5h", 5400),
        ("2 days", 172800),
        ("1h 30min", 5400),
        ("500ms", 0.5),
        ("90", 90),
        (" 2 Weeks ", 1209600),
    ],
)
def test_durations_as_people_write_them(text: str, seconds: float) -> None:
    """Units may be short or long, small or capital, with or without a space, and may be added up."""
    assert read_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512 KiB", 524288),
        ("2 GiB", 1 << 31),
        ("10 MB", 10_000_000),
        ("4096", 4096),
        ("1.5kb", 1500),
    ],
)
def test_sizes_as_people_write_them(text: str, size: int) -> None:
    """KiB is 1024 and kB is 1000, whatever the capitals."""
    assert read_size(text) == size


@pytest.mark.parametrize("text", ["", "ten", "10 parsecs", "-5s", "1,5h", "1 2", "s", "1e3s", "٣s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Neither words nor unknown units, signs, commas, exponents or foreign digits are guessed at."""
    with pytest.raises(ValueError):  # noqa: PT011 - its text is for nobody
        read_duration(text)


@pytest.mark.parametrize("text", ["", "2 G", "2 GiBs", "-1", "1 KiB 2 KiB", "much"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """A bare G could mean two things, so it means nothing."""
    with pytest.raises(ValueError):  # noqa: PT011 - its text is for nobody
        read_size(text)
