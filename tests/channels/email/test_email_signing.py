"""Addresses that carry a token: they come back whole, and nobody else can make them."""

from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connectors.families.mail.signing import MOST_LOCAL, Signer, Way, compact, expanded
from connectors.kit.secret import Secret

SIGNER = Signer(Secret("secret-nobody_shall_see-01"), "help@example.com")
OTHER = Signer(Secret("secret-nobody_shall_see-02"), "help@example.com")
NEIGHBOUR = Signer(Secret("secret-nobody_shall_see-01"), "sales@example.com")
uuids = st.integers(0, 2**128 - 1).map(lambda number: str(UUID(int=number)))
tokens = st.builds("{}.{}".format, uuids, st.integers(1, 999_999))
others = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
ways = st.sampled_from([Way.REPLY, Way.BOUNCE])


@given(st.one_of(tokens, others))
def test_a_token_survives_its_compact_form(token):
    assert expanded(compact(token)) == token
    assert expanded(compact(token).upper().lower()) == token


@given(ways, tokens, st.booleans())
def test_a_signed_address_gives_its_token_back_in_any_case(way, token, capitals):
    address = SIGNER.address(way, token)
    assert address is not None
    assert len(address.partition("@")[0]) <= MOST_LOCAL
    assert SIGNER.token(way, [address.upper() if capitals else address]) == token


@given(ways, tokens, st.integers(0, 60), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_no_changed_letter_is_genuine(way, token, place, letter):
    address = SIGNER.address(way, token) or ""
    local, _, domain = address.partition("@")
    assume(place < len(local) and local[place] != letter)
    assert SIGNER.token(way, [f"{local[:place]}{letter}{local[place + 1 :]}@{domain}"]) is None


@given(tokens)
def test_what_was_signed_for_something_else_is_not_genuine(token):
    reply = SIGNER.address(Way.REPLY, token) or ""
    assert SIGNER.token(Way.BOUNCE, [reply, reply.replace("+r.", "+b.")]) is None
    assert OTHER.token(Way.REPLY, [reply]) is None
    assert NEIGHBOUR.token(Way.REPLY, [reply, reply.replace("help+", "sales+")]) is None
    assert Signer(None, "help@example.com").token(Way.REPLY, [reply]) is None


@given(st.text(max_size=100))
def test_no_text_is_genuine_by_chance(text):
    assert SIGNER.token(Way.REPLY, [text, f"help+r.{text}@example.com"]) is None


def test_the_first_genuine_one_of_several_counts():
    token = "019a3c5e-7d10-7c3a-9b1e-0a1b2c3d4e5f.1"
    address = SIGNER.address(Way.REPLY, token) or ""
    assert SIGNER.token(Way.REPLY, ["help@example.com", "help+r.x.y@example.com", address]) == token


def test_nothing_is_signed_without_a_secret_or_room():
    assert Signer(None, "help@example.com").address(Way.REPLY, "t.1") is None
    assert Signer(None, "help@example.com").mark("t.1", "ann@example.net") is None
    assert SIGNER.address(Way.REPLY, "x" * 60) is None


@given(tokens)
def test_a_mark_names_only_whom_it_was_made_for(token):
    mark = SIGNER.mark(token, "Ann@Example.net") or ""
    assert SIGNER.marked(mark, ["bob@example.net", "ann@example.net"]) == (token, "ann@example.net")
    assert SIGNER.marked(mark, ["bob@example.net"]) is None
    assert SIGNER.marked("", ["ann@example.net"]) is None


def test_a_signer_shows_no_secret():
    assert "secret" not in repr(SIGNER)


@pytest.mark.parametrize("short", ["", "a", "0", "01", "a" * 26, "aaaaaaaaaaaaaaaaaaaaaaaaaa0", "0!", "0" + "7" * 3])
def test_what_is_no_compact_form_gives_no_token(short):
    assert expanded(short) in (None, "")
