"""What Meta's channels share: the handshake, times, batches, and the errors of Graph."""

from datetime import UTC, datetime

import msgspec
import pytest

from connectors.families.meta import batch, signature
from connectors.families.meta.failure import COMMON, failure
from connectors.families.meta.moment import moment
from connectors.kit.base import Outcome
from connectors.kit.errors import BadPayload, BadSignature, Misconfigured, OutcomeUnknown, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import Request, Response
from connectors.kit.secret import Secret
from normalizer.inbound import Ignored, Unreadable

AT = datetime(2026, 11, 21, 10, 0, 1, tzinfo=UTC)
APP, WORDS = Secret("app-secret"), Secret("words-of-our-own")


def asked(query: str, method: str = "GET", body: bytes = b"") -> Request:
    return Request(method, f"https://hub.example.com/in/support?{query}", {}, body, AT)


def handshake(challenge: str = "1158201444", said: str = "words-of-our-own", mode: str = "subscribe") -> Request:
    return asked(f"hub.mode={mode}&hub.challenge={challenge}&hub.verify_token={said}")


# --- handshake --------------------------------------------------------------------------------------------------------


def test_a_genuine_handshake_hears_its_challenge_and_nothing_else() -> None:
    request = handshake()
    signature.verify(request, APP, WORDS)
    answer = signature.respond(request, Outcome.RECORDED)
    assert (answer.status, answer.body) == (200, b"1158201444")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert signature.respond(request, Outcome.DUPLICATE).body == b"1158201444"
    assert signature.respond(request, Outcome.OVERLOADED).status == 503


def test_a_challenge_that_could_be_a_page_is_not_repeated() -> None:
    assert signature.respond(handshake("<script>"), Outcome.RECORDED).body == b""


def test_a_webhook_hears_nothing_but_success() -> None:
    assert signature.respond(asked("hub.challenge=7", "POST"), Outcome.RECORDED) == Response(200)


@pytest.mark.parametrize(
    ("request_", "missing"),
    [
        (handshake(said="guessed"), False),
        (handshake(mode="unsubscribe"), False),
        (asked("hub.mode=subscribe&hub.challenge=7"), True),
        (asked("hub.mode=subscribe&hub.verify_token=words-of-our-own", body=b"x"), False),
        (asked("", "POST", b"{}"), True),
    ],
)
def test_nobody_else_is_believed(request_: Request, missing: bool) -> None:
    with pytest.raises(BadSignature) as raised:
        signature.verify(request_, APP, WORDS)
    assert raised.value.missing is missing


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stamp", [1795255201, "1795255201", 1795255201000, "1795255201000"])
def test_a_time_is_read_in_seconds_and_in_milliseconds(stamp: int | str) -> None:
    assert moment(stamp) == AT


@pytest.mark.parametrize("stamp", [0, "0", -1, "", "now", "1" * 16, "١٧٩٥"])
def test_what_is_no_time_is_said(stamp: int | str) -> None:
    with pytest.raises(BadPayload):
        moment(stamp)


# --- batches ----------------------------------------------------------------------------------------------------------


def told(*items: object) -> bytes:
    entries = [{"id": "1", "messaging": [item]} for item in items]
    return msgspec.json.encode({"object": "page", "entry": entries})


def each(piece: batch.Piece) -> list[Ignored]:
    if piece.body == b"7":
        raise BadPayload("seven")
    return [Ignored(key=piece.body.decode(), reason=piece.kind)]


def test_a_thousand_entries_are_read_and_one_that_cannot_be_harms_no_other() -> None:
    found = batch.read(told(*range(1000)), "page", each)
    assert (len(found), [item.key for item in found if isinstance(item, Ignored)][:3]) == (1000, ["0", "1", "2"])
    (unread,) = [item for item in found if isinstance(item, Unreadable)]
    assert (unread.slice, unread.reason) == (b"7", "seven")


def test_what_stands_twice_in_a_batch_is_one_item() -> None:
    assert [item.key for item in batch.read(told(1, 2, 1), "page", each)] == ["1", "2"]


def test_another_products_webhook_is_not_taken() -> None:
    with pytest.raises(BadPayload, match="a webhook of another product: page"):
        batch.read(told(1), "instagram", each)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*COMMON, *range(200, 210)])
def test_every_common_code_has_a_meaning_and_what_only_reads_is_never_in_doubt(code: int) -> None:
    body = msgspec.json.encode({"error": {"message": "words", "code": code}})
    error = failure(Answer(400, {}, body), {}, 30.0)
    assert isinstance(error, Temporary | Misconfigured | OutcomeUnknown)
    assert isinstance(failure(Answer(500, {}, body), {}, 30.0, reads=True), Temporary | Misconfigured)
    assert (error.detail, error.provider_code) == ("words", str(code))
