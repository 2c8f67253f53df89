"""XML that is not what it should be, and what becomes of each kind of message where it is damaged."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wechat_account import FIXTURES

from connectors.channels.wechat.parse import parse
from connectors.channels.wechat.reading import DEEPEST, MOST, read
from connectors.kit.errors import BadPayload
from connectors.kit.fixtures import read_fixtures
from normalizer.inbound import Ignored, MessageReceived, Unreadable

PLAIN = [
    case.request.body
    for case in read_fixtures(FIXTURES).inbound
    if case.request.body and b"Encrypt" not in case.request.body
]
BOMB = (
    b'<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><xml><Content>&b;</Content></xml>'
)
OUTSIDE = b'<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><Content>&x;</Content></xml>'


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (BOMB, "a document type or an entity"),
        (OUTSIDE, "a document type or an entity"),
        (b'<!DOCTYPE xml SYSTEM "http://elsewhere.example/x.dtd"><xml/>', "a document type or an entity"),
        (b"<xml><Content>&unknown;</Content></xml>", "not XML"),
        (b"<xml>" + b"<a>" * DEEPEST + b"</a>" * DEEPEST + b"</xml>", "nested too deeply"),
        (b"<xml>" + b"<a/>" * MOST + b"</xml>", "more than 1000 elements"),
        (b"<xml>" + b" " * (1 << 20) + b"</xml>", "more than 1048576 octets"),
        (b"<html><MsgType>text</MsgType></html>", "not a document of WeChat's"),
        (b"<xml>words</xml>", "not a document of elements"),
        (b"<xml><a></xml>", "not XML"),
        (b"<xml><a>\xff</a></xml>", "not XML"),
        (b"", "not XML"),
    ],
)
def test_xml_that_wechat_never_writes_is_not_read(body, says):
    with pytest.raises(BadPayload, match=says):
        read(body)


def test_what_comes_more_than_once_is_a_list():
    assert read(b"<xml><a>1</a><a><b>2</b></a><a/></xml>") == {"a": ["1", {"b": "2"}, ""]}


@pytest.mark.parametrize("body", PLAIN)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_whatever_is_damaged_is_read_or_set_aside(body, data):
    place = data.draw(st.integers(0, len(body) - 1))
    instead = data.draw(
        st.sampled_from([b"", b"<", b"]]>", b"-1", b"9" * 400, "\N{PACKAGE}".encode(), b"\0", b"<a>x</a>"])
    )
    length = data.draw(st.integers(0, 40))
    try:
        items = parse(read(body[:place] + instead + body[place + length :]), body, positions=True)
    except BadPayload:
        return
    assert msgspec.json.encode(items)


def event(kind, **fields):
    told = {"ToUserName": "gh", "FromUserName": "o1", "CreateTime": "1790000000", "MsgType": "event", "Event": kind}
    return parse({**told, **fields}, b"")


def test_two_events_of_one_second_are_two():
    keys = {event("CLICK", EventKey=key)[0].key for key in ("a", "b")} | {event("SCAN", EventKey="a")[0].key}
    assert len(keys) == 3


def test_positions_are_kept_only_where_an_operator_wants_them():
    (item,) = event("LOCATION", Latitude="1", Longitude="2", Precision="3")
    assert isinstance(item, Ignored)


def test_milliseconds_are_read_as_such():
    (item,) = event("CLICK", EventKey="a", CreateTime="1790000000123")
    assert not isinstance(item, Unreadable)
    (odd,) = event("CLICK", EventKey="a", CreateTime="253402300799999")
    assert isinstance(item, MessageReceived)
    assert isinstance(odd, MessageReceived)
    assert (item.occurred_at.year, item.occurred_at.microsecond) == (2026, 123000)


def test_the_same_unreadable_message_is_known_again_in_another_envelope():
    tree = {"FromUserName": "o1", "CreateTime": "1790000000", "MsgType": "image", "MsgId": "7"}
    (first,), (second,) = parse(tree, b"one envelope"), parse(tree, b"another one")
    assert first.key == second.key
    assert isinstance(first, Unreadable)
