import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.channels.line.choices import LONGEST, read, written
from normalizer.parts import ChoicePart

WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("value", "label", "data"),
    [
        ("parcel:where", "Where is it?", '{"value":"parcel:where","label":"Where is it?"}'),
        (None, "Thanks", "Thanks"),
        ("", "Thanks", "Thanks"),
        ("Thanks", "Thanks", "Thanks"),
        ("v" * 290, "Where is it?", "v" * 290),
    ],
)
def test_a_button_says_as_much_as_fits(value: str | None, label: str, data: str) -> None:
    assert written(value, label) == data


@pytest.mark.parametrize(
    "data", ["action=buy&itemid=123", "7", "null", "{}", '{"value":"x"}', '{"value":"","label":"y"}', "{" * 5000, "é🎲"]
)
def test_of_a_button_made_elsewhere_all_is_its_value(data: str) -> None:
    assert read(data) == ChoicePart(value=data)


@given(WORDS, WORDS)
def test_value_and_label_come_back(value: str, label: str) -> None:
    choice = read(written(value, label))
    if choice.label is not None:
        assert choice == ChoicePart(value=value, label=label)
    else:
        assert choice.value == value


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=150), WORDS)
def test_a_value_that_fits_alone_is_never_too_long(value: str, label: str) -> None:
    assert units(written(value, label)) <= LONGEST
