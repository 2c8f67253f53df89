"""Lengths of time and sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings.units import octets, seconds


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("30s", 30.0),
        ("1h30m", 5400.0),
        ("1 h 30 m", 5400.0),
        ("500ms", 0.5),
        ("1.5h", 5400.0),
        ("2w", 1_209_600.0),
        (90, 90.0),
    ],
)
def test_lengths_of_time_are_read_as_people_write_them(written, meant):
    assert seconds(written) == meant


@pytest.mark.parametrize("written", ["", "30", "s", "30x", "-5s", "5s!", -1, "99999999w", True, None, [], float("nan")])
def test_other_lengths_are_refused(written):
    with pytest.raises(ValueError, match="expected"):
        seconds(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1MiB", 1 << 20), ("512 kib", 1 << 19), ("20MB", 20_000_000), ("1.5KiB", 1536), ("7", 7), (8, 8)],
)
def test_sizes_are_read_as_people_write_them(written, meant):
    assert octets(written) == meant


@pytest.mark.parametrize("written", ["", "MiB", "1 XiB", "-1", 0, -1, "9999999TiB", 1 << 60, 1.5, True, None])
def test_other_sizes_are_refused(written):
    with pytest.raises(ValueError, match="expected"):
        octets(written)


@given(st.text(max_size=40))
def test_any_text_is_a_length_or_refused(text):
    try:
        meant = seconds(text)
    except ValueError:
        return
    assert 0 <= meant <= 3650 * 86_400
