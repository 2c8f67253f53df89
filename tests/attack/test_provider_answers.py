"""Providers that say "later", fail, reset, answer into the void, hang: nothing that may have left leaves again.

A crash between the provider's yes and our record: `tests/end_to_end/test_kill.py`. All orders of reports and answers:
`tests/send/test_reports.py`. Each plugin against each failure by itself: the conformance suite.
"""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests

from connectors.channels.telegram.simulator import Simulator as Telegram
from connectors.channels.twilio_sms.simulator import Simulator as Sms
from connectors.kit.testing.simulator import Failure, LoopbackSimulator
from tests.attack.channels import SMS, Channels, Customer
from tests.attack.conftest import LONG
from tests.end_to_end.hub_process import SECRET, TOKEN, HubProcess

DOUBTFUL = [Failure.RESET, Failure.LOST_ANSWER, *([Failure.HANG] if LONG else [])]
"""The request was read, and no answer came. A hang lasts as long as the hub waits."""
PATIENCE = 90


class Talk:
    """A conversation on one channel, and what its provider saw."""

    def __init__(self, channels: Channels, provider: LoopbackSimulator, channel: str) -> None:
        self.hub: HubProcess = channels.hub
        self.provider = provider
        wire = channels.request(Customer(channel, 1), 1)
        answer = requests.request(
            wire.method, self.hub.url + wire.path, data=wire.body, headers=wire.headers, timeout=30
        )
        assert answer.status_code // 100 == 2
        self.conversation = self.hub.until("message.received")[0]["data"]["message"]["conversation_id"]

    def send(self, failure: Failure | None = None) -> tuple[str, str]:
        """A message, and its text, which no other has."""
        text = f"<{failure} {uuid4().hex}>"
        if failure:
            self.provider.next(failure)
        answer = self.hub.post("/v1/messages", {"conversation_id": self.conversation, "text": text})
        assert answer.status_code == 202, answer.text
        return answer.json()["message"]["id"], text

    def delivery(self, message: str) -> dict[str, Any]:
        [found] = self.hub.get(f"/v1/messages/{message}")["deliveries"]
        return dict(found)

    def until(self, message: str, *statuses: str) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while (found := self.delivery(message))["status"] not in statuses:
            assert time.monotonic() < end, found
            time.sleep(0.05)
        return found

    def asked(self, text: str) -> int:
        return _count(self.provider.requests, text)

    def performed(self, text: str) -> int:
        return _count(self.provider.performed, text)

    def settle(self, delivery: str, outcome: str) -> requests.Response:
        return self.hub.post(f"/v1/deliveries/{delivery}/settle", {"outcome": outcome})


def _count(found: list[Any], text: str) -> int:
    mark = text.strip("<>").rpartition(" ")[2].encode()
    return sum(mark in request.body for request in found)


@pytest.fixture(scope="module", params=["telegram", "sms"])
def talk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, store: str) -> Iterator[Talk]:
    hub = HubProcess(tmp_path_factory.mktemp("answers"))
    channels = Channels(hub, store)
    with Telegram({"token": TOKEN, "secret_token": SECRET}) as telegram, Sms(SMS, f"{hub.url}/in/sms") as sms:
        connectors = channels.settings()["connectors"]
        connectors["support-telegram"]["api_base"] = telegram.url
        connectors["sms"] |= sms.settings()
        channels.configure(connectors=connectors)
        with hub:
            yield Talk(channels, {"telegram": telegram, "sms": sms}[request.param], request.param)


def test_later_means_later_and_then_once(talk: Talk) -> None:
    message, text = talk.send(Failure.RATE_LIMITED)
    talk.until(message, "accepted")
    assert (talk.asked(text), talk.performed(text)) == (2, 1)


def test_an_error_of_the_provider_is_repeated_only_where_it_cannot_have_left(talk: Talk) -> None:
    message, text = talk.send(Failure.SERVER_ERROR)
    status = talk.until(message, "accepted", "uncertain")["status"]
    assert (talk.asked(text), talk.performed(text)) == {"accepted": (2, 1), "uncertain": (1, 0)}[status]


@pytest.mark.kill
@pytest.mark.parametrize("failure", DOUBTFUL)
def test_what_may_have_left_is_uncertain_over_a_kill_and_settled_once(talk: Talk, failure: Failure) -> None:
    hub = talk.hub
    settled = {outcome: talk.send(failure) for outcome in ("accepted", "failed", "retry")}
    for message, _ in settled.values():
        talk.until(message, "uncertain")
    hub.kill()
    hub.start()
    follower, said = talk.send()
    talk.until(follower, "accepted", "delivered")
    left = int(failure is Failure.LOST_ANSWER)
    assert [(talk.asked(text), talk.performed(text)) for _, text in settled.values()] == [(1, left)] * 3

    for outcome, (message, _) in settled.items():
        delivery = talk.delivery(message)["id"]
        answer = talk.settle(delivery, outcome)
        assert answer.status_code == 200, answer.text
        again = talk.settle(delivery, "delivered") if outcome != "retry" else None
        assert again is None or again.status_code == 409
    statuses = {outcome: talk.until(message, outcome, "accepted") for outcome, (message, _) in settled.items()}
    assert {outcome: one["status"] for outcome, one in statuses.items()} == {
        "accepted": "accepted",
        "failed": "failed",
        "retry": "accepted",
    }
    author = hub.run("keys", "list", "--json")[0]["name"]
    assert all(one["why"].endswith(f"settled as {outcome} by {author}") for outcome, one in statuses.items())
    told = [event["data"]["delivery"] for event in hub.events("delivery.updated")]
    assert all(one in told for one in statuses.values())
    asked = [talk.asked(text) for _, text in settled.values()]
    assert (asked, talk.asked(said)) == ([1, 1, 2], 1)


def test_a_report_settles_what_nobody_answered(talk: Talk) -> None:
    if not isinstance(talk.provider, Sms):
        pytest.skip("this provider reports nothing")
    message, text = talk.send(Failure.LOST_ANSWER)
    talk.until(message, "uncertain")
    [sid] = [sid for sid, one in talk.provider.account.messages.items() if text in one.body]
    assert talk.provider.call_back(sid, "delivered", "sent") == [200, 200]
    talk.until(message, "delivered")
    assert (talk.asked(text), talk.performed(text)) == (1, 1)
