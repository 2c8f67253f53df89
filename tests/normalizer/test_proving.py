"""What is proof, and what is not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.inbound import Address, Claim, Peer, Person
from normalizer.model import Identity, Proof
from normalizer.proving import (
    ATTEMPTS,
    MOST_CLAIMS,
    Join,
    Make,
    Raise,
    Verdict,
    consequence,
    counted,
    judged,
    masked,
    scope_claimed,
    spoken_code,
)

AT = datetime(2026, 11, 22, tzinfo=UTC)
MAIL = Claim(scheme="mailto", value="ann@example.com")
ANN = Person(address=Address(scheme="chat", value="ann"))


def peer(*claims, proof=Proof.VERIFIED):
    return Peer(person=ANN, proof=proof, claims=claims)


def identity(contact="c1", proof=Proof.CHANNEL):
    return Identity(id="i", contact_id=contact, scheme="mailto", value="ann@example.com", scope="*", proof=proof)


def test_claims_count_once_and_not_too_many():
    assert counted(peer(MAIL, MAIL)) == (MAIL,)
    many = [Claim(scheme="tel", value=f"+4477009001{n:02}") for n in range(20)]
    assert counted(peer(*many)) == tuple(many[:MOST_CLAIMS])


@given(st.lists(st.builds(Claim, scheme=st.just("tel"), value=st.text(), proof=st.sampled_from(Proof)), max_size=4))
def test_nothing_counts_that_is_only_asserted(claims):
    assert counted(peer(*claims, proof=Proof.ASSERTED)) == ()
    assert all(claim.proof != Proof.ASSERTED for claim in counted(peer(*claims)))


def test_a_claimed_mail_address_counts_everywhere_and_a_channels_own_name_on_its_connector():
    assert scope_claimed(MAIL, "app") == "*"
    assert scope_claimed(Claim(scheme="chat", value="visitor-7"), "app") == "app"


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (None, Make(scheme="mailto", scope="*", value="ann@example.com", proof=Proof.VERIFIED)),
        (identity("c1", Proof.CHANNEL), Raise(identity=identity("c1", Proof.VERIFIED))),
        (identity("c1", Proof.VERIFIED), None),
        (identity("c2"), Join(contact_id="c2", why="the signed-in user's mailto is theirs")),
        (identity("c2", Proof.ASSERTED), None),
    ],
)
def test_what_a_claim_makes_of_what_is_there(found, what):
    assert consequence("c1", MAIL, "*", found) == what


@pytest.mark.parametrize("text", ["123456", " 123456\n", "123 456", "123-456", "１２３４５６", "١٢٣٤٥٦", "1 2 3 4 5 6"])
def test_a_message_that_is_nothing_but_a_code_is_read(text):
    assert spoken_code(text) == "123456"


@pytest.mark.parametrize("text", ["", "12345", "1234567", "code 123456", "123456!", "12.3456", "½23456", "9" * 5000])
def test_any_other_message_is_no_code(text):
    assert spoken_code(text) is None


@given(st.text())
def test_reading_a_code_survives_every_text(text):
    code = spoken_code(text)
    assert code is None or (len(code) == 6 and code.isascii() and code.isdecimal())


def test_a_code_is_masked_wherever_it_stands():
    assert masked("123456 is your code: 123456", ["123456"]) == "•••••• is your code: ••••••"


@pytest.mark.parametrize(
    ("attempts", "late", "right", "verdict"),
    [
        (0, False, True, Verdict.PASSED),
        (ATTEMPTS - 1, False, True, Verdict.PASSED),
        (ATTEMPTS, False, True, Verdict.SPENT),
        (0, False, False, Verdict.WRONG),
        (ATTEMPTS - 1, False, False, Verdict.SPENT),
        (0, True, True, Verdict.EXPIRED),
    ],
)
def test_a_code_passes_in_time_and_within_its_attempts(attempts, late, right, verdict):
    until = AT + timedelta(seconds=0 if late else 1)
    assert judged(attempts, until, AT, right=right) == verdict
