"""What the functions read, and what becomes of items that cannot be read."""

import json
from datetime import UTC, datetime

import pytest
from declared_files import ACME, NOW, URL, came, made, plugin

from connectors.kit.declared.functions import reading
from connectors.kit.errors import BadPayload
from normalizer.inbound import Address, Ignored, MessageReceived, Peer, Person, StatusChanged, Unreadable
from normalizer.status import Status

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("functions", "value", "becomes"),
    [
        (("tel",), "447700900222", "+447700900222"),
        (("tel",), 447700900222, "+447700900222"),
        (("tel",), "+44 7700 900-222", "+447700900222"),
        (("tel",), "00447700900222", "+447700900222"),
        (("tel",), "62226", "62226"),
        (("tel",), "Example", "Example"),
        (("iso",), "2026-01-05T10:00:00.000+0000", AT),
        (("iso",), "2026-01-05T11:00:00+01:00", AT),
        (("iso",), "2026-01-05 10:00:00", AT),
        (("time %Y%m%d%H%M%S",), "20260105100000", AT),
        (("epoch s",), "1767607200", AT),
        (("epoch ms",), 1767607200000, AT),
        (("tel US",), "(201) 555-0123", "+12015550123"),
        (("tel US",), "+447700900222", "+447700900222"),
        (("tel US",), "62226", "62226"),
        (("hex utf-16-be",), "004800690021", "Hi!"),
        (("hex gsm",), "0048691b65", "@Hi€"),
        (("octets gsm",), "Hi\x02\x1b<", "Hi$["),
        (("octets utf-16-be",), "\x00H\xd8=\xdcK", "H👋"),
        (("url utf-16-be",), "%00H%00i", "Hi"),
        (("url iso-8859-1",), "caf%E9+au+lait", "café au lait"),
        (("join , ",), ["a", 1], "a, 1"),
        (("trim", "lower"), " Yes ", "yes"),
        (("before |",), "1|2", "1"),
        (("after :", "tel"), "tel:447700900222", "+447700900222"),
        (("after :",), "no mark", "no mark"),
    ],
)
def test_a_function_reads(functions, value, becomes):
    assert reading(functions)(value) == becomes


@pytest.mark.parametrize(
    ("function", "value"),
    [
        ("tel", None),
        ("iso", "yesterday"),
        ("epoch s", "1e400"),
        ("epoch s", "999999999999999"),
        ("hex utf-16-be", "00"),
        ("hex utf-16-be", "xyz"),
        ("url utf-16-be", "%D8%00"),
        ("hex gsm", "80"),
        ("octets gsm", "☎"),
        ("time %Y", True),
    ],
)
def test_what_a_function_cannot_read_is_a_value_error(function, value):
    with pytest.raises((ValueError, OverflowError)):
        reading([function])(value)


def parsed(tmp_path, body, text=ACME):
    return made(plugin(tmp_path, text)).parse(came(json.dumps(body).encode()))


def test_one_broken_item_does_not_take_the_others_along(tmp_path):
    good = {"id": 1, "from": "447700900222", "text": "hi", "at": 1767607200000}
    items = parsed(
        tmp_path, [good, {"id": 2, "text": "of nobody"}, {"id": 3, "state": "ok"}, {"id": 4, "state": "odd"}]
    )
    peer = Peer(person=Person(address=Address(scheme="tel", value="+447700900222")))
    assert items[0] == MessageReceived(key="message:1", external_id="1", peer=peer, text="hi", occurred_at=AT)
    assert items[2] == StatusChanged(key="status:3:ok", external_id="3", status=Status.DELIVERED)
    assert [(type(item), item.reason) for item in (items[1], items[3])] == [
        (Unreadable, "no the sender"),
        (Unreadable, "a status we do not know"),
    ]
    assert json.loads(items[1].slice) == {"id": 2, "text": "of nobody"}


def test_a_failure_has_its_code_and_its_meaning(tmp_path):
    (item,) = parsed(tmp_path, {"id": "a", "state": "bad", "why": 7})
    assert item == StatusChanged(
        key="status:a:bad:7", external_id="a", status=Status.FAILED, error_code="opted_out", provider_code="7"
    )


def test_a_status_that_says_nothing_is_ignored(tmp_path):
    assert parsed(tmp_path, {"id": "a", "state": "seen"}) == [Ignored(key="status:a:seen", reason="status seen")]


def test_a_message_without_a_name_is_named_by_what_it_says(tmp_path):
    text = ACME.replace("      id: id\n", "", 1)
    said = {"from": "447700900222", "text": "hi"}
    (one,), (again,), (other,) = (parsed(tmp_path, each, text) for each in (said, said, {**said, "text": "ho"}))
    assert one == again
    assert one.key != other.key
    assert one.occurred_at == NOW


def test_pieces_of_a_long_message_are_put_together_by_the_hub(tmp_path):
    text = ACME.replace("text: text\n", "text: text\n      parts: {group: ref, order: part, count: total}\n", 1)
    (item,) = parsed(tmp_path, {"id": 1, "from": "447700900222", "text": "hi", "ref": 9, "part": "2", "total": 3}, text)
    assert (item.fragment.group, item.fragment.order, item.fragment.count) == ("+447700900222:9", 2, 3)
    (whole,) = parsed(tmp_path, {"id": 1, "from": "447700900222", "text": "hi"}, text)
    assert whole.fragment is None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[" * 40 + b"]" * 40, b"[" + b"0," * 60_000 + b"0]", json.dumps([{}] * 1001).encode()],
)
def test_what_is_too_much_or_nothing_is_a_bad_payload(tmp_path, body):
    with pytest.raises(BadPayload):
        made(plugin(tmp_path)).parse(came(body))


def test_another_method_is_a_bad_payload(tmp_path):
    with pytest.raises(BadPayload):
        made(plugin(tmp_path)).parse(came(b"{}", method="GET"))


@pytest.mark.parametrize(("charset", "text"), [("utf-8", None), ("iso-8859-1", "H👋")])
def test_a_form_may_hold_octets_of_no_one_encoding(tmp_path, charset, text):
    text_of_file = ACME.replace("  body: json\n", f"  methods: [GET, POST]\n  body: form\n  charset: {charset}\n")
    acme = made(
        plugin(tmp_path, text_of_file.replace("text: text\n", "text: {path: text, read: [octets utf-16-be]}\n", 1))
    )
    body = b"id=1&from=447700900222&text=%00H%D8%3D%DCK"
    for request in (came(body), came(url=f"{URL}?{body.decode()}", method="GET")):
        if text is None:
            with pytest.raises(BadPayload):
                acme.parse(request)
        else:
            assert acme.parse(request)[0].text == text
