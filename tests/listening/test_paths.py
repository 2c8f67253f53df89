"""Addresses as they stand in MAIL and RCPT."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.listening.desk import path_in


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("<ann@example.com>", ("ann@example.com", "")),
        (" <ann@example.com> SIZE=5 SMTPUTF8 ", ("ann@example.com", "SIZE=5 SMTPUTF8")),
        ("ann@example.com BODY=8BITMIME", ("ann@example.com", "BODY=8BITMIME")),
        ("<>", ("<>", "")),
        ("<> SIZE=5", ("<>", "SIZE=5")),
        ("<@relay.example,@other.example:ann@example.com>", ("ann@example.com", "")),
        ('<"ann b"@example.com>', ('"ann b"@example.com', "")),
        (r'<"a\"<>@b"@example.com>', (r'"a\"<>@b"@example.com', "")),
        ("<ann@[192.0.2.1]>", ("ann@[192.0.2.1]", "")),
        ("<客服@例子.cn> SMTPUTF8", ("客服@例子.cn", "SMTPUTF8")),
        ("<help+r.token.mac@example.com>", ("help+r.token.mac@example.com", "")),
    ],
)
def test_a_path_is_read_as_it_was_written(said, read):
    assert path_in(said) == read


@pytest.mark.parametrize(
    "said", ["", "ann", "<ann>", "<ann@example.com", "<ann@example.com>x", '<"ann@example.com>', "<a@b@c>", "<a b@c>"]
)
def test_what_is_no_path_is_none(said):
    assert path_in(said) == (None, None)


@given(st.text(alphabet=st.sampled_from('<>@a"\\:,. (\udcff客'), max_size=60))
def test_nothing_makes_it_raise(said):
    address, parameters = path_in(said)
    assert (address is None) == (parameters is None)
