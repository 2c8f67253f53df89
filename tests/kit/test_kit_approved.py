"""A provider's list of templates is kept for a while, and what it does not let through is refused."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors.kit.approved import Templates, paired
from connectors.kit.errors import Refused, Temporary
from normalizer.errors import ErrorCode

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LASTS = 300.0


class Account:
    """An account's templates, by name and language, each with what it is; and how often they were asked for."""

    def __init__(self, **standings: str) -> None:
        self.held = {(name, "en"): standing for name, standing in standings.items()}
        self.now = NOW
        self.asked = 0
        self.down = False
        self.templates = Templates(
            self.list, lambda: self.now, LASTS, lambda told: None if told == "approved" else told
        )

    async def list(self):
        self.asked += 1
        if self.down:
            raise Temporary("down")
        return dict(self.held)

    def find(self, name, language="en"):
        return asyncio.run(self.templates.find(name, language))

    def later(self, seconds):
        self.now += timedelta(seconds=seconds)


def test_a_list_is_asked_for_once_and_anew_when_it_is_old():
    account = Account(hello="approved")
    assert account.find("hello") == "approved"
    account.later(LASTS - 1)
    assert (account.find("hello"), account.asked) == ("approved", 1)
    account.later(1)
    assert (account.find("hello"), account.asked) == ("approved", 2)


def test_a_template_that_is_new_is_found_once_the_list_is_half_a_minute_old():
    account = Account()
    for wait in (0, 29):
        account.later(wait)
        with pytest.raises(Refused, match="there is no template 'hello' in 'en'"):
            account.find("hello")
    account.held[("hello", "en")] = "approved"
    account.later(1)
    assert (account.find("hello"), account.asked) == ("approved", 2)


def test_what_was_asked_for_in_vain_is_asked_for_again():
    account = Account(hello="approved")
    account.down = True
    with pytest.raises(Temporary):
        account.find("hello")
    account.down = False
    assert (account.find("hello"), account.asked) == ("approved", 2)


@pytest.mark.parametrize(
    ("name", "language", "why"),
    [
        ("hello", "de", "there is no template 'hello' in 'de'"),
        ("hello", "", "there is no template 'hello'"),
        ("late", "en", "the template 'late' is rejected"),
        ("x" * 70, "y" * 20, f"there is no template {'x' * 64!r} in {'y' * 16!r}"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_says_why(name, language, why):
    with pytest.raises(Refused) as refused:
        Account(hello="approved", late="rejected").find(name, language)
    assert (refused.value.detail, refused.value.code) == (why, ErrorCode.TEMPLATE_INVALID)


def test_numbered_places_are_filled_by_number_and_named_ones_as_they_stand():
    assert paired("body", ["2", "10", "1"], ["a", "b", "c"]) == [("1", "a"), ("2", "b"), ("10", "c")]
    assert paired("body", ["name", "2"], ["a", "b"]) == [("name", "a"), ("2", "b")]
    with pytest.raises(Refused, match="the template's body has 1 places, not 2"):
        paired("body", ["1"], ["a", "b"])
