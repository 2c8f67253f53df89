"""Mail that is too large for its notification: out of S3, before SNS hears that it was taken."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from ses_identity import SETTINGS

from connectors.channels.ses import Ses
from connectors.channels.ses.config import Config
from connectors.channels.ses.s3 import EMPTY, Place, address
from connectors.channels.ses.simulator import Simulator
from connectors.families.aws.sigv4 import signed
from connectors.kit.base import Tools
from connectors.kit.config import configured
from connectors.kit.fixtures import as_request
from connectors.kit.http import Http
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing.simulator import Reply
from gateway.receive import receive_blocking
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import CONNECTOR, HOOK, NOW, running

BUCKETS = {**SETTINGS, "buckets": ["mails", "more.mails"]}


@pytest.fixture
def provider():
    with Simulator(BUCKETS, HOOK) as simulator:
        yield simulator


def large(provider: Simulator, words: str, octets: int) -> bytes:
    """A mail with a file of so many octets."""
    head = provider.message("").split(b"\r\n\r\n")[0]
    kept = b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-", b"mime-")))
    return (
        kept
        + b'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain'
        + f"\r\n\r\n{words}\r\n--b\r\n".encode()
        + b'Content-Type: image/png\r\nContent-Disposition: attachment; filename="box.png"\r\n\r\n'
        + (b"x" * 76 + b"\r\n") * (octets // 78)
        + b"--b--\r\n"
    )


@pytest.mark.parametrize("octets", [1_000, 3_000_000])
def test_a_mail_of_any_size_is_recorded_with_its_files(tmp_path, provider, octets):
    async def test() -> None:
        async with running(tmp_path, "ses", provider) as beside:
            said = provider.stored(large(provider, "Where is my order?", octets), dmarc="PASS")
            assert await beside.heard(said) == 200
            assert texts(beside.hub) == ["Where is my order?"]
            assert rows(beside.hub, "SELECT method FROM raws") == [("COLLECT",)]
            size = octets // 78 * 78 - 2
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", size)])
            assert rows(beside.hub, "SELECT proof FROM identities") == [("channel",)]

    asyncio.run(test())


def test_it_is_recorded_once_however_often_sns_tells_of_it(tmp_path, provider):
    async def test() -> None:
        async with running(tmp_path, "ses", provider) as beside:
            said = provider.stored(provider.message("once"))
            assert await asyncio.gather(*(beside.heard(said) for _ in range(4))) == [200] * 4
            request = as_request(said, HOOK, datetime.now(UTC))
            connector = beside.hub.connectors[CONNECTOR]
            behind = await asyncio.to_thread(receive_blocking, beside.hub, connector, request)
            assert (behind.status, texts(beside.hub)) == (200, ["once"])

    asyncio.run(test())


def test_what_is_still_to_be_had_is_not_acknowledged_until_it_is(tmp_path, provider):
    async def test() -> None:
        async with running(tmp_path, "ses", provider) as beside:
            said = provider.stored(provider.message("later"))
            objects, answer = dict(provider.objects), provider.answer

            async def busy(request: Any) -> Reply:
                return (
                    Reply(503, b"<Error><Code>SlowDown</Code></Error>")
                    if "/mails/" in request.path
                    else await answer(request)
                )

            provider.answer = busy
            assert await beside.heard(said) == 503
            provider.answer = answer
            assert objects == provider.objects
            assert await beside.heard(said) == 200
            assert texts(beside.hub) == ["later"]

    asyncio.run(test())


def test_credentials_that_may_not_read_it_are_the_operators_to_mend(tmp_path, provider):
    async def test() -> None:
        async with running(tmp_path, "ses", provider, secret_access_key="another_secret") as beside:
            assert await beside.heard(provider.stored(provider.message("hi"))) == 503
            assert rows(beside.hub, "SELECT count(*) FROM raws") == [(0,)]

    asyncio.run(test())


@pytest.mark.parametrize(
    ("headers", "gone", "settings", "why"),
    [
        ({"x_amz_meta_x_amz_key_v2": "sealed"}, False, {}, "take message encryption out of the rule"),
        ({}, True, {}, "is gone: NoSuchKey"),
        ({}, False, {"s3_octets": 100}, "larger than 100 octets"),
        ({}, False, {"buckets": ["others"]}, "`buckets` has to name the bucket"),
    ],
    ids=["sealed", "gone", "too large", "another bucket"],
)
def test_what_can_never_be_had_is_quarantined_with_the_reason(tmp_path, provider, headers, gone, settings, why):
    async def test() -> None:
        async with running(tmp_path, "ses", provider, **settings) as beside:
            said = provider.stored(provider.message("hi"), "mail/one", **headers)
            if gone:
                provider.objects.clear()
            assert await beside.heard(said) == 200
            ((reason,),) = rows(beside.hub, "SELECT reason FROM quarantine")
            assert why in reason
            assert texts(beside.hub) == []

    asyncio.run(test())


def test_nobody_posts_a_mail_as_if_it_were_out_of_s3():
    plugin = Ses(configured(Config, {**BUCKETS, "topic_arns": []}), Tools(CONNECTOR, Http(CONNECTOR)))
    plugin.verify(Request("COLLECT", "collect://support", {}, b"From: ann@example.net\r\n\r\nhi", NOW))
    with pytest.raises(Exception) as refused:  # noqa: PT011 - which one is the suite's business
        plugin.verify(Request("COLLECT", HOOK, {}, b"From: ann@example.net\r\n\r\nhi", NOW))
    assert type(refused.value).__name__ in ("BadSignature", "BadPayload")


@pytest.mark.parametrize("key", ["mail/a b", "mail/../../other", "mail/", "äß/=+&?#", "a//b"])
def test_odd_names_are_fetched_or_left_alone(tmp_path, provider, key):
    async def test() -> None:
        async with running(tmp_path, "ses", provider) as beside:
            assert await beside.heard(provider.stored(provider.message("hi"), key)) == 200
            odd = key.endswith("/") or ".." in key
            assert texts(beside.hub) == ([] if odd else ["hi"])
            assert rows(beside.hub, "SELECT count(*) FROM quarantine") == [(int(odd),)]

    asyncio.run(test())


@pytest.mark.parametrize(
    ("bucket", "settings", "wanted"),
    [
        ("mails", {}, "https://mails.s3.eu-west-1.amazonaws.com/a/b%20c"),
        ("more.mails", {}, "https://s3.eu-west-1.amazonaws.com/more.mails/a/b%20c"),
        ("mails", {"region": "cn-north-1"}, "https://mails.s3.cn-north-1.amazonaws.com.cn/a/b%20c"),
        ("mails", {"s3_base": "http://127.0.0.1:9/"}, "http://127.0.0.1:9/mails/a/b%20c"),
    ],
)
def test_a_bucket_is_asked_for_by_its_own_name_where_it_can_have_one(bucket, settings, wanted):
    config = configured(Config, {**BUCKETS, **settings})
    assert address(config, Place(bucket, "a/b c", {})) == wanted


@pytest.mark.parametrize("key", ["mail/d6iitobk75ur44p8kdnnp7g2n800", "a b/=+&", "ä/~x"])
@pytest.mark.parametrize("session", [None, "a session's token"])
def test_amazons_own_library_signs_it_the_same(key, session):
    url = address(configured(Config, BUCKETS), Place("mails", key, {}))
    request = AWSRequest(method="GET", url=url, headers={})
    at = datetime(2026, 11, 21, 10, tzinfo=UTC)
    with patch("botocore.auth.get_current_datetime", return_value=at):
        S3SigV4Auth(Credentials("AKIAIOSFODNN7EXAMPLE", "secret", session), "s3", "eu-west-1").add_auth(request)
    ours = signed(
        "GET",
        url,
        b"",
        NOW,
        region="eu-west-1",
        service="s3",
        access_key_id="AKIAIOSFODNN7EXAMPLE",
        secret_access_key=Secret("secret"),
        session_token=Secret(session) if session else None,
        told=EMPTY,
    )
    theirs = {name.lower(): value for name, value in request.headers.items()}
    assert dict(ours) == {name: theirs[name] for name in ours}
