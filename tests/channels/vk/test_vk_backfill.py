"""What came while nobody listened is asked for, once, under the names of its calls."""

import asyncio
from urllib.parse import parse_qs

import msgspec
import pytest
from vk_community import OLGA, SETTINGS, answering, during

from connectors.channels.vk import history
from connectors.channels.vk.simulator import Simulator, failure
from connectors.kit.base import Polled
from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Unreadable
from tests.background.heronry import eventually, texts
from tests.channels.beside import HOOK, NOW, running

AT = int(NOW.timestamp())


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def backfill(provider, cursor):
    return during(provider, lambda plugin: plugin.backfill(cursor))


def test_the_first_takes_none_of_the_past_and_asks_nobody(provider):
    provider.said(OLGA, text="long ago", date=AT - 5)
    assert backfill(provider, None) == Polled([], str(AT), b"[]")
    assert provider.requests == []


def test_what_was_said_since_comes_oldest_first_from_all_who_said_something(provider):
    provider.said(OLGA, text="before", date=AT - 101)
    first = provider.said(OLGA, text="one", date=AT - 100)
    provider.said("54321", text="two", date=AT - 90)
    provider.said(OLGA, text="three", date=AT - 80)
    provider.said("-777", peer=OLGA, text="said at the desk", date=AT - 70)
    provider.said("99", text="silent for long", date=AT - 5000)
    found = backfill(provider, str(AT - 100))
    assert [item.text for item in found.inbound] == ["one", "two", "three", "said at the desk"]
    assert [item.from_us for item in found.inbound] == [False, False, False, True]
    number = msgspec.json.decode(first)["object"]["message"]["conversation_message_id"]
    assert found.inbound[0].key == f"message:{OLGA}:{number}"
    assert (found.cursor, found.more) == (str(AT - 60), False)
    asked = [parse_qs(request.body.decode()).get("peer_id", ["all"]) for request in provider.requests]
    assert asked == [["all"], [OLGA], ["54321"]]


def test_a_cursor_never_goes_back(provider):
    assert backfill(provider, str(AT - 10)).cursor == str(AT - 10)


def test_long_lists_are_read_to_the_cursor(provider, monkeypatch):
    monkeypatch.setattr(history, "PAGE", 2)
    for number in range(7):
        provider.said(OLGA, text=str(number), date=AT - 100 + number)
        provider.said(str(20 + number), text="x", date=AT - 100 + number)
    found = backfill(provider, str(AT - 98))
    assert [item.text for item in found.inbound if item.text != "x"] == ["2", "3", "4", "5", "6"]
    assert len(found.inbound) == 10


def test_much_comes_in_portions(provider, monkeypatch):
    monkeypatch.setattr(history, "MOST", 3)
    for number in range(5):
        provider.said(OLGA, text=str(number), date=AT - 100 + number)
    first = backfill(provider, str(AT - 100))
    assert ([item.text for item in first.inbound], first.cursor, first.more) == (["0", "1", "2"], str(AT - 98), True)
    second = backfill(provider, first.cursor)
    assert ([item.text for item in second.inbound], second.more) == (["2", "3", "4"], False)


def test_more_than_can_be_asked_for_is_said_and_not_skipped(provider, monkeypatch):
    monkeypatch.setattr(history, "PAGE", 1)
    monkeypatch.setattr(history, "MOST_PAGES", 2)
    for number in range(3):
        provider.said(OLGA, text=str(number), date=AT - 100 + number)
    with pytest.raises(Temporary, match="of one conversation"):
        backfill(provider, str(AT - 100))
    for number in range(3):
        provider.said(str(20 + number), text="x", date=AT)
    with pytest.raises(Temporary, match="more than 2 conversations"):
        backfill(provider, str(AT - 100))


def test_one_that_cannot_be_read_is_set_aside_and_the_others_come(provider):
    provider.said(OLGA, text="good", date=AT - 50)
    provider.histories[12345].insert(0, {"date": AT - 60, "peer_id": "nobody"})
    found = backfill(provider, str(AT - 100))
    assert isinstance(found.inbound[0], Unreadable)
    assert [item.text for item in found.inbound[1:]] == ["good"]


def test_a_group_the_bot_was_put_out_of_holds_nothing_up():
    class Outside(Simulator):
        async def answer(self, request):
            told = parse_qs(request.body.decode())
            return failure(917) if told.get("peer_id") == ["2000000001"] else await super().answer(request)

    with Outside(SETTINGS, HOOK) as provider:
        provider.said(OLGA, text="good", date=AT - 50)
        provider.said(OLGA, peer="2000000001", text="away", date=AT - 50)
        assert [item.text for item in backfill(provider, str(AT - 100)).inbound] == ["good"]


def test_a_token_without_the_right_is_named():
    refused = Reply.json({"error": {"error_code": 15, "error_msg": "Access denied"}})
    with answering(refused) as provider, pytest.raises(Misconfigured):
        backfill(provider, str(AT))


def test_a_hub_that_was_down_hears_once_what_was_said_meanwhile(tmp_path, provider):
    told = {"limits": {"backfill_every": "0.1s"}}

    async def test():
        async with running(tmp_path, "vk", provider, told=told) as beside:
            await eventually(lambda: texts(beside.hub) == [])
            await beside.heard(provider.genuine(provider.message("heard", OLGA)))
        provider.said(OLGA, text="missed")
        async with running(tmp_path, "vk", provider, told=told) as beside:
            await eventually(lambda: texts(beside.hub) == ["heard", "missed"])
            await asyncio.sleep(0.3)
            assert texts(beside.hub) == ["heard", "missed"]

    asyncio.run(test())
