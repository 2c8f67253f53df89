"""What a mail server refuses, through a real conversation: the error, its code, and what becomes of the delivery."""

import asyncio
import socket
import ssl
from typing import NamedTuple

import pytest
from email_sender import ANN, SETTINGS, certificate_in, text
from post_office import PostOffice

from connectors.channels.email.refusals import Stage
from connectors.channels.email.simulator import Simulator
from connectors.kit.errors import KitError, Misconfigured, OptedOut, Refused, Temporary, Unreachable
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode as Code


class Became(NamedTuple):
    """Status and attempt of the delivery once it was tried, and how its connector does."""

    status: str
    attempt: int
    connector: str


FAILED = Became("failed", 1, "up")
LATER = Became("queued", 2, "up")
"""The recipient is tried again by the schedule, alone."""
RESTS = Became("queued", 1, "paused")
"""The whole lane waits, and no attempt is spent."""
DOWN = Became("queued", 1, "down")
"""An operator has to mend it; then it leaves."""

ROWS = [
    (Stage.RECIPIENT, "550 5.1.1 User unknown", Unreachable, Code.INVALID_ADDRESS, FAILED),
    (Stage.RECIPIENT, "550 No such user here", Unreachable, Code.INVALID_ADDRESS, FAILED),
    (Stage.RECIPIENT, "550 5.1.2 Bad destination host", Unreachable, Code.INVALID_ADDRESS, FAILED),
    (Stage.RECIPIENT, "550 5.4.4 Host or domain name not found", Unreachable, Code.INVALID_ADDRESS, FAILED),
    (Stage.RECIPIENT, "556 5.1.10 Domain has a null MX", Unreachable, Code.INVALID_ADDRESS, FAILED),
    (Stage.RECIPIENT, "550 5.2.1 Mailbox disabled", Unreachable, Code.UNREACHABLE, FAILED),
    (Stage.RECIPIENT, "552 5.2.2 Mailbox full", Unreachable, Code.UNREACHABLE, FAILED),
    (Stage.RECIPIENT, "552 Exceeded storage allocation", Unreachable, Code.UNREACHABLE, FAILED),
    (Stage.RECIPIENT, "550 5.7.1 Relaying denied", Misconfigured, Code.MISCONFIGURED, DOWN),
    (Stage.RECIPIENT, "554 5.7.1 <x@y>: Relay access denied", Misconfigured, Code.MISCONFIGURED, DOWN),
    (Stage.RECIPIENT, "550 We do not relay", Misconfigured, Code.MISCONFIGURED, DOWN),
    (Stage.RECIPIENT, "530 5.7.0 Authentication required", Misconfigured, Code.AUTH_FAILED, DOWN),
    (Stage.RECIPIENT, "550 5.7.1 Blocked, see 4.2.2.1", Refused, Code.POLICY_REJECTED, FAILED),
    (Stage.RECIPIENT, "550 5.7.1 Recipient has blocked you", OptedOut, Code.OPTED_OUT, FAILED),
    (Stage.RECIPIENT, "452 4.2.2 Mailbox full", Temporary, Code.UNREACHABLE, LATER),
    (Stage.RECIPIENT, "452 The mailbox is full", Temporary, Code.UNREACHABLE, LATER),
    (Stage.RECIPIENT, "450 4.7.1 Greylisted", Temporary, Code.RATE_LIMITED, LATER),
    (Stage.RECIPIENT, "451 4.7.1 Try again in 15 minutes", Temporary, Code.RATE_LIMITED, LATER),
    (Stage.RECIPIENT, "451 4.7.0 Greylisting in action", Temporary, Code.RATE_LIMITED, LATER),
    (Stage.RECIPIENT, "450 4.4.3 DNS down", Temporary, Code.PROVIDER_DOWN, LATER),
    (Stage.RECIPIENT, "450 4.1.2 Domain not found for now", Temporary, Code.PROVIDER_DOWN, LATER),
    (Stage.RECIPIENT, "450 4.7.28 Too much mail from you", Temporary, Code.RATE_LIMITED, RESTS),
    (Stage.RECIPIENT, "421 4.3.2 Shutting down", Temporary, Code.RATE_LIMITED, RESTS),
    (Stage.SENDER, "552 5.3.4 Message size exceeds fixed limit", Refused, Code.MEDIA_TOO_LARGE, FAILED),
    (Stage.SENDER, "553 5.7.1 Sender address rejected: not owned by user", Misconfigured, Code.MISCONFIGURED, DOWN),
    (Stage.SENDER, "550 5.1.8 Sender domain does not exist", Misconfigured, Code.MISCONFIGURED, DOWN),
    (Stage.SENDER, "452 4.3.1 Insufficient storage", Temporary, Code.PROVIDER_DOWN, RESTS),
    (Stage.AUTH, "535 5.7.8 Credentials invalid", Misconfigured, Code.AUTH_FAILED, DOWN),
    (Stage.AUTH, "534 5.7.9 Mechanism too weak", Misconfigured, Code.AUTH_FAILED, DOWN),
    (Stage.AUTH, "454 4.7.0 Temporary authentication failure", Temporary, Code.RATE_LIMITED, RESTS),
    (Stage.CONTENT, "552 5.3.4 Message too big", Refused, Code.MEDIA_TOO_LARGE, FAILED),
    (Stage.CONTENT, "552 Message size exceeds limit", Refused, Code.MEDIA_TOO_LARGE, FAILED),
    (Stage.CONTENT, "552 5.2.2 Mailbox full", Unreachable, Code.UNREACHABLE, FAILED),
    (Stage.CONTENT, "554 5.6.1 Attachment type not allowed", Refused, Code.MEDIA_UNSUPPORTED, FAILED),
    (Stage.CONTENT, "550 5.7.1 Spam", Refused, Code.POLICY_REJECTED, FAILED),
    (Stage.CONTENT, "550 5.1.1 User unknown", Unreachable, Code.INVALID_ADDRESS, FAILED),
    (Stage.CONTENT, "451 4.3.0 Local error in processing", Temporary, Code.PROVIDER_DOWN, LATER),
    (Stage.CONTENT, "452 4.3.1 Disk full", Temporary, Code.PROVIDER_DOWN, LATER),
]


@pytest.fixture
def relay():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("stage", "answer", "error", "code", "became"), ROWS, ids=[f"{stage}: {answer}" for stage, answer, *_ in ROWS]
)
def test_a_refusal_has_a_name_and_its_delivery_goes_on_or_ends(tmp_path, relay, stage, answer, error, code, became):
    status, _, words = answer.partition(" ")
    reply = Reply(int(status), words.encode())
    if stage is Stage.RECIPIENT:
        relay.answers[ANN] = reply
    elif stage is Stage.CONTENT:
        relay.reply = reply
    else:
        relay.stages[stage] = reply
    said, found, told = tried(tmp_path, relay)
    enhanced = words.partition(" ")[0]
    provider_code = enhanced if enhanced[:2] in ("4.", "5.") else status
    assert (type(said), said.code, said.detail, said.provider_code) == (error, code, answer, provider_code)
    assert found == became
    if became is FAILED:
        assert told == {"code": code, "detail": answer, "provider_code": provider_code}
    assert relay.performed == []


def test_no_address_of_the_relay_is_tried_again_and_nobody_elses_fault(tmp_path, relay):
    said, found, _ = tried(tmp_path, relay, smtp="smtp://no-such-host.invalid:587")
    assert (type(said), said.code, said.detail) == (Temporary, Code.PROVIDER_DOWN, "no connection: gaierror")
    assert found == LATER


def test_a_relay_that_is_away_is_tried_again(tmp_path, relay):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said, found, _ = tried(tmp_path, relay, smtp=f"smtp://127.0.0.1:{port}")
    assert (type(said), said.code) == (Temporary, Code.PROVIDER_DOWN)
    assert said.detail.startswith("no connection: ")
    assert found == LATER


def test_a_relay_without_starttls_is_the_operators_matter(tmp_path, relay):
    said, found, _ = tried(tmp_path, relay, tls="required")
    assert (type(said), said.code) == (Misconfigured, Code.MISCONFIGURED)
    assert said.detail == "the relay offers no STARTTLS; with `tls: none` mail and password go unencrypted"
    assert found == DOWN


def test_a_certificate_nobody_vouches_for_is_the_operators_matter(tmp_path):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate_in(tmp_path))
    with Simulator(SETTINGS, tls=context) as relay:
        at_localhost = relay.settings()["smtp"].replace("127.0.0.1", "localhost")
        said, found, _ = tried(tmp_path, relay, tls="required", smtp=at_localhost)
        assert (type(said), said.code) == (Misconfigured, Code.MISCONFIGURED)
        assert said.detail.startswith("the relay's certificate is not trusted: self")
        assert found == DOWN
        named = relay.settings()["smtp"].replace("127.0.0.1", "127.0.0.2")
        ca_file = str(tmp_path / "relay.pem")
        said, found, _ = tried(tmp_path / "2", relay, tls="required", ca_file=ca_file, smtp=named.replace(".2:", ".1:"))
        assert "127.0.0.1" in said.detail
        assert (type(said), found) == (Misconfigured, DOWN)


def tried(folder, relay, **settings):
    """The error of one send; what became of a delivery that a lane tried once; and the error it tells."""
    folder.mkdir(exist_ok=True)

    async def run():
        post = PostOffice(folder, relay, **settings)
        try:
            with pytest.raises(KitError) as raised:
                await post.live.plugin.send(text())
            await post.send()
            await post.work(until=1)
            ((status, attempt),) = post.deliveries()
            ((state, paused_until),) = post.rows("SELECT state, paused_until FROM lanes")
            connector = "paused" if state == "up" and paused_until else state
            updates = [event["data"]["delivery"] for event in post.events() if "delivery" in event["type"]]
            return raised.value, Became(status, attempt, connector), updates[-1]["error"] if updates else None
        finally:
            post.close()

    return asyncio.run(run())
