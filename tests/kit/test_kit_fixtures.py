"""The fixture format: read exactly, refused when it is not one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.base import Outbound, OutboundEdit, OutboundReaction, Sent
from connectors.kit.fixtures import (
    FixtureError,
    Typing,
    WireRequest,
    canonical,
    read_fixtures,
    read_request,
    read_wire,
    write_wire,
)
from normalizer.inbound import Address, Ignored
from normalizer.payload import Payload

CONFIG = {"connector": "c", "url": "https://h.example/in/c", "received_at": "2026-11-21T10:00:00Z", "config": {"a": 1}}
TO = {"scheme": "tel", "value": "+447700900111"}
ADDRESS = Address(scheme="tel", value="+447700900111")


def folder(tmp_path: Path, **files: str | bytes | dict[str, Any] | list[Any]) -> Path:
    """A fixtures folder; names are written with `__` for `/` and end in `_http` or `_json`."""
    (tmp_path / "inbound").mkdir()
    (tmp_path / "outbound").mkdir()
    for name, content in {"config_json": CONFIG, **files}.items():
        path = tmp_path / ".".join(name.replace("__", "/").rsplit("_", 1))
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return tmp_path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_head_ends_lines_either_way_and_the_body_is_kept(end: str) -> None:
    raw = end.join(["POST /in/c?a=1 HTTP/1.1", "Host: h", "X-Two:  b: c ", "", "one\r\n\ntwo\n\n"]).encode()
    assert read_request(raw) == WireRequest("POST", "/in/c?a=1", {"host": "h", "x-two": "b: c"}, b"one\r\n\ntwo\n")


def test_a_request_may_have_no_body() -> None:
    assert read_request(b"GET / HTTP/1.1\nHost: h\n\n") == WireRequest("GET", "/", {"host": "h"}, b"")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        b"POST / HTTP/1.1\nHost: h",
        b"POST https://h/ HTTP/1.1\n\n",
        b"post / HTTP/1.1\n\n",
        b"POST / HTTP/2\n\n",
        b"POST / HTTP/1.1\nno colon\n\n",
        b"POST / HTTP/1.1\nX: a\n folded\n\n",
        b"POST / HTTP/1.1\n" + b"X: a\n" * 101 + b"\n",
    ],
)
def test_what_is_no_request_is_refused(raw: bytes) -> None:
    with pytest.raises(FixtureError):
        read_request(raw)


def test_an_inbound_case_is_the_request_as_the_hub_gets_it(tmp_path: Path) -> None:
    raw = b'POST /in/c?x=1 HTTP/1.1\nX-A: b\n\n{"a":1}\n'
    fixtures = read_fixtures(
        folder(tmp_path, inbound__one_http=raw, inbound__one_json=[{"type": "ignored", "key": "k", "reason": "r"}])
    )
    (case,) = fixtures.inbound
    assert (case.name, case.expected) == ("one", (Ignored(key="k", reason="r"),))
    assert (case.request.method, case.request.url) == ("POST", "https://h.example/in/c?x=1")
    assert (case.request.headers, case.request.body) == ({"x-a": "b"}, b'{"a":1}')
    assert case.request.received_at.isoformat() == "2026-11-21T10:00:00+00:00"


@pytest.mark.parametrize(
    ("ability", "given_", "expected"),
    [
        (
            "send",
            {"token": "t", "address": TO, "payload": {"text": "hi"}, "thread": "7"},
            Outbound("t", ADDRESS, Payload(text="hi"), thread="7"),
        ),
        (
            "edit",
            {"token": "t", "address": TO, "payload": {"text": "hi"}, "external_id": "9"},
            OutboundEdit("t", ADDRESS, Payload(text="hi"), external_id="9"),
        ),
        (
            "react",
            {"address": TO, "external_id": "9", "reaction": None},
            OutboundReaction(ADDRESS, "9", None),
        ),
        ("typing", {"address": TO}, Typing(ADDRESS)),
    ],
)
def test_an_outbound_case_is_what_its_ability_takes(tmp_path: Path, ability: str, given_: Any, expected: Any) -> None:
    case = {"ability": ability, "outbound": given_, "sent": {"external_ids": ["1"]}, "capability": ["text"]}
    wire = b"POST /a HTTP/1.1\ncontent-type: application/json\n\n{}\n###\nPOST /b HTTP/1.1\n\n\n"
    (read,) = read_fixtures(folder(tmp_path, outbound__one_json=case, outbound__one_http=wire)).outbound
    assert (read.outbound, read.sent, read.capability) == (expected, Sent(("1",)), {"text"})
    assert read.wire == (
        WireRequest("POST", "/a", {"content-type": "application/json"}, b"{}"),
        WireRequest("POST", "/b", {}, b""),
    )


def test_files_are_written_where_asked(tmp_path: Path) -> None:
    case = {
        "ability": "send",
        "outbound": {"token": "t", "address": TO, "payload": {}},
        "files": {"a1": {"name": "../x.png", "media_type": "image/png", "base64": "aGk="}},
        "capability": [],
    }
    (read,) = read_fixtures(folder(tmp_path, outbound__one_json=case, outbound__one_http="")).outbound
    outbound = read.with_files(tmp_path)
    assert isinstance(outbound, Outbound)
    file = outbound.files["a1"]
    assert (file.path.read_bytes(), file.path, file.name, file.size) == (b"hi", tmp_path / "a1", "../x.png", 2)


GOOD = {"ability": "send", "outbound": {"token": "t", "address": TO, "payload": {}}, "capability": []}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"config_json": "{"}, "config.json"),
        ({"config_json": {**CONFIG, "more": 1}}, "more"),
        ({"config_json": {**CONFIG, "received_at": "2026-11-21T10:00:00"}}, "received_at"),
        ({"inbound__one_http": "GET / HTTP/1.1\n\n"}, "stands alone: one"),
        ({"inbound__one_json": []}, "stands alone: one"),
        ({"inbound__one_http": "nonsense", "inbound__one_json": []}, "one.http"),
        ({"inbound__one_http": "GET / HTTP/1.1\n\n", "inbound__one_json": [{"type": "odd"}]}, "one.json"),
        ({"inbound__one_http": b"x" * ((8 << 20) + 1), "inbound__one_json": []}, "larger than"),
        ({"outbound__one_http": "", "outbound__one_json": {**GOOD, "ability": "sing"}}, "sing"),
        ({"outbound__one_http": "", "outbound__one_json": {**GOOD, "outbound": {"tokn": "t"}}}, "no tokn"),
        ({"outbound__one_http": "", "outbound__one_json": {**GOOD, "outbound": {"token": 1}}}, "token"),
        (
            {"outbound__one_http": "", "outbound__one_json": {**GOOD, "outbound": {**GOOD["outbound"], "files": {}}}},
            "no files",
        ),
        ({"outbound__one_http": "nonsense", "outbound__one_json": GOOD}, "one"),
    ],
)
def test_a_fixture_that_is_none_names_its_file(tmp_path: Path, files: dict[str, Any], told: str) -> None:
    with pytest.raises(FixtureError, match=told):
        read_fixtures(folder(tmp_path, **files))


def test_volatile_headers_and_boundaries_are_left_out() -> None:
    request = WireRequest(
        "POST",
        "/a?b=c",
        {
            "host": "127.0.0.1:1",
            "user-agent": "x",
            "accept": "*/*",
            "accept-encoding": "gzip",
            "content-length": "9",
            "connection": "close",
            "x-key": "k",
            "content-type": 'multipart/form-data; boundary="a1b2"',
        },
        b"--a1b2\r\n\r\n1\r\n--a1b2--\r\n",
    )
    assert canonical(request) == WireRequest(
        "POST",
        "/a?b=c",
        {"content-type": "multipart/form-data; boundary=BOUNDARY", "x-key": "k"},
        b"--BOUNDARY\r\n\r\n1\r\n--BOUNDARY--\r\n",
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('OAuth oauth_nonce="1", oauth_timestamp="2", oauth_signature="3"', "OAuth SIGNED"),
        ("Bearer token", "Bearer token"),
    ],
)
def test_what_is_signed_with_the_moment_is_kept_as_signed(sent: str, kept: str) -> None:
    request = WireRequest("POST", "/", {"authorization": sent}, b"")
    assert canonical(request).headers == {"authorization": kept}


names = st.from_regex(r"[a-z]([a-z-]{0,20}[a-z])?", fullmatch=True).filter(lambda name: name != "content-type")
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
bodies = st.binary(max_size=200).filter(lambda body: b"###" not in body)


@given(
    st.lists(
        st.builds(
            WireRequest,
            st.sampled_from(["GET", "POST", "PUT"]),
            values.map(lambda path: f"/{path}"),
            st.dictionaries(names, values, max_size=4),
            bodies,
        ),
        max_size=3,
    )
)
def test_what_is_written_is_read_again(requests: list[WireRequest]) -> None:
    assert read_wire(write_wire(requests)) == tuple(map(canonical, requests))


def test_what_goes_by_smtp_is_written_as_what_it_is() -> None:
    mail = WireRequest("SMTP", "/", {"mail-from": "a@x.example", "rcpt-to": "b@x.example"}, b"words\r\n")
    written = write_wire([mail])
    assert written == b"SMTP / ESMTP\nmail-from: a@x.example\nrcpt-to: b@x.example\n\nwords\r\n\n"
    assert read_wire(written) == (mail,)
    assert read_request(b"SMTP /mail ESMTP\nmail-from: \n\nFrom: a\n\nhi\n").body == b"From: a\n\nhi"
