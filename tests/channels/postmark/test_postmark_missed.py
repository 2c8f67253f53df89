"""Mail whose webhook was given up is posted once more, and not again and again."""

import asyncio

import msgspec
import pytest
from postmark_server import SETTINGS, answering, during

from connectors.channels.postmark import missed
from connectors.channels.postmark.simulator import Simulator
from connectors.kit.base import Polled
from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.testing.simulator import Reply
from tests.background.heronry import eventually, rows
from tests.channels.beside import HOOK, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def backfill(provider, cursor):
    return during(provider, lambda plugin: plugin.backfill(cursor))


def names(*tried: str) -> str:
    return msgspec.json.encode(list(tried)).decode()


def test_what_had_failed_before_is_left_alone(provider):
    provider.failed = ["a", "b"]
    assert backfill(provider, None) == Polled([], names("a", "b"), b"[]")
    assert provider.retried == []


def test_what_failed_since_is_posted_once_more_the_oldest_first_and_only_once(provider):
    provider.failed = ["a", "b", "c"]
    found = backfill(provider, names("a"))
    assert (provider.retried, found) == (["b", "c"], Polled([], names("a", "b", "c"), b"[]"))
    assert backfill(provider, found.cursor).cursor == found.cursor
    assert provider.retried == ["b", "c"]


def test_what_came_is_forgotten(provider):
    provider.failed = ["c"]
    assert backfill(provider, names("a", "b", "c")).cursor == names("c")


def test_many_are_asked_for_in_portions(provider, monkeypatch):
    monkeypatch.setattr(missed, "PORTION", 2)
    provider.failed = ["a", "b", "c"]
    first = backfill(provider, names())
    assert (provider.retried, first.more) == (["a", "b"], True)
    assert backfill(provider, first.cursor).more is False
    assert provider.retried == ["a", "b", "c"]


def test_one_that_cannot_be_tried_holds_up_no_other():
    class Picky(Simulator):
        async def answer(self, request):
            gone = request.path == "/messages/inbound/a/retry"
            return Reply.json({"ErrorCode": 701, "Message": "gone"}, 422) if gone else await super().answer(request)

    with Picky(SETTINGS, HOOK) as provider:
        provider.failed = ["a", "b"]
        assert backfill(provider, names()).cursor == names("a", "b")
        assert provider.retried == ["b"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply.json({"ErrorCode": 10, "Message": "no"}, 401), Misconfigured),
        (Reply(500), Temporary),
        (Reply.json({"InboundMessages": [{"MessageID": ""}]}), Temporary),
    ],
)
def test_a_list_that_cannot_be_had_is_said(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        backfill(provider, names())


def test_a_cursor_that_is_none_begins_anew(provider):
    provider.failed = ["a"]
    assert backfill(provider, "{") == Polled([], names("a"), b"[]")


def test_a_hub_has_what_failed_while_it_was_down_tried_again(tmp_path, provider):
    told = {"limits": {"backfill_every": "1s"}}

    async def test():
        async with running(tmp_path, "postmark", provider, told=told) as beside:
            await eventually(lambda: bool(rows(beside.hub, "SELECT cursor FROM cursors")))
        provider.failed = ["a"]
        async with running(tmp_path, "postmark", provider, told=told):
            await eventually(lambda: provider.retried == ["a"])
            await asyncio.sleep(1.5)
            assert provider.retried == ["a"]

    asyncio.run(test())
