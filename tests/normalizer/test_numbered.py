import pytest

from normalizer.numbered import chosen
from normalizer.parts import ChoicePart, LinkAction, PostbackAction, ReplyAction

OFFERED = (
    ReplyAction(label="Yes"),
    PostbackAction(label="Straße 5", value="street"),
    ReplyAction(label="Later", value="l"),
)


@pytest.mark.parametrize("text", ["2", " 2 ", "2.", "2)", "#2", "２", "２．", "٢", "2️⃣", "straße 5", "STRASSE  5"])
def test_a_number_or_a_label_comes_back_as_the_choice(text):
    assert chosen(text, OFFERED) == ChoicePart(value="street", label="Straße 5")


def test_an_action_without_a_value_is_worth_its_label():
    assert chosen("1", OFFERED) == ChoicePart(value="Yes", label="Yes")
    assert chosen("3", OFFERED) == ChoicePart(value="l", label="Later")


@pytest.mark.parametrize("text", ["", "0", "4", "-1", "2 please", "1 2", "yes or no", "²½", "9999", "2" * 100_000])
def test_anything_else_is_just_text(text):
    assert chosen(text, OFFERED) is None


def test_nothing_was_offered_so_nothing_is_chosen():
    assert chosen("1", ()) is None


def test_what_names_two_actions_is_not_guessed():
    people = (ReplyAction(label="2"), ReplyAction(label="3"))
    assert chosen("2", people) is None
    assert chosen("3", people) == ChoicePart(value="3", label="3")
    assert chosen("Same", (ReplyAction(label="Same"), LinkAction(label="same", url="https://example.com"))) is None
