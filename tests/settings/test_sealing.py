"""Secrets that the store keeps, under `ONETHREAD_KEY`."""

import base64
import secrets

import pytest

from gateway.settings.sealing import VARIABLE, Seal, WrongKey

KEPT = b'{"secret":"whsec_' + base64.b64encode(bytes(32)) + b'"}'


def key() -> str:
    """As `openssl rand -base64 32` makes one."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def seal(*keys: str) -> Seal:
    return Seal.of({VARIABLE: ", ".join(keys)})


def test_what_is_closed_opens_under_the_same_key_and_shows_nothing():
    one = key()
    closed = seal(one).close(KEPT)
    assert KEPT[2:20] not in closed
    assert seal(one).open(closed) == KEPT
    assert seal(one) == seal(one)
    assert one not in repr(seal(one))


def test_either_alphabet_of_base64_is_the_same_key():
    octets = b"\xfb\xef" * 16
    standard, url_safe = base64.b64encode(octets).decode(), base64.urlsafe_b64encode(octets).decode()
    assert standard != url_safe
    assert seal(standard) == seal(url_safe)


def test_without_a_key_secrets_lie_open_as_they_did_before():
    assert seal().close(KEPT) == KEPT
    assert seal().open(KEPT) == KEPT
    assert seal(key()).open(KEPT) == KEPT


@pytest.mark.parametrize(
    ("keys", "why"), [((), "is not set"), ((key(),), "is not the key they were closed under")], ids=["none", "another"]
)
def test_the_wrong_key_is_named_and_never_shown(keys, why):
    closed = seal(key()).close(KEPT)
    with pytest.raises(WrongKey, match=why) as refused:
        seal(*keys).open(closed)
    assert not any(one in str(refused.value) for one in keys)


def test_a_new_key_in_front_opens_what_the_old_one_closed_and_says_that_it_is_worn():
    old, new = key(), key()
    closed = seal(old).close(KEPT)
    both = seal(new, old)
    assert both.open(closed) == KEPT
    assert [both.is_worn(kept) for kept in (closed, KEPT, both.close(KEPT))] == [True, True, False]
    assert not seal().is_worn(KEPT)


@pytest.mark.parametrize("written", ["short", "?" * 44, base64.b64encode(bytes(31)).decode(), "é" * 44])
def test_what_is_no_key_is_refused_with_how_to_make_one(written):
    with pytest.raises(ValueError, match="openssl rand -base64 32") as refused:
        seal(written)
    assert written not in str(refused.value)
