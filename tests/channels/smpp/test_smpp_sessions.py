"""The session with the carrier: what is answered, refused, lost and begun anew."""

import asyncio
import ssl

import pytest
from smsc import HELLO, SETTINGS, during, saying

from connectors.channels.smpp import Smpp
from connectors.channels.smpp.simulator import Simulator
from connectors.kit.base import Account, Polled, Sent
from connectors.kit.collects import Collected
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.capability import Encoding, SegmentLimit
from normalizer.errors import ErrorCode
from tests.listening.certificates import certificate


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (0x01, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (0x08, Temporary, ErrorCode.PROVIDER_DOWN),
        (0x0A, Misconfigured, ErrorCode.MISCONFIGURED),
        (0x0B, Unreachable, ErrorCode.INVALID_ADDRESS),
        (0x14, Temporary, ErrorCode.RATE_LIMITED),
        (0x43, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (0x45, Refused, ErrorCode.POLICY_REJECTED),
        (0x58, Temporary, ErrorCode.RATE_LIMITED),
        (0x61, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (0x64, Temporary, ErrorCode.PROVIDER_DOWN),
        (0x65, Refused, ErrorCode.POLICY_REJECTED),
        (0xFE, Temporary, ErrorCode.PROVIDER_DOWN),
        (0x0401, Refused, ErrorCode.UNKNOWN),
    ],
)
def test_each_status_leads_to_its_next_act(provider, status, error, code):
    provider.reply = Reply(status)
    with pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO), throttle_pause=9)
    assert (raised.value.code, raised.value.provider_code) == (code, f"0x{status:08x}")
    if code is ErrorCode.RATE_LIMITED:
        assert raised.value.retry_after == 9


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (0x05, Temporary, ErrorCode.PROVIDER_DOWN),
        (0x08, Temporary, ErrorCode.PROVIDER_DOWN),
        (0x0D, Misconfigured, ErrorCode.AUTH_FAILED),
        (0x0E, Misconfigured, ErrorCode.AUTH_FAILED),
        (0x0F, Misconfigured, ErrorCode.AUTH_FAILED),
        (0x0401, Misconfigured, ErrorCode.MISCONFIGURED),
    ],
)
def test_a_session_that_is_refused_says_what_to_do(provider, status, error, code):
    provider.bind_status = status
    for act in (lambda plugin: plugin.send(HELLO), lambda plugin: plugin.poll(None)):
        with pytest.raises(error) as raised:
            during(provider, act)
        assert raised.value.code == code


def test_an_answer_that_names_no_message_leaves_it_open(provider):
    provider.dialect = lambda _: ""
    with pytest.raises(OutcomeUnknown):
        during(provider, lambda plugin: plugin.send(HELLO))


@pytest.mark.parametrize(
    "outbound",
    [saying(""), saying("Hello", to="Ira"), saying("Hello", to="+")],
)
def test_what_a_message_cannot_hold_is_refused_before_anything_leaves(provider, outbound):
    with pytest.raises((Refused, Unreachable)):
        during(provider, lambda plugin: plugin.send(outbound))
    assert (provider.requests, provider.binds) == ([], [])


def test_sends_and_polls_go_by_one_session(provider):
    async def act(plugin: Smpp) -> None:
        await plugin.poll(None)
        await asyncio.gather(*(plugin.send(saying("Hello", f"{n}.1")) for n in range(30)))
        await plugin.poll("{}")

    during(provider, act, poll_seconds=0.05)
    assert (provider.binds, len(provider.performed)) == (["bind_transceiver"], 30)


def test_or_by_one_session_each(provider):
    async def act(plugin: Smpp) -> bool:
        await plugin.send(HELLO)
        await plugin.poll(None)
        return plugin.holds()

    assert during(provider, act, poll_seconds=0.05, bind="pair") is False
    assert provider.binds == ["bind_transmitter", "bind_receiver"]


def test_a_segment_that_was_taken_is_not_sent_again(provider):
    long = saying("x" * 400)

    async def act(plugin: Smpp) -> Sent:
        provider.next(Failure.RATE_LIMITED)
        with pytest.raises(Temporary):
            await plugin.send(long)
        first = len(provider.requests)
        asked = provider.answer
        provider.answer = throttled_after(provider, asked, 1)
        with pytest.raises(Temporary):
            await plugin.send(long)
        provider.answer = asked
        assert (first, len(provider.performed)) == (1, 2)
        return await plugin.send(long)

    sent = during(provider, act)
    assert [request.body[5] for request in provider.numbered.values()] == [1, 2, 3]
    assert sent.external_ids == tuple(reversed(provider.numbered))


def throttled_after(provider, answer, most):
    """The carrier takes so many more, and then has too much."""
    taken = 0

    async def answering(request):
        nonlocal taken
        taken += 1
        return await answer(request) if taken <= most else Reply(0x58)

    return answering


def test_no_more_are_under_way_than_the_window_lets(provider):
    under_way, most = 0, 0
    asked = provider.answer

    async def slowly(request):
        nonlocal under_way, most
        under_way, most = under_way + 1, max(most, under_way + 1)
        await asyncio.sleep(0.01)
        under_way -= 1
        return await asked(request)

    provider.answer = slowly

    async def act(plugin: Smpp) -> None:
        await asyncio.gather(*(plugin.send(saying("Hello", f"{n}.1")) for n in range(12)))

    during(provider, act, window=3)
    assert len(provider.performed) == 12
    assert most <= 3


def test_a_window_that_stays_full_is_no_doubt(provider):
    async def act(plugin: Smpp) -> list[object]:
        provider.next(Failure.HANG, Failure.HANG)
        return await asyncio.gather(*(plugin.send(saying("Hello", f"{n}.1")) for n in range(2)), return_exceptions=True)

    errors = during(provider, act, window=1, response_seconds=0.3)
    assert sorted(type(error).__name__ for error in errors) == ["OutcomeUnknown", "Temporary"]


def test_what_is_under_way_when_the_connection_ends_is_in_doubt_and_the_next_goes_by_a_new_one(provider):
    async def act(plugin: Smpp) -> Sent:
        provider.next(Failure.LOST_ANSWER)
        with pytest.raises(OutcomeUnknown):
            await plugin.send(HELLO)
        return await plugin.send(saying("Hello again", "2.1"))

    assert during(provider, act).external_ids == ("161",)
    assert len(provider.binds) == 2


def test_a_carrier_that_falls_silent_is_left(provider):
    with pytest.raises(Temporary, match="no answer in time"):
        during(provider, silent_from_now(provider), poll_seconds=5, enquire_seconds=0.05, response_seconds=0.2)


def silent_from_now(provider):
    async def act(plugin: Smpp) -> None:
        await plugin.send(HELLO)
        provider.silent = True
        await plugin.poll(None)

    return act


def test_a_carrier_that_ends_the_session_is_bound_to_again(provider):
    async def act(plugin: Smpp) -> None:
        await plugin.send(HELLO)
        provider.unbind()
        with pytest.raises(Temporary, match="ends the session"):
            await plugin.poll(None)
        await plugin.send(saying("Hello", "2.1"))

    during(provider, act, poll_seconds=5)
    assert len(provider.binds) == 2


def test_once_given_up_a_session_for_both_ways_is_not_begun_by_sending(provider):
    async def act(plugin: Smpp) -> None:
        await plugin.send(HELLO)
        await plugin.close()
        with pytest.raises(Temporary, match="not held here"):
            await plugin.send(HELLO)
        await plugin.poll(None)
        await plugin.send(HELLO)

    during(provider, act, poll_seconds=0.05)
    assert len(provider.binds) == 2


def test_nothing_is_answered_before_the_hub_says_that_it_is_kept(provider):
    async def act(plugin: Smpp) -> None:
        await plugin.poll(None)
        answered = provider.begin(provider.message("one"))
        first = await polled(plugin, "{}")
        # The store failed: the hub comes again with the cursor it had, and is given the same.
        again = await polled(plugin, "{}")
        assert (again.cursor, again.headers, again.body) == (first.cursor, first.headers, first.body)
        assert not answered.done()
        assert await plugin.poll(first.cursor) == Polled((), first.cursor, b"")
        assert await asyncio.to_thread(answered.result, 5) == 0

    during(provider, act, poll_seconds=0.2)


class Batch(Collected):
    body: bytes


async def polled(plugin: Smpp, cursor: str) -> Batch:
    found = await plugin.poll(cursor)
    assert isinstance(found, Collected)
    batch = Batch(found.cursor, found.headers, found.chunks)
    vars(batch)["body"] = b"".join([chunk async for chunk in found.chunks])
    return batch


def test_what_was_kept_and_not_answered_comes_again_under_its_name(provider):
    async def act(plugin: Smpp) -> None:
        await plugin.poll(None)
        answered = provider.begin(provider.message("one"))
        first = await polled(plugin, "{}")
        provider.kill()
        with pytest.raises(Temporary):
            await plugin.poll(first.cursor)
        second = await polled(plugin, first.cursor)
        assert second.headers["names"] == first.headers["names"]
        await plugin.poll(second.cursor)
        assert await asyncio.to_thread(answered.result, 5) == 0

    during(provider, act, poll_seconds=0.3)


def test_the_account_is_tried_out_by_a_session_of_its_own(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(name="acme", details={"smsc": provider.url})
    provider.bind_status = 0x05
    bound = Account(name="acme", details={"smsc": provider.url, "bound": "elsewhere already"})
    assert during(provider, lambda plugin: plugin.check()) == bound
    with pytest.raises(Misconfigured):
        during(provider, lambda plugin: plugin.check(), password="another")


def test_nothing_but_text_is_sent(provider):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(saying("")))
    assert raised.value.code is ErrorCode.CONTENT_UNSUPPORTED


@pytest.fixture
def secured(tmp_path):
    """A carrier with a certificate of its own for `localhost`, and where that is."""
    made = certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made["cert"], made["key"])
    with Simulator(SETTINGS, tls=context) as simulator:
        simulator.url = simulator.url.replace("127.0.0.1", "localhost")
        yield simulator, made["cert"]


def test_a_session_with_tls_wants_a_certificate_that_is_trusted(secured):
    provider, trusted = secured
    assert provider.url.startswith("smpps://")
    assert during(provider, lambda plugin: plugin.send(HELLO), ca_file=trusted).external_ids == ("160",)
    with pytest.raises(Misconfigured, match="certificate is not trusted"):
        during(provider, lambda plugin: plugin.send(HELLO))
    with pytest.raises(Misconfigured, match="ca_file cannot be used"):
        during(provider, lambda plugin: plugin.send(HELLO), ca_file="/nowhere")


def test_segments_are_counted_as_they_leave(provider):
    async def act(plugin: Smpp) -> object:
        return plugin.info.capability.segments

    assert during(provider, act) == SegmentLimit(most=10)
    assert during(provider, act, alphabet="ucs2") == SegmentLimit(most=10, encoding=Encoding.UCS2)
